/* SPDX-License-Identifier: Apache-2.0 */
/* A ledger of several segments with one thing wrong in it: it is told once, with its place, and all
 * other records come. And reading that goes on at a place. */
#include "ledger/reader.h"
#include "ledger_place.h"

enum { MOST = 1000, ROUNDS = 12 };

struct found {
    struct records_place place; /* of the record itself */
    uint32_t type;
    size_t length; /* of its payload */
};

/* What there is before anything is damaged. */
static struct found records[MOST];
static size_t count;
static uint64_t firsts[64];
static size_t segments;

static void
list_segments(struct place *p)
{
    int folder = open_segments(p);
    uint64_t *found;

    assert_int_equal(segment_list(&os_real, folder, &found, &segments), 0);
    assert_true(segments >= 4 && segments <= COUNT_OF(firsts));
    memcpy(firsts, found, segments * sizeof(*found));
    memory_free(found);
    close(folder);
}

static void
list_records(struct place *p)
{
    count = 0;
    for (size_t i = 0; i < segments; i++) {
        int fd = open_segment(p, firsts[i], O_RDONLY);
        struct segment_scan scan;
        struct segment_record record;

        assert_int_equal(segment_scan_init(&scan, &os_real, fd, firsts[i]), 0);
        while (segment_scan_next(&scan, &record) == 1) {
            assert_int_equal(record.index, count);
            records[count++] = (struct found){.place = {firsts[i], record.offset, record.index},
                                              .type = record.type,
                                              .length = record.payload.length};
        }
        segment_scan_release(&scan);
        close(fd);
    }
}

/* Batches of both rings, and records that are alone, the last one of all, too. */
static void
make_ledger(struct place *p)
{
    const struct message_closed closed = {.session = 64};

    begin(p);
    p->records.chain.writer.size = SEGMENT_BATCH_MAX + 1500;
    for (unsigned i = 0; i < ROUNDS; i++) {
        for (unsigned k = 0; k < 6; k++)
            assert_int_equal(append_number(p, k % 2, i, 20 + 30 * k), 0);
        assert_int_equal(intake_take(&p->intake), 0);
        if (i % 2)
            assert_int_equal(record_closed(&p->records, &closed), 0);
    }
    kill_keeper(p);
    list_segments(p);
    list_records(p);
}

/* Reads all: but for records [from, to) each comes once, in order; the damage is told so often. */
static void
expect(struct place *p, size_t from, size_t to, unsigned damages, struct records_place place)
{
    struct source_folder folder = {.os = &os_real, .directory = open_segments(p)};
    struct records r;
    struct segment_record record;
    uint64_t next = 0;
    unsigned told = 0;
    int result;

    assert_int_equal(records_init(&r, &os_real, (struct source){source_open_folder, &folder}), 0);
    while ((result = records_next(&r, &record)) != 0) {
        if (result == PASU_E_CORRUPT) {
            told++;
            assert_int_equal(r.damage.segment, place.segment);
            assert_int_equal(r.damage.offset, place.offset);
            assert_int_equal(r.damage.index, place.index);
            continue;
        }
        assert_int_equal(result, 1);
        if (next == from)
            next = to;
        assert_int_equal(record.index, next);
        assert_int_equal(record.type, records[next].type);
        next++;
    }
    assert_int_equal(told, damages);
    assert_int_equal(next == from ? to : next, count);
    assert_int_equal(records_next(&r, &record), 0);
    records_release(&r);
    close(folder.directory);
}

static const struct records_place nowhere;

static bool
is_last_of_segment(size_t i)
{
    return i + 1 == count || records[i + 1].place.segment != records[i].place.segment;
}

