/* SPDX-License-Identifier: Apache-2.0 */
/* What is deleted by age: what is left says what it said before. */
#include "prune_story.h"

#include "ledger/prover.h"

static void
what_is_left_says_what_it_said_before(void **state)
{
    static struct answers before, after;
    struct place *p = *state;
    uint64_t first;
    int64_t time;

    make_ledger(p);
    leaf_count = 0;
    check_root(p);
    prune_all(p);
    first = first_of(p);
    assert_true(first > 100);
    time = begun_at(p, first);
    assert_true(time <= p->disk->time - KEPT_DAYS * DAY + DAY);
    check_root(p);
    stop_keeper(p);
    ask(p, first, time, &after);
    assert_int_equal(after.pruned, 1);
    assert_true(after.since > 0 && after.until > after.since &&
                after.until < p->disk->time - KEPT_DAYS * DAY);
    assert_int_equal(after.ordinals, (1 << DAYS) - 1);

    make_ledger(p);
    stop_keeper(p);
    ask(p, first, time, &before);
    assert_int_equal(before.pruned, 0);
    assert_string_equal(after.text, before.text);
    assert_non_null(strstr(before.text, " role 0 SELECT"));
    assert_null(strstr(before.text, " ? ")); /* nothing is unknown */
}

/* What was carried is carried again, when what carried it is deleted. */
static void
it_says_so_however_often_it_is_pruned(void **state)
{
    static struct answers before, after;
    struct place *p = *state;
    uint64_t first;

    make_ledger(p);
    for (unsigned day = DAYS; day < 3 * DAYS; day++)
        live_a_day(p, day);
    stop_keeper(p);
    ask(p, 0, p->disk->time - KEPT_DAYS * DAY, &before);
    make_ledger(p);
    leaf_count = 0;
    check_root(p);
    for (unsigned day = DAYS; day < 3 * DAYS; day++) {
        prune_all(p);
        check_root(p);
        live_a_day(p, day);
    }
    first = first_of(p);
    stop_keeper(p);
    check_root(p);
    ask(p, first, begun_at(p, first), &after);
    assert_int_equal(after.ordinals, (UINT64_C(1) << 3 * DAYS) - 1);
    assert_non_null(strstr(after.text, " role 0 SELECT"));
    assert_null(strstr(after.text, " ? "));
    /* Indexes differ; the marks in force do not. */
    assert_string_equal(strstr(after.text, "mark"), strstr(before.text, "mark"));
}

static void
an_encrypted_ledger_is_pruned_as_well(void **state)
{
    is_encrypted = true;
    what_is_left_says_what_it_said_before(state);
    is_encrypted = false;
}

static void
nothing_goes_while_there_is_a_hold(void **state)
{
    const union payload_body hold = {.hold = {.number = 77, .who = "kim", .why = "court"}};
    const struct payload_hold newer = {.number = 78, .who = "lee", .why = "another"};
    struct place *p = *state;
    struct prune all;
    uint64_t size;

    make_ledger(p);
    assert_int_equal(record_other(&p->records, SEGMENT_HOLD, &hold), 0);
    assert_int_equal(holds_add(&p->records.holds, &hold.hold), 0);
    prune_init(&all, &p->records);
    prune_set(&all, KEPT_DAYS * DAY);
    size = chain_size(&p->records.chain);
    for (int hour = 0; hour < 30; hour++) {
        prune(p, &all);
        now += 3600 * SECOND;
    }
    assert_int_equal(first_of(p), 0);
    assert_int_equal(chain_size(&p->records.chain), size + 1); /* one alert for each hold */
    assert_int_equal(holds_add(&p->records.holds, &newer), 0);
    prune(p, &all);
    prune(p, &all);
    assert_int_equal(chain_size(&p->records.chain), size + 2);
    assert_int_equal(holds_remove(&p->records.holds, 78), 0);
    prune_look(&all, now);
    assert_int_equal(chain_size(&p->records.chain), size + 2);
    assert_int_equal(holds_remove(&p->records.holds, 77), 0);
    prune_look(&all, now); /* at once, not in an hour */
    prune(p, &all);
    assert_true(first_of(p) > 0);
    prune_release(&all);
    stop_keeper(p);
}

