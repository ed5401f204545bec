/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/copy_write.h"

static void
write_text(struct writer *w, const struct copy_format *format, struct view value)
{
    for (size_t i = 0; i < value.length; i++) {
        if (value.bytes[i] == '\\' || value.bytes[i] == format->delimiter)
            writer_u8(w, '\\');
        writer_u8(w, value.bytes[i]);
    }
}

/* Whether it would be read as something else without quotes. */
static bool
needs_quotes(const struct copy_format *format, struct view value)
{
    if (value.length == 0 || view_equal(value, format->null) || view_equal(value, VIEW("\\.")))
        return true;
    return memchr(value.bytes, format->delimiter, value.length) ||
           memchr(value.bytes, format->quote, value.length);
}

static void
write_csv(struct writer *w, const struct copy_format *format, struct view value)
{
    bool is_quoted = needs_quotes(format, value);

    if (is_quoted)
        writer_u8(w, format->quote);
    for (size_t i = 0; i < value.length; i++) {
        uint8_t c = value.bytes[i];

        if (is_quoted && (c == format->quote || c == format->escape))
            writer_u8(w, format->escape);
        writer_u8(w, c);
    }
    if (is_quoted)
        writer_u8(w, format->quote);
}

void
copy_write_field(struct writer *w, const struct copy_format *format, struct view value)
{
    if (format->kind == 'b') {
        writer_u32(w, value.bytes ? (uint32_t)value.length : UINT32_MAX);
        if (value.bytes)
            writer_bytes(w, value.bytes, value.length);
    } else if (!value.bytes) {
        writer_bytes(w, format->null.bytes, format->null.length);
    } else if (format->kind == 'c') {
        write_csv(w, format, value);
    } else {
        write_text(w, format, value);
    }
}
