/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/looks.h"

enum {
    VALUE_MAX = 512, /* what is longer is no such value by itself */
    DIGITS_MAX = 24,
    GROUPS_MAX = 8,
    EMAIL_MAX = 254, /* RFC 5321 with its erratum 1690 */
    LABEL_MAX = 63,
    RESIDENT_DIGITS = 13,
    RANDOM_SINCE = 20201001, /* resident registration numbers: the last six digits are random */
};

static bool
is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool
is_alpha(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static struct view
trim(struct view v)
{
    while (v.length > 0 && v.bytes[0] <= ' ') {
        v.bytes++;
        v.length--;
    }
    while (v.length > 0 && v.bytes[v.length - 1] <= ' ')
        v.length--;
    return v;
}

/* ---- e-mail addresses ---- */

static bool
is_domain(const uint8_t *at, const uint8_t *end)
{
    size_t labels = 0, length = 0, letters = 0;

    for (; at < end; at++) {
        if (*at == '.') {
            if (length == 0 || length > LABEL_MAX || at[-1] == '-')
                return false;
            labels++;
            length = letters = 0;
        } else if (is_alpha(*at) || is_digit(*at) || (*at == '-' && length > 0)) {
            letters += is_alpha(*at);
            length++;
        } else {
            return false;
        }
    }
    return labels > 0 && length >= 2 && letters == length; /* the last one is no number */
}

static bool
is_email(struct view v)
{
    const uint8_t *at = v.bytes, *end = v.bytes + v.length;

    if (v.length > EMAIL_MAX || v.length == 0 || *at == '.')
        return false;
    while (at < end && (is_alpha(*at) || is_digit(*at) ||
                        (*at != 0 && strchr(".!#$%&'*+/=?^_`{|}~-", *at) != NULL)))
        at++;
    return at > v.bytes && at < end && *at == '@' && at[-1] != '.' && is_domain(at + 1, end);
}

/* ---- numbers: digits in groups ---- */

struct number {
    char digits[DIGITS_MAX + 1];
    size_t count;
    size_t groups[GROUPS_MAX]; /* how many digits each has */
    size_t group_count;
    bool is_international; /* "+" before it */
    char separator;        /* the first one; 0: none */
};

/* Digits with one hyphen, dot or space between groups, and brackets around one. */
static bool
number_read(struct number *n, struct view v)
{
    bool is_open = false;

    *n = (struct number){.count = 0};
    for (size_t i = 0; i < v.length; i++) {
        uint8_t c = v.bytes[i];
        uint8_t before = i > 0 ? v.bytes[i - 1] : 0;

        if (is_digit(c)) {
            if (n->count == DIGITS_MAX)
                return false;
            if (!is_digit(before) && n->group_count++ == GROUPS_MAX)
                return false;
            n->digits[n->count++] = (char)c;
            n->groups[n->group_count - 1]++;
        } else if (c == '+' && i == 0) {
            n->is_international = true;
        } else if (c == '(' && !is_open && !is_digit(before)) {
            is_open = true;
        } else if (c == ')' && is_open && is_digit(before)) {
            is_open = false;
            n->separator = n->separator ? n->separator : ')';
        } else if ((c == '-' || c == '.' || c == ' ') && (is_digit(before) || before == ')')) {
            n->separator = n->separator ? n->separator : (char)c;
        } else {
            return false;
        }
    }
    return n->count > 0 && !is_open && is_digit(v.bytes[v.length - 1]);
}

static unsigned
digit(const struct number *n, size_t at)
{
    return (unsigned)(n->digits[at] - '0');
}

static bool
begins(const struct number *n, const char *prefix)
{
    return strncmp(n->digits, prefix, strlen(prefix)) == 0;
}

/* ---- telephone numbers ---- */

/* How many digits the area or network has that a Korean number begins with; 0: none. */
static size_t
area_of(const struct number *n)
{
    static const char *const areas[] = {"010", "011", "016", "017", "018", "019", "031", "032",
                                        "033", "041", "042", "043", "044", "051", "052", "053",
                                        "054", "055", "061", "062", "063", "064", "070"};

    if (begins(n, "02"))
        return 2;
    if (begins(n, "050") && n->count > 10)
        return 4; /* 0502 to 0508: numbers that stand for another one */
    for (size_t i = 0; i < COUNT_OF(areas); i++)
        if (begins(n, areas[i]))
            return 3;
    return 0;
}

static bool
is_national(const struct number *n)
{
    size_t area = area_of(n), rest = n->count - area;

    if (area == 0 || (rest != 7 && rest != 8) || n->digits[area] == '0')
        return false;
    if (begins(n, "010") && rest != 8)
        return false;
    /* Whole, or in its three groups. */
    return n->group_count == 1 ||
           (n->group_count == 3 && n->groups[0] == area && n->groups[2] == 4);
}

static bool
is_phone(const struct number *n)
{
    struct number national = {.group_count = 1};

    if (n->separator == '.' && n->group_count != 3)
        return false;
    if (!n->is_international)
        return is_national(n);
    if (!begins(n, "82")) /* E.164; no country's number is shorter */
        return n->count >= 9 && n->count <= 15 && n->digits[0] != '0';
    national.digits[0] = '0';
    national.count = n->count - 2 + 1;
    if (n->count < 4 || national.count > DIGITS_MAX)
        return false;
    memcpy(national.digits + 1, n->digits + 2, n->count - 2);
    if (n->digits[2] == '0') { /* "+82 (0)10 …" */
        memmove(national.digits, national.digits + 1, national.count);
        national.count--;
    }
    return is_national(&national);
}

/* ---- resident registration numbers ---- */

static bool
is_date(unsigned year, unsigned month, unsigned day)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month >= 1 && month <= 12 && day >= 1 &&
           day <= days[month - 1] + (unsigned)(month == 2 && is_leap);
}

