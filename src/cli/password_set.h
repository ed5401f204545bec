/* SPDX-License-Identifier: Apache-2.0 */
/* Whose password a statement sets, by its normalized text. */
#ifndef PASU_CLI_PASSWORD_SET_H
#define PASU_CLI_PASSWORD_SET_H

#include "base/attributes.h"
#include "postgres/catalog.h"

/* CREATE and ALTER of ROLE, USER or GROUP with a PASSWORD that is not NULL: `role` is whose it is;
 * `own`: who runs it, for CURRENT_USER and its kind. False where it sets none, is no such text, or
 * there is no memory to read it. What code runs is not seen. */
bool password_set(const char *sql, const char *own, char role[CATALOG_NAME_SIZE]);

#endif
