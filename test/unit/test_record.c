/* SPDX-License-Identifier: Apache-2.0 */
/* What the keeper records: signed in time, with its gaps, and its salts. */
#include "ledger/record.h"

#include "ledger/alerts.h"
#include "ledger/reader.h"
#include "ledger_place.h"

#define SECOND NANOSECONDS_PER_SECOND

static const struct message_closed closed = {.session = 64};

/* A keeper on the disk whose calls can fail, at a time that we set. */
static void
open_records(struct place *p)
{
    p->os = p->disk->os;
    p->os.monotonic = clock_read;
    now = SECOND;
    record_init(&p->records, &p->log, p->directory);
}

static bool
is_signed(const struct place *p)
{
    return p->records.chain.signed_size == chain_size(&p->records.chain);
}

/* As the keeper waits and looks; the time until it has nothing to do. */
static int64_t
run(struct place *p, int64_t most)
{
    int64_t start = now;

    while (now - start < most) {
        int milliseconds = record_wait(&p->records, 200);

        assert_true(milliseconds >= 0 && milliseconds <= 200);
        now += milliseconds * NANOSECONDS_PER_MILLISECOND;
        record_look(&p->records, now);
        if (is_signed(p))
            break;
    }
    return now - start;
}

static void
what_is_appended_is_signed_within_a_second(void **state)
{
    struct place *p = *state;

    open_records(p);
    assert_int_equal(record_open(&p->records), 0);
    assert_false(is_signed(p));
    assert_true(run(p, 2 * SECOND) <= SECOND);
    assert_true(is_signed(p));
    assert_int_equal(record_wait(&p->records, 200), 200);
    for (int i = 0; i < 20; i++) { /* more comes meanwhile: the first does not wait for it */
        assert_int_equal(record_closed(&p->records, &closed), 0);
        now += SECOND / 20;
        record_look(&p->records, now);
    }
    assert_true(p->records.chain.signed_size > 4);
    run(p, 2 * SECOND);
    assert_true(is_signed(p));
    record_close(&p->records);
    assert_int_equal(p->records.chain.signed_size, p->records.chain.writer.next);
    kill_keeper(p);
}

static void
a_checkpoint_that_failed_is_tried_again(void **state)
{
    struct place *p = *state;
    int call;

    open_records(p);
    assert_int_equal(record_open(&p->records), 0);
    for (call = 0; call < 6; call++) {
        assert_int_equal(record_closed(&p->records, &closed), 0);
        assert_int_equal(record_sync(&p->records), 0);
        p->disk->calls_left = call;
        now += SECOND;
        record_look(&p->records, now);
        if (p->disk->calls_left >= 0) /* that many calls it does not need */
            break;
        p->disk->calls_left = -1;
        assert_false(is_signed(p));
        assert_true(record_wait(&p->records, 200) > 0); /* not at once */
        assert_true(run(p, 2 * SECOND) <= SECOND);
        assert_true(is_signed(p));
    }
    assert_true(call >= 3);
    kill_keeper(p);
}

static void
a_ledger_that_cannot_be_opened_is_tried_once_a_second(void **state)
{
    struct place *p = *state;
    struct ledger_reader *r;
    struct ledger_entry entry;
    int calls;

    open_records(p);
    p->disk->calls_left = 0;
    p->disk->is_dead = true;
    assert_int_equal(record_closed(&p->records, &closed), PASU_E_IO);
    calls = p->disk->calls;
    for (int i = 0; i < 9; i++) {
        now += SECOND / 10;
        assert_int_equal(record_closed(&p->records, &closed), PASU_E_UNAVAILABLE);
    }
    assert_int_equal(p->disk->calls, calls);
    now += SECOND / 10;
    assert_int_equal(record_closed(&p->records, &closed), PASU_E_IO);
    assert_true(p->disk->calls > calls);
    p->disk->calls_left = -1;
    p->disk->is_dead = false;
    assert_int_equal(record_closed(&p->records, &closed), PASU_E_UNAVAILABLE);
    now += SECOND;
    assert_int_equal(record_closed(&p->records, &closed), 0);
    kill_keeper(p);
    assert_int_equal(ledger_reader_open(&r, &os_real, p->directory), 0);
    assert_int_equal(ledger_reader_next(r, &entry), 1);
    assert_int_equal(entry.type, LEDGER_STARTED);
    assert_int_equal(ledger_reader_next(r, &entry), 1);
    assert_int_equal(entry.type, LEDGER_GAP);
    assert_int_equal(entry.u.gap->count, 12);
    assert_int_equal(entry.u.gap->error, PASU_E_IO);
    assert_int_equal(entry.u.gap->since, p->disk->time);
    assert_int_equal(ledger_reader_next(r, &entry), 1);
    assert_int_equal(entry.type, LEDGER_CLOSED);
    assert_int_equal(ledger_reader_next(r, &entry), 0);
    ledger_reader_close(r);
}

