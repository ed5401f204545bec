/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an event to observations (detect/observation.h), by the route map: whom it showed, and who
 * asked. Names, addresses and keys become keyed hashes; the keys are of this scan.
 *
 * What it is, the answer's status says: 2xx showed what the route shows (204 and 205: nothing; 304:
 * it may have been shown); 403, 404 and 410: nobody was found. A log without a status: shown.
 *
 * One observer a thread; it holds a cache.
 */
#ifndef PASU_SCAN_OBSERVE_H
#define PASU_SCAN_OBSERVE_H

#include "policy/sources.h"
#include "scan/route_map.h"

enum { OBSERVE_SECRET = 32, OBSERVE_NAME = 256, OBSERVE_MOST = SQL_KEYS };

/* Made from the secret; immutable. */
struct observe_keys {
    uint8_t axis[AXIS_COUNT][16], subject[16], raw[16];
};

struct observe_state;

void observe_keys_init(struct observe_keys *keys, const uint8_t secret[OBSERVE_SECRET]);
/* `sources` may have nothing open. All must outlive it. PASU_E_NOMEM. */
PASU_MUST_USE int observe_new(struct observe_state **slot, const struct route_map *map,
                              const struct observe_keys *keys, const struct sources *sources);
void observe_free(struct observe_state *observer);

/* What only counting exactly needs. */
struct observed_more {
    uint64_t raw;  /* hash of the key as it is written; `subject` is of the key as most read it:
                      without zeros before a number, capitals small */
    bool is_sure;  /* it was shown; else it may have been */
    bool is_plain; /* the key is written as it is read */
};

/* At most OBSERVE_MOST observations, at least one; `more` may be NULL. 0: the line cannot be
 * judged, because its request is too long. `file` and `offset` are for the caller to fill in. */
/* A statement touches a relation that the map's statements name, and fits none of them. */
bool observe_is_unmatched(const struct observe_state *observer);
/* The route or statement of the map that the last event was of; NULL: none. The map's. */
const char *observe_pattern(const struct observe_state *observer);
size_t observe(struct observe_state *observer, const struct event *event, struct observation *to,
               struct observed_more *more);
/* What an axis of an event is called in a report: an account's or address's name, cut; of tokens
 * and sessions, which open doors, the beginning. Without control characters. "": not known. */
void observe_name(struct observe_state *observer, const struct event *event, enum axis axis,
                  char name[OBSERVE_NAME]);

#endif
