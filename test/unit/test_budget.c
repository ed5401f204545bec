/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/budget.h"
#include "unit.h"

static struct config_budget budgets[] = {
    {.principal = "analyst", .window = WINDOW_HOUR, .subjects = 100, .verdict = VERDICT_BLOCK},
    {.kind = "service", .window = WINDOW_DAY, .subjects = 500000, .verdict = VERDICT_ALERT},
    {.window = WINDOW_HOUR, .subjects = 70, .verdict = VERDICT_HOLD},
    {.kind = "human", .window = WINDOW_HOUR, .subjects = 70, .verdict = VERDICT_MASK},
    {.kind = "human", .window = WINDOW_HOUR, .subjects = 50, .verdict = VERDICT_ALERT},
    {.kind = "unknown", .window = WINDOW_180D, .subjects = 0, .verdict = VERDICT_BLOCK},
    {.principal = "shop", .window = WINDOW_HOUR, .subjects = 9, .verdict = VERDICT_BLOCK},
};
static const struct config config = {.budgets = budgets, .budget_count = COUNT_OF(budgets)};

static void
the_smallest_number_of_those_that_concern_a_principal_counts(void **state PASU_UNUSED)
{
    struct roster_fault fault;
    struct roster *roster;
    struct budget b;

    assert_int_equal(
        roster_parse(&roster, VIEW("principal,kind\nanalyst,human\nshop,service\n"), &fault), 0);

    budget_of(&b, &config, roster, "analyst", false);
    assert_int_equal(b.limits.block[TALLY_HOUR], 70);
    assert_int_equal(b.block_by[TALLY_HOUR], 2); /* the first of two that say 70 */
    assert_int_equal(b.limits.alert[TALLY_HOUR], 50);
    assert_int_equal(b.alert_by[TALLY_HOUR], 4);
    assert_true(b.limits.block[TALLY_DAY] == UINT64_MAX);
    assert_int_equal(b.block_by[TALLY_DAY], -1);
    assert_int_equal(b.block_by[TALLY_180_DAYS], -1);

    budget_of(&b, &config, roster, "shop", false);
    assert_int_equal(b.limits.block[TALLY_HOUR], 9);
    assert_int_equal(b.block_by[TALLY_HOUR], 6);
    assert_int_equal(b.limits.alert[TALLY_DAY], 500000);
    assert_int_equal(b.alert_by[TALLY_DAY], 1);
    assert_true(b.limits.alert[TALLY_HOUR] == UINT64_MAX);

    budget_of(&b, &config, roster, "nobody knows", false);
    assert_int_equal(b.limits.block[TALLY_180_DAYS], 0);
    assert_int_equal(b.block_by[TALLY_180_DAYS], 5);
    assert_int_equal(b.limits.block[TALLY_HOUR], 70);
    roster_free(roster);

    budget_of(&b, &config, NULL, "analyst", false); /* without a roster, all are unknown */
    assert_int_equal(b.block_by[TALLY_180_DAYS], 5);
    assert_int_equal(b.limits.block[TALLY_HOUR], 70);
    assert_true(b.limits.alert[TALLY_HOUR] == UINT64_MAX);
}

static void
without_budgets_there_are_no_limits(void **state PASU_UNUSED)
{
    const struct config empty = {0};
    struct budget b;

    budget_of(&b, &empty, NULL, "analyst", false);
    for (int w = 0; w < TALLY_WINDOWS; w++) {
        assert_true(b.limits.block[w] == UINT64_MAX && b.limits.alert[w] == UINT64_MAX);
        assert_true(b.block_by[w] == -1 && b.alert_by[w] == -1);
    }
}

