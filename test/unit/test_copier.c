/* SPDX-License-Identifier: Apache-2.0 */
/* A write by another thread: nobody waits for it, and its end is told once. */
#include "respond/copier.h"
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

struct place {
    char folder[32];
    struct os os;
    struct copier *copier;
    int hold[2]; /* a write goes on once there is a byte in it */
    int error;   /* of writes; 0 */
};

static int
held_fdatasync(void *arg, int fd PASU_UNUSED)
{
    struct place *p = arg;
    char byte;

    if (p->hold[0] >= 0 && read(p->hold[0], &byte, 1) != 1)
        return -1;
    errno = p->error;
    return p->error == 0 ? 0 : -1;
}

static int
no_fsync(void *arg PASU_UNUSED, int fd PASU_UNUSED)
{
    return 0;
}

static void
begin(struct place *p)
{
    struct copy copy;
    char path[64];

    *p = (struct place){.folder = "/tmp/copier.XXXXXX", .os = os_real, .hold = {-1, -1}};
    assert_non_null(mkdtemp(p->folder));
    snprintf(path, sizeof(path), "%s/newest", p->folder);
    p->os.arg = p;
    p->os.fdatasync = held_fdatasync;
    p->os.fsync = no_fsync;
    assert_int_equal(copy_open(&copy, path), 0);
    assert_int_equal(copier_new(&p->copier, &p->os, &copy), 0);
}

static void
end(struct place *p)
{
    char path[64];

    copier_free(p->copier);
    snprintf(path, sizeof(path), "%s/newest", p->folder);
    unlink(path);
    snprintf(path, sizeof(path), "%s/newest.new", p->folder);
    unlink(path);
    assert_int_equal(rmdir(p->folder), 0);
}

static bool
is_readable(const struct place *p, int timeout)
{
    struct pollfd one = {.fd = copier_fd(p->copier), .events = POLLIN};

    return poll(&one, 1, timeout) == 1;
}

/* Who waits for the descriptor would else come back for nothing, for ever. */
static void
an_end_that_was_taken_is_told_no_more(void **state PASU_UNUSED)
{
    struct place p;

    begin(&p);
    for (int i = 0; i < 2000; i++) {
        int result;

        assert_int_equal(copier_begin(p.copier, VIEW("x")), 0);
        while ((result = copier_end(p.copier)) == PASU_E_AGAIN) {
        }
        assert_int_equal(result, 0);
        assert_false(is_readable(&p, 0));
    }
    end(&p);
}

static void
nobody_waits_for_a_disk_that_hangs(void **state PASU_UNUSED)
{
    struct place p;

    begin(&p);
    assert_int_equal(pipe(p.hold), 0);
    p.error = EIO;
    assert_int_equal(copier_end(p.copier), PASU_E_AGAIN);
    assert_int_equal(copier_begin(p.copier, VIEW("one")), 0);
    assert_int_equal(copier_begin(p.copier, VIEW("two")), PASU_E_AGAIN);
    assert_int_equal(copier_end(p.copier), PASU_E_AGAIN);
    assert_int_equal(write(p.hold[1], "x", 1), 1);
    assert_true(is_readable(&p, 10000));
    /* Nobody has taken the end of the first one. */
    assert_int_equal(copier_begin(p.copier, VIEW("two")), PASU_E_AGAIN);
    for (int result = PASU_E_AGAIN; result != PASU_E_IO; result = copier_end(p.copier))
        assert_int_equal(result, PASU_E_AGAIN);
    close(p.hold[0]);
    close(p.hold[1]);
    end(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_that_was_taken_is_told_no_more),
        cmocka_unit_test(nobody_waits_for_a_disk_that_hangs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
