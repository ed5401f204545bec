/* SPDX-License-Identifier: Apache-2.0 */
/* A chunk of a month as bytes and back: who was shown by whom, and when. */
#include "breach/chunk_bytes.h"

#include "base/memory.h"
#include "breach/day.h"
#include "breach/index_key.h"
#include "random.h"
#include "unit.h"

enum { ROUNDS = 12, JUNK = 1500, PRINCIPALS = 9, ORDINALS = 3000 };

/* Of each principal and person, when they were there: what the bytes must say. */
struct told {
    uint32_t days[PRINCIPALS][ORDINALS];
    uint8_t parts[PRINCIPALS][ORDINALS][DAYS_OF_MONTH];
};

static struct told told;

/* Not every principal has a number, nor every ordinal; the last one is the chunk's last. */
static uint32_t
number_of(size_t principal)
{
    return 3 + 7 * (uint32_t)principal;
}

static uint32_t
ordinal_of(size_t person)
{
    return person + 1 == ORDINALS ? (UINT32_C(1) << INDEX_CHUNK_BITS) - 1 : 5 * (uint32_t)person;
}

static void
tell_person(struct random *r, size_t principal, size_t person)
{
    uint32_t *days = &told.days[principal][person];

    for (uint32_t n = 1 + (random_below(r, 6) == 0 ? random_below(r, 9) : 0); n > 0; n--)
        moments_note(days, told.parts[principal][person], random_below(r, DAYS_OF_MONTH),
                     (uint8_t)random_below(r, DAY_PART_NONE));
}

/* Many persons of some principals, few of others, none of one; of the last round none but few. */
static void
tell(struct random *r, int round)
{
    told = (struct told){0};
    for (size_t p = 0; p < PRINCIPALS; p++) {
        uint32_t every = round + 1 == ROUNDS || p % 2 == 0 ? 40 : 3;

        for (size_t i = 0; p != 4 && i < ORDINALS; i++)
            if (random_below(r, every) == 0 || i + 1 == ORDINALS)
                tell_person(r, p, i);
    }
}

static void
add_principal(struct chunk_made *made, size_t principal)
{
    static struct attendance a;

    attendance_clear(&a);
    for (size_t i = 0; i < ORDINALS; i++) {
        uint32_t ordinal = ordinal_of(i);

        if (told.days[principal][i] == 0)
            continue;
        assert_int_equal(ordinals_add(&a.persons, &ordinal, 1), 0);
        assert_int_equal(moments_add(&a.moments, told.days[principal][i], told.parts[principal][i]),
                         0);
    }
    if (a.persons.count > 0)
        assert_int_equal(chunk_add(made, number_of(principal), &a), 0);
    if (principal + 1 == PRINCIPALS)
        attendance_release(&a);
}

static void
write_chunk(struct chunk_made *made, struct pack *pack)
{
    for (size_t p = 0; p < PRINCIPALS; p++)
        add_principal(made, p);
    pack->used = 0;
    assert_int_equal(chunk_end(made, pack), 0);
}

/* ---- one person ---- */

struct found {
    size_t person;
    unsigned principals; /* a bit each */
};

static void
check_found(struct found *f, uint32_t principal, uint32_t days, const uint8_t *by_day)
{
    size_t p = (principal - 3) / 7;

    assert_int_equal(number_of(p), principal);
    assert_int_equal(days, told.days[p][f->person]);
    for (uint32_t left = days; left != 0; left &= left - 1)
        assert_int_equal(by_day[__builtin_ctz(left)],
                         told.parts[p][f->person][__builtin_ctz(left)]);
    assert_int_equal(f->principals >> p & 1, 0);
    f->principals |= 1U << p;
}

static int
see_pool(void *arg, uint32_t principal, uint32_t days, const uint8_t by_day[DAYS_OF_MONTH])
{
    check_found(arg, principal, days, by_day);
    return 0;
}

static void
check_person(struct view value, size_t person)
{
    struct found f = {.person = person};
    struct chunk_walk walk;
    struct pool_view pool;
    struct view bytes;
    unsigned wanted = 0;

    chunk_walk_begin(&walk, value);
    while (chunk_walk_next(&walk, &bytes) == 1) {
        struct attendance_view view;
        uint8_t parts[DAYS_OF_MONTH];
        uint32_t days;

        assert_int_equal(attendance_view_of(&view, bytes), 0);
        assert_int_equal(attendance_find(&view, ordinal_of(person), &days, parts), 0);
        if (days != 0)
            check_found(&f, walk.principal, days, parts);
        assert_int_equal(attendance_find(&view, ordinal_of(person) ^ 2, &days, parts), 0);
        assert_int_equal(days, 0);
    }
    if (chunk_walk_pool(&walk, &pool) == 1)
        assert_int_equal(pool_find(&pool, ordinal_of(person), see_pool, &f), 0);
    for (size_t p = 0; p < PRINCIPALS; p++)
        wanted |= (unsigned)(told.days[p][person] != 0) << p;
    assert_int_equal(f.principals, wanted);
}

