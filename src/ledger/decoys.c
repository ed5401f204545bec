/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/decoys.h"

#include "ledger/restated.h"

/* Executions that share a record lie up to a second apart, and have the time of the first. */
#define MERGED (2 * NANOSECONDS_PER_SECOND)

/* ---- the filter ---- */

static uint32_t
bit_of(uint32_t ordinal)
{
    return ordinal * UINT32_C(0x9e3779b1) >> (32 - DECOYS_FILTER_BITS);
}

static bool
may_be(const struct decoys *d, uint32_t ordinal)
{
    uint32_t bit = bit_of(ordinal);

    return (d->filter[bit / 64] >> bit % 64 & 1) != 0;
}

static void
make_filter(struct decoys *d)
{
    memset(d->filter, 0, sizeof(d->filter));
    d->unknown = 0;
    for (size_t s = 0; s < d->count; s++)
        for (size_t i = 0; i < d->sets[s].count; i++) {
            const struct payload_decoy *decoy = &d->sets[s].items[i];
            uint32_t bit = bit_of(decoy->ordinal);

            if (decoy->is_known)
                d->filter[bit / 64] |= UINT64_C(1) << bit % 64;
            else
                d->unknown++;
        }
}

/* ---- sets ---- */

static size_t
find(const struct decoys *d, uint64_t number)
{
    size_t at = 0;

    while (at < d->count && d->sets[at].head.number != number)
        at++;
    return at;
}

const struct decoy_set *
decoys_get(const struct decoys *d, uint64_t number)
{
    size_t at = find(d, number);

    return at < d->count ? &d->sets[at] : NULL;
}

int
decoys_add(struct decoys *d, const struct payload_decoys *body)
{
    size_t at = find(d, body->number);
    struct decoy_set *set = &d->sets[at];

    if (at == DECOY_SETS_MAX || body->items.length > sizeof(set->items))
        return PASU_E_RANGE;
    set->head = *body;
    set->count = body->items.length / sizeof(set->items[0]);
    if (set->count > 0)
        memcpy(set->items, body->items.bytes, set->count * sizeof(set->items[0]));
    set->head.items = (struct view){0};
    d->count += at == d->count;
    make_filter(d);
    return 0;
}

int
decoys_retire(struct decoys *d, uint64_t number, int64_t at)
{
    size_t place = find(d, number);

    if (place == d->count || d->sets[place].head.retired != 0)
        return PASU_E_NOTFOUND;
    d->sets[place].head.retired = at != 0 ? at : 1;
    return 0;
}

struct payload_decoys
decoys_body(const struct decoy_set *set)
{
    struct payload_decoys body = set->head;

    body.items = view_of(set->items, set->count * sizeof(set->items[0]));
    return body;
}

void
decoys_learn(struct decoys *d, const struct ring_ordinal *entry)
{
    bool is_new = false;

    for (size_t s = 0; d->unknown > 0 && s < d->count; s++)
        for (size_t i = 0; i < d->sets[s].count; i++) {
            struct payload_decoy *decoy = &d->sets[s].items[i];

            if (decoy->is_known || memcmp(decoy->key, entry->hash, sizeof(decoy->key)) != 0)
                continue;
            decoy->ordinal = entry->ordinal;
            decoy->is_known = 1;
            is_new = true;
        }
    if (is_new)
        make_filter(d);
}

void
decoys_name(struct decoys *d, const struct vocabulary *vocabulary)
{
    struct decoys_vocabulary *known = &d->vocabularies[d->next];

    for (size_t i = 0; i < DECOYS_VOCABULARIES; i++)
        if (d->vocabularies[i].id == vocabulary->id)
            return;
    d->next = (d->next + 1) % DECOYS_VOCABULARIES;
    known->id = vocabulary->id;
    known->kind_count = vocabulary->kind_count;
    memcpy(known->kinds, vocabulary->kinds, sizeof(known->kinds));
}

