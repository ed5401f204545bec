/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_key.h"

#include "postgres/plan_pool.h"

enum { ARMS_MAX = 32 };

/* What is looked for, and where columns are added. */
struct search {
    struct plan_work *work;
    struct injection *injection;
    bool is_origin;
    bool is_united;  /* a UNION ALL lies between */
    bool is_inlined; /* a view does that is read through */
    uint64_t found;  /* the tables whose keys the column has that was found, by their bits there */
    const struct output *view;
};

static const char *scope_column(struct search *search, const struct scope *scope, uint64_t tables);

/* ---- columns that are handed on ---- */

static const struct relay *
find_relay(const struct search *search, const void *query, uint64_t tables)
{
    const struct relay *relay = search->injection->relays;

    while (relay && (relay->query != query || relay->tables != tables ||
                     relay->is_origin != search->is_origin))
        relay = relay->next;
    return relay;
}

static const struct relay *
add_relay(const struct search *search, const void *query, uint64_t tables, size_t number)
{
    static const struct addition within = {.is_result = false};
    struct relay *relay = arena_new(&search->work->memory, 1, sizeof(*relay));
    const char *name = injection_name(search->work, &within, number);

    if (!relay || !name)
        return NULL;
    *relay = (struct relay){.next = search->injection->relays,
                            .query = query,
                            .tables = tables,
                            .found = search->found,
                            .is_origin = search->is_origin,
                            .is_united = search->is_united,
                            .is_inlined = search->is_inlined,
                            .view = search->view,
                            .name = name};
    search->injection->relays = relay;
    return relay;
}

/* ---- UNION ALL ---- */

struct arms {
    const struct query *queries[ARMS_MAX];
    const char *expressions[ARMS_MAX];
    size_t count;
};

static bool
list_arms(const struct query *query, struct arms *arms)
{
    if (query->arms[0])
        return list_arms(query->arms[0], arms) && list_arms(query->arms[1], arms);
    if (arms->count == ARMS_MAX || !query->scope)
        return false;
    arms->queries[arms->count++] = query;
    return true;
}

/* The type that the column has in every arm, so that the server need not find one. */
static const char *
type_of(const struct search *search, const struct catalog_show *show)
{
    if (search->is_origin)
        return "oid";
    switch (show->key_type) {
    case CATALOG_KEY_INT2:
    case CATALOG_KEY_INT4:
    case CATALOG_KEY_INT8:
        return "int8";
    case CATALOG_KEY_NUMERIC:
        return "numeric";
    case CATALOG_KEY_UUID:
        return "uuid";
    case CATALOG_KEY_TEXT:
    case CATALOG_KEY_TUPLE:
        return "text";
    default:
        return NULL;
    }
}

static const char *
write_cast(struct plan_work *work, const char *expression, const char *type, bool is_array)
{
    size_t size = strlen(expression) + strlen(type) + 16;
    char *text = arena_new(&work->memory, size, 1);

    if (text)
        snprintf(text, size, "%s::pg_catalog.%s%s", expression, type, is_array ? "[]" : "");
    return text;
}

/* The array of keys of a pool, or (is_origin) of which table they are: both are of rows of which it
 * is known, and of that one table. */
static const char *
write_pool(struct search *search, const struct pool *pool)
{
    const struct inner *inner = &search->work->inner[__builtin_ctzll(pool->table)];
    struct group_rows rows = pool->rows;
    bool is_origin = search->is_origin, is_shown;
    const char *key, *origin;

    search->is_origin = search->is_inlined = false;
    search->found = 0;
    key = scope_column(search, pool->scope, pool->table);
    if (!key || search->found != pool->table || (search->is_inlined && !pool->may_inline))
        return NULL;
    is_shown = search->view || !strstr(key, HIDDEN_NAME);
    search->is_origin = true;
    origin = is_shown ? injection_meaning(search->work, search->view ? search->view->view->range
                                                                     : inner->entry->range)
                      : scope_column(search, pool->scope, pool->table);
    search->is_origin = is_origin;
    if (!origin || (!is_shown && rows.count == COUNT_OF(rows.values)))
        return NULL;
    if (!is_shown)
        rows.values[rows.count++] = origin;
    if (is_origin)
        return group_write_origin(search->work, &rows, origin, inner->entry->relation);
    if (pool->peak.value)
        return peak_write(search->work, &pool->peak, &rows, key,
                          search->is_united ? CATALOG_KEY_INT8 : inner->show->key_type);
    return group_write_keys(search->work, &rows, key);
}

