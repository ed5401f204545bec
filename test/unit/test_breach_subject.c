/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/subject.h"
#include "breach_story.h"

enum { NAME = 1, PHONE = 2, ADDRESS = 4 };

struct seen {
    struct story story;
    struct subject subject;
    struct {
        uint64_t seq, clear, masked, null;
        bool is_shown;
        enum attribution attribution;
    } sights[16];
    size_t count;
};

static int
see(void *arg, const struct sight *sight)
{
    struct seen *seen = arg;
    size_t n = seen->count++;

    assert_true(n < COUNT_OF(seen->sights));
    seen->sights[n].seq = sight->statement->seq;
    seen->sights[n].clear = sight->clear;
    seen->sights[n].masked = sight->masked;
    seen->sights[n].null = sight->null;
    seen->sights[n].is_shown = sight->is_shown;
    seen->sights[n].attribution = sight->attribution;
    return 0;
}

static void
begin(struct seen *seen, uint32_t ordinal)
{
    story_begin(&seen->story, subject_take, &seen->subject);
    subject_init(&seen->subject, &seen->story.selection, "customer", see, seen);
    assert_int_equal(subject_add(&seen->subject, ordinal), 0);
    story_has_vocabulary(&seen->story, 1, "name phone address", "recipient customer");
    story_opens(&seen->story, 7, "analyst", "192.0.2.7", "psql");
}

static void
finish(struct seen *seen)
{
    subject_release(&seen->subject);
    story_release(&seen->story);
}

static struct exposure
of_customers(uint64_t clear, const uint32_t *ordinals, size_t count)
{
    struct exposure exposure = story_exposure(7, 1, clear, ordinals, count);

    exposure.parts[0].kind = 1;
    return exposure;
}

static void
only_statements_that_showed_the_person_are_seen(void **state PASU_UNUSED)
{
    struct seen seen = {0};

    begin(&seen, 5);
    story_shows(&seen.story, of_customers(NAME, ORDINALS(1, 5)));
    story_shows(&seen.story, of_customers(NAME, ORDINALS(6)));
    story_shows(&seen.story, story_exposure(7, 1, NAME, ORDINALS(5))); /* recipient 5 */
    story_shows(&seen.story, of_customers(NAME | PHONE, ORDINALS(5)));
    story_end(&seen.story);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.subject.shown, 2);
    assert_int_equal(seen.sights[0].clear, NAME);
    assert_int_equal(seen.sights[1].clear, NAME | PHONE);
    assert_int_equal(seen.subject.field_counts[0], 2);
    assert_int_equal(seen.subject.field_counts[1], 1);
    assert_int_equal(seen.subject.principals.count, 1);
    assert_true(seen.subject.first > 0 && seen.subject.last > seen.subject.first);
    finish(&seen);
}

/* What else the statement showed, of others, is not this person's. */
static void
only_the_persons_own_fields_are_told(void **state PASU_UNUSED)
{
    struct seen seen = {0};
    struct exposure exposure = of_customers(NAME, ORDINALS(5));

    begin(&seen, 5);
    exposure.part_count = 3;
    exposure.parts[0].masked = PHONE;
    exposure.parts[0].null = ADDRESS;
    exposure.parts[1] = of_customers(ADDRESS, ORDINALS(6)).parts[0];
    exposure.parts[2] = of_customers(PHONE, ORDINALS(5)).parts[0];
    exposure.parts[2].attribution = ATTRIBUTION_INJECTED;
    story_shows(&seen.story, exposure);
    story_end(&seen.story);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.sights[0].clear, NAME | PHONE);
    assert_int_equal(seen.sights[0].masked, 0);
    assert_int_equal(seen.sights[0].null, ADDRESS);
    assert_int_equal(seen.sights[0].attribution, ATTRIBUTION_INJECTED);
    finish(&seen);
}

static void
who_was_sought_in_vain_is_told_apart(void **state PASU_UNUSED)
{
    struct seen seen = {0};
    struct exposure exposure = of_customers(NAME, NULL, 0);
    const uint32_t missed[] = {5};

    begin(&seen, 5);
    exposure.parts[0].missed = missed;
    exposure.parts[0].missed_count = 1;
    exposure.misses = 1;
    story_shows(&seen.story, exposure);
    story_end(&seen.story);
    assert_int_equal(seen.count, 1);
    assert_false(seen.sights[0].is_shown);
    assert_int_equal(seen.subject.shown, 0);
    assert_int_equal(seen.subject.missed, 1);
    finish(&seen);
}

static void
statements_that_cannot_name_everybody_are_counted(void **state PASU_UNUSED)
{
    struct seen seen = {0};
    struct exposure exposure = of_customers(NAME, ORDINALS(6));

    begin(&seen, 5);
    exposure.parts[0].unknown = 3;
    story_shows(&seen.story, exposure);
    exposure = of_customers(NAME, ORDINALS(5));
    exposure.parts[0].unknown = 3;
    story_shows(&seen.story, exposure);
    story_end(&seen.story);
    assert_int_equal(seen.subject.possible, 1);
    assert_int_equal(seen.subject.shown, 1);
    finish(&seen);
}

static void
a_person_can_have_several_ordinals(void **state PASU_UNUSED)
{
    struct seen seen = {0};

    begin(&seen, 5);
    assert_int_equal(subject_add(&seen.subject, UINT32_MAX), 0);
    assert_int_equal(subject_add(&seen.subject, 5), 0); /* it is there */
    for (uint32_t i = 2; i < SUBJECT_ORDINALS_MAX; i++)
        assert_int_equal(subject_add(&seen.subject, 1000 + i), 0);
    assert_int_equal(subject_add(&seen.subject, 2000), PASU_E_RANGE);
    story_shows(&seen.story, of_customers(NAME, ORDINALS(5)));
    story_shows(&seen.story, of_customers(NAME, ORDINALS(UINT32_MAX)));
    story_end(&seen.story);
    assert_int_equal(seen.subject.shown, 2);
    finish(&seen);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_statements_that_showed_the_person_are_seen),
        cmocka_unit_test(only_the_persons_own_fields_are_told),
        cmocka_unit_test(who_was_sought_in_vain_is_told_apart),
        cmocka_unit_test(statements_that_cannot_name_everybody_are_counted),
        cmocka_unit_test(a_person_can_have_several_ordinals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