static void
what_could_not_be_written_leaves_a_gap_and_a_lost_gate_closes_its_sessions(void **state)
{
    static const enum ledger_entry_type expected[] = {LEDGER_STARTED, LEDGER_OPENED, LEDGER_GAP,
                                                      LEDGER_OPENED,  LEDGER_CLOSED, LEDGER_GAP,
                                                      LEDGER_STOPPED};
    struct place *p = *state;
    struct message_session session = {.session = 64};
    struct ledger_reader *r;
    struct ledger_entry entry;

    open_records(p);
    assert_int_equal(record_opened(&p->records, &session), 0);
    p->disk->calls_left = 0;
    p->disk->is_dead = true; /* full */
    session.session = 128;
    assert_int_equal(record_opened(&p->records, &session), PASU_E_DISKFULL);
    p->disk->calls_left = -1;
    session.session = 192;
    assert_int_equal(record_opened(&p->records, &session), 0);
    /* A new gate has the last one only; 128 was never let in. */
    record_gate_lost(&p->records);
    record_announced(&p->records, &(struct message_session){.session = 192});
    record_look(&p->records, INT64_MAX);
    /* The gate has lost some on the way here. */
    record_lost_by_gate(&p->records, 5, 1000);
    assert_int_equal(p->records.gap.count, 5);
    assert_int_equal(record_other(&p->records, SEGMENT_STOPPED, &(union payload_body){0}), 0);
    kill_keeper(p);
    assert_int_equal(ledger_reader_open(&r, &os_real, p->directory), 0);
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        assert_int_equal(ledger_reader_next(r, &entry), 1);
        assert_int_equal(entry.type, expected[i]);
        if (i == 2)
            assert_true(entry.u.gap->count == 1 && entry.u.gap->error == PASU_E_DISKFULL);
        if (i == 4)
            assert_true(entry.u.closed->session == 64 && entry.u.closed->error == PASU_E_EOF);
        if (i == 5)
            assert_true(entry.u.gap->count == 5 && entry.u.gap->since == 1000);
    }
    assert_int_equal(ledger_reader_next(r, &entry), 0);
    ledger_reader_close(r);
}

/* Opens the ledger, whose first record cannot be written. */
static void
open_without_start(struct place *p)
{
    for (int call = 0, result = 0; result == 0 || !p->records.is_open; call++) {
        assert_true(call < 1000);
        kill_keeper(p);
        disk_each(p->disk, p->directory, disk_unlink, disk_rmdir, NULL);
        open_records(p);
        p->disk->calls_left = call;
        result = record_open(&p->records);
    }
    p->disk->calls_left = -1;
}

/* Or what follows would seem to be of the keeper before. */
static void
a_keeper_that_could_not_say_that_it_started_says_so_first(void **state)
{
    struct place *p = *state;
    struct ledger_reader *r;
    struct ledger_entry entry;

    open_without_start(p);
    assert_int_equal(record_closed(&p->records, &closed), 0);
    assert_int_equal(record_closed(&p->records, &closed), 0);
    kill_keeper(p);
    assert_int_equal(ledger_reader_open(&r, &os_real, p->directory), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ledger_reader_next(r, &entry), 1);
        assert_int_equal(entry.type, i == 0 ? LEDGER_STARTED : LEDGER_CLOSED);
    }
    assert_int_equal(ledger_reader_next(r, &entry), 0);
    ledger_reader_close(r);
}

