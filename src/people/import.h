/* SPDX-License-Identifier: Apache-2.0 */
/* People in a file, as an endpoint would list them: a ListResponse, an array of users, or one. */
#ifndef PASU_PEOPLE_IMPORT_H
#define PASU_PEOPLE_IMPORT_H

#include "people/people.h"

enum { SCIM_IMPORT_FAULT_SIZE = 320 };

/* Whether a file begins as JSON does. */
bool scim_import_is_one(struct view bytes);
/*
 * The file as a roster file, new bytes (memory_free). PASU_E_MALFORMED with a text in `fault`:
 * "LINE: what is wrong" (of a user that is wrong, the line is 1, and it says which).
 * PASU_E_NOMEM.
 */
PASU_MUST_USE int scim_import(uint8_t **roster, size_t *length, struct view bytes,
                              enum principals_scim_principal principal, int64_t now,
                              char fault[SCIM_IMPORT_FAULT_SIZE]);

#endif