/* However far it has come. */
static void
a_hold_that_comes_in_between_keeps_all(void **state)
{
    const union payload_body hold = {.hold = {.number = 77, .who = "kim", .why = "court"}};
    struct place *p = *state;

    for (int step = 0; step < 1000; step++) {
        struct prune all;
        bool was_held;

        make_ledger(p);
        prune_init(&all, &p->records);
        prune_set(&all, KEPT_DAYS * DAY);
        for (int i = 0; i < step; i++)
            prune_look(&all, now);
        was_held = first_of(p) == 0;
        assert_int_equal(holds_add(&p->records.holds, &hold.hold), 0);
        prune(p, &all);
        assert_int_equal(first_of(p) == 0, was_held);
        prune_release(&all);
        stop_keeper(p);
        if (!was_held)
            return;
    }
    fail();
}

static void
without_a_retention_nothing_goes(void **state)
{
    struct place *p = *state;
    struct prune all;

    make_ledger(p);
    prune_init(&all, &p->records);
    prune_set(&all, 0);
    prune_look(&all, now);
    assert_int_equal(first_of(p), 0);
    prune_set(&all, 100 * DAY);
    prune(p, &all);
    assert_int_equal(first_of(p), 0);
    prune_release(&all);
    stop_keeper(p);
}

/* Also with a file of keys that is older than the erasure, whose record is gone. */
static void
who_was_erased_stays_so(void **state)
{
    union payload_body erased = {.erased = {.ordinal = UINT32_MAX, .why = "asked"}};
    uint8_t before[2 * ENTRY_KEY_SIZE],
        key[ENTRY_KEY_SIZE]; /* the file's head, and the first key */
    struct place *p = *state;
    int fd;

    begin_ledger(p);
    live_a_day(p, 0);
    assert_int_equal(entry_keys_make(&p->records.entries, UINT32_MAX, key), 0);
    assert_int_equal(entry_keys_make(&p->records.entries, UINT32_MAX - 1, key), 0);
    fd = openat(p->directory, "entry.keys", O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(fd, before, sizeof(before), 0), sizeof(before));
    assert_int_equal(record_deed(&p->records, SEGMENT_ERASED, &erased), 0);
    for (unsigned day = 1; day < DAYS; day++)
        live_a_day(p, day);
    prune_all(p);
    assert_true(first_of(p) > 100);
    stop_keeper(p);
    assert_int_equal(pwrite(fd, before, sizeof(before), 0), sizeof(before));
    close(fd);
    open_keeper(p);
    assert_int_equal(entry_keys_get(&p->records.entries, UINT32_MAX, key), PASU_E_ERASED);
    assert_int_equal(entry_keys_get(&p->records.entries, UINT32_MAX - 1, key), 0);
    stop_keeper(p);
}

/* What is before it goes, once; however often the rest is tried, nothing is written for it. */
static void
a_damaged_segment_stays_and_what_is_behind_it(void **state)
{
    struct place *p = *state;
    uint64_t damaged, size;
    struct prune all;
    uint8_t byte;
    int fd;

    make_ledger(p);
    damaged = segment_begin_of(p, 2);
    fd = open_segment(p, damaged, O_RDWR);
    assert_int_equal(pread(fd, &byte, 1, 200), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, 200), 1);
    close(fd);
    prune_init(&all, &p->records);
    prune_set(&all, KEPT_DAYS * DAY);
    prune(p, &all);
    assert_int_equal(first_of(p), damaged);
    assert_true(all.has_failed);
    size = chain_size(&p->records.chain);
    for (int minute = 0; minute < 5; minute++) {
        now += 61 * SECOND;
        prune(p, &all);
    }
    assert_int_equal(first_of(p), damaged);
    assert_int_equal(chain_size(&p->records.chain), size);
    prune_release(&all);
    stop_keeper(p);
}

