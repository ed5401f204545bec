/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/condition.h"

#include "base/memory.h"
#include "config/key.h"
#include "config/quantity.h"
#include "policy/sources.h"

enum { MINUTES_A_DAY = 24 * 60, DAYS_A_WEEK = 7, DAY_OF_1970 = 3 /* a Thursday; Monday is 0 */ };

/* In the list of first_use. */
#define FIRST     UINT64_C(1)
#define NOT_FIRST UINT64_C(2)
#define HOLIDAY   (UINT64_C(1) << DAYS_A_WEEK) /* in the list of days, behind those of the week */

/* What a condition asks about: a table below. One of both is there; neither: it is not known. */
struct condition_kind {
    const char *name; /* in the configuration */
    int (*compile)(struct condition *condition, const struct vocabulary *vocabulary);
    enum condition_truth (*of_asker)(const struct condition *condition,
                                     const struct rule_asker *asker);
    bool (*of_statement)(const struct condition *condition, const struct rule_statement *statement,
                         const struct condition_fields *fields);
};

/* ---- words ---- */

struct view
condition_word(const char *words, size_t place)
{
    for (; place > 0 && *words != '\0'; place--) {
        words += strcspn(words, "|");
        words += *words == '|';
    }
    return view_of(words, strcspn(words, "|"));
}

/* The place of a word in such a list; -1: it has no such word. */
static int
place_of(const char *words, const char *text)
{
    for (int place = 0;; place++) {
        struct view word = condition_word(words, (size_t)place);

        if (word.length == 0)
            return -1;
        if (view_equal(word, view_of_text(text)))
            return place;
    }
}

static int
set_words(struct condition *c, enum key_id key)
{
    for (size_t i = 0; i < c->texts->count; i++) {
        int place = place_of(config_key_at(key)->allowed, c->texts->items[i]);

        if (place >= 0)
            c->bits |= UINT64_C(1) << place;
        else
            c->is_open = true;
    }
    return 0;
}

static enum condition_truth
truth_of(bool is_true)
{
    return is_true ? CONDITION_TRUE : CONDITION_FALSE;
}

static enum condition_truth
is_listed(const struct condition *c, const char *text)
{
    for (size_t i = 0; i < c->texts->count; i++)
        if (strcmp(c->texts->items[i], text) == 0)
            return CONDITION_TRUE;
    return CONDITION_FALSE;
}

/* ---- who, and from where ---- */

static enum condition_truth
of_principal(const struct condition *c, const struct rule_asker *asker)
{
    return is_listed(c, asker->principal);
}

static enum condition_truth
of_actor(const struct condition *c, const struct rule_asker *asker)
{
    return asker->actor ? is_listed(c, asker->actor) : CONDITION_UNKNOWN;
}

static enum condition_truth
of_application(const struct condition *c, const struct rule_asker *asker)
{
    return is_listed(c, asker->application);
}

static enum condition_truth
of_kind(const struct condition *c, const struct rule_asker *asker)
{
    return is_listed(c, principal_kind_text(asker->kind));
}

static int
compile_address(struct condition *c, const struct vocabulary *vocabulary PASU_UNUSED)
{
    c->networks = memory_new(c->texts->count, sizeof(c->networks[0]));
    if (!c->networks)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < c->texts->count; i++) {
        int result = network_parse(&c->networks[i], c->texts->items[i]);

        if (result != 0) /* the configuration was checked */
            return result;
    }
    return 0;
}

static enum condition_truth
of_country(const struct condition *c, const struct rule_asker *asker)
{
    return asker->origin && asker->origin->country[0] ? is_listed(c, asker->origin->country)
                                                      : CONDITION_UNKNOWN;
}

static enum condition_truth
of_asn(const struct condition *c, const struct rule_asker *asker)
{
    if (!asker->origin || asker->origin->system == 0)
        return CONDITION_UNKNOWN;
    for (size_t i = 0; i < c->texts->count; i++) {
        uint64_t number;

        if (quantity_count(&number, c->texts->items[i]) == 0 && number == asker->origin->system)
            return CONDITION_TRUE;
    }
    return CONDITION_FALSE;
}

/* A client of a Unix socket is in no network. */
static enum condition_truth
of_address(const struct condition *c, const struct rule_asker *asker)
{
    return networks_contain(c->networks, c->texts->count, asker->address) ? CONDITION_TRUE
                                                                          : CONDITION_FALSE;
}

