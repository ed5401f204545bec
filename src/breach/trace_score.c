/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/trace_score.h"

#include "base/memory.h"
#include "breach/day.h"
#include "breach/trace_part.h"

#include <math.h>

/* The prior of nobody on record, and where something may be missing of it. */
#define OUTSIDE      0.1
#define OUTSIDE_GAPS 0.3
/* The prior that what was handed on is of all that a source was shown; and of each other length. */
#define OF_ALL       0.4
#define OF_LENGTH    0.2
#define MOST_CERTAIN 0.999999

enum { LENGTHS = 3, STRONG_PERSONS = 5, LIKELY_PERSONS = 3, STRONG_DECOYS = 2 };
/* Joint sources are sought among so many, where the sample has very many persons. */
enum { JOINT_LEAST = 8, JOINT_WORK = TRACE_LOOKED_AT * 10000 };

static const int32_t lengths[LENGTHS] = {1, 7, 31};

/* A person of the sample was shown to the reader on that day, and it explains something. */
struct moment {
    uint32_t person;
    int32_t day;
};

struct judging {
    struct trace *trace;
    struct trace_answer *answer;
    double population, span; /* persons, and days of the record */
    double outside;          /* the prior of nobody on record */
    uint32_t *counts;        /* of each person: moments in the window */
    uint16_t *explained;     /* of each person: bits */
    uint8_t *missing;        /* of each person: fields of the reader that is looked at */
    bool *is_shown, *is_met; /* of each person: explained by anybody; shown to anybody */
    struct moment *moments;
    size_t moment_count;
};

/* ---- one reader ---- */

static int
compare_hits(const void *a, const void *b)
{
    const struct trace_hit *one = a, *other = b;

    if (one->reader != other->reader)
        return one->reader < other->reader ? -1 : 1;
    return (one->day > other->day) - (one->day < other->day);
}

/* What the hits explain of each person; the moments, in the order of days. */
static void
explain(struct judging *j, const struct trace_hit *hits, size_t count)
{
    const struct leaked *sample = j->trace->sample;

    j->moment_count = 0;
    memset(j->explained, 0, sample->count * sizeof(*j->explained));
    for (size_t h = 0; h < count; h++) {
        uint32_t person = hits[h].person;
        uint16_t explained =
            leaked_explained(&sample->persons[person], hits[h].fields, hits[h].day);

        j->is_met[person] = true;
        if (explained == 0)
            continue;
        j->explained[person] |= explained;
        j->moments[j->moment_count++] = (struct moment){person, hits[h].day};
    }
}

static void
count_cover(struct judging *j, struct trace_cover *cover, struct trace_source *source)
{
    const struct leaked *sample = j->trace->sample;

    *cover = (struct trace_cover){.uncovered = 0};
    for (size_t p = 0; p < sample->count; p++) {
        uint16_t fields = sample->persons[p].fields, explained = j->explained[p];
        unsigned missing = (unsigned)__builtin_popcount(fields & ~(unsigned)explained);

        if (explained == 0) {
            j->missing[p] = TRACE_UNCOVERED;
            cover->uncovered++;
            cover->decoys += sample->persons[p].is_decoy;
            continue;
        }
        j->missing[p] = (uint8_t)missing;
        j->is_shown[p] = true;
        cover->missing[missing]++;
        source->persons++;
        source->whole += missing == 0;
        source->decoys += sample->persons[p].is_decoy;
        for (unsigned left = explained & fields; left != 0; left &= left - 1)
            source->by_field[__builtin_ctz(left)]++;
    }
}

/* A stretch of days that moves on. */
struct stretch {
    const struct trace_reader *reader;
    struct trace_cover cover;
    uint64_t persons;
    double reach;
    size_t first, end;         /* moments in it, */
    size_t first_day, end_day; /* and days of the reader */
};

static void
take_moment(struct judging *j, struct stretch *w, uint32_t person, bool is_in)
{
    bool changes = is_in ? j->counts[person]++ == 0 : --j->counts[person] == 0;

    if (!changes)
        return;
    w->cover.missing[j->missing[person]] += is_in ? 1 : UINT64_MAX;
    w->cover.uncovered += is_in ? UINT64_MAX : 1;
    if (j->trace->sample->persons[person].is_decoy)
        w->cover.decoys += is_in ? UINT64_MAX : 1;
    w->persons += is_in ? 1 : UINT64_MAX;
}

