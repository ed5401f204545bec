/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-256-GCM (NIST SP 800-38D), as pasu uses it: nonces of 12 bytes, tags of 16, one message at a
 * time. A key and a nonce are for one message only: that is the caller's to see to.
 *
 * A context has its key, and belongs to one thread.
 */
#ifndef PASU_LEDGER_GCM_H
#define PASU_LEDGER_GCM_H

#include "base/bytes.h"

#include <openssl/evp.h>

enum { GCM_KEY_SIZE = 32, GCM_NONCE_SIZE = 12, GCM_TAG_SIZE = 16 };

/* For sealing or for opening; EVP_CIPHER_CTX_free ends it, and wipes the key. NULL: no memory, or
 * OpenSSL refuses. */
EVP_CIPHER_CTX *gcm_context(const uint8_t key[GCM_KEY_SIZE], bool is_for_sealing);
/* A message begins, with these additional bytes (none, or up to 2³¹ − 1). */
PASU_MUST_USE bool gcm_begin(EVP_CIPHER_CTX *context, const uint8_t nonce[GCM_NONCE_SIZE],
                             struct view additional);
/* As much as `plain`, into `sealed`, which may be where it lies, and then the tag, which makes it
 * GCM_TAG_SIZE longer. PASU_E_RANGE: more than 2³¹ − 1; PASU_E_CRYPTO. */
PASU_MUST_USE int gcm_seal(EVP_CIPHER_CTX *context, struct view plain, uint8_t *sealed);
/* Of at least GCM_TAG_SIZE bytes, into as many less those. PASU_E_CORRUPT: it is not what was
 * sealed with this key, nonce and additional bytes; what was written is of no use. */
PASU_MUST_USE int gcm_open(EVP_CIPHER_CTX *context, struct view sealed, uint8_t *plain);

#endif
