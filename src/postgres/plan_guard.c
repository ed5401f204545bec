/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a statement can tell that queries inside of it have more columns. Looked at is the whole
 * tree, name by name, wherever it stands: what might see one does, unless it is known not to. */
#include "postgres/plan_key.h"

struct guard {
    struct plan_work *work;
    struct injection *injection;
    bool is_seen; /* they can be seen */
};

/* ---- who reads ---- */

static bool
has_more(const struct injection *injection, const struct query *query)
{
    if (!query)
        return false;
    if (query->arms[0])
        return has_more(injection, query->arms[0]) || has_more(injection, query->arms[1]);
    for (const struct addition *a = injection->additions; a; a = a->next)
        if (a->count > 0 && a->list.targets == query->targets)
            return true;
    return false;
}

/* The next entry, from this one on, that has the rows of a query with more columns. */
static const struct reading *
next_reading(const struct guard *g, const struct reading *reader)
{
    while (reader && !has_more(g->injection, reader->entry->query))
        reader = reader->next;
    return reader;
}

static bool
is_named(const struct reading *reader, const char *name)
{
    return reader->entry->name && name && strcmp(reader->entry->name, name) == 0;
}

/* An alias that names more columns than there were must stay an error; within a join that has an
 * alias, its columns are counted on. */
static bool
can_read(const struct reading *reader)
{
    return !reader->entry->is_hidden && !reader->entry->join &&
           reader->entry->alias_count <= reader->entry->query->column_count;
}

/* ---- names of columns ---- */

static bool
has_column(const struct entry *entry, const char *name)
{
    for (const struct output *o = entry->columns.first; o; o = o->next)
        if (o->name && strcmp(o->name, name) == 0)
            return true;
    return false;
}

/* "s" is the whole row of s, "s.f" can be f(s). */
static bool
sees_row(const struct guard *g, const PgQuery__ColumnRef *reference)
{
    size_t n = reference->n_fields;
    const char *last = n > 0 ? sql_string(reference->fields[n - 1]) : NULL;
    const char *table = n > 1 ? sql_string(reference->fields[n - 2]) : NULL;

    for (const struct reading *r = next_reading(g, g->work->readings); r;
         r = next_reading(g, r->next))
        if ((n == 1 && is_named(r, last)) ||
            (n > 1 && is_named(r, table) && !has_column(r->entry, last)))
            return true;
    return false;
}

/* ---- stars ---- */

/* The list of targets of which the names are: of a UNION ALL the first one. */
static const struct query *
first_arm(const struct query *query)
{
    while (query->arms[0])
        query = query->arms[0];
    return query;
}

/* Whether the name of a column is in the text, and not a matter of the server's. */
static bool
is_told(const PgQuery__Node *target)
{
    const PgQuery__Node *value;

    if (target->node_case != PG_QUERY__NODE__NODE_RES_TARGET)
        return false;
    value = target->res_target->val;
    if (target->res_target->name[0])
        return true;
    return value && value->node_case == PG_QUERY__NODE__NODE_COLUMN_REF &&
           value->column_ref->n_fields > 0 &&
           sql_string(value->column_ref->fields[value->column_ref->n_fields - 1]);
}

static bool
is_told_entry(const struct entry *entry)
{
    const struct query *query = first_arm(entry->query);

    if (query->target_count != entry->columns.count || entry->columns.is_open)
        return false;
    for (size_t i = 0; i < query->target_count; i++)
        if (!is_told(query->targets[i]))
            return false;
    for (const struct output *o = entry->columns.first; o; o = o->next)
        for (const struct output *p = o->next; p; p = p->next)
            if (!o->name || !p->name || strcmp(o->name, p->name) == 0)
                return false;
    return entry->columns.count > 0;
}

/* "s"."a", "s"."b" */
static const char *
write_columns(struct plan_work *work, const struct reading *reader, size_t *last)
{
    const struct entry *entry = reader->entry;
    size_t size = 1;
    struct writer w;
    char *text;

    for (const struct output *o = entry->columns.first; o; o = o->next)
        size += 4 * CATALOG_NAME_SIZE + 8;
    text = arena_new(&work->memory, size + 1, 1);
    if (!text)
        return NULL;
    w = writer_of(text, size);
    for (const struct output *o = entry->columns.first; o; o = o->next) {
        const char *column = injection_column(work, reader->scope, entry, o->name);

        if (!column || strlen(entry->name) >= CATALOG_NAME_SIZE - 1)
            return NULL; /* a longer name is cut, with a notice each time */
        writer_bytes(&w, ", ", o == entry->columns.first ? 0 : 2);
        *last = writer_length(&w);
        writer_bytes(&w, column, strlen(column));
    }
    return writer_end(&w) < 0 ? NULL : text;
}

