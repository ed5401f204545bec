/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/roaring_bytes.h"

#include "base/memory.h"

enum {
    COOKIE_RUNS = 12347,
    COOKIE_PLAIN = 12346,
    CONTAINERS_MAX = 1 << 16,
    OFFSETS_FROM = 4, /* containers: with runs and fewer there are no offsets */
    ARRAY_MAX = 4096,
    BITSET_WORDS = CROWD_WORDS,
    HEAD_AND_OFFSET = 8, /* of a container */
};

struct layout {
    uint32_t count;
    const uint8_t *runs;    /* a bit a container; NULL: none is one */
    const uint8_t *heads;   /* 4 bytes each: key, persons − 1 */
    const uint8_t *offsets; /* 4 bytes each; NULL: none */
};

static uint16_t
u16_at(const uint8_t *at)
{
    uint16_t v;

    memcpy(&v, at, sizeof(v));
    return v;
}

static uint32_t
u32_at(const uint8_t *at)
{
    uint32_t v;

    memcpy(&v, at, sizeof(v));
    return v;
}

/* The reader is behind what is before the containers. */
static bool
read_layout(struct reader *r, struct layout *layout)
{
    uint32_t cookie = little_read_u32(r);
    bool has_runs = (cookie & 0xffff) == COOKIE_RUNS;

    *layout = (struct layout){0};
    if (!has_runs && cookie != COOKIE_PLAIN)
        return false;
    layout->count = has_runs ? (cookie >> 16) + 1 : little_read_u32(r);
    if (layout->count > CONTAINERS_MAX)
        return false;
    if (has_runs)
        layout->runs = reader_bytes(r, (layout->count + 7) / 8).bytes;
    layout->heads = reader_bytes(r, (size_t)layout->count * 4).bytes;
    if (!has_runs || layout->count >= OFFSETS_FROM)
        layout->offsets = reader_bytes(r, (size_t)layout->count * 4).bytes;
    return !r->failed;
}

static bool
is_run(const struct layout *layout, uint32_t i)
{
    return layout->runs != NULL && (layout->runs[i / 8] >> i % 8 & 1) != 0;
}

static uint32_t
persons_of(const struct layout *layout, uint32_t i)
{
    return u16_at(layout->heads + 4 * (size_t)i + 2) + UINT32_C(1);
}

static bool
check_runs(struct reader *r, uint32_t persons)
{
    uint16_t count = little_read_u16(r);
    uint32_t next = 0, sum = 0;

    for (uint16_t i = 0; i < count; i++) {
        uint32_t start = little_read_u16(r), length = little_read_u16(r) + UINT32_C(1);

        if (r->failed || start < next || start + length > 1 << 16)
            return false;
        next = start + length + 1; /* two that touch are one */
        sum += length;
    }
    return count > 0 && sum == persons;
}

static bool
check_array(struct reader *r, uint32_t persons)
{
    struct view v = reader_bytes(r, (size_t)persons * 2);

    if (r->failed)
        return false;
    for (uint32_t i = 1; i < persons; i++)
        if (u16_at(v.bytes + 2 * (size_t)i) <= u16_at(v.bytes + 2 * (size_t)i - 2))
            return false;
    return true;
}

static bool
check_bitset(struct reader *r, uint32_t persons)
{
    struct view v = reader_bytes(r, BITSET_WORDS * sizeof(uint64_t));
    uint32_t sum = 0;

    if (r->failed)
        return false;
    for (size_t i = 0; i < BITSET_WORDS; i++) {
        uint64_t word;

        memcpy(&word, v.bytes + i * sizeof(word), sizeof(word));
        sum += (uint32_t)__builtin_popcountll(word);
    }
    return sum == persons;
}

bool
roaring_bytes_check(struct view bytes, uint64_t *count)
{
    struct reader r = reader_of(bytes);
    struct layout layout;

    *count = 0;
    if (!read_layout(&r, &layout))
        return false;
    for (uint32_t i = 0; i < layout.count; i++) {
        uint32_t persons = persons_of(&layout, i);
        const uint8_t *head = layout.heads + 4 * (size_t)i;
        bool is_well;

        if (i > 0 && u16_at(head) <= u16_at(head - 4))
            return false;
        if (layout.offsets != NULL &&
            u32_at(layout.offsets + 4 * (size_t)i) != (size_t)(r.at - bytes.bytes))
            return false;
        is_well = is_run(&layout, i)     ? check_runs(&r, persons)
                  : persons <= ARRAY_MAX ? check_array(&r, persons)
                                         : check_bitset(&r, persons);
        if (!is_well)
            return false;
        *count += persons;
    }
    return reader_end(&r) == 0;
}