/* How many records of a type there are. */
static unsigned
count_records(struct place *p, enum segment_type type)
{
    struct source_folder folder = {.os = &os_real, .directory = open_segments(p)};
    struct segment_record record;
    struct records r;
    unsigned count = 0;

    assert_int_equal(records_init(&r, &os_real, (struct source){source_open_folder, &folder}), 0);
    while (records_next(&r, &record) == 1)
        count += record.type == type;
    records_release(&r);
    close(folder.directory);
    return count;
}

enum { ACTS = 2 * DAYS };

/* What was done on each day, as the ledger tells it to who asks for rights. How much was told
 * again. */
static unsigned
ask_for_rights(struct place *p, unsigned *told, unsigned *exposures)
{
    unsigned again = 0;

    struct ledger_reader *r;
    struct ledger_entry entry;
    struct segment_keys keys;

    *told = *exposures = 0;
    add_key(&keys);
    assert_int_equal(ledger_reader_open(&r, &os_real, p->directory), 0);
    ledger_reader_unlock(r, &keys);
    ledger_reader_tell_rights(r);
    while (ledger_reader_next(r, &entry) == 1) {
        if (entry.type == LEDGER_EXPOSURE && entry.u.exposure->part_count == 0)
            *exposures |= 1U << entry.u.exposure->rows;
        if (entry.type != LEDGER_RIGHT)
            continue;
        assert_true(entry.u.right->exposure.flags & FLAG_BIT(GRANT));
        assert_true(entry.u.right->has_shape && entry.u.right->opened_of.index > 0);
        assert_int_equal(entry.u.right->shape.fingerprint, entry.u.right->exposure.shape);
        assert_int_equal(entry.u.right->opened.session, entry.u.right->exposure.session);
        again += *told >> entry.u.right->exposure.rows & 1;
        *told |= 1U << entry.u.right->exposure.rows;
    }
    ledger_reader_close(r);
    segment_keys_release(&keys);
    return again;
}

static void
act(struct place *p, unsigned day, uint64_t flags)
{
    const struct exposure act = {.session = session_of(day),
                                 .time = p->disk->time,
                                 .shape = day,
                                 .vocabulary = 1,
                                 .statements = 1,
                                 .rows = day,
                                 .flags = flags};
    uint8_t bytes[512];
    ssize_t length = exposure_encode(&act, bytes, sizeof(bytes));

    assert_true(length > 0);
    assert_int_equal(append(p, 0, RING_EXPOSURE, bytes, (size_t)length), 0);
    assert_int_equal(intake_take(&p->intake), 0);
}

/* Acts of days that are gone are told, of rights alone, and of each day once, until they are too
 * old; however often what tells of them is deleted. */
static void
what_was_done_to_rights_stays_for_its_time(void **state)
{
    struct place *p = *state;
    unsigned told, exposures;

    begin_ledger(p);
    leaf_count = 0;
    for (unsigned day = 0; day < ACTS; day++) {
        live_a_day(p, day);
        act(p, day, day % 2 == 0 ? FLAG_BIT(GRANT) : FLAG_BIT(SET_ROLE));
        check_root(p);
        prune_all(p);
        check_root(p);
    }
    stop_keeper(p);
    assert_int_equal(ask_for_rights(p, &told, &exposures), 0);
    assert_int_equal((told | exposures) & 0x55555555, 0x55555555 & ((1U << ACTS) - 1));
    assert_int_equal(told & (exposures | 0xaaaaaaaa), 0);
    assert_true(told & 1);
}

/* Whoever was killed before it said that what is old is gone has written some of it again, and the
 * next one does so once more: nothing is lost, and nothing is told while its own record is. */
