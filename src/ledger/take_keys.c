/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/take_keys.h"

#include "base/memory.h"
#include "config/ledger_key.h"

int
take_keys_copy(struct segment_keys *keys, const struct config *config)
{
    uint8_t key[LEDGER_KEY_SIZE];
    int result = 0;

    *keys = (struct segment_keys){0};
    for (size_t i = 0; result == 0 && i < config->ledger.key_count; i++) {
        result = ledger_key_parse(config->ledger.keys[i].bytes, key);
        if (result == 0)
            result = segment_keys_add(keys, key);
    }
    memory_wipe(key, sizeof(key));
    if (result != 0)
        segment_keys_release(keys);
    return result;
}

int
take_keys(struct segment_keys *keys, struct config *config)
{
    int result = take_keys_copy(keys, config);

    for (size_t i = 0; i < config->ledger.key_count; i++) {
        struct view *bytes = &config->ledger.keys[i].bytes;

        if (bytes->length > 0)
            memory_wipe((void *)(uintptr_t)bytes->bytes, bytes->length);
        *bytes = view_of(bytes->bytes, 0);
    }
    return result;
}
