/* SPDX-License-Identifier: Apache-2.0 */
/* The judge of a drill, told small stories: when it notices, by what, and after how many persons;
 * and which controls are in force. */
#include "base/os.h"
#include "config_text.h"
#include "drill/judge.h"
#include "drill/usual.h"
#include "random.h"

#define RULES                                                                                      \
    GATEWAY "ledger: {directory: ./ledger}\n"                                                      \
            "subjects: {customer: {table: public.customers, key: id}}\n"                           \
            "personal_data:\n"                                                                     \
            "  - {table: public.customers, subject: customer, key: id, fields: {name: name}}\n"    \
            "principals: {roster: roster.csv}\n"

#define NOON (20263 * STORY_DAY + 12 * STORY_HOUR)

struct stage {
    struct config *config;
    struct sources sources;
    struct bench bench;
    struct story story;
    uint32_t who;
};

static void
stage_open(struct stage *s, const char *text)
{
    const char *failed;

    *s = (struct stage){.config = model_of(text)};
    assert_int_equal(sources_open(&s->sources, NULL, NULL, &failed), 0);
    s->bench = (struct bench){.config = s->config, .sources = &s->sources, .fields = 1};
    assert_int_equal(vocabulary_of_config(&s->bench.vocabulary, s->config), 0);
    story_init(&s->story, 1, 100000);
    s->who = story_add_who(&s->story, "drill-one", PRINCIPAL_HUMAN, "10.1.2.3", "desk");
}

static void
stage_close(struct stage *s)
{
    story_release(&s->story);
    sources_close(&s->sources);
    config_free(s->config);
}

static struct notice
judged(struct stage *s, unsigned on, unsigned off)
{
    struct controlled controlled;
    struct notice notice;

    assert_int_equal(controlled_init(&controlled, s->config, on, off), 0);
    assert_int_equal(judge_story(&notice, &s->bench, &s->story, &controlled), 0);
    controlled_release(&controlled);
    return notice;
}

/* ---- controls ---- */

static void
a_rule_belongs_to_the_controls_that_its_conditions_are_of(void **state PASU_UNUSED)
{
    struct config *config = model_of(
        RULES "rules:\n"
              "  - {name: a, when: {country: [KR]}, verdict: allow}\n"
              "  - {name: b, when: {country: {not: [KR]}}, verdict: block}\n"
              "  - {name: c, when: {hours: \"22:00-06:00\", asn: [64500]}, verdict: alert}\n"
              "  - {name: d, when: {first_use: \"yes\"}, verdict: hold}\n"
              "  - {name: e, when: {fields: any}, verdict: hold}\n"
              "  - {name: f, when: {verbs: [copy]}, verdict: block}\n"
              "  - {name: g, when: {days: [sun]}, verdict: block, shadow: on}\n"
              "budgets:\n"
              "  - {kind: human, window: hour, subjects: 3, verdict: hold}\n"
              "  - {kind: human, window: day, subjects: 3, verdict: alert}\n");
    const unsigned expected[] = {0,
                                 DRILL_BIT(COUNTRY),
                                 DRILL_BIT(COUNTRY) | DRILL_BIT(HOURS),
                                 DRILL_BIT(FIRST_USE) | DRILL_BIT(APPROVAL),
                                 DRILL_BIT(APPROVAL),
                                 DRILL_BIT(RULES),
                                 0};
    struct controlled controlled;

    assert_int_equal(config->rule_count, COUNT_OF(expected));
    for (size_t i = 0; i < COUNT_OF(expected); i++)
        assert_int_equal(control_of_rule(&config->rules[i]), expected[i]);
    assert_int_equal(control_of_budget(&config->budgets[0]), DRILL_BIT(APPROVAL));
    assert_int_equal(control_of_budget(&config->budgets[1]), DRILL_BIT(BUDGETS));

    /* Alone: with the exceptions; off: whatever else they belong to. */
    assert_int_equal(controlled_init(&controlled, config, DRILL_BIT(HOURS), 0), 0);
    assert_int_equal(controlled.config.rule_count, 3);
    assert_string_equal(controlled.config.rules[1].name, "c");
    assert_int_equal(controlled.config.budget_count, 0);
    controlled_release(&controlled);
    assert_int_equal(controlled_init(&controlled, config, ~0u, DRILL_BIT(COUNTRY)), 0);
    assert_int_equal(controlled.config.rule_count, 5);
    assert_string_equal(controlled.config.rules[1].name, "d");
    assert_int_equal(controlled.config.budget_count, 2);
    controlled_release(&controlled);
    config_free(config);
}

