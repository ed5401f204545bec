/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is changed of a ledger is found, where it is; and nothing is found where nothing is. */
#include "verify_parts.h"

/* ---- what is right ---- */

static void
nothing_is_found_where_nothing_is_wrong(void **state)
{
    struct disk *d = *state;
    struct outside kept;
    struct found f;

    fill_large(d, &kept);
    verify_with(d, &f, &kept, 1);
    assert_int_equal(f.answer.counts[VERIFY_FAULT] + f.answer.counts[VERIFY_UNSEEN], 0);
    assert_true(f.answer.covered == f.answer.records && f.answer.records == f.answer.next);
    assert_true(f.answer.has_root && f.answer.has_key && f.answer.tiles >= 3);
    assert_true(f.answer.segments > 2);
    assert_true(tree_hash_equal(&f.answer.root, &f.answer.covered_root));
    assert_string_equal(f.answer.key.name, origin);
    assert_true(has(&f, VERIFY_OWN_KEY));
}

static void
what_comes_behind_the_checkpoint_is_no_fault(void **state)
{
    struct disk *d = *state;
    struct found f;
    struct chain c;
    struct content content;
    size_t begins[64], count;

    fill_small(d);
    open_small(d, &c);
    append_exposures(&c, 3);
    verify(d, &f);
    assert_int_equal(f.answer.counts[VERIFY_FAULT], 0);
    assert_true(has(&f, VERIFY_UNCOVERED) && !has(&f, VERIFY_OPEN));
    chain_close(&c);
    load(d, segment, &content);
    count = find_records(&content, begins, COUNT_OF(begins));
    /* As it is while a batch is being written: at any byte of it. */
    for (size_t end = begins[count - 4]; end < begins[count]; end++) {
        save(d, segment, content.bytes, end);
        verify(d, &f);
        assert_int_equal(f.answer.counts[VERIFY_FAULT], 0);
        assert_int_equal(f.answer.covered, count - 4);
        assert_true(has(&f, VERIFY_OPEN) == (end >= begins[count - 3]));
    }
}

/* No keeper signs there. */
static void
a_checkpoint_within_a_batch_is_found(void **state)
{
    struct disk *d = *state;
    struct outside kept;
    struct found f;
    struct chain c;

    open_small(d, &c);
    append_exposures(&c, 4);
    for (uint64_t size = 2; size <= 7; size++) { /* two records are before the batch */
        sign(d, size, &c.key, NULL, &kept);
        verify_with(d, &f, &kept, 1);
        assert_int_equal(f.answer.counts[VERIFY_FAULT], size > 2 && size < 7);
        assert_true(has(&f, VERIFY_SPLIT) == (size > 2 && size < 7));
    }
    chain_close(&c);
}

/* ---- every byte ---- */

static void
no_flipped_bit_under_the_tree_passes(void **state)
{
    struct disk *d = *state;
    static struct content good, bad;
    size_t begins[64], count, record = 0;
    struct found f;

    fill_small(d);
    load(d, segment, &good);
    count = find_records(&good, begins, COUNT_OF(begins));
    assert_int_equal(count, 11);
    for (size_t at = HEADER; at < begins[count]; at++) {
        while (at >= begins[record + 1])
            record++;
        bad = good;
        bad.bytes[at] ^= (uint8_t)(1 << at % 8);
        save(d, segment, bad.bytes, bad.length);
        verify(d, &f);
        assert_true(f.answer.counts[VERIFY_FAULT] > 0);
        assert_string_equal(f.files[0], segment);
        assert_int_equal(f.offsets[0], begins[record]);
        assert_int_equal(f.records[0], record);
    }
}

/* Who changes a record can make its checksum fit. Of what the tree does not cover (padding, the
 * length's higher bytes) the record's form leaves nothing free. */
