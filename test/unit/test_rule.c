/* SPDX-License-Identifier: Apache-2.0 */
/* Which rules match whom and what, and how durable they want it. */
#include "policy/rule.h"

#include "config_text.h"

enum {
    SELECT = 0,
    UPDATE = 2,
    COPY = 6,
    OTHER = 37,                               /* places in the list of verbs */
    THURSDAY_NOON = 12 * 60,                  /* 1970-01-01 */
    FRIDAY_EARLY = 24 * 60 + 60,              /* 01:00 */
    SUNDAY_LATE = 3 * 24 * 60 + 23 * 60 + 59, /* 23:59 */
    NAME = 1,
    PHONE = 2,
    ADDRESS = 4,
    ORDER = 8 /* bits, in the order of the mapping */
};

#define MAPPING                                                                                    \
    GATEWAY                                                                                        \
    "subjects: {customer: {table: public.customers, key: id}}\n"                                   \
    "personal_data:\n"                                                                             \
    "  - {table: public.customers, subject: customer, key: id,\n"                                  \
    "     fields: {name: name, phone: phone, address: address}}\n"                                 \
    "  - {table: public.orders, subject: customer, key: customer_id, fields: {item: order}}\n"     \
    "rules:\n"

/* Rules, and a session and its statement that the tests change. */
struct given {
    struct config *config;
    struct vocabulary vocabulary;
    struct rules *rules;
    struct rule_asker asker;
    struct rule_statement statement;
    struct address address;
};

static struct given given;

static struct address
address_of(const char *text)
{
    struct address address = {0};
    char at[80];
    struct endpoint endpoint;

    if (text[0] == '/')
        snprintf(at, sizeof(at), "%s:1", text);
    else
        snprintf(at, sizeof(at), strchr(text, ':') ? "[%s]:1" : "%s:1", text);
    assert_int_equal(endpoint_parse(&endpoint, at), 0);
    assert_int_equal(endpoint_address(&address, &endpoint), 0);
    return address;
}

static void
release(void)
{
    rules_free(given.rules);
    config_free(given.config);
    given = (struct given){0};
}

/* Lines of `rules`, for Kim, a human, who selects names on Thursday noon. */
static void
give(const char *rules)
{
    char text[4096];

    release();
    snprintf(text, sizeof(text), MAPPING "%s", rules);
    given.config = model_of(text);
    assert_int_equal(vocabulary_of_config(&given.vocabulary, given.config), 0);
    assert_int_equal(rules_new(&given.rules, given.config, &given.vocabulary), 0);
    given.address = address_of("192.0.2.7");
    given.asker = (struct rule_asker){.principal = "kim",
                                      .kind = PRINCIPAL_HUMAN,
                                      .actor = "",
                                      .application = "psql",
                                      .address = &given.address,
                                      .vocabulary = &given.vocabulary};
    given.statement =
        (struct rule_statement){.fields = NAME, .verb = SELECT, .minute = THURSDAY_NOON};
}

/* The names of those that match, in order, with "?" behind those that may. */
static const char *
matching(void)
{
    static char text[512];
    struct rule_scope scope = {0};
    const struct config_rule *rule;
    bool is_certain;
    size_t at = 0;

    text[0] = '\0';
    assert_int_equal(rule_scope_set(&scope, given.rules, &given.asker), 0);
    while ((rule = rule_next(&scope, &given.statement, &at, &is_certain)) != NULL)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s%s", text[0] ? " " : "",
                 rule->name, is_certain ? "" : "?");
    rule_scope_release(&scope);
    return text;
}

static enum durability
durable(enum durability other)
{
    struct rule_scope scope = {0};
    enum durability durability;

    assert_int_equal(rule_scope_set(&scope, given.rules, &given.asker), 0);
    durability = rule_durability(&scope, &given.statement, other);
    rule_scope_release(&scope);
    return durability;
}

#define RULE(name, when) "  - {name: " name ", verdict: allow, when: {" when "}}\n"

