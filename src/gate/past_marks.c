/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/past_marks.h"

#include "base/memory.h"

enum {
    PAST_MARKS_MAX = 16384,
    PAST_MARKS_START = 64,
    /* As what (enum ring_mark_what) an item is, besides: */
    TAKEN_AWAY = 128, /* a mark that was taken away from its database */
    TAKER,            /* that what its relation has below its number was, also if it comes later */
};

static struct catalog_whose
whose_of(const struct ring_mark *mark)
{
    return (struct catalog_whose){mark->system, mark->database_oid, mark->gateway, mark->database};
}

static bool
is_of_same(const struct ring_mark *a, const struct ring_mark *b)
{
    const struct catalog_whose one = whose_of(a), other = whose_of(b);

    return catalog_kin_of(&(struct catalog_family){true, true}, &one, &other) == KIN_SAME;
}

static bool
is_same(const struct ring_mark *a, const struct ring_mark *b)
{
    return a->relation == b->relation && a->column == b->column && a->vocabulary == b->vocabulary &&
           strcmp(a->name, b->name) == 0 && strcmp(a->schema, b->schema) == 0 && is_of_same(a, b);
}

/* Whether what takes marks away takes this one. */
static bool
takes(const struct ring_mark *taker, const struct ring_mark *mark)
{
    return taker->relation == mark->relation && mark->number < taker->number &&
           is_of_same(taker, mark);
}

/* What is done, of the same thing. */
static struct ring_mark *
find(const struct past_marks *past, const struct ring_mark *mark)
{
    for (size_t i = 0; i < past->count; i++)
        if (past->items[i].what == RING_MARK_CARRIES && is_same(&past->items[i], mark))
            return &past->items[i];
    return NULL;
}

static int
add(struct past_marks *past, const struct ring_mark *mark)
{
    size_t size = past->size ? 2 * past->size : PAST_MARKS_START;
    struct ring_mark *more;

    if (past->count == PAST_MARKS_MAX)
        return PASU_E_RANGE;
    if (past->count == past->size) {
        more = memory_resize(past->items, size, sizeof(*more));
        if (!more)
            return PASU_E_NOMEM;
        past->items = more;
        past->size = size;
    }
    past->items[past->count++] = *mark;
    return 0;
}

/* It can be that it was taken away before the ledger had it. */
static int
add_carried(struct past_marks *past, const struct ring_mark *mark)
{
    struct ring_mark one = *mark;

    for (size_t i = 0; i < past->count; i++)
        if (past->items[i].what == TAKER && takes(&past->items[i], mark))
            one.what = TAKEN_AWAY;
    return add(past, &one);
}

/* Intentions with that number; or of the relation, and older than that. */
static void
drop_intended(struct past_marks *past, const struct ring_mark *mark)
{
    for (size_t i = 0; i < past->count; i++) {
        const struct ring_mark *item = &past->items[i];
        bool is_over = mark->what == RING_MARK_OVER
                           ? item->number == mark->number
                           : is_same(item, mark) && item->number < mark->number;

        if (item->what == RING_MARK_INTENDED && is_over)
            past->items[i--] = past->items[--past->count];
    }
}

int
past_marks_see(struct past_marks *past, const struct ring_mark *mark)
{
    struct ring_mark *known;

    if (mark->what == RING_MARK_INTENDED)
        return add(past, mark);
    if (mark->what != RING_MARK_CARRIES)
        drop_intended(past, mark);
    if (mark->what == RING_MARK_OVER)
        return 0;
    known = find(past, mark);
    if (mark->what == RING_MARK_FORGOTTEN) {
        if (known && known->number < mark->number)
            *known = past->items[--past->count];
        return 0;
    }
    if (!known)
        return add_carried(past, mark);
    known->fields |= mark->fields;
    known->kinds |= mark->kinds;
    if (known->number < mark->number)
        known->number = mark->number;
    return 0;
}

int
past_marks_clear(struct past_marks *past, const struct ring_mark *cleared)
{
    struct ring_mark taker = *cleared;

    for (size_t i = 0; i < past->count; i++)
        if (past->items[i].what == RING_MARK_CARRIES && takes(cleared, &past->items[i]))
            past->items[i].what = TAKEN_AWAY;
    taker.what = TAKER;
    return add(past, &taker);
}

void
past_marks_kin(const struct past_marks *past, const struct catalog_whose *whose,
               struct catalog_family *family)
{
    for (size_t i = 0; i < past->count; i++) {
        const struct catalog_whose theirs = whose_of(&past->items[i]);

        catalog_kin_see(family, whose, &theirs);
    }
}

int
past_marks_give(const struct past_marks *past, const struct catalog_whose *whose,
                const struct catalog_family *family, struct catalog_marks *marks)
{
    int result = 0;

    for (size_t i = 0; i < past->count; i++) {
        const struct ring_mark *item = &past->items[i];
        const struct catalog_whose theirs = whose_of(item);
        enum catalog_kin kin = catalog_kin_of(family, whose, &theirs);
        int given;

        if (item->what == TAKER || (item->what == TAKEN_AWAY && kin == KIN_SAME))
            continue;
        given = catalog_marks_restore(marks, item, kin);
        result = result == 0 ? given : result;
    }
    return result;
}

void
past_marks_release(struct past_marks *past)
{
    memory_free(past->items);
    *past = (struct past_marks){0};
}
