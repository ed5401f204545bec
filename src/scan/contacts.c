/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/contacts.h"

#include "base/memory.h"
#include "base/utf8.h"
#include "policy/spelling.h"
#include "scan/find.h"

enum {
    RAW_SIZE = 128 << 10,
    TEXT_SIZE = RAW_SIZE + 4 * CONTACTS_REACH,
    ESCAPE = 6, /* \uXXXX */
    LOCAL_MAX = 64,
    DOMAIN_MAX = 255,
    GROUPS_TRIED = 6, /* "0082 (0) 10 1234 5678", and one to spare */
    BETWEEN_MAX = 3,  /* between two groups */
    DIGITS_LEAST = 8,
    DIGITS_MOST = 15,
    NATIONAL_MOST = 12, /* 0505-1234-5678 */
};

/* What a byte can be part of. */
enum { OF_NUMBER = 1, OF_ADDRESS = 2, IS_DIGIT = 4, IS_LETTER = 8, BEGINS = 16, GOES_ON = 32 };

static const uint8_t classes[256] = {
    ['0' ... '9'] = OF_NUMBER | OF_ADDRESS | IS_DIGIT | BEGINS,
    ['a' ... 'z'] = OF_ADDRESS | IS_LETTER | GOES_ON,
    ['A' ... 'Z'] = OF_ADDRESS | IS_LETTER | GOES_ON,
    ['@'] = OF_ADDRESS | BEGINS | GOES_ON,
    ['-'] = OF_NUMBER | OF_ADDRESS,
    ['.'] = OF_NUMBER | OF_ADDRESS,
    ['+'] = OF_NUMBER | OF_ADDRESS,
    [' '] = OF_NUMBER,
    ['('] = OF_NUMBER,
    [')'] = OF_NUMBER,
    ['_'] = OF_ADDRESS | GOES_ON,
    ['%'] = OF_ADDRESS,
};

static inline bool
is(uint8_t byte, unsigned class)
{
    return (classes[byte] & class) != 0;
}

int
contacts_init(struct contacts *c, contacts_fn *see, void *arg)
{
    *c = (struct contacts){.see = see, .arg = arg};
    c->raw = memory_new(RAW_SIZE, 1);
    c->text = memory_new(TEXT_SIZE, 1);
    return c->raw != NULL && c->text != NULL ? 0 : PASU_E_NOMEM;
}

void
contacts_release(struct contacts *c)
{
    if (c->raw != NULL)
        memory_wipe(c->raw, RAW_SIZE);
    if (c->text != NULL)
        memory_wipe(c->text, TEXT_SIZE);
    memory_free(c->raw);
    memory_free(c->text);
    *c = (struct contacts){.begin = 0};
}

/* ---- one form ---- */

/* The first byte that is no ASCII, or a backslash. */
static const uint8_t *
find_special(const uint8_t *at, const uint8_t *end)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (; end - at >= 8; at += 8) {
        uint64_t word, found;

        memcpy(&word, at, sizeof(word));
        found = (word & (FIND_ONES << 7)) | find_zero(word ^ FIND_ONES * '\\');
        if (found != 0)
            return at + (__builtin_ctzll(found) >> 3);
    }
#endif
    while (at < end && *at < 0x80 && *at != '\\')
        at++;
    return at;
}

static uint8_t *
put(uint8_t *to, uint32_t character)
{
    character = spelling_character(character);
    return character == 0 ? to : to + utf8_put(to, character);
}

static bool
read_hex(const uint8_t *digits, uint32_t *number)
{
    *number = 0;
    for (size_t i = 0; i < 4; i++) {
        unsigned digit = digits[i] - '0', letter = (digits[i] | 0x20U) - 'a';

        if (digit > 9 && letter > 5)
            return false;
        *number = *number << 4 | (digit <= 9 ? digit : letter + 10);
    }
    return true;
}

