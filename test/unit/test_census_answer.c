/* SPDX-License-Identifier: Apache-2.0 */
/* What servers answer that is no answer, and what the inspector makes of its rights. */
#include "gate/census_answer.h"

#include "base/memory.h"
#include "unit.h"

#include <sys/socket.h>
#include <unistd.h>

enum { SPACE = 4 << 20, COLUMNS_MAX = 11, SENT = 8192 };

static const char *const a_count[] = {"5", "shop", "7", "0", "1000000", "0"};
static const char *const a_backend[] = {
    "77", "shop", "app", "psql", "192.0.2.1", "5000", "90000000", "2000000", "0", "1000000", "0"};

/* A link to a server that has said it all already. */
struct stage {
    struct inspector_link link;
    struct census_answer answer;
    struct writer said;
    int server;
};

static void
begin(struct stage *stage)
{
    int ends[2];

    *stage = (struct stage){0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    inspector_link_init(&stage->link, &os_real, SPACE);
    stage->server = ends[1];
    stage->link.peer.fd = ends[0];
    stage->link.in = memory_new(SPACE, 1);
    assert_non_null(stage->link.in);
    stage->link.size = SPACE;
    stage->said = writer_of(stage->link.in, SPACE);
}

static void
end(struct stage *stage)
{
    inspector_link_close(&stage->link);
    close(stage->server);
    census_answer_release(&stage->answer);
}

/* A row; a value may be NULL. */
static void
say_row(struct stage *stage, const char *const *values, uint16_t count)
{
    struct writer *w = &stage->said;
    uint32_t length = 4 + 2;

    for (uint16_t i = 0; i < count; i++)
        length += 4 + (uint32_t)(values[i] ? strlen(values[i]) : 0);
    writer_u8(w, 'D');
    writer_u32(w, length);
    writer_u16(w, count);
    for (uint16_t i = 0; i < count; i++) {
        writer_u32(w, values[i] ? (uint32_t)strlen(values[i]) : UINT32_MAX);
        if (values[i])
            writer_bytes(w, values[i], strlen(values[i]));
    }
}

/* The end of an answer. */
static void
say_end(struct stage *stage)
{
    writer_bytes(&stage->said, "C\0\0\0\5\0Z\0\0\0\5I", 12);
}

static int
ask(struct stage *stage)
{
    assert_false(stage->said.failed);
    stage->link.have = writer_length(&stage->said);
    return census_answer_ask(&stage->answer, &stage->link);
}

/* Whether that has been asked, since this was last looked at. */
static bool
was_sent(const struct stage *stage, const char *sql)
{
    char sent[SENT];
    ssize_t length = read(stage->server, sent, sizeof(sent));

    return length > 0 && memmem(sent, (size_t)length, sql, strlen(sql)) != NULL;
}

/* An answer with this row, whose value `column` is another one. */
static int
ask_with(const char *const *row, uint16_t count, uint16_t column, const char *value)
{
    const char *values[COLUMNS_MAX], *right[COUNT_OF(a_count)];
    struct stage stage;
    int result;

    begin(&stage);
    memcpy(values, row, count * sizeof(values[0]));
    memcpy(right, a_count, sizeof(right));
    if (column < count)
        values[column] = value;
    if (row == a_backend) {
        right[5] = "1";
        say_row(&stage, right, COUNT_OF(right));
        say_end(&stage);
    }
    say_row(&stage, values, count);
    say_end(&stage);
    result = ask(&stage);
    if (result == 0 && row == a_backend) {
        assert_int_equal(stage.answer.backend_count, 1);
        assert_true(stage.answer.may_see);
    }
    end(&stage);
    return result;
}

static void
numbers_are_in_their_range_or_nothing_is_taken(void **state PASU_UNUSED)
{
    static const char *const none[] = {
        "", "-1", "x", "9223372036854775808", "99999999999999999999", NULL};
    static const uint16_t count_numbers[] = {0, 2, 3, 4, 5}, backend_numbers[] = {0, 5, 6, 8};

    assert_int_equal(ask_with(a_count, COUNT_OF(a_count), UINT16_MAX, NULL), 0);
    assert_int_equal(ask_with(a_backend, COUNT_OF(a_backend), UINT16_MAX, NULL), 0);
    for (size_t n = 0; n < COUNT_OF(none); n++) {
        for (size_t c = 0; c < COUNT_OF(count_numbers); c++)
            assert_int_equal(ask_with(a_count, COUNT_OF(a_count), count_numbers[c], none[n]),
                             PASU_E_MALFORMED);
        for (size_t c = 0; c < COUNT_OF(backend_numbers); c++)
            assert_int_equal(ask_with(a_backend, COUNT_OF(a_backend), backend_numbers[c], none[n]),
                             PASU_E_MALFORMED);
        /* A clock that went back makes it young. */
        assert_int_equal(ask_with(a_backend, COUNT_OF(a_backend), 7, none[n]), 0);
    }
    assert_int_equal(ask_with(a_count, COUNT_OF(a_count), 0, "4294967296"), PASU_E_MALFORMED);
    assert_int_equal(ask_with(a_count, COUNT_OF(a_count), 3, "9223372036854775807"),
                     PASU_E_MALFORMED);
    assert_int_equal(ask_with(a_count, COUNT_OF(a_count), 5, "3"), PASU_E_MALFORMED);
    assert_int_equal(ask_with(a_backend, COUNT_OF(a_backend), 0, "4294967296"), PASU_E_MALFORMED);
    assert_int_equal(ask_with(a_backend, COUNT_OF(a_backend), 5, "65536"), PASU_E_MALFORMED);
    assert_int_equal(ask_with(a_count, COUNT_OF(a_count), 1, NULL), PASU_E_MALFORMED);
    assert_int_equal(ask_with(a_count, COUNT_OF(a_count) - 1, UINT16_MAX, NULL), PASU_E_MALFORMED);
    assert_int_equal(ask_with(a_backend, COUNT_OF(a_backend) - 1, UINT16_MAX, NULL),
                     PASU_E_MALFORMED);
}

static void
rows_without_end_are_not_taken(void **state PASU_UNUSED)
{
    struct stage stage;

    begin(&stage);
    for (int n = 0; n < CENSUS_ROWS_MAX; n++)
        say_row(&stage, a_count, COUNT_OF(a_count));
    say_end(&stage);
    assert_int_equal(ask(&stage), 0);
    assert_int_equal(stage.answer.count, CENSUS_ROWS_MAX);
    end(&stage);
    begin(&stage);
    for (int n = 0; n < 2 * CENSUS_ROWS_MAX; n++)
        say_row(&stage, a_count, COUNT_OF(a_count));
    say_end(&stage);
    assert_int_equal(ask(&stage), PASU_E_RANGE);
    assert_true(stage.answer.count_space <= 2 * CENSUS_ROWS_MAX);
    end(&stage);
}

/* One round on the same connection: what it may by this answer. */
static bool
may_see(struct stage *stage, const char *right, bool is_refused)
{
    static const char refusal[] = "E\0\0\0\12Mno\0\0";
    const char *values[COUNT_OF(a_count)];

    stage->link.have = stage->link.at = 0;
    stage->said = writer_of(stage->link.in, SPACE);
    memcpy(values, a_count, sizeof(values));
    values[5] = right;
    say_row(stage, values, COUNT_OF(values));
    say_end(stage);
    if (is_refused)
        writer_bytes(&stage->said, refusal, sizeof(refusal));
    say_end(stage); /* of SET ROLE, RESET ROLE or the backends */
    say_end(stage);
    assert_int_equal(ask(stage), 0);
    return stage->answer.may_see;
}

static void
the_right_is_taken_and_left_as_it_is_granted_and_revoked(void **state PASU_UNUSED)
{
    struct stage stage;

    begin(&stage);
    assert_false(may_see(&stage, "0", false));
    assert_false(was_sent(&stage, "ROLE"));
    assert_true(may_see(&stage, "2", false));
    assert_true(was_sent(&stage, "SET ROLE pg_read_all_stats"));
    assert_true(may_see(&stage, "2", false));
    assert_false(was_sent(&stage, "ROLE"));
    assert_false(may_see(&stage, "0", false));
    assert_true(was_sent(&stage, "RESET ROLE"));
    assert_false(may_see(&stage, "2", true)); /* revoked just now: it is tried again */
    assert_true(was_sent(&stage, "SET ROLE pg_read_all_stats"));
    assert_true(may_see(&stage, "2", false));
    assert_true(was_sent(&stage, "SET ROLE pg_read_all_stats"));
    assert_true(may_see(&stage, "1", false)); /* it has it without that */
    assert_true(was_sent(&stage, "RESET ROLE"));
    end(&stage);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_in_their_range_or_nothing_is_taken),
        cmocka_unit_test(rows_without_end_are_not_taken),
        cmocka_unit_test(the_right_is_taken_and_left_as_it_is_granted_and_revoked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
