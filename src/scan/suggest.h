/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a log itself tells of the map that it needs: patterns of paths, with {} in the place of what
 * differs from request to request, and of statements, with {} in the place of values; how often
 * each one comes, and which of the slots that say who asks are filled.
 *
 *      /api/members/7/addresses ─┐
 *      /api/members/8/addresses ─┴► /api/members/{}/addresses      2
 *
 * A segment is a place where it looks like a key (it has digits, a sign that words have not, or is
 * long), or where more than SUGGEST_NAMES stand behind the same front. Names that come less often
 * than SUGGEST_LEAST are told of by nobody. What is kept is bounded, whatever is in the log; what
 * has no room is counted. One thread.
 */
#ifndef PASU_SCAN_SUGGEST_H
#define PASU_SCAN_SUGGEST_H

#include "config/store.h"
#include "scan/sql_template.h"
#include "scan/stream.h"

enum {
    SUGGEST_NAMES = 32,
    SUGGEST_LEAST = 5,
    SUGGEST_PLACES = 20000, /* segments of paths that are kept */
    SUGGEST_STATEMENTS = 2000,
    SUGGEST_TEXT = 1024, /* of a pattern */
    SUGGEST_PARAMETERS = 6,
};

struct suggest;

struct suggested {
    char text[SUGGEST_TEXT]; /* a path, or SQL; values are {} */
    bool is_sql;
    uint64_t count, found, missing; /* requests; answered with 2xx; with 403, 404, 410 */
};

/* PASU_E_NOMEM. */
PASU_MUST_USE int suggest_new(struct suggest **slot);
void suggest_free(struct suggest *suggest); /* NULL is allowed */
/* A block_event_fn; `suggest` is the argument. */
int suggest_take(void *suggest, const struct event *event, uint64_t offset);
/* All that came often enough, the most frequent first; the suggestion's. PASU_E_NOMEM. */
PASU_MUST_USE int suggest_end(struct suggest *suggest, const struct suggested **items,
                              size_t *count);
/* Events in which a slot was filled; all of them; those that had no room, or no pattern. */
uint64_t suggest_filled(const struct suggest *suggest, enum slot slot);
uint64_t suggest_events(const struct suggest *suggest);
uint64_t suggest_others(const struct suggest *suggest);

#endif
