/* SPDX-License-Identifier: Apache-2.0 */
/* What names will stand for, once what waits has been done. */
#include "postgres/exchange.h"

static const struct exchange_request *
request_at(const struct exchange *x, uint32_t index)
{
    return &x->requests[(x->first + index) & (x->size - 1)];
}

/* What a portal runs once all that waits before place `index` has been done. */
static const struct plan_statement *
portal_statement(const struct exchange *x, const char *name, uint32_t index,
                 const struct plan **plan)
{
    const struct portal *portal;

    while (index-- > 0) {
        const struct exchange_request *request = request_at(x, index);

        if (request->step == STEP_BIND && strcmp(request->name, name) == 0) {
            *plan = request->plan;
            return request->bound;
        }
    }
    portal = exchange_portal(x, name);
    *plan = portal ? portal->plan : NULL;
    return portal ? portal->statement : NULL;
}

static bool
is_about_names(const struct plan_statement *statement)
{
    return statement->special == SPECIAL_PREPARE || statement->special == SPECIAL_DEALLOCATE ||
           statement->special == SPECIAL_DISCARD;
}

static bool
is_about_cursors(const struct plan_statement *statement)
{
    return statement->special == SPECIAL_DECLARE || statement->special == SPECIAL_CLOSE ||
           statement->special == SPECIAL_DISCARD;
}

static bool
is_about_roles(const struct plan_statement *statement)
{
    return statement->special == SPECIAL_SET_ROLE || statement->special == SPECIAL_DISCARD;
}

void
exchange_note_names(struct exchange *x, struct exchange_request *request)
{
    const struct plan_statement *statement;
    const struct plan *plan = request->plan;
    bool is_naming = false, is_declaring = false, is_becoming = false;

    if (request->step == STEP_QUERY) {
        for (size_t i = 0; plan && i < plan->statement_count; i++) {
            is_naming |= is_about_names(&plan->statements[i]);
            is_declaring |= is_about_cursors(&plan->statements[i]);
            is_becoming |= is_about_roles(&plan->statements[i]);
        }
    } else if (request->step == STEP_EXECUTE) {
        statement = portal_statement(x, request->name, x->count - 1, &plan);
        is_naming = statement && is_about_names(statement);
        is_declaring = statement && is_about_cursors(statement);
        is_becoming = statement && is_about_roles(statement);
    }
    x->naming += is_naming && !request->is_naming;
    request->is_naming |= is_naming;
    x->declaring += is_declaring;
    request->is_declaring = is_declaring;
    x->becoming += is_becoming && !request->is_becoming;
    request->is_becoming |= is_becoming;
}

/* What a name is expected to stand for. */
struct expected {
    const char *name;
    const struct plan *plan; /* NULL: nothing that is known */
    const struct plan_statement *statement;
    struct view types;
};

/* Whether the statement gives the name a meaning, or takes it. The unnamed statement has none in
 * SQL.
 */
static bool
is_named_by(const struct plan *plan, const struct plan_statement *statement, struct expected *e)
{
    bool is_own = e->name[0] && statement->name && strcmp(statement->name, e->name) == 0;

    if (statement->special == SPECIAL_PREPARE && is_own) {
        e->plan = plan;
        e->statement = statement->inner;
        return true;
    }
    return is_own ? statement->special == SPECIAL_DEALLOCATE
                  : e->name[0] && (statement->special == SPECIAL_DISCARD ||
                                   (statement->special == SPECIAL_DEALLOCATE && statement->name &&
                                    !statement->name[0]));
}

/* The same of the request at a place in the queue. */
static bool
is_named_at(const struct exchange *x, uint32_t index, struct expected *e)
{
    const struct exchange_request *request = request_at(x, index);
    const struct plan_statement *statement;
    const struct plan *plan = request->plan;

    *e = (struct expected){.name = e->name};
    switch (request->step) {
    case STEP_PARSE:
    case STEP_CLOSE:
        if (request->is_portal || strcmp(request->name, e->name) != 0)
            return false;
        if (request->step == STEP_CLOSE)
            return true;
        e->plan = plan;
        e->statement = plan && plan->statement_count > 0 ? &plan->statements[0] : NULL;
        e->types = request->bytes;
        return true;
    case STEP_QUERY:
        for (size_t i = plan ? plan->statement_count : 0; i-- > 0;)
            if (is_named_by(plan, &plan->statements[i], e))
                return true;
        return false;
    default:
        statement = portal_statement(x, request->name, index, &plan);
        return statement && is_named_by(plan, statement, e);
    }
}