/* ---- all of them ---- */

static void
set_range(uint64_t *page, uint32_t from, uint32_t to)
{
    for (uint32_t at = from; at < to;) {
        uint32_t end = (at | 63) + 1 < to ? (at | 63) + 1 : to;

        page[at / 64] |= UINT64_MAX >> (64 - (end - at)) << at % 64;
        at = end;
    }
}

/* Of a container that was checked; the reader goes behind it. */
static void
pour_container(struct reader *r, const struct layout *layout, uint32_t i, uint64_t *page)
{
    uint32_t persons = persons_of(layout, i);

    if (is_run(layout, i)) {
        for (uint16_t left = little_read_u16(r); left > 0; left--) {
            uint32_t start = little_read_u16(r);

            set_range(page, start, start + little_read_u16(r) + 1);
        }
    } else if (persons <= ARRAY_MAX) {
        struct view v = reader_bytes(r, (size_t)persons * 2);

        for (size_t p = 0; p < persons; p++) {
            uint16_t low = u16_at(v.bytes + 2 * p);

            page[low / 64] |= UINT64_C(1) << low % 64;
        }
    } else {
        struct view v = reader_bytes(r, BITSET_WORDS * sizeof(uint64_t));

        for (size_t w = 0; w < BITSET_WORDS; w++) {
            uint64_t word;

            memcpy(&word, v.bytes + w * sizeof(word), sizeof(word));
            page[w] |= word;
        }
    }
}

int
roaring_bytes_pour(struct view bytes, uint32_t base, struct crowd *crowd)
{
    struct reader r = reader_of(bytes);
    struct layout layout;
    uint64_t count;

    if (!roaring_bytes_check(bytes, &count) || !read_layout(&r, &layout))
        return PASU_E_CORRUPT;
    for (uint32_t i = 0; i < layout.count; i++) {
        uint32_t key = u16_at(layout.heads + 4 * (size_t)i) + (base >> 16);
        uint64_t *page = key > UINT16_MAX ? NULL : crowd_page(crowd, (uint16_t)key);

        if (key > UINT16_MAX)
            return PASU_E_CORRUPT;
        if (page == NULL)
            return PASU_E_NOMEM;
        pour_container(&r, &layout, i, page);
    }
    return 0;
}

/* ---- one ordinal ---- */

