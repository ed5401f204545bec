/* SPDX-License-Identifier: Apache-2.0 */
/* What is in the ledger of the directory's entries does not stay behind in the ring's file. */
#include "ledger/ring.h"

#include "random.h"
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const char secret[] = "kim@example.com";

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
append(struct place *p, enum ring_type type)
{
    char text[64];
    struct iovec part = {text, 0};
    uint64_t position;

    part.iov_len = (size_t)snprintf(text, sizeof(text), "%s%u", secret, (unsigned)type);
    assert_int_equal(ring_append(p->ring, type, &part, 1, DURABILITY_GROUP, &position), 0);
    return position;
}

/* In the file, whoever reads it. */
static unsigned
count(const struct place *p, const char *text)
{
    const uint8_t *at = p->file.memory, *end = at + p->file.length;
    unsigned found = 0;

    while ((at = memmem(at, (size_t)(end - at), text, strlen(text))) != NULL) {
        found++;
        at++;
    }
    return found;
}

static void
entries_of_the_directory_are_gone_and_all_others_stay(void **state)
{
    struct place *p = *state;
    struct ring_entry entry;
    uint64_t at = 0, middle;
    unsigned entries = 0;

    append(p, RING_SHAPE);
    append(p, RING_ORDINAL);
    append(p, RING_EXPOSURE);
    append(p, RING_ORDINAL);
    middle = append(p, RING_MARK);
    append(p, RING_ORDINAL);
    assert_int_equal(count(p, "kim@example.com4"), 3);
    ring_wipe(p->ring, middle);
    assert_int_equal(count(p, "kim@example.com4"), 1); /* the last one is not in the ledger yet */
    assert_int_equal(count(p, "kim@example.com"), 4);
    /* Whoever is killed before the release reads them again. */
    while (ring_read(p->ring, &at, &entry) == 1)
        entries++;
    assert_int_equal(entries, 6);
    ring_release(p->ring, middle);
    ring_wipe(p->ring, at);
    assert_int_equal(count(p, "kim@example.com4"), 0);
}

static void
they_are_gone_wherever_they_lie_and_behind_a_former_run(void **state)
{
    struct place *p = *state;
    static uint8_t filling[60000];
    struct random random = {.state = 5};
    uint64_t at = 0, position;

    for (int i = 0; i < 3000; i++) {
        struct iovec part = {filling, random_below(&random, sizeof(filling))};

        assert_int_equal(ring_append(p->ring, RING_EXPOSURE, &part, 1, DURABILITY_GROUP, &position),
                         0);
        at = append(p, RING_ORDINAL);
        if (i % 20 == 0) {
            ring_wipe(p->ring, at);
            ring_release(p->ring, at);
            assert_int_equal(count(p, secret), 0);
        }
        if (i % 500 == 0) {
            ring_unmap(&p->file);
            close(p->fd);
            p->fd = ring_open(&os_real, p->directory, "r", 1);
            assert_int_equal(ring_map(&p->file, p->fd, true), 0);
            p->ring = ring_get(&p->file, 0);
        }
    }
    assert_true(at > 10 * (uint64_t)RING_SIZE);
}

static void
hostile_heads_lead_nowhere(void **state)
{
    struct place *p = *state;
    struct random random = {.state = 8};
    uint64_t at;

    for (int round = 0; round < 300; round++) {
        for (int i = 0; i < 30; i++)
            at = append(p, RING_ORDINAL);
        for (int i = 0; i < 200; i++)
            p->file.memory[random_below(&random, (uint32_t)p->file.length - 4096 * 2) + 4096 * 2] ^=
                (uint8_t)(1 << random_below(&random, 8));
        ring_wipe(p->ring, at);
        ring_wipe(p->ring, UINT64_MAX);
        ring_release(p->ring, at);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(entries_of_the_directory_are_gone_and_all_others_stay, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(they_are_gone_wherever_they_lie_and_behind_a_former_run,
                                        make, unmake),
        cmocka_unit_test_setup_teardown(hostile_heads_lead_nowhere, make, unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
