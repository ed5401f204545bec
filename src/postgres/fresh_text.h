/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a text, as hashes: two words of one hash only make a set larger. */
#ifndef PASU_POSTGRES_FRESH_TEXT_H
#define PASU_POSTGRES_FRESH_TEXT_H

#include "base/bytes.h"

struct fresh_words {
    uint64_t *hashes; /* sorted; memory_free */
    size_t count;
    bool is_whole; /* the text uses a row otherwise than by its columns: a star, NEW, OLD */
    bool is_cut;   /* not all of it could be read */
};

uint64_t fresh_hash(const char *name);
/* PASU_E_NOMEM: then there are none. */
PASU_MUST_USE int fresh_words_read(struct fresh_words *words, const char *text);
void fresh_words_release(struct fresh_words *words);
bool fresh_words_have(const struct fresh_words *words, uint64_t hash);

/* Calls for each table that a text of SQL writes to, schema NULL where none is said. */
typedef void fresh_visit(void *arg, const char *schema, const char *name);
void fresh_text_filled(const char *text, fresh_visit *visit, void *arg);

#endif
