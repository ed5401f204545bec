/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The roster: which kind each principal is, who owns it, and whether that person is still here. A
 * CSV file (RFC 4180) with a header line naming the columns principal, kind, owner, owner_status,
 * left_at, contact, in any order; others are ignored. Only principal is required.
 */
#ifndef PASU_POLICY_ROSTER_H
#define PASU_POLICY_ROSTER_H

#include "config/load.h"

enum principal_kind { PRINCIPAL_UNKNOWN, PRINCIPAL_HUMAN, PRINCIPAL_SERVICE, PRINCIPAL_ADMIN };

/* Whether somebody answers for a principal. */
enum principal_owner { OWNER_UNLISTED, OWNER_NONE, OWNER_LEFT, OWNER_THERE };

struct roster_fault {
    uint32_t line; /* from 1 */
    const char *text;
};

struct roster;

/* Parses the file's bytes (hostile). PASU_E_MALFORMED and *fault, PASU_E_NOMEM. */
PASU_MUST_USE int roster_parse(struct roster **roster, struct view bytes,
                               struct roster_fault *fault);
/* The roster that the configuration names, whose bytes config_load_files has read: its fault, if it
 * has one, is added to the others. 0, PASU_E_CONFIG, PASU_E_NOMEM. */
PASU_MUST_USE int roster_check(const struct config *config, struct config_faults *faults);
void roster_free(struct roster *roster);
/* PRINCIPAL_UNKNOWN where it is not listed, or the roster is NULL. */
enum principal_kind roster_kind(const struct roster *roster, const char *principal);
/* OWNER_THERE: an owner is named, whose status is not "left". OWNER_UNLISTED as for roster_kind. */
enum principal_owner roster_owner(const struct roster *roster, const char *principal);
/* "human", "service", "admin", "unknown". */
const char *principal_kind_text(enum principal_kind kind);

#endif