static void
what_a_configuration_lacks_it_does_not_have(void **state PASU_UNUSED)
{
    struct config *config = model_of(GATEWAY "bypass: {verdict: allow}\n");

    assert_int_equal(controls_of(config), DRILL_BIT(DETECTORS));
    config_free(config);
    config = model_of(drill_usual);
    assert_int_equal(controls_of(config),
                     (1u << DRILL_CONTROLS) - 1 - DRILL_BIT(RULES) - DRILL_BIT(DECOYS));
    config_free(config);
}

static void
each_control_is_found_by_its_name(void **state PASU_UNUSED)
{
    for (int c = 0; c < DRILL_CONTROLS; c++)
        assert_int_equal(drill_control_find(drill_control_name((enum drill_control)c)), c);
    assert_int_equal(drill_control_find("budget"), DRILL_CONTROLS);
}

/* ---- the judge ---- */

static void
a_budget_notices_at_the_row_where_it_ends(void **state PASU_UNUSED)
{
    struct notice notice;
    struct stage s;
    uint32_t session;

    stage_open(&s, RULES "budgets: [{kind: human, window: day, subjects: 10, verdict: block}]\n");
    session = story_open(&s.story, s.who, NULL, NOON, true);
    story_ask(&s.story, session, NOON + 1, SHAPE_PAGE, 1, 1, 7, false);
    story_ask(&s.story, session, NOON + STORY_MINUTE, SHAPE_PAGE, 5, 1, 9,
              false); /* 5, 6, 7 again */
    assert_int_equal(story_end(&s.story), 0);
    notice = judged(&s, DRILL_BIT(BUDGETS), 0);
    assert_true(notice.is_noticed);
    assert_int_equal(notice.event, 2);
    assert_int_equal(notice.row, 6);
    assert_true(notice.time == NOON + STORY_MINUTE + 6);
    assert_string_equal(notice.by, "budget kind human day 10");
    assert_false(judged(&s, DRILL_BIT(APPROVAL), 0).is_noticed);
    assert_false(judged(&s, DRILL_BIT(BUDGETS), DRILL_BIT(BUDGETS)).is_noticed);
    stage_close(&s);
}

static void
a_decoy_is_noticed_when_the_record_that_shows_it_is_complete(void **state PASU_UNUSED)
{
    struct notice notice;
    struct stage s;
    uint32_t before, session, decoy;

    stage_open(&s, RULES);
    assert_int_equal(bench_plant(&s.bench, 1000, 1), 0);
    assert_int_equal(s.bench.decoys->count, 1);
    assert_int_equal(s.bench.decoys->sets[0].count, 1);
    decoy = s.bench.decoys->sets[0].items[0].ordinal;
    assert_in_range(decoy, 4, 996);
    before = story_open(&s.story, s.who, NULL, NOON - STORY_DAY, false);
    story_ask(&s.story, before, NOON - STORY_DAY + 1, SHAPE_PAGE, decoy, 1, 1, false);
    story_close(&s.story, before, NOON - STORY_HOUR);
    session = story_open(&s.story, s.who, NULL, NOON, true);
    story_ask(&s.story, session, NOON + 1, SHAPE_PAGE, decoy - 3, 1, 3, false);
    story_ask(&s.story, session, NOON + STORY_MINUTE, SHAPE_PAGE, decoy, 1, 4, false);
    assert_int_equal(story_end(&s.story), 0);
    notice = judged(&s, DRILL_BIT(DECOYS), 0);
    assert_true(notice.is_noticed);
    assert_int_equal(notice.event, 5);
    assert_int_equal(notice.row, 4);
    assert_string_equal(notice.by, "a decoy was shown");
    assert_false(judged(&s, DRILL_BIT(BUDGETS), 0).is_noticed);
    assert_false(judged(&s, DRILL_BIT(DECOYS), DRILL_BIT(DECOYS)).is_noticed);
    bench_release(&s.bench);
    assert_false(judged(&s, DRILL_BIT(DECOYS), 0).is_noticed);
    stage_close(&s);
}

