/* SPDX-License-Identifier: Apache-2.0 */
/* How durable an entry is to be, its writer says. */
#include "ledger/ring_layout.h"

#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct place {
    char path[64];
    int directory, fd;
    struct ring_file file;
    struct ring *ring;
};

static int
make(void **state)
{
    static struct place p;

    snprintf(p.path, sizeof(p.path), "/tmp/pasu-ring-XXXXXX");
    if (!mkdtemp(p.path))
        return -1;
    p.directory = open(p.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    p.fd = ring_open(&os_real, p.directory, "r", 1);
    if (p.fd < 0 || ring_map(&p.file, p.fd, true) != 0)
        return -1;
    p.ring = ring_get(&p.file, 0);
    *state = &p;
    return 0;
}

static int
unmake(void **state)
{
    struct place *p = *state;

    ring_unmap(&p->file);
    close(p->fd);
    unlinkat(p->directory, "r", 0);
    close(p->directory);
    return rmdir(p->path);
}

static uint64_t
append_as(struct ring *ring, enum durability durability)
{
    struct iovec part = {(void *)(uintptr_t) "entry", 5};
    uint64_t position = 0;

    assert_int_equal(ring_append(ring, RING_SHAPE, &part, 1, durability, &position), 0);
    return position;
}

static void
a_writer_says_how_durable_its_entries_are_to_be(void **state)
{
    struct place *p = *state;
    uint64_t first, second;

    append_as(p->ring, DURABILITY_OS);
    assert_true(ring_due(p->ring) == 0 && ring_awaited(p->ring) == 0);
    first = append_as(p->ring, DURABILITY_GROUP);
    assert_true(ring_due(p->ring) == first && ring_awaited(p->ring) == 0);
    assert_true(ring_nap(p->ring));
    second = append_as(p->ring, DURABILITY_STRICT);
    append_as(p->ring, DURABILITY_OS);
    assert_true(ring_due(p->ring) == second && ring_awaited(p->ring) == second);
    assert_true(ring_must_wake(p->ring));
    assert_false(ring_nap(p->ring));
    ring_set_durable(p->ring, first);
    assert_true(ring_awaited(p->ring) == second);
    ring_set_durable(p->ring, second);
    assert_true(ring_due(p->ring) == 0 && ring_awaited(p->ring) == 0);
    assert_true(ring_nap(p->ring));
}

/* Else a keeper would never sleep again. */
static void
a_writer_that_lies_waits_for_no_more_than_there_is(void **state)
{
    struct place *p = *state;
    uint64_t head;

    head = append_as(p->ring, DURABILITY_STRICT);
    p->ring->due = p->ring->awaited = UINT64_MAX;
    assert_true(ring_due(p->ring) == head && ring_awaited(p->ring) == head);
    ring_set_durable(p->ring, head);
    ring_release(p->ring, head);
    assert_true(ring_due(p->ring) == 0 && ring_awaited(p->ring) == 0);
    assert_true(ring_sleep(p->ring));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_writer_says_how_durable_its_entries_are_to_be),
        TEST(a_writer_that_lies_waits_for_no_more_than_there_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
