/* SPDX-License-Identifier: Apache-2.0 */
/* A log that is followed is read once, each line of it, whatever rotates it. */
#include "follow_stage.h"

static off_t
size_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

/* ---- behaviours ---- */

static void
what_is_there_and_what_comes_is_read_once(void **state)
{
    struct stage *s = *state;

    put(s->paths[0], 0, 100);
    begin(s, 1, 3);
    assert_int_equal(follow_read(s->follow), 1);
    assert_seen(s, 0, 100);
    assert_int_equal(follow_read(s->follow), 0);
    put(s->paths[0], 100, 300);
    assert_int_equal(follow_read(s->follow), 1);
    assert_seen(s, 0, 300);
    assert_int_equal(s->all, 300);
    assert_false(follow_is_over(s->follow));
}

static void
a_line_waits_for_its_end(void **state)
{
    struct stage *s = *state;

    put(s->paths[0], 0, 1);
    begin(s, 1, 1);
    assert_int_equal(follow_read(s->follow), 1);
    put_text(s->paths[0], "192.0.2.1 - - [01/Jun/2026:10:00:01 +0000] \"GET /members/1", O_APPEND);
    assert_true(follow_read(s->follow) >= 0);
    assert_seen(s, 0, 1);
    put_text(s->paths[0], "00 HTTP/1.1\" 200 5 \"-\" \"M\"\n", O_APPEND);
    assert_int_equal(follow_read(s->follow), 1);
    assert_int_equal(s->seen[100], 1);
    assert_int_equal(s->seen[1], 0);
    assert_int_equal(s->all, 2);
}

static void
a_log_that_is_empty_at_first_is_known_by_its_first_line(void **state)
{
    struct stage *s = *state;

    put_text(s->paths[0], "", 0);
    begin(s, 1, 1);
    assert_int_equal(follow_read(s->follow), 0);
    put(s->paths[0], 0, 5);
    assert_int_equal(follow_read(s->follow), 1);
    assert_seen(s, 0, 5);
}

/* As logrotate does: the older one is renamed first. */
static void
renamed_and_made_anew(void **state)
{
    struct stage *s = *state;

    put(s->paths[1], 0, 50);
    put(s->paths[0], 50, 100);
    begin(s, 2, 1);
    assert_int_equal(follow_read(s->follow), 1);
    assert_seen(s, 0, 100);
    put(s->paths[0], 100, 110); /* not read before it is renamed */
    assert_int_equal(rename(s->paths[1], s->paths[2]), 0);
    assert_int_equal(rename(s->paths[0], s->paths[1]), 0);
    assert_int_equal(follow_read(s->follow), 1); /* there is no new one yet */
    assert_seen(s, 0, 110);
    put(s->paths[1], 110, 120); /* whoever writes does not know yet */
    put(s->paths[0], 120, 130);
    put(s->paths[1], 130, 140);
    assert_int_equal(follow_read(s->follow), 1);
    put(s->paths[1], 140, 150);
    assert_int_equal(follow_read(s->follow), 1);
    assert_seen(s, 0, 150);
    assert_int_equal(follow_tail(s->follow, 0)->generation, 1);
    for (unsigned i = 1; i < 4; i++) { /* and so on */
        assert_int_equal(rename(s->paths[1], s->paths[2]), 0);
        assert_int_equal(rename(s->paths[0], s->paths[1]), 0);
        put(s->paths[0], 140 + 10 * i, 150 + 10 * i);
        assert_int_equal(follow_read(s->follow), 1);
    }
    assert_seen(s, 0, 180);
}

static void
a_last_line_of_a_renamed_log_needs_no_end(void **state)
{
    struct stage *s = *state;

    put(s->paths[0], 0, 3);
    put_text(s->paths[0],
             "192.0.2.1 - - [01/Jun/2026:10:00:03 +0000] \"GET /members/3 HTTP/1.1\" 200 5 \"-\" "
             "\"M\"",
             O_APPEND);
    begin(s, 1, 1);
    assert_int_equal(follow_read(s->follow), 1);
    assert_seen(s, 0, 3);
    assert_int_equal(unlink(s->paths[0]), 0);
    put(s->paths[0], 4, 6);
    assert_int_equal(follow_read(s->follow), 1);
    assert_int_equal(follow_read(s->follow), 1); /* it is gone, and is read to its end */
    assert_seen(s, 0, 6);
}

