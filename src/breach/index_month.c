/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_month.h"

#include "base/memory.h"
#include "breach/day.h"
#include "breach/index_each.h"
#include "breach/mark_bytes.h"

/* Chunks of more are cut into slices. */
enum { CHUNK_DENSE = 4096 };

/* ---- whom a part showed, or missed ---- */

struct crowds { /* of each part: shown, missed */
    struct marked *lists;
    size_t count;
};

struct month {
    struct index *index;
    const struct index_names *names;
    uint32_t number;
    struct unit all;
    struct crowds *crowds; /* by class */
    uint64_t *rows;        /* by principal */
    struct ordinals scratch;
    struct marked sorted;
    struct unit_scratch unit_scratch;
};

static void
release(struct month *m)
{
    for (size_t c = 1; m->crowds != NULL && c <= m->names->classes.count; c++) {
        for (size_t l = 0; l < m->crowds[c].count; l++)
            marked_release(&m->crowds[c].lists[l]);
        memory_free(m->crowds[c].lists);
    }
    memory_free(m->crowds);
    memory_free(m->rows);
    unit_release(&m->all);
    ordinals_release(&m->scratch);
    marked_release(&m->sorted);
    unit_scratch_release(&m->unit_scratch);
}

/* ---- gathering days ---- */

static int
gather_set(struct month *m, struct marked *list, unsigned day, struct view bytes, bool *is_there)
{
    int result;

    if (bytes.length == 0)
        return 0;
    *is_there = true;
    m->scratch.count = 0;
    result = person_bytes_list(bytes, &m->scratch);
    return result == 0 ? marked_add(list, m->scratch.items, m->scratch.count, day) : result;
}

static int
gather_class(struct month *m, const struct unit_view *view, uint32_t principal, unsigned day)
{
    struct unit_class *class = unit_class_at(&m->all, view->class, view->part_count);
    struct crowds *crowds = &m->crowds[view->class];
    int result;

    if (class == NULL)
        return PASU_E_NOMEM;
    if (crowds->lists == NULL) {
        crowds->lists = memory_new(2 * view->part_count + 1, sizeof(*crowds->lists));
        if (crowds->lists == NULL)
            return PASU_E_NOMEM;
        crowds->count = 2 * view->part_count;
    }
    sums_add(&class->sums, &view->sums);
    m->rows[principal] = sum_of(m->rows[principal], view->sums.rows);
    result = unit_view_principals(view, principal, &class->principals);
    for (size_t p = 0; result == 0 && p < view->part_count; p++) {
        struct unit_part *part = &class->parts[p];

        bound_add(&part->bound, &view->bounds[p]);
        result = gather_set(m, &crowds->lists[2 * p], day, view->shown[p], &part->is_shown_apart);
        if (result == 0)
            result = gather_set(m, &crowds->lists[2 * p + 1], day, view->missed[p],
                                &part->is_missed_apart);
    }
    return result;
}

static int
gather_day(void *arg, struct view key, struct view value)
{
    struct month *m = arg;
    uint32_t principal = bytes_get_u32(key.bytes + 4);
    int32_t day = index_day_of(bytes_get_u32(key.bytes)) - month_begin(m->number);
    struct unit_view view;
    struct unit_walk walk;
    int result;

    if (principal > m->names->principals.count)
        return PASU_E_CORRUPT;
    unit_walk_begin(&walk, value, &m->names->classes);
    while ((result = unit_walk_next(&walk, &view)) == 1) {
        result = gather_class(m, &view, principal, (unsigned)day);
        if (result != 0)
            return result;
    }
    return result;
}

/* ---- writing ---- */

/* From there on, those of one chunk; how many items these are. */
static size_t
write_chunk(struct month *m, struct index_key key, const struct marked *list, size_t from,
            struct ordinals *masks, int *result)
{
    struct pack pack = {0};
    size_t at = from;
    uint32_t chunk = marked_ordinal(list->items[from]) >> INDEX_CHUNK_BITS;

    m->scratch.count = masks->count = 0;
    while (*result == 0 && at < list->count &&
           marked_ordinal(list->items[at]) >> INDEX_CHUNK_BITS == chunk) {
        uint32_t ordinal = marked_ordinal(list->items[at]), mask = 0;

        for (; at < list->count && marked_ordinal(list->items[at]) == ordinal; at++)
            mask |= UINT32_C(1) << marked_mark(list->items[at]);
        *result = ordinals_add(&m->scratch, &ordinal, 1);
        if (*result == 0)
            *result = ordinals_add(masks, &mask, 1);
    }
    if (*result != 0)
        return at - from;
    person_bytes_put(&pack, &m->scratch, CHUNK_DENSE);
    month_days_put(&pack, masks->items, masks->count);
    *result = pack.failed
                  ? PASU_E_NOMEM
                  : index_put(m->index, INDEX_MONTHS, index_key_view(&key), pack_view(&pack));
    pack_release(&pack);
    return at - from;
}

