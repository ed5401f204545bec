/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/catalog_scan.h"

static bool
is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool
is_name_start(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static bool
is_name_part(uint8_t c)
{
    return is_name_start(c) || is_digit(c) || c == '$';
}

static bool
is_operator_part(uint8_t c)
{
    return c != '\0' && strchr("~!@#^&|`?+-*/%<>=", c) != NULL;
}

/* Without these in it, an operator of several characters does not end in + or -. */
static bool
is_operator_special(uint8_t c)
{
    return c != '\0' && strchr("~!@#^&|`?%", c) != NULL;
}

static uint8_t
peek(const struct scan *s, size_t ahead)
{
    return (size_t)(s->end - s->at) > ahead ? s->at[ahead] : '\0';
}

static enum scan_kind
unsure(struct scan *s)
{
    s->at = s->end;
    return SCAN_UNSURE;
}

/* Block comments nest. False where one does not end. */
static bool
skip_comment(struct scan *s)
{
    size_t depth = 0;

    do {
        if (s->at == s->end)
            return false;
        if (peek(s, 0) == '/' && peek(s, 1) == '*') {
            depth++;
            s->at += 2;
        } else if (peek(s, 0) == '*' && peek(s, 1) == '/') {
            depth--;
            s->at += 2;
        } else {
            s->at++;
        }
    } while (depth > 0);
    return true;
}

static bool
skip_blank(struct scan *s)
{
    for (;;) {
        if (s->at < s->end && is_space(*s->at)) {
            s->at++;
        } else if (peek(s, 0) == '-' && peek(s, 1) == '-') {
            while (s->at < s->end && *s->at != '\n' && *s->at != '\r')
                s->at++;
        } else if (peek(s, 0) == '/' && peek(s, 1) == '*') {
            if (!skip_comment(s))
                return false;
        } else {
            return true;
        }
    }
}

/* Behind the opening quote. A backslash before a quote has two readings unless it is E'…'. */
static enum scan_kind
scan_literal(struct scan *s, bool has_escapes)
{
    while (s->at < s->end) {
        uint8_t c = *s->at++;

        if (c == '\\' && has_escapes && s->at < s->end) {
            s->at++;
        } else if (c == '\\' && !has_escapes && peek(s, 0) == '\'') {
            break;
        } else if (c == '\'') {
            if (peek(s, 0) != '\'')
                return SCAN_LITERAL;
            s->at++;
        }
    }
    return unsure(s);
}

static void
keep(struct scan *s, size_t *length, uint8_t c)
{
    if (*length < SCAN_NAME_SIZE - 1)
        s->name[(*length)++] = (char)c;
    s->name[*length] = '\0';
}

static enum scan_kind
scan_quoted(struct scan *s)
{
    size_t length = 0;

    s->name[0] = '\0';
    while (s->at < s->end) {
        uint8_t c = *s->at++;

        if (c == '"') {
            if (peek(s, 0) != '"')
                return SCAN_QUOTED;
            s->at++;
        }
        keep(s, &length, c);
    }
    return unsure(s);
}

static enum scan_kind
scan_word(struct scan *s)
{
    size_t length = 0;

    s->has_high_bytes = false;
    while (s->at < s->end && is_name_part(*s->at)) {
        uint8_t c = *s->at++;

        s->has_high_bytes |= c >= 0x80;
        keep(s, &length, c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c);
    }
    return SCAN_WORD;
}

/* $tag$ … $tag$; the tag has no dollar in it. */
static enum scan_kind
scan_dollar(struct scan *s)
{
    const uint8_t *tag = s->at;
    size_t length = 1;

    if (is_digit(peek(s, 1))) {
        for (s->at++; s->at < s->end && is_digit(*s->at); s->at++)
            ;
        return SCAN_NUMBER;
    }
    while (peek(s, length) != '$' && is_name_part(peek(s, length)))
        length++;
    if (peek(s, length) != '$') {
        s->name[0] = '$';
        s->name[1] = '\0';
        s->at++;
        return SCAN_OTHER;
    }
    length++;
    for (s->at += length; (size_t)(s->end - s->at) >= length; s->at++)
        if (*s->at == '$' && memcmp(s->at, tag, length) == 0) {
            s->at += length;
            return SCAN_LITERAL;
        }
    return unsure(s);
}

static enum scan_kind
scan_operator(struct scan *s)
{
    size_t length = 0, kept = 0;
    bool is_special = false;

    while (is_operator_part(peek(s, length)) &&
           !(peek(s, length) == '-' && peek(s, length + 1) == '-') &&
           !(peek(s, length) == '/' && peek(s, length + 1) == '*'))
        is_special |= is_operator_special(peek(s, length++));
    while (length > 1 && !is_special && (s->at[length - 1] == '+' || s->at[length - 1] == '-'))
        length--;
    for (size_t i = 0; i < length; i++)
        keep(s, &kept, *s->at++);
    return SCAN_OPERATOR;
}

/* B'…', E'…', N'…', X'…', U&'…' and U&"…": letters that belong to what follows. */
static enum scan_kind
scan_letter(struct scan *s)
{
    uint8_t c = peek(s, 0) | 0x20, next = peek(s, 1);

    if (next == '\'' && (c == 'b' || c == 'e' || c == 'n' || c == 'x')) {
        s->at += 2;
        return scan_literal(s, c == 'e');
    }
    if (c == 'u' && next == '&' && peek(s, 2) == '\'') {
        s->at += 3;
        return scan_literal(s, false);
    }
    if (c == 'u' && next == '&' && peek(s, 2) == '"')
        return unsure(s);
    return scan_word(s);
}

static enum scan_kind
scan_one(struct scan *s)
{
    uint8_t c;

    if (!skip_blank(s))
        return unsure(s);
    if (s->at == s->end)
        return SCAN_END;
    c = *s->at;
    if (is_name_start(c))
        return scan_letter(s);
    if (c == '\'') {
        s->at++;
        return scan_literal(s, false);
    }
    if (c == '"') {
        s->at++;
        return scan_quoted(s);
    }
    if (c == '$')
        return scan_dollar(s);
    if (is_digit(c)) { /* letters behind a number begin a name: 1FROM, before 15 */
        while (s->at < s->end && (is_digit(*s->at) || *s->at == '.'))
            s->at++;
        return SCAN_NUMBER;
    }
    if (is_operator_part(c))
        return scan_operator(s);
    s->at++;
    s->name[0] = (char)c;
    s->name[1] = '\0';
    return SCAN_OTHER;
}

enum scan_kind
scan_next(struct scan *s)
{
    if (s->kind != SCAN_UNSURE)
        s->kind = scan_one(s);
    return s->kind;
}
