/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/log_address.h"

#include "scan/event.h"
#include "scan/find.h"
#include "scan/siphash.h"

#include <arpa/inet.h>

enum {
    PLAIN_MOST = 15, /* "203.0.113.142" and two more */
    IPV6 = 32,       /* no length of a text */
};

/* ---- read ---- */

/* "203.0.113.7" as 16 bytes; false: something else. */
static bool
read_v4(uint8_t bytes[16], struct view text)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    const uint8_t *at = text.bytes, *end = at + text.length;

    for (unsigned i = 0; i < 4; i++) {
        unsigned part, digit;

        if (at == end || (part = *at++ - (unsigned)'0') > 9)
            return false;
        for (unsigned more = 0; at < end && (digit = *at - (unsigned)'0') <= 9; at++) {
            part = part * 10 + digit;
            if (++more > 2)
                return false;
        }
        if (part > 255 || (i < 3 ? at == end || *at++ != '.' : at != end))
            return false;
        bytes[12 + i] = (uint8_t)part;
    }
    memcpy(bytes, mapped, sizeof(mapped));
    return true;
}

static bool
read_v6(uint8_t bytes[16], struct view text)
{
    char name[INET6_ADDRSTRLEN];

    if (text.length == 0 || text.length >= sizeof(name))
        return false;
    text_from_view(name, sizeof(name), text);
    return inet_pton(AF_INET6, name, bytes) == 1;
}

bool
log_address_read(uint8_t bytes[16], struct view text)
{
    return read_v4(bytes, text) || read_v6(bytes, text);
}

struct view
log_address_last(struct view text)
{
    const uint8_t *end = text.bytes + text.length;

    if (find_byte(text.bytes, end, ',') < end) {
        const uint8_t *comma = memrchr(text.bytes, ',', text.length);

        text = view_of(comma + 1, (size_t)(end - comma - 1));
    }
    while (text.length > 0 && text.bytes[0] == ' ')
        text = view_of(text.bytes + 1, text.length - 1);
    return text;
}

static bool
is_v4(const uint8_t bytes[16])
{
    return bytes_are_zero(bytes, 10) && bytes[10] == 0xff && bytes[11] == 0xff;
}

void
log_address_network(uint8_t bytes[16])
{
    if (is_v4(bytes))
        bytes[15] = 0;
    else
        memset(bytes + 6, 0, 10);
}

void
log_address_text(char text[INET6_ADDRSTRLEN], const uint8_t bytes[16])
{
    if (is_v4(bytes))
        (void)inet_ntop(AF_INET, bytes + 12, text, INET6_ADDRSTRLEN);
    else
        (void)inet_ntop(AF_INET6, bytes, text, INET6_ADDRSTRLEN);
}

/* ---- hashed ---- */

/* A text of at most sixteen bytes as its first and last eight, which overlap; of less than eight
 * all, with zeros behind them, twice. */
struct ends {
    uint64_t front, back;
};

static inline struct ends
ends_of(struct view text)
{
    uint8_t padded[8] = {0};

    if (PASU_LIKELY(text.length >= 8))
        return (struct ends){siphash_word(text.bytes), siphash_word(text.bytes + text.length - 8)};
    for (size_t i = 0; i < text.length; i++)
        padded[i] = text.bytes[i];
    return (struct ends){siphash_word(padded), siphash_word(padded)};
}

static inline uint64_t
folded(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Two wide products with a secret, whose halves are added: nobody sees them, so that nobody can
 * choose addresses that fall together, and it takes a fourth of SipHash's time. */
static inline uint64_t
hash_ends(const uint8_t key[16], struct ends ends, size_t length)
{
    uint64_t first = siphash_word(key), second = siphash_word(key + 8);
    uint64_t hash = folded(ends.front ^ first, ends.back ^ second);

    hash = folded(hash ^ siphash_turn(second, 32), (first | 1) + 2 * (uint64_t)length);
    return hash != 0 ? hash : 1;
}

/* A bit for each of the text's bytes that is of the kind. */
static inline unsigned
places_of(struct ends ends, size_t length, uint8_t byte)
{
    unsigned both = 0, apart = length > 8 ? (unsigned)length - 8 : 0;
#ifdef __SSE2__
    find_bytes bytes;

    memcpy(&bytes, &ends, sizeof(bytes));
    both = (unsigned)__builtin_ia32_pmovmskb128((find_mask)(bytes == byte));
#else
    for (unsigned i = 0; i < 8; i++) {
        both |= (unsigned)((uint8_t)(ends.front >> 8 * i) == byte) << i;
        both |= (unsigned)((uint8_t)(ends.back >> 8 * i) == byte) << (8 + i);
    }
#endif
    return (both & 0xff) | both >> 8 << apart;
}

/* Whether no other text can be the same address: it has no colon, of several there is no list, and
 * no part of it begins with a zero and goes on. */
static inline bool
is_plain(struct view text, struct ends ends)
{
    unsigned dots = places_of(ends, text.length, '.'), zeros = places_of(ends, text.length, '0');
    unsigned others = places_of(ends, text.length, ':') | places_of(ends, text.length, ',') |
                      places_of(ends, text.length, ' ');

    return others == 0 && text.length > 1 && text.length <= PLAIN_MOST &&
           (zeros & (dots << 1 | 1) & ~(dots >> 1 | 1U << (text.length - 1))) == 0;
}

static uint64_t
hash_any(const uint8_t key[16], struct view text)
{
    char name[INET6_ADDRSTRLEN];
    uint8_t bytes[16];
    uint64_t hash;

    text = log_address_last(text);
    if (event_is_blank(text))
        return 0;
    if (log_address_read(bytes, text)) {
        if (!is_v4(bytes))
            return hash_ends(key, ends_of(view_of(bytes, sizeof(bytes))), IPV6);
        log_address_text(name, bytes);
        text = view_of_text(name);
    } else if (text.length > PLAIN_MOST) {
        hash = siphash(key, text.bytes, text.length);
        return hash != 0 ? hash : 1;
    }
    return hash_ends(key, ends_of(text), text.length);
}

uint64_t
log_address_hash(const uint8_t key[16], struct view text)
{
    struct ends ends;

    if (text.length > PLAIN_MOST)
        return hash_any(key, text);
    ends = ends_of(text);
    return PASU_LIKELY(is_plain(text, ends)) ? hash_ends(key, ends, text.length)
                                             : hash_any(key, text);
}
