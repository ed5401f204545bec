/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the ledger names one person: each list of each exposure's part, with the place in it, and
 * the opening that was made of the list, if there is one. What a certificate is made of.
 *
 * Fed with all entries in order, after the book has noted them; or with those of some stretches of
 * the ledger, in any order of these and perhaps more than once (breach/index_mentions.h). A
 * statement is several records where it showed many: this is about records, not statements
 * (breach/statement.h). One thread.
 */
#ifndef PASU_BREACH_MENTIONS_H
#define PASU_BREACH_MENTIONS_H

#include "breach/filter.h"
#include "breach/subject.h"

enum { MENTIONS_MAX = 1 << 16 };

struct mention {
    uint64_t record;            /* index of the exposure's, */
    struct records_place place; /* and from where on it can be read */
    int64_t time;               /* of the exposure, realtime ns */
    uint64_t session;           /* index of its OPENED record; 0: not known, or not recorded */
    uint64_t names;             /* index of its VOCABULARY record; 0: not known, or not recorded */
    uint64_t opening;           /* index of its OPENING record; 0: none */
    int64_t opening_time;
    struct payload_opening opened;
    uint32_t vocabulary;
    uint32_t ordinal, number; /* the person, and the place in the list */
    uint8_t kind, part;
    uint8_t which;   /* 0 shown, 1 asked for in vain */
    bool is_in_ring; /* no record yet: `record` is nobody's index */
};

struct mentions {
    const struct subject *subject; /* its ordinals */
    const struct filter *filter;
    struct book *book;
    struct mention *items; /* in the order of the ledger */
    size_t count, space;
    struct map by_list;      /* → place in items */
    struct map vocabularies; /* id → place in vocabulary_records */
    uint64_t *vocabulary_records;
    size_t vocabulary_count;
    uint64_t size;     /* records below this index were looked through */
    uint64_t left_out; /* beyond MENTIONS_MAX, of any kind */
};

/* All must outlive it. */
void mentions_init(struct mentions *mentions, const struct subject *subject,
                   const struct filter *filter, struct book *book);
void mentions_release(struct mentions *mentions);
/* The next entry; `place` is where its record can be read, `is_in_ring` whether it has none yet.
 * PASU_E_NOMEM. */
PASU_MUST_USE int mentions_note(struct mentions *mentions, const struct ledger_entry *entry,
                                const struct records_place *place, bool is_in_ring);
/* After the last entry: keeps those of the subject's kind. PASU_E_NOMEM. */
PASU_MUST_USE int mentions_end(struct mentions *mentions);
/* For who does not give all entries: the record that explains a vocabulary, before the first entry;
 * what it has is not replaced. PASU_E_NOMEM. */
PASU_MUST_USE int mentions_explain(struct mentions *mentions, uint32_t vocabulary, uint64_t record);

#endif
