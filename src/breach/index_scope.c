/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_scope.h"

#include "base/memory.h"
#include "breach/day.h"
#include "breach/index_each.h"
#include "breach/index_gather.h"
#include "breach/index_question.h"

/* Whom the parts of classes showed that say the same of them: they are one set. */
struct told {
    const struct lexicon *lexicon;
    struct scope_part as;
    struct gather_part persons;
    bool is_taken; /* by the answer */
};

/* A class of statements, over all units of the answer. */
struct gathered {
    struct sums sums;
    struct bound *bounds;
    struct told **told; /* of each part; NULL: they are not wanted */
    struct ordinals principals;
    struct lexicon *lexicon;
    struct scope_part parts[INDEX_PARTS_MAX];
    size_t part_count;
    bool is_asked; /* something of the month that is looked at */
};

struct gathering {
    struct index_question question;
    struct scope *scope;
    struct gathered **classes; /* by number; NULL: not come across */
    struct told **told;
    size_t told_count;
    struct index_gather persons;
    struct gather_of of; /* of the month that is looked at */
    struct ordinals scratch;
};

bool
index_scope_can(const struct filter *filter)
{
    return filter->actor == NULL && filter->application == NULL && filter->session == 0 &&
           !filter->has_source && filter->has_place == NULL;
}

/* ---- units ---- */

static bool
says_the_same(const struct told *told, const struct lexicon *lexicon, const struct scope_part *part)
{
    const struct scope_part *as = &told->as;

    return told->lexicon == lexicon && as->kind == part->kind && as->is_text == part->is_text &&
           as->clear == part->clear && as->masked == part->masked && as->null == part->null;
}

/* NULL where there is no memory. */
static struct told *
told_of(struct gathering *g, const struct lexicon *lexicon, const struct scope_part *part)
{
    struct told **all, *made;

    for (size_t t = 0; t < g->told_count; t++)
        if (says_the_same(g->told[t], lexicon, part))
            return g->told[t];
    all = memory_resize(g->told, g->told_count + 1, sizeof(struct told *));
    if (all == NULL)
        return NULL;
    g->told = all;
    made = memory_new(1, sizeof(*made));
    if (made == NULL)
        return NULL;
    *made = (struct told){.lexicon = lexicon, .as = *part, .persons.number = g->told_count};
    g->told[g->told_count++] = made;
    return made;
}

static int
fill_parts(struct gathering *g, struct gathered *class, const struct index_class *from)
{
    class->part_count = from->head.part_count;
    for (size_t p = 0; p < class->part_count; p++) {
        const struct index_class_part *part = &from->parts[p];

        class->parts[p] = (struct scope_part){.kind = part->kind,
                                              .attribution = part->attribution,
                                              .is_text = (part->bits & INDEX_PART_TEXT) != 0,
                                              .has_shown = (part->bits & INDEX_PART_SHOWN) != 0,
                                              .clear = part->clear,
                                              .masked = part->masked,
                                              .null = part->null};
        if (!scope_wants(g->scope, class->lexicon, &class->parts[p]))
            continue;
        class->told[p] = told_of(g, class->lexicon, &class->parts[p]);
        if (class->told[p] == NULL)
            return PASU_E_NOMEM;
    }
    return 0;
}

static int
gathered_at(struct gathering *g, uint32_t number, struct gathered **class)
{
    const struct index_class *from = index_class_of(&g->question.names.classes, number);
    size_t parts = from->head.part_count;
    int result;

    *class = g->classes[number];
    if (*class != NULL)
        return 0;
    *class = g->classes[number] = memory_new(1, sizeof(**class));
    if (*class == NULL)
        return PASU_E_NOMEM;
    (*class)->bounds = memory_new(parts + 1, sizeof(*(*class)->bounds));
    (*class)->told = memory_new(parts + 1, sizeof(struct told *));
    if ((*class)->bounds == NULL || (*class)->told == NULL)
        return PASU_E_NOMEM;
    result = index_question_lexicon(&g->question, &from->head, &(*class)->lexicon);
    return result == 0 ? fill_parts(g, *class, from) : result;
}

