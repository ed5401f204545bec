/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSV as RFC 4180 has it, in UTF-8, taken apart in place: a field's text, without its quotes, is
 * never longer than what it is written as, and the separator behind it makes room for the zero
 * byte. Quoted fields may have line ends in them. Written back by csv_put.
 *
 * One thread. Fields belong to the text that is read.
 */
#ifndef PASU_POLICY_CSV_H
#define PASU_POLICY_CSV_H

#include "base/bytes.h"

struct csv {
    char *at, *end; /* *end is a byte that may be written to */
    uint32_t line;  /* that `at` is in, from 1 */
    const char *fault;
    uint32_t fault_line;
    char separator; /* of fields; a comma, unless whoever reads puts another one here */
};

/* `text` has room for one byte behind its length. Passes over a byte order mark, with which
 * spreadsheets begin a file. */
void csv_begin(struct csv *csv, char *text, size_t length);
/* The separator that its first line (of those that are not empty) has most of: comma, semicolon (as
 * spreadsheets write where the comma is a decimal point), tab or bar; a comma where it has none. */
char csv_guess(struct view text);
/* Passes over empty lines. Whether there is something behind them. */
bool csv_next(struct csv *csv);
/* One field and the separator behind it. *is_last: the line ends with it. 0, or PASU_E_MALFORMED
 * with `fault` and `fault_line`. */
PASU_MUST_USE int csv_field(struct csv *csv, const char **field, bool *is_last);

/* How many bytes csv_put writes at most. */
size_t csv_size(const char *field);
/* One field, and behind it a comma or, of the last one, a line end. */
void csv_put(struct writer *w, const char *field, bool is_last);

#endif
