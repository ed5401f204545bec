/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file `alerts.state`: two places of 64 bytes that are written in turn, so that one is whole
 * whenever the power fails. The numbers are docs/spec/ledger.md's.
 */
#ifndef PASU_LEDGER_COURIER_STATE_H
#define PASU_LEDGER_COURIER_STATE_H

#include "base/os.h"
#include "ledger/message.h"

#define COURIER_STATE_NAME "alerts.state"

struct courier_state {
    uint64_t sequence; /* of the writing, from 1 */
    uint64_t from;
    uint64_t done[ALERT_TARGETS];
};

/* Opens it, or makes an empty one: the descriptor, or an error. */
PASU_MUST_USE int courier_state_open(const struct os *os, int directory);
/* The newest that is whole. PASU_E_NOTFOUND: none. */
PASU_MUST_USE int courier_state_read(const struct os *os, int fd, struct courier_state *state);
PASU_MUST_USE int courier_state_write(const struct os *os, int fd,
                                      const struct courier_state *state);

#endif
