/* SPDX-License-Identifier: Apache-2.0 */
/* The sessions of an import: each account (or session, or address) with its address and program is
 * one, opened in the ledger before its first exposure, and closed at the import's end. */
#ifndef PASU_CLI_IMPORT_SESSION_H
#define PASU_CLI_IMPORT_SESSION_H

#include "ledger/record.h"
#include "scan/observe.h"

/* Different numbers that are not 0. */
struct import_set {
    uint64_t *slots; /* open addressing, a power of two, at most half full; 0: free */
    size_t size;
    uint64_t count;
};

struct import_session {
    uint8_t hash[16]; /* of all that tells it */
    uint64_t session;
    int64_t last;
    struct message_counts counts;
    struct message_session *opening; /* not in the ledger yet; NULL: it is */
};

struct import_sessions {
    struct import_session **items; /* open addressing, a power of two, at most half full */
    size_t size, count;
    struct import_set principals; /* hashes of their names */
};

/* PASU_E_NOMEM. */
PASU_MUST_USE int import_set_add(struct import_set *set, uint64_t number);
/* The session of an event, the table's. PASU_E_NOMEM, PASU_E_CRYPTO (no random numbers). */
PASU_MUST_USE int import_session_of(struct import_sessions *sessions,
                                    struct observe_state *observer, const struct event *event,
                                    const struct observation *observation,
                                    struct import_session **found);
/* Writes that it was opened, unless that was done. The errors of record_other. */
PASU_MUST_USE int import_session_open(struct import_session *session,
                                      struct record_keeping *records);
/* Writes the end of all that were opened. */
PASU_MUST_USE int import_sessions_close(struct import_sessions *sessions,
                                        struct record_keeping *records);
void import_sessions_release(struct import_sessions *sessions);

#endif
