/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which processes of servers were those of earlier gates' sessions, as the ledger has it. A gate
 * that was killed leaves them behind: the kernel closes its connections, but a server notices that
 * only when it reads or writes, so what was running runs to its end. They are no sessions past
 * pasu. Those of pasu's own commands (gate/visit.h) are not left behind: the command goes on.
 *
 * One for each number of a process, modulo LEFT_MAX: the last one counts. What was overwritten is
 * not known any more, and is told as a session that may have gone past pasu. Filled while the past
 * is read, from then on only read.
 */
#ifndef PASU_GATE_LEFT_H
#define PASU_GATE_LEFT_H

#include "base/attributes.h"
#include "ledger/message.h"

enum { LEFT_MAX = 1 << 16, LEFT_GATEWAYS_MAX = 64 };

struct left_process {
    int64_t at; /* realtime ns, by our clock: the server had begun it by then; 0: free */
    uint32_t pid;
    uint8_t gateway; /* index */
    uint8_t sort;    /* enum backend_sort */
};

struct left {
    struct left_process *processes; /* LEFT_MAX; NULL: none yet */
    size_t gateway_count;
    char gateways[LEFT_GATEWAYS_MAX][GATEWAY_NAME_SIZE];
};

void left_release(struct left *left);
/* A record of the past. Without memory it is not kept. */
void left_remember(struct left *left, const struct message_backend *backend);
/* The gateway of the session that this process was, which began at `began` (realtime ns, to a
 * second), and whose it is; NULL: it was none's, as far as is known. Borrowed. */
const char *left_gateway(const struct left *left, uint32_t pid, int64_t began,
                         enum backend_sort *sort);

#endif
