/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_month.h"

#include "base/memory.h"
#include "breach/chunk_bytes.h"
#include "breach/day.h"

/* Whom one principal showed, or missed. */
struct list {
    uint32_t principal;
    struct marked persons;
    size_t at; /* what is before it is written */
};

/* Of a class and part, shown or missed: by principal. */
struct lists {
    struct list *items;
    size_t count, space;
};

struct month {
    struct index *index;
    const struct interner *classes;
    uint32_t number;
    struct unit all;
    struct lists **lists; /* by class; NULL, or of each part: shown, missed */
    struct marked sorted;
    struct attendance there, made, both;
    struct pool pool; /* of the old value */
    struct pool_scratch scratch;
    struct unit_scratch unit_scratch;
    struct chunk_made chunk;
    struct pack body;
};

static void
release_lists(struct lists *lists, size_t count)
{
    for (size_t l = 0; lists != NULL && l < count; l++) {
        for (size_t i = 0; i < lists[l].count; i++)
            marked_release(&lists[l].items[i].persons);
        memory_free(lists[l].items);
    }
    memory_free(lists);
}

static size_t
lists_of(const struct month *m, uint32_t class)
{
    return 2 * (size_t)index_class_of(m->classes, class)->head.part_count;
}

static void
release(struct month *m)
{
    for (uint32_t c = 1; m->lists != NULL && c <= m->classes->count; c++)
        release_lists(m->lists[c], lists_of(m, c));
    memory_free(m->lists);
    unit_release(&m->all);
    marked_release(&m->sorted);
    attendance_release(&m->there);
    attendance_release(&m->made);
    attendance_release(&m->both);
    pool_release(&m->pool);
    pool_scratch_release(&m->scratch);
    unit_scratch_release(&m->unit_scratch);
    chunk_release(&m->chunk);
    pack_release(&m->body);
}

/* ---- gathering units ---- */

static struct list *
list_at(struct lists *lists, uint32_t principal)
{
    if (lists->count > 0 && lists->items[lists->count - 1].principal == principal)
        return &lists->items[lists->count - 1];
    if (lists->count == lists->space) {
        size_t space = lists->space * 2 + 4;
        struct list *items = memory_resize(lists->items, space, sizeof(*items));

        if (items == NULL)
            return NULL;
        lists->items = items;
        lists->space = space;
    }
    lists->items[lists->count] = (struct list){.principal = principal};
    return &lists->items[lists->count++];
}

/* Moves them; they get the day. */
static int
gather_set(struct lists *lists, uint32_t principal, unsigned day, struct marked *set)
{
    struct list *list;
    int result;

    if (set->count == 0)
        return 0;
    list = list_at(lists, principal);
    if (list == NULL)
        return PASU_E_NOMEM;
    result = marked_append(&list->persons, set, attendance_mark(day, 0));
    if (result == 0)
        marked_release(set);
    return result;
}

static int
gather_class(struct month *m, const struct unit *unit, struct unit_class *class, unsigned day)
{
    struct lists **lists = &m->lists[class->class];
    int result = 0;

    if (*lists == NULL) {
        *lists = memory_new(lists_of(m, class->class) + 1, sizeof(**lists));
        if (*lists == NULL)
            return PASU_E_NOMEM;
    }
    for (size_t p = 0; result == 0 && p < class->part_count; p++) {
        result = gather_set(&(*lists)[2 * p], unit->principal, day, &class->parts[p].shown);
        if (result == 0)
            result =
                gather_set(&(*lists)[2 * p + 1], unit->principal, day, &class->parts[p].missed);
    }
    return result;
}

static int
add_to_all(struct month *m, const struct unit *unit)
{
    int result = unit_add_sums(&m->all, unit);

    for (size_t c = 0; result == 0 && c < unit->count; c++) {
        const struct unit_class *class = &unit->classes[c];
        struct unit_class *to = unit_class_at(&m->all, class->class, class->part_count);

        result = to == NULL ? PASU_E_NOMEM : 0;
        if (result == 0 && unit->principal != 0)
            result = ordinals_add(&to->principals, &unit->principal, 1);
    }
    return result;
}

static int
gather_unit(struct month *m, struct unit *unit, struct diary *diary)
{
    unsigned day = (unsigned)(index_day_of(unit->when) - month_begin(m->number));
    int result = diary_add(diary, day, unit);

    if (result == 0)
        result = add_to_all(m, unit);
    for (size_t c = 0; result == 0 && c < unit->count; c++)
        result = gather_class(m, unit, &unit->classes[c], day);
    return result;
}

