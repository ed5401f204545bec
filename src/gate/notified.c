/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/notified.h"

#include <assert.h>
#include <string.h>

#include <sodium/crypto_shorthash_siphash24.h>

enum { TEXT_MAX = 8192 }; /* more than a channel's name and the server's own limit of a payload */

static_assert(crypto_shorthash_siphash24_KEYBYTES == sizeof(((struct notified *)0)->key),
              "the library's key");

/* 0 where it is none. */
static uint64_t
hash_of(const struct notified *notified, struct view channel, struct view payload)
{
    uint8_t text[TEXT_MAX], hash[crypto_shorthash_siphash24_BYTES];
    uint64_t number;

    if (channel.length >= CATALOG_NAME_SIZE || payload.length > TEXT_MAX - CATALOG_NAME_SIZE)
        return 0;
    memcpy(text, channel.bytes, channel.length);
    text[channel.length] = '\0';
    memcpy(text + channel.length + 1, payload.bytes, payload.length);
    (void)crypto_shorthash_siphash24(hash, text, channel.length + 1 + payload.length,
                                     notified->key);
    memcpy(&number, hash, sizeof(number));
    return number | 1;
}

void
notified_note(struct notified *notified, const struct plan *plan)
{
    for (size_t i = 0; i < plan->statement_count; i++) {
        const struct plan_statement *s = &plan->statements[i];
        uint64_t hash;

        if (PASU_LIKELY(!s->payload))
            continue;
        hash = hash_of(notified, view_of_text(s->channel), view_of_text(s->payload));
        if (hash != 0 &&
            !notified_knows(notified, view_of_text(s->channel), view_of_text(s->payload)))
            notified->hashes[notified->next++ % NOTIFIED_MAX] = hash;
    }
}

bool
notified_knows(const struct notified *notified, struct view channel, struct view payload)
{
    uint64_t hash = hash_of(notified, channel, payload);

    for (size_t i = 0; hash != 0 && i < NOTIFIED_MAX; i++)
        if (notified->hashes[i] == hash)
            return true;
    return false;
}
