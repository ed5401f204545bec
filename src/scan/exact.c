/* SPDX-License-Identifier: Apache-2.0 */
#define PASU_ALLOW_RAW_MEMORY /* roaring.h includes malloc.h */
#include "scan/exact.h"

#include "base/memory.h"
#include "config/model.h"

#include <roaring/roaring.h>

/* Hashes, open addressing, at most half full; 0 is free (no hash is 0). */
struct hashes {
    uint64_t *slots;
    size_t size, count;
    bool is_full; /* some are not in it */
};

struct counted {
    roaring_bitmap_t *numbers[CONFIG_SUBJECTS_MAX]; /* of each kind; NULL: none */
    uint64_t number_count;
    struct hashes others;
};

struct counting {
    struct counted sure, may;
};

/* Of a country, by all findings. */
struct place {
    uint16_t country; /* 0: not known, or no room */
    struct counting counting;
};

/* A principal that is looked for, and in which findings. */
struct wanted {
    uint64_t who;
    enum axis axis;
    bool is_named;
    size_t use; /* the first one of `uses`; they are linked */
};

struct use {
    size_t finding, principal, next; /* SIZE_MAX: none */
};

struct exact {
    struct exact_finding *findings;
    struct counting *counts;
    size_t count;
    struct use *uses;
    size_t use_count;
    struct wanted *table; /* by who and axis; a power of two, at most half full */
    size_t size;
    size_t unnamed;
    struct chart chart;
    struct place places[CHART_PLACES];
    size_t place_count, place_hashes; /* hashes in all of them */
};

/* ---- sets ---- */

static int hashes_add(struct hashes *set, uint64_t hash);

static int
hashes_grow(struct hashes *set)
{
    struct hashes larger = {.size = set->size > 0 ? 2 * set->size : 64};
    int result = 0;

    larger.slots = memory_new(larger.size, sizeof(*larger.slots));
    if (larger.slots == NULL)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < set->size && result == 0; i++)
        if (set->slots[i] != 0)
            result = hashes_add(&larger, set->slots[i]);
    memory_free(set->slots);
    *set = larger;
    return result;
}

static int
hashes_add(struct hashes *set, uint64_t hash)
{
    size_t at;

    if (2 * (set->count + 1) > set->size) {
        int result;

        if (set->count >= EXACT_HASHES) {
            set->is_full = true;
            return 0;
        }
        result = hashes_grow(set);
        if (result != 0)
            return result;
    }
    at = hash & (set->size - 1);
    while (set->slots[at] != 0 && set->slots[at] != hash)
        at = (at + 1) & (set->size - 1);
    set->count += set->slots[at] == 0;
    set->slots[at] = hash;
    return 0;
}

static int
counted_number(struct counted *set, uint8_t kind, uint32_t number)
{
    if (set->numbers[kind] == NULL && (set->numbers[kind] = roaring_bitmap_create()) == NULL)
        return PASU_E_NOMEM;
    set->number_count += roaring_bitmap_add_checked(set->numbers[kind], number);
    return 0;
}

static uint64_t
counted_sum(const struct counted *set)
{
    return set->others.count + set->number_count;
}

static void
counted_release(struct counted *set)
{
    for (size_t kind = 0; kind < CONFIG_SUBJECTS_MAX; kind++)
        if (set->numbers[kind] != NULL)
            roaring_bitmap_free(set->numbers[kind]);
    memory_free(set->others.slots);
}

/* ---- who is looked for ---- */

static struct wanted *
find(const struct exact *exact, uint64_t who, enum axis axis)
{
    size_t at = (who ^ (uint64_t)axis << 32) & (exact->size - 1);

    while (exact->table[at].who != 0 &&
           (exact->table[at].who != who || exact->table[at].axis != axis))
        at = (at + 1) & (exact->size - 1);
    return &exact->table[at];
}

