/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache of plans: shards, each with a lock, a table of chains and a ring for the clock.
 *
 * A plan is found by a hash of all that its meaning hangs on, seeded at random so that nobody can
 * choose texts that meet in one chain, and then compared with it. The clock goes round when there
 * is no room: a plan that was asked for since the hand last passed stays, the others go.
 */
#include "base/memory.h"
#include "base/os.h"
#include "postgres/hash.h"
#include "postgres/plan_again.h"
#include "postgres/plan_object.h"

#include <pthread.h>
#include <stdatomic.h>

enum { SHARDS = 16, CACHE_LINE = 64 };

struct slot {
    struct slot *next; /* in its chain */
    struct plan *plan; /* held; NULL: a free slot */
    uint64_t hash;
    size_t bytes;
    bool is_used; /* since the hand passed */
};

struct shard {
    pthread_mutex_t lock;
    struct slot *slots; /* the ring */
    struct slot **chains;
    size_t slot_count, chain_mask;
    size_t hand;
    size_t bytes, bytes_max;
    uint64_t hits, misses, plans;
    uint8_t apart[CACHE_LINE]; /* the next one's lock is on another cache line */
};

struct plan_cache {
    struct shard *shards; /* SHARDS of them */
    uint64_t seed;
    _Atomic uint64_t again; /* plans that were found without looking here */
};

/* ---- making ---- */

static int
shard_init(struct shard *shard, size_t plans_max, size_t bytes_max)
{
    size_t chains = 1;

    while (chains < plans_max)
        chains *= 2;
    shard->slots = memory_new(plans_max, sizeof(*shard->slots));
    shard->chains = memory_new(chains, sizeof(struct slot *));
    shard->slot_count = plans_max;
    shard->chain_mask = chains - 1;
    shard->bytes_max = bytes_max;
    if (pthread_mutex_init(&shard->lock, NULL) != 0)
        return PASU_E_NOMEM;
    return shard->slots && shard->chains ? 0 : PASU_E_NOMEM;
}

int
plan_cache_new(struct plan_cache **cache, size_t plans_max, size_t bytes_max)
{
    struct plan_cache *c = memory_new(1, sizeof(*c));
    size_t plans = plans_max / SHARDS ? plans_max / SHARDS : 1;
    int result;

    *cache = NULL;
    if (!c)
        return PASU_E_NOMEM;
    c->shards = memory_new(SHARDS, sizeof(struct shard));
    result = c->shards ? os_real.random(os_real.arg, &c->seed, sizeof(c->seed)) : PASU_E_NOMEM;
    if (result != 0) {
        plan_cache_free(c);
        return result;
    }
    for (size_t i = 0; i < SHARDS; i++)
        if (shard_init(&c->shards[i], plans, bytes_max / SHARDS) != 0) {
            plan_cache_free(c);
            return PASU_E_NOMEM;
        }
    *cache = c;
    return 0;
}

void
plan_cache_free(struct plan_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; cache->shards && i < SHARDS; i++) {
        struct shard *shard = &cache->shards[i];

        for (size_t k = 0; shard->slots && k < shard->slot_count; k++)
            plan_release(shard->slots[k].plan);
        memory_free(shard->slots);
        memory_free(shard->chains);
    }
    memory_free(cache->shards);
    memory_free(cache);
}

/* ---- finding ---- */

static uint64_t
hash_of(const struct plan_cache *cache, struct view text, const struct plan_environment *e)
{
    uint64_t hash = hash_bytes(text.bytes, text.length, cache->seed);
    uint64_t rest = (uintptr_t)e->catalog ^ (uint64_t)e->is_plain_dialect ^
                    (uint64_t)e->may_inject << 1 ^ (uint64_t)e->has_foreign_parameters << 2 ^
                    (uint64_t)e->may_shadow << 3 ^ (uint64_t)e->refuses_unknown << 4 ^
                    (uint64_t)e->shadow_persons << 32;

    hash = hash_bytes(e->role, strlen(e->role), hash);
    return hash_bytes(&rest, sizeof(rest), hash);
}

bool
plan_is_of(const struct plan *plan, struct view text, const struct plan_environment *e)
{
    return plan->catalog == e->catalog && plan->is_plain_dialect == e->is_plain_dialect &&
           plan->may_inject == e->may_inject && plan->may_shadow == e->may_shadow &&
           plan->shadow_persons == e->shadow_persons &&
           plan->refuses_unknown == e->refuses_unknown &&
           plan->has_foreign_parameters == e->has_foreign_parameters &&
           view_equal(plan->text, text) && strcmp(plan->role, e->role) == 0;
}

