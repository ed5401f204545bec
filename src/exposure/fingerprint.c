/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/fingerprint.h"

#include "base/memory.h"
#include "exposure/little.h"

#include <stdlib.h>

#include <sodium/core.h>
#include <sodium/crypto_generichash.h>
#include <sodium/randombytes.h>

enum { VERSION = 1, TAIL_SIZE = 2 * FINGERPRINT_TAG_SIZE };

static const char magic[8] = "pasufing";

static size_t
size_of(const struct fingerprint_bundle *b)
{
    return FINGERPRINT_HEAD_SIZE + ((size_t)b->room << b->terms.bits) * FINGERPRINT_ENTRY_SIZE +
           TAIL_SIZE;
}

static uint8_t *
bucket(const struct fingerprint_bundle *b, uint32_t prefix)
{
    return b->bytes + FINGERPRINT_HEAD_SIZE + (size_t)prefix * b->room * FINGERPRINT_ENTRY_SIZE;
}

uint32_t
fingerprint_bundle_entry(const struct fingerprint_bundle *b, uint32_t prefix, uint32_t place)
{
    uint32_t entry;

    memcpy(&entry, bucket(b, prefix) + (size_t)place * FINGERPRINT_ENTRY_SIZE, sizeof(entry));
    return entry;
}

void
fingerprint_check_of(const uint8_t *bytes, size_t size, uint8_t check[FINGERPRINT_TAG_SIZE])
{
    (void)crypto_generichash(check, FINGERPRINT_TAG_SIZE, bytes, size, NULL, 0);
}

static void
tag_of(const struct fingerprint_bundle *b, const struct fingerprint_key *key,
       uint8_t tag[FINGERPRINT_TAG_SIZE])
{
    (void)crypto_generichash(tag, FINGERPRINT_TAG_SIZE, b->bytes, b->size - TAIL_SIZE, key->tag_key,
                             sizeof(key->tag_key));
}

/* ---- made ---- */

static int
compare_hashes(const void *a, const void *b)
{
    uint64_t x, y;

    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return x < y ? -1 : x > y;
}

static int
compare_entries(const void *a, const void *b)
{
    uint32_t x, y;

    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return x < y ? -1 : x > y;
}

/* The hashes of one bucket begin at `from`: how many there are whose entries differ. */
static size_t
load_of(const struct fingerprint_terms *t, const uint64_t *hashes, size_t count, size_t from,
        size_t *end)
{
    uint32_t prefix = fingerprint_prefix(t, hashes[from]);
    size_t load = 0;

    for (*end = from; *end < count && fingerprint_prefix(t, hashes[*end]) == prefix; ++*end)
        load += *end == from ||
                fingerprint_suffix(t, hashes[*end]) != fingerprint_suffix(t, hashes[*end - 1]);
    return load;
}

/* The emptiest and the fullest bucket. */
static void
loads_of(const struct fingerprint_terms *t, const uint64_t *hashes, size_t count, size_t *least,
         size_t *most)
{
    size_t buckets = 0;

    *least = count;
    *most = 0;
    for (size_t at = 0, end; at < count; at = end) {
        size_t load = load_of(t, hashes, count, at, &end);

        *least = load < *least ? load : *least;
        *most = load > *most ? load : *most;
        buckets++;
    }
    if (buckets < (size_t)1 << t->bits)
        *least = 0;
}

static void
choose(struct fingerprint_bundle *b, const uint64_t *hashes, size_t count)
{
    size_t least = 0, most = 0;

    b->terms.bits = FINGERPRINT_BITS_MAX + 1;
    do {
        b->terms.bits--;
        if (b->terms.bits == 0 || count >> b->terms.bits >= FINGERPRINT_LEAST)
            loads_of(&b->terms, hashes, count, &least, &most);
    } while (b->terms.bits > 0 && least < FINGERPRINT_LEAST);
    b->room = FINGERPRINT_LEAST;
    while (b->room < most && b->room < FINGERPRINT_ROOM_MAX)
        b->room *= 2;
}

