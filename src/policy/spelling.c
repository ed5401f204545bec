/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/spelling.h"

#include "base/utf8.h"
#include "exposure/identity.h"

enum {
    PHONE_SIZE = 32,
    /* The Unicode Standard, 3.12: leading consonants, vowels, trailing consonants, syllables. */
    JAMO_L = 0x1100,
    JAMO_V = 0x1161,
    JAMO_T = 0x11a7,
    SYLLABLES = 0xac00,
    L_COUNT = 19,
    V_COUNT = 21,
    T_COUNT = 28,
};

/* ---- one form ---- */

uint32_t
spelling_character(uint32_t c)
{
    if (c >= 0xff01 && c <= 0xff5e)
        return c - 0xff01 + '!';
    switch (c) {
    case 0x200b: /* zero width */
    case 0x200c:
    case 0x200d:
    case 0x200e:
    case 0x200f:
    case 0x2060:
    case 0xfeff:
    case 0xad: /* soft hyphen */
        return 0;
    case 0xa0:
    case 0x2007:
    case 0x2009:
    case 0x202f:
    case 0x3000:
    case '\t':
        return ' ';
    case 0x2010: /* hyphens and dashes, the minus, the long vowel's sign */
    case 0x2011:
    case 0x2012:
    case 0x2013:
    case 0x2014:
    case 0x2015:
    case 0x2212:
    case 0x30fc:
    case 0xff70:
    case 0xfe63:
        return '-';
    case 0xb7:
    case 0x3002:
    case 0x30fb:
    case 0xff61:
        return '.';
    default:
        return c;
    }
}

/* Two characters that are one together; 0: they are not. */
static uint32_t
compose(uint32_t a, uint32_t b)
{
    if (a >= JAMO_L && a < JAMO_L + L_COUNT && b >= JAMO_V && b < JAMO_V + V_COUNT)
        return SYLLABLES + ((a - JAMO_L) * V_COUNT + (b - JAMO_V)) * T_COUNT;
    if (a >= SYLLABLES && a < SYLLABLES + L_COUNT * V_COUNT * T_COUNT &&
        (a - SYLLABLES) % T_COUNT == 0 && b > JAMO_T && b < JAMO_T + T_COUNT)
        return a + (b - JAMO_T);
    return 0;
}

/* Writes characters, one behind; the last one waits for what it may be composed with. */
struct plain {
    uint8_t *out;
    size_t size, used, kept; /* up to the last that is no blank */
    uint32_t last;           /* 0: none */
};

static bool
put_last(struct plain *p)
{
    uint8_t bytes[4];
    size_t length = p->last == 0 ? 0 : utf8_put(bytes, p->last);

    if (length > p->size - p->used)
        return false;
    memcpy(p->out + p->used, bytes, length);
    p->used += length;
    if (p->last != ' ' && p->last != 0)
        p->kept = p->used;
    return true;
}

static inline bool
is_syllable(const uint8_t *at)
{
    uint32_t c = (at[0] & 0xfU) << 12 | (at[1] & 0x3fU) << 6 | (at[2] & 0x3fU);

    return at[0] >> 4 == 0xe && at[1] >> 6 == 2 && at[2] >> 6 == 2 && c >= SYLLABLES &&
           c < SYLLABLES + L_COUNT * V_COUNT * T_COUNT;
}

/* As most values are, which need no more than blanks cut off: ASCII and whole syllables. */
static bool
is_plain(struct view value)
{
    const uint8_t *at = value.bytes, *end = at + value.length;

    while (at < end)
        if (*at >= ' ' && *at < 0x80)
            at++;
        else if (end - at >= 3 && is_syllable(at))
            at += 3;
        else
            return false;
    return true;
}

static size_t
trim(uint8_t *out, size_t size, struct view value)
{
    while (value.length > 0 && value.bytes[0] == ' ')
        value = view_of(value.bytes + 1, value.length - 1);
    while (value.length > 0 && value.bytes[value.length - 1] == ' ')
        value.length--;
    if (value.length > size)
        return 0;
    memcpy(out, value.bytes, value.length);
    return value.length;
}

