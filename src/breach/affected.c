/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/affected.h"

#include "base/memory.h"
#include "breach/sums.h"

void
affected_init(struct affected *a, const struct selection *selection)
{
    *a = (struct affected){.selection = selection};
}

void
affected_release(struct affected *a)
{
    for (size_t k = 0; k < a->kind_count; k++) {
        memory_free(a->kinds[k].items);
        map_release(&a->kinds[k].places);
    }
    memory_free(a->kinds);
    *a = (struct affected){0};
}

/* ---- kinds and fields, by the book's names ---- */

static struct affected_kind *
kind_at(struct affected *a, size_t place)
{
    struct affected_kind *more;

    if (place < a->kind_count)
        return &a->kinds[place];
    more = memory_resize(a->kinds, place + 1, sizeof(*more));
    if (!more)
        return NULL;
    memset(more + a->kind_count, 0, (place + 1 - a->kind_count) * sizeof(*more));
    for (size_t k = a->kind_count; k <= place; k++)
        more[k].places.seed = a->selection->book->sessions.places.seed;
    a->kinds = more;
    a->kind_count = place + 1;
    return &a->kinds[place];
}

/* From bits of the statement's vocabulary to those of the book's names. */
static int
translate(struct affected *a, struct lexicon *lexicon, uint64_t bits, uint64_t *fields)
{
    *fields = 0;
    for (unsigned bit = 0; bit < EXPOSURE_FIELDS_MAX; bit++) {
        int place;

        if ((bits >> bit & 1) == 0)
            continue;
        place = names_field(&a->selection->book->names, lexicon, bit);
        if (place < 0)
            return place;
        if (place >= EXPOSURE_FIELDS_MAX)
            return PASU_E_RANGE;
        *fields |= UINT64_C(1) << place;
    }
    return 0;
}

/* ---- statements ---- */

/* What one part says of each person in it. */
struct showing {
    struct affected_kind *kind;
    struct affected_person like;
};

static struct affected_person *
person_at(struct affected_kind *kind, uint32_t ordinal)
{
    uint32_t place;

    if (map_get(&kind->places, ordinal, &place))
        return &kind->items[place];
    if (kind->count == kind->space) {
        size_t space = kind->space > 0 ? 2 * kind->space : 64;
        struct affected_person *more = memory_resize(kind->items, space, sizeof(*more));

        if (!more)
            return NULL;
        kind->items = more;
        kind->space = space;
    }
    if (map_put(&kind->places, ordinal, (uint32_t)kind->count) != 0)
        return NULL;
    kind->items[kind->count] = (struct affected_person){.ordinal = ordinal};
    return &kind->items[kind->count++];
}

/* The strongest of each field. */
static void
keep_strongest(struct affected_person *p)
{
    p->masked &= ~p->clear;
    p->maybe &= ~(p->clear | p->masked);
    p->null &= ~(p->clear | p->masked | p->maybe);
}

static int
show_person(void *arg, uint32_t ordinal)
{
    const struct showing *s = arg;
    struct affected_person *p = person_at(s->kind, ordinal);

    if (!p)
        return PASU_E_NOMEM;
    p->clear |= s->like.clear;
    p->masked |= s->like.masked;
    p->maybe |= s->like.maybe;
    p->null |= s->like.null;
    keep_strongest(p);
    p->principals |= s->like.principals;
    p->statements += p->statements < UINT32_MAX;
    if (p->first == 0 || s->like.first < p->first)
        p->first = s->like.first;
    if (s->like.last > p->last)
        p->last = s->like.last;
    return 0;
}

static void
bound(struct affected_kind *kind, const struct statement_part *part,
      const struct affected_person *like)
{
    if (part->unknown == 0)
        return;
    kind->unknown = sum_of(kind->unknown, part->unknown);
    kind->fields |= like->clear | like->masked | like->maybe;
    if (kind->first == 0 || like->first < kind->first)
        kind->first = like->first;
    if (like->last > kind->last)
        kind->last = like->last;
}

static int
take_part(struct affected *a, const struct statement *statement, const struct statement_part *part,
          uint64_t principals)
{
    struct lexicon *lexicon = statement->lexicon;
    struct showing showing = {
        .like = {.first = statement->time, .last = statement->time, .principals = principals}};
    uint64_t clear, masked, null;
    int place = names_kind(&a->selection->book->names, lexicon, part->kind);
    int result = place < 0 ? place : translate(a, lexicon, part->clear, &clear);

    if (result == 0)
        result = translate(a, lexicon, part->masked, &masked);
    if (result == 0)
        result = translate(a, lexicon, part->null, &null);
    if (result != 0)
        return result;
    showing.kind = kind_at(a, (size_t)place);
    if (!showing.kind)
        return PASU_E_NOMEM;
    showing.like.clear = clear & ~null;
    showing.like.masked = masked & ~null;
    showing.like.maybe = (clear | masked) & null;
    showing.like.null = null & ~(clear | masked);
    showing.kind->has_numbers |= !part->is_text && part->shown;
    bound(showing.kind, part, &showing.like);
    return persons_each(part->shown, show_person, &showing);
}

/* The bit of who it was shown to; 0 where nobody knows, or there are too many. */
static uint64_t
credit(struct affected *a, const struct statement *statement)
{
    const char *name = statement->session.principal;
    size_t i = 0;

    if (!statement->is_session_known)
        return 0;
    while (i < a->principal_count && strcmp(a->principals[i], name) != 0)
        i++;
    if (i == AFFECTED_PRINCIPALS_MAX)
        return 0;
    if (i == a->principal_count)
        snprintf(a->principals[a->principal_count++], NAME_SIZE, "%s", name);
    return UINT64_C(1) << i;
}

/* As scope_wants. */
static bool
is_wanted(const struct affected *a, const struct statement *statement,
          const struct statement_part *part)
{
    return part_has_shown(part) && (!a->selection->filter->field ||
                                    selection_fields(a->selection, statement->lexicon,
                                                     part->clear | part->masked | part->null) != 0);
}

int
affected_take(void *arg, const struct statement *statement)
{
    struct affected *a = arg;
    int result = 0;

    for (size_t p = 0; result == 0 && p < statement->part_count; p++)
        if (is_wanted(a, statement, &statement->parts[p]))
            result = take_part(a, statement, &statement->parts[p], credit(a, statement));
    return result;
}

/* ---- who they are ---- */

const struct affected_kind *
affected_kind(const struct affected *a, const char *name)
{
    int place = name_list_find(&a->selection->book->names.kinds, name);

    return place >= 0 && (size_t)place < a->kind_count ? &a->kinds[place] : NULL;
}

const struct affected_person *
affected_person(const struct affected_kind *kind, uint32_t ordinal)
{
    uint32_t place;

    return kind && map_get(&kind->places, ordinal, &place) ? &kind->items[place] : NULL;
}