static void
a_ledger_has_no_more_decoys_than_it_can_have(void **state PASU_UNUSED)
{
    struct stage s;

    stage_open(&s, RULES);
    assert_int_equal(bench_plant(&s.bench, 1000, DECOY_SET_MAX + 1), 0);
    assert_int_equal(s.bench.decoys->count, 2);
    assert_int_equal(s.bench.decoys->sets[1].count, 1);
    bench_release(&s.bench);
    assert_int_equal(bench_plant(&s.bench, 1000, SIZE_MAX), 0);
    assert_int_equal(s.bench.decoys->count, DECOY_SETS_MAX);
    bench_release(&s.bench);
    stage_close(&s);
}

static void
what_was_read_before_the_breach_counts_and_is_not_noticed(void **state PASU_UNUSED)
{
    struct notice notice;
    struct stage s;
    uint32_t session;

    stage_open(&s, RULES "rules: [{name: new, when: {first_use: \"yes\"}, verdict: alert}]\n"
                         "budgets: [{kind: human, window: 30d, subjects: 10, verdict: alert}]\n");
    session = story_open(&s.story, s.who, NULL, NOON - STORY_DAY, false);
    story_ask(&s.story, session, NOON - STORY_DAY, SHAPE_PAGE, 1, 1, 30, false);
    session = story_open(&s.story, s.who, NULL, NOON, true);
    story_ask(&s.story, session, NOON + 1, SHAPE_PAGE, 1, 1, 5, false);
    story_ask(&s.story, session, NOON + 2, SHAPE_PAGE, 100, 1, 5, false);
    story_ask(&s.story, session, NOON + 3, SHAPE_ALL, 1, 1, 5, false);
    assert_int_equal(story_end(&s.story), 0);
    assert_true(s.story.begins == NOON);
    notice = judged(&s, DRILL_BIT(BUDGETS), 0); /* nobody new before */
    assert_true(notice.is_noticed && notice.time >= NOON + 2 && notice.time < NOON + 10);
    notice = judged(&s, DRILL_BIT(FIRST_USE), 0);
    assert_true(notice.is_noticed && notice.time == NOON + 3);
    assert_string_equal(notice.by, "rule new");
    stage_close(&s);
}

/* Nobody has stopped it then: who was shown is not new now. */
static void
a_budget_that_ends_counts_all_that_was_read_before(void **state PASU_UNUSED)
{
    struct notice notice;
    struct stage s;
    uint32_t session;

    stage_open(&s, RULES "budgets: [{kind: human, window: 30d, subjects: 10, verdict: block}]\n");
    session = story_open(&s.story, s.who, NULL, NOON - STORY_DAY, false);
    story_ask(&s.story, session, NOON - STORY_DAY, SHAPE_PAGE, 1, 1, 30, false);
    session = story_open(&s.story, s.who, NULL, NOON, true);
    story_ask(&s.story, session, NOON + 1, SHAPE_PAGE, 11, 1, 10, false);
    story_ask(&s.story, session, NOON + STORY_MINUTE, SHAPE_PAGE, 29, 1, 5, false);
    assert_int_equal(story_end(&s.story), 0);
    notice = judged(&s, DRILL_BIT(BUDGETS), 0);
    assert_true(notice.is_noticed && notice.time == NOON + STORY_MINUTE + 2);
    stage_close(&s);
}

static void
a_leaver_is_noticed_where_there_is_a_roster(void **state PASU_UNUSED)
{
    struct notice notice;
    struct stage s;

    for (int has_roster = 0; has_roster < 2; has_roster++) {
        stage_open(&s, RULES);
        if (!has_roster)
            s.config->principals.roster.path = NULL;
        s.story.who[s.who].left_at = NOON - STORY_HOUR;
        (void)story_open(&s.story, s.who, NULL, NOON - 2 * STORY_HOUR, false);
        (void)story_open(&s.story, s.who, NULL, NOON, true);
        assert_int_equal(story_end(&s.story), 0);
        notice = judged(&s, DRILL_BIT(LEAVER), 0);
        assert_int_equal(notice.is_noticed, has_roster);
        assert_true(!has_roster || notice.time == NOON);
        assert_false(judged(&s, ~0u, DRILL_BIT(LEAVER)).is_noticed);
        s.config->principals.roster.path = NULL; /* it was never read */
        stage_close(&s);
    }
}

