/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/identity_file.h"

#include "base/memory.h"
#include "exposure/little.h"

/* Not <sodium.h>: one of its headers uses a word that does not compile here. */
#include <sodium/core.h>
#include <sodium/crypto_generichash.h>
#include <sodium/crypto_kdf.h>
#include <sodium/crypto_shorthash_siphash24.h>

static const char magic[8] = "pasuiden";

enum { KEY_OF_HASHES = 1, KEY_OF_TAGS = 2, FLAG_UNIQUE = 1, FLAG_TEXT = 2 };

/* The context, eight letters, keeps these keys apart from whatever else the secret is used for. */
int
identity_key_init(struct identity_key *key, const uint8_t secret[IDENTITY_SECRET_SIZE])
{
    static_assert(sizeof(key->hash) == crypto_shorthash_siphashx24_KEYBYTES, "");
    static_assert(crypto_kdf_KEYBYTES == IDENTITY_SECRET_SIZE, "");
    if (sodium_init() < 0 ||
        crypto_kdf_derive_from_key(key->hash, sizeof(key->hash), KEY_OF_HASHES, "pasu-idn",
                                   secret) != 0 ||
        crypto_kdf_derive_from_key(key->tag, sizeof(key->tag), KEY_OF_TAGS, "pasu-idn", secret) !=
            0)
        return PASU_E_CRYPTO;
    return 0;
}

void
identity_key_release(struct identity_key *key)
{
    memory_wipe(key, sizeof(*key));
}

struct identity_hash
identity_hash_of(const struct identity_key *key, struct view value)
{
    struct identity_hash hash;

    static_assert(sizeof(hash) == crypto_shorthash_siphashx24_BYTES, "");
    (void)crypto_shorthash_siphashx24((uint8_t *)&hash, value.bytes, value.length, key->hash);
    return hash;
}

void
identity_check_of(const struct identity_key *key, uint8_t check[8])
{
    uint8_t digest[16];

    (void)crypto_generichash(digest, sizeof(digest), (const uint8_t *)magic, sizeof(magic),
                             key->tag, sizeof(key->tag));
    memcpy(check, digest, 8);
}

void
identity_tag_of(const struct identity_key *key, const uint8_t head[IDENTITY_HEAD_SIZE],
                const uint8_t *table, size_t table_length, const uint8_t rest[IDENTITY_TAG_SIZE],
                uint8_t tag[IDENTITY_TAG_SIZE])
{
    crypto_generichash_state state;

    (void)crypto_generichash_init(&state, key->tag, sizeof(key->tag), IDENTITY_TAG_SIZE);
    (void)crypto_generichash_update(&state, head, IDENTITY_TAG_AT);
    (void)crypto_generichash_update(&state, table, table_length);
    (void)crypto_generichash_update(&state, rest, IDENTITY_TAG_SIZE);
    (void)crypto_generichash_final(&state, tag, IDENTITY_TAG_SIZE);
}

void
identity_write_head(uint8_t bytes[IDENTITY_HEAD_SIZE], const struct identity_head *head)
{
    struct writer w = writer_of(bytes, IDENTITY_HEAD_SIZE);

    memset(bytes, 0, IDENTITY_HEAD_SIZE);
    writer_bytes(&w, magic, sizeof(magic));
    little_write_u32(&w, IDENTITY_VERSION);
    little_write_u32(&w, head->section_count);
    little_write_u64(&w, head->size);
    little_write_u64(&w, (uint64_t)head->moment.realtime);
    little_write_u64(&w, (uint64_t)head->moment.monotonic);
    writer_bytes(&w, head->check, sizeof(head->check));
    memcpy(bytes + IDENTITY_TAG_AT, head->tag, IDENTITY_TAG_SIZE);
}

static bool
is_zero(struct view v)
{
    for (size_t i = 0; i < v.length; i++)
        if (v.bytes[i] != 0)
            return false;
    return true;
}

static void
read_into(struct reader *r, void *to, size_t size)
{
    struct view v = reader_bytes(r, size);

    if (v.length == size)
        memcpy(to, v.bytes, size);
}

int
identity_read_head(struct identity_head *head, struct view bytes)
{
    struct reader r = reader_of(bytes);
    char is_magic[sizeof(magic)] = "";
    uint32_t version;

    memset(head, 0, sizeof(*head));
    read_into(&r, is_magic, sizeof(is_magic));
    version = little_read_u32(&r);
    if (r.failed || memcmp(is_magic, magic, sizeof(magic)) != 0)
        return PASU_E_CORRUPT;
    if (version < IDENTITY_VERSION_LEAST || version > IDENTITY_VERSION)
        return PASU_E_NOTFOUND;
    head->section_count = little_read_u32(&r);
    head->size = little_read_u64(&r);
    head->moment.realtime = (int64_t)little_read_u64(&r);
    head->moment.monotonic = (int64_t)little_read_u64(&r);
    read_into(&r, head->check, sizeof(head->check));
    if (!is_zero(reader_bytes(&r, IDENTITY_TAG_AT - 48)))
        return PASU_E_CORRUPT;
    read_into(&r, head->tag, IDENTITY_TAG_SIZE);
    return r.failed || head->section_count > IDENTITY_SECTIONS_MAX ? PASU_E_CORRUPT : 0;
}

