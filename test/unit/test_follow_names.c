/* SPDX-License-Identifier: Apache-2.0 */
/* Names that come to a folder, or to a pattern, are followed, and nothing is read twice for it. */
#include "follow_stage.h"

#include <time.h>
#include <zlib.h>

enum { LONG = 40 /* lines that are more than TAIL_FRONT bytes */ };

/* The path of a name in the stage's folder; of one call at a time. */
static const char *
at(const struct stage *s, const char *name)
{
    static char path[2][PATH];
    static int turn;

    turn ^= 1;
    snprintf(path[turn], PATH, "%s/%s", s->folder, name);
    return path[turn];
}

/* As it is told, without waiting for it. */
static int
look(struct stage *s)
{
    follow_wait(s->follow, 0);
    return follow_read(s->follow);
}

/* Whether `path` is a tail that has a file open. */
static bool
is_read(const struct stage *s, const char *path)
{
    for (size_t i = 0; i < follow_count(s->follow); i++) {
        const struct tail *tail = follow_tail(s->follow, i);

        if (strcmp(tail->path, path) == 0 &&
            (tail->now.stream != NULL || tail->now.kept != NULL || tail->generation > 0))
            return true;
    }
    return false;
}

/* As gzip does it: beside, then the plain one is gone. `age`: seconds since it was written. */
static void
pack(const char *from, const char *to, int age)
{
    static char bytes[1 << 16];
    struct timespec times[2] = {{0, UTIME_OMIT}, {0, 0}};
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, bytes, sizeof(bytes));
    gzFile packed = gzopen(to, "wb");

    assert_true(n > 0 && packed != NULL);
    close(fd);
    assert_int_equal(gzwrite(packed, bytes, (unsigned)n), n);
    assert_int_equal(gzclose(packed), Z_OK);
    times[1].tv_sec = time(NULL) - age;
    assert_int_equal(utimensat(AT_FDCWD, to, times, 0), 0);
}

/* ---- behaviours ---- */

static void
a_name_with_the_next_date_is_read(void **state)
{
    struct stage *s = *state;
    char pattern[PATH];

    put(at(s, "access-2026-11-26.log"), 0, LONG);
    put(at(s, "error-2026-11-26.log"), 0, 1);
    snprintf(pattern, sizeof(pattern), "%s/access-*.log", s->folder);
    begin_names(s, pattern);
    assert_int_equal(look(s), 1);
    assert_seen(s, 0, LONG);
    put(at(s, "access-2026-11-27.log"), LONG, LONG + 10);
    put(at(s, "error-2026-11-27.log"), 0, 1);
    assert_int_equal(look(s), 1);
    assert_seen(s, 0, LONG + 10);
    put(at(s, "access-2026-11-27.log"), LONG + 10, LONG + 20);
    put(at(s, "access-2026-11-26.log"), LONG + 20, LONG + 30); /* a late writer's */
    assert_int_equal(look(s), 1);
    assert_seen(s, 0, LONG + 30);
    assert_false(follow_is_over(s->follow));
}

static void
a_folder_and_a_pattern_can_be_empty_at_first(void **state)
{
    struct stage *s = *state;
    char pattern[PATH];

    snprintf(pattern, sizeof(pattern), "%s/*.txt", s->folder);
    s->names.is_following = true;
    assert_int_equal(input_list_add(&s->names, pattern), 0);
    begin_names(s, s->folder);
    assert_int_equal(look(s), 0);
    assert_false(follow_is_over(s->follow));
    put(at(s, "a.log"), 0, 10);
    put(at(s, "b.txt"), 10, 20); /* of both, and read once */
    put(at(s, ".hidden"), 20, 30);
    assert_int_equal(look(s), 1);
    assert_seen(s, 0, 20);
    assert_int_equal(follow_count(s->follow), 2);
}

/* logrotate with delaycompress, by numbers: each file has three names in turn. */
static void
what_rotates_in_a_folder_is_read_once(void **state)
{
    struct stage *s = *state;

    put(at(s, "access.log"), 0, LONG);
    begin_names(s, s->folder);
    assert_int_equal(look(s), 1);
    for (unsigned i = 1; i < 6; i++) {
        if (i > 2)
            assert_int_equal(rename(at(s, "access.log.2.gz"), at(s, "access.log.3.gz")), 0);
        if (i > 1) {
            pack(at(s, "access.log.1"), at(s, "access.log.2.gz"), 60);
            assert_int_equal(unlink(at(s, "access.log.1")), 0);
        }
        assert_int_equal(rename(at(s, "access.log"), at(s, "access.log.1")), 0);
        put(at(s, "access.log"), i * LONG, i * LONG + LONG);
        assert_int_equal(look(s), 1);
        assert_true(look(s) >= 0);
        assert_seen(s, 0, i * LONG + LONG);
    }
}

