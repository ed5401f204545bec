/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/claim.h"

#include "base/utf8.h"

/* ---- the comment ---- */

static bool
is_blank(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Before blanks, and a semicolon among them. */
static size_t
end_of(struct view text)
{
    size_t end = text.length;

    while (end > 0 && (is_blank(text.bytes[end - 1]) || text.bytes[end - 1] == ';'))
        end--;
    return end;
}

size_t
claim_at(struct view text)
{
    size_t end = end_of(text);

    if (end < 4 || text.bytes[end - 1] != '/' || text.bytes[end - 2] != '*')
        return text.length;
    for (size_t at = end - 2; at-- > 0;) {
        uint8_t c = text.bytes[at], next = text.bytes[at + 1];

        if (c == '*' && next == '/') /* one within the other */
            return text.length;
        if (c == '/' && next == '*')
            return at + 2 <= end - 2 ? at : text.length;
    }
    return text.length;
}

/* ---- its pairs ---- */

static int
digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* URL-encoded, with \' for a quote; as much as there is room for. */
static struct view
decoded(struct view from, uint8_t *to, size_t size)
{
    size_t length = 0;

    for (size_t i = 0; i < from.length && length < size; i++) {
        uint8_t c = from.bytes[i];

        if (c == '%' && i + 2 < from.length && digit(from.bytes[i + 1]) >= 0 &&
            digit(from.bytes[i + 2]) >= 0) {
            c = (uint8_t)(digit(from.bytes[i + 1]) << 4 | digit(from.bytes[i + 2]));
            i += 2;
        } else if (c == '\\' && i + 1 < from.length) {
            c = from.bytes[++i];
        }
        to[length++] = c;
    }
    return view_of(to, length);
}

/* The end of a value whose quote has been opened before `at`; the length where it has none. */
static size_t
value_end(struct view pairs, size_t at)
{
    while (at < pairs.length && pairs.bytes[at] != '\'')
        at += pairs.bytes[at] == '\\' && at + 1 < pairs.length ? 2 : 1;
    return at < pairs.length ? at : pairs.length;
}

void
claim_put(char *text, size_t size, struct view value)
{
    size_t length = 0;

    while (length < value.length) {
        uint32_t character;
        size_t step = utf8_first(view_of(value.bytes + length, value.length - length), &character);

        if (length + (step ? step : 1) >= size)
            break;
        if (step == 0 || value.bytes[length] < ' ' || value.bytes[length] == 0x7f)
            text[length++] = '?';
        else
            for (size_t end = length + step; length < end; length++)
                text[length] = (char)value.bytes[length];
    }
    text[length] = '\0';
}

/* ---- what is meant ---- */

enum key { KEY_ACTOR, KEY_PURPOSE, KEY_SOURCE, KEYS };

/* Names of keys, of each key the one that counts most first. */
static const struct {
    const char *name;
    enum key key;
} names[] = {
    {"actor", KEY_ACTOR},          {"pasu.actor", KEY_ACTOR}, {"user", KEY_ACTOR},
    {"user.id", KEY_ACTOR},        {"enduser.id", KEY_ACTOR}, {"purpose", KEY_PURPOSE},
    {"pasu.purpose", KEY_PURPOSE}, {"source", KEY_SOURCE},    {"pasu.source", KEY_SOURCE},
};

static size_t
rank_of(struct view key)
{
    size_t rank = 0;

    while (rank < COUNT_OF(names) && !view_equal(key, view_of_text(names[rank].name)))
        rank++;
    return rank;
}

struct reading {
    struct claim *claim;
    size_t best[KEYS];
    unsigned purposes;
};

static bool
is_purpose(struct view value)
{
    for (size_t i = 0; i < value.length; i++) {
        uint8_t c = value.bytes[i], small = c | 0x20;
        bool is_letter = small >= 'a' && small <= 'z' && (c & 0x40) != 0;

        if (!is_letter && !(c >= '0' && c <= '9') && (c == '\0' || !strchr("_.:/#-", c)))
            return false;
    }
    return value.length > 0 && value.length < CLAIM_TEXT_MAX;
}

static void
take(struct reading *r, size_t rank, struct view value)
{
    struct claim *claim = r->claim;

    if (rank == COUNT_OF(names) || value.length == 0)
        return;
    if (names[rank].key == KEY_PURPOSE) {
        claim->purpose[0] = '\0';
        if (r->purposes++ == 0 && is_purpose(value))
            claim_put(claim->purpose, sizeof(claim->purpose), value);
        return;
    }
    if (rank >= r->best[names[rank].key])
        return;
    r->best[names[rank].key] = rank;
    if (names[rank].key == KEY_ACTOR)
        claim_put(claim->actor, sizeof(claim->actor), value);
    else
        claim_put(claim->source, sizeof(claim->source), value);
}

/* The pairs of a comment. */
static void
read_pairs(struct reading *r, struct view pairs)
{
    uint8_t key[16], value[4 * CLAIM_SOURCE_MAX];
    size_t at = 0;

    while (at < pairs.length) {
        size_t begin, end, rank;

        while (at < pairs.length && (is_blank(pairs.bytes[at]) || pairs.bytes[at] == ','))
            at++;
        begin = at;
        while (at < pairs.length && pairs.bytes[at] != '=')
            at++;
        if (at + 1 >= pairs.length)
            break;
        /* One byte more than the longest name: a longer key is none of them. */
        rank = rank_of(decoded(view_of(pairs.bytes + begin, at - begin), key, sizeof(key)));
        begin = at + 1;
        if (pairs.bytes[begin] == '\'') {
            end = value_end(pairs, ++begin);
            if (end == pairs.length)
                break;
            take(r, rank, decoded(view_of(pairs.bytes + begin, end - begin), value, sizeof(value)));
            at = end + 1;
        } else if (rank < COUNT_OF(names) && names[rank].key == KEY_PURPOSE) {
            for (end = begin;
                 end < pairs.length && !is_blank(pairs.bytes[end]) && pairs.bytes[end] != ',';)
                end++;
            take(r, rank, view_of(pairs.bytes + begin, end - begin));
            at = end;
        } else {
            break;
        }
    }
}

/* The comment that the text begins with; empty where there is none, or it has another in it. */
static struct view
first_comment(struct view text)
{
    size_t at = 0;

    while (at < text.length && is_blank(text.bytes[at]))
        at++;
    if (text.length - at < 4 || text.bytes[at] != '/' || text.bytes[at + 1] != '*')
        return view_of(text.bytes, 0);
    at += 2;
    for (size_t end = at; end + 1 < text.length; end++) {
        if (text.bytes[end] == '/' && text.bytes[end + 1] == '*')
            break;
        if (text.bytes[end] == '*' && text.bytes[end + 1] == '/')
            return view_of(text.bytes + at, end - at);
    }
    return view_of(text.bytes, 0);
}

static void
read_first(struct claim *claim, struct view comment)
{
    struct claim other = {{0}, {0}, {0}};
    struct reading r = {.claim = &other};

    read_pairs(&r, comment);
    memcpy(claim->purpose, other.purpose, sizeof(claim->purpose));
}

bool
claim_read(struct claim *claim, struct view text)
{
    struct reading r = {.claim = claim,
                        .best = {COUNT_OF(names), COUNT_OF(names), COUNT_OF(names)}};
    size_t from = claim_at(text);

    claim->actor[0] = claim->purpose[0] = claim->source[0] = '\0';
    if (PASU_UNLIKELY(from != text.length))
        read_pairs(&r, view_of(text.bytes + from + 2, end_of(text) - 2 - (from + 2)));
    if (r.purposes == 0) {
        struct view first = first_comment(text);

        if (PASU_UNLIKELY(first.length > 0))
            read_first(claim, first);
    }
    return claim->actor[0] != '\0' || claim->purpose[0] != '\0' || claim->source[0] != '\0';
}
