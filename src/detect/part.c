/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/part.h"

#include "base/error.h"
#include "base/memory.h"

enum {
    LIST_FIRST = 64,
    WALK_FROM = 64,  /* persons in a day, from which on its walk is followed */
    LIVES_SHARE = 4, /* persons are held in larger numbers in the first fourth of the memory */
    WALKS_SHARE = 4, /* no walk is begun in the last fourth of the memory */
    FORGET_DAYS_FIRST = 30 /* without being seen; then half as many, and so on */
};

/* Nobody is in two countries, neighbours apart, within an hour. */
#define TRAVEL_TIME (INT64_C(3600) * 1000000000)

static int
list_push(struct principal ***list, size_t *count, size_t *room, struct principal *p, size_t *held)
{
    if (*count == *room) {
        size_t larger = *room == 0 ? LIST_FIRST : *room * 2;
        struct principal **grown = memory_resize(*list, larger, sizeof(*grown));

        if (grown == NULL)
            return PASU_E_NOMEM;
        *held += (larger - *room) * sizeof(*grown);
        *list = grown;
        *room = larger;
    }
    (*list)[(*count)++] = p;
    return 0;
}

/* Of a principal. Whoever reads many is compared by those that are held (tiling.h). */
static size_t
persons_held(const struct part *part)
{
    return part->held < part->limit / LIVES_SHARE ? LIFE_MOST : LIFE_LEAST;
}

/* What is known stays, but nothing becomes larger. */
static bool
is_tight(const struct part *part)
{
    return part->held >= part->limit;
}

static struct sample_read
read_of(const struct taken *t)
{
    const struct observation *o = t->o;

    return (struct sample_read){
        .number = o->number <= t->horizon ? o->number : NUMBER_NONE,
        .offset = o->offset,
        .second = t->second,
        .file = o->file,
        .kind = o->kind,
        .flags = o->what == OBSERVED_SHOWN ? READ_SHOWN : READ_MISSED,
    };
}

/* ---- a principal with more than one person ---- */

static int
follow_walk(struct part *part, struct principal *p, uint64_t number)
{
    struct history *h = p->history;

    if (h == NULL)
        return 0;
    if (h->walk == NULL) {
        if (p->today->asked.count < WALK_FROM)
            return 0;
        p->unfollowed = part->held > part->limit - part->limit / WALKS_SHARE;
        if (p->unfollowed)
            return 0;
        if ((h->walk = memory_new(1, sizeof(*h->walk))) == NULL)
            return PASU_E_NOMEM;
        part->held += sizeof(*h->walk);
        h->walk->seed = part->walk_seed;
    }
    walk_add(h->walk, number);
    return 0;
}

/* So many persons, at one time. */
static void
note_shown(struct principal *p, struct day *day, const struct taken *t, uint64_t fields,
           uint32_t count)
{
    uint32_t minute = t->second / 60;

    p->reads += count;
    p->fields |= fields;
    day->fields |= fields;
    if (p->history != NULL)
        p->history->fields_since |= fields;
    day->hours |= 1U << (t->second / 3600);
    if (day->minute != minute) {
        day->minute = minute;
        day->minute_reads = 0;
    }
    day->minute_reads += count;
    if (day->minute_reads > day->minute_most)
        day->minute_most = day->minute_reads;
}

static int
show(struct part *part, struct principal *p, struct day *day, const struct taken *t)
{
    note_shown(p, day, t, t->o->fields, 1);
    /* Where there is no memory, those that are known are at least shown. */
    return is_tight(part)
               ? 0
               : life_add(&p->life, t->o->subject, t->day, persons_held(part), &part->held);
}

/* Whether it is the first time that the principal comes from there, or with that. */
static bool
place_is_new(struct history *h, uint32_t place, uint16_t today)
{
    struct known_place *oldest = &h->places[0];

    for (size_t i = 0; i < PLACES_KNOWN; i++) {
        if (h->places[i].place == place) {
            h->places[i].last = today;
            return false;
        }
        if (h->places[i].last < oldest->last)
            oldest = &h->places[i];
    }
    *oldest = (struct known_place){.place = place, .last = today};
    return true;
}

