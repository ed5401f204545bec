/* SPDX-License-Identifier: Apache-2.0 */
/* The columns that `identity` names in a configuration, with the keys of their tables' rows: one
 * for each mapping that shows the column. */
#ifndef PASU_EXPOSURE_IDENTITY_NAMES_H
#define PASU_EXPOSURE_IDENTITY_NAMES_H

#include "config/model.h"
#include "exposure/identity.h"

struct identity_name {
    char database[IDENTITY_NAME_SIZE]; /* "": any */
    char schema[IDENTITY_NAME_SIZE], table[IDENTITY_NAME_SIZE], column[IDENTITY_NAME_SIZE];
    char key[IDENTITY_NAME_SIZE];
    const char *kind; /* of the persons; the configuration's */
    bool is_sealed;   /* its keys do not stand for themselves */
};

struct identity_names {
    struct identity_name *items;
    size_t count;
};

/* PASU_E_NOMEM. The configuration is borrowed. Free with identity_names_release. */
PASU_MUST_USE int identity_names_of(struct identity_names *names, const struct config *config);
void identity_names_release(struct identity_names *names);

#endif
