/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "breach/hindsight.h"
#include "breach_story.h"

enum { NAME = 1, PHONE = 2 }; /* bits of vocabulary 1 */

#define THEN SECONDS(2000)

struct telling {
    struct story story;
    struct scope now;
    struct hindsight hindsight;
};

static void
hear(void *hearer, const struct ledger_entry *entry)
{
    assert_int_equal(hindsight_note(hearer, entry), 0);
}

/* Session 7 runs and showed persons 1 and 2 their own names by second 1003. */
static void
begin(struct telling *t)
{
    story_begin(&t->story, scope_take, &t->now);
    scope_init(&t->now, &t->story.selection);
    assert_int_equal(
        hindsight_init(&t->hindsight, THEN, &t->story.selection, &t->story.filter, &os_real), 0);
    t->story.hear = hear;
    t->story.hearer = &t->hindsight;
    story_happens(&t->story, LEDGER_STARTED);
    story_has_vocabulary(&t->story, 1, "name phone", "customer recipient");
    story_opens(&t->story, 7, "analyst", "192.0.2.7", "psql");
    story_shows(&t->story, story_exposure(7, 1, NAME, ORDINALS(1, 2)));
}

static void
end(struct telling *t)
{
    story_end(&t->story);
    assert_int_equal(hindsight_end(&t->hindsight), 0);
}

static void
finish(struct telling *t)
{
    hindsight_release(&t->hindsight);
    scope_release(&t->now);
    story_release(&t->story);
}

static void
erases(struct telling *t, uint32_t ordinal, int64_t time)
{
    const struct payload_erased erased = {.ordinal = ordinal};
    const struct ledger_entry entry = {.type = LEDGER_ERASED, .time = time, .u.erased = &erased};

    assert_int_equal(hindsight_note(&t->hindsight, &entry), 0);
}

static void
loses(struct telling *t, int64_t since)
{
    const struct payload_gap gap = {.count = 3, .since = since, .error = PASU_E_IO};

    story_tell(&t->story, (struct ledger_entry){.type = LEDGER_GAP, .u.gap = &gap});
}

static struct hindsight_pair
customers(const struct telling *t)
{
    return hindsight_kind(&t->hindsight, &t->now, 0);
}

static bool
is_changed(const struct telling *t)
{
    return hindsight_is_changed(&t->hindsight, &t->now);
}

#define ASSERT_PAIR(got, then_, now_)                                                              \
    do {                                                                                           \
        struct hindsight_pair pair_ = (got);                                                       \
        assert_int_equal(pair_.then.at_least, (then_));                                            \
        assert_int_equal(pair_.now.at_least, (now_));                                              \
        assert_int_equal(pair_.is_changed, (then_) != (now_));                                     \
    } while (0)

static void
where_nothing_came_since_nothing_differs(void **state PASU_UNUSED)
{
    struct telling t = {0};

    begin(&t);
    end(&t);
    ASSERT_PAIR(customers(&t), 2, 2);
    assert_false(is_changed(&t));
    finish(&t);
}

static void
a_batch_that_came_late_changes_the_answer_and_is_the_reason(void **state PASU_UNUSED)
{
    struct telling t = {0};
    struct exposure late = story_exposure(7, 1, NAME | PHONE, ORDINALS(2, 3));
    struct persons *added = NULL;

    begin(&t);
    late.time = SECONDS(1500);
    t.story.now = THEN;
    story_shows(&t.story, late);
    t.story.now = SECONDS(2100);
    story_shows(&t.story, late);
    end(&t);
    ASSERT_PAIR(customers(&t), 2, 3);
    ASSERT_PAIR(hindsight_field(&t.hindsight, &t.now, 1), 0, 2);
    assert_int_equal(t.hindsight.late, 2);
    assert_int_equal(t.hindsight.late_first, THEN);
    assert_int_equal(t.hindsight.late_last, SECONDS(2100));
    assert_int_equal(t.hindsight.after, 0);
    assert_int_equal(hindsight_added(&t.hindsight, &t.now, 0, &added), 0);
    assert_int_equal(persons_count(added), 1);
    assert_true(persons_has(added, 3));
    persons_free(added);
    assert_int_equal(hindsight_added(&t.hindsight, &t.now, 1, &added), 0);
    assert_null(added);
    assert_true(is_changed(&t));
    finish(&t);
}

