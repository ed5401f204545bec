/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements as a map writes them: SQL with places in it.
 *
 *      SELECT name, phone FROM members WHERE id = {customer}
 *      SELECT * FROM orders WHERE member IN ({customer}) AND day > {}
 *
 * {customer} is the key of a subject: a number, a text in quotes, or a parameter ($1), whose value
 * the log tells; where several stand with commas between, or as an array ('{1,2}'), all of them. {}
 * is any such value, whose it is not. Space, comments, casts behind a value and the case of words
 * do not count. A log's statement fits one as a whole or not at all: it is not understood.
 *
 * What is a text, a name and a comment the server's language says: MySQL's has backslashes in
 * texts, texts in double quotes, names in backticks, and comments that are run. Where a session's
 * settings decide what a text is (standard_conforming_strings, NO_BACKSLASH_ESCAPES, ANSI_QUOTES),
 * it fits nothing: whoever asks can set them.
 *
 * Immutable once made; any number of threads.
 */
#ifndef PASU_SCAN_SQL_TEMPLATE_H
#define PASU_SCAN_SQL_TEMPLATE_H

#include "config/store.h"
#include "scan/route.h"
#include "scan/sql_token.h"

enum { SQL_KEYS = 1000 };

struct sql_template {
    const char *sql; /* as it is written */
    uint32_t line;
    struct sql_token *tokens; /* ended by SQL_END */
    struct sql_token *relations;
    size_t relation_count;
    uint64_t fields;
};

struct sql_match {
    const struct sql_template *found; /* NULL: none fits */
    size_t key_count;
    struct view keys[SQL_KEYS]; /* in the statement, or in its parameters */
    uint8_t kinds[SQL_KEYS];
};

/* What a statement is run with. */
struct sql_parameters {
    struct view text;
    bool is_list; /* pgAudit: "42,abc"; else "$1 = '42', $2 = NULL" */
};

/* Takes a template apart. 0; PASU_E_MALFORMED with what is wrong in *why; PASU_E_NOMEM. */
PASU_MUST_USE int sql_template_parse(struct sql_template *to, struct store *store, const char *sql,
                                     route_kind_fn *kind_of, void *arg, const char **why);
/* Whether any can fit or touch the statement, by the names of relations in it, as few have them.
 * False: none does. */
bool sql_templates_can_touch(const struct sql_template *templates, size_t count, struct view sql);
/* Finds the first that fits; found NULL: none, or it has more than SQL_KEYS keys. */
void sql_templates_find(const struct sql_template *templates, size_t count,
                        enum sql_language language, struct view sql,
                        const struct sql_parameters *parameters, struct sql_match *match);
/* A statement as a pattern: {} in the place of each value, and of a list of them; one space between
 * words. Its length, less than `size`; 0: it has no room, or can be read in two ways. */
PASU_MUST_USE size_t sql_pattern(enum sql_language language, struct view sql, char *to,
                                 size_t size);
/* Whether a statement has in it, as a word, one of the relations that the templates name. */
PASU_MUST_USE bool sql_templates_touch(const struct sql_template *templates, size_t count,
                                       enum sql_language language, struct view sql);

#endif
