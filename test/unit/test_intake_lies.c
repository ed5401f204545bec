/* SPDX-License-Identifier: Apache-2.0 */
/* A gate that lies to the keeper: what it leaves in its rings is a gap at worst, and never damage
 * in the ledger. */
#include "ledger/reader.h"
#include "ledger_place.h"

enum { AT_VERDICT = 56 };

struct found {
    uint64_t numbers, gaps, missing;
};

/* Numbers are 1, 2, 3 and so on; nothing is damaged. */
static struct found
look(struct place *p)
{
    struct found found = {0};
    struct ledger_reader *r;
    struct ledger_entry entry;
    int result;

    assert_int_equal(ledger_reader_open(&r, &os_real, p->directory), 0);
    while ((result = ledger_reader_next(r, &entry)) == 1) {
        if (entry.type == LEDGER_GAP) {
            assert_int_equal(entry.u.gap->error, PASU_E_CORRUPT);
            found.gaps++;
            found.missing += entry.u.gap->count;
        } else if (entry.type == LEDGER_SHAPE) {
            assert_int_equal(entry.u.shape->fingerprint, ++found.numbers);
        } else {
            assert_int_equal(entry.type, LEDGER_STARTED);
        }
    }
    assert_int_equal(result, 0);
    ledger_reader_close(r);
    return found;
}

/* ---- what is no payload ---- */

static uint64_t lies;

/* Alone, then beside what is well. */
static void
lie(struct place *p, enum ring_type type, const void *bytes, size_t length)
{
    uint64_t number = 2 * lies;

    assert_int_equal(append(p, 0, type, bytes, length), 0);
    assert_int_equal(intake_take(&p->intake), 0); /* what was missing before is told first */
    assert_int_equal(p->records.gap.count, 1);
    assert_int_equal(append_number(p, 0, number + 1, 0), 0);
    assert_int_equal(append(p, 0, type, bytes, length), 0);
    assert_int_equal(append_number(p, 0, number + 2, 0), 0);
    assert_int_equal(intake_take(&p->intake), 0);
    assert_int_equal(p->records.gap.count, 1);
    lies++;
}

static void
lie_about_exposures(struct place *p)
{
    static const uint32_t ordinals[] = {7, 8, 1000};
    static uint8_t bytes[EXPOSURE_ENCODED_MAX];
    struct exposure exposure = {.session = 64,
                                .rows = 1,
                                .part_count = 1,
                                .parts = {{.attribution = ATTRIBUTION_KEY,
                                           .clear = 1,
                                           .ordinals = ordinals,
                                           .ordinal_count = COUNT_OF(ordinals)}}};
    ssize_t n = exposure_encode(&exposure, bytes, sizeof(bytes));
    uint8_t verdict = bytes[AT_VERDICT];

    assert_true(n > 0);
    lie(p, RING_EXPOSURE, bytes, (size_t)n - 1);
    /* The lists are where they must be, but it is none. */
    assert_int_equal(verdict, VERDICT_OF_ALLOW);
    bytes[AT_VERDICT] = VERDICT_OF_BLOCK + 1;
    lie(p, RING_EXPOSURE, bytes, (size_t)n);
}

static void
lie_about_vocabularies(struct place *p)
{
    static uint8_t bytes[RING_PAYLOAD_MAX];
    struct config config = {0};
    struct vocabulary vocabulary;
    ssize_t n;

    assert_int_equal(vocabulary_of_config(&vocabulary, &config), 0);
    n = vocabulary_encode(&vocabulary, bytes, sizeof(bytes));
    assert_true(n > 0);
    lie(p, RING_VOCABULARY, bytes, (size_t)n - 1);
    lie(p, RING_VOCABULARY, bytes, (size_t)n + 1);
}

static void
lie_about_marks(struct place *p)
{
    struct ring_mark mark = {.number = 1,
                             .what = RING_MARK_CARRIES,
                             .fields = 4,
                             .gateway = "gate",
                             .database = "shop",
                             .name = "copy"};

    lie(p, RING_MARK, &mark, sizeof(mark) - 1);
    mark.fields = 0;
    lie(p, RING_MARK, &mark, sizeof(mark));
}

static void
what_is_no_payload_of_its_type_is_a_gap_of_one(void **state)
{
    const struct ring_ordinal of_nobody = {.ordinal = 5};
    struct place *p = *state;
    struct found found;

    lies = 0;
    begin(p);
    lie_about_exposures(p);
    lie_about_vocabularies(p);
    lie_about_marks(p);
    lie(p, RING_SHAPE, "lie", 3);
    lie(p, RING_SHAPE, "", 0);
    lie(p, RING_ORDINAL, &of_nobody, sizeof(of_nobody));
    kill_keeper(p);
    found = look(p);
    assert_int_equal(lies, 9);
    assert_int_equal(found.numbers, 2 * lies);
    assert_int_equal(found.missing, 2 * lies - 1); /* the last is told before what comes next */
    assert_int_equal(found.gaps, 2 * lies - 1);
}

/* ---- more and more ---- */

static uint64_t told;

/* Each look at the clock, one more of them is there: as many as the keeper takes. */
static int64_t
tell_more(void *arg)
{
    assert_int_equal(append_number(arg, 0, ++told, 0), 0);
    return os_realtime(&os_real);
}

static void
a_gate_that_never_stops_does_not_keep_the_keeper(void **state)
{
    struct place *p = *state;

    begin(p);
    assert_int_equal(append_number(p, 0, told = 1, 0), 0);
    p->os.realtime = tell_more;
    assert_int_equal(intake_take(&p->intake), 0);
    p->os.realtime = os_real.realtime;
    assert_in_range(told, 2, 1000);
    assert_int_equal(intake_take(&p->intake), 0);
    kill_keeper(p);
    assert_int_equal(look(p).numbers, told);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_no_payload_of_its_type_is_a_gap_of_one),
        TEST(a_gate_that_never_stops_does_not_keep_the_keeper),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
