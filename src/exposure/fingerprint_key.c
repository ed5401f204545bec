/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "exposure/fingerprint.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

/* Not <sodium.h>: one of its headers uses a word that does not compile here. */
#include <sodium/core.h>
#include <sodium/crypto_generichash.h>
#include <sodium/crypto_kdf.h>
#include <sodium/crypto_pwhash.h>
#include <sodium/randombytes.h>

#define KEY_HEAD "pasu-fingerprint-key "

enum { KEY_OF_VALUES = 1, KEY_OF_TAGS = 2, OUTER_SIZE = 16, THREADS_MAX = 64, WORD_SIZE = 80 };

static_assert(FINGERPRINT_SECRET_SIZE == crypto_kdf_KEYBYTES, "");
static_assert(FINGERPRINT_SALT_SIZE == crypto_pwhash_argon2id_SALTBYTES, "");

/* ---- keys ---- */

static bool
is_allowed(const struct fingerprint_terms *t)
{
    return (t->form == FINGERPRINT_VALUES || t->form == FINGERPRINT_PAIRS) &&
           t->bits <= FINGERPRINT_BITS_MAX && t->passes >= 1 &&
           t->passes <= FINGERPRINT_PASSES_MAX && t->memory >= FINGERPRINT_MEMORY_MIN &&
           t->memory <= FINGERPRINT_MEMORY_MAX;
}

static int
derive(struct fingerprint_key *key)
{
    if (sodium_init() < 0 ||
        crypto_kdf_derive_from_key(key->value_key, sizeof(key->value_key), KEY_OF_VALUES,
                                   "pasu-fpr", key->secret) != 0 ||
        crypto_kdf_derive_from_key(key->tag_key, sizeof(key->tag_key), KEY_OF_TAGS, "pasu-fpr",
                                   key->secret) != 0)
        return PASU_E_CRYPTO;
    return 0;
}

int
fingerprint_key_new(struct fingerprint_key *key, enum fingerprint_form form, uint32_t passes,
                    uint32_t memory)
{
    *key = (struct fingerprint_key){.terms = {.form = form, .passes = passes, .memory = memory}};
    if (!is_allowed(&key->terms))
        return PASU_E_RANGE;
    if (sodium_init() < 0)
        return PASU_E_CRYPTO;
    randombytes_buf(key->secret, sizeof(key->secret));
    randombytes_buf(key->terms.salt, sizeof(key->terms.salt));
    return derive(key);
}

const char *
fingerprint_form_text(enum fingerprint_form form)
{
    return form == FINGERPRINT_PAIRS ? "pairs" : "values";
}

