/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exposure, the noun that everything turns around: these persons' these fields were shown to
 * this session, at this time, by this statement, and we are this sure of it. Who the session is
 * (principal, address, application) is in its own record.
 *
 *      exposure ── parts ──┬─ kind of subject, fields by clarity, how it was found
 *                          ├─ ordinals: persons that were shown
 *                          ├─ unknown: how many more can have been, at most
 *                          └─ missed: keys asked for, of which no row came
 *
 * at_least = number of different ordinals, at_most = at_least + unknown. A record is one batch of
 * one statement's rows or several merged: sets are united, `unknown`, rows and statements added.
 * Plain values borrowed from whoever made it; encoded for the ring and the ledger by
 * exposure_encode. Pure: no sockets, no clock, no allocation.
 */
#ifndef PASU_EXPOSURE_EXPOSURE_H
#define PASU_EXPOSURE_EXPOSURE_H

#include "base/bytes.h"

enum {
    EXPOSURE_FIELDS_MAX = 64,
    EXPOSURE_KINDS_MAX = 16,
    EXPOSURE_PARTS_MAX = 8,
    /* In each list of one part of one record, and in all its lists together; more are several
     * records. A record of so many, and no run in them, still has EXPOSURE_ENCODED_MAX bytes, which
     * with the ledger's salt are a record there. */
    EXPOSURE_ORDINALS_MAX = 6000,
    EXPOSURE_ALL_MAX = 16000,
    EXPOSURE_TEXT_MAX = 64,   /* actor, rule, purpose: bytes with their zero */
    EXPOSURE_SOURCE_MAX = 48, /* an address, with its zero */
    EXPOSURE_ENCODED_MAX = 64984,
};

/* How subjects were found; the weakest comes last. Stored: new ones go to the end. */
enum attribution {
    ATTRIBUTION_NONE,
    ATTRIBUTION_KEY,
    ATTRIBUTION_PINNED,
    ATTRIBUTION_INJECTED,
    ATTRIBUTION_IDENTITY,
    ATTRIBUTION_SHADOW,
    ATTRIBUTION_BOUND,
    ATTRIBUTION_COUNT
};

enum verdict {
    VERDICT_OF_ALLOW,
    VERDICT_OF_ALERT,
    VERDICT_OF_MASK,
    VERDICT_OF_HOLD,
    VERDICT_OF_BLOCK
};

enum exposure_flag {
#define X(name, text, meaning) FLAG_##name,
#include "exposure/flag.def"
#undef X
    FLAG_COUNT
};
#define FLAG_BIT(name) (UINT64_C(1) << FLAG_##name)

/* What the application says of the statement beside its actor: nobody has checked it, but for a
 * source that is signed. */
struct exposure_claims {
    char purpose[EXPOSURE_TEXT_MAX];  /* of letters, digits, _ . : / # -; "" */
    char source[EXPOSURE_SOURCE_MAX]; /* where its user is: as address_text writes it, or "?", where
                                         it is no address; "" */
    bool is_signed;                   /* the source, with a key of the configuration's */
};

struct exposure_part {
    uint8_t kind;                 /* index in the vocabulary */
    uint8_t attribution;          /* enum attribution */
    bool is_text;                 /* the keys are texts, whatever they look like */
    uint64_t clear, masked, null; /* fields by clarity: bits in the vocabulary's order */
    uint64_t unknown;
    const uint32_t *ordinals; /* any order; the same one may come twice */
    size_t ordinal_count;
    const uint32_t *missed;
    size_t missed_count;
};

struct exposure {
    uint64_t session;
    int64_t time;        /* realtime ns, of the first row or of the verdict */
    uint64_t shape;      /* fingerprint of the statement (ledger: SHAPE record) */
    uint32_t vocabulary; /* id of the names of fields and kinds */
    uint32_t statements; /* executions that begin with this record: 0 for a later batch of one */
    uint64_t rows;
    uint64_t misses; /* executions that found nothing */
    uint64_t flags;  /* FLAG_BIT */
    uint8_t verdict; /* enum verdict */
    uint8_t part_count;
    bool has_verbs; /* records of earlier versions have none */
    uint64_t verbs; /* that the statement is: places in the list of rules[].when.verbs; the highest
                       bit alone: it is no statement; 0: not known */
    char rule[EXPOSURE_TEXT_MAX];  /* what decided a verdict other than allow, or a rule in shadow;
                                      "" */
    char actor[EXPOSURE_TEXT_MAX]; /* end user named by the application; "" */
    struct exposure_claims claims;
    struct exposure_part parts[EXPOSURE_PARTS_MAX];
};

/*
 * The one byte form, for ring and ledger (little-endian, described in docs/spec/exposure.md):
 * consecutive ordinals are stored as runs where that is shorter. Returns the length, or
 * PASU_E_RANGE where `size` is too small (EXPOSURE_ENCODED_MAX is enough) or a count, an enum, a
 * flag or a text is out of range.
 */
PASU_MUST_USE ssize_t exposure_encode(const struct exposure *exposure, uint8_t *bytes, size_t size);
/* Fully validated; ordinals are written to `space` (PASU_E_RANGE where they do not fit into `size`
 * numbers) and borrowed from it. PASU_E_MALFORMED for anything that exposure_encode does not make.
 */
PASU_MUST_USE int exposure_decode(struct exposure *exposure, struct view bytes, uint32_t *space,
                                  size_t size);

/* Whether a text can be a purpose. */
bool exposure_is_purpose(struct view text);

/* The session of an exposure's bytes, without looking at the others; 0 where they are too few. */
uint64_t exposure_session(struct view bytes);

/* "unknown" for a number outside of the enum. */
const char *exposure_flag_text(enum exposure_flag flag);
const char *exposure_attribution_text(enum attribution attribution); /* "key", … */
const char *exposure_verdict_text(enum verdict verdict);

#endif