static int
write_list(struct month *m, uint32_t class, size_t l)
{
    struct marked *list = &m->crowds[class].lists[l];
    struct ordinals masks = {0};
    int result = marked_sort(list, &m->sorted);

    for (size_t at = 0; result == 0 && at < list->count;) {
        uint32_t chunk = marked_ordinal(list->items[at]) >> INDEX_CHUNK_BITS;
        struct index_key key =
            index_key_chunk(m->number, class, (unsigned)(l / 2), l % 2 == 1, chunk);

        at += write_chunk(m, key, list, at, &masks, &result);
    }
    ordinals_release(&masks);
    marked_release(list);
    return result;
}

static int
write_unit(struct month *m, struct unit *unit)
{
    struct index_key key = index_key_unit(unit->when, unit->principal);
    struct pack pack = {0};
    int result = unit_write(unit, &pack, &m->unit_scratch, CHUNK_DENSE, false);

    if (result == 0)
        result = index_put(m->index, INDEX_MONTHS, index_key_view(&key), pack_view(&pack));
    pack_release(&pack);
    return result;
}

/* Of one principal. */
static int
write_own(struct month *m, uint32_t principal)
{
    struct unit own = {.when = m->number, .principal = principal};
    int result = 0;

    for (int32_t day = month_begin(m->number); result == 0 && day < month_begin(m->number + 1);
         day++) {
        struct index_key key = index_key_unit(index_day_number(day), principal);
        struct view value;

        result = index_get(m->index, INDEX_DAYS, index_key_view(&key), &value);
        if (result == 0)
            result = unit_read(&own, value, &m->names->classes, &m->unit_scratch);
        if (result == PASU_E_NOTFOUND)
            result = 0;
    }
    if (result == 0)
        result = write_unit(m, &own);
    unit_release(&own);
    return result;
}

int
index_month_write(struct index *index, const struct index_names *names, uint32_t month,
                  uint64_t own_rows)
{
    struct month m = {.index = index,
                      .names = names,
                      .number = month,
                      .all = {.when = month, .principal = INDEX_EVERYBODY}};
    int result = PASU_E_NOMEM;

    m.crowds = memory_new(names->classes.count + 1, sizeof(*m.crowds));
    m.rows = memory_new(names->principals.count + 1, sizeof(*m.rows));
    if (m.crowds != NULL && m.rows != NULL)
        result = index_each_unit(index, month_begin(month), month_begin(month + 1), gather_day, &m);
    for (uint32_t c = 1; result == 0 && c <= names->classes.count; c++)
        for (size_t l = 0; result == 0 && l < m.crowds[c].count; l++)
            result = write_list(&m, c, l);
    if (result == 0)
        result = write_unit(&m, &m.all);
    for (uint32_t p = 1; result == 0 && p <= names->principals.count; p++)
        if (m.rows[p] >= own_rows)
            result = write_own(&m, p);
    release(&m);
    return result;
}

/* ---- reading ---- */

int
index_month_shown(struct index *index, uint32_t month, index_chunk_fn *see, void *arg)
{
    struct index_key from = index_key_chunk(month, 0, 0, false, 0);
    struct index_walk walk;
    struct view key, value;
    int result = index_walk_begin(&walk, index, INDEX_MONTHS), next = 0;

    walk.keeps = true;
    if (result == 0)
        next = index_walk_seek(&walk, index_key_view(&from), &key, &value);
    for (; result == 0 && next == 1; next = index_walk_next(&walk, &key, &value)) {
        struct reader r = reader_of(value);
        uint32_t place;

        if (key.length >= sizeof(month) && bytes_get_u32(key.bytes) != month)
            break;
        if (key.length != INDEX_CHUNK_KEY) {
            result = PASU_E_CORRUPT;
            break;
        }
        place = bytes_get_u32(key.bytes + 12);
        if ((place >> 16 & 1) == 0)
            result = see(arg, bytes_get_u32(key.bytes + 8), place >> 17, person_bytes_next(&r));
        if (result == 0 && r.failed)
            result = PASU_E_CORRUPT;
    }
    index_walk_end(&walk);
    return result == 0 && next < 0 ? next : result;
}

static int
add_days(struct index *index, const struct index_key *key, uint32_t ordinal, uint32_t *days)
{
    struct view value, persons;
    struct reader r;
    uint64_t rank;
    int result = index_get(index, INDEX_MONTHS, index_key_view(key), &value);

    if (result != 0)
        return result == PASU_E_NOTFOUND ? 0 : result;
    r = reader_of(value);
    persons = person_bytes_next(&r);
    if (r.failed)
        return PASU_E_CORRUPT;
    if (!person_bytes_rank(persons, ordinal, &rank))
        return 0;
    return month_days_get(reader_bytes(&r, reader_left(&r)), rank, days);
}

int
index_month_days(struct index *index, uint32_t month, uint32_t class, unsigned part,
                 uint32_t ordinal, uint32_t *days)
{
    int result = 0;

    *days = 0;
    for (unsigned missed = 0; result == 0 && missed < 2; missed++) {
        struct index_key key =
            index_key_chunk(month, class, part, missed == 1, ordinal >> INDEX_CHUNK_BITS);

        result = add_days(index, &key, ordinal, days);
    }
    return result;
}
