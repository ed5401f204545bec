/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The roster: which kind each principal is, who owns it, and whether that person is still here. A
 * CSV file (RFC 4180) with a header line naming the columns principal, kind, owner, owner_status,
 * left_at, contact, in any order; others are ignored. Only principal is required. Or LDIF (RFC
 * 2849), as a directory writes it (policy/roster_ldif.c).
 *
 * Where there is a SCIM endpoint, what that keeps stands behind it in the same bytes
 * (CONFIG_SCIM_MARK), and is joined with it (policy/roster_merge.c).
 *
 * Somebody has left whose owner_status is "left", or whose left_at has come: a moment, or a day, of
 * which the first moment in UTC counts (config/moment.h). What then holds depends on whose role it
 * is: a person's own must not be used any more. A service goes on as long as the operator has not
 * said otherwise: to end it without a word would harm those whom it serves, and nobody who uses it
 * is the one that has left.
 *
 * Immutable, but for the count of holders: any thread. Texts are the roster's.
 */
#ifndef PASU_POLICY_ROSTER_H
#define PASU_POLICY_ROSTER_H

#include "config/load.h"

enum principal_kind { PRINCIPAL_UNKNOWN, PRINCIPAL_HUMAN, PRINCIPAL_SERVICE, PRINCIPAL_ADMIN };

/* Whether somebody answers for a principal. */
enum principal_owner { OWNER_UNLISTED, OWNER_NONE, OWNER_LEFT, OWNER_THERE };

/* What a principal may do by the roster alone. */
enum principal_standing {
    STANDING_GOOD,
    STANDING_OWNERLESS, /* a service whose owner has left: it goes on, and somebody is told */
    STANDING_LEFT,      /* it is refused, and its sessions are ended */
};

#define ROSTER_NEVER INT64_MAX

struct roster_entry {
    const char *principal, *owner, *contact; /* "": not said */
    const char *id;                          /* what a directory calls it (a DN); "": none did */
    const char *owner_id;  /* the same of who owns a service; "": nobody is named */
    const char *user_name; /* of the endpoint's: what it is called there */
    int64_t left_at;       /* realtime ns; ROSTER_NEVER: not said */
    enum principal_kind kind;
    bool is_left; /* by its owner_status, or what the endpoint was told of its owner */
    bool
        is_scim; /* on no line of the file: its principal is in small letters, and stands for all */
    uint32_t line;
};

struct roster_fault {
    uint32_t line; /* from 1 */
    const char *text;
    bool is_scim; /* in what the endpoint keeps */
};

struct roster;

/* Parses the file's bytes (hostile), for one holder. PASU_E_MALFORMED and *fault, PASU_E_NOMEM. */
PASU_MUST_USE int roster_parse(struct roster **roster, struct view bytes,
                               struct roster_fault *fault);
/* The same of one file, without an endpoint's part. Where it is LDIF that changes entries (modify,
 * delete), they are those of `base` (NULL: nobody), and who is there and not changed stays. */
PASU_MUST_USE int roster_parse_changes(struct roster **roster, struct view bytes,
                                       const struct roster *base, struct roster_fault *fault);
/* As a CSV file, new bytes (memory_free). PASU_E_NOMEM. */
PASU_MUST_USE int roster_write(uint8_t **bytes, size_t *length, const struct roster *roster);
/* The roster that the configuration names, whose bytes config_load_files has read: its fault, if it
 * has one, is added to the others. 0, PASU_E_CONFIG, PASU_E_NOMEM. */
PASU_MUST_USE int roster_check(const struct config *config, struct config_faults *faults);
/* One holder more; NULL is allowed. */
struct roster *roster_hold(struct roster *roster);
/* The last holder frees it. NULL is allowed. */
void roster_free(struct roster *roster);
/* What roster_check's fault says has to be done. */
extern const char roster_hint[];

/* The entries, by principal. A roster that is NULL has none. */
size_t roster_count(const struct roster *roster);
const struct roster_entry *roster_at(const struct roster *roster, size_t index);
/* NULL: not listed. Who is on no line of the file, but told of by the identity provider, is found
 * by their name in any case (of ASCII). */
const struct roster_entry *roster_find(const struct roster *roster, const char *principal);
bool roster_has_left(const struct roster_entry *entry, int64_t now);
/* The first moment after `now` at which somebody leaves; ROSTER_NEVER. */
int64_t roster_next(const struct roster *roster, int64_t now);

/* PRINCIPAL_UNKNOWN where it is not listed, or the roster is NULL. */
enum principal_kind roster_kind(const struct roster *roster, const char *principal);
/* OWNER_LEFT also where no owner is named; OWNER_UNLISTED as for roster_kind. */
enum principal_owner roster_owner(const struct roster *roster, const char *principal, int64_t now);
/* STANDING_GOOD where it is not listed. */
enum principal_standing roster_standing(const struct roster *roster, const char *principal,
                                        int64_t now, enum principals_ownerless ownerless);
/* "human", "service", "admin", "unknown". */
const char *principal_kind_text(enum principal_kind kind);

#endif
