/* SPDX-License-Identifier: Apache-2.0 */
/* What is put into an index: it comes back, and where another one has it otherwise, that is told.
 */
#include "base/memory.h"
#include "breach/index_compare.h"
#include "breach/index_key.h"
#include "breach/index_state.h"
#include "random.h"
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct place {
    char path[32];
    int directory, folder; /* the ledger's, and the index's in it */
};

struct pair {
    enum index_table table;
    const char *key, *value;
};

struct told {
    unsigned count;
    char keys[8][4];
    enum index_table tables[8];
};

static const struct segment_keys *keys; /* of what is made; NULL: none */

static const struct pair first[] = {{INDEX_MAIN, "a", "1"},
                                    {INDEX_MAIN, "b", "2"},
                                    {INDEX_DAYS, "c", "3"},
                                    {INDEX_MONTHS, "d", "4"}};

static struct view
view(const char *text)
{
    return view_of(text, strlen(text));
}

static struct index *
make(struct place *p, const struct pair *pairs, size_t count)
{
    struct index *index;

    snprintf(p->path, sizeof(p->path), "/tmp/pasu-compare-XXXXXX");
    assert_non_null(mkdtemp(p->path));
    p->directory = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(p->directory >= 0);
    p->folder = index_folder(p->directory);
    assert_true(p->folder >= 0);
    assert_int_equal(index_make(&index, p->folder, keys), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(index_put(index, pairs[i].table, view(pairs[i].key), view(pairs[i].value)),
                         0);
    assert_int_equal(index_replace(index, p->folder), 0);
    assert_int_equal(index_open(&index, p->directory, keys), 0);
    return index;
}

static void
drop(struct place *p, struct index *index)
{
    index_close(index);
    index_remove(p->folder);
    close(p->folder);
    assert_int_equal(unlinkat(p->directory, "index", AT_REMOVEDIR), 0);
    close(p->directory);
    assert_int_equal(rmdir(p->path), 0);
}

static int
tell(void *arg, enum index_table table, struct view key)
{
    struct told *told = arg;

    assert_true(told->count < COUNT_OF(told->keys) && key.length < sizeof(told->keys[0]));
    memcpy(told->keys[told->count], key.bytes, key.length);
    told->tables[told->count++] = table;
    return 0;
}

static int
stop(void *arg, enum index_table table PASU_UNUSED, struct view key PASU_UNUSED)
{
    (*(unsigned *)arg)++;
    return 7;
}

/* What is told of the first pairs beside these. */
static struct told
compare(const struct pair *pairs, size_t count)
{
    struct place places[2];
    struct index *one = make(&places[0], first, COUNT_OF(first));
    struct index *other = make(&places[1], pairs, count);
    struct told told = {0}, back = {0};
    unsigned calls = 0;

    assert_int_equal(index_compare(one, other, tell, &told), 0);
    assert_int_equal(index_compare(other, one, tell, &back), 0);
    assert_memory_equal(&told, &back, sizeof(told));
    assert_int_equal(index_compare(one, other, stop, &calls), told.count > 0 ? 7 : 0);
    assert_int_equal(calls, told.count > 0);
    drop(&places[0], one);
    drop(&places[1], other);
    return told;
}

static void
the_same_is_not_told_of(void **state PASU_UNUSED)
{
    assert_int_equal(compare(first, COUNT_OF(first)).count, 0);
}

static void
what_is_otherwise_missing_or_more_is_told_of_in_its_table(void **state PASU_UNUSED)
{
    static const struct pair others[] = {{INDEX_MAIN, "a", "1"},
                                         {INDEX_MAIN, "b", "9"},
                                         {INDEX_MAIN, "bb", "2"},
                                         {INDEX_MONTHS, "d", "44"}};
    static const struct pair due[] = {{INDEX_MAIN, "b", ""},
                                      {INDEX_MAIN, "bb", ""},
                                      {INDEX_DAYS, "c", ""},
                                      {INDEX_MONTHS, "d", ""}};
    struct told told = compare(others, COUNT_OF(others));

    assert_int_equal(told.count, COUNT_OF(due));
    for (size_t i = 0; i < COUNT_OF(due); i++) {
        assert_int_equal(told.tables[i], due[i].table);
        assert_string_equal(told.keys[i], due[i].key);
    }
}

static void
gaps_come_back_as_they_were(void **state PASU_UNUSED)
{
    const struct gaps gaps = {.state = GAPS_RUNNING,
                              .last = -5,
                              .left_out = 1000,
                              .first_open = 1,
                              .count = 2,
                              .items = {{.what = GAP_DAMAGED,
                                         .from = 1,
                                         .to = 2,
                                         .records = 300,
                                         .error = PASU_E_IO,
                                         .segment = 400,
                                         .offset = 70000},
                                        {.what = GAP_DIED, .from = -7, .to = INT64_MAX}}};
    struct place place;
    struct index *index = make(&place, NULL, 0);
    struct gaps again;

    index_close(index);
    assert_int_equal(index_open_to_write(&index, place.folder, NULL), 0);
    assert_int_equal(index_gaps_save(&gaps, index), 0);
    assert_int_equal(index_gaps_load(&again, index), 0);
    assert_true(again.state == gaps.state && again.last == gaps.last);
    assert_true(again.left_out == gaps.left_out && again.first_open == gaps.first_open);
    assert_int_equal(again.count, gaps.count);
    for (size_t g = 0; g < gaps.count; g++) {
        const struct gap *one = &gaps.items[g], *other = &again.items[g];

        assert_true(one->what == other->what && one->error == other->error);
        assert_true(one->from == other->from && one->to == other->to);
        assert_true(one->records == other->records && one->segment == other->segment);
        assert_int_equal(one->offset, other->offset);
    }
    drop(&place, index);
}

/* Sessions past pasu, and what is known of them. */
static void
note_past(struct gaps *gaps)
{
    const struct message_census census[] = {
        {.since = 5, .at = 5, .gateway = "main", .database = "shop"},
        {.since = 5,
         .at = 9,
         .at_least = 2,
         .at_most = 3,
         .is_final = 1,
         .gateway = "main",
         .database = "shop"},
        {.what = CENSUS_RESET,
         .since = 9,
         .at = 12,
         .at_most = UINT64_MAX,
         .gateway = "main",
         .database = "shop"},
        {.what = CENSUS_ALONE, .since = 7, .at = 7, .at_most = UINT64_MAX, .gateway = "other"},
    };
    const struct message_bypass bypass = {.began = 3,
                                          .seen = 8,
                                          .pid = 77,
                                          .port = 5000,
                                          .is_certain = 1,
                                          .gateway = "main",
                                          .principal = "app",
                                          .database = "shop",
                                          .application = "psql",
                                          .address = "192.0.2.1"};
    struct ledger_entry entry = {.type = LEDGER_BYPASS, .time = 8, .u.bypass = &bypass};

    gaps_note(gaps, &entry);
    entry.type = LEDGER_CENSUS;
    for (size_t i = 0; i < COUNT_OF(census); i++) {
        entry.u.census = &census[i];
        gaps_note(gaps, &entry);
    }
}

static void
sessions_past_pasu_come_back_as_they_were(void **state PASU_UNUSED)
{
    struct gaps *gaps = memory_new(1, sizeof(*gaps)), *again = memory_new(1, sizeof(*again));
    struct place place;
    struct index *index = make(&place, NULL, 0);

    assert_true(gaps && again);
    note_past(gaps);
    index_close(index);
    assert_int_equal(index_open_to_write(&index, place.folder, NULL), 0);
    assert_int_equal(index_gaps_save(gaps, index), 0);
    assert_int_equal(index_gaps_load(again, index), 0);
    assert_int_equal(again->past, 1);
    assert_int_equal(again->items[0].at_least, 2);
    assert_memory_equal(&again->reconciled, &gaps->reconciled, sizeof(gaps->reconciled));
    gaps->reconciled.stretches[1].place = 2; /* there are two */
    assert_int_equal(index_gaps_save(gaps, index), 0);
    assert_int_equal(index_gaps_load(again, index), PASU_E_CORRUPT);
    gaps->reconciled.stretches[1].place = 1;
    gaps->items[0].what = GAP_LOST; /* which the place says is its gap */
    gaps->reconciled.places[0].gap = 1;
    assert_int_equal(index_gaps_save(gaps, index), 0);
    assert_int_equal(index_gaps_load(again, index), PASU_E_CORRUPT);
    memory_free(gaps);
    memory_free(again);
    drop(&place, index);
}

/* ---- long values ---- */

enum { LONG_KEYS = 300, LONGEST = 30000 };

/* Bytes that tell their key and length. */
static struct view
some_value(uint8_t *bytes, uint32_t number, size_t length)
{
    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)(number * 31 + i * 7 + length);
    return view_of(bytes, length);
}

