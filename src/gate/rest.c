/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/rest.h"

#include "gate/instruments.h"
#include "postgres/ask.h"

#include <strings.h>

static bool
can_block(const struct observer *o)
{
    if (o->rules.can_block || o->rules.can_mask)
        return true;
    for (int window = 0; window < TALLY_WINDOWS; window++)
        if (o->budget.clear[window] != UINT64_MAX)
            return true;
    return false;
}

/* "WITH …", "((WITH …" */
static bool
begins_with_with(const char *sql)
{
    return strncasecmp(sql + strspn(sql, "( \t\r\n\f\v"), "WITH", 4) == 0;
}

/* Whether rows can leave that a budget may end: as a result, or as a copy. */
static bool
can_be_cut(const struct plan_statement *statement)
{
    return !statement || exchange_shows(statement) ||
           (statement->special == SPECIAL_COPY_OUT && statement->most_fields);
}

/* Whether it may do more than read; a transaction's beginning does nothing that must not be. */
static bool
may_change(const struct plan_statement *statement)
{
    if (!statement || !statement->is_understood)
        return true;
    switch (statement->verb) {
    case VERB_SELECT: /* a function can change anything, and so can WITH */
        return statement->special != SPECIAL_NONE ||
               (statement->flags & (PLAN_OPAQUE | PLAN_CALLS)) || begins_with_with(statement->sql);
    case VERB_BEGIN:
    case VERB_SHOW:
    case VERB_SET:
    case VERB_FETCH:
    case VERB_MOVE:
        return false;
    default:
        return true;
    }
}

bool
rest_must_wait(const struct asking *a, const uint8_t *message, size_t length)
{
    const struct observer *o = a->o;
    const struct plan_statement *statement;
    struct ask_execute execute;
    char name[EXCHANGE_NAME_SIZE];

    if (PASU_LIKELY(!o->is_rest_shown) || o->exchange.count == 0 || o->is_refusing)
        return false;
    if (message[0] == 'S')
        return o->is_rest_changed;
    if (message[0] != 'E' ||
        ask_read_execute(&execute, view_of(message + WALK_HEAD, length - WALK_HEAD)) != 0)
        return false;
    text_from_view(name, sizeof(name), execute.portal);
    exchange_expected_portal(&o->exchange, name, &statement);
    return may_change(statement);
}

void
rest_execute(struct observer *o, const struct plan_statement *statement)
{
    o->is_rest_changed |= may_change(statement);
    if (can_be_cut(statement) && can_block(o))
        o->is_rest_shown = true;
}

void
rest_block(struct session *s)
{
    struct observer *o = s->observer;

    if (!exchange_is_open(&o->exchange))
        return;
    o->is_refusing = true;
    pipeline_fail(&s->pipeline);
}

/* Parse of a text that no server takes: the server is in error, too. The statement has a name,
 * since the one without would be gone; whether there is one of that name does not matter. */
static int
put_error(struct asking *a)
{
    static const char body[] = "pasu\0pasu refused the rest of this pipeline\0\0";
    uint8_t head[WALK_HEAD] = {'P'};
    struct exchange_request *request = exchange_add(&a->o->exchange, STEP_BIND);
    int result = request ? ask_change(a) : PASU_E_NOMEM;

    bytes_put_u32(head + 1, sizeof(body) + 4); /* its own zero counts */
    if (result == 0)
        result = instruments_put(a->tools, head, sizeof(head));
    return result == 0 ? instruments_put(a->tools, body, sizeof(body)) : result;
}

int
rest_take(struct asking *a, uint8_t type)
{
    struct observer *o = a->o;
    bool is_end = type == 'S';
    int result = 0;

    if (PASU_UNLIKELY(o->is_refusing)) {
        result = is_end ? put_error(a) : ask_change(a);
        o->is_refusing = !is_end;
        if (result != 0 || !is_end)
            return result != 0 ? result : 1;
    }
    if (is_end || type == 'Q' || type == 'F')
        o->is_rest_shown = o->is_rest_changed = false;
    return 0;
}
