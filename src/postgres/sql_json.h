/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parse trees as JSON (sql_parse_json), compared and cut up as texts: wherever they came from, they
 * are the same tree if they differ in nothing but places in the text.
 */
#ifndef PASU_POSTGRES_SQL_JSON_H
#define PASU_POSTGRES_SQL_JSON_H

#include "postgres/sql.h"

/* Compares up to `end` of the first; where the second one is then, or NULL where they differ. */
const char *json_compare(const char *one, const char *end, const char *other);
/* Behind the item, object or list that begins there. */
const char *json_item_end(const char *json);
/* The place in the text of a node that ends with it; UINT32_MAX: it does not. */
uint32_t json_place(const char *json, const char *end);

#endif