/* The sums of a class, of a unit or of a day in a diary; the principal: 0 where the view says whose
 * they are. */
static int
gather_view(struct gathering *g, uint32_t principal, const struct unit_view *view,
            struct gathered **class)
{
    int result = gathered_at(g, view->class, class);

    if (result == 0)
        result = unit_view_principals(view, principal, &(*class)->principals);
    if (result != 0)
        return result;
    sums_add(&(*class)->sums, &view->sums);
    for (size_t p = 0; p < view->part_count; p++)
        bound_add(&(*class)->bounds[p], &view->bounds[p]);
    (*class)->is_asked = true;
    return 0;
}

/* Of a unit of all principals (`is_apart`) the persons are elsewhere. */
static int
gather_unit(struct gathering *g, uint32_t principal, struct view value, bool is_apart)
{
    struct unit_view view;
    struct unit_walk walk;
    struct gathered *class;
    int result;

    unit_walk_begin(&walk, value, &g->question.names.classes);
    while ((result = unit_walk_next(&walk, &view)) == 1) {
        result = gather_view(g, principal, &view, &class);
        for (size_t p = 0; result == 0 && !is_apart && p < view.part_count; p++)
            if (class->told[p] != NULL && view.shown[p].length > 0)
                result = index_gather_set(&g->persons, &class->told[p]->persons, view.shown[p]);
        if (result != 0)
            return result;
    }
    return result;
}

/* ---- months ---- */

static int
gather_chunk(void *arg, const struct index_chunk *chunk, const struct index_stored *stored)
{
    struct gathering *g = arg;
    struct gathered *class =
        chunk->class <= g->question.names.classes.count ? g->classes[chunk->class] : NULL;

    if (class != NULL && chunk->part >= class->part_count)
        return PASU_E_CORRUPT;
    if (class == NULL || !class->is_asked || chunk->is_missed || class->told[chunk->part] == NULL)
        return 0;
    return index_gather_chunk(&g->persons, &class->told[chunk->part]->persons, stored, chunk->first,
                              &g->of);
}

/* The persons of the classes that were come across in the month. */
static int
gather_chunks(struct gathering *g, uint32_t month)
{
    int result = 0;

    if (!g->of.is_one)
        return index_month_chunks(g->question.index, month, 0, gather_chunk, g);
    for (uint32_t c = 1; result == 0 && c <= g->question.names.classes.count; c++)
        if (g->classes[c] != NULL && g->classes[c]->is_asked)
            result = index_month_chunks(g->question.index, month, c, gather_chunk, g);
    return result;
}

static int
gather_diary(void *arg, uint32_t principal, unsigned day, const struct unit_view *view)
{
    struct gathering *g = arg;
    struct gathered *class;

    return (g->of.days >> day & 1) != 0 ? gather_view(g, principal, view, &class) : 0;
}

/* All principals, or the one, on those days. */
static int
gather_diaries(struct gathering *g, uint32_t month)
{
    return index_month_diaries(g->question.index, &g->question.names.classes, month,
                               g->of.is_one ? g->of.principal : 0, gather_diary, g);
}

/* All principals in all of the month. */
static int
gather_all(struct gathering *g, uint32_t month)
{
    struct index_key key = index_key_unit(month, INDEX_EVERYBODY);
    struct view value;
    int result = index_get(g->question.index, INDEX_MONTHS, index_key_view(&key), &value);

    if (result == PASU_E_NOTFOUND)
        return 0;
    return result == 0 ? gather_unit(g, 0, value, true) : result;
}

/* Days from <= day < to, all of one month. */
static int
gather_month(struct gathering *g, uint32_t month, int32_t from, int32_t to)
{
    int32_t begin = month_begin(month);
    bool is_whole = from == begin && to == month_begin(month + 1);
    int result;

    for (uint32_t c = 1; c <= g->question.names.classes.count; c++)
        if (g->classes[c] != NULL)
            g->classes[c]->is_asked = false;
    g->of.days = is_whole
                     ? UINT32_MAX
                     : (uint32_t)((UINT64_C(1) << (to - begin)) - (UINT64_C(1) << (from - begin)));
    result = is_whole && !g->of.is_one ? gather_all(g, month) : gather_diaries(g, month);
    return result == 0 ? gather_chunks(g, month) : result;
}

