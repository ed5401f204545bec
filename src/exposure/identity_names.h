/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The columns that the identity index is made of, with the keys of their tables' rows: those that
 * `identity` names in a configuration, one for each mapping that shows the column, and those by
 * which persons of one kind are known as such of another (`known_as`).
 */
#ifndef PASU_EXPOSURE_IDENTITY_NAMES_H
#define PASU_EXPOSURE_IDENTITY_NAMES_H

#include "config/model.h"
#include "exposure/identity.h"

struct identity_name {
    char database[IDENTITY_NAME_SIZE]; /* "": any */
    char schema[IDENTITY_NAME_SIZE], table[IDENTITY_NAME_SIZE];
    char columns[IDENTITY_VALUES_MAX][IDENTITY_NAME_SIZE];
    size_t count; /* of columns, whose values are one together */
    char key[IDENTITY_NAME_SIZE];
    const char *kind;                             /* of the persons; the configuration's */
    bool is_sealed;                               /* its keys do not stand for themselves */
    uint8_t definition[IDENTITY_DEFINITION_SIZE]; /* hash of schema, table, key and columns */
};

struct identity_names {
    struct identity_name *items;
    size_t count;
};

/* PASU_E_NOMEM. The configuration is borrowed. Free with identity_names_release. */
PASU_MUST_USE int identity_names_of(struct identity_names *names, const struct config *config);
void identity_names_release(struct identity_names *names);
/* Whether a configuration has any. */
bool identity_names_are_wanted(const struct config *config);
/* "name, phone", as much of it as there is room for. */
void identity_name_text(const struct identity_name *name, char *text, size_t size);

/* By what persons of a kind are known as others. */
struct identity_known {
    uint8_t kind;  /* that they are then: its place in the configuration, and the vocabulary */
    uint8_t count; /* of values that must agree */
    uint8_t parts[IDENTITY_VALUES_MAX]; /* which of the key's values they are, in their order */
    struct identity_name name;          /* the index's */
};
/* False where the kind is not known as another. */
bool identity_known_of(struct identity_known *known, const struct config *config,
                       const struct config_subject *subject);

#endif