static void
what_was_shown_since_is_told_apart(void **state PASU_UNUSED)
{
    struct telling t = {0};
    struct exposure shown = story_exposure(8, 1, NAME, ORDINALS(1));

    begin(&t);
    t.story.now = THEN;
    story_opens(&t.story, 8, "app", "local", "shop");
    shown.time = THEN; /* the first moment that is not before it */
    story_shows(&t.story, shown);
    end(&t);
    ASSERT_PAIR(customers(&t), 2, 2);
    assert_int_equal(t.hindsight.late, 0);
    assert_int_equal(t.hindsight.after, 1);
    assert_true(hindsight_is_new(&t.hindsight, "app"));
    assert_false(hindsight_is_new(&t.hindsight, "analyst"));
    assert_true(is_changed(&t));
    finish(&t);
}

/* "phone" was masked for the same persons before. */
static void
a_field_that_is_clearer_now_differs(void **state PASU_UNUSED)
{
    struct telling t = {0};
    struct exposure masked = story_exposure(7, 1, NAME, ORDINALS(1, 2));
    struct hindsight_pair pair;

    begin(&t);
    masked.parts[0].masked = PHONE;
    story_shows(&t.story, masked);
    t.story.now = THEN;
    story_shows(&t.story, story_exposure(7, 1, NAME | PHONE, ORDINALS(1, 2)));
    end(&t);
    pair = hindsight_field(&t.hindsight, &t.now, 1);
    assert_int_equal(pair.then.at_least, pair.now.at_least);
    assert_int_equal(pair.clarity_then, CLARITY_MASKED);
    assert_int_equal(pair.clarity_now, CLARITY_CLEAR);
    assert_true(pair.is_changed);
    assert_false(hindsight_field(&t.hindsight, &t.now, 0).is_changed);
    finish(&t);
}

static void
what_is_not_asked_for_is_no_reason(void **state PASU_UNUSED)
{
    struct telling t = {.story.filter = {.field = "phone", .to = THEN, .principal = "analyst"}};
    struct exposure late = story_exposure(7, 1, NAME, ORDINALS(3));

    begin(&t);
    t.story.now = THEN;
    story_opens(&t.story, 8, "app", "local", "shop");
    late.time = SECONDS(1500);
    story_shows(&t.story, late); /* another field */
    late.session = 8;
    late.parts[0].clear = PHONE;
    story_shows(&t.story, late);                                     /* another principal */
    story_shows(&t.story, story_exposure(7, 1, PHONE, ORDINALS(4))); /* not in the asked time */
    end(&t);
    assert_false(is_changed(&t));
    finish(&t);
}

static void
openings_and_new_names_change_nothing(void **state PASU_UNUSED)
{
    struct telling t = {0};
    const struct payload_opening opening = {.record = 4, .count = 2};

    begin(&t);
    t.story.now = THEN;
    story_tell(&t.story, (struct ledger_entry){.type = LEDGER_OPENING, .u.opening = &opening});
    story_has_vocabulary(&t.story, 2, "fax name", "member customer");
    end(&t);
    assert_false(is_changed(&t));
    finish(&t);
}

static void
a_gap_that_was_told_later_is_of_now_only(void **state PASU_UNUSED)
{
    struct telling t = {.story.filter.to = THEN};

    begin(&t);
    loses(&t, SECONDS(1002)); /* known then */
    t.story.now = THEN;
    loses(&t, SECONDS(1900));
    loses(&t, SECONDS(2001)); /* concerns another time */
    end(&t);
    assert_int_equal(t.hindsight.book->gaps.count, 1);
    assert_int_equal(hindsight_gaps(&t.hindsight), 1);
    assert_false(hindsight_is_told_since(&t.hindsight, &t.story.book->gaps.items[0]));
    assert_true(hindsight_is_told_since(&t.hindsight, &t.story.book->gaps.items[1]));
    assert_true(is_changed(&t));
    finish(&t);
}

