/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_run.h"

#include "base/memory.h"
#include "breach/index_key.h"
#include "breach/pack.h"

enum {
    LOW_MASK = INDEX_RUN_NUMBERS - 1,
    PLACES = 1 << INDEX_PLACES_BITS,
    VALUES_OF_PLACES = INDEX_RUN_NUMBERS / PLACES,
    VALUES_OF_HASHES = 1 << INDEX_HASH_BITS,
    HASH_SHIFT = 32 - INDEX_HASH_BITS,
    HASHED = 6, /* bytes of an entry in a value of hashes */
};

/* Hash and the number's lower half in one, so that they sort as they stand in a value. */
struct run {
    uint32_t number; /* its first one, divided by INDEX_RUN_NUMBERS */
    bool is_there[INDEX_RUN_NUMBERS];
    uint64_t records[INDEX_RUN_NUMBERS];
    uint32_t hashes[INDEX_RUN_NUMBERS];
    uint64_t sorted[INDEX_RUN_NUMBERS];
};

uint32_t
index_hash_of(const uint8_t hash[SEAL_HASH_SIZE])
{
    return bytes_get_u32(hash);
}

/* ---- values of places ---- */

/* Gets each number that is there of the value's, in order, and its record; other than 0 ends it. */
typedef int place_fn(void *arg, uint32_t low, uint64_t record);

static int
each_place(struct view value, place_fn *see, void *arg)
{
    struct reader r = reader_of(value);
    uint64_t record = 0;
    uint32_t at = 0;
    int result = 0;

    while (result == 0 && reader_left(&r) > 0) {
        uint64_t left_out = unpack_number(&r), less_one = unpack_number(&r);

        if (r.failed || left_out >= PLACES || less_one >= PLACES ||
            at + left_out + less_one >= PLACES)
            return PASU_E_CORRUPT;
        at += (uint32_t)left_out;
        for (uint64_t i = 0; result == 0 && i <= less_one; i++) {
            record = unpack_step(&r, record);
            result = r.failed ? PASU_E_CORRUPT : see(arg, at++, record);
        }
    }
    return result;
}

static void
pack_places(struct pack *pack, const struct run *run, uint32_t first)
{
    const bool *is_there = run->is_there + first;
    uint64_t record = 0;
    uint32_t behind = 0;

    for (uint32_t at = 0; at < PLACES;) {
        uint32_t end = at;

        if (!is_there[at]) {
            at++;
            continue;
        }
        while (end < PLACES && is_there[end])
            end++;
        pack_number(pack, at - behind);
        pack_number(pack, end - at - 1);
        for (; at < end; at++) {
            pack_step(pack, run->records[first + at], record);
            record = run->records[first + at];
        }
        behind = end;
    }
}

/* ---- a run ---- */

struct loading {
    struct run *run;
    uint32_t first;
};

static int
load_place(void *arg, uint32_t low, uint64_t record)
{
    const struct loading *l = arg;

    l->run->is_there[l->first + low] = true;
    l->run->records[l->first + low] = record;
    return 0;
}

static struct index_key
places_key(uint32_t number)
{
    return index_key_number(INDEX_PLACES, number >> INDEX_PLACES_BITS);
}

/* The value with a run's entries whose hashes begin so; PASU_E_NOTFOUND. */
static int
get_hashed(struct index *index, uint32_t run, uint32_t which, struct view *value)
{
    struct index_key key = index_key_hashes((uint8_t)which, run);
    int result = index_get(index, INDEX_MAIN, index_key_view(&key), value);

    return result == 0 && value->length % HASHED != 0 ? PASU_E_CORRUPT : result;
}

static uint64_t
hashed_at(struct view value, size_t i)
{
    const uint8_t *bytes = value.bytes + i * HASHED;

    return (uint64_t)bytes_get_u32(bytes) << INDEX_RUN_BITS | (uint32_t)bytes[4] << 8 | bytes[5];
}

static int
load_hashes(struct run *run, struct index *index)
{
    size_t count = 0, there = 0;
    int result = 0;

    for (uint32_t which = 0; result == 0 && which < VALUES_OF_HASHES; which++) {
        struct view value;

        result = get_hashed(index, run->number, which, &value);
        for (size_t i = 0; result == 0 && i < value.length / HASHED; i++, count++) {
            uint64_t one = hashed_at(value, i);

            if (!run->is_there[one & LOW_MASK])
                result = PASU_E_CORRUPT;
            run->hashes[one & LOW_MASK] = (uint32_t)(one >> INDEX_RUN_BITS);
        }
        if (result == PASU_E_NOTFOUND)
            result = 0;
    }
    for (size_t i = 0; i < INDEX_RUN_NUMBERS; i++)
        there += run->is_there[i];
    return result == 0 && count != there ? PASU_E_CORRUPT : result;
}

static int
load(struct run *run, struct index *index)
{
    int result = 0;

    for (uint32_t v = 0; result == 0 && v < VALUES_OF_PLACES; v++) {
        struct loading l = {run, v * PLACES};
        struct index_key key = places_key(run->number * INDEX_RUN_NUMBERS + l.first);
        struct view value;

        result = index_get(index, INDEX_MAIN, index_key_view(&key), &value);
        if (result == 0)
            result = each_place(value, load_place, &l);
        else if (result == PASU_E_NOTFOUND)
            result = 0;
    }
    return result == 0 ? load_hashes(run, index) : result;
}

static int
put(struct index *index, struct index_key key, const struct pack *pack)
{
    if (pack->failed)
        return PASU_E_NOMEM;
    return pack->used > 0 ? index_put(index, INDEX_MAIN, index_key_view(&key), pack_view(pack)) : 0;
}