/* ---- all of some days ---- */

/* Of a principal, or (SIZE_MAX) of all. */
static size_t
list(struct view value, size_t principal, uint32_t days, uint32_t base, struct ordinals *persons)
{
    static struct pool_scratch scratch;
    bool is_one = principal != SIZE_MAX;
    uint32_t number = is_one ? number_of(principal) : 0;
    struct chunk_walk walk;
    struct pool_view pool;
    struct view bytes;
    size_t alone = 0;

    persons->count = 0;
    chunk_walk_begin(&walk, value);
    for (; chunk_walk_next(&walk, &bytes) == 1; alone++) {
        struct attendance_view view;

        if (is_one && walk.principal != number)
            continue;
        assert_int_equal(attendance_view_of(&view, bytes), 0);
        assert_int_equal(attendance_list(&view, days, base, persons, &scratch.moments), 0);
    }
    if (chunk_walk_pool(&walk, &pool) == 1)
        assert_int_equal(pool_list(&pool, is_one, number, days, base, persons, &scratch), 0);
    pool_scratch_release(&scratch);
    return alone;
}

static void
check_list(const struct ordinals *persons, size_t principal, uint32_t days, uint32_t base)
{
    static unsigned counts[ORDINALS];
    size_t wanted = 0;

    memset(counts, 0, sizeof(counts));
    for (size_t i = 0; i < persons->count; i++) {
        uint32_t ordinal = persons->items[i] - base;
        size_t person = ordinal == ordinal_of(ORDINALS - 1) ? ORDINALS - 1 : ordinal / 5;

        assert_int_equal(ordinal_of(person), ordinal);
        counts[person]++;
    }
    for (size_t i = 0; i < ORDINALS; i++) {
        unsigned there = 0;

        for (size_t p = 0; p < PRINCIPALS; p++)
            there += (principal == SIZE_MAX || principal == p) && (told.days[p][i] & days) != 0;
        assert_int_equal(counts[i], there);
        wanted += there;
    }
    assert_int_equal(persons->count, wanted);
}

static void
chunks_come_back(void **state PASU_UNUSED)
{
    static const uint32_t asked[] = {UINT32_MAX, 1, 0x7ff, 0x7fff0000};
    struct random r = {.state = 21};
    struct chunk_made made = {0};
    struct ordinals persons = {0};
    struct pack pack = {0};
    size_t alone = 0;

    for (int round = 0; round < ROUNDS; round++) {
        tell(&r, round);
        write_chunk(&made, &pack);
        for (size_t i = 0; i < ORDINALS; i += 1 + random_below(&r, 60))
            check_person(pack_view(&pack), i);
        check_person(pack_view(&pack), ORDINALS - 1);
        for (size_t a = 0; a < COUNT_OF(asked); a++)
            for (size_t p = 0; p <= PRINCIPALS; p++) {
                size_t one = p == PRINCIPALS ? SIZE_MAX : p;

                alone = list(pack_view(&pack), one, asked[a], 7 << INDEX_CHUNK_BITS, &persons);
                check_list(&persons, one, asked[a], 7 << INDEX_CHUNK_BITS);
            }
        assert_int_equal(alone, round + 1 < ROUNDS ? PRINCIPALS / 2 : 0);
    }
    chunk_release(&made);
    ordinals_release(&persons);
    pack_release(&pack);
}

/* ---- adding to what there is ---- */

