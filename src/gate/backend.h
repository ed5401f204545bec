/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which process of a server each connection of pasu's has: told to the keeper once the server has
 * said it (BackendKeyData), so that what the server's own log names can be compared with the
 * ledger. Never waits; what cannot be told is counted as lost, as all records are. Any thread.
 */
#ifndef PASU_GATE_BACKEND_H
#define PASU_GATE_BACKEND_H

#include "gate/keeper_link.h"

/* `session` 0: a connection of the inspector's or the census's. `fd`: the socket to the server.
 * `pid` 0: the connection ends before it came, and the server may have let it in; of a server that
 * has no numbers nothing is to be told. `keeper` NULL: nothing is told. */
void backend_tell(struct keeper_link *keeper, uint64_t session, uint32_t pid, int fd,
                  const char *gateway, const char *database);

#endif