/* ---- in a ledger ---- */

void
decoys_note(struct decoys *d, const struct segment_record *record)
{
    union payload_body body;
    int result = 0;

    if (record->type != SEGMENT_DECOYS && record->type != SEGMENT_RETIRED &&
        (record->type != SEGMENT_ORDINAL || d->unknown == 0))
        return;
    if (payload_read(record->type, &body, record->payload) != 0)
        return;
    if (record->type == SEGMENT_DECOYS)
        result = decoys_add(d, &body.decoys);
    else if (record->type == SEGMENT_RETIRED)
        result = decoys_retire(d, body.retired.number, body.retired.at);
    else
        decoys_learn(d, &body.ordinal.head);
    if (result != 0) {
        /* more than any keeper of ours writes, or retired before this segment */
    }
}

void
decoys_clear(struct decoys *d)
{
    d->count = 0;
    make_filter(d);
}

static void
see(void *arg, const struct segment_record *record)
{
    decoys_note(arg, record);
}

int
decoys_find(struct decoys *d, const struct os *os, int directory, const struct segment_keys *keys,
            const struct segment_watch *watch)
{
    decoys_clear(d);
    return restated_each(os, directory, keys, watch, see, d);
}

/* ---- touches ---- */

/* Whether the kind of this exposure's part can be that of the set. */
static bool
is_of_kind(const struct decoys *d, const struct exposure *exposure, uint8_t kind,
           const struct decoy_set *set)
{
    for (size_t i = 0; i < DECOYS_VOCABULARIES; i++) {
        const struct decoys_vocabulary *v = &d->vocabularies[i];

        if (v->id != 0 && v->id == exposure->vocabulary)
            return kind < v->kind_count && strcmp(v->kinds[kind], set->head.kind) == 0;
    }
    return true;
}

static bool
is_watched(const struct decoy_set *set, int64_t time)
{
    int64_t from;

    if (__builtin_sub_overflow(set->head.planted, MERGED, &from))
        from = INT64_MIN;
    return time >= from && (set->head.retired == 0 || time < set->head.retired);
}

static bool
has(const struct decoy_set *set, uint32_t ordinal)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->items[i].is_known && set->items[i].ordinal == ordinal)
            return true;
    return false;
}

static const struct decoy_set *
find_watched(const struct decoys *d, const struct exposure *exposure, uint8_t kind,
             uint32_t ordinal)
{
    for (size_t s = 0; s < d->count; s++)
        if (has(&d->sets[s], ordinal) && is_watched(&d->sets[s], exposure->time) &&
            is_of_kind(d, exposure, kind, &d->sets[s]))
            return &d->sets[s];
    return NULL;
}

bool
decoys_touched(const struct decoys *d, const struct exposure *exposure, uint32_t most,
               struct decoy_touch *touch)
{
    *touch = (struct decoy_touch){0};
    for (size_t p = 0; d->count > 0 && p < exposure->part_count; p++) {
        const struct exposure_part *part = &exposure->parts[p];

        if ((part->clear | part->masked) == 0)
            continue;
        for (size_t i = 0; i < part->ordinal_count && touch->count < most; i++) {
            const struct decoy_set *set =
                may_be(d, part->ordinals[i])
                    ? find_watched(d, exposure, part->kind, part->ordinals[i])
                    : NULL;

            if (set && touch->count++ == 0) {
                touch->set = set;
                touch->ordinal = part->ordinals[i];
            }
        }
    }
    return touch->count > 0;
}

const struct decoy_set *
decoys_of(const struct decoys *d, const char *kind, uint32_t ordinal, int64_t before)
{
    for (size_t s = 0; s < d->count && may_be(d, ordinal); s++)
        if (d->sets[s].head.planted < before && has(&d->sets[s], ordinal) &&
            strcmp(d->sets[s].head.kind, kind) == 0)
            return &d->sets[s];
    return NULL;
}
