/* SPDX-License-Identifier: Apache-2.0 */
/* Of gather.h: persons of one kind who are persons of another (gate/known.h). */
#include "gate/gather.h"

void
gather_add_person(struct gather *g, size_t part, uint8_t kind, const struct ordinals *ordinals,
                  uint32_t ordinal, uint32_t start, uint64_t number)
{
    size_t before = g->item_count;

    gather_add(g, part, ordinals->slots[kind], ordinal, start, number);
    if (PASU_UNLIKELY(ordinals_are_known(ordinals, kind)) && g->item_count > before)
        g->others[before] = ordinals->asked;
}

/* Whom the index knows by the values of one person's key. */
static enum gather_fate
look_up(const struct gather *g, int column, const struct known_question *question,
        uint32_t *ordinal)
{
    enum identity_found found;

    if (question->state == KNOWN_NOBODY)
        return GATHER_OWN;
    if (question->state != KNOWN_HASHED || column < 0)
        return GATHER_EITHER;
    found = identity_find(g->identity->identity, g->identity->columns[column].section,
                          question->hash, ordinal);
    if (found == IDENTITY_ONE && identity_view_is_current(g->identity, g->watch, column))
        return GATHER_OTHER;
    return found == IDENTITY_NONE && identity_view_is_complete(g->identity, g->watch, column)
               ? GATHER_OWN
               : GATHER_EITHER;
}

static void
know_part(struct gather *g, size_t p, const struct known_kind *kind,
          const struct ordinals *ordinals)
{
    int column = g->identity ? identity_view_find_named(g->identity, kind->definition) : -1;

    for (size_t i = 0; i < g->item_count; i++) {
        uint32_t ordinal = g->items[i].ordinal;

        if (g->parts[i] != p)
            continue;
        g->fates[i] = (uint8_t)look_up(g, column, &g->others[i], &ordinal);
        if (g->fates[i] == GATHER_OTHER && !ordinals_may_be(ordinals, kind->as, ordinal))
            g->fates[i] = GATHER_EITHER;
        if (g->fates[i] != GATHER_OTHER)
            continue;
        g->items[i].ordinal = ordinal;
        g->items[i].kind = ordinals->slots[kind->as];
    }
}

void
gather_know(struct gather *g, const struct showing *showing, const struct ordinals *ordinals)
{
    if (PASU_LIKELY(!ordinals->known || !ordinals->known->kinds))
        return;
    for (size_t p = 0; p < showing->part_count; p++) {
        const struct showing_part *part = &showing->parts[p];

        if (ordinals_are_known(ordinals, part->kind))
            know_part(g, p, &ordinals->known->of[part->kind], ordinals);
    }
}

size_t
gather_with_fate(const struct gather *g, size_t part, enum gather_fate fate, uint32_t *ordinals)
{
    size_t count = 0;

    for (size_t i = 0; i < g->item_count; i++) {
        if (g->parts[i] != part || g->fates[i] != fate)
            continue;
        if (ordinals)
            ordinals[count] = g->items[i].ordinal;
        count++;
    }
    return count;
}

bool
gather_are_texts(const struct gather *g, const struct known_kind *kind)
{
    int column = g->identity ? identity_view_find_named(g->identity, kind->definition) : -1;

    return column >= 0 && g->identity->columns[column].is_text;
}
