/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/trace.h"

#include "base/memory.h"
#include "breach/day.h"

void
trace_init(struct trace *t, const struct leaked *sample, struct selection *selection)
{
    *t = (struct trace){.sample = sample, .selection = selection};
}

void
trace_release(struct trace *t)
{
    for (size_t r = 0; r < t->reader_count; r++) {
        persons_free(t->readers[r].reach);
        persons_free(t->readers[r].lately[0].persons);
        persons_free(t->readers[r].lately[1].persons);
        memory_free(t->readers[r].days);
    }
    memory_free(t->readers);
    memory_free(t->hits);
    memory_free(t->lexicons);
    ordinals_release(&t->scratch);
    interner_release(&t->names);
    *t = (struct trace){.sample = t->sample, .selection = t->selection};
}

void
trace_clear(struct trace *t)
{
    trace_release(t);
}

void
trace_forget(struct trace *t)
{
    memory_free(t->lexicons);
    t->lexicons = NULL;
    t->lexicon_count = 0;
}

/* ---- readers ---- */

int
trace_reader(struct trace *t, struct view name)
{
    uint32_t number = interner_number(&t->names, name);

    if (number == 0)
        return PASU_E_NOMEM;
    if (number <= t->reader_count)
        return (int)number - 1;
    if (t->reader_count == t->reader_space) {
        size_t space = t->reader_space * 2 + 64;
        struct trace_reader *readers = memory_resize(t->readers, space, sizeof(*readers));

        if (readers == NULL)
            return PASU_E_NOMEM;
        t->readers = readers;
        t->reader_space = space;
    }
    t->readers[t->reader_count] = (struct trace_reader){.day_count = 0};
    text_from_view(t->readers[t->reader_count].name, NAME_SIZE, name);
    return (int)t->reader_count++;
}

void
trace_seen(struct trace_reader *r, int64_t first, int64_t last)
{
    if (r->first == 0 || first < r->first)
        r->first = first;
    if (last > r->last)
        r->last = last;
}

void
trace_bound(struct trace *t, uint32_t reader, const struct bound *bound)
{
    struct trace_reader *r = &t->readers[reader];

    r->unknown = sum_of(r->unknown, bound->unknown);
    r->bounded = sum_of(r->bounded, bound->bounded);
    if (bound->largest > t->largest_bound)
        t->largest_bound = bound->largest;
}

/* Days come in any order, most often the last one again. */
static int
count_day(struct trace_reader *r, int32_t day, uint64_t persons)
{
    size_t at = r->day_count;

    while (at > 0 && r->days[at - 1].day > day)
        at--;
    if (at > 0 && r->days[at - 1].day == day) {
        r->days[at - 1].persons += persons;
        return 0;
    }
    if (r->day_count == r->day_space) {
        size_t space = r->day_space * 2 + 32;
        struct trace_day *days = memory_resize(r->days, space, sizeof(*days));

        if (days == NULL)
            return PASU_E_NOMEM;
        r->days = days;
        r->day_space = space;
    }
    memmove(r->days + at + 1, r->days + at, (r->day_count - at) * sizeof(*r->days));
    r->days[at] = (struct trace_day){day, persons};
    r->day_count++;
    return 0;
}

static int
add_hit(struct trace *t, struct trace_hit hit)
{
    if (t->hit_count == t->hit_space) {
        size_t space = t->hit_space * 2 + 256;
        struct trace_hit *hits = memory_resize(t->hits, space, sizeof(*hits));

        if (hits == NULL)
            return PASU_E_NOMEM;
        t->hits = hits;
        t->hit_space = space;
    }
    t->hits[t->hit_count++] = hit;
    return 0;
}

/* ---- what numbers mean ---- */

