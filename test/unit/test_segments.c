/* SPDX-License-Identifier: Apache-2.0 */
/* The gate asks the supervisor for segments: answers that fit are given to the reader once, all
 * others are dropped, and their descriptors closed. */
#include "gate/segments.h"

#include "base/memory.h"
#include "unit.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static struct channel gate, supervisor;
static struct segments segments;

static int
begin(void **state PASU_UNUSED)
{
    int ends[2];

    if (channel_pair(ends) != 0)
        return -1;
    channel_init(&gate, ends[0], message_rules_gate_from_supervisor,
                 message_rules_gate_from_supervisor_count);
    channel_init(&supervisor, ends[1], message_rules_supervisor_from_gate,
                 message_rules_supervisor_from_gate_count);
    segments_init(&segments, &gate);
    return 0;
}

static int
end(void **state PASU_UNUSED)
{
    segments_release(&segments);
    channel_close(&gate);
    channel_close(&supervisor);
    return 0;
}

static bool
is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static int
make_fd(void)
{
    int fd = memfd_create("segment", MFD_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

/* What the reader gets; where it is a segment, its first index and how many are left. */
static int
ask(uint64_t index, uint64_t *first, size_t *left)
{
    return segments_open(&segments, SOURCE_BEHIND, index, first, left);
}

static int
ask_in_vain(uint64_t index)
{
    uint64_t first;
    size_t left;

    return ask(index, &first, &left);
}

/* The next question that the supervisor finds; -1: there is none. */
static int64_t
next_question(void)
{
    struct channel_message message;
    struct message_segment_ask question;

    if (channel_receive(&supervisor, &message) != 0)
        return -1;
    assert_int_equal(message.type, MESSAGE_SEGMENT_ASK);
    memcpy(&question, message.body, sizeof(question));
    return (int64_t)question.index;
}

static void
answer(uint64_t index, uint64_t first, uint64_t left, int fd)
{
    const struct message_segment found = {.index = index, .first = first, .left = left};

    segments_take(&segments, &found, fd);
}

static void
answer_none(uint64_t index, int error)
{
    const struct message_result none = {.id = index, .error = error};

    segments_take_none(&segments, &none);
}

static void
a_segment_is_asked_for_once_and_given_once(void **state PASU_UNUSED)
{
    uint64_t first = 0;
    size_t left = 0;
    int fd = make_fd();

    assert_int_equal(ask(7, &first, &left), PASU_E_AGAIN);
    assert_int_equal(ask(7, &first, &left), PASU_E_AGAIN);
    assert_int_equal(next_question(), 7);
    assert_int_equal(next_question(), -1);
    answer(7, 9, 3, fd);
    assert_int_equal(ask(7, &first, &left), fd);
    assert_true(first == 9 && left == 3 && is_open(fd)); /* the reader's now */
    assert_int_equal(ask(7, &first, &left), PASU_E_AGAIN);
    assert_int_equal(next_question(), 7);
    close(fd);
}

static void
that_there_is_none_or_why_is_given_once(void **state PASU_UNUSED)
{
    static const int errors[][2] = {
        {0, PASU_E_NOTFOUND}, {PASU_E_DENIED, PASU_E_DENIED}, {PASU_E_IO, PASU_E_IO}};

    for (size_t i = 0; i < COUNT_OF(errors); i++) {
        assert_int_equal(ask_in_vain(7), PASU_E_AGAIN);
        assert_int_equal(next_question(), 7);
        answer_none(7, errors[i][0]);
        assert_int_equal(ask_in_vain(7), errors[i][1]);
    }
    assert_int_equal(ask_in_vain(7), PASU_E_AGAIN);
    assert_int_equal(next_question(), 7);
}

static void
a_wrong_answer_is_closed_and_the_question_stands(void **state PASU_UNUSED)
{
    static const uint64_t wrong[][2] = {{8, 8}, {6, 7}, {7, 6}, {UINT64_MAX, UINT64_MAX}, {7, 0}};
    uint64_t first;
    size_t left;
    int fd;

    assert_int_equal(ask_in_vain(7), PASU_E_AGAIN);
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        fd = make_fd();
        answer(wrong[i][0], wrong[i][1], 1, fd);
        assert_false(is_open(fd));
        answer_none(8, PASU_E_IO);
        assert_int_equal(ask_in_vain(7), PASU_E_AGAIN);
    }
    assert_int_equal(next_question(), 7);
    assert_int_equal(next_question(), -1);
    fd = make_fd();
    answer(7, 7, 1, fd);
    assert_int_equal(ask(7, &first, &left), fd);
    close(fd);
}

static void
an_answer_that_nobody_asked_for_is_closed(void **state PASU_UNUSED)
{
    int fd = make_fd(), second;

    answer(0, 0, 1, fd);
    assert_false(is_open(fd));
    answer_none(0, PASU_E_IO);
    assert_int_equal(ask_in_vain(0), PASU_E_AGAIN); /* not that one's error */
    /* Twice: the second one is dropped, whatever it is. */
    fd = make_fd();
    answer(0, 0, 1, fd);
    second = make_fd();
    answer(0, 5, 1, second);
    assert_false(is_open(second));
    answer_none(0, PASU_E_IO);
    assert_true(is_open(fd));
    assert_int_equal(ask_in_vain(0), fd);
    close(fd);
}

static void
an_answer_that_comes_too_late_is_closed(void **state PASU_UNUSED)
{
    int fd = make_fd();

    assert_int_equal(ask_in_vain(7), PASU_E_AGAIN);
    answer(7, 7, 1, fd);
    assert_int_equal(ask_in_vain(9), PASU_E_AGAIN); /* the reader wants another one */
    assert_false(is_open(fd));
    fd = make_fd();
    answer(7, 7, 1, fd);
    assert_false(is_open(fd));
    answer_none(7, 0);
    assert_int_equal(ask_in_vain(9), PASU_E_AGAIN);
    assert_int_equal(next_question(), 7);
    assert_int_equal(next_question(), 9);
    assert_int_equal(next_question(), -1);
    fd = make_fd();
    answer(9, 9, 1, fd);
    segments_release(&segments);
    assert_false(is_open(fd));
    fd = make_fd();
    answer(9, 9, 1, fd);
    assert_false(is_open(fd));
}

static void
a_supervisor_that_is_gone_is_an_error_each_time(void **state PASU_UNUSED)
{
    channel_close(&supervisor);
    for (int i = 0; i < 2; i++) {
        int result = ask_in_vain(7);

        assert_true(result < 0 && result != PASU_E_AGAIN && result != PASU_E_NOTFOUND);
    }
}

static void
the_segment_that_has_an_index_is_another_question(void **state PASU_UNUSED)
{
    const uint64_t question = 7 | MESSAGE_SEGMENT_WITHIN;
    uint64_t first = 0;
    size_t left = 0;
    int fd = make_fd();

    assert_int_equal(segments_open(&segments, SOURCE_WITHIN, 7, &first, &left), PASU_E_AGAIN);
    assert_true(next_question() == (int64_t)question);
    answer(question, 8, 2, fd); /* begins behind it */
    assert_false(is_open(fd));
    fd = make_fd();
    answer(7, 7, 2, fd);
    assert_false(is_open(fd));
    fd = make_fd();
    answer(question, 3, 2, fd);
    assert_int_equal(segments_open(&segments, SOURCE_WITHIN, 7, &first, &left), fd);
    assert_true(first == 3 && left == 2 && is_open(fd));
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_segment_is_asked_for_once_and_given_once),
        TEST(that_there_is_none_or_why_is_given_once),
        TEST(a_wrong_answer_is_closed_and_the_question_stands),
        TEST(an_answer_that_nobody_asked_for_is_closed),
        TEST(an_answer_that_comes_too_late_is_closed),
        TEST(a_supervisor_that_is_gone_is_an_error_each_time),
        TEST(the_segment_that_has_an_index_is_another_question),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
