/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_trace.h"

#include "base/memory.h"
#include "breach/chunk_bytes.h"
#include "breach/day.h"
#include "breach/index_each.h"
#include "breach/index_month.h"
#include "breach/index_question.h"

/* What a part of a class is to the sample. */
struct use {
    uint16_t fields;
    bool counts;
};

struct class_use {
    bool is_known, counts; /* one of its parts */
    struct use parts[INDEX_PARTS_MAX];
};

struct tracing {
    struct index_question question;
    struct trace *trace;
    struct class_use *classes; /* by number */
    uint32_t *readers;         /* by the index's number of a principal: place + 1; 0: not asked */
    struct index_room room;
    struct pool_scratch scratch;
    struct attendance attendance;
    struct pool pool;
    struct ordinals ordinals;
    int32_t first; /* day of the month, */
    uint32_t days; /* and those that are asked for, a bit each */
};

/* ---- what numbers mean ---- */

static int
use_of(struct tracing *g, uint32_t number, const struct class_use **use)
{
    struct index_question *q = &g->question;
    const struct index_class *class = index_class_of(&q->names.classes, number);
    struct class_use *made = &g->classes[number];
    struct lexicon *lexicon;
    int result = made->is_known ? 0 : index_question_lexicon(q, &class->head, &lexicon);

    *use = made;
    if (made->is_known || result != 0)
        return result;
    made->is_known = true;
    for (size_t p = 0; p < class->head.part_count; p++) {
        const struct index_class_part *part = &class->parts[p];

        if ((part->bits & INDEX_PART_SHOWN) == 0)
            continue;
        result = trace_part(g->trace, lexicon, part->kind, part->clear, &made->parts[p].fields);
        if (result < 0)
            return result;
        made->parts[p].counts = result == 1;
        made->counts |= result == 1;
    }
    return 0;
}

/* The place of the principal among the readers. */
static int
reader_at(struct tracing *g, uint32_t number)
{
    const struct interner *principals = &g->question.names.principals;
    int place;

    if (number > principals->count)
        return PASU_E_CORRUPT;
    if (g->readers[number] != 0)
        return (int)g->readers[number] - 1;
    place = trace_reader(g->trace, number == 0 ? VIEW("") : interner_string(principals, number));
    if (place >= 0)
        g->readers[number] = (uint32_t)place + 1;
    return place;
}

/* ---- sums ---- */

static int
count_view(struct tracing *g, uint32_t principal, const struct unit_view *view)
{
    const struct class_use *use;
    int result = use_of(g, view->class, &use), reader;

    if (result != 0 || !use->counts)
        return result;
    reader = reader_at(g, principal);
    if (reader < 0)
        return reader;
    g->trace->statements = sum_of(g->trace->statements, view->sums.count);
    trace_seen(&g->trace->readers[reader], view->sums.first, view->sums.last);
    for (size_t p = 0; p < view->part_count; p++)
        if (use->parts[p].counts)
            trace_bound(g->trace, (uint32_t)reader, &view->bounds[p]);
    return 0;
}

static int
see_diary(void *arg, uint32_t principal, unsigned day, const struct unit_view *view)
{
    struct tracing *g = arg;

    return (g->days >> day & 1) != 0 ? count_view(g, principal, view) : 0;
}

/* ---- months ---- */

static int
attend(struct tracing *g, uint32_t principal, const struct index_chunk *chunk, uint16_t fields)
{
    int reader = reader_at(g, principal);

    return reader < 0 ? reader
                      : trace_attend(g->trace, (uint32_t)reader, fields, g->first, g->days,
                                     chunk->first, &g->attendance);
}

static int
see_pool(struct tracing *g, const struct pool_view *view, const struct index_chunk *chunk,
         uint16_t fields)
{
    struct pool_place at = {0, 0};
    int result;

    pool_clear(&g->pool);
    result = pool_read(&g->pool, view, &g->scratch);
    for (size_t p = 0; result == 0 && p < g->pool.principals.count; p++) {
        attendance_clear(&g->attendance);
        result = pool_take(&g->pool, p, &at, &g->attendance);
        if (result == 0)
            result = attend(g, g->pool.principals.items[p], chunk, fields);
    }
    return result;
}

