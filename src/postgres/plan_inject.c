/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_inject.h"

#include "postgres/plan_copy_list.h"
#include "postgres/plan_distinct.h"
#include "postgres/plan_inline.h"

enum {
    NAME_ROOM = 2 * CATALOG_NAME_SIZE + 2,
    INJECTIONS_MAX = 64, /* statements of one text */
};

/* ---- what can be had ---- */

struct addition *
injection_list(struct plan_work *work, struct injection *injection, PgQuery__Node *const *targets,
               size_t count)
{
    struct addition *addition = injection->additions;

    while (addition && addition->list.targets != targets)
        addition = addition->next;
    if (addition)
        return addition;
    addition = arena_new(&work->memory, 1, sizeof(*addition));
    if (!addition)
        return NULL;
    *addition = (struct addition){.next = injection->additions, .list = {targets, count}};
    injection->additions = addition;
    return addition;
}

/* The names of hidden columns must be nobody else's (and injections_apply looks at the tree). */
static bool
may_begin(struct plan_work *work)
{
    const struct plan_environment *environment = work->environment;

    work->why = WHY_SELECT;
    if (!environment->may_inject)
        work->why = WHY_OFF;
    else if (environment->role[0] == '\0' || !work->catalog)
        work->why = WHY_NO_ROLE;
    else if (work->injection_count >= INJECTIONS_MAX)
        work->why = WHY_ROOM;
    return work->environment->may_inject && work->environment->role[0] != '\0' && work->catalog &&
           work->injection_count < INJECTIONS_MAX && !strstr(work->text, HIDDEN_NAME);
}

struct injection *
injection_begin(struct plan_work *work, const PgQuery__SelectStmt *select, bool regroups)
{
    const PgQuery__SelectStmt *first = select;
    struct injection *injection;

    while (first->larg)
        first = first->larg;
    if (!may_begin(work) || first->n_target_list == 0 ||
        (select->n_distinct_clause > 0 && !regroups && !distinct_is_on(select)) ||
        select->into_clause)
        return NULL;
    for (size_t i = 0; i < select->n_locking_clause; i++)
        if (select->locking_clause[i]->node_case != PG_QUERY__NODE__NODE_LOCKING_CLAUSE ||
            select->locking_clause[i]->locking_clause->n_locked_rels > 0)
            return NULL;
    injection = injection_begin_change(work, first->target_list, first->n_target_list);
    if (!injection)
        return NULL;
    injection->result->select = first;
    injection->united = first == select ? NULL : select;
    return injection;
}

struct injection *
injection_begin_change(struct plan_work *work, PgQuery__Node *const *returning, size_t count)
{
    struct injection *injection;

    if (!may_begin(work) || count == 0)
        return NULL;
    injection = arena_new(&work->memory, 1, sizeof(*injection));
    if (!injection)
        return NULL;
    injection->result = injection_list(work, injection, returning, count);
    if (!injection->result)
        return NULL;
    injection->result->is_result = true;
    return injection;
}

struct injection *
injection_begin_copy(struct plan_work *work, const PgQuery__CopyStmt *copy)
{
    struct injection *injection = injection_begin_change(work, copy->attlist, copy->n_attlist);

    if (injection)
        injection->copy = copy;
    return injection;
}

bool
injection_remember(struct plan_work *work, const struct injection *injection,
                   struct injection_mark *mark)
{
    struct addition *copy;
    size_t count = 0;

    for (const struct addition *a = injection->additions; a; a = a->next)
        count++;
    copy = arena_new(&work->memory, count + 1, sizeof(*copy));
    *mark = (struct injection_mark){*injection, copy};
    for (const struct addition *a = injection->additions; copy && a; a = a->next)
        *copy++ = *a;
    return mark->additions != NULL;
}

void
injection_go_back(struct injection *injection, const struct injection_mark *mark)
{
    const struct addition *copy = mark->additions;

    *injection = mark->injection;
    for (struct addition *a = injection->additions; a; a = a->next)
        *a = *copy++;
}

/* The name that a column has in the query: an alias can have renamed it. NULL where another one has
 * the same, or the statement itself writes another key there. */
static const char *
column_name(const struct entry *entry, int16_t attribute)
{
    const char *name = NULL;
    size_t count = 0;

    for (const struct output *o = entry->columns.first; o && !name; o = o->next)
        if (o->entry == entry && o->attribute == attribute && !o->is_written)
            name = o->name;
    for (const struct output *o = entry->columns.first; o && name; o = o->next)
        count += o->name && strcmp(o->name, name) == 0;
    return count == 1 ? name : NULL;
}

/* Whether `entry.column` can mean only that one. */
static bool
is_only_name(const struct scope *scope, const struct entry *entry)
{
    for (const struct entry *e = scope->entries; e; e = e->next)
        if (e != entry && e->name && strcmp(e->name, entry->name) == 0)
            return false;
    return true;
}