static void
a_budget_that_masks_lets_fewer_be_clear_than_are_shown(void **state PASU_UNUSED)
{
    static struct config_budget masking[] = {
        {.principal = "kim", .window = WINDOW_HOUR, .subjects = 10, .verdict = VERDICT_MASK},
        {.principal = "kim", .window = WINDOW_HOUR, .subjects = 30, .verdict = VERDICT_BLOCK},
        {.principal = "kim", .window = WINDOW_DAY, .subjects = 40, .verdict = VERDICT_BLOCK},
        {.principal = "lee", .window = WINDOW_HOUR, .subjects = 10, .verdict = VERDICT_MASK},
        {.principal = "lee", .window = WINDOW_HOUR, .subjects = 10, .verdict = VERDICT_BLOCK},
    };
    const struct config with = {.budgets = masking, .budget_count = COUNT_OF(masking)};
    struct budget b;

    budget_of(&b, &with, NULL, "kim", false);
    assert_true(b.masks);
    assert_int_equal(b.clear[TALLY_HOUR], 10);
    assert_int_equal(b.clear_by[TALLY_HOUR], 0);
    assert_int_equal(b.limits.block[TALLY_HOUR], 30);
    assert_int_equal(b.block_by[TALLY_HOUR], 1);
    assert_int_equal(b.clear[TALLY_DAY], 40); /* nobody is shown beyond it, clear or not */
    assert_int_equal(b.clear_by[TALLY_DAY], 2);
    assert_true(b.clear[TALLY_MINUTE] == UINT64_MAX);
    budget_of(&b, &with, NULL, "lee", false);
    assert_false(b.masks);
    assert_int_equal(b.clear_by[TALLY_HOUR], 4);
    budget_of(&b, &with, NULL, "park", false);
    assert_false(b.masks);
}

static void
one_that_holds_is_not_there_once_it_is_approved(void **state PASU_UNUSED)
{
    static struct config_budget holding[] = {
        {.principal = "kim", .window = WINDOW_HOUR, .subjects = 10, .verdict = VERDICT_HOLD},
        {.principal = "kim", .window = WINDOW_HOUR, .subjects = 30, .verdict = VERDICT_BLOCK},
        {.principal = "kim", .window = WINDOW_HOUR, .subjects = 20, .verdict = VERDICT_MASK},
        {.principal = "lee", .window = WINDOW_HOUR, .subjects = 10, .verdict = VERDICT_HOLD},
        {.principal = "lee", .window = WINDOW_HOUR, .subjects = 10, .verdict = VERDICT_BLOCK},
        {.principal = "park", .window = WINDOW_HOUR, .subjects = 10, .verdict = VERDICT_BLOCK},
        {.principal = "park", .window = WINDOW_HOUR, .subjects = 10, .verdict = VERDICT_HOLD},
    };
    const struct config with = {.budgets = holding, .budget_count = COUNT_OF(holding)};
    struct budget b;

    budget_of(&b, &with, NULL, "kim", false);
    assert_true(b.holds && b.limits.block[TALLY_HOUR] == 10 && b.block_by[TALLY_HOUR] == 0);
    assert_false(b.masks);
    budget_of(&b, &with, NULL, "kim", true);
    assert_true(!b.holds && b.limits.block[TALLY_HOUR] == 30 && b.block_by[TALLY_HOUR] == 1);
    assert_true(b.masks && b.clear[TALLY_HOUR] == 20);
    /* Of the same number the one that blocks counts, whichever comes first. */
    budget_of(&b, &with, NULL, "lee", false);
    assert_true(!b.holds && b.block_by[TALLY_HOUR] == 4);
    budget_of(&b, &with, NULL, "park", false);
    assert_true(!b.holds && b.block_by[TALLY_HOUR] == 5);
}

/* The rules that one call tells of, each behind a comma. */
static const char *
told(const struct config *with, const struct budget *b, struct tally *tally, uint32_t minute,
     uint32_t first, uint32_t count)
{
    static char text[512];
    struct tally_item items[32];
    struct tally_outcome outcome;
    size_t at = 0;
    int by;

    for (uint32_t i = 0; i < count; i++)
        items[i] = (struct tally_item){first + i, 0, 1};
    assert_int_equal(tally_take(tally, minute, items, count, &b->limits, &outcome), 0);
    text[0] = '\0';
    while ((by = budget_told(b, with, "kim", &outcome, &at)) >= 0) {
        char rule[EXPOSURE_TEXT_MAX];

        budget_rule_text(rule, &with->budgets[by]);
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s,", rule);
    }
    return text;
}

