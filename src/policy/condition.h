/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One condition of a rule (policy/rule.h), compiled: what it asks about, and which values it has.
 * Immutable once compiled; borrows texts from the configuration. Where something cannot be decided
 * it is CONDITION_UNKNOWN, with `not` as well.
 */
#ifndef PASU_POLICY_CONDITION_H
#define PASU_POLICY_CONDITION_H

#include "policy/holidays.h"
#include "policy/rule.h"

enum condition_truth { CONDITION_FALSE, CONDITION_UNKNOWN, CONDITION_TRUE };

struct condition_span { /* minutes of a day; over midnight where `to` is not behind `from` */
    uint16_t from, to;
};

struct condition {
    const struct condition_kind *kind;
    bool is_negated;
    bool is_open;  /* has values beside those below that cannot be decided */
    bool is_any;   /* fields: any */
    uint64_t bits; /* kinds, days, fields, verbs, flags */
    const struct config_texts *texts;
    struct network *networks;        /* as many as texts */
    struct condition_span *spans;    /* as many as texts */
    const struct holidays *holidays; /* days: of which some are */
};

/* A statement's fields in the rules' vocabulary. */
struct condition_fields {
    uint64_t bits;
    bool is_any; /* also one that has no bit */
};

/* `holidays` is borrowed. PASU_E_NOMEM; condition_release is due then, too. */
PASU_MUST_USE int condition_compile(struct condition *condition,
                                    const struct config_condition *config,
                                    const struct vocabulary *vocabulary,
                                    const struct holidays *holidays);
void condition_release(struct condition *condition);
/* Whether it asks for the actor. */
bool condition_is_of_actor(const struct condition *condition);
/* Whether it asks where they are. */
bool condition_is_of_source(const struct condition *condition);
/* Whether it asks for first uses of statements. */
bool condition_is_of_use(const struct condition *condition);
/* Whether it asks about the asker, not about each statement. */
bool condition_is_of_asker(const struct condition *condition);
/* Whether it asks about the asker or about the time, and not about what is asked. */
bool condition_is_of_session(const struct condition *condition);
enum condition_truth condition_of_asker(const struct condition *condition,
                                        const struct rule_asker *asker);
enum condition_truth condition_of_statement(const struct condition *condition,
                                            const struct rule_statement *statement,
                                            const struct condition_fields *fields);
/* Whether what it says of a statement's fields is meant of this one, by its number in the rules'
 * vocabulary (-1: it has none), where the statement has it. */
bool condition_means_field(const struct condition *condition, int field);
/* The number of a flag (exposure/flag.def), or -1. */
int condition_flag(const char *text);
/* The word at a place of a list with '|' between them; empty where there is none. */
struct view condition_word(const char *words, size_t place);

#endif
