/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_gather.h"

#include "base/memory.h"
#include "breach/chunk_bytes.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    WAITING_MIN = 64,      /* fewer are not worth a second thread */
    LIST_MAX = 4 << 20,    /* persons of a part that are gathered before they are united */
    CROWD_BELOW = 1 << 27, /* where ordinals are, a crowd's pages are no more than 16 MiB */
    CROWD_FROM = 1 << 16,  /* of so many, a crowd is made of a list, */
    POURED_FROM = 1 << 12, /* and of a set into one chunk */
};

void
gather_part_release(struct gather_part *part)
{
    persons_free(part->shown);
    for (unsigned h = 0; h < GATHER_HALVES; h++) {
        ordinals_release(&part->halves[h].list);
        crowd_release(&part->halves[h].crowd);
        persons_free(part->halves[h].shown);
    }
}

void
index_gather_release(struct index_gather *g)
{
    memory_free(g->waiting);
    *g = (struct index_gather){0};
}

static int
add(struct index_gather *g, const struct gather_waiting *one)
{
    if (g->count == g->space) {
        size_t space = g->space * 2 + 256;
        struct gather_waiting *waiting = memory_resize(g->waiting, space, sizeof(*waiting));

        if (waiting == NULL)
            return PASU_E_NOMEM;
        g->waiting = waiting;
        g->space = space;
    }
    g->waiting[g->count++] = *one;
    return 0;
}

int
index_gather_set(struct index_gather *g, struct gather_part *part, struct view persons)
{
    return add(g, &(struct gather_waiting){.part = part, .persons = persons});
}

int
index_gather_chunk(struct index_gather *g, struct gather_part *part,
                   const struct index_stored *stored, uint32_t first, const struct gather_of *of)
{
    return add(
        g, &(struct gather_waiting){.part = part, .stored = *stored, .first = first, .of = *of});
}

/* ---- each thread its half ---- */

/* Where the next one that neither thread has taken is. */
struct shared {
    _Atomic size_t next;
};

struct worker {
    struct index_gather *gather;
    struct shared *shared;
    unsigned number;
    struct index_room room;
    struct ordinals scratch;
    struct pool_scratch pool;
    int result;
};

static int
unite_list(struct persons **set, struct ordinals *list, struct ordinals *scratch)
{
    int result = ordinals_sort(list, scratch);

    if (result == 0)
        result = persons_add(set, list->items, list->count);
    list->count = 0;
    return result;
}

/* What is in the list goes on to where it is less. */
static int
settle(struct gather_half *half)
{
    struct ordinals *list = &half->list;
    int result = 0;

    if (list->count == 0)
        return 0;
    half->is_far |= list->items[list->count - 1] >= CROWD_BELOW;
    if (list->count >= CROWD_FROM && !half->is_far) {
        result = crowd_add(&half->crowd, list->items, list->count);
        list->count = 0;
    }
    return result;
}

/* Of a chunk that begins there, or (0) of any ordinals. */
static int
gather_set(struct gather_half *half, struct view persons, uint32_t base, bool is_chunk)
{
    uint64_t most = person_bytes_most(persons);
    int result;

    if (most == UINT64_MAX || (is_chunk && (base < CROWD_BELOW || most >= POURED_FROM)))
        return person_bytes_pour(persons, base, &half->crowd);
    result = person_bytes_list(persons, base, &half->list);
    return result == 0 ? settle(half) : result;
}

static int
gather_attendance(struct worker *w, struct gather_half *half, struct view bytes,
                  const struct gather_waiting *one)
{
    struct attendance_view view;
    int result = attendance_view_of(&view, bytes);

    if (result != 0)
        return result;
    if (one->of.days == UINT32_MAX)
        return gather_set(half, view.persons, one->first, true);
    result = attendance_list(&view, one->of.days, one->first, &half->list, &w->pool.moments);
    return result == 0 ? settle(half) : result;
}

static int
gather_pool(struct worker *w, struct gather_half *half, const struct pool_view *pool,
            const struct gather_waiting *one)
{
    bool is_near = one->first < CROWD_BELOW || pool->count >= POURED_FROM;
    struct ordinals *list = is_near ? &w->scratch : &half->list;
    int result;

    w->scratch.count = 0;
    result = pool_list(pool, one->of.is_one, one->of.principal, one->of.days, one->first, list,
                       &w->pool);
    if (result != 0)
        return result;
    return is_near ? crowd_add(&half->crowd, list->items, list->count) : settle(half);
}

static int
gather_chunk(struct worker *w, struct gather_half *half, const struct gather_waiting *one)
{
    struct chunk_walk walk;
    struct pool_view pool;
    struct view value, bytes;
    int next = index_stored_open(&one->stored, &w->room, &value), result;

    if (next != 0)
        return next;
    chunk_walk_begin(&walk, value);
    while ((next = chunk_walk_next(&walk, &bytes)) == 1) {
        if (one->of.is_one && walk.principal != one->of.principal)
            continue;
        result = gather_attendance(w, half, bytes, one);
        if (result != 0)
            return result;
    }
    if (next == 0)
        next = chunk_walk_pool(&walk, &pool);
    return next == 1 ? gather_pool(w, half, &pool, one) : next;
}