size_t
spelling_plain(uint8_t *out, size_t size, struct view value)
{
    struct plain p = {.out = out, .size = size};

    if (is_plain(value))
        return trim(out, size, value);
    while (value.length > 0) {
        uint32_t character, both;
        size_t length = utf8_first(value, &character);

        if (length == 0)
            return 0;
        value.bytes += length;
        value.length -= length;
        character = spelling_character(character);
        if (character == 0 || (character == ' ' && p.used == 0 && p.last == 0))
            continue;
        both = compose(p.last, character);
        if (both == 0 && !put_last(&p))
            return 0;
        p.last = both != 0 ? both : character;
    }
    return put_last(&p) ? p.kept : 0;
}

/* ---- telephone numbers ---- */

/* What may stand between digits. */
static bool
is_between(uint8_t c)
{
    return c == '-' || c == ' ' || c == '.' || c == '(' || c == ')' || c == '/';
}

/* The digits, and whether "+" or "00" stands before them; 0: it is no number. */
static size_t
read_digits(char digits[PHONE_SIZE], struct view plain, bool *is_international)
{
    size_t count = 0;

    *is_international = false;
    for (size_t i = 0; i < plain.length; i++) {
        uint8_t c = plain.bytes[i];

        if (c >= '0' && c <= '9') {
            if (count == PHONE_SIZE - 1)
                return 0;
            digits[count++] = (char)c;
        } else if (c == '+' && count == 0) {
            *is_international = true;
        } else if (!is_between(c)) {
            return 0;
        }
    }
    if (!*is_international && count > 2 && digits[0] == '0' && digits[1] == '0') {
        *is_international = true;
        count -= 2;
        memmove(digits, digits + 2, count);
    }
    digits[count] = '\0';
    return count;
}

/* At most 15 digits, behind what stands before them. */
static size_t
put_digits(char out[PHONE_SIZE], char before, const char *digits, size_t count)
{
    out[0] = before;
    memcpy(out + 1, digits, count);
    out[count + 1] = '\0';
    return count + 1;
}

size_t
spelling_phone(char out[PHONE_SIZE], struct view plain)
{
    char digits[PHONE_SIZE];
    bool is_international;
    size_t count = read_digits(digits, plain, &is_international);
    const char *rest = digits;

    if (count < 8 || count > 15)
        return 0;
    /* "82" and no "+": as exports lose it, where nothing else can begin so. */
    if (digits[0] == '8' && digits[1] == '2' && (is_international || count >= 10)) {
        rest += 2;
        rest += *rest == '0'; /* "+82 (0)10" */
        return put_digits(out, '0', rest, count - (size_t)(rest - digits));
    }
    if (is_international)
        return put_digits(out, '+', digits, count);
    /* A spreadsheet took it for a number, and its zero is gone. */
    if (digits[0] == '1' && count >= 9 && count <= 10)
        return put_digits(out, '0', digits, count);
    return digits[0] == '0' && count >= 9 ? put_digits(out, '0', digits + 1, count - 1) : 0;
}

static void
add(struct spellings *s, struct view text)
{
    for (size_t i = 0; i < s->count; i++)
        if (view_equal(spellings_at(s, i), text))
            return;
    if (s->count == SPELLINGS_MAX || text.length > SPELLING_SIZE || text.length == 0)
        return;
    memcpy(s->texts[s->count], text.bytes, text.length);
    s->lengths[s->count++] = (uint16_t)text.length;
}

/* What stands before the area's code, which is without its zero then, between the groups. Of texts
 * that are shorter than their room all of it is copied, which costs less than to look how long. */
struct form {
    char before[4], between[2][2];
    uint8_t before_length, between_length[2], skipped;
};

static const struct form forms[] = {
    {"", {"", ""}, 0, {0, 0}, 0},
    {"", {"-", "-"}, 0, {1, 1}, 0},
    {"", {" ", " "}, 0, {1, 1}, 0},
    {"", {".", "."}, 0, {1, 1}, 0},
    {"+82", {"", ""}, 3, {0, 0}, 1},
    {{'+', '8', '2', '-'}, {"-", "-"}, 4, {1, 1}, 1},
    {{'+', '8', '2', ' '}, {" ", " "}, 4, {1, 1}, 1},
    {{'+', '8', '2', ' '}, {"-", "-"}, 4, {1, 1}, 1},
    {"82", {"", ""}, 2, {0, 0}, 1},
    {"(", {{')', ' '}, "-"}, 1, {2, 1}, 0},
};

static uint8_t *
put(uint8_t *to, const void *bytes, size_t room, size_t length)
{
    memcpy(to, bytes, room);
    return to + length;
}

