/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/ordinals.h"

#include "exposure/directory.h"
#include "exposure/tuple.h"
#include "gate/recorder.h"
#include "postgres/encoding.h"
#include "postgres/key_array.h"

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

/* In the directory, where it is put if it is not there. */
static int
look_up(struct ordinals *o, struct view text, bool is_sealed, uint32_t *ordinal)
{
    struct directory_entry entry PASU_UNINITIALIZED;
    int result =
        directory_get(o->directory, ORDINALS_OF_ALL_KINDS, text, is_sealed, ordinal, &entry);

    return result == 1 ? record_entry(o, *ordinal, &entry) : result;
}

/* Of a kind whose persons can be of another: what the index is to be asked of this one. */
static inline void
note_values(struct ordinals *o, uint8_t kind, const struct view *values, size_t count)
{
    if (PASU_UNLIKELY(ordinals_are_known(o, kind)))
        known_ask(&o->asked, &o->known->of[kind], o->identity_key, values, count);
}

int
ordinal_of(struct ordinals *o, uint8_t kind, struct key *key, uint32_t *ordinal)
{
    uint8_t space[ORDINALS_TEXT_SIZE] PASU_UNINITIALIZED;
    struct view text;
    bool is_sealed = o->sealed >> kind & 1;
    int result;

    if (PASU_LIKELY(key->is_integer && !is_sealed && key->integer >= 0 &&
                    key->integer < KEY_ORDINAL_FIRST && !ordinals_are_known(o, kind))) {
        *ordinal = (uint32_t)key->integer;
        return 0;
    }
    result = read_text(o, key, space, &text);
    if (result != 0)
        return result;
    note_values(o, kind, &text, 1);
    return look_up(o, text, is_sealed, ordinal);
}

/* ---- of several parts ---- */

_Static_assert((int)TUPLE_PARTS_MAX == (int)CATALOG_KEY_PARTS_MAX, "all of them are a key");

static int
ordinal_of_tuple(struct ordinals *o, uint8_t kind, const struct tuple *tuple, uint32_t *ordinal)
{
    uint8_t space[TUPLE_TEXT_MAX] PASU_UNINITIALIZED;
    struct view text;
    int result = tuple_write(tuple, space, &text);

    if (result != 0)
        return result;
    note_values(o, kind, tuple->parts, tuple->count);
    return look_up(o, text, true, ordinal);
}

int
ordinal_of_parts(struct ordinals *o, uint8_t kind, const struct ordinal_part *parts, size_t count,
                 uint32_t *ordinal)
{
    uint8_t spaces[TUPLE_PARTS_MAX][ORDINALS_TEXT_SIZE] PASU_UNINITIALIZED;
    struct key keys[TUPLE_PARTS_MAX] PASU_UNINITIALIZED;
    struct tuple tuple = {.count = count};
    int result = 0;

    for (size_t i = 0; result == 0 && i < count; i++) {
        if (!parts[i].value.bytes)
            continue;
        result = parts[i].format == KEY_BINARY
                     ? key_from_binary(&keys[i], parts[i].type, parts[i].value)
                     : key_from_text(&keys[i], parts[i].type, parts[i].value);
        if (result == 0)
            result = read_text(parts[i].as ? parts[i].as : o, &keys[i], spaces[i], &tuple.parts[i]);
    }
    return result == 0 ? ordinal_of_tuple(o, kind, &tuple, ordinal) : result;
}

/* As the text of an array of their texts, which a hidden column has (postgres/plan_inject.c). */
static int
ordinal_of_array(struct ordinals *o, uint8_t kind, struct view value, uint32_t *ordinal)
{
    uint8_t space[ORDINALS_TEXT_SIZE] PASU_UNINITIALIZED;
    uint8_t values[TUPLE_TEXT_MAX] PASU_UNINITIALIZED;
    struct writer w = writer_of(values, sizeof(values));
    struct key_array array PASU_UNINITIALIZED;
    struct tuple tuple = {.count = 0};
    struct view part;
    int result = ordinals_utf8(o, value, space, &value);

    if (result == 0)
        result = key_array_begin(&array, value, 0);
    while (result == 0 && (result = key_array_next(&array, &part)) > 0) {
        const uint8_t *at = w.at;

        writer_bytes(&w, part.bytes, part.bytes ? part.length : 0);
        if (w.failed || tuple.count == TUPLE_PARTS_MAX)
            return PASU_E_RANGE;
        tuple.parts[tuple.count++] = view_of(part.bytes ? at : NULL, part.length);
        result = 0;
    }
    return result == 0 ? ordinal_of_tuple(o, kind, &tuple, ordinal) : result;
}

int
ordinal_of_value(struct ordinals *o, uint8_t kind, enum catalog_key_type type, int16_t format,
                 struct view value, uint32_t *ordinal)
{
    struct key key;
    int result;

    if (PASU_LIKELY(format != KEY_BINARY && type <= CATALOG_KEY_NUMERIC &&
                    !(o->sealed >> kind & 1) && key_small_number(value, ordinal) &&
                    *ordinal < KEY_ORDINAL_FIRST && !ordinals_are_known(o, kind)))
        return 0;
    if (type == CATALOG_KEY_TUPLE)
        return ordinal_of_array(o, kind, value, ordinal);
    result = format == KEY_BINARY ? key_from_binary(&key, type, value)
                                  : key_from_text(&key, type, value);
    return result == 0 ? ordinal_of(o, kind, &key, ordinal) : result;
}