/* How it is written in a query: of groups, the array. */
static const char *
column_within(struct search *search, const struct query *query, uint64_t tables)
{
    const struct inner *inner = &search->work->inner[__builtin_ctzll(tables)];

    if (inner->group && inner->group->targets == query->targets) {
        const char *keys = inner->pool         ? write_pool(search, inner->pool)
                           : search->is_origin ? inner->origin
                                               : inner->keys;

        search->found = tables;
        return keys;
    }
    return query->scope && !query->is_grouped ? scope_column(search, query->scope, tables) : NULL;
}

/* The same column in every arm; its place in each of them, or -1. A table is one arm's. */
static int
add_to_arms(struct search *search, const struct query *query, uint64_t tables, size_t *number)
{
    const struct inner *inner = &search->work->inner[__builtin_ctzll(tables)];
    const char *type = inner->show ? type_of(search, inner->show) : NULL;
    bool is_array = inner->group && !search->is_origin;
    struct arms arms = {.count = 0};
    uint64_t found = 0;
    int place = -1;

    if (!type || !list_arms(query, &arms))
        return -1;
    for (size_t i = 0; i < arms.count; i++) {
        const char *column;

        search->found = 0;
        column = column_within(search, arms.queries[i], tables);
        if (column && (search->found == 0 || found & search->found))
            return -1;
        found |= column ? search->found : 0;
        arms.expressions[i] = write_cast(search->work, column ? column : "NULL", type, is_array);
    }
    search->found = found;
    if (found == 0)
        return -1;
    *number = ++search->injection->numbers;
    for (size_t i = 0; i < arms.count; i++) {
        struct addition *list =
            injection_list(search->work, search->injection, arms.queries[i]->targets,
                           arms.queries[i]->target_count);
        int at = list ? injection_put(list, arms.expressions[i], *number) : -1;

        if (at < 0 || (i > 0 && at != place))
            return -1;
        place = at;
    }
    search->is_united = true;
    return place;
}

/* ---- from one query to the next ---- */

/* A column that the query has anyway, as the reader calls it. */
static const struct output *
visible_column(const struct search *search, const struct entry *entry, uint64_t tables)
{
    const struct output *found = NULL;

    if (search->is_origin)
        return NULL;
    for (const struct output *o = entry->columns.first; o && !found; o = o->next)
        if ((o->keys & tables) == tables && o->name)
            found = o;
    for (const struct output *o = entry->columns.first; o && found; o = o->next)
        if (o != found && o->name && strcmp(o->name, found->name) == 0)
            return NULL;
    return found && !entry->columns.is_open ? found : NULL;
}

/* The tables' bits within the query that the entry reads; 0: they are none of it. */
static uint64_t
inside(const struct entry *entry, uint64_t tables)
{
    uint64_t own = 0;

    if (!entry->renewed)
        return tables;
    for (size_t i = 0; i < PLAN_TABLES_MAX; i++)
        if (entry->renewed[i] && tables >> (entry->renewed[i] - 1) & 1)
            own |= UINT64_C(1) << i;
    return own;
}

/* And the other way round. */
static uint64_t
outside(const struct entry *entry, uint64_t own)
{
    uint64_t tables = 0;

    if (!entry->renewed)
        return own;
    for (size_t i = 0; i < PLAN_TABLES_MAX; i++)
        if (entry->renewed[i] && own >> i & 1)
            tables |= UINT64_C(1) << (entry->renewed[i] - 1);
    return tables;
}

/* A definition is parsed once: where a view is read by the statement, and by another view that is,
 * what is added for one would be the other's, too. */
