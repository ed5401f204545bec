/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of a principal whose budget holds (policy/budget.h): those that it has no room for wait
 * until somebody has approved of them (gate/approval.h).
 *
 * Which row is the first that is beyond it is known only once the rows are read, counted and
 * changed. So what has come is kept as it came, and put back from that row on: they are read again
 * when the answer is there, as if they came then. Nothing but the rows lies between, so that
 * reading them has changed nothing else about the session.
 *
 * What cannot be read twice is blocked instead: rows that come in pieces, those whose keys are
 * asked for beside (gate/shadow.h), and what is no row, or of a COPY that is not read row by row.
 */
#include "gate/answer.h"

#include "base/memory.h"
#include "gate/approval.h"
#include "gate/budgets.h"
#include "gate/copy_out.h"
#include "gate/instruments.h"
#include "gate/result.h"
#include "gate/verdict.h"

/* ---- who may go on ---- */

static struct portal *
portal_of(const struct observer *o, const struct exchange_request *request)
{
    return request->step == STEP_EXECUTE ? exchange_portal(&o->exchange, request->name) : NULL;
}

static void
exempt(struct observer *o, struct exchange_request *request, const char *rule)
{
    struct portal *portal = portal_of(o, request);

    snprintf(request->exempt, sizeof(request->exempt), "%s", rule);
    request->exempt_statement = o->exchange.statement;
    if (!portal || portal->is_doubtful)
        return;
    snprintf(portal->exempt, sizeof(portal->exempt), "%s", rule);
    portal->exempt_serial = portal->serial;
}

/* A portal that is read in portions was let beyond it as a whole. */
static bool
is_exempt(const struct observer *o, struct exchange_request *request)
{
    const struct portal *portal;

    if (budgets_exempt(o)[0])
        return true;
    portal = portal_of(o, request);
    if (portal && portal->exempt[0] && portal->exempt_serial == portal->serial &&
        !portal->is_doubtful)
        memcpy(request->exempt, portal->exempt, sizeof(request->exempt));
    return budgets_exempt(o)[0];
}

int
answer_budget_over(struct answering *a)
{
    struct approval_wait *w = &a->o->approval;
    struct exchange_request *request = exchange_first(&a->o->exchange);
    int result = 0;

    if (PASU_LIKELY(w->state != APPROVAL_OVER || !w->is_of_rows || !w->is_of_budget))
        return 0;
    if (w->error != 0)
        result = answer_hold_refuse(a, w->error);
    else if (request)
        exempt(a->o, request, w->rule);
    w->is_of_budget = false;
    approval_drop_rows(a->s);
    return result;
}

/* CopyData, which comes with nothing that says of what. */
static bool
is_copied_row(const struct answering *a, const uint8_t *message)
{
    const struct copy_rows *copy = &a->o->result.copy;

    return message[0] == 'd' && copy->is_read && !copy->is_header_due;
}

bool
answer_budget_watches(struct answering *a, const uint8_t *message)
{
    struct exchange_request *request = exchange_first(&a->o->exchange);
    struct result *r = &a->o->result;
    const struct showing *showing;

    if (PASU_LIKELY(!a->o->budget.holds) || a->o->is_muted || !request || request->is_refused)
        return false;
    if (message[0] != 'D' && !is_copied_row(a, message))
        return false;
    if (!r->is_open && (request->step != STEP_EXECUTE || result_open_portal(a->s) != 0))
        return false; /* looking at the row tells what is wrong */
    showing = r->showing ? r->showing->showing : NULL;
    return showing && !showing->is_nothing && !showing->is_never && !showing->shadows &&
           !is_exempt(a->o, request);
}

/* ---- rows ---- */

enum { SMALL = 4096 /* bytes of rows that are kept without memory of their own */ };

static size_t
length_of(const uint8_t *at)
{
    return bytes_get_u32(at + 1) + (size_t)1;
}

/* Whole rows of one kind, one behind the other, that are read in one piece each. */
static size_t
whole_rows(const struct answering *a, const uint8_t *at, size_t have)
{
    size_t length = 0;

    while (have - length >= WALK_HEAD && at[length] == at[0] &&
           walk_length_is_valid(bytes_get_u32(at + length + 1)) &&
           length_of(at + length) <= ANSWER_MAX && length_of(at + length) <= have - length &&
           (at[0] == 'D' || copy_out_is_row(&a->o->result.copy, at + length)))
        length += length_of(at + length);
    return length;
}

/* Reads as many as there is room for; none is judged yet. Bytes of them, or an error. */
static ssize_t
gather_all(struct answering *a, const uint8_t *at, size_t length, struct walk *walk)
{
    struct gather *g = &a->tools->gather;
    size_t done = 0;

    while (done < length && !walk->is_fault && !a->o->is_muted) {
        size_t row = length_of(at + done), used;
        ssize_t one;

        if (g->rows > 0 && !gather_has_room(g, a->o->result.showing, row))
            break;
        used = at[0] == 'D' ? answer_rows(a, at + done, length - done, walk)
                            : copy_out_rows(a, at + done, length - done, walk);
        done += used;
        if (used > 0)
            continue;
        one = answer_one(a, at + done, row, walk);
        if (one < 0)
            return one;
        done += (size_t)one;
    }
    return (ssize_t)done;
}

/* They are judged, with leave to hold them. */
static int
settle(struct answering *a)
{
    int result;

    a->held = NULL;
    a->o->can_hold = true;
    result = answer_settle(a);
    a->o->can_hold = false;
    return result;
}

static void
ask(struct answering *a)
{
    const struct showing *showing = a->o->result.showing->showing;
    struct verdict_hold hold = {.fields = a->o->result.doubt_fields};

    for (size_t p = 0; p < showing->part_count; p++)
        hold.fields |= showing->parts[p].fields;
    budget_rule_text(hold.rule, a->held);
    approval_request_rows(a->s, &hold, true);
}

ssize_t
answer_budget_rows(struct answering *a, uint8_t *at, size_t have, struct walk *walk,
                   bool *is_waiting)
{
    struct gather *g = &a->tools->gather;
    size_t length = whole_rows(a, at, have), kept = 0;
    uint64_t before = walk->rows;
    uint8_t space[SMALL] PASU_UNINITIALIZED, *came = space;
    ssize_t done;
    int result = length > 0 && g->rows > 0 ? answer_flush(a) : 0;

    if (length == 0 || result != 0 || a->o->is_muted)
        return result;
    if (length <= sizeof(space))
        memcpy(space, at, length);
    else if (!(came = (uint8_t *)memory_dup(at, length)))
        return PASU_E_NOMEM;
    done = gather_all(a, at, length, walk);
    result = done < 0 ? (int)done : settle(a);
    if (result == 0 && a->held) {
        for (uint64_t row = 0; row < a->held_rows; row++)
            kept += length_of(came + kept);
        memcpy(at + kept, came + kept, (size_t)done - kept);
        a->rows -= walk->rows - before - a->held_rows < a->rows ? walk->rows - before - a->held_rows
                                                                : a->rows;
        walk->rows = before + a->held_rows;
        done = (ssize_t)kept;
        ask(a);
        *is_waiting = a->o->approval.state != APPROVAL_OVER;
        if (!*is_waiting)
            result = answer_budget_over(a);
    }
    if (came != space)
        memory_free(came);
    return result != 0 ? result : done;
}
