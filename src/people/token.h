/* SPDX-License-Identifier: Apache-2.0 */
/* The bearer tokens of the endpoint (RFC 6750), as digests: none is in memory as it is written. */
#ifndef PASU_PEOPLE_TOKEN_H
#define PASU_PEOPLE_TOKEN_H

#include "base/bytes.h"

enum { TOKENS_MAX = 8, TOKEN_DIGEST_SIZE = 32 };

struct tokens {
    uint8_t digests[TOKENS_MAX][TOKEN_DIGEST_SIZE];
    size_t count;
};

/* One a line; empty lines are none. PASU_E_RANGE: too many; PASU_E_CRYPTO. */
PASU_MUST_USE int tokens_take(struct tokens *tokens, struct view file);
/* Whether the header "Authorization" (NULL: there is none) has one of them. How long that takes
 * says nothing of them. */
bool tokens_match(const struct tokens *tokens, const char *authorization);

#endif
