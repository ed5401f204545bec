/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger as it grows: what it has signed once stays true, whatever happens to process or disk.
 */
#include "chain_parts.h"

/* ---- growing ---- */

static void
a_new_ledger_says_whose_it_is_and_signs_that(void **state)
{
    struct disk *d = *state;
    struct chain c;
    struct chain_report report;
    struct outside outside;
    struct stat st;

    assert_int_equal(try_open(d, &c, &report), 0);
    assert_true(report.is_new);
    assert_int_equal(chain_size(&c), 2);
    fetch(d, &c, &outside);
    assert_int_equal(outside.checkpoint.size, 2);
    assert_true(view_equal(outside.checkpoint.origin, view_of_text(origin)));
    check_against_records(d, &outside);
    assert_int_equal(fstatat(d->directory, "signing.key", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    chain_close(&c);
    assert_int_equal(try_open(d, &c, &report), 0);
    assert_false(report.is_new);
    assert_int_equal(chain_size(&c), 2);
    chain_close(&c);
}

static void
every_checkpoint_is_consistent_with_all_before_it(void **state)
{
    struct disk *d = *state;
    struct random random = {.state = 11};
    struct outside *all = memory_new(60, sizeof(*all));
    struct tree_source source;
    struct tree_proof proof;
    struct chain c;

    open_chain(d, &c);
    for (int i = 0; i < 60; i++) {
        assert_int_equal(append(&c, 1 + random_below(&random, 60)), 0);
        assert_int_equal(chain_checkpoint(&c), 0);
        fetch(d, &c, &all[i]);
        assert_int_equal(all[i].checkpoint.size, chain_size(&c));
        if (random_below(&random, 5) == 0) {
            chain_close(&c);
            open_chain(d, &c);
        }
    }
    assert_true(chain_size(&c) > 1000);
    source = tile_source(&c.tiles);
    for (int i = 1; i < 60; i++) {
        struct tree_hash from, to;
        uint64_t older = all[i - 1].checkpoint.size, newer = all[i].checkpoint.size;

        check_against_records(d, &all[i]);
        memcpy(from.bytes, all[i - 1].checkpoint.root, sizeof(from.bytes));
        memcpy(to.bytes, all[i].checkpoint.root, sizeof(to.bytes));
        assert_int_equal(tree_prove_consistency(&c.hasher, &source, older, newer, &proof), 0);
        assert_int_equal(
            tree_verify_consistency(&c.hasher, older, &from, newer, &to, proof.hashes, proof.count),
            0);
    }
    chain_close(&c);
    memory_free(all);
}

static void
without_anything_new_nothing_is_signed_again(void **state)
{
    struct disk *d = *state;
    struct chain c;

    open_chain(d, &c);
    assert_int_equal(append(&c, 3), 0);
    assert_int_equal(chain_checkpoint(&c), 0);
    d->calls_left = 0;
    assert_int_equal(chain_checkpoint(&c), 0);
    d->calls_left = -1;
    chain_close(&c);
}

static void
an_aborted_batch_is_in_no_tree(void **state)
{
    struct disk *d = *state;
    struct chain c;
    struct outside outside;
    uint64_t index;

    open_chain(d, &c);
    assert_int_equal(chain_begin(&c, 1000), 0);
    assert_int_equal(chain_put(&c, SEGMENT_GAP, 1, NULL, 0, &index), 0);
    chain_abort(&c);
    assert_int_equal(append(&c, 3), 0);
    assert_int_equal(chain_checkpoint(&c), 0);
    fetch(d, &c, &outside);
    assert_int_equal(outside.checkpoint.size, 5);
    check_against_records(d, &outside);
    chain_close(&c);
}

/* ---- faults ---- */

/* Each step again until it succeeds; what was signed before stays true. */
static void
run(struct disk *d, int *failures)
{
    struct chain c;
    struct chain_report report;
    struct outside outside;

    while (try_open(d, &c, &report) != 0)
        ++*failures;
    for (int i = 0; i < 3; i++) {
        uint64_t size = chain_size(&c);

        while (append(&c, 200) != 0) {
            ++*failures;
            assert_int_equal(chain_size(&c), size);
        }
        while (chain_checkpoint(&c) != 0) {
            ++*failures;
            fetch(d, &c, &outside);
            check_against_records(d, &outside);
        }
        fetch(d, &c, &outside);
        assert_int_equal(outside.checkpoint.size, size + 200);
    }
    assert_true(c.writer.first > 0);
    chain_close(&c);
    assert_int_equal(chain_size(&c), 602);
    check_against_records(d, &outside);
}

static void
whichever_call_fails_the_same_can_be_tried_again(void **state)
{
    struct disk *d = *state;
    int calls = 1;

    for (int half = 0; half < 2; half++)
        for (int n = 0; n < calls; n++) {
            int failures = 0;

            d->is_partial = half;
            d->calls_left = n;
            d->calls = 0;
            run(d, &failures);
            calls = d->calls;
            d->calls_left = -1;
            disk_clear(d);
        }
    assert_true(calls > 60);
}

/* Starts, and appends and signs three times, until the call `n`; whether that was never made. */
static bool
run_until(struct disk *d, int n)
{
    struct chain c;
    struct chain_report report;
    bool is_through;

    d->is_dead = true;
    d->is_partial = n % 2;
    d->calls_left = n;
    is_through = try_open(d, &c, &report) == 0;
    if (is_through) {
        for (int i = 0; i < 3 && is_through; i++)
            is_through = append(&c, 200) == 0 && chain_checkpoint(&c) == 0;
        chain_close(&c);
    }
    is_through = is_through && d->calls_left > 0;
    d->calls_left = -1;
    return is_through;
}

static void
go_on(struct disk *d)
{
    struct chain c;
    struct outside outside;

    open_chain(d, &c);
    fetch(d, &c, &outside); /* no start without one */
    assert_int_equal(append(&c, 2), 0);
    assert_int_equal(chain_checkpoint(&c), 0);
    fetch(d, &c, &outside);
    assert_int_equal(outside.checkpoint.size, chain_size(&c));
    check_against_records(d, &outside);
    chain_close(&c);
}

static void
whichever_call_is_the_last_the_next_start_goes_on(void **state)
{
    struct disk *d = *state;
    bool is_through = false;

    for (int n = 0; !is_through; n++) {
        is_through = run_until(d, n);
        go_on(d);
        disk_clear(d);
    }
}

static void
whichever_call_is_the_last_before_a_power_cut_the_next_start_goes_on(void **state)
{
    struct disk *d = *state;
    struct random random = {.state = 21};
    bool is_through = false;

    d->is_recording = true;
    /* At once or only after the next start, and of names the last ones or any. */
    for (int n = 0; !is_through; n++)
        for (int way = 0; way < 4; way++) {
            d->is_unordered = way / 2;
            is_through = run_until(d, n);
            if (way % 2)
                disk_cut_power(d, &random);
            go_on(d);
            disk_cut_power(d, &random);
            go_on(d);
            disk_clear(d);
        }
}

static void
a_first_start_may_end_twice_before_a_power_cut(void **state)
{
    struct disk *d = *state;
    struct random random = {.state = 22};

    d->is_recording = d->is_unordered = true;
    for (int n = 0; n < 20; n++)
        for (int k = 0; k < 30; k++) {
            run_until(d, n);
            run_until(d, k);
            disk_cut_power(d, &random);
            go_on(d);
            disk_clear(d);
        }
}

static void
what_comes_after_a_batch_that_failed_or_was_put_wrong_is_as_if_it_had_not_been(void **state)
{
    struct disk *d = *state;
    struct chain c;
    struct outside outside;
    uint8_t bad[ENTRY_SALT] = {0};
    struct iovec part = {bad, sizeof(bad)};
    uint64_t index;

    open_chain(d, &c);
    assert_int_equal(chain_begin(&c, 1000), 0);
    assert_int_equal(chain_put(&c, SEGMENT_GAP, 1, NULL, 0, &index), 0);
    assert_int_equal(chain_begin(&c, 1000), PASU_E_MISUSE);
    assert_int_equal(chain_checkpoint(&c), 0); /* covers all that is committed already */
    assert_int_equal(chain_put(&c, SEGMENT_EXPOSURE, 1, &part, 1, &index), PASU_E_CORRUPT);
    assert_int_equal(chain_commit(&c), PASU_E_MISUSE);
    assert_int_equal(chain_size(&c), 2);
    assert_int_equal(chain_begin(&c, 1000), 0);
    assert_int_equal(chain_put(&c, SEGMENT_CLOSED, 1, NULL, 0, &index), 0);
    d->is_dead = true;
    d->calls_left = 0;
    assert_true(chain_commit(&c) < 0);
    d->is_dead = false;
    d->calls_left = -1;
    assert_int_equal(chain_commit(&c), PASU_E_MISUSE);
    assert_int_equal(append(&c, 2), 0);
    assert_int_equal(chain_begin(&c, 1000), 0);
    assert_int_equal(chain_put(&c, SEGMENT_CLOSED, 1, NULL, 0, &index), 0);
    assert_int_equal(chain_checkpoint(&c), PASU_E_MISUSE);
    assert_int_equal(chain_commit(&c), 0);
    assert_int_equal(chain_checkpoint(&c), 0);
    fetch(d, &c, &outside);
    assert_int_equal(outside.checkpoint.size, 5);
    check_against_records(d, &outside);
    chain_close(&c);
}

static void
a_tree_that_cannot_be_written_holds_records_back_and_is_made_up_for(void **state)
{
    struct disk *d = *state;
    struct chain c;
    struct outside outside;

    open_chain(d, &c);
    assert_int_equal(renameat(d->directory, "tile", d->directory, "away"), 0);
    close(openat(d->directory, "tile", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    assert_int_equal(append(&c, 300), 0);
    for (int i = 0; i < 3; i++) {
        assert_true(append(&c, 300) < 0);
        assert_true(chain_checkpoint(&c) < 0);
    }
    assert_int_equal(chain_size(&c), 302);
    assert_int_equal(unlinkat(d->directory, "tile", 0), 0);
    assert_int_equal(renameat(d->directory, "away", d->directory, "tile"), 0);
    assert_int_equal(append(&c, 300), 0);
    assert_int_equal(chain_checkpoint(&c), 0);
    fetch(d, &c, &outside);
    assert_int_equal(outside.checkpoint.size, 602);
    check_against_records(d, &outside);
    chain_close(&c);
}

static void
what_was_signed_survives_a_power_cut_whatever_pages_reached_the_disk(void **state)
{
    struct disk *d = *state;
    unsigned lost = 0;

    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct random random = {.state = seed};
        struct outside outside = {.length = 0};
        uint64_t next = 0, durable = 0;

        d->is_recording = true;
        for (int cuts = 0; cuts < 4; cuts++) {
            struct chain c;

            open_chain(d, &c);
            assert_true(chain_size(&c) >= durable);
            assert_true(chain_size(&c) <= next || next == 0);
            lost += (unsigned)(next > chain_size(&c) ? next - chain_size(&c) : 0);
            if (outside.length > 0)
                check_against_records(d, &outside);
            for (unsigned i = random_below(&random, 12); i > 0; i--) {
                assert_int_equal(append(&c, 1 + random_below(&random, 90)), 0);
                if (random_below(&random, 3) == 0)
                    assert_int_equal(chain_sync(&c), 0);
                if (random_below(&random, 3) == 0)
                    assert_int_equal(chain_checkpoint(&c), 0);
            }
            fetch(d, &c, &outside);
            next = chain_size(&c);
            durable = c.writer.durable;
            assert_true(outside.checkpoint.size <= durable);
            chain_close(&c);
            disk_cut_power(d, &random);
        }
        disk_clear(d);
    }
    assert_true(lost > 100);
}

static void
an_encrypted_ledger_opens_with_all_of_its_keys_and_no_less(void **state)
{
    struct disk *d = *state;
    struct segment_keys none = {0}, old, both;
    struct outside outside;
    struct chain c;
    struct chain_report report;

    chain_keys = none;
    assert_int_equal(segment_keys_add(&chain_keys, (const uint8_t[SEGMENT_KEY_SIZE]){1}), 0);
    old = chain_keys;
    open_chain(d, &c);
    assert_int_equal(append(&c, 300), 0);
    assert_int_equal(chain_checkpoint(&c), 0);
    chain_close(&c);
    chain_keys = none;
    assert_int_equal(try_open(d, &c, &report), PASU_E_LEDGER_KEY);
    assert_int_equal(segment_keys_add(&chain_keys, (const uint8_t[SEGMENT_KEY_SIZE]){2}), 0);
    assert_int_equal(try_open(d, &c, &report), PASU_E_LEDGER_KEY);
    assert_int_equal(segment_keys_add(&chain_keys, old.keys[0]), 0);
    both = chain_keys;
    open_chain(d, &c);
    assert_int_equal(append(&c, 400), 0);
    assert_int_equal(chain_checkpoint(&c), 0);
    fetch(d, &c, &outside);
    check_against_records(d, &outside);
    chain_close(&c);
    chain_keys = old;
    assert_int_equal(try_open(d, &c, &report), PASU_E_LEDGER_KEY);
    chain_keys = both;
    chain_keys.count = 1; /* the first segment says whose ledger it is */
    assert_int_equal(try_open(d, &c, &report), PASU_E_LEDGER_KEY);
    chain_keys = both;
    open_chain(d, &c);
    assert_int_equal(chain_size(&c), 702);
    chain_close(&c);
    chain_keys = none;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DISK(a_new_ledger_says_whose_it_is_and_signs_that),
        ON_DISK(every_checkpoint_is_consistent_with_all_before_it),
        ON_DISK(without_anything_new_nothing_is_signed_again),
        ON_DISK(an_aborted_batch_is_in_no_tree),
        ON_DISK(whichever_call_fails_the_same_can_be_tried_again),
        ON_DISK(whichever_call_is_the_last_the_next_start_goes_on),
        ON_DISK(whichever_call_is_the_last_before_a_power_cut_the_next_start_goes_on),
        ON_DISK(a_first_start_may_end_twice_before_a_power_cut),
        ON_DISK(what_comes_after_a_batch_that_failed_or_was_put_wrong_is_as_if_it_had_not_been),
        ON_DISK(a_tree_that_cannot_be_written_holds_records_back_and_is_made_up_for),
        ON_DISK(what_was_signed_survives_a_power_cut_whatever_pages_reached_the_disk),
        ON_DISK(an_encrypted_ledger_opens_with_all_of_its_keys_and_no_less),
    };
    int failed = cmocka_run_group_tests_name("plain", tests, NULL, NULL);

    if (segment_keys_add(&chain_keys, (const uint8_t[SEGMENT_KEY_SIZE]){7}) == 0)
        failed += cmocka_run_group_tests_name("encrypted", tests, NULL, NULL);
    return failed;
}
