/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes an identity index (exposure/identity.h), section by section, in memory that does not grow
 * with the number of values:
 *
 *      add        value ─▶ hash ─▶ one of 64 portions, by its first bits ─▶ spool (a file without a
 *                 name)
 *      end        each portion: read, sorted, one entry a value, written; then the directory
 *      commit     head and table of sections; synced, renamed, the folder synced
 *
 * Values are hashed where they come in and are nowhere else: neither file has one. One thread.
 * After an error only identity_builder_free is left to call, which leaves what was in place.
 */
#ifndef PASU_EXPOSURE_IDENTITY_BUILD_H
#define PASU_EXPOSURE_IDENTITY_BUILD_H

#include "base/os.h"
#include "exposure/identity.h"
#include "exposure/key.h"

/* A row whose key is no ordinal: its value is nobody's alone. */
#define IDENTITY_NOBODY KEY_ORDINAL_FIRST

struct identity_builder;

/* So many sections will be made, of a file of that name (at most 23 bytes). `directory`: an open
 * folder, borrowed; `key` is borrowed. Who calls sees to it that there is one at a time.
 * PASU_E_NOMEM; PASU_E_RANGE: too many sections; what opening files says. */
PASU_MUST_USE int identity_builder_new(struct identity_builder **builder, const struct os *os,
                                       int directory, const char *name, size_t sections,
                                       const struct identity_key *key);
/* A section begins: what is known of it before its rows. PASU_E_MISUSE: there are all. */
PASU_MUST_USE int identity_builder_begin(struct identity_builder *builder,
                                         const struct identity_section *about);
/* A row: its value, and its person's ordinal (a small number, or one of the
 * directory), or IDENTITY_NOBODY. */
PASU_MUST_USE int identity_builder_add(struct identity_builder *builder, struct view value,
                                       uint32_t ordinal);
/* The same row's value of a column alone, for its shape. Of a section in which some row was not
 * told of, nothing is known of shapes. */
void identity_builder_shape(struct identity_builder *builder, size_t column, struct view value);
/* The section is over. PASU_E_RANGE: it has more values than 32 bits count. */
PASU_MUST_USE int identity_builder_end(struct identity_builder *builder);
/* Puts it in place. PASU_E_MISUSE: sections are missing. */
PASU_MUST_USE int identity_builder_commit(struct identity_builder *builder,
                                          const struct identity_moment *moment);
/* The file itself, as `os` has opened it; the builder's. */
int identity_builder_file(const struct identity_builder *builder);
void identity_builder_free(struct identity_builder *builder); /* NULL is allowed */

/* Of the sections that have ended. */
size_t identity_builder_count(const struct identity_builder *builder);
const struct identity_section *identity_builder_section(const struct identity_builder *builder,
                                                        size_t index);
uint64_t identity_builder_size(const struct identity_builder *builder); /* bytes so far */

#endif
