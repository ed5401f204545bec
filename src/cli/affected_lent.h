/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the clerk (console/clerk.h) looks persons up: whose a contact is in the database as it is
 * now, as its inspector and by incident.contacts; what the ledger says of them, and a certificate,
 * as `pasu subject` and `pasu certify` do. Each question is in the ledger before it is answered:
 * affected-code when a code is to be sent, affected when somebody looks.
 */
#ifndef PASU_CLI_AFFECTED_LENT_H
#define PASU_CLI_AFFECTED_LENT_H

#include "cli/evidence.h"
#include "cli/notice_texts.h"
#include "console/clerk.h"
#include "policy/roster.h"

extern const struct clerk_lent affected_lent;

struct affected_state {
    struct config *config;
    struct notice_texts texts;
    struct roster *roster; /* NULL: none */
};

/* The arguments of a question about one person, as if it had been given on the command line. */
struct affected_question {
    struct arguments arguments;
    char *operands[1];
};

void affected_ask(struct affected_question *question, struct affected_state *state,
                  const struct command *command, const struct person *person);

/* Of clerk_lent. */
PASU_MUST_USE int affected_find(void *state, const char *contact, struct clerk_found *found);
PASU_MUST_USE int affected_show(void *state, const struct persons *persons,
                                enum inquiry_language language, FILE *file);

#endif