static void
change(int fd, off_t at, uint8_t with)
{
    uint8_t byte;

    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= with;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

static void
a_damaged_record_is_told_and_all_others_come(void **state)
{
    struct place *p = *state;

    make_ledger(p);
    expect(p, count, count, 0, nowhere);
    for (size_t i = 0; i < count; i++) {
        const struct records_place *place = &records[i].place;
        int fd = open_segment(p, place->segment, O_RDWR);
        size_t room = segment_room(records[i].length);

        for (size_t at = i % 3; at < room; at += 3) {
            change(fd, (off_t)(place->offset + at), 0x80);
            expect(p, i, i + 1, i + 1 < count, *place); /* the last one was never whole */
            change(fd, (off_t)(place->offset + at), 0x80);
        }
        close(fd);
    }
}

static void
a_segment_that_ends_too_early_is_told(void **state)
{
    struct place *p = *state;

    make_ledger(p);
    for (size_t i = 0; i < count; i++) {
        static uint8_t bytes[16384];
        const struct records_place *place = &records[i].place;
        int fd = open_segment(p, place->segment, O_RDWR);
        ssize_t length = pread(fd, bytes, sizeof(bytes), 0);
        size_t end = i + 1;

        assert_true(length > 0 && (size_t)length < sizeof(bytes));
        while (!is_last_of_segment(end - 1))
            end++;
        for (size_t more = 0; more < 60; more += 9) { /* of the record that is torn */
            if (end == count && records[count - 1].type == SEGMENT_TAKEN)
                break;
            assert_int_equal(ftruncate(fd, (off_t)(place->offset + more)), 0);
            if (end < count)
                expect(p, i, end, 1, *place);
        }
        assert_int_equal(pwrite(fd, bytes, (size_t)length, 0), length);
        close(fd);
    }
    expect(p, count, count, 0, nowhere);
}

static size_t
first_behind(size_t segment)
{
    return segment + 1 < segments ? (size_t)firsts[segment + 1] : count;
}

static void
a_missing_segment_and_a_damaged_header_are_told(void **state)
{
    struct place *p = *state;
    int folder;

    make_ledger(p);
    folder = open_segments(p);
    for (size_t i = 0; i < segments; i++) {
        char name[SEGMENT_NAME_SIZE];
        struct records_place hole = {0};
        int fd = open_segment(p, firsts[i], O_RDWR);

        for (size_t at = 0; at < sizeof(struct segment_header); at++) {
            change(fd, (off_t)at, 1);
            expect(p, firsts[i], first_behind(i), 1,
                   (struct records_place){firsts[i], 0, firsts[i]});
            change(fd, (off_t)at, 1);
        }
        close(fd);
        if (i > 0) {
            const struct found *before = &records[firsts[i] - 1];

            hole = (struct records_place){
                firsts[i - 1], before->place.offset + segment_room(before->length), firsts[i]};
        }
        segment_name(name, firsts[i]);
        assert_int_equal(renameat(folder, name, folder, "away"), 0);
        /* The first ones may have been deleted by age; of the last one nobody knows. */
        expect(p, firsts[i], first_behind(i), i > 0 && i + 1 < segments, hole);
        assert_int_equal(renameat(folder, "away", folder, name), 0);
    }
    close(folder);
}

/* The record gets other bytes, and a checksum that fits. */
static void
forge(struct place *p, const struct found *found, const void *payload, uint32_t length)
{
    int fd = open_segment(p, found->place.segment, O_RDWR);
    struct segment_header header;
    struct segment_head head;
    uint8_t bytes[128] = {0};

    assert_true(segment_room(length) == segment_room(found->length));
    assert_int_equal(pread(fd, &header, sizeof(header), 0), sizeof(header));
    assert_int_equal(pread(fd, &head, sizeof(head), (off_t)found->place.offset), sizeof(head));
    memcpy(bytes + sizeof(head), payload, length);
    head.length = length;
    head.crc = segment_crc(segment_seed(header.id), head, bytes + sizeof(head));
    memcpy(bytes, &head, sizeof(head));
    length = (uint32_t)segment_room(length);
    assert_int_equal(pwrite(fd, bytes, length, (off_t)found->place.offset), length);
    close(fd);
}

static void
an_end_that_does_not_fit_its_batch_is_told(void **state)
{
    struct place *p = *state;
    struct segment_taken taken;
    size_t i = count = 0;

    make_ledger(p);
    while (records[i].type != SEGMENT_TAKEN || i < count / 2)
        i++;
    for (int what = 0; what < 5; what++) {
        int fd = open_segment(p, records[i].place.segment, O_RDONLY);
        struct segment_taken wrong;

        assert_int_equal(pread(fd, &taken, sizeof(taken),
                               (off_t)(records[i].place.offset + sizeof(struct segment_head))),
                         sizeof(taken));
        close(fd);
        wrong = taken;
        wrong.count = what == 0 ? taken.count + 1 : what == 1 ? taken.count - 1 : taken.count;
        wrong.count = what == 2 ? UINT32_MAX : wrong.count;
        wrong.ring = what == 3 ? RINGS_MAX : taken.ring;
        forge(p, &records[i], &wrong, what == 4 ? sizeof(wrong) - 1 : sizeof(wrong));
        expect(p, count, count, 1, records[i].place);
        forge(p, &records[i], &taken, sizeof(taken));
    }
    expect(p, count, count, 0, nowhere);
}

/* ---- from a place on ---- */

struct entry {
    uint64_t seq, number;
    enum ledger_entry_type type;
    struct records_place place;
};

/* From where the reader is to its end. */
static size_t
read_entries(struct ledger_reader *r, struct entry *entries)
{
    struct ledger_entry entry;
    size_t n = 0;
    int result;

    while ((result = ledger_reader_next(r, &entry)) == 1) {
        assert_true(n < MOST);
        entries[n++] =
            (struct entry){.seq = entry.seq,
                           .number = entry.type == LEDGER_SHAPE ? entry.u.shape->fingerprint : 0,
                           .type = entry.type,
                           .place = *ledger_reader_place(r)};
    }
    assert_int_equal(result, 0);
    return n;
}

static void
reading_goes_on_at_any_place_with_the_same_entries(void **state)
{
    static struct entry all[MOST], rest[MOST];
    struct place *p = *state;
    struct ledger_reader *r;
    size_t most, of_records;

    make_ledger(p);
    begin(p);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(append_number(p, i % 2, 100 + i, 20), 0);
    intake_append(&p->intake); /* and is killed before it releases them */
    kill_keeper(p);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(append_number(p, i % 2, 200 + i, 20), 0);
    assert_int_equal(ledger_reader_open(&r, &os_real, p->directory), 0);
    most = read_entries(r, all);
    ledger_reader_close(r);
    of_records = most - 4;
    assert_int_equal(all[of_records].number, 200);
    assert_true(all[of_records - 1].number == 107);
    for (size_t i = 0; i < of_records; i++) {
        size_t from = 0, n;

        assert_int_equal(ledger_reader_open(&r, &os_real, p->directory), 0);
        assert_int_equal(ledger_reader_seek(r, &all[i].place), 0);
        n = read_entries(r, rest);
        while (all[from].seq < all[i].place.index)
            from++;
        assert_true(from <= i);
        assert_int_equal(n, most - from);
        for (size_t k = 0; k < n; k++)
            assert_true(rest[k].seq == all[from + k].seq && rest[k].type == all[from + k].type &&
                        rest[k].number == all[from + k].number);
        ledger_reader_close(r);
    }
    /* Behind the last record, where only the rings have more. */
    assert_int_equal(ledger_reader_open(&r, &os_real, p->directory), 0);
    assert_int_equal(ledger_reader_seek(r, &(struct records_place){UINT64_MAX, UINT64_MAX, 0}),
                     PASU_E_NOTFOUND);
    ledger_reader_close(r);
}

/* What a ring has is given once, however long before the place it was taken. */
static void
a_ring_that_was_taken_long_before_is_known(void **state)
{
    static struct entry rest[MOST];
    struct place *p = *state;
    struct ledger_reader *r;
    uint64_t last;
    size_t n;

    make_ledger(p);
    begin(p);
    assert_int_equal(append_number(p, 1, 5, 20), 0);
    intake_append(&p->intake); /* and does not release it */
    for (unsigned i = 0; i < 30; i++) {
        for (unsigned k = 0; k < 100; k++)
            assert_int_equal(append_number(p, 0, 100 + i, 20), 0);
        intake_append(&p->intake);
    }
    last = chain_size(&p->records.chain) - 1;
    kill_keeper(p);
    assert_int_equal(append_number(p, 1, 6, 20), 0);
    assert_int_equal(ledger_reader_open(&r, &os_real, p->directory), 0);
    assert_int_equal(ledger_reader_seek_index(r, last), 0);
    n = read_entries(r, rest);
    assert_true(n > 1 && n < 2000);
    for (size_t i = 0; i + 1 < n; i++)
        assert_in_range(rest[i].number, 100, 129);
    assert_int_equal(rest[n - 1].number, 6);
    ledger_reader_close(r);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_damaged_record_is_told_and_all_others_come),
        TEST(a_segment_that_ends_too_early_is_told),
        TEST(a_missing_segment_and_a_damaged_header_are_told),
        TEST(an_end_that_does_not_fit_its_batch_is_told),
        TEST(reading_goes_on_at_any_place_with_the_same_entries),
        TEST(a_ring_that_was_taken_long_before_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
