/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that come crowded share records, and nothing of whom they show is lost or coarser. */
#include "ledger/merge.h"

#include "ledger/record.h"
#include "ledger_place.h"

enum { SESSIONS = 3, ROUNDS = 240, FIRST_PERSON = 1000 };

/* What a round shows to a session: each another person, every seventh misses one, too. */
struct showing {
    uint32_t shown, missed;
    struct exposure exposure;
};

static void
make_showing(struct showing *w, uint64_t session, uint32_t round)
{
    w->shown = FIRST_PERSON * (uint32_t)session + round;
    w->missed = w->shown + FIRST_PERSON * 100;
    w->exposure = (struct exposure){.session = session,
                                    .time = 5000 + round,
                                    .shape = 77,
                                    .statements = 1,
                                    .rows = 2,
                                    .misses = round % 7 == 0,
                                    .part_count = 1,
                                    .parts = {{.attribution = ATTRIBUTION_KEY,
                                               .clear = round % 2 ? 3 : 1,
                                               .null = round % 2 ? 0 : 2,
                                               .ordinals = &w->shown,
                                               .ordinal_count = 1,
                                               .missed = &w->missed,
                                               .missed_count = round % 7 == 0}}};
}

static void
put(struct place *p, const struct exposure *exposure)
{
    static uint8_t bytes[EXPOSURE_ENCODED_MAX];
    ssize_t n = exposure_encode(exposure, bytes, sizeof(bytes));

    assert_true(n > 0);
    assert_int_equal(append(p, 0, RING_EXPOSURE, bytes, (size_t)n), 0);
}

/* ---- what the ledger has ---- */

struct seen {
    uint8_t shown[SESSIONS][ROUNDS], missed[SESSIONS][ROUNDS]; /* how often */
    uint64_t statements[SESSIONS], rows, misses;
    uint64_t before_block; /* statements of session 1 that are recorded before its block */
    size_t records, blocks;
};

static void
count_persons(struct seen *seen, const struct exposure *e)
{
    const struct exposure_part *part = &e->parts[0];
    uint64_t session = e->session;

    for (size_t i = 0; i < part->ordinal_count; i++) {
        uint32_t round = part->ordinals[i] - FIRST_PERSON * (uint32_t)session;

        assert_true(round < ROUNDS);
        assert_int_equal(part->clear, round % 2 ? 3 : 1); /* fields are not mixed */
        assert_true(e->time <= 5000 + (int64_t)round);
        seen->shown[session][round]++;
    }
    for (size_t i = 0; i < part->missed_count; i++)
        seen->missed[session][part->missed[i] - FIRST_PERSON * (100 + (uint32_t)session)]++;
}

static void
read_all(struct place *p, struct seen *seen)
{
    static uint32_t space[EXPOSURE_ALL_MAX];
    struct source_folder folder = {.os = &os_real, .directory = open_segments(p)};
    struct segment_record record;
    struct exposure e;
    struct records r;
    int result;

    *seen = (struct seen){0};
    assert_int_equal(records_init(&r, &os_real, (struct source){source_open_folder, &folder}), 0);
    while ((result = records_next(&r, &record)) == 1) {
        if (record.type != SEGMENT_EXPOSURE)
            continue;
        seen->records++;
        assert_int_equal(
            exposure_decode(&e, view_of(record.payload.bytes + 16, record.payload.length - 16),
                            space, EXPOSURE_ALL_MAX),
            0);
        if (e.verdict == VERDICT_OF_BLOCK) {
            seen->blocks++;
            seen->before_block = seen->statements[e.session];
            continue;
        }
        seen->statements[e.session] += e.statements;
        seen->rows += e.rows;
        seen->misses += e.misses;
        count_persons(seen, &e);
    }
    assert_int_equal(result, 0); /* each batch has as many records as it says */
    records_release(&r);
    close(folder.directory);
}

static void
check_all(const struct seen *seen)
{
    for (int s = 0; s < SESSIONS; s++) {
        assert_int_equal(seen->statements[s], ROUNDS);
        for (int i = 0; i < ROUNDS; i++) {
            assert_int_equal(seen->shown[s][i], 1);
            assert_int_equal(seen->missed[s][i], i % 7 == 0);
        }
    }
    assert_int_equal(seen->rows, 2 * SESSIONS * ROUNDS);
    assert_int_equal(seen->misses, SESSIONS * ((ROUNDS + 6) / 7));
}

/* Rounds `from` to `to` of every session. */
static void
show_rounds(struct place *p, uint32_t from, uint32_t to)
{
    for (uint32_t round = from; round < to; round++)
        for (uint64_t session = 0; session < SESSIONS; session++) {
            struct showing w;

            make_showing(&w, session, round);
            put(p, &w.exposure);
        }
}

static void
crowded_statements_share_records_and_each_person_is_there_once(void **state)
{
    struct place *p = *state;
    struct seen seen;

    begin(p);
    show_rounds(p, 0, ROUNDS);
    assert_int_equal(intake_take(&p->intake), 0);
    kill_keeper(p);
    read_all(p, &seen);
    check_all(&seen);
    assert_true(seen.records <= ROUNDS); /* one in three at most; the two kinds take turns */
}

static void
few_statements_have_a_record_each(void **state)
{
    struct place *p = *state;
    struct seen seen;

    begin(p);
    for (uint32_t round = 0; round < ROUNDS; round += 8) {
        show_rounds(p, round, round + 8);
        assert_int_equal(intake_take(&p->intake), 0);
    }
    kill_keeper(p);
    read_all(p, &seen);
    check_all(&seen);
    assert_int_equal(seen.records, SESSIONS * ROUNDS);
}

