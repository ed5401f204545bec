/* SPDX-License-Identifier: Apache-2.0 */
/* A ledger's key is changed: whatever is killed, there is one history, and one key that goes on
 * with it. */
#include "rotation_parts.h"

/* ---- what is right ---- */

static void
both_keys_sign_the_change_and_then_the_new_one_alone(void **state)
{
    struct disk *d = *state;
    struct signing_key old, loaded;
    struct content note;
    struct outside outside;
    struct chain c;

    open_chain(d, &c);
    assert_int_equal(append(&c, 300), 0);
    old = c.key;
    assert_int_equal(rotate(&c), 0);
    assert_memory_not_equal(old.public.public, c.key.public.public, NOTE_KEY_SIZE);
    assert_string_equal(old.public.name, c.key.public.name);
    assert_int_equal(chain_size(&c), 304);
    load_handover(d, 302, &note);
    assert_true(has_signed(&old.public, note.bytes, note.length));
    assert_true(has_signed(&c.key.public, note.bytes, note.length));
    fetch(d, &c, &outside);
    assert_int_equal(outside.length, note.length);
    assert_memory_equal(outside.note, note.bytes, note.length);
    assert_int_equal(signing_key_load(&loaded, &d->os, d->directory, "signing.key"), 0);
    assert_memory_equal(&loaded, &c.key, sizeof(loaded));
    assert_false(is_file(d, "signing.key.next"));
    assert_int_equal(append(&c, 3), 0);
    assert_int_equal(chain_checkpoint(&c), 0);
    fetch(d, &c, &outside);
    assert_false(has_signed(&old.public, outside.note, outside.length));
    check_against_records(d, &outside);
    chain_close(&c);
    open_chain(d, &c);
    assert_memory_equal(&loaded, &c.key, sizeof(loaded));
    chain_close(&c);
}

/* Where somebody still has the file open, or finds its blocks, there is no key in it. */
static void
the_old_key_is_wiped(void **state)
{
    struct disk *d = *state;
    uint8_t bytes[SIGNING_KEY_FILE_MAX];
    struct chain c;
    ssize_t n;
    int fd;

    open_chain(d, &c);
    fd = openat(d->directory, "signing.key", O_RDONLY | O_CLOEXEC);
    assert_int_equal(rotate(&c), 0);
    n = pread(fd, bytes, sizeof(bytes), 0);
    assert_true(n > 60);
    for (ssize_t i = 0; i < n; i++)
        assert_int_equal(bytes[i], 0);
    close(fd);
    chain_close(&c);
}

static void
a_key_can_be_changed_again_and_again(void **state)
{
    struct disk *d = *state;
    struct outside outside;
    struct content note;
    struct note_key keys[8];
    uint64_t records[8];
    struct chain c;

    open_chain(d, &c);
    for (size_t i = 0; i < 8; i++) {
        keys[i] = c.key.public;
        assert_int_equal(append(&c, 90), 0);
        assert_int_equal(rotate(&c), 0);
        records[i] = c.change.record;
        if (i % 2) {
            chain_close(&c);
            open_chain(d, &c);
        }
    }
    fetch(d, &c, &outside);
    check_against_records(d, &outside);
    for (size_t i = 0; i < 8; i++) {
        load_handover(d, records[i], &note);
        for (size_t k = 0; k < 8; k++)
            assert_int_equal(has_signed(&keys[k], note.bytes, note.length), k == i || k == i + 1);
    }
    chain_close(&c);
}

static void
an_encrypted_ledger_changes_its_key_too(void **state)
{
    struct segment_keys none = {0};

    assert_int_equal(segment_keys_add(&chain_keys, (const uint8_t[SEGMENT_KEY_SIZE]){1}), 0);
    a_key_can_be_changed_again_and_again(state);
    chain_keys = none;
}

static void
a_key_that_the_records_do_not_name_does_not_open(void **state)
{
    struct disk *d = *state;
    struct chain_report report;
    struct content old, note;
    struct chain c;

    open_chain(d, &c);
    load(d, "signing.key", &old);
    assert_int_equal(rotate(&c), 0);
    load_handover(d, c.change.record, &note);
    chain_close(&c);
    assert_int_equal(unlinkat(d->directory, "signing.key", 0), 0);
    assert_int_equal(try_open(d, &c, &report), PASU_E_NOTFOUND);
    /* It has signed the last checkpoint, but it was not in use at its size. */
    save(d, "signing.key", old.bytes, old.length);
    assert_int_equal(try_open(d, &c, &report), PASU_E_CORRUPT);
}

/* ---- killed ---- */

struct story {
    struct note_key old;
    struct outside kept; /* before the change */
    int failures;
};

static void
begin(struct disk *d, struct story *story)
{
    struct chain c;

    open_chain(d, &c);
    assert_int_equal(append(&c, 20), 0);
    assert_int_equal(chain_checkpoint(&c), 0);
    story->old = c.key.public;
    fetch(d, &c, &story->kept);
    chain_close(&c);
}

