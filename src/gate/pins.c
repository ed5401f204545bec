/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/pins.h"

enum { ELEMENT_MAX = KEY_TEXT_MAX };

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

/* '{1,2,3}', elements perhaps in double quotes. Only what array_in reads in one way. */
static int
add_text_array(struct pinned *pinned, struct ordinals *ordinals, const struct plan_part *part,
               enum catalog_key_type element, struct view v)
{
    uint8_t unquoted[ELEMENT_MAX];
    size_t at = 1;

    if (v.length < 2 || v.bytes[0] != '{' || v.bytes[v.length - 1] != '}')
        return PASU_E_MALFORMED;
    if (v.length == 2)
        return 0;
    while (at < v.length) {
        size_t length = 0;
        bool is_quoted = v.bytes[at] == '"', is_word = !is_quoted;
        struct view one;
        int result;

        at += is_quoted;
        for (; at < v.length; at++) {
            uint8_t c = v.bytes[at];

            if (is_quoted ? c == '"' : c == ',' || c == '}')
                break;
            if (c == '\\' && at + 1 < v.length) {
                c = v.bytes[++at];
                is_word = false; /* \null is a text, not a null */
            } else if (!is_quoted &&
                       (c == '{' || c == '"' || c == ' ' || (c >= '\t' && c <= '\r'))) {
                return PASU_E_MALFORMED;
            }
            if (length == sizeof(unquoted))
                return PASU_E_MALFORMED;
            unquoted[length++] = c;
        }
        at += is_quoted;
        if (at >= v.length || (v.bytes[at] != ',' && v.bytes[at] != '}') ||
            (length == 0 && !is_quoted) || (v.bytes[at] == '}' && at != v.length - 1))
            return PASU_E_MALFORMED;
        at++;
        one = view_of(unquoted, length);
        if (is_word && length == 4 && strncasecmp((const char *)unquoted, "null", 4) == 0)
            continue;
        result = pins_add_value(pinned, ordinals, part, element, one, 0);
        if (result != 0)
            return result;
    }
    return 0;
}

/* Dimensions, a flag, the elements' type, size and lower bound of each dimension, the elements. */
static int
add_binary_array(struct pinned *pinned, struct ordinals *ordinals, const struct plan_part *part,
                 struct view v)
{
    struct reader r = reader_of(v);
    uint32_t dimensions = reader_u32(&r), count;
    enum catalog_key_type element;

    reader_u32(&r);
    element = key_type_of_oid(reader_u32(&r));
    if (dimensions == 0)
        return reader_end(&r) == 0 ? 0 : PASU_E_MALFORMED;
    count = reader_u32(&r);
    reader_u32(&r);
    if (r.failed || dimensions != 1 || element == CATALOG_KEY_NONE || count > PLAN_PINS_MAX)
        return PASU_E_MALFORMED;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t length = reader_u32(&r);
        struct view one;
        int result;

        if (length == UINT32_MAX)
            continue;
        one = reader_bytes(&r, length);
        if (r.failed)
            return PASU_E_MALFORMED;
        result = pins_add_value(pinned, ordinals, part, element, one, 1);
        if (result != 0)
            return result;
    }
    return reader_end(&r);
}

int
pins_add_array(struct pinned *pinned, struct ordinals *ordinals, const struct plan_part *part,
               enum catalog_key_type element, struct view value, int16_t format)
{
    return format == 1 ? add_binary_array(pinned, ordinals, part, value)
                       : add_text_array(pinned, ordinals, part, element, value);
}

int
pins_add_literal(struct pinned *pinned, struct ordinals *ordinals, const struct plan_part *part,
                 const struct plan_pin *pin)
{
    return pin->is_array ? add_text_array(pinned, ordinals, part, part->key_type, pin->literal)
                         : pins_add_value(pinned, ordinals, part, part->key_type, pin->literal, 0);
}
