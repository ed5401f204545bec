/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the text of a trigger's function carries the row that it runs for: NEW.a := NEW.name puts a
 * name into a column whose mapping says nothing of it, INSERT INTO audit VALUES (NEW.name) into
 * another table. What the text names beside the row is read elsewhere.
 *
 * Statement by statement: what conditions, RAISE, PERFORM and RETURN read goes nowhere, what
 * anything else reads can be in the variables, and what is written can hold what its statement
 * reads and what is in the variables.
 */
#ifndef PASU_POSTGRES_ROW_FLOW_H
#define PASU_POSTGRES_ROW_FLOW_H

#include "postgres/catalog.h"
#include "postgres/catalog_scan.h"

/* These fields of the row go into a table of that name, in any schema. */
typedef void row_flow_put(void *arg, const char *table, uint64_t fields);

struct row_flow {
    const struct catalog_relation *relation; /* whose row it is */
    bool is_filling;                         /* it can change the row */
    uint64_t own;      /* out: fields that it puts into the row's other columns */
    row_flow_put *put; /* NULL: nobody asks */
    void *arg;
};

void row_flow_read(struct row_flow *flow, const char *text);

/* Behind RETURN: whether it is the row as it is at hand, RETURN NEW, RETURN COALESCE(NEW, OLD). */
bool row_flow_returns_row(struct scan scan);
/* To the end of the statement. */
void row_flow_skip(struct scan *scan);

/* Fields that a relation's mapping says of a column; 0: of any. */
uint64_t row_flow_fields(const struct catalog_relation *relation, int16_t column);

#endif
