/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/scope.h"

#include "base/memory.h"

/* As many ordinals, so many persons of one kind, there can be. */
#define PERSONS_MAX (UINT64_C(1) << 32)

void
scope_init(struct scope *scope, const struct selection *selection)
{
    *scope = (struct scope){.selection = selection};
}

void
scope_release(struct scope *scope)
{
    for (size_t k = 0; k < scope->kind_count; k++) {
        struct scope_kind *kind = &scope->kinds[k];

        for (size_t f = 0; f < kind->field_count; f++) {
            persons_free(kind->fields[f].sure);
            persons_free(kind->fields[f].maybe);
        }
        memory_free(kind->fields);
        persons_free(kind->shown);
    }
    memory_free(scope->kinds);
    name_set_release(&scope->principals);
    *scope = (struct scope){0};
}

static uint64_t
add_up(uint64_t a, uint64_t b)
{
    uint64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* Room for place `at` of an array of `count` items, new ones zero. */
static int
make_room(void **items, size_t *count, size_t at, size_t size)
{
    void *more;

    if (at < *count)
        return 0;
    more = memory_resize(*items, at + 1, size);
    if (more == NULL)
        return PASU_E_NOMEM;
    memset((char *)more + *count * size, 0, (at + 1 - *count) * size);
    *items = more;
    *count = at + 1;
    return 0;
}

static struct scope_kind *
kind_at(struct scope *scope, size_t place)
{
    void *kinds = scope->kinds;

    if (make_room(&kinds, &scope->kind_count, place, sizeof(*scope->kinds)) != 0)
        return NULL;
    scope->kinds = kinds;
    return &scope->kinds[place];
}

static struct scope_field *
field_at(struct scope_kind *kind, size_t place)
{
    void *fields = kind->fields;

    if (make_room(&fields, &kind->field_count, place, sizeof(*kind->fields)) != 0)
        return NULL;
    kind->fields = fields;
    return &kind->fields[place];
}

static int
take_field(struct scope *scope, struct scope_kind *kind, const struct statement *statement,
           const struct statement_part *part, unsigned bit)
{
    uint64_t is = UINT64_C(1) << bit;
    int place = names_field(&scope->selection->book->names, statement->lexicon, bit);
    struct scope_field *field = place >= 0 ? field_at(kind, (size_t)place) : NULL;
    enum clarity clarity = (part->clear & is) != 0    ? CLARITY_CLEAR
                           : (part->masked & is) != 0 ? CLARITY_MASKED
                                                      : CLARITY_NULL;

    if (field == NULL)
        return PASU_E_NOMEM;
    if (clarity > field->clarity)
        field->clarity = clarity;
    if (clarity == CLARITY_NULL)
        return 0;
    field->unknown = add_up(field->unknown, part->unknown);
    return persons_unite((part->null & is) != 0 ? &field->maybe : &field->sure, part->shown);
}

/* 1: the part was taken; 0: it is not asked for, or showed nobody. */
static int
take_part(struct scope *scope, const struct statement *statement, const struct statement_part *part)
{
    uint64_t fields = selection_fields(scope->selection, statement->lexicon, part);
    struct scope_kind *kind;
    int place, result;

    if (!part_has_shown(part) || (scope->selection->filter->field != NULL && fields == 0))
        return 0;
    place = names_kind(&scope->selection->book->names, statement->lexicon, part->kind);
    kind = place >= 0 ? kind_at(scope, (size_t)place) : NULL;
    if (kind == NULL)
        return PASU_E_NOMEM;
    result = persons_unite(&kind->shown, part->shown);
    kind->has_numbers |= !part->is_text && part->shown != NULL;
    kind->unknown = add_up(kind->unknown, part->unknown);
    kind->bounded += part->unknown > 0;
    if (part->unknown > kind->largest_bound)
        kind->largest_bound = part->unknown;
    fields = part->clear | part->masked | part->null;
    for (unsigned bit = 0; result == 0 && bit < EXPOSURE_FIELDS_MAX; bit++)
        if ((fields >> bit & 1) != 0)
            result = take_field(scope, kind, statement, part, bit);
    return result != 0 ? result : 1;
}

/* The statement as a whole; `weakest` of those of its parts that showed somebody. */
static int
count(struct scope *scope, const struct statement *statement, enum attribution weakest,
      bool is_bounded)
{
    uint64_t n = statement->statements > 0 ? statement->statements : 1;

    if (scope->first == 0 || statement->time < scope->first)
        scope->first = statement->time;
    if (statement->time > scope->last)
        scope->last = statement->time;
    scope->rows = add_up(scope->rows, statement->rows);
    scope->misses = add_up(scope->misses, statement->misses);
    scope->statements = add_up(scope->statements, statement->statements);
    if (weakest != ATTRIBUTION_NONE)
        scope->attributions[weakest] += n;
    for (unsigned flag = 0; flag < FLAG_COUNT; flag++)
        if ((statement->flags >> flag & 1) != 0)
            scope->flags[flag] += n;
    if ((statement->flags & FLAG_BIT(UNATTRIBUTED)) != 0)
        scope->unattributed += n;
    if (is_bounded)
        scope->bounded += n;
    if (!statement->is_session_known)
        return 0;
    return name_set_add(&scope->principals, statement->session.principal);
}

int
scope_take(void *arg, const struct statement *statement)
{
    struct scope *scope = arg;
    bool is_taken = scope->selection->filter->field == NULL, is_bounded = false;
    enum attribution weakest = ATTRIBUTION_NONE;

    for (size_t p = 0; p < statement->part_count; p++) {
        int taken = take_part(scope, statement, &statement->parts[p]);

        if (taken < 0)
            return taken;
        if (taken == 0)
            continue;
        is_taken = true;
        is_bounded |= statement->parts[p].unknown > 0;
        weakest = attribution_weaker(weakest, statement->parts[p].attribution);
    }
    return is_taken ? count(scope, statement, weakest, is_bounded) : 0;
}

static struct interval
interval_of(uint64_t at_least, uint64_t at_most)
{
    if (at_most > PERSONS_MAX)
        at_most = at_least > PERSONS_MAX ? at_least : PERSONS_MAX;
    return (struct interval){at_least, at_most};
}

struct interval
scope_subjects(const struct scope *scope, size_t kind)
{
    uint64_t named;

    if (kind >= scope->kind_count)
        return (struct interval){0, 0};
    named = persons_count(scope->kinds[kind].shown);
    return interval_of(named, add_up(named, scope->kinds[kind].unknown));
}

/* Of one kind. */
static struct interval
field_persons(const struct scope_field *field)
{
    uint64_t sure = persons_count(field->sure);
    uint64_t all = persons_count_union(field->sure, field->maybe);

    return interval_of(sure, add_up(all, field->unknown));
}

struct interval
scope_field_persons(const struct scope *scope, size_t field)
{
    struct interval sum = {0, 0};

    for (size_t k = 0; k < scope->kind_count; k++) {
        struct interval one;

        if (field >= scope->kinds[k].field_count)
            continue;
        one = field_persons(&scope->kinds[k].fields[field]);
        sum.at_least = add_up(sum.at_least, one.at_least);
        sum.at_most = add_up(sum.at_most, one.at_most);
    }
    return sum;
}

enum clarity
scope_field_clarity(const struct scope *scope, size_t field)
{
    enum clarity strongest = CLARITY_NONE;

    for (size_t k = 0; k < scope->kind_count; k++)
        if (field < scope->kinds[k].field_count &&
            scope->kinds[k].fields[field].clarity > strongest)
            strongest = scope->kinds[k].fields[field].clarity;
    return strongest;
}

const char *
clarity_text(enum clarity clarity)
{
    static const char *const texts[] = {"", "null", "masked", "clear"};

    return texts[clarity];
}
