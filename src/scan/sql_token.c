/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/sql_token.h"

static bool
is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static bool
begins_word(uint8_t byte)
{
    return byte == '_' || byte >= 0x80 || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
}

/* "-- ": of MySQL's only with a space behind it, or "5--1" would be a comment. */
static bool
begins_line_comment(const uint8_t *at, const uint8_t *end, bool is_mysql)
{
    if (is_mysql && *at == '#')
        return true;
    return end - at >= 2 && at[0] == '-' && at[1] == '-' &&
           (!is_mysql || end - at == 2 || at[2] <= ' ');
}

/* MySQL runs what stands in a comment that begins with an exclamation mark. */
static bool
begins_comment(const uint8_t *at, const uint8_t *end, bool is_mysql)
{
    if (end - at < 2 || at[0] != '/' || at[1] != '*')
        return false;
    return !is_mysql || end - at < 3 ||
           (at[2] != '!' && (end - at < 4 || at[2] != 'M' || at[3] != '!'));
}

/* NULL: it has no end. */
static const uint8_t *
pass_comment(const uint8_t *at, const uint8_t *end, bool is_nested)
{
    unsigned depth = 0;

    do {
        bool is_open = end - at >= 2 && at[0] == '/' && at[1] == '*' && (is_nested || depth == 0);
        bool is_close = end - at >= 2 && at[0] == '*' && at[1] == '/';

        depth = depth + is_open - is_close;
        at += is_open || is_close ? 2 : 1;
    } while (depth > 0 && at < end);
    return depth == 0 ? at : NULL;
}

/* Over space and comments. */
static const uint8_t *
pass_space(const uint8_t *at, const uint8_t *end, bool is_mysql)
{
    while (at < end) {
        if (*at <= ' ') {
            at++;
        } else if (begins_line_comment(at, end, is_mysql)) {
            const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));

            at = newline != NULL ? newline : end;
        } else if (begins_comment(at, end, is_mysql)) {
            const uint8_t *behind = pass_comment(at, end, !is_mysql);

            if (behind == NULL)
                break; /* signs, which no template has: the statement goes on elsewhere */
            at = behind;
        } else {
            break;
        }
    }
    return at;
}

/* Up to the quote that ends it; a doubled one is part of it. */
static const uint8_t *
pass_quoted(const uint8_t *at, const uint8_t *end, uint8_t quote, bool has_escapes)
{
    while (at < end) {
        if (has_escapes && *at == '\\' && end - at >= 2)
            at += 2;
        else if (*at != quote)
            at++;
        else if (end - at >= 2 && at[1] == quote)
            at += 2;
        else
            break;
    }
    return at;
}

/* The text that was read up to `at`, and whether it can be read otherwise. */
static bool
is_doubtful(struct view text, uint8_t quote, const uint8_t *at, const uint8_t *end)
{
    bool is_number = true;

    if (at == end || (text.length > 0 && memchr(text.bytes, '\\', text.length) != NULL))
        return true;
    for (size_t i = 0; i < text.length; i++)
        is_number &= is_digit(text.bytes[i]);
    return quote == '"' && !is_number;
}

struct sql_token
sql_next_token(struct sql_rest *rest)
{
    bool is_mysql = rest->language == SQL_OF_MYSQL;
    const uint8_t *end = rest->text.bytes + rest->text.length,
                  *at = pass_space(rest->text.bytes, end, is_mysql), *start = at;
    struct sql_token token = {.what = SQL_END};

    if (at == end) {
        rest->text = view_of(end, 0);
        return token;
    }
    if (is_mysql && (*at == '\'' || *at == '"')) {
        uint8_t quote = *at;

        start = at + 1;
        at = pass_quoted(start, end, quote, true);
        token.what = SQL_TEXT;
        token.text = view_of(start, (size_t)(at - start));
        token.is_doubtful = is_doubtful(token.text, quote, at, end);
        at += at < end;
    } else if (*at == '\'' ||
               (!is_mysql && (*at | 0x20) == 'e' && end - at >= 2 && at[1] == '\'')) {
        bool has_escapes = *at != '\'';

        start = at + 1 + has_escapes;
        at = pass_quoted(start, end, '\'', has_escapes);
        token.what = SQL_TEXT;
        token.text = view_of(start, (size_t)(at - start));
        token.is_doubtful = at == end || (!has_escapes && is_doubtful(token.text, '\'', at, end));
        at += at < end;
    } else if (*at == '"' || *at == '`') {
        start = at + 1;
        at = pass_quoted(start, end, *at, false);
        token.what = SQL_WORD;
        token.is_quoted = true;
        token.text = view_of(start, (size_t)(at - start));
        at += at < end;
    } else if (*at == '$' && end - at >= 2 && is_digit(at[1])) {
        for (at++; at < end && is_digit(*at) && token.number < 100000; at++)
            token.number = token.number * 10 + (*at - (uint32_t)'0');
        token.what = SQL_PARAMETER;
    } else if (is_digit(*at)) {
        while (at < end && (is_digit(*at) || *at == '.'))
            at++;
        token.what = SQL_NUMBER;
        token.text = view_of(start, (size_t)(at - start));
    } else if (begins_word(*at)) {
        while (at < end && (begins_word(*at) || is_digit(*at) || *at == '$'))
            at++;
        token.what = SQL_WORD;
        token.text = view_of(start, (size_t)(at - start));
    } else {
        at++;
        token.what = SQL_SIGN;
        token.text = view_of(start, 1);
    }
    rest->text = view_of(at, (size_t)(end - at));
    return token;
}