/* The birth that the number tells, as 19800229; 0: none. */
static uint32_t
birth_of(const struct number *n, uint32_t today)
{
    static const uint16_t centuries[] = {1800, 1900, 1900, 2000, 2000,
                                         1900, 1900, 2000, 2000, 1800};
    unsigned year = centuries[digit(n, 6)] + digit(n, 0) * 10 + digit(n, 1);
    unsigned month = digit(n, 2) * 10 + digit(n, 3), day = digit(n, 4) * 10 + digit(n, 5);
    uint32_t birth = year * 10000 + month * 100 + day;

    return is_date(year, month, day) && birth <= today ? birth : 0;
}

/* The check digit, of citizens and of foreigners (sex digit 5 to 8). */
static bool
has_check_digit(const struct number *n)
{
    static const uint8_t weights[] = {2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5};
    unsigned sum = 0, foreign = digit(n, 6) >= 5 && digit(n, 6) <= 8 ? 2 : 0;

    for (size_t i = 0; i < COUNT_OF(weights); i++)
        sum += digit(n, i) * weights[i];
    return (11 - sum % 11 + foreign) % 10 == digit(n, RESIDENT_DIGITS - 1);
}

static bool
is_written_as_resident(const struct number *n)
{
    return n->count == RESIDENT_DIGITS && n->group_count == 2 && n->groups[0] == 6 &&
           n->separator == '-' && !n->is_international;
}

static bool
is_resident(const struct number *n, uint32_t today)
{
    bool is_written_so = is_written_as_resident(n);
    uint32_t birth;

    if (!is_written_so &&
        (n->count != RESIDENT_DIGITS || n->group_count != 1 || n->is_international))
        return false;
    birth = birth_of(n, today);
    return birth != 0 && (has_check_digit(n) || (is_written_so && birth >= RANDOM_SINCE));
}

/* ---- card numbers ---- */

/* ISO/IEC 7812-1, annex B */
static bool
has_luhn(const struct number *n)
{
    unsigned sum = 0;

    for (size_t i = 0; i < n->count; i++) {
        unsigned one = digit(n, n->count - 1 - i) << (i % 2);

        sum += one > 9 ? one - 9 : one;
    }
    return sum % 10 == 0;
}

/* The beginnings that card networks have, and how long their numbers are. */
static bool
is_of_a_network(const struct number *n)
{
    static const struct {
        uint16_t from, to; /* of the first four digits */
        uint8_t least, most;
    } networks[] = {
        {2221, 2720, 16, 16}, {3000, 3059, 14, 14}, {3400, 3499, 15, 15}, {3528, 3589, 16, 19},
        {3600, 3699, 14, 14}, {3700, 3799, 15, 15}, {3800, 3899, 14, 14}, {4000, 4999, 16, 16},
        {5100, 5599, 16, 16}, {6011, 6011, 16, 19}, {6200, 6299, 16, 19}, {6440, 6599, 16, 19},
    };
    unsigned first = digit(n, 0) * 1000 + digit(n, 1) * 100 + digit(n, 2) * 10 + digit(n, 3);

    for (size_t i = 0; i < COUNT_OF(networks); i++)
        if (first >= networks[i].from && first <= networks[i].to && n->count >= networks[i].least &&
            n->count <= networks[i].most)
            return true;
    return false;
}

static bool
is_written_as_card(const struct number *n)
{
    bool is_grouped =
        n->group_count == 1 || (n->group_count >= 4 && n->groups[0] == 4 && n->groups[1] == 4) ||
        (n->group_count == 3 && n->groups[0] == 4 && (n->groups[1] == 6 || n->groups[1] == 5));

    return n->count >= 14 && n->count <= 19 && !n->is_international && n->separator != '.' &&
           n->separator != ')' && is_grouped;
}

static bool
is_card(const struct number *n)
{
    return is_written_as_card(n) && is_of_a_network(n) && has_luhn(n);
}

/* ---- addresses ---- */

