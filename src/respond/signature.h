/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has sent a webhook's body, as https://www.standardwebhooks.com (1.0.0) has it: of
 * "ID.TIMESTAMP.BODY" the HMAC-SHA256, in base64, behind "v1,". Pure.
 */
#ifndef PASU_RESPOND_SIGNATURE_H
#define PASU_RESPOND_SIGNATURE_H

#include "base/bytes.h"
#include "base/error.h"

enum { SIGNATURE_SECRET_MAX = 256, SIGNATURE_SIZE = 48 };

/* The first line of the file: behind "whsec_" as base64, or as it is. Its length; PASU_E_MALFORMED:
 * no base64, or nothing; PASU_E_RANGE: too long. */
PASU_MUST_USE ssize_t signature_secret(uint8_t secret[SIGNATURE_SECRET_MAX], struct view file);
/* `seconds` since 1970. PASU_E_CRYPTO, PASU_E_NOMEM. */
PASU_MUST_USE int signature_make(char signature[SIGNATURE_SIZE], struct view secret, const char *id,
                                 int64_t seconds, struct view body);

#endif
