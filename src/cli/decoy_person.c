/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/decoy_person.h"

#include "policy/looks.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LOGIN_NUMBERS = 1000 }; /* of three digits */

struct word {
    const char *text, *latin; /* latin: also the beginning of a postcode */
    unsigned weight;
};

static const struct word families[] = {
#define FAMILY(weight, text, latin) {text, latin, weight},
#include "cli/decoy_word.def"
};
static const struct word syllables[] = {
#define GIVEN(text, latin) {text, latin, 1},
#include "cli/decoy_word.def"
};
static const struct word korean_roads[] = {
#define KOREAN_ROAD(text) {text, "", 1},
#include "cli/decoy_word.def"
};
static const struct word korean_places[] = {
#define KOREAN_PLACE(text, postcode) {text, postcode, 1},
#include "cli/decoy_word.def"
};
static const struct word firsts[] = {
#define FIRST(text) {text, text, 1},
#include "cli/decoy_word.def"
};
static const struct word lasts[] = {
#define LAST(text) {text, text, 1},
#include "cli/decoy_word.def"
};
static const struct word streets[] = {
#define STREET(text) {text, "", 1},
#include "cli/decoy_word.def"
};
static const struct word towns[] = {
#define TOWN(text, postcode) {text, postcode, 1},
#include "cli/decoy_word.def"
};

/* ---- chance ---- */

struct chance {
    uint32_t numbers[64];
    size_t at;
};

/* Below `end`, which is small: that it is not quite even does not matter. */
static unsigned
below(struct chance *chance, unsigned end)
{
    return chance->numbers[chance->at++ % COUNT_OF(chance->numbers)] % end;
}

static const struct word *
choose(struct chance *chance, const struct word *words, size_t count)
{
    unsigned all = 0, left;
    size_t at = 0;

    for (size_t i = 0; i < count; i++)
        all += words[i].weight;
    for (left = below(chance, all); left >= words[at].weight; at++)
        left -= words[at].weight;
    return &words[at];
}
#define CHOOSE(chance, words) choose(chance, words, COUNT_OF(words))

/* One of those that are left, each as likely as another: the nth of them. */
static uint32_t
draw(struct decoy_draw *d, struct chance *chance)
{
    uint32_t number = below(chance, d->end - (uint32_t)d->count);
    size_t at = 0;

    for (; at < d->count && number >= d->taken[at]; at++)
        number++;
    memmove(d->taken + at + 1, d->taken + at, (d->count - at) * sizeof(d->taken[0]));
    d->taken[at] = number;
    d->count++;
    return number;
}

/* ---- a person ---- */

static void
make_korean(struct decoy_person *p, struct chance *chance, uint32_t number)
{
    const struct word *family = CHOOSE(chance, families), *one = CHOOSE(chance, syllables);
    const struct word *other = CHOOSE(chance, syllables);
    const struct word *place = CHOOSE(chance, korean_places);

    snprintf(p->family, DECOY_TEXT_SIZE, "%s", family->text);
    snprintf(p->given, DECOY_TEXT_SIZE, "%s%s", one->text, other->text);
    snprintf(p->name, DECOY_TEXT_SIZE, "%s%s%s", family->text, one->text, other->text);
    snprintf(p->login, DECOY_TEXT_SIZE, "%s%s.%s%03u", one->latin, other->latin, family->latin,
             number);
    snprintf(p->address, DECOY_TEXT_SIZE, "%s %s %u", place->text,
             CHOOSE(chance, korean_roads)->text, 1 + below(chance, 180));
    snprintf(p->detail, DECOY_TEXT_SIZE, "%u동 %u%02u호", 101 + below(chance, 12),
             1 + below(chance, 19), 1 + below(chance, 6));
    snprintf(p->postcode, DECOY_TEXT_SIZE, "%s%02u", place->latin, below(chance, 100));
}

