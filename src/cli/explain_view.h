/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan as `pasu explain` shows it: for people, and as one JSON document. Names of tables and
 * columns come from the server, and the text from anybody: they are escaped.
 */
#ifndef PASU_CLI_EXPLAIN_VIEW_H
#define PASU_CLI_EXPLAIN_VIEW_H

#include "cli/json_out.h"
#include "config/model.h"
#include "exposure/exposure.h"
#include "exposure/vocabulary.h"
#include "postgres/plan.h"

enum { EXPLAIN_NAME_SIZE = 3 * CATALOG_NAME_SIZE, EXPLAIN_WHY_SIZE = 2 * EXPLAIN_NAME_SIZE + 512 };

struct explained {
    const struct plan *plan; /* made with names_columns */
    const struct catalog *catalog;
    const struct vocabulary *vocabulary;
    const char *gateway, *database, *role; /* role "": none was named */
    bool has_marks;                        /* the ledger's marks are in the catalog */
    const struct config *config;
    bool has_index; /* there is an identity index */
};

/* As records call it: key, injected, pinned, identity, shadow, bound. */
enum attribution explain_attribution(const struct explained *e,
                                     const struct plan_statement *statement,
                                     const struct plan_part *part);
/* Whether values say whose they are, of columns that `identity` names; one of them. */
bool explain_identity(const struct explained *e, const struct plan_statement *statement,
                      const struct plan_part *part, char name[EXPLAIN_NAME_SIZE]);
/* As which other kind a part's persons may be known, and by which columns of its table: "customer",
 * "public.customers.name, phone"; NULL: as none. */
const char *explain_known(const struct explained *e, const struct plan_part *part,
                          char columns[EXPLAIN_NAME_SIZE]);
/* "select", "copy" … */
const char *explain_verb(const struct plan_statement *statement);
/* "schema.table", with an attribute "schema.table.column"; "" where there is no such relation. */
void explain_name(char name[EXPLAIN_NAME_SIZE], const struct catalog *catalog, uint32_t relation,
                  int16_t attribute);
/* What a part says of its attribution, a sentence; with the name of the key where it has one. */
void explain_why(char text[EXPLAIN_WHY_SIZE], const struct explained *e,
                 const struct plan_statement *statement, const struct plan_part *part);
/* How its persons are counted: "counts as everybody"; "" where each is known by name. */
const char *explain_count(const struct explained *e, const struct plan_statement *statement,
                          const struct plan_part *part);
/* The fields of one kind that an output column can show. */
uint64_t explain_column_fields(const struct plan_statement *statement, unsigned column,
                               unsigned kind);
/* The statement whose rows come: the inner one of PREPARE and DECLARE. */
const struct plan_statement *explain_inner(const struct plan_statement *statement);
/* FLAG_BITs of what records of it would tell, as far as the text says. */
uint64_t explain_flags(const struct plan *plan, const struct plan_statement *statement);
/* Its marks, one after the other; NULL at the end. */
const struct plan_mark *explain_mark(const struct plan_statement *statement,
                                     const struct plan_mark *before);

void explain_print(FILE *file, const struct explained *e);
void explain_print_json(FILE *file, const struct explained *e);

#endif
