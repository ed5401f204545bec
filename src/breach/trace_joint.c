/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "breach/trace_part.h"

#include <math.h>

struct joining {
    const struct trace_joining *all;
    size_t count, persons;
    const struct leaked *sample;
    double population;
    double *weights; /* of each person: what the members say together */
};

/* How much likelier than by chance such a person is, from all that a source was shown. */
static double
weight_of(const struct joining *j, size_t source, size_t person)
{
    uint8_t missing = j->all[source].missing[person];
    double reach = j->all[source].reach >= 1 ? j->all[source].reach : 1;
    double weight = j->population / reach;

    if (missing == TRACE_UNCOVERED)
        return 0;
    for (; missing > 0; missing--)
        weight *= TRACE_FIELD_ELSEWHERE;
    return weight;
}

static double
elsewhere_of(const struct leaked *sample, size_t person)
{
    return sample->persons[person].is_decoy ? TRACE_DECOY_ELSEWHERE : 1;
}

/* Of members, and one more (count: none) in the place of nobody or of one of them. */
static double
evidence_of(const struct joining *j, const size_t *members, size_t member_count)
{
    double sum = -INFINITY;

    if (member_count == 0)
        return 0;
    memset(j->weights, 0, j->persons * sizeof(*j->weights));
    for (size_t m = 0; m < member_count; m++)
        for (size_t p = 0; p < j->persons; p++)
            j->weights[p] += weight_of(j, members[m], p) / (double)member_count;
    for (size_t s = 0; s < TRACE_SHARES; s++) {
        double one = 0;

        for (size_t p = 0; p < j->persons; p++)
            one += log((1 - trace_shares[s]) * j->weights[p] +
                       trace_shares[s] * elsewhere_of(j->sample, p));
        sum = trace_add_logs(sum, one);
    }
    return sum - log(TRACE_SHARES);
}

static bool
is_among(const size_t *members, size_t count, size_t one)
{
    for (size_t m = 0; m < count; m++)
        if (members[m] == one)
            return true;
    return false;
}

/* The one that makes the most of them together, put behind them. */
static double
best_more(const struct joining *j, size_t *members, size_t count)
{
    double best = -INFINITY;
    size_t found = 0;

    for (size_t s = 0; s < j->count; s++) {
        double one;

        if (is_among(members, count, s))
            continue;
        members[count] = s;
        one = evidence_of(j, members, count + 1);
        if (one > best) {
            best = one;
            found = s;
        }
    }
    members[count] = found;
    return best;
}

/* The members without the one at that place. */
static void
leave_out(size_t *rest, const size_t *members, size_t count, size_t out)
{
    size_t kept = 0;

    for (size_t m = 0; m < count; m++)
        if (m != out)
            rest[kept++] = members[m];
}

/* Takes out whoever is not needed beside those that came later. */
static void
drop(const struct joining *j, size_t *members, size_t *count, double penalty)
{
    for (size_t m = 0; m<*count && * count> 1; m++) {
        size_t rest[TRACE_JOINT_MAX];

        leave_out(rest, members, *count, m);
        if (evidence_of(j, members, *count) - evidence_of(j, rest, *count - 1) >= penalty)
            continue;
        if (--*count == 1)
            return; /* the first one is the likeliest by itself */
        memcpy(members, rest, *count * sizeof(*members));
        m = SIZE_MAX; /* from the first one on again */
    }
}

/* Of a member beside the others: against none, and against each that could be in its place. */
static double
probability_of(const struct joining *j, const size_t *members, size_t count, size_t which,
               double penalty)
{
    size_t with[TRACE_JOINT_MAX];
    double ours = evidence_of(j, members, count), sum;

    leave_out(with, members, count, which);
    sum = trace_add_logs(0, evidence_of(j, with, count - 1) + penalty - ours);
    for (size_t s = 0; s < j->count; s++) {
        if (is_among(members, count, s))
            continue;
        with[count - 1] = s;
        sum = trace_add_logs(sum, evidence_of(j, with, count) - ours);
    }
    return exp(-sum);
}

static uint64_t
explained_by(const struct joining *j, const size_t *members, size_t count)
{
    uint64_t explained = 0;

    for (size_t p = 0; p < j->persons; p++) {
        bool is = false;

        for (size_t m = 0; m < count; m++)
            is |= j->all[members[m]].missing[p] != TRACE_UNCOVERED;
        explained += is;
    }
    return explained;
}

/* The members that the sample is the likeliest with; how many. */
static size_t
gather(const struct joining *j, size_t members[TRACE_JOINT_MAX + 1], double more)
{
    size_t count = 1;

    members[0] = 0;
    while (count < TRACE_JOINT_MAX && count < j->count) {
        double before = evidence_of(j, members, count);

        if (best_more(j, members, count) - before < more)
            break;
        count++;
    }
    drop(j, members, &count, more);
    return count;
}

/* Beside single sources, which are in it already. */
static double
outside_of(double outside, double evidence, struct trace_hurdles hurdles, size_t count)
{
    double together = evidence - hurdles.more * (double)(count - 1) - hurdles.all;

    return count > 1 && outside > 0 ? 1 / (1 / outside + exp(together)) : outside;
}

int
trace_join(struct trace_joining *all, size_t count, struct trace_joined_sample of,
           struct trace_hurdles hurdles, struct trace_answer *answer)
{
    size_t persons = of.sample->count;
    struct joining j = {.all = all,
                        .count = count,
                        .persons = persons,
                        .sample = of.sample,
                        .population = of.population};
    size_t members[TRACE_JOINT_MAX + 1], joint;
    double probabilities[TRACE_JOINT_MAX];

    j.weights = memory_new(persons + 1, sizeof(*j.weights));
    if (j.weights == NULL)
        return PASU_E_NOMEM;
    joint = gather(&j, members, hurdles.more);
    answer->outside = outside_of(answer->outside, evidence_of(&j, members, joint), hurdles, joint);
    if (answer->outside > 0.5)
        joint = 0;
    for (size_t m = 0; joint > 1 && m < joint; m++)
        probabilities[m] = probability_of(&j, members, joint, m, hurdles.more);
    for (size_t m = 0; m < joint; m++) {
        all[members[m]].source->is_joint = true;
        if (joint > 1)
            all[members[m]].source->probability = probabilities[m];
    }
    answer->joint = joint;
    answer->explained = explained_by(&j, members, joint);
    memory_free(j.weights);
    return 0;
}