/* What is read of a pool and written again is the same; of one by itself, too. */
static void
what_is_read_is_written_the_same(void **state PASU_UNUSED)
{
    struct random r = {.state = 22};
    struct chunk_made made = {0}, again = {0};
    struct pack pack = {0}, other = {0};
    struct pool pool = {0};
    struct pool_scratch scratch = {0};
    struct attendance a = {0};
    struct pool_place at = {0};
    struct chunk_walk walk;
    struct pool_view view;
    struct view bytes;

    tell(&r, 0);
    write_chunk(&made, &pack);
    chunk_walk_begin(&walk, pack_view(&pack));
    while (chunk_walk_next(&walk, &bytes) == 1)
        chunk_add_bytes(&again, walk.principal, bytes);
    assert_int_equal(chunk_walk_pool(&walk, &view), 1);
    assert_int_equal(pool_read(&pool, &view, &scratch), 0);
    for (size_t p = 0; p < pool.principals.count; p++) {
        attendance_clear(&a);
        assert_int_equal(pool_take(&pool, p, &at, &a), 0);
        assert_true(a.persons.count > 0 && a.persons.count < CHUNK_OWN);
        assert_int_equal(chunk_add(&again, pool.principals.items[p], &a), 0);
    }
    assert_int_equal(chunk_end(&again, &other), 0);
    assert_true(view_equal(pack_view(&pack), pack_view(&other)));
    attendance_release(&a);
    pool_release(&pool);
    pool_scratch_release(&scratch);
    chunk_release(&made);
    chunk_release(&again);
    pack_release(&pack);
    pack_release(&other);
}

/* ---- hostile bytes ---- */

static int
see_any(void *arg PASU_UNUSED, uint32_t principal PASU_UNUSED, uint32_t days PASU_UNUSED,
        const uint8_t by_day[DAYS_OF_MONTH] PASU_UNUSED)
{
    return 0;
}

static int
read_pool(struct chunk_walk *walk, struct ordinals *persons, struct pool_scratch *scratch)
{
    struct pool_view view;
    struct pool pool = {0};
    int result = chunk_walk_pool(walk, &view);

    if (result != 1)
        return result;
    (void)!pool_find(&view, 500, see_any, NULL);
    result = pool_list(&view, false, 0, 3, 0, persons, scratch);
    if (result == 0)
        result = pool_read(&pool, &view, scratch);
    pool_release(&pool);
    return result;
}

static int
read_chunk(struct view value)
{
    struct ordinals persons = {0};
    struct pool_scratch scratch = {0};
    struct attendance a = {0};
    struct chunk_walk walk;
    struct view bytes;
    int next, result = 0;

    chunk_walk_begin(&walk, value);
    while (result == 0 && (next = chunk_walk_next(&walk, &bytes)) == 1) {
        struct attendance_view view;
        uint8_t parts[DAYS_OF_MONTH];
        uint32_t days;

        attendance_clear(&a);
        result = attendance_view_of(&view, bytes);
        if (result != 0)
            break;
        (void)!attendance_find(&view, 500, &days, parts);
        result = attendance_list(&view, 3, 0, &persons, &scratch.moments);
        if (result == 0)
            result = attendance_read(&a, &view, &scratch.moments);
    }
    if (result == 0)
        result = next < 0 ? next : read_pool(&walk, &persons, &scratch);
    for (size_t i = 0; i < a.persons.count && result == 0; i++)
        assert_true(a.persons.items[i] >> INDEX_CHUNK_BITS == 0);
    ordinals_release(&persons);
    pool_scratch_release(&scratch);
    attendance_release(&a);
    return result;
}

/* Whatever the bytes are: an answer, or PASU_E_CORRUPT; nothing behind them is read. */
static void
junk_is_refused(void **state PASU_UNUSED)
{
    struct random r = {.state = 23};
    struct chunk_made made = {0};
    struct pack pack = {0};
    unsigned refused = 0;

    tell(&r, 0);
    write_chunk(&made, &pack);
    assert_int_equal(read_chunk(pack_view(&pack)), 0);
    for (int round = 0; round < JUNK; round++) {
        size_t length =
            random_below(&r, 4) == 0 ? random_below(&r, (uint32_t)pack.used + 1) : pack.used;
        uint8_t *copy = memory_new(length + 1, 1); /* its end is the memory's */
        int result;

        if (length > 0)
            memcpy(copy, pack.bytes, length);
        for (uint32_t i = 1 + random_below(&r, 4); i > 0 && length > 0; i--)
            copy[random_below(&r,
                              random_below(&r, 2) == 0 && length > 60 ? 60 : (uint32_t)length)] ^=
                (uint8_t)(1 << random_below(&r, 8));
        result = read_chunk(view_of(copy, length));
        assert_true(result == 0 || result == PASU_E_CORRUPT);
        refused += result != 0;
        memory_free(copy);
    }
    assert_true(refused > JUNK / 10);
    chunk_release(&made);
    pack_release(&pack);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_come_back),
        cmocka_unit_test(what_is_read_is_written_the_same),
        cmocka_unit_test(junk_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