static bool
is_read_apart(const struct search *search, const struct query *query)
{
    for (const struct reading *r = search->work->readings; r && work_spend(search->work, 1);
         r = r->next) {
        const struct query *other = r->entry->query;

        if (other && other->targets == query->targets && other->is_outermost != query->is_outermost)
            return false;
    }
    return true;
}

/* The same column of both arms that stand for a view: its definition has it, the view none. */
static bool
put_in_definition(struct search *search, const struct query *query, struct addition *list,
                  const char *expression, uint64_t tables, size_t number)
{
    const struct inner *inner = &search->work->inner[__builtin_ctzll(tables)];
    const char *type = inner->show ? type_of(search, inner->show) : NULL;
    int at;

    if (!is_read_apart(search, query))
        return false;
    list->is_defined = true;
    if (!query->is_outermost)
        return injection_put(list, expression, number) >= 0;
    at = type ? injection_put(list, write_cast(search->work, expression, type, false), number) : -1;
    if (at < 0)
        return false;
    list->hidden[at].type = type;
    search->is_united = search->is_inlined = true;
    return true;
}

/* Whether its key has several columns, which are handed on as one. */
static bool
is_tuple(const struct plan_work *work, uint64_t tables)
{
    const struct catalog_show *show = work->inner[__builtin_ctzll(tables)].show;

    return show && show->key_part_count > 0;
}

/* The name of the column in which a query hands it on; NULL: it does not. */
static const char *
query_column(struct search *search, const struct query *query, uint64_t tables)
{
    const void *identity = query->arms[0] ? (const void *)query->select : query->targets;
    const struct relay *relay = find_relay(search, identity, tables);
    struct addition *list;
    const char *expression;
    size_t number;

    if (relay) {
        search->is_united |= relay->is_united;
        search->is_inlined |= relay->is_inlined;
        search->found = relay->found;
        search->view = relay->view ? relay->view : search->view;
        return relay->name;
    }
    if (query->arms[0]) {
        if (add_to_arms(search, query, tables, &number) < 0)
            return NULL;
    } else {
        expression = column_within(search, query, tables);
        list = expression ? injection_list(search->work, search->injection, query->targets,
                                           query->target_count)
                          : NULL;
        number = search->injection->numbers + 1;
        if (!list || list->is_result || (query->view && is_tuple(search->work, tables)))
            return NULL;
        if (query->view ? !put_in_definition(search, query, list, expression, tables, number)
                        : injection_put(list, expression, number) < 0)
            return NULL;
        list->select = query->select;
        search->injection->numbers = number;
    }
    relay = add_relay(search, identity, tables, number);
    return relay ? relay->name : NULL;
}

static const char *
entry_column(struct search *search, const struct scope *scope, const struct entry *entry,
             uint64_t tables)
{
    uint64_t own = entry->query ? inside(entry, tables) : 0;
    const struct output *visible = own ? visible_column(search, entry, outside(entry, own)) : NULL;
    const char *name = visible ? visible->name : NULL;

    if (own == 0)
        return NULL;
    if (visible && visible->view && !entry->query->view)
        search->view = visible;
    search->found = 0;
    if (!name && injection_column(search->work, scope, entry, HIDDEN_NAME))
        name = query_column(search, entry->query, own);
    search->found = visible ? outside(entry, own) : outside(entry, search->found);
    /* The server reads it as one thing: whatever it is joined with has its rows one by one. */
    if (search->is_inlined && (scope->entries != entry || entry->next))
        return NULL;
    return name ? injection_column(search->work, scope, entry, name) : NULL;
}

/* A column that a view has, and the role may read. */
static const char *
view_column(struct search *search, const struct scope *scope, const struct entry *entry,
            uint64_t tables)
{
    struct plan_work *work = search->work;
    bool is_origin = search->is_origin;
    const struct output *visible;

    search->is_origin = false;
    visible = visible_column(search, entry, tables);
    search->is_origin = is_origin;
    if (!visible || !visible->view || visible->view != entry || !entry->is_only ||
        !injection_column(work, scope, entry, visible->name) ||
        !catalog_role_may_read_all(work->catalog, work->environment->role, entry->relation->oid, 1))
        return NULL;
    search->found = tables;
    search->view = visible;
    return is_origin ? injection_meaning(work, entry->range)
                     : injection_column(work, scope, entry, visible->name);
}

