/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one form of an e-mail address or a telephone number by which it is fingerprinted, however it
 * is written (docs/spec/fingerprint.md, "Values"):
 *
 *      " ADA@x.kr"          eada@x.kr
 *      +82 (0)10-1234.5678  p01012345678
 *      +49 30 901820        p+4930901820
 *
 * Pure: values are hostile, and borrowed.
 */
#ifndef PASU_POLICY_PLAIN_CONTACT_H
#define PASU_POLICY_PLAIN_CONTACT_H

#include "base/bytes.h"

enum { PLAIN_CONTACT_SIZE = 256, PLAIN_PAIR_SIZE = 2 * PLAIN_CONTACT_SIZE + 1 };

/* The length; 0: it is neither, or too long. */
size_t plain_contact(uint8_t out[PLAIN_CONTACT_SIZE], struct view value);
static inline bool
plain_contact_is_email(struct view plain)
{
    return plain.length > 0 && plain.bytes[0] == 'e';
}
/* Both together: the length. */
size_t plain_pair(uint8_t out[PLAIN_PAIR_SIZE], struct view email, struct view phone);

#endif
