/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_scope.h"

#include "base/memory.h"
#include "breach/day.h"
#include "breach/index_each.h"
#include "breach/index_month.h"
#include "breach/index_question.h"

#include <pthread.h>

enum {
    WAITING_MIN = 64, /* lists: fewer are not worth a second thread */
    HALVES = 2,
    LIST_MAX = 4 << 20,   /* persons of a part that are gathered before they are united */
    CROWD_FROM = 1 << 16, /* of so many, a crowd is made where their ordinals are low: */
    CROWD_BELOW = 1 << 27 /* its pages are no more than 16 MiB then */
};

/* A class of statements, over all units of the answer. */
struct gathered {
    uint32_t number;
    struct sums sums;
    struct bound *bounds;
    struct persons **shown; /* of each part; NULL: nobody */
    struct ordinals *lists; /* of each part: not in `shown` yet, */
    struct crowd *crowds;   /* nor these */
    struct ordinals principals;
    struct lexicon *lexicon;
    struct scope_part parts[INDEX_PARTS_MAX];
    size_t part_count;
    uint64_t wanted; /* parts, a bit each; */
    uint64_t far;    /* those with ordinals that are not below CROWD_BELOW */
};

/* Persons of a unit, borrowed from the index, that are still to be gathered. */
struct waiting {
    struct gathered *class;
    unsigned part;
    struct view persons;
};

struct gathering {
    struct index_question question;
    struct scope *scope;
    struct gathered **classes; /* by number; NULL: not come across */
    struct waiting *waiting;
    size_t waiting_count, waiting_space;
    struct ordinals scratch;
};

bool
index_scope_can(const struct filter *filter)
{
    return filter->actor == NULL && filter->application == NULL && filter->session == 0 &&
           !filter->has_source && filter->has_place == NULL;
}

/* ---- units ---- */

static void
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
        if (scope_wants(g->scope, class->lexicon, &class->parts[p]))
            class->wanted |= UINT64_C(1) << p;
    }
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
    (*class)->number = number;
    (*class)->bounds = memory_new(parts + 1, sizeof(*(*class)->bounds));
    (*class)->shown = memory_new(parts + 1, sizeof(struct persons *));
    (*class)->lists = memory_new(parts + 1, sizeof(*(*class)->lists));
    (*class)->crowds = memory_new(parts + 1, sizeof(*(*class)->crowds));
    if ((*class)->bounds == NULL || (*class)->shown == NULL || (*class)->lists == NULL ||
        (*class)->crowds == NULL)
        return PASU_E_NOMEM;
    result = index_question_lexicon(&g->question, &from->head, &(*class)->lexicon);
    if (result == 0)
        fill_parts(g, *class, from);
    return result;
}

/* What was gathered of a part goes into its set. */
static int
unite_list(struct gathered *class, size_t p, struct ordinals *scratch)
{
    int result = ordinals_sort(&class->lists[p], scratch);

    if (result == 0)
        result = persons_add(&class->shown[p], class->lists[p].items, class->lists[p].count);
    class->lists[p].count = 0;
    return result;
}

static int
gather_list(struct gathered *class, size_t p, struct view bytes, struct ordinals *scratch)
{
    struct ordinals *list = &class->lists[p];
    int result = person_bytes_list(bytes, list);

    if (result != 0 || list->count == 0)
        return result;
    if (list->items[list->count - 1] >= CROWD_BELOW)
        class->far |= UINT64_C(1) << p;
    if (list->count >= CROWD_FROM && (class->far >> p & 1) == 0) {
        result = crowd_add(&class->crowds[p], list->items, list->count);
        list->count = 0;
        return result;
    }
    return list->count > LIST_MAX ? unite_list(class, p, scratch) : 0;
}

static int
gather_persons(struct gathered *class, size_t p, struct view bytes, struct ordinals *scratch)
{
    return person_bytes_is_short(bytes) ? gather_list(class, p, bytes, scratch)
                                        : person_bytes_pour(bytes, &class->crowds[p], scratch);
}

/* Puts them off until all is known, for the two threads. */
static int
let_wait(struct gathering *g, struct gathered *class, unsigned part, struct view persons)
{
    if (g->waiting_count == g->waiting_space) {
        size_t space = g->waiting_space * 2 + 256;
        struct waiting *waiting = memory_resize(g->waiting, space, sizeof(*waiting));

        if (waiting == NULL)
            return PASU_E_NOMEM;
        g->waiting = waiting;
        g->waiting_space = space;
    }
    g->waiting[g->waiting_count++] = (struct waiting){class, part, persons};
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
        result = gathered_at(g, view.class, &class);
        if (result == 0)
            result = unit_view_principals(&view, principal, &class->principals);
        if (result != 0)
            return result;
        sums_add(&class->sums, &view.sums);
        for (size_t p = 0; result == 0 && p < view.part_count; p++) {
            bound_add(&class->bounds[p], &view.bounds[p]);
            if (!is_apart && (class->wanted >> p & 1) != 0 && view.shown[p].length > 0)
                result = let_wait(g, class, (unsigned)p, view.shown[p]);
        }
        if (result != 0)
            return result;
    }
    return result;
}