static void
add_use(struct exact *exact, size_t finding, size_t principal)
{
    const struct finding_principal *p = &exact->findings[finding].finding->principal[principal];
    struct wanted *wanted;

    if (p->who == 0 || p->axis >= AXIS_COUNT)
        return;
    wanted = find(exact, p->who, (enum axis)p->axis);
    if (wanted->who == 0) {
        *wanted = (struct wanted){p->who, (enum axis)p->axis, false, SIZE_MAX};
        exact->unnamed++;
    }
    exact->uses[exact->use_count] = (struct use){finding, principal, wanted->use};
    wanted->use = exact->use_count++;
}

int
exact_new(struct exact **slot, const struct finding *findings, size_t count)
{
    struct exact *exact = memory_new(1, sizeof(*exact));
    size_t uses = 0;

    *slot = exact;
    if (exact == NULL)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < count; i++)
        uses += findings[i].principals;
    for (exact->size = 16; exact->size < 2 * uses + 1;)
        exact->size *= 2;
    exact->count = count;
    exact->findings = memory_new(count + 1, sizeof(*exact->findings));
    exact->counts = memory_new(count + 1, sizeof(*exact->counts));
    exact->uses = memory_new(uses + 1, sizeof(*exact->uses));
    exact->table = memory_new(exact->size, sizeof(*exact->table));
    if (exact->findings == NULL || exact->counts == NULL || exact->uses == NULL ||
        exact->table == NULL)
        goto fail;
    if (chart_init(&exact->chart, count) != 0)
        goto fail;
    for (size_t i = 0; i < count; i++) {
        exact->findings[i].finding = &findings[i];
        exact->findings[i].names = memory_new(FINDING_PRINCIPALS, OBSERVE_NAME);
        if (exact->findings[i].names == NULL)
            goto fail;
        for (size_t p = 0; p < findings[i].principals; p++)
            add_use(exact, i, p);
    }
    return 0;
fail:
    exact_free(exact);
    *slot = NULL;
    return PASU_E_NOMEM;
}

void
exact_free(struct exact *exact)
{
    if (exact == NULL)
        return;
    for (size_t i = 0; i < exact->count && exact->findings != NULL && exact->counts != NULL; i++) {
        memory_free(exact->findings[i].names);
        counted_release(&exact->counts[i].sure);
        counted_release(&exact->counts[i].may);
    }
    for (size_t i = 0; i < exact->place_count; i++) {
        counted_release(&exact->places[i].counting.sure);
        counted_release(&exact->places[i].counting.may);
    }
    chart_release(&exact->chart);
    memory_free(exact->findings);
    memory_free(exact->counts);
    memory_free(exact->uses);
    memory_free(exact->table);
    memory_free(exact);
}

bool
exact_wants(const void *arg, const struct observation *observation)
{
    const struct exact *exact = arg;

    for (enum axis axis = 0; axis < AXIS_COUNT; axis++)
        if (observation->who[axis] != 0 && find(exact, observation->who[axis], axis)->who != 0)
            return true;
    return false;
}

static int
count_in(struct counting *counting, const struct observation *o, const struct observed_more *more)
{
    uint8_t kind = o->kind % CONFIG_SUBJECTS_MAX;
    int result = 0;

    if (o->number <= UINT32_MAX) {
        if (more->is_sure)
            result = counted_number(&counting->sure, kind, (uint32_t)o->number);
        if (result == 0 && more->is_plain)
            return counted_number(&counting->may, kind, (uint32_t)o->number);
    } else if (more->is_sure) {
        result = hashes_add(&counting->sure.others, o->subject);
    }
    return result == 0 ? hashes_add(&counting->may.others, more->raw) : result;
}

static struct place *
place_of(struct exact *exact, uint16_t country)
{
    size_t at = 0;

    while (at < exact->place_count && exact->places[at].country != country)
        at++;
    if (at < exact->place_count)
        return &exact->places[at];
    if (at == CHART_PLACES - 1 && country != 0) /* the last one is for all others */
        return place_of(exact, 0);
    exact->places[at].country = country;
    exact->place_count++;
    return &exact->places[at];
}

