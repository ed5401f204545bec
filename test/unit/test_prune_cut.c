/* SPDX-License-Identifier: Apache-2.0 */
/* A keeper that is killed while it deletes, at any call, with the power or without. */
#include "prune_story.h"

static struct answers whole, cut;

/* The last calls of a pruning, each of which is looked at: the checkpoint, everything onto the
 * disk, the files and their folder. Those before it append records; of them some. */
enum { LAST_CALLS = 24, NEVER = 1 << 30 };

/* A keeper that prunes, of which a call fails, and all after it. How many calls were left. */
static int
kill_at(struct place *p, int call, bool is_power, struct random *random)
{
    struct prune all;
    int left;

    p->disk->is_recording = is_power;
    make_ledger(p);
    leaf_count = 0;
    check_root(p);
    if (is_power) /* what is mapped is not seen by the disk */
        disk_record_visited(p->disk, p->directory, "exposures.ring", NULL);
    p->disk->calls_left = call;
    p->disk->is_dead = true;
    prune_init(&all, &p->records);
    prune_set(&all, KEPT_DAYS * DAY);
    prune(p, &all);
    left = p->disk->calls_left;
    prune_release(&all);
    kill_keeper(p);
    if (is_power)
        disk_cut_power(p->disk, random);
    p->disk->is_recording = p->disk->is_dead = false;
    p->disk->calls_left = -1;
    return left;
}

/* What is gone stands in a record that was signed before, and its tiles are there. */
static void
check_gone(struct place *p)
{
    const struct tile_folder folder = {.os = &os_real, .directory = p->directory};
    struct source_folder segments = {.os = &os_real, .directory = open_segments(p)};
    const struct segment_keys none = {0};
    struct tree_hash tile[TILE_WIDTH];
    struct prologue prologue;
    char note[4096] = {0};
    int fd = openat(p->directory, "checkpoint", O_RDONLY | O_CLOEXEC);

    assert_true(read(fd, note, sizeof(note) - 1) > 0);
    close(fd);
    prologue_init(&prologue, &os_real, (struct source){source_open_folder, &segments}, &none);
    if (first_of(p) > 0) {
        assert_int_equal(prologue_find(&prologue), 0);
        assert_true(strtoull(strchr(note, '\n'), NULL, 10) > prologue.pruned.index);
        assert_true(first_of(p) <= prologue.pruned.body.end &&
                    prologue.pruned.body.end > TILE_WIDTH);
        assert_int_equal(tile_read(&folder, 0, 0, TILE_WIDTH, tile), 0);
        assert_memory_equal(tile, leaves, sizeof(tile));
    }
    prologue_release(&prologue);
    close(segments.directory);
}

static void
kill_everywhere(struct place *p, bool is_power)
{
    struct random random = {.state = 7};
    uint64_t first;
    int64_t time;
    int calls;

    make_ledger(p);
    prune_all(p);
    first = first_of(p);
    time = begun_at(p, first);
    stop_keeper(p);
    ask(p, first, time, &whole);
    calls = NEVER - kill_at(p, NEVER, is_power, &random);
    assert_true(calls > 100);
    disk_forget(p->disk);
    for (int call = 0; call < calls; call += call + LAST_CALLS < calls ? calls / 12 : 1) {
        assert_int_equal(kill_at(p, call, is_power, &random), 0);
        check_gone(p);
        open_keeper(p);
        check_root(p);
        prune_all(p);
        if (is_power && first_of(p) != first) {
            /* Tiles were lost with the power that nothing had made durable: from where they differ
             * from the records on nothing is deleted, and they are made again. */
            stop_keeper(p);
            remove_tiles(p);
            open_keeper(p);
            prune_all(p);
        }
        check_root(p);
        assert_int_equal(first_of(p), first);
        stop_keeper(p);
        ask(p, first, time, &cut);
        assert_int_equal(cut.pruned, 1);
        assert_int_equal(cut.ordinals, whole.ordinals);
        assert_int_equal(cut.facts, whole.facts);
        assert_memory_equal(cut.text, whole.text, whole.facts);
        disk_forget(p->disk);
    }
}

static void
killed_at_any_call_the_next_keeper_goes_on(void **state)
{
    kill_everywhere(*state, false);
}

static void
nothing_that_is_needed_goes_with_the_power(void **state)
{
    kill_everywhere(*state, true);
}

/* A call that fails is tried again, a minute later. */
static void
what_fails_is_tried_again(void **state)
{
    struct place *p = *state;
    struct prune all;
    uint64_t first;

    make_ledger(p);
    prune_init(&all, &p->records);
    prune_set(&all, KEPT_DAYS * DAY);
    for (int i = 0; i < 40; i++) {
        p->disk->calls_left = 11 * i;
        prune(p, &all);
        now += 61 * SECOND;
    }
    p->disk->calls_left = -1;
    prune(p, &all);
    now += 3601 * SECOND;
    prune(p, &all);
    first = first_of(p);
    assert_true(first > 100);
    assert_true(begun_at(p, first) <= p->disk->time - KEPT_DAYS * DAY + DAY);
    prune_release(&all);
    leaf_count = first; /* what is left, without what was */
    stop_keeper(p);
    ask(p, first, begun_at(p, first), &cut);
    assert_int_equal(cut.ordinals, (1 << DAYS) - 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DISK(killed_at_any_call_the_next_keeper_goes_on),
        ON_DISK(nothing_that_is_needed_goes_with_the_power),
        ON_DISK(what_fails_is_tried_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