static void
no_change_under_a_fitting_checksum_passes(void **state)
{
    struct disk *d = *state;
    static struct content good, bad;
    size_t begins[64], count, record = 0;
    struct found f;

    fill_small(d);
    load(d, segment, &good);
    count = find_records(&good, begins, COUNT_OF(begins));
    for (size_t at = HEADER; at < begins[count]; at++) {
        struct segment_head head;

        while (at >= begins[record + 1])
            record++;
        bad = good;
        bad.bytes[at] ^= (uint8_t)(1 << at % 8);
        memcpy(&head, bad.bytes + begins[record], sizeof(head));
        if (at - begins[record] >= 4 && at - begins[record] < 8)
            continue; /* the checksum itself */
        if (segment_room(head.length) != begins[record + 1] - begins[record])
            continue; /* not whole at all: the test above */
        seal(&bad, begins[record]);
        save(d, segment, bad.bytes, bad.length);
        verify(d, &f);
        assert_true(f.answer.counts[VERIFY_FAULT] > 0);
    }
}

static void
every_byte_of_the_header_counts(void **state)
{
    struct disk *d = *state;
    static struct content good, bad;
    struct found f;

    fill_small(d);
    load(d, segment, &good);
    for (size_t at = 0; at < HEADER; at++) {
        bad = good;
        bad.bytes[at] ^= 0x10;
        save(d, segment, bad.bytes, bad.length);
        verify(d, &f);
        assert_true(f.answer.counts[VERIFY_FAULT] > 0);
        assert_string_equal(f.files[0], segment);
    }
}

static void
every_byte_of_the_checkpoint_counts(void **state)
{
    struct disk *d = *state;
    static struct content good, bad;
    struct found f;

    fill_small(d);
    load(d, "checkpoint", &good);
    for (size_t at = 0; at < 8 * good.length; at++) {
        bad = good;
        bad.bytes[at / 8] ^= (uint8_t)(1 << at % 8);
        save(d, "checkpoint", bad.bytes, bad.length);
        verify(d, &f);
        assert_true(f.answer.counts[VERIFY_FAULT] > 0 && f.answer.covered == 0);
    }
    for (size_t length = 0; length < good.length; length++) {
        save(d, "checkpoint", good.bytes, length);
        verify(d, &f);
        assert_true(f.answer.counts[VERIFY_FAULT] > 0 && f.answer.covered == 0);
    }
    assert_int_equal(unlinkat(d->directory, "checkpoint", 0), 0);
    verify(d, &f);
    assert_true(has(&f, VERIFY_NO_CHECKPOINT));
}

static void
tiles_that_were_changed_cut_or_put_in_are_found(void **state)
{
    static const char *const tiles[] = {"tile/0/000", "tile/0/002", "tile/1/000.p/3"};
    struct disk *d = *state;
    static struct content good, bad;
    struct found f;

    fill_large(d, NULL);
    for (size_t i = 0; i < COUNT_OF(tiles); i++) {
        load(d, tiles[i], &good);
        for (size_t at = 0; at < good.length; at += 37) {
            bad = good;
            bad.bytes[at] ^= 4;
            save(d, tiles[i], bad.bytes, bad.length);
            verify(d, &f);
            assert_int_equal(f.answer.counts[VERIFY_FAULT], 1);
            assert_true(f.whats[0] == VERIFY_TILE && strcmp(f.files[0], tiles[i]) == 0);
            assert_int_equal(f.offsets[0], at / 32 * 32);
            assert_int_equal(f.answer.covered, f.answer.records);
        }
        save(d, tiles[i], good.bytes, good.length - 1);
        verify(d, &f);
        assert_true(has(&f, VERIFY_TILE));
        save(d, tiles[i], good.bytes, good.length);
    }
    save(d, "tile/0/077", good.bytes, 8192);
    verify(d, &f);
    assert_true(has(&f, VERIFY_TILE));
    assert_int_equal(unlinkat(d->directory, "tile/0/077", 0), 0);
    save(d, "tile/0/evil", good.bytes, 1);
    verify(d, &f);
    assert_true(f.answer.counts[VERIFY_FAULT] == 1 && has(&f, VERIFY_NAME));
    assert_int_equal(unlinkat(d->directory, "tile/0/evil", 0), 0);
    assert_int_equal(symlinkat("x001", d->directory, "tile/0/x002"), 0);
    verify(d, &f);
    assert_true(f.answer.counts[VERIFY_FAULT] == 1 && has(&f, VERIFY_NAME));
}

/* ---- records and segments that are elsewhere ---- */