static void
who_asks_is_matched_by_name(void **state PASU_UNUSED)
{
    give(RULE("one", "principal: kim") RULE("list", "principal: [lee, kim]")
             RULE("other", "principal: Kim") RULE("not", "principal: {not: kim}")
                 RULE("none", "principal: {not: [lee, park]}") RULE("kind", "kind: [human, admin]")
                     RULE("unlisted", "kind: unknown") RULE("tool", "application: psql"));
    assert_string_equal(matching(), "one list none kind tool");
    given.asker.principal = "Kim";
    given.asker.kind = PRINCIPAL_UNKNOWN;
    given.asker.application = "psql "; /* as it was written */
    assert_string_equal(matching(), "other not none unlisted");
}

static void
an_actor_is_whoever_the_application_names(void **state PASU_UNUSED)
{
    give(RULE("one", "actor: kim@shop") RULE("not", "actor: {not: kim@shop}"));
    assert_string_equal(matching(), "not"); /* it names nobody */
    given.asker.actor = "kim@shop";
    assert_string_equal(matching(), "one");
    given.asker.actor = NULL; /* not known */
    assert_string_equal(matching(), "one? not?");
}

static void
an_address_is_in_a_network_of_either_family_or_mapped(void **state PASU_UNUSED)
{
    static const struct {
        const char *address, *matching;
    } cases[] = {
        {"192.0.2.7", "v4 list"},
        {"192.0.3.7", "not"},
        {"::ffff:192.0.2.7", "v4 list"},
        {"2001:db8::1", "list v6"},
        {"2001:db9::1", "not"},
        {"10.0.0.1", "list"},
        {"/tmp", "not"}, /* a Unix socket is in no network */
    };

    give(RULE("v4", "address: 192.0.2.0/24")
             RULE("list", "address: [10.0.0.1, 192.0.2.7, \"2001:db8::/32\"]")
                 RULE("v6", "address: \"2001:db8::1\"")
                     RULE("not", "address: {not: [10.0.0.0/8, 192.0.2.0/24, \"2001:db8::/32\"]}"));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        given.address = address_of(cases[i].address);
        assert_string_equal(matching(), cases[i].matching);
    }
}

static void
hours_and_days_are_local_and_go_over_midnight(void **state PASU_UNUSED)
{
    give(RULE("work", "hours: \"09:00-18:00\", days: [mon, tue, wed, thu, fri]")
             RULE("night", "hours: \"22:00-06:00\"") RULE("end", "days: [sat, sun]")
                 RULE("noon", "hours: [\"11:00-12:00\", \"12:00-12:01\"]")
                     RULE("late", "hours: \"18:00-24:00\", days: {not: fri}"));
    assert_string_equal(matching(), "work noon");
    given.statement.minute++;
    assert_string_equal(matching(), "work"); /* the second time is not part of it */
    given.statement.minute = FRIDAY_EARLY;
    assert_string_equal(matching(), "night");
    given.statement.minute = SUNDAY_LATE;
    assert_string_equal(matching(), "night end late");
}

static void
fields_match_where_one_of_them_is_shown(void **state PASU_UNUSED)
{
    give(RULE("one", "fields: address") RULE("list", "fields: [phone, name]")
             RULE("any", "fields: any") RULE("not", "fields: {not: [address, order]}")
                 RULE("nothing", "fields: {not: any}"));
    assert_string_equal(matching(), "list any not");
    given.statement.fields = NAME | ADDRESS;
    assert_string_equal(matching(), "one list any");
    given.statement.fields = ORDER;
    assert_string_equal(matching(), "any");
    given.statement.fields = 0;
    assert_string_equal(matching(), "not nothing");
}

