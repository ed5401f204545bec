/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/key.h"

bool
key_is_ordinal(struct view text, uint32_t *ordinal)
{
    uint64_t number = 0;

    if (text.length == 0 || text.length >= KEY_NUMBER_SIZE ||
        (text.bytes[0] == '0' && text.length > 1))
        return false;
    for (size_t i = 0; i < text.length; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9')
            return false;
        number = number * 10 + (uint64_t)(text.bytes[i] - '0');
    }
    if (number >= KEY_ORDINAL_FIRST)
        return false;
    *ordinal = (uint32_t)number;
    return true;
}

bool
key_is_integer(struct view text, int64_t *integer)
{
    bool is_negative = text.length > 0 && text.bytes[0] == '-';
    uint64_t number = 0, most = (uint64_t)INT64_MAX + is_negative;
    size_t at = is_negative;

    if (text.length == at || text.length - at > 19 ||
        (text.bytes[at] == '0' && (is_negative || text.length > 1)))
        return false;
    for (; at < text.length; at++) {
        if (text.bytes[at] < '0' || text.bytes[at] > '9')
            return false;
        number = number * 10 + (uint64_t)(text.bytes[at] - '0'); /* 19 digits have 64 bits */
    }
    if (number > most)
        return false;
    *integer = (int64_t)(is_negative ? 0 - number : number);
    return true;
}

size_t
key_number_text(char text[KEY_NUMBER_SIZE], uint32_t number)
{
    return (size_t)snprintf(text, KEY_NUMBER_SIZE, "%u", number);
}
