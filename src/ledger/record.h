/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the keeper records: the ledger with its durability and its checkpoints, what could not be
 * written to it, and the sessions whose end is still to come.
 *
 * A record that fails is counted; before the next one that succeeds a SEGMENT_GAP tells how many
 * are missing. A ledger that could not be opened is tried again, once a second while records come.
 * Failures are logged once until a record succeeds. What was appended is signed within a second.
 * Owned by the keeper's only thread.
 */
#ifndef PASU_LEDGER_RECORD_H
#define PASU_LEDGER_RECORD_H

#include "config/model.h"
#include "exposure/vocabulary.h"
#include "ledger/chain.h"
#include "ledger/clocks.h"
#include "ledger/control_protocol.h"
#include "ledger/decoys.h"
#include "ledger/entry_seal.h"
#include "ledger/folds.h"
#include "ledger/holds.h"
#include "ledger/live.h"
#include "ledger/merge.h"
#include "ledger/metrics.h"
#include "ledger/payload.h"
#include "ledger/pruned.h"
#include "ledger/sought.h"
#include "ledger/taken.h"

enum { RECORD_SALTS = 4096 };

struct record_keeping {
    const struct log *log;
    int directory;              /* the ledger's folder */
    enum durability durability; /* of what is from no ring */
    struct segment_keys keys;   /* the first encrypts; none: nothing is */
    struct seal seal;           /* of what the rings hold, and */
    bool has_seal;              /* whether there is one: else it is recorded as it is */
    struct entry_keys entries;
    struct segment_watch watch; /* its `read`: who hears how far the opening is */
    struct chain chain;
    bool is_open, is_ended;
    bool is_crowded; /* which was logged: sessions had no room in `live` */
    bool must_start; /* SEGMENT_STARTED is still to be written */
    bool must_erase; /* a SEGMENT_ERASED has not been applied to `entries` yet */
    struct taken taken;
    struct holds holds;
    struct decoys decoys;
    struct clocks clocks;
    uint64_t segment; /* whose beginning has both; of its first record, and one more */
    struct live live;
    /* Hears of each that record_other has appended; NULL: nobody does. */
    void (*noted)(void *arg, enum segment_type type, uint64_t index,
                  const union payload_body *body);
    void *noted_arg;
    struct sought sought;              /* sessions of before this keeper */
    struct folds *folds;               /* of what is to be raised; NULL: nobody raises alerts */
    uint8_t copy[SEGMENT_PAYLOAD_MAX]; /* of an entry: the gate could change it meanwhile */
    /* What an entry must be, to be looked at. */
    struct exposure exposure;
    uint32_t ordinals[EXPOSURE_ALL_MAX];
    struct vocabulary vocabulary;
    union payload_body body;
    /* Of the batch that is open. */
    struct merge merge;
    bool is_merging;
    uint32_t batch_records;
    uint8_t salts[RECORD_SALTS]; /* random, used from `salt_at` on */
    size_t salt_at;
    struct payload_gap gap;    /* of records that could not be written; count 0: none */
    uint64_t counted[METRICS]; /* since the keeper began; batches that are tried again, again */
    bool has_failed;           /* nothing can be recorded now: since when, and why */
    int64_t failed_at;         /* realtime ns */
    int failed_by;
    bool is_unsigned; /* what is recorded cannot be signed: the last checkpoint stands */
    int64_t retry_at; /* monotonic: no try to tell of the gap before */
    int64_t open_at;  /* monotonic: no try to open before; 0: at once */
    int64_t sync_at;  /* monotonic; 0: nothing to make durable */
    int64_t sign_at;  /* monotonic; 0: all is signed */
    int64_t sweep_at; /* monotonic; 0: no session is in doubt */
    int64_t clock_at; /* monotonic: no look at deadlines before */
};

void record_init(struct record_keeping *records, const struct log *log, int directory);
/* With the ledger's secret, directory entries are sealed anew, each with a key of its own, before
 * they are recorded. PASU_E_CRYPTO. */
