/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/text.h"

#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <wchar.h>

void
text_init(void)
{
    if (setlocale(LC_CTYPE, "") == NULL || strcmp(nl_langinfo(CODESET), "ANSI_X3.4-1968") == 0)
        setlocale(LC_CTYPE, "C.UTF-8");
}

bool
text_is_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* The first character of v, which is not empty; 0 bytes if it is no UTF-8 (RFC 3629: no overlong
 * forms, no surrogates, at most U+10FFFF). */
static size_t
utf8_decode(struct view v, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = v.bytes[0];
    size_t n = first < 0x80             ? 1
               : (first & 0xE0) == 0xC0 ? 2
               : (first & 0xF0) == 0xE0 ? 3
               : (first & 0xF8) == 0xF0 ? 4
                                        : 0;
    uint32_t c = n == 1 ? first : n == 0 ? 0 : first & (0x7FU >> n);

    if (n == 0 || n > v.length)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((v.bytes[i] & 0xC0) != 0x80)
            return 0;
        c = c << 6 | (v.bytes[i] & 0x3FU);
    }
    if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return 0;
    *code = c;
    return n;
}

/* Characters without a shape of their own that change how others are read: soft hyphen, Arabic
 * letter mark, Mongolian vowel separator, zero-width spaces and joiners, directional marks,
 * embeddings, overrides and isolates, line and paragraph separators, byte order mark, interlinear
 * annotations, tags. */
static bool
is_invisible(uint32_t c)
{
    static const uint32_t ranges[][2] = {{0xAD, 0xAD},     {0x61C, 0x61C},   {0x180E, 0x180E},
                                         {0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F},
                                         {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE0FFF}};

    for (size_t i = 0; i < COUNT_OF(ranges); i++)
        if (c >= ranges[i][0] && c <= ranges[i][1])
            return true;
    return false;
}

/* How the character of `n` bytes (0: a byte that is no UTF-8) is written; at most 11 bytes. */
static void
escape_one(char out[16], struct view v, size_t n, uint32_t code)
{
    static const char plain[] = "\n\r\t\\", letters[] = "nrt\\";
    const char *found = n == 1 && code != 0 ? strchr(plain, (int)code) : NULL;

    if (found != NULL)
        snprintf(out, 16, "\\%c", letters[found - plain]);
    else if (n == 0 || code < 0x20 || code == 0x7F)
        snprintf(out, 16, "\\x%02x", v.bytes[0]);
    else if (n > 1 && (!text_is_utf8() || is_invisible(code) || wcwidth((wchar_t)code) < 0))
        snprintf(out, 16, "\\u{%" PRIx32 "}", code);
    else
        snprintf(out, 16, "%.*s", (int)n, (const char *)v.bytes);
}

void
text_escape(char *out, size_t size, struct view v)
{
    size_t used = 0;

    if (size == 0)
        return;
    while (v.length > 0) {
        uint32_t code = 0;
        size_t n = utf8_decode(v, &code);
        char one[16];
        size_t length;

        escape_one(one, v, n, code);
        length = strlen(one);
        if (used + length >= size)
            break;
        memcpy(out + used, one, length);
        used += length;
        n = n > 0 ? n : 1;
        v = view_of(v.bytes + n, v.length - n);
    }
    out[used] = '\0';
}

/* Bytes and columns of the first character of an escaped text that is not empty. */
static size_t
character(const char *at, size_t *columns)
{
    uint32_t code = 0;
    size_t n = utf8_decode(view_of_text(at), &code);
    int width = n > 1 ? wcwidth((wchar_t)code) : 1;

    *columns = width > 0 ? (size_t)width : 0;
    return n > 0 ? n : 1;
}

size_t
text_columns(const char *escaped)
{
    size_t sum = 0, one;

    while (*escaped != '\0') {
        escaped += character(escaped, &one);
        sum += one;
    }
    return sum;
}

void
text_cut(char *escaped, size_t columns)
{
    const char *ellipsis = text_is_utf8() ? "\xE2\x80\xA6" : "~";
    size_t used = 0, one;
    char *at = escaped;

    if (text_columns(escaped) <= columns)
        return;
    for (;;) {
        size_t n = character(at, &one);

        if (used + one > columns - 1)
            break;
        used += one;
        at += n;
    }
    memcpy(at, ellipsis, strlen(ellipsis) + 1);
}

void
text_count(char *out, size_t size, uint64_t n)
{
    char digits[24];
    size_t length, used = 0;

    snprintf(digits, sizeof(digits), "%" PRIu64, n);
    length = strlen(digits);
    for (size_t i = 0; i < length && used + 2 < size; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            out[used++] = ',';
        out[used++] = digits[i];
    }
    if (size > 0)
        out[used] = '\0';
}

void
text_bytes(char *out, size_t size, uint64_t n)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    size_t unit = 0;
    double value = (double)n;

    while (value >= 1023.5 && unit + 1 < COUNT_OF(units)) {
        value /= 1024;
        unit++;
    }
    snprintf(out, size, unit > 0 && value < 9.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

void
text_duration(char *out, size_t size, int64_t seconds)
{
    if (seconds < 0)
        seconds = 0;
    if (seconds < 60)
        snprintf(out, size, "%" PRId64 "s", seconds);
    else if (seconds < 3600)
        snprintf(out, size, "%" PRId64 "m %02" PRId64 "s", seconds / 60, seconds % 60);
    else if (seconds < 86400)
        snprintf(out, size, "%" PRId64 "h %02" PRId64 "m", seconds / 3600, seconds / 60 % 60);
    else
        snprintf(out, size, "%" PRId64 "d %02" PRId64 "h", seconds / 86400, seconds / 3600 % 24);
}

void
text_wrap(FILE *file, const char *text, unsigned indent, unsigned width)
{
    unsigned column = 0; /* 0: nothing on this line yet */

    while (*text != '\0') {
        size_t spaces = strspn(text, " "), length;

        text += spaces;
        if (text[0] == '\n') {
            bool is_paragraph = text[1] == '\n';

            fputs(is_paragraph ? "\n\n" : "\n", file);
            text += is_paragraph ? 2 : 1;
            column = 0;
            continue;
        }
        length = strcspn(text, " \n");
        if (length == 0)
            break;
        if (column > 0 && column + 1 + length > width) {
            fputc('\n', file);
            column = 0;
        }
        if (column == 0) {
            fprintf(file, "%*s", (int)indent, "");
            column = indent;
        } else {
            fputc(' ', file);
            column++;
        }
        fwrite(text, 1, length, file);
        column += (unsigned)length;
        text += length;
    }
    fputc('\n', file);
}
