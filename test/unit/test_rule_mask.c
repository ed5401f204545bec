/* SPDX-License-Identifier: Apache-2.0 */
/* Which fields of a statement rules mask, and what the rules behind them say of the others. */
#include "policy/rule.h"

#include "config_text.h"

enum { NAME = 1, PHONE = 2, ADDRESS = 4, ORDER = 8 /* bits, in the order of the mapping */ };

#define MAPPING                                                                                    \
    GATEWAY                                                                                        \
    "subjects: {customer: {table: public.customers, key: id}}\n"                                   \
    "personal_data:\n"                                                                             \
    "  - {table: public.customers, subject: customer, key: id,\n"                                  \
    "     fields: {name: name, phone: phone, address: address, item: order}}\n"                    \
    "rules:\n"

static struct {
    struct config *config;
    struct vocabulary vocabulary;
    struct rules *rules;
    struct rule_asker asker;
} given;

static uint64_t asked; /* the statement's fields */

static void
release(void)
{
    rules_free(given.rules);
    config_free(given.config);
    given.rules = NULL;
    given.config = NULL;
}

/* Lines of `rules`, for Kim, who selects names. */
static void
give(const char *rules)
{
    static const struct address address = {0};
    char text[4096];

    release();
    snprintf(text, sizeof(text), MAPPING "%s", rules);
    given.config = model_of(text);
    assert_int_equal(vocabulary_of_config(&given.vocabulary, given.config), 0);
    assert_int_equal(rules_new(&given.rules, given.config, &given.vocabulary), 0);
    given.asker = (struct rule_asker){.principal = "kim",
                                      .kind = PRINCIPAL_HUMAN,
                                      .actor = "",
                                      .application = "psql",
                                      .address = &address,
                                      .vocabulary = &given.vocabulary};
    asked = NAME;
}

static void
judge(struct ruling *ruling)
{
    const struct rule_statement statement = {.fields = asked, .verbs = 1, .minute = 1};
    struct rule_scope scope = {0};

    assert_int_equal(rule_scope_set(&scope, given.rules, &given.asker), 0);
    rule_judge(&scope, &statement, ruling);
    rule_scope_release(&scope);
}

/* "alert b, masked 6 by a?": the verdict on the rest, and the fields, in the asker's bits. */
static const char *
masked(void)
{
    static const char *const verdicts[] = {"allow", "alert", "mask", "hold", "block"};
    static char text[192];
    struct ruling ruling;

    judge(&ruling);
    snprintf(text, sizeof(text), "%s %s%s%s%s, masked %u by %s%s", verdicts[ruling.verdict],
             ruling.rule ? ruling.rule->name : "-", ruling.rule && !ruling.is_certain ? "?" : "",
             ruling.shadow ? " / " : "", ruling.shadow ? ruling.shadow->name : "",
             (unsigned)ruling.masked, ruling.mask ? ruling.mask->name : "-",
             ruling.mask && !ruling.is_mask_certain ? "?" : "");
    return text;
}

#define VERDICT(name, verdict, when)                                                               \
    "  - {name: " name ", verdict: " verdict ", when: {" when "}}\n"

static void
a_mask_decides_about_its_fields_and_the_rules_behind_about_the_rest(void **state PASU_UNUSED)
{
    give(VERDICT("a", "mask", "fields: [phone, address]") VERDICT("b", "alert", "fields: name")
             VERDICT("c", "block", "fields: any"));
    asked = PHONE;
    assert_string_equal(masked(), "allow -, masked 2 by a");
    asked = PHONE | NAME;
    assert_string_equal(masked(), "alert b, masked 2 by a");
    asked = PHONE | ORDER;
    assert_string_equal(masked(), "block c, masked 2 by a");
    asked = NAME;
    assert_string_equal(masked(), "alert b, masked 0 by -");
    give(VERDICT("a", "mask", "fields: phone") VERDICT("b", "mask", "fields: [phone, name]"));
    asked = PHONE | NAME | ORDER;
    assert_string_equal(masked(), "allow -, masked 3 by a");
    give(VERDICT("a", "allow", "fields: name") VERDICT("b", "mask", "fields: any"));
    assert_string_equal(masked(), "allow a, masked 0 by -");
}

