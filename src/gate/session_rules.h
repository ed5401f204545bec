/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules that concern a session: those of the configuration in force. A session keeps the
 * configuration that it began with, but not these: what a reload asks for holds for the next
 * statement, and never for the rest of one that is on its way (gate/standing.h). The rows of a
 * statement are judged by all that is known of it, not only by what was not known before it was
 * sent.
 *
 * Owned by the session's worker.
 */
#ifndef PASU_GATE_SESSION_RULES_H
#define PASU_GATE_SESSION_RULES_H

#include "gate/source_claim.h"
#include "policy/rule.h"

struct session;
struct settings;
struct plan_statement;

/* What was told of a rule that lets pass (gate/verdict.h). */
struct rule_told {
    char rule[EXPOSURE_TEXT_MAX];
    uint8_t verdict;     /* enum verdict that its records have: allow where it is in shadow */
    uint32_t minute;     /* of the last log line */
    uint64_t unlogged;   /* statements since then */
    uint64_t unrecorded; /* of these, those of which no record tells */
};

/* What the rules said of a statement the last time: nearly every one is judged again, and so is the
 * next one of its kind. */
struct rule_judged {
    struct rule_statement statement; /* whose purpose is the one below, or NULL */
    char purpose[EXPOSURE_TEXT_MAX];
    struct ruling ruling;
    bool is_set;
};

/* Where the application says where its user is (gate/source_claim.h), and rules ask for that, there
 * are two scopes, each of one address, and what the stricter says holds; with a signed claim one,
 * of that address. */
struct session_rules {
    struct rule_scope scope;
    struct rule_scope claimed;  /* without any rule where there is no claim, or it is signed */
    struct source_claim source; /* that they are of */
    bool has_verdicts, has_durability, can_block, can_mask; /* either of them */
    uint64_t turn;                 /* the observer's, that the scopes are of */
    enum principal_kind kind;      /* that it is of */
    char actor[EXPOSURE_TEXT_MAX]; /* whom it is of, where rules ask for that */
    uint64_t actor_version;        /* of what no text said that they are of */
    bool is_of_settings;           /* they are, and of no claimed source */
    bool is_set;
    struct rule_judged judged; /* by these scopes */
    /* The statement of the message in hand that a look at it, of these scopes, has let pass, held
     * by that; NULL: there is none (gate/approval_ask.c). */
    const struct plan_statement *passed;
    bool is_last;  /* what verdict_judge has said last ends the session */
    char *blocked; /* what verdict_judge has said last; NULL: nothing, or it is a request's */
    struct rule_told *told; /* memory_free; NULL: nothing was */
    size_t told_count;
};

/* The settings whose rules hold for what the session asks, and is answered. */
const struct settings *session_rules_settings(const struct session *session);
/* Makes a scope of them for the session, which needs no observer. `may_claim`: it can still say, by
 * a signed claim, that it is somewhere else. PASU_E_NOMEM. */
PASU_MUST_USE int session_rules_scope(struct session *session, bool may_claim,
                                      struct rule_scope *scope);
/* Sees to it that the observer's scope is of the settings that hold, and of the actor of what is
 * being asked or answered. PASU_E_NOMEM. */
PASU_MUST_USE int session_rules_renew(struct session *session);
/* Of a rule that refuses: why the address that was claimed does not count, as
 * source_claim_trouble, where the rule asks where somebody is; else "". */
const char *session_rules_trouble(const struct session *session, const struct config_rule *rule);
/* The verdict on the statement, of both scopes. */
void session_rules_judge(struct session_rules *rules, const struct rule_statement *statement,
                         struct ruling *ruling);
enum durability session_rules_durability(const struct session_rules *rules,
                                         const struct rule_statement *statement,
                                         enum durability other);
void session_rules_release(struct session_rules *rules);
/* The verbs of a statement that shows something (NULL: it is none): of the result under way, those
 * of what EXECUTE or FETCH stands for, too. */
uint64_t session_rules_verbs(const struct session *session, const struct plan_statement *statement);

#endif
