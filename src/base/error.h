/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors are negative ints from one list (error.def); 0 or a positive number is success.
 *
 * Functions that can fail return int and are PASU_MUST_USE. Clean-up never overwrites the first
 * error. Texts are constant strings: no allocation, any thread, valid for ever.
 */
#ifndef PASU_BASE_ERROR_H
#define PASU_BASE_ERROR_H

#include "base/attributes.h"

enum {
    PASU_E_FIRST__ = -1000,
#define X(name, exit, sqlstate, text, hint) PASU_E_##name,
#include "base/error.def"
#undef X
    PASU_E_END__
};

/* Text of an error, without a full stop. Any int may be asked; unknown codes get a text too. */
const char *error_text(int code);
/* What to do about it, "" where there is nothing to say. */
const char *error_hint(int code);
/* Its name as in error.def, lower case not applied: "NOMEM". */
const char *error_name(int code);
/* Five characters for a PostgreSQL client. */
const char *error_sqlstate(int code);
/* What a command that ends with this error returns: 0 for 0, else 1 or 2. */
int error_exit(int code);
/* The nearest code for an errno value: EAGAIN → AGAIN, ENOSPC and EDQUOT → DISKFULL, … else IO. */
int error_from_errno(int number);

#endif
