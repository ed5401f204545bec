/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/ordinals.h"

#include "exposure/directory.h"
#include "gate/recorder.h"
#include "postgres/encoding.h"

static int
record_entry(struct ordinals *o, uint32_t ordinal, const struct directory_entry *entry)
{
    struct ring_ordinal head = {.ordinal = ordinal, .kind = ORDINALS_OF_ALL_KINDS};

    memcpy(head.hash, entry->hash, sizeof(head.hash));
    return recorder_put_ordinal(o->recorder, &head, view_of(entry->sealed, entry->sealed_length));
}

struct ordinals
ordinals_of_text(const struct ordinals *o, struct view text, bool is_one_encoding)
{
    struct ordinals of_text = *o;

    for (size_t i = 0; !is_one_encoding && i < text.length; i++)
        of_text.is_escaped |= text.bytes[i] == '\\' || /* E'…', U&'…' */
                              (text.bytes[i] == '&' && i + 1 < text.length &&
                               (text.bytes[i + 1] == '\'' || text.bytes[i + 1] == '"'));
    return of_text;
}

int
ordinals_utf8(const struct ordinals *o, struct view value, uint8_t space[ORDINALS_TEXT_SIZE],
              struct view *text)
{
    bool is_known = o->encoding && !*o->is_unsettled && !o->is_escaped;

    *text = value;
    if (!o->encoding)
        return 0;
    return encoding_to_utf8(is_known ? *o->encoding : NULL, value, space, ORDINALS_TEXT_SIZE, text);
}

/* The key in the one encoding that all are hashed in. */
static int
read_text(const struct ordinals *o, struct key *key, uint8_t space[ORDINALS_TEXT_SIZE],
          struct view *text)
{
    *text = key_text(key);
    return PASU_LIKELY(key->is_integer) ? 0 : ordinals_utf8(o, *text, space, text);
}

int
ordinal_of(struct ordinals *o, uint8_t kind, struct key *key, uint32_t *ordinal)
{
    struct directory_entry entry PASU_UNINITIALIZED;
    uint8_t space[ORDINALS_TEXT_SIZE] PASU_UNINITIALIZED;
    struct view text;
    bool is_sealed = o->sealed >> kind & 1;
    int result;

    if (PASU_LIKELY(key->is_integer && !is_sealed && key->integer >= 0 &&
                    key->integer < KEY_ORDINAL_FIRST)) {
        *ordinal = (uint32_t)key->integer;
        return 0;
    }
    result = read_text(o, key, space, &text);
    if (result != 0)
        return result;
    result = directory_get(o->directory, ORDINALS_OF_ALL_KINDS, text, is_sealed, ordinal, &entry);

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