static void
write_text(struct writer *w, const char *text, size_t size)
{
    uint8_t space[IDENTITY_TABLE_SIZE] = {0};

    memcpy(space, text, strnlen(text, size - 1));
    writer_bytes(w, space, size);
}

static bool
read_text(struct reader *r, char *text, size_t size)
{
    read_into(r, text, size);
    return text[size - 1] == '\0';
}

void
identity_write_section(uint8_t bytes[IDENTITY_SECTION_SIZE], const struct identity_section *s)
{
    struct writer w = writer_of(bytes, IDENTITY_SECTION_SIZE);

    memset(bytes, 0, IDENTITY_SECTION_SIZE);
    write_text(&w, s->gateway, sizeof(s->gateway));
    write_text(&w, s->database, sizeof(s->database));
    write_text(&w, s->table, sizeof(s->table));
    write_text(&w, s->column, sizeof(s->column));
    little_write_u64(&w, s->system);
    little_write_u32(&w, s->database_oid);
    little_write_u32(&w, s->relation);
    little_write_u16(&w, (uint16_t)s->attribute);
    little_write_u16(&w, (uint16_t)s->key_attribute);
    little_write_u32(&w, (s->is_unique ? FLAG_UNIQUE : 0u) | (s->is_text ? FLAG_TEXT : 0u));
    little_write_u64(&w, s->rows);
    little_write_u64(&w, s->values);
    little_write_u64(&w, s->several);
    little_write_u64(&w, s->unkeyed);
    little_write_u64(&w, s->counters.inserted);
    little_write_u64(&w, s->counters.updated);
    little_write_u64(&w, s->counters.deleted);
    little_write_u64(&w, (uint64_t)s->counters.reset);
    little_write_u64(&w, s->bits);
    little_write_u64(&w, s->entries_at);
    little_write_u64(&w, s->directory_at);
    little_write_u32(&w, s->counters.file);
    for (size_t i = 0; i < COUNT_OF(s->others); i++)
        little_write_u16(&w, (uint16_t)s->others[i]);
    little_write_u16(&w, 0);
    writer_bytes(&w, s->definition, sizeof(s->definition));
    for (size_t i = 0; i < COUNT_OF(s->shapes); i++)
        little_write_u64(&w, s->shapes[i]);
}

static bool
read_others(struct reader *r, struct identity_section *s)
{
    bool is_over = false, is_good = true;

    for (size_t i = 0; i < COUNT_OF(s->others); i++) {
        s->others[i] = (int16_t)little_read_u16(r);
        is_good &= s->others[i] == 0 || !is_over;
        is_over |= s->others[i] == 0;
    }
    return is_good && little_read_u16(r) == 0;
}

int
identity_read_section(struct identity_section *s, struct view bytes)
{
    struct reader r = reader_of(bytes);
    uint64_t bits;
    uint32_t flags;
    bool is_text;

    memset(s, 0, sizeof(*s));
    is_text = read_text(&r, s->gateway, sizeof(s->gateway));
    is_text &= read_text(&r, s->database, sizeof(s->database));
    is_text &= read_text(&r, s->table, sizeof(s->table));
    is_text &= read_text(&r, s->column, sizeof(s->column));
    s->system = little_read_u64(&r);
    s->database_oid = little_read_u32(&r);
    s->relation = little_read_u32(&r);
    s->attribute = (int16_t)little_read_u16(&r);
    s->key_attribute = (int16_t)little_read_u16(&r);
    flags = little_read_u32(&r);
    s->is_unique = flags & FLAG_UNIQUE;
    s->is_text = flags & FLAG_TEXT;
    s->rows = little_read_u64(&r);
    s->values = little_read_u64(&r);
    s->several = little_read_u64(&r);
    s->unkeyed = little_read_u64(&r);
    s->counters.inserted = little_read_u64(&r);
    s->counters.updated = little_read_u64(&r);
    s->counters.deleted = little_read_u64(&r);
    s->counters.reset = (int64_t)little_read_u64(&r);
    bits = little_read_u64(&r);
    s->entries_at = little_read_u64(&r);
    s->directory_at = little_read_u64(&r);
    s->counters.file = little_read_u32(&r);
    s->bits = (uint32_t)bits;
    is_text &= read_others(&r, s);
    read_into(&r, s->definition, sizeof(s->definition));
    for (size_t i = 0; i < COUNT_OF(s->shapes); i++)
        s->shapes[i] = little_read_u64(&r);
    if (r.failed || !is_text || flags > (FLAG_UNIQUE | FLAG_TEXT) || bits < IDENTITY_BITS_LEAST ||
        bits > IDENTITY_BITS_MAX || !is_zero(reader_bytes(&r, reader_left(&r))))
        return PASU_E_CORRUPT;
    return 0;
}
