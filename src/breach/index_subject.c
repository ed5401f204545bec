/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_subject.h"

#include "base/memory.h"
#include "breach/day.h"
#include "breach/index_each.h"
#include "breach/index_question.h"

/* What a class is to the question. */
enum { CLASS_UNSEEN, CLASS_OTHER, CLASS_OF_KIND };

struct seeking {
    struct index_question question;
    struct subject *subject;
    uint8_t *classes; /* by number */
    uint64_t *kinds;  /* parts of the kind that is asked for, a bit each */
    bool *holds;      /* by number: a class that has the person in the month we are in */
    bool has_month;   /* that is known */
};

/* Which parts of a class are of the kind. */
static int
look_at_class(struct seeking *s, uint32_t number)
{
    struct index_question *q = &s->question;
    const struct index_class *class = index_class_of(&q->names.classes, number);
    struct names *names = &q->selection->book->names;
    struct lexicon *lexicon;
    int result;

    if (s->classes[number] != CLASS_UNSEEN)
        return 0;
    result = index_question_lexicon(q, &class->head, &lexicon);
    s->classes[number] = CLASS_OTHER;
    for (size_t p = 0; result == 0 && p < class->head.part_count; p++) {
        int place = names_kind(names, lexicon, class->parts[p].kind);

        if (place < 0)
            return place;
        if (strcmp(names->kinds.items[place], s->subject->kind) != 0)
            continue;
        s->kinds[number] |= UINT64_C(1) << p;
        s->classes[number] = CLASS_OF_KIND;
    }
    return result;
}

static bool
has_person(const struct seeking *s, const struct unit_view *view)
{
    for (size_t p = 0; p < view->part_count; p++)
        for (size_t i = 0; (s->kinds[view->class] >> p & 1) != 0 && i < s->subject->ordinal_count;
             i++)
            if (person_bytes_has(view->shown[p], s->subject->ordinals[i]) ||
                person_bytes_has(view->missed[p], s->subject->ordinals[i]))
                return true;
    return false;
}

/* 1: the person is in it; 0: not. */
static int
seek_in_unit(struct seeking *s, struct view value)
{
    struct unit_view view;
    struct unit_walk walk;
    int result;

    unit_walk_begin(&walk, value, &s->question.names.classes);
    while ((result = unit_walk_next(&walk, &view)) == 1) {
        if (s->has_month && !s->holds[view.class])
            continue;
        result = look_at_class(s, view.class);
        if (result != 0)
            return result;
        if (s->classes[view.class] == CLASS_OF_KIND && has_person(s, &view))
            return 1;
    }
    return result;
}

/* As seek_in_unit; and which classes have them. */
static int
seek_in_all(struct seeking *s, struct view value)
{
    struct unit_view view;
    struct unit_walk walk;
    int result, is_found = 0;

    memset(s->holds, 0, s->question.names.classes.count + 1);
    unit_walk_begin(&walk, value, &s->question.names.classes);
    while ((result = unit_walk_next(&walk, &view)) == 1) {
        result = look_at_class(s, view.class);
        if (result != 0)
            return result;
        s->holds[view.class] = s->classes[view.class] == CLASS_OF_KIND && has_person(s, &view);
        is_found |= s->holds[view.class];
    }
    return result != 0 ? result : is_found;
}

/* What the statements of a unit, which do not name the person, say of them all the same. Where
 * `is_taken_back`, a month counted them that now are read. */
static int
count_unit(struct seeking *s, struct view value, bool is_taken_back)
{
    struct unit_view view;
    struct unit_walk walk;
    int result;

    unit_walk_begin(&walk, value, &s->question.names.classes);
    while ((result = unit_walk_next(&walk, &view)) == 1) {
        const struct index_class *class = index_class_of(&s->question.names.classes, view.class);
        bool is_possible = false;

        result = look_at_class(s, view.class);
        if (result != 0)
            return result;
        for (size_t p = 0; p < view.part_count; p++) {
            bool is_named = view.shown[p].length > 0 || view.missed[p].length > 0;

            if ((s->kinds[view.class] >> p & 1) == 0)
                continue;
            is_possible |= (class->parts[p].bits & INDEX_PART_BOUND) != 0;
            s->subject->has_numbers |= (class->parts[p].bits & INDEX_PART_TEXT) == 0 && is_named;
        }
        if (is_possible && is_taken_back)
            s->subject->possible -= view.sums.count;
        else if (is_possible)
            s->subject->possible += view.sums.count;
    }
    return result;
}

static int
seek_in_day(void *arg, struct view key, struct view value)
{
    struct seeking *s = arg;
    int32_t day = index_day_of(bytes_get_u32(key.bytes));
    int result = index_question_is_edge(&s->question, day) ? 0 : seek_in_unit(s, value);

    return result == 1 ? index_question_add(&s->question, day) : result;
}

struct counting {
    struct seeking *seeking;
    bool is_taken_back;
};

