/* SPDX-License-Identifier: Apache-2.0 */
#include "base/markup.h"

static const char *
entity_of(uint8_t c)
{
    switch (c) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void
markup_put(FILE *file, struct view text)
{
    for (size_t i = 0; i < text.length; i++) {
        uint8_t c = text.bytes[i];
        const char *entity = entity_of(c);

        if (entity != NULL)
            fputs(entity, file);
        else if (c == '\n' || c == '\t' || (c >= 0x20 && c != 0x7F))
            putc(c, file);
    }
}