static void
note_places(struct history *h, struct day *day, const struct taken *t)
{
    const struct observation *o = t->o;
    const uint32_t places[] = {
        o->country != 0 ? UINT32_C(1) << 30 | o->country : 0,
        o->asn != 0 ? UINT32_C(2) << 30 | (o->asn & 0x3FFFFFFF) : 0,
        o->who[AXIS_AGENT] != 0 ? UINT32_C(3) << 30 | (uint32_t)(o->who[AXIS_AGENT] >> 34) : 0,
    };

    for (size_t i = 0; i < COUNT_OF(places); i++)
        if (places[i] != 0 && place_is_new(h, places[i], t->day))
            day->fresh_places |= 1U << i;
    if (o->country == 0)
        return;
    if (h->country != 0 && h->country != o->country && o->time - h->country_time < TRAVEL_TIME)
        day->fresh_places |= FRESH_TRAVEL;
    h->country = o->country;
    h->country_time = o->time;
}

static int
ask(struct part *part, struct principal *p, struct day *day, const struct taken *t)
{
    const struct observation *o = t->o;
    struct sample_read read = read_of(t);
    int r = sample_add(&day->asked, o->subject, &read, is_tight(part), &part->held);

    if (r < 0)
        return r;
    day->attempts++;
    day->nameless += o->who[AXIS_ACCOUNT] == 0;
    day->bare += o->who[AXIS_SESSION] == 0;
    p->last = o->time;
    p->touched = true;
    if (o->what == OBSERVED_SHOWN) {
        if ((r = show(part, p, day, t)) < 0)
            return r;
    } else {
        p->misses++;
        day->misses++;
    }
    if (read.number != NUMBER_NONE && (r = follow_walk(part, p, read.number)) < 0)
        return r;
    if (p->axis != AXIS_ACCOUNT && o->who[AXIS_ACCOUNT] != 0 &&
        (r = accounts_add(&day->accounts, o->who[AXIS_ACCOUNT], t->orphan, is_tight(part),
                          &part->held)) < 0)
        return r;
    if (p->history == NULL && p->life.count + p->misses >= PRINCIPAL_TESTED) {
        if ((r = principal_test(p, &part->held)) < 0)
            return r;
        part->tested++;
    }
    if (p->axis == AXIS_ACCOUNT && p->history != NULL)
        note_places(p->history, day, t);
    return 0;
}

/* As ask, for each of those that follow on one that it has asked for at the same time, while it is
 * tested: what is the same for all of them was noted with that one, or is summed up. */
static int
ask_again(struct part *part, struct principal *p, struct slot *slot, const struct taken *first,
          size_t count)
{
    struct taken t = *first;
    struct day *day = p->today;
    uint64_t fields = 0;
    uint32_t shown = 0;

    for (size_t i = 0; i < count; i++, t.o++) {
        const struct observation *o = t.o;
        struct sample_read read = read_of(&t);

        if (!sample_leaves_out(&day->asked, o->subject) &&
            sample_add(&day->asked, o->subject, &read, is_tight(part), &part->held) < 0)
            return PASU_E_NOMEM;
        if (o->what == OBSERVED_SHOWN) {
            shown++;
            fields |= o->fields;
            if (!is_tight(part) &&
                life_add(&p->life, o->subject, t.day, persons_held(part), &part->held) < 0)
                return PASU_E_NOMEM;
        }
        if (read.number != NUMBER_NONE && follow_walk(part, p, read.number) < 0)
            return PASU_E_NOMEM;
    }
    slot->requests += (uint32_t)count;
    day->requests = slot->requests;
    day->attempts += (uint32_t)count;
    if (first->o->who[AXIS_ACCOUNT] == 0)
        day->nameless += (uint32_t)count;
    if (first->o->who[AXIS_SESSION] == 0)
        day->bare += (uint32_t)count;
    p->misses += count - shown;
    day->misses += (uint32_t)(count - shown);
    if (shown > 0)
        note_shown(p, day, first, fields, shown);
    return 0;
}

/* ---- a slot ---- */

/* When it asked first today, to the second; before that nobody knows. */
static int64_t
first_of(const struct slot *slot, const struct taken *t)
{
    int64_t first = ((int64_t)t->day * 86400 + slot->principal) * INT64_C(1000000000);

    return slot->asked_day == t->day && first < t->o->time ? first : t->o->time;
}