/* ---- when ---- */

static uint16_t
minutes_of(const char *text)
{
    return (uint16_t)(((text[0] - '0') * 10 + text[1] - '0') * 60 + (text[3] - '0') * 10 + text[4] -
                      '0');
}

static int
compile_hours(struct condition *c, const struct vocabulary *vocabulary PASU_UNUSED)
{
    c->spans = memory_new(c->texts->count, sizeof(c->spans[0]));
    if (!c->spans)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < c->texts->count; i++) /* "HH:MM-HH:MM": the configuration was checked */
        c->spans[i] = (struct condition_span){minutes_of(c->texts->items[i]),
                                              minutes_of(c->texts->items[i] + 6)};
    return 0;
}

static bool
of_hours(const struct condition *c, const struct rule_statement *statement,
         const struct condition_fields *fields PASU_UNUSED)
{
    uint32_t minute = statement->minute % MINUTES_A_DAY;

    for (size_t i = 0; i < c->texts->count; i++) {
        const struct condition_span *span = &c->spans[i];
        bool is_behind = minute >= span->from, is_before = minute < span->to;

        if (span->from < span->to ? is_behind && is_before : is_behind || is_before)
            return true;
    }
    return false;
}

static int
compile_days(struct condition *c, const struct vocabulary *vocabulary PASU_UNUSED)
{
    return set_words(c, KEY_rules_when_days);
}

static bool
of_days(const struct condition *c, const struct rule_statement *statement,
        const struct condition_fields *fields PASU_UNUSED)
{
    uint32_t day = statement->minute / MINUTES_A_DAY;

    return (c->bits >> (day + DAY_OF_1970) % DAYS_A_WEEK & 1) ||
           (c->bits & HOLIDAY && holidays_have(c->holidays, day));
}

/* Nobody has said which days of that year are holidays. */
static bool
is_day_open(const struct condition *c, const struct rule_statement *statement)
{
    return c->bits & HOLIDAY && !holidays_know(c->holidays, statement->minute / MINUTES_A_DAY);
}

/* ---- what ---- */

static int
compile_fields(struct condition *c, const struct vocabulary *vocabulary)
{
    for (size_t i = 0; i < c->texts->count; i++) {
        int field = vocabulary_field(vocabulary, c->texts->items[i]);

        if (strcmp(c->texts->items[i], "any") == 0)
            c->is_any = true;
        else if (field >= 0)
            c->bits |= UINT64_C(1) << field;
    }
    return 0;
}

static bool
of_fields(const struct condition *c, const struct rule_statement *statement PASU_UNUSED,
          const struct condition_fields *fields)
{
    return (c->bits & fields->bits) != 0 || (c->is_any && fields->is_any);
}

static int
compile_verbs(struct condition *c, const struct vocabulary *vocabulary PASU_UNUSED)
{
    return set_words(c, KEY_rules_when_verbs);
}

static bool
of_verbs(const struct condition *c, const struct rule_statement *statement,
         const struct condition_fields *fields PASU_UNUSED)
{
    return statement->verbs != 0 && (statement->verbs & ~c->bits) == 0;
}

/* It is also another's than these, or can be. */
static bool
is_verb_open(const struct condition *c, const struct rule_statement *statement)
{
    return statement->verbs == 0 || (statement->verbs & c->bits) != 0;
}

int
condition_flag(const char *text)
{
    static const char *const flags[] = {
#define X(name, word, meaning) word,
#include "exposure/flag.def"
#undef X
    };

    for (size_t i = 0; i < COUNT_OF(flags); i++)
        if (strcmp(flags[i], text) == 0)
            return (int)i;
    return -1;
}

static int
compile_flags(struct condition *c, const struct vocabulary *vocabulary PASU_UNUSED)
{
    for (size_t i = 0; i < c->texts->count; i++) {
        int flag = condition_flag(c->texts->items[i]);

        if (flag >= 0)
            c->bits |= UINT64_C(1) << flag;
        else
            c->is_open = true;
    }
    return 0;
}

static bool
of_flags(const struct condition *c, const struct rule_statement *statement,
         const struct condition_fields *fields PASU_UNUSED)
{
    return (c->bits & statement->flags) != 0;
}

static bool
of_purpose(const struct condition *c, const struct rule_statement *statement,
           const struct condition_fields *fields PASU_UNUSED)
{
    const char *purpose = statement->purpose;

    return purpose && is_listed(c, *purpose ? purpose : "none") == CONDITION_TRUE;
}

