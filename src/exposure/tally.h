/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tallies: for each principal, how many different subjects it was shown in the present minute,
 * hour and day, and in the last 30 and 180 days (today included). Exact, whatever the order and
 * however often a subject comes.
 *
 * One number is kept for each (principal, kind, subject): the minute in which it was last shown.
 * All five windows follow from it: a subject counts in a window for the first time when its last
 * minute lies before the window's start. Minutes, hours and days are those of the clock (they do
 * not slide); days begin at local midnight, so times are given in local minutes.
 *
 * Layout: the ordinal's upper 16 bits choose a container, two steps deep; a container holds its
 * subjects sorted while they are few (4 bytes each), as an array of 65,536 stamps once they are
 * many, and on the day of a large result as a hash table. Containers not used today keep days only
 * and are brought up to date when touched. 1,000 principals who each saw 1,000 persons a day for
 * 180 days fit into 1 GiB (test/unit, bench/tally).
 *
 * What can only be bounded counts too: tally_take_unknown adds to each window a number of persons
 * without names.
 *
 * Threads: the book has a lock for its table, each tally one of its own; one call takes it once.
 */
#ifndef PASU_EXPOSURE_TALLY_H
#define PASU_EXPOSURE_TALLY_H

#include "exposure/exposure.h"

enum tally_window {
    TALLY_MINUTE,
    TALLY_HOUR,
    TALLY_DAY,
    TALLY_30_DAYS,
    TALLY_180_DAYS,
    TALLY_WINDOWS
};

struct tally_book;
struct usage;
struct tally; /* of one principal; lives as long as its book */

/* One thing shown by a row. A row that shows several persons has several items, is_row_end set in
 * the last. */
struct tally_item {
    uint32_t ordinal;
    uint16_t kind;
    uint16_t is_row_end;
};

/* Limits of one principal: how many different subjects (of all kinds together, unknown ones
 * included) a window may hold. UINT64_MAX: no limit. */
struct tally_limits {
    uint64_t block[TALLY_WINDOWS];
    uint64_t alert[TALLY_WINDOWS];      /* of several the smallest */
    uint64_t alert_last[TALLY_WINDOWS]; /* and the largest; less than alert: there is one only */
};

struct tally_outcome {
    size_t taken;      /* items accepted: whole rows, from the first on */
    int8_t blocked_by; /* window whose block limit the next row would pass, the longest of several;
                          -1: all were taken */
    uint64_t fresh;    /* of the subjects taken, those shown for the first time today */
    uint8_t alerts;    /* bits of windows that this call made larger, and that are over an alert
                          limit of which they had not said so: each once in its minute or hour, the
                          longer ones once a day */
    /* Of each of these which limits to tell of: from `alert_from` on, and less than `alert_to`. */
    uint64_t alert_from[TALLY_WINDOWS], alert_to[TALLY_WINDOWS];
};

PASU_MUST_USE int tally_book_new(struct tally_book **book);
void tally_book_free(struct tally_book *book);
/* The principal's tally, made if there is none. PASU_E_NOMEM. */
PASU_MUST_USE int tally_book_get(struct tally_book *book, const char *principal,
                                 struct tally **tally);
/* Which statements the principal has run; the tally's. */
struct usage *tally_usage(struct tally *tally);
/* Calls fn for each principal's tally, in the order of their names, until it returns other than 0,
 * which is then given back. Sessions that begin wait meanwhile; fn must not call the book. */
PASU_MUST_USE int tally_book_each(struct tally_book *book,
                                  int (*fn)(void *arg, const char *principal, struct tally *tally),
                                  void *arg);
/* Bytes held by all tallies together. */
uint64_t tally_book_memory(const struct tally_book *book);

/* Counts the items in order, row by row, until a row would pass a block limit; a row counts whole
 * or not at all. `limits` may be NULL. `now` is in local minutes since 1970 and never goes back by
 * itself: an earlier one than before counts as the latest seen. PASU_E_NOMEM: outcome->taken items
 * are counted all the same. */
PASU_MUST_USE int tally_take(struct tally *tally, uint32_t now, const struct tally_item *items,
                             size_t count, const struct tally_limits *limits,
                             struct tally_outcome *outcome);
/* How far persons may be shown clear. */
struct tally_clear {
    size_t count;      /* items: whole rows, from the first on */
    int8_t stopped_by; /* window whose limit the next row would pass, or which holds more already;
                          -1: none */
};
/* The same where only so many different subjects may be shown clear in a window (`most`, as `block`
 * of limits; those that may not be shown at all are among them): all rows count, up to a block
 * limit, and *clear says which of them come before. Once a window holds more, there are none:
 * nothing tells those who were counted before from those who were after. */
PASU_MUST_USE int tally_take_clear(struct tally *tally, uint32_t now,
                                   const struct tally_item *items, size_t count,
                                   const uint64_t most[TALLY_WINDOWS],
                                   const struct tally_limits *limits, struct tally_outcome *outcome,
                                   struct tally_clear *clear);
/* Counts `count` persons of a kind whose names are not known; all or, where a limit would be
 * passed, none (taken is 0 then). */
PASU_MUST_USE int tally_take_unknown(struct tally *tally, uint32_t now, uint8_t kind,
                                     uint64_t count, const struct tally_limits *limits,
                                     struct tally_outcome *outcome);
/* The same with *clear; its count is 1 where all of them may be shown clear. */
PASU_MUST_USE int tally_take_unknown_clear(struct tally *tally, uint32_t now, uint8_t kind,
                                           uint64_t count, const uint64_t most[TALLY_WINDOWS],
                                           const struct tally_limits *limits,
                                           struct tally_outcome *outcome,
                                           struct tally_clear *clear);
/* Counts `count` such persons whose values were put under others' keys, whatever the limits: taken
 * is all of them. From now on, as long as that is in a window, and the window holds more than its
 * block limit (blocked_by says which), nobody more is taken, those neither who were shown before:
 * whose values these are their keys do not tell. */
PASU_MUST_USE int tally_add_moved(struct tally *tally, uint32_t now, uint8_t kind, uint64_t count,
                                  const struct tally_limits *limits, struct tally_outcome *outcome);
/* From the ledger, after a restart, in any order: shown at local minute `at`. This moves the clock,
 * too: a time that cannot be (later than now) must not be given. */
PASU_MUST_USE int tally_restore(struct tally *tally, uint32_t at, uint8_t kind,
                                const uint32_t *ordinals, size_t count, uint64_t unknown);
/* That what was restored at `at` was such a one. */
void tally_restore_moved(struct tally *tally, uint32_t at);
/* Different subjects of all kinds (unknown ones apart) in each window. */
void tally_count(struct tally *tally, uint32_t now, uint64_t known[TALLY_WINDOWS],
                 uint64_t unknown[TALLY_WINDOWS]);

#endif