static void
rights_are_whole_whoever_was_killed(void **state)
{
    const unsigned all_days = (1U << DAYS) - 1;
    struct place *p = *state;
    unsigned told, exposures, killed = 0, again = 0;

    for (unsigned step = 1; step < 1000 && killed < 8; step++) {
        struct prune all;

        begin_ledger(p);
        leaf_count = 0;
        for (unsigned day = 0; day < DAYS; day++) {
            live_a_day(p, day);
            act(p, day, FLAG_BIT(GRANT));
        }
        check_root(p);
        prune_init(&all, &p->records);
        prune_set(&all, KEPT_DAYS * DAY);
        for (unsigned i = 0; i < step; i++)
            prune_look(&all, now);
        prune_release(&all);
        killed += count_records(p, SEGMENT_RIGHT) > 0;
        stop_keeper(p);
        ask_for_rights(p, &told, &exposures);
        assert_int_equal(told & exposures, 0);
        assert_int_equal(told | exposures, all_days);
        open_keeper(p);
        prune_all(p);
        check_root(p);
        assert_true(first_of(p) > 0);
        stop_keeper(p);
        again += ask_for_rights(p, &told, &exposures);
        assert_int_equal(told & exposures, 0);
        assert_int_equal(told | exposures, all_days);
        assert_true(told != 0);
    }
    assert_int_equal(killed, 8);
    assert_true(again > 0); /* who reads goes by their indexes */
}

/* The disk may be full: not all that is old is carried over before the first of it is deleted. */
static void
what_is_carried_makes_room_before_more_is(void **state)
{
    enum { ENTRIES = 400 };
    struct place *p = *state;
    unsigned entries;

    begin_ledger(p);
    live_a_day(p, 0);
    for (uint32_t i = 0; i < ENTRIES; i++) {
        struct {
            struct ring_ordinal head;
            char sealed[5];
        } ordinal = {{.ordinal = ORDINAL + DAYS + i, .kind = 1, .hash = {(uint8_t)i}}, "seal"};

        assert_int_equal(append(p, 0, RING_ORDINAL, &ordinal, sizeof(ordinal.head) + 5), 0);
        if (i % 16 == 0)
            assert_int_equal(intake_take(&p->intake), 0);
    }
    for (unsigned day = 1; day < DAYS; day++)
        live_a_day(p, day);
    leaf_count = 0;
    check_root(p);
    entries = count_records(p, SEGMENT_ORDINAL);
    assert_true(entries > ENTRIES);
    prune_all(p);
    check_root(p);
    assert_true(count_records(p, SEGMENT_PRUNED) > 2);
    entries -= count_records(p, SEGMENT_ORDINAL);
    assert_true(entries >= ENTRIES);
    assert_in_range(count_records(p, SEGMENT_CARRIED), entries, 2 * entries);
    assert_true(begun_at(p, first_of(p)) <= p->disk->time - KEPT_DAYS * DAY + DAY);
    stop_keeper(p);
}

static void
change_byte(struct place *p, const char *path)
{
    int fd = openat(p->directory, path, O_RDWR | O_CLOEXEC);
    uint8_t byte;

    assert_int_equal(pread(fd, &byte, 1, 0), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, 0), 1);
    close(fd);
}

/* One of both was changed, and what is left of the other says so. */
static void
what_its_tiles_contradict_stays(void **state)
{
    struct place *p = *state;
    struct prune all;

    make_ledger(p);
    stop_keeper(p);
    change_byte(p, "tile/0/000");
    open_keeper(p);
    prune_init(&all, &p->records);
    prune_set(&all, KEPT_DAYS * DAY);
    prune(p, &all);
    assert_int_equal(first_of(p), 0);
    assert_true(all.has_failed);
    prune_release(&all);
    stop_keeper(p);
}

/* Without any tile the tree goes on from what the record says of what was deleted. */
static void
a_pruned_ledger_opens_without_its_tiles(void **state)
{
    struct place *p = *state;

    make_ledger(p);
    leaf_count = 0;
    check_root(p);
    prune_all(p);
    stop_keeper(p);
    check_root(p);
    for (unsigned i = 0; i < 6; i++) {
        remove_tiles(p);
        open_keeper(p);
        live_a_day(p, DAYS + i);
        check_root(p);
        prune_all(p);
        stop_keeper(p);
        check_root(p);
    }
}