/* So that it ends with that day, and is so long. */
static void
move_window(struct judging *j, struct stretch *w, int32_t day, int32_t length)
{
    const struct trace_day *days = w->reader->days;

    for (; w->end < j->moment_count && j->moments[w->end].day <= day; w->end++)
        take_moment(j, w, j->moments[w->end].person, true);
    for (; w->end_day < w->reader->day_count && days[w->end_day].day <= day; w->end_day++)
        w->reach += (double)days[w->end_day].persons;
    for (; w->first < w->end && j->moments[w->first].day <= day - length; w->first++)
        take_moment(j, w, j->moments[w->first].person, false);
    for (; w->first_day < w->end_day && days[w->first_day].day <= day - length; w->first_day++)
        w->reach -= (double)days[w->first_day].persons;
}

/* The likelihood of all stretches of that length together; the best one goes to the source. */
static double
look_at_length(struct judging *j, struct trace_source *source, int32_t length, double *best)
{
    const struct trace_reader *reader = &j->trace->readers[source->reader];
    struct stretch w = {
        .reader = reader,
        .cover = {.uncovered = j->trace->sample->count, .decoys = j->trace->sample->decoys}};
    double sum = -INFINITY;

    memset(j->counts, 0, j->trace->sample->count * sizeof(*j->counts));
    for (size_t m = 0; m < j->moment_count; m++) {
        int32_t day = j->moments[m].day;
        double one, reach;

        if (m + 1 < j->moment_count && j->moments[m + 1].day == day)
            continue;
        move_window(j, &w, day, length);
        reach = w.reach < (double)source->reach ? w.reach : (double)source->reach;
        one = trace_evidence(&w.cover, reach, 0, j->population) + log(OF_LENGTH / j->span);
        sum = trace_add_logs(sum, one);
        if (one <= *best)
            continue;
        *best = one;
        source->from = day - length < reader->days[0].day ? reader->days[0].day : day - length + 1;
        source->to = day;
        source->within = w.persons;
    }
    return sum;
}

static void
look_at_reader(struct judging *j, struct trace_source *source)
{
    const struct trace_reader *reader = &j->trace->readers[source->reader];
    double best, unknown = (double)reader->unknown;
    struct trace_cover cover;

    count_cover(j, &cover, source);
    source->reach = persons_count(reader->reach);
    if (unknown > j->population)
        unknown = j->population;
    best = trace_evidence(&cover, (double)source->reach, unknown, j->population) + log(OF_ALL);
    source->evidence = best;
    source->within = source->persons;
    source->from = reader->days[0].day;
    source->to = reader->days[reader->day_count - 1].day;
    for (size_t l = 0; l < LENGTHS; l++)
        source->evidence =
            trace_add_logs(source->evidence, look_at_length(j, source, lengths[l], &best));
}

/* ---- all readers ---- */

static int
measure(struct judging *j)
{
    const struct trace *t = j->trace;
    struct persons *all = NULL;
    int32_t first = INT32_MAX, last = INT32_MIN;
    uint64_t population;
    int result = 0;

    for (size_t r = 0; result == 0 && r < t->reader_count; r++) {
        const struct trace_reader *reader = &t->readers[r];

        result = persons_unite(&all, reader->reach);
        if (reader->day_count == 0)
            continue;
        first = reader->days[0].day < first ? reader->days[0].day : first;
        last = reader->days[reader->day_count - 1].day > last
                   ? reader->days[reader->day_count - 1].day
                   : last;
    }
    population = persons_count(all);
    persons_free(all);
    if (t->largest_bound > population)
        population = t->largest_bound;
    if (t->sample->count > population)
        population = t->sample->count;
    if (t->known > population)
        population = t->known;
    j->answer->population = population;
    j->population = (double)population;
    j->span = last >= first ? (double)last - first + 1 : 1;
    return result;
}

static int
compare_sources(const void *a, const void *b)
{
    const struct trace_source *one = a, *other = b;

    if (one->is_joint != other->is_joint)
        return one->is_joint ? -1 : 1;
    if (one->probability != other->probability)
        return one->probability > other->probability ? -1 : 1;
    if (one->evidence != other->evidence)
        return one->evidence > other->evidence ? -1 : 1;
    return (one->reader > other->reader) - (one->reader < other->reader);
}

