/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger as a command reads it: the folder that the configuration names, read from the first
 * entry to the last, as often as need be. A running guard is asked first to write down what it has
 * (it need not answer: what stands in its rings is read as well).
 *
 * While it takes longer than a second, a line on standard error says how far it is, where that is a
 * terminal. What is wrong is complained about here; results are exit statuses, 0 to go on.
 */
#ifndef PASU_CLI_EVIDENCE_H
#define PASU_CLI_EVIDENCE_H

#include "breach/index_keys.h"
#include "breach/keys.h"
#include "breach/mentions.h"
#include "breach/scope.h"
#include "breach/subject.h"
#include "cli/ask.h"
#include "cli/ledger_entries.h"
#include "cli/places.h"
#include "ledger/decoys.h"

/* Who else hears of each entry, in order, once the book has noted it; a negative result ends the
 * reading. */
typedef int evidence_watch_fn(void *arg, const struct ledger_entry *entry,
                              const struct records_place *place, bool is_in_ring);

struct evidence {
    struct ask ask; /* the configuration */
    int directory;  /* -1: not open */
    bool has_secret;
    uint8_t secret[SEAL_SECRET_SIZE];
    struct segment_keys segment_keys;
    struct entry_keys entry_keys;
    struct filter filter;
    struct places places;
    struct decoys *decoys; /* of the ledger; NULL: none */
    struct book *book;
    struct selection selection;
    struct index *index; /* once it was asked; NULL: not open */
    /* Filled when first asked for: by the index, or else with all that the ledger has. */
    struct keys keys;
    enum { KEYS_NONE, KEYS_BY_INDEX, KEYS_OF_LEDGER } keys_by;
    struct index_keys index_keys;
    struct ledger_entries *keys_ledger; /* which those are read from */
    uint64_t texts;                     /* that were */
    bool is_bad;                        /* a second reading failed; told once */
    evidence_watch_fn *watch;           /* of evidence_read; NULL: nobody */
    void *watch_arg;
    bool has_index;  /* the ledger's index may be asked */
    uint64_t until;  /* answers are of records below this index; 0: of all */
    bool has_rights; /* changes of rights are asked for, too, whose own records were deleted */
    bool has_deeds;  /* the watch hears of deeds too */
};

/* Reads configuration and filter options, opens the ledger. Close it in any case. */
PASU_MUST_USE int evidence_open(struct evidence *evidence, const struct arguments *arguments);
void evidence_close(struct evidence *evidence);
/* Gives all selected statements to `give`. */
PASU_MUST_USE int evidence_read(struct evidence *evidence, statement_fn *give, void *arg);
/* The scope of all that is selected, without decoys: with the ledger's index where that is allowed,
 * there, and can answer; else by reading. `scope` is empty, with the evidence's selection. */
PASU_MUST_USE int evidence_scope(struct evidence *evidence, struct scope *scope);
/* The subject, which has its ordinals, by the index, and where the ledger names them (NULL: that is
 * not asked). *is_answered: it was; else the subject is as before, but has told some of what it
 * sees, `mentions` are to be made anew, with the book that there is now, and the ledger is to be
 * read. */
PASU_MUST_USE int evidence_subject(struct evidence *evidence, struct subject *subject,
                                   struct mentions *mentions, bool *is_answered);
/* How much of the ledger is lacking of the time in question, by what has been read; or of these
 * gaps, how many are places where it is damaged. */
uint64_t evidence_gaps(const struct evidence *evidence, bool is_damage);
/* Leaves those out of a scope of this evidence who were known as decoys before that time (realtime
 * ns; INT64_MAX: now). PASU_E_NOMEM. */
PASU_MUST_USE int evidence_leave_out(const struct evidence *evidence, struct scope *scope,
                                     int64_t before);
/* How many of those a scope of this evidence names are known as decoys now. PASU_E_NOMEM. */
PASU_MUST_USE int evidence_count_decoys(const struct evidence *evidence, const struct scope *scope,
                                        uint64_t *count);
/* The set, if the subject, which has its ordinals, is a decoy; else NULL. */
const struct decoy_set *evidence_decoy(const struct evidence *evidence,
                                       const struct subject *subject);
/* Begins anew without the index, which said what the ledger does not; the subject and mentions are
 * the caller's. */
PASU_MUST_USE int evidence_doubt_index(struct evidence *evidence);
/* Adds the names that the configuration has now. PASU_E_NOMEM. */
PASU_MUST_USE int evidence_names(const struct evidence *evidence, struct names *names);
/* Reads the directory of keys as a whole, unless that was done: for who must not trust the index.
 */
PASU_MUST_USE int evidence_read_keys(struct evidence *evidence);
/* The ordinals of a key's entries, as keys_find; with the ledger's index where that may be asked.
 */
PASU_MUST_USE int evidence_find_key(struct evidence *evidence, struct view text, uint32_t *ordinals,
                                    size_t most, size_t *count);
/* Whether the ledger has entries of the directory; once a key was looked for. */
bool evidence_has_keys(const struct evidence *evidence);

/* What a key is called: a number, or a text that is complete in `text` when it returns. */
enum { KEY_TEXT_SIZE = SEAL_TEXT_MAX + 16 };
/* The key that the ordinal stands for, the directory being read if need be. */
void evidence_key(struct evidence *evidence, uint32_t ordinal, char text[KEY_TEXT_SIZE]);

#endif