static int
write_diary(struct month *m, uint32_t principal, struct diary *diary)
{
    struct index_key key = index_key_unit(m->number, principal);
    int32_t first = month_begin(m->number);
    struct view old;
    int result = index_get(m->index, INDEX_MONTHS, index_key_view(&key), &old);

    m->body.used = 0;
    if (result == 0)
        result = diary_read(diary, old, m->classes, first);
    if (result == 0 || result == PASU_E_NOTFOUND)
        result = diary_write(diary, &m->body, first);
    if (result == 0)
        result = index_put(m->index, INDEX_MONTHS, index_key_view(&key), pack_view(&m->body));
    return result;
}

/* The principal's from there on; how many these are. */
static size_t
gather_principal(struct month *m, struct unit *units, size_t count, int *result)
{
    struct diary *diary = memory_new(1, sizeof(*diary));
    size_t u = 0;

    *result = diary == NULL ? PASU_E_NOMEM : 0;
    for (; *result == 0 && u < count && units[u].principal == units[0].principal; u++)
        *result = gather_unit(m, &units[u], diary);
    if (*result == 0)
        *result = write_diary(m, units[0].principal, diary);
    if (diary != NULL)
        diary_release(diary);
    memory_free(diary);
    return u;
}

/* ---- writing ---- */

static int
write_all(struct month *m)
{
    struct index_key key = index_key_unit(m->number, INDEX_EVERYBODY);
    struct unit_view view;
    struct unit_walk walk;
    struct view old;
    int result = index_get(m->index, INDEX_MONTHS, index_key_view(&key), &old);

    if (result == 0) {
        unit_walk_begin(&walk, old, m->classes);
        while ((result = unit_walk_next(&walk, &view)) == 1)
            if ((result = unit_add_view(&m->all, &view)) != 0)
                break;
    }
    m->body.used = 0;
    if (result == 0 || result == PASU_E_NOTFOUND)
        result = unit_write(&m->all, &m->body, &m->unit_scratch);
    if (result == 0)
        result = index_put(m->index, INDEX_MONTHS, index_key_view(&key), pack_view(&m->body));
    return result;
}

static uint32_t
chunk_of(const struct list *list, size_t at)
{
    return marked_ordinal(list->persons.items[at]) >> INDEX_CHUNK_BITS;
}

/* The lowest chunk that is not written yet; false where all are. */
static bool
next_chunk(const struct lists *lists, uint32_t *chunk)
{
    bool is_there = false;

    for (size_t i = 0; i < lists->count; i++) {
        const struct list *list = &lists->items[i];

        if (list->at == list->persons.count)
            continue;
        if (!is_there || chunk_of(list, list->at) < *chunk)
            *chunk = chunk_of(list, list->at);
        is_there = true;
    }
    return is_there;
}

/* What the list has in the chunk. */
static int
take_list(struct month *m, struct list *list, uint32_t chunk)
{
    size_t from = list->at;

    while (list->at < list->persons.count && chunk_of(list, list->at) == chunk)
        list->at++;
    return attendance_add(&m->made, list->persons.items + from, list->at - from,
                          chunk << INDEX_CHUNK_BITS);
}

/* The old value and the new lists, of which the next principal is taken each time. */
struct merging {
    struct lists *lists;
    uint32_t chunk;
    size_t list; /* the next one */
    struct chunk_walk walk;
    struct view own; /* of the walk's principal */
    int next;        /* 1: the walk is at one */
    size_t member;   /* of the pool, the next one */
    struct pool_place place;
};

static int
begin_merging(struct month *m, struct merging *g, struct index_key key)
{
    struct chunk_walk walk;
    struct pool_view pool;
    struct view value, own;
    int next, result = index_get(m->index, INDEX_MONTHS, index_key_view(&key), &value);

    pool_clear(&m->pool);
    if (result != 0)
        return result == PASU_E_NOTFOUND ? 0 : result;
    chunk_walk_begin(&walk, value);
    g->walk = walk;
    while ((next = chunk_walk_next(&walk, &own)) == 1)
        ;
    if (next == 0)
        next = chunk_walk_pool(&walk, &pool);
    if (next == 1)
        next = pool_read(&m->pool, &pool, &m->scratch);
    if (next == 0)
        g->next = next = chunk_walk_next(&g->walk, &g->own);
    return next < 0 ? next : 0;
}

/* The next list that has somebody in the chunk; NULL: there is none. */
static struct list *
next_list(struct merging *g)
{
    for (; g->list < g->lists->count; g->list++) {
        struct list *list = &g->lists->items[g->list];

        if (list->at < list->persons.count && chunk_of(list, list->at) == g->chunk)
            return list;
    }
    return NULL;
}