static int
look_at_all(struct judging *j)
{
    struct trace *t = j->trace;
    struct trace_answer *a = j->answer;

    a->sources = memory_new(t->reader_count + 1, sizeof(*a->sources));
    if (a->sources == NULL)
        return PASU_E_NOMEM;
    if (t->hit_count > 0)
        qsort(t->hits, t->hit_count, sizeof(*t->hits), compare_hits);
    a->readers = t->reader_count;
    a->without = t->reader_count;
    for (size_t h = 0, end = 0; h < t->hit_count; h = end) {
        struct trace_source *source = &a->sources[a->count];

        while (end < t->hit_count && t->hits[end].reader == t->hits[h].reader)
            end++;
        *source = (struct trace_source){.reader = t->hits[h].reader};
        explain(j, t->hits + h, end - h);
        a->without--;
        if (j->moment_count == 0) {
            a->all_mistimed++;
            continue;
        }
        look_at_reader(j, source);
        a->count++;
    }
    return 0;
}

/* From evidence to probabilities. */
static void
weigh(struct judging *j)
{
    struct trace_answer *a = j->answer;
    double outside = log(j->outside), sum = outside;
    double prior = log(1 - j->outside) - log(a->readers > 0 ? (double)a->readers : 1);

    for (size_t s = 0; s < a->count; s++) {
        a->sources[s].evidence +=
            trace_decoys(j->trace->sample, &a->sources[s],
                         j->trace->readers[a->sources[s].reader].reach, j->population);
        sum = trace_add_logs(sum, a->sources[s].evidence + prior);
    }
    for (size_t s = 0; s < a->count; s++)
        a->sources[s].probability = exp(a->sources[s].evidence + prior - sum);
    a->outside = exp(outside - sum);
    if (a->count > 0)
        qsort(a->sources, a->count, sizeof(*a->sources), compare_sources);
}

/* Of the hits, which are in order, those of the source's reader. */
static const struct trace_hit *
hits_of(const struct trace *t, uint32_t reader, size_t *count)
{
    size_t low = 0, high = t->hit_count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (t->hits[middle].reader < reader)
            low = middle + 1;
        else
            high = middle;
    }
    for (high = low; high < t->hit_count && t->hits[high].reader == reader; high++)
        ;
    *count = high - low;
    return t->hits + low;
}

/* ---- how many of somebody's persons are everybody's ---- */

/* How often the sample's persons were shown to others than the source, beside what is usual: 1
 * where they are like all. */
static double
popularity(struct judging *j, uint32_t reader)
{
    const struct trace *t = j->trace;
    double usual = 0, found = 0;

    for (size_t r = 0; r < t->reader_count; r++)
        usual += (double)persons_count(t->readers[r].reach) / j->population;
    for (size_t h = 0, end = 0; h < t->hit_count; h = end) {
        memset(j->counts, 0, t->sample->count * sizeof(*j->counts));
        for (; end < t->hit_count && t->hits[end].reader == t->hits[h].reader; end++)
            if (t->hits[end].reader != reader && j->counts[t->hits[end].person]++ == 0)
                found++;
    }
    return usual > 0 ? found / (double)t->sample->count / usual : 1;
}

static void
weigh_chance(struct judging *j)
{
    struct trace_answer *a = j->answer;
    double popular = a->count > 0 ? popularity(j, a->sources[0].reader) : 1;

    if (popular < 1)
        popular = 1;
    for (size_t s = 0; s < a->count; s++) {
        struct trace_source *source = &a->sources[s];
        double p = (double)source->reach / j->population * popular;

        source->coincidence = exp(trace_log_tail(j->trace->sample->count, source->persons, p));
    }
}

/* ---- several, and how sure ---- */

/* Persons by what is missing, of one source that is looked at closer, in its days. */
static int
look_closer(struct judging *j, struct trace_joining *to)
{
    const struct trace *t = j->trace;
    size_t count;
    const struct trace_hit *hits = hits_of(t, to->source->reader, &count);
    struct trace_source scratch = {0};
    const struct trace_reader *reader = &t->readers[to->source->reader];
    struct trace_cover cover;

    explain(j, hits, count);
    count_cover(j, &cover, &scratch);
    to->missing = memory_new(t->sample->count, 1);
    if (to->missing == NULL)
        return PASU_E_NOMEM;
    memset(to->missing, TRACE_UNCOVERED, t->sample->count);
    to->reach = 0;
    for (size_t m = 0; m < j->moment_count; m++)
        if (j->moments[m].day >= to->source->from && j->moments[m].day <= to->source->to)
            to->missing[j->moments[m].person] = j->missing[j->moments[m].person];
    for (size_t d = 0; d < reader->day_count; d++)
        if (reader->days[d].day >= to->source->from && reader->days[d].day <= to->source->to)
            to->reach += (double)reader->days[d].persons;
    if (to->reach > (double)to->source->reach)
        to->reach = (double)to->source->reach;
    return 0;
}

