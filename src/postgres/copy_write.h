/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A field of a COPY's row as a server would write it, for values that are put in the place of
 * others. The other way round than copy_row.h. Pure.
 *
 * Source: PostgreSQL manual, "COPY", "File Formats"; copyto.c: CopyAttributeOutText,
 * CopyAttributeOutCSV.
 */
#ifndef PASU_POSTGRES_COPY_WRITE_H
#define PASU_POSTGRES_COPY_WRITE_H

#include "postgres/copy_row.h"

/* A value (bytes NULL: null) without control characters, in an encoding in which no byte of a
 * longer character is an ASCII one; binary: with its length. Fails the writer where there is no
 * room: twice the value and eight bytes, or the null's, are enough. */
void copy_write_field(struct writer *w, const struct copy_format *format, struct view value);

#endif
