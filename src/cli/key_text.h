/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key as somebody types it: as it is; or, of persons whom several values name together, a JSON
 * array of these, which is brought to the one form that the directory has (exposure/tuple.h).
 */
#ifndef PASU_CLI_KEY_TEXT_H
#define PASU_CLI_KEY_TEXT_H

#include "config/model.h"
#include "exposure/tuple.h"

enum { KEY_OPERAND_SIZE = TUPLE_TEXT_MAX + 1 };

/* How many values name a person of that kind. */
size_t key_parts(const struct config *config, const char *kind);
/* The key, `operand` or in `space`. PASU_E_MALFORMED: it is no array of so many values. */
PASU_MUST_USE int key_text_of(const struct config *config, const char *kind, const char *operand,
                              char space[KEY_OPERAND_SIZE], const char **key);

#endif
