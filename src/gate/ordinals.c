/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/ordinals.h"

#include "exposure/directory.h"
#include "gate/recorder.h"

static int
record_entry(struct ordinals *o, uint32_t ordinal, const struct directory_entry *entry)
{
    struct ring_ordinal head = {.ordinal = ordinal, .kind = ORDINALS_OF_ALL_KINDS};

    memcpy(head.hash, entry->hash, sizeof(head.hash));
    return recorder_put_ordinal(o->recorder, &head, view_of(entry->sealed, entry->sealed_length));
}

int
ordinal_of(struct ordinals *o, uint8_t kind, struct key *key, uint32_t *ordinal)
{
    struct directory_entry entry;
    bool is_sealed = o->sealed >> kind & 1;
    int result;

    if (PASU_LIKELY(key->is_integer && !is_sealed && key->integer >= 0 &&
                    key->integer < KEY_ORDINAL_FIRST)) {
        *ordinal = (uint32_t)key->integer;
        return 0;
    }
    result = directory_get(o->directory, ORDINALS_OF_ALL_KINDS, key_text(key), is_sealed, ordinal,
                           &entry);

    return result == 1 ? record_entry(o, *ordinal, &entry) : result;
}
