/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_compare.h"
#include "breach/index_each.h"
#include "breach/index_month.h"
#include "index_answer.h"
#include "index_person.h"

#include <sys/stat.h>

enum { ENTRIES = 1400 }; /* half a year, the end of a year in it */

static void
edges_of_months_and_years_are_right(void **state PASU_UNUSED)
{
    struct told_ledger l;
    unsigned answered = 0, found = 0, asked = 0;
    uint32_t first, last;

    tell_all(&l, 6, ENTRIES);
    build(&l, 0, place_behind(&l, l.count));
    first = month_of(day_of(l.items[0].entry.time));
    last = month_of(day_of(l.now));
    assert_true(first / 12 < last / 12);
    for (uint32_t from = first; from <= last; from++)
        for (uint32_t to = from; to <= last + 1; to++)
            for (int32_t shift = -1; shift <= 1; shift++) {
                struct filter filter = {.from = day_begin(month_begin(from)),
                                        .to = day_begin(month_begin(to) + shift)};
                bool is_answered;

                if (filter.to <= filter.from)
                    continue;
                found += ask_for_person(&l, filter, some_person(&l), &is_answered);
                assert_true(is_answered);
                filter.principal = shift == 0 ? "role1" : NULL;
                answered += ask_both(&l, filter, false);
                asked++;
            }
    assert_int_equal(answered, asked);
    assert_true(found > 10);
    forget_all(&l);
}

/* One person on every day of a month, one on every second, … : each on as many days as reading
 * says. */
static void
persons_of_many_days_are_found_on_each(void **state PASU_UNUSED)
{
    enum { PERSONS = 16, DAYS = 40 };
    struct told_ledger l = {.random.state = 1, .now = 20301 * DAY + 5}; /* 2025-08-01 */

    l.items = memory_new(STORY_ENTRIES, sizeof(*l.items));
    tell_vocabulary(&l, 0);
    tell_opened(&l, 1);
    for (uint32_t d = 0; d < DAYS; d++, l.now += DAY) {
        struct told *told = tell(&l, LEDGER_EXPOSURE);
        struct exposure *e = &told->body.exposure;

        told->ordinals[0][0] = memory_new(PERSONS, sizeof(uint32_t));
        *e = (struct exposure){.session = 1,
                               .time = l.now,
                               .vocabulary = l.items[0].body.vocabulary.id,
                               .statements = 1,
                               .rows = d + 1,
                               .part_count = 1};
        e->parts[0] = (struct exposure_part){
            .attribution = ATTRIBUTION_KEY, .clear = 3, .ordinals = told->ordinals[0][0]};
        for (uint32_t p = 0; p < PERSONS; p++)
            if (d % (p + 2) == 0)
                told->ordinals[0][0][e->parts[0].ordinal_count++] = p * 70000;
        told->entry.u.exposure = e;
    }
    build(&l, 0, l.count);
    for (uint32_t p = 0; p < PERSONS; p++) {
        bool is_answered;

        (void)ask_for_person(&l, (struct filter){0}, p * 70000, &is_answered);
        assert_true(is_answered);
    }
    forget_all(&l);
}

/* What a question needs, and which it reads. */
struct kind {
    const char *what;
    enum index_table table;
    size_t key_length;
    char letter;       /* of the main table */
    bool is_of_all;    /* of all principals together */
    bool is_of_person; /* asks for a person, else for all */
};

static bool
is_of(const struct kind *kind, struct view key)
{
    if (key.length != kind->key_length)
        return false;
    if (kind->table == INDEX_MAIN)
        return key.bytes[0] == (uint8_t)kind->letter;
    return (bytes_get_u32(key.bytes + 4) == INDEX_EVERYBODY) == kind->is_of_all;
}

/* Flips a bit of each value of that kind, wherever its bytes are in the file; how many. */
static unsigned
damage(const struct kind *kind)
{
    struct index *index;
    struct index_walk walk;
    struct view key, value;
    unsigned count = 0;
    int file = openat(directory, "index/now/data.mdb", O_RDWR | O_CLOEXEC), next;
    struct stat s;
    uint8_t *bytes;

    assert_int_equal(fstat(file, &s), 0);
    bytes = memory_new((size_t)s.st_size, 1);
    assert_int_equal(pread(file, bytes, (size_t)s.st_size, 0), s.st_size);
    assert_int_equal(index_open(&index, directory, NULL), 0);
    assert_int_equal(index_walk_begin(&walk, index, kind->table), 0);
    walk.is_unchecked = true;
    next = index_walk_seek(&walk, VIEW("\0"), &key, &value);
    for (; next == 1; next = index_walk_next(&walk, &key, &value)) {
        if (!is_of(kind, key) || value.length < 12)
            continue;
        for (uint8_t *at = bytes;
             (at = memmem(at, (size_t)(bytes + s.st_size - at), value.bytes, value.length)) != NULL;
             at++) {
            uint8_t flipped = at[value.length / 2] ^ 4;

            assert_int_equal(pwrite(file, &flipped, 1, at - bytes + (off_t)value.length / 2), 1);
        }
        count++;
    }
    index_walk_end(&walk);
    index_close(index);
    memory_free(bytes);
    close(file);
    return count;
}

/* Up to where there is a value of that kind: the last day has none where all that it showed is open
 * still. */
static void
build_and_damage(struct told_ledger *l, const struct kind *kind)
{
    size_t end = l->count;

    do
        build(l, 0, place_behind(l, end--));
    while (damage(kind) == 0 && end > l->count / 2);
    assert_true(end > l->count / 2);
}