/* Wherever the reading is by then. A mark that was seen and ended since may stay: more, not less.
 */
static void
who_reads_meanwhile_misses_nothing(void **state)
{
    static const unsigned counts[] = {0, 1, 5, 30, 60, 1000};
    static struct answers after, beside;
    const char *marks;
    struct place *p = *state;
    uint64_t first;
    int64_t time;

    make_ledger(p);
    prune_all(p);
    first = first_of(p);
    time = begun_at(p, first);
    ask(p, first, time, &after);
    stop_keeper(p);
    marks = strstr(after.text, "mark");
    assert_non_null(marks);
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        make_ledger(p);
        ask_beside(p, first, time, &beside, counts[i], prune_all);
        stop_keeper(p);
        assert_int_equal(beside.ordinals, after.ordinals);
        assert_memory_equal(beside.text, after.text, (size_t)(marks - after.text));
        for (const char *at = marks; *at != '\0'; at += strcspn(at, "\n") + 1) {
            char line[64];

            text_from_view(line, sizeof(line), view_of(at, strcspn(at, "\n")));
            assert_non_null(strstr(beside.text, line));
        }
    }
}

/* The index that the record of the first session had. */
static uint64_t
first_session(struct place *p)
{
    struct ledger_reader *r = open_reader(p);
    struct ledger_entry entry = {0};
    uint64_t index = 0;

    while (index == 0 && ledger_reader_next(r, &entry) == 1)
        if (entry.type == LEDGER_OPENED && entry.u.opened->session == session_of(0))
            index = entry.seq;
    ledger_reader_close(r);
    return index;
}

/* A certificate needs the record of a session that has gone on until now. */
static void
what_was_carried_is_proven_as_it_was(void **state)
{
    const struct segment_keys none = {0};
    struct place *p = *state;
    struct segment_record record;
    struct tree_proof proof;
    struct prover prover;
    struct tree_hash leaf;
    uint64_t index;

    make_ledger(p);
    prune_all(p);
    stop_keeper(p);
    index = first_session(p);
    assert_true(index > 0 && index < first_of(p));
    assert_int_equal(prover_open(&prover, &os_real, p->directory, &none), 0);
    assert_int_equal(prover_record(&prover, index, &record), 0);
    assert_true(record.type == SEGMENT_OPENED && record.index == index);
    assert_int_equal(entry_leaf(&prover.digester.hasher, &record, &leaf), 0);
    assert_int_equal(prover_prove(&prover, index, &leaf, &proof), 0);
    while (index < first_of(p) && prover_record(&prover, index, &record) == 0)
        index++;
    assert_true(index < first_of(p)); /* what nothing refers to is gone */
    assert_int_equal(prover_record(&prover, index, &record), PASU_E_NOTFOUND);
    prover_release(&prover);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DISK(what_is_left_says_what_it_said_before),
        ON_DISK(it_says_so_however_often_it_is_pruned),
        ON_DISK(what_was_done_to_rights_stays_for_its_time),
        ON_DISK(rights_are_whole_whoever_was_killed),
        ON_DISK(an_encrypted_ledger_is_pruned_as_well),
        ON_DISK(nothing_goes_while_there_is_a_hold),
        ON_DISK(a_hold_that_comes_in_between_keeps_all),
        ON_DISK(without_a_retention_nothing_goes),
        ON_DISK(who_was_erased_stays_so),
        ON_DISK(a_damaged_segment_stays_and_what_is_behind_it),
        ON_DISK(what_is_carried_makes_room_before_more_is),
        ON_DISK(what_its_tiles_contradict_stays),
        ON_DISK(a_pruned_ledger_opens_without_its_tiles),
        ON_DISK(who_reads_meanwhile_misses_nothing),
        ON_DISK(what_was_carried_is_proven_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