/* Whether the call `n` was never made. */
static bool
rotate_until(struct disk *d, int n)
{
    struct chain_report report;
    struct chain c;
    bool is_through;

    d->is_dead = true;
    d->is_partial = n % 2;
    d->calls_left = n;
    is_through = try_open(d, &c, &report) == 0;
    if (is_through) {
        is_through = append(&c, 5) == 0 && rotate(&c) == 0 && append(&c, 5) == 0 &&
                     chain_checkpoint(&c) == 0;
        chain_close(&c);
    }
    is_through = is_through && d->calls_left > 0;
    d->calls_left = -1;
    d->is_dead = false;
    return is_through;
}

/* The next start ends at its call `n`. */
static void
open_until(struct disk *d, int n)
{
    struct chain_report report;
    struct chain c;

    d->is_dead = true;
    d->calls_left = n;
    if (try_open(d, &c, &report) == 0)
        chain_close(&c);
    d->is_dead = false;
    d->calls_left = -1;
}

/* Opens with one of the two keys, goes on, and all that was ever signed is of the one history. */
static bool
go_on(struct disk *d, struct story *story)
{
    struct outside now[2];
    struct content note;
    struct found f;
    struct chain c;
    bool is_new;

    open_chain(d, &c);
    is_new = memcmp(c.key.public.public, story->old.public, NOTE_KEY_SIZE) != 0;
    assert_int_equal(c.change.stage, CHANGE_NONE);
    assert_false(is_file(d, "signing.key.next"));
    assert_true(chain_size(&c) >= story->kept.checkpoint.size);
    if (is_new) {
        uint64_t record;

        assert_int_equal(handover_find(&os_real, d->directory, UINT64_MAX, &record), 0);
        load_handover(d, record, &note);
        assert_true(has_signed(&story->old, note.bytes, note.length));
        assert_true(has_signed(&c.key.public, note.bytes, note.length));
    }
    now[0] = story->kept;
    assert_int_equal(append(&c, 3), 0);
    assert_int_equal(chain_checkpoint(&c), 0);
    fetch(d, &c, &now[1]);
    assert_int_equal(has_signed(&story->old, now[1].note, now[1].length), !is_new);
    check_against_records(d, &now[1]);
    chain_close(&c);
    verify_with(d, &f, now, 2);
    for (size_t i = 0; i < f.count; i++) /* a tile that a power cut took is made again elsewhere */
        assert_true(verify_kind(f.whats[i]) != VERIFY_FAULT ||
                    (d->is_recording && f.whats[i] == VERIFY_TILE));
    assert_int_equal(f.answer.covered, f.answer.next);
    return is_new;
}

static void
whichever_call_is_the_last_one_of_the_keys_goes_on(void **state)
{
    struct disk *d = *state;
    struct story story;
    int with[2] = {0};
    bool is_through = false;

    for (int n = 0; !is_through; n++) {
        begin(d, &story);
        is_through = rotate_until(d, n);
        with[go_on(d, &story)]++;
        disk_clear(d);
    }
    assert_true(with[0] > 10 && with[1] > 10);
}

static void
whichever_call_is_the_last_before_a_power_cut_one_of_the_keys_goes_on(void **state)
{
    struct disk *d = *state;
    struct random random = {.state = 31};
    struct story story;
    int with[2] = {0};
    bool is_through = false;

    d->is_recording = true;
    for (int n = 0; !is_through; n++)
        for (int way = 0; way < 4; way++) {
            d->is_unordered = way / 2;
            begin(d, &story);
            is_through = rotate_until(d, n);
            disk_cut_power(d, &random);
            if (way % 2) {
                open_until(d, (int)random_below(&random, 90));
                disk_cut_power(d, &random);
            }
            with[go_on(d, &story)]++;
            disk_clear(d);
        }
    assert_true(with[0] > 30 && with[1] > 30);
}

static void
a_change_may_end_twice(void **state)
{
    struct disk *d = *state;
    struct story story;

    for (int n = 20; n < 130; n += 3)
        for (int k = 0; k < 80; k += 7) {
            begin(d, &story);
            rotate_until(d, n);
            open_until(d, k);
            go_on(d, &story);
            disk_clear(d);
        }
}

static void
whichever_call_fails_the_change_can_be_tried_again(void **state)
{
    struct disk *d = *state;
    struct story story;
    int calls = 1, failures = 0;

    for (int half = 0; half < 2; half++)
        for (int n = 0; n < calls; n++) {
            struct chain c;

            begin(d, &story);
            open_chain(d, &c);
            d->is_partial = half;
            d->calls = 0;
            d->calls_left = n;
            while (rotate(&c) != 0)
                failures++;
            calls = d->calls;
            d->calls_left = -1;
            assert_int_equal(c.change.stage, CHANGE_NONE);
            assert_true(append(&c, 2) == 0 && chain_checkpoint(&c) == 0);
            chain_close(&c);
            assert_true(go_on(d, &story));
            disk_clear(d);
        }
    assert_true(calls > 20 && failures > 20);
}

