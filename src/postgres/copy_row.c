/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/copy_row.h"

enum {
    SIGNATURE_LENGTH = 11,
    HEADER_LENGTH = SIGNATURE_LENGTH + 8, /* flags, and how long what follows is */
};

static const uint8_t signature[SIGNATURE_LENGTH] = {'P',  'G',  'C',  'O',  'P', 'Y',
                                                    '\n', 0xff, '\r', '\n', '\0'};

bool
copy_null_is_readable(const struct copy_format *format, bool *is_apart)
{
    struct view null = format->null;
    const uint8_t *backslash = null.length > 0 ? memchr(null.bytes, '\\', null.length) : NULL;

    for (size_t i = 0; i < null.length; i++)
        if (null.bytes[i] >= 0x80) /* the server writes it in another encoding */
            return false;
    *is_apart = true;
    if (format->kind != 't') /* in CSV, a value like it is quoted */
        return true;
    *is_apart = backslash != NULL;
    /* A backslash and a character that none is written before, and nothing else. */
    return !backslash ||
           (null.length == 2 && backslash == null.bytes && !memchr("bfnrtv\\", null.bytes[1], 7));
}

/* ---- a binary stream ---- */

size_t
copy_header_length(const struct copy_format *format, struct view bytes)
{
    uint32_t more;

    if (format->kind != 'b' || bytes.length < HEADER_LENGTH ||
        memcmp(bytes.bytes, signature, SIGNATURE_LENGTH) != 0)
        return 0;
    more = bytes_get_u32(bytes.bytes + HEADER_LENGTH - 4);
    return more <= bytes.length - HEADER_LENGTH ? HEADER_LENGTH + more : 0;
}

bool
copy_is_end(const struct copy_format *format, struct view bytes)
{
    return format->kind == 'b' && bytes.length == 2 && bytes_get_u16(bytes.bytes) == UINT16_MAX;
}

/* Whether the fields take all of the bytes. */
static bool
is_one_tuple(const uint8_t *at, const uint8_t *end, uint16_t count)
{
    for (; count > 0; count--) {
        uint32_t length;

        if (end - at < 4)
            return false;
        length = bytes_get_u32(at);
        at += 4;
        if (length == UINT32_MAX)
            continue;
        if (length > (size_t)(end - at))
            return false;
        at += length;
    }
    return at == end;
}

/* ---- rows ---- */

/* Whether all newlines stand within quotes. */
static bool
is_one_record(const struct copy_format *format, const uint8_t *at, const uint8_t *end)
{
    bool is_quoted = false;

    while (at < end) {
        const uint8_t *quote = memchr(at, format->quote, (size_t)(end - at));
        const uint8_t *to = quote ? quote : end;

        if (is_quoted && format->escape != format->quote) {
            const uint8_t *escape = memchr(at, format->escape, (size_t)(to - at));

            if (escape) { /* the next one means itself */
                at = escape + 2;
                continue;
            }
        }
        if (!is_quoted && memchr(at, '\n', (size_t)(to - at)))
            return false;
        is_quoted ^= quote != NULL;
        at = to + 1;
    }
    return at <= end + 1 && !is_quoted;
}

static bool
begin_text(struct copy_row *row)
{
    const struct copy_format *format = row->format;
    size_t length = (size_t)(row->end - row->at);
    uint8_t sign = format->kind == 'c' ? format->quote : '\\';

    row->is_plain = length == 0 || !memchr(row->at, sign, length);
    row->is_more = true;
    if (format->kind == 'c' && !row->is_plain)
        return is_one_record(format, row->at, row->end);
    return length == 0 || !memchr(row->at, '\n', length);
}

bool
copy_row_begin(struct copy_row *row, const struct copy_format *format, struct view bytes)
{
    *row = (struct copy_row){.format = format, .at = bytes.bytes};
    if (format->kind == 'b') {
        if (bytes.length < 2)
            return false;
        row->left = bytes_get_u16(bytes.bytes);
        row->at += 2;
        row->end = bytes.bytes + bytes.length;
        return is_one_tuple(row->at, row->end, row->left);
    }
    if (bytes.length == 0 || bytes.bytes[bytes.length - 1] != '\n')
        return false;
    row->end = bytes.bytes + bytes.length - 1;
    return begin_text(row);
}

bool
copy_row_begin_part(struct copy_row *row, const struct copy_format *format, struct view bytes)
{
    *row = (struct copy_row){
        .format = format, .at = bytes.bytes, .end = bytes.bytes + bytes.length, .is_more = true};
    if (format->kind != 'b')
        return true;
    if (bytes.length < 2)
        return false;
    row->left = bytes_get_u16(bytes.bytes);
    row->at += 2;
    return true;
}

/* ---- fields ---- */

static bool
next_binary(struct copy_row *row, struct copy_field *field)
{
    uint32_t length;

    if (row->left == 0 || row->end - row->at < 4)
        return false;
    length = bytes_get_u32(row->at);
    *field = (struct copy_field){.null = length == UINT32_MAX ? COPY_NULL : COPY_VALUE};
    row->at += 4;
    row->left--;
    if (length == UINT32_MAX)
        return true;
    if (length > (size_t)(row->end - row->at))
        return false;
    field->raw = view_of(row->at, length);
    row->at += length;
    return true;
}