static int
compare_u64(const void *a, const void *b)
{
    const uint64_t *one = a, *other = b;

    return (*one > *other) - (*one < *other);
}

static size_t
sort_hashes(struct run *run)
{
    size_t count = 0;

    for (uint32_t low = 0; low < INDEX_RUN_NUMBERS; low++)
        if (run->is_there[low])
            run->sorted[count++] = (uint64_t)run->hashes[low] << INDEX_RUN_BITS | low;
    qsort(run->sorted, count, sizeof(*run->sorted), compare_u64);
    return count;
}

static void
pack_hashed(struct pack *pack, uint64_t one)
{
    uint8_t bytes[HASHED];

    bytes_put_u32(bytes, (uint32_t)(one >> INDEX_RUN_BITS));
    bytes[4] = (uint8_t)(one >> 8);
    bytes[5] = (uint8_t)one;
    pack_bytes(pack, bytes, sizeof(bytes));
}

static int
save(struct run *run, struct index *index)
{
    size_t at = 0, count = sort_hashes(run);
    struct pack pack = {0};
    int result = 0;

    for (uint32_t v = 0; result == 0 && v < VALUES_OF_PLACES; v++) {
        pack.used = 0;
        pack_places(&pack, run, v * PLACES);
        result = put(index, places_key(run->number * INDEX_RUN_NUMBERS + v * PLACES), &pack);
    }
    for (uint32_t which = 0; result == 0 && which < VALUES_OF_HASHES; which++) {
        pack.used = 0;
        for (; at < count && run->sorted[at] >> (HASH_SHIFT + INDEX_RUN_BITS) == which; at++)
            pack_hashed(&pack, run->sorted[at]);
        result = put(index, index_key_hashes((uint8_t)which, run->number), &pack);
    }
    pack_release(&pack);
    return result;
}

int
index_run_add(struct index *index, const struct index_entry *entries, size_t count)
{
    struct run *run = memory_new(1, sizeof(*run));
    bool is_changed = false;
    int result = run == NULL ? PASU_E_NOMEM : 0;

    if (result == 0) {
        run->number = entries[0].number >> INDEX_RUN_BITS;
        result = load(run, index);
    }
    for (size_t i = 0; result == 0 && i < count; i++) {
        uint32_t low = entries[i].number & LOW_MASK;

        if (run->is_there[low])
            continue;
        run->is_there[low] = is_changed = true;
        run->records[low] = entries[i].record;
        run->hashes[low] = entries[i].hash;
    }
    if (result == 0 && is_changed)
        result = save(run, index);
    memory_free(run);
    return result;
}

/* ---- questions ---- */

struct looking {
    uint32_t low;
    uint64_t record;
};

static int
look_at(void *arg, uint32_t low, uint64_t record)
{
    struct looking *l = arg;

    l->record = record;
    return low == l->low;
}

int
index_run_record(struct index *index, uint32_t ordinal, uint64_t *record)
{
    uint32_t number = index_number_of(ordinal);
    struct index_key key = places_key(number);
    struct looking l = {.low = number & (PLACES - 1)};
    struct index_walk walk;
    struct view found, value;
    int result = index_walk_begin(&walk, index, INDEX_MAIN);

    if (result == 0) /* and not index_get, which keeps what it has opened */
        result = index_walk_seek(&walk, index_key_view(&key), &found, &value);
    if (result == 1)
        result = view_equal(found, index_key_view(&key)) ? each_place(value, look_at, &l) : 0;
    index_walk_end(&walk);
    *record = l.record;
    return result == 1 ? 0 : result == 0 ? PASU_E_NOTFOUND : result;
}

/* The first of a value's entries that is not below. */
static size_t
lower_bound(struct view value, uint64_t one)
{
    size_t from = 0, to = value.length / HASHED;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (hashed_at(value, middle) < one)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static int
find_in(struct view value, uint32_t run, uint32_t hash, uint32_t *ordinals, int found)
{
    uint64_t first = (uint64_t)hash << INDEX_RUN_BITS;

    for (size_t i = lower_bound(value, first); i < value.length / HASHED; i++) {
        uint64_t one = hashed_at(value, i);

        if (one >> INDEX_RUN_BITS != hash)
            break;
        if (found == INDEX_FOUND_MAX)
            return PASU_E_RANGE;
        ordinals[found++] = index_number_of(run * INDEX_RUN_NUMBERS + (uint32_t)(one & LOW_MASK));
    }
    return found;
}

int
index_run_find(struct index *index, uint32_t hash, uint32_t ordinals[INDEX_FOUND_MAX])
{
    struct index_key from = index_key_hashes((uint8_t)(hash >> HASH_SHIFT), 0);
    struct index_walk walk;
    struct view key, value;
    int next = 0, found = 0, result = index_walk_begin(&walk, index, INDEX_MAIN);

    if (result == 0)
        next = index_walk_seek(&walk, index_key_view(&from), &key, &value);
    while (result == 0 && next == 1 && key.length >= 2 && memcmp(key.bytes, from.bytes, 2) == 0) {
        uint32_t run = 0;

        if (key.length == from.length)
            run = bytes_get_u32(key.bytes + 2);
        if (key.length != from.length || run > UINT32_MAX >> INDEX_RUN_BITS ||
            value.length % HASHED != 0)
            result = PASU_E_CORRUPT;
        else
            result = found = find_in(value, run, hash, ordinals, found);
        if (result >= 0) {
            result = 0;
            next = index_walk_next(&walk, &key, &value);
        }
    }
    index_walk_end(&walk);
    if (result == 0 && next < 0)
        result = next;
    return result != 0 ? result : found;
}