static int
count_day(void *arg, struct view key, struct view value)
{
    const struct counting *c = arg;
    int32_t day = index_day_of(bytes_get_u32(key.bytes));
    bool is_read = index_question_is_edge(&c->seeking->question, day);

    return is_read == c->is_taken_back ? count_unit(c->seeking, value, c->is_taken_back) : 0;
}

/* Days that are not read are counted; or, after a month's, those that are taken back. */
static int
count_days(struct seeking *s, int32_t from, int32_t to, bool is_taken_back)
{
    struct counting counting = {s, is_taken_back};

    return index_each_unit(s->question.index, from, to, count_day, &counting);
}

/* The month as a whole, but for the days in it that are to be read. */
static int
count_month(struct seeking *s, struct view value, int32_t from, int32_t to)
{
    int result = count_unit(s, value, false);

    for (size_t e = 0; result == 0 && e < s->question.edges.count; e++) {
        int32_t day = index_day_of(s->question.edges.items[e]);

        if (day >= from && day < to)
            result = count_days(s, day, day + 1, true);
    }
    return result;
}

static int
seek_in_month(struct seeking *s, uint32_t month, int32_t from, int32_t to)
{
    struct index_key key = index_key_unit(month, INDEX_EVERYBODY);
    bool is_whole = from == month_begin(month) && to == month_begin(month + 1);
    struct view value;
    int there = index_glance(s->question.index, INDEX_MONTHS, index_key_view(&key), &value);
    int result = there == 0 ? seek_in_all(s, value) : 1;

    if (there != 0 && there != PASU_E_NOTFOUND)
        return there;
    s->has_month = there == 0;
    if (result == 1)
        result = index_each_unit(s->question.index, from, to, seek_in_day, s);
    if (result != 0)
        return result;
    return there == 0 && is_whole ? count_month(s, value, from, to)
                                  : count_days(s, from, to, false);
}

static int
seek(struct seeking *s)
{
    int32_t from, to;
    int result = index_question_days(&s->question, &from, &to);

    while (result == 0 && from < to) {
        uint32_t month = month_of(from);
        int32_t end = month_begin(month + 1) < to ? month_begin(month + 1) : to;

        result = seek_in_month(s, month, from, end);
        from = end;
    }
    return result;
}

static bool
is_in(const struct subject *subject, const struct ordinals *list)
{
    for (size_t i = 0; i < list->count; i++)
        for (size_t o = 0; o < subject->ordinal_count; o++)
            if (list->items[i] == subject->ordinals[o])
                return true;
    return false;
}

/* A statement that was open at the index's end is in no unit, and need not be read: but who watches
 * wants its records, which are all of its day. */
static int
seek_in_open(void *arg, struct view key, struct view value)
{
    struct seeking *s = arg;
    struct index_group group;
    bool is_found = false;
    int result = index_group_read(&group, index_key_session_of(key), value);

    for (size_t p = 0; result == 0 && p < group.part_count && !is_found; p++)
        is_found =
            is_in(s->subject, &group.parts[p].shown) || is_in(s->subject, &group.parts[p].missed);
    if (is_found && index_question_is_whole(&s->question, day_of(group.time)))
        result = index_question_add(&s->question, day_of(group.time));
    index_group_release(&group);
    return result;
}

static int
load_shape(void *arg, struct view key, struct view value)
{
    return shapes_add(arg, index_key_session_of(key), value);
}

int
index_subject(struct index *index, struct subject *subject, struct selection *selection,
              const struct entries *entries)
{
    struct seeking s = {
        .question = {.index = index, .entries = entries, .selection = selection},
        .subject = subject,
    };
    int result = index_question_begin(&s.question);

    if (result == 0) {
        s.classes = memory_new(s.question.names.classes.count + 1, sizeof(*s.classes));
        s.kinds = memory_new(s.question.names.classes.count + 1, sizeof(*s.kinds));
        s.holds = memory_new(s.question.names.classes.count + 1, sizeof(*s.holds));
        result = s.classes == NULL || s.kinds == NULL || s.holds == NULL
                     ? PASU_E_NOMEM
                     : index_question_names(&s.question);
    }
    /* Which days are read is known only now, and what they mean only where nothing was strange. */
    if (result == 0 && s.question.meta.is_strange)
        result = PASU_E_UNAVAILABLE;
    if (result == 0)
        result = index_each_session(index, INDEX_SHAPE, load_shape, &selection->book->shapes);
    if (result == 0 && entries->watch != NULL)
        result = index_each_session(index, INDEX_OPEN, seek_in_open, &s);
    if (result == 0)
        result = seek(&s);
    if (result == 0)
        result = index_read_edges(&s.question);
    if (result == 0)
        result = index_read_days(&s.question);
    if (result == 0)
        result = index_read_rest(&s.question);
    memory_free(s.classes);
    memory_free(s.kinds);
    memory_free(s.holds);
    index_question_release(&s.question);
    return result;
}