/* ---- the last day ---- */

static int
gather_day(void *arg, struct view key, struct view value)
{
    struct gathering *g = arg;
    uint32_t principal = bytes_get_u32(key.bytes + 4);

    return g->of.is_one && principal != g->of.principal ? 0
                                                        : gather_unit(g, principal, value, false);
}

static int
gather(struct gathering *g)
{
    struct index_question *q = &g->question;
    int32_t from, to;
    int result = index_question_days(q, &from, &to);

    g->of.is_one = q->selection->filter->principal != NULL;
    g->of.principal = q->principal;
    if (g->of.is_one && q->principal == 0)
        return result;
    if (result == 0)
        result = index_keep_units(q->index, from, to, gather_day, g);
    while (result == 0 && from < to) {
        uint32_t month = month_of(from);
        int32_t end = month_begin(month + 1) < to ? month_begin(month + 1) : to;

        result = gather_month(g, month, from, end);
        from = end;
    }
    return result;
}

/* ---- the answer ---- */

static int
add_principals(struct gathering *g, struct gathered *class)
{
    const struct ordinals *numbers = &class->principals;
    int result = ordinals_sort(&class->principals, &g->scratch);

    if (result == 0 && numbers->count > 0 &&
        numbers->items[numbers->count - 1] > g->question.names.principals.count)
        return PASU_E_CORRUPT;
    for (size_t i = 0; result == 0 && i < class->principals.count; i++) {
        char name[NAME_SIZE];

        text_from_view(name, sizeof(name),
                       interner_string(&g->question.names.principals, class->principals.items[i]));
        result = scope_credit(g->scope, name);
    }
    return result;
}

static int
add_classes(struct gathering *g)
{
    int result = 0;

    for (size_t c = 1; result == 0 && c <= g->question.names.classes.count; c++) {
        struct gathered *class = g->classes[c];

        if (class == NULL)
            continue;
        for (size_t p = 0; p < class->part_count; p++) {
            struct told *told = class->told[p];

            class->parts[p].bound = class->bounds[p];
            if (told == NULL || told->is_taken)
                continue;
            class->parts[p].shown = told->persons.shown;
            told->is_taken = true;
        }
        result =
            scope_count(g->scope, class->lexicon, class->parts, class->part_count, &class->sums);
        if (result == 1)
            result = add_principals(g, class);
    }
    return result;
}

static void
release(struct gathering *g)
{
    for (size_t c = 1; g->classes != NULL && c <= g->question.names.classes.count; c++) {
        struct gathered *class = g->classes[c];

        if (class == NULL)
            continue;
        memory_free(class->told);
        memory_free(class->bounds);
        ordinals_release(&class->principals);
        memory_free(class);
    }
    memory_free(g->classes);
    for (size_t t = 0; t < g->told_count; t++) {
        gather_part_release(&g->told[t]->persons);
        memory_free(g->told[t]);
    }
    memory_free(g->told);
    index_gather_release(&g->persons);
    ordinals_release(&g->scratch);
    index_question_release(&g->question);
}

int
index_scope(struct index *index, struct scope *scope, struct selection *selection,
            const struct entries *entries)
{
    struct gathering g = {
        .question = {.index = index, .entries = entries, .selection = selection},
        .scope = scope,
    };
    int result = index_question_begin(&g.question);

    if (result == 0) {
        g.classes = memory_new(g.question.names.classes.count + 1, sizeof(struct gathered *));
        result = g.classes == NULL ? PASU_E_NOMEM : index_question_names(&g.question);
    }
    if (result == 0)
        result = index_read_edges(&g.question);
    if (result == 0)
        result = index_read_days(&g.question);
    if (result == 0)
        result = gather(&g);
    if (result == 0)
        result = index_gather_unite(&g.persons, index);
    if (result == 0)
        result = add_classes(&g);
    if (result == 0)
        result = index_read_rest(&g.question);
    release(&g);
    return result;
}
