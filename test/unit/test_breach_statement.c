/* SPDX-License-Identifier: Apache-2.0 */
#include "breach_story.h"

enum { NAME = 1, PHONE = 2, GIVEN_MAX = 64 };

/* What was given out: the parts are gone by then, so what matters of them is copied. */
struct given {
    struct {
        uint64_t seq, session, statements, rows, misses, flags, shape;
        uint8_t verdict;
        char rule[EXPOSURE_TEXT_MAX], application[APPLICATION_SIZE];
        bool is_session_known, is_notable;
        size_t part_count;
        uint64_t persons, unknown;
        enum attribution attribution;
    } items[GIVEN_MAX];
    size_t count;
    int result;
};

static int
take(void *arg, const struct statement *s)
{
    struct given *given = arg;
    size_t n = given->count++;
    struct persons *all = NULL;

    assert_true(n < GIVEN_MAX);
    given->items[n].seq = s->seq;
    given->items[n].session = s->session_id;
    given->items[n].statements = s->statements;
    given->items[n].rows = s->rows;
    given->items[n].misses = s->misses;
    given->items[n].flags = s->flags;
    given->items[n].shape = s->shape;
    given->items[n].verdict = s->verdict;
    given->items[n].is_session_known = s->is_session_known;
    given->items[n].is_notable = statement_is_notable(s);
    given->items[n].part_count = s->part_count;
    given->items[n].attribution = statement_attribution(s);
    memcpy(given->items[n].rule, s->rule, sizeof(s->rule));
    memcpy(given->items[n].application, s->session.application, sizeof(s->session.application));
    for (size_t p = 0; p < s->part_count; p++) {
        assert_int_equal(persons_unite(&all, s->parts[p].shown), 0);
        given->items[n].unknown += s->parts[p].unknown;
    }
    given->items[n].persons = persons_count(all);
    persons_free(all);
    return given->result;
}

static void
begin(struct story *story, struct given *given)
{
    story_begin(story, take, given);
    story_has_vocabulary(story, 1, "name phone", "customer");
    story_opens(story, 7, "analyst", "192.0.2.7", "psql");
    story_opens(story, 8, "app", "local", "shop");
}

static struct exposure
later_batch(struct exposure exposure)
{
    exposure.statements = 0;
    return exposure;
}

static void
batches_of_one_execution_become_one_statement(void **state PASU_UNUSED)
{
    struct story story = {0};
    struct given given = {0};
    struct exposure bound = later_batch(story_exposure(7, 1, NAME, ORDINALS(4)));

    begin(&story, &given);
    bound.parts[0].unknown = 5;
    bound.parts[0].attribution = ATTRIBUTION_BOUND;
    bound.flags = FLAG_BIT(BOUND);
    story_shows(&story, story_exposure(7, 1, NAME, ORDINALS(1, 2)));
    story_shows(&story, later_batch(story_exposure(7, 1, NAME, ORDINALS(2, 3))));
    story_shows(&story, bound);
    assert_int_equal(given.count, 0);
    story_shows(&story, story_exposure(7, 1, NAME, ORDINALS(9)));
    assert_int_equal(given.count, 1);
    assert_int_equal(given.items[0].seq, 4);
    assert_int_equal(given.items[0].statements, 1);
    assert_int_equal(given.items[0].rows, 5);
    assert_int_equal(given.items[0].persons, 4);
    assert_int_equal(given.items[0].unknown, 5);
    assert_int_equal(given.items[0].part_count, 2);
    assert_int_equal(given.items[0].attribution, ATTRIBUTION_BOUND);
    assert_int_equal(given.items[0].flags, FLAG_BIT(BOUND));
    story_end(&story);
    assert_int_equal(given.count, 2);
    assert_int_equal(given.items[1].persons, 1);
    story_release(&story);
}

static void
what_other_sessions_do_between_changes_nothing(void **state PASU_UNUSED)
{
    struct story story = {0};
    struct given given = {0};

    begin(&story, &given);
    story_shows(&story, story_exposure(7, 1, NAME, ORDINALS(1)));
    story_shows(&story, story_exposure(8, 1, NAME, ORDINALS(2)));
    story_shows(&story, later_batch(story_exposure(7, 1, NAME, ORDINALS(3))));
    story_shows(&story, later_batch(story_exposure(8, 1, NAME, ORDINALS(4))));
    story_closes(&story, 8);
    assert_int_equal(given.count, 1);
    assert_int_equal(given.items[0].session, 8);
    story_end(&story);
    assert_int_equal(given.count, 2);
    assert_int_equal(given.items[1].persons, 2);
    story_release(&story);
}

