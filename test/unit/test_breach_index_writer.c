/* SPDX-License-Identifier: Apache-2.0 */
/* What the index's writer is given: it is what stands there afterwards, as if it had been written
 * at once; errors are told when it is waited for, and once. */
#include "breach/index_writer.h"

#include "base/memory.h"
#include "breach/day.h"
#include "breach/index_each.h"
#include "index_answer.h"

#include <dlfcn.h>
#include <errno.h>

enum { DAYS = 40, PRINCIPALS = 3, BEGIN = 20300, MANY_CLASSES = 5000 };

/* ---- threads: there can be none ---- */

static bool has_no_threads;
static unsigned threads;

int
pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    void *found = dlsym(RTLD_NEXT, "pthread_create");

    memcpy(&real, &found, sizeof(real));
    if (has_no_threads)
        return EAGAIN;
    threads++;
    return real(thread, attr, start, arg);
}

/* ---- what is written ---- */

struct made {
    struct index *index;
    struct index_names names;
    struct index_heap heap;
    struct index_writer writer;
};

static uint32_t
class_of(struct made *m, uint32_t vocabulary)
{
    const struct index_class class = {.head = {.vocabulary = vocabulary, .part_count = 1},
                                      .parts = {{.clear = 3, .bits = INDEX_PART_SHOWN}}};
    uint32_t number = interner_number(&m->names.classes, index_class_bytes(&class));

    assert_true(number > 0);
    return number;
}

/* Whether there was memory for it. */
static bool
add(struct made *m, int32_t day, uint32_t principal, uint32_t ordinal)
{
    uint32_t ordinals[] = {ordinal, ordinal + 5};
    struct index_group_part part = {.shown = {ordinals, COUNT_OF(ordinals), COUNT_OF(ordinals)}};
    const struct index_group group = {.time = day_begin(day) + 5,
                                      .principal = principal,
                                      .statements = 1,
                                      .rows = 2,
                                      .parts = &part,
                                      .part_count = 1,
                                      .part_space = 1};

    return index_heap_add(&m->heap, day, 1, &group) == 0;
}

static void
begin_made(struct made *m)
{
    *m = (struct made){0};
    assert_int_equal(index_make(&m->index, index_place, NULL), 0);
    assert_int_equal(class_of(m, 1), 1);
}

static void
release_made(struct made *m)
{
    index_writer_release(&m->writer);
    index_heap_release(&m->heap);
    index_names_release(&m->names);
}

static int32_t
last_of(uint32_t round)
{
    return BEGIN + (int32_t)round * DAYS / 2 + DAYS - 1;
}

/* Each round's days are those of the one before, too, from its half on. */
static void
add_round(struct made *m, uint32_t round)
{
    for (int32_t day = 0; day < DAYS; day++)
        for (uint32_t principal = 1; principal <= PRINCIPALS; principal++)
            assert_true(add(m, BEGIN + day + (int32_t)round * DAYS / 2, principal,
                            1000 * round + (uint32_t)day * principal));
    m->heap.newest = last_of(round);
    m->heap.principals = PRINCIPALS;
}

static int
begin_writing(struct made *m, int32_t before)
{
    return index_writer_begin(&m->writer, &m->heap, before, &m->names.classes, m->index);
}

/* What is in the index then, which is taken away. */
static void
keep(struct made *m, struct pack *pack)
{
    assert_int_equal(index_replace(m->index, index_place), 0);
    collect(pack);
    release_made(m);
}

static void
compare_packs(struct pack *one, struct pack *other)
{
    assert_true(one->used > 0);
    assert_int_equal(one->used, other->used);
    assert_memory_equal(one->bytes, other->bytes, one->used);
    pack_release(one);
    pack_release(other);
}

static void
write_directly(struct pack *pack)
{
    struct made m;

    begin_made(&m);
    for (uint32_t round = 0; round < 3; round++) {
        add_round(&m, round);
        assert_int_equal(index_heap_write(&m.heap, &m.names.classes, m.index), 0);
    }
    keep(&m, pack);
}

/* The maker goes on meanwhile, with classes of its own that the writer does not know. */
static void
write_beside(struct pack *pack)
{
    struct made m;

    begin_made(&m);
    add_round(&m, 0);
    for (uint32_t round = 0; round < 3; round++) {
        assert_int_equal(begin_writing(&m, INT32_MAX), 0);
        assert_int_equal(m.heap.count, 0);
        assert_int_equal(m.heap.persons, 0);
        for (uint32_t c = 0; c < MANY_CLASSES; c++)
            class_of(&m, 10 + round * MANY_CLASSES + c);
        if (round < 2)
            add_round(&m, round + 1);
        assert_int_equal(index_writer_end(&m.writer), 0);
    }
    keep(&m, pack);
}

static void
what_it_writes_is_what_is_written_at_once(void **state PASU_UNUSED)
{
    struct pack at_once = {0}, beside = {0};

    write_directly(&at_once);
    threads = 0;
    write_beside(&beside);
    assert_int_equal(threads, 3);
    compare_packs(&at_once, &beside);
}

static void
where_there_can_be_no_thread_it_is_written_all_the_same(void **state PASU_UNUSED)
{
    struct pack at_once = {0}, beside = {0};

    write_directly(&at_once);
    has_no_threads = true;
    write_beside(&beside);
    has_no_threads = false;
    compare_packs(&at_once, &beside);
}