/* A backslash, and what it stands before: how many bytes that is; 0: its rest is not there yet. */
static size_t
take_escape(const uint8_t *at, size_t length, bool is_last, uint8_t **to)
{
    uint32_t character;

    if (length < ESCAPE && !is_last)
        return 0;
    if (length >= ESCAPE && at[1] == 'u' && read_hex(at + 2, &character)) {
        if (character == 0 || (character >= 0xd800 && character < 0xe000))
            *(*to)++ = '\n'; /* what is above U+FFFF is of no contact */
        else
            *to = put(*to, character);
        return ESCAPE;
    }
    *(*to)++ = '\n';
    return length >= 2 && strchr("nrtbf\\\"/", at[1]) != NULL && at[1] != '\0' ? 2 : 1;
}

/* The same of a character that is not ASCII. */
static size_t
take_character(const uint8_t *at, size_t length, bool is_last, uint8_t **to)
{
    size_t wanted = *at >= 0xf0 ? 4 : *at >= 0xe0 ? 3 : 2, taken;
    uint32_t character;

    if (*at < 0xc2 || *at > 0xf4) {
        *(*to)++ = '\n';
        return 1;
    }
    if (length < wanted && !is_last)
        return 0;
    taken = utf8_first(view_of(at, length), &character);
    if (taken == 0)
        *(*to)++ = '\n';
    else
        *to = put(*to, character);
    return taken == 0 ? 1 : taken;
}

/* Copies what is from U+A000 on up to the surrogates, as Hangul is, which is nearly all that is no
 * ASCII: behind it. */
static inline const uint8_t *
take_hangul(const uint8_t *at, const uint8_t *end, uint8_t **to)
{
    while (end - at >= 3 && *at >= 0xea && *at <= 0xed && (at[1] & at[2] & 0xc0) == 0x80 &&
           ((at[1] | at[2]) & 0x40) == 0 && (*at != 0xed || at[1] < 0xa0)) {
        memcpy(*to, at, 3);
        *to += 3;
        at += 3;
    }
    return at;
}

/* Makes text of what is there of the bytes; those of an unfinished character stay. */
static void
make_text(struct contacts *c, size_t length, bool is_last)
{
    const uint8_t *at = c->raw, *end = c->raw + length;
    uint8_t *to = c->text + c->end;

    while (at < end) {
        const uint8_t *special = find_special(at, end);
        size_t plain = (size_t)(special - at), taken;

        memcpy(to, at, plain);
        to += plain;
        at = take_hangul(special, end, &to);
        if (at != special)
            continue;
        if (at == end)
            break;
        taken = *at == '\\' ? take_escape(at, (size_t)(end - at), is_last, &to)
                            : take_character(at, (size_t)(end - at), is_last, &to);
        if (taken == 0)
            break;
        at += taken;
    }
    c->end = (size_t)(to - c->text);
    c->raw_used = (size_t)(end - at);
    memmove(c->raw, at, c->raw_used);
}

/* ---- what is found ---- */

static int
give(struct contacts *c, enum contact what, size_t from, size_t to)
{
    size_t before = from < CONTACTS_REACH ? from : CONTACTS_REACH;
    size_t behind = c->end - to < CONTACTS_REACH ? c->end - to : CONTACTS_REACH;

    return c->see(c->arg, what, view_of(c->text + from, to - from),
                  view_of(c->text + from - before, before), view_of(c->text + to, behind));
}

/* Over blanks, where none of an address is there. */
static size_t
skip_blanks(const struct contacts *c, size_t at, int step)
{
    for (int i = 0; i < 2 && at > 0 && at < c->end; i++) {
        if (c->text[step < 0 ? at - 1 : at] != ' ')
            break;
        at = step < 0 ? at - 1 : at + 1;
    }
    return at;
}

/* An address in one piece. */
static int
give_joined(struct contacts *c, struct view local, struct view domain)
{
    uint8_t text[LOCAL_MAX + DOMAIN_MAX + 1];

    memcpy(text, local.bytes, local.length);
    text[local.length] = '@';
    memcpy(text + local.length + 1, domain.bytes, domain.length);
    return c->see(c->arg, CONTACT_EMAIL, view_of(text, local.length + 1 + domain.length),
                  view_of(NULL, 0), view_of(NULL, 0));
}

