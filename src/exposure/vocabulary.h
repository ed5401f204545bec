/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of fields and kinds of subjects that a configuration uses, numbered: a field is a bit
 * of a 64-bit set, a kind a small number. Numbers mean something only together with the
 * vocabulary's id, which is a hash of all names in order: records carry it, and the ledger stores
 * each vocabulary once, so that a changed configuration never changes what old records say.
 *
 * Fields are numbered in the order in which personal_data names them first, kinds in the order of
 * `subjects`. Immutable once made.
 */
#ifndef PASU_EXPOSURE_VOCABULARY_H
#define PASU_EXPOSURE_VOCABULARY_H

#include "config/model.h"
#include "exposure/exposure.h"

enum { VOCABULARY_NAME_SIZE = 64, VOCABULARY_ENCODED_MAX = 16 << 10 };

struct vocabulary {
    uint32_t id; /* never 0 */
    uint32_t field_count, kind_count;
    char fields[EXPOSURE_FIELDS_MAX][VOCABULARY_NAME_SIZE];
    char kinds[EXPOSURE_KINDS_MAX][VOCABULARY_NAME_SIZE];
};

/* PASU_E_RANGE where there are too many names (config_load refuses such a configuration). */
PASU_MUST_USE int vocabulary_of_config(struct vocabulary *vocabulary, const struct config *config);
/* The same of names that come from elsewhere, all different. */
PASU_MUST_USE int vocabulary_of_names(struct vocabulary *vocabulary, const char *const *fields,
                                      size_t field_count, const char *const *kinds,
                                      size_t kind_count);
/* The number of a name, or -1. */
int vocabulary_field(const struct vocabulary *vocabulary, const char *name);
int vocabulary_kind(const struct vocabulary *vocabulary, const char *name);
/* The bits of all of them. */
void vocabulary_all(const struct vocabulary *vocabulary, uint64_t *fields, uint64_t *kinds);
PASU_MUST_USE ssize_t vocabulary_encode(const struct vocabulary *vocabulary, uint8_t *bytes,
                                        size_t size);
/* PASU_E_MALFORMED, also where the id is not that of the names. */
PASU_MUST_USE int vocabulary_decode(struct vocabulary *vocabulary, struct view bytes);

#endif
