/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When accounts and sessions logged in last, by hash, for LOGINS_WINDOW. Exact, or it says that it
 * is not: where there are more than fit into the memory it is given, none is known any more.
 */
#ifndef PASU_DETECT_LOGINS_H
#define PASU_DETECT_LOGINS_H

#include "base/attributes.h"

#define LOGINS_WINDOW (24 * 60) /* minutes that a login is good for */

struct login {
    uint64_t who;    /* 0: free */
    uint32_t minute; /* since 1970 */
};

struct logins {
    struct login *slots;
    size_t count, size, limit; /* limit: slots, at most */
    uint32_t first;            /* minute of the first login; 0: none yet */
    bool overflown;
};

/* 0 or PASU_E_NOMEM. *held grows. */
PASU_MUST_USE int logins_add(struct logins *l, uint64_t who, uint32_t minute, size_t *held);
/* Whether it has logged in within the window. */
bool logins_has(const struct logins *l, uint64_t who, uint32_t minute);
/* Logins older than the window are forgotten. 0 or PASU_E_NOMEM. */
PASU_MUST_USE int logins_expire(struct logins *l, uint32_t minute, size_t *held);
void logins_release(struct logins *l, size_t *held);

#endif
