/* SPDX-License-Identifier: Apache-2.0 */
/* What is left when records were deleted by age verifies, and nothing else does. */
#include "prune_story.h"

#include "ledger/verify.h"

enum { NOTE = 2048, STEP = 97, FILE_MAX = 1 << 16, HEADER = 64 };

/* The checkpoint of each day. */
struct kept {
    char notes[DAYS][NOTE];
    size_t lengths[DAYS];
};

static struct kept kept;

struct seen {
    uint64_t faults, whats[VERIFY_WHATS];
    struct verify_answer answer;
};

static void
keep(struct place *p, unsigned day)
{
    int fd = openat(p->directory, "checkpoint", O_RDONLY | O_CLOEXEC);
    ssize_t length = read(fd, kept.notes[day], NOTE);

    assert_true(length > 0 && length < NOTE);
    kept.lengths[day] = (size_t)length;
    close(fd);
}

static void
find(void *arg, const struct verify_finding *finding)
{
    struct seen *seen = arg;

    seen->whats[finding->what]++;
    seen->faults += verify_kind(finding->what) == VERIFY_FAULT;
}

/* With the checkpoints that were kept from that day on. */
static void
verify(struct place *p, unsigned from, struct seen *seen)
{
    struct verify_checkpoint notes[DAYS];
    struct segment_keys keys;
    struct verify_question question = {.directory = p->directory,
                                       .checkpoints = notes,
                                       .checkpoint_count = DAYS - from,
                                       .segment_keys = &keys,
                                       .find = find,
                                       .arg = seen};

    add_key(&keys);
    for (unsigned day = from; day < DAYS; day++)
        notes[day - from] =
            (struct verify_checkpoint){"kept", view_of(kept.notes[day], kept.lengths[day])};
    *seen = (struct seen){0};
    assert_int_equal(verify_ledger(&os_real, &question, &seen->answer), 0);
    segment_keys_release(&keys);
}

static void
make_pruned(struct place *p)
{
    begin_ledger(p);
    for (unsigned day = 0; day < DAYS; day++) {
        live_a_day(p, day);
        keep(p, day);
    }
    prune_all(p);
    assert_true(first_of(p) > TILE_WIDTH);
    stop_keeper(p);
}

/* All was looked at, with all that was ever signed, and the ledger still names its key. */
static void
check_well(struct place *p)
{
    struct seen seen;

    verify(p, 0, &seen);
    assert_int_equal(seen.faults, 0);
    assert_int_equal(seen.answer.counts[VERIFY_UNSEEN], 0);
    assert_int_equal(seen.whats[VERIFY_PRUNED], 1);
    assert_int_equal(seen.answer.first, first_of(p));
    assert_int_equal(seen.answer.covered, seen.answer.next);
    assert_true(seen.answer.has_key);
}

static void
it_verifies_with_the_checkpoints_from_before_and_after(void **state)
{
    struct place *p = *state;

    make_pruned(p);
    check_well(p);
    is_encrypted = true;
    make_pruned(p);
    check_well(p);
    is_encrypted = false;
}

static struct place *pruned_meanwhile;

static void
prune_once(void *arg PASU_UNUSED, uint64_t done PASU_UNUSED, uint64_t all PASU_UNUSED)
{
    if (pruned_meanwhile)
        prune_all(pruned_meanwhile);
    pruned_meanwhile = NULL;
}

static void
what_goes_while_it_is_verified_is_no_fault(void **state)
{
    struct place *p = *state;
    struct seen seen = {0};
    const struct verify_question question = {
        .directory = p->directory, .find = find, .progress = prune_once, .arg = &seen};

    make_ledger(p);
    pruned_meanwhile = p;
    assert_int_equal(verify_ledger(&os_real, &question, &seen.answer), 0);
    assert_int_equal(seen.faults, 0);
    assert_true(seen.whats[VERIFY_GONE] > 0);
    assert_true(seen.answer.covered > 0);
    stop_keeper(p);
}

/* One that nothing has needed since may have been lost with the power. */
static void
tiles_of_what_goes_are_made_again(void **state)
{
    struct place *p = *state;

    begin_ledger(p);
    for (unsigned day = 0; day < DAYS; day++) {
        live_a_day(p, day);
        keep(p, day);
    }
    assert_int_equal(unlinkat(p->directory, "tile/0/000", 0), 0);
    prune_all(p);
    assert_true(first_of(p) > TILE_WIDTH);
    stop_keeper(p);
    check_well(p);
}