static void
make_english(struct decoy_person *p, struct chance *chance, uint32_t number)
{
    const struct word *first = CHOOSE(chance, firsts), *last = CHOOSE(chance, lasts);
    const struct word *town = CHOOSE(chance, towns);

    snprintf(p->family, DECOY_TEXT_SIZE, "%s", last->text);
    snprintf(p->given, DECOY_TEXT_SIZE, "%s", first->text);
    snprintf(p->name, DECOY_TEXT_SIZE, "%s %s", first->text, last->text);
    snprintf(p->login, DECOY_TEXT_SIZE, "%s.%s%03u", first->text, last->text, number);
    for (char *at = p->login; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    snprintf(p->address, DECOY_TEXT_SIZE, "%u %s, %s", 1 + below(chance, 240),
             CHOOSE(chance, streets)->text, town->text);
    snprintf(p->detail, DECOY_TEXT_SIZE, "Flat %u", 1 + below(chance, 30));
    snprintf(p->postcode, DECOY_TEXT_SIZE, "%s%02u", town->latin, below(chance, 100));
}

uint32_t
decoy_phone_numbers(const char *phone)
{
    uint32_t numbers = 1;

    for (; *phone != '\0' && numbers < DECOY_NUMBERS_MAX; phone++)
        numbers *= *phone == '#' ? 10 : 1;
    return numbers;
}

/* The digits of the number, and where there are places for more, chance. */
static void
make_phone(struct decoy_person *p, const char *range, uint32_t number, struct chance *chance)
{
    uint32_t left = decoy_phone_numbers(range);

    snprintf(p->phone, DECOY_TEXT_SIZE, "%.*s", DECOY_PHONE_MAX, range);
    for (char *at = p->phone; (at = strchr(at, '#')) != NULL; number /= 10, left /= 10)
        *at = (char)('0' + (left > 1 ? number % 10 : below(chance, 10)));
}

void
decoy_people_init(struct decoy_people *people, const struct decoy_style *style, const struct os *os)
{
    *people = (struct decoy_people){.style = style,
                                    .os = os,
                                    .phones = {.end = decoy_phone_numbers(style->phone)},
                                    .logins = {.end = LOGIN_NUMBERS}};
}

int
decoy_person_make(struct decoy_person *p, struct decoy_people *people)
{
    const struct decoy_style *style = people->style;
    struct chance chance = {.at = 0};
    int result;

    if (people->logins.count == DECOY_PERSONS_MAX ||
        (style->phone[0] != '\0' && people->phones.count == people->phones.end))
        return PASU_E_RANGE;
    result = people->os->random(people->os->arg, chance.numbers, sizeof(chance.numbers));
    if (result != 0)
        return result;
    if (style->is_english)
        make_english(p, &chance, draw(&people->logins, &chance));
    else
        make_korean(p, &chance, draw(&people->logins, &chance));
    snprintf(p->email, DECOY_TEXT_SIZE, "%.60s@%.100s", p->login, style->domain);
    p->phone[0] = '\0';
    if (style->phone[0] != '\0')
        make_phone(p, style->phone, draw(&people->phones, &chance), &chance);
    snprintf(p->birth, DECOY_TEXT_SIZE, "%u-%02u-%02u", 1955 + below(&chance, 50),
             1 + below(&chance, 12), 1 + below(&chance, 28));
    return 0;
}

bool
decoy_domain_is_well(const char *domain)
{
    size_t length = strlen(domain);

    return length > 0 && length <= DECOY_DOMAIN_MAX && domain[0] != '.' && domain[0] != '-' &&
           strspn(domain, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") ==
               length;
}

bool
decoy_phone_is_well(const char *phone)
{
    size_t length = strlen(phone), chosen = 0;

    for (size_t i = 0; i < length; i++)
        chosen += phone[i] == '#';
    return length <= DECOY_PHONE_MAX && chosen >= 2 && strspn(phone, "0123456789#+-(). ") == length;
}

/* ---- columns ---- */

static bool
has_word(const char *column, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcasestr(column, words[i]) != NULL)
            return true;
    return false;
}
#define HAS_WORD(column, words) has_word(column, words, COUNT_OF(words))

static const char *
name_of(const struct decoy_person *p, const char *column)
{
    static const char *const family[] = {"last", "sur", "family"};
    static const char *const given[] = {"first", "fore", "given"};
    static const char *const login[] = {"user", "nick", "login"};

    return HAS_WORD(column, family)  ? p->family
           : HAS_WORD(column, given) ? p->given
           : HAS_WORD(column, login) ? p->login
                                     : p->name;
}

static const char *
address_of(const struct decoy_person *p, const char *column)
{
    static const char *const postcode[] = {"zip", "post", "우편"};
    static const char *const detail[] = {"2", "detail", "상세"};

    return HAS_WORD(column, postcode) ? p->postcode
           : HAS_WORD(column, detail) ? p->detail
                                      : p->address;
}

enum decoy_fill
decoy_person_fill(const struct decoy_person *p, const struct decoy_style *style, const char *table,
                  const char *column, const char *field, const char **value)
{
    enum look look = look_of_name(table, column);

    if (look == LOOK_NONE)
        look = look_of_name(table, field);
    *value = look == LOOK_NAME      ? name_of(p, column)
             : look == LOOK_EMAIL   ? p->email
             : look == LOOK_PHONE   ? p->phone
             : look == LOOK_ADDRESS ? address_of(p, column)
             : look == LOOK_BIRTH   ? p->birth
                                    : NULL;
    if (*value == NULL)
        return DECOY_UNKNOWN;
    if (look == LOOK_EMAIL && style->domain[0] == '\0')
        return DECOY_NO_DOMAIN;
    return look == LOOK_PHONE && style->phone[0] == '\0' ? DECOY_NO_PHONE : DECOY_FILLED;
}

/* ---- one form ---- */

void
decoy_email_form(char form[DECOY_TEXT_SIZE], const char *text)
{
    size_t length = strlen(text);
    const char *at = strchr(text, '@');

    form[0] = '\0';
    if (at == NULL || at == text || at[1] == '\0' || length >= DECOY_TEXT_SIZE)
        return;
    for (size_t i = 0; i <= length; i++)
        form[i] = (char)tolower((unsigned char)text[i]);
}

void
decoy_phone_form(char form[DECOY_TEXT_SIZE], const char *text)
{
    char digits[DECOY_PHONE_MAX + 1];
    size_t count = 0;

    form[0] = '\0';
    for (; *text != '\0'; text++) {
        if (!isdigit((unsigned char)*text))
            continue;
        if (count == DECOY_PHONE_MAX)
            return;
        digits[count++] = *text;
    }
    digits[count] = '\0';
    if (count < 7)
        return;
    if (count > 9 && memcmp(digits, "82", 2) == 0) {
        if (digits[2] != '0')
            *form++ = '0';
        memcpy(form, digits + 2, count - 1);
        return;
    }
    memcpy(form, digits, count + 1);
}
