/* SPDX-License-Identifier: Apache-2.0 */
/* What is to wait, and what has been approved: the ask and answer sides of approval.h. */
#include "gate/approval.h"

#include "base/memory.h"
#include "gate/ask.h"
#include "gate/call.h"
#include "gate/instruments.h"
#include "gate/result.h"
#include "gate/session.h"
#include "gate/source_claim.h"
#include "gate/verdict.h"

#include <inttypes.h>

/* What the approver reads: all that the message would run. */
struct words {
    char text[REQUEST_SQL_SIZE];
    size_t length;
};

static void
add_words(struct words *words, const char *before, const char *sql)
{
    int n = snprintf(words->text + words->length, sizeof(words->text) - words->length, "%s%s",
                     words->length > 0 ? before : "", sql);

    if (n > 0)
        words->length += (size_t)n;
    if (words->length >= sizeof(words->text)) { /* it was cut, and says so */
        static const char more[] = " (and more)";

        memcpy(words->text + sizeof(words->text) - sizeof(more), more, sizeof(more));
        words->length = sizeof(words->text) - 1;
    }
}

static void
add_statement(struct words *words, const struct exchange *x, const struct plan_statement *statement)
{
    const struct plan_statement *meant = NULL;
    struct view types;

    add_words(words, "; ",
              statement && statement->sql && statement->sql[0] ? statement->sql
                                                               : "(a text that is not understood)");
    if (statement && (statement->special == SPECIAL_EXECUTE || statement->is_executed))
        (void)exchange_expected(x, statement->name, &meant, &types);
    else if (statement && statement->special == SPECIAL_FETCH)
        (void)exchange_expected_portal(x, statement->name, &meant);
    if (meant && meant != statement && meant->sql)
        add_words(words, " of: ", meant->sql);
}

/* ---- a message ---- */

struct held {
    struct verdict_hold hold;
    struct words words;
    uint64_t fingerprint;
    bool is_requested;
    struct plan *plan; /* of a query whose template is in hand, and its text; NULL: none */
    struct view text;
};

static void
request(struct session *s, struct held *held)
{
    held->is_requested = true;
    approval_request(s, &held->hold, held->words.text, held->fingerprint, false);
}

/* One of those that are held together. */
static void
add_held(struct session *s, const struct plan_statement *statement, struct held *held)
{
    if (held->words.length == 0)
        held->fingerprint = statement ? statement->fingerprint : 0;
    add_statement(&held->words, &s->observer->exchange, statement);
}

static bool
query_is_held(struct session *s, struct view text, struct held *held)
{
    const struct template *template = &s->worker->instruments->template;
    struct actor *actor = &s->observer->actor;
    struct claim claim PASU_UNINITIALIZED;
    bool is_templated, is = false;
    struct plan *plan;

    if (observer_plan_query(s, text, &plan, &is_templated) != 0)
        return false; /* asking says why */
    actor->asked = plan->claim;
    if (is_templated)
        actor->asked = PASU_UNLIKELY(template->is_cut) && claim_read(&claim, text) ? &claim : NULL;
    if (session_rules_renew(s) == 0 && s->observer->rules.can_block && !plan->refusal)
        for (size_t i = 0; i < plan->statement_count; i++)
            is = verdict_holds(s, &plan->statements[i], 0, &held->hold);
    for (size_t i = 0; is && i < plan->statement_count; i++)
        add_held(s, &plan->statements[i], held);
    if (is && s->observer->exchange.count == 0)
        request(s, held);
    actor->asked = NULL;
    if (is_templated && !is) {
        held->plan = plan;
        held->text = text;
    } else {
        s->observer->rules.passed = NULL;
        plan_release(plan);
    }
    return is;
}

static bool
covers(uint64_t approved, uint64_t fields)
{
    return (fields & ~approved) == 0;
}

/* Another one of the name is another statement, and so may be one that code could have changed. */
static bool
portal_covers(const struct portal *portal, uint64_t fields)
{
    return portal && portal->approved_serial == portal->serial && !portal->is_doubtful &&
           covers(portal->approved, fields);
}

static void
approve_portal(struct portal *portal, uint64_t fields)
{
    if (!portal)
        return;
    portal->approved = fields | (portal_covers(portal, 0) ? portal->approved : 0);
    portal->approved_serial = portal->serial;
}