static bool
can_be_named(const struct scope *scope, const struct entry *entry)
{
    return entry->name && !entry->is_hidden && !entry->is_qualified_only &&
           strlen(entry->name) > 0 && strlen(entry->name) < CATALOG_NAME_SIZE &&
           is_only_name(scope, entry);
}

/* The snapshot's names are in UTF-8, the text in whatever the client speaks. */
static bool
is_ascii(const char *name)
{
    while (*name && !(*name & 0x80))
        name++;
    return *name == '\0';
}

/* A name in double quotes. */
static void
write_name(struct writer *w, const char *name)
{
    writer_u8(w, '"');
    for (; *name; name++) {
        if (*name == '"')
            writer_u8(w, '"');
        writer_u8(w, (uint8_t)*name);
    }
    writer_u8(w, '"');
}

/* "c"."id" */
static const char *
write_column(struct plan_work *work, const char *table, const char *column)
{
    char text[2 * NAME_ROOM + 1];
    struct writer w = writer_of(text, sizeof(text));

    if (table) {
        write_name(&w, table);
        writer_u8(&w, '.');
    }
    write_name(&w, column);
    return writer_end(&w) < 0 ? NULL : arena_text(&work->memory, text, writer_length(&w));
}

const char *
injection_column(struct plan_work *work, const struct scope *scope, const struct entry *entry,
                 const char *column)
{
    return can_be_named(scope, entry)
               ? injection_named(work, scope->is_copied ? NULL : entry->name, column)
               : NULL;
}

const char *
injection_named(struct plan_work *work, const char *table, const char *column)
{
    if (!column || strlen(column) >= CATALOG_NAME_SIZE || !is_ascii(column) ||
        (table && strlen(table) >= CATALOG_NAME_SIZE))
        return NULL;
    return write_column(work, table, column);
}

/* Of a system column: no other one may have the name. */
static bool
has_column(const struct entry *entry, const char *name)
{
    for (const struct output *o = entry->columns.first; o; o = o->next)
        if (o->name && strcmp(o->name, name) == 0)
            return true;
    return entry->columns.is_open;
}

/* COPY takes no columns that are computed. */
static bool
is_computed(const struct catalog_relation *relation, int16_t attribute)
{
    for (size_t i = 0; i < relation->column_count; i++)
        if (relation->columns[i].number == attribute)
            return relation->columns[i].is_computed;
    return true;
}

const char *
injection_of_table(struct plan_work *work, const struct scope *scope, const struct entry *entry,
                   int16_t attribute, bool is_origin)
{
    const char *role = work->environment->role;
    const char *name = column_name(entry, attribute);
    const struct catalog *catalog = work->catalog;
    uint32_t relation = entry->relation->oid;

    work->why = WHY_UNNAMED;
    name = entry->is_only && name && is_origin ? "tableoid" : name;
    if (!entry->is_only || !name || (is_origin && has_column(entry, name)) ||
        (scope->is_copied && (is_origin || is_computed(entry->relation, attribute))))
        return NULL;
    work->why = WHY_MAY_NOT_READ;
    if (is_origin ? !catalog_role_may_read_all(catalog, role, relation, attribute)
                  : !catalog_role_may_read(catalog, role, relation, attribute))
        return NULL;
    work->why = WHY_UNNAMED;
    return injection_column(work, scope, entry, name);
}

/* Of those without a modifier, which would have to be the same, too. */
static const char *
type_of(const struct catalog_relation *relation, int16_t attribute)
{
    static const struct {
        uint32_t type;
        const char *name;
    } types[] = {{20, "int8"}, {21, "int2"}, {23, "int4"}, {25, "text"}, {2950, "uuid"}};

    for (size_t i = 0; relation && i < relation->column_count; i++)
        for (size_t t = 0; relation->columns[i].number == attribute && t < COUNT_OF(types); t++)
            if (types[t].type == relation->columns[i].type)
                return types[t].name;
    return NULL;
}

/* (SELECT (SELECT "id" FROM (SELECT "c".*) …) FROM (SELECT NULL AS "id") …): the table's own
 * column, or where it has none, the null around it. */
