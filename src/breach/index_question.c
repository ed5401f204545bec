/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_question.h"

#include "base/memory.h"
#include "breach/day.h"
#include "breach/index_each.h"

/* ---- days ---- */

bool
index_question_is_whole(const struct index_question *q, int32_t day)
{
    return day >= q->from && day < q->to && !index_question_is_edge(q, day);
}

/* Where the day is among the edges, or belongs. */
static size_t
edge_place(const struct index_question *q, uint32_t number)
{
    size_t low = 0, high = q->edges.count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (q->edges.items[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool
index_question_is_edge(const struct index_question *q, int32_t day)
{
    size_t place = edge_place(q, index_day_number(day));

    return place < q->edges.count && q->edges.items[place] == index_day_number(day);
}

/* One more day to be read. */
static int
add_edge(struct index_question *q, int32_t day)
{
    uint32_t number = index_day_number(day);
    size_t place = edge_place(q, number), behind = q->edges.count - place;
    int result;

    if (index_question_is_edge(q, day))
        return 0;
    result = ordinals_add(&q->edges, &number, 1);
    if (result != 0)
        return result;
    memmove(q->edges.items + place + 1, q->edges.items + place, behind * sizeof(number));
    q->edges.items[place] = number;
    return 0;
}

static int
cut_time(struct index_question *q)
{
    const struct filter *filter = q->selection->filter;
    int32_t first = day_of(filter->from), last = day_of(filter->to);
    bool begins_whole = filter->from == day_begin(first);

    q->first = first;
    q->from = begins_whole ? first : first + 1;
    q->to = filter->to == 0 ? INT32_MAX : last;
    if (!begins_whole) {
        int result = add_edge(q, first);

        if (result != 0)
            return result;
    }
    return filter->to != 0 && filter->to != day_begin(last) ? add_edge(q, last) : 0;
}

int
index_question_begin(struct index_question *q)
{
    const struct filter *filter = q->selection->filter;
    int result = index_meta_load(&q->meta, q->index);

    if (result != 0)
        return result;
    if (q->meta.is_uneven || filter->from < 0)
        return PASU_E_UNAVAILABLE;
    q->open.seed = q->of_edges.seed = q->selection->book->sessions.places.seed;
    for (size_t i = 0; i < INDEX_LISTS; i++)
        q->names.lists[i].places.seed = q->of_edges.seed;
    result = index_gaps_load(&q->selection->book->gaps, q->index);
    if (result == PASU_E_NOTFOUND)
        result = PASU_E_CORRUPT;
    if (result == 0 && !index_gaps_know(&q->selection->book->gaps, q->entries->first))
        return PASU_E_UNAVAILABLE;
    if (result == 0)
        result = index_names_load(&q->names, q->index);
    if (result == 0 && filter->principal != NULL)
        q->principal = interner_find(&q->names.principals, view_of_text(filter->principal));
    if (result == 0)
        result = cut_time(q);
    /* What a statement's numbers meant depends on when it was over: in a part of a day we would not
     * know. */
    if (result == 0 && q->meta.is_strange && q->edges.count > 0)
        return PASU_E_UNAVAILABLE;
    return result;
}

void
index_question_release(struct index_question *q)
{
    index_names_release(&q->names);
    map_release(&q->of_edges);
    map_release(&q->open);
    map_release(&q->configured);
    ordinals_release(&q->edges);
    for (size_t i = 0; i < q->strange_count; i++)
        memory_free(q->strange[i]);
    memory_free(q->strange);
}

/* first <= day < end, of all that the index has; nothing where end <= first. */
struct known_days {
    int32_t first, end;
};

static int
note_day(void *arg, struct view key, struct view value PASU_UNUSED)
{
    struct known_days *days = arg;
    int32_t day = index_day_of(bytes_get_u32(key.bytes + 1));

    if (!day_is_one(day))
        return PASU_E_CORRUPT;
    if (days->first == INT32_MAX)
        days->first = day;
    days->end = day < 0 ? 0 : day + 1;
    return 0;
}

int
index_question_days(struct index_question *q, int32_t *from, int32_t *to)
{
    struct known_days days = {INT32_MAX, 0};
    int result = index_each_number(q->index, INDEX_DAY, note_day, &days);

    *from = q->from < days.first ? days.first : q->from;
    if (*from < 0)
        *from = 0;
    *to = q->to < days.end ? q->to : days.end;
    return result;
}

/* ---- names ---- */

int
index_question_names(struct index_question *q)
{
    struct names *names = &q->selection->book->names;
    struct vocabulary *vocabulary = memory_new(1, sizeof(*vocabulary));
    int result = vocabulary == NULL ? PASU_E_NOMEM : 0;

    for (size_t i = 0; result == 0 && i < names->count; i++)
        if (names->lexicons[i]->is_known)
            result = map_put(&q->configured, names->lexicons[i]->id, 0);
    for (uint32_t v = 1; result == 0 && v <= q->names.vocabularies.count; v++) {
        result = index_names_vocabulary(&q->names, v, vocabulary);
        if (result == 0)
            result = names_add(names, vocabulary);
    }
    memory_free(vocabulary);
    return result;
}

static int
load_shape(void *arg, struct view key, struct view value)
{
    return shapes_add(arg, index_key_session_of(key), value);
}

int
index_question_shapes(struct index_question *q)
{
    return index_each_session(q->index, INDEX_SHAPE, load_shape, &q->selection->book->shapes);
}

int
index_question_lexicon(struct index_question *q, const struct index_class_head *head,
                       struct lexicon **lexicon)
{
    struct lexicon **strange;
    uint32_t place;

    if (head->is_known || map_get(&q->configured, head->vocabulary, &place))
        return names_lexicon(&q->selection->book->names, head->vocabulary, lexicon);
    for (size_t i = 0; i < q->strange_count; i++)
        if (q->strange[i]->id == head->vocabulary) {
            *lexicon = q->strange[i];
            return 0;
        }
    strange = memory_resize(q->strange, q->strange_count + 1, sizeof(struct lexicon *));
    if (strange == NULL)
        return PASU_E_NOMEM;
    q->strange = strange;
    *lexicon = memory_new(1, sizeof(**lexicon));
    if (*lexicon == NULL)
        return PASU_E_NOMEM;
    (*lexicon)->id = head->vocabulary;
    memset((*lexicon)->fields, 0xff, sizeof((*lexicon)->fields));
    memset((*lexicon)->kinds, 0xff, sizeof((*lexicon)->kinds));
    q->strange[q->strange_count++] = *lexicon;
    return 0;
}
