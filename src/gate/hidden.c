/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/hidden.h"

#include "gate/session.h"
#include "postgres/cursor.h"

enum { FOLLOWED_MAX = 3 /* FETCH of a portal that is EXECUTE … */ };

/* ---- by their names ---- */

static bool
is_hidden(struct view name)
{
    static const char prefix[] = PLAN_HIDDEN_NAME;
    size_t length = sizeof(prefix) - 1;

    if (name.length <= length || memcmp(name.bytes, prefix, length) != 0)
        return false;
    for (size_t i = length; i < name.length; i++)
        if (name.bytes[i] < '0' || name.bytes[i] > '9')
            return false;
    return true;
}

uint8_t
hidden_named(struct view description)
{
    struct reader r = reader_of(description);
    uint16_t count = reader_u16(&r);
    uint8_t hidden = 0;

    while (hidden < count && hidden < PLAN_HIDDEN_MAX && is_hidden(reader_text(&r))) {
        reader_bytes(&r, 18);
        hidden++;
    }
    return r.failed ? 0 : hidden;
}

/* Of a query that is what it is taken for, others may be called so, too. */
uint8_t
hidden_in(const struct observer *o, const struct plan_statement *statement, bool is_doubtful,
          struct view description)
{
    uint8_t expected = statement ? statement->hidden_count : 0;
    uint8_t hidden = PASU_UNLIKELY(o->hides) ? hidden_named(description) : expected;
    bool is_known =
        statement && !is_doubtful && statement->is_understood && statement->special == SPECIAL_NONE;

    return is_known && hidden >= expected ? expected : hidden;
}

const struct plan *
hidden_meant(const struct observer *o, const struct plan *plan,
             const struct plan_statement **statement)
{
    struct view types;

    for (size_t i = 0; *statement && i < FOLLOWED_MAX; i++) {
        if ((*statement)->special == SPECIAL_EXECUTE)
            plan = exchange_expected(&o->exchange, (*statement)->name, statement, &types);
        else if ((*statement)->special == SPECIAL_FETCH)
            plan = exchange_expected_portal(&o->exchange, (*statement)->name, statement);
        else
            break;
    }
    return *statement ? plan : NULL;
}

uint8_t
hidden_expected(const struct observer *o, const struct plan_statement *statement)
{
    (void)hidden_meant(o, NULL, &statement);
    return statement ? statement->hidden_count : 0;
}

/* ---- who sees them otherwise ---- */

void
hidden_note(struct observer *o, const struct plan *plan)
{
    o->hides_in_cursors |= plan->hides_in_cursors;
    for (size_t i = 0; i < plan->statement_count; i++) {
        const struct plan_statement *meant;
        const struct plan *other;
        struct view types;

        if (PASU_LIKELY(plan->statements[i].special != SPECIAL_EXECUTE))
            continue;
        other = exchange_expected(&o->exchange, plan->statements[i].name, &meant, &types);
        o->hides_in_cursors |= other && other->hides_in_cursors;
    }
}

void
hidden_settle(struct observer *o)
{
    o->hides_in_cursors = o->hides_in_cursors && exchange_is_hiding(&o->exchange);
}

static bool
reads_cursors(const struct observer *o, const struct plan *plan)
{
    if (plan->borrows == BORROW_READS)
        return true;
    if (plan->runs_values && o->catalog && catalog_may_borrow(o->catalog))
        return true; /* somebody has made such code since the cursor was declared */
    for (size_t i = 0; i < plan->statement_count; i++) {
        const struct plan_statement *s = &plan->statements[i], *meant;
        const char *name = s->special == SPECIAL_EXECUTE || s->is_executed ? s->name : s->tells;
        const struct plan *other;
        struct view types;

        if (!name)
            continue;
        other = exchange_expected(&o->exchange, name, &meant, &types);
        if (other && other->borrows == BORROW_READS)
            return true;
    }
    return false;
}

static bool
is_prepared_seen(const struct observer *o, const struct plan *plan,
                 const struct plan_statement *statement)
{
    const struct plan *meant = hidden_meant(o, plan, &statement);

    return meant && meant->sees_prepared;
}

/* Whether something that PREPARE has made has hidden columns, or will have them. */
static bool
is_prepared_hiding(const struct observer *o)
{
    for (uint32_t i = 0; o->exchange.naming > 0 && i < o->exchange.count; i++) {
        const struct exchange_request *request = exchange_at(&o->exchange, i);
        const struct plan_statement *statement;
        const struct plan *plan = request->step == STEP_EXECUTE
                                      ? exchange_executed(&o->exchange, i, &statement)
                                      : request->plan;

        if (plan && plan->hides_in_prepared)
            return true;
    }
    for (size_t i = 0; i < EXCHANGE_HEADS; i++)
        for (const struct prepared *p = o->exchange.prepared[i]; p; p = p->next)
            if (p->plan && p->plan->hides_in_prepared && p->statement &&
                p->statement->hidden_count > 0)
                return true;
    return false;
}

bool
hidden_is_told(const struct observer *o, const struct plan *plan,
               const struct plan_statement *statement)
{
    bool is_seen = plan->sees_prepared;

    if (PASU_LIKELY(!o->hides_in_prepared) ||
        (o->session->transaction == 'E' && plan->statement_count < 2))
        return false;
    if (statement)
        is_seen |= is_prepared_seen(o, plan, statement);
    for (size_t i = 0; !statement && !is_seen && i < plan->statement_count; i++)
        is_seen = is_prepared_seen(o, plan, &plan->statements[i]);
    return is_seen && is_prepared_hiding(o);
}

bool
hidden_is_borrowed(const struct observer *o, const struct plan *plan)
{
    return PASU_UNLIKELY(o->hides_in_cursors) && reads_cursors(o, plan);
}

static bool
has_borrowing_value(const struct ask_bind *bind)
{
    struct view value;
    int16_t format;

    for (uint16_t i = 0; i < bind->value_count; i++)
        if (ask_bind_value(bind, i, &value, &format) == 1 && borrow_by_value(value))
            return true;
    return false;
}

bool
hidden_is_borrowed_with(const struct observer *o, const struct plan *plan,
                        const struct ask_bind *bind)
{
    return PASU_UNLIKELY(o->hides_in_cursors) &&
           (reads_cursors(o, plan) || (plan->runs_values && has_borrowing_value(bind)));
}

bool
hidden_is_borrowed_by_call(const struct observer *o, struct view body)
{
    const struct catalog_function *function;
    struct ask_bind call PASU_UNINITIALIZED;

    if (PASU_LIKELY(!o->hides_in_cursors) || !o->catalog || body.length < 4)
        return false;
    function = catalog_function(o->catalog, bytes_get_u32(body.bytes));
    if (!function || cursor_is_read(function->name))
        return true;
    return function->is_opaque && (ask_read_call(&call, body) != 0 || has_borrowing_value(&call));
}
