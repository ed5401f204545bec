/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the variables and members of logs are called, and which slot of an event each one fills:
 * what nginx, Apache, Envoy, ECS and CloudTrail call them (log_names.def), and before these what
 * the map says in `from`. Where a line has several names of one slot, the one that stands first in
 * the list wins. Immutable once made.
 */
#ifndef PASU_SCAN_LOG_NAMES_H
#define PASU_SCAN_LOG_NAMES_H

#include "scan/event.h"

enum { NAMES_OWN_MAX = 64, NAMES_SLOTS = 512 };

struct log_names {
    struct {
        const char *name; /* the map's */
        size_t length;
        enum slot slot;
    } own[NAMES_OWN_MAX];
    size_t own_count;
    uint16_t places[NAMES_SLOTS]; /* a table of log_names.def by their hash; 0: none, else from 1 */
};

void log_names_init(struct log_names *names);
/* The name is the caller's. False: there are too many. What is said first wins; a slot for which
 * anything is said is filled by nothing else. */
PASU_MUST_USE bool log_names_add(struct log_names *names, const char *name, enum slot slot);
/* The slot, or -1; `rank`, where not NULL: less is better. */
int log_names_slot(const struct log_names *names, struct view name, unsigned *rank);

#endif
