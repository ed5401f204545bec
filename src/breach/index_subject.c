/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_subject.h"

#include "base/memory.h"
#include "breach/column_bytes.h"
#include "breach/day.h"
#include "breach/index_each.h"
#include "breach/index_month.h"
#include "breach/index_question.h"

/* What a class is to the question. */
enum { CLASS_UNSEEN, CLASS_OTHER, CLASS_OF_KIND };

/* A principal who was shown the person on that day, or sought them. */
struct found {
    int32_t day;
    uint32_t principal;
    unsigned parts; /* of the day, a bit each */
};

struct seeking {
    struct index_question question;
    struct subject *subject;
    uint8_t *classes; /* by number */
    uint64_t *kinds;  /* parts of the kind that is asked for, a bit each */
    bool *is_asked;   /* by number: a class that the month has which is looked at */
    int32_t first;    /* day of that month, */
    uint32_t days;    /* and those that are asked for, a bit each */
    struct found *found;
    size_t found_count, found_space;
    struct ordinals scratch;
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

/* In which parts of the day the person is in a set, added to *parts. */
static int
seek_in_set(struct seeking *s, struct view persons, struct view when, unsigned *parts)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < s->subject->ordinal_count; i++) {
        uint8_t part;
        uint64_t rank;

        if (!person_bytes_rank(persons, s->subject->ordinals[i], &rank))
            continue;
        result = column_get(when, COLUMN_PART_BITS, rank, &part);
        if (result == 0)
            *parts |= 1U << part;
    }
    return result;
}

/* What the statements of a class in a unit, which do not name the person, say of them all the same:
 * of those that do, subject_take_counted takes it back. */
static void
count_class(struct seeking *s, const struct unit_view *view)
{
    const struct index_class *class = index_class_of(&s->question.names.classes, view->class);
    bool is_possible = false;

    for (size_t p = 0; p < view->part_count; p++) {
        bool is_named = view->shown[p].length > 0 || view->missed[p].length > 0;

        if ((s->kinds[view->class] >> p & 1) == 0)
            continue;
        is_possible |= (class->parts[p].bits & INDEX_PART_BOUND) != 0;
        s->subject->has_numbers |= (class->parts[p].bits & INDEX_PART_TEXT) == 0 && is_named;
    }
    if (is_possible)
        s->subject->possible += view->sums.count;
}

/* ---- the last day ---- */

static int
seek_in_unit(struct seeking *s, struct view value, unsigned *parts)
{
    struct unit_view view;
    struct unit_walk walk;
    int result;

    unit_walk_begin(&walk, value, &s->question.names.classes);
    while ((result = unit_walk_next(&walk, &view)) == 1) {
        result = look_at_class(s, view.class);
        if (result == 0)
            count_class(s, &view);
        for (size_t p = 0; result == 0 && p < view.part_count; p++) {
            if ((s->kinds[view.class] >> p & 1) == 0)
                continue;
            result = seek_in_set(s, view.shown[p], view.shown_when[p], parts);
            if (result == 0)
                result = seek_in_set(s, view.missed[p], view.missed_when[p], parts);
        }
        if (result != 0)
            return result;
    }
    return result;
}

static int
add_found(struct seeking *s, struct found found)
{
    if (s->found_count == s->found_space) {
        size_t space = s->found_space * 2 + 16;
        struct found *items = memory_resize(s->found, space, sizeof(*items));

        if (items == NULL)
            return PASU_E_NOMEM;
        s->found = items;
        s->found_space = space;
    }
    s->found[s->found_count++] = found;
    return 0;
}

static int
seek_in_day(void *arg, struct view key, struct view value)
{
    struct seeking *s = arg;
    struct found found = {index_day_of(bytes_get_u32(key.bytes)), bytes_get_u32(key.bytes + 4), 0};
    int result = seek_in_unit(s, value, &found.parts);

    return result == 0 && found.parts != 0 ? add_found(s, found) : result;
}

/* ---- months ---- */

/* The class is there in the month. */
static int
note_class(struct seeking *s, const struct unit_view *view)
{
    int result = look_at_class(s, view->class);

    if (result != 0)
        return result;
    count_class(s, view);
    s->is_asked[view->class] = true;
    return 0;
}

static int
note_diary(void *arg, uint32_t principal PASU_UNUSED, unsigned day, const struct unit_view *view)
{
    struct seeking *s = arg;

    return (s->days >> day & 1) != 0 ? note_class(s, view) : 0;
}

/* Of all together in all of the month. */
static int
note_all(struct seeking *s, uint32_t month)
{
    struct index_key key = index_key_unit(month, INDEX_EVERYBODY);
    struct unit_view view;
    struct unit_walk walk;
    struct view value;
    int result = index_get(s->question.index, INDEX_MONTHS, index_key_view(&key), &value);

    if (result != 0)
        return result == PASU_E_NOTFOUND ? 0 : result;
    unit_walk_begin(&walk, value, &s->question.names.classes);
    while ((result = unit_walk_next(&walk, &view)) == 1) {
        result = note_class(s, &view);
        if (result != 0)
            return result;
    }
    return result;
}