/* Entries, and random ones that differ from them and each other, in order. */
static void
fill(const struct fingerprint_bundle *b, uint32_t prefix, const uint64_t *hashes, size_t count)
{
    uint8_t *entries = bucket(b, prefix);
    size_t used = 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t entry = fingerprint_suffix(&b->terms, hashes[i]);

        if (i > 0 && entry == fingerprint_suffix(&b->terms, hashes[i - 1]))
            continue;
        memcpy(entries + used++ * FINGERPRINT_ENTRY_SIZE, &entry, sizeof(entry));
    }
    while (used < b->room) {
        size_t kept = 1;

        randombytes_buf(entries + used * FINGERPRINT_ENTRY_SIZE,
                        (b->room - used) * FINGERPRINT_ENTRY_SIZE);
        qsort(entries, b->room, FINGERPRINT_ENTRY_SIZE, compare_entries);
        for (size_t i = 1; i < b->room; i++)
            if (compare_entries(entries + i * FINGERPRINT_ENTRY_SIZE,
                                entries + (kept - 1) * FINGERPRINT_ENTRY_SIZE) != 0)
                memmove(entries + kept++ * FINGERPRINT_ENTRY_SIZE,
                        entries + i * FINGERPRINT_ENTRY_SIZE, FINGERPRINT_ENTRY_SIZE);
        used = kept;
    }
}

static void
write_head(const struct fingerprint_bundle *b)
{
    uint32_t numbers[] = {b->room, b->questions, b->terms.passes, b->terms.memory};
    uint32_t version = VERSION;

    memcpy(b->bytes, magic, sizeof(magic));
    memcpy(b->bytes + 8, &version, sizeof(version));
    b->bytes[12] = (uint8_t)b->terms.form;
    b->bytes[13] = (uint8_t)b->terms.bits;
    memcpy(b->bytes + 16, numbers, sizeof(numbers));
    memcpy(b->bytes + 32, &b->made, sizeof(b->made));
    memcpy(b->bytes + 48, b->terms.salt, sizeof(b->terms.salt));
    memcpy(b->bytes + 64, b->whom, sizeof(b->whom));
}

int
fingerprint_bundle_make(struct fingerprint_bundle *b, struct fingerprint_key *key, uint64_t *hashes,
                        size_t *count, const char *whom, uint32_t questions, int64_t made)
{
    size_t kept = 0, at = 0;

    *b = (struct fingerprint_bundle){.terms = key->terms, .questions = questions, .made = made};
    if (sodium_init() < 0)
        return PASU_E_CRYPTO;
    snprintf(b->whom, sizeof(b->whom), "%s", whom);
    qsort(hashes, *count, sizeof(*hashes), compare_hashes);
    for (size_t i = 0; i < *count; i++)
        if (i == 0 || hashes[i] != hashes[kept - 1])
            hashes[kept++] = hashes[i];
    *count = kept;
    if (kept >> FINGERPRINT_BITS_MAX > FINGERPRINT_ROOM_MAX / 2)
        return PASU_E_RANGE;
    choose(b, hashes, kept);
    key->terms.bits = b->terms.bits;
    b->size = size_of(b);
    b->bytes = memory_new(b->size, 1);
    if (b->bytes == NULL)
        return PASU_E_NOMEM;
    write_head(b);
    for (uint32_t prefix = 0; prefix >> b->terms.bits == 0; prefix++) {
        size_t end = at;

        while (end < kept && fingerprint_prefix(&b->terms, hashes[end]) == prefix)
            end++;
        fill(b, prefix, hashes + at, end - at);
        at = end;
    }
    tag_of(b, key, b->bytes + b->size - TAIL_SIZE);
    fingerprint_check_of(b->bytes, b->size - FINGERPRINT_TAG_SIZE,
                         b->bytes + b->size - FINGERPRINT_TAG_SIZE);
    return 0;
}

/* ---- read ---- */

static bool
is_allowed(const struct fingerprint_bundle *b)
{
    const struct fingerprint_terms *t = &b->terms;

    return (t->form == FINGERPRINT_VALUES || t->form == FINGERPRINT_PAIRS) &&
           t->bits <= FINGERPRINT_BITS_MAX && b->room >= FINGERPRINT_LEAST &&
           b->room <= FINGERPRINT_ROOM_MAX && (b->room & (b->room - 1)) == 0 && t->passes >= 1 &&
           t->passes <= FINGERPRINT_PASSES_MAX && t->memory >= FINGERPRINT_MEMORY_MIN &&
           t->memory <= FINGERPRINT_MEMORY_MAX && b->made >= 0 &&
           b->whom[FINGERPRINT_FOR_SIZE - 1] == '\0' &&
           bytes_are_zero(b->whom + strlen(b->whom), FINGERPRINT_FOR_SIZE - strlen(b->whom));
}