/* ---- lost ---- */

static void
a_key_that_is_lost_is_replaced_where_that_is_said(void **state)
{
    struct disk *d = *state;
    struct segment_watch *none = NULL;
    struct chain_report report;
    struct story story;
    struct content note;
    struct outside outside;
    struct chain c;

    begin(d, &story);
    assert_int_equal(chain_open_lost(&c, &d->os, d->directory, &chain_keys, none, &report),
                     PASU_E_USAGE);
    assert_int_equal(unlinkat(d->directory, "signing.key", 0), 0);
    assert_int_equal(try_open(d, &c, &report), PASU_E_NOTFOUND);
    assert_int_equal(chain_open_lost(&c, &d->os, d->directory, &chain_keys, none, &report), 0);
    assert_int_equal(append(&c, 2), 0);
    assert_true(chain_checkpoint(&c) < 0); /* with what? */
    assert_int_equal(rotate(&c), 0);
    load_handover(d, c.change.record, &note);
    assert_false(has_signed(&story.old, note.bytes, note.length));
    assert_true(has_signed(&c.key.public, note.bytes, note.length));
    chain_close(&c);
    open_chain(d, &c);
    fetch(d, &c, &outside);
    check_against_records(d, &outside);
    chain_close(&c);
    disk_clear(d);
    assert_int_equal(chain_open_lost(&c, &d->os, d->directory, &chain_keys, none, &report),
                     PASU_E_NOTFOUND);
}

/* Damaged is as lost. Whatever is killed, it is still lost, or replaced. */
static void
whichever_call_is_the_last_a_lost_key_is_replaced_or_still_lost(void **state)
{
    struct disk *d = *state;
    struct chain_report report;
    struct story story;
    bool is_through = false;

    for (int n = 0; !is_through; n++) {
        struct chain c;
        int result;

        begin(d, &story);
        if (n % 2)
            assert_int_equal(unlinkat(d->directory, "signing.key", 0), 0);
        else
            save(d, "signing.key", "x", 1);
        d->is_dead = true;
        d->calls_left = n;
        result = chain_open_lost(&c, &d->os, d->directory, &chain_keys, NULL, &report);
        if (result == 0) {
            is_through = rotate(&c) == 0 && d->calls_left > 0;
            chain_close(&c);
        }
        d->is_dead = false;
        d->calls_left = -1;
        result = try_open(d, &c, &report);
        if (result == 0) {
            assert_memory_not_equal(c.key.public.public, story.old.public, NOTE_KEY_SIZE);
            chain_close(&c);
        } else {
            assert_int_equal(result, n % 2 ? PASU_E_NOTFOUND : PASU_E_CORRUPT);
            assert_int_equal(chain_open_lost(&c, &d->os, d->directory, &chain_keys, NULL, &report),
                             0);
            assert_int_equal(rotate(&c), 0);
            chain_close(&c);
            open_chain(d, &c);
            chain_close(&c);
        }
        disk_clear(d);
    }
}

static void
a_key_that_is_recorded_and_has_no_file_is_lost(void **state)
{
    struct disk *d = *state;
    struct chain_report report;
    struct chain c;

    open_chain(d, &c);
    assert_int_equal(chain_key_make(&c), 0);
    assert_int_equal(chain_begin(&c, 1000), 0);
    assert_int_equal(chain_key_put(&c, 7), 0);
    assert_int_equal(chain_commit(&c), 0);
    chain_close(&c);
    assert_int_equal(renameat(d->directory, "signing.key.next", d->directory, "away"), 0);
    assert_int_equal(try_open(d, &c, &report), PASU_E_NOTFOUND);
    assert_int_equal(renameat(d->directory, "away", d->directory, "signing.key.next"), 0);
    open_chain(d, &c);
    chain_close(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KEYS(both_keys_sign_the_change_and_then_the_new_one_alone),
        WITH_KEYS(the_old_key_is_wiped),
        WITH_KEYS(a_key_can_be_changed_again_and_again),
        WITH_KEYS(an_encrypted_ledger_changes_its_key_too),
        WITH_KEYS(a_key_that_the_records_do_not_name_does_not_open),
        WITH_KEYS(whichever_call_is_the_last_one_of_the_keys_goes_on),
        WITH_KEYS(whichever_call_is_the_last_before_a_power_cut_one_of_the_keys_goes_on),
        WITH_KEYS(a_change_may_end_twice),
        WITH_KEYS(whichever_call_fails_the_change_can_be_tried_again),
        WITH_KEYS(a_key_that_is_lost_is_replaced_where_that_is_said),
        WITH_KEYS(whichever_call_is_the_last_a_lost_key_is_replaced_or_still_lost),
        WITH_KEYS(a_key_that_is_recorded_and_has_no_file_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
