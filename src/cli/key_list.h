/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of a set of persons, as a JSON array or in lines. The directory is read where it is needed.
 */
#ifndef PASU_CLI_KEY_LIST_H
#define PASU_CLI_KEY_LIST_H

#include "breach/persons.h"
#include "cli/evidence.h"
#include "cli/json_out.h"

/* A value: a number where the key is an integer, unless keys of its kind are texts. */
void key_list_value(struct json_out *out, const char *text, bool is_text);
/* An array of such values. */
void key_list_json(struct json_out *out, struct evidence *evidence, const struct persons *set,
                   bool is_text);
/* Each key with `before` before it and `after` behind it; control characters are escaped. */
void key_list_text(FILE *file, struct evidence *evidence, const struct persons *set,
                   const char *before, const char *after);

#endif
