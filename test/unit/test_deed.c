/* SPDX-License-Identifier: Apache-2.0 */
/* What commands do to the ledger: each is a record before it is answered, behind what was shown. */
#include "ledger/alerts.h"
#include "ledger/deed.h"
#include "ledger/record_part.h"

#include "ledger_place.h"

#define ENTRY UINT32_MAX /* of the directory */

struct records_seen {
    size_t count;
    enum segment_type types[512];
};

static struct control_end
ask(struct place *p, enum control_verb verb, uint64_t number)
{
    struct control_client client = {.uid = 1000, .pid = 7, .request = {.verb = verb}};
    struct control_end end;

    client.request.number = number;
    snprintf(client.request.who, sizeof(client.request.who), "court");
    snprintf(client.request.what, sizeof(client.request.what), "evidence");
    deed_do(&client, &p->intake);
    assert_true(client.is_answered);
    assert_int_equal(client.out_end, sizeof(struct control_frame_head) + sizeof(end));
    memcpy(&end, client.out + sizeof(struct control_frame_head), sizeof(end));
    memory_free(client.out);
    return end;
}

static void
see(struct place *p, struct records_seen *seen)
{
    struct source_folder folder = {.os = &os_real, .directory = open_segments(p)};
    struct segment_record record;
    struct records r;

    seen->count = 0;
    assert_int_equal(records_init(&r, &os_real, (struct source){source_open_folder, &folder}), 0);
    while (records_next(&r, &record) == 1) {
        assert_true(seen->count < COUNT_OF(seen->types));
        seen->types[seen->count++] = record.type;
    }
    records_release(&r);
    close(folder.directory);
}

static size_t
count(struct place *p, enum segment_type type)
{
    static struct records_seen seen;
    size_t n = 0;

    see(p, &seen);
    for (size_t i = 0; i < seen.count; i++)
        n += seen.types[i] == type;
    return n;
}

static bool
is_on_disk(const struct place *p)
{
    return p->records.chain.writer.durable == chain_size(&p->records.chain);
}

static void
make_entry(struct place *p, uint32_t ordinal)
{
    uint8_t key[ENTRY_KEY_SIZE];

    assert_int_equal(entry_keys_make(&p->records.entries, ordinal, key), 0);
}

static bool
is_erased(const struct place *p, uint32_t ordinal)
{
    uint8_t key[ENTRY_KEY_SIZE];
    int result = entry_keys_get(&p->records.entries, ordinal, key);

    assert_true(result == 0 || result == PASU_E_ERASED);
    return result == PASU_E_ERASED;
}

/* Each batch from now on is in a segment of its own. */
static void
begin_segments(struct place *p)
{
    const union payload_body body = {.refused = {.error = PASU_E_EOF}};
    uint64_t before = record_segment(&p->records);

    p->records.chain.writer.size = 1;
    for (int i = 0; i < 3; i++)
        assert_int_equal(record_other(&p->records, SEGMENT_REFUSED, &body), 0);
    assert_true(record_segment(&p->records) > before);
}

static int
no_sync(void *arg PASU_UNUSED, int fd PASU_UNUSED)
{
    errno = EIO;
    return -1;
}

/* ---- */

static void
what_was_shown_before_comes_before(void **state)
{
    static struct records_seen seen;
    struct place *p = *state;

    begin(p);
    assert_int_equal(append_number(p, 1, 5, 0), 0);
    assert_int_equal(ask(p, CONTROL_ASKED, 0).error, 0);
    see(p, &seen);
    assert_true(seen.count > 3);
    assert_int_equal(seen.types[seen.count - 3], SEGMENT_SHAPE);
    assert_int_equal(seen.types[seen.count - 2], SEGMENT_TAKEN);
    assert_int_equal(seen.types[seen.count - 1], SEGMENT_ASKED);
    kill_keeper(p);
}

static void
what_cannot_be_taken_back_is_on_the_disk_before_it_is_answered(void **state)
{
    struct place *p = *state;
    struct control_end end;

    begin(p);
    p->records.durability = DURABILITY_OS; /* nothing else is synced */
    end = ask(p, CONTROL_HOLD, 0);
    assert_true(end.error == 0 && is_on_disk(p));
    end = ask(p, CONTROL_RELEASE, end.count);
    assert_true(end.error == 0 && is_on_disk(p));
    make_entry(p, ENTRY);
    end = ask(p, CONTROL_ERASE, ENTRY);
    assert_true(end.error == 0 && is_on_disk(p));
    assert_true(is_erased(p, ENTRY));
    p->os.fdatasync = no_sync;
    assert_int_equal(ask(p, CONTROL_HOLD, 0).error, PASU_E_IO);
    assert_int_equal(p->records.holds.count, 0);
    p->os.fdatasync = os_real.fdatasync;
    kill_keeper(p);
}

