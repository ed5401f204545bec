/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's segments when calls fail, processes die, the power is cut, and bytes are changed. */
#include "segment_parts.h"

/* ---- faults ---- */

/* Opens, appends, syncs, over three segments; each step again until it succeeds. */
static void
run(struct disk *d, int *failures)
{
    struct segment_writer w;
    struct segment_report report;
    uint64_t next = 0;

    while (open_known(d, &w, 0, &report) != 0)
        ++*failures;
    for (int i = 0; i < 4; i++) {
        while (append(&w, 40) != 0) {
            ++*failures;
            assert_int_equal(w.next, next);
            assert_int_equal(read_all(d), next);
        }
        next += 40;
        while (segment_sync(&w) != 0)
            ++*failures;
        assert_int_equal(w.durable, next);
    }
    assert_true(w.first > 0);
    segment_writer_close(&w);
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
            assert_int_equal(read_all(d), 160);
            disk_clear(d);
        }
    assert_true(calls > 20);
}

static void
nothing_goes_into_a_segment_once_the_next_one_may_be_there(void **state)
{
    struct disk *d = *state;
    int failures = 0;

    for (int n = 0; n < 40; n++) {
        struct segment_writer w;

        open_writer(d, &w);
        while (w.end < SMALL - 3000)
            assert_int_equal(append(&w, 10), 0);
        d->calls_left = n;
        if (append(&w, 70) != 0) { /* has no room there */
            failures++;
            d->calls_left = -1;
            while (append(&w, 1) != 0) /* would have */
                ;
        }
        d->calls_left = -1;
        segment_writer_close(&w);
        assert_int_equal(read_all(d), w.next);
        open_writer(d, &w);
        assert_int_equal(read_all(d), w.next);
        segment_writer_close(&w);
        disk_clear(d);
    }
    assert_true(failures > 5 && failures < 40);
}

static void
cut_file(struct disk *d, off_t length)
{
    int fd = openat(d->directory, "00000000000000000000.seg", O_RDWR | O_CLOEXEC);

    assert_int_equal(ftruncate(fd, length), 0);
    close(fd);
}

static void
a_torn_tail_is_cut_at_every_length_and_the_whole_records_stay(void **state)
{
    struct disk *d = *state;
    off_t from = 0, fourth, to = 1;
    uint8_t bytes[300];

    for (off_t at = 0; at < to; at++) {
        struct segment_writer w;
        struct segment_report report;

        open_writer(d, &w);
        assert_int_equal(append(&w, 3), 0);
        from = w.end;
        fourth = from + (off_t)segment_room(payload_of(3, bytes));
        assert_int_equal(append(&w, 2), 0);
        to = w.end;
        segment_writer_close(&w);
        at = at < from ? from : at;
        cut_file(d, at);
        assert_int_equal(open_known(d, &w, 0, &report), 0);
        assert_true(w.next == 3 || w.next == 4);
        assert_int_equal(report.cut_end > 0, at != from && at != fourth);
        assert_int_equal(w.first, report.cut_end > 0 ? w.next : 0);
        assert_int_equal(append(&w, 5 - (unsigned)w.next), 0);
        segment_writer_close(&w);
        assert_int_equal(read_all(d), 5);
        disk_clear(d);
    }
    assert_true(to - from > 64);
}

static void
what_was_synced_survives_a_power_cut_whatever_pages_reached_the_disk(void **state)
{
    struct disk *d = *state;
    unsigned lost = 0;

    for (uint64_t seed = 1; seed <= 150; seed++) {
        struct random random = {.state = seed};
        struct segment_writer w;
        struct segment_report report;
        uint64_t durable = 0, next = 0;

        d->is_recording = true;
        for (int cuts = 0; cuts < 3; cuts++) {
            assert_int_equal(open_known(d, &w, durable, &report), 0);
            assert_true(w.next >= durable && w.next <= next);
            lost += (unsigned)(next - w.next);
            for (unsigned i = random_below(&random, 12); i > 0; i--) {
                assert_int_equal(append(&w, 1 + random_below(&random, 8)), 0);
                if (random_below(&random, 3) == 0)
                    assert_int_equal(segment_sync(&w), 0);
            }
            next = w.next;
            durable = w.durable;
            segment_writer_close(&w);
            disk_cut_power(d, &random);
        }
        assert_int_equal(open_known(d, &w, durable, &report), 0);
        assert_int_equal(read_all(d), w.next);
        segment_writer_close(&w);
        disk_clear(d);
    }
    assert_true(lost > 100);
}