/* Those of records that are gone cannot be compared then; all others can. */
static void
it_verifies_without_tiles(void **state)
{
    struct place *p = *state;
    unsigned late = 0;
    struct seen seen;

    make_pruned(p);
    remove_tiles(p);
    while (strtoull(strchr(kept.notes[late], '\n'), NULL, 10) < first_of(p))
        late++;
    assert_true(late > 0 && late < DAYS - 1);
    verify(p, late, &seen);
    assert_int_equal(seen.faults, 0);
    assert_int_equal(seen.answer.counts[VERIFY_UNSEEN], 0);
    assert_int_equal(seen.answer.covered, seen.answer.next);
    verify(p, 0, &seen);
    assert_int_equal(seen.faults, 0);
    assert_int_equal(seen.whats[VERIFY_NO_ROOT], late);
}

/* Of a tile that has hashes of both, those of what is gone. */
static void
a_tile_that_the_roots_contradict_is_found(void **state)
{
    struct place *p = *state;
    struct seen seen;
    char path[64];
    uint8_t byte;
    int fd;

    make_pruned(p);
    assert_true(first_of(p) % TILE_WIDTH > 0);
    snprintf(path, sizeof(path), "tile/0/%03llu", (unsigned long long)first_of(p) / TILE_WIDTH);
    fd = openat(p->directory, path, O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(fd, &byte, 1, 0), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, 0), 1);
    close(fd);
    verify(p, 0, &seen);
    assert_true(seen.whats[VERIFY_TILE] > 0);
}

static void
remove_segment(struct place *p, size_t number)
{
    int folder = open_segments(p);
    char name[SEGMENT_NAME_SIZE];
    uint64_t *firsts;
    size_t count;

    assert_int_equal(segment_list(&os_real, folder, &firsts, &count), 0);
    assert_true(number < count);
    segment_name(name, firsts[number]);
    assert_int_equal(unlinkat(folder, name, 0), 0);
    memory_free(firsts);
    close(folder);
}

static void
what_is_removed_by_hand_is_missing(void **state)
{
    struct place *p = *state;
    struct seen seen;

    for (size_t number = 0; number < 3; number++) {
        make_pruned(p);
        remove_segment(p, number);
        verify(p, 0, &seen);
        assert_true(seen.whats[VERIFY_MISSING] > 0);
    }
    begin_ledger(p); /* and of one that was never pruned */
    for (unsigned day = 0; day < DAYS; day++) {
        live_a_day(p, day);
        keep(p, day);
    }
    stop_keeper(p);
    remove_segment(p, 0);
    verify(p, 0, &seen);
    assert_true(seen.whats[VERIFY_MISSING] > 0);
}

static void
no_byte_of_it_can_be_changed(void **state)
{
    static uint8_t bytes[FILE_MAX];
    struct place *p = *state;
    struct seen seen;
    uint64_t *firsts;
    size_t count;
    int folder;

    make_pruned(p);
    folder = open_segments(p);
    assert_int_equal(segment_list(&os_real, folder, &firsts, &count), 0);
    for (size_t i = 0; i < count; i++) {
        int fd = open_segment(p, firsts[i], O_RDWR);
        ssize_t length = read(fd, bytes, sizeof(bytes));
        uint64_t used = (uint64_t)length;

        while (used > 0 && bytes[used - 1] == 0)
            used--;
        for (uint64_t at = HEADER + i; at < used; at += STEP) {
            uint8_t other = bytes[at] ^ 0x10;

            assert_int_equal(pwrite(fd, &other, 1, (off_t)at), 1);
            verify(p, 0, &seen);
            assert_true(seen.faults > 0);
            assert_int_equal(pwrite(fd, &bytes[at], 1, (off_t)at), 1);
        }
        close(fd);
    }
    memory_free(firsts);
    close(folder);
    check_well(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DISK(it_verifies_with_the_checkpoints_from_before_and_after),
        ON_DISK(tiles_of_what_goes_are_made_again),
        ON_DISK(what_goes_while_it_is_verified_is_no_fault),
        ON_DISK(it_verifies_without_tiles),
        ON_DISK(a_tile_that_the_roots_contradict_is_found),
        ON_DISK(what_is_removed_by_hand_is_missing),
        ON_DISK(no_byte_of_it_can_be_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
