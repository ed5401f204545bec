/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/shadow.h"

#include "gate/instruments.h"
#include "postgres/key_array.h"

#include <stdlib.h>

/* ---- holding back ---- */

/* The statement whose rows come, where none of them has been seen. */
static const struct plan_statement *
statement_of(const struct observer *o)
{
    const struct exchange_request *request = exchange_first(&o->exchange);
    const struct portal *portal;

    if (o->result.is_open)
        return o->result.rows == 0 && !o->result.is_bound_told ? o->result.statement : NULL;
    if (!request || request->step != STEP_EXECUTE)
        return NULL;
    portal = exchange_portal(&o->exchange, request->name);
    return portal && portal->rows == 0 && !portal->is_bound_told ? portal->statement : NULL;
}

static bool
decide(struct observer *o, bool is_whole)
{
    o->shadow.is_decided = true;
    o->shadow.is_whole = is_whole;
    return false;
}

bool
shadow_waits(struct observer *o, const uint8_t *at, size_t have)
{
    const struct plan_statement *statement;
    size_t used = o->shadow.scanned;

    if (o->shadow.is_decided)
        return false;
    statement = statement_of(o);
    if (PASU_LIKELY(!statement || !statement->shadows))
        return false;
    if (!statement->is_shadow_exact || o->is_muted)
        return decide(o, false);
    while (used <= have && have - used >= WALK_HEAD) {
        uint8_t type = at[used];
        uint32_t length = bytes_get_u32(at + used + 1);

        if (!walk_length_is_valid(length))
            return decide(o, false);
        if (length >= have - used)
            break;
        if (type != 'D' && type != 'N' && type != 'S' && type != 'A')
            return decide(o, type == 'C');
        used += (size_t)length + 1;
    }
    if (have > SHADOW_HOLD_MAX)
        return decide(o, false);
    o->shadow.scanned = (uint32_t)used;
    return true;
}

void
shadow_end(struct observer *o)
{
    o->shadow = (struct shadow){.is_decided = false};
}

/* ---- what the first row brings ---- */

/* A part's keys, while they are read. */
struct taking {
    struct gather *gather;
    struct ordinals *ordinals;
    const struct showing *showing;
    size_t part;
    uint32_t start;
    uint64_t count, largest; /* of different keys, as the server says; of one column */
    bool is_whole;           /* all of them have come */
};

/* "16384,16390": whether the part's keys can be of each of them. */
static bool
are_origins(const struct taking *t, const struct plan_shadow *shadow, struct view list)
{
    const struct showing_part of = {.relation = shadow->relation, .kind = shadow->kind};
    size_t from = 0;

    for (size_t i = 0; i <= list.length; i++) {
        uint32_t oid;

        if (i < list.length && list.bytes[i] != ',')
            continue;
        if (!key_small_number(view_of(list.bytes + from, i - from), &oid) ||
            !showing_is_origin(t->showing, &of, oid))
            return false;
        from = i + 1;
    }
    return true;
}

static int
take_key(struct taking *t, const struct plan_shadow *shadow, struct view key)
{
    struct gather *g = t->gather;
    uint32_t ordinal;
    int result;

    if (!key.bytes)
        return PASU_E_MALFORMED;
    if (g->item_count + 2 * PLAN_PARTS_MAX >= GATHER_ITEMS) {
        t->is_whole = false;
        return 0;
    }
    result = ordinal_of_value(t->ordinals, shadow->kind, shadow->key_type, 0, key, &ordinal);
    if (result == 0)
        gather_add_person(g, t->part, shadow->kind, t->ordinals, ordinal, t->start, g->rows);
    return result;
}

/* One hidden column. PASU_E_MALFORMED: it is not what was asked for. */
static int
take_column(struct taking *t, const struct plan_shadow *shadow, struct view value, int16_t format)
{
    struct key_array array;
    struct view element;
    uint32_t count = 0, came = 0;
    int result = value.bytes ? key_array_begin(&array, value, format) : PASU_E_MALFORMED;

    if (result == 0)
        result = key_array_next(&array, &element);
    if (result == 1)
        result = element.bytes && key_small_number(element, &count) ? 0 : PASU_E_MALFORMED;
    if (result != 0)
        return PASU_E_MALFORMED;
    result = key_array_next(&array, &element);
    if (result != 1 || (element.bytes ? !are_origins(t, shadow, element) : count > 0))
        return PASU_E_MALFORMED;
    t->count += count;
    t->largest = count > t->largest ? count : t->largest;
    while ((result = key_array_next(&array, &element)) == 1 && t->is_whole) {
        came++;
        result = take_key(t, shadow, element);
        if (result != 0)
            return result;
    }
    t->is_whole &= came == count;
    return came > count ? PASU_E_MALFORMED : result < 0 ? result : 0;
}