/* About as long as a leaf has room for, or whole pages, or any. */
static size_t
some_length(struct random *r)
{
    static const size_t around[] = {2000, 4076, 6098, 8172, 10192, 12268};
    size_t length = around[random_below(r, COUNT_OF(around))] + random_below(r, 60) - 30;

    return random_below(r, 2) == 0 ? length : random_below(r, LONGEST);
}

static void
check_long_values(struct index *index, const size_t lengths[LONG_KEYS])
{
    static uint8_t bytes[LONGEST];
    struct index_walk walk;
    struct view key, value;
    uint32_t number = 0;
    int next;

    assert_int_equal(index_verify(index), 0);
    assert_int_equal(index_walk_begin(&walk, index, INDEX_DAYS), 0);
    next = index_walk_seek(&walk, VIEW("\0"), &key, &value);
    for (; next == 1; next = index_walk_next(&walk, &key, &value)) {
        struct index_key expected = index_key_unit(number / 7, number % 7);
        struct view got;

        assert_true(view_equal(key, index_key_view(&expected)));
        assert_true(view_equal(value, some_value(bytes, number, lengths[number])));
        assert_int_equal(index_get(index, INDEX_DAYS, index_key_view(&expected), &got), 0);
        assert_true(view_equal(got, value));
        number++;
    }
    assert_int_equal(next, 0);
    assert_int_equal(number, LONG_KEYS);
    index_walk_end(&walk);
}

