/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entries of an LDIF file, and what is changed of them further down in it: of each entry what a
 * roster can be made of (policy/roster_ldif.c). They are kept whole until the end, so that those
 * that change them can come behind.
 *
 * One thread. All texts are the store's, which is the roster's.
 */
#ifndef PASU_POLICY_LDIF_ACCOUNT_H
#define PASU_POLICY_LDIF_ACCOUNT_H

#include "policy/ldif.h"
#include "policy/roster_part.h"

enum ldif_attribute {
    LDIF_CLASS,
    LDIF_UID,
    LDIF_ACCOUNT,
    LDIF_CN,
    LDIF_DISPLAY,
    LDIF_TYPE,
    LDIF_OWNER,
    LDIF_MANAGER,
    LDIF_MAIL,
    /* what says that somebody has left */
    LDIF_LOCK,
    LDIF_CONTROL,
    LDIF_SHELL,
    LDIF_LOCKED_TIME,
    LDIF_DISABLED,
    LDIF_STATUS,
    /* and when */
    LDIF_EXPIRES,
    LDIF_SHADOW,
    LDIF_KERBEROS,
    LDIF_END_TIME,
    LDIF_ATTRIBUTES,
    LDIF_STATUS_FIRST = LDIF_LOCK,
    LDIF_STATUS_LAST = LDIF_STATUS,
    LDIF_TIME_FIRST = LDIF_EXPIRES,
    LDIF_TIME_LAST = LDIF_END_TIME
};

enum ldif_class {
    LDIF_CLASS_ANY = 1,
    LDIF_CLASS_PERSON = 2,
    LDIF_CLASS_SERVICE = 4,
    LDIF_CLASS_COMPUTER = 8
};

struct ldif_account {
    const char *dn, *key;                /* as written; as compared */
    const char *values[LDIF_ATTRIBUTES]; /* NULL: none */
    uint32_t changed;                    /* attributes that the file says something of, by bit */
    unsigned classes;                    /* enum ldif_class */
    const struct roster_entry *base;     /* NULL: the file has all of it */
    bool is_deleted, is_seen;
    uint32_t line;
    struct ldif_account *next;
};

struct ldif_accounts {
    struct roster_reading *roster;
    struct store *store;
    struct ldif ldif;
    struct ldif_line at;
    void *tree; /* of entries, by key */
    struct ldif_account *first, **last;
    const struct roster *base;
    bool has_changes;
};

/* Reads the file; `base` as of roster_read_ldif. PASU_E_MALFORMED with the roster's fault;
 * PASU_E_NOMEM. Release it in any case. */
PASU_MUST_USE int ldif_accounts_read(struct ldif_accounts *accounts, struct roster_reading *roster,
                                     struct view bytes, const struct roster *base);
void ldif_accounts_release(struct ldif_accounts *accounts);
/* The entry of a DN, however that is written; *account is NULL where there is none. PASU_E_NOMEM.
 */
PASU_MUST_USE int ldif_accounts_find(struct ldif_account **account,
                                     const struct ldif_accounts *accounts, const char *dn);
/* The first value of a DN: who it means. NULL: no memory. */
const char *ldif_first_value(struct store *store, const char *dn);

#endif
