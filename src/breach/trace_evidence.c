/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/trace_part.h"

#include <math.h>

const double trace_shares[TRACE_SHARES] = {0.02, 0.15, 0.5, 0.85};

double
trace_add_logs(double a, double b)
{
    double most = a > b ? a : b, least = a > b ? b : a;

    return isinf(most) ? most : most + log1p(exp(least - most));
}

double
trace_evidence(const struct trace_cover *c, double reach, double unknown, double population)
{
    double sum = -INFINITY, named = 1 + unknown / population;

    if (reach + unknown < 1)
        reach = 1;
    for (size_t s = 0; s < TRACE_SHARES; s++) {
        double elsewhere = trace_shares[s], ratio = (1 - elsewhere) / (reach + unknown);
        double weight = ratio * population * named, one;

        one = c->uncovered > 0
                  ? (double)(c->uncovered - c->decoys) * log(ratio * unknown + elsewhere)
                  : 0;
        if (c->decoys > 0)
            one += (double)c->decoys * log(ratio * unknown + elsewhere * TRACE_DECOY_ELSEWHERE);
        for (size_t m = 0; m <= LEAKED_FIELDS_MAX; m++) {
            if (c->missing[m] > 0)
                one += (double)c->missing[m] * log(weight + elsewhere);
            weight *= TRACE_FIELD_ELSEWHERE;
        }
        sum = trace_add_logs(sum, one);
    }
    return sum - log(TRACE_SHARES);
}

double
trace_decoys(const struct leaked *sample, const struct trace_source *source,
             const struct persons *reach, double population)
{
    uint64_t shown = persons_count(sample->made_up) + persons_count(reach) -
                     persons_count_union(sample->made_up, reach);
    double gain;

    if (source->decoys == 0 || shown == 0 || source->reach == 0)
        return 0;
    gain = log((double)sample->made_up_count / (double)shown) -
           log(population / (double)source->reach);
    return gain > 0 ? gain * (double)source->decoys : 0;
}

double
trace_log_tail(uint64_t n, uint64_t k, double p)
{
    double sum = -INFINITY;

    if (p >= 1 || k == 0)
        return 0;
    for (uint64_t i = k; i <= n; i++) {
        double one = lgamma((double)n + 1) - lgamma((double)i + 1) - lgamma((double)(n - i) + 1) +
                     (double)i * log(p) + (double)(n - i) * log1p(-p);
        double before = sum;

        sum = trace_add_logs(sum, one);
        if (i > k + 1 && sum - before < 1e-9)
            break;
    }
    return sum < 0 ? sum : 0;
}
