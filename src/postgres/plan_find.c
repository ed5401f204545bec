/* SPDX-License-Identifier: Apache-2.0 */
/* Column references: from names to what they carry. */
#include "postgres/plan_scope.h"

/* In every table, and personal in none. */
bool
scope_is_system_column(const char *name)
{
    static const char *const names[] = {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static void
note_depth(struct plan_work *work, const struct scope *scope)
{
    int last = SCOPE_DEPTHS - 1; /* or deeper */

    work->reference_depths |= UINT64_C(1) << (scope->depth < last ? scope->depth : last);
}

/* Nobody knows what it is: all that the statement touches. */
static void
find_stray(struct plan_work *work, struct found *found)
{
    work->has_stray = true;
    reach_add(&found->carry.bound, &work->names.most);
}

/* What is named is collected where somebody compares it (plan_compare.c). */
static void
refer(struct plan_work *work, const struct scope *scope, struct entry *entry, struct output *output)
{
    struct reference *reference;

    if (work->collecting == 0 || !work_spend(work, 1))
        return;
    reference = arena_new(&work->memory, 1, sizeof(*reference));
    if (!reference)
        return;
    *reference = (struct reference){work->referred, scope, entry, output};
    work->referred = reference;
}

static void
find_whole(struct plan_work *work, const struct scope *scope, struct entry *entry,
           struct found *found)
{
    outputs_carry(work, &entry->columns, &found->carry);
    found->is_plain = entry->relation && !entry->columns.is_open;
    for (const struct output *o = entry->columns.first; o && work_spend(work, 1); o = o->next)
        found->is_plain &= o->is_plain;
    refer(work, scope, entry, NULL);
}

/* Columns of that name in one scope. A name that two tables have is one of a merged column, or an
 * error: it is the one column only where all of them are equal. */
static size_t
find_in_scope(struct plan_work *work, const struct scope *scope, const char *name,
              struct found *found)
{
    const struct output *first = NULL;
    size_t count = 0;
    bool is_one = true;

    for (struct entry *e = scope->entries; e; e = e->next) {
        if (e->is_hidden || e->is_qualified_only)
            continue;
        for (struct output *o = e->columns.first; o && work_spend(work, 1); o = o->next) {
            if (!o->name || strcmp(o->name, name) != 0)
                continue;
            found->is_plain = o->is_plain && (count == 0 || found->is_plain);
            found->is_key |= o->is_key;
            count++;
            refer(work, scope, e, o);
            if (o->carry)
                carry_add(&found->carry, o->carry);
            if (!first)
                first = o;
            else if (!first->entry || !o->entry ||
                     !scope_is_equal(scope, first->entry, first->attribute, o->entry, o->attribute))
                is_one = false;
        }
    }
    found->output = count > 0 && is_one && first->entry ? first : NULL;
    found->named = count == 1 ? first : NULL;
    found->keys = count == 1 ? first->keys : 0;
    found->groups = count == 1 ? first->groups : 0;
    if (count == 1 && !first->is_written)
        found->stored = first->stored;
    return count;
}

/* Where a scope has tables whose columns are not all known, the name may be one of them. */
static bool
find_open(struct plan_work *work, const struct scope *scope, struct found *found)
{
    bool is_open = false;

    for (struct entry *e = scope->entries; e && work_spend(work, 1); e = e->next)
        if (e->columns.is_open && !e->is_hidden) {
            carry_add(&found->carry, &e->columns.rest);
            refer(work, scope, e, NULL);
            is_open = true;
        }
    return is_open;
}

/* ---- tables by their names ---- */

void
scope_enter(const struct scope *scope, const struct condition *condition)
{
    for (struct entry *e = condition->join ? scope->entries : NULL; e; e = e->next)
        e->is_hidden = e->join != condition->join;
}

void
scope_leave(const struct scope *scope, const struct condition *condition)
{
    for (struct entry *e = condition->join ? scope->entries : NULL; e; e = e->next)
        e->is_hidden = e->join != NULL;
}

enum match { NO_MATCH, MAY_MATCH, MATCH };

/* A name with a schema means a relation that stands in FROM without an alias. Which schema one is
 * of that is named there without, only the server knows. */
static enum match
match(const struct entry *entry, const char *schema, const char *name)
{
    if (!entry->name || entry->is_hidden || strcmp(entry->name, name) != 0)
        return NO_MATCH;
    if (!schema)
        return MATCH;
    if (!entry->range || entry->range->alias)
        return NO_MATCH;
    if (!entry->range->schemaname[0])
        return MAY_MATCH;
    return strcmp(entry->range->schemaname, schema) == 0 ? MATCH : NO_MATCH;
}

/* An entry of that name, and its scope. */
struct place {
    const struct scope *scope;
    struct entry *entry;
};

/* The next place behind this one (all zero: the first from `scope` outwards) that the name can
 * mean; false where there is none. What surely matches is the last. */
static bool
next_place(const struct scope *scope, const char *schema, const char *name, struct place *place)
{
    struct entry *e = place->entry ? place->entry->next : scope ? scope->entries : NULL;
    const struct scope *s = place->entry ? place->scope : scope;

    if (place->entry && match(place->entry, schema, name) == MATCH)
        return false;
    while (s) {
        for (; e; e = e->next)
            if (match(e, schema, name) != NO_MATCH) {
                *place = (struct place){s, e};
                return true;
            }
        s = s->outer;
        e = s ? s->entries : NULL;
    }
    return false;
}

const struct entry *
scope_entry(const struct scope *scope, const char *schema, const char *name)
{
    struct place place = {0}, other;

    if (!next_place(scope, schema, name, &place))
        return NULL;
    other = place;
    return next_place(scope, schema, name, &other) ? NULL : place.entry;
}

static void
find_plain(struct plan_work *work, const struct scope *scope, const char *name, struct found *found)
{
    bool is_open = false;

    for (const struct scope *s = scope; s; s = s->outer) {
        if (find_in_scope(work, s, name, found) > 0) {
            note_depth(work, s);
            if (s->merges_open)
                is_open |= find_open(work, s, found);
            if (is_open) {
                found->output = found->named = NULL;
                found->is_plain = found->is_key = false;
                found->keys = found->groups = 0;
                found->stored = (struct plan_stored){0};
            }
            return;
        }
        if (find_open(work, s, found)) {
            note_depth(work, s);
            is_open = true;
        }
    }
    for (const struct scope *s = scope; s; s = s->outer)
        for (struct entry *e = s->entries; e && work_spend(work, 1); e = e->next)
            if (e->name && !e->is_hidden && strcmp(e->name, name) == 0) {
                note_depth(work, s);
                find_whole(work, s, e, found);
                return;
            }
    if (!is_open && !scope_is_system_column(name))
        find_stray(work, found);
}

static void
find_whole_table(struct plan_work *work, const struct place *place, struct found *found)
{
    note_depth(work, place->scope);
    find_whole(work, place->scope, place->entry, found);
}

/* "c.f" may also be f(c): a function's result, and it has the whole row. */
static void
find_in_table(struct plan_work *work, const struct place *place, const char *name,
              struct found *found)
{
    struct entry *e = place->entry;

    note_depth(work, place->scope);
    for (struct output *o = e->columns.first; o && work_spend(work, 1); o = o->next)
        if (o->name && strcmp(o->name, name) == 0) {
            if (o->carry)
                carry_add(&found->carry, o->carry);
            found->output = o->entry ? o : NULL;
            found->named = o;
            found->is_plain = o->is_plain;
            found->is_key = o->is_key;
            refer(work, place->scope, e, o);
            found->keys = o->keys;
            found->groups = o->groups;
            if (!o->is_written)
                found->stored = o->stored;
            return;
        }
    if (e->relation && e->relation->kind != 'v' && scope_is_system_column(name))
        return;
    find_whole(work, place->scope, e, found);
    found->is_plain = false;
    reach_add(&found->carry.bound, &work->names.functions);
}

/* `name` NULL: all columns. Where several tables can be meant, it is no one's column. */
static void
find_qualified(struct plan_work *work, const struct scope *scope, const char *schema,
               const char *table, const char *name, struct found *found)
{
    struct place place = {0};
    size_t count = 0;

    for (; next_place(scope, schema, table, &place) && work_spend(work, 1); count++)
        if (name)
            find_in_table(work, &place, name, found);
        else
            find_whole_table(work, &place, found);
    if (count == 0)
        find_stray(work, found);
    if (count <= 1)
        return;
    found->output = found->named = NULL;
    found->is_plain = found->is_key = false;
    found->keys = found->groups = 0;
    found->stored = (struct plan_stored){0};
}

void
scope_find(struct plan_work *work, const struct scope *scope, const PgQuery__ColumnRef *reference,
           struct found *found)
{
    size_t n = reference->n_fields;
    const char *last = n > 0 ? sql_string(reference->fields[n - 1]) : NULL;
    const char *table = n > 1 ? sql_string(reference->fields[n - 2]) : NULL;
    const char *schema = n > 2 ? sql_string(reference->fields[n - 3]) : NULL;

    memset(found, 0, sizeof(*found));
    work->references++;
    if (n == 0 || (n > 1 && !table) || (n == 1 && !last))
        find_stray(work, found);
    else if (n == 1)
        find_plain(work, scope, last, found);
    else
        find_qualified(work, scope, schema, table, last, found);
}