/* It asks for a second person. What is known of the first one goes along. */
static struct principal *
promote(struct part *part, unsigned axis, struct slot *slot, const struct taken *t)
{
    const struct observation *o = t->o;
    struct principal *p = principal_new(o->who[axis], (uint8_t)axis, &part->held);

    if (p == NULL)
        return NULL;
    p->key = slot->key;
    p->asn = o->who[AXIS_ASN];
    p->agent = o->who[AXIS_AGENT];
    p->first = first_of(slot, t);
    p->reads = slot->reads;
    p->misses = slot->subject != 0 && slot->reads == 0;
    if (list_push(&part->principals, &part->count, &part->room, p, &part->held) < 0) {
        principal_free(p, &part->held);
        return NULL;
    }
    slot->principal = SLOT_PROMOTED | (uint32_t)(part->count - 1);
    if (slot->reads > 0 &&
        life_add(&p->life, slot->subject, slot->asked_day, LIFE_LEAST, &part->held) < 0)
        return NULL;
    return p;
}

/* The first person, where it was asked for today: only that it was is known. */
static int
recall(struct part *part, const struct slot *slot, struct day *day, uint16_t today)
{
    struct sample_read read = {.number = NUMBER_NONE,
                               .file = UINT32_MAX,
                               .flags = slot->reads > 0 ? READ_SHOWN : READ_MISSED};

    if (slot->asked_day != today)
        return 0;
    day->attempts++;
    return sample_add(&day->asked, slot->subject, &read, is_tight(part), &part->held);
}

static int
begin_day(struct part *part, struct principal *p, const struct taken *t)
{
    if (principal_today(p, t->o->time, &part->held) == NULL)
        return PASU_E_NOMEM;
    return list_push(&part->open, &part->open_count, &part->open_room, p, &part->held);
}

static inline int
open_day(struct part *part, struct principal *p, const struct slot *slot, const struct taken *t)
{
    if (PASU_UNLIKELY(p->today == NULL) && begin_day(part, p, t) < 0)
        return PASU_E_NOMEM;
    p->today->requests = slot->requests;
    return 0;
}

static int
ask_principal(struct part *part, unsigned axis, struct slot *slot, const struct taken *t)
{
    struct principal *p = slot_is_promoted(slot) ? part->principals[slot_place(slot)] : NULL;
    bool fresh = p == NULL;

    if (fresh && (p = promote(part, axis, slot, t)) == NULL)
        return PASU_E_NOMEM;
    if (open_day(part, p, slot, t) < 0)
        return PASU_E_NOMEM;
    if (fresh && recall(part, slot, p->today, t->day) < 0)
        return PASU_E_NOMEM;
    return ask(part, p, p->today, t);
}

/* How many it can have been shown beside those that are named is known, and that is all: it counts
 * in what a finding says, and nothing is judged by it. */
static int
bound_principal(struct part *part, unsigned axis, struct slot *slot, const struct taken *t)
{
    struct principal *p = slot_is_promoted(slot) ? part->principals[slot_place(slot)] : NULL;
    const uint64_t fields = t->o->fields;

    if (p == NULL && is_tight(part)) {
        part->forgotten++;
        part->crowded = true;
        return 0;
    }
    if (p == NULL) {
        if ((p = promote(part, axis, slot, t)) == NULL)
            return PASU_E_NOMEM;
        if (slot->asked_day == t->day &&
            (open_day(part, p, slot, t) < 0 || recall(part, slot, p->today, t->day) < 0))
            return PASU_E_NOMEM;
    }
    p->bound = sum_limited(p->bound, t->o->number);
    p->fields |= fields;
    if (p->history != NULL)
        p->history->fields_since |= fields;
    if (p->today == NULL)
        return 0;
    p->today->bound = sum_limited(p->today->bound, t->o->number);
    p->today->fields |= fields;
    return 0;
}

static void
count_single(struct singles *s, unsigned axis, const struct taken *t)
{
    bool account = axis != AXIS_ACCOUNT && t->o->who[AXIS_ACCOUNT] != 0;

    s->count++;
    s->missed += t->o->what == OBSERVED_MISS;
    s->accounts += account;
    s->orphans += account && t->orphan;
}