/* In order, then each again, longer or shorter; and the pages are nearly full. */
static void
long_values_of_days_come_back(void **state)
{
    static uint8_t bytes[LONGEST];
    struct random r = {.state = 3};
    size_t lengths[LONG_KEYS], all = 0;
    struct place place;
    struct index *index;

    keys = *state;
    index_close(make(&place, NULL, 0));
    assert_int_equal(index_open_to_write(&index, place.folder, keys), 0);
    for (uint32_t i = 0; i < LONG_KEYS; i++) {
        struct index_key key = index_key_unit(i / 7, i % 7);

        lengths[i] = 5 * 4096 + random_below(&r, 4096);
        all += lengths[i];
        assert_int_equal(
            index_put(index, INDEX_DAYS, index_key_view(&key), some_value(bytes, i, lengths[i])),
            0);
    }
    assert_int_equal(index_commit(index), 0);
    check_long_values(index, lengths);
    assert_true(index_size(index) < all + all / 20);
    for (uint32_t i = 0; i < 2 * LONG_KEYS; i++) {
        uint32_t number = random_below(&r, LONG_KEYS);
        struct index_key key = index_key_unit(number / 7, number % 7);

        lengths[number] = some_length(&r);
        assert_int_equal(index_put(index, INDEX_DAYS, index_key_view(&key),
                                   some_value(bytes, number, lengths[number])),
                         0);
    }
    assert_int_equal(index_commit(index), 0);
    check_long_values(index, lengths);
    drop(&place, index);
    keys = NULL;
}

int
main(void)
{
    static struct segment_keys one = {.keys = {{1}}, .count = 1};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_is_not_told_of),
        cmocka_unit_test(what_is_otherwise_missing_or_more_is_told_of_in_its_table),
        cmocka_unit_test(gaps_come_back_as_they_were),
        cmocka_unit_test(sessions_past_pasu_come_back_as_they_were),
        cmocka_unit_test(long_values_of_days_come_back),
        {"long_values_of_days_come_back (encrypted)", long_values_of_days_come_back, NULL, NULL,
         &one},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
