/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/blank.h"

#include "base/memory.h"
#include "exposure/directory.h"
#include "gate/observer.h"
#include "gate/session.h"

struct blank_table {
    char schema[CATALOG_NAME_SIZE], name[CATALOG_NAME_SIZE]; /* schema "": not said */
    bool is_temporary, is_brief;
};
struct blank_tables {
    size_t count;
    struct blank_table items[BLANK_MAX];
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
blank_release(struct blank *blank)
{
    forget_plan(blank);
    memory_free(blank->tables);
    blank->tables = NULL;
    blank->has_dropped = false;
}

/* What only the session can see no other's change would make a snapshot for. */
static bool
has_own(const struct blank *blank)
{
    for (size_t i = 0; blank->tables && i < blank->tables->count; i++)
        if (blank->tables->items[i].is_temporary)
            return true;
    return blank->has_dropped;
}

static void
lose(struct observer *o)
{
    if (has_own(&o->blank) && o->change == TOUCH_NONE)
        o->change = TOUCH_OWN;
    blank_release(&o->blank);
}

void
blank_spoil(struct observer *o)
{
    lose(o);
    o->blank.is_spoiled = true;
}

/* False where there is no room for it, or no memory: then it stays unknown. */
static bool
add(struct blank *blank, const struct plan_table *made)
{
    struct blank_table *table;

    if (!blank->tables)
        blank->tables = memory_new(1, sizeof(*blank->tables));
    if (!blank->tables || blank->tables->count == BLANK_MAX ||
        strlen(made->name) >= CATALOG_NAME_SIZE ||
        (made->schema && strlen(made->schema) >= CATALOG_NAME_SIZE))
        return false;
    forget_plan(blank);
    table = &blank->tables->items[blank->tables->count++];
    snprintf(table->name, sizeof(table->name), "%s", made->name);
    snprintf(table->schema, sizeof(table->schema), "%s", made->schema ? made->schema : "");
    table->is_temporary = made->is_temporary;
    table->is_brief = made->is_brief;
    return true;
}

typedef bool blank_choice(const struct blank_table *table, const char *name);

static void
take_out(struct blank *blank, blank_choice *is_gone, const char *name)
{
    struct blank_tables *tables = blank->tables;

    for (size_t i = tables ? tables->count : 0; i-- > 0;)
        if (is_gone(&tables->items[i], name))
            tables->items[i] = tables->items[--tables->count];
    forget_plan(blank);
    if (tables && tables->count == 0) {
        memory_free(tables);
        blank->tables = NULL;
    }
}

/* At the transaction's end. */
static bool
is_over(const struct blank_table *table, const char *name PASU_UNUSED)
{
    return !table->is_temporary || table->is_brief;
}

/* A temporary table goes before another of its name. */
static bool
is_own_of(const struct blank_table *table, const char *name)
{
    return table->is_temporary && strcmp(table->name, name) == 0;
}

static bool
is_of(const struct blank_table *table, const char *name)
{
    return strcmp(table->name, name) == 0;
}

void
blank_over(struct observer *o, bool is_undone)
{
    struct blank *blank = &o->blank;

    if (is_undone || blank->is_failed)
        lose(o);
    else
        take_out(blank, is_over, NULL);
    blank->has_dropped = blank->is_failed = false;
}

/* ---- what statements do ---- */

static void
drop(struct blank *blank, const struct plan_statement *statement)
{
    for (size_t i = 0; i < statement->drop_count; i++)
        take_out(blank, statement->is_own ? is_own_of : is_of, statement->drops[i].name);
    blank->has_dropped |= statement->is_own;
}

bool
blank_run(struct session *s, const struct plan_statement *statement, bool is_failed)
{
    struct observer *o = s->observer;

    if (statement->special == SPECIAL_END) {
        blank_over(o, statement->verb != VERB_COMMIT);
        return false;
    }
    /* What others have changed a moment ago may act on what is done here. */
    if (statement->effect == EFFECT_ANY || statement->mark.fields != 0 ||
        (statement->effect == EFFECT_ADDS && o->change == TOUCH_NONE && observer_is_stale(s))) {
        blank_spoil(o);
        return false;
    }
    if (is_failed)
        return false;
    if (statement->effect == EFFECT_DROPS) {
        drop(&o->blank, statement);
        return true;
    }
    return !o->blank.is_spoiled && statement->makes.name && add(&o->blank, &statement->makes) &&
           statement->is_own;
}

/* ---- plans ---- */

static bool
has_plan(const struct session *s, struct blank *blank, struct plan *was)
{
    struct plan_table tables[BLANK_MAX];
    struct plan_blank list = {tables, blank->tables->count};
    struct plan_environment environment = {
        .catalog = was->catalog,
        .role = was->role,
        .is_plain_dialect = was->is_plain_dialect,
        .blank = &list,
        .shape_key = directory_shape_key(s->worker->shared->directory),
    };

    if (blank->was == was)
        return true;
    forget_plan(blank);
    for (size_t i = 0; i < list.count; i++) {
        const struct blank_table *table = &blank->tables->items[i];

        tables[i] = (struct plan_table){table->schema[0] ? table->schema : NULL, table->name,
                                        table->is_temporary, table->is_brief};
    }
    if (plan_new(&blank->plan, was->text, &environment) != 0)
        return false; /* it stays what it was: more */
    blank->was = plan_hold(was);
    return true;
}

void
blank_look(struct session *s, struct plan **plan, const struct plan_statement **statement)
{
    struct blank *blank = &s->observer->blank;
    const struct plan_statement *other;

    if (PASU_LIKELY(!blank->tables) || !*plan || !*statement || !(*statement)->may_be_blank ||
        (*statement)->hidden_count > 0 || (*plan)->refusal)
        return;
    if (!has_plan(s, blank, *plan))
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
