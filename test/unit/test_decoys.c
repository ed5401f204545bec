/* SPDX-License-Identifier: Apache-2.0 */
/* Decoys: who is shown one is told, and nobody else; they are known whatever is killed or deleted.
 */
#include "ledger/decoys.h"
#include "ledger/deed.h"

#include "ledger_place.h"
#include "random.h"

#include <sys/stat.h>

static struct decoys decoys;

static struct payload_decoys
set_of(uint64_t number, const char *kind, const struct payload_decoy *items, size_t count)
{
    struct payload_decoys set = {.number = number, .uid = 1000, .who = "kim", .why = "bait"};

    snprintf(set.kind, sizeof(set.kind), "%s", kind);
    set.items = view_of(items, count * sizeof(items[0]));
    return set;
}

/* ---- touches ---- */

static void
an_exposure_touches_the_decoys_that_it_names_of_their_kind(void **state PASU_UNUSED)
{
    enum { NUMBERS = 3000, SHOWN = 500 };
    static const char *const kinds[] = {"customer", "member"};
    static bool is_decoy[COUNT_OF(kinds)][NUMBERS];
    static uint32_t shown[SHOWN];
    struct random random = {7};
    struct vocabulary vocabulary;

    memset(&decoys, 0, sizeof(decoys));
    assert_int_equal(vocabulary_of_names(&vocabulary, kinds, 2, kinds, 2), 0);
    decoys_name(&decoys, &vocabulary);
    for (uint64_t s = 0; s < DECOY_SETS_MAX; s++) {
        struct payload_decoy items[DECOY_SET_MAX] = {0};
        struct payload_decoys set = set_of(s + 1, kinds[s % 2], items, DECOY_SET_MAX);

        for (size_t i = 0; i < DECOY_SET_MAX; i++) {
            items[i].ordinal = random_below(&random, NUMBERS);
            items[i].is_known = 1;
            is_decoy[s % 2][items[i].ordinal] = true;
        }
        assert_int_equal(decoys_add(&decoys, &set), 0);
    }
    for (int round = 0; round < 400; round++) {
        struct exposure e = {.vocabulary = vocabulary.id, .part_count = 1};
        struct decoy_touch touch;
        uint32_t due = 0;
        size_t count = random_below(&random, round % 2 ? 4 : SHOWN);

        e.parts[0] = (struct exposure_part){.kind = (uint8_t)random_below(&random, 2),
                                            .clear = round % 7 != 0,
                                            .null = 2,
                                            .ordinals = shown,
                                            .ordinal_count = count};
        for (size_t i = 0; i < count; i++) {
            shown[i] = random_below(&random, NUMBERS);
            due += round % 7 != 0 && is_decoy[e.parts[0].kind][shown[i]];
        }
        assert_int_equal(decoys_touched(&decoys, &e, UINT32_MAX, &touch), due > 0);
        assert_int_equal(touch.count, due);
        if (due > 0)
            assert_ptr_equal(decoys_of(&decoys, kinds[e.parts[0].kind], touch.ordinal, 1),
                             touch.set);
        e.vocabulary++; /* whose kinds nobody knows: either */
        if (due > 0)
            assert_true(decoys_touched(&decoys, &e, UINT32_MAX, &touch));
    }
}

static void
an_upper_bound_and_what_was_asked_for_in_vain_touch_nobody(void **state PASU_UNUSED)
{
    const struct payload_decoy item = {.ordinal = 42, .is_known = 1};
    struct payload_decoys set = set_of(1, "customer", &item, 1);
    struct exposure e = {.part_count = 1};
    struct decoy_touch touch;

    memset(&decoys, 0, sizeof(decoys));
    set.planted = 10 * NANOSECONDS_PER_SECOND;
    assert_int_equal(decoys_add(&decoys, &set), 0);
    e.time = 20 * NANOSECONDS_PER_SECOND;
    e.parts[0] = (struct exposure_part){
        .clear = 1, .unknown = 1000, .missed = &item.ordinal, .missed_count = 1};
    assert_false(decoys_touched(&decoys, &e, 1, &touch));
    e.parts[0].ordinals = &item.ordinal;
    e.parts[0].ordinal_count = 1;
    assert_true(decoys_touched(&decoys, &e, 1, &touch));
    e.time = 5 * NANOSECONDS_PER_SECOND; /* before anybody knew */
    assert_false(decoys_touched(&decoys, &e, 1, &touch));
    e.time = 20 * NANOSECONDS_PER_SECOND;
    assert_int_equal(decoys_retire(&decoys, 1, 20 * NANOSECONDS_PER_SECOND), 0);
    assert_false(decoys_touched(&decoys, &e, 1, &touch));
    assert_int_equal(decoys_retire(&decoys, 1, 30 * NANOSECONDS_PER_SECOND), PASU_E_NOTFOUND);
    e.time = 15 * NANOSECONDS_PER_SECOND;
    assert_true(decoys_touched(&decoys, &e, 1, &touch));
    assert_non_null(decoys_of(&decoys, "customer", 42, INT64_MAX)); /* no person all the same */
    assert_null(decoys_of(&decoys, "customer", 42, set.planted));
    assert_null(decoys_of(&decoys, "member", 42, INT64_MAX));
    set.planted = INT64_MIN; /* of a file that nobody here has written */
    assert_int_equal(decoys_add(&decoys, &set), 0);
    assert_true(decoys_touched(&decoys, &e, 1, &touch));
}

