/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/directory.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdatomic.h>

/* Hashes are keyed: nobody outside can choose the table or the place where a key lands. */
enum { SHARDS = 64, SLOTS_FIRST = 16 };

/* The first bit of each ordinal of the directory; not set in the slot of one that the ledger does
 * not have yet. */
#define RECORDED UINT32_C(0x80000000)
_Static_assert((KEY_ORDINAL_FIRST & RECORDED) != 0 && (KEY_ORDINAL_FIRST & ~RECORDED) != 0,
               "an ordinal without that bit is another one, and not 0");

/* 20 bytes. Ordinal 0, which is none of the directory's: an empty slot. */
struct slot {
    uint8_t hash[SEAL_HASH_SIZE];
    uint32_t ordinal;
};

/* An open table of `size` slots, a power of two, at most 7/8 full. */
struct shard {
    pthread_mutex_t lock;
    struct slot *slots;
    size_t count, size;
};

struct directory {
    struct seal seal;
    _Atomic uint64_t bytes;
    /* The ordinal given last is the lowest; 2^32: none yet. */
    _Atomic uint64_t lowest[EXPOSURE_KINDS_MAX];
    struct shard shards[EXPOSURE_KINDS_MAX][SHARDS];
};

int
directory_new(struct directory **directory, const uint8_t secret[SEAL_SECRET_SIZE])
{
    struct directory *d = *directory = memory_new(1, sizeof(*d));

    if (!d)
        return PASU_E_NOMEM;
    if (seal_init(&d->seal, secret) != 0) {
        memory_free(d);
        *directory = NULL;
        return PASU_E_CRYPTO;
    }
    atomic_store(&d->bytes, sizeof(*d));
    for (size_t kind = 0; kind < EXPOSURE_KINDS_MAX; kind++) {
        atomic_store(&d->lowest[kind], UINT64_C(1) << 32);
        for (size_t i = 0; i < SHARDS; i++)
            pthread_mutex_init(&d->shards[kind][i].lock, NULL);
    }
    return 0;
}

void
directory_free(struct directory *d)
{
    if (!d)
        return;
    for (size_t kind = 0; kind < EXPOSURE_KINDS_MAX; kind++)
        for (size_t i = 0; i < SHARDS; i++) {
            memory_free(d->shards[kind][i].slots);
            pthread_mutex_destroy(&d->shards[kind][i].lock);
        }
    seal_release(&d->seal);
    memory_free(d);
}

const uint8_t *
directory_shape_key(const struct directory *d)
{
    return d->seal.shape_key;
}

uint64_t
directory_memory(const struct directory *d)
{
    return atomic_load_explicit(&d->bytes, memory_order_relaxed);
}

/* ---- tables ---- */

static struct shard *
shard_of(struct directory *d, uint8_t kind, const uint8_t hash[SEAL_HASH_SIZE])
{
    return &d->shards[kind][hash[SEAL_HASH_SIZE - 1] % SHARDS];
}

/* The slot that holds the hash, or the empty one where it belongs. There is always an empty one. */
static struct slot *
find(struct slot *slots, size_t size, const uint8_t hash[SEAL_HASH_SIZE])
{
    uint64_t start;

    memcpy(&start, hash, sizeof(start));
    for (size_t i = start & (size - 1);; i = (i + 1) & (size - 1))
        if (slots[i].ordinal == 0 || memcmp(slots[i].hash, hash, SEAL_HASH_SIZE) == 0)
            return &slots[i];
}

/* Makes room for one more. */
static int
reserve(struct directory *d, struct shard *shard)
{
    size_t size = shard->size == 0 ? SLOTS_FIRST : shard->size * 2;
    struct slot *slots;

    if (shard->count < shard->size / 8 * 7)
        return 0;
    slots = memory_new(size, sizeof(*slots));
    if (!slots)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < shard->size; i++)
        if (shard->slots[i].ordinal != 0)
            *find(slots, size, shard->slots[i].hash) = shard->slots[i];
    memory_free(shard->slots);
    atomic_fetch_add_explicit(&d->bytes, (size - shard->size) * sizeof(*slots),
                              memory_order_relaxed);
    shard->slots = slots;
    shard->size = size;
    return 0;
}

/* The ordinal as the slot has it, or 0. */
static uint32_t
look_up(const struct shard *shard, const uint8_t hash[SEAL_HASH_SIZE])
{
    return shard->size == 0 ? 0 : find(shard->slots, shard->size, hash)->ordinal;
}

/* There is room (reserve). */
static void
put(struct shard *shard, const uint8_t hash[SEAL_HASH_SIZE], uint32_t ordinal)
{
    struct slot *slot = find(shard->slots, shard->size, hash);

    memcpy(slot->hash, hash, SEAL_HASH_SIZE);
    slot->ordinal = ordinal;
    shard->count++;
}

/* ---- ordinals ---- */

static int
next_ordinal(struct directory *d, uint8_t kind, uint32_t *ordinal)
{
    uint64_t lowest = atomic_load(&d->lowest[kind]);

    do
        if (lowest <= KEY_ORDINAL_FIRST)
            return PASU_E_RANGE;
    while (!atomic_compare_exchange_weak(&d->lowest[kind], &lowest, lowest - 1));
    *ordinal = (uint32_t)(lowest - 1);
    return 0;
}