/* Columns that stand for the star. `reader` is the only entry that it speaks of. */
static bool
expand(struct guard *g, const struct star *star, const struct reading *reader)
{
    struct injection *injection = g->injection;
    struct expansion *expansion;

    for (const struct expansion *e = injection->expansions; e; e = e->next)
        if (e->star->reference == star->reference)
            return true;
    expansion = arena_new(&g->work->memory, 1, sizeof(*expansion));
    if (!expansion || !is_told_entry(reader->entry))
        return false;
    *expansion =
        (struct expansion){.next = injection->expansions, .star = star, .entry = reader->entry};
    expansion->columns = write_columns(g->work, reader, &expansion->last);
    injection->expansions = expansion;
    return expansion->columns != NULL;
}

static bool
is_within(const struct scope *scope, const struct scope *outer)
{
    while (scope && scope != outer)
        scope = scope->outer;
    return scope != NULL;
}

/* One place where a star was read, "*" or (`table`) "s.*"; s may stand further outside. */
static bool
is_star_seen(struct guard *g, const struct star *star, const char *table)
{
    for (const struct reading *r = next_reading(g, g->work->readings); r;
         r = next_reading(g, r->next)) {
        if (table ? !is_named(r, table) || !is_within(star->scope, r->scope)
                  : r->scope != star->scope)
            continue;
        if (r->scope != star->scope)
            return true;
        if (!table && (star->scope->entries != r->entry || r->entry->next))
            return true;
        if (!expand(g, star, r))
            return true;
    }
    return false;
}

static bool
sees_star(struct guard *g, const PgQuery__ColumnRef *reference)
{
    size_t n = reference->n_fields;
    const char *table = n > 1 ? sql_string(reference->fields[n - 2]) : NULL;
    bool is_known = false;

    for (const struct star *s = g->work->stars; s; s = s->next)
        if (s->reference == reference) {
            is_known = true;
            if (n > 2 || is_star_seen(g, s, table))
                return true;
        }
    if (is_known)
        return false;
    for (const struct reading *r = next_reading(g, g->work->readings); r;
         r = next_reading(g, r->next))
        if (!table || is_named(r, table))
            return true;
    return false;
}

/* ---- the tree ---- */

/* A name of WITH that stands where nobody was seen to read it. */
static bool
is_unread(const struct guard *g, const PgQuery__RangeVar *range)
{
    bool is_cte = false;

    for (const struct reading *r = g->work->readings; r; r = r->next) {
        if (r->entry->range == range)
            return false;
        is_cte |= r->entry->query && r->entry->query->cte &&
                  strcmp(r->entry->query->cte, range->relname) == 0 &&
                  has_more(g->injection, r->entry->query);
    }
    return is_cte;
}

static void
guard_tree(void *context, const ProtobufCMessage *message)
{
    const PgQuery__ColumnRef *reference = (const PgQuery__ColumnRef *)message;
    struct guard *g = context;

    if (g->is_seen)
        return;
    if (message->descriptor == &pg_query__join_expr__descriptor)
        g->is_seen = ((const PgQuery__JoinExpr *)message)->is_natural;
    else if (message->descriptor == &pg_query__range_var__descriptor)
        g->is_seen = is_unread(g, (const PgQuery__RangeVar *)message);
    else if (message->descriptor == &pg_query__column_ref__descriptor && reference->n_fields > 0)
        g->is_seen =
            reference->fields[reference->n_fields - 1]->node_case == PG_QUERY__NODE__NODE_A_STAR
                ? sees_star(g, reference)
                : sees_row(g, reference);
    if (!g->is_seen)
        sql_each_child(message, guard_tree, g);
}

bool
key_guard(struct plan_work *work, struct injection *injection)
{
    struct guard g = {.work = work, .injection = injection};

    for (const struct reading *r = next_reading(&g, work->readings); r;
         r = next_reading(&g, r->next))
        if (!can_read(r))
            return false;
    if (next_reading(&g, work->readings))
        guard_tree(&g, work->statement);
    return !g.is_seen && !work_is_exhausted(work);
}
