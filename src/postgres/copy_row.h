/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of COPY … TO STDOUT, as they stand in CopyData messages.
 *
 *      text     1 <tab> Kim\tMin <tab> \N <newline>     a backslash before what would mean
 * something CSV      1,"Kim, Min",<newline>                  quotes around it; null is never quoted
 *      binary   | int16 fields | int32 length | … |     of each field; length -1: null
 *               the first message begins with a header, the last one is an int16 -1
 *
 * Servers send one row a message, with its newline, and the names of the columns (HEADER) as if
 * they were a row. What is not exactly one row is not read: the caller decides what that means.
 *
 * Bytes are compared with the delimiter, not characters: that no byte of a longer character can be
 * one the caller has made sure of (client_encoding, ENCODING). Pure; hostile bytes.
 *
 * Source: PostgreSQL manual, "COPY", "File Formats"; PostgreSQL 13 to 18, copyto.c (before 14,
 * copy.c): CopyOneRowTo, CopyAttributeOutText, CopyAttributeOutCSV.
 */
#ifndef PASU_POSTGRES_COPY_ROW_H
#define PASU_POSTGRES_COPY_ROW_H

#include "base/bytes.h"

/* How the rows are written: the statement's options. */
struct copy_format {
    char kind;             /* 't' text, 'c' CSV, 'b' binary */
    uint8_t delimiter;     /* text, CSV */
    uint8_t quote, escape; /* CSV */
    bool has_header;       /* text, CSV: the first message has the names of the columns */
    struct view null;      /* text, CSV: what stands for null in the row; borrowed */
    bool is_null_apart;    /* no value is written like it */
};

struct copy_row {
    const struct copy_format *format;
    const uint8_t *at, *end; /* without the newline */
    uint16_t left;           /* binary: fields to come */
    bool is_plain;           /* text: without backslashes; CSV: without quotes */
    bool is_more;            /* a field comes, be it an empty one */
};

enum copy_null {
    COPY_VALUE,
    COPY_NULL,
    COPY_EITHER, /* null, or a value that is written like it */
};

struct copy_field {
    struct view raw; /* as it stands there, without quotes; of a null in binary: bytes NULL */
    enum copy_null null;
    bool has_escapes; /* the value is not simply `raw` */
};

/* Whether rows with that null can be read, and in *is_apart whether no value is written like it. */
bool copy_null_is_readable(const struct copy_format *format, bool *is_apart);

/* Bytes of the header of a binary stream that the message begins with; 0: it begins with none. */
size_t copy_header_length(const struct copy_format *format, struct view bytes);
/* Whether the bytes are the end of a binary stream. */
bool copy_is_end(const struct copy_format *format, struct view bytes);

/* Begins to read a row. False where the bytes are not exactly one. */
bool copy_row_begin(struct copy_row *row, const struct copy_format *format, struct view bytes);
/* The next field. False where there is none, or it is not written as a field is. */
bool copy_row_next(struct copy_row *row, struct copy_field *field);
/* Whether that was the last one. */
static inline bool
copy_row_is_over(const struct copy_row *row)
{
    return row->format->kind == 'b' ? row->left == 0 : !row->is_more;
}
/* Where the first field begins that has not been read. */
static inline const uint8_t *
copy_row_at(const struct copy_row *row)
{
    return row->at;
}
/* Begins a row of which only the beginning is there: for fields that are shorter than that. */
bool copy_row_begin_part(struct copy_row *row, const struct copy_format *format, struct view bytes);

/* The value of a field that is not null: in the row, or in `space`. PASU_E_RANGE where that is too
 * small. */
PASU_MUST_USE int copy_field_value(const struct copy_format *format, const struct copy_field *field,
                                   uint8_t *space, size_t size, struct view *value);

#endif
