/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ledger's key says of a certificate as a whole (docs/spec/certificate.md): a signed note
 * whose text is
 *
 *      pasu certificate/v1
 *      origin
 *      base64 of the SHA-256 of the certificate's bytes
 *
 * That is no checkpoint and can be taken for none: a checkpoint's first line is the name of a key,
 * which has no space, and its second one a number. Pure.
 */
#ifndef PASU_LEDGER_CERTIFICATE_H
#define PASU_LEDGER_CERTIFICATE_H

#include "ledger/note.h"
#include "ledger/signing_key.h"

enum { CERTIFICATE_DIGEST = 32, CERTIFICATE_NOTE_MAX = 1024 };

/* Writes the whole note: CERTIFICATE_NOTE_MAX bytes are room enough. PASU_E_MISUSE: the key of a
 * witness; PASU_E_RANGE: no room; PASU_E_CRYPTO. */
PASU_MUST_USE int certificate_sign(const struct signing_key *key,
                                   const uint8_t digest[CERTIFICATE_DIGEST], struct writer *w);
/* 0: a hostile note says this of this digest, and the key has signed it, alone. PASU_E_CORRUPT: it
 * does not; PASU_E_CRYPTO. */
PASU_MUST_USE int certificate_check(const struct note_key *key,
                                    const uint8_t digest[CERTIFICATE_DIGEST], struct view note);

#endif
