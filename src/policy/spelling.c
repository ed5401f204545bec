/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/spelling.h"

#include "base/utf8.h"

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

/* Fullwidth ASCII, blanks, dashes and dots of other scripts as ASCII; 0: leave it out. */
static uint32_t
plain_character(uint32_t c)
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

size_t
spelling_plain(uint8_t *out, size_t size, struct view value)
{
    struct plain p = {.out = out, .size = size};

    while (value.length > 0) {
        uint32_t character, both;
        size_t length = utf8_first(value, &character);

        if (length == 0)
            return 0;
        value.bytes += length;
        value.length -= length;
        character = plain_character(character);
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
        } else if (c == 0 || strchr(" -.()/", c) == NULL) {
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
        return (size_t)snprintf(out, PHONE_SIZE, "0%.29s", rest);
    }
    if (is_international)
        return (size_t)snprintf(out, PHONE_SIZE, "+%.30s", digits);
    /* A spreadsheet took it for a number, and its zero is gone. */
    if (digits[0] == '1' && count >= 9 && count <= 10)
        return (size_t)snprintf(out, PHONE_SIZE, "0%.30s", digits);
    return digits[0] == '0' && count >= 9 ? (size_t)snprintf(out, PHONE_SIZE, "%.31s", digits) : 0;
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

static void
add_phone(struct spellings *s, const char *digits, size_t count)
{
    static const char *const between[] = {"", "-", " ", "."};
    int area = strncmp(digits, "02", 2) == 0                  ? 2
               : strncmp(digits, "050", 3) == 0 && count > 11 ? 4
                                                              : 3;
    int middle = (int)count - area - 4;
    const char *last = digits + count - 4;
    char text[64];
    int length;

    if (middle < 3 || middle > 4) {
        add(s, view_of(digits, count));
        return;
    }
    for (size_t b = 0; b < COUNT_OF(between); b++) {
        length = snprintf(text, sizeof(text), "%.*s%s%.*s%s%s", area, digits, between[b], middle,
                          digits + area, between[b], last);
        add(s, view_of(text, (size_t)length));
    }
    for (size_t b = 0; b < 3; b++) {
        length = snprintf(text, sizeof(text), "+82%s%.*s%s%.*s%s%s", between[b], area - 1,
                          digits + 1, between[b], middle, digits + area, between[b], last);
        add(s, view_of(text, (size_t)length));
    }
    length = snprintf(text, sizeof(text), "+82 %.*s-%.*s-%s", area - 1, digits + 1, middle,
                      digits + area, last);
    add(s, view_of(text, (size_t)length));
    length = snprintf(text, sizeof(text), "82%.*s%.*s%s", area - 1, digits + 1, middle,
                      digits + area, last);
    add(s, view_of(text, (size_t)length));
    length =
        snprintf(text, sizeof(text), "(%.*s) %.*s-%s", area, digits, middle, digits + area, last);
    add(s, view_of(text, (size_t)length));
}

/* ---- all ---- */

void
spellings_of(struct spellings *s, struct view value)
{
    uint8_t plain[SPELLING_SIZE];
    size_t length = spelling_plain(plain, sizeof(plain), value);
    char phone[PHONE_SIZE];
    size_t digits = spelling_phone(phone, view_of(plain, length));

    s->count = 0;
    s->longer = (struct view){NULL, 0};
    if (length == 0) {
        s->longer = value;
        s->count = 1;
        return;
    }
    add(s, view_of(plain, length));
    add(s, value);
    if (digits > 0 && phone[0] == '0')
        add_phone(s, phone, digits);
    else if (digits > 0)
        add(s, view_of(phone, digits));
    for (size_t i = 0; i < length; i++)
        if (plain[i] >= 'A' && plain[i] <= 'Z')
            plain[i] |= 0x20;
    if (memchr(plain, '@', length) != NULL)
        add(s, view_of(plain, length));
}
