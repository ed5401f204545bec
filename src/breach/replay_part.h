/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of breach/replay.h. */
#ifndef PASU_BREACH_REPLAY_PART_H
#define PASU_BREACH_REPLAY_PART_H

#include "breach/replay.h"

/* A vocabulary of the past, and where its kinds are in replay->kinds. */
struct replay_words {
    struct vocabulary vocabulary;
    uint8_t slots[EXPOSURE_KINDS_MAX];
};

/* What a session's present statement came to. */
enum replay_mark { MARK_NOT, MARK_PERHAPS, MARK_SURELY };

struct replay_session {
    uint64_t id; /* 0: free */
    uint32_t next_free;
    struct tally *tally;
    struct budget budget;
    struct rule_scope scope;   /* for the vocabulary, the actor and the claim below */
    struct rule_scope claimed; /* of the address that the application gives, not signed */
    uint32_t vocabulary;
    char source[EXPOSURE_SOURCE_MAX];
    bool is_signed;
    char actor[EXPOSURE_TEXT_MAX];
    bool is_scoped;
    /* The statement under way. */
    bool is_running;
    uint64_t executions;
    uint8_t then;      /* enum verdict: the strongest so far */
    uint32_t minute;   /* when it began */
    enum rule_use use; /* when it began */
    size_t stopped_by; /* an outcome; 0: nothing has surely stopped it */
    bool is_by_surely; /* that outcome, and no other */
    bool is_stopped_surely;
    uint8_t *marks; /* enum replay_mark, of each outcome */
};

/* A record that is judged. */
struct replay_record {
    uint64_t seq;
    const struct exposure *exposure;
    const struct session_info *info;
    const struct replay_words *words; /* NULL: nobody knows them */
};

/* What rules say of a record. */
struct replay_ruling {
    size_t by; /* the outcome of the rule that decides; 0: none does */
    bool is_by_surely;
    /* Whether it stops it: [0] perhaps, [1] surely, which is perhaps, too. */
    bool stops[2];
    bool keeps[2]; /* all of it, not only what is masked */
};

/* Judges a record by the rules, and counts it for each that it concerns. PASU_E_NOMEM. */
PASU_MUST_USE int replay_rules_judge(struct replay *replay, struct replay_session *session,
                                     const struct replay_record *record,
                                     struct replay_ruling *ruling);
/* Which conditions each rule has that a record can lack. */
void replay_rules_prepare(struct replay *replay);

/* It concerns the outcome: who, when, and, with `has_persons`, whom. PASU_E_NOMEM. */
PASU_MUST_USE int replay_note(struct replay *replay, struct replay_session *session, size_t outcome,
                              const struct replay_record *record, bool is_sure, bool has_persons);
/* These persons, of a part, would not have been shown. PASU_E_NOMEM. */
PASU_MUST_USE int replay_note_persons(struct replay *replay, size_t outcome, uint8_t slot,
                                      const uint32_t *ordinals, size_t count, uint64_t unknown,
                                      bool is_sure);
/* The slot of a part's kind; EXPOSURE_KINDS_MAX where there is none. */
uint8_t replay_slot(const struct replay_record *record, const struct exposure_part *part);
/* The statement under way is over: it is counted. */
void replay_settle(struct replay *replay, struct replay_session *session);
void replay_outcome_release(struct replay_outcome *outcome);

#endif