static void
another_shape_vocabulary_or_actor_is_another_statement(void **state PASU_UNUSED)
{
    struct story story = {0};
    struct given given = {0};
    struct exposure exposure;

    begin(&story, &given);
    story_has_vocabulary(&story, 2, "phone name", "customer");
    story_shows(&story, story_exposure(7, 1, NAME, ORDINALS(1)));
    story_shows(&story, later_batch(story_exposure(7, 2, NAME, ORDINALS(2))));
    exposure = later_batch(story_exposure(7, 2, NAME, ORDINALS(3)));
    exposure.vocabulary = 2;
    story_shows(&story, exposure);
    snprintf(exposure.actor, sizeof(exposure.actor), "kim");
    story_shows(&story, exposure);
    story_end(&story);
    assert_int_equal(given.count, 4);
    assert_int_equal(given.items[1].statements, 0);
    story_release(&story);
}

static void
the_strongest_verdict_counts_with_its_rule(void **state PASU_UNUSED)
{
    struct story story = {0};
    struct given given = {0};
    struct exposure exposure = story_exposure(7, 1, NAME, ORDINALS(1));

    begin(&story, &given);
    exposure.verdict = VERDICT_OF_ALERT;
    snprintf(exposure.rule, sizeof(exposure.rule), "night");
    story_shows(&story, exposure);
    exposure = later_batch(exposure);
    exposure.verdict = VERDICT_OF_BLOCK;
    snprintf(exposure.rule, sizeof(exposure.rule), "budget analyst hour 100");
    story_shows(&story, exposure);
    exposure.verdict = VERDICT_OF_ALLOW;
    exposure.rule[0] = '\0';
    story_shows(&story, exposure);
    story_end(&story);
    assert_int_equal(given.items[0].verdict, VERDICT_OF_BLOCK);
    assert_string_equal(given.items[0].rule, "budget analyst hour 100");
    story_release(&story);
}

/* The keeper may write a session's end before the last of what it showed. */
static void
a_session_is_known_for_a_while_after_its_end(void **state PASU_UNUSED)
{
    struct story story = {0};
    struct given given = {0};

    begin(&story, &given);
    story_closes(&story, 7);
    story_shows(&story, story_exposure(7, 1, NAME, ORDINALS(1)));
    story.now += SECONDS(3600);
    story_happens(&story, LEDGER_STARTED);
    story_shows(&story, story_exposure(7, 2, NAME, ORDINALS(1)));
    story_shows(&story, story_exposure(8, 1, NAME, ORDINALS(1)));
    story_end(&story);
    assert_int_equal(given.count, 3);
    assert_true(given.items[0].is_session_known);
    assert_string_equal(given.items[0].application, "psql");
    assert_false(given.items[1].is_session_known);
    assert_true(given.items[2].is_session_known); /* it has not ended */
    story_release(&story);
}

static void
only_what_says_something_is_notable(void **state PASU_UNUSED)
{
    struct story story = {0};
    struct given given = {0};
    struct exposure plain = {.session = 7, .vocabulary = 1, .statements = 1, .rows = 9};
    struct exposure judged = plain, flagged = plain, missed = plain;

    begin(&story, &given);
    judged.verdict = VERDICT_OF_BLOCK;
    flagged.flags = FLAG_BIT(PROBE);
    missed.misses = 1;
    story_shows(&story, plain);
    story_shows(&story, judged);
    story_shows(&story, flagged);
    story_shows(&story, missed);
    story_end(&story);
    assert_int_equal(given.count, 4);
    assert_false(given.items[0].is_notable);
    for (size_t i = 1; i < 4; i++)
        assert_true(given.items[i].is_notable);
    story_release(&story);
}

static void
an_error_of_who_takes_them_is_given_on(void **state PASU_UNUSED)
{
    struct story story = {0};
    struct given given = {.result = PASU_E_IO};

    begin(&story, &given);
    story_shows(&story, story_exposure(7, 1, NAME, ORDINALS(1)));
    assert_int_equal(selection_end(&story.selection), PASU_E_IO);
    story_release(&story);
}

/* Sums of hostile numbers stay at the largest number. */
static void
sums_do_not_wrap(void **state PASU_UNUSED)
{
    struct story story = {0};
    struct given given = {0};
    struct exposure exposure = story_exposure(7, 1, NAME, ORDINALS(1));

    begin(&story, &given);
    exposure.rows = exposure.misses = UINT64_MAX - 1;
    story_shows(&story, exposure);
    story_shows(&story, later_batch(exposure));
    story_end(&story);
    assert_true(given.items[0].rows == UINT64_MAX && given.items[0].misses == UINT64_MAX);
    story_release(&story);
}

