/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of a function's body, as PostgreSQL's lexer cuts them (scan.l): enough of it to see
 * which names stand in a text. Comments and the insides of literals are skipped. Where a text has
 * two readings (a backslash before a quote, a name in Unicode escapes) or none (what is opened and
 * never closed), the scan says SCAN_UNSURE and the text must count as anything.
 */
#ifndef PASU_POSTGRES_CATALOG_SCAN_H
#define PASU_POSTGRES_CATALOG_SCAN_H

#include "base/bytes.h"

enum scan_kind {
    SCAN_END,
    SCAN_WORD,     /* an identifier or keyword; `name` in lower case */
    SCAN_QUOTED,   /* "an identifier" */
    SCAN_LITERAL,  /* '…', E'…', $$…$$ */
    SCAN_NUMBER,   /* and parameters: $1 */
    SCAN_OPERATOR, /* `name`, "*" included */
    SCAN_OTHER,    /* one byte: name[0] */
    SCAN_UNSURE,
};

enum { SCAN_NAME_SIZE = 64 }; /* longer names are cut, as PostgreSQL does */

struct scan {
    const uint8_t *at, *end;
    enum scan_kind kind;
    bool has_high_bytes; /* of a word: bytes beyond ASCII, which some encodings put in lower case */
    char name[SCAN_NAME_SIZE];
};

static inline bool
scan_is_word(const struct scan *scan, const char *word)
{
    return scan->kind == SCAN_WORD && strcmp(scan->name, word) == 0;
}

static inline bool
scan_is_byte(const struct scan *scan, char c)
{
    return scan->kind == SCAN_OTHER && scan->name[0] == c;
}

static inline bool
scan_is_star(const struct scan *scan)
{
    return scan->kind == SCAN_OPERATOR && strcmp(scan->name, "*") == 0;
}

static inline struct scan
scan_of(struct view text)
{
    return (struct scan){.at = text.bytes, .end = text.bytes + text.length};
}

/* The next word, also in `kind`. After SCAN_END and SCAN_UNSURE nothing else comes. */
enum scan_kind scan_next(struct scan *scan);

#endif
