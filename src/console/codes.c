/* SPDX-License-Identifier: Apache-2.0 */
#include "console/codes.h"

#include "base/log.h"
#include "base/memory.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

/* What is hashed, so that none is taken for another. */
enum purpose { OF_CONTACT, OF_TICKET, OF_CODE, OF_TOKEN };

static int
hash(const struct codes *codes, enum purpose purpose, struct view a, struct view b,
     uint8_t to[CODES_HASH_SIZE])
{
    uint8_t text[1 + INQUIRY_TOKEN_SIZE + INQUIRY_CONTACT_SIZE];
    unsigned length = 0;

    if (a.length + b.length + 1 > sizeof(text))
        return PASU_E_RANGE;
    text[0] = (uint8_t)purpose;
    memcpy(text + 1, a.bytes, a.length);
    if (b.length > 0)
        memcpy(text + 1 + a.length, b.bytes, b.length);
    if (HMAC(EVP_sha256(), codes->key, sizeof(codes->key), text, 1 + a.length + b.length, to,
             &length) == NULL)
        length = 0;
    memory_wipe(text, sizeof(text));
    return length == CODES_HASH_SIZE ? 0 : PASU_E_CRYPTO;
}

static const struct view none = {0};

int
codes_init(struct codes *codes, const struct os *os, const struct codes_limits *limits)
{
    int result;

    *codes = (struct codes){.os = os, .limits = *limits};
    codes->items = memory_new(CODES_MAX, sizeof(*codes->items));
    codes->visits = memory_new(VISITS_MAX, sizeof(*codes->visits));
    result = rates_init(&codes->contacts, limits->per_contact);
    if (result != 0 || codes->items == NULL || codes->visits == NULL)
        return PASU_E_NOMEM;
    return os->random(os->arg, codes->key, sizeof(codes->key));
}

void
codes_release(struct codes *codes)
{
    memory_wipe(codes->key, sizeof(codes->key));
    rates_release(&codes->contacts);
    memory_free(codes->items);
    memory_free(codes->visits);
    codes->items = NULL;
    codes->visits = NULL;
}

/* ---- tickets ---- */

/* By its hash: no comparison tells how much of a ticket that was guessed is right. */
static struct code *
find(struct codes *codes, const uint8_t id[CODES_HASH_SIZE])
{
    int64_t now = os_monotonic(codes->os);

    for (size_t i = 0; i < CODES_MAX; i++)
        if (codes->items[i].until > now &&
            memcmp(codes->items[i].ticket, id, INQUIRY_TOKEN_SIZE) == 0)
            return &codes->items[i];
    return NULL;
}

static struct code *
oldest(struct codes *codes)
{
    struct code *found = &codes->items[0];

    for (size_t i = 1; i < CODES_MAX; i++)
        if (codes->items[i].until < found->until)
            found = &codes->items[i];
    return found;
}

static int
id_of(const struct codes *codes, const uint8_t ticket[INQUIRY_TOKEN_SIZE],
      uint8_t id[CODES_HASH_SIZE])
{
    return hash(codes, OF_TICKET, view_of(ticket, INQUIRY_TOKEN_SIZE), none, id);
}

int
codes_ask(struct codes *codes, const uint8_t ticket[INQUIRY_TOKEN_SIZE], struct view contact,
          bool *is_allowed)
{
    int64_t now = os_monotonic(codes->os);
    uint8_t id[CODES_HASH_SIZE], who[CODES_HASH_SIZE];
    struct code *code;
    int result = id_of(codes, ticket, id);

    *is_allowed = false;
    if (result == 0)
        result = hash(codes, OF_CONTACT, contact, none, who);
    if (result != 0)
        return result;
    *is_allowed = rates_take(&codes->contacts, who, now);
    code = find(codes, id);
    code = code != NULL ? code : oldest(codes);
    *code = (struct code){.until = now + codes->limits.code_time};
    memcpy(code->ticket, id, sizeof(code->ticket));
    return 0;
}

/* Digits, each as likely as the others. */
static int
draw(const struct codes *codes, char code[CODE_DIGITS + 1])
{
    size_t count = 0;

    while (count < CODE_DIGITS) {
        uint8_t bytes[2 * CODE_DIGITS];
        int result = codes->os->random(codes->os->arg, bytes, sizeof(bytes));

        if (result != 0)
            return result;
        for (size_t i = 0; i < sizeof(bytes) && count < CODE_DIGITS; i++)
            if (bytes[i] < 250)
                code[count++] = (char)('0' + bytes[i] % 10);
        memory_wipe(bytes, sizeof(bytes));
    }
    code[CODE_DIGITS] = '\0';
    return 0;
}

