/* SPDX-License-Identifier: Apache-2.0 */
/* Who may decide about what waits (ledger/approvers.h): looked up once, before the sandbox. */
#ifndef PASU_GUARD_APPROVING_H
#define PASU_GUARD_APPROVING_H

#include "base/log.h"
#include "base/sandbox.h"
#include "config/load.h"
#include "ledger/approvers.h"

/* Root, the account that pasu runs as, and those that the configuration names. PASU_E_NOTFOUND,
 * PASU_E_RANGE, after a log line that says which. */
PASU_MUST_USE int approving_find(struct approvers *approvers, const struct config *config,
                                 const struct sandbox_account *account, const struct log *log);
/* Names that are no accounts of this machine, added to the list: no guard starts with them. */
void approving_check(const struct config *config, struct config_faults *faults);
/* Approvers who cannot reach the control socket are a warning. */
void approving_warn(const struct config *config, struct config_faults *warnings);

#endif
