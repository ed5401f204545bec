/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/mask.h"

#include "base/utf8.h"

enum {
    NAME_MAX = 40,     /* characters */
    SYLLABLES_MAX = 8, /* of a name that is written in them */
    PHONE_LEAST = 8,
    PHONE_MOST = 15, /* E.164 */
    PHONE_TAIL = 4,
    PHONE_HIDDEN = 3, /* digits, at least */
    CARD_LEAST = 13,
    CARD_MOST = 19,
    CARD_SHOWN = 4, /* at either end */
    RESIDENT_DIGITS = 13,
    RESIDENT_SHOWN = 6,
    LOCAL_STARS = 3,
    NOBODY_IS_BORN_LATER = 99991231,
};

struct text {
    uint32_t characters[MASK_CHARACTERS_MAX];
    size_t count;
    struct view utf8;
};

/* False also for what no value of a known kind has. */
static bool
read_text(struct text *t, struct view utf8)
{
    *t = (struct text){.utf8 = utf8};
    while (utf8.length > 0) {
        uint32_t character;
        size_t n = utf8_first(utf8, &character);

        if (n == 0 || t->count == MASK_CHARACTERS_MAX || character < ' ' || character == 0x7f)
            return false;
        t->characters[t->count++] = character;
        utf8 = view_of(utf8.bytes + n, utf8.length - n);
    }
    return t->count > 0;
}

static bool
is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

static bool
is_letter(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0xc0;
}

static bool
is_hangul(uint32_t c)
{
    return c >= 0xac00 && c <= 0xd7a3;
}

/* Scripts whose names have few characters, each a syllable. */
static bool
is_syllable(uint32_t c)
{
    return is_hangul(c) || (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) ||
           (c >= 0x3041 && c <= 0x30ff);
}

/* ---- digits ---- */

/* How many digits there are, where the others are only what may stand between them. */
static size_t
count_digits(const struct text *t, const char *between)
{
    size_t digits = 0;

    for (size_t i = 0; i < t->count; i++) {
        uint32_t c = t->characters[i];

        if (is_digit(c))
            digits++;
        else if (c >= 0x80 || !strchr(between, (int)c))
            return 0;
    }
    return digits;
}

static void
star_digits(const struct text *t, size_t head, size_t tail, size_t digits, uint8_t *steps)
{
    size_t seen = 0;

    memset(steps, MASK_KEEP, t->count);
    for (size_t i = 0; i < t->count; i++)
        if (is_digit(t->characters[i])) {
            if (seen >= head && seen + tail < digits)
                steps[i] = MASK_STAR;
            seen++;
        }
}

/* The code of the network or the area; with that of the country, where it is before it. */
static size_t
phone_head(const struct text *t, size_t digits)
{
    const size_t subscriber = 8, most = 5;
    uint32_t first[2] = {0};

    for (size_t i = 0, n = 0; i < t->count && n < COUNT_OF(first); i++)
        if (is_digit(t->characters[i]))
            first[n++] = t->characters[i];
    if (t->characters[0] == '+' || (first[0] == '0' && first[1] == '0'))
        return digits < subscriber ? 0 : digits - subscriber < most ? digits - subscriber : most;
    if (first[0] != '0')
        return 0;
    if (first[1] == '2')
        return 2;
    return digits > 11 ? 4 : digits > 9 ? 3 : digits == 9 ? 2 : 0;
}

static bool
mask_phone(const struct text *t, uint8_t *steps)
{
    size_t digits = count_digits(t, "+-. ()/"), head;

    for (size_t i = 1; i < t->count; i++)
        if (t->characters[i] == '+')
            return false;
    if (digits < PHONE_LEAST || digits > PHONE_MOST)
        return false;
    head = phone_head(t, digits);
    if (head + PHONE_TAIL + PHONE_HIDDEN > digits)
        return false;
    star_digits(t, head, PHONE_TAIL, digits, steps);
    return true;
}

static bool
mask_card(const struct text *t, uint8_t *steps)
{
    size_t digits = count_digits(t, "- ");

    if (digits < CARD_LEAST || digits > CARD_MOST)
        return false;
    star_digits(t, CARD_SHOWN, CARD_SHOWN, digits, steps);
    return true;
}

static bool
mask_resident(const struct text *t, uint8_t *steps)
{
    if (count_digits(t, "- ") != RESIDENT_DIGITS)
        return false;
    star_digits(t, RESIDENT_SHOWN, 0, RESIDENT_DIGITS, steps);
    return true;
}

/* ---- words ---- */

static bool
mask_email(const struct text *t, uint8_t *steps)
{
    size_t at = 0;

    if (!(looks_of_value(t->utf8, NOBODY_IS_BORN_LATER) & LOOK_BIT(EMAIL)))
        return false;
    while (at < t->count && t->characters[at] != '@')
        at++;
    memset(steps, MASK_KEEP, t->count);
    for (size_t i = at > 1; i < at; i++)
        steps[i] = i <= LOCAL_STARS ? MASK_STAR : MASK_DROP;
    return at > 0;
}

