/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/trace_access.h"

#include "base/memory.h"
#include "breach/day.h"

/* A day of a source, and how many persons of the sample it was shown on it. */
struct busy {
    int32_t day;
    uint64_t hits;
};

static int
compare_busy(const void *a, const void *b)
{
    const struct busy *one = a, *other = b;

    if (one->hits != other->hits)
        return one->hits > other->hits ? -1 : 1;
    return (one->day > other->day) - (one->day < other->day);
}

static int
compare_wanted(const void *a, const void *b)
{
    const struct index_wanted *one = a, *other = b;

    return (one->day > other->day) - (one->day < other->day);
}

/* The hits that explain something, by day; those of a reader stand in the order of days. */
static size_t
days_of(const struct trace *t, uint32_t reader, struct busy *busy)
{
    size_t count = 0;

    for (size_t h = 0; h < t->hit_count; h++) {
        const struct trace_hit *hit = &t->hits[h];

        if (hit->reader != reader ||
            leaked_explained(&t->sample->persons[hit->person], hit->fields, hit->day) == 0)
            continue;
        if (count == 0 || busy[count - 1].day != hit->day)
            busy[count++] = (struct busy){hit->day, 0};
        busy[count - 1].hits++;
    }
    return count;
}

int
trace_look_begin(struct trace_look *l, struct trace *t, const struct trace_answer *a)
{
    size_t most = a->joint > 3 ? a->joint : 3, each;
    struct busy *busy = memory_new(t->hit_count + 1, sizeof(*busy));

    *l = (struct trace_look){.trace = t, .answer = a};
    if (busy == NULL)
        return PASU_E_NOMEM;
    l->source_count = a->count < most ? a->count : most;
    each = l->source_count > 0 ? TRACE_DAYS_MAX / l->source_count : 0;
    for (size_t s = 0; s < l->source_count; s++) {
        struct trace_accesses *source = &l->sources[s];

        source->days = days_of(t, a->sources[s].reader, busy);
        qsort(busy, source->days, sizeof(*busy), compare_busy);
        source->days_read = source->days < each ? source->days : each;
        for (size_t d = 0; d < source->days_read; d++)
            l->wanted[l->wanted_count++] =
                (struct index_wanted){busy[d].day, t->readers[a->sources[s].reader].name};
    }
    qsort(l->wanted, l->wanted_count, sizeof(*l->wanted), compare_wanted);
    memory_free(busy);
    return 0;
}

/* ---- statements ---- */

static bool
is_wanted(const struct trace_look *l, const char *principal, int32_t day)
{
    for (size_t w = 0; w < l->wanted_count; w++)
        if (l->wanted[w].day == day && strcmp(l->wanted[w].principal, principal) == 0)
            return true;
    return false;
}

struct counting {
    const struct trace *trace;
    uint16_t shown;
    int32_t day;
    uint64_t persons;
    uint16_t fields;
};

static int
count_person(void *arg, uint32_t ordinal)
{
    struct counting *c = arg;
    const struct leaked *sample = c->trace->sample;
    uint32_t person;
    uint16_t explained;

    if (!leaked_find(sample, ordinal, &person))
        return 0;
    explained = leaked_explained(&sample->persons[person], c->shown, c->day);
    c->persons += explained != 0;
    c->fields |= explained & sample->persons[person].fields;
    return 0;
}

static int
count_persons(struct trace_look *l, const struct statement *s, struct counting *c)
{
    *c = (struct counting){.trace = l->trace, .day = day_of(s->time)};
    for (size_t p = 0; p < s->part_count; p++) {
        const struct statement_part *part = &s->parts[p];
        uint64_t before = c->persons;
        int result;

        if (!part_has_shown(part))
            continue;
        result = trace_part(l->trace, s->lexicon, part->kind, part->clear, &c->shown);
        if (result == 1) {
            c->persons = 0;
            result = persons_each(part->shown, count_person, c);
        }
        if (result < 0)
            return result;
        c->persons = c->persons > before ? c->persons : before;
    }
    return 0;
}

static bool
is_before(const struct trace_access *a, const struct trace_access *b)
{
    return a->persons != b->persons ? a->persons > b->persons : a->seq < b->seq;
}

static void
put(struct trace_accesses *source, const struct trace_access *access)
{
    size_t at = source->count;

    if (at == TRACE_ACCESSES_MAX && !is_before(access, &source->items[at - 1]))
        return;
    at = at < TRACE_ACCESSES_MAX ? source->count++ : at - 1;
    for (; at > 0 && is_before(access, &source->items[at - 1]); at--)
        source->items[at] = source->items[at - 1];
    source->items[at] = *access;
}

int
trace_look_take(void *arg, const struct statement *s)
{
    struct trace_look *l = arg;
    const char *principal = s->is_session_known ? s->session.principal : "";
    struct trace_access access = {.seq = s->seq,
                                  .session = s->session_id,
                                  .shape = s->shape,
                                  .time = s->time,
                                  .rows = s->rows};
    struct counting counted;
    int result;

    if (!is_wanted(l, principal, day_of(s->time)))
        return 0;
    result = count_persons(l, s, &counted);
    if (result != 0 || counted.persons == 0)
        return result;
    access.persons = counted.persons;
    access.fields = counted.fields;
    if (s->is_session_known) {
        snprintf(access.application, sizeof(access.application), "%s", s->session.application);
        snprintf(access.address, sizeof(access.address), "%s", s->session.address);
    }
    snprintf(access.actor, sizeof(access.actor), "%s", s->actor);
    for (size_t i = 0; i < l->source_count; i++) {
        const struct trace_source *source = &l->answer->sources[i];

        if (strcmp(l->trace->readers[source->reader].name, principal) != 0)
            continue;
        l->sources[i].statements++;
        put(&l->sources[i], &access);
    }
    return 0;
}
