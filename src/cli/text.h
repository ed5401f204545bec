/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text for people: names from peers made harmless, widths on a terminal, numbers and times.
 *
 * A name can hold anything a client sent: control characters that move the cursor, marks that turn
 * the direction of writing, bytes that are no UTF-8. text_escape turns all of that into visible
 * escapes; everything that goes to a terminal has been through it. What stands for itself depends
 * on the locale's character set, which text_init sets up once, at the start of main.
 */
#ifndef PASU_CLI_TEXT_H
#define PASU_CLI_TEXT_H

#include "base/bytes.h"

/* Takes the locale from the environment; where that knows only ASCII, UTF-8 is assumed. */
void text_init(void);
/* Whether the terminal's character set is UTF-8. */
bool text_is_utf8(void);

/*
 * Writes `v` with escapes, zero-terminated, cut at a whole character where it does not fit (a space
 * of 4 × v.length + 1 always suffices). Control characters become \n, \t, \xNN; bytes that are no
 * UTF-8, \xNN; invisible and direction-changing characters, \u{NNNN}; a backslash is doubled.
 */
void text_escape(char *out, size_t size, struct view v);
/* Columns that an escaped text takes on a terminal. */
size_t text_columns(const char *escaped);
/* Cuts an escaped text in place so that it takes at most `columns` >= 1, the last being an ellipsis
 * ("~" where the terminal has no UTF-8). The text's space must hold 3 bytes more than its length.
 */
void text_cut(char *escaped, size_t columns);

/* "1,234,567" */
void text_count(char *out, size_t size, uint64_t n);
/* "17 B", "1.2 KiB", "34 MiB" … */
void text_bytes(char *out, size_t size, uint64_t n);
/* A duration in seconds by its two largest units: "7s", "3m 12s", "2h 05m", "41d 03h". */
void text_duration(char *out, size_t size, int64_t seconds);

/* Prints paragraphs (separated by "\n\n"), broken between words, each line begun with `indent`
 * spaces and at most `width` columns long where its words allow. ASCII. */
void text_wrap(FILE *file, const char *text, unsigned indent, unsigned width);

#endif
