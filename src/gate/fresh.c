/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/fresh.h"

#include "base/memory.h"
#include "gate/observer.h"
#include "gate/session.h"

struct fresh_tables {
    struct plan_table tables[FRESH_MAX];
    char schemas[FRESH_MAX][CATALOG_NAME_SIZE], names[FRESH_MAX][CATALOG_NAME_SIZE];
    size_t count;
};

/* ---- the list ---- */

static void
forget_plan(struct fresh *fresh)
{
    plan_release(fresh->was);
    plan_release(fresh->plan);
    fresh->was = fresh->plan = NULL;
}

void
fresh_over(struct fresh *fresh)
{
    forget_plan(fresh);
    memory_free(fresh->tables);
    fresh->tables = NULL;
}

void
fresh_spoil(struct fresh *fresh)
{
    fresh_over(fresh);
    fresh->is_spoiled = true;
}

/* False where there is no room for it, or no memory: then it stays unknown. */
static bool
add(struct fresh *fresh, const struct plan_table *made)
{
    struct fresh_tables *tables = fresh->tables;
    struct plan_table *table;

    if (!tables)
        tables = fresh->tables = memory_new(1, sizeof(*tables));
    if (!tables || tables->count == FRESH_MAX || strlen(made->name) >= CATALOG_NAME_SIZE ||
        (made->schema && strlen(made->schema) >= CATALOG_NAME_SIZE))
        return false;
    table = &tables->tables[tables->count];
    snprintf(tables->names[tables->count], CATALOG_NAME_SIZE, "%s", made->name);
    snprintf(tables->schemas[tables->count], CATALOG_NAME_SIZE, "%s",
             made->schema ? made->schema : "");
    table->name = tables->names[tables->count];
    table->schema = made->schema ? tables->schemas[tables->count] : NULL;
    tables->count++;
    return true;
}

void
fresh_run(struct session *s, const struct plan_statement *statement, bool is_failed)
{
    struct observer *o = s->observer;
    struct fresh *fresh = &o->fresh;

    /* What others have changed a moment ago may act on what is done here. */
    if (statement->effect < EFFECT_ADDS ||
        (statement->effect == EFFECT_ADDS && o->change == TOUCH_NONE && observer_is_stale(s))) {
        if (statement->special == SPECIAL_END)
            fresh_over(fresh);
        else
            fresh_spoil(fresh);
        return;
    }
    if (!statement->makes.name || fresh->is_spoiled || is_failed)
        return;
    forget_plan(fresh);
    (void)add(fresh, &statement->makes);
}

/* ---- plans ---- */

static bool
has_plan(struct session *s, struct plan *was)
{
    struct fresh *fresh = &s->observer->fresh;
    struct plan_fresh tables = {fresh->tables->tables, fresh->tables->count};
    struct plan_environment environment = {
        .catalog = was->catalog,
        .role = was->role,
        .is_plain_dialect = was->is_plain_dialect,
        .fresh = &tables,
    };

    if (fresh->was == was)
        return true;
    forget_plan(fresh);
    if (plan_new(&fresh->plan, was->text, &environment) != 0)
        return false; /* it stays what it was: more */
    fresh->was = plan_hold(was);
    return true;
}

void
fresh_look(struct session *s, struct plan **plan, const struct plan_statement **statement)
{
    const struct fresh *fresh = &s->observer->fresh;
    const struct plan_statement *other;

    if (PASU_LIKELY(!fresh->tables) || !*plan || !*statement || !(*statement)->misses_table ||
        (*statement)->hidden_count > 0 || (*plan)->refusal)
        return;
    if (!has_plan(s, *plan))
        return;
    other = plan_counterpart(fresh->plan, *plan, *statement);
    if (!other || other->hidden_count > 0 || fresh->plan->refusal)
        return;
    /* What is written comes back by RETURNING, and which column it is nobody can tell. */
    if ((other->flags & PLAN_MARKS) && other->may_return_rows)
        return;
    *plan = fresh->plan;
    *statement = other;
}