static int
gather_one(struct worker *w, const struct gather_waiting *one)
{
    struct gather_half *half = &one->part->halves[w->number];
    int result = one->persons.length > 0 ? gather_set(half, one->persons, 0, false)
                                         : gather_chunk(w, half, one);

    return result == 0 && half->list.count > LIST_MAX
               ? unite_list(&half->shown, &half->list, &w->scratch)
               : result;
}

/* Of one part and chunk, months are one behind the other. */
static int
compare_waiting(const void *a, const void *b)
{
    const struct gather_waiting *one = a, *other = b;

    if (one->part->number != other->part->number)
        return one->part->number < other->part->number ? -1 : 1;
    return (one->first > other->first) - (one->first < other->first);
}

/* How many there are of the same part and chunk, from there on. */
static size_t
stretch_at(const struct index_gather *g, size_t from)
{
    size_t end = from + 1;

    while (end < g->count && compare_waiting(&g->waiting[from], &g->waiting[end]) == 0)
        end++;
    return end - from;
}

/* The next stretch of those that are sorted; false where there is none. */
static bool
take_stretch(struct worker *w, size_t *from, size_t *count)
{
    const struct index_gather *g = w->gather;
    size_t at = atomic_load(&w->shared->next);

    do {
        if (at >= g->count)
            return false;
        *count = stretch_at(g, at);
    } while (!atomic_compare_exchange_weak(&w->shared->next, &at, at + *count));
    *from = at;
    return true;
}

static void *
gather_half(void *arg)
{
    struct worker *w = arg;
    size_t from, count;

    while (w->result == 0 && take_stretch(w, &from, &count))
        for (size_t i = from; w->result == 0 && i < from + count; i++)
            w->result = gather_one(w, &w->gather->waiting[i]);
    return NULL;
}

/* ---- both halves ---- */

static int
unite_half(struct gather_half *half, struct persons **set, struct ordinals *scratch)
{
    int result = persons_unite(set, half->shown);

    persons_free(half->shown);
    half->shown = NULL;
    return result == 0 ? unite_list(set, &half->list, scratch) : result;
}

static int
unite_part(struct gather_part *part, struct ordinals *scratch)
{
    int result = crowd_take(&part->halves[0].crowd, &part->halves[1].crowd);

    if (result == 0)
        result = crowd_unite(&part->halves[0].crowd, &part->shown);
    crowd_release(&part->halves[0].crowd);
    for (unsigned h = 0; result == 0 && h < GATHER_HALVES; h++)
        result = unite_half(&part->halves[h], &part->shown, scratch);
    return result;
}

/* The next part of those that are sorted; NULL where there is none. */
static struct gather_part *
take_part(struct worker *w)
{
    const struct index_gather *g = w->gather;
    size_t at = atomic_load(&w->shared->next), end;

    do {
        if (at >= g->count)
            return NULL;
        for (end = at + 1; end < g->count && g->waiting[end].part == g->waiting[at].part;)
            end++;
    } while (!atomic_compare_exchange_weak(&w->shared->next, &at, end));
    return g->waiting[at].part;
}

static void *
unite_parts(void *arg)
{
    struct worker *w = arg;
    struct gather_part *part;

    while (w->result == 0 && (part = take_part(w)) != NULL)
        w->result = unite_part(part, &w->scratch);
    return NULL;
}

/* Both workers at once, where that pays. */
static int
work(struct worker workers[GATHER_HALVES], void *(*run)(void *arg))
{
    pthread_t thread;
    bool has_thread;

    atomic_store(&workers[0].shared->next, 0);
    has_thread = workers[0].gather->count >= WAITING_MIN &&
                 pthread_create(&thread, NULL, run, &workers[1]) == 0;

    run(&workers[0]);
    if (has_thread)
        pthread_join(thread, NULL);
    else
        run(&workers[1]);
    return workers[0].result != 0 ? workers[0].result : workers[1].result;
}

int
index_gather_unite(struct index_gather *g, struct index *index)
{
    struct shared shared;
    struct worker workers[GATHER_HALVES] = {{.gather = g, .shared = &shared},
                                            {.gather = g, .shared = &shared, .number = 1}};
    int result = 0;

    if (g->count > 0)
        qsort(g->waiting, g->count, sizeof(*g->waiting), compare_waiting);
    for (unsigned w = 0; result == 0 && w < GATHER_HALVES; w++)
        result = index_room_init(&workers[w].room, index);
    if (result == 0)
        result = work(workers, gather_half);
    if (result == 0)
        result = work(workers, unite_parts);
    for (unsigned w = 0; w < GATHER_HALVES; w++) {
        index_room_release(&workers[w].room);
        ordinals_release(&workers[w].scratch);
        pool_scratch_release(&workers[w].pool);
    }
    g->count = 0;
    return result;
}
