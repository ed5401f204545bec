/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When accounts and sessions logged in last, by hash, for the window: LOGINS_WINDOW, or where there
 * are more than fit into the memory it is given, half as long, and so on, down to
 * LOGINS_WINDOW_MIN. What it says of the window is exact.
 */
#ifndef PASU_DETECT_LOGINS_H
#define PASU_DETECT_LOGINS_H

#include "base/attributes.h"

/* Minutes that a login is good for. */
#define LOGINS_WINDOW     (30 * 24 * 60)
#define LOGINS_WINDOW_MIN (24 * 60)

struct login {
    uint64_t who;    /* 0: free */
    uint32_t minute; /* since 1970 */
};

struct logins {
    struct login *slots;
    size_t count, size, limit; /* limit: slots, at most */
    uint32_t first;            /* minute of the first login; 0: none yet */
    uint32_t window;           /* minutes; set before the first one */
    bool overflown;            /* not even those of the shortest window fit: nothing is known */
};

/* 0 or PASU_E_NOMEM. *held grows. */
PASU_MUST_USE int logins_add(struct logins *l, uint64_t who, uint32_t minute, size_t *held);
/* Whether it has logged in within the window. */
bool logins_has(const struct logins *l, uint64_t who, uint32_t minute);
/* Logins older than the window are forgotten. 0 or PASU_E_NOMEM. */
PASU_MUST_USE int logins_expire(struct logins *l, uint32_t minute, size_t *held);
void logins_release(struct logins *l, size_t *held);

#endif
