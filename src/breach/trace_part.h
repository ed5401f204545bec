/* SPDX-License-Identifier: Apache-2.0 */
/* What trace_score.c, trace_joint.c and trace_evidence.c have in common: how likely a sample is. */
#ifndef PASU_BREACH_TRACE_PART_H
#define PASU_BREACH_TRACE_PART_H

#include "breach/trace_score.h"

enum { TRACE_SHARES = 4, TRACE_UNCOVERED = 255 };

/* Shares of the sample that can come from elsewhere. */
extern const double trace_shares[TRACE_SHARES];
/* A field of a covered person that the source was not shown is so much less likely. */
#define TRACE_FIELD_ELSEWHERE 0.05

/* A decoy that the source was not shown is so much less likely than another person: it is nowhere
 * else. */
#define TRACE_DECOY_ELSEWHERE 0.001

/* Persons of the sample by how many of their fields are missing, and those who are not covered. */
struct trace_cover {
    uint64_t missing[LEAKED_FIELDS_MAX + 1], uncovered;
    uint64_t decoys; /* of those who are not covered */
};

/* ln(e^a + e^b) */
double trace_add_logs(double a, double b);
/* How much likelier than by chance, as a natural logarithm: a source with that reach and persons
 * that could not be named, of a population. */
double trace_evidence(const struct trace_cover *cover, double reach, double unknown,
                      double population);

/* What decoys of the sample add to that. Whoever took the sample from elsewhere took any of all
 * decoys, as likely; a source that is shown few of them (its own copy's) can have taken those
 * alone. */
double trace_decoys(const struct leaked *sample, const struct trace_source *source,
                    const struct persons *reach, double population);

/* ln of the chance that of n, each with chance p, at least k are; a p of 1 and more is certain. */
double trace_log_tail(uint64_t n, uint64_t k, double p);

/* A source as the joint ones are sought among. */
struct trace_joining {
    struct trace_source *source;
    uint8_t *missing; /* of each person of the sample, within the source's days */
    double reach;     /* in them */
};
/* Of whom the joint ones are sought. */
struct trace_joined_sample {
    const struct leaked *sample;
    double population;
};
/* What one more source must gain, and what all together must exceed, so that nobody on record is
 * not likelier: natural logarithms. */
struct trace_hurdles {
    double more, all;
};
/* Finds the joint sources of those, of which the first is the likeliest: sets is_joint, the
 * probabilities where they are several, and that it is nobody on record; none are joint where that
 * is likelier. PASU_E_NOMEM. */
PASU_MUST_USE int trace_join(struct trace_joining *all, size_t count, struct trace_joined_sample of,
                             struct trace_hurdles hurdles, struct trace_answer *answer);

#endif
