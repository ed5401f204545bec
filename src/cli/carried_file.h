/* SPDX-License-Identifier: Apache-2.0 */
/* Files that pasu carries (contrib/incident), in the place of which the configuration can name
 * others. */
#ifndef PASU_CLI_CARRIED_FILE_H
#define PASU_CLI_CARRIED_FILE_H

#include "config/store.h"

enum carried { CARRIED_CLOCKS, CARRIED_NOTICES };

/* The text of the file `named`, in `store`, or, where that is NULL, of the one that is carried;
 * what it is called in *path. The errors of file_read. */
PASU_MUST_USE int carried_file(struct view *text, const char **path, struct store *store,
                               enum carried which, const char *named);

#endif