static void
what_was_judged_stands_alone_behind_what_came_before_it(void **state)
{
    struct place *p = *state;
    struct showing w;
    struct seen seen;

    begin(p);
    show_rounds(p, 0, ROUNDS / 2);
    make_showing(&w, 1, 0);
    w.exposure.verdict = VERDICT_OF_BLOCK;
    memcpy(w.exposure.rule, "night", sizeof("night"));
    put(p, &w.exposure);
    put(p, &w.exposure);
    show_rounds(p, ROUNDS / 2, ROUNDS);
    assert_int_equal(intake_take(&p->intake), 0);
    kill_keeper(p);
    read_all(p, &seen);
    check_all(&seen);
    assert_int_equal(seen.blocks, 2);
    assert_int_equal(seen.before_block, ROUNDS / 2);
}

/* ---- what is alike ---- */

static void
only_what_differs_in_persons_and_counts_is_united(void **state PASU_UNUSED)
{
    static struct merge merge;
    struct showing a, b;

    make_showing(&a, 1, 1);
    assert_null(merge_hold(&merge, &a.exposure));
    for (int what = 0; what < 16; what++) {
        struct exposure *e = &b.exposure;

        make_showing(&b, 1, 3);
        switch (what) {
        case 0:
            e->session += MERGE_SLOTS;
            break;
        case 1:
            e->shape += MERGE_SLOTS;
            break;
        case 2:
            e->vocabulary = 1;
            break;
        case 3:
            e->flags = 1;
            break;
        case 4:
            e->actor[0] = 'k';
            break;
        case 5:
            e->claims.purpose[0] = 'p';
            break;
        case 6:
            e->claims.source[0] = '?';
            break;
        case 7:
            e->parts[0].kind = 1;
            break;
        case 8:
            e->parts[0].attribution = ATTRIBUTION_PINNED;
            break;
        case 9:
            e->parts[0].is_text = true;
            break;
        case 10:
            e->parts[0].masked = 1;
            break;
        case 11:
            e->parts[0].null = 4;
            break;
        case 12:
            e->has_verbs = true;
            break;
        case 13:
            e->verbs = 2;
            break;
        case 14: /* they waited for a keeper */
            e->time = a.exposure.time + NANOSECONDS_PER_SECOND + 1;
            break;
        case 15:
            e->time = INT64_MIN;
            break;
        }
        assert_true(merge_can(e));
        if (!merge_hold(&merge, e)) { /* in a slot of its own */
            assert_int_equal(merge.used, 2);
            for (size_t i = 0; i < MERGE_SLOTS; i++)
                if (merge.slots[i].is_used && merge.slots[i].exposure.time == e->time)
                    merge_free(&merge, &merge.slots[i]);
        }
        assert_int_equal(merge.used, 1);
        assert_int_equal(merge_next(&merge)->exposure.statements, 1);
    }
    make_showing(&b, 1, 3);
    assert_null(merge_hold(&merge, &b.exposure));
    assert_int_equal(merge.used, 1);
    assert_int_equal(merge_next(&merge)->exposure.statements, 2);
}

static void
what_is_bound_judged_or_of_many_is_not(void **state PASU_UNUSED)
{
    struct showing w;

    make_showing(&w, 1, 1);
    assert_true(merge_can(&w.exposure));
    w.exposure.parts[0].unknown = 1;
    assert_false(merge_can(&w.exposure));
    make_showing(&w, 1, 1);
    w.exposure.verdict = VERDICT_OF_ALERT;
    assert_false(merge_can(&w.exposure));
    make_showing(&w, 1, 1);
    w.exposure.rule[0] = 's'; /* a rule in shadow */
    assert_false(merge_can(&w.exposure));
    make_showing(&w, 1, 1);
    w.exposure.part_count = MERGE_PARTS + 1;
    assert_false(merge_can(&w.exposure));
    make_showing(&w, 1, 1);
    w.exposure.parts[0].ordinal_count = MERGE_LIST + 1;
    assert_false(merge_can(&w.exposure));
}

static void
the_fullest_union_has_room(void **state PASU_UNUSED)
{
    static struct merge merge;
    static uint8_t bytes[MERGE_ENCODED_MAX];
    uint32_t persons[2] = {1, 3};
    struct exposure e = {.session = 1, .statements = 1, .part_count = MERGE_PARTS};

    memset(e.actor, 'a', EXPOSURE_TEXT_MAX - 1);
    memset(e.claims.purpose, 'p', EXPOSURE_TEXT_MAX - 1);
    snprintf(e.claims.source, sizeof(e.claims.source), "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff");
    for (int i = 0; i < MERGE_PARTS; i++)
        e.parts[i] = (struct exposure_part){.kind = (uint8_t)i,
                                            .attribution = ATTRIBUTION_KEY,
                                            .ordinals = persons,
                                            .ordinal_count = 2,
                                            .missed = persons,
                                            .missed_count = 2};
    for (int i = 0; i < MERGE_LIST / 2; i++)
        assert_null(merge_hold(&merge, &e));
    assert_ptr_equal(merge_hold(&merge, &e), merge_next(&merge)); /* no room for more */
    assert_true(exposure_encode(&merge_next(&merge)->exposure, bytes, sizeof(bytes)) > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(crowded_statements_share_records_and_each_person_is_there_once),
        TEST(few_statements_have_a_record_each),
        TEST(what_was_judged_stands_alone_behind_what_came_before_it),
        cmocka_unit_test(only_what_differs_in_persons_and_counts_is_united),
        cmocka_unit_test(what_is_bound_judged_or_of_many_is_not),
        cmocka_unit_test(the_fullest_union_has_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
