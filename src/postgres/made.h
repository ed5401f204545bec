/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL that PL/pgSQL puts together at run time, with EXECUTE: what can be told of it beforehand.
 *
 *      EXECUTE 'CREATE INDEX ON t (a)'                         the text itself
 *      EXECUTE format('DROP TABLE %I', r.name)                 DROP TABLE "?"
 *      EXECUTE 'COMMENT ON TABLE t IS ' || quote_literal(x)    COMMENT ON TABLE t IS ''
 *      EXECUTE 'SELECT ' || x                                  anything
 *
 * Where all that is not constant goes through %I, %L, quote_ident or quote_literal, it can only be
 * names and literals, and the words around them say what the text does. Those functions must be
 * PostgreSQL's own: whoever asks sees to that.
 */
#ifndef PASU_POSTGRES_MADE_H
#define PASU_POSTGRES_MADE_H

#include "postgres/catalog.h"
#include "postgres/catalog_scan.h"

enum made_kind {
    MADE_END,
    MADE_TEXT, /* `text` is what it runs: "?" for names, '' for literals that are not constant */
    MADE_OPEN, /* it can run anything */
};

struct made {
    struct scan scan;
    bool is_first;  /* the next word begins a statement */
    bool is_static; /* in a statement of SQL in which EXECUTE is another word: GRANT, CREATE TRIGGER
                     */
    /* The text under way, and how it ends so far. */
    char *text;
    size_t size, length;
    char quote;                            /* within '…' or "…", or 0 */
    bool is_behind_name;                   /* the last byte is a name's end */
    bool has_names, has_values, has_marks; /* marks: dollars and comments */
};

/* Bytes that any text of a body has room in. */
static inline size_t
made_size(size_t body_length)
{
    return 2 * body_length + 16;
}

/* `space` has made_size(body.length) bytes and is borrowed. */
void made_begin(struct made *made, struct view body, char *space);
/* The next text that is run; after MADE_OPEN nothing more is worth asking. */
enum made_kind made_next(struct made *made);
/* Whether the last text reads no table that only its values name. */
bool made_is_plain(const struct made *made);

/* Whether somebody has a function of a name that such a text's shape relies on. */
bool made_is_own(const struct catalog *catalog);
/* Whether one of PostgreSQL's own functions puts what it is given where it can be read by other
 * ways than its result; is_constant: its first argument is a literal. */
bool made_keeps(const char *name, bool is_constant);

#endif
