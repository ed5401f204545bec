/* SPDX-License-Identifier: Apache-2.0 */
/* A roster while it is read. See roster.h. */
#ifndef PASU_POLICY_ROSTER_PART_H
#define PASU_POLICY_ROSTER_PART_H

#include "config/store.h"
#include "policy/roster.h"

struct roster {
    _Atomic uint32_t holders;
    struct store store;
    struct roster_entry *entries; /* by principal, once it is read */
    size_t count, size;
};

struct roster_reading {
    struct roster *roster;
    struct roster_fault *fault;
    bool is_scim; /* what is read now is the endpoint's */
};

/* PASU_E_MALFORMED. */
int roster_fault_at(struct roster_reading *reading, uint32_t line, const char *text);
/* Texts must live as long as the roster. PASU_E_NOMEM. */
PASU_MUST_USE int roster_add(struct roster_reading *reading, const struct roster_entry *entry);
/* An empty kind is unknown, too. */
bool roster_kind_of_text(enum principal_kind *kind, const char *text);

/* ---- roster_csv.c ---- */
PASU_MUST_USE int roster_read_csv(struct roster_reading *reading, struct view bytes);

/* ---- roster_ldif.c ---- */
/* `base`: what changes are about; NULL: nobody. Where there are changes it is in the roster, too.
 */
PASU_MUST_USE int roster_read_ldif(struct roster_reading *reading, struct view bytes,
                                   const struct roster *base);

/* ---- roster_merge.c ---- */
/* Entries from `first` on are the endpoint's. */
PASU_MUST_USE int roster_merge(struct roster *roster, size_t first);

#endif
