/* SPDX-License-Identifier: Apache-2.0 */
/* Values of the inspector's rows, as the server prints them. What it would not print is refused. */
#include "postgres/catalog_part.h"

bool
catalog_value_u64(struct view value, uint64_t *number)
{
    uint64_t n = 0;

    if (!value.bytes || value.length == 0)
        return false;
    for (size_t i = 0; i < value.length; i++) {
        uint8_t digit = (uint8_t)(value.bytes[i] - '0');

        if (digit > 9 || __builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, digit, &n))
            return false;
    }
    *number = n;
    return true;
}

bool
catalog_value_u32(struct view value, uint32_t *number)
{
    uint64_t n;

    if (!catalog_value_u64(value, &n) || n > UINT32_MAX)
        return false;
    *number = (uint32_t)n;
    return true;
}

bool
catalog_value_i16(struct view value, int16_t *number)
{
    uint64_t n;

    if (!catalog_value_u64(value, &n) || n > INT16_MAX)
        return false;
    *number = (int16_t)n;
    return true;
}

bool
catalog_value_bool(struct view value, bool *is)
{
    if (!value.bytes || value.length != 1 || (value.bytes[0] != 't' && value.bytes[0] != 'f'))
        return false;
    *is = value.bytes[0] == 't';
    return true;
}

bool
catalog_value_name(struct view value, char name[CATALOG_NAME_SIZE])
{
    size_t length = value.length;

    if (!value.bytes || (length > 0 && memchr(value.bytes, '\0', length)))
        return false;
    if (length >= CATALOG_NAME_SIZE) {
        length = CATALOG_NAME_SIZE - 1;
        while (length > 0 && (value.bytes[length] & 0xc0) == 0x80)
            length--; /* not within a character */
    }
    if (length > 0)
        memcpy(name, value.bytes, length);
    name[length] = '\0';
    return true;
}
