/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_key.h"
#include "index_answer.h"

/* Behind the last entry, and again where one goes on from there: told once. */
static void
damage_at_the_end_is_told_once(void **state PASU_UNUSED)
{
    struct pack at_once = {0}, in_pieces = {0};
    struct told_ledger l;
    size_t at;

    tell_all(&l, 2, 200);
    while ((int)l.items[l.count - 1].entry.type == STORY_DAMAGE)
        l.count--;
    at = l.count;
    tell(&l, (enum ledger_entry_type)STORY_DAMAGE);
    tell(&l, (enum ledger_entry_type)STORY_DAMAGE);
    build(&l, 0, at);
    collect(&at_once);
    build(&l, 0, l.count);
    collect(&in_pieces);
    assert_int_equal(at_once.used, in_pieces.used);
    assert_memory_equal(at_once.bytes, in_pieces.bytes, at_once.used);
    assert_true(ask_both(&l, (struct filter){0}, false));
    tell_opened(&l, 4711);
    assert_true(ask_both(&l, (struct filter){0}, false));
    build(&l, at, l.count);
    assert_true(ask_both(&l, (struct filter){0}, false));
    pack_release(&at_once);
    pack_release(&in_pieces);
    forget_all(&l);
}

/* On the days that are read, which reading tells of, and the index cannot. */
static void
damage_that_came_since_is_not_passed_over(void **state PASU_UNUSED)
{
    enum { FIRST = 40, LAST = 240 };
    struct told_ledger l;
    struct filter filter;
    unsigned tried = 0;

    tell_all(&l, 6, 300);
    build(&l, 0, place_behind(&l, l.count));
    filter = (struct filter){.from = l.items[FIRST].entry.time + 1, .to = l.items[LAST].entry.time};
    assert_true(ask_both(&l, filter, false));
    for (size_t i = 0; i < l.count; i++) {
        struct told *told = &l.items[i];
        int32_t day = day_of(told->body.exposure.time);
        struct answer with;

        if (told->entry.type != LEDGER_EXPOSURE ||
            (day != day_of(filter.from) && day != day_of(filter.to)))
            continue;
        told->entry.type = (enum ledger_entry_type)STORY_DAMAGE;
        assert_int_equal(ask_index(&with, &l, filter, false), PASU_E_UNAVAILABLE);
        end(&with);
        told->entry.type = LEDGER_EXPOSURE;
        tried++;
    }
    assert_true(tried > 2);
    forget_all(&l);
}

static void
another_ledger_is_not_answered_for(void **state PASU_UNUSED)
{
    struct told_ledger l;
    struct answer answer;

    tell_all(&l, 2, 200);
    build(&l, 0, place_behind(&l, 150));
    for (size_t i = 0; i < l.count; i++)
        l.items[i].entry.time++;
    assert_int_equal(ask_index(&answer, &l, (struct filter){0}, false), PASU_E_UNAVAILABLE);
    end(&answer);
    forget_all(&l);
}

/* Neither asked nor gone on with: it is made anew. */
static void
another_version_is_refused(void **state PASU_UNUSED)
{
    struct index_key meta = index_key_letter(INDEX_META);
    struct told_ledger l;
    struct answer answer;
    struct index *index;
    struct index_build *build_of_it;
    struct view value;
    uint8_t bytes[64];

    tell_all(&l, 2, 200);
    build(&l, 0, place_behind(&l, 150));
    assert_int_equal(index_open_to_write(&index, index_place, NULL), 0);
    assert_int_equal(index_get(index, INDEX_MAIN, index_key_view(&meta), &value), 0);
    assert_true(value.length < sizeof(bytes) && value.bytes[0] == INDEX_VERSION);
    memcpy(bytes, value.bytes, value.length);
    bytes[0] = INDEX_VERSION - 1;
    assert_int_equal(
        index_put(index, INDEX_MAIN, index_key_view(&meta), view_of(bytes, value.length)), 0);
    assert_int_equal(index_build_new(&build_of_it, &os_real, index, true), PASU_E_NOTFOUND);
    assert_int_equal(index_commit(index), 0);
    index_close(index);
    assert_int_equal(ask_index(&answer, &l, (struct filter){0}, false), PASU_E_NOTFOUND);
    end(&answer);
    forget_all(&l);
}

/* Any bit, under a checksum that fits, as somebody who can write there could: an error, or an
 * answer that is not the ledger's (pasu ledger check-index finds that); nothing worse. */
static void
flipped_bytes_are_found(void **state PASU_UNUSED)
{
    struct told_ledger l;
    struct random random = {.state = 77};
    unsigned found = 0;

    tell_all(&l, 6, 300);
    for (int round = 0; round < 300; round++) {
        struct index *index;
        struct index_walk walk;
        struct view key, value;
        struct answer with;
        enum index_table table = (enum index_table)random_below(&random, INDEX_TABLES);
        uint32_t skip = random_below(&random, 40);
        int result;

        build(&l, 0, place_behind(&l, 280));
        assert_int_equal(index_open_to_write(&index, index_place, NULL), 0);
        assert_int_equal(index_walk_begin(&walk, index, table), 0);
        result = index_walk_seek(&walk, VIEW("\0"), &key, &value);
        while (result == 1 && skip-- > 0)
            result = index_walk_next(&walk, &key, &value);
        if (result == 1 && value.length > 0) {
            uint8_t name[INDEX_KEY_MAX], *bytes = memory_new(value.length, 1);
            size_t length = value.length, key_length = key.length;

            memcpy(name, key.bytes, key_length);
            memcpy(bytes, value.bytes, length);
            bytes[random_below(&random, (uint32_t)length)] ^=
                (uint8_t)(1 << random_below(&random, 8));
            index_walk_end(&walk);
            assert_int_equal(
                index_put(index, table, view_of(name, key_length), view_of(bytes, length)), 0);
            memory_free(bytes);
        } else {
            index_walk_end(&walk);
        }
        assert_int_equal(index_commit(index), 0);
        index_close(index);
        found += ask_index(&with, &l, (struct filter){0}, false) != 0;
        end(&with);
    }
    assert_true(found > 20);
    forget_all(&l);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damage_at_the_end_is_told_once),
        cmocka_unit_test(damage_that_came_since_is_not_passed_over),
        cmocka_unit_test(another_ledger_is_not_answered_for),
        cmocka_unit_test(another_version_is_refused),
        cmocka_unit_test(flipped_bytes_are_found),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