/* The address that has its @ there, blanks around it or not. */
static int
take_email(struct contacts *c, size_t at)
{
    size_t local_end = skip_blanks(c, at, -1), from = local_end;
    size_t domain = skip_blanks(c, at + 1, 1), to = domain;
    size_t local;

    while (from > 0 && is(c->text[from - 1], OF_ADDRESS) && c->text[from - 1] != '@' &&
           local_end - from <= LOCAL_MAX)
        from--;
    while (to < c->end && is(c->text[to], OF_ADDRESS) && c->text[to] != '@' &&
           to - domain <= DOMAIN_MAX)
        to++;
    while (to > domain && !is(c->text[to - 1], IS_DIGIT | IS_LETTER))
        to--; /* the end of a sentence */
    while (from < local_end && !is(c->text[from], IS_DIGIT | IS_LETTER) && c->text[from] != '_')
        from++;
    local = local_end - from;
    if (local == 0 || local > LOCAL_MAX || to - domain < 3 || to - domain > DOMAIN_MAX ||
        memchr(c->text + domain, '.', to - domain) == NULL)
        return 0;
    c->emails++;
    c->is_alone = true;
    if (domain - local_end == 1)
        return give(c, CONTACT_EMAIL, from, to);
    return give_joined(c, view_of(c->text + from, local), view_of(c->text + domain, to - domain));
}

/* A float, as tables write whole numbers where some are missing: "1012345678.0". */
static bool
is_fraction(const struct contacts *c, const struct contacts_run *run, size_t g)
{
    const struct contacts_group *group = &run->groups[g];

    return group->digits == 1 && c->text[group->from] == '0' && c->text[group->from - 1] == '.' &&
           (g + 1 == run->count || !run->groups[g + 1].is_tied);
}

static inline bool
begins_number(const struct contacts *c, const struct contacts_run *run, size_t group)
{
    uint8_t head = c->text[run->groups[group].from];

    return head == '0' || head == '1' || head == '+' || head == '8';
}

/* That begins as one does. */
static bool
is_number(const struct contacts *c, const struct contacts_run *run, size_t first, size_t last,
          size_t digits)
{
    const struct contacts_group *group = &run->groups[first];
    uint8_t head = c->text[group->from];
    char phone[32];
    size_t length;

    if (digits < DIGITS_LEAST || digits > DIGITS_MOST)
        return false;
    if ((head == '1' || head == '8') && last > first && group->digits != 2)
        return false; /* "10-1234-5678", "82 10 ..." */
    if (last + 1 < run->count && run->groups[last + 1].is_tied && !is_fraction(c, run, last + 1))
        return false;
    length =
        spelling_phone(phone, view_of(c->text + group->from, run->groups[last].to - group->from));
    return length > 0 && (phone[0] == '+' || length <= NATIONAL_MOST);
}

/* Numbers that begin with a group. How many groups were taken; 0: none; or an error. */
static int
take_from(struct contacts *c, struct contacts_run *run, size_t first)
{
    size_t digits[GROUPS_TRIED], tried = 0, sum = 0, found = 0;
    int taken = 0;

    if (run->groups[first].is_tied || (first == 0 && run->is_open) || !begins_number(c, run, first))
        return 0;
    for (; tried < GROUPS_TRIED && first + tried < run->count; tried++) {
        if (tried > 0 && run->groups[first + tried].has_plus)
            break;
        digits[tried] = sum += run->groups[first + tried].digits;
        if (sum > DIGITS_MOST)
            break;
    }
    for (size_t n = tried; n > 0 && taken == 0; n--) {
        if (!is_number(c, run, first, first + n - 1, digits[n - 1]))
            continue;
        taken = give(c, CONTACT_PHONE, run->groups[first].from, run->groups[first + n - 1].to);
        if (taken < 0)
            return taken;
        found = n;
    }
    if (found > 0 && run->groups[first].from >= run->counted)
        c->phones++;
    if (found > 0 && run->groups[first + found - 1].to > run->counted)
        run->counted = run->groups[first + found - 1].to;
    return taken > 0 ? (int)found : 0;
}

/* Whether it can be one number only: nothing is tried for another that is taken. */
static bool
is_one_number(const struct contacts_run *run)
{
    for (size_t g = 1; g < run->count; g++)
        if (!run->groups[g].is_tied)
            return false;
    return true;
}