const char *
injection_guarded(struct plan_work *work, const struct scope *scope, const struct entry *entry,
                  int16_t attribute)
{
    const char *name = column_name(entry, attribute), *type = type_of(entry->relation, attribute);
    char text[3 * NAME_ROOM + 128 + 2 * CATALOG_NAME_SIZE], column[NAME_ROOM], table[NAME_ROOM];
    struct writer w = writer_of(column, sizeof(column));
    int length;

    work->why = WHY_UNNAMED;
    if (scope->is_copied || !entry->is_guarded || !name || !type || !is_ascii(name) ||
        strlen(name) >= CATALOG_NAME_SIZE || entry->alias_count > 0 || !can_be_named(scope, entry))
        return NULL;
    work->why = WHY_MAY_NOT_READ;
    if (!catalog_role_may_read_all(work->catalog, work->environment->role, entry->relation->oid,
                                   attribute))
        return NULL;
    write_name(&w, name);
    writer_u8(&w, '\0');
    if (writer_end(&w) < 0)
        return NULL;
    w = writer_of(table, sizeof(table));
    write_name(&w, entry->name);
    writer_u8(&w, '\0');
    if (writer_end(&w) < 0)
        return NULL;
    length = snprintf(text, sizeof(text),
                      "(SELECT (SELECT %s FROM (SELECT %s.*) " HIDDEN_NAME
                      "own) FROM (SELECT NULL::pg_catalog.%s AS %s) " HIDDEN_NAME "none)",
                      column, table, type, column);
    return length > 0 && (size_t)length < sizeof(text)
               ? arena_text(&work->memory, text, (size_t)length)
               : NULL;
}

/* ARRAY["p"."name"::pg_catalog.text, …]::pg_catalog.text: it calls nothing that somebody could have
 * forbidden the role. A numeric is left out: it has several texts of one value. */
static const char *
write_tuple(struct plan_work *work, const struct scope *scope, const struct entry *entry,
            const struct catalog_show *show)
{
    static const char cast[] = "::pg_catalog.text";
    char text[CATALOG_KEY_PARTS_MAX * (2 * NAME_ROOM + sizeof(cast) + 2) + sizeof(cast) + 8];
    struct writer w = writer_of(text, sizeof(text));

    writer_bytes(&w, "ARRAY[", 6);
    for (size_t i = 0; i < show->key_part_count; i++) {
        const char *column = injection_of_table(work, scope, entry, show->key_parts[i], false);

        if (!column || show->key_part_types[i] == CATALOG_KEY_NUMERIC)
            return NULL;
        writer_bytes(&w, ", ", i > 0 ? 2 : 0);
        writer_bytes(&w, column, strlen(column));
        writer_bytes(&w, cast, sizeof(cast) - 1);
    }
    writer_u8(&w, ']');
    writer_bytes(&w, cast, sizeof(cast) - 1);
    return writer_end(&w) < 0 ? NULL : arena_text(&work->memory, text, writer_length(&w));
}

const char *
injection_of_key(struct plan_work *work, const struct scope *scope, const struct entry *entry,
                 const struct catalog_show *show, bool is_origin)
{
    if (show->key_part_count == 0 || is_origin || scope->is_copied)
        return injection_of_table(work, scope, entry, catalog_show_column(show), is_origin);
    return show->key_type == CATALOG_KEY_TUPLE ? write_tuple(work, scope, entry, show) : NULL;
}