/* ---- in the ledger ---- */

static uint64_t
plant(struct place *p, const struct payload_decoy *items, size_t count)
{
    union payload_body body = {.decoys = set_of(0, "customer", items, count)};

    assert_int_equal(record_deed(&p->records, SEGMENT_DECOYS, &body), 0);
    assert_int_equal(p->records.chain.writer.durable, chain_size(&p->records.chain));
    return body.decoys.number;
}

static void
find(struct place *p)
{
    const struct segment_watch nobody = {0};
    const struct segment_keys none = {0};
    int segments = open_segments(p);

    memset(&decoys, 0, sizeof(decoys));
    assert_int_equal(decoys_find(&decoys, &os_real, segments, &none, &nobody), 0);
    close(segments);
}

/* Whatever is older than the newest segment is deleted. */
static size_t
delete_old(struct place *p)
{
    int segments = open_segments(p);
    uint64_t *firsts;
    size_t count;

    assert_int_equal(segment_list(&os_real, segments, &firsts, &count), 0);
    for (size_t i = 0; i + 1 < count; i++) {
        char name[SEGMENT_NAME_SIZE];

        segment_name(name, firsts[i]);
        assert_int_equal(unlinkat(segments, name, 0), 0);
    }
    memory_free(firsts);
    close(segments);
    return count;
}

static void
they_are_known_by_the_newest_segment_alone(void **state)
{
    const struct payload_decoy items[] = {{.ordinal = 7, .is_known = 1}, {.key = {9}}};
    struct place *p = *state;
    union payload_body body = {.retired = {.who = "lee", .why = "gone"}};
    uint64_t first, other;
    int64_t retired;

    begin(p);
    first = plant(p, items, 2);
    other = plant(p, items, 1);
    body.retired.number = other;
    assert_int_equal(record_deed(&p->records, SEGMENT_RETIRED, &body), 0);
    retired = body.retired.at;
    assert_int_equal(record_deed(&p->records, SEGMENT_RETIRED, &body), PASU_E_NOTFOUND);
    p->records.chain.writer.size = 1 << 16;
    for (uint64_t i = 0; i < 300; i++) {
        assert_int_equal(append_number(p, 0, i, 500), 0);
        if (i % 50 == 49)
            assert_int_equal(intake_take(&p->intake), 0);
    }
    kill_keeper(p);
    assert_true(delete_old(p) > 2);
    find(p);
    assert_int_equal(decoys.count, 2);
    assert_int_equal(decoys_get(&decoys, first)->head.retired, 0);
    assert_int_equal(decoys_get(&decoys, first)->count, 2);
    assert_string_equal(decoys_get(&decoys, first)->head.why, "bait");
    assert_int_equal(decoys_get(&decoys, other)->head.retired, retired);
    assert_int_equal(decoys.unknown, 1);
}

static void
a_key_gets_its_ordinal_when_the_directory_tells_it_and_keeps_it(void **state)
{
    const struct payload_decoy item = {.key = {1, 2, 3}};
    const struct ring_ordinal entry = {.ordinal = UINT32_MAX, .kind = 3, .hash = {1, 2, 3}};
    struct exposure e = {.part_count = 1, .time = INT64_MAX};
    struct place *p = *state;
    struct decoy_touch touch;
    uint32_t shown = UINT32_MAX;

    e.parts[0] = (struct exposure_part){.clear = 1, .ordinals = &shown, .ordinal_count = 1};
    begin(p);
    plant(p, &item, 1);
    assert_false(decoys_touched(&p->records.decoys, &e, 1, &touch));
    assert_int_equal(append(p, 0, RING_ORDINAL, &entry, sizeof(entry)), 0);
    assert_int_equal(intake_take(&p->intake), 0);
    assert_true(decoys_touched(&p->records.decoys, &e, 1, &touch));
    assert_int_equal(p->records.decoys.unknown, 0);
    kill_keeper(p);
    begin(p);
    assert_true(decoys_touched(&p->records.decoys, &e, 1, &touch));
    kill_keeper(p);
    find(p);
    assert_true(decoys_touched(&decoys, &e, 1, &touch));
}

static struct control_end
ask(struct place *p, const struct control_decoys *asked)
{
    struct control_client client = {.uid = 1000, .request = {.verb = CONTROL_DECOYS}};
    struct control_end end;

    client.request.decoys = *asked;
    assert_true(deed_do(&client, &p->intake));
    memcpy(&end, client.out + sizeof(struct control_frame_head), sizeof(end));
    memory_free(client.out);
    return end;
}