/* All but the last groups, where the run goes on. */
static int
take_groups(struct contacts *c, struct contacts_run *run, size_t kept)
{
    size_t g = 0;

    c->is_alone = is_one_number(run);
    while (g + kept < run->count) {
        int taken = take_from(c, run, g);

        if (taken < 0)
            return taken;
        g += taken > 0 ? (size_t)taken : 1;
    }
    if (kept == 0)
        return 0;
    run->count -= g;
    memmove(run->groups, run->groups + g, run->count * sizeof(run->groups[0]));
    run->is_open = false;
    return 0;
}

/* Behind the digits that begin there. */
static inline size_t
end_of_digits(const struct contacts *c, size_t at)
{
#ifdef __SSE2__
    if (c->end - at >= sizeof(find_bytes)) {
        find_bytes bytes;
        int mask;

        memcpy(&bytes, c->text + at, sizeof(bytes));
        mask = ~__builtin_ia32_pmovmskb128((find_mask)(bytes - '0' < 10)) & 0xffff;
        if (mask != 0)
            return at + (size_t)__builtin_ctz((unsigned)mask);
    }
#endif
    while (at < c->end && is(c->text[at], IS_DIGIT))
        at++;
    return at;
}

/* Where the next group of the run begins; `at`: there is none. */
static size_t
next_group(const struct contacts *c, size_t at, bool *is_tied)
{
    size_t next = at;

    *is_tied = false;
    while (next < c->end && next - at < BETWEEN_MAX && is(c->text[next], OF_NUMBER) &&
           !is(c->text[next], IS_DIGIT) && c->text[next] != '+') {
        *is_tied |= c->text[next] == '-' || c->text[next] == '.';
        next++;
    }
    return next > at && next < c->end && is(c->text[next], IS_DIGIT) ? next : at;
}

/* Letters that say what the number is may touch it: "T010", "HP02"; others make it a code. */
static bool
is_open_before(const struct contacts *c, size_t at)
{
    uint8_t byte = at > 0 ? c->text[at - 1] : '\n';

    if (byte == '-' && at > 1)
        byte = c->text[at - 2];
    if (is(byte, IS_LETTER))
        return strchr("TtPpHhMmLl", byte) == NULL;
    return byte == '_' || byte == '@' || byte == '%';
}

static bool
goes_on(const struct contacts *c, size_t at)
{
    return at < c->end && is(c->text[at], GOES_ON);
}

/* The digits that begin there, and what can be of one number with them; *at is behind it then. */
static int
take_run(struct contacts *c, size_t *at)
{
    struct contacts_run *run = &c->run; /* is not cleared: most have one group */
    size_t from = *at;
    bool is_tied = false;
    int result = 0;

    run->count = run->counted = 0;
    run->is_open = is_open_before(c, from - (from > 0 && c->text[from - 1] == '+'));
    for (;;) {
        struct contacts_group *group = &run->groups[run->count++];
        size_t next;

        *group = (struct contacts_group){.from = from, .is_tied = is_tied};
        from = end_of_digits(c, from);
        group->digits = from - group->from;
        group->to = from;
        if (run->count == 1 && group->from > 0 && c->text[group->from - 1] == '+') {
            group->has_plus = true;
            group->from--;
        }
        if (goes_on(c, from)) {
            run->count--; /* "5678th", "5678@x.kr": of something else, and what is tied to it */
            if (group->is_tied)
                run->groups[run->count++].digits = DIGITS_MOST + 1;
            break;
        }
        next = next_group(c, from, &is_tied);
        if (next == from)
            break;
        if (run->count == CONTACTS_GROUPS)
            result = take_groups(c, run, GROUPS_TRIED + 1);
        if (result != 0)
            return result;
        from = next;
    }
    *at = from;
    return take_groups(c, run, 0);
}

/* ---- pieces ---- */

/* Where what was begun before there is surely ended, from `least` to `most`, the last such place;
 * in prose between two words, else at a blank. 0: there is none. */