/* However many a gate says that it lost. */
static void
what_is_missing_is_told_before_the_end_and_never_wraps(void **state)
{
    static const enum ledger_entry_type expected[] = {LEDGER_STARTED, LEDGER_GAP, LEDGER_STOPPED};
    struct place *p = *state;
    struct ledger_reader *r;
    struct ledger_entry entry;

    open_records(p);
    assert_int_equal(record_open(&p->records), 0);
    record_lost_by_gate(&p->records, UINT64_MAX - 1, 1500);
    record_lost_by_gate(&p->records, 7, 1000); /* the gap begins with the earliest */
    record_lost_by_gate(&p->records, 7, 2000);
    assert_int_equal(p->records.gap.count, UINT64_MAX);
    record_damage(&p->records);
    record_close(&p->records);
    kill_keeper(p);
    assert_int_equal(ledger_reader_open(&r, &os_real, p->directory), 0);
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        assert_int_equal(ledger_reader_next(r, &entry), 1);
        assert_int_equal(entry.type, expected[i]);
        if (i == 1)
            assert_true(entry.u.gap->count == UINT64_MAX && entry.u.gap->since == 1000);
    }
    assert_int_equal(ledger_reader_next(r, &entry), 0);
    ledger_reader_close(r);
}

/* Whatever call fails once while the gap is told: each is an alert, too. */
static void
a_gap_is_an_alert_whatever_fails_meanwhile(void **state)
{
    static struct folds folds;
    struct place *p = *state;
    struct ledger_reader *r;
    struct ledger_entry entry;
    struct alerts alerts;
    int segments, result = PASU_E_IO;
    size_t gaps = 0;

    open_records(p);
    p->records.folds = &folds;
    assert_int_equal(record_open(&p->records), 0);
    for (int call = 0; result != 0; call++) {
        assert_true(call < 100);
        record_damage(&p->records);
        p->disk->calls_left = call;
        result = record_closed(&p->records, &closed);
        p->disk->calls_left = -1;
        assert_int_equal(record_closed(&p->records, &closed), 0);
    }
    record_close(&p->records);
    kill_keeper(p);
    segments = open_segments(p);
    assert_int_equal(alerts_find(&alerts, &os_real, segments, &(struct segment_keys){0}), 0);
    close(segments);
    assert_int_equal(ledger_reader_open(&r, &os_real, p->directory), 0);
    while (ledger_reader_next(r, &entry) == 1) {
        if (entry.type != LEDGER_GAP)
            continue;
        assert_true(gaps < alerts.count);
        assert_string_equal(alerts.items[gaps].rule, "gap");
        assert_int_equal(alerts.items[gaps].about, entry.seq);
        gaps++;
    }
    ledger_reader_close(r);
    assert_true(gaps >= 3);
    assert_int_equal(alerts.count, gaps);
    alerts_release(&alerts);
}

/* ---- deeds ---- */

/* A ledger with a hold and the key of an entry, whose number is returned. */
static uint64_t
hold_something(struct place *p)
{
    union payload_body body = {.hold = {.who = "court", .why = "evidence"}};
    uint8_t key[ENTRY_KEY_SIZE];

    open_records(p);
    assert_int_equal(record_open(&p->records), 0);
    assert_int_equal(entry_keys_make(&p->records.entries, UINT32_MAX, key), 0);
    assert_int_equal(entry_keys_sync(&p->records.entries), 0);
    assert_int_equal(record_deed(&p->records, SEGMENT_HOLD, &body), 0);
    assert_int_equal(p->records.chain.writer.durable, body.hold.number + 1);
    record_close(&p->records);
    return body.hold.number;
}

/* Also where the ledger, and with it the hold, is read only then. */
static void
nothing_is_erased_under_a_hold_and_an_alert_about_it_is_on_the_disk(void **state)
{
    struct place *p = *state;
    union payload_body body = {.released = {.number = hold_something(p)}};
    union payload_body erased = {.erased = {.ordinal = UINT32_MAX, .why = "request"}};
    uint8_t key[ENTRY_KEY_SIZE];
    uint64_t size;

    open_records(p);
    p->disk->calls_left = 0;
    p->disk->is_dead = true;
    assert_int_equal(record_open(&p->records), PASU_E_IO);
    p->disk->calls_left = -1;
    p->disk->is_dead = false;
    assert_int_equal(record_deed(&p->records, SEGMENT_ERASED, &erased), PASU_E_UNAVAILABLE);
    now += SECOND;
    assert_int_equal(record_deed(&p->records, SEGMENT_ERASED, &erased), PASU_E_HELD);
    assert_int_equal(entry_keys_get(&p->records.entries, UINT32_MAX, key), 0);
    size = chain_size(&p->records.chain);
    assert_int_equal(p->records.chain.writer.durable, size);
    assert_int_equal(record_deed(&p->records, SEGMENT_RELEASED, &body), 0);
    assert_int_equal(chain_size(&p->records.chain), size + 1);
    assert_int_equal(record_deed(&p->records, SEGMENT_RELEASED, &body), PASU_E_NOTFOUND);
    assert_int_equal(record_deed(&p->records, SEGMENT_ERASED, &erased), 0);
    assert_int_equal(entry_keys_get(&p->records.entries, UINT32_MAX, key), PASU_E_ERASED);
    record_close(&p->records);
    kill_keeper(p);
}

