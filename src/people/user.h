/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One user as an identity provider tells of it (RFC 7643, 4.1), as far as pasu needs it: who it is,
 * and whether it is there. What else it is told is not kept.
 *
 * Owns its texts. One thread.
 */
#ifndef PASU_PEOPLE_USER_H
#define PASU_PEOPLE_USER_H

#include "config/model.h"

#include <jansson.h>

enum user_text {
    USER_ID, /* ours: a UUID */
    USER_NAME,
    USER_EXTERNAL_ID,
    USER_DISPLAY_NAME,
    USER_FORMATTED, /* name.formatted, or given and family name */
    USER_NICK_NAME,
    USER_TYPE,
    USER_EMAIL,   /* the primary one, else the first */
    USER_MANAGER, /* the id of another one, or a name */
    USER_TEXTS
};

enum { USER_TEXT_MAX = 255 };

struct user {
    char *texts[USER_TEXTS]; /* NULL: none */
    bool is_active;
    bool is_deleted;           /* kept as one that has left: nobody is forgotten by being deleted */
    int64_t created, modified; /* realtime ns */
};

/* Why a request is refused (RFC 7644, 3.12). */
struct scim_fault {
    int status;       /* of HTTP; 0: none */
    const char *type; /* scimType; NULL: none */
    char detail[200];
};

/* PASU_E_MALFORMED: the fault is set. */
int scim_fail(struct scim_fault *fault, int status, const char *type, const char *format, ...)
    PASU_PRINTF(4, 5);

struct user *user_new(void);
PASU_MUST_USE struct user *user_dup(const struct user *user);
void user_free(struct user *user);
/* NULL is allowed, and means none. PASU_E_NOMEM. */
PASU_MUST_USE int user_set(struct user *user, enum user_text which, const char *text);
/* "" where there is none. */
const char *user_text(const struct user *user, enum user_text which);
/* What it is called: displayName, name.formatted, or userName. */
const char *user_called(const struct user *user);

/* The attributes of a resource, as POST and PUT bring it. PASU_E_MALFORMED with the fault;
 * PASU_E_NOMEM. What failed may be half done: use a copy. */
PASU_MUST_USE int user_take(struct user *user, const json_t *resource, struct scim_fault *fault);
/* Takes away all that a resource can bring: what is not in it is not there. But who is gone stays
 * gone until it is said that they are there. */
void user_clear(struct user *user);
/* The operations of a PATCH request (RFC 7644, 3.5.2), and what Entra ID and Okta make of it: op in
 * any case, "False" for false, a value without a path whose names have dots. As user_take. */
PASU_MUST_USE int user_patch(struct user *user, const json_t *request, struct scim_fault *fault);
/* The resource; `base` (may be "") stands before its location. NULL: no memory. */
json_t *user_json(const struct user *user, const char *base);

#endif
