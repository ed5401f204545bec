/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which requests show whom. A route is a path with places in it:
 *
 *      /api/members/{customer}/addresses   a segment that is the key of a subject
 *      /files/member-{customer}.pdf        the same, with text around it
 *      a star in a segment                 any bytes of it
 *      two stars as the last segment       any segments, also none
 *      /api/member?id={customer}           a parameter; several, in any order, joined by &
 *
 * Whoever sends a request chooses how it is written, and the application may take "/API//members/./
 * %34%32/" as /api/members/42. So a request is compared as most servers read it: percent escapes
 * are decoded, empty segments and "." are left out, ".." takes one away, what follows a ";" in a
 * segment does not count, nor does a slash at the end, and capitals are small letters. What that
 * takes for a request it is not, its status gives away.
 *
 * Of several routes that fit the first one counts. Immutable once made; any number of threads.
 */
#ifndef PASU_SCAN_ROUTE_H
#define PASU_SCAN_ROUTE_H

#include "config/store.h"
#include "scan/event.h"

enum {
    ROUTE_SEGMENTS = 64, /* of a request; what has more fits only ** */
    ROUTE_KEYS = 4,      /* of one request */
    ROUTE_BUCKETS = 256,
    ROUTE_FRONTS = 1024,
    ROUTE_TARGET = 16 << 10, /* bytes of a request; no server takes a longer one by default */
    ROUTE_SCRATCH = (2 + 1 + ROUTE_KEYS) * ROUTE_TARGET,
};

enum route_part_what { ROUTE_TEXT, ROUTE_ANY, ROUTE_KEY, ROUTE_REST };

/* A segment, or the value of a parameter: text before and behind, and what stands in between. */
struct route_part {
    enum route_part_what what;
    uint8_t kind;               /* of ROUTE_KEY */
    struct view name;           /* of a parameter */
    struct view before, behind; /* of ROUTE_TEXT all is `before` */
};

struct route {
    const char *path; /* as it is written */
    uint32_t line;
    struct route_part *parts, *parameters;
    size_t part_count, parameter_count;
    uint64_t fields;
    const char **methods; /* those that it is for; none: all but HEAD, OPTIONS, TRACE, CONNECT */
    size_t method_count;
    int whom;     /* the slot that holds the subject's key (SLOT_ACCOUNT …), or -1 */
    uint8_t kind; /* of that */
    bool is_login;
};

struct routes {
    struct route *items;
    size_t count;
    uint32_t *order[ROUTE_BUCKETS]; /* those whose first segment can be so, in their order */
    uint32_t sizes[ROUTE_BUCKETS];
    uint64_t fronts[ROUTE_FRONTS / 64]; /* a bit for how a first segment that fits one can begin */
};

struct route_match {
    const struct route *route; /* NULL: none fits */
    bool is_too_long;          /* the request, to say */
    size_t key_count;
    struct view keys[ROUTE_KEYS]; /* decoded; in the request or in the scratch */
    uint8_t kinds[ROUTE_KEYS];
};

/* How a kind of subject's name is looked up: its number, or -1. */
typedef int route_kind_fn(void *arg, struct view name);

/* Takes a path apart, into the store. 0; PASU_E_MALFORMED with what is wrong in *why and where in
 * *at; PASU_E_NOMEM. */
PASU_MUST_USE int route_parse(struct route *route, struct store *store, const char *path,
                              route_kind_fn *kind_of, void *arg, const char **why, const char **at);
/* All routes are there. PASU_E_NOMEM. */
PASU_MUST_USE int routes_build(struct routes *routes, struct store *store);
void routes_find(const struct routes *routes, const struct event *event,
                 uint8_t scratch[ROUTE_SCRATCH], struct route_match *match);

#endif
