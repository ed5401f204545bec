/* SPDX-License-Identifier: Apache-2.0 */
/* The words and signs of a statement, one after the other, without space and comments. */
#ifndef PASU_SCAN_SQL_TOKEN_H
#define PASU_SCAN_SQL_TOKEN_H

#include "base/bytes.h"

enum sql_language { SQL_OF_POSTGRESQL, SQL_OF_MYSQL };

enum sql_what {
    SQL_END,
    SQL_WORD, /* also a name in quotes: `text` without them */
    SQL_NUMBER,
    SQL_TEXT,      /* in quotes: `text` without them */
    SQL_PARAMETER, /* $1: `number` */
    SQL_SIGN,      /* one byte */
    SQL_KEY,       /* of a template: {kind} */
    SQL_ANY,       /* {} */
};

struct sql_token {
    enum sql_what what;
    bool is_quoted;   /* a SQL_WORD whose case counts */
    bool is_doubtful; /* where it ends, or whether it is a text at all, settings decide */
    uint8_t kind;
    uint32_t number;
    struct view text;
};

/* What is still to be read. */
struct sql_rest {
    struct view text;
    enum sql_language language;
};

/* Views borrow from the statement. SQL_END at its end, again and again. */
struct sql_token sql_next_token(struct sql_rest *rest);

#endif
