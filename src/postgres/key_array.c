/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/key_array.h"

#include <strings.h>

enum { BINARY = 1 };

/* Dimensions, a flag, the elements' type, size and lower bound of each dimension, the elements. */
static int
begin_binary(struct key_array *array, struct view value)
{
    uint32_t dimensions;

    array->is_binary = true;
    array->bytes = reader_of(value);
    dimensions = reader_u32(&array->bytes);
    reader_u32(&array->bytes);
    array->element = reader_u32(&array->bytes);
    if (dimensions > 0) {
        array->left = reader_u32(&array->bytes);
        reader_u32(&array->bytes);
    }
    return array->bytes.failed || dimensions > 1 ? PASU_E_MALFORMED : 0;
}

static int
begin_text(struct key_array *array, struct view value)
{
    if (value.length < 2 || value.bytes[0] != '{' || value.bytes[value.length - 1] != '}')
        return PASU_E_MALFORMED;
    array->text = value;
    array->at = 1;
    array->is_over = value.length == 2;
    return 0;
}

int
key_array_begin(struct key_array *array, struct view value, int16_t format)
{
    array->is_binary = array->is_over = false;
    array->left = array->element = 0;
    return format == BINARY ? begin_binary(array, value) : begin_text(array, value);
}

static int
next_binary(struct key_array *array, struct view *element)
{
    uint32_t length;

    if (array->left == 0)
        return reader_end(&array->bytes) == 0 ? 0 : PASU_E_MALFORMED;
    array->left--;
    length = reader_u32(&array->bytes);
    *element = view_of(NULL, 0);
    if (length != UINT32_MAX)
        *element = reader_bytes(&array->bytes, length);
    return array->bytes.failed ? PASU_E_MALFORMED : 1;
}

static bool
is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* An element up to its quote, or to the comma or brace behind it. `is_word`: it can be NULL. */
static int
unquote(struct key_array *array, bool is_quoted, size_t *length, bool *is_word)
{
    const struct view v = array->text;

    for (; array->at < v.length; array->at++) {
        uint8_t c = v.bytes[array->at];

        if (is_quoted ? c == '"' : c == ',' || c == '}')
            return 0;
        if (c == '\\' && array->at + 1 < v.length) {
            c = v.bytes[++array->at];
            *is_word = false; /* \null is a text, not a null */
        } else if (!is_quoted && (c == '{' || c == '"' || is_space(c))) {
            return PASU_E_MALFORMED;
        }
        if (*length == sizeof(array->space))
            return PASU_E_MALFORMED;
        array->space[(*length)++] = c;
    }
    return PASU_E_MALFORMED;
}

static int
next_text(struct key_array *array, struct view *element)
{
    const struct view v = array->text;
    bool is_quoted, is_word;
    size_t length = 0;

    if (array->is_over)
        return 0;
    is_quoted = array->at < v.length && v.bytes[array->at] == '"';
    is_word = !is_quoted;
    array->at += is_quoted;
    if (unquote(array, is_quoted, &length, &is_word) != 0)
        return PASU_E_MALFORMED;
    array->at += is_quoted;
    if (array->at >= v.length || (v.bytes[array->at] != ',' && v.bytes[array->at] != '}') ||
        (length == 0 && !is_quoted) || (v.bytes[array->at] == '}' && array->at != v.length - 1))
        return PASU_E_MALFORMED;
    array->is_over = v.bytes[array->at] == '}';
    array->at++;
    *element = view_of(array->space, length);
    if (is_word && length == 4 && strncasecmp((const char *)array->space, "null", 4) == 0)
        *element = view_of(NULL, 0);
    return 1;
}

int
key_array_next(struct key_array *array, struct view *element)
{
    return array->is_binary ? next_binary(array, element) : next_text(array, element);
}

int
key_array_only(struct key_array *array, struct view value, int16_t format,
               enum catalog_key_type type, struct view *element)
{
    struct view more;

    if (key_array_begin(array, value, format) != 0 ||
        (array->is_binary && key_type_of_oid(array->element) != type) ||
        key_array_next(array, element) != 1 || !element->bytes || key_array_next(array, &more) != 0)
        return PASU_E_MALFORMED;
    return 0;
}