static void
verbs_and_flags_are_those_of_the_statement(void **state PASU_UNUSED)
{
    give(RULE("read", "verbs: [select, copy]") RULE("rest", "verbs: other")
             RULE("write", "verbs: {not: [select, copy]}") RULE("probe", "flags: [probe, copy]")
                 RULE("plain", "flags: {not: [probe, bound]}"));
    assert_string_equal(matching(), "read plain");
    given.statement.verb = COPY;
    given.statement.flags = FLAG_BIT(COPY);
    assert_string_equal(matching(), "read probe plain");
    given.statement.verb = OTHER;
    given.statement.flags = FLAG_BIT(BOUND);
    assert_string_equal(matching(), "rest write");
    given.statement.verb = UPDATE;
    given.statement.flags = 0;
    assert_string_equal(matching(), "write plain");
    given.statement.verb = -1; /* not known */
    assert_string_equal(matching(), "read? rest? write? plain");
}

static void
what_cannot_be_decided_may_match(void **state PASU_UNUSED)
{
    give(RULE("home", "country: KR") RULE("abroad", "country: {not: KR}") RULE("net", "asn: 4766")
             RULE("lee", "country: KR, principal: lee") RULE("flag", "flags: [unheard, probe]")
                 RULE("without", "flags: {not: unheard}"));
    assert_string_equal(matching(), "home? abroad? net? flag? without?");
    given.statement.flags = FLAG_BIT(PROBE);
    assert_string_equal(matching(), "home? abroad? net? flag without?");
}

static void
all_conditions_must_hold_and_without_any_a_rule_matches(void **state PASU_UNUSED)
{
    give(RULE("both", "principal: kim, fields: name") RULE("half", "principal: kim, fields: phone")
             RULE("other", "principal: lee, fields: name") "  - {name: always, verdict: allow}\n");
    assert_string_equal(matching(), "both always");
}

#define DURABLE(name, durability, when)                                                            \
    "  - {name: " name ", verdict: allow, durability: " durability ", when: {" when "}}\n"

static void
the_first_match_that_names_a_durability_decides(void **state PASU_UNUSED)
{
    give(RULE("first", "principal: kim") DURABLE("a", "strict", "fields: address")
             DURABLE("b", "os", "kind: human") DURABLE("c", "strict", "fields: any"));
    assert_int_equal(durable(DURABILITY_GROUP), DURABILITY_OS);
    assert_int_equal(durable(DURABILITY_STRICT), DURABILITY_OS);
    given.statement.fields = NAME | ADDRESS;
    assert_int_equal(durable(DURABILITY_GROUP), DURABILITY_STRICT);
    given.statement.fields = PHONE;
    given.asker.kind = PRINCIPAL_SERVICE;
    assert_int_equal(durable(DURABILITY_GROUP), DURABILITY_STRICT);
    given.statement.fields = 0; /* none of them */
    assert_int_equal(durable(DURABILITY_GROUP), DURABILITY_GROUP);
    assert_int_equal(durable(DURABILITY_OS), DURABILITY_OS);
    assert_int_equal(rules_strictest(given.rules, DURABILITY_OS), DURABILITY_STRICT);
}

static void
a_rule_of_which_nobody_knows_whether_it_matches_makes_nothing_less_durable(void **state PASU_UNUSED)
{
    give(DURABLE("a", "os", "country: KR") DURABLE("b", "group", "principal: kim"));
    assert_int_equal(durable(DURABILITY_STRICT), DURABILITY_GROUP); /* b matches in any case */
    given.asker.principal = "lee";
    assert_int_equal(durable(DURABILITY_STRICT), DURABILITY_STRICT);
    assert_int_equal(durable(DURABILITY_OS), DURABILITY_OS);
    give(DURABLE("a", "strict", "country: {not: KR}") DURABLE("b", "os", "principal: kim"));
    assert_int_equal(durable(DURABILITY_GROUP), DURABILITY_STRICT);
    give(DURABLE("a", "strict", "country: {not: KR}"));
    assert_int_equal(durable(DURABILITY_GROUP), DURABILITY_STRICT);
    give(DURABLE("a", "os", "principal: kim") DURABLE("b", "strict", "country: {not: KR}"));
    assert_int_equal(durable(DURABILITY_GROUP), DURABILITY_OS); /* b is not asked any more */
}