/* NULL where there is no memory. */
static struct trace_lexicon *
lexicon_of(struct trace *t, struct lexicon *lexicon)
{
    struct trace_lexicon *all;

    for (size_t i = 0; i < t->lexicon_count; i++) {
        struct trace_lexicon *l = &t->lexicons[i];

        if (l->lexicon != lexicon)
            continue;
        if (l->is_known != lexicon->is_known) /* its vocabulary has been explained meanwhile */
            *l = (struct trace_lexicon){.lexicon = lexicon, .is_known = lexicon->is_known};
        return l;
    }
    all = memory_resize(t->lexicons, t->lexicon_count + 1, sizeof(*all));
    if (all == NULL)
        return NULL;
    t->lexicons = all;
    all[t->lexicon_count] =
        (struct trace_lexicon){.lexicon = lexicon, .is_known = lexicon->is_known};
    return &all[t->lexicon_count++];
}

static int
learn_kind(struct trace *t, struct trace_lexicon *l, unsigned kind)
{
    struct names *names = &t->selection->book->names;
    int place = names_kind(names, l->lexicon, kind);

    if (place < 0)
        return place;
    l->known_kinds |= UINT32_C(1) << kind;
    if (strcmp(names->kinds.items[place], t->sample->kind) == 0)
        l->kinds |= UINT32_C(1) << kind;
    return 0;
}

static int
learn_field(struct trace *t, struct trace_lexicon *l, unsigned bit)
{
    struct names *names = &t->selection->book->names;
    int place = names_field(names, l->lexicon, bit), field;

    if (place < 0)
        return place;
    field = name_list_find(&t->sample->fields, names->fields.items[place]);
    l->bits[bit] = field < 0 ? 0 : (uint16_t)(1U << field);
    l->known |= UINT64_C(1) << bit;
    return 0;
}

int
trace_part(struct trace *t, struct lexicon *lexicon, unsigned kind, uint64_t clear,
           uint16_t *fields)
{
    struct trace_lexicon *l = lexicon_of(t, lexicon);
    int result = l == NULL ? PASU_E_NOMEM : 0;

    *fields = 0;
    if (result == 0 && (l->known_kinds >> kind & 1) == 0)
        result = learn_kind(t, l, kind);
    if (result != 0 || (l->kinds >> kind & 1) == 0)
        return result;
    for (; result == 0 && clear != 0; clear &= clear - 1) {
        unsigned bit = (unsigned)__builtin_ctzll(clear);

        if ((l->known >> bit & 1) == 0)
            result = learn_field(t, l, bit);
        *fields |= l->bits[bit];
    }
    return result == 0 ? *fields != 0 || t->sample->fields.count == 0 : result;
}

/* ---- persons ---- */

/* Of two days the persons are known: a statement that began before midnight can come after one that
 * began then. */
static struct trace_lately *
lately_of(struct trace_reader *r, int32_t day)
{
    struct trace_lately *older = &r->lately[r->lately[0].day > r->lately[1].day];

    for (size_t i = 0; i < COUNT_OF(r->lately); i++)
        if (r->lately[i].day == day)
            return &r->lately[i];
    persons_free(older->persons);
    *older = (struct trace_lately){.day = day};
    return older;
}

/* Each of the day's persons once. */
static int
count_persons(struct trace_reader *r, int32_t day, const uint32_t *ordinals, size_t count)
{
    struct trace_lately *lately = lately_of(r, day);
    int result = persons_add(&lately->persons, ordinals, count);
    uint64_t before = lately->count;

    if (result != 0)
        return result;
    lately->count = persons_count(lately->persons);
    return count_day(r, day, lately->count - before);
}

int
trace_shown(struct trace *t, uint32_t reader, uint16_t fields, int32_t day,
            const uint32_t *ordinals, size_t count)
{
    struct trace_reader *r = &t->readers[reader];
    int result = persons_add(&r->reach, ordinals, count);
    uint32_t person;

    if (result == 0)
        result = count_persons(r, day, ordinals, count);
    for (size_t i = 0; result == 0 && i < count; i++)
        if (leaked_find(t->sample, ordinals[i], &person))
            result = add_hit(t, (struct trace_hit){reader, person, day, fields});
    return result;
}

