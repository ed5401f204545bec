/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The addresses of the guarded servers, one look-up for each different server. Names are looked up
 * in a process of their own, which may take its time or die: nobody waits for it. After 5 seconds
 * it is ended, and the addresses found before stay. It reads what comes from the network, so it has
 * the account's rights, and knows no secret.
 */
#ifndef PASU_GUARD_UPSTREAMS_H
#define PASU_GUARD_UPSTREAMS_H

#include "base/sandbox.h"
#include "config/model.h"

enum { UPSTREAM_COUNT_MAX = 16, LOOKUPS_MAX = CONFIG_GATEWAYS_MAX };

struct lookup {
    struct endpoint endpoint; /* host "" where the place is free */
    pid_t pid;                /* 0: none runs */
    int fd;                   /* its answers, while it runs */
    bool is_wanted;
    int error;               /* of the last one: 0 or PASU_E_NOTFOUND */
    int64_t until, again_at; /* monotonic */
    uint32_t count, found_count;
    struct address addresses[UPSTREAM_COUNT_MAX], found[UPSTREAM_COUNT_MAX];
};

/* Asks for a look-up; it begins at the next step, at most once a second for each server. */
void lookup_want(struct lookup lookups[LOOKUPS_MAX], const struct config *config,
                 const struct endpoint *endpoint);
/* What the process of a look-up gives up. */
struct lookup_rights {
    const struct sandbox_account *account;
    void (*forget)(void *arg); /* what it need not know */
    void *arg;
};

/* Begins or goes on, without waiting. Whether one has just ended: `error` and `addresses` tell. */
bool lookup_step(struct lookup *lookup, const struct lookup_rights *rights, int64_t now);
/* Whether an answer is awaited that no earlier one can stand in for. */
bool lookups_are_running(const struct lookup lookups[LOOKUPS_MAX]);
/* Whether there is anything to do at the next step. */
bool lookups_are_waiting(const struct lookup lookups[LOOKUPS_MAX]);

#endif