static void
what_a_failed_sync_has_lost_is_written_again(void **state)
{
    struct disk *d = *state;
    struct segment_writer w;
    struct segment_report report;
    struct random random = {.state = 9};

    d->is_recording = true;
    open_writer(d, &w);
    assert_int_equal(append(&w, 3), 0);
    assert_int_equal(segment_sync(&w), 0);
    assert_int_equal(append(&w, 20), 0);
    d->calls_left = 0;
    assert_int_equal(segment_sync(&w), PASU_E_IO);
    assert_int_equal(w.durable, 3);
    d->calls_left = -1;
    assert_int_equal(append(&w, 2), 0);
    assert_int_equal(segment_sync(&w), 0);
    assert_int_equal(w.durable, 25);
    segment_writer_close(&w);
    for (int i = 0; i < 10; i++)
        disk_cut_power(d, &random);
    assert_int_equal(open_known(d, &w, 25, &report), 0);
    assert_int_equal(w.next, 25);
    segment_writer_close(&w);
}

/* ---- damage ---- */

static void
flip(struct disk *d, off_t at)
{
    int fd = openat(d->directory, "00000000000000000000.seg", O_RDWR | O_CLOEXEC);
    uint8_t byte;

    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 0x10;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void
every_flipped_byte_below_the_checkpoint_is_found_and_nothing_is_changed_for_it(void **state)
{
    enum { RECORDS = 6 };
    struct disk *d = *state;
    struct segment_writer w;
    struct segment_report report;
    off_t end;

    open_writer(d, &w);
    assert_int_equal(append(&w, RECORDS), 0);
    end = w.end;
    segment_writer_close(&w);
    for (off_t at = 0; at < end; at++) {
        flip(d, at);
        assert_int_equal(open_known(d, &w, RECORDS, &report), PASU_E_CORRUPT);
        assert_int_equal(report.segment, 0);
        if (at >= (off_t)sizeof(struct segment_header)) {
            uint64_t damages = 0, next = read_segment(d, 0, &damages);

            assert_true((off_t)report.damage <= at && at - (off_t)report.damage < 400);
            /* All others are still readable; of the last one, what is lost has no end. */
            assert_true((damages == 1 && next == RECORDS) || (damages == 0 && next == RECORDS - 1));
        }
        flip(d, at);
    }
    assert_int_equal(open_known(d, &w, RECORDS, &report), 0);
    assert_int_equal(w.next, RECORDS);
    segment_writer_close(&w);
}

static void
a_record_that_was_taken_out_is_missed(void **state)
{
    struct disk *d = *state;
    struct segment_writer w;
    uint64_t damages = 0;
    uint8_t rest[2000];
    ssize_t length;
    off_t second, third;
    int fd;

    open_writer(d, &w);
    assert_int_equal(append(&w, 1), 0);
    second = w.end;
    assert_int_equal(append(&w, 1), 0);
    third = w.end;
    assert_int_equal(append(&w, 3), 0);
    segment_writer_close(&w);
    fd = openat(d->directory, "00000000000000000000.seg", O_RDWR | O_CLOEXEC);
    length = pread(fd, rest, sizeof(rest), third);
    assert_int_equal(pwrite(fd, rest, (size_t)length, second), length);
    close(fd);
    assert_int_equal(read_segment(d, 0, &damages), 5);
    assert_int_equal(damages, 1);
}

static void
a_tail_that_a_checkpoint_covers_is_missed(void **state)
{
    struct disk *d = *state;
    struct segment_writer w;
    struct segment_report report;
    off_t end;

    open_writer(d, &w);
    assert_int_equal(append(&w, 3), 0);
    end = w.end;
    assert_int_equal(append(&w, 3), 0);
    segment_writer_close(&w);
    cut_file(d, end);
    assert_int_equal(open_known(d, &w, 6, &report), PASU_E_CORRUPT);
    assert_int_equal(report.damage, end);
    assert_int_equal(open_known(d, &w, 3, &report), 0);
    segment_writer_close(&w);
    disk_clear(d);
    assert_int_equal(open_known(d, &w, 3, &report), PASU_E_CORRUPT);
}

/* ---- batches from a ring ---- */

static int
take_batch(struct segment_writer *w, uint32_t count, uint32_t said, uint64_t durable)
{
    struct segment_taken taken = {.count = said, .file = 1, .durable = durable};
    struct segment_record record;
    struct iovec part = {&taken, sizeof(taken)};

    assert_int_equal(segment_begin(w, 4000), 0);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(segment_put(w, SEGMENT_SHAPE, 1, NULL, 0, &record), 0);
    if (said > 0)
        assert_int_equal(segment_put(w, SEGMENT_TAKEN, 1, &part, 1, &record), 0);
    return segment_commit(w);
}

static void
count_seen(void *arg, const struct segment_record *record PASU_UNUSED)
{
    ++*(unsigned *)arg;
}

static void
what_came_from_a_ring_counts_once_its_end_is_there(void **state)
{
    struct disk *d = *state;
    struct segment_writer w;
    struct segment_report report;
    unsigned seen = 0;
    struct segment_watch watch = {count_seen, &seen};

    open_writer(d, &w);
    assert_int_equal(take_batch(&w, 3, 3, 0), 0);
    assert_int_equal(take_batch(&w, 2, 0, 0), 0);
    segment_writer_close(&w);
    assert_int_equal(segment_writer_open(&w, &d->os, d->directory, 0, &watch, &report), 0);
    assert_int_equal(w.next, 4);
    assert_int_equal(seen, 1);
    assert_int_equal(report.records, 4);
    assert_true(report.cut_end > report.cut);
    assert_int_equal(take_batch(&w, 2, 2, 0), 0);
    segment_writer_close(&w);
    assert_int_equal(read_all(d), 7);
}

static void
an_end_that_does_not_fit_its_batch_is_damage(void **state)
{
    struct disk *d = *state;
    struct segment_writer w;
    struct segment_report report;

    open_writer(d, &w);
    assert_int_equal(append(&w, 2), 0);
    assert_int_equal(take_batch(&w, 3, 2, 0), 0);
    segment_writer_close(&w);
    assert_int_equal(open_known(d, &w, 0, &report), PASU_E_CORRUPT);
}

static void
what_a_later_record_calls_durable_must_be_whole(void **state)
{
    struct disk *d = *state;
    struct segment_writer w;
    struct segment_report report;
    off_t second;

    open_writer(d, &w);
    assert_int_equal(append(&w, 1), 0);
    second = w.end;
    assert_int_equal(append(&w, 1), 0);
    assert_int_equal(take_batch(&w, 1, 1, 1), 0); /* the second one may be lost */
    segment_writer_close(&w);
    flip(d, second + 8);
    assert_int_equal(open_known(d, &w, 0, &report), 0);
    assert_int_equal(w.next, 1);
    segment_writer_close(&w);
    disk_clear(d);
    open_writer(d, &w);
    assert_int_equal(append(&w, 2), 0);
    assert_int_equal(take_batch(&w, 1, 1, 2), 0); /* it may not */
    segment_writer_close(&w);
    flip(d, second + 8);
    assert_int_equal(open_known(d, &w, 0, &report), PASU_E_CORRUPT);
    assert_int_equal(report.damage, second);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DISK(whichever_call_fails_the_same_can_be_tried_again),
        ON_DISK(nothing_goes_into_a_segment_once_the_next_one_may_be_there),
        ON_DISK(a_torn_tail_is_cut_at_every_length_and_the_whole_records_stay),
        ON_DISK(what_was_synced_survives_a_power_cut_whatever_pages_reached_the_disk),
        ON_DISK(what_a_failed_sync_has_lost_is_written_again),
        ON_DISK(every_flipped_byte_below_the_checkpoint_is_found_and_nothing_is_changed_for_it),
        ON_DISK(a_record_that_was_taken_out_is_missed),
        ON_DISK(a_tail_that_a_checkpoint_covers_is_missed),
        ON_DISK(what_came_from_a_ring_counts_once_its_end_is_there),
        ON_DISK(an_end_that_does_not_fit_its_batch_is_damage),
        ON_DISK(what_a_later_record_calls_durable_must_be_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