static int
read_head(struct fingerprint_bundle *b)
{
    struct reader r = reader_of(view_of(b->bytes, FINGERPRINT_HEAD_SIZE));
    struct view zero, more, salt, whom;

    (void)reader_bytes(&r, 12); /* magic and version, as was seen */
    b->terms.form = (enum fingerprint_form)reader_u8(&r);
    b->terms.bits = reader_u8(&r);
    zero = reader_bytes(&r, 2);
    b->room = little_read_u32(&r);
    b->questions = little_read_u32(&r);
    b->terms.passes = little_read_u32(&r);
    b->terms.memory = little_read_u32(&r);
    little_read(&r, &b->made, sizeof(b->made));
    more = reader_bytes(&r, 8);
    salt = reader_bytes(&r, FINGERPRINT_SALT_SIZE);
    whom = reader_bytes(&r, FINGERPRINT_FOR_SIZE);
    if (reader_end(&r) != 0 || !bytes_are_zero(zero.bytes, zero.length) ||
        !bytes_are_zero(more.bytes, more.length))
        return PASU_E_CORRUPT;
    memcpy(b->terms.salt, salt.bytes, salt.length);
    memcpy(b->whom, whom.bytes, whom.length);
    return 0;
}

static bool
is_ordered(const struct fingerprint_bundle *b)
{
    for (uint32_t prefix = 0; prefix >> b->terms.bits == 0; prefix++)
        for (uint32_t i = 1; i < b->room; i++)
            if (fingerprint_bundle_entry(b, prefix, i - 1) >=
                fingerprint_bundle_entry(b, prefix, i))
                return false;
    return true;
}

static int
check(struct fingerprint_bundle *b, const struct fingerprint_key *key)
{
    uint8_t sum[FINGERPRINT_TAG_SIZE];
    uint32_t version = 0;

    if (b->size >= 12)
        memcpy(&version, b->bytes + 8, sizeof(version));
    if (version != VERSION || memcmp(b->bytes, magic, sizeof(magic)) != 0)
        return PASU_E_NOTFOUND;
    if (b->size < FINGERPRINT_HEAD_SIZE + TAIL_SIZE || read_head(b) != 0 || !is_allowed(b) ||
        b->size != size_of(b))
        return PASU_E_CORRUPT;
    fingerprint_check_of(b->bytes, b->size - FINGERPRINT_TAG_SIZE, sum);
    if (memcmp(sum, b->bytes + b->size - FINGERPRINT_TAG_SIZE, sizeof(sum)) != 0 || !is_ordered(b))
        return PASU_E_CORRUPT;
    if (key == NULL)
        return 0;
    tag_of(b, key, sum);
    if (!memory_equal_secret(sum, b->bytes + b->size - TAIL_SIZE, sizeof(sum)) ||
        key->terms.form != b->terms.form || key->terms.bits != b->terms.bits ||
        key->terms.passes != b->terms.passes || key->terms.memory != b->terms.memory ||
        memcmp(key->terms.salt, b->terms.salt, sizeof(b->terms.salt)) != 0)
        return PASU_E_DENIED;
    return 0;
}

int
fingerprint_bundle_take(struct fingerprint_bundle *b, uint8_t *bytes, size_t size,
                        const struct fingerprint_key *key)
{
    int result;

    *b = (struct fingerprint_bundle){.bytes = bytes, .size = size};
    result = sodium_init() < 0 ? PASU_E_CRYPTO : check(b, key);
    if (result != 0)
        *b = (struct fingerprint_bundle){.bytes = NULL};
    return result;
}

void
fingerprint_bundle_release(struct fingerprint_bundle *b)
{
    memory_free(b->bytes);
    *b = (struct fingerprint_bundle){.bytes = NULL};
}

bool
fingerprint_bundle_has(const struct fingerprint_bundle *b, uint64_t hash)
{
    uint32_t prefix = fingerprint_prefix(&b->terms, hash), low = 0, high = b->room;
    uint32_t sought = fingerprint_suffix(&b->terms, hash);

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        uint32_t entry = fingerprint_bundle_entry(b, prefix, middle);

        if (entry == sought)
            return true;
        if (entry < sought)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

double
fingerprint_bundle_chance(const struct fingerprint_bundle *b)
{
    return (double)b->room / 4294967296.0;
}