static void
without_memory_there_are_no_rules_and_nothing_is_lost(void **state PASU_UNUSED)
{
    struct rule_scope scope = {0};
    struct rules *rules;
    int result, nth = 0;

    give(RULE("a", "principal: kim, address: 10.0.0.0/8, hours: \"01:00-02:00\"")
             RULE("b", "fields: any"));
    do {
        memory_fail_at((uint64_t)++nth);
        result = rules_new(&rules, given.config, &given.vocabulary);
        assert_true(result == 0 || result == PASU_E_NOMEM);
    } while (result != 0);
    assert_int_equal(nth, 6);
    memory_fail_at(1);
    assert_int_equal(rule_scope_set(&scope, rules, &given.asker), PASU_E_NOMEM);
    assert_int_equal(rule_scope_set(&scope, rules, &given.asker), 0);
    assert_int_equal(scope.count, 1);
    memory_fail_at(1);
    assert_int_equal(rule_scope_set(&scope, rules, &given.asker), PASU_E_NOMEM);
    assert_true(scope.count == 0 && !scope.left);
    memory_fail_at(0);
    rules_free(rules);
}

/* A session keeps its mapping while rules of another configuration come into force. */
static void
fields_of_another_vocabulary_are_known_by_their_names(void **state PASU_UNUSED)
{
    struct vocabulary before = {.id = 1, .field_count = 3};

    snprintf(before.fields[0], sizeof(before.fields[0]), "address");
    snprintf(before.fields[1], sizeof(before.fields[1]), "name");
    snprintf(before.fields[2], sizeof(before.fields[2]), "email"); /* which is gone */
    give(RULE("address", "fields: address") RULE("name", "fields: name") RULE("any", "fields: any")
             RULE("not", "fields: {not: [name, address, phone]}"));
    given.asker.vocabulary = &before;
    given.statement.fields = 1;
    assert_string_equal(matching(), "address any");
    given.statement.fields = 2;
    assert_string_equal(matching(), "name any");
    given.statement.fields = 4;
    assert_string_equal(matching(), "any not");
}

static void
what_is_not_as_it_may_be_meant_is_said(void **state PASU_UNUSED)
{
    struct config_faults warnings = {0};

    give("  - {name: abroad, verdict: block, when: {country: {not: KR}}}\n"
         "  - {name: fine, verdict: allow, when: {flags: probe}}\n"
         "  - {name: odd, verdict: allow, when: {flags: [probe, prob]}}\n");
    rules_warn(given.config, &warnings);
    assert_int_equal(warnings.count, 2);
    assert_string_equal(warnings.items[0].text,
                        "rules[0].verdict is block, which is not enforced in this version: what "
                        "matches \"abroad\" is allowed");
    assert_int_equal(warnings.items[0].line, 8);
    assert_string_equal(warnings.items[1].text,
                        "rules[2].when.flags has \"prob\": no statement is given that flag");
    assert_int_equal(warnings.items[1].line, 10);
    config_faults_release(&warnings);
    release();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_asks_is_matched_by_name),
        cmocka_unit_test(an_actor_is_whoever_the_application_names),
        cmocka_unit_test(an_address_is_in_a_network_of_either_family_or_mapped),
        cmocka_unit_test(hours_and_days_are_local_and_go_over_midnight),
        cmocka_unit_test(fields_match_where_one_of_them_is_shown),
        cmocka_unit_test(verbs_and_flags_are_those_of_the_statement),
        cmocka_unit_test(what_cannot_be_decided_may_match),
        cmocka_unit_test(all_conditions_must_hold_and_without_any_a_rule_matches),
        cmocka_unit_test(the_first_match_that_names_a_durability_decides),
        cmocka_unit_test(
            a_rule_of_which_nobody_knows_whether_it_matches_makes_nothing_less_durable),
        cmocka_unit_test(without_memory_there_are_no_rules_and_nothing_is_lost),
        cmocka_unit_test(fields_of_another_vocabulary_are_known_by_their_names),
        cmocka_unit_test(what_is_not_as_it_may_be_meant_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