/* However long the rows of one statement are, memory is bounded, and nobody is lost. */
static void
more_persons_than_can_be_held_come_in_pieces(void **state PASU_UNUSED)
{
    enum { BATCH = 6000, BATCHES = 1000 };
    static uint32_t ordinals[BATCH];
    struct story story = {0};
    struct given given = {0};
    uint64_t persons = 0, statements = 0;

    begin(&story, &given);
    for (uint32_t b = 0; b < BATCHES; b++) {
        struct exposure exposure = story_exposure(7, 1, NAME, ordinals, BATCH);

        for (uint32_t i = 0; i < BATCH; i++)
            ordinals[i] = b * BATCH + i;
        exposure.statements = b == 0;
        story_shows(&story, exposure);
        assert_true(story.selection.statements.persons <= STATEMENT_PERSONS_MAX);
    }
    story_end(&story);
    assert_int_equal(given.count, 6);
    for (size_t i = 0; i < given.count; i++) {
        persons += given.items[i].persons;
        statements += given.items[i].statements;
    }
    assert_int_equal(persons, (uint64_t)BATCH * BATCHES);
    assert_int_equal(statements, 1);
    story_release(&story);
}

/* ---- the gaps that the book keeps ---- */

static void
gaps_are_kept_with_their_times(void **state PASU_UNUSED)
{
    struct story story = {0};
    struct given given = {0};
    struct payload_gap lost = {.count = 12, .since = SECONDS(900), .error = PASU_E_DISKFULL};
    const struct records_place place = {.segment = 40, .offset = 4711, .index = 44};
    const struct records_place other = {.segment = 50, .offset = 4711, .index = 51};
    const struct gap *gaps;

    story_begin(&story, take, &given);
    gaps = story.book->gaps.items;
    story_happens(&story, LEDGER_STARTED); /* at 1000 s; each a second after the one before */
    story_happens(&story, LEDGER_STOPPED);
    story_happens(&story, LEDGER_STARTED);
    story_happens(&story, LEDGER_STARTED);
    story_tell(&story, (struct ledger_entry){.type = LEDGER_GAP, .u.gap = &lost});
    gaps_damage(&story.book->gaps, &place);
    gaps_damage(&story.book->gaps, &place);
    story_opens(&story, 1, "a", "local", "");
    gaps_damage(&story.book->gaps, &other);
    assert_int_equal(story.book->gaps.count, 5);
    assert_int_equal(gaps[0].what, GAP_STOPPED);
    assert_true(gaps[0].from == SECONDS(1001) && gaps[0].to == SECONDS(1002));
    assert_int_equal(gaps[1].what, GAP_DIED);
    assert_int_equal(gaps[2].what, GAP_LOST);
    assert_true(gaps[2].from == SECONDS(900) && gaps[2].records == 12);
    assert_int_equal(gaps[3].what, GAP_DAMAGED);
    assert_true(gaps[3].segment == 40 && gaps[3].offset == 4711);
    assert_true(gaps[3].to == SECONDS(1005));
    assert_true(gaps[4].segment == 50 && gaps[4].offset == 4711);
    assert_int_equal(gaps[4].to, 0); /* nothing came after it */
    assert_true(gap_concerns(&gaps[4], SECONDS(5000), 0));
    assert_true(gap_concerns(&gaps[2], SECONDS(950), SECONDS(960)));
    assert_false(gap_concerns(&gaps[2], SECONDS(1), SECONDS(900)));
    assert_false(gap_concerns(&gaps[2], SECONDS(1005), 0));
    assert_true(gap_concerns(&gaps[3], SECONDS(1), SECONDS(2)));
    assert_false(gap_concerns(&gaps[3], SECONDS(1006), 0));
    story_end(&story);
    story_release(&story);
}

static void
gaps_beyond_the_limit_are_counted(void **state PASU_UNUSED)
{
    struct story story = {0};
    struct given given = {0};

    story_begin(&story, take, &given);
    for (int i = 0; i < GAPS_MAX + 10; i++)
        story_happens(&story, LEDGER_STARTED);
    assert_int_equal(story.book->gaps.count, GAPS_MAX);
    assert_int_equal(story.book->gaps.left_out, 9);
    story_release(&story);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_of_one_execution_become_one_statement),
        cmocka_unit_test(what_other_sessions_do_between_changes_nothing),
        cmocka_unit_test(another_shape_vocabulary_or_actor_is_another_statement),
        cmocka_unit_test(the_strongest_verdict_counts_with_its_rule),
        cmocka_unit_test(a_session_is_known_for_a_while_after_its_end),
        cmocka_unit_test(only_what_says_something_is_notable),
        cmocka_unit_test(an_error_of_who_takes_them_is_given_on),
        cmocka_unit_test(sums_do_not_wrap),
        cmocka_unit_test(more_persons_than_can_be_held_come_in_pieces),
        cmocka_unit_test(gaps_are_kept_with_their_times),
        cmocka_unit_test(gaps_beyond_the_limit_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
