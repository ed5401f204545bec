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
    struct directory_entry entry PASU_UNINITIALIZED;
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

int
ordinal_of_value(struct ordinals *o, uint8_t kind, enum catalog_key_type type, int16_t format,
                 struct view value, uint32_t *ordinal)
{
    struct key key;
    int result;

    if (PASU_LIKELY(format != KEY_BINARY && type <= CATALOG_KEY_NUMERIC &&
                    !(o->sealed >> kind & 1) && key_small_number(value, ordinal) &&
                    *ordinal < KEY_ORDINAL_FIRST))
        return 0;
    result = format == KEY_BINARY ? key_from_binary(&key, type, value)
                                  : key_from_text(&key, type, value);
    return result == 0 ? ordinal_of(o, kind, &key, ordinal) : result;
}
