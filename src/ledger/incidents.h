/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The incidents of a ledger: what was done about each, and its deadlines, as the records tell
 * (docs/spec/ledger.md, "Incidents"). Nothing of an incident is anywhere else. Those whose records
 * were deleted by age are no more.
 *
 * Files are hostile: of a record that is damaged nothing is known, and that there are such is said.
 */
#ifndef PASU_LEDGER_INCIDENTS_H
#define PASU_LEDGER_INCIDENTS_H

#include "ledger/payload.h"
#include "ledger/walk.h"

/* A record of an incident. */
struct incident_event {
    uint64_t index;               /* of the record */
    int64_t time;                 /* realtime ns: its time */
    struct payload_incident body; /* `more` is our own copy */
};

struct incident_clock {
    uint64_t index; /* of its first record */
    int64_t time;   /* of the last that changed something */
    int64_t met;    /* when it was, as somebody said; 0: nobody has */
    struct payload_clock body;
};

struct incidents {
    struct incident_event *events; /* in the order of the records */
    size_t count, space;
    struct incident_clock *clocks; /* in the order of their first records */
    size_t clock_count, clock_space;
    uint64_t only; /* the incident that is looked for; UINT64_MAX: all */
    bool is_damaged;
};

void incidents_release(struct incidents *incidents);
/* Those of a folder of segments; or only the one with that number (UINT64_MAX: all), for which
 * nothing is read that came before it. `watch` is told how far it is; NULL: nobody. After an error
 * there is nothing to release. PASU_E_LEDGER_KEY, PASU_E_IO, PASU_E_NOMEM, PASU_E_DENIED. */
PASU_MUST_USE int incidents_find(struct incidents *incidents, const struct os *os, int segments,
                                 const struct segment_keys *keys, uint64_t number,
                                 const struct walk_watch *watch);
/* The incident's last record of that kind; NULL: it has none. */
const struct incident_event *incidents_last(const struct incidents *incidents, uint64_t number,
                                            enum incident_what what);
/* The first one, as above. */
const struct incident_event *incidents_first(const struct incidents *incidents, uint64_t number,
                                             enum incident_what what);
/* NULL: it has none of that name. */
const struct incident_clock *incidents_clock(const struct incidents *incidents, uint64_t number,
                                             const char *name);
/* "opened", "scope", …; "unknown" for a number that is none. */
const char *incident_what_text(uint8_t what);

#endif
