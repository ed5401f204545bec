/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules: what the configuration's `rules` say of a statement, by who asks, from where, when, and
 * what it shows. In the order of the file; of those that match, the first one that says something
 * about a thing decides it: about the verdict each does, about durability those that name one.
 *
 * All conditions of a rule must hold; one holds where one of its values does, or, with `not`, none.
 * Some cannot be decided with what is known here:
 *
 *      country, asn   of an address that no data is loaded of, or that is in none
 *      actor          of a session that has not said it yet: it may, with each statement
 *      address, country, asn   of one whose statements may say where their users are, so that it
 *                     counts (signed), and that has not yet
 *      verbs          of a statement that is several things, or can be anything: EXECUTE, FETCH,
 *                     what is not understood
 *      flags          that no statement is ever given
 *      first_use      of what is not understood
 *      days           holidays of a year whose holidays nobody has listed
 *
 * Then it is not certain that the rule matches, nor that it does not, and rule_next says so. Who
 * uses it takes what is safer: the strictest verdict, the most durable record of all that can be
 * meant.
 *
 * A rule that masks decides about the fields that its `fields` names, all where it names none;
 * about the statement's other fields the rules behind it do, which are not asked about these any
 * more.
 *
 * A rule in shadow is told by rule_judge, and for all else it is not there.
 *
 * struct rules is made once of a checked configuration, which it borrows, and never changes: any
 * thread. A scope is what is left of it for one session, whose statements then cost no look at
 * what is the same for all of them; it is its worker's, and borrows the rules.
 */
#ifndef PASU_POLICY_RULE_H
#define PASU_POLICY_RULE_H

#include "config/load.h"
#include "exposure/exposure.h"
#include "exposure/vocabulary.h"
#include "policy/roster.h"

struct origin;

/* A session. Borrowed while a scope is made. */
struct rule_asker {
    const char *principal;
    enum principal_kind kind;
    const char *actor; /* "" where there is none; NULL: it is not known */
    const char *application;
    const struct address *address;
    const struct origin *origin; /* of that address; NULL: nothing is known of it */
    bool is_source_open; /* the statements will say where their users are, and it may count instead
                          */
    const struct vocabulary *vocabulary; /* that its statements' fields are in */
};

/* Whether a statement's principal has run one of its shape before. */
enum rule_use { RULE_USE_UNKNOWN, RULE_USE_KNOWN, RULE_USE_FIRST };

/* A statement, or the part of one that is being judged. */
struct rule_statement {
    uint64_t fields; /* that it shows, or asks for: bits of the asker's vocabulary */
    uint64_t flags;  /* FLAG_BIT */
    uint64_t verbs; /* that it is, by its text: places in the list of rules[].when.verbs in key.def;
                       0: not known */
    const char *purpose; /* that it gives; "": none; NULL: not known */
    enum rule_use use;
    uint32_t minute; /* local, since 1970 (os_local_minute): hours and days are the gateway's */
};

/* The verb of what is no statement: a notification of others. */
#define RULE_NO_VERB (UINT64_C(1) << 63)

/* What rules say of a statement. */
struct ruling {
    enum config_verdict verdict;      /* VERDICT_ALLOW, _ALERT, _HOLD, _BLOCK: on all else */
    bool is_certain;                  /* that the rule matches */
    const struct config_rule *rule;   /* that decides; NULL: none matches */
    uint64_t masked;                  /* fields of the statement that are to be masked */
    bool is_mask_certain;             /* that the rule matches which says so */
    const struct config_rule *mask;   /* the first one that does; NULL: none is masked */
    const struct config_rule *shadow; /* the first one that would, and is in shadow; or NULL */
};

/* Whether it ends the session, too. */
static inline bool
ruling_closes(const struct ruling *ruling)
{
    return ruling->verdict == VERDICT_BLOCK && ruling->rule->verdict == VERDICT_BLOCK &&
           ruling->rule->session == CONFIG_SESSION_CLOSE;
}

/* What of a rule `pasu doctor` asks the gate for, as one number: its verdict, and whether it ends
 * sessions. */
static inline uint32_t
rule_trial(const struct config_rule *rule)
{
    return (uint32_t)rule->verdict | (uint32_t)rule->session << 8;
}

struct rules;
struct rule_left; /* a rule that can match */

/* All zero is a scope without rules. */
struct rule_scope {
    struct rule_left *left;
    size_t count;
    bool has_durability;                /* one of them names one */
    bool has_verdicts;                  /* one of them says more than allow */
    bool can_block;                     /* one of them blocks, or holds */
    bool can_mask;                      /* one of them masks */
    bool asks_use;                      /* one of them asks for first uses */
    bool is_translated;                 /* the asker's vocabulary is not the rules' */
    int8_t fields[EXPOSURE_FIELDS_MAX]; /* then the rules' bit of each of its own; -1: none */
};

/* `vocabulary`: of the same configuration; copied. PASU_E_NOMEM. */
PASU_MUST_USE int rules_new(struct rules **rules, const struct config *config,
                            const struct vocabulary *vocabulary);
void rules_free(struct rules *rules);
/* Puts what concerns the asker in place of what was there. PASU_E_NOMEM: it is empty then. */
PASU_MUST_USE int rule_scope_set(struct rule_scope *scope, const struct rules *rules,
                                 const struct rule_asker *asker);
void rule_scope_release(struct rule_scope *scope);

/* The next rule from *at on (at first 0) that matches the statement, or can match it (not
 * *is_certain); NULL: there is none. */
const struct config_rule *rule_next(const struct rule_scope *scope,
                                    const struct rule_statement *statement, size_t *at,
                                    bool *is_certain);
/* The verdict on the statement. */
void rule_judge(const struct rule_scope *scope, const struct rule_statement *statement,
                struct ruling *ruling);
/* What it says is to be masked cannot be: it is blocked, by the rule that says so. */
void ruling_block_masked(struct ruling *ruling);
/* The verdict on whatever the session may ask at that minute: that of a rule which asks about
 * nothing but the session and the time, where none before it can say otherwise of some statement;
 * VERDICT_ALLOW else. An actor who is not known yet is the statements' affair. */
void rule_judge_session(const struct rule_scope *scope, uint32_t minute, struct ruling *ruling);
/* What a record calls the rule: "rule overseas", "shadow rule overseas: block". */
void rule_text(char text[EXPOSURE_TEXT_MAX], const struct config_rule *rule);
/* What a refused client is told of it. */
void rule_message(char *text, size_t size, const struct ruling *ruling);
/* How durable the statement's record is to be, where `other` is what holds without rules. */
enum durability rule_durability(const struct rule_scope *scope,
                                const struct rule_statement *statement, enum durability other);
/* Whether one of them asks for the actor, of anybody. */
bool rules_ask_actor(const struct rules *rules);
/* Whether one of them holds, of anybody. */
bool rules_can_hold(const struct rules *rules);
/* Whether one of them asks where somebody is. */
bool rules_ask_source(const struct rules *rules);
/* Whether one of them says more than allow, of anybody. */
bool rules_have_verdicts(const struct rules *rules);
/* The most that `other` or any rule asks for, of anybody. */
enum durability rules_strictest(const struct rules *rules, enum durability other);

/* What is no fault, and not as who wrote it may think: verdicts that there are not yet, flags that
 * there are not, conditions that nothing decides. Added to the list, with file and line. */
void rules_warn(const struct config *config, struct config_faults *warnings);

#endif