/* The next keeper does what is recorded, also where this one has gone on in other segments. */
static void
an_erasure_that_is_recorded_is_done_by_the_next_keeper(void **state)
{
    struct place *p = *state;

    begin(p);
    make_entry(p, ENTRY);
    p->os.fdatasync = no_sync;
    assert_int_equal(ask(p, CONTROL_ERASE, ENTRY).error, PASU_E_IO);
    p->os.fdatasync = os_real.fdatasync;
    assert_false(is_erased(p, ENTRY));
    assert_int_equal(count(p, SEGMENT_ERASED), 1);
    begin_segments(p);
    kill_keeper(p);
    begin(p);
    assert_true(is_erased(p, ENTRY));
    begin_segments(p);
    assert_int_equal(p->records.entries.applied, record_segment(&p->records)); /* and no other */
    kill_keeper(p);
}

static void
while_there_is_a_hold_nothing_is_erased(void **state)
{
    struct place *p = *state;
    struct control_end hold;

    begin(p);
    make_entry(p, ENTRY);
    hold = ask(p, CONTROL_HOLD, 0);
    assert_int_equal(hold.error, 0);
    assert_int_equal(ask(p, CONTROL_ERASE, ENTRY).error, PASU_E_HELD);
    assert_false(is_erased(p, ENTRY));
    assert_int_equal(count(p, SEGMENT_ERASED), 0);
    assert_int_equal(count(p, SEGMENT_ALERT), 1);
    assert_int_equal(ask(p, CONTROL_RELEASE, hold.count).error, 0);
    assert_int_equal(ask(p, CONTROL_ERASE, ENTRY).error, 0);
    assert_true(is_erased(p, ENTRY));
    kill_keeper(p);
}

static void
as_many_holds_as_there_may_be_are_in_every_segment(void **state)
{
    static const struct segment_keys no_keys;
    const union payload_body hold = {.hold = {.who = "court", .why = "evidence"}};
    struct place *p = *state;
    uint64_t first = 0, size;

    begin(p);
    for (int i = 0; i < HOLDS_MAX; i++) {
        struct control_end end = ask(p, CONTROL_HOLD, 0);

        assert_int_equal(end.error, 0);
        first = i == 0 ? end.count : first;
    }
    size = chain_size(&p->records.chain);
    assert_int_equal(ask(p, CONTROL_HOLD, 0).error, PASU_E_RANGE);
    assert_int_equal(chain_size(&p->records.chain), size);
    begin_segments(p);
    kill_keeper(p);
    assert_int_equal(record_aside(&p->log, p->directory, &no_keys, SEGMENT_HOLD, &hold),
                     PASU_E_RANGE); /* nor by a command, without a keeper */
    begin(p);
    assert_int_equal(p->records.holds.count, HOLDS_MAX);
    assert_int_equal(p->records.holds.items[0].number, first);
    assert_int_equal(ask(p, CONTROL_RELEASE, first).error, 0);
    assert_int_equal(ask(p, CONTROL_RELEASE, first).error, PASU_E_NOTFOUND);
    begin_segments(p);
    kill_keeper(p);
    begin(p);
    assert_int_equal(p->records.holds.count, HOLDS_MAX - 1);
    kill_keeper(p);
}

/* Whichever call fails, who asks again has changed the key once. */
static void
a_change_of_the_key_is_gone_on_with_when_it_is_asked_for_again(void **state)
{
    struct place *p = *state;
    bool has_failed = true;
    int call;

    p->os = p->disk->os;
    p->os.random = os_real.random; /* no two keys are the same */
    begin(p);
    for (call = 0; has_failed; call++) {
        int result;

        assert_true(call < 100);
        p->disk->calls_left = call;
        result = ask(p, CONTROL_ROTATE, 0).error;
        has_failed = p->disk->calls_left < 0;
        p->disk->calls_left = -1;
        if (result != 0)
            assert_int_equal(ask(p, CONTROL_ROTATE, 0).error, 0);
        assert_int_equal(count(p, SEGMENT_KEY), 1 + 2 * (call + 1));
    }
    assert_true(call > 10);
    kill_keeper(p);
}

/* ---- alerts ---- */

/* One more of them: its index. */
static uint64_t
put_alert(struct place *p)
{
    const union payload_body body = {.alert = {.severity = 3, .rule = "test", .text = "look"}};

    assert_int_equal(record_other(&p->records, SEGMENT_ALERT, &body), 0);
    return chain_size(&p->records.chain) - 1;
}

