/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose an identifying value is, by the file of the identity index (docs/spec/identity.md): a phone
 * number or an e-mail address that a stranger writes in another way than the database does is
 * looked for in each of the ways in which such values are stored.
 */
#ifndef PASU_CLI_SAMPLE_IDENTITY_H
#define PASU_CLI_SAMPLE_IDENTITY_H

#include "cli/evidence.h"
#include "exposure/identity_names.h"
#include "exposure/tuple.h"

struct sample_identity {
    struct identity_key key;
    struct identity_names names;
    struct identity *identity; /* NULL: there is none */
    int64_t at;                /* when the values were so */
};

/* Nothing is wrong where there is none. 0, or the exit status, after a complaint. */
PASU_MUST_USE int sample_identity_open(struct sample_identity *s, const struct evidence *evidence);
void sample_identity_close(struct sample_identity *s);
/* What columns a section has, if persons of the kind are in it; NULL: others are. */
const struct identity_name *sample_identity_section(const struct sample_identity *s, size_t section,
                                                    const char *kind);
/* How many persons of the kind there are, at least: those who have a value in the kind's own table,
 * where a row is a person. 0: the index does not tell. */
uint64_t sample_identity_persons(const struct sample_identity *s, const struct config *config,
                                 const char *kind);
/* Looks the values of a section's columns up, in any way in which they can be written: one value,
 * or as many as the section has columns. */
enum identity_found sample_identity_find(const struct sample_identity *s, size_t section,
                                         const struct view *values, uint32_t *ordinal);

#endif
