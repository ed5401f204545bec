/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/sample.h"

#include "base/error.h"
#include "base/memory.h"

enum { CAPACITY_FIRST = 4 };

/* How many reads there is room for. */
static size_t
room_of(const struct sample *s)
{
    return s->capacity < SAMPLE_MOST ? s->capacity : SAMPLE_MOST + SAMPLE_WAITING;
}

static size_t
bytes_of(const struct sample *s)
{
    return room_of(s) * (sizeof(*s->reads) + sizeof(*s->hashes)) +
           sample_places(s) * sizeof(*s->table);
}

/* Where the subject is, or where it is to be put. */
static size_t
place_of(const struct sample *s, uint64_t hash)
{
    size_t at = sample_home(s, hash);

    while (s->table[at] != 0 && s->hashes[s->table[at] - 1] != hash)
        at = (at + 1) & (sample_places(s) - 1);
    return at;
}

static void
fill_table(struct sample *s)
{
    memset(s->table, 0, sample_places(s) * sizeof(*s->table));
    for (size_t i = 0; i < s->count; i++)
        s->table[place_of(s, s->hashes[i])] = (uint16_t)(i + 1);
}

static int
grow(struct sample *s, size_t *held)
{
    struct sample larger = *s;
    size_t before = s->capacity == 0 ? 0 : bytes_of(s);

    larger.capacity = (uint16_t)(s->capacity == 0 ? CAPACITY_FIRST : s->capacity * 4);
    larger.reads = memory_new(bytes_of(&larger), 1);
    if (larger.reads == NULL)
        return PASU_E_NOMEM;
    larger.hashes = (uint64_t *)(void *)(larger.reads + room_of(&larger));
    larger.table = (uint16_t *)(void *)(larger.hashes + room_of(&larger));
    if (s->count > 0) {
        memcpy(larger.reads, s->reads, s->count * sizeof(*s->reads));
        memcpy(larger.hashes, s->hashes, s->count * sizeof(*s->hashes));
    }
    *held += bytes_of(&larger) - before;
    memory_free(s->reads);
    *s = larger;
    fill_table(s);
    return 0;
}

static void
merge_read(struct sample_read *known, const struct sample_read *read)
{
    known->flags |= read->flags;
    if (read->second < known->second) {
        known->second = read->second;
        known->file = read->file;
        known->offset = read->offset;
    }
}

/* ---- more than it holds ---- */

/* The lowest of the `count` highest, at most SAMPLE_WAITING. */
static uint64_t
lowest_of_highest(const struct sample *s, size_t count)
{
    PASU_UNINITIALIZED uint64_t highest[SAMPLE_WAITING + 1]; /* ascending */
    size_t found = 0;

    for (size_t i = 0; i < s->count; i++) {
        uint64_t hash = s->hashes[i];
        size_t at;

        if (found == count && hash < highest[0])
            continue;
        if (found < count) {
            for (at = found++; at > 0 && highest[at - 1] > hash; at--)
                highest[at] = highest[at - 1];
        } else {
            for (at = 0; at + 1 < count && highest[at + 1] < hash; at++)
                highest[at] = highest[at + 1];
        }
        highest[at] = hash;
    }
    return highest[0];
}

/* The `left` lowest stay, in their order. */
static void
keep_lowest(struct sample *s, size_t left)
{
    uint64_t out = lowest_of_highest(s, s->count - left);
    size_t kept = 0;

    s->limit = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (s->hashes[i] >= out)
            continue;
        s->limit = s->hashes[i] > s->limit ? s->hashes[i] : s->limit;
        if (kept < i) {
            s->hashes[kept] = s->hashes[i];
            s->reads[kept] = s->reads[i];
        }
        kept++;
    }
    s->count = (uint16_t)kept;
    fill_table(s);
}

void
sample_settle(struct sample *s)
{
    if (s->count > s->capacity)
        keep_lowest(s, s->capacity);
}

static void
begin_full(struct sample *s)
{
    s->full = true;
    for (size_t i = 0; i < s->count; i++)
        s->limit = s->hashes[i] > s->limit ? s->hashes[i] : s->limit;
}

int
sample_add(struct sample *s, uint64_t hash, const struct sample_read *read, bool tight,
           size_t *held)
{
    size_t at = 0;

    if (s->full && hash > s->limit)
        return 0;
    if (s->capacity > 0) {
        at = place_of(s, hash);
        if (s->table[at] != 0) {
            merge_read(&s->reads[s->table[at] - 1], read);
            return 0;
        }
    }
    if (!s->full && s->count == s->capacity) {
        if (s->capacity == 0 || (s->capacity < SAMPLE_MOST && !tight)) {
            if (grow(s, held) < 0)
                return PASU_E_NOMEM;
            at = place_of(s, hash);
        } else {
            begin_full(s);
        }
    }
    if (s->full && s->count == room_of(s)) {
        if (hash > s->limit)
            return 0;
        keep_lowest(s, s->capacity - (size_t)(room_of(s) == s->capacity));
        if (room_of(s) == s->capacity)
            s->limit = hash > s->limit ? hash : s->limit;
        at = place_of(s, hash);
    }
    if (s->full && hash > s->limit)
        return 0;
    s->hashes[s->count] = hash;
    s->reads[s->count] = *read;
    s->table[at] = ++s->count;
    return 1;
}

void
sample_release(struct sample *s, size_t *held)
{
    *held -= s->capacity == 0 ? 0 : bytes_of(s);
    memory_free(s->reads);
    *s = (struct sample){0};
}

double
sample_distinct(const struct sample *s)
{
    if (!s->full)
        return s->count;
    return (s->count - 1) / ((double)s->limit / 0x1p64);
}