static void
copied_and_truncated(void **state)
{
    struct stage *s = *state;

    put(s->paths[0], 0, 60);
    put(s->paths[1], 60, 80);
    begin(s, 2, 1);
    assert_int_equal(follow_read(s->follow), 1);
    assert_int_equal(rename(s->paths[1], s->paths[2]), 0);
    put_text(s->paths[1], "", 0); /* the copy begins */
    assert_int_equal(follow_read(s->follow), 0);
    copy(s->paths[0], s->paths[1]);
    assert_int_equal(follow_read(s->follow), 0);
    assert_int_equal(truncate(s->paths[0], 0), 0);
    put(s->paths[0], 80, 90);
    assert_int_equal(follow_read(s->follow), 1);
    assert_seen(s, 0, 90);
    /* It is longer again than it was, before anybody looks; and the copy is made in between. */
    assert_int_equal(unlink(s->paths[2]), 0);
    copy(s->paths[0], s->paths[2]);
    assert_int_equal(rename(s->paths[2], s->paths[1]), 0);
    assert_int_equal(truncate(s->paths[0], 0), 0);
    put(s->paths[0], 90, 200);
    assert_int_equal(follow_read(s->follow), 1);
    assert_seen(s, 0, 200);
}

/* Whoever writes does not know yet, and goes on with it. */
static void
a_log_that_was_empty_when_it_was_renamed_is_read(void **state)
{
    struct stage *s = *state;

    put_text(s->paths[0], "", 0);
    begin(s, 1, 1);
    assert_int_equal(follow_read(s->follow), 0);
    assert_int_equal(rename(s->paths[0], s->paths[1]), 0);
    put_text(s->paths[0], "", 0);
    assert_int_equal(follow_read(s->follow), 0);
    put(s->paths[1], 0, 10);
    assert_int_equal(follow_read(s->follow), 1);
    assert_seen(s, 0, 10);
    put(s->paths[0], 10, 20);
    put(s->paths[1], 20, 30);
    assert_int_equal(follow_read(s->follow), 1);
    assert_seen(s, 0, 30);
}

/* What is there of it when nobody can open it any more, or it is renamed once more, is all of it.
 */
static void
a_log_that_was_empty_when_it_was_renamed_is_read_to_its_end(void **state)
{
    struct stage *s = *state;
    unsigned before;

    put_text(s->paths[0], "", 0);
    begin(s, 1, 1);
    assert_int_equal(follow_read(s->follow), 0);
    before = open_files();
    assert_int_equal(unlink(s->paths[0]), 0);
    put_text(s->paths[0], "", 0);
    assert_int_equal(follow_read(s->follow), 0); /* it stayed empty, and says nothing of the log */
    assert_int_equal(follow_read(s->follow), 0);
    assert_int_equal(open_files(), before);
    assert_false(follow_tail(s->follow, 0)->is_known);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(rename(s->paths[0], s->paths[1]), 0);
        put_text(s->paths[0], "", 0);
        assert_true(follow_read(s->follow) >= 0);
        if (i < 3)
            put(s->paths[1], 10 * i, 10 * i + 10);
        if (i % 2 == 0)
            assert_int_equal(unlink(s->paths[1]), 0);
    }
    assert_true(follow_read(s->follow) >= 0);
    assert_true(follow_read(s->follow) >= 0);
    assert_int_equal(unlink(s->paths[0]), 0);
    put_text(s->paths[0], "", 0);
    assert_true(follow_read(s->follow) >= 0);
    assert_true(follow_read(s->follow) >= 0);
    assert_int_equal(open_files(), before);
    assert_seen(s, 0, 30);
}

static void
what_is_compressed_and_deleted_is_let_go(void **state)
{
    struct stage *s = *state;
    unsigned before;

    put(s->paths[0], 0, 10);
    begin(s, 1, 1);
    assert_int_equal(follow_read(s->follow), 1);
    before = open_files();
    for (unsigned i = 1; i < 20; i++) {
        assert_int_equal(rename(s->paths[0], s->paths[1]), 0);
        put(s->paths[0], 10 * i, 10 + 10 * i);
        assert_int_equal(follow_read(s->follow), 1);
        assert_int_equal(unlink(s->paths[1]), 0);
        assert_true(follow_read(s->follow) >= 0); /* it is told that this is all */
        assert_true(follow_read(s->follow) >= 0);
        assert_int_equal(open_files(), before);
    }
    assert_seen(s, 0, 200);
}