/* The date is within the name, so that nothing goes on in the name of another. */
static void
what_rotates_to_a_date_is_read_once(void **state)
{
    struct stage *s = *state;
    char name[64], packed[72];

    put(at(s, "access.log"), 0, LONG);
    begin_names(s, s->folder);
    assert_int_equal(look(s), 1);
    for (unsigned i = 1; i < 4; i++) { /* renamed, and later compressed */
        snprintf(name, sizeof(name), "access-2026110%u.log", i);
        snprintf(packed, sizeof(packed), "%s.gz", name);
        assert_int_equal(rename(at(s, "access.log"), at(s, name)), 0);
        put(at(s, "access.log"), i * LONG, i * LONG + LONG);
        assert_int_equal(look(s), 1);
        pack(at(s, name), at(s, packed), 60);
        assert_int_equal(unlink(at(s, name)), 0);
        assert_true(look(s) >= 0);
        assert_seen(s, 0, i * LONG + LONG);
    }
    for (unsigned i = 4; i < 8; i++) { /* compressed at once; copied and truncated, every other */
        snprintf(name, sizeof(name), "access-2026110%u.log%s", i, i % 2 == 0 ? ".gz" : "");
        if (i % 2 == 0)
            pack(at(s, "access.log"), at(s, name), 60);
        else
            copy(at(s, "access.log"), at(s, name));
        assert_int_equal(truncate(at(s, "access.log"), 0), 0);
        put(at(s, "access.log"), i * LONG, i * LONG + LONG);
        assert_int_equal(look(s), 1);
        assert_true(look(s) >= 0);
        assert_seen(s, 0, i * LONG + LONG);
    }
}

static void
what_comes_compressed_and_is_new_is_read_when_it_rests(void **state)
{
    struct stage *s = *state;

    put(at(s, "access.log"), 0, LONG);
    begin_names(s, s->folder);
    assert_int_equal(look(s), 1);
    put(at(s, ".other"), LONG, 2 * LONG);
    pack(at(s, ".other"), at(s, "other.gz"), -60); /* somebody writes to it */
    assert_int_equal(look(s), 0);
    assert_seen(s, 0, LONG);
    pack(at(s, ".other"), at(s, "other.gz"), 60);
    assert_int_equal(look(s), 1);
    assert_true(look(s) >= 0);
    assert_seen(s, 0, 2 * LONG);
    assert_int_equal(rename(at(s, "other.gz"), at(s, "another.gz")), 0);
    assert_true(look(s) >= 0);
    assert_seen(s, 0, 2 * LONG);
}

/* Two servers' logs begin alike, as MariaDB's do: they are no copies. */
static void
logs_that_begin_alike_are_both_read(void **state)
{
    static const char banner[] =
        "/usr/sbin/mariadbd, Version: 10.11.19-MariaDB (Debian 12). started with:\n"
        "Tcp port: 3306  Unix socket: /run/mysqld/mysqld.sock\n"
        "Time\t\t    Id Command\tArgument\n";
    struct stage *s = *state;

    put_text(at(s, "one.log"), banner, 0);
    begin_names(s, s->folder);
    assert_true(look(s) >= 0);
    put_text(at(s, "two.log"), banner, 0);
    assert_true(look(s) >= 0);
    assert_true(is_read(s, at(s, "two.log")));
    assert_int_equal(unlink(at(s, "one.log")), 0);
    assert_true(look(s) >= 0);
    put_text(at(s, "three.log"), banner, 0);
    assert_true(look(s) >= 0);
    assert_true(is_read(s, at(s, "three.log")));
}

static void
a_name_that_is_gone_holds_nothing(void **state)
{
    struct stage *s = *state;
    unsigned before;
    char name[64];

    put(at(s, "access-0.log"), 0, 1);
    begin_names(s, s->folder);
    assert_int_equal(look(s), 1);
    before = open_files();
    for (unsigned i = 1; i < 20; i++) {
        snprintf(name, sizeof(name), "access-%u.log", i);
        put(at(s, name), i, i + 1);
        assert_int_equal(look(s), 1);
        snprintf(name, sizeof(name), "access-%u.log", i - 1);
        put(at(s, name), 100 + i, 101 + i); /* the last that is written to it */
        assert_int_equal(unlink(at(s, name)), 0);
        assert_int_equal(look(s), 1);
        assert_true(look(s) >= 0);
        assert_int_equal(open_files(), before);
        assert_int_equal(s->seen[i] + s->seen[100 + i], 2);
    }
}

#define BEHAVIOUR(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        BEHAVIOUR(a_name_with_the_next_date_is_read),
        BEHAVIOUR(a_folder_and_a_pattern_can_be_empty_at_first),
        BEHAVIOUR(what_rotates_in_a_folder_is_read_once),
        BEHAVIOUR(what_rotates_to_a_date_is_read_once),
        BEHAVIOUR(what_comes_compressed_and_is_new_is_read_when_it_rests),
        BEHAVIOUR(logs_that_begin_alike_are_both_read),
        BEHAVIOUR(a_name_that_is_gone_holds_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
