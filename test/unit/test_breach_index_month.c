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
    uint32_t behind;   /* the first key whose second number is not below */
    bool is_of_person; /* asks for a person, else for all */
};

static bool
is_of(const struct kind *kind, struct view key)
{
    if (key.length != kind->key_length)
        return false;
    if (kind->table == INDEX_MAIN)
        return key.bytes[0] == (uint8_t)kind->letter;
    return bytes_get_u32(key.bytes + 4) >= kind->behind;
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

/* Each kind of value that an answer is made of. */
static void
damage_is_told_and_not_believed(void **state PASU_UNUSED)
{
    static const struct kind kinds[] = {
        {"a day's principal", INDEX_DAYS, 8, 0, 1, false},
        {"a month of all", INDEX_MONTHS, 8, 0, INDEX_EVERYBODY, false},
        {"a month of all", INDEX_MONTHS, 8, 0, INDEX_EVERYBODY, true},
        {"a month's persons", INDEX_MONTHS, INDEX_CHUNK_KEY, 0, INDEX_EVERYBODY, false},
        {"a month's persons", INDEX_MONTHS, INDEX_CHUNK_KEY, 0, INDEX_EVERYBODY, true},
        {"a day", INDEX_MAIN, 5, INDEX_DAY, 0, false},
        {"a day", INDEX_MAIN, 5, INDEX_DAY, 0, true},
    };
    struct told_ledger l;

    tell_all(&l, 6, ENTRIES);
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        struct entries entries = entries_of(&l);
        struct answer with;
        struct person person;
        struct index *index;
        int result = 0;

        build(&l, 0, place_behind(&l, l.count));
        assert_true(damage(&kinds[k]) > 1);
        if (!kinds[k].is_of_person) {
            /* Of a month that is not whole, days are looked up. */
            int32_t last = day_of(l.items[0].entry.time) + 20;
            struct filter filter = {.to = kinds[k].table == INDEX_DAYS ? day_begin(last) : 0};

            result = ask_index(&with, &l, filter, false);
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

struct day_check {
    struct index *index;
    const struct index_names *names;
    uint32_t month;
    unsigned day; /* of the month */
    unsigned seen;
};

static void
check_set(struct day_check *check, const struct unit_view *view, unsigned part, struct view set)
{
    struct ordinals persons = {0};

    assert_int_equal(person_bytes_list(set, &persons), 0);
    for (size_t i = 0; i < persons.count; i++) {
        uint32_t days;

        assert_int_equal(index_month_days(check->index, check->month, view->class, part,
                                          persons.items[i], &days),
                         0);
        assert_true((days >> check->day & 1) != 0);
        check->seen++;
    }
    ordinals_release(&persons);
}

static int
check_day(void *arg, struct view key PASU_UNUSED, struct view value)
{
    struct day_check *check = arg;
    struct unit_view view;
    struct unit_walk walk;
    int next;

    unit_walk_begin(&walk, value, &check->names->classes);
    while ((next = unit_walk_next(&walk, &view)) == 1)
        for (unsigned p = 0; p < view.part_count; p++) {
            check_set(check, &view, p, view.shown[p]);
            check_set(check, &view, p, view.missed[p]);
        }
    return next;
}

/* Of a month, what its days have: read anew from the days, each person of each chunk. */
static void
months_have_the_days_of_their_days(void **state PASU_UNUSED)
{
    struct told_ledger l;
    struct index *index;
    struct index_names names = {0};
    unsigned seen = 0;

    tell_all(&l, 6, ENTRIES);
    build(&l, 0, place_behind(&l, l.count / 2));
    build(&l, place_behind(&l, l.count / 2), place_behind(&l, l.count)); /* goes on with months */
    assert_int_equal(index_open(&index, directory, NULL), 0);
    assert_int_equal(index_names_load(&names, index), 0);
    for (uint32_t month = month_of(day_of(l.items[0].entry.time)); month < month_of(day_of(l.now));
         month++)
        for (int32_t day = month_begin(month); day < month_begin(month + 1); day++) {
            struct day_check check = {index, &names, month, (unsigned)(day - month_begin(month)),
                                      0};

            assert_int_equal(index_each_unit(index, day, day + 1, check_day, &check), 0);
            seen += check.seen;
        }
    assert_true(seen > 1000);
    index_names_release(&names);
    index_close(index);
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
        cmocka_unit_test(months_have_the_days_of_their_days),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
