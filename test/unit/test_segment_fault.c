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

/* Returns where the record that ends it begins. */
static off_t
take_batch(struct segment_writer *w, uint32_t count, uint64_t durable)
{
    struct segment_taken taken = {.count = count, .file = 1, .durable = durable};
    struct segment_record record;
    struct iovec part = {&taken, sizeof(taken)};

    assert_int_equal(segment_begin(w, 4000), 0);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(segment_put(w, SEGMENT_SHAPE, 1, NULL, 0, &record), 0);
    assert_int_equal(segment_put(w, SEGMENT_TAKEN, 1, &part, 1, &record), 0);
    assert_int_equal(segment_commit(w), 0);
    return (off_t)record.offset;
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
    struct segment_watch watch = {.see = count_seen, .arg = &seen};
    off_t end;

    open_writer(d, &w);
    take_batch(&w, 3, 0);
    end = take_batch(&w, 2, 0);
    segment_writer_close(&w);
    cut_file(d, end);
    assert_int_equal(segment_writer_open(&w, &d->os, d->directory, 0, NULL, &watch, &report), 0);
    assert_int_equal(w.next, 4);
    assert_int_equal(seen, 1);
    assert_int_equal(report.records, 4);
    assert_true(report.cut_end > report.cut);
    take_batch(&w, 2, 0);
    segment_writer_close(&w);
    assert_int_equal(read_all(d), 7);
}

/* The record at this place gets another payload byte, and a checksum that fits. */
static void
forge(struct disk *d, const struct segment_writer *w, off_t at, size_t byte)
{
    int fd = openat(d->directory, "00000000000000000000.seg", O_RDWR | O_CLOEXEC);
    struct segment_head head;
    uint8_t payload[400];

    assert_int_equal(pread(fd, &head, sizeof(head), at), sizeof(head));
    assert_true(pread(fd, payload, sizeof(payload), at + (off_t)sizeof(head)) > 0);
    payload[byte] ^= 1;
    head.crc = segment_crc(w->seed, head, payload);
    assert_int_equal(pwrite(fd, &head, sizeof(head), at), sizeof(head));
    assert_int_equal(pwrite(fd, payload, head.length, at + (off_t)sizeof(head)), head.length);
    close(fd);
}

static void
an_end_that_does_not_fit_its_batch_is_damage(void **state)
{
    struct disk *d = *state;
    struct segment_writer w;
    struct segment_report report;
    off_t end;

    open_writer(d, &w);
    assert_int_equal(append(&w, 2), 0);
    end = take_batch(&w, 3, 0);
    segment_writer_close(&w);
    forge(d, &w, end, offsetof(struct segment_taken, count));
    assert_int_equal(open_known(d, &w, 0, &report), PASU_E_CORRUPT);
}

static void
a_batch_is_begun_once_and_ends_as_it_must(void **state)
{
    struct disk *d = *state;
    struct segment_writer w;
    struct segment_taken taken = {.count = 2};
    struct segment_record record;
    struct iovec part = {&taken, sizeof(taken)};

    open_writer(d, &w);
    assert_int_equal(segment_put(&w, SEGMENT_GAP, 1, NULL, 0, &record), PASU_E_MISUSE);
    assert_int_equal(segment_commit(&w), PASU_E_MISUSE);
    assert_int_equal(segment_begin(&w, 1000), 0);
    assert_int_equal(segment_begin(&w, 1000), PASU_E_MISUSE);
    assert_int_equal(segment_sync(&w), PASU_E_MISUSE);
    assert_int_equal(segment_put(&w, SEGMENT_TAKEN, 1, &part, 1, &record), PASU_E_MISUSE);
    assert_int_equal(segment_put(&w, SEGMENT_SHAPE, 1, NULL, 0, &record), 0);
    assert_int_equal(segment_put(&w, SEGMENT_TAKEN, 1, &part, 1, &record), PASU_E_MISUSE);
    assert_int_equal(segment_put(&w, SEGMENT_GAP, 1, NULL, 0, &record), PASU_E_MISUSE);
    assert_int_equal(segment_commit(&w), PASU_E_MISUSE);
    assert_int_equal(segment_commit(&w), PASU_E_MISUSE);
    assert_int_equal(w.next, 0);
    /* After one that failed, too: what was put must be put again. */
    assert_int_equal(segment_begin(&w, 1000), 0);
    assert_int_equal(segment_put(&w, SEGMENT_GAP, 1, NULL, 0, &record), 0);
    d->calls_left = 1;
    assert_true(segment_commit(&w) < 0);
    d->calls_left = -1;
    assert_int_equal(segment_commit(&w), PASU_E_MISUSE);
    assert_int_equal(w.next, 0);
    segment_writer_close(&w);
}

