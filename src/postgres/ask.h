/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's messages that ask for something, read: what attribution needs of Query, Parse, Bind,
 * Describe, Execute, Close and FunctionCall. Bodies are hostile; a message that does not parse
 * gives PASU_E_MALFORMED, and the server will say what it thinks of it.
 *
 * Views borrow from the body. Source: PostgreSQL manual, "Message Formats".
 */
#ifndef PASU_POSTGRES_ASK_H
#define PASU_POSTGRES_ASK_H

#include "base/bytes.h"

struct ask_parse {
    struct view name, text;
    struct view types; /* four bytes a parameter, as far as the client says */
};

enum { ASK_STRIDE = 64, ASK_STRIDES = (UINT16_MAX + ASK_STRIDE) / ASK_STRIDE };

struct ask_bind {
    struct view portal, statement;
    struct view formats; /* two bytes each: none, one for all, or one a parameter */
    uint16_t value_count;
    struct view values;            /* each a length (-1: null) and bytes */
    struct view results;           /* two bytes each: none, one for all, or one a column */
    size_t results_at;             /* offset in the body of the number of result formats */
    uint32_t strides[ASK_STRIDES]; /* where in `values` every 64th begins */
};

struct ask_target {
    bool is_portal;
    struct view name;
};

struct ask_execute {
    struct view portal;
    uint32_t limit; /* 0: all rows */
};

PASU_MUST_USE int ask_read_query(struct view *text, struct view body);
PASU_MUST_USE int ask_read_parse(struct ask_parse *parse, struct view body);
PASU_MUST_USE int ask_read_bind(struct ask_bind *bind, struct view body);
/* FunctionCall: the arguments are the values, and no name is said. */
PASU_MUST_USE int ask_read_call(struct ask_bind *bind, struct view body);
/* Describe and Close. */
PASU_MUST_USE int ask_read_target(struct ask_target *target, struct view body);
PASU_MUST_USE int ask_read_execute(struct ask_execute *execute, struct view body);

/* Value `index` of a Bind and its format (0 text, 1 binary): 1; 0 where it is null; or
 * PASU_E_MALFORMED, also where there is no such value. */
PASU_MUST_USE int ask_bind_value(const struct ask_bind *bind, uint16_t index, struct view *value,
                                 int16_t *format);
/* The type that Parse gives a parameter (from 0), 0 where it leaves it to the server. */
uint32_t ask_parse_type(struct view types, uint16_t index);
/* The format of a result column, given the codes of a Bind. */
int16_t ask_result_format(struct view results, uint16_t column);

#endif