/* The lowest of the principals that are left; false where none is. */
static bool
next_principal(const struct month *m, struct merging *g, uint32_t *principal)
{
    const struct list *list = next_list(g);
    uint64_t least = UINT64_MAX;

    if (list != NULL)
        least = list->principal;
    if (g->next == 1 && g->walk.principal < least)
        least = g->walk.principal;
    if (g->member < m->pool.principals.count && m->pool.principals.items[g->member] < least)
        least = m->pool.principals.items[g->member];
    *principal = (uint32_t)least;
    return least != UINT64_MAX;
}

/* What the old value has of the principal by itself, of whom there is a list, too. */
static int
take_own(struct month *m, struct merging *g)
{
    struct attendance_view view;
    int result = attendance_view_of(&view, g->own);

    if (result == 0)
        result = attendance_read(&m->there, &view, &m->scratch.moments);
    if (result == 0)
        g->next = result = chunk_walk_next(&g->walk, &g->own);
    return result < 0 ? result : 0;
}

static int
merge_principal(struct month *m, struct merging *g, uint32_t principal)
{
    struct list *list = next_list(g);
    bool is_own = g->next == 1 && g->walk.principal == principal;
    int result = 0;

    if (list != NULL && list->principal != principal)
        list = NULL;
    attendance_clear(&m->there);
    attendance_clear(&m->made);
    attendance_clear(&m->both);
    if (is_own && list == NULL) {
        chunk_add_bytes(&m->chunk, principal, g->own);
        g->next = chunk_walk_next(&g->walk, &g->own);
        return g->next < 0 ? g->next : 0;
    }
    if (is_own)
        result = take_own(m, g);
    if (result == 0 && g->member < m->pool.principals.count &&
        m->pool.principals.items[g->member] == principal)
        result = is_own ? PASU_E_CORRUPT : pool_take(&m->pool, g->member++, &g->place, &m->there);
    if (result == 0 && list != NULL)
        result = take_list(m, list, g->chunk);
    if (result == 0)
        result = attendance_unite(&m->both, &m->there, &m->made);
    return result == 0 ? chunk_add(&m->chunk, principal, &m->both) : result;
}

static int
write_chunk(struct month *m, struct index_key key, struct lists *lists, uint32_t chunk)
{
    struct merging merging = {.lists = lists, .chunk = chunk};
    uint32_t principal;
    int result = begin_merging(m, &merging, key);

    while (result == 0 && next_principal(m, &merging, &principal))
        result = merge_principal(m, &merging, principal);
    m->body.used = 0;
    if (result == 0)
        result = chunk_end(&m->chunk, &m->body);
    if (result == 0)
        result = index_put(m->index, INDEX_MONTHS, index_key_view(&key), pack_view(&m->body));
    return result;
}

static int
write_lists(struct month *m, uint32_t class, size_t l)
{
    struct lists *lists = &m->lists[class][l];
    uint32_t chunk = 0;
    int result = 0;

    for (size_t i = 0; result == 0 && i < lists->count; i++)
        result = marked_sort(&lists->items[i].persons, &m->sorted);
    while (result == 0 && next_chunk(lists, &chunk))
        result =
            write_chunk(m, index_key_chunk(m->number, class, (unsigned)(l / 2), l % 2 == 1, chunk),
                        lists, chunk);
    return result;
}

/* ---- a month ---- */

static int
compare_units(const void *a, const void *b)
{
    const struct unit *one = a, *other = b;

    if (one->principal != other->principal)
        return one->principal < other->principal ? -1 : 1;
    return (one->when > other->when) - (one->when < other->when);
}

int
index_month_add(struct index *index, const struct interner *classes, uint32_t month,
                struct unit *units, size_t count)
{
    struct month *m = memory_new(1, sizeof(*m));
    int result = m == NULL ? PASU_E_NOMEM : 0;

    if (result != 0)
        return result;
    *m = (struct month){.index = index, .classes = classes, .number = month};
    m->lists = memory_new(classes->count + (size_t)1, sizeof(struct lists *));
    if (m->lists == NULL)
        result = PASU_E_NOMEM;
    else
        qsort(units, count, sizeof(*units), compare_units);
    for (size_t u = 0; result == 0 && u < count;)
        u += gather_principal(m, units + u, count - u, &result);
    if (result == 0)
        result = write_all(m);
    for (uint32_t c = 1; result == 0 && c <= classes->count; c++)
        for (size_t l = 0; result == 0 && m->lists[c] != NULL && l < lists_of(m, c); l++)
            result = write_lists(m, c, l);
    release(m);
    memory_free(m);
    return result;
}
