/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of columns, read from a server for the identity index: those of one database in one
 * transaction, by COPY, so that no row is kept and nothing but the table itself is read: what COPY
 * takes is no view, and no policy may hide rows.
 */
#ifndef PASU_CLI_IDENTITY_READ_H
#define PASU_CLI_IDENTITY_READ_H

#include "cli/identity_columns.h"
#include "exposure/identity_build.h"

/* Rows so far; from time to time. */
typedef void identity_progress_fn(void *arg, uint64_t rows);

/* Reads all columns, in order, that have no reason against it: a section each. `row` (a row that is
 * not as the server must send it) and others are errors, with the probe's error. */
PASU_MUST_USE int identity_read_all(struct identity_wants *wants, struct identity_builder *builder,
                                    struct probe *probe, identity_progress_fn *progress, void *arg);

#endif