static int
see_chunk(void *arg, const struct index_chunk *chunk, const struct index_stored *stored)
{
    struct tracing *g = arg;
    const struct class_use *use;
    struct chunk_walk walk;
    struct pool_view pool;
    struct view value, bytes;
    int next, result = 0;

    if (chunk->class == 0 || chunk->class > g->question.names.classes.count)
        return PASU_E_CORRUPT;
    result = use_of(g, chunk->class, &use);
    if (result != 0 || chunk->is_missed || chunk->part >= INDEX_PARTS_MAX ||
        !use->parts[chunk->part].counts)
        return result;
    result = index_stored_open(stored, &g->room, &value);
    if (result != 0)
        return result;
    chunk_walk_begin(&walk, value);
    while ((next = chunk_walk_next(&walk, &bytes)) == 1) {
        struct attendance_view view;

        attendance_clear(&g->attendance);
        result = attendance_view_of(&view, bytes);
        if (result == 0)
            result = attendance_read(&g->attendance, &view, &g->scratch.moments);
        if (result == 0)
            result = attend(g, walk.principal, chunk, use->parts[chunk->part].fields);
        if (result != 0)
            return result;
    }
    if (next == 0)
        next = chunk_walk_pool(&walk, &pool);
    return next == 1 ? see_pool(g, &pool, chunk, use->parts[chunk->part].fields) : next;
}

/* Days from <= day < to, all of one month. */
static int
see_month(struct tracing *g, uint32_t month, int32_t from, int32_t to)
{
    struct index_question *q = &g->question;
    int result;

    g->first = month_begin(month);
    g->days = (uint32_t)((UINT64_C(1) << (to - g->first)) - (UINT64_C(1) << (from - g->first)));
    result = index_month_diaries(q->index, &q->names.classes, month, 0, see_diary, g);
    return result == 0 ? index_month_chunks(q->index, month, 0, see_chunk, g) : result;
}

/* ---- the last day ---- */

static int
see_view(struct tracing *g, int32_t day, uint32_t principal, const struct unit_view *view)
{
    const struct class_use *use;
    int result = count_view(g, principal, view), reader = 0;

    if (result == 0)
        result = use_of(g, view->class, &use);
    for (size_t p = 0; result == 0 && p < view->part_count; p++) {
        if (!use->parts[p].counts || view->shown[p].length == 0)
            continue;
        g->ordinals.count = 0;
        result = person_bytes_list(view->shown[p], 0, &g->ordinals);
        reader = reader_at(g, principal);
        if (result == 0)
            result = reader < 0 ? reader
                                : trace_shown(g->trace, (uint32_t)reader, use->parts[p].fields, day,
                                              g->ordinals.items, g->ordinals.count);
    }
    return result;
}

static int
see_unit(void *arg, struct view key, struct view value)
{
    struct tracing *g = arg;
    struct unit_walk walk;
    struct unit_view view;
    int result;

    unit_walk_begin(&walk, value, &g->question.names.classes);
    while ((result = unit_walk_next(&walk, &view)) == 1) {
        result = see_view(g, index_day_of(bytes_get_u32(key.bytes)), bytes_get_u32(key.bytes + 4),
                          &view);
        if (result != 0)
            return result;
    }
    return result;
}

static int
see_days(struct tracing *g)
{
    int32_t from, to;
    int result = index_question_days(&g->question, &from, &to);

    if (result == 0)
        result = index_each_unit(g->question.index, from, to, see_unit, g);
    while (result == 0 && from < to) {
        uint32_t month = month_of(from);
        int32_t end = month_begin(month + 1) < to ? month_begin(month + 1) : to;

        result = see_month(g, month, from, end);
        from = end;
    }
    return result;
}