static int
compile_first_use(struct condition *c, const struct vocabulary *vocabulary PASU_UNUSED)
{
    return set_words(c, KEY_rules_when_first_use);
}

static bool
of_first_use(const struct condition *c, const struct rule_statement *statement,
             const struct condition_fields *fields PASU_UNUSED)
{
    return (statement->use == RULE_USE_FIRST && c->bits & FIRST) ||
           (statement->use == RULE_USE_KNOWN && c->bits & NOT_FIRST);
}

/* ---- all of them ---- */

static const struct condition_kind kinds[] = {
    {.name = "principal", .of_asker = of_principal},
    {.name = "actor", .of_asker = of_actor},
    {.name = "kind", .of_asker = of_kind},
    {.name = "address", .compile = compile_address, .of_asker = of_address},
    {.name = "country", .of_asker = of_country},
    {.name = "asn", .of_asker = of_asn},
    {.name = "application", .of_asker = of_application},
    {.name = "hours", .compile = compile_hours, .of_statement = of_hours},
    {.name = "days", .compile = compile_days, .of_statement = of_days},
    {.name = "fields", .compile = compile_fields, .of_statement = of_fields},
    {.name = "purpose", .of_statement = of_purpose},
    {.name = "verbs", .compile = compile_verbs, .of_statement = of_verbs},
    {.name = "first_use", .compile = compile_first_use, .of_statement = of_first_use},
    {.name = "flags", .compile = compile_flags, .of_statement = of_flags},
    {.name = ""}, /* what nobody here knows */
};

int
condition_compile(struct condition *c, const struct config_condition *config,
                  const struct vocabulary *vocabulary, const struct holidays *holidays)
{
    size_t k = 0;

    while (k < COUNT_OF(kinds) - 1 && strcmp(kinds[k].name, config->name) != 0)
        k++;
    *c = (struct condition){
        .kind = &kinds[k],
        .is_negated = config->is_negated,
        .texts = &config->values,
        .holidays = holidays,
    };
    return kinds[k].compile ? kinds[k].compile(c, vocabulary) : 0;
}

void
condition_release(struct condition *c)
{
    memory_free(c->networks);
    memory_free(c->spans);
    c->networks = NULL;
    c->spans = NULL;
}

bool
condition_is_of_actor(const struct condition *c)
{
    return c->kind->of_asker == of_actor;
}

bool
condition_is_of_source(const struct condition *c)
{
    return c->kind->of_asker == of_address || c->kind->of_asker == of_country ||
           c->kind->of_asker == of_asn;
}

bool
condition_is_of_use(const struct condition *c)
{
    return c->kind->of_statement == of_first_use;
}

bool
condition_is_of_asker(const struct condition *c)
{
    return c->kind->of_statement == NULL;
}

bool
condition_is_of_session(const struct condition *c)
{
    return condition_is_of_asker(c) || c->kind->of_statement == of_hours ||
           c->kind->of_statement == of_days;
}

static enum condition_truth
negated(const struct condition *c, enum condition_truth truth)
{
    return c->is_negated ? CONDITION_TRUE - truth : truth;
}

enum condition_truth
condition_of_asker(const struct condition *c, const struct rule_asker *asker)
{
    if (!c->kind->of_asker || (asker->is_source_open && condition_is_of_source(c)))
        return CONDITION_UNKNOWN;
    return negated(c, c->kind->of_asker(c, asker));
}

enum condition_truth
condition_of_statement(const struct condition *c, const struct rule_statement *statement,
                       const struct condition_fields *fields)
{
    bool is_true = c->kind->of_statement(c, statement, fields);
    bool is_unknown = c->is_open ||
                      (c->kind->of_statement == of_verbs && is_verb_open(c, statement)) ||
                      (c->kind->of_statement == of_purpose && !statement->purpose) ||
                      (c->kind->of_statement == of_days && is_day_open(c, statement)) ||
                      (condition_is_of_use(c) && statement->use == RULE_USE_UNKNOWN);

    return negated(c, !is_true && is_unknown ? CONDITION_UNKNOWN : truth_of(is_true));
}

bool
condition_means_field(const struct condition *c, int field)
{
    if (c->kind->of_statement != of_fields || c->is_negated || c->is_any)
        return true;
    return field >= 0 && (c->bits >> field & 1);
}
