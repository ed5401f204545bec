/* SPDX-License-Identifier: Apache-2.0 */
#include "console/request.h"

#include "base/attributes.h"

#include <stdlib.h>

static const struct {
    const char *method, *path;
} routes[] = {
#define X(id, method, path) {method, path},
#include "console/route.def"
#undef X
};

enum route
request_route(const char *method, const char *path)
{
    enum route found = ROUTE_NONE;

    if (strcmp(method, "HEAD") == 0)
        method = "GET";
    for (size_t i = 0; i < COUNT_OF(routes); i++) {
        if (strcmp(routes[i].path, path) != 0)
            continue;
        if (strcmp(routes[i].method, method) == 0)
            return (enum route)i;
        found = ROUTE_OTHER_METHOD;
    }
    return found;
}

/* ---- language ---- */

/* In thousandths; 1000 where none is written. */
static int
quality_of(const char *range, size_t length)
{
    const char *q = memmem(range, length, "q=", 2);
    int quality = 0, scale = 1000;

    if (q == NULL)
        return 1000;
    for (q += 2; q < range + length && scale > 0; q++) {
        if (*q == '.')
            continue;
        if (*q < '0' || *q > '9')
            break;
        quality += (*q - '0') * scale;
        scale /= 10;
    }
    return quality;
}

static bool
is_language(const char *range, size_t length, const char *tag)
{
    return length >= 2 && strncasecmp(range, tag, 2) == 0 &&
           (length == 2 || strchr("-; \t", range[2]) != NULL);
}

enum inquiry_language
request_language(const char *chosen, const char *accepted)
{
    int korean = 0, english = 0;

    if (chosen != NULL && strcmp(chosen, "ko") == 0)
        return INQUIRY_KOREAN;
    if (chosen != NULL && strcmp(chosen, "en") == 0)
        return INQUIRY_ENGLISH;
    for (const char *at = accepted; at != NULL && *at != '\0';) {
        size_t length;

        at += strspn(at, " \t,");
        length = strcspn(at, ",");
        if (is_language(at, length, "ko") && quality_of(at, length) > korean)
            korean = quality_of(at, length);
        if (is_language(at, length, "en") && quality_of(at, length) > english)
            english = quality_of(at, length);
        at += length;
    }
    return korean > 0 && korean >= english ? INQUIRY_KOREAN : INQUIRY_ENGLISH;
}

/* ---- forms ---- */

static int
digit_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte of a value, and how many it takes. */
static uint8_t
byte_at(struct view value, size_t i, size_t *taken)
{
    uint8_t c = value.bytes[i];

    *taken = 1;
    if (c == '+')
        return ' ';
    if (c == '%' && i + 2 < value.length && digit_of(value.bytes[i + 1]) >= 0 &&
        digit_of(value.bytes[i + 2]) >= 0) {
        *taken = 3;
        return (uint8_t)(digit_of(value.bytes[i + 1]) * 16 + digit_of(value.bytes[i + 2]));
    }
    return c;
}

static void
decode(char *out, size_t size, struct view value)
{
    size_t used = 0, taken;

    for (size_t i = 0; i < value.length && used + 1 < size; i += taken) {
        uint8_t c = byte_at(value, i, &taken);

        if (c != 0)
            out[used++] = (char)c;
    }
    out[used] = '\0';
}

bool
request_form(char *out, size_t size, struct view body, const char *name)
{
    size_t name_length = strlen(name);

    out[0] = '\0';
    for (size_t at = 0; at < body.length;) {
        const uint8_t *begin = body.bytes + at;
        const uint8_t *end = memchr(begin, '&', body.length - at);
        size_t length = end != NULL ? (size_t)(end - begin) : body.length - at;

        if (length > name_length && memcmp(begin, name, name_length) == 0 &&
            begin[name_length] == '=') {
            decode(out, size, view_of(begin + name_length + 1, length - name_length - 1));
            return true;
        }
        at += length + 1;
    }
    return false;
}

/* ---- tokens ---- */

bool
request_token(uint8_t token[INQUIRY_TOKEN_SIZE], const char *text)
{
    if (text == NULL || strlen(text) != 2 * INQUIRY_TOKEN_SIZE)
        return false;
    for (size_t i = 0; i < INQUIRY_TOKEN_SIZE; i++) {
        int high = digit_of((uint8_t)text[2 * i]), low = digit_of((uint8_t)text[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        token[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

void
request_token_text(char text[2 * INQUIRY_TOKEN_SIZE + 1], const uint8_t token[INQUIRY_TOKEN_SIZE])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < INQUIRY_TOKEN_SIZE; i++) {
        text[2 * i] = digits[token[i] >> 4];
        text[2 * i + 1] = digits[token[i] & 15];
    }
    text[2 * INQUIRY_TOKEN_SIZE] = '\0';
}

bool
request_forwarded(char *out, size_t size, const char *header)
{
    const char *last = header != NULL ? strrchr(header, ',') : NULL;
    size_t length;

    last = last != NULL ? last + 1 : header;
    if (last == NULL)
        return false;
    last += strspn(last, " \t");
    length = strcspn(last, " \t");
    if (length == 0 || length >= size)
        return false;
    memcpy(out, last, length);
    out[length] = '\0';
    return true;
}
