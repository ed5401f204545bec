/* SPDX-License-Identifier: Apache-2.0 */
/* A file that is written to another one, and hashed on the way: so that the ledger can say which
 * bytes it was, whatever becomes of them. */
#ifndef PASU_CLI_HASHED_OUT_H
#define PASU_CLI_HASHED_OUT_H

#include "base/error.h"

enum { HASHED_TEXT_SIZE = 65 };

struct hashed_out {
    FILE *file; /* what is to be written to */
    FILE *to;
    void *digest;
};

/* PASU_E_CRYPTO, PASU_E_NOMEM. */
PASU_MUST_USE int hashed_out_open(struct hashed_out *out, FILE *to);
/* Closes it (`to` stays open); SHA-256 of what was written, in hex. PASU_E_IO, PASU_E_CRYPTO. */
PASU_MUST_USE int hashed_out_close(struct hashed_out *out, char text[HASHED_TEXT_SIZE]);
/* The same of a whole text. PASU_E_CRYPTO. */
PASU_MUST_USE int hashed_text(const void *bytes, size_t length, char text[HASHED_TEXT_SIZE]);

#endif
