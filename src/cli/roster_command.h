/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `pasu roster` have in common. Results are exit statuses, after a complaint. */
#ifndef PASU_CLI_ROSTER_COMMAND_H
#define PASU_CLI_ROSTER_COMMAND_H

#include "cli/ask.h"
#include "cli/check_connect.h"
#include "cli/usage.h"
#include "policy/roster.h"

/* Days without a session after which a role is dormant, a right that was not used is one too many,
 * and a password is old. */
enum { ROSTER_DAYS = 90 };
#define ROSTER_DAY (86400 * NANOSECONDS_PER_SECOND)

/* Reads the configuration's roster as it is now. */
PASU_MUST_USE int roster_load(struct roster **roster, const struct config *config);

PASU_MUST_USE int roster_show(const struct ask *ask, const struct arguments *arguments);
PASU_MUST_USE int roster_import(const struct ask *ask, const struct arguments *arguments);
PASU_MUST_USE int roster_leaver(const struct ask *ask, const struct arguments *arguments);
/* The inspectors' passwords, too. An exit status. */
PASU_MUST_USE int roster_load_files(struct config *config);
PASU_MUST_USE int roster_audit(const struct arguments *arguments);

/* An audit's material. */
struct roster_look {
    const struct config *config;
    const struct roster *roster;
    const struct usages *usages;
    int64_t now;
    struct findings *findings;
};

/* Since when the ledger tells, realtime ns, and as a text: "90 days", or since its beginning. */
int64_t roster_since(const struct roster_look *look);
void roster_since_text(char *text, size_t size, const struct roster_look *look);
/* What the server behind each gateway says: roles that are on no roster, or in no server; those
 * that have left and may still log in; superusers; passwords that never expire, or are old; rights
 * to personal fields that nobody has used. PASU_E_NOMEM. */
PASU_MUST_USE int roster_look_at_servers(const struct roster_look *look);

#endif
