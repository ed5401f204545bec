/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever does not read the log stops nobody; how many lines were lost the next one says, and a
 * line that was cut does not run into it. */
#include "base/log.h"

#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { TEXT_SIZE = 1 << 17, PIPE_SIZE = 16384, CUT_AFTER = 50 };

static struct log
log_to(int fd)
{
    return (struct log){
        .fd = fd, .format = LOG_LOGFMT, .level = LOG_INFO, .process = "test", .os = &os_real};
}

static void
put(const struct log *log, int number)
{
    LOG_EVENT(log, READY, F_INT("number", number));
}

static size_t
count_of(const char *text, const char *word)
{
    size_t count = 0;

    for (; (text = strstr(text, word)) != NULL; text++)
        count++;
    return count;
}

/* The pipe blocks whoever writes to it, as one does that could not be opened again. */
static void
test_a_pipe_that_nobody_reads(void **state PASU_UNUSED)
{
    static char text[TEXT_SIZE];
    int ends[2], many = 2 * PIPE_SIZE;
    struct log log;
    ssize_t length;
    size_t there;

    assert_int_equal(pipe(ends), 0);
    (void)fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE);
    log = log_to(ends[1]);
    for (int i = 0; i < many; i++)
        put(&log, i);
    length = read(ends[0], text, sizeof(text) - 1);
    assert_true(length > 0);
    there = count_of(text, "event=ready");
    assert_true(there > 0 && there < (size_t)many);
    assert_int_equal(count_of(text, "lost_lines="), 0);
    put(&log, many);
    put(&log, many + 1);
    length = read(ends[0], text, sizeof(text) - 1);
    assert_true(length > 0);
    text[length] = '\0';
    assert_int_equal(count_of(text, "\n"), 2);
    assert_int_equal(count_of(text, "lost_lines="), 1);
    assert_int_equal(strtoull(strstr(text, "lost_lines=") + strlen("lost_lines="), NULL, 10),
                     (size_t)many - there);
    close(ends[0]);
    close(ends[1]);
}

static void
test_a_line_that_was_cut(void **state PASU_UNUSED)
{
    char text[4096] = {0};
    FILE *file = tmpfile();
    struct rlimit before, most;
    struct log log;

    assert_non_null(file);
    log = log_to(fileno(file));
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    most = before;
    most.rlim_cur = CUT_AFTER;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &most), 0);
    put(&log, 1);
    put(&log, 2);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    put(&log, 3);
    assert_true(pread(log.fd, text, sizeof(text) - 1, 0) > CUT_AFTER);
    assert_int_equal(text[CUT_AFTER], '\n');
    assert_true(strncmp(text + CUT_AFTER + 1, "time=", strlen("time=")) == 0);
    assert_non_null(strstr(text, "lost_lines=2"));
    assert_non_null(strstr(text, "number=3\n"));
    fclose(file);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_pipe_that_nobody_reads),
        cmocka_unit_test(test_a_line_that_was_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
