/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of COPY table (key, value) TO STDOUT (FORMAT binary), as an identity index is made of them:
 * a header of fixed length, rows of two fields, or of more where several values are one together,
 * and a mark at the end. Bytes come from a server and are hostile.
 */
#ifndef PASU_EXPOSURE_IDENTITY_ROWS_H
#define PASU_EXPOSURE_IDENTITY_ROWS_H

#include "exposure/identity_build.h"

/* The ordinal of a row's key, in its type's binary form; IDENTITY_NOBODY: it has none. */
typedef int identity_ordinal_fn(void *arg, struct view key, uint32_t *ordinal);

struct identity_rows {
    struct identity_builder *builder; /* borrowed: between its begin and its end */
    uint64_t rows;                    /* so far, of all columns */
    size_t values;                    /* of a row */
    identity_ordinal_fn *ordinal;     /* NULL: keys are whole numbers, which stand for themselves */
    void *arg;
    bool has_header, is_over;
    const char *error; /* what is wrong with a row that is not as it must be; NULL */
};

/* Another column begins, or several that are one together: so many. */
void identity_rows_begin(struct identity_rows *rows, size_t columns);
/* One CopyData. PASU_E_UPSTREAM_PROTOCOL: see `error`; what `ordinal` and identity_builder_add say.
 */
PASU_MUST_USE int identity_rows_take(struct identity_rows *rows, struct view bytes);
/* The column's CopyDone has come. PASU_E_UPSTREAM_PROTOCOL: its end is missing. */
PASU_MUST_USE int identity_rows_end(struct identity_rows *rows);

#endif
