/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the files that a configuration names the guard's processes need in memory. */
#ifndef PASU_CONFIG_FILES_H
#define PASU_CONFIG_FILES_H

#include "config/key.h"

/* The file of a gateway's key; NULL where the key is none of such a file, or no file is configured.
 */
const struct config_file *files_find(const struct config *config, size_t gateway, enum key_id id);
/* The same, to be filled. */
struct config_file *files_slot(struct config *config, size_t gateway, enum key_id id);

#endif