static int
add_attended(void *arg, const struct index_attended *attended)
{
    struct seeking *s = arg;
    int result = 0;

    for (uint32_t days = attended->days & s->days; result == 0 && days != 0; days &= days - 1) {
        int day = __builtin_ctz(days);

        result = add_found(
            s, (struct found){s->first + day, attended->principal, 1U << attended->parts[day]});
    }
    return result;
}

static int
seek_in_class(struct seeking *s, uint32_t month, uint32_t class)
{
    size_t parts = index_class_of(&s->question.names.classes, class)->head.part_count;
    int result = 0;

    for (size_t p = 0; result == 0 && p < parts; p++)
        for (size_t i = 0;
             result == 0 && (s->kinds[class] >> p & 1) != 0 && i < s->subject->ordinal_count; i++)
            result = index_month_find(s->question.index, month, class, (unsigned)p,
                                      s->subject->ordinals[i], add_attended, s);
    return result;
}

/* Days from <= day < to, all of one month. */
static int
seek_in_month(struct seeking *s, uint32_t month, int32_t from, int32_t to)
{
    uint32_t classes = (uint32_t)s->question.names.classes.count;
    int result;

    s->first = month_begin(month);
    s->days = (uint32_t)((UINT64_C(1) << (to - s->first)) - (UINT64_C(1) << (from - s->first)));
    memset(s->is_asked, 0, classes + (size_t)1);
    result = from == s->first && to == month_begin(month + 1)
                 ? note_all(s, month)
                 : index_month_diaries(s->question.index, &s->question.names.classes, month, 0,
                                       note_diary, s);
    for (uint32_t c = 1; result == 0 && c <= classes; c++)
        if (s->is_asked[c])
            result = seek_in_class(s, month, c);
    return result;
}

static int
seek(struct seeking *s)
{
    int32_t from, to;
    int result = index_question_days(&s->question, &from, &to);

    if (result == 0)
        result = index_each_unit(s->question.index, from, to, seek_in_day, s);
    while (result == 0 && from < to) {
        uint32_t month = month_of(from);
        int32_t end = month_begin(month + 1) < to ? month_begin(month + 1) : to;

        result = seek_in_month(s, month, from, end);
        from = end;
    }
    return result;
}

/* ---- what they were shown ---- */

static int
take(void *arg, const struct statement *statement)
{
    struct seeking *s = arg;

    return index_question_is_open(&s->question, statement->seq)
               ? 0
               : subject_take_counted(s->subject, statement);
}

static int
compare_found(const void *a, const void *b)
{
    const struct found *one = a, *other = b;

    return (one->day > other->day) - (one->day < other->day);
}

static int
read_found(struct seeking *s)
{
    struct statements *statements = &s->question.selection->statements;
    const struct statements before = *statements;
    int result = 0;

    if (s->found_count > 0)
        qsort(s->found, s->found_count, sizeof(*s->found), compare_found);
    statements->give = take;
    statements->arg = s;
    for (size_t f = 0; result == 0 && f < s->found_count;) {
        int32_t day = s->found[f].day;
        unsigned parts = 0;

        s->scratch.count = 0;
        for (; result == 0 && f < s->found_count && s->found[f].day == day; f++) {
            parts |= s->found[f].parts;
            result = ordinals_add(&s->scratch, &s->found[f].principal, 1);
        }
        if (result == 0)
            result = index_read_found(&s->question, day, parts, &s->scratch);
    }
    statements->give = before.give;
    statements->arg = before.arg;
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
 * wants its records. */
static int
seek_in_open(void *arg, struct view key, struct view value)
{
    struct seeking *s = arg;
    struct index_group group;
    bool is_found = false;
    int result = index_group_read(&group, index_key_session_of(key), value, &s->question.names);

    for (size_t p = 0; result == 0 && p < group.part_count && !is_found; p++)
        is_found =
            is_in(s->subject, &group.parts[p].shown) || is_in(s->subject, &group.parts[p].missed);
    if (is_found && index_question_is_whole(&s->question, day_of(group.time)))
        result =
            add_found(s, (struct found){day_of(group.time), group.principal, 1U << group.day_part});
    index_group_release(&group);
    return result;
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
        s.is_asked = memory_new(s.question.names.classes.count + 1, sizeof(*s.is_asked));
        result = s.classes == NULL || s.kinds == NULL || s.is_asked == NULL
                     ? PASU_E_NOMEM
                     : index_question_names(&s.question);
    }
    /* Which days are read is known only now, and what they mean only where nothing was strange. */
    if (result == 0 && s.question.meta.is_strange)
        result = PASU_E_UNAVAILABLE;
    if (result == 0)
        result = index_question_shapes(&s.question);
    if (result == 0)
        result = seek(&s);
    if (result == 0 && entries->watch != NULL)
        result = index_each_session(index, INDEX_OPEN, seek_in_open, &s);
    if (result == 0)
        result = read_found(&s);
    if (result == 0)
        result = index_read_edges(&s.question);
    if (result == 0)
        result = index_read_days(&s.question);
    if (result == 0)
        result = index_read_rest(&s.question);
    memory_free(s.classes);
    memory_free(s.kinds);
    memory_free(s.is_asked);
    memory_free(s.found);
    ordinals_release(&s.scratch);
    index_question_release(&s.question);
    return result;
}
