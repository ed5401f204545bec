/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/pins.h"

#include "postgres/key_array.h"

int
pins_add_value(struct pinned *pinned, struct ordinals *ordinals, const struct plan_part *part,
               enum catalog_key_type type, struct view value, int16_t format)
{
    uint32_t ordinal;
    int result;

    if (!key_types_agree(type, part->key_type))
        return PASU_E_MALFORMED;
    result = ordinal_of_value(ordinals, part->kind, type, format, value, &ordinal);
    return result == 0 ? pinned_add(pinned, ordinal) : result;
}

int
pins_add_array(struct pinned *pinned, struct ordinals *ordinals, const struct plan_part *part,
               enum catalog_key_type element, struct view value, int16_t format)
{
    struct key_array array;
    struct view one;
    int result = key_array_begin(&array, value, format);

    if (result == 0 && format == KEY_BINARY)
        element = key_type_of_oid(array.element);
    while (result == 0) {
        result = key_array_next(&array, &one);
        if (result <= 0)
            return result;
        if (one.bytes)
            result = pins_add_value(pinned, ordinals, part, element, one, format);
        else /* with array_nulls off it is a text of that name */
            result = element == CATALOG_KEY_TEXT && format != KEY_BINARY ? PASU_E_MALFORMED : 0;
    }
    return result;
}

int
pins_add_literal(struct pinned *pinned, struct ordinals *ordinals, const struct plan_part *part,
                 const struct plan_pin *pin)
{
    return pin->is_array ? pins_add_array(pinned, ordinals, part, part->key_type, pin->literal, 0)
                         : pins_add_value(pinned, ordinals, part, part->key_type, pin->literal, 0);
}

int
pins_part(struct ordinal_part *value, const struct plan_part *part, size_t i,
          enum catalog_key_type type, struct view bytes, int16_t format, const struct ordinals *as)
{
    if (i >= CATALOG_KEY_PARTS_MAX || !key_types_agree(type, part->pin_types[i]))
        return PASU_E_MALFORMED;
    *value = (struct ordinal_part){bytes, (uint8_t)type, format, as};
    return 0;
}

int
pins_add_parts(struct pinned *pinned, struct ordinals *ordinals, const struct plan_part *part,
               const struct ordinal_part *values, size_t count)
{
    uint32_t ordinal;
    int result;

    for (size_t i = 0; i < count; i++)
        if (!values[i].value.bytes)
            return 0;
    result = ordinal_of_parts(ordinals, part->kind, values, count, &ordinal);
    return result == 0 ? pinned_add(pinned, ordinal) : result;
}

void
pins_begin(struct pinned *pinned, struct ordinals *ordinals, struct ordinals *others)
{
    pinned->count = 0;
    pinned->hash_part = 0;
    ordinals->asked.state = others->asked.state = KNOWN_UNASKED;
}

void
pins_end_part(struct pinned *pinned, size_t part, bool is_known, struct ordinals *ordinals,
              struct ordinals *others)
{
    uint16_t first = part > 0 ? pinned->ends[part - 1] : 0;
    const struct known_question *asked =
        ordinals->asked.state != KNOWN_UNASKED ? &ordinals->asked : &others->asked;

    pinned->is_known[part] = is_known;
    pinned->ends[part] = pinned->count;
    if (PASU_UNLIKELY(asked->state != KNOWN_UNASKED) && pinned->hash_part == 0 && is_known &&
        pinned->count - first == 1) {
        pinned->hash_part = (uint8_t)(part + 1);
        pinned->hash_state = (uint8_t)asked->state;
        pinned->hash[0] = asked->hash.high;
        pinned->hash[1] = asked->hash.low;
    }
    ordinals->asked.state = others->asked.state = KNOWN_UNASKED;
}

void
pins_question(const struct pinned *pinned, size_t part, struct known_question *question)
{
    *question = (struct known_question){.state = KNOWN_UNASKED};
    if (pinned->hash_part != part + 1)
        return;
    question->state = pinned->hash_state;
    question->hash = (struct identity_hash){pinned->hash[0], pinned->hash[1]};
}