static void
a_mask_without_fields_is_of_all_and_lets_pass_what_shows_none(void **state PASU_UNUSED)
{
    give(VERDICT("a", "mask", "principal: kim") VERDICT("b", "block", "principal: kim"));
    asked = PHONE | ORDER;
    assert_string_equal(masked(), "allow -, masked 10 by a");
    asked = 0;
    assert_string_equal(masked(), "allow -, masked 0 by -");
    give(VERDICT("a", "mask", "fields: {not: address}"));
    asked = PHONE | NAME;
    assert_string_equal(masked(), "allow -, masked 3 by a");
    asked = PHONE | ADDRESS;
    assert_string_equal(masked(), "allow -, masked 0 by -");
}

static void
a_mask_that_can_be_meant_masks_and_decides_nothing(void **state PASU_UNUSED)
{
    give(VERDICT("a", "mask", "country: {not: KR}") VERDICT("b", "allow", "principal: kim"));
    assert_string_equal(masked(), "allow b, masked 1 by a?");
    give(VERDICT("a", "mask", "country: {not: KR}") VERDICT("b", "block", "fields: name"));
    assert_string_equal(masked(), "block b, masked 1 by a?");
    give(VERDICT("a", "allow", "country: KR") VERDICT("b", "mask", "fields: name"));
    assert_string_equal(masked(), "allow a?, masked 1 by b");
    give("  - {name: a, shadow: on, verdict: mask}\n" VERDICT("b", "allow", "fields: name"));
    assert_string_equal(masked(), "allow b / a, masked 0 by -");
}

static void
what_cannot_be_masked_is_blocked_by_the_rule_that_masks(void **state PASU_UNUSED)
{
    struct ruling ruling;
    char message[512];

    give(VERDICT("a", "mask", "fields: phone") VERDICT("b", "alert", "fields: name"));
    asked = PHONE | NAME;
    judge(&ruling);
    ruling_block_masked(&ruling);
    assert_int_equal(ruling.verdict, VERDICT_BLOCK);
    assert_string_equal(ruling.rule->name, "a");
    rule_message(message, sizeof(message), &ruling);
    assert_string_equal(message, "rule \"a\" (line 7 of the gateway's configuration); it masks, "
                                 "and this cannot be masked");
    asked = NAME;
    judge(&ruling);
    ruling_block_masked(&ruling);
    assert_int_equal(ruling.verdict, VERDICT_ALERT);
}

/* Of a configuration that names the fields in another order, or does not name one of them. */
static void
a_mask_means_fields_by_their_names(void **state PASU_UNUSED)
{
    static struct vocabulary other;

    give(VERDICT("a", "mask", "fields: [phone, address]"));
    other = given.vocabulary;
    other.id++;
    memcpy(other.fields[0], given.vocabulary.fields[1], sizeof(other.fields[0]));
    memcpy(other.fields[1], given.vocabulary.fields[0], sizeof(other.fields[1]));
    snprintf(other.fields[2], sizeof(other.fields[2]), "gone");
    given.asker.vocabulary = &other;
    asked = 1 | 2 | 4; /* phone, name, gone */
    assert_string_equal(masked(), "allow -, masked 1 by a");
    give(VERDICT("a", "mask", "fields: any"));
    given.asker.vocabulary = &other;
    asked = 4;
    assert_string_equal(masked(), "allow -, masked 4 by a");
}

static int
end(void **state PASU_UNUSED)
{
    release();
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mask_decides_about_its_fields_and_the_rules_behind_about_the_rest),
        cmocka_unit_test(a_mask_without_fields_is_of_all_and_lets_pass_what_shows_none),
        cmocka_unit_test(a_mask_that_can_be_meant_masks_and_decides_nothing),
        cmocka_unit_test(what_cannot_be_masked_is_blocked_by_the_rule_that_masks),
        cmocka_unit_test(a_mask_means_fields_by_their_names),
    };

    return cmocka_run_group_tests(tests, NULL, end);
}
