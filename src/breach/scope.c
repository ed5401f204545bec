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
take_field(struct scope *scope, struct scope_kind *kind, struct lexicon *lexicon,
           const struct scope_part *part, unsigned bit)
{
    uint64_t is = UINT64_C(1) << bit;
    int place = names_field(&scope->selection->book->names, lexicon, bit);
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
    field->unknown = sum_of(field->unknown, part->bound.unknown);
    return persons_unite((part->null & is) != 0 ? &field->maybe : &field->sure, part->shown);
}

bool
scope_wants(const struct scope *scope, const struct lexicon *lexicon, const struct scope_part *part)
{
    return part->has_shown && (scope->selection->filter->field == NULL ||
                               selection_fields(scope->selection, lexicon,
                                                part->clear | part->masked | part->null) != 0);
}

static int
take_part(struct scope *scope, struct lexicon *lexicon, const struct scope_part *part)
{
    uint64_t fields = part->clear | part->masked | part->null;
    int place = names_kind(&scope->selection->book->names, lexicon, part->kind);
    struct scope_kind *kind = place >= 0 ? kind_at(scope, (size_t)place) : NULL;
    int result;

    if (kind == NULL)
        return PASU_E_NOMEM;
    result = persons_unite(&kind->shown, part->shown);
    kind->has_numbers |= !part->is_text && part->shown != NULL;
    kind->has_texts |= part->is_text && part->shown != NULL;
    kind->unknown = sum_of(kind->unknown, part->bound.unknown);
    kind->bounded = sum_of(kind->bounded, part->bound.bounded);
    if (part->bound.largest > kind->largest_bound)
        kind->largest_bound = part->bound.largest;
    for (unsigned bit = 0; result == 0 && bit < EXPOSURE_FIELDS_MAX; bit++)
        if ((fields >> bit & 1) != 0)
            result = take_field(scope, kind, lexicon, part, bit);
    return result;
}

/* The statements as a whole; `weakest` of those of their parts that showed somebody. */
static void
count(struct scope *scope, const struct sums *sums, enum attribution weakest, bool is_bounded)
{
    if (scope->first == 0 || sums->first < scope->first)
        scope->first = sums->first;
    if (sums->last > scope->last)
        scope->last = sums->last;
    scope->rows = sum_of(scope->rows, sums->rows);
    scope->misses = sum_of(scope->misses, sums->misses);
    scope->statements = sum_of(scope->statements, sums->statements);
    if (weakest != ATTRIBUTION_NONE)
        scope->attributions[weakest] = sum_of(scope->attributions[weakest], sums->weight);
    for (unsigned flag = 0; flag < FLAG_COUNT; flag++)
        scope->flags[flag] = sum_of(scope->flags[flag], sums->flags[flag]);
    scope->unattributed = sum_of(scope->unattributed, sums->flags[FLAG_UNATTRIBUTED]);
    if (is_bounded)
        scope->bounded = sum_of(scope->bounded, sums->weight);
}

int
scope_count(struct scope *scope, struct lexicon *lexicon, const struct scope_part *parts,
            size_t size, const struct sums *sums)
{
    bool is_taken = scope->selection->filter->field == NULL, is_bounded = false;
    enum attribution weakest = ATTRIBUTION_NONE;
    int result = 0;

    for (size_t p = 0; result == 0 && p < size; p++) {
        if (!scope_wants(scope, lexicon, &parts[p]))
            continue;
        result = take_part(scope, lexicon, &parts[p]);
        is_taken = true;
        is_bounded |= parts[p].bound.unknown > 0;
        weakest = attribution_weaker(weakest, parts[p].attribution);
    }
    if (result != 0 || !is_taken)
        return result;
    count(scope, sums, weakest, is_bounded);
    return 1;
}

int
scope_credit(struct scope *scope, const char *principal)
{
    return name_set_add(&scope->principals, principal);
}

int
scope_take(void *arg, const struct statement *statement)
{
    struct scope *scope = arg;
    struct scope_part few[EXPOSURE_PARTS_MAX], *parts = few;
    struct sums sums = {0};
    int result;

    if (statement->part_count > COUNT_OF(few))
        parts = memory_new(statement->part_count, sizeof(*parts));
    if (parts == NULL)
        return PASU_E_NOMEM;
    for (size_t p = 0; p < statement->part_count; p++) {
        const struct statement_part *from = &statement->parts[p];

        parts[p] = (struct scope_part){
            .kind = from->kind,
            .attribution = from->attribution,
            .is_text = from->is_text,
            .has_shown = part_has_shown(from),
            .clear = from->clear,
            .masked = from->masked,
            .null = from->null,
            .shown = from->shown,
            .bound = {from->unknown, from->unknown > 0, from->unknown},
        };
    }
    sums_add_one(&sums, statement->time, statement->statements, statement->rows, statement->misses,
                 statement->flags);
    result = scope_count(scope, statement->lexicon, parts, statement->part_count, &sums);
    if (parts != few)
        memory_free(parts);
    return result == 1 && statement->is_session_known
               ? scope_credit(scope, statement->session.principal)
           : result < 0 ? result
                        : 0;
}

static int
leave_out(struct persons **set, const struct persons *decoys)
{
    struct persons *rest = NULL;
    int result = *set != NULL ? persons_rest(&rest, *set, decoys) : 0;

    if (result != 0)
        return result;
    persons_free(*set);
    *set = rest;
    return 0;
}

int
scope_leave_out(struct scope *scope, size_t kind, const struct persons *decoys)
{
    struct scope_kind *of = kind < scope->kind_count ? &scope->kinds[kind] : NULL;
    uint64_t before = of != NULL ? persons_count(of->shown) : 0;
    int result = of != NULL ? leave_out(&of->shown, decoys) : 0;

    for (size_t f = 0; of != NULL && result == 0 && f < of->field_count; f++) {
        result = leave_out(&of->fields[f].sure, decoys);
        if (result == 0)
            result = leave_out(&of->fields[f].maybe, decoys);
    }
    if (of != NULL && result == 0)
        of->decoys += before - persons_count(of->shown);
    return result;
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
    return interval_of(named, sum_of(named, scope->kinds[kind].unknown));
}

/* Of one kind. */
static struct interval
field_persons(const struct scope_field *field)
{
    uint64_t sure = persons_count(field->sure);
    uint64_t all = persons_count_union(field->sure, field->maybe);

    return interval_of(sure, sum_of(all, field->unknown));
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
        sum.at_least = sum_of(sum.at_least, one.at_least);
        sum.at_most = sum_of(sum.at_most, one.at_most);
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