/* A person of the sample, on each of the days. */
static int
hit_on(struct trace *t, struct trace_hit hit, int32_t first, uint32_t days)
{
    int result = 0;

    for (; result == 0 && days != 0; days &= days - 1) {
        hit.day = first + __builtin_ctz(days);
        result = add_hit(t, hit);
    }
    return result;
}

/* To all that are there already, at once: one by one they would be moved again and again. */
static int
reach_more(struct trace_reader *r, const struct ordinals *ordinals)
{
    struct persons *more = NULL;
    int result = persons_add(&more, ordinals->items, ordinals->count);

    if (result == 0)
        result = persons_unite(&r->reach, more);
    persons_free(more);
    return result;
}

int
trace_attend(struct trace *t, uint32_t reader, uint16_t fields, int32_t first, uint32_t days,
             uint32_t base, const struct attendance *a)
{
    struct trace_reader *r = &t->readers[reader];
    uint64_t counts[DAYS_OF_MONTH] = {0};
    uint32_t *ordinals;
    int result = 0;

    t->scratch.count = 0;
    ordinals = ordinals_room(&t->scratch, a->persons.count);
    if (ordinals == NULL)
        return PASU_E_NOMEM;
    for (size_t i = 0; result == 0 && i < a->persons.count; i++) {
        uint32_t there = a->moments.days.items[i] & days, person;
        uint32_t ordinal = a->persons.items[i] + base;

        if (there == 0)
            continue;
        ordinals[t->scratch.count++] = ordinal;
        for (uint32_t left = there; left != 0; left &= left - 1)
            counts[__builtin_ctz(left)]++;
        if (leaked_find(t->sample, ordinal, &person))
            result = hit_on(t, (struct trace_hit){reader, person, 0, fields}, first, there);
    }
    if (result == 0 && t->scratch.count > 0)
        result = reach_more(r, &t->scratch);
    for (int32_t day = 0; result == 0 && day < DAYS_OF_MONTH; day++)
        if (counts[day] > 0)
            result = count_day(r, first + day, counts[day]);
    return result;
}

/* ---- statements ---- */

struct taking {
    struct trace *trace;
    uint32_t reader;
    uint16_t fields;
    int32_t day;
    uint32_t ordinals[256];
    size_t count;
};

static int
take_ordinal(void *arg, uint32_t ordinal)
{
    struct taking *k = arg;

    k->ordinals[k->count++] = ordinal;
    if (k->count < COUNT_OF(k->ordinals))
        return 0;
    k->count = 0;
    return trace_shown(k->trace, k->reader, k->fields, k->day, k->ordinals, COUNT_OF(k->ordinals));
}

static int
take_part(struct trace *t, uint32_t reader, const struct statement *s,
          const struct statement_part *part, uint16_t fields)
{
    struct taking k = {
        .trace = t, .reader = reader, .fields = fields, .day = day_of(s->time), .count = 0};
    int result = persons_each(part->shown, take_ordinal, &k);

    return result == 0 && k.count > 0 ? trace_shown(t, reader, fields, k.day, k.ordinals, k.count)
                                      : result;
}

int
trace_take(void *arg, const struct statement *s)
{
    struct trace *t = arg;
    int reader = -1, result = 0;

    for (size_t p = 0; result == 0 && p < s->part_count; p++) {
        const struct statement_part *part = &s->parts[p];
        struct bound bound = {part->unknown, part->unknown > 0, part->unknown};
        uint16_t fields;

        if (!part_has_shown(part))
            continue;
        result = trace_part(t, s->lexicon, part->kind, part->clear, &fields);
        if (result != 1)
            continue;
        if (reader < 0)
            reader = trace_reader(t, view_of_text(s->is_session_known ? s->session.principal : ""));
        if (reader < 0)
            return reader;
        trace_bound(t, (uint32_t)reader, &bound);
        result = take_part(t, (uint32_t)reader, s, part, fields);
    }
    if (result == 0 && reader >= 0) {
        t->statements++;
        trace_seen(&t->readers[reader], s->time, s->time);
    }
    return result;
}