static void
what_is_no_set_is_refused_and_so_are_too_many(void **state)
{
    struct control_decoys asked = {.kind = "customer", .who = "kim", .why = "bait"};
    struct place *p = *state;
    uint64_t number = 0;

    begin(p);
    asked.items[0] = (struct payload_decoy){.ordinal = 1, .is_known = 1};
    assert_int_equal(ask(p, &asked).error, PASU_E_MALFORMED);
    asked.count = DECOY_SET_MAX + 1;
    assert_int_equal(ask(p, &asked).error, PASU_E_MALFORMED);
    asked.count = 2;
    asked.items[1].is_known = 2;
    assert_int_equal(ask(p, &asked).error, PASU_E_RANGE);
    asked.items[1] = (struct payload_decoy){.ordinal = 3};
    assert_int_equal(ask(p, &asked).error, PASU_E_RANGE);
    asked.items[1] = (struct payload_decoy){.key = {1}};
    asked.number = 99;
    assert_int_equal(ask(p, &asked).error, PASU_E_NOTFOUND);
    asked.number = 0;
    assert_int_equal(p->records.decoys.count, 0);
    for (int i = 0; i < DECOY_SETS_MAX; i++) {
        struct control_end end = ask(p, &asked);

        assert_int_equal(end.error, 0);
        assert_true(end.count > number);
        number = end.count;
    }
    assert_int_equal(ask(p, &asked).error, PASU_E_RANGE);
    asked.number = number;
    asked.items[1] = (struct payload_decoy){.ordinal = 8, .is_known = 1, .key = {1}};
    assert_int_equal(ask(p, &asked).error, 0);
    assert_int_equal(decoys_get(&p->records.decoys, number)->items[1].ordinal, 8);
    kill_keeper(p);
}

/* ---- alerts ---- */

static void
show(struct place *p, uint32_t ordinal)
{
    static uint8_t bytes[EXPOSURE_ENCODED_MAX];
    struct exposure exposure = {.session = 64,
                                .time = INT64_MAX / 2,
                                .rows = 1,
                                .statements = 1,
                                .shape = 0xabcdef,
                                .part_count = 1,
                                .parts = {{.attribution = ATTRIBUTION_KEY,
                                           .clear = 1,
                                           .ordinals = &ordinal,
                                           .ordinal_count = 1}}};
    ssize_t n = exposure_encode(&exposure, bytes, sizeof(bytes));

    assert_true(n > 0);
    assert_int_equal(append(p, 0, RING_EXPOSURE, bytes, (size_t)n), 0);
}

static void
who_is_shown_one_is_an_alert_that_says_who_and_from_where(void **state)
{
    const struct payload_decoy item = {.ordinal = 4711, .is_known = 1};
    const struct message_session session = {
        .session = 64, .principal = "analyst", .address = "203.0.113.9"};
    static struct folds folds;
    struct place *p = *state;
    const struct message_alert *due;
    char set[32];

    begin(p);
    p->records.folds = &folds;
    assert_int_equal(record_opened(&p->records, &session), 0);
    snprintf(set, sizeof(set), "set %u,", (unsigned)plant(p, &item, 1));
    show(p, 4710);
    assert_int_equal(intake_take(&p->intake), 0);
    assert_null(folds_due(&folds, now));
    show(p, 4711);
    assert_int_equal(intake_take(&p->intake), 0);
    due = folds_due(&folds, now);
    assert_non_null(due);
    assert_int_equal(due->severity, 5);
    assert_int_equal(due->control, ALERT_OF_DECOY);
    assert_string_equal(due->principal, "analyst");
    assert_int_equal(due->record, chain_size(&p->records.chain) - 2); /* before what ends it */
    assert_int_equal(due->session, 64);
    assert_non_null(strstr(due->text, "from 203.0.113.9"));
    assert_non_null(strstr(due->text, "customer 4711"));
    assert_non_null(strstr(due->text, "0000000000abcdef"));
    assert_non_null(strstr(due->text, set));
    kill_keeper(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_exposure_touches_the_decoys_that_it_names_of_their_kind),
        cmocka_unit_test(an_upper_bound_and_what_was_asked_for_in_vain_touch_nobody),
        cmocka_unit_test_setup_teardown(they_are_known_by_the_newest_segment_alone, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(
            a_key_gets_its_ordinal_when_the_directory_tells_it_and_keeps_it, make_place,
            remove_place),
        cmocka_unit_test_setup_teardown(what_is_no_set_is_refused_and_so_are_too_many, make_place,
                                        remove_place),
        cmocka_unit_test_setup_teardown(who_is_shown_one_is_an_alert_that_says_who_and_from_where,
                                        make_place, remove_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
