/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to AuthenticationMD5Password, for a server that holds the inspector's password in this
 * old form (PostgreSQL manual, "Message Flow", start-up).
 */
#ifndef PASU_POSTGRES_AUTH_MD5_H
#define PASU_POSTGRES_AUTH_MD5_H

#include "base/bytes.h"

enum { AUTH_MD5_SIZE = 36 }; /* "md5", 32 digits, zero */

/*
 * "md5" and the digits of md5(digits of md5(password user) salt), for request_password.
 * PASU_E_CRYPTO where OpenSSL has no MD5 (FIPS). The text is a secret for as long as the salt is in
 * use: wipe it.
 */
PASU_MUST_USE int auth_md5_response(char text[AUTH_MD5_SIZE], struct view user,
                                    struct view password, const uint8_t salt[4]);

#endif
