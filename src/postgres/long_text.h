/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A long text: SQL that is too long to be planned (ASK_MAX), and passes to the server in pieces.
 * Whom it shows is not known; but what is never to be sent is looked for in it, piece by piece: its
 * words, as PostgreSQL's scanner would cut them, strings and comments left out.
 *
 * Only statements that read and write rows may be so long (long_text.c has the list): what they
 * name, and no string in them, says what they do. In a dialect with two readings every word counts,
 * wherever it stands. Errs towards refusing: a column that is called like a table that is shown to
 * nobody is taken for it.
 *
 * No allocation, no sockets, no clock. Holds the catalog from begin to end.
 */
#ifndef PASU_POSTGRES_LONG_TEXT_H
#define PASU_POSTGRES_LONG_TEXT_H

#include "postgres/catalog.h"

enum { LONG_TEXT_DEPTH_MAX = 1000 /* of comments in comments */ };

struct long_text {
    struct catalog *catalog; /* held; NULL: none */
    bool is_active;          /* between begin and end */
    bool is_plain;           /* one reading only */
    bool has_never;          /* the catalog has something that is shown to nobody */
    bool is_before_text;     /* in the name of a Parse */
    bool is_over;            /* behind the zero that ends it */
    bool is_refused;
    bool begins;     /* the next word is the first of a statement */
    bool is_writing; /* a word of it says so */
    bool names_own;  /* a table of PostgreSQL's own catalog is named */
    uint8_t target;  /* enum target: how far INSERT INTO [schema.]table has come */
    bool fills;      /* that table is shown to nobody: it may be filled */
    bool returns;    /* RETURNING stands somewhere: then it may not */
    bool stores;     /* a word of it says that more can come into tables than the client's values */
    bool is_filling, is_reading; /* two say so together */
    uint8_t state, was;
    uint16_t depth;
    bool has_escapes; /* the string has backslashes that mean something */
    char word[CATALOG_NAME_SIZE], tag[CATALOG_NAME_SIZE];
    size_t word_length, tag_length, tag_at;
};

/* Begins with the body of a message: `has_name`, of Parse. */
void long_text_begin(struct long_text *text, struct catalog *catalog, bool is_plain, bool has_name);
/* Looks at the next bytes. False: something stands there that is refused, and these bytes must not
 * be sent; nor anything that follows. */
PASU_MUST_USE bool long_text_read(struct long_text *text, struct view bytes);
/* Of a text that was read to its end: as unread_stores of plan_unread.h. */
bool long_text_stores(const struct long_text *text);
/* The text is over, or is not looked at any more. */
void long_text_end(struct long_text *text);

#endif