/* Each kind of value that an answer is made of. */
static void
damage_is_told_and_not_believed(void **state PASU_UNUSED)
{
    static const struct kind kinds[] = {
        {"the last day's principal", INDEX_DAYS, 8, 0, false, false},
        {"the last day's principal", INDEX_DAYS, 8, 0, false, true},
        {"a month's principal", INDEX_MONTHS, 8, 0, false, false},
        {"a month's principal", INDEX_MONTHS, 8, 0, false, true},
        {"a month of all", INDEX_MONTHS, 8, 0, true, false},
        {"a month of all", INDEX_MONTHS, 8, 0, true, true},
        {"a month's persons", INDEX_MONTHS, INDEX_CHUNK_KEY, 0, true, false},
        {"a month's persons", INDEX_MONTHS, INDEX_CHUNK_KEY, 0, true, true},
        {"a day", INDEX_MAIN, 5, INDEX_DAY, false, false},
        {"a day", INDEX_MAIN, 5, INDEX_DAY, false, true},
    };
    struct told_ledger l;

    tell_all(&l, 6, ENTRIES);
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        struct entries entries = entries_of(&l);
        struct answer with;
        struct person person;
        struct index *index;
        int result = 0;

        build_and_damage(&l, &kinds[k]);
        if (!kinds[k].is_of_person) {
            /* Of the first month the ledger has not all: its principals are looked at. */
            result = ask_index(&with, &l, (struct filter){0}, false);
            end(&with);
        }
        for (int i = 0; kinds[k].is_of_person && result == 0 && i < 400; i++) {
            begin_person(&person, (struct filter){0}, some_person(&l));
            assert_int_equal(index_open(&index, directory, NULL), 0);
            result = index_subject(index, &person.subject, &person.answer.selection, &entries);
            index_close(index);
            end_person(&person);
        }
        if (result != PASU_E_CORRUPT)
            fail_msg("%s: %s", kinds[k].what, error_text(result));
    }
    forget_all(&l);
}

static int
note(void *arg, enum index_table table, struct view key)
{
    unsigned *differences = arg;

    assert_int_equal(table, INDEX_MONTHS);
    assert_true(key.length >= 8);
    ++*differences;
    return 0;
}

/* A unit of a month, and whom it has, that somebody wrote anew under a checksum that fits. */
static void
comparing_finds_a_wrong_month(void **state PASU_UNUSED)
{
    struct told_ledger l;
    struct index *right, *wrong;
    struct index_walk walk;
    struct view key, value;
    unsigned differences = 0, changed = 0;
    int next;

    tell_all(&l, 6, ENTRIES);
    build(&l, 0, place_behind(&l, l.count));
    assert_int_equal(index_make(&right, index_place, NULL), 0);
    build_into(right, &l, 0, place_behind(&l, l.count));
    assert_int_equal(index_open_to_write(&wrong, index_place, NULL), 0);
    for (unsigned i = 0; i < 2; i++) {
        uint8_t name[INDEX_KEY_MAX], bytes[8192];
        size_t key_length = i == 0 ? 8 : INDEX_CHUNK_KEY, length = 0;

        assert_int_equal(index_walk_begin(&walk, wrong, INDEX_MONTHS), 0);
        next = index_walk_seek(&walk, VIEW("\0"), &key, &value);
        for (; next == 1 && length == 0; next = index_walk_next(&walk, &key, &value))
            if (key.length == key_length && value.length <= sizeof(bytes)) {
                memcpy(name, key.bytes, key_length);
                memcpy(bytes, value.bytes, value.length);
                length = value.length;
            }
        index_walk_end(&walk);
        assert_true(length > 0);
        bytes[length - 1] ^= 1;
        assert_int_equal(
            index_put(wrong, INDEX_MONTHS, view_of(name, key_length), view_of(bytes, length)), 0);
        changed++;
    }
    assert_int_equal(index_compare(wrong, right, note, &differences), 0);
    assert_int_equal(differences, changed);
    index_close(wrong);
    index_discard(right, index_place);
    forget_all(&l);
}

/* From any day on, to any other one: whole months, and parts of them on both sides, of all
 * principals and of one, of an index that was gone on with in the middle of a month. */
static void
any_days_are_answered_as_read(void **state PASU_UNUSED)
{
    enum { ROUNDS = 60 };
    struct told_ledger l;
    struct random random = {.state = 3};
    unsigned answered = 0, found = 0;
    int32_t first, days;

    tell_all(&l, 6, ENTRIES);
    for (size_t from = 0, to = 0; from < l.count; from = to) {
        to = place_behind(&l, from + l.count / 3 < l.count ? from + l.count / 3 : l.count);
        build(&l, from, to);
    }
    first = day_of(l.items[0].entry.time);
    days = day_of(l.now) - first;
    for (int round = 0; round < ROUNDS; round++) {
        int32_t from = first + (int32_t)random_below(&random, (uint32_t)days);
        int32_t to = from + 1 + (int32_t)random_below(&random, (uint32_t)(first + days - from));
        struct filter filter = {.from = day_begin(from), .to = day_begin(to)};
        bool is_answered;

        found += ask_for_person(&l, filter, some_person(&l), &is_answered);
        assert_true(is_answered);
        filter.principal = round % 2 == 0 ? "role1" : NULL;
        answered += ask_both(&l, filter, false);
    }
    assert_int_equal(answered, ROUNDS);
    assert_true(found > 5);
    forget_all(&l);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges_of_months_and_years_are_right),
        cmocka_unit_test(persons_of_many_days_are_found_on_each),
        cmocka_unit_test(damage_is_told_and_not_believed),
        cmocka_unit_test(comparing_finds_a_wrong_month),
        cmocka_unit_test(any_days_are_answered_as_read),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