/* The reading of then has no record of what a keeper that died later did not write. */
static void
a_death_since_is_told_since(void **state PASU_UNUSED)
{
    struct telling t = {0};

    begin(&t);
    t.story.now = THEN;
    story_happens(&t.story, LEDGER_STARTED);
    end(&t);
    assert_int_equal(t.hindsight.book->gaps.count, 0);
    assert_int_equal(hindsight_gaps(&t.hindsight), 1);
    finish(&t);
}

static void
damage_before_then_is_a_gap_of_both(void **state PASU_UNUSED)
{
    struct telling t = {0};
    const struct records_place before = {.segment = 0, .offset = 100},
                               behind = {.segment = 0, .offset = 900};

    begin(&t);
    gaps_damage(&t.story.book->gaps, &before);
    story_shows(&t.story, story_exposure(7, 1, NAME, ORDINALS(1)));
    t.story.now = SECONDS(2500);
    story_shows(&t.story, story_exposure(7, 1, NAME, ORDINALS(1)));
    gaps_damage(&t.story.book->gaps, &behind);
    end(&t);
    assert_int_equal(t.hindsight.book->gaps.count, 1);
    assert_int_equal(t.hindsight.book->gaps.items[0].offset, 100);
    assert_int_equal(t.hindsight.damaged, 1);
    assert_int_equal(hindsight_gaps(&t.hindsight), 1);
    assert_true(is_changed(&t));
    finish(&t);
}

static void
ends_of_sessions_that_are_asked_about_are_counted_once(void **state PASU_UNUSED)
{
    struct telling t = {0};

    begin(&t);
    story_opens(&t.story, 8, "app", "local", "shop"); /* shows nothing */
    story_opens(&t.story, 9, "app", "local", "shop");
    story_shows(&t.story, story_exposure(9, 1, NAME, ORDINALS(1)));
    story_closes(&t.story, 9); /* known then */
    t.story.now = THEN;
    story_closes(&t.story, 7);
    story_closes(&t.story, 7);
    story_closes(&t.story, 8);
    story_closes(&t.story, 9);
    end(&t);
    assert_int_equal(t.hindsight.ended, 1);
    assert_true(is_changed(&t));
    finish(&t);
}

static void
the_erased_are_counted_who_were_named_and_could_be_called_then(void **state PASU_UNUSED)
{
    struct telling t = {0};

    begin(&t);
    erases(&t, 2, THEN - 1); /* was erased then */
    erases(&t, 900, THEN);   /* was not shown */
    end(&t);
    assert_int_equal(hindsight_erased(&t.hindsight), 0);
    assert_false(is_changed(&t));
    erases(&t, 1, THEN);
    erases(&t, 1, THEN + 1);
    assert_int_equal(hindsight_erased(&t.hindsight), 1);
    assert_true(is_changed(&t));
    finish(&t);
}

static void
what_is_in_a_ring_was_not_recorded(void **state PASU_UNUSED)
{
    struct telling t = {0};
    struct exposure exposure = story_exposure(7, 1, NAME, ORDINALS(3));

    begin(&t);
    exposure.time = SECONDS(1500);
    story_tell(&t.story, (struct ledger_entry){
                             .type = LEDGER_EXPOSURE, .is_in_ring = true, .u.exposure = &exposure});
    end(&t);
    ASSERT_PAIR(customers(&t), 2, 3);
    assert_int_equal(t.hindsight.late, 1);
    finish(&t);
}

/* The keeper's clock went back: what bears an earlier time counts as recorded then. */
static void
a_record_counts_by_its_time_not_by_its_place(void **state PASU_UNUSED)
{
    struct telling t = {0};

    begin(&t);
    t.story.now = SECONDS(2500);
    story_shows(&t.story, story_exposure(7, 1, NAME, ORDINALS(3)));
    t.story.now = SECONDS(1900);
    story_shows(&t.story, story_exposure(7, 1, NAME, ORDINALS(4)));
    end(&t);
    ASSERT_PAIR(customers(&t), 3, 4);
    assert_int_equal(t.hindsight.after, 1);
    finish(&t);
}

