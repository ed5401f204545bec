/* SPDX-License-Identifier: Apache-2.0 */
/* What the supervisor opens once and keeps while pasu runs: the ledger's folder (with its lock, so
 * that no two guards use one) and the control socket. */
#ifndef PASU_GUARD_RESOURCES_H
#define PASU_GUARD_RESOURCES_H

#include "base/log.h"
#include "base/sandbox.h"
#include "config/model.h"

struct resources {
    int directory, lock, control; /* -1: not open */
};

/* 0, or an error that has been logged. */
PASU_MUST_USE int resources_open(struct resources *resources, const struct config *config,
                                 const struct sandbox_account *account, const struct log *log);
/* Removes the control socket's file. */
void resources_close(struct resources *resources, const struct config *config);

#endif
