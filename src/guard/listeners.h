/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listening sockets. The supervisor holds them for as long as pasu runs, so that a gate can be
 * replaced without a connection being refused, and hands copies to the gate.
 */
#ifndef PASU_GUARD_LISTENERS_H
#define PASU_GUARD_LISTENERS_H

#include "base/log.h"
#include "config/model.h"

struct held_socket {
    int fd;
    uint32_t gateway;
    bool is_proxy, is_passed; /* is_passed: by socket activation; its file is not ours to remove */
    struct endpoint endpoint;
};

struct listeners {
    struct held_socket *items;
    size_t count;
};

/*
 * Opens every listening socket of the configuration, taking from `before` (may be NULL) what is at
 * the same address and still wanted: those move over, the rest stays in `before`. Retries for up to
 * `patience` ns where an address is in use. On failure a LOG line says which, and nothing has
 * moved.
 */
PASU_MUST_USE int listeners_open(struct listeners *listeners, struct listeners *before,
                                 const struct config *config, int64_t patience,
                                 const struct log *log);
/* One alone, as listeners_open does it: a descriptor, or -1 and errno; PASU_E_NOTFOUND of a name:
 * -1 and 0. */
PASU_MUST_USE int listener_open(const struct endpoint *endpoint);
/* Closes all; removes the files of Unix sockets if asked to. */
void listeners_close(struct listeners *listeners, bool remove_files);

#endif
