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
hash_of(const struct notified *notified, uint32_t sender, struct view channel, struct view payload)
{
    uint8_t text[TEXT_MAX], *end = text, hash[crypto_shorthash_siphash24_BYTES];
    uint64_t number;

    if (sender == 0 || channel.length >= CATALOG_NAME_SIZE ||
        payload.length > TEXT_MAX - CATALOG_NAME_SIZE - sizeof(sender))
        return 0;
    memcpy(end, &sender, sizeof(sender));
    end += sizeof(sender);
    memcpy(end, channel.bytes, channel.length);
    end += channel.length;
    *end++ = '\0';
    memcpy(end, payload.bytes, payload.length);
    end += payload.length;
    (void)crypto_shorthash_siphash24(hash, text, (size_t)(end - text), notified->key);
    memcpy(&number, hash, sizeof(number));
    return number | 1;
}

void
notified_note(struct notified *notified, const struct plan *plan, uint32_t sender)
{
    for (size_t i = 0; i < plan->statement_count; i++) {
        const struct plan_statement *s = &plan->statements[i];
        struct view channel, payload;
        uint64_t hash;

        if (PASU_LIKELY(!s->payload))
            continue;
        channel = view_of_text(s->channel);
        payload = view_of_text(s->payload);
        hash = hash_of(notified, sender, channel, payload);
        if (hash != 0 && !notified_knows(notified, sender, channel, payload))
            notified->hashes[notified->next++ % NOTIFIED_MAX] = hash;
    }
}

bool
notified_knows(const struct notified *notified, uint32_t sender, struct view channel,
               struct view payload)
{
    uint64_t hash = hash_of(notified, sender, channel, payload);

    for (size_t i = 0; hash != 0 && i < NOTIFIED_MAX; i++)
        if (notified->hashes[i] == hash)
            return true;
    return false;
}

void
notified_forget(struct notified *notified)
{
    for (size_t i = 0; i < NOTIFIED_MAX; i++)
        notified->hashes[i] = 0;
}
