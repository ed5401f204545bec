/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/note_text.h"

#include "base/utf8.h"

/* Whether it is UTF-8 of which each character may stand. */
static bool
is_made_of(struct view text, bool (*may_stand)(uint32_t character))
{
    while (text.length > 0) {
        uint32_t character;
        size_t n = utf8_first(text, &character);

        if (n == 0 || !may_stand(character))
            return false;
        text = view_of(text.bytes + n, text.length - n);
    }
    return true;
}

/* Unicode's property White_Space. */
static bool
is_space(uint32_t c)
{
    return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

static bool
may_stand_in_text(uint32_t c)
{
    return c >= 0x20 || c == '\n';
}

static bool
may_stand_in_name(uint32_t c)
{
    return c >= 0x20 && c != '+' && !is_space(c);
}

bool
note_text_is_valid(struct view text)
{
    return is_made_of(text, may_stand_in_text);
}

bool
note_name_is_valid(struct view name)
{
    return name.length > 0 && is_made_of(name, may_stand_in_name);
}