static void
a_record_within_a_payload_is_none(void **state)
{
    struct disk *d = *state;
    struct segment_writer w;
    struct segment_report report;
    uint8_t payload[160] = {0};
    struct segment_taken taken = {.durable = 7};
    struct segment_head head = {.length = sizeof(taken), .index = 3, .type = SEGMENT_TAKEN};
    struct iovec part = {payload, sizeof(payload)};
    struct segment_record record;
    uint64_t damages = 0;

    memcpy(payload + sizeof(head), &taken, sizeof(taken));
    head.crc = segment_crc(0, head, payload + sizeof(head)); /* whoever made it knows no seed */
    memcpy(payload, &head, sizeof(head));
    open_writer(d, &w);
    assert_int_equal(append(&w, 2), 0);
    assert_int_equal(segment_begin(&w, 1000), 0);
    assert_int_equal(segment_put(&w, SEGMENT_GAP, 1, &part, 1, &record), 0);
    assert_int_equal(segment_commit(&w), 0);
    segment_writer_close(&w);
    cut_file(d, w.end - 8);
    assert_int_equal(read_segment(d, 0, &damages), 2);
    assert_int_equal(damages, 0);
    assert_int_equal(open_known(d, &w, 0, &report), 0);
    segment_writer_close(&w);
}

static void
an_index_that_there_was_no_room_for_is_no_records(void **state)
{
    struct disk *d = *state;
    struct segment_writer w;
    uint64_t damages = 0;
    off_t third;
    int fd;
    struct segment_head head;
    uint8_t payload[400];

    open_writer(d, &w);
    assert_int_equal(append(&w, 2), 0);
    third = w.end;
    assert_int_equal(append(&w, 1), 0);
    assert_int_equal(append(&w, 4), 0);
    segment_writer_close(&w);
    fd = openat(d->directory, "00000000000000000000.seg", O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(fd, &head, sizeof(head), third), sizeof(head));
    assert_true(pread(fd, payload, sizeof(payload), third + (off_t)sizeof(head)) > 0);
    head.index = UINT64_MAX - 5;
    head.crc = segment_crc(w.seed, head, payload);
    assert_int_equal(pwrite(fd, &head, sizeof(head), third), sizeof(head));
    close(fd);
    assert_int_equal(read_segment(d, 0, &damages), 7);
    assert_int_equal(damages, 1);
}

static void
what_a_former_process_could_not_sync_is_written_again(void **state)
{
    struct disk *d = *state;
    struct segment_writer w;
    struct segment_report report;
    struct random random = {.state = 4};

    d->is_recording = true;
    open_writer(d, &w);
    assert_int_equal(append(&w, 20), 0);
    d->calls_left = 0;
    assert_int_equal(segment_sync(&w), PASU_E_IO);
    d->calls_left = -1;
    segment_writer_close(&w);
    open_writer(d, &w);
    assert_int_equal(w.durable, 20);
    segment_writer_close(&w);
    for (int i = 0; i < 10; i++)
        disk_cut_power(d, &random);
    assert_int_equal(open_known(d, &w, 20, &report), 0);
    segment_writer_close(&w);
}

static void
torn_bytes_are_gone_before_anything_comes_in_their_place(void **state)
{
    struct disk *d = *state;
    struct segment_writer w;

    open_writer(d, &w);
    assert_int_equal(append(&w, 2), 0);
    d->is_partial = d->is_dead = true;
    d->calls_left = 0;
    assert_true(append(&w, 40) < 0); /* half of these are whole, and nobody has them */
    d->is_dead = false;
    d->calls_left = -1;
    assert_true(w.is_torn);
    assert_int_equal(append(&w, 1), 0);
    segment_writer_close(&w);
    assert_int_equal(read_all(d), 3);
}

static void
torn_bytes_are_gone_before_another_segment_begins(void **state)
{
    struct disk *d = *state;
    struct segment_writer w;
    struct segment_report report;

    open_writer(d, &w);
    while (w.end < SMALL - 3000)
        assert_int_equal(append(&w, 10), 0);
    d->is_partial = d->is_dead = true;
    d->calls_left = 0; /* a write that leaves half of it, and nothing works any more */
    assert_true(append(&w, 8) < 0);
    d->is_dead = false;
    d->calls_left = -1;
    assert_true(w.is_torn);
    assert_int_equal(append(&w, 70), 0);
    assert_true(w.first > 0);
    assert_int_equal(segment_sync(&w), 0);
    assert_int_equal(read_all(d), w.next);
    segment_writer_close(&w);
    assert_int_equal(open_known(d, &w, w.next, &report), 0);
    segment_writer_close(&w);
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
    take_batch(&w, 1, 1); /* the second one may be lost */
    segment_writer_close(&w);
    flip(d, second + 8);
    assert_int_equal(open_known(d, &w, 0, &report), 0);
    assert_int_equal(w.next, 1);
    segment_writer_close(&w);
    disk_clear(d);
    open_writer(d, &w);
    assert_int_equal(append(&w, 2), 0);
    take_batch(&w, 1, 2); /* it may not */
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
        ON_DISK(a_batch_is_begun_once_and_ends_as_it_must),
        ON_DISK(a_record_within_a_payload_is_none),
        ON_DISK(an_index_that_there_was_no_room_for_is_no_records),
        ON_DISK(what_a_former_process_could_not_sync_is_written_again),
        ON_DISK(torn_bytes_are_gone_before_anything_comes_in_their_place),
        ON_DISK(torn_bytes_are_gone_before_another_segment_begins),
        ON_DISK(what_a_later_record_calls_durable_must_be_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