/* Days before the one that is asked for are taken, the others are the maker's still. */
static void
what_is_not_asked_for_stays_with_the_maker(void **state PASU_UNUSED)
{
    struct pack at_once = {0}, beside = {0};
    struct made m;

    begin_made(&m);
    add_round(&m, 0);
    assert_int_equal(index_heap_write(&m.heap, &m.names.classes, m.index), 0);
    keep(&m, &at_once);
    begin_made(&m);
    add_round(&m, 0);
    assert_int_equal(begin_writing(&m, BEGIN + 10), 0);
    assert_int_equal(m.heap.count, (DAYS - 10) * PRINCIPALS);
    assert_int_equal(m.heap.persons, 2 * (DAYS - 10) * PRINCIPALS);
    assert_int_equal(index_writer_end(&m.writer), 0);
    assert_int_equal(begin_writing(&m, INT32_MAX), 0);
    assert_int_equal(m.heap.count, 0);
    assert_int_equal(index_writer_end(&m.writer), 0);
    keep(&m, &beside);
    compare_packs(&at_once, &beside);
}

static int
note_unit(void *arg, struct view key, struct view value PASU_UNUSED)
{
    unsigned *units = arg;

    assert_int_equal(index_day_of(bytes_get_u32(key.bytes)), last_of(1));
    ++*units;
    return 0;
}

/* Of the last day alone there are units by themselves: the one that was the last goes into its
 * month when there is a later one. */
static void
only_the_last_day_is_apart_from_its_month(void **state PASU_UNUSED)
{
    struct made m;
    unsigned units = 0;

    begin_made(&m);
    for (uint32_t round = 0; round < 2; round++) {
        add_round(&m, round);
        assert_int_equal(index_heap_write(&m.heap, &m.names.classes, m.index), 0);
    }
    assert_int_equal(index_each_unit(m.index, BEGIN, last_of(2), note_unit, &units), 0);
    assert_int_equal(units, PRINCIPALS);
    index_discard(m.index, index_place);
    release_made(&m);
}

/* As where the disk is full: of an index that cannot be written to. */
static void
an_error_is_told_once_and_it_is_at_rest_then(void **state PASU_UNUSED)
{
    struct made m;

    begin_made(&m);
    assert_int_equal(index_replace(m.index, index_place), 0);
    assert_int_equal(index_open(&m.index, directory, NULL), 0);
    add_round(&m, 0);
    assert_int_equal(begin_writing(&m, INT32_MAX), 0);
    assert_int_equal(index_writer_end(&m.writer), PASU_E_DENIED);
    assert_int_equal(index_writer_end(&m.writer), 0);
    index_close(m.index);
    assert_int_equal(index_open_to_write(&m.index, index_place, NULL), 0);
    add_round(&m, 1);
    assert_int_equal(begin_writing(&m, INT32_MAX), 0);
    assert_int_equal(index_writer_end(&m.writer), 0);
    index_close(m.index);
    release_made(&m);
}

/* What is damaged in a value that is added to is found in the thread. */
static void
what_is_damaged_is_not_written_over(void **state PASU_UNUSED)
{
    struct made m;
    const struct index_key keys[] = {index_key_unit(index_day_number(last_of(0)), 1),
                                     index_key_unit(month_of(BEGIN), 1),
                                     index_key_unit(month_of(BEGIN), INDEX_EVERYBODY),
                                     index_key_chunk(month_of(BEGIN), 1, 0, false, 0)};

    for (size_t k = 0; k < COUNT_OF(keys); k++) {
        begin_made(&m);
        assert_int_equal(index_put(m.index, k == 0 ? INDEX_DAYS : INDEX_MONTHS,
                                   index_key_view(&keys[k]), VIEW("\1\2\3")),
                         0);
        add_round(&m, 0);
        assert_int_equal(begin_writing(&m, INT32_MAX), 0);
        assert_int_equal(index_writer_end(&m.writer), PASU_E_CORRUPT);
        index_discard(m.index, index_place);
        release_made(&m);
    }
}

static void
without_memory_it_says_so(void **state PASU_UNUSED)
{
    unsigned failed = 0;
    int result = PASU_E_NOMEM;

    for (uint64_t nth = 1; result != 0; nth++) {
        struct made m;

        begin_made(&m);
        add_round(&m, 0);
        memory_fail_at(nth);
        result = begin_writing(&m, INT32_MAX);
        if (result != 0)
            assert_true(m.heap.count > 0); /* the maker has it still */
        else
            result = index_writer_end(&m.writer);
        memory_fail_at(0);
        assert_true(result == 0 || result == PASU_E_NOMEM);
        failed += result != 0;
        index_discard(m.index, index_place);
        release_made(&m);
    }
    assert_true(failed > 5);
}

/* Whoever gives up waits for it. */
static void
it_may_be_given_up_at_any_time(void **state PASU_UNUSED)
{
    for (int turn = 0; turn < 20; turn++) {
        struct made m;

        begin_made(&m);
        add_round(&m, 0);
        assert_int_equal(begin_writing(&m, INT32_MAX), 0);
        release_made(&m);
        index_discard(m.index, index_place);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_writes_is_what_is_written_at_once),
        cmocka_unit_test(where_there_can_be_no_thread_it_is_written_all_the_same),
        cmocka_unit_test(what_is_not_asked_for_stays_with_the_maker),
        cmocka_unit_test(only_the_last_day_is_apart_from_its_month),
        cmocka_unit_test(an_error_is_told_once_and_it_is_at_rest_then),
        cmocka_unit_test(what_is_damaged_is_not_written_over),
        cmocka_unit_test(without_memory_it_says_so),
        cmocka_unit_test(it_may_be_given_up_at_any_time),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
