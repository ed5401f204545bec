/* SPDX-License-Identifier: Apache-2.0 */
/* What the index's writer is given: it is what stands there afterwards, as if it had been written
 * at once; errors are told when it is waited for, and once. */
#include "breach/index_writer.h"

#include "base/memory.h"
#include "breach/day.h"
#include "index_answer.h"

#include <dlfcn.h>
#include <errno.h>

enum { DAYS = 40, PRINCIPALS = 3, BEGIN = 20300, ROWS = 7, MANY_CLASSES = 5000 };

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
    m->heap.month_rows = ROWS;
    assert_int_equal(class_of(m, 1), 1);
}

static void
release_made(struct made *m)
{
    index_writer_release(&m->writer);
    index_heap_release(&m->heap);
    index_names_release(&m->names);
}

/* Two rounds: the later one has days of the first, too. */
static void
add_round(struct made *m, uint32_t round)
{
    for (int32_t day = 0; day < DAYS; day++)
        for (uint32_t principal = 1; principal <= PRINCIPALS; principal++)
            assert_true(add(m, BEGIN + day + (int32_t)round * DAYS / 2, principal,
                            1000 * round + (uint32_t)day * principal));
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
        assert_int_equal(index_writer_begin(&m.writer, &m.heap, &m.names.classes, m.index), 0);
        assert_int_equal(m.heap.count, 0);
        assert_int_equal(m.heap.persons, 0);
        assert_int_equal(m.heap.month_rows, ROWS);
        for (uint32_t c = 0; c < MANY_CLASSES; c++)
            class_of(&m, 10 + round * MANY_CLASSES + c);
        if (round < 2)
            add_round(&m, round + 1);
        assert_int_equal(index_writer_end(&m.writer, &m.heap), 0);
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

/* The months in which something was written are the maker's to make; each is told once. */
static void
months_come_back_to_the_maker(void **state PASU_UNUSED)
{
    struct made m;
    uint32_t month = month_of(BEGIN);

    begin_made(&m);
    assert_int_equal(ordinals_add(&m.heap.months, &month, 1), 0);
    add_round(&m, 0);
    assert_int_equal(index_writer_begin(&m.writer, &m.heap, &m.names.classes, m.index), 0);
    assert_int_equal(m.heap.months.count, 1);
    assert_int_equal(index_writer_end(&m.writer, &m.heap), 0);
    assert_int_equal(m.heap.months.count, 1 + 1 + month_of(BEGIN + DAYS - 1) - month);
    assert_int_equal(m.heap.months.items[1], month);
    assert_int_equal(index_writer_end(&m.writer, &m.heap), 0);
    assert_int_equal(m.heap.months.count, 1 + 1 + month_of(BEGIN + DAYS - 1) - month);
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
    assert_int_equal(index_writer_begin(&m.writer, &m.heap, &m.names.classes, m.index), 0);
    assert_int_equal(index_writer_end(&m.writer, &m.heap), PASU_E_DENIED);
    assert_int_equal(m.heap.months.count, 0);
    assert_int_equal(index_writer_end(&m.writer, &m.heap), 0);
    index_close(m.index);
    assert_int_equal(index_open_to_write(&m.index, index_place, NULL), 0);
    add_round(&m, 1);
    assert_int_equal(index_writer_begin(&m.writer, &m.heap, &m.names.classes, m.index), 0);
    assert_int_equal(index_writer_end(&m.writer, &m.heap), 0);
    index_close(m.index);
    release_made(&m);
}

/* What is damaged in a day that is added to is found in the thread. */
static void
a_day_that_is_damaged_is_not_written_over(void **state PASU_UNUSED)
{
    struct made m;
    struct index_key key = index_key_unit(index_day_number(BEGIN), 1);

    begin_made(&m);
    assert_int_equal(index_put(m.index, INDEX_DAYS, index_key_view(&key), VIEW("\1\2\3")), 0);
    add_round(&m, 0);
    assert_int_equal(index_writer_begin(&m.writer, &m.heap, &m.names.classes, m.index), 0);
    assert_int_equal(index_writer_end(&m.writer, &m.heap), PASU_E_CORRUPT);
    index_discard(m.index, index_place);
    release_made(&m);
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
        result = index_writer_begin(&m.writer, &m.heap, &m.names.classes, m.index);
        if (result != 0)
            assert_true(m.heap.count > 0); /* the maker has it still */
        else
            result = index_writer_end(&m.writer, &m.heap);
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
        assert_int_equal(index_writer_begin(&m.writer, &m.heap, &m.names.classes, m.index), 0);
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
        cmocka_unit_test(months_come_back_to_the_maker),
        cmocka_unit_test(an_error_is_told_once_and_it_is_at_rest_then),
        cmocka_unit_test(a_day_that_is_damaged_is_not_written_over),
        cmocka_unit_test(without_memory_it_says_so),
        cmocka_unit_test(it_may_be_given_up_at_any_time),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