const char *
injection_meaning(struct plan_work *work, const PgQuery__RangeVar *range)
{
    const char *names[2] = {range->schemaname, range->relname};
    char text[2 * NAME_ROOM + 64];
    struct writer w = writer_of(text, sizeof(text));

    writer_u8(&w, '\'');
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (!names[i] || !names[i][0])
            continue;
        if (strspn(names[i], "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(names[i]))
            return NULL;
        writer_bytes(&w, names[i], strlen(names[i]));
        writer_bytes(&w, ".", i == 0);
    }
    writer_bytes(&w, "'::pg_catalog.regclass::pg_catalog.oid", 38);
    return writer_end(&w) < 0 ? NULL : arena_text(&work->memory, text, writer_length(&w));
}

int
injection_put(struct addition *addition, const char *expression, size_t number)
{
    if (!expression || addition->count == PLAN_HIDDEN_MAX)
        return -1;
    addition->hidden[addition->count] = (struct hidden){.expression = expression, .number = number};
    return (int)addition->count++;
}

int
injection_add_expression(struct injection *injection, struct addition *addition,
                         const char *expression)
{
    if (!expression)
        return -1;
    for (size_t i = 0; i < addition->count; i++)
        if (strcmp(addition->hidden[i].expression, expression) == 0)
            return (int)i;
    return injection_put(addition, expression, ++injection->numbers);
}

int
injection_add(struct plan_work *work, struct injection *injection, const struct scope *scope,
              const struct entry *entry, int16_t attribute)
{
    if (!injection)
        return -1;
    return injection_add_expression(injection, injection->result,
                                    injection_of_table(work, scope, entry, attribute, false));
}

const char *
injection_name(struct plan_work *work, const struct addition *addition, size_t number)
{
    char name[CATALOG_NAME_SIZE];
    int length = snprintf(name, sizeof(name),
                          addition->is_result ? HIDDEN_NAME "%zu" : HIDDEN_NAME_WITHIN, number);

    return length > 0 && (size_t)length < sizeof(name)
               ? arena_text(&work->memory, name, (size_t)length)
               : NULL;
}

void
injections_append(struct plan_work *work, struct injections *injections,
                  struct injection *injection)
{
    work->injection_count++;
    if (injections->last)
        injections->last->next = injection;
    else
        injections->first = injection;
    injections->last = injection;
}

/* ---- the new text ---- */

/* "c"."id" AS "pasu_key_1", … */
const char *
injection_write(struct plan_work *work, const struct addition *addition)
{
    size_t size = 0;
    struct writer w;
    char *text;

    for (size_t i = 0; i < addition->count; i++)
        size += strlen(addition->hidden[i].expression) + CATALOG_NAME_SIZE + 8;
    text = arena_new(&work->memory, size + 1, 1);
    if (!text)
        return NULL;
    w = writer_of(text, size);
    for (size_t i = 0; i < addition->count; i++) {
        const struct hidden *hidden = &addition->hidden[i];
        const char *name = injection_name(work, addition, hidden->number);

        if (!name)
            return NULL;
        writer_bytes(&w, ", ", i > 0 ? 2 : 0);
        writer_bytes(&w, hidden->expression, strlen(hidden->expression));
        writer_bytes(&w, " AS ", 4);
        write_name(&w, name);
    }
    return writer_end(&w) < 0 ? NULL : text;
}

/* DISTINCT becomes a GROUP BY; of DISTINCT ON the numbers are shifted, as those of an order. */
static bool
apply_distinct(struct plan_work *work, const struct injection *injection,
               const struct addition *addition, size_t added, struct rewrite *rewrite)
{
    const PgQuery__SelectStmt *select = addition->select;

    if (!select || select->n_distinct_clause == 0)
        return true;
    if (!distinct_is_on(select))
        return rewrite_regroup(work, rewrite, &addition->list, added);
    return added == 0 ||
           rewrite_ordinals(work, rewrite, select->distinct_clause, select->n_distinct_clause,
                            injection->column_count, added);
}

static bool
apply_addition(struct plan_work *work, const struct injection *injection,
               const struct addition *addition, struct rewrite *rewrite)
{
    const char *columns;

    if (addition->count == 0 || addition->is_defined)
        return true;
    columns = injection_write(work, addition);
    if (!columns)
        return false;
    if (!addition->is_result)
        return rewrite_add_last(work, rewrite, &addition->list, columns) &&
               apply_distinct(work, injection, addition, 0, rewrite);
    return rewrite_add_first(work, rewrite, &addition->list, columns) &&
           apply_distinct(work, injection, addition, addition->count, rewrite) &&
           (!addition->select || (rewrite_ordinals(work, rewrite, addition->select->sort_clause,
                                                   addition->select->n_sort_clause,
                                                   injection->column_count, addition->count) &&
                                  rewrite_ordinals(work, rewrite, addition->select->group_clause,
                                                   addition->select->n_group_clause,
                                                   injection->column_count, addition->count)));
}

/* ORDER BY of a whole UNION ALL. */
static bool
apply_union(struct plan_work *work, const struct injection *injection, struct rewrite *rewrite)
{
    const PgQuery__SelectStmt *select = injection->united;

    return !select || rewrite_ordinals(work, rewrite, select->sort_clause, select->n_sort_clause,
                                       injection->column_count, injection->result->count);
}

bool
injections_apply(struct plan_work *work, const struct injections *injections,
                 const PgQuery__ParseResult *tree, struct plan *plan)
{
    static const char *const parts[] = {HIDDEN_NAME, "pasuhidden", "pasugateway", "pasucolumn"};
    struct rewrite rewrite = {0};

    /* A name that is written with escapes is not in the text. */
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (strcasestr(work->text, parts[i]))
            return false;
    if (strcasestr(work->text, "u&") && sql_has_string(&tree->base, parts, COUNT_OF(parts)))
        return false;
    for (const struct injection *i = injections->first; i; i = i->next) {
        if (i->copy) {
            if (!copy_list_apply(work, i, tree, &rewrite))
                return false;
            continue;
        }
        for (const struct addition *a = i->additions; a; a = a->next)
            if (!apply_addition(work, i, a, &rewrite))
                return false;
        if (!apply_union(work, i, &rewrite) || !inline_apply(work, i, &rewrite))
            return false;
        for (const struct expansion *e = i->expansions; e; e = e->next)
            if (!rewrite_star(work, &rewrite,
                              &(struct target_list){e->star->targets, e->star->count},
                              e->star->item, e->columns, e->last))
                return false;
    }
    return rewrite_apply(work, &rewrite, plan);
}