static int
gather_one(struct gathering *g, enum index_table table, uint32_t when, uint32_t principal)
{
    struct index_key key = index_key_unit(when, principal);
    struct view value;
    int result = index_get(g->question.index, table, index_key_view(&key), &value);

    return result == 0 ? gather_unit(g, principal, value, false) : result;
}

static int
gather_chunk(void *arg, uint32_t class, unsigned part, struct view persons)
{
    struct gathering *g = arg;
    struct gathered *gathered = class <= g->question.names.classes.count ? g->classes[class] : NULL;

    if (gathered == NULL || part >= gathered->part_count)
        return PASU_E_CORRUPT;
    if ((gathered->wanted >> part & 1) == 0)
        return 0;
    return let_wait(g, gathered, part, persons);
}

static int
gather_month(struct gathering *g, uint32_t month)
{
    struct index_key key = index_key_unit(month, INDEX_EVERYBODY);
    struct view value;
    int result = index_get(g->question.index, INDEX_MONTHS, index_key_view(&key), &value);

    if (result == 0)
        result = gather_unit(g, 0, value, true);
    return result == 0 ? index_month_shown(g->question.index, month, gather_chunk, g) : result;
}

static int
gather_day(void *arg, struct view key, struct view value)
{
    return gather_unit(arg, bytes_get_u32(key.bytes + 4), value, false);
}

/* All principals, or the one, on days from <= day < to. */
static int
gather_days(struct gathering *g, int32_t from, int32_t to)
{
    int result = 0;

    if (g->question.selection->filter->principal == NULL)
        return index_keep_units(g->question.index, from, to, gather_day, g);
    for (int32_t day = from; result == 0 && day < to; day++) {
        result = gather_one(g, INDEX_DAYS, index_day_number(day), g->question.principal);
        if (result == PASU_E_NOTFOUND)
            result = 0;
    }
    return result;
}

static int
gather(struct gathering *g)
{
    struct index_question *q = &g->question;
    bool is_one = q->selection->filter->principal != NULL;
    int32_t from, to;
    int result = index_question_days(q, &from, &to);

    if (is_one && q->principal == 0)
        return result;
    while (result == 0 && from < to) {
        uint32_t month = month_of(from);
        int32_t end = month_begin(month + 1);

        result = PASU_E_NOTFOUND;
        if (from == month_begin(month) && end <= to)
            result =
                is_one ? gather_one(g, INDEX_MONTHS, month, q->principal) : gather_month(g, month);
        if (result == PASU_E_NOTFOUND)
            result = gather_days(g, from, end < to ? end : to);
        from = end;
    }
    return result;
}

/* ---- many are united by two threads, each its own classes ---- */

struct half {
    const struct gathering *g;
    unsigned number;
    int result;
};

/* All that was gathered of the class goes into its sets. */
static int
unite(struct gathered *class, struct ordinals *scratch)
{
    int result = 0;

    for (size_t p = 0; result == 0 && p < class->part_count; p++) {
        result = crowd_unite(&class->crowds[p], &class->shown[p]);
        if (result == 0)
            result = unite_list(class, p, scratch);
        crowd_release(&class->crowds[p]);
    }
    return result;
}

static void *
gather_half(void *arg)
{
    struct half *half = arg;
    struct ordinals scratch = {0};

    for (size_t i = 0; half->result == 0 && i < half->g->waiting_count; i++) {
        const struct waiting *one = &half->g->waiting[i];

        if (one->class->number % HALVES == half->number)
            half->result = gather_persons(one->class, one->part, one->persons, &scratch);
    }
    for (size_t c = 1; half->result == 0 && c <= half->g->question.names.classes.count; c++)
        if (half->g->classes[c] != NULL && c % HALVES == half->number)
            half->result = unite(half->g->classes[c], &scratch);
    ordinals_release(&scratch);
    return NULL;
}

static int
gather_halves(struct gathering *g)
{
    struct half halves[HALVES] = {{.g = g}, {.g = g, .number = 1}};
    pthread_t thread;
    bool has_thread = g->waiting_count >= WAITING_MIN &&
                      pthread_create(&thread, NULL, gather_half, &halves[1]) == 0;

    gather_half(&halves[0]);
    if (has_thread)
        pthread_join(thread, NULL);
    else
        gather_half(&halves[1]);
    g->waiting_count = 0;
    return halves[0].result != 0 ? halves[0].result : halves[1].result;
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
            class->parts[p].shown = class->shown[p];
            class->parts[p].bound = class->bounds[p];
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
        for (size_t p = 0; class->shown != NULL && p < class->part_count; p++)
            persons_free(class->shown[p]);
        for (size_t p = 0; class->lists != NULL && p < class->part_count; p++)
            ordinals_release(&class->lists[p]);
        for (size_t p = 0; class->crowds != NULL && p < class->part_count; p++)
            crowd_release(&class->crowds[p]);
        memory_free(class->lists);
        memory_free(class->crowds);
        memory_free(class->shown);
        memory_free(class->bounds);
        ordinals_release(&class->principals);
        memory_free(class);
    }
    memory_free(g->classes);
    memory_free(g->waiting);
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
        result = gather_halves(&g);
    if (result == 0)
        result = add_classes(&g);
    if (result == 0)
        result = index_read_rest(&g.question);
    release(&g);
    return result;
}
