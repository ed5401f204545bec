/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what was gathered to the record: tally, budget, ring. Called before the bytes leave, for the
 * result that is under way; afterwards the gather is empty.
 *
 * The order is the invariant: a person is counted, judged, recorded, and only then shown. What
 * cannot be recorded now holds the client's bytes (struct peer, is_held) until it is; when that
 * takes longer than EXPOSE_PATIENCE, on_failure decides.
 */
#ifndef PASU_GATE_EXPOSE_H
#define PASU_GATE_EXPOSE_H

#include "gate/speech.h"

enum { EXPOSE_PATIENCE_SECONDS = 5 };

/* What budgets and rules say of a batch. */
struct judgement {
    bool can_mask; /* said before: it is rows whose values can be masked */
    bool is_blocked;
    bool is_withheld; /* a text of the server's may not leave as it is, and nobody was counted */
    uint64_t masked;  /* fields that may leave masked alone: of what is before `cut` */
    uint32_t first;   /* where the first row begins */
    const struct config_budget *masks;  /* that masks rows, in all fields; NULL: none does */
    size_t clear;                       /* items of rows before */
    uint32_t tail;                      /* where the first of these rows begins */
    uint32_t cut;                       /* where the first row begins that may not leave */
    const struct config_budget *budget; /* that blocks */
    uint64_t rows;                      /* that may leave */
    bool is_held;       /* it holds, and the rows from `cut` on can wait until they are approved */
    bool is_last;       /* a rule blocks it that ends the session, too */
    const char *ruling; /* of a rule that does (verdict_message), borrowed to the next; or NULL */
};

/* The gathered rows of the present result, of which there are some and which stand in the outgoing
 * `bytes`. 0, also where a budget blocks; PASU_E_NOMEM; PASU_E_RECORD_UNAVAILABLE. */
PASU_MUST_USE int expose_rows(struct session *session, const uint8_t *bytes,
                              struct judgement *judgement);
/* Something that is no row and can carry whatever the fields and kinds hold: an error's text, a
 * notice, a notification, a function's result, a copy stream. `flags` says which. */
PASU_MUST_USE int expose_words(struct session *session, const struct plan_statement *statement,
                               uint64_t fields, uint64_t kinds, uint64_t flags,
                               struct judgement *judgement);
/* The same of so many persons of each kind at most. */
PASU_MUST_USE int expose_few(struct session *session, const struct plan_statement *statement,
                             uint64_t fields, uint64_t kinds, uint64_t most, uint64_t flags,
                             struct judgement *judgement);
/* The same of persons that it pins, and nobody else. */
PASU_MUST_USE int expose_named(struct session *session, const struct plan_statement *statement,
                               const struct speech *speech, uint64_t flags,
                               struct judgement *judgement);
/* A statement has put personal values under other persons' keys, in so many rows (more than 0):
 * they count as shown, since nobody who reads them there later is counted for them. */
PASU_MUST_USE int expose_moved(struct session *session, const struct plan_statement *statement,
                               uint64_t rows);
/* The present result has ended without a row though it asked for certain persons. */
PASU_MUST_USE int expose_miss(struct session *session);
/* The present result has told whether there is such a person, and no more. */
PASU_MUST_USE int expose_probe(struct session *session);
/* A statement that was not sent on. */
PASU_MUST_USE int expose_refusal(struct session *session, const struct plan *plan);

/* What an administrator is about to do (gate/administration.h), whether it shows anybody or not. */
PASU_MUST_USE int expose_act(struct session *session, const struct plan_statement *statement,
                             uint64_t flags);

/* What a rule (as records call it) says of so many executions of which no other record tells.
 * `statement` NULL: of several. */
PASU_MUST_USE int expose_ruled(struct session *session, const struct plan_statement *statement,
                               const char *rule, enum verdict verdict, uint32_t statements,
                               uint64_t flags);

#endif
