/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The people that an identity provider has told of. It is kept as a roster file (policy/roster.h)
 * with columns more, so that whoever reads the roster needs no more than that.
 *
 * One thread.
 */
#ifndef PASU_PEOPLE_PEOPLE_H
#define PASU_PEOPLE_PEOPLE_H

#include "base/bytes.h"
#include "people/user.h"

enum { PEOPLE_USERS_MAX = 50000, PEOPLE_PRINCIPAL_SIZE = USER_TEXT_MAX + 1 };

struct people {
    struct user **users; /* in the order in which they came */
    size_t count, size;
    enum principals_scim_principal principal;
};

void people_init(struct people *directory, enum principals_scim_principal principal);
void people_release(struct people *directory);
/* Puts what the file says in the place of what there is. PASU_E_MALFORMED: it is none of ours, and
 * the directory is empty. PASU_E_NOMEM. */
PASU_MUST_USE int people_read(struct people *directory, struct view bytes);
/* New bytes (memory_free). PASU_E_NOMEM; PASU_E_RANGE: more than a roster can have. */
PASU_MUST_USE int people_write(uint8_t **bytes, size_t *length, const struct people *directory);

/* NULL: none, or it is deleted. */
struct user *people_find(const struct people *directory, const char *id);
/* The role of a user, in small letters. */
void people_principal(char principal[PEOPLE_PRINCIPAL_SIZE], const struct people *directory,
                      const struct user *user);
/*
 * Takes a user, in the place of `former` (NULL: it is a new one). PASU_E_MALFORMED with the fault:
 * another one has its userName, or its role. PASU_E_NOMEM. After an error the user is the
 * caller's still.
 */
PASU_MUST_USE int people_put(struct people *directory, struct user *former, struct user *take_user,
                             struct scim_fault *fault);

#endif
