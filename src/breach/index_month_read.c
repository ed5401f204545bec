/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/chunk_bytes.h"
#include "breach/day.h"
#include "breach/index_month.h"

/* The number at the key's beginning, of a month; those of other months come before and behind. */
static bool
is_of_month(struct view key, uint32_t month)
{
    return key.length >= sizeof(month) && bytes_get_u32(key.bytes) == month;
}

static struct index_chunk
chunk_of(struct view key)
{
    uint32_t place = bytes_get_u32(key.bytes + 12);

    return (struct index_chunk){.class = bytes_get_u32(key.bytes + 8),
                                .part = place >> 17,
                                .is_missed = (place >> 16 & 1) != 0,
                                .first = (uint32_t)(uint16_t)place << INDEX_CHUNK_BITS};
}

int
index_month_chunks(struct index *index, uint32_t month, uint32_t class, index_chunk_fn *see,
                   void *arg)
{
    struct index_key from = index_key_chunk(month, class, 0, false, 0);
    struct index_walk walk;
    struct view key, value;
    int result = index_walk_begin(&walk, index, INDEX_MONTHS), next = 0;

    walk.is_put_off = true;
    if (result == 0)
        next = index_walk_seek(&walk, index_key_view(&from), &key, &value);
    for (; result == 0 && next == 1 && is_of_month(key, month);
         next = index_walk_next(&walk, &key, &value)) {
        struct index_stored stored;
        struct index_chunk chunk;

        if (key.length != INDEX_CHUNK_KEY) {
            result = PASU_E_CORRUPT;
            break;
        }
        chunk = chunk_of(key);
        if (class != 0 && chunk.class != class)
            break;
        result = index_walk_stored(&walk, &stored);
        if (result == 0)
            result = see(arg, &chunk, &stored);
    }
    index_walk_end(&walk);
    return result == 0 && next < 0 ? next : result;
}

struct finding {
    index_attended_fn *see;
    void *arg;
};

static int
find_in_pool(void *arg, uint32_t principal, uint32_t days, const uint8_t by_day[DAYS_OF_MONTH])
{
    const struct finding *f = arg;
    struct index_attended attended = {.principal = principal, .days = days};

    memcpy(attended.parts, by_day, sizeof(attended.parts));
    return f->see(f->arg, &attended);
}

static int
find_in_chunk(struct view value, uint32_t ordinal, struct finding *f)
{
    struct chunk_walk walk;
    struct pool_view pool;
    struct view bytes;
    int next, result = 0;

    chunk_walk_begin(&walk, value);
    while ((next = chunk_walk_next(&walk, &bytes)) == 1) {
        struct index_attended attended = {.principal = walk.principal};
        struct attendance_view view;

        result = attendance_view_of(&view, bytes);
        if (result == 0)
            result = attendance_find(&view, ordinal, &attended.days, attended.parts);
        if (result == 0 && attended.days != 0)
            result = f->see(f->arg, &attended);
        if (result != 0)
            return result;
    }
    if (next == 0)
        next = chunk_walk_pool(&walk, &pool);
    return next == 1 ? pool_find(&pool, ordinal, find_in_pool, f) : next;
}

int
index_month_find(struct index *index, uint32_t month, uint32_t class, unsigned part,
                 uint32_t ordinal, index_attended_fn *see, void *arg)
{
    uint32_t chunk = ordinal >> INDEX_CHUNK_BITS;
    struct finding finding = {see, arg};

    for (unsigned missed = 0; missed < 2; missed++) {
        struct index_key key = index_key_chunk(month, class, part, missed == 1, chunk);
        struct view value;
        int result = index_get(index, INDEX_MONTHS, index_key_view(&key), &value);

        if (result == 0)
            result = find_in_chunk(value, ordinal - (chunk << INDEX_CHUNK_BITS), &finding);
        if (result != 0 && result != PASU_E_NOTFOUND)
            return result;
    }
    return 0;
}

/* ---- diaries ---- */

static int
read_diary(struct view value, const struct interner *classes, uint32_t month, uint32_t principal,
           index_diary_fn *see, void *arg)
{
    struct unit_view view;
    struct diary_walk walk;
    unsigned day;
    int result;

    diary_walk_begin(&walk, value, classes, month_begin(month));
    while ((result = diary_walk_next(&walk, &day, &view)) == 1) {
        result = see(arg, principal, day, &view);
        if (result != 0)
            return result;
    }
    return result;
}

static int
read_one(struct index *index, const struct interner *classes, uint32_t month, uint32_t principal,
         index_diary_fn *see, void *arg)
{
    struct index_key key = index_key_unit(month, principal);
    struct view value;
    int result = index_get(index, INDEX_MONTHS, index_key_view(&key), &value);

    if (result == PASU_E_NOTFOUND)
        return 0;
    return result == 0 ? read_diary(value, classes, month, principal, see, arg) : result;
}

int
index_month_diaries(struct index *index, const struct interner *classes, uint32_t month,
                    uint32_t principal, index_diary_fn *see, void *arg)
{
    struct index_key from = index_key_unit(month, 0);
    struct index_walk walk;
    struct view key, value;
    int result, next = 0;

    if (principal != 0)
        return read_one(index, classes, month, principal, see, arg);
    result = index_walk_begin(&walk, index, INDEX_MONTHS);
    if (result == 0)
        next = index_walk_seek(&walk, index_key_view(&from), &key, &value);
    while (result == 0 && next == 1 && is_of_month(key, month)) {
        uint32_t number;

        if (key.length < from.length) {
            result = PASU_E_CORRUPT;
            break;
        }
        number = bytes_get_u32(key.bytes + 4);
        if (number == INDEX_EVERYBODY)
            break;
        result = read_diary(value, classes, month, number, see, arg);
        if (result == 0)
            next = index_walk_next(&walk, &key, &value);
    }
    index_walk_end(&walk);
    return result == 0 && next < 0 ? next : result;
}