int
index_trace(struct index *index, struct trace *trace, struct selection *selection,
            const struct entries *entries)
{
    struct tracing g = {
        .question = {.index = index, .entries = entries, .selection = selection},
        .trace = trace,
    };
    const struct index_names *names = &g.question.names;
    int result = index_question_begin(&g.question);

    if (result == 0) {
        g.classes = memory_new(names->classes.count + 1, sizeof(*g.classes));
        g.readers = memory_new(names->principals.count + 1, sizeof(*g.readers));
        result =
            g.classes == NULL || g.readers == NULL ? PASU_E_NOMEM : index_room_init(&g.room, index);
    }
    if (result == 0)
        result = index_question_names(&g.question);
    if (result == 0)
        result = index_read_edges(&g.question);
    if (result == 0)
        result = index_read_days(&g.question);
    if (result == 0)
        result = see_days(&g);
    if (result == 0)
        result = index_read_rest(&g.question);
    index_room_release(&g.room);
    memory_free(g.classes);
    memory_free(g.readers);
    pool_scratch_release(&g.scratch);
    pool_release(&g.pool);
    attendance_release(&g.attendance);
    ordinals_release(&g.ordinals);
    index_question_release(&g.question);
    return result;
}

/* ---- statements ---- */

struct giving {
    struct index_question question;
    statement_fn *give;
    void *arg;
};

/* One that was open at the index's end comes as a whole when the rest is read. */
static int
give(void *arg, const struct statement *statement)
{
    struct giving *g = arg;

    return index_question_is_open(&g->question, statement->seq) ? 0 : g->give(g->arg, statement);
}

/* Whether the index has the day whole; else its statements are read beside. */
static int
is_there(const struct index_question *q, int32_t number, bool *there)
{
    struct index_day day;
    int result = index_day_load(&day, q->index, number);

    *there = result == 0 && index_question_is_whole(q, number);
    if (result == 0)
        index_day_release(&day);
    return result == PASU_E_NOTFOUND ? 0 : result;
}

static int
read_wanted(struct giving *g, const struct index_wanted *wanted, size_t count)
{
    struct index_question *q = &g->question;
    struct ordinals principals = {0};
    bool there;
    int result = 0;

    for (size_t w = 0; result == 0 && w < count;) {
        int32_t day = wanted[w].day;

        principals.count = 0;
        for (; result == 0 && w < count && wanted[w].day == day; w++) {
            uint32_t number =
                interner_find(&q->names.principals, view_of_text(wanted[w].principal));

            if (number != 0 || wanted[w].principal[0] == '\0')
                result = ordinals_add(&principals, &number, 1);
        }
        if (result == 0)
            result = is_there(q, day, &there);
        if (result == 0 && principals.count > 0 && there)
            result = index_read_found(q, day, 1U << DAY_PART_NONE, &principals);
    }
    ordinals_release(&principals);
    return result;
}

int
index_trace_statements(struct index *index, struct selection *selection,
                       const struct entries *entries, const struct index_wanted *wanted,
                       size_t count)
{
    struct statements *statements = &selection->statements;
    struct giving g = {
        .question = {.index = index, .entries = entries, .selection = selection},
        .give = statements->give,
        .arg = statements->arg,
    };
    int result = index_question_begin(&g.question);

    if (result == 0)
        result = index_question_names(&g.question);
    if (result == 0 && g.question.meta.is_strange)
        result = PASU_E_UNAVAILABLE;
    if (result == 0)
        result = index_question_shapes(&g.question);
    statements->give = give;
    statements->arg = &g;
    if (result == 0)
        result = read_wanted(&g, wanted, count);
    statements->give = g.give;
    statements->arg = g.arg;
    if (result == 0)
        result = index_read_edges(&g.question);
    if (result == 0)
        result = index_read_days(&g.question);
    if (result == 0)
        result = index_read_rest(&g.question);
    index_question_release(&g.question);
    return result;
}
