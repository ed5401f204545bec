/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/entry_seal.h"

#include "base/memory.h"
#include "ledger/gcm.h"

enum { HEAD = sizeof(struct ring_ordinal) };
enum { FORM_WHOLE, FORM_CUT };

_Static_assert(SEAL_OVERHEAD == 1 + GCM_TAG_SIZE, "a form and a tag");

/* For one entry: its key, nonce and additional data. NULL on failure. */
static EVP_CIPHER_CTX *
begin(const uint8_t key[ENTRY_KEY_SIZE], const struct ring_ordinal *head, bool is_for_sealing)
{
    EVP_CIPHER_CTX *context = gcm_context(key, is_for_sealing);

    if (context && gcm_begin(context, head->hash, view_of((const uint8_t *)head, HEAD)))
        return context;
    EVP_CIPHER_CTX_free(context);
    return NULL;
}

static int
encrypt(const uint8_t key[ENTRY_KEY_SIZE], const struct ring_ordinal *head, const uint8_t *plain,
        size_t size, uint8_t *sealed)
{
    EVP_CIPHER_CTX *context = begin(key, head, true);
    int result = context ? gcm_seal(context, view_of(plain, size), sealed) : PASU_E_CRYPTO;

    EVP_CIPHER_CTX_free(context);
    return result;
}

/* PASU_E_CORRUPT: the tag is another one. */
static int
decrypt(const uint8_t key[ENTRY_KEY_SIZE], const struct ring_ordinal *head, struct view sealed,
        uint8_t *plain)
{
    EVP_CIPHER_CTX *context = begin(key, head, false);
    int result = context ? gcm_open(context, sealed, plain) : PASU_E_CRYPTO;

    EVP_CIPHER_CTX_free(context);
    return result;
}

static bool
take_head(struct view *rest, struct ring_ordinal *head)
{
    if (rest->length < HEAD)
        return false;
    memcpy(head, rest->bytes, HEAD);
    *rest = view_of(rest->bytes + HEAD, rest->length - HEAD);
    return bytes_are_zero(head->zero, sizeof(head->zero)) && rest->length >= SEAL_OVERHEAD &&
           rest->length <= SEAL_MAX;
}

ssize_t
entry_reseal(struct entry_keys *keys, const struct seal *seal, struct view entry,
             uint8_t payload[ENTRY_SEAL_MAX])
{
    uint8_t plain[1 + SEAL_TEXT_MAX], key[ENTRY_KEY_SIZE] = {0};
    struct ring_ordinal head;
    bool is_cut = false;
    ssize_t length, result;

    if (!take_head(&entry, &head))
        return PASU_E_CORRUPT;
    length = seal_open(seal, head.kind, head.ordinal, head.hash, entry, plain + 1, &is_cut);
    result = length < 0 ? length : entry_keys_make(keys, head.ordinal, key);
    plain[0] = is_cut ? FORM_CUT : FORM_WHOLE;
    if (result == 0)
        result = encrypt(key, &head, plain, (size_t)length + 1, payload + HEAD);
    memcpy(payload, &head, HEAD);
    memory_wipe(key, sizeof(key));
    memory_wipe(plain, sizeof(plain));
    return result == 0 ? HEAD + length + SEAL_OVERHEAD : result;
}

ssize_t
entry_open(const struct entry_keys *keys, struct view payload, struct ring_ordinal *head,
           uint8_t text[SEAL_TEXT_MAX], bool *is_cut)
{
    uint8_t plain[1 + SEAL_TEXT_MAX] = {0}, key[ENTRY_KEY_SIZE];
    ssize_t result;

    *is_cut = false;
    if (!take_head(&payload, head))
        return PASU_E_CORRUPT;
    result = entry_keys_get(keys, head->ordinal, key);
    if (result == 0)
        result = decrypt(key, head, payload, plain);
    if (result == 0 && plain[0] > FORM_CUT)
        result = PASU_E_CORRUPT;
    if (result == 0) {
        result = (ssize_t)payload.length - SEAL_OVERHEAD;
        *is_cut = plain[0] == FORM_CUT;
        memcpy(text, plain + 1, (size_t)result);
    }
    memory_wipe(key, sizeof(key));
    memory_wipe(plain, sizeof(plain));
    return result == PASU_E_RANGE ? PASU_E_CORRUPT : result;
}