PASU_MUST_USE int record_set_secret(struct record_keeping *records,
                                    const uint8_t secret[SEAL_SECRET_SIZE]);
/* Opens the ledger and writes SEGMENT_STARTED. The errors of chain_open and chain_put. */
PASU_MUST_USE int record_open(struct record_keeping *records);
/* Writes what is left to say, makes it durable, and signs it; once. */
void record_end(struct record_keeping *records);
/* record_end, and releases everything. */
void record_close(struct record_keeping *records);

/* Each appends one record, durable on return where the configuration says strict. */
PASU_MUST_USE int record_opened(struct record_keeping *records,
                                const struct message_session *session);
PASU_MUST_USE int record_closed(struct record_keeping *records,
                                const struct message_closed *closed);
PASU_MUST_USE int record_refused(struct record_keeping *records,
                                 const struct message_refused *refused);
/* Any other that is not from a ring and has a form in payload.def. */
PASU_MUST_USE int record_other(struct record_keeping *records, enum segment_type type,
                               const union payload_body *body);

/*
 * Alerts (SEGMENT_RAISED), where there are `folds`. Exposures that a batch takes from a ring and
 * that were judged (alert, hold, block, by a rule or budget that has a name) are added by
 * themselves.
 */
/* One that the gate tells of, about the last record. */
void record_alert(struct record_keeping *records, const struct message_alert *alert);
/* Records those that are due. What cannot be recorded stays due. */
void record_raise(struct record_keeping *records, int64_t now);
/* An exposure that is or becomes the record with this index, and names a decoy. */
void record_touched(struct record_keeping *records, const struct exposure *exposure, uint64_t index,
                    const char *principal, const char *address);
/* Whether one that names the first of the set's decoys that has a number would be told of, as it
 * comes from a ring: 0. PASU_E_TRIED: it would not; PASU_E_NOTFOUND: there is no such set that is
 * watched; PASU_E_UNAVAILABLE: none of it has a number yet. */
PASU_MUST_USE int record_try_decoy(const struct record_keeping *records, uint64_t number);
/* How many persons an exposure shows, at most. */
uint64_t record_persons(const struct exposure *exposure);
/* An exposure that is or becomes the record with this index. `live`: where its statement has been
 * followed (live_showed), or NULL. */
void record_judged(struct record_keeping *records, const struct exposure *exposure, uint64_t index,
                   const char *principal, const struct live *live);
/* What the servers say of sessions; of those past pasu an alert is raised, too. What cannot be
 * recorded is logged, and counted in the gap. */
void record_census(struct record_keeping *records, enum segment_type type,
                   const union payload_body *body);
/* What an identity provider has told the registrar. As record_other. */
PASU_MUST_USE int record_told(struct record_keeping *records, const struct message_told *told);
/* What the detectors have found, and an alert about it; as record_census. */
void record_finding(struct record_keeping *records, const struct message_finding *finding);
/* A finding that is the record with this index. */
void record_found(struct record_keeping *records, const struct message_finding *finding,
                  uint64_t index);
/* The same of a session past pasu. */
void record_passed(struct record_keeping *records, const struct message_bypass *bypass,
                   uint64_t index);

/* One that is written before others are deleted (ledger/prune.h), of any length that a record can
 * have: not made durable here. */
PASU_MUST_USE int record_again(struct record_keeping *records, enum segment_type type,
                               const union payload_body *body);
/* That they are, signed here by the ledger's key. As record_again. */
PASU_MUST_USE int record_pruned(struct record_keeping *records, const struct payload_pruned *body);
/* Whether a keeper of this ledger has written it: the key that signs now has signed it, or the tree
 * has this record. Records that are covered are not all read when a chain is opened, and who can
 * write files can have put one in the place of another. PASU_E_CORRUPT: none has; the errors of
 * tile_source. */
PASU_MUST_USE int record_pruned_check(struct record_keeping *records, const struct pruned *pruned);