/* Or somebody would hear that there is no hold. */
static void
holds_that_cannot_be_read_are_not_taken_for_none(void **state)
{
    static const uint8_t key[SEGMENT_KEY_SIZE] = {1}, other[SEGMENT_KEY_SIZE] = {2};
    const struct segment_watch nobody = {0};
    struct place *p = *state;
    union payload_body body = {.hold = {.who = "court", .why = "evidence"}};
    struct segment_keys keys = {0}, none = {0}, wrong = {0};
    struct holds holds;
    int segments;

    assert_int_equal(segment_keys_add(&keys, key), 0);
    assert_int_equal(segment_keys_add(&wrong, other), 0);
    open_records(p);
    p->records.keys = keys;
    assert_int_equal(record_deed(&p->records, SEGMENT_HOLD, &body), 0);
    record_close(&p->records);
    kill_keeper(p);
    segments = open_segments(p);
    assert_int_equal(holds_find(&holds, &os_real, segments, &none, &nobody), PASU_E_LEDGER_KEY);
    assert_int_equal(holds_find(&holds, &os_real, segments, &wrong, &nobody), PASU_E_LEDGER_KEY);
    assert_int_equal(holds_find(&holds, &os_real, segments, &keys, &nobody), 0);
    assert_true(holds.count == 1 && holds.items[0].number == body.hold.number);
    close(segments);
}

/* ---- salts ---- */

static void
show(struct place *p, const uint32_t *ordinals, size_t count)
{
    static uint8_t bytes[EXPOSURE_ENCODED_MAX];
    struct exposure exposure = {.session = 64,
                                .rows = 1,
                                .part_count = 1,
                                .parts = {{.attribution = ATTRIBUTION_KEY,
                                           .clear = 1,
                                           .ordinals = ordinals,
                                           .ordinal_count = count}}};
    ssize_t n = exposure_encode(&exposure, bytes, sizeof(bytes));

    assert_true(n > 0);
    assert_int_equal(append(p, 0, RING_EXPOSURE, bytes, (size_t)n), 0);
}

/* The salts of all exposures. */
static size_t
read_salts(struct place *p, uint8_t (*salts)[16], size_t most)
{
    struct source_folder folder = {.os = &os_real, .directory = open_segments(p)};
    struct segment_record record;
    struct records r;
    size_t count = 0;
    int result;

    assert_int_equal(records_init(&r, &os_real, (struct source){source_open_folder, &folder}), 0);
    while ((result = records_next(&r, &record)) == 1)
        if (record.type == SEGMENT_EXPOSURE && count < most)
            memcpy(salts[count++], record.payload.bytes, 16);
    assert_int_equal(result, 0);
    records_release(&r);
    close(folder.directory);
    return count;
}

static void
the_same_persons_are_salted_differently_and_nobody_not_at_all(void **state)
{
    enum { SHOWN = 2 * RECORD_SALTS / 16 + 10 }; /* random bytes are asked for more than twice */
    static const uint32_t persons[] = {7, 8, 1000};
    static const uint8_t zero[16];
    static uint8_t salts[2 * SHOWN][16];
    struct place *p = *state;

    for (int round = 0; round < 2; round++) { /* another keeper has others */
        begin(p);
        for (int i = 0; i < SHOWN; i++) {
            show(p, persons, i % 10 == 5 ? 0 : COUNT_OF(persons));
            if (i % 20 == 0) /* so few that each has its record */
                assert_int_equal(intake_take(&p->intake), 0);
        }
        assert_int_equal(intake_take(&p->intake), 0);
        kill_keeper(p);
    }
    assert_int_equal(read_salts(p, salts, COUNT_OF(salts)), COUNT_OF(salts));
    for (size_t i = 0; i < COUNT_OF(salts); i++) {
        assert_int_equal(memcmp(salts[i], zero, sizeof(zero)) == 0, i % SHOWN % 10 == 5);
        for (size_t k = 0; k < i && i % SHOWN % 10 != 5; k++)
            assert_true(memcmp(salts[i], salts[k], sizeof(salts[i])) != 0);
    }
}