static void
records_that_were_removed_swapped_or_doubled_are_found(void **state)
{
    struct disk *d = *state;
    static struct content good, bad;
    size_t begins[64], count;
    struct found f;

    fill_small(d);
    load(d, segment, &good);
    count = find_records(&good, begins, COUNT_OF(begins));
    for (size_t i = 0; i < count; i++)
        for (int way = 0; way < 3; way++) {
            size_t begin = begins[i], end = begins[i + 1], length = begin, two = i + 2;

            if (way == 1 && i + 1 == count)
                continue;
            bad = good;
            if (way == 1) {
                memcpy(bad.bytes + length, good.bytes + end, begins[two] - end);
                length += begins[two] - end;
            }
            if (way > 0) {
                memcpy(bad.bytes + length, good.bytes + begin, end - begin);
                length += end - begin;
            }
            if (way == 2) {
                memcpy(bad.bytes + length, good.bytes + begin, end - begin);
                length += end - begin;
            }
            end = way == 1 ? begins[two] : end;
            memcpy(bad.bytes + length, good.bytes + end, begins[count] - end);
            length += begins[count] - end;
            save(d, segment, bad.bytes, length);
            verify(d, &f);
            if (way == 2 && i + 1 == count) { /* behind what is covered: as a crash leaves it */
                assert_true(f.answer.counts[VERIFY_FAULT] == 0 && has(&f, VERIFY_TORN));
                continue;
            }
            assert_true(f.answer.counts[VERIFY_FAULT] > 0);
            if (way == 0 && i + 1 == count) {
                assert_true(has(&f, VERIFY_CUT));
                continue;
            }
            assert_true(f.whats[0] == VERIFY_ORDER);
            assert_int_equal(f.offsets[0], begins[way == 2 ? i + 1 : i]);
        }
}

static void
a_cut_tail_is_found_at_any_length(void **state)
{
    struct disk *d = *state;
    static struct content good;
    size_t begins[64], count;
    struct found f;

    fill_small(d);
    load(d, segment, &good);
    count = find_records(&good, begins, COUNT_OF(begins));
    for (size_t end = HEADER; end < begins[count]; end++) {
        size_t whole = 0;

        while (begins[whole + 1] <= end)
            whole++;
        save(d, segment, good.bytes, end);
        verify(d, &f);
        assert_true(has(&f, VERIFY_CUT));
        assert_int_equal(f.answer.next, whole);
        assert_true(has(&f, VERIFY_DAMAGED) == (end > begins[whole]));
    }
}

static void
segments_that_are_missing_swapped_or_strange_are_found(void **state)
{
    struct disk *d = *state;
    static struct content one, other;
    char names[2][PATH], name[SEGMENT_NAME_SIZE];
    uint64_t *firsts;
    size_t count;
    int folder;
    struct found f;

    fill_large(d, NULL);
    folder = openat(d->directory, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(segment_list(&os_real, folder, &firsts, &count), 0);
    assert_true(count > 2);
    for (size_t i = 0; i < 2; i++) {
        segment_name(name, firsts[i]);
        snprintf(names[i], PATH, "segments/%s", name);
    }
    load(d, names[0], &one);
    load(d, names[1], &other);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(unlinkat(d->directory, names[i], 0), 0);
        verify(d, &f);
        assert_true(has(&f, VERIFY_MISSING));
        assert_int_equal(f.answer.records,
                         f.answer.next - (i == 0 ? firsts[1] : firsts[2] - firsts[1]));
        save(d, names[i], i == 0 ? one.bytes : other.bytes, i == 0 ? one.length : other.length);
    }
    save(d, names[0], other.bytes, other.length);
    save(d, names[1], one.bytes, one.length);
    verify(d, &f);
    assert_true(has(&f, VERIFY_HEADER) && f.answer.counts[VERIFY_FAULT] > 2);
    save(d, names[0], one.bytes, one.length);
    save(d, names[1], other.bytes, other.length);
    memset(one.bytes + one.length, 0, 64);
    save(d, names[0], one.bytes, one.length + 64);
    save(d, "segments/next.tmp", "x", 1);
    verify(d, &f); /* as a keeper that was killed leaves them */
    assert_true(f.answer.counts[VERIFY_FAULT] == 0 && has(&f, VERIFY_ROOM));
    assert_int_equal(f.answer.covered, f.answer.next);
    save(d, "segments/strange", "x", 1);
    verify(d, &f);
    assert_int_equal(f.answer.counts[VERIFY_FAULT], 1);
    assert_true(has(&f, VERIFY_NAME));
    memory_free(firsts);
    close(folder);
}