static bool
ends_with(struct view v, const char *end)
{
    size_t length = strlen(end);

    return v.length > length && memcmp(v.bytes + v.length - length, end, length) == 0;
}

static bool
is_province(struct view v)
{
    static const char *const names[] = {"서울", "부산", "대구", "인천", "광주", "대전", "울산",
                                        "세종", "경기", "강원", "충북", "충남", "전북", "전남",
                                        "경북", "경남", "제주", "충청", "전라", "경상"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (v.length >= strlen(names[i]) && memcmp(v.bytes, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* "테헤란로", "테헤란로14길", "역삼동", "수지읍"; with a number of its own, "세종대로110", too. */
static bool
is_street(struct view v)
{
    static const char *const ends[] = {"로", "길", "동", "읍", "면", "리", "가"};

    while (v.length > 0 && (is_digit(v.bytes[v.length - 1]) || v.bytes[v.length - 1] == '-' ||
                            v.bytes[v.length - 1] == ','))
        v.length--;
    for (size_t i = 0; i < COUNT_OF(ends); i++)
        if (ends_with(v, ends[i]))
            return true;
    return false;
}

static bool
is_english_street(struct view v)
{
    static const char *const words[] = {"street", "st",  "st.",  "avenue", "ave",   "ave.",
                                        "road",   "rd",  "rd.",  "lane",   "drive", "boulevard",
                                        "blvd",   "-ro", "-gil", "-dong"};

    while (v.length > 0 && v.bytes[v.length - 1] == ',')
        v.length--;
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        size_t length = strlen(words[i]);

        if (words[i][0] == '-'
                ? v.length > length &&
                      strncasecmp((const char *)v.bytes + v.length - length, words[i], length) == 0
                : v.length == length && strncasecmp((const char *)v.bytes, words[i], length) == 0)
            return true;
    }
    return false;
}

/* The next word, and what is left. */
static struct view
next_word(struct view *rest)
{
    struct view word;

    *rest = trim(*rest);
    word = *rest;
    word.length = 0;
    while (word.length < rest->length && rest->bytes[word.length] > ' ')
        word.length++;
    rest->bytes += word.length;
    rest->length -= word.length;
    return word;
}

static bool
is_address(struct view v)
{
    bool has_province = false, has_district = false, has_street = false, has_english = false;
    size_t words = 0, numbers = 0;

    while (v.length > 0) {
        struct view word = next_word(&v);

        if (word.length == 0)
            break;
        if (words++ == 0)
            has_province = is_province(word);
        has_street |= has_district && is_street(word);
        has_district |= ends_with(word, "시") || ends_with(word, "군") || ends_with(word, "구");
        has_english |= words > 1 && is_english_street(word);
        numbers += is_digit(word.bytes[0]);
    }
    return (has_district && has_street && (has_province || numbers > 0)) ||
           (has_english && numbers > 0 && words <= 16);
}

/* ---- values ---- */

uint32_t
looks_of_value(struct view value, uint32_t today)
{
    struct number number;
    uint32_t looks = 0;

    value = trim(value);
    if (value.length == 0 || value.length > VALUE_MAX)
        return 0;
    if (is_email(value))
        looks |= LOOK_BIT(EMAIL);
    if (is_address(value))
        looks |= LOOK_BIT(ADDRESS);
    if (!number_read(&number, value))
        return looks;
    if (is_phone(&number))
        looks |= LOOK_BIT(PHONE);
    if (is_resident(&number, today))
        looks |= LOOK_BIT(RESIDENT);
    if (is_card(&number))
        looks |= LOOK_BIT(CARD);
    return looks;
}

static bool
is_between(uint8_t c)
{
    return c <= ' ' || strchr(",;:/\\\"'()[]{}<>|", c) != NULL;
}

/* Numbers without a hyphen can be anything there. */
static uint32_t
look_at_word(struct view word, uint32_t today, uint32_t *others)
{
    uint32_t looks = looks_of_value(word, today) & ~LOOK_BIT(ADDRESS);
    struct number number;

    if (memchr(word.bytes, '-', word.length) == NULL)
        return looks & LOOK_BIT(EMAIL);
    if (looks == 0 && number_read(&number, word)) {
        if (is_written_as_resident(&number))
            *others |= LOOK_BIT(RESIDENT);
        if (is_written_as_card(&number))
            *others |= LOOK_BIT(CARD);
    }
    return looks;
}

uint32_t
looks_within(struct view value, uint32_t today, uint32_t *others)
{
    uint32_t looks = 0;
    size_t at = 0;

    *others = 0;
    while (at < value.length) {
        size_t from = at;

        while (at < value.length && !is_between(value.bytes[at]))
            at++;
        while (at > from && value.bytes[at - 1] == '.')
            at--;
        if (at > from)
            looks |= look_at_word(view_of(value.bytes + from, at - from), today, others);
        while (at < value.length && (is_between(value.bytes[at]) || value.bytes[at] == '.'))
            at++;
    }
    return looks;
}
