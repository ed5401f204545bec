/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/merge.h"

#include "base/memory.h"
#include "base/os.h"

#include <string.h>

#define WITHIN NANOSECONDS_PER_SECOND

bool
merge_can(const struct exposure *e)
{
    if (e->verdict != VERDICT_OF_ALLOW || e->rule[0] || e->part_count == 0 ||
        e->part_count > MERGE_PARTS)
        return false;
    for (size_t i = 0; i < e->part_count; i++) {
        const struct exposure_part *part = &e->parts[i];

        if (part->unknown > 0 || part->ordinal_count > MERGE_LIST ||
            part->missed_count > MERGE_LIST)
            return false;
    }
    return true;
}

/* What waited in a ring while there was no keeper can be minutes apart. The later one is `e`. */
static bool
is_together(const struct exposure *first, const struct exposure *e)
{
    return (uint64_t)e->time - (uint64_t)first->time <= WITHIN;
}

static bool
is_alike_part(const struct exposure_part *a, const struct exposure_part *b)
{
    return a->kind == b->kind && a->attribution == b->attribution && a->is_text == b->is_text &&
           a->clear == b->clear && a->masked == b->masked && a->null == b->null;
}

static bool
is_alike(const struct exposure *a, const struct exposure *b)
{
    if (a->session != b->session || a->shape != b->shape || a->vocabulary != b->vocabulary ||
        a->flags != b->flags || a->has_verbs != b->has_verbs || a->verbs != b->verbs ||
        a->part_count != b->part_count || strcmp(a->actor, b->actor) != 0 ||
        strcmp(a->claims.purpose, b->claims.purpose) != 0 ||
        strcmp(a->claims.source, b->claims.source) != 0 ||
        a->claims.is_signed != b->claims.is_signed || !is_together(a, b))
        return false;
    for (size_t i = 0; i < a->part_count; i++)
        if (!is_alike_part(&a->parts[i], &b->parts[i]))
            return false;
    return true;
}

static bool
has_room(const struct exposure *to, const struct exposure *e)
{
    if (e->statements > UINT32_MAX - to->statements || e->rows > UINT64_MAX - to->rows ||
        e->misses > UINT64_MAX - to->misses)
        return false;
    for (size_t i = 0; i < e->part_count; i++)
        if (e->parts[i].ordinal_count > MERGE_LIST - to->parts[i].ordinal_count ||
            e->parts[i].missed_count > MERGE_LIST - to->parts[i].missed_count)
            return false;
    return true;
}

static void
add_list(uint32_t *to, size_t *count, const uint32_t *from, size_t more)
{
    if (more > 0)
        memcpy(to + *count, from, more * sizeof(*to));
    *count += more;
}

static void
add_lists(struct merged *m, const struct exposure *e)
{
    for (size_t i = 0; i < e->part_count; i++) {
        struct exposure_part *part = &m->exposure.parts[i];

        add_list(m->ordinals[i], &part->ordinal_count, e->parts[i].ordinals,
                 e->parts[i].ordinal_count);
        add_list(m->missed[i], &part->missed_count, e->parts[i].missed, e->parts[i].missed_count);
    }
}

static void
begin(struct merged *m, const struct exposure *e)
{
    m->exposure = *e;
    m->is_used = true;
    for (size_t i = 0; i < e->part_count; i++) {
        struct exposure_part *part = &m->exposure.parts[i];

        part->ordinals = m->ordinals[i];
        part->missed = m->missed[i];
        part->ordinal_count = part->missed_count = 0;
    }
    add_lists(m, e);
}

/* Who chooses sessions and statements can make others go first, and nothing worse. */
static size_t
slot_of(const struct exposure *e)
{
    const struct exposure_part *part = &e->parts[0];
    uint64_t mixed = e->session ^ e->shape ^ e->flags ^ part->clear ^ part->null << 20;

    return (mixed * UINT64_C(0x9e3779b97f4a7c15)) >> 58;
}

_Static_assert(MERGE_SLOTS == 1 << 6, "slot_of has six bits");

struct merged *
merge_hold(struct merge *merge, const struct exposure *e)
{
    struct merged *m = &merge->slots[slot_of(e)];

    if (m->is_used && (!is_alike(&m->exposure, e) || !has_room(&m->exposure, e)))
        return m;
    if (!m->is_used) {
        begin(m, e);
        merge->used++;
        return NULL;
    }
    m->exposure.statements += e->statements;
    m->exposure.rows += e->rows;
    m->exposure.misses += e->misses;
    add_lists(m, e);
    return NULL;
}

struct merged *
merge_next(struct merge *merge)
{
    for (size_t i = 0; i < MERGE_SLOTS && merge->used > 0; i++)
        if (merge->slots[i].is_used)
            return &merge->slots[i];
    return NULL;
}

void
merge_free(struct merge *merge, struct merged *m)
{
    m->is_used = false;
    merge->used--;
}