/* With tiles what is lost still has its hashes, and the rest is verified. */
static void
all_but_what_is_damaged_is_still_verified(void **state)
{
    struct disk *d = *state;
    static struct content good;
    struct outside kept;
    struct found f;

    fill_large(d, &kept);
    load(d, segment, &good);
    for (size_t at = 1000; at < 3000; at++)
        good.bytes[at] ^= 0xff;
    save(d, segment, good.bytes, good.length);
    verify_with(d, &f, &kept, 1);
    assert_int_equal(f.answer.counts[VERIFY_FAULT], 1);
    assert_true(f.whats[0] == VERIFY_DAMAGED);
    assert_int_equal(f.answer.covered, f.answer.next);
    assert_true(f.answer.records < f.answer.next);
}

/* What is lost of a batch is not said a second time, by what counts it. */
static void
a_batch_that_is_damaged_is_not_counted(void **state)
{
    struct disk *d = *state;
    static struct content content;
    size_t begins[64];
    struct found f;

    fill_small(d);
    load(d, segment, &content);
    assert_true(find_records(&content, begins, COUNT_OF(begins)) > 7);
    content.bytes[begins[3] + HEAD] ^= 1;
    save(d, segment, content.bytes, content.length);
    verify(d, &f);
    assert_true(has(&f, VERIFY_DAMAGED) && !has(&f, VERIFY_BATCH));
}

/* What stands behind it says whether it was. */
static void
what_was_on_the_disk_is_damaged_and_what_was_not_is_torn(void **state)
{
    struct disk *d = *state;
    static struct content content;
    size_t begins[64];
    struct found f;

    for (int is_synced = 0; is_synced < 2; is_synced++) {
        struct chain c;

        disk_clear(d);
        open_small(d, &c);
        append_exposures(&c, 4);
        if (is_synced)
            assert_int_equal(chain_sync(&c), 0);
        append_exposures(&c, 1);
        chain_close(&c);
        load(d, segment, &content);
        assert_int_equal(find_records(&content, begins, COUNT_OF(begins)), 9);
        content.bytes[begins[3] + HEAD] ^= 1;
        save(d, segment, content.bytes, content.length);
        verify(d, &f);
        assert_true(has(&f, VERIFY_DAMAGED) == is_synced && has(&f, VERIFY_TORN) != is_synced);
    }
}

static void
room_before_another_segment_is_noted(void **state)
{
    static const uint8_t zeros[64];
    struct disk *d = *state;
    static struct content content;
    struct found f;

    fill_large(d, NULL);
    load(d, segment, &content);
    memcpy(content.bytes + content.length, zeros, sizeof(zeros));
    save(d, segment, content.bytes, content.length + sizeof(zeros));
    verify(d, &f);
    assert_int_equal(f.answer.counts[VERIFY_FAULT], 0);
    assert_true(has(&f, VERIFY_ROOM));
}

/* ---- two histories ---- */

