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
claim_put(char actor[CLAIM_TEXT_MAX], struct view value)
{
    size_t length = 0;

    while (length < value.length) {
        uint32_t character;
        size_t step = utf8_first(view_of(value.bytes + length, value.length - length), &character);

        if (length + (step ? step : 1) >= CLAIM_TEXT_MAX)
            break;
        if (step == 0 || value.bytes[length] < ' ' || value.bytes[length] == 0x7f)
            actor[length++] = '?';
        else
            for (size_t end = length + step; length < end; length++)
                actor[length] = (char)value.bytes[length];
    }
    actor[length] = '\0';
}

/* Names of keys, the one that counts most first. */
static const char *const names[] = {"actor", "pasu.actor", "user", "user.id", "enduser.id"};

static size_t
rank_of(struct view key)
{
    size_t rank = 0;

    while (rank < COUNT_OF(names) && !view_equal(key, view_of_text(names[rank])))
        rank++;
    return rank;
}

bool
claim_read(struct claim *claim, struct view text)
{
    uint8_t key[16], value[4 * CLAIM_TEXT_MAX];
    size_t from = claim_at(text), at = 0, best = COUNT_OF(names);
    struct view pairs;

    claim->actor[0] = '\0';
    if (PASU_LIKELY(from == text.length))
        return false;
    pairs = view_of(text.bytes + from + 2, end_of(text) - 2 - (from + 2));
    while (at < pairs.length) {
        size_t begin, end, rank;

        while (at < pairs.length && (is_blank(pairs.bytes[at]) || pairs.bytes[at] == ','))
            at++;
        begin = at;
        while (at < pairs.length && pairs.bytes[at] != '=')
            at++;
        if (at + 1 >= pairs.length || pairs.bytes[at + 1] != '\'')
            break;
        end = value_end(pairs, at + 2);
        if (end == pairs.length)
            break;
        /* One byte more than the longest name: a longer key is none of them. */
        rank = rank_of(decoded(view_of(pairs.bytes + begin, at - begin), key, sizeof(key)));
        if (rank < best && end > at + 2) {
            best = rank;
            claim_put(claim->actor,
                      decoded(view_of(pairs.bytes + at + 2, end - at - 2), value, sizeof(value)));
        }
        at = end + 1;
    }
    return claim->actor[0] != '\0';
}
