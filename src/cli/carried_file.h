/* SPDX-License-Identifier: Apache-2.0 */
/* Files that pasu carries (contrib/incident), in the place of which the configuration can name
 * others. */
#ifndef PASU_CLI_CARRIED_FILE_H
#define PASU_CLI_CARRIED_FILE_H

#include "config/fault.h"
#include "config/store.h"

enum carried { CARRIED_CLOCKS, CARRIED_NOTICES };

/* The text of the file `named`, in `store`, or, where that is NULL, of the one that is carried;
 * what it is called in *path. The errors of file_read. */
PASU_MUST_USE int carried_file(struct view *text, const char **path, struct store *store,
                               enum carried which, const char *named);
/* What is made of a text; adds its faults. */
typedef int carried_parse_fn(void *made, struct view text, const char *path,
                             struct config_faults *faults);
/* Reads it, and makes that of it; that it cannot be read is a fault, too. PASU_E_CONFIG,
 * PASU_E_NOMEM. */
PASU_MUST_USE int carried_read(enum carried which, const char *named, carried_parse_fn *parse,
                               void *made, struct config_faults *faults);
/* The same. 0, or the exit status, after a complaint about each fault. */
PASU_MUST_USE int carried_load(enum carried which, const char *named, carried_parse_fn *parse,
                               void *made);

#endif
