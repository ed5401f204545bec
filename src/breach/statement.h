/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records put together to executions: a statement's rows are recorded in batches, of which the
 * first one counts the execution (`statements` 1, or more where several were merged) and the others
 * follow with `statements` 0. Batches that follow each other in their session, of the same
 * fingerprint, vocabulary and actor, become one statement here.
 *
 *      ledger:     A1 B1 A0 A0 B0 A1 …          session letter, `statements`
 *      given out:  A[1 0 0]  when A1 comes; B[1 0] at its end
 *
 * A statement is given out when its session's next begins, when the session closes, or is forgotten
 * (what it showed last can come behind its end), and at the end: so in the order in which
 * statements ended. It is cut where the day (UTC) changes, where its
 * session becomes known or unknown, and where it holds too many persons (STATEMENT_PERSONS_MAX):
 * what is still to come of it is a statement of its own, with `statements` 0. Where it is cut does
 * not depend on other sessions or on which days are asked for, so that days can be added up
 * (docs/spec/index.md). Only where all that are held together hold far too many persons
 * (STATEMENTS_HELD_MAX), all are given out. Memory is thus bounded by the number of open sessions.
 *
 * Several of one execution: sets are united; rows, misses and unknown persons added; of verdicts
 * the strongest counts.
 */
#ifndef PASU_BREACH_STATEMENT_H
#define PASU_BREACH_STATEMENT_H

#include "base/list.h"
#include "breach/book.h"
#include "breach/persons.h"

enum { STATEMENT_PERSONS_MAX = 1 << 20, STATEMENTS_HELD_MAX = 16 << 20 };

/* A part counts like so many persons against both. */
enum { STATEMENT_PART_COST = 16 };

/* Persons of one kind whose fields were shown in one way. */
struct statement_part {
    uint8_t kind;        /* number in the vocabulary */
    uint8_t attribution; /* enum attribution */
    bool is_text;        /* the keys are */
    uint64_t clear, masked, null;
    struct persons *shown, *missed; /* NULL: none */
    uint64_t unknown;               /* at_most = shown + unknown */
};

struct statement {
    uint64_t seq; /* of its first record */
    int64_t time; /* of its first record */
    uint64_t session_id;
    bool is_session_known;
    struct session_info session;
    uint64_t shape;
    struct lexicon *lexicon; /* of the book's names */
    uint64_t statements, rows, misses, flags;
    uint8_t verdict;
    char rule[EXPOSURE_TEXT_MAX], actor[EXPOSURE_TEXT_MAX];
    struct exposure_claims claims;
    struct statement_part *parts; /* no two that differ in persons only */
    size_t part_count, part_space;
};

/* Gets each finished statement, borrowed; a negative result ends all and is given on. */
typedef int statement_fn(void *arg, const struct statement *statement);

struct statements {
    struct book *book;
    statement_fn *give;
    void *arg;
    struct map places; /* session → place in `held` */
    struct held_statement **held;
    size_t count, space;
    uint32_t free_list; /* 1-based */
    struct list order;  /* of those that are held, as they began */
    uint64_t persons;   /* in all that are held */
};

/* The statement stays where it is: the book must outlive it. */
void statements_init(struct statements *statements, struct book *book, statement_fn *give,
                     void *arg);
/* Drops what is held. */
void statements_release(struct statements *statements);
/* Takes one record. PASU_E_NOMEM, or what `give` returned. */
PASU_MUST_USE int statements_add(struct statements *statements, uint64_t seq,
                                 const struct exposure *exposure);
/* The session closed, or has a record here that is not taken: nothing goes on behind it. */
PASU_MUST_USE int statements_close(struct statements *statements, uint64_t session);
/* Gives out what is held of sessions that `keeps` does not keep. */
PASU_MUST_USE int statements_settle(struct statements *statements,
                                    bool (*keeps)(void *arg, uint64_t session), void *arg);
/* Holds a statement that began elsewhere, as if its records had been added here: of these exposures
 * together, with so many executions in place of theirs, of this session (NULL: not known), which
 * counts so many persons against the limits. */
PASU_MUST_USE int statements_resume(struct statements *statements, uint64_t seq,
                                    const struct exposure *exposures, size_t count,
                                    uint64_t executions, const struct session_info *session,
                                    uint64_t persons);
/* Gives out all that is held. */
PASU_MUST_USE int statements_end(struct statements *statements);

/* Whether it showed or sought somebody, was judged or is remarkable. */
bool statement_is_notable(const struct statement *statement);
/* The weaker of two; a number that is no attribution is the weakest. */
enum attribution attribution_weaker(enum attribution a, unsigned b);
/* The weakest of its parts; ATTRIBUTION_NONE where it has none. */
enum attribution statement_attribution(const struct statement *statement);
/* Whether it names somebody, or can have shown somebody: where a part only says whom it was asked
 * for in vain, its fields were not shown. */
bool part_has_shown(const struct statement_part *part);
/* Whether it names somebody, shown or sought. */
bool part_has_named(const struct statement_part *part);

#endif