void
approval_remember(struct observer *o)
{
    const struct exchange_request *request = exchange_first(&o->exchange);

    if (request && request->is_approved)
        approve_portal(o->result.portal, request->approved);
}

static bool
execute_is_held(struct session *s, struct view name, struct held *held)
{
    struct observer *o = s->observer;
    const struct plan_statement *statement;
    const struct portal *portal;
    const struct plan *plan;
    char text[EXCHANGE_NAME_SIZE];

    text_from_view(text, sizeof(text), name);
    plan = exchange_expected_portal(&o->exchange, text, &statement);
    portal = exchange_portal(&o->exchange, text);
    o->actor.asked = plan ? plan->claim : NULL;
    if (session_rules_renew(s) != 0 || !o->rules.can_block || (plan && !statement) ||
        !verdict_holds(s, statement, 0, &held->hold))
        return false;
    add_held(s, statement, held);
    return o->exchange.count > 0 || !portal_covers(portal, held->hold.fields);
}

static bool
call_is_held(struct session *s, struct view body, struct held *held)
{
    /* One of PostgreSQL's own, which shows nothing. */
    static const struct plan_statement quiet = {.is_understood = true,
                                                .verbs = UINT64_C(1) << VERB_SELECT};
    struct exchange_request asked = {.step = STEP_FUNCTION_CALL};
    const struct plan_statement *statement = &quiet;
    char text[64];
    bool is;

    if (body.length < 4)
        return false;
    asked.function = bytes_get_u32(body.bytes);
    if (observer_refuses_call(s, asked.function) || call_peek(s, asked.function, &asked.plan) != 0)
        return false;
    if (asked.plan)
        statement = asked.plan->statement_count > 0 ? &asked.plan->statements[0] : NULL;
    is = session_rules_renew(s) == 0 && s->observer->rules.can_block &&
         verdict_holds(s, statement, FLAG_BIT(FUNCTION_CALL), &held->hold);
    if (is) {
        snprintf(text, sizeof(text), "call of function %" PRIu32 ", by message", asked.function);
        add_words(&held->words, "", text);
    }
    plan_release(asked.plan);
    return is;
}

static bool
message_is_held(struct session *s, const uint8_t *message, size_t length, struct held *held)
{
    struct view body = view_of(message + WALK_HEAD, length - WALK_HEAD), text;
    struct ask_execute execute;

    switch (message[0]) {
    case 'Q':
        return ask_read_query(&text, body) == 0 && query_is_held(s, text, held);
    case 'E':
        return ask_read_execute(&execute, body) == 0 && execute_is_held(s, execute.portal, held);
    case 'F':
        return call_is_held(s, body, held);
    default:
        return false;
    }
}

/* Looking at a text is not asking it: what that says of the session is put back. */
static bool
look(struct session *s, const uint8_t *message, size_t length, struct held *held)
{
    struct observer *o = s->observer;
    bool is_unsettled = o->is_unsettled, hides = o->hides, is_borrowing = o->is_borrowing;
    bool hides_in_prepared = o->hides_in_prepared, is;

    o->actor.is_asking = true;
    source_claim_begin(s);
    is = message_is_held(s, message, length, held);
    if (is && !held->is_requested && o->exchange.count == 0)
        request(s, held);
    o->actor.is_asking = false;
    o->actor.asked = NULL;
    o->is_unsettled = is_unsettled;
    o->hides = hides;
    o->hides_in_prepared = hides_in_prepared;
    o->is_borrowing = is_borrowing;
    return is;
}

static bool
must_wait(struct asking *a, const uint8_t *message, size_t length)
{
    struct observer *o = a->o;
    struct held held PASU_UNINITIALIZED; /* but its words' text, which is long */

    held.hold = (struct verdict_hold){.fields = 0};
    held.words.length = 0;
    held.words.text[0] = '\0';
    held.fingerprint = 0;
    held.is_requested = false;
    held.plan = NULL;
    held.text = (struct view){0};
    if (approval_is_over(a->s) || o->is_refusing || exchange_is_skipped(&o->exchange))
        return false;
    ask_forget_look(a);
    if (!look(a->s, message, length, &held)) {
        a->looked = held.plan;
        a->looked_text = held.text;
        return false;
    }
    /* What was asked before is answered first, so that there is a place for the notice. */
    if (o->exchange.count > 0) {
        o->is_settling = true;
        return true;
    }
    return approval_holds_client(a->s);
}

