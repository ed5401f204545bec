/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of web servers whose form is a pattern: nginx's log_format ('$remote_addr - $remote_user
 * [$time_local] "$request" …') and Apache's LogFormat ('%h %l %u %t "%r" %>s %b'), told apart by
 * which sign they use.
 *
 * What stands for a variable goes up to where the next literal text of the pattern stands. Between
 * quotes a backslash takes the character behind it with it: servers write a quote of a value as \"
 * (Apache) or \x22 (nginx). Whoever sends a request can put what he likes into a value; a server
 * escapes it so that it stays one value. A pattern whose variables have nothing in between is
 * refused.
 *
 * Immutable once made; any number of threads.
 */
#ifndef PASU_SCAN_LINE_FORMAT_H
#define PASU_SCAN_LINE_FORMAT_H

#include "scan/event.h"
#include "scan/line_memory.h"

enum { LINE_FORMAT_PARTS = 64, LINE_FORMAT_TEXT = 16 };

struct line_format_part {
    int8_t slot;             /* -1: passed over */
    bool is_quoted, is_time; /* behind a quote; %t, which brings its own brackets */
    uint8_t length;
    uint8_t kind, slash;              /* of the lanes: where the text behind can begin */
    uint8_t quote;                    /* of the line's quotes, that which ends it; 0: none does */
    uint8_t behind[LINE_FORMAT_TEXT]; /* the literal text behind it */
    uint64_t first, mask;             /* its first bytes, as a word has them, and where they are */
};

struct line_format {
    uint8_t before_length;
    uint8_t before[LINE_FORMAT_TEXT];
    size_t count;
    struct line_format_part parts[LINE_FORMAT_PARTS];
    struct lanes_wanted stops; /* none: the format is an unusual one */
    uint8_t newline;           /* its kind; LANES_KINDS: it is not among them */
    uint8_t quote, slash;      /* the kinds of quotes and backslashes, where both are looked for */
    uint8_t quotes;            /* of a line */
    uint8_t ending;            /* the kind that ends all other values; LANES_KINDS: not one does */
};

#define LINE_FORMAT_COMBINED                                                                       \
    "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent "             \
    "\"$http_referer\" \"$http_user_agent\""
#define LINE_FORMAT_COMMON "%h %l %u %t \"%r\" %>s %b"

/* Variables that `names` knows go to its slots, others are passed over. 0; PASU_E_MALFORMED with
 * what is wrong in *why (constant); PASU_E_RANGE: more parts than can be. */
PASU_MUST_USE int line_format_parse(struct line_format *format, const char *pattern,
                                    const struct log_names *names, const char **why);
/* A line without its end. False: it is none of these. What stands behind the pattern's end, after
 * a space, is passed over, as formats grow at their end. */
PASU_MUST_USE bool line_format_read(const struct line_format *format, struct view line,
                                    struct event *event, struct line_memory *memory);

/* The end of the line that begins at `at`, before `end`: its newline, or `end`. The same as memchr
 * finds, for many lines at once; `memory` remembers them, and line_format_read makes use of it. */
PASU_MUST_USE const uint8_t *line_format_end(const struct line_format *format, const uint8_t *at,
                                             const uint8_t *end, struct line_memory *memory);

#endif