/* The container with the key, or `count`. */
static uint32_t
find_container(const struct layout *layout, uint16_t key)
{
    uint32_t low = 0, high = layout->count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (u16_at(layout->heads + 4 * (size_t)middle) < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low < layout->count && u16_at(layout->heads + 4 * (size_t)low) == key ? low
                                                                                 : layout->count;
}

static bool
rank_in_runs(struct reader r, uint16_t value, uint64_t *rank)
{
    uint16_t count = little_read_u16(&r);

    for (uint16_t i = 0; i < count && !r.failed; i++) {
        uint16_t start = little_read_u16(&r), more = little_read_u16(&r);

        if (r.failed || value < start)
            return false;
        if (value - start <= more) {
            *rank += (uint64_t)value - start;
            return true;
        }
        *rank += more + UINT64_C(1);
    }
    return false;
}

static bool
rank_in_array(struct reader r, uint32_t persons, uint16_t value, uint64_t *rank)
{
    struct view v = reader_bytes(&r, (size_t)persons * 2);
    size_t low = 0, high = r.failed ? 0 : persons;

    while (low < high) {
        size_t middle = (low + high) / 2;
        uint16_t at = u16_at(v.bytes + 2 * middle);

        if (at == value) {
            *rank += middle;
            return true;
        }
        if (at < value)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static bool
rank_in_bitset(struct reader r, uint16_t value, uint64_t *rank)
{
    struct view v = reader_bytes(&r, BITSET_WORDS * sizeof(uint64_t));
    uint64_t word;

    if (r.failed || (v.bytes[value / 8] >> value % 8 & 1) == 0)
        return false;
    for (size_t w = 0; w <= value / 64U; w++) {
        memcpy(&word, v.bytes + w * sizeof(word), sizeof(word));
        if (w == value / 64U)
            word &= (UINT64_C(1) << value % 64) - 1;
        *rank += (uint64_t)__builtin_popcountll(word);
    }
    return true;
}

/* Passes over the containers before, where there are no offsets. */
static void
skip_to(struct reader *r, const struct layout *layout, uint32_t place)
{
    for (uint32_t i = 0; i < place; i++) {
        uint32_t persons = persons_of(layout, i);
        size_t length = is_run(layout, i)      ? (size_t)little_read_u16(r) * 4
                        : persons <= ARRAY_MAX ? (size_t)persons * 2
                                               : BITSET_WORDS * sizeof(uint64_t);

        reader_bytes(r, length);
    }
}

bool
roaring_bytes_rank(struct view bytes, uint32_t ordinal, uint64_t *rank)
{
    struct reader r = reader_of(bytes);
    struct layout layout;
    uint16_t low = (uint16_t)ordinal;
    uint32_t place, persons;

    *rank = 0;
    if (!read_layout(&r, &layout))
        return false;
    place = find_container(&layout, (uint16_t)(ordinal >> 16));
    if (place == layout.count)
        return false;
    for (uint32_t i = 0; i < place; i++)
        *rank += persons_of(&layout, i);
    if (layout.offsets != NULL) {
        r = reader_of(bytes);
        reader_bytes(&r, u32_at(layout.offsets + 4 * (size_t)place));
    } else {
        skip_to(&r, &layout, place);
    }
    persons = persons_of(&layout, place);
    if (is_run(&layout, place))
        return rank_in_runs(r, low, rank);
    return persons <= ARRAY_MAX ? rank_in_array(r, persons, low, rank)
                                : rank_in_bitset(r, low, rank);
}

/* ---- writing ---- */

static uint32_t
count_page(const uint64_t *page)
{
    uint32_t count = 0;

    for (size_t w = 0; w < BITSET_WORDS; w++)
        count += (uint32_t)__builtin_popcountll(page[w]);
    return count;
}

static void
put_array(struct pack *pack, const uint64_t *page)
{
    for (uint32_t w = 0; w < BITSET_WORDS; w++)
        for (uint64_t word = page[w]; word != 0; word &= word - 1) {
            uint16_t low = (uint16_t)(w * 64 + (uint32_t)__builtin_ctzll(word));

            pack_bytes(pack, &low, sizeof(low));
        }
}

struct counted {
    const uint64_t *page;
    uint32_t key, persons;
};

/* Those pages that have somebody; how many. */
static uint32_t
count_pages(const struct crowd *crowd, struct counted *pages)
{
    uint32_t count = 0;

    for (uint32_t key = 0; (pages[count].page = crowd_next(crowd, &key)) != NULL; key++) {
        pages[count].key = key;
        pages[count].persons = count_page(pages[count].page);
        count += pages[count].persons > 0;
    }
    return count;
}

/* Key and persons − 1 of each, then where each begins. */
static void
put_layout(struct pack *pack, const struct counted *pages, uint32_t count)
{
    uint32_t offset = 8 + count * HEAD_AND_OFFSET;

    for (uint32_t i = 0; i < count; i++)
        pack_u32(pack, pages[i].key | (pages[i].persons - 1) << 16);
    for (uint32_t i = 0; i < count; i++) {
        pack_u32(pack, offset);
        offset += pages[i].persons <= ARRAY_MAX ? pages[i].persons * 2
                                                : BITSET_WORDS * (uint32_t)sizeof(uint64_t);
    }
}

void
roaring_bytes_put(struct pack *pack, const struct crowd *crowd)
{
    struct counted *pages = memory_new(crowd->pages + (size_t)1, sizeof(*pages));
    uint32_t count;

    if (pages == NULL) {
        pack->failed = true;
        return;
    }
    count = count_pages(crowd, pages);
    pack_u32(pack, COOKIE_PLAIN);
    pack_u32(pack, count);
    put_layout(pack, pages, count);
    for (uint32_t i = 0; i < count; i++) {
        if (pages[i].persons > ARRAY_MAX)
            pack_bytes(pack, pages[i].page, BITSET_WORDS * sizeof(uint64_t));
        else
            put_array(pack, pages[i].page);
    }
    memory_free(pages);
}

uint64_t
roaring_bytes_length(const uint32_t *ordinals, size_t count)
{
    uint64_t length = 0;

    for (size_t i = 0; i < count;) {
        uint32_t key = ordinals[i] >> 16;
        size_t begin = i, runs = 1, persons, plain;

        for (i++; i < count && ordinals[i] >> 16 == key; i++)
            runs += ordinals[i] != ordinals[i - 1] + 1;
        persons = i - begin;
        plain = persons <= ARRAY_MAX ? persons * 2 : BITSET_WORDS * sizeof(uint64_t);
        length += HEAD_AND_OFFSET / 2 + (2 + runs * 4 < plain ? 2 + runs * 4 : plain);
    }
    return length;
}