/* Without randomness there is no salt, and nothing is recorded with a wrong one. */
static void
without_randomness_an_exposure_stays_in_its_ring(void **state)
{
    static const uint32_t persons[] = {7};
    static const uint8_t zero[16];
    static uint8_t salts[4][16];
    struct place *p = *state;

    begin(p);
    p->os.arg = p->disk;
    p->os.monotonic = clock_read;
    p->os.random = disk_random;
    p->disk->calls_left = 0;
    show(p, persons, 1);
    assert_int_equal(intake_take(&p->intake), PASU_E_CRYPTO);
    assert_int_equal(read_salts(p, salts, COUNT_OF(salts)), 0);
    p->disk->calls_left = -1;
    p->os.random = os_real.random;
    assert_int_equal(intake_take(&p->intake), 0);
    assert_int_equal(read_salts(p, salts, COUNT_OF(salts)), 1);
    assert_true(memcmp(salts[0], zero, sizeof(zero)) != 0);
    kill_keeper(p);
}

/* ---- directory entries ---- */

static int
no_sync(void *arg PASU_UNUSED, int fd PASU_UNUSED)
{
    errno = EIO;
    return -1;
}

/* Or a power cut would leave an entry that nobody can read. */
static void
an_entry_is_recorded_when_its_key_is_on_the_disk(void **state)
{
    static const uint8_t secret[SEAL_SECRET_SIZE] = {7};
    uint8_t bytes[ENTRY_SEAL_MAX], key[ENTRY_KEY_SIZE];
    struct ring_ordinal head = {.ordinal = UINT32_MAX};
    const struct view text = VIEW("kim@example.com");
    struct place *p = *state;
    uint64_t size;
    size_t length;

    begin(p);
    p->records.durability = DURABILITY_OS; /* nothing else is synced */
    assert_int_equal(record_set_secret(&p->records, secret), 0);
    seal_hash(&p->records.seal, text, head.hash);
    memcpy(bytes, &head, sizeof(head));
    length = seal_close(&p->records.seal, 0, head.ordinal, head.hash, text, bytes + sizeof(head));
    assert_int_equal(append(p, 0, RING_ORDINAL, bytes, sizeof(head) + length), 0);
    size = chain_size(&p->records.chain);
    p->os.fdatasync = no_sync;
    assert_int_equal(intake_take(&p->intake), PASU_E_IO);
    assert_int_equal(chain_size(&p->records.chain), size);
    p->os.fdatasync = os_real.fdatasync;
    assert_int_equal(intake_take(&p->intake), 0);
    assert_int_equal(chain_size(&p->records.chain), size + 2);
    assert_int_equal(entry_keys_get(&p->records.entries, UINT32_MAX, key), 0);
    kill_keeper(p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_appended_is_signed_within_a_second),
        TEST(a_checkpoint_that_failed_is_tried_again),
        TEST(a_ledger_that_cannot_be_opened_is_tried_once_a_second),
        TEST(what_could_not_be_written_leaves_a_gap_and_a_lost_gate_closes_its_sessions),
        TEST(a_keeper_that_could_not_say_that_it_started_says_so_first),
        TEST(what_is_missing_is_told_before_the_end_and_never_wraps),
        TEST(a_gap_is_an_alert_whatever_fails_meanwhile),
        TEST(nothing_is_erased_under_a_hold_and_an_alert_about_it_is_on_the_disk),
        TEST(holds_that_cannot_be_read_are_not_taken_for_none),
        TEST(the_same_persons_are_salted_differently_and_nobody_not_at_all),
        TEST(without_randomness_an_exposure_stays_in_its_ring),
        TEST(an_entry_is_recorded_when_its_key_is_on_the_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
