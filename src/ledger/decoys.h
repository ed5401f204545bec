/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoys of a ledger: made-up persons who stand among the real ones, so that whoever reads what
 * nobody needs is shown one. In sets, as they were planted; those that are watched no longer are
 * there too, for a made-up person never becomes a real one. They are in the ledger, and are said
 * again as the holds are (ledger/restated.h).
 *
 * A decoy is an ordinal, as exposures name persons. One whose key has no number of its own yet is
 * known by the key's hash, until an entry of the directory tells the ordinal: decoys_note and
 * decoys_learn look for it.
 *
 * What kind the numbers of an exposure mean is known of the vocabularies that were noted, of the
 * last DECOYS_VOCABULARIES of them. Of an exposure with another one, every kind can be meant:
 * rather an alert too many.
 *
 * Whether anybody of an exposure is a decoy costs nothing where there are none, and else a bit a
 * person. Plain values, owned by one thread.
 */
#ifndef PASU_LEDGER_DECOYS_H
#define PASU_LEDGER_DECOYS_H

#include "exposure/exposure.h"
#include "exposure/vocabulary.h"
#include "ledger/payload.h"
#include "ledger/segment_writer.h"

enum { DECOY_SETS_MAX = 64, DECOYS_VOCABULARIES = 8, DECOYS_FILTER_BITS = 18 };

struct decoy_set {
    struct payload_decoys head; /* its `items`: these */
    struct payload_decoy items[DECOY_SET_MAX];
    size_t count;
};

struct decoys_vocabulary {
    uint32_t id; /* 0: none */
    uint32_t kind_count;
    char kinds[EXPOSURE_KINDS_MAX][VOCABULARY_NAME_SIZE];
};

struct decoys {
    struct decoy_set sets[DECOY_SETS_MAX];
    size_t count;
    size_t unknown;                                   /* decoys without an ordinal */
    uint64_t filter[(1u << DECOYS_FILTER_BITS) / 64]; /* of the ordinals of all, by their hash */
    struct decoys_vocabulary vocabularies[DECOYS_VOCABULARIES];
    size_t next; /* which is overwritten */
};

/* PASU_E_RANGE: there are DECOY_SETS_MAX. A number that is there already is replaced. What
 * payload_write takes; copied. */
PASU_MUST_USE int decoys_add(struct decoys *decoys, const struct payload_decoys *set);
/* PASU_E_NOTFOUND: there is none, or it is retired. */
PASU_MUST_USE int decoys_retire(struct decoys *decoys, uint64_t number, int64_t at);
/* NULL: there is none. */
const struct decoy_set *decoys_get(const struct decoys *decoys, uint64_t number);
/* An entry of the directory. */
void decoys_learn(struct decoys *decoys, const struct ring_ordinal *entry);
/* What the numbers of a vocabulary mean. */
void decoys_name(struct decoys *decoys, const struct vocabulary *vocabulary);
/* Takes what a record says; others are ignored. */
void decoys_note(struct decoys *decoys, const struct segment_record *record);
/* No set is left; what the numbers of vocabularies mean is. */
void decoys_clear(struct decoys *decoys);
/* Those that a folder of segments names, in the place of those that are there. As restated_each. */
PASU_MUST_USE int decoys_find(struct decoys *decoys, const struct os *os, int directory,
                              const struct segment_keys *keys, const struct segment_watch *watch);

/* The set, as it is written; borrowed. */
struct payload_decoys decoys_body(const struct decoy_set *set);

/* Those of an exposure. */
struct decoy_touch {
    const struct decoy_set *set; /* of the first */
    uint32_t ordinal;            /* the same */
    uint32_t count;              /* as often as the exposure names them */
};

/* Whether the exposure names persons, of whom something was shown, who are decoys and were watched
 * then; how many is said up to `most`. */
bool decoys_touched(const struct decoys *decoys, const struct exposure *exposure, uint32_t most,
                    struct decoy_touch *touch);
/* The set of a decoy that was planted before that time, watched or not; NULL: that is none. */
const struct decoy_set *decoys_of(const struct decoys *decoys, const char *kind, uint32_t ordinal,
                                  int64_t before);

#endif
