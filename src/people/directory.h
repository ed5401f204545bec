/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The people that an identity provider has told of. It is kept as a roster file (policy/roster.h)
 * with columns more, so that whoever reads the roster needs no more than that.
 *
 * One thread.
 */
#ifndef PASU_PEOPLE_DIRECTORY_H
#define PASU_PEOPLE_DIRECTORY_H

#include "base/bytes.h"
#include "people/user.h"

enum { DIRECTORY_USERS_MAX = 50000, DIRECTORY_PRINCIPAL_SIZE = USER_TEXT_MAX + 1 };

struct directory {
    struct user **users; /* in the order in which they came */
    size_t count, size;
    enum principals_scim_principal principal;
};

void directory_init(struct directory *directory, enum principals_scim_principal principal);
void directory_release(struct directory *directory);
/* Puts what the file says in the place of what there is. PASU_E_MALFORMED: it is none of ours, and
 * the directory is empty. PASU_E_NOMEM. */
PASU_MUST_USE int directory_read(struct directory *directory, struct view bytes);
/* New bytes (memory_free). PASU_E_NOMEM; PASU_E_RANGE: more than a roster can have. */
PASU_MUST_USE int directory_write(uint8_t **bytes, size_t *length,
                                  const struct directory *directory);

/* NULL: none, or it is deleted. */
struct user *directory_find(const struct directory *directory, const char *id);
/* The role of a user, in small letters. */
void directory_principal(char principal[DIRECTORY_PRINCIPAL_SIZE],
                         const struct directory *directory, const struct user *user);
/*
 * Takes a user, in the place of `former` (NULL: it is a new one). PASU_E_MALFORMED with the fault:
 * another one has its userName, or its role. PASU_E_NOMEM. After an error the user is the
 * caller's still.
 */
PASU_MUST_USE int directory_put(struct directory *directory, struct user *former,
                                struct user *take_user, struct scim_fault *fault);

#endif