static void
of_several_that_alert_each_is_told_once_in_its_window(void **state PASU_UNUSED)
{
    static struct config_budget several[] = {
        {.principal = "kim", .window = WINDOW_DAY, .subjects = 9, .verdict = VERDICT_ALERT},
        {.window = WINDOW_HOUR, .subjects = 12, .verdict = VERDICT_ALERT},
        {.principal = "kim", .window = WINDOW_HOUR, .subjects = 3, .verdict = VERDICT_ALERT},
        {.kind = "unknown", .window = WINDOW_HOUR, .subjects = 3, .verdict = VERDICT_ALERT},
        {.principal = "lee", .window = WINDOW_HOUR, .subjects = 4, .verdict = VERDICT_ALERT},
        {.kind = "human", .window = WINDOW_HOUR, .subjects = 4, .verdict = VERDICT_ALERT},
        {.principal = "kim", .window = WINDOW_HOUR, .subjects = 20, .verdict = VERDICT_ALERT},
    };
    struct config with = {.budgets = several, .budget_count = COUNT_OF(several)};
    const char *const first = "budget kim hour 3,budget kind unknown hour 3,";
    struct tally_book *book;
    struct tally *tally;
    struct budget b;

    assert_int_equal(tally_book_new(&book), 0);
    assert_int_equal(tally_book_get(book, "kim", &tally), 0);
    budget_of(&b, &with, NULL, "kim", false);
    assert_string_equal(told(&with, &b, tally, 600, 0, 3), "");
    assert_string_equal(told(&with, &b, tally, 600, 0, 4), first);
    assert_string_equal(told(&with, &b, tally, 601, 0, 8), "");
    assert_string_equal(told(&with, &b, tally, 602, 0, 13),
                        "budget everybody hour 12,budget kim day 9,");
    assert_string_equal(told(&with, &b, tally, 603, 0, 21), "budget kim hour 20,");
    assert_string_equal(told(&with, &b, tally, 604, 0, 30), "");

    /* A larger one that comes later, and the next hour: all that are over at once. */
    several[4].principal = "kim";
    several[4].subjects = 25;
    budget_of(&b, &with, NULL, "kim", false);
    assert_string_equal(told(&with, &b, tally, 605, 0, 31), "budget kim hour 25,");
    assert_string_equal(told(&with, &b, tally, 660, 0, 13),
                        "budget everybody hour 12,budget kim hour 3,budget kind unknown hour 3,");
    assert_string_equal(told(&with, &b, tally, 661, 100, 32),
                        "budget kim hour 25,budget kim hour 20,");
    tally_book_free(book);
}

static void
a_rule_names_whom_window_and_number_however_long_the_name_is(void **state PASU_UNUSED)
{
    struct config_budget long_one = {.window = WINDOW_MINUTE, .subjects = UINT32_MAX};
    char text[EXPOSURE_TEXT_MAX], name[64];

    budget_rule_text(text, &budgets[0]);
    assert_string_equal(text, "budget analyst hour 100");
    budget_rule_text(text, &budgets[1]);
    assert_string_equal(text, "budget kind service day 500000");
    budget_rule_text(text, &budgets[2]);
    assert_string_equal(text, "budget everybody hour 70");
    /* 63 bytes of three each: the text ends where a letter does. */
    for (int i = 0; i < 63; i += 3)
        memcpy(name + i, "\xea\xb9\x80", 3);
    name[63] = '\0';
    long_one.principal = name;
    budget_rule_text(text, &long_one);
    assert_int_equal(strncmp(text, "budget \xea\xb9\x80", 10), 0);
    assert_non_null(strstr(text, "\xea\xb9\x80 minute 4294967295"));
}

static void
a_client_is_told_the_limit_the_window_and_what_to_do(void **state PASU_UNUSED)
{
    struct config_budget one = {.kind = "human", .window = WINDOW_30D, .subjects = 1, .line = 7};
    char text[512], small[16];

    budgets[0].line = 12;
    budget_message(text, sizeof(text), &budgets[0]);
    assert_string_equal(text, "this would show more than 100 different persons in one hour to role "
                              "\"analyst\" (the budget on line 12 of the gateway's "
                              "configuration); wait for the next full hour, or ask whoever owns "
                              "the budget to raise it");
    budget_message(text, sizeof(text), &one);
    assert_non_null(strstr(text, "more than 1 different person in 30 days"));
    assert_non_null(strstr(text, "one role of kind human"));
    budget_message(small, sizeof(small), &one);
    assert_string_equal(small, "this would show");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_number_of_those_that_concern_a_principal_counts),
        cmocka_unit_test(without_budgets_there_are_no_limits),
        cmocka_unit_test(a_budget_that_masks_lets_fewer_be_clear_than_are_shown),
        cmocka_unit_test(one_that_holds_is_not_there_once_it_is_approved),
        cmocka_unit_test(of_several_that_alert_each_is_told_once_in_its_window),
        cmocka_unit_test(a_rule_names_whom_window_and_number_however_long_the_name_is),
        cmocka_unit_test(a_client_is_told_the_limit_the_window_and_what_to_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