const struct plan *
exchange_expected(const struct exchange *x, const char *statement,
                  const struct plan_statement **meant, struct view *types)
{
    const struct prepared *prepared = exchange_prepared(x, statement);
    struct expected e = {.name = statement};
    bool is_found = false;

    for (uint32_t i = x->naming > 0 ? x->count : 0; i-- > 0 && !is_found;)
        is_found = request_at(x, i)->is_naming && is_named_at(x, i, &e);
    if (!is_found && prepared)
        e = (struct expected){statement, prepared->plan, prepared->statement, prepared->types};
    *meant = e.statement;
    *types = e.types;
    return e.plan;
}

struct plan *
exchange_executed(const struct exchange *x, uint32_t place, const struct plan_statement **statement)
{
    const struct plan *plan;

    *statement = portal_statement(x, request_at(x, place)->name, place, &plan);
    return (struct plan *)(uintptr_t)plan;
}

/* Whether the statement gives a cursor that name, or takes it; then *meant is what it stands for.
 */
static bool
is_declared_by(const struct plan_statement *statement, const char *name,
               const struct plan_statement **meant)
{
    bool is_own = statement->name && strcmp(statement->name, name) == 0;

    *meant = statement->special == SPECIAL_DECLARE ? statement->inner : NULL;
    return is_about_cursors(statement) &&
           (is_own || (statement->special == SPECIAL_CLOSE && !statement->name[0]) ||
            statement->special == SPECIAL_DISCARD);
}

/* The same of the request at a place in the queue. */
static bool
is_declared_at(const struct exchange *x, uint32_t index, const char *name, const struct plan **plan,
               const struct plan_statement **meant)
{
    const struct exchange_request *request = request_at(x, index);
    const struct plan_statement *statement;
    bool is_own = false;

    *plan = request->plan;
    if (request->step == STEP_QUERY) {
        for (size_t i = *plan ? (*plan)->statement_count : 0; i-- > 0 && !is_own;)
            is_own = is_declared_by(&(*plan)->statements[i], name, meant);
    } else {
        statement = portal_statement(x, request->name, index, plan);
        is_own = statement && is_declared_by(statement, name, meant);
    }
    if (is_own && !*meant)
        *plan = NULL;
    return is_own;
}

const struct plan *
exchange_expected_portal(const struct exchange *x, const char *name,
                         const struct plan_statement **statement)
{
    const struct plan *plan;
    bool is_bound = false;

    for (uint32_t i = x->declaring > 0 ? x->count : 0; i-- > 0 && !is_bound;) {
        const struct exchange_request *request = request_at(x, i);

        if (request->is_declaring && is_declared_at(x, i, name, &plan, statement))
            return plan;
        is_bound = request->step == STEP_BIND && strcmp(request->name, name) == 0;
    }
    *statement = portal_statement(x, name, x->count, &plan);
    return plan;
}

/* The last Bind of that portal that waits, and whether a Describe comes behind it. */
static const struct exchange_request *
last_bind(const struct exchange *x, const char *name, bool *is_described)
{
    *is_described = false;
    for (uint32_t i = x->count; i-- > 0;) {
        const struct exchange_request *request = request_at(x, i);
        bool is_bind = request->step == STEP_BIND;

        if (!is_bind && (request->step != STEP_DESCRIBE || !request->is_portal))
            continue;
        if (strcmp(request->name, name) != 0)
            continue;
        if (is_bind)
            return request;
        *is_described = true;
    }
    return NULL;
}

bool
exchange_must_describe(const struct exchange *x, const char *name)
{
    bool is_described;
    const struct exchange_request *bind = last_bind(x, name, &is_described);
    const struct portal *portal = bind ? NULL : exchange_portal(x, name);

    /* One of which nothing is known (a cursor WITH HOLD whose transaction is over) may by now have
     * other columns than it had when somebody asked. */
    if (!bind && (!portal || !portal->plan))
        return true;
    if (is_described)
        return false;
    if (portal && (portal->is_renamed || x->declaring > 0))
        return true;
    /* It may stand for another by then, or for the one that it does not stand for any more. */
    if (bind && bind->statement[0] && (x->queries > 0 || x->naming > 0))
        return true;
    if (bind)
        return bind->bound ? exchange_shows(bind->bound) : !bind->plan;
    return !portal->is_described &&
           (portal->is_doubtful || !portal->statement || exchange_shows(portal->statement));
}