/* What somebody does by a command: asks, exports, holds, releases, erases, acknowledges an alert,
 * registers decoys or retires them, or has something to say of an incident. The record is on the
 * disk before it takes effect: the hold, or its release, is in force, the entry's key is destroyed.
 * What depends on the ledger is filled in: up to where it is exported, the number of a new hold,
 * set of decoys or incident, and when. PASU_E_NOTFOUND: no such hold to release, no such alert, no
 * such set, or it is retired, or no record with the incident's number; PASU_E_ACKNOWLEDGED:
 * somebody has; PASU_E_RANGE: there are HOLDS_MAX, DECOY_SETS_MAX or CLOCKS_MAX; PASU_E_HELD:
 * nothing is erased under a hold, and an alert that it was wanted is on the disk; the errors of
 * record_other, and of entry_keys_catch_up: the record is there, and the key goes when this is
 * called again, or by the next keeper. */
PASU_MUST_USE int record_deed(struct record_keeping *records, enum segment_type type,
                              union payload_body *body);
/* The same while no keeper has the folder (the caller has locked it): opens the ledger, and signs
 * and closes it again. The errors of chain_open and chain_checkpoint, too. */
PASU_MUST_USE int record_aside(const struct log *log, int directory,
                               const struct segment_keys *keys, enum segment_type type,
                               const union payload_body *body);

/* Raises an alert for each deadline that nears or is over, once. */
void record_clocks(struct record_keeping *records, int64_t now);

/* For more than a record: between the two, all that a keeper can do. `is_key_lost`: as
 * chain_open_lost. After an error there is nothing to close. */
PASU_MUST_USE int record_aside_open(struct record_keeping *records, const struct log *log,
                                    int directory, const struct segment_keys *keys,
                                    bool is_key_lost);
void record_aside_close(struct record_keeping *records);

/*
 * What is taken from a ring in one go: begin (the gap is written before, if there is one), put each
 * entry, end with what counts their records (`taken->count` is filled in); or abort. What fails is
 * no gap: it is still in its ring. record_batch_put: PASU_E_AGAIN, this batch is full; the batch
 * goes on without what is PASU_E_MALFORMED (no exposure, no sealed entry) or PASU_E_ERASED (an
 * entry whose key was destroyed: there is nothing to record); after any other error it is to be
 * aborted.
 */
PASU_MUST_USE int record_batch_begin(struct record_keeping *records);
PASU_MUST_USE int record_batch_put(struct record_keeping *records, enum segment_type type,
                                   struct view payload);
/* From here to its end, exposures of this batch that are alike share a record (ledger/merge.h). */
void record_batch_merge(struct record_keeping *records);
PASU_MUST_USE int record_batch_end(struct record_keeping *records,
                                   const struct segment_taken *taken);
/* Before the first entry of a batch: how far another ring, or this one, was taken before. */
PASU_MUST_USE int record_batch_mark(struct record_keeping *records,
                                    const struct segment_taken *taken);
void record_batch_abort(struct record_keeping *records);
/* Index of the first record of the segment that is written to: once it is another one, all that was
 * committed before is on the disk, and is to be released before a batch is ended. */
uint64_t record_segment(const struct record_keeping *records);

/* Whether nothing can be recorded, or signed, now, and why. */
bool record_trouble(const struct record_keeping *records, struct control_ledger *trouble);
/* Something in a ring could not be read: a gap of one. */
void record_damage(struct record_keeping *records);
/* Records of the gate's that it had no room for, since then: they are in the next gap. */
void record_lost_by_gate(struct record_keeping *records, uint64_t count, int64_t since);
/* Makes everything appended durable. */
PASU_MUST_USE int record_sync(struct record_keeping *records);
/* Signs it, too, unless that is done. */
PASU_MUST_USE int record_sign(struct record_keeping *records);
/* A session that the gate says it has; nothing is written. */
void record_announced(struct record_keeping *records, const struct message_session *session);
/* The gate's channel ended or is another: sessions not announced soon have ended with the gate. */
void record_gate_lost(struct record_keeping *records);
/* Does what is due. */
void record_look(struct record_keeping *records, int64_t now);
/* Milliseconds until record_look has something to do, at most `most`. */
int record_wait(const struct record_keeping *records, int most);

#endif