static void
put_hex(char *text, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

void
fingerprint_name(const struct fingerprint_terms *terms, char name[FINGERPRINT_NAME_SIZE])
{
    put_hex(name, terms->salt, sizeof(terms->salt));
}

void
fingerprint_key_write(const struct fingerprint_key *key, char text[FINGERPRINT_KEY_TEXT_SIZE])
{
    char salt[FINGERPRINT_NAME_SIZE], secret[2 * FINGERPRINT_SECRET_SIZE + 1];

    fingerprint_name(&key->terms, salt);
    put_hex(secret, key->secret, sizeof(key->secret));
    snprintf(text, FINGERPRINT_KEY_TEXT_SIZE, KEY_HEAD "1 %s %u %u %u %s %s\n",
             fingerprint_form_text(key->terms.form), key->terms.bits, key->terms.passes,
             key->terms.memory, salt, secret);
    memory_wipe(secret, sizeof(secret));
}

/* The next word; words have one blank between them. */
static struct view
take_word(struct view *text)
{
    size_t length = 0;
    struct view word;

    while (length < text->length && text->bytes[length] != ' ')
        length++;
    word = view_of(text->bytes, length);
    length += length < text->length;
    *text = view_of(text->bytes + length, text->length - length);
    return word;
}

static bool
take_number(struct view *text, uint32_t *number)
{
    struct view word = take_word(text);

    *number = 0;
    for (size_t i = 0; i < word.length; i++) {
        if (word.bytes[i] < '0' || word.bytes[i] > '9' || i > 7)
            return false;
        *number = *number * 10 + (uint32_t)(word.bytes[i] - '0');
    }
    return word.length > 0;
}

static bool
take_bytes(struct view *text, uint8_t *bytes, size_t size)
{
    struct view word = take_word(text);

    if (word.length != 2 * size)
        return false;
    memset(bytes, 0, size);
    for (size_t i = 0; i < word.length; i++) {
        unsigned digit = (unsigned)word.bytes[i] - '0', letter = (unsigned)word.bytes[i] - 'a';

        if (digit > 9 && letter > 5)
            return false;
        bytes[i / 2] = (uint8_t)((unsigned)bytes[i / 2] << 4 | (digit <= 9 ? digit : letter + 10));
    }
    return true;
}

static bool
take_form(struct view *text, enum fingerprint_form *form)
{
    struct view word = take_word(text);

    *form = view_equal(word, VIEW("pairs")) ? FINGERPRINT_PAIRS : FINGERPRINT_VALUES;
    return *form == FINGERPRINT_PAIRS || view_equal(word, VIEW("values"));
}

int
fingerprint_key_read(struct fingerprint_key *key, struct view text)
{
    struct fingerprint_terms *t = &key->terms;
    const size_t head = sizeof(KEY_HEAD) - 1;

    *key = (struct fingerprint_key){.secret = {0}};
    if (text.length > 0 && text.bytes[text.length - 1] == '\n')
        text.length--;
    if (text.length < head || text.bytes[text.length - 1] == ' ' ||
        memcmp(text.bytes, KEY_HEAD, head) != 0)
        return PASU_E_MALFORMED;
    text = view_of(text.bytes + head, text.length - head);
    if (!view_equal(take_word(&text), VIEW("1")))
        return PASU_E_NOTFOUND;
    if (!take_form(&text, &t->form) || !take_number(&text, &t->bits) ||
        !take_number(&text, &t->passes) || !take_number(&text, &t->memory) ||
        !take_bytes(&text, t->salt, sizeof(t->salt)) ||
        !take_bytes(&text, key->secret, sizeof(key->secret)) || text.length > 0 || !is_allowed(t))
        return PASU_E_MALFORMED;
    return derive(key);
}

void
fingerprint_key_release(struct fingerprint_key *key)
{
    memory_wipe(key, sizeof(*key));
}

/* ---- hashes ---- */

void
fingerprint_inner_of(const struct fingerprint_key *key, struct view value,
                     struct fingerprint_inner *inner)
{
    (void)crypto_generichash(inner->bytes, sizeof(inner->bytes), value.bytes, value.length,
                             key->value_key, sizeof(key->value_key));
}

static int
outer_of(const struct fingerprint_key *key, const struct fingerprint_inner *inner, uint64_t *hash)
{
    uint8_t outer[OUTER_SIZE];

    static_assert(sizeof(outer) >= crypto_pwhash_argon2id_BYTES_MIN, "");
    *hash = 0;
    if (crypto_pwhash(outer, sizeof(outer), (const char *)inner->bytes, sizeof(inner->bytes),
                      key->terms.salt, key->terms.passes, (size_t)key->terms.memory << 10,
                      crypto_pwhash_ALG_ARGON2ID13) != 0)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < sizeof(*hash); i++)
        *hash = *hash << 8 | outer[i];
    return 0;
}

struct many {
    const struct fingerprint_key *key;
    const struct fingerprint_inner *values;
    uint64_t *hashes;
    size_t count;
    _Atomic size_t next;
    _Atomic int result;
};

static void *
work(void *arg)
{
    struct many *m = arg;
    size_t i;

    while (m->result == 0 && (i = m->next++) < m->count) {
        int result = outer_of(m->key, &m->values[i], &m->hashes[i]);

        if (result != 0)
            m->result = result;
    }
    return NULL;
}

int
fingerprint_hash(const struct fingerprint_key *key, const struct fingerprint_inner *values,
                 uint64_t *hashes, size_t count, unsigned threads)
{
    struct many m = {.key = key, .values = values, .hashes = hashes, .count = count};
    pthread_t others[THREADS_MAX];
    unsigned started = 0;

    /* Those that cannot be started are not there: this one does all that is left. */
    while (started + 1 < threads && started < THREADS_MAX && started + 1 < count &&
           pthread_create(&others[started], NULL, work, &m) == 0)
        started++;
    (void)work(&m);
    while (started > 0)
        (void)pthread_join(others[--started], NULL);
    return m.result;
}
