/* SPDX-License-Identifier: Apache-2.0 */
/* What the supervisor opens once and keeps while pasu runs: the ledger's folder (with its lock, so
 * that no two guards use one), its secret, the rings in it and how gate and keeper wake each other
 * (all of which outlive either), and the control socket. */
#ifndef PASU_GUARD_RESOURCES_H
#define PASU_GUARD_RESOURCES_H

#include "base/log.h"
#include "base/sandbox.h"
#include "config/model.h"
#include "guard/secret.h"

struct resources {
    int directory, lock, control; /* -1: not open */
    int published;                /* the folder that the herald keeps cosigned checkpoints in */
    int people;                   /* the folder that the registrar keeps its file in */
    int ring;
    int wake, durable; /* eventfds: gate to keeper, keeper to gate */
    uint8_t secret[SECRET_SIZE];
};

/* Nothing is open. */
void resources_init(struct resources *resources);

/* 0, or an error that has been logged. */
PASU_MUST_USE int resources_open(struct resources *resources, const struct config *config,
                                 const struct sandbox_account *account,
                                 const struct sandbox_account *herald, const struct log *log);
/* The segment that a gate which starts asks for (struct message_segment_ask), as source.open.
 * PASU_E_NOTFOUND: there is none. PASU_E_DENIED: it is not the account's own plain file; PASU_E_IO.
 */
PASU_MUST_USE int resources_open_segment(const struct resources *resources,
                                         const struct sandbox_account *account, uint64_t index,
                                         uint64_t *first, size_t *left);
/* Removes the control socket's file. */
void resources_close(struct resources *resources, const struct config *config);

#endif