/* All but the first and the last syllable; of two, but the first. */
static bool
mask_syllables(const struct text *t, uint8_t *steps)
{
    size_t syllables = 0, seen = 0;

    for (size_t i = 0; i < t->count; i++) {
        if (!is_syllable(t->characters[i]) && t->characters[i] != ' ')
            return false;
        syllables += t->characters[i] != ' ';
    }
    if (syllables == 0 || syllables > SYLLABLES_MAX)
        return false;
    for (size_t i = 0; i < t->count; i++) {
        bool is_end = seen == 0 ? syllables > 1 : seen + 1 == syllables && syllables > 2;

        if (t->characters[i] == ' ') {
            steps[i] = MASK_KEEP;
            continue;
        }
        steps[i] = is_end ? MASK_KEEP : MASK_STAR;
        seen++;
    }
    return true;
}

/* All but the first letter of each word that has several. */
static bool
mask_words(const struct text *t, uint8_t *steps)
{
    const uint32_t *c = t->characters;
    size_t letters = 0;

    for (size_t i = 0; i < t->count; i++) {
        bool is_first = is_letter(c[i]) && (i == 0 || !is_letter(c[i - 1]));
        bool is_alone = i + 1 == t->count || !is_letter(c[i + 1]);

        if (!is_letter(c[i]) && (c[i] >= 0x80 || !strchr(" -.,'", (int)c[i])))
            return false;
        letters += is_letter(c[i]);
        steps[i] = !is_letter(c[i]) || (is_first && !is_alone) ? MASK_KEEP : MASK_STAR;
    }
    return letters > 0;
}

static bool
mask_name(const struct text *t, uint8_t *steps)
{
    return t->count <= NAME_MAX && (mask_syllables(t, steps) || mask_words(t, steps));
}

/* The end of the word that begins at `at`. */
static size_t
word_end(const struct text *t, size_t at)
{
    while (at < t->count && t->characters[at] != ' ')
        at++;
    return at;
}

/* A word of Hangul, of at least two syllables, the last of which is one of these; or all of it is
 * one of `others`. */
static bool
is_place(const struct text *t, size_t from, size_t to, const char *ends, const char *const *others)
{
    uint32_t last;
    struct view rest = view_of_text(ends), word;
    size_t before = 0, length;

    if (to - from < 2 || to - from > 8)
        return false;
    for (size_t i = from; i < to; i++)
        if (!is_hangul(t->characters[i]))
            return false;
    for (size_t n; (n = utf8_first(rest, &last)) > 0;
         rest = view_of(rest.bytes + n, rest.length - n))
        if (t->characters[to - 1] == last)
            return true;
    for (size_t i = 0; i < from; i++) /* Hangul has three bytes, a space one */
        before += t->characters[i] == ' ' ? 1 : 3;
    length = 3 * (to - from);
    word = view_of(t->utf8.bytes + before, length);
    for (; others && *others; others++)
        if (view_equal(word, view_of_text(*others)))
            return true;
    return false;
}

/* A street and what follows it say who lives there; a district, with a hundred thousand others,
 * does not. */
static bool
mask_address(const struct text *t, uint8_t *steps)
{
    static const char *const regions[] = {"서울", "부산", "대구", "인천", "광주", "대전",
                                          "울산", "세종", "경기", "강원", "충북", "충남",
                                          "전북", "전남", "경북", "경남", "제주", NULL};
    size_t region = word_end(t, 0), district;

    if (region == t->count || !is_place(t, 0, region, "시도", regions))
        return false;
    district = word_end(t, region + 1);
    if (district == t->count || !is_place(t, region + 1, district, "시군구", NULL))
        district = region;
    memset(steps, MASK_KEEP, district + 1);
    memset(steps + district + 1, MASK_DROP, t->count - district - 1);
    for (size_t i = district + 1; i < t->count && i <= district + LOCAL_STARS; i++)
        steps[i] = MASK_STAR;
    return district + 1 < t->count;
}

/* ---- all of them ---- */

/* What any value may be, whatever its field is called: a telephone number is then only what can
 * hardly be anything else. */
static bool
mask_by_looks(const struct text *t, uint8_t *steps)
{
    uint32_t looks = looks_of_value(t->utf8, NOBODY_IS_BORN_LATER);

    return ((looks & LOOK_BIT(EMAIL)) && mask_email(t, steps)) ||
           ((looks & LOOK_BIT(PHONE)) && mask_phone(t, steps));
}

size_t
mask_steps(enum look look, struct view utf8, uint8_t steps[MASK_CHARACTERS_MAX])
{
    struct text t;
    bool is_masked = false;

    if (!read_text(&t, utf8))
        return 0;
    switch (look) {
    case LOOK_NAME:
        is_masked = mask_name(&t, steps);
        break;
    case LOOK_PHONE:
        is_masked = mask_phone(&t, steps);
        break;
    case LOOK_EMAIL:
        is_masked = mask_email(&t, steps);
        break;
    case LOOK_ADDRESS:
        is_masked = mask_address(&t, steps);
        break;
    case LOOK_CARD:
        return mask_card(&t, steps) ? t.count : 0;
    case LOOK_RESIDENT:
        return mask_resident(&t, steps) ? t.count : 0;
    case LOOK_PASSPORT:
    case LOOK_LICENCE:
    case LOOK_ACCOUNT:
    case LOOK_BIRTH:
        return 0;
    default:
        break;
    }
    return is_masked || mask_by_looks(&t, steps) ? t.count : 0;
}