static void
a_pipe_is_read_as_it_comes_and_to_its_end(void **state)
{
    struct stage *s = *state;
    int ends[2], in = dup(STDIN_FILENO);
    static const char line[] = "192.0.2.1 - - [01/Jun/2026:10:00:00 +0000] \"GET /members/0 "
                               "HTTP/1.1\" 200 5 \"-\" \"M\"\n";

    assert_int_equal(pipe(ends), 0);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    snprintf(s->paths[0], PATH, "-");
    begin(s, 1, 1);
    assert_int_equal(follow_read(s->follow), 0);
    assert_int_equal(write(ends[1], line, sizeof(line) - 1), sizeof(line) - 1);
    follow_wait(s->follow, -1);
    assert_int_equal(follow_read(s->follow), 1);
    assert_seen(s, 0, 1);
    assert_false(follow_is_over(s->follow));
    assert_int_equal(write(ends[1], line, sizeof(line) - 2),
                     sizeof(line) - 2); /* without its end */
    assert_true(follow_read(s->follow) >= 0);
    assert_seen(s, 0, 1);
    close(ends[1]);
    follow_wait(s->follow, -1);
    assert_int_equal(follow_read(s->follow), 1);
    assert_true(follow_is_over(s->follow));
    assert_int_equal(s->seen[0], 2);
    dup2(in, STDIN_FILENO);
    close(in);
}

/* Nobody has it open for writing yet. */
static void
a_named_pipe_without_a_writer_is_not_waited_for(void **state)
{
    struct stage *s = *state;
    int writer;

    assert_int_equal(mkfifo(s->paths[0], 0600), 0);
    alarm(20); /* who waits for it waits for ever */
    begin(s, 1, 1);
    assert_int_equal(follow_read(s->follow), 0);
    alarm(0);
    assert_false(follow_is_over(s->follow));
    writer = open(s->paths[0], O_WRONLY | O_CLOEXEC);
    put(s->paths[0], 0, 5);
    assert_int_equal(follow_read(s->follow), 1);
    assert_false(follow_is_over(s->follow));
    put(s->paths[0], 5, 9);
    follow_wait(s->follow, -1);
    assert_int_equal(follow_read(s->follow), 1);
    close(writer);
    assert_true(follow_read(s->follow) >= 0);
    assert_true(follow_is_over(s->follow));
    assert_seen(s, 0, 9);
}

/* Its end comes with what would be a line by itself. */
static void
a_line_that_is_too_long_is_one_line_though_it_comes_in_pieces(void **state)
{
    struct stage *s = *state;
    off_t begins, ends;

    put(s->paths[0], 0, 1);
    begins = size_of(s->paths[0]);
    begin(s, 1, 1);
    assert_int_equal(follow_read(s->follow), 1);
    for (off_t size = STREAM_LINE; size <= STREAM_LINE + (8 << 20); size += 4 << 20) {
        assert_int_equal(truncate(s->paths[0], size), 0);
        assert_true(follow_read(s->follow) >= 0);
        assert_int_equal(s->all, 1);
    }
    put(s->paths[0], 1, 2);
    ends = size_of(s->paths[0]);
    put(s->paths[0], 2, 4);
    assert_int_equal(follow_read(s->follow), 1);
    assert_int_equal(s->all, 4);
    assert_int_equal(s->seen[1], 0);
    assert_int_equal(s->seen[2] + s->seen[3], 2);
    assert_int_equal(s->unread.offset, begins);
    assert_int_equal(s->unread.offset + s->unread.length + 1, ends);
}

static void
who_waits_is_told(void **state)
{
    struct stage *s = *state;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    s->stop = ends[0];
    put(s->paths[0], 0, 1);
    begin(s, 1, 1);
    assert_int_equal(follow_read(s->follow), 1);
    put(s->paths[0], 1, 2);
    follow_wait(s->follow, -1); /* would wait for a second at most */
    assert_int_equal(follow_read(s->follow), 1);
    assert_false(follow_is_stopped(s->follow));
    assert_int_equal(write(ends[1], "x", 1), 1);
    follow_wait(s->follow, -1);
    assert_true(follow_is_stopped(s->follow));
    put(s->paths[0], 2, 3);
    assert_int_equal(follow_read(s->follow), 0);
    close(ends[0]);
    close(ends[1]);
    s->stop = -1;
}

#define BEHAVIOUR(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        BEHAVIOUR(what_is_there_and_what_comes_is_read_once),
        BEHAVIOUR(a_line_waits_for_its_end),
        BEHAVIOUR(a_log_that_is_empty_at_first_is_known_by_its_first_line),
        BEHAVIOUR(renamed_and_made_anew),
        BEHAVIOUR(a_last_line_of_a_renamed_log_needs_no_end),
        BEHAVIOUR(copied_and_truncated),
        BEHAVIOUR(a_log_that_was_empty_when_it_was_renamed_is_read),
        BEHAVIOUR(a_log_that_was_empty_when_it_was_renamed_is_read_to_its_end),
        BEHAVIOUR(what_is_compressed_and_deleted_is_let_go),
        BEHAVIOUR(a_pipe_is_read_as_it_comes_and_to_its_end),
        BEHAVIOUR(a_named_pipe_without_a_writer_is_not_waited_for),
        BEHAVIOUR(a_line_that_is_too_long_is_one_line_though_it_comes_in_pieces),
        BEHAVIOUR(who_waits_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
