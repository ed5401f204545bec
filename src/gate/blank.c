/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/blank.h"

#include "base/memory.h"
#include "gate/observer.h"
#include "gate/session.h"

struct blank_tables {
    struct plan_table tables[BLANK_MAX];
    char schemas[BLANK_MAX][CATALOG_NAME_SIZE], names[BLANK_MAX][CATALOG_NAME_SIZE];
    size_t count;
};

/* ---- the list ---- */

static void
forget_plan(struct blank *blank)
{
    plan_release(blank->was);
    plan_release(blank->plan);
    blank->was = blank->plan = NULL;
}

void
blank_over(struct blank *blank)
{
    forget_plan(blank);
    memory_free(blank->tables);
    blank->tables = NULL;
}

void
blank_spoil(struct blank *blank)
{
    blank_over(blank);
    blank->is_spoiled = true;
}

/* False where there is no room for it, or no memory: then it stays unknown. */
static bool
add(struct blank *blank, const struct plan_table *made)
{
    struct blank_tables *tables = blank->tables;
    struct plan_table *table;

    if (!tables)
        tables = blank->tables = memory_new(1, sizeof(*tables));
    if (!tables || tables->count == BLANK_MAX || strlen(made->name) >= CATALOG_NAME_SIZE ||
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
blank_run(struct session *s, const struct plan_statement *statement, bool is_failed)
{
    struct observer *o = s->observer;
    struct blank *blank = &o->blank;

    /* What others have changed a moment ago may act on what is done here. */
    if (statement->effect < EFFECT_ADDS ||
        (statement->effect == EFFECT_ADDS && o->change == TOUCH_NONE && observer_is_stale(s))) {
        if (statement->special == SPECIAL_END)
            blank_over(blank);
        else
            blank_spoil(blank);
        return;
    }
    if (!statement->makes.name || blank->is_spoiled || is_failed)
        return;
    forget_plan(blank);
    (void)add(blank, &statement->makes);
}

/* ---- plans ---- */

static bool
has_plan(struct session *s, struct plan *was)
{
    struct blank *blank = &s->observer->blank;
    struct plan_blank tables = {blank->tables->tables, blank->tables->count};
    struct plan_environment environment = {
        .catalog = was->catalog,
        .role = was->role,
        .is_plain_dialect = was->is_plain_dialect,
        .blank = &tables,
    };

    if (blank->was == was)
        return true;
    forget_plan(blank);
    if (plan_new(&blank->plan, was->text, &environment) != 0)
        return false; /* it stays what it was: more */
    blank->was = plan_hold(was);
    return true;
}

void
blank_look(struct session *s, struct plan **plan, const struct plan_statement **statement)
{
    const struct blank *blank = &s->observer->blank;
    const struct plan_statement *other;

    if (PASU_LIKELY(!blank->tables) || !*plan || !*statement || !(*statement)->misses_table ||
        (*statement)->hidden_count > 0 || (*plan)->refusal)
        return;
    if (!has_plan(s, *plan))
        return;
    other = plan_counterpart(blank->plan, *plan, *statement);
    if (!other || other->hidden_count > 0 || blank->plan->refusal)
        return;
    /* What is written comes back by RETURNING, and which column it is nobody can tell. */
    if ((other->flags & PLAN_MARKS) && other->may_return_rows)
        return;
    *plan = blank->plan;
    *statement = other;
}