int
codes_make(struct codes *codes, const uint8_t ticket[INQUIRY_TOKEN_SIZE],
           const struct persons *persons, char text[CODE_DIGITS + 1])
{
    uint8_t id[CODES_HASH_SIZE];
    struct code *code;
    int result = id_of(codes, ticket, id);

    if (result != 0)
        return result;
    code = find(codes, id);
    if (code == NULL)
        return PASU_E_NOTFOUND;
    result = draw(codes, text);
    if (result == 0)
        result =
            hash(codes, OF_CODE, view_of(id, INQUIRY_TOKEN_SIZE), view_of_text(text), code->hash);
    code->is_made = result == 0;
    code->persons = *persons;
    return result;
}

/* What was typed, without what people put between digits. */
static void
plain(char digits[CODE_DIGITS + 1], const char *text)
{
    size_t count = 0;

    for (; *text != '\0' && count <= CODE_DIGITS; text++) {
        if (strchr(" -\t", *text) != NULL)
            continue;
        if (count < CODE_DIGITS)
            digits[count] = *text;
        count++;
    }
    digits[count == CODE_DIGITS ? CODE_DIGITS : 0] = '\0';
}

static int
open_visit(struct codes *codes, const struct persons *persons, uint8_t token[INQUIRY_TOKEN_SIZE])
{
    struct visit *visit = &codes->visits[0];
    uint8_t id[CODES_HASH_SIZE];
    int result = codes->os->random(codes->os->arg, token, INQUIRY_TOKEN_SIZE);

    if (result == 0)
        result = hash(codes, OF_TOKEN, view_of(token, INQUIRY_TOKEN_SIZE), none, id);
    if (result != 0)
        return result;
    for (size_t i = 1; i < VISITS_MAX; i++)
        if (codes->visits[i].until < visit->until)
            visit = &codes->visits[i];
    *visit = (struct visit){.until = os_monotonic(codes->os) + codes->limits.visit_time,
                            .persons = *persons};
    memcpy(visit->token, id, sizeof(visit->token));
    return 0;
}

int
codes_give(struct codes *codes, const uint8_t ticket[INQUIRY_TOKEN_SIZE], const char *text,
           uint8_t token[INQUIRY_TOKEN_SIZE])
{
    struct code nobody = {0};
    uint8_t id[CODES_HASH_SIZE], given[CODES_HASH_SIZE];
    char digits[CODE_DIGITS + 1] = "";
    struct code *code;
    bool is_right;
    int result = id_of(codes, ticket, id);

    plain(digits, text);
    if (result == 0)
        result = hash(codes, OF_CODE, view_of(id, INQUIRY_TOKEN_SIZE), view_of_text(digits), given);
    if (result != 0)
        return result;
    code = find(codes, id);
    code = code != NULL ? code : &nobody;
    is_right = memory_equal_secret(given, code->hash, sizeof(given));
    code->tries++;
    if (!code->is_made || code->tries > CODE_TRIES || !is_right)
        return PASU_E_TOKEN;
    result = open_visit(codes, &code->persons, token);
    memory_wipe(code, sizeof(*code));
    return result;
}

/* ---- tokens ---- */

static struct visit *
find_visit(struct codes *codes, const uint8_t token[INQUIRY_TOKEN_SIZE])
{
    int64_t now = os_monotonic(codes->os);
    uint8_t id[CODES_HASH_SIZE];

    if (hash(codes, OF_TOKEN, view_of(token, INQUIRY_TOKEN_SIZE), none, id) != 0)
        return NULL;
    for (size_t i = 0; i < VISITS_MAX; i++)
        if (codes->visits[i].until > now &&
            memcmp(codes->visits[i].token, id, INQUIRY_TOKEN_SIZE) == 0)
            return &codes->visits[i];
    return NULL;
}

const struct persons *
codes_persons(struct codes *codes, const uint8_t token[INQUIRY_TOKEN_SIZE])
{
    const struct visit *visit = find_visit(codes, token);

    return visit != NULL ? &visit->persons : NULL;
}

void
codes_leave(struct codes *codes, const uint8_t token[INQUIRY_TOKEN_SIZE])
{
    struct visit *visit = find_visit(codes, token);

    if (visit != NULL)
        memory_wipe(visit, sizeof(*visit));
}
