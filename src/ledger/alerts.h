/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The alerts of a ledger, and who has acknowledged each (docs/spec/ledger.md, types 18, 19, 31 and
 * 32). An alert is known by the index of its record; it is acknowledged once, for good. Those that
 * were deleted by age are no more.
 *
 * Files are hostile: of a record that is damaged nothing is known, and that there are such is said.
 */
#ifndef PASU_LEDGER_ALERTS_H
#define PASU_LEDGER_ALERTS_H

#include "ledger/payload.h"
#include "ledger/segment_scan.h"

struct alert_acknowledged {
    int64_t time; /* realtime ns: of its record */
    uint32_t uid;
    char *who, *why;
};

struct alert {
    uint64_t index; /* of its record */
    int64_t time;   /* realtime ns: the same */
    uint64_t about; /* as payload_alert has it */
    uint8_t severity;
    uint8_t step; /* which of alerts.escalation it has climbed to; 0: the first one still has it */
    char *rule, *text;
    struct message_alert *raised;          /* what a principal has done; NULL: it is about none */
    const struct message_finding *finding; /* of the detectors, that it is about; NULL: of none */
    struct alert_acknowledged *by;         /* NULL: nobody */
};

struct alert_finding {
    uint64_t index; /* of its record */
    struct message_finding *body;
};

struct alerts {
    struct alert *items; /* in the order of the records */
    size_t count, space;
    struct alert_finding *findings; /* the same */
    size_t finding_count, finding_space;
    uint64_t looked; /* all records below this index were looked at */
    bool is_damaged; /* some could not be: alerts may be missing */
};

/* "budget", "rule", …; "unknown" for a number that is none. */
const char *alert_control_text(uint8_t control);

void alerts_release(struct alerts *alerts);
/* Those of a folder of segments. All of it is read. `keys` as of segment_scan_unlock. After an
 * error there is nothing to release. PASU_E_LEDGER_KEY, PASU_E_IO, PASU_E_NOMEM, PASU_E_DENIED. */
PASU_MUST_USE int alerts_find(struct alerts *alerts, const struct os *os, int segments,
                              const struct segment_keys *keys);
/* NULL: there is none. */
const struct alert *alerts_get(const struct alerts *alerts, uint64_t index);
/* Whether the record with that index is an alert that nobody has acknowledged; what is before
 * `looked` is known to acknowledge it not. PASU_E_NOTFOUND: it is none, or damaged;
 * PASU_E_ACKNOWLEDGED; the errors of alerts_find. */
PASU_MUST_USE int alerts_check(const struct os *os, int segments, const struct segment_keys *keys,
                               uint64_t index, uint64_t looked);

#endif
