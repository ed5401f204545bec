/* SPDX-License-Identifier: Apache-2.0 */
/* Which rules match whom and what, and how durable they want it. */
#include "policy/rule.h"

#include "config_text.h"
#include "policy/origins.h"

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

#define BIT(verb) (UINT64_C(1) << (verb))

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
        (struct rule_statement){.fields = NAME, .verbs = BIT(SELECT), .minute = THURSDAY_NOON};
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
first_uses_are_known_or_not(void **state PASU_UNUSED)
{
    give(RULE("new", "first_use: yes") RULE("old", "first_use: no")
             RULE("not-new", "first_use: {not: yes}") RULE("any", "first_use: [yes, no]"));
    given.statement.use = RULE_USE_FIRST;
    assert_string_equal(matching(), "new any");
    given.statement.use = RULE_USE_KNOWN;
    assert_string_equal(matching(), "old not-new any");
    given.statement.use = RULE_USE_UNKNOWN;
    assert_string_equal(matching(), "new? old? not-new? any?");
}

/* The first of January 1970 was a Thursday. */
static void
holidays_are_those_that_are_listed(void **state PASU_UNUSED)
{
    static const char rules[] =
        RULE("free", "days: [sat, sun, holiday]") RULE("work", "days: {not: [sat, sun, holiday]}")
            RULE("day", "days: [thu, fri, sat, sun, mon, tue, wed]");
    char text[1024];

    snprintf(text, sizeof(text), "%s%s", rules,
             "holidays: {years: [1970, 1972], dates: [1972-02-29, 1970-01-01, 1970-12-31]}\n");
    give(text);
    assert_string_equal(matching(), "free day");
    given.statement.minute = 24 * 60;
    assert_string_equal(matching(), "work day");
    given.statement.minute = 2 * 24 * 60; /* a Saturday */
    assert_string_equal(matching(), "free day");
    given.statement.minute = (2 * 365 + 59) * 24 * 60; /* 1972-02-29 */
    assert_string_equal(matching(), "free day");
    /* Nobody has said anything of 1971. */
    given.statement.minute = 365 * 24 * 60;
    assert_string_equal(matching(), "free? work? day");
    given.statement.minute = (365 + 1) * 24 * 60; /* Saturday, whatever else it is */
    assert_string_equal(matching(), "free day");
    snprintf(text, sizeof(text), "%s", rules);
    give(text);
    assert_string_equal(matching(), "free? work? day");
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
    given.statement.verbs = BIT(COPY);
    given.statement.flags = FLAG_BIT(COPY);
    assert_string_equal(matching(), "read probe plain");
    given.statement.verbs = BIT(OTHER);
    given.statement.flags = FLAG_BIT(BOUND);
    assert_string_equal(matching(), "rest write");
    given.statement.verbs = BIT(UPDATE);
    given.statement.flags = 0;
    assert_string_equal(matching(), "write plain");
    given.statement.verbs = 0; /* not known */
    assert_string_equal(matching(), "read? rest? write? plain");
    given.statement.verbs = BIT(SELECT) | BIT(COPY); /* COPY (SELECT …) */
    assert_string_equal(matching(), "read plain");
    given.statement.verbs = BIT(SELECT) | BIT(UPDATE); /* WITH u AS (UPDATE …) SELECT … */
    assert_string_equal(matching(), "read? write? plain");
    given.statement.verbs = RULE_NO_VERB;
    assert_string_equal(matching(), "write plain");
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
an_origin_decides_country_and_network_and_one_of_them_may_be_unknown(void **state PASU_UNUSED)
{
    struct origin origin = {.country = "KR", .system = 4766};

    give(RULE("home", "country: KR") RULE("abroad", "country: {not: KR}")
             RULE("net", "asn: [1, AS4766]") RULE("other", "asn: {not: 4766}"));
    given.asker.origin = &origin;
    assert_string_equal(matching(), "home net");
    origin = (struct origin){.country = "JP", .system = 1};
    assert_string_equal(matching(), "abroad net other");
    origin = (struct origin){.system = 2};
    assert_string_equal(matching(), "home? abroad? other");
    origin = (struct origin){.country = "KR"};
    assert_string_equal(matching(), "home net? other?");
}

/* "block a", "alert b?", and behind it what is in shadow. */
static const char *
judged(bool is_session)
{
    static const char *const verdicts[] = {"allow", "alert", "mask", "hold", "block"};
    static char text[128];
    struct rule_scope scope = {0};
    struct ruling ruling;

    assert_int_equal(rule_scope_set(&scope, given.rules, &given.asker), 0);
    if (is_session)
        rule_judge_session(&scope, given.statement.minute, &ruling);
    else
        rule_judge(&scope, &given.statement, &ruling);
    snprintf(text, sizeof(text), "%s %s%s%s%s", verdicts[ruling.verdict],
             ruling.rule ? ruling.rule->name : "-", ruling.rule && !ruling.is_certain ? "?" : "",
             ruling.shadow ? " / " : "", ruling.shadow ? ruling.shadow->name : "");
    rule_scope_release(&scope);
    return text;
}

#define VERDICT(name, verdict, when)                                                               \
    "  - {name: " name ", verdict: " verdict ", when: {" when "}}\n"

static void
the_first_match_decides_the_verdict(void **state PASU_UNUSED)
{
    give(VERDICT("a", "block", "fields: phone") VERDICT("b", "alert", "fields: name")
             VERDICT("c", "block", "fields: any"));
    assert_string_equal(judged(false), "alert b");
    given.statement.fields = NAME | PHONE;
    assert_string_equal(judged(false), "block a");
    given.statement.fields = ORDER;
    assert_string_equal(judged(false), "block c");
    given.statement.fields = 0;
    assert_string_equal(judged(false), "allow -");
    give(VERDICT("a", "allow", "principal: kim") VERDICT("b", "block", "fields: any"));
    assert_string_equal(judged(false), "allow a");
}

static void
of_what_can_be_meant_the_strictest_verdict_holds(void **state PASU_UNUSED)
{
    give(VERDICT("home", "allow", "country: KR") VERDICT("rest", "block", "fields: any"));
    assert_string_equal(judged(false), "block rest");
    give(VERDICT("abroad", "block", "country: {not: KR}")
             VERDICT("kim", "allow", "principal: kim"));
    assert_string_equal(judged(false), "block abroad?");
    give(VERDICT("abroad", "alert", "country: {not: KR}")
             VERDICT("kim", "allow", "principal: kim"));
    assert_string_equal(judged(false), "alert abroad?");
    give(VERDICT("kim", "allow", "principal: kim")
             VERDICT("abroad", "block", "country: {not: KR}"));
    assert_string_equal(judged(false), "allow kim");
}

/* What is held can be approved: so it refuses no session, and what can be blocked, is. */
static void
hold_is_less_than_block_and_refuses_no_session(void **state PASU_UNUSED)
{
    give(VERDICT("b", "hold", "fields: name"));
    assert_string_equal(judged(false), "hold b");
    assert_true(rules_can_hold(given.rules));
    give(VERDICT("kim", "hold", "principal: kim") VERDICT("rest", "block", "fields: any"));
    assert_string_equal(judged(false), "hold kim");
    assert_string_equal(judged(true), "hold kim");
    give(VERDICT("abroad", "hold", "country: {not: KR}") VERDICT("rest", "block", "fields: any"));
    assert_string_equal(judged(false), "block rest");
    give(VERDICT("a", "hold", "fields: phone") VERDICT("b", "block", "principal: kim"));
    assert_string_equal(judged(true), "allow -"); /* a phone can be approved */
    give("  - {name: a, shadow: on, verdict: hold}\n");
    assert_false(rules_can_hold(given.rules));
}

static void
a_rule_in_shadow_is_told_and_decides_nothing(void **state PASU_UNUSED)
{
    give("  - {name: fine, shadow: on, verdict: allow}\n"
         "  - {name: a, shadow: on, verdict: block, durability: strict, when: {fields: name}}\n"
         "  - {name: b, shadow: on, verdict: hold}\n"
         "  - {name: c, verdict: alert}\n"
         "  - {name: d, shadow: on, verdict: block}\n");
    assert_string_equal(judged(false), "alert c / a");
    assert_string_equal(judged(true), "allow -"); /* nothing is refused: nobody is asked */
    assert_int_equal(durable(DURABILITY_GROUP), DURABILITY_GROUP);
    assert_int_equal(rules_strictest(given.rules, DURABILITY_OS), DURABILITY_OS);
    given.statement.fields = PHONE;
    assert_string_equal(judged(false), "alert c / b");
}

static void
a_session_is_refused_where_all_that_it_could_ask_is(void **state PASU_UNUSED)
{
    give(VERDICT("a", "block", "principal: kim"));
    assert_string_equal(judged(true), "block a");
    give(VERDICT("a", "block", "principal: lee") VERDICT("b", "block", "country: {not: KR}"));
    assert_string_equal(judged(true), "block b?"); /* where it is nobody knows */
    give(VERDICT("a", "block", "fields: phone") VERDICT("b", "block", "kind: human"));
    assert_string_equal(judged(true), "block b");
    give(VERDICT("a", "allow", "verbs: show") VERDICT("b", "block", "kind: human"));
    assert_string_equal(judged(true), "allow -"); /* it may ask that */
    give(VERDICT("a", "alert", "kind: human") VERDICT("b", "block", "principal: kim"));
    assert_string_equal(judged(true), "alert a");
    give(VERDICT("a", "block", "actor: kim@shop, kind: human"));
    assert_string_equal(judged(true), "allow -"); /* it is "" */
    given.asker.actor = NULL;
    assert_string_equal(judged(true), "allow -"); /* the statements will tell */
    assert_string_equal(judged(false), "block a?");
    given.asker.actor = "kim@shop";
    assert_string_equal(judged(true), "block a");
    give(VERDICT("a", "block", "kind: human, hours: \"00:00-08:00\""));
    assert_string_equal(judged(true), "allow -");
    given.statement.minute = FRIDAY_EARLY;
    assert_string_equal(judged(true), "block a");
    give(VERDICT("a", "block", "fields: {not: phone}"));
    assert_string_equal(judged(true), "allow -");
}

static void
records_and_clients_are_told_the_name(void **state PASU_UNUSED)
{
    struct ruling ruling = {.verdict = VERDICT_BLOCK, .is_certain = true};
    char text[EXPOSURE_TEXT_MAX], message[512];

    give("  - {name: abroad, verdict: block, reason: \"from abroad\"}\n"
         "  - {name: short, verdict: hold, shadow: on}\n"
         "  - {name: a-name-of-sixty-three-bytes-which-is-as-long-as-one-of-them-may, verdict: "
         "hold}\n");
    rule_text(text, &given.config->rules[0]);
    assert_string_equal(text, "rule abroad");
    rule_text(text, &given.config->rules[1]);
    assert_string_equal(text, "shadow rule short: hold");
    rule_text(text, &given.config->rules[2]);
    assert_string_equal(text, "rule a-name-of-sixty-three-bytes-which-is-as-long");
    ruling.rule = &given.config->rules[0];
    rule_message(message, sizeof(message), &ruling);
    assert_string_equal(message,
                        "rule \"abroad\" (line 8 of the gateway's configuration): from abroad");
    ruling.rule = &given.config->rules[2];
    ruling.is_certain = false;
    rule_message(message, sizeof(message), &ruling);
    assert_non_null(strstr(message, "; it asks for what is not known here"));
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
a_rule_that_may_match_makes_nothing_less_durable(void **state PASU_UNUSED)
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

    give("  - {name: held, verdict: hold, when: {principal: kim}}\n"
         "  - {name: fine, verdict: allow, when: {flags: probe}}\n"
         "  - {name: odd, verdict: allow, when: {flags: [probe, prob]}}\n");
    rules_warn(given.config, &warnings);
    assert_int_equal(warnings.count, 1);
    assert_string_equal(warnings.items[0].text,
                        "rules[2].when.flags has \"prob\": no statement is given that flag");
    assert_int_equal(warnings.items[0].line, 10);
    config_faults_release(&warnings);
    give("  - {name: abroad, verdict: block, when: {country: {not: KR}, asn: 9}}\n"
         "  - {name: actor, verdict: block, when: {actor: kim}}\n"
         "principals: {actor_from: [sqlcommenter, application_name]}\n");
    warnings = (struct config_faults){0};
    rules_warn(given.config, &warnings);
    /* Of countries the table says it that the program carries, where it carries one. */
    assert_int_equal(warnings.count, origins_are_carried() ? 1 : 2);
    assert_string_equal(warnings.items[warnings.count - 1].text,
                        "rules[0].when.asn: nothing says that of anybody: the rule counts as "
                        "matched where it restricts, and as not matched where it allows");
    config_faults_release(&warnings);
    give("  - {name: abroad, verdict: block, when: {country: {not: KR}, asn: 9, actor: kim}}\n"
         "principals: {actor_from: [application_name, sqlcommenter]}\n"
         "sources: {country_db: c.mmdb, asn_db: a.mmdb}\n");
    warnings = (struct config_faults){0};
    rules_warn(given.config, &warnings);
    assert_int_equal(warnings.count, 0);
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
        cmocka_unit_test(holidays_are_those_that_are_listed),
        cmocka_unit_test(first_uses_are_known_or_not),
        cmocka_unit_test(fields_match_where_one_of_them_is_shown),
        cmocka_unit_test(verbs_and_flags_are_those_of_the_statement),
        cmocka_unit_test(what_cannot_be_decided_may_match),
        cmocka_unit_test(an_origin_decides_country_and_network_and_one_of_them_may_be_unknown),
        cmocka_unit_test(the_first_match_decides_the_verdict),
        cmocka_unit_test(of_what_can_be_meant_the_strictest_verdict_holds),
        cmocka_unit_test(hold_is_less_than_block_and_refuses_no_session),
        cmocka_unit_test(a_rule_in_shadow_is_told_and_decides_nothing),
        cmocka_unit_test(a_session_is_refused_where_all_that_it_could_ask_is),
        cmocka_unit_test(records_and_clients_are_told_the_name),
        cmocka_unit_test(all_conditions_must_hold_and_without_any_a_rule_matches),
        cmocka_unit_test(the_first_match_that_names_a_durability_decides),
        cmocka_unit_test(a_rule_that_may_match_makes_nothing_less_durable),
        cmocka_unit_test(without_memory_there_are_no_rules_and_nothing_is_lost),
        cmocka_unit_test(fields_of_another_vocabulary_are_known_by_their_names),
        cmocka_unit_test(what_is_not_as_it_may_be_meant_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
