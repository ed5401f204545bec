/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the keeper records: the journal with its durability, what could not be written to it, and
 * the sessions whose end is still to come.
 *
 * A record that fails is counted; before the next one that succeeds a JOURNAL_GAP tells how many
 * are missing. A journal that could not be opened is tried again with every record. Failures are
 * logged once until a record succeeds. Owned by the keeper's only thread.
 */
#ifndef PASU_LEDGER_RECORD_H
#define PASU_LEDGER_RECORD_H

#include "config/model.h"
#include "ledger/journal.h"
#include "ledger/live.h"
#include "ledger/payload.h"

struct record_keeping {
    const struct log *log;
    int directory; /* the ledger's folder */
    enum durability durability;
    struct journal_watch watch; /* of the scan that opens the journal; read NULL: nobody */
    struct journal journal;
    struct live live;
    struct payload_gap gap; /* of records that could not be written; count 0: none */
    bool has_failed;
    int64_t sync_at;  /* monotonic; 0: nothing to make durable */
    int64_t sweep_at; /* monotonic; 0: no session is in doubt */
};

void record_init(struct record_keeping *records, const struct log *log, int directory);
/* Opens the journal and writes JOURNAL_STARTED. The errors of journal_open and journal_append. */
PASU_MUST_USE int record_open(struct record_keeping *records);
/* Writes what is left to say, makes it durable, and releases everything. */
void record_close(struct record_keeping *records);

/* Each appends one record, durable on return where the configuration says strict. */
PASU_MUST_USE int record_opened(struct record_keeping *records,
                                const struct message_session *session);
PASU_MUST_USE int record_closed(struct record_keeping *records,
                                const struct message_closed *closed);
PASU_MUST_USE int record_refused(struct record_keeping *records,
                                 const struct message_refused *refused);
PASU_MUST_USE int record_kill(struct record_keeping *records, const struct payload_kill *kill);
/* Room in the journal for the payload of a JOURNAL_RING record; the gap is written, if there is
 * one.
 */
PASU_MUST_USE int record_space(struct record_keeping *records, uint8_t **payload);
/* Appends that record. What fails is no gap: it is still in its ring. */
PASU_MUST_USE int record_ring(struct record_keeping *records, size_t length);
/* Something in a ring could not be read: a gap of one. */
void record_damage(struct record_keeping *records);
/* Records of the gate's that it had no room for, since then: they are in the next gap. */
void record_lost_by_gate(struct record_keeping *records, uint64_t count, int64_t since);
/* Makes everything appended durable. */
PASU_MUST_USE int record_sync(struct record_keeping *records);
/* A session that the gate says it has; nothing is written. */
void record_announced(struct record_keeping *records, uint64_t session);
/* The gate's channel ended or is another: sessions not announced soon have ended with the gate. */
void record_gate_lost(struct record_keeping *records);
/* Does what is due. */
void record_look(struct record_keeping *records, int64_t now);
/* Milliseconds until record_look has something to do, at most `most`. */
int record_wait(const struct record_keeping *records, int most);

#endif