void
directory_reserve(struct directory *d, uint8_t kind, uint32_t ordinal)
{
    uint64_t lowest;

    if (kind >= EXPOSURE_KINDS_MAX || ordinal < KEY_ORDINAL_FIRST)
        return;
    lowest = atomic_load(&d->lowest[kind]);
    while (ordinal < lowest && !atomic_compare_exchange_weak(&d->lowest[kind], &lowest, ordinal))
        ;
}

/* ---- the calls ---- */

/* A hash that is not there gets an ordinal: 1, or why not. */
static int
add(struct directory *d, struct shard *shard, uint8_t kind, const uint8_t hash[SEAL_HASH_SIZE],
    uint32_t *ordinal)
{
    int result = reserve(d, shard);

    if (result == 0)
        result = next_ordinal(d, kind, ordinal);
    if (result == 0)
        put(shard, hash, *ordinal & ~RECORDED);
    return result == 0 ? 1 : result;
}

int
directory_get(struct directory *d, uint8_t kind, struct view text, bool is_sealed,
              uint32_t *ordinal, struct directory_entry *entry)
{
    struct shard *shard;
    uint32_t known;
    int result;

    if (kind >= EXPOSURE_KINDS_MAX)
        return PASU_E_RANGE;
    if (!is_sealed && key_is_ordinal(text, ordinal))
        return 0;
    seal_hash(&d->seal, text, entry->hash);
    shard = shard_of(d, kind, entry->hash);
    pthread_mutex_lock(&shard->lock);
    known = look_up(shard, entry->hash);
    if (known == 0) {
        result = add(d, shard, kind, entry->hash, ordinal);
    } else {
        result = known & RECORDED ? 0 : 1;
        *ordinal = known | RECORDED;
    }
    pthread_mutex_unlock(&shard->lock);
    if (result == 1)
        entry->sealed_length =
            seal_close(&d->seal, kind, *ordinal, entry->hash, text, entry->sealed);
    return result;
}

int
directory_find(struct directory *d, uint8_t kind, struct view text, bool is_sealed,
               uint32_t *ordinal)
{
    uint8_t hash[SEAL_HASH_SIZE];
    struct shard *shard;

    if (kind >= EXPOSURE_KINDS_MAX)
        return PASU_E_RANGE;
    if (!is_sealed && key_is_ordinal(text, ordinal))
        return 0;
    seal_hash(&d->seal, text, hash);
    shard = shard_of(d, kind, hash);
    pthread_mutex_lock(&shard->lock);
    *ordinal = look_up(shard, hash);
    pthread_mutex_unlock(&shard->lock);
    if (*ordinal == 0)
        return PASU_E_NOTFOUND;
    *ordinal |= RECORDED;
    return 0;
}

void
directory_recorded(struct directory *d, uint8_t kind, const uint8_t hash[SEAL_HASH_SIZE])
{
    struct shard *shard;

    if (kind >= EXPOSURE_KINDS_MAX)
        return;
    shard = shard_of(d, kind, hash);
    pthread_mutex_lock(&shard->lock);
    if (look_up(shard, hash) != 0)
        find(shard->slots, shard->size, hash)->ordinal |= RECORDED;
    pthread_mutex_unlock(&shard->lock);
}

int
directory_restore(struct directory *d, uint8_t kind, uint32_t ordinal,
                  const uint8_t hash[SEAL_HASH_SIZE])
{
    struct shard *shard;
    uint32_t known;
    int result;

    if (kind >= EXPOSURE_KINDS_MAX || ordinal < KEY_ORDINAL_FIRST)
        return PASU_E_RANGE;
    directory_reserve(d, kind, ordinal);
    shard = shard_of(d, kind, hash);
    pthread_mutex_lock(&shard->lock);
    known = look_up(shard, hash);
    result = known != 0 ? 0 : reserve(d, shard);
    if (known == 0 && result == 0)
        put(shard, hash, ordinal);
    else if (known != 0 && (known | RECORDED) != ordinal)
        result = PASU_E_CORRUPT;
    else if (known != 0)
        find(shard->slots, shard->size, hash)->ordinal |= RECORDED;
    pthread_mutex_unlock(&shard->lock);
    return result;
}

int
directory_hash(const uint8_t secret[SEAL_SECRET_SIZE], struct view text,
               uint8_t hash[SEAL_HASH_SIZE])
{
    struct seal seal;
    int result = seal_init(&seal, secret);

    if (result == 0)
        seal_hash(&seal, text, hash);
    seal_release(&seal);
    return result;
}

ssize_t
directory_unseal(const uint8_t secret[SEAL_SECRET_SIZE], uint8_t kind, uint32_t ordinal,
                 const uint8_t hash[SEAL_HASH_SIZE], struct view sealed,
                 uint8_t text[SEAL_TEXT_MAX], bool *is_cut)
{
    struct seal seal;
    ssize_t result = seal_init(&seal, secret);

    if (result == 0)
        result = seal_open(&seal, kind, ordinal, hash, sealed, text, is_cut);
    seal_release(&seal);
    return result;
}