static size_t
find_cut(const struct contacts *c, size_t least, size_t most)
{
    size_t words = 0, blank = 0;

    for (size_t at = most; at > least; at--) {
        uint8_t byte = c->text[at - 1];

        if (!is(byte, OF_NUMBER | OF_ADDRESS))
            return at;
        if (byte != ' ' || at < 2 || at >= c->end)
            continue;
        if (words == 0 && !is(c->text[at - 2], OF_NUMBER) && !is(c->text[at], OF_NUMBER) &&
            c->text[at - 2] != '@' && c->text[at] != '@')
            words = at;
        if (blank == 0)
            blank = at;
    }
    return words > 0 ? words : blank;
}

/* The first digit, or @, of the text from `at` on; `limit`: there is none. */
static inline size_t
find_begin(const struct contacts *c, size_t at, size_t limit)
{
#ifdef __SSE2__
    for (; limit - at >= sizeof(find_bytes); at += sizeof(find_bytes)) {
        find_bytes bytes;
        int mask;

        memcpy(&bytes, c->text + at, sizeof(bytes));
        mask =
            __builtin_ia32_pmovmskb128((find_mask)(bytes - '0' < 10) | (find_mask)(bytes == '@'));
        if (mask != 0)
            return at + (size_t)__builtin_ctz((unsigned)mask);
    }
#endif
    while (at < limit && !is(c->text[at], BEGINS))
        at++;
    return at;
}

/* Behind digits that are alone and too few, or of something else, as most are; `at`: they may be
 * of a number. */
static inline size_t
skip_digits(const struct contacts *c, size_t at)
{
    size_t end = end_of_digits(c, at);

    if (end == c->end)
        return at;
    return goes_on(c, end) || (end - at < DIGITS_LEAST && !is(c->text[end], OF_NUMBER)) ? end : at;
}

static int
look(struct contacts *c, size_t limit)
{
    size_t at = c->begin;
    int result = 0;

    while (c->is_inside && at < limit) {
        c->is_inside = is(c->text[at], OF_NUMBER | OF_ADDRESS) && c->text[at] != ' ';
        at++;
    }
    while (result >= 0 && at < limit && (at = find_begin(c, at, limit)) < limit) {
        size_t next = skip_digits(c, at);

        if (c->text[at] == '@')
            result = take_email(c, at++);
        else if (next > at)
            at = next;
        else
            result = take_run(c, &at);
    }
    return result < 0 ? result : 0;
}

/* Looks at what is complete, and has what is behind it in reach; keeps the rest, and what is in
 * reach before it. */
static int
look_on(struct contacts *c)
{
    size_t most = c->end < CONTACTS_REACH ? 0 : c->end - CONTACTS_REACH;
    size_t least = most < c->begin + CONTACTS_REACH ? c->begin : most - CONTACTS_REACH;
    size_t cut, kept;
    int result;

    if (most <= c->begin)
        return 0;
    cut = find_cut(c, least, most);
    if (cut == 0 && most - c->begin < CONTACTS_REACH)
        return 0; /* a place may come */
    result = look(c, cut == 0 ? most : cut);
    c->is_inside |= cut == 0;
    if (cut == 0)
        cut = most;
    kept = cut < CONTACTS_REACH ? 0 : cut - CONTACTS_REACH;
    c->gone = kept;
    c->begin = cut;
    return result;
}

/* Takes away what is in reach of nothing any more. */
static void
make_room(struct contacts *c)
{
    memmove(c->text, c->text + c->gone, c->end - c->gone);
    c->begin -= c->gone;
    c->end -= c->gone;
    c->gone = 0;
}

uint8_t *
contacts_room(struct contacts *c, size_t *room)
{
    *room = RAW_SIZE - c->raw_used;
    return c->raw + c->raw_used;
}

int
contacts_took(struct contacts *c, size_t count)
{
    make_room(c);
    make_text(c, c->raw_used + count, false);
    return look_on(c);
}

int
contacts_end(struct contacts *c)
{
    make_room(c);
    make_text(c, c->raw_used, true);
    return look(c, c->end);
}

void
contacts_again(struct contacts *c)
{
    c->begin = c->end = c->gone = c->raw_used = 0;
    c->is_inside = false;
}
