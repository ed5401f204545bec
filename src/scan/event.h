/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a reader takes out of one line of a log: a view for each slot that the map may ask for.
 * Views borrow from the line, or from the scratch that the reader was given; empty: the line does
 * not say.
 */
#ifndef PASU_SCAN_EVENT_H
#define PASU_SCAN_EVENT_H

#include "base/bytes.h"
#include "base/os.h"

enum slot {
    SLOT_TIME,
    SLOT_REQUEST, /* "GET /path HTTP/1.1" */
    SLOT_METHOD,
    SLOT_TARGET, /* path, with or without its query */
    SLOT_QUERY,
    SLOT_STATUS,
    SLOT_ADDRESS,
    SLOT_ACCOUNT,
    SLOT_TOKEN,
    SLOT_SESSION,
    SLOT_AGENT,
    SLOT_COUNT,
};

enum event_what { EVENT_REQUEST, EVENT_LOGIN, EVENT_STATEMENT, EVENT_SAID };

/* What an observer has made of an account and an address, for the next event of the same. */
struct event_known {
    const void *keys; /* whose hashes these are; NULL: not known yet */
    uint64_t account, address;
};

struct event {
    enum event_what what;
    int64_t time; /* nanoseconds since 1970 UTC; 0: SLOT_TIME is not read yet */
    struct view slot[SLOT_COUNT];
    unsigned status; /* HTTP's; 0: not known */
    /* Of EVENT_STATEMENT: its text and parameters, as a list with commas (pgAudit) or not. */
    struct view statement, parameters;
    bool has_list;
    bool is_mysql; /* whose language it is in */
    bool is_cut;   /* the log, or its reader, has not all of it: whom it names is not known */
    struct event_known *known; /* of any but EVENT_REQUEST; NULL: nothing is kept */
};

/* ---- event.c ---- */

/*
 * A time as logs write it: "10/Oct/2000:13:55:36 -0700", with or without brackets; RFC 3339, also
 * with a space in place of T and without a zone (UTC); seconds since 1970, with a fraction or not;
 * milliseconds, microseconds or nanoseconds since 1970, by the number of digits.
 */
PASU_MUST_USE bool event_time(struct view text, int64_t *time);

/* The last time that was read: most lines have the time of the line before. Zeroes at first. */
struct event_clock {
    int64_t time;
    uint8_t length;
    uint8_t text[39];
};

/* The same. `clock` may be NULL. */
PASU_MUST_USE bool event_time_again(struct event_clock *clock, struct view text, int64_t *time);
/* Time, status, method and target out of the slots; false: without time, or without anything else,
 * it is no event. */
PASU_MUST_USE bool event_complete(struct event *event, struct event_clock *clock);
/* "-" and "" stand for nothing. */
static inline bool
event_is_blank(struct view v)
{
    return v.length == 0 || (v.length == 1 && v.bytes[0] == '-');
}

#endif