static size_t
hashes_of(const struct counting *counting)
{
    return counting->sure.others.count + counting->may.others.count;
}

/* All countries together have room for as many hashes as one finding has. */
static int
count_place(struct exact *exact, const struct observation *o, const struct observed_more *more)
{
    struct counting *counting = &place_of(exact, o->country)->counting;
    size_t before = hashes_of(counting);
    int result;

    if (exact->place_hashes >= EXACT_HASHES && (o->number > UINT32_MAX || !more->is_plain)) {
        counting->may.others.is_full = true;
        return 0;
    }
    result = count_in(counting, o, more);
    exact->place_hashes += hashes_of(counting) - before;
    return result;
}

static int
add_for(struct exact *exact, const struct wanted *wanted, const struct observation *o,
        const struct observed_more *more)
{
    bool is_placed = false;
    int result = 0;

    for (size_t u = wanted->use; u != SIZE_MAX && result == 0; u = exact->uses[u].next) {
        struct exact_finding *found = &exact->findings[exact->uses[u].finding];

        if (o->what != OBSERVED_SHOWN || o->time < found->finding->first ||
            o->time > found->finding->last)
            continue;
        found->fields |= o->fields;
        result = count_in(&exact->counts[exact->uses[u].finding], o, more);
        if (result == 0 && !is_placed)
            result = count_place(exact, o, more);
        is_placed = true;
        if (result == 0)
            chart_add(&exact->chart, exact->uses[u].finding, o,
                      counted_sum(&exact->counts[exact->uses[u].finding].may));
    }
    return result;
}

int
exact_add(struct exact *exact, const struct observation *o, const struct observed_more *more,
          unsigned *wanted_axes)
{
    int result = 0;

    *wanted_axes = 0;
    for (enum axis axis = 0; axis < AXIS_COUNT && result == 0; axis++) {
        const struct wanted *wanted;

        if (o->who[axis] == 0)
            continue;
        wanted = find(exact, o->who[axis], axis);
        if (wanted->who == 0)
            continue;
        if (!wanted->is_named)
            *wanted_axes |= 1u << axis;
        result = add_for(exact, wanted, o, more);
    }
    return result;
}

void
exact_name(struct exact *exact, const struct observation *o, enum axis axis, const char *name)
{
    struct wanted *wanted = find(exact, o->who[axis], axis);

    if (wanted->who == 0 || name[0] == '\0')
        return;
    wanted->is_named = true;
    for (size_t u = wanted->use; u != SIZE_MAX; u = exact->uses[u].next)
        snprintf(exact->findings[exact->uses[u].finding].names[exact->uses[u].principal],
                 OBSERVE_NAME, "%s", name);
}

static void
end_places(struct exact *exact)
{
    exact->chart.place_count = exact->place_count;
    for (size_t i = 0; i < exact->place_count; i++) {
        const struct counting *counting = &exact->places[i].counting;

        exact->chart.places[i] = (struct chart_place){
            .country = exact->places[i].country,
            .at_least = counted_sum(&counting->sure),
            .at_most = counted_sum(&counting->may),
            .is_more = counting->may.others.is_full,
        };
    }
}

const struct exact_finding *
exact_end(struct exact *exact, bool is_all)
{
    end_places(exact);
    for (size_t i = 0; i < exact->count; i++) {
        struct exact_finding *found = &exact->findings[i];
        const struct finding *finding = found->finding;
        const struct counting *counting = &exact->counts[i];
        uint64_t sure = counted_sum(&counting->sure), may = counted_sum(&counting->may);
        bool is_exact =
            is_all && finding->together <= finding->principals && !counting->may.others.is_full;

        found->at_least = sure;
        found->at_most = is_exact || finding->at_most < may ? may : finding->at_most;
        if (!is_all && finding->at_least > sure)
            found->at_least = finding->at_least;
        if (found->fields == 0)
            found->fields = finding->fields;
    }
    return exact->findings;
}

const struct chart *
exact_chart(const struct exact *exact)
{
    return &exact->chart;
}