static int
compare(const void *one, const void *other)
{
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;

    return (a > b) - (a < b);
}

/* How many there are; the same person can have come from several columns. */
static uint64_t
count_persons(struct gather *g, size_t part)
{
    uint32_t *ordinals = g->ordinals[part];
    size_t n = g->ordinal_counts[part], count = 0;

    qsort(ordinals, n, sizeof(*ordinals), compare);
    for (size_t i = 0; i < n; i++)
        count += i == 0 || ordinals[i] != ordinals[i - 1];
    return count;
}

/* How many there can be of those that several columns have: as many as there are persons, unless
 * one of them alone has more. */
static uint64_t
most_of(const struct taking *t, uint64_t all)
{
    uint64_t most = t->largest > all ? t->largest : all;

    return t->count < most ? t->count : most;
}

/* All of a part's, or the number of them. */
static int
take_part(struct taking *t, const struct view *values, uint64_t all)
{
    const struct showing_part *part = &t->showing->parts[t->part];
    struct gather *g = t->gather;
    size_t items = g->item_count;
    int result = 0;

    t->count = t->largest = 0;
    t->is_whole = true;
    for (size_t h = 0; result == 0 && h < t->showing->hidden_count; h++)
        if (part->shadows >> h & 1)
            result = take_column(t, &t->showing->shadows[h], values[h], part->format);
    if (result == 0 && t->is_whole) {
        g->shadow_most[t->part] = count_persons(g, t->part);
        g->shadow_named |= (uint8_t)(1u << t->part);
        g->shadowed |= (uint8_t)(1u << t->part);
        return 0;
    }
    g->item_count = items;
    g->ordinal_counts[t->part] = 0;
    if (result == 0) {
        g->shadow_most[t->part] = most_of(t, all);
        g->shadowed |= (uint8_t)(1u << t->part);
    }
    return result == PASU_E_MALFORMED || result == PASU_E_RANGE ? 0 : result;
}

/* The row's first columns; bytes NULL: null. False where it has not as many. */
static bool
read_values(const uint8_t *message, size_t length, size_t count, struct view *values)
{
    struct reader r = reader_of(view_of(message + WALK_HEAD, length - WALK_HEAD));

    if (reader_u16(&r) < count)
        return false;
    for (size_t i = 0; i < count; i++) {
        uint32_t size = reader_u32(&r);

        values[i] = size == UINT32_MAX ? view_of(NULL, 0) : reader_bytes(&r, size);
    }
    return !r.failed;
}

int
shadow_take(struct answering *a, const uint8_t *message, size_t length, uint32_t start)
{
    const struct result *r = &a->o->result;
    const struct showing *showing = r->showing->showing;
    struct gather *g = &a->tools->gather;
    struct view values[PLAN_HIDDEN_MAX];
    struct taking t = {
        .gather = g, .ordinals = &a->tools->ordinals, .showing = showing, .start = start};
    size_t items = g->item_count;
    int result = 0;

    if (r->is_bound_told || r->is_doubtful || showing->hidden_count > PLAN_HIDDEN_MAX)
        return 0;
    if (!read_values(message, length, showing->hidden_count, values))
        return PASU_E_UPSTREAM_PROTOCOL;
    for (t.part = 0; result == 0 && t.part < showing->part_count; t.part++)
        if (showing->parts[t.part].source == SOURCE_SHADOW)
            result =
                take_part(&t, values,
                          observer_population(a->o, r->plan->catalog, showing->parts[t.part].kind));
    if (g->item_count > items)
        g->items[g->item_count - 1].is_row_end = 1;
    return result;
}

/* ---- what the record says ---- */

bool
shadow_is_named(const struct observer *o, const struct gather *g, size_t part)
{
    const struct showing *showing = o->result.showing->showing;

    return showing->is_shadow_exact && !showing->parts[part].is_perhaps && o->shadow.is_whole &&
           (g->shadow_named >> part & 1);
}

uint64_t
shadow_unknown(const struct observer *o, const struct gather *g, size_t part, uint64_t all)
{
    if (o->result.is_bound_told || shadow_is_named(o, g, part))
        return 0;
    return shadow_is_known(g, part) ? g->shadow_most[part] : all;
}
