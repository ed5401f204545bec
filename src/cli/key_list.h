/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of a set of persons, as a JSON array or in lines. The directory is read where it is needed.
 */
#ifndef PASU_CLI_KEY_LIST_H
#define PASU_CLI_KEY_LIST_H

#include "breach/persons.h"
#include "cli/evidence.h"
#include "cli/json_out.h"

/* How keys of a kind are written in JSON. */
enum key_form {
    KEYS_TEXTS,
    KEYS_NUMBERS, /* those that are integers; others are texts */
    KEYS_ARRAYS,  /* of the texts that name a person together (exposure/tuple.h) */
};
/* As the configuration has the kind, and by what the ledger says of its keys. */
enum key_form key_form_of(const struct evidence *evidence, const char *kind, bool has_numbers);
/* A value. */
void key_list_value(struct json_out *out, const char *text, enum key_form form);
/* An array of such values. */
void key_list_json(struct json_out *out, struct evidence *evidence, const struct persons *set,
                   enum key_form form);
/* Each key with `before` before it and `after` behind it; control characters are escaped. */
void key_list_text(FILE *file, struct evidence *evidence, const struct persons *set,
                   const char *before, const char *after);

#endif