/* NULL: there is none, and none can be had; *result is 0 or the error then. */
static struct slot *
slot_of(struct part *part, unsigned axis, uint64_t key, int *result)
{
    struct slots *table = &part->tables[axis];
    size_t place;
    struct slot *slot = slots_find(table, key, &place);

    *result = 0;
    if (slot != NULL)
        return slot;
    if (part->held + slots_growth(table) > part->limit / 4 * 3) {
        part->forgotten++;
        part->crowded = true;
        return NULL;
    }
    slot = slots_add(table, key, place, &part->held);
    if (slot == NULL)
        *result = PASU_E_NOMEM;
    return slot;
}

struct slot *
part_find(const struct part *part, unsigned axis, uint64_t key)
{
    size_t place;

    return slots_find(&part->tables[axis], key, &place);
}

static inline void
count_request(struct slot *slot, uint16_t day)
{
    if (slot->last_day != day) {
        slot->last_day = day;
        slot->requests = 0;
    }
    slot->requests++;
}

/* One person. */
static int
take_one(struct part *part, unsigned axis, struct slot *slot, const struct taken *t)
{
    const struct observation *o = t->o;

    count_request(slot, t->day);
    if (o->what == OBSERVED_BOUND)
        return bound_principal(part, axis, slot, t);
    if (!slot_is_promoted(slot) && (slot->subject == 0 || slot->subject == o->subject)) {
        if (slot->asked_day != t->day) {
            count_single(&part->singles[axis], axis, t);
            slot->principal = t->second;
        }
        slot->subject = o->subject;
        slot->reads += o->what == OBSERVED_SHOWN;
        slot->asked_day = t->day;
        return 0;
    }
    if (!slot_is_promoted(slot) && is_tight(part)) {
        part->forgotten++;
        part->crowded = true;
        return 0;
    }
    return ask_principal(part, axis, slot, t);
}

int
part_take(struct part *part, unsigned axis, uint64_t key, struct slot *slot,
          const struct taken *first, size_t count)
{
    struct taken t = *first;
    int result = 0;

    for (size_t left = count; left > 0 && result >= 0; left--, t.o++) {
        struct principal *p;

        if (slot == NULL)
            slot = slot_of(part, axis, key, &result);
        if (slot == NULL)
            continue;
        if (left < count && slot_is_promoted(slot)) {
            p = part->principals[slot_place(slot)];
            if (p->history != NULL && p->today != NULL)
                return ask_again(part, p, slot, &t, left);
        }
        result = take_one(part, axis, slot, &t);
    }
    return result;
}

/* ---- forgetting ---- */

struct forgetting {
    struct part *part;
    uint16_t before;
};

static bool
may_forget(void *arg, const struct slot *slot)
{
    struct forgetting *f = arg;
    struct principal *p;

    if (slot->last_day >= f->before)
        return false;
    if (!slot_is_promoted(slot))
        return true;
    p = f->part->principals[slot_place(slot)];
    if (p->history != NULL || p->today != NULL)
        return false;
    f->part->principals[slot_place(slot)] = NULL;
    principal_free(p, &f->part->held);
    return true;
}

/* Bytes held, but for room in tables. */
static size_t
used(const struct part *part)
{
    size_t bytes = part->held;

    for (size_t axis = 0; axis < AXIS_COUNT; axis++)
        bytes -= slots_spare(&part->tables[axis]);
    return bytes;
}

void
part_forget(struct part *part, uint16_t today)
{
    for (int days = FORGET_DAYS_FIRST; used(part) > part->limit / 4 && days > 0; days /= 2) {
        struct forgetting f = {.part = part, .before = (uint16_t)(today - days)};

        for (size_t axis = 0; axis < AXIS_COUNT; axis++)
            part->forgotten += slots_forget(&part->tables[axis], may_forget, &f, &part->held);
    }
    part->crowded = false;
}

void
part_release(struct part *part)
{
    for (size_t i = 0; i < part->count; i++)
        principal_free(part->principals[i], &part->held);
    for (size_t axis = 0; axis < AXIS_COUNT; axis++)
        slots_release(&part->tables[axis], &part->held);
    memory_free(part->principals);
    memory_free(part->open);
}