/* The first delimiter that is not behind a backslash, or the end. */
static const uint8_t *
end_of_text(const struct copy_row *row, bool *has_escapes)
{
    uint8_t delimiter = row->format->delimiter;
    const uint8_t *at = row->at;

    *has_escapes = false;
    if (row->is_plain) {
        at = row->at < row->end ? memchr(row->at, delimiter, (size_t)(row->end - row->at)) : NULL;
        return at ? at : row->end;
    }
    while (at < row->end && *at != delimiter) {
        if (*at == '\\') {
            *has_escapes = true;
            at++;
        }
        at++;
    }
    return at;
}

/* The quote that ends what begins at `at`; NULL where there is none. */
static const uint8_t *
closing_quote(const struct copy_row *row, const uint8_t *at, bool *has_escapes)
{
    const struct copy_format *format = row->format;

    for (; at < row->end; at++) {
        bool is_escape = *at == format->escape && at + 1 < row->end &&
                         (at[1] == format->quote || at[1] == format->escape);

        if (is_escape) {
            *has_escapes = true;
            at++;
        } else if (*at == format->quote) {
            return at;
        }
    }
    return NULL;
}

static bool
next_quoted(struct copy_row *row, struct copy_field *field)
{
    const uint8_t *from = row->at + 1;
    const uint8_t *close = closing_quote(row, from, &field->has_escapes);

    if (!close)
        return false;
    field->raw = view_of(from, (size_t)(close - from));
    row->at = close + 1;
    return row->at == row->end || *row->at == row->format->delimiter;
}

static bool
next_plain(struct copy_row *row, struct copy_field *field)
{
    const struct copy_format *format = row->format;
    const uint8_t *end;

    if (format->kind == 't') {
        end = end_of_text(row, &field->has_escapes);
        if (end > row->end) /* a backslash with nothing behind it */
            return false;
    } else {
        end = row->at < row->end ? memchr(row->at, format->delimiter, (size_t)(row->end - row->at))
                                 : NULL;
        end = end ? end : row->end;
    }
    field->raw = view_of(row->at, (size_t)(end - row->at));
    row->at = end;
    if (format->kind == 'c' && !row->is_plain && field->raw.length > 0 &&
        (memchr(field->raw.bytes, format->quote, field->raw.length) ||
         memchr(field->raw.bytes, '\n', field->raw.length)))
        return false;
    if (view_equal(field->raw, format->null))
        field->null = format->is_null_apart ? COPY_NULL : COPY_EITHER;
    return true;
}

bool
copy_row_next(struct copy_row *row, struct copy_field *field)
{
    bool is_field;

    if (row->format->kind == 'b')
        return next_binary(row, field);
    if (!row->is_more)
        return false;
    *field = (struct copy_field){.null = COPY_VALUE};
    is_field = row->format->kind == 'c' && row->at < row->end && *row->at == row->format->quote
                   ? next_quoted(row, field)
                   : next_plain(row, field);
    row->is_more = is_field && row->at < row->end;
    row->at += row->is_more; /* over the delimiter */
    return is_field;
}

/* ---- values ---- */

static int
digit_of(uint8_t c, int base)
{
    int digit = c >= '0' && c <= '9' ? c - '0' : base;

    if ((c | 32) >= 'a' && (c | 32) <= 'f')
        digit = (c | 32) - 'a' + 10;
    return digit < base ? digit : -1;
}

/* The byte that digits stand for, at most `most` of them. */
static bool
take_digits(const uint8_t **at, const uint8_t *end, int base, int most, uint8_t *byte)
{
    int value = 0, count = 0, digit;

    while (count < most && *at < end && (digit = digit_of(**at, base)) >= 0) {
        value = value * base + digit;
        ++*at;
        count++;
    }
    *byte = (uint8_t)value;
    return count > 0;
}

/* What stands behind a backslash: as COPY FROM reads it. */
static uint8_t
unescape(const uint8_t **at, const uint8_t *end)
{
    static const char letters[] = "bfnrtv", meaning[] = "\b\f\n\r\t\v";
    uint8_t c = *(*at)++, byte;
    const uint8_t *digits = *at;
    const char *letter;

    if (c == 'x' && take_digits(&digits, end, 16, 2, &byte)) {
        *at = digits;
        return byte;
    }
    digits = *at - 1;
    if (take_digits(&digits, end, 8, 3, &byte)) {
        *at = digits;
        return byte;
    }
    letter = c ? strchr(letters, c) : NULL;
    return letter ? (uint8_t)meaning[letter - letters] : c;
}

int
copy_field_value(const struct copy_format *format, const struct copy_field *field, uint8_t *space,
                 size_t size, struct view *value)
{
    const uint8_t *at = field->raw.bytes, *end = at + field->raw.length;
    struct writer w = writer_of(space, size);

    *value = field->raw;
    if (!field->has_escapes)
        return 0;
    while (at < end) {
        uint8_t c = *at++;

        if (format->kind == 't' && c == '\\' && at < end)
            c = unescape(&at, end);
        else if (format->kind == 'c' && c == format->escape && at < end &&
                 (*at == format->quote || *at == format->escape))
            c = *at++;
        writer_u8(&w, c);
    }
    *value = view_of(space, writer_length(&w));
    return w.failed ? PASU_E_RANGE : 0;
}