/* Where an area's code has `area` digits, and the group behind it `middle`. */
static size_t
write_form(uint8_t *text, const struct form *form, const char *digits, size_t area, size_t middle)
{
    uint8_t *to = put(text, form->before, sizeof(form->before), form->before_length);

    to = put(to, digits + form->skipped, 4, area - form->skipped);
    to = put(to, form->between[0], sizeof(form->between[0]), form->between_length[0]);
    to = put(to, digits + area, 4, middle);
    to = put(to, form->between[1], sizeof(form->between[1]), form->between_length[1]);
    to = put(to, digits + area + middle, 4, 4);
    return (size_t)(to - text);
}

enum { ALL_WAYS = (1 << COUNT_OF(forms)) - 1, WAYS_ARE_KNOWN = 1 << 15 };

/* Which forms have one of the shapes: that depends on how long the groups are alone. */
static unsigned
ways_of(struct spellings *s, const char *digits, size_t area, size_t middle, uint64_t shapes)
{
    uint16_t *ways = &s->ways[area - 2][middle - 3];
    uint8_t text[SPELLING_SIZE];

    if (shapes == 0)
        return ALL_WAYS;
    if (s->shapes != shapes)
        memset(s->ways, 0, sizeof(s->ways));
    s->shapes = shapes;
    if (*ways != 0)
        return *ways;
    *ways = (uint16_t)WAYS_ARE_KNOWN;
    for (size_t f = 0; f < COUNT_OF(forms); f++) {
        size_t length = write_form(text, &forms[f], digits, area, middle);

        if ((shapes >> identity_shape(view_of(text, length)) & 1) != 0)
            *ways = (uint16_t)(*ways | 1U << f);
    }
    return *ways;
}

/* They differ from each other, so only those that were there before are compared. */
static void
add_phone(struct spellings *s, const char *digits, size_t count, uint64_t shapes)
{
    size_t area = strncmp(digits, "02", 2) == 0                  ? 2
                  : strncmp(digits, "050", 3) == 0 && count > 11 ? 4
                                                                 : 3;
    size_t middle = count < area + 4 ? 0 : count - area - 4, earlier = s->count;
    unsigned ways;

    if (middle < 3 || middle > 4) {
        add(s, view_of(digits, count));
        return;
    }
    ways = ways_of(s, digits, area, middle, shapes);
    for (size_t f = 0; f < COUNT_OF(forms) && s->count < SPELLINGS_MAX; f++) {
        uint8_t *text = s->texts[s->count];
        bool is_new = true;
        size_t length;

        if ((ways >> f & 1) == 0)
            continue;
        length = write_form(text, &forms[f], digits, area, middle);
        for (size_t i = 0; is_new && i < earlier; i++)
            is_new = !view_equal(spellings_at(s, i), view_of(text, length));
        s->lengths[s->count] = (uint16_t)length;
        s->count += is_new;
    }
}

/* In small letters. */
static void
add_small(struct spellings *s, struct view plain)
{
    uint8_t text[SPELLING_SIZE];
    bool is_small = true;

    for (size_t i = 0; is_small && i < plain.length; i++)
        is_small = plain.bytes[i] < 'A' || plain.bytes[i] > 'Z';
    if (is_small)
        return;
    for (size_t i = 0; i < plain.length; i++)
        text[i] =
            (uint8_t)(plain.bytes[i] | (plain.bytes[i] >= 'A' && plain.bytes[i] <= 'Z' ? 0x20 : 0));
    add(s, view_of(text, plain.length));
}

/* ---- all ---- */

void
spellings_of(struct spellings *s, struct view value)
{
    spellings_shaped(s, value, 0);
}

void
spellings_shaped(struct spellings *s, struct view value, uint64_t shapes)
{
    uint8_t *plain = s->texts[0]; /* where it stays: no room is cleared for it first */
    size_t length = spelling_plain(plain, SPELLING_SIZE, value);
    char phone[PHONE_SIZE];
    size_t digits = spelling_phone(phone, view_of(plain, length));

    s->count = 1;
    s->lengths[0] = (uint16_t)length;
    s->longer = (struct view){NULL, 0};
    if (length == 0) {
        s->longer = value;
        return;
    }
    add(s, value);
    if (digits > 0 && phone[0] == '0')
        add_phone(s, phone, digits, shapes);
    else if (digits > 0)
        add(s, view_of(phone, digits));
    if (memchr(plain, '@', length) != NULL)
        add_small(s, view_of(plain, length));
}