static void
a_fork_is_found_and_called_so(void **state)
{
    struct disk *d = *state;
    static struct content key, segments;
    struct outside kept[2];
    struct chain c;
    struct found f;

    fill_small(d);
    load(d, "signing.key", &key);
    load(d, segment, &segments);
    open_chain(d, &c);
    assert_int_equal(append(&c, 5), 0);
    assert_int_equal(chain_checkpoint(&c), 0);
    fetch(d, &c, &kept[0]);
    chain_close(&c);
    /* The other history begins alike: the keeper's folder, put back. */
    disk_clear(d);
    fill_small(d);
    load(d, "signing.key", &segments);
    assert_memory_equal(key.bytes, segments.bytes, key.length);
    open_chain(d, &c);
    append_exposures(&c, 4);
    assert_int_equal(chain_checkpoint(&c), 0);
    fetch(d, &c, &kept[1]);
    assert_int_equal(kept[0].checkpoint.size, kept[1].checkpoint.size);
    assert_int_equal(append(&c, 5), 0);
    assert_int_equal(chain_checkpoint(&c), 0);
    chain_close(&c);
    verify_with(d, &f, kept, 2);
    assert_true(has(&f, VERIFY_FORK) && has(&f, VERIFY_ROOT));
    verify_with(d, &f, kept, 1); /* against the folder's own, which is larger */
    assert_true(has(&f, VERIFY_FORK));
    verify_with(d, &f, kept + 1, 1);
    assert_int_equal(f.answer.counts[VERIFY_FAULT], 0);
    disk_clear(d); /* the records of neither are there any more */
    fill_small(d);
    verify_with(d, &f, kept, 2);
    assert_true(has(&f, VERIFY_FORK) && has(&f, VERIFY_CUT));
}

static void
a_key_that_was_given_must_have_signed(void **state)
{
    struct disk *d = *state;
    struct verify_question question = {.directory = d->directory};
    struct verify_answer answer;
    struct note_key keys[2];
    uint8_t other[NOTE_KEY_SIZE] = {1};
    struct found f;

    fill_small(d);
    verify(d, &f);
    keys[0] = f.answer.key;
    assert_int_equal(note_key_init(&keys[1], NOTE_KEY_ED25519, view_of_text(origin), other), 0);
    question.keys = keys;
    for (size_t i = 0; i < 2; i++) {
        question.keys = keys + i;
        question.key_count = 1;
        assert_int_equal(verify_ledger(&os_real, &question, &answer), 0);
        assert_int_equal(answer.counts[VERIFY_FAULT], i);
        assert_int_equal(answer.covered, i == 0 ? answer.records : 0);
    }
}

/* ---- the system ---- */

static void
a_call_that_fails_is_an_error_or_told_of(void **state)
{
    struct disk *d = *state;
    struct verify_question question = {.directory = d->directory};
    struct verify_answer answer;
    int result = -1;

    fill_large(d, NULL);
    for (int calls = 0;; calls++) {
        d->calls_left = calls;
        result = verify_ledger(&d->os, &question, &answer);
        if (d->calls_left >= 0)
            break;
        assert_true(result != 0 || answer.counts[VERIFY_FAULT] > 0 || answer.has_root);
        d->calls_left = -1;
    }
    assert_int_equal(result, 0);
    assert_int_equal(answer.counts[VERIFY_FAULT], 0);
    for (uint64_t nth = 1; nth < 12; nth++) {
        memory_fail_at(nth);
        result = verify_ledger(&os_real, &question, &answer);
        memory_fail_at(0);
        assert_true(result == 0 || result == PASU_E_NOMEM || answer.counts[VERIFY_FAULT] > 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DISK(nothing_is_found_where_nothing_is_wrong),
        ON_DISK(what_comes_behind_the_checkpoint_is_no_fault),
        ON_DISK(a_checkpoint_within_a_batch_is_found),
        ON_DISK(no_flipped_bit_under_the_tree_passes),
        ON_DISK(no_change_under_a_fitting_checksum_passes),
        ON_DISK(every_byte_of_the_header_counts),
        ON_DISK(every_byte_of_the_checkpoint_counts),
        ON_DISK(tiles_that_were_changed_cut_or_put_in_are_found),
        ON_DISK(records_that_were_removed_swapped_or_doubled_are_found),
        ON_DISK(a_cut_tail_is_found_at_any_length),
        ON_DISK(segments_that_are_missing_swapped_or_strange_are_found),
        ON_DISK(all_but_what_is_damaged_is_still_verified),
        ON_DISK(a_batch_that_is_damaged_is_not_counted),
        ON_DISK(what_was_on_the_disk_is_damaged_and_what_was_not_is_torn),
        ON_DISK(room_before_another_segment_is_noted),
        ON_DISK(a_fork_is_found_and_called_so),
        ON_DISK(a_key_that_was_given_must_have_signed),
        ON_DISK(a_call_that_fails_is_an_error_or_told_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