static void
where_from_and_when_are_the_storys(void **state PASU_UNUSED)
{
    static const char text[] =
        RULES "rules:\n"
              "  - {name: inside, when: {address: [10.0.0.0/8], hours: \"08:00-20:00\"}, verdict: "
              "allow}\n"
              "  - {name: outside, when: {address: {not: [10.0.0.0/8]}}, verdict: block}\n"
              "  - {name: late, when: {hours: \"20:00-08:00\"}, verdict: hold}\n"
              "time_zone: UTC\n";
    static const struct {
        const char *address, *by;
        int64_t at;
    } cases[] = {{"10.9.9.9", "", NOON},
                 {"192.0.2.7", "rule outside", NOON},
                 {"10.9.9.9", "rule late", NOON + 9 * STORY_HOUR}};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct notice notice;
        struct stage s;
        uint32_t session;

        stage_open(&s, text);
        session = story_open(&s.story, s.who, cases[i].address, cases[i].at, true);
        story_ask(&s.story, session, cases[i].at + 1, SHAPE_ONE, 1, 1, 1, false);
        assert_int_equal(story_end(&s.story), 0);
        notice = judged(&s, ~0u, 0);
        assert_string_equal(notice.by, cases[i].by);
        assert_int_equal(notice.row, 0);
        stage_close(&s);
    }
}

/* However it is read: until the notice exactly as many different persons as the budget has. */
static void
a_budget_notices_after_exactly_as_many_persons_as_it_has(void **state PASU_UNUSED)
{
    struct random random = {.state = 5};

    for (int round = 0; round < 40; round++) {
        bool seen[200] = {false};
        struct notice notice;
        struct stage s;
        uint32_t session, persons = 0;

        stage_open(&s, RULES "budgets: [{window: day, subjects: 60, verdict: block}]\n");
        session = story_open(&s.story, s.who, NULL, NOON, true);
        for (int64_t i = 1; i <= 60; i++)
            story_ask(&s.story, session, NOON + i * 1000, SHAPE_PAGE,
                      1 + random_below(&random, 100), 1 + random_below(&random, 4),
                      1 + random_below(&random, 20), random_below(&random, 2) == 0);
        assert_int_equal(story_end(&s.story), 0);
        notice = judged(&s, DRILL_BIT(BUDGETS), 0);
        assert_true(notice.is_noticed);
        for (size_t e = 0; e <= notice.event; e++)
            for (uint32_t i = 0; i < s.story.events[e].count; i++) {
                uint32_t person = s.story.persons[s.story.events[e].first + i];

                if (e < notice.event || i < notice.row) {
                    persons += !seen[person];
                    seen[person] = true;
                }
            }
        assert_int_equal(persons, 60);
        stage_close(&s);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_belongs_to_the_controls_that_its_conditions_are_of),
        cmocka_unit_test(what_a_configuration_lacks_it_does_not_have),
        cmocka_unit_test(each_control_is_found_by_its_name),
        cmocka_unit_test(a_budget_notices_at_the_row_where_it_ends),
        cmocka_unit_test(a_decoy_is_noticed_when_the_record_that_shows_it_is_complete),
        cmocka_unit_test(a_ledger_has_no_more_decoys_than_it_can_have),
        cmocka_unit_test(what_was_read_before_the_breach_counts_and_is_not_noticed),
        cmocka_unit_test(a_budget_that_ends_counts_all_that_was_read_before),
        cmocka_unit_test(a_leaver_is_noticed_where_there_is_a_roster),
        cmocka_unit_test(where_from_and_when_are_the_storys),
        cmocka_unit_test(a_budget_notices_after_exactly_as_many_persons_as_it_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