static void
bounds_differ_as_intervals(void **state PASU_UNUSED)
{
    struct telling t = {0};
    struct exposure late = story_exposure(7, 1, NAME, NULL, 0);
    struct hindsight_pair pair;

    begin(&t);
    late.parts[0].unknown = 10;
    late.time = SECONDS(1500);
    t.story.now = THEN;
    story_shows(&t.story, late);
    end(&t);
    pair = customers(&t);
    assert_int_equal(pair.then.at_most, 2);
    assert_int_equal(pair.now.at_most, 12);
    assert_true(pair.is_changed);
    finish(&t);
}

/* Tells a small ledger until something fails; the first error. */
static int
tell(struct telling *t)
{
    static struct vocabulary vocabulary = {
        .id = 1, .field_count = 1, .kind_count = 1, .fields = {"name"}, .kinds = {"customer"}};
    static const struct message_session opened = {.session = 7, .principal = "analyst"};
    const struct payload_erased erased = {.ordinal = 1};
    struct exposure exposure = story_exposure(7, 1, NAME, ORDINALS(1, 2));
    const struct ledger_entry entries[] = {
        {.type = LEDGER_VOCABULARY, .u.vocabulary = &vocabulary},
        {.type = LEDGER_OPENED, .u.opened = &opened},
        {.type = LEDGER_EXPOSURE, .u.exposure = &exposure},
        {.type = LEDGER_EXPOSURE, .u.exposure = &exposure, .time = THEN},
        {.type = LEDGER_ERASED, .u.erased = &erased, .time = THEN},
    };
    int result = book_new(&t->story.book, &os_real);

    if (result != 0)
        return result;
    t->story.filter.field = "name";
    selection_init(&t->story.selection, t->story.book, &t->story.filter, scope_take, &t->now);
    scope_init(&t->now, &t->story.selection);
    result = hindsight_init(&t->hindsight, THEN, &t->story.selection, &t->story.filter, &os_real);
    for (size_t i = 0; result == 0 && i < COUNT_OF(entries); i++) {
        if (entries[i].type != LEDGER_ERASED)
            result = selection_add(&t->story.selection, &entries[i]);
        if (result == 0)
            result = hindsight_note(&t->hindsight, &entries[i]);
    }
    if (result == 0)
        result = selection_end(&t->story.selection);
    return result == 0 ? hindsight_end(&t->hindsight) : result;
}

static void
every_allocation_may_fail(void **state PASU_UNUSED)
{
    int result = PASU_E_NOMEM;
    uint64_t nth = 0;

    while (result != 0) {
        struct telling t = {0};

        memory_fail_at(++nth);
        result = tell(&t);
        memory_fail_at(0);
        assert_true(result == 0 || result == PASU_E_NOMEM);
        if (result == 0)
            ASSERT_PAIR(customers(&t), 2, 2);
        hindsight_release(&t.hindsight);
        scope_release(&t.now);
        if (t.story.book != NULL)
            selection_release(&t.story.selection);
        book_free(t.story.book);
    }
    assert_true(nth > 20); /* it reached what it was to reach */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_nothing_came_since_nothing_differs),
        cmocka_unit_test(a_batch_that_came_late_changes_the_answer_and_is_the_reason),
        cmocka_unit_test(what_was_shown_since_is_told_apart),
        cmocka_unit_test(a_field_that_is_clearer_now_differs),
        cmocka_unit_test(what_is_not_asked_for_is_no_reason),
        cmocka_unit_test(openings_and_new_names_change_nothing),
        cmocka_unit_test(a_gap_that_was_told_later_is_of_now_only),
        cmocka_unit_test(a_death_since_is_told_since),
        cmocka_unit_test(damage_before_then_is_a_gap_of_both),
        cmocka_unit_test(ends_of_sessions_that_are_asked_about_are_counted_once),
        cmocka_unit_test(the_erased_are_counted_who_were_named_and_could_be_called_then),
        cmocka_unit_test(what_is_in_a_ring_was_not_recorded),
        cmocka_unit_test(a_record_counts_by_its_time_not_by_its_place),
        cmocka_unit_test(bounds_differ_as_intervals),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
