/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a tile store where a call fails, or the process is killed. */
#include "base/memory.h"
#include "tile_place.h"

/* Opens at `from` and goes to `to`, each call again where it failed once. The size that it came to,
 * and 0 in *failed where nothing did. */
static uint64_t
run(struct place *p, uint64_t from, uint64_t to, int *failed)
{
    struct tile_store s;
    uint64_t size = from;
    int result, tries = 2;

    *failed = 0;
    do
        result = tile_open(&s, &p->folder, &p->hasher, from, &p->leaves);
    while (result != 0 && (*failed = result) && --tries > 0);
    if (result != 0)
        return size;
    for (tries = 2; tries > 0 && s.frontier.size < to;) {
        result = tile_append(&s, &hashes[0][s.frontier.size]);
        if (result != 0) {
            *failed = result;
            assert_int_equal(s.frontier.size, size);
            tries--;
        }
        size = s.frontier.size;
    }
    for (tries = 2; tries > 0 && s.frontier.size == to; tries--) {
        result = tile_publish(&s);
        if (result == 0)
            break;
        *failed = result;
    }
    assert_root(&s, size);
    tile_close(&s);
    return size;
}

static void
fail_everywhere(struct place *p, uint64_t base, uint64_t to, bool is_dead_then, unsigned at_least)
{
    bool is_reached = true;
    unsigned nth = 1;
    int failed;

    p->is_dead_then = is_dead_then;
    for (; is_reached; nth++) {
        uint64_t size;
        struct tile_store s;

        assert_true(nth < 1000);
        if (base == 0)
            remove_tiles(p);
        p->calls = 0;
        p->fails_at = nth;
        size = run(p, base, to, &failed);
        is_reached = p->calls >= nth;
        assert_true(failed == 0 || failed == PASU_E_IO || failed == PASU_E_DISKFULL);
        if (!is_dead_then)
            assert_int_equal(size, to);
        p->fails_at = 0;
        /* What comes after finds what was appended, and goes on. */
        assert_int_equal(tile_open(&s, &p->folder, &p->hasher, size, &p->leaves), 0);
        assert_root(&s, size);
        append_to(&s, to);
        assert_int_equal(tile_publish(&s), 0);
        tile_close(&s);
        assert_tiles(p, to);
        assert_int_equal(tile_open(&s, &p->folder, &p->hasher, to, NULL), 0);
        assert_root(&s, to);
        tile_close(&s);
    }
    assert_true(nth > at_least);
}

static void
whichever_call_fails_the_same_append_can_be_made_again(void **state)
{
    struct place *p = *state;

    p->folder.is_durable = true;
    fail_everywhere(p, 0, 300, false, 30);
    remove_tiles(p);
    make_store(p, 65500);
    fail_everywhere(p, 65500, 65600, false, 20);
}

static void
killed_at_whichever_call_a_store_opens_at_what_was_appended(void **state)
{
    struct place *p = *state;

    p->folder.is_durable = true;
    fail_everywhere(p, 0, 300, true, 30);
    remove_tiles(p);
    make_store(p, 65500);
    fail_everywhere(p, 65500, 65600, true, 20);
}

/* After a power cut the ledger may have lost leaves whose tiles are on disk. */
static void
tiles_of_leaves_that_were_lost_are_written_over(void **state)
{
    struct place *p = *state;
    struct tile_store s;

    make_store(p, 200);
    assert_int_equal(tile_open(&s, &p->folder, &p->hasher, 200, NULL), 0);
    for (uint64_t i = 200; i < 600; i++)
        assert_int_equal(tile_append(&s, &hashes[0][i + 1000]), 0);
    assert_int_equal(tile_publish(&s), 0);
    tile_close(&s);
    assert_int_equal(tile_open(&s, &p->folder, &p->hasher, 200, NULL), 0);
    append_to(&s, 600);
    assert_int_equal(tile_publish(&s), 0);
    tile_close(&s);
    assert_tiles(p, 600);
}

static void
without_memory_nothing_is_added_and_nothing_is_lost(void **state)
{
    struct place *p = *state;
    struct tile_store s;
    struct tree_source source;
    struct tree_hash node;
    uint64_t nth = 1;

    assert_int_equal(tile_open(&s, &p->folder, &p->hasher, 0, NULL), 0);
    memory_fail_at(1);
    assert_int_equal(tile_append(&s, &hashes[0][0]), PASU_E_NOMEM);
    append_to(&s, 255);
    memory_fail_at(1);
    assert_int_equal(tile_append(&s, &hashes[0][255]), PASU_E_NOMEM); /* level 1 */
    append_to(&s, 300);
    assert_root(&s, 300);
    assert_int_equal(tile_publish(&s), 0);
    source = tile_source(&s);
    memory_fail_at(1);
    assert_int_equal(source.node(source.arg, 0, 0, &node), PASU_E_NOMEM);
    assert_int_equal(source.node(source.arg, 0, 0, &node), 0);
    tile_close(&s);
    for (int result = PASU_E_NOMEM; result != 0; nth++) {
        memory_fail_at(nth);
        result = tile_open(&s, &p->folder, &p->hasher, 300, NULL);
        assert_true(result == 0 || result == PASU_E_NOMEM);
    }
    memory_fail_at(0);
    assert_int_equal(nth, 4);
    assert_root(&s, 300);
    tile_close(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(whichever_call_fails_the_same_append_can_be_made_again),
        IN_PLACE(killed_at_whichever_call_a_store_opens_at_what_was_appended),
        IN_PLACE(tiles_of_leaves_that_were_lost_are_written_over),
        IN_PLACE(without_memory_nothing_is_added_and_nothing_is_lost),
    };

    return cmocka_run_group_tests(tests, make_hashes, NULL);
}