static int
join(struct judging *j)
{
    struct trace_answer *a = j->answer;
    size_t most = JOINT_WORK / (j->trace->sample->count + 1), count;
    struct trace_joining *all = memory_new(TRACE_LOOKED_AT + 1, sizeof(*all));
    struct trace_hurdles hurdles = {
        .more = log((double)a->readers + 1) + log(LENGTHS * j->span + 1) + 3,
        .all = log(j->outside) - log((1 - j->outside) / (double)(a->readers + 1)),
    };
    int result = all == NULL ? PASU_E_NOMEM : 0;

    most = most < JOINT_LEAST ? JOINT_LEAST : most > TRACE_LOOKED_AT ? TRACE_LOOKED_AT : most;
    count = a->count < most ? a->count : most;
    for (size_t s = 0; result == 0 && s < count; s++) {
        all[s].source = &a->sources[s];
        result = look_closer(j, &all[s]);
    }
    if (result == 0 && count > 0)
        result = trace_join(
            all, count, (struct trace_joined_sample){j->trace->sample, j->population}, hurdles, a);
    for (size_t s = 0; all != NULL && s < count; s++)
        memory_free(all[s].missing);
    memory_free(all);
    if (result == 0 && a->count > 0)
        qsort(a->sources, a->count, sizeof(*a->sources), compare_sources);
    return result;
}

/* The most that can be said for a rival of the first source: as if it had been shown no more
 * persons. */
static double
rival_evidence(const struct judging *j, const struct trace_source *rival, double reach)
{
    const struct trace_reader *reader = &j->trace->readers[rival->reader];
    struct trace_cover cover = {.missing = {rival->persons},
                                .uncovered = j->trace->sample->count - rival->persons,
                                .decoys = j->trace->sample->decoys - rival->decoys};
    double unknown = (double)reader->unknown;

    if (unknown > j->population)
        unknown = j->population;
    return trace_evidence(&cover, reach < (double)rival->reach ? reach : (double)rival->reach,
                          unknown, j->population);
}

static bool
is_without_rival(const struct judging *j)
{
    const struct trace_answer *a = j->answer;
    const struct trace_source *first = &a->sources[0];
    double reach = (double)first->reach, margin = log((double)a->readers * 1000);
    struct trace_cover cover = {.missing = {first->persons},
                                .uncovered = j->trace->sample->count - first->persons,
                                .decoys = j->trace->sample->decoys - first->decoys};
    double ours = trace_evidence(&cover, reach, 0, j->population);

    for (size_t s = 1; s < a->count; s++)
        if (ours - rival_evidence(j, &a->sources[s], reach) < margin)
            return false;
    for (size_t r = 0; r < j->trace->reader_count; r++) {
        const struct trace_reader *reader = &j->trace->readers[r];

        /* Whoever has none of them by name can have had them all without. */
        if (r != first->reader && reader->unknown >= j->trace->sample->count)
            return false;
    }
    return true;
}

/* Whether made-up persons of the sample tell whose it is: all were shown to the first source, and
 * none to anybody else, at any time, nor can have been by what could not be named. */
static bool
is_sole(const struct judging *j)
{
    const struct trace *t = j->trace;
    const struct trace_answer *a = j->answer;

    if (a->count == 0 || t->sample->decoys == 0 || a->sources[0].decoys != t->sample->decoys)
        return false;
    for (size_t h = 0; h < t->hit_count; h++)
        if (t->hits[h].reader != a->sources[0].reader &&
            t->sample->persons[t->hits[h].person].is_decoy)
            return false;
    for (size_t r = 0; r < t->reader_count; r++)
        if (r != a->sources[0].reader && t->readers[r].unknown > 0)
            return false;
    return true;
}

