/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the reader of a log's lines remembers from one line to the next, so that what repeats is not
 * read again: the time of the second, the names of members in their order. It changes nothing of
 * what is read. Zeroes at first; one thread's; the dialect's, of which `names` stays the same.
 *
 * Lines that follow each other are looked through together, some kilobytes at once. The bytes of
 * that text must not change as long as it is remembered: who reads lines so ends with
 * line_memory_leave.
 */
#ifndef PASU_SCAN_LINE_MEMORY_H
#define PASU_SCAN_LINE_MEMORY_H

#include "scan/lanes.h"
#include "scan/log_names.h"

enum {
    LINE_MEMBERS = 32,
    LINE_MEMBER_NAME = 32,
    LINE_LANES = 4096, /* bytes of a line; a longer one is read step by step */
    LINE_QUOTES = 32,  /* of a line, that are known by their number */
    LINE_BEHIND = 8,   /* bytes that can be read behind a line that is read with others */
};

struct line_member {
    uint8_t length; /* 0: none is known yet */
    int8_t slot;
    uint8_t name[LINE_MEMBER_NAME];
    unsigned rank;
};

struct line_memory {
    struct event_clock clock;
    struct line_member members[LINE_MEMBERS];
    struct view looked; /* what `found` is of; NULL: of nothing, or of one line */
    /* One word more than are found: what stands in it is behind every line. */
    uint64_t found[LANES_WORDS(LINE_LANES) + 1][LANES_KINDS];
    /* Where its quotes are, in order, LINE_QUOTES behind it at the end; none is known of a text
     * that has a backslash. */
    size_t quote_count, quote; /* the next line's first one, in all likelihood */
    uint16_t quotes[LANES_PLACES(LINE_LANES) + LINE_QUOTES];
    /* Then, too: what ends the values that are not quoted, and two words more. */
    uint64_t endings[LANES_WORDS(LINE_LANES) + 2];
};

static inline void
line_memory_leave(struct line_memory *memory)
{
    memory->looked = (struct view){0};
    memory->quote_count = 0;
}

#endif