static struct slot *
find(const struct shard *shard, uint64_t hash, struct view text, const struct plan_environment *e)
{
    for (struct slot *s = shard->chains[hash & shard->chain_mask]; s; s = s->next)
        if (s->hash == hash && plan_is_of(s->plan, text, e))
            return s;
    return NULL;
}

/* ---- replacing ---- */

static void
drop(struct shard *shard, struct slot *slot)
{
    struct slot **at = &shard->chains[slot->hash & shard->chain_mask];

    while (*at != slot)
        at = &(*at)->next;
    *at = slot->next;
    shard->bytes -= slot->bytes;
    shard->plans--;
    plan_release(slot->plan);
    *slot = (struct slot){0};
}

/* A free slot, by turning the clock until there is one and room for so many bytes. */
static struct slot *
make_room(struct shard *shard, size_t bytes)
{
    for (;;) {
        struct slot *slot = &shard->slots[shard->hand];

        shard->hand = (shard->hand + 1) % shard->slot_count;
        if (slot->plan && slot->is_used) {
            slot->is_used = false;
            continue;
        }
        if (slot->plan)
            drop(shard, slot);
        if (shard->bytes + bytes <= shard->bytes_max)
            return slot;
    }
}

static size_t
size_of(struct plan *plan)
{
    return sizeof(struct plan_object) + plan_object_of(plan)->arena.bytes;
}

static bool
is_out_of_date(const struct plan *plan)
{
    return plan->catalog && catalog_is_superseded(plan->catalog);
}

static void
keep(struct shard *shard, uint64_t hash, struct plan *plan)
{
    size_t bytes = size_of(plan);
    struct slot *slot;

    if (bytes > shard->bytes_max || is_out_of_date(plan))
        return;
    slot = make_room(shard, bytes);
    *slot =
        (struct slot){shard->chains[hash & shard->chain_mask], plan_hold(plan), hash, bytes, false};
    shard->chains[hash & shard->chain_mask] = slot;
    shard->bytes += bytes;
    shard->plans++;
}

int
plan_cache_get(struct plan_cache *cache, struct view text,
               const struct plan_environment *environment, struct plan **plan)
{
    uint64_t hash = hash_of(cache, text, environment);
    /* The chain is chosen by the lower bits, the shard by the highest. */
    struct shard *shard = &cache->shards[hash >> 60];
    struct slot *slot;
    int result;

    pthread_mutex_lock(&shard->lock);
    slot = find(shard, hash, text, environment);
    if (slot) {
        slot->is_used = true;
        shard->hits++;
        *plan = plan_hold(slot->plan);
        pthread_mutex_unlock(&shard->lock);
        return 0;
    }
    shard->misses++;
    pthread_mutex_unlock(&shard->lock);

    result = plan_new(plan, text, environment);
    if (result != 0)
        return result;
    pthread_mutex_lock(&shard->lock);
    if (!find(shard, hash, text, environment))
        keep(shard, hash, *plan);
    pthread_mutex_unlock(&shard->lock);
    return 0;
}

struct plan *
plan_cache_again(struct plan_cache *cache, struct plan *plan)
{
    atomic_fetch_add_explicit(&cache->again, 1, memory_order_relaxed);
    return plan_hold(plan);
}

void
plan_cache_sweep(struct plan_cache *cache)
{
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &cache->shards[i];

        pthread_mutex_lock(&shard->lock);
        for (size_t k = 0; k < shard->slot_count; k++)
            if (shard->slots[k].plan && is_out_of_date(shard->slots[k].plan))
                drop(shard, &shard->slots[k]);
        pthread_mutex_unlock(&shard->lock);
    }
}

void
plan_cache_count(const struct plan_cache *cache, struct plan_cache_counts *counts)
{
    *counts = (struct plan_cache_counts){.hits = cache->again};
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &cache->shards[i];

        pthread_mutex_lock(&shard->lock);
        counts->hits += shard->hits;
        counts->misses += shard->misses;
        counts->plans += shard->plans;
        counts->bytes += shard->bytes;
        pthread_mutex_unlock(&shard->lock);
    }
}