/* How it is written where the names of that scope are known; NULL: it is not known there. */
static const char *
scope_column(struct search *search, const struct scope *scope, uint64_t tables)
{
    const struct catalog_show *show = search->work->inner[__builtin_ctzll(tables)].show;

    for (const struct entry *e = scope->entries; e && work_spend(search->work, 1); e = e->next) {
        const char *column = NULL;

        if (e->relation && e->tables & tables) {
            search->found = e->tables & tables;
            return show ? injection_of_key(search->work, scope, e, show, search->is_origin) : NULL;
        }
        if (e->query)
            column = entry_column(search, scope, e, tables);
        else if (e->relation)
            column = view_column(search, scope, e, tables);
        if (column)
            return column;
    }
    return NULL;
}

/* ---- the result ---- */

static int
take(struct search *search, const struct query *query, uint64_t tables)
{
    const char *column;
    size_t number;
    int at;

    search->found = 0;
    if (query->arms[0]) {
        at = add_to_arms(search, query, tables, &number);
        return search->found == tables ? at : -1;
    }
    column = query->scope ? scope_column(search, query->scope, tables) : NULL;
    return search->found == tables
               ? injection_add_expression(search->injection, search->injection->result, column)
               : -1;
}

/* Whether an ORDER BY between the whole and its arms counts columns, too. */
static bool
is_sorted_within(const struct query *query, bool is_whole)
{
    if (!query->arms[0])
        return false;
    return (!is_whole && query->select->n_sort_clause > 0) ||
           is_sorted_within(query->arms[0], false) || is_sorted_within(query->arms[1], false);
}

/* All arms of the result have theirs before their own columns. */
static bool
begin_arms(struct plan_work *work, struct injection *injection, const struct query *query)
{
    struct arms arms = {.count = 0};

    if (!query->arms[0])
        return true;
    if (!list_arms(query, &arms) || is_sorted_within(query, true))
        return false;
    for (size_t i = 0; i < arms.count; i++) {
        struct addition *list = injection_list(work, injection, arms.queries[i]->targets,
                                               arms.queries[i]->target_count);

        if (!list)
            return false;
        list->is_result = true;
        list->select = arms.queries[i]->select;
    }
    return true;
}

bool
key_take(struct plan_work *work, struct injection *injection, const struct query *query,
         uint64_t tables, struct taken_key *taken)
{
    const struct inner *inner = &work->inner[__builtin_ctzll(tables)];
    struct search search = {.work = work, .injection = injection};

    *taken = (struct taken_key){.key = -1, .origin = -1};
    if ((is_tuple(work, tables) && work->environment->asks_keys) ||
        !begin_arms(work, injection, query))
        return false;
    taken->key = take(&search, query, tables);
    taken->view = search.view;
    taken->is_united = search.is_united;
    if (search.view && (tables & (tables - 1)) != 0) /* of what each row is it does not say */
        return false;
    if (taken->key < 0 || !(search.is_united || inner->group || work->environment->asks_keys ||
                            is_tuple(work, tables)))
        return taken->key >= 0;
    search.is_origin = true;
    search.is_inlined = false;
    taken->origin = take(&search, query, tables);
    return taken->origin >= 0 || (inner->group && inner->entry->is_certain && !search.is_united);
}

bool
key_take_pool(struct plan_work *work, struct injection *injection, const struct pool *pool,
              struct taken_key *taken)
{
    struct search search = {.work = work, .injection = injection};

    *taken = (struct taken_key){.key = -1, .origin = -1};
    taken->key = injection_add_expression(injection, injection->result, write_pool(&search, pool));
    search.is_origin = true;
    if (taken->key >= 0)
        taken->origin =
            injection_add_expression(injection, injection->result, write_pool(&search, pool));
    taken->is_united = search.is_united;
    taken->view = search.view;
    return taken->origin >= 0;
}
