/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of notices: a file of the mailer's (CSV with the columns id and status, in any order,
 * or JSON lines with these members) beside the notices that were sent, which must be the very bytes
 * that a record of the ledger has the hash of. What is recorded is how many arrived, and the hash
 * of the mailer's file; nobody's status is kept. Whoever was not reached is printed.
 */
#ifndef PASU_CLI_NOTIFY_STATUS_H
#define PASU_CLI_NOTIFY_STATUS_H

#include "cli/arguments.h"

/* The command; its exit status. */
PASU_MUST_USE int notify_status(const struct arguments *arguments);

#endif
