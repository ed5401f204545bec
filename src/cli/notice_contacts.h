/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How persons can be reached, asked of the database while notices are made, row by row, and kept
 * nowhere: by the query that the configuration has for their kind, as the inspector.
 */
#ifndef PASU_CLI_NOTICE_CONTACTS_H
#define PASU_CLI_NOTICE_CONTACTS_H

#include "cli/ask.h"
#include "cli/notice_write.h"
#include "exposure/tuple.h"

#include <libpq-fe.h>

enum { CONTACT_COLUMNS_MAX = 64 }; /* behind the key */

/* The gateway of that name, NULL: the first one; or NULL. */
const struct config_gateway *contacts_gateway(const struct config *config, const char *name);
/* A person of the table: the key as the ledger has it. A result other than 0 ends the reading. */
typedef int notice_contact_fn(void *arg, const char *key, const struct notice_contact *contacts,
                              size_t count);

/* Reads each row of the query. 0, or the exit status, after a complaint; or what `fn` returned. */
PASU_MUST_USE int notice_contacts_each(struct ask *ask, const struct config_contacts *contacts,
                                       notice_contact_fn *fn, void *arg);
/* The key that the first columns of a row are, as the directory has it. PASU_E_NOTFOUND: it is
 * nobody's; PASU_E_RANGE. */
PASU_MUST_USE int notice_contacts_key(PGresult *rows, int number, size_t parts,
                                      char key[TUPLE_TEXT_MAX + 1]);

#endif
