/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may decide about what waits: accounts of the operating system, by the number that the kernel
 * tells of whoever connects to the control socket. The supervisor looks the names up when it
 * starts (guard/approving.h); the keeper, which opens no file, is given both.
 */
#ifndef PASU_LEDGER_APPROVERS_H
#define PASU_LEDGER_APPROVERS_H

#include "ledger/message.h"

enum { APPROVERS_MAX = 256 };

struct approver {
    uint32_t uid;
    bool is_named; /* by the configuration; else it is root, or the account that pasu runs as */
    char name[NAME_SIZE];
};

struct approvers {
    struct approver items[APPROVERS_MAX];
    size_t count;
};

/* NULL: it is none of them. */
static inline const struct approver *
approvers_find(const struct approvers *approvers, uint32_t uid)
{
    for (size_t i = 0; i < approvers->count; i++)
        if (approvers->items[i].uid == uid)
            return &approvers->items[i];
    return NULL;
}

#endif
