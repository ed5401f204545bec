/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a ledger's entries to the statements that a question is about: every entry is noted in the
 * book, exposures are tested with the filter one by one (so that of a statement that ran over the
 * edge of the asked time only what lies in it counts), and put together to statements.
 *
 * Beside that it keeps what an answer needs to say how complete it is: statements whose session
 * nobody knows, and which vocabularies were in force.
 */
#ifndef PASU_BREACH_SELECTION_H
#define PASU_BREACH_SELECTION_H

#include "breach/filter.h"
#include "breach/statement.h"

struct selection {
    struct book *book;
    const struct filter *filter;
    struct statements statements;
    uint64_t untestable;    /* statements that the filter asks about but whose session is unknown */
    struct map rights;      /* indexes of the exposures that were seen of LEDGER_RIGHT */
    struct map unrecorded;  /* unknown sessions of those selected or untestable */
    struct lexicon *before; /* the last vocabulary seen before the asked time */
    struct lexicon **in_force; /* those seen in it */
    size_t in_force_count;
};

/* All must outlive it. */
void selection_init(struct selection *selection, struct book *book, const struct filter *filter,
                    statement_fn *give, void *arg);
void selection_release(struct selection *selection);
/* PASU_E_NOMEM, or what `give` returned. */
PASU_MUST_USE int selection_add(struct selection *selection, const struct ledger_entry *entry);
/* A LEDGER_RIGHT, for who wants them: a statement of its own, once, however often it comes. As
 * selection_add. */
PASU_MUST_USE int selection_right(struct selection *selection, const struct ledger_entry *entry);
/* Gives out what is held; then the selection is complete. */
PASU_MUST_USE int selection_end(struct selection *selection);

/* Whether every vocabulary in force knows the field (a place in the book's names); false where none
 * was in force. */
bool selection_has_watched(const struct selection *selection, int field);
/* Those of the fields that the filter asks for: all, or the one (0 where it is not among them). */
uint64_t selection_fields(const struct selection *selection, const struct lexicon *lexicon,
                          uint64_t fields);

/* For who reads a ledger in parts (breach/index_scope.h): an exposure whose session, where it is
 * known, the book knows already; and that a vocabulary was used at that time. */
PASU_MUST_USE int selection_expose(struct selection *selection, uint64_t seq,
                                   const struct exposure *exposure);
PASU_MUST_USE int selection_note(struct selection *selection, uint32_t vocabulary, int64_t time);

#endif
