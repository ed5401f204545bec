/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/tuple.h"

#include "base/utf8.h"

/* Escapes of one letter, and what they stand for. */
static const char letters[] = "\"\\bfnrt", meanings[] = "\"\\\b\f\n\r\t";

/* ---- writing ---- */

static void
write_byte(struct writer *w, uint8_t c)
{
    static const char digits[] = "0123456789abcdef";
    const char *special = c != 0 ? strchr(meanings, c) : NULL;

    if (special) {
        writer_u8(w, '\\');
        writer_u8(w, (uint8_t)letters[special - meanings]);
    } else if (c < ' ') {
        writer_bytes(w, "\\u00", 4);
        writer_u8(w, (uint8_t)digits[c >> 4]);
        writer_u8(w, (uint8_t)digits[c & 15]);
    } else {
        writer_u8(w, c);
    }
}

static void
write_part(struct writer *w, struct view part)
{
    if (!part.bytes) {
        writer_bytes(w, "null", 4);
        return;
    }
    writer_u8(w, '"');
    while (part.length > 0 && !w->failed) {
        size_t plain = 0;

        while (plain < part.length && part.bytes[plain] >= ' ' && part.bytes[plain] != '"' &&
               part.bytes[plain] != '\\')
            plain++;
        writer_bytes(w, part.bytes, plain);
        if (plain < part.length)
            write_byte(w, part.bytes[plain++]);
        part = view_of(part.bytes + plain, part.length - plain);
    }
    writer_u8(w, '"');
}

int
tuple_write(const struct tuple *tuple, uint8_t space[TUPLE_TEXT_MAX], struct view *text)
{
    struct writer w = writer_of(space, TUPLE_TEXT_MAX);
    bool is_any = false;

    for (size_t i = 0; i < tuple->count; i++) {
        struct view part = tuple->parts[i];

        if (part.bytes && (memchr(part.bytes, 0, part.length) || !utf8_is_valid(part)))
            return PASU_E_MALFORMED;
        is_any |= part.bytes != NULL;
        writer_u8(&w, i == 0 ? '[' : ',');
        write_part(&w, part);
    }
    writer_u8(&w, ']');
    if (!is_any)
        return PASU_E_NOTFOUND;
    if (w.failed)
        return PASU_E_RANGE;
    *text = view_of(space, writer_length(&w));
    return 0;
}

/* ---- reading ---- */

struct reading {
    struct reader r;
    struct writer values;
};

static int
peek(const struct reading *t)
{
    return reader_left(&t->r) > 0 ? t->r.at[0] : -1;
}

static int
skip_spaces(struct reading *t)
{
    while (peek(t) == ' ' || peek(t) == '\t' || peek(t) == '\n' || peek(t) == '\r')
        reader_u8(&t->r);
    return peek(t);
}

static bool
take(struct reading *t, uint8_t c)
{
    return reader_u8(&t->r) == c && !t->r.failed;
}

static uint32_t
read_hex(struct reading *t)
{
    uint32_t value = 0;

    for (int i = 0; i < 4; i++) {
        uint8_t c = reader_u8(&t->r);

        if (c >= '0' && c <= '9')
            value = value << 4 | (uint32_t)(c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            value = value << 4 | (uint32_t)((c | 32) - 'a' + 10);
        else
            t->r.failed = true;
    }
    return value;
}

static void
put_character(struct writer *w, uint32_t c)
{
    if (c < 0x80) {
        writer_u8(w, (uint8_t)c);
        return;
    }
    if (c < 0x800) {
        writer_u8(w, (uint8_t)(0xc0 | c >> 6));
    } else {
        if (c < 0x10000) {
            writer_u8(w, (uint8_t)(0xe0 | c >> 12));
        } else {
            writer_u8(w, (uint8_t)(0xf0 | c >> 18));
            writer_u8(w, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
        }
        writer_u8(w, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
    }
    writer_u8(w, (uint8_t)(0x80 | (c & 0x3f)));
}

/* What stands behind a backslash. */
static bool
read_escape(struct reading *t)
{
    uint8_t c = reader_u8(&t->r);
    const char *letter = c != 0 ? strchr(letters, c) : NULL;
    uint32_t code, low;

    if (letter || c == '/') {
        writer_u8(&t->values, letter ? (uint8_t)meanings[letter - letters] : c);
        return true;
    }
    if (c != 'u')
        return false;
    code = read_hex(t);
    if (code >= 0xd800 && code < 0xdc00) { /* and its other half */
        if (!take(t, '\\') || !take(t, 'u'))
            return false;
        low = read_hex(t);
        if (low < 0xdc00 || low >= 0xe000)
            return false;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code < 0xe000) {
        return false;
    }
    put_character(&t->values, code);
    return code != 0;
}

static bool
read_string(struct reading *t)
{
    for (;;) {
        uint8_t c = reader_u8(&t->r);

        if (t->r.failed || t->values.failed || c < ' ')
            return false;
        if (c == '"')
            return true;
        if (c != '\\')
            writer_u8(&t->values, c);
        else if (!read_escape(t))
            return false;
    }
}

/* Digits, with what JSON has in numbers: whether it is one, who wants a number sees. */
static bool
read_number(struct reading *t)
{
    size_t before = writer_length(&t->values);

    while (peek(t) > 0 && strchr("+-.0123456789Ee", peek(t)))
        writer_u8(&t->values, reader_u8(&t->r));
    return writer_length(&t->values) > before;
}

static bool
read_part(struct reading *t, struct tuple *tuple)
{
    const uint8_t *begin = t->values.at;
    int c = skip_spaces(t);
    bool is_read;

    if (tuple->count == TUPLE_PARTS_MAX)
        return false;
    if (c == 'n') {
        tuple->parts[tuple->count++] = view_of(NULL, 0);
        return view_equal(reader_bytes(&t->r, 4), VIEW("null")) && !t->r.failed;
    }
    is_read = c == '"' ? take(t, '"') && read_string(t) : read_number(t);
    tuple->parts[tuple->count++] = view_of(begin, (size_t)(t->values.at - begin));
    return is_read;
}

int
tuple_read(struct tuple *tuple, struct view json, uint8_t space[TUPLE_TEXT_MAX])
{
    struct reading t = {.r = reader_of(json), .values = writer_of(space, TUPLE_TEXT_MAX)};
    bool is_more;

    *tuple = (struct tuple){.count = 0};
    if (skip_spaces(&t) != '[')
        return PASU_E_MALFORMED;
    do {
        reader_u8(&t.r); /* the bracket, then commas */
        if (!read_part(&t, tuple))
            return PASU_E_MALFORMED;
        is_more = skip_spaces(&t) == ',';
    } while (is_more);
    if (!take(&t, ']') || t.values.failed)
        return PASU_E_MALFORMED;
    (void)skip_spaces(&t);
    return reader_end(&t.r) == 0 ? 0 : PASU_E_MALFORMED;
}