static enum trace_grade
grade(const struct judging *j, bool has_gaps)
{
    const struct trace_answer *a = j->answer;
    const struct trace_source *first = &a->sources[0];
    double chance;
    bool are_likely = a->joint > 0;

    if (a->count == 0)
        return GRADE_NONE;
    chance = first->coincidence * (double)a->readers;
    if (a->joint == 1 && a->has_sole && a->decoys >= STRONG_DECOYS && first->probability >= 0.99 &&
        !has_gaps && first->whole == first->persons)
        return GRADE_STRONG;
    for (size_t s = 0; s < a->joint; s++)
        are_likely &= a->sources[s].probability >= 0.9;
    if (a->joint == 1 && first->persons >= STRONG_PERSONS && first->probability >= 0.99 &&
        chance <= 1e-6 && !has_gaps && first->whole == first->persons && is_without_rival(j))
        return GRADE_STRONG;
    if (are_likely && chance <= 0.01 && first->persons >= LIKELY_PERSONS)
        return GRADE_LIKELY;
    return first->probability >= 0.1 ? GRADE_POSSIBLE : GRADE_WEAK;
}

static void
count_shown(struct judging *j)
{
    for (size_t p = 0; p < j->trace->sample->count; p++) {
        j->answer->shown += j->is_shown[p];
        j->answer->unshown += !j->is_met[p];
    }
}

/* Persons who were shown to a source at other times only. */
static void
count_mistimed(struct judging *j)
{
    struct trace_answer *a = j->answer;
    size_t most = a->count < TRACE_LOOKED_AT ? a->count : TRACE_LOOKED_AT;

    for (size_t s = 0; s < most; s++) {
        size_t count;
        const struct trace_hit *hits = hits_of(j->trace, a->sources[s].reader, &count);

        explain(j, hits, count);
        memset(j->counts, 0, j->trace->sample->count * sizeof(*j->counts));
        for (size_t h = 0; h < count; h++)
            a->sources[s].mistimed +=
                j->explained[hits[h].person] == 0 && j->counts[hits[h].person]++ == 0;
    }
}

/* Nothing is more certain than what it was reckoned with. */
static void
bound_probabilities(struct trace_answer *a)
{
    for (size_t s = 0; s < a->count; s++)
        if (a->sources[s].probability > MOST_CERTAIN)
            a->sources[s].probability = MOST_CERTAIN;
    if (a->outside > MOST_CERTAIN)
        a->outside = MOST_CERTAIN;
}

int
trace_judge(struct trace *t, bool has_gaps, struct trace_answer *a)
{
    size_t persons = t->sample->count + 1;
    struct judging j = {.trace = t, .answer = a, .outside = has_gaps ? OUTSIDE_GAPS : OUTSIDE};
    int result;

    *a = (struct trace_answer){.count = 0};
    j.counts = memory_new(persons, sizeof(*j.counts));
    j.explained = memory_new(persons, sizeof(*j.explained));
    j.missing = memory_new(persons, sizeof(*j.missing));
    j.is_shown = memory_new(persons, sizeof(*j.is_shown));
    j.is_met = memory_new(persons, sizeof(*j.is_met));
    j.moments = memory_new(t->hit_count + 1, sizeof(*j.moments));
    result = j.counts == NULL || j.explained == NULL || j.missing == NULL || j.is_shown == NULL ||
                     j.is_met == NULL || j.moments == NULL
                 ? PASU_E_NOMEM
                 : measure(&j);
    if (result == 0)
        result = look_at_all(&j);
    if (result == 0) {
        count_shown(&j);
        weigh(&j);
        weigh_chance(&j);
        result = join(&j);
    }
    if (result == 0) {
        count_mistimed(&j);
        a->decoys = t->sample->decoys;
        a->has_sole = is_sole(&j);
        bound_probabilities(a);
        a->grade = grade(&j, has_gaps);
    }
    memory_free(j.counts);
    memory_free(j.explained);
    memory_free(j.missing);
    memory_free(j.is_shown);
    memory_free(j.is_met);
    memory_free(j.moments);
    return result;
}

void
trace_answer_release(struct trace_answer *a)
{
    memory_free(a->sources);
    *a = (struct trace_answer){.count = 0};
}

const char *
trace_grade_name(enum trace_grade grade)
{
    static const char *const names[] = {"none", "weak", "possible", "likely", "strong"};

    return names[grade];
}