static int
acknowledge(struct place *p, uint64_t alert)
{
    return ask(p, CONTROL_ACKNOWLEDGE, alert).error;
}

static void
an_alert_is_acknowledged_once_and_signed(void **state)
{
    struct place *p = *state;
    uint64_t alerts[4];

    begin(p);
    for (size_t i = 0; i < COUNT_OF(alerts); i++)
        alerts[i] = put_alert(p);
    for (size_t i = 0; i < COUNT_OF(alerts); i++) {
        size_t at = (i * 3 + 1) % COUNT_OF(alerts); /* in no order */

        assert_int_equal(acknowledge(p, alerts[at]), 0);
        assert_int_equal(p->records.chain.signed_size, chain_size(&p->records.chain));
        assert_int_equal(acknowledge(p, alerts[at]), PASU_E_ACKNOWLEDGED);
        if (i == 1)
            begin_segments(p);
        if (i == 2) { /* nor by the next keeper */
            kill_keeper(p);
            begin(p);
            assert_int_equal(acknowledge(p, alerts[at]), PASU_E_ACKNOWLEDGED);
        }
        assert_int_equal(count(p, SEGMENT_ACKNOWLEDGED), i + 1);
    }
    kill_keeper(p);
}

static void
what_is_no_alert_is_not_acknowledged(void **state)
{
    struct place *p = *state;
    uint64_t alert;

    begin(p);
    alert = put_alert(p);
    assert_int_equal(acknowledge(p, alert), 0);
    for (uint64_t i = 0; i < chain_size(&p->records.chain) + 2; i++)
        if (i != alert)
            assert_int_equal(acknowledge(p, i), PASU_E_NOTFOUND);
    assert_int_equal(acknowledge(p, UINT64_MAX), PASU_E_NOTFOUND);
    assert_int_equal(count(p, SEGMENT_ACKNOWLEDGED), 1);
    kill_keeper(p);
}

/* What a command read comes with who has acknowledged what. */
static void
alerts_are_found_with_who_acknowledged_them(void **state)
{
    struct place *p = *state;
    uint64_t first, second, damaged;
    struct alerts alerts;
    int segments;

    begin(p);
    first = put_alert(p);
    begin_segments(p);
    second = put_alert(p);
    assert_int_equal(acknowledge(p, first), 0);
    segments = open_segments(p);
    assert_int_equal(alerts_find(&alerts, &os_real, segments, NULL), 0);
    assert_true(alerts.count == 2 && !alerts.is_damaged);
    assert_int_equal(alerts.looked, chain_size(&p->records.chain));
    assert_true(alerts.items[0].index == first && alerts.items[1].index == second);
    assert_string_equal(alerts.items[0].rule, "test");
    assert_string_equal(alerts.items[0].by->who, "court");
    assert_string_equal(alerts.items[0].by->why, "evidence");
    assert_int_equal(alerts.items[0].by->uid, 1000);
    assert_null(alerts.items[1].by);
    assert_ptr_equal(alerts_get(&alerts, second), &alerts.items[1]);
    assert_null(alerts_get(&alerts, second + 1));
    /* What was looked at is not looked at again. */
    assert_int_equal(alerts_check(&os_real, segments, NULL, first, 0), PASU_E_ACKNOWLEDGED);
    assert_int_equal(alerts_check(&os_real, segments, NULL, first, alerts.looked), 0);
    assert_int_equal(alerts_check(&os_real, segments, NULL, second, alerts.looked), 0);
    alerts_release(&alerts);
    assert_true(alerts.count == 0 && !alerts.items);
    /* A record with a payload that is none. */
    damaged = chain_size(&p->records.chain);
    assert_int_equal(record_begin(&p->records, segment_room(3)), 0);
    assert_int_equal(record_commit(&p->records, record_put(&p->records, SEGMENT_ALERT, "x", 1)), 0);
    assert_int_equal(alerts_find(&alerts, &os_real, segments, NULL), 0);
    assert_true(alerts.count == 2 && alerts.is_damaged && !alerts_get(&alerts, damaged));
    alerts_release(&alerts);
    close(segments);
    kill_keeper(p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_shown_before_comes_before),
        TEST(what_cannot_be_taken_back_is_on_the_disk_before_it_is_answered),
        TEST(an_erasure_that_is_recorded_is_done_by_the_next_keeper),
        TEST(while_there_is_a_hold_nothing_is_erased),
        TEST(as_many_holds_as_there_may_be_are_in_every_segment),
        TEST(an_alert_is_acknowledged_once_and_signed),
        TEST(what_is_no_alert_is_not_acknowledged),
        TEST(alerts_are_found_with_who_acknowledged_them),
        TEST(a_change_of_the_key_is_gone_on_with_when_it_is_asked_for_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