bool
approval_must_wait(struct asking *a, const uint8_t *message, size_t length)
{
    /* Others run nothing. */
    return (message[0] == 'Q' || message[0] == 'E' || message[0] == 'F') &&
           PASU_UNLIKELY(rules_can_hold(session_rules_settings(a->s)->rules)) &&
           must_wait(a, message, length);
}

bool
approval_take(struct session *s, struct exchange_request *request, uint64_t fields)
{
    struct observer *o = s->observer;
    const struct approval_wait *w = &o->approval;
    struct portal *portal =
        request->step == STEP_EXECUTE ? exchange_portal(&o->exchange, request->name) : NULL;

    if (approval_is_over(s) && w->error == 0 && covers(w->fields, fields)) {
        request->is_approved = true;
        request->approved |= w->fields;
        approve_portal(portal, w->fields);
        return true;
    }
    if (!portal_covers(portal, fields))
        return false;
    request->is_approved = true;
    request->approved |= portal->approved;
    return true;
}

int
approval_error(const struct session *s, char text[APPROVAL_TEXT_SIZE])
{
    const struct approval_wait *w = &s->observer->approval;

    text[0] = '\0';
    if (w->state != APPROVAL_OVER || w->error == 0)
        return PASU_E_APPROVAL_LOST;
    if (w->number > 0)
        snprintf(text, APPROVAL_TEXT_SIZE, "; request %" PRIu64 "%s%s", w->number,
                 w->who[0] ? ", denied by " : "", w->who);
    return w->error;
}

void
approval_asked(struct session *s)
{
    const struct exchange_request *request = exchange_newest(&s->observer->exchange);
    struct approval_wait *w = &s->observer->approval;

    if (PASU_LIKELY(!approval_is_over(s)))
        return;
    approval_conclude(s, w->error != 0                    ? (enum approval_end)w->end
                         : request && request->is_refused ? APPROVAL_RULED
                                                          : APPROVAL_RELEASED);
}

void
approval_drop_rows(struct session *s)
{
    const struct approval_wait *w = &s->observer->approval;

    if (PASU_UNLIKELY(w->state == APPROVAL_OVER && w->is_of_rows))
        approval_conclude(s, w->error != 0 ? (enum approval_end)w->end : APPROVAL_RELEASED);
}

/* ---- rows ---- */

bool
approval_covers(const struct session *s, uint64_t fields)
{
    const struct observer *o = s->observer;
    const struct exchange_request *request = exchange_first(&o->exchange);

    if (o->actor.is_asking)
        return approval_is_over(s) && o->approval.error == 0 && covers(o->approval.fields, fields);
    /* What was approved of a portal's first portion goes for its others. */
    return (request && request->is_approved && covers(request->approved, fields)) ||
           portal_covers(o->result.portal, fields);
}

static void
approve_first(struct session *s, uint64_t fields)
{
    struct exchange_request *request = exchange_first(&s->observer->exchange);

    if (request) {
        request->is_approved = true;
        request->approved |= fields;
    }
    approve_portal(s->observer->result.portal, fields);
}

void
approval_request_rows(struct session *s, const struct verdict_hold *hold, bool is_of_budget)
{
    const struct plan_statement *statement = s->observer->result.statement;
    struct words words = {.length = 0};

    add_statement(&words, &s->observer->exchange, statement);
    approval_request(s, hold, words.text, statement ? statement->fingerprint : 0, true);
    s->observer->approval.is_of_budget = is_of_budget;
}

bool
approval_rows_must_wait(struct session *s, int *error)
{
    struct observer *o = s->observer;
    struct approval_wait *w = &o->approval;
    struct verdict_hold hold = {.fields = 0};

    *error = 0;
    if (w->state == APPROVAL_OVER && w->is_of_rows) {
        *error = w->error;
        if (w->error == 0)
            approve_first(s, w->fields);
        return false;
    }
    if (!verdict_holds_rows(s, &hold))
        return false;
    approval_request_rows(s, &hold, false);
    if (w->state == APPROVAL_OVER)
        *error = w->error;
    return w->state != APPROVAL_OVER;
}
