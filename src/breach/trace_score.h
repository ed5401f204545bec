/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which principals a leaked sample can have come from (breach/trace.h), how likely each one is, and
 * what speaks against it.
 *
 * A source hands on some of those whom it was shown, anybody as likely; of the sample's persons a
 * share comes from elsewhere, and of their fields some do. So a person of the sample who was shown
 * to a source that was shown A of N persons is N/A times as likely as by chance, and one who was
 * not speaks against it: who was shown few, and these, weighs more than who was shown everybody.
 * What is handed on can be of all that a source ever was shown, or of one day, a week or a month
 * of it; the share that comes from elsewhere is not known: the likelihood is the mean over both.
 * Beside the principals stands that it was nobody on record: then each person is there by chance.
 *
 * This is a likelihood ratio with equal priors, not a verdict: sources that were shown the same
 * persons cannot be told apart, and say so. GRADE_STRONG is given only where every other principal
 * is excluded by whom it was not shown, however few it was shown; or where the sample has made-up
 * persons, who are nowhere else: several, all of whom one principal was shown, and nobody else any.
 *
 * Several sources: those that together make the sample much more likely than fewer do, greedily,
 * each taken for an equal part of it.
 */
#ifndef PASU_BREACH_TRACE_SCORE_H
#define PASU_BREACH_TRACE_SCORE_H

#include "breach/trace.h"

enum { TRACE_JOINT_MAX = 5, TRACE_LOOKED_AT = 64 };

/* How sure the answer is: documented in command.def. */
enum trace_grade { GRADE_NONE, GRADE_WEAK, GRADE_POSSIBLE, GRADE_LIKELY, GRADE_STRONG };

struct trace_source {
    uint32_t reader;
    double evidence;    /* natural logarithm of how much likelier the sample is than by chance */
    double probability; /* that it is a source, 0 to 1 */
    double coincidence; /* chance that somebody unrelated who was shown as many covers as many */
    uint64_t persons;   /* whom it can have the sample's values of, */
    uint64_t whole;     /* all of its fields, */
    uint64_t by_field[LEAKED_FIELDS_MAX];
    uint64_t decoys;   /* of those persons: made-up ones */
    uint64_t mistimed; /* shown to it, but before what the sample has was so, or after */
    uint64_t reach;
    int32_t from, to; /* days that explain the sample best, */
    uint64_t within;  /* and so many of those persons in them */
    bool is_joint;
};

struct trace_answer {
    struct trace_source *sources; /* the likeliest first; of the joint ones these first */
    size_t count, joint;
    enum trace_grade grade;
    uint64_t decoys;       /* in the sample, */
    bool has_sole;         /* and all of them were shown to the first source, and none to others */
    double outside;        /* probability that it is nobody on record */
    uint64_t explained;    /* persons whom the joint ones explain, */
    uint64_t shown;        /* or anybody; */
    uint64_t unshown;      /* and whom nobody on record was shown at all */
    uint64_t population;   /* persons that there are, as far as is known: at least */
    uint64_t readers;      /* who were shown anybody of the kind, */
    uint64_t without;      /* of them: none of the sample, */
    uint64_t all_mistimed; /* or only at other times */
};

/* `has_gaps`: something of the asked time may not be on record. The trace's hits are put into
 * another order. Release it in any case. PASU_E_NOMEM. */
PASU_MUST_USE int trace_judge(struct trace *trace, bool has_gaps, struct trace_answer *answer);
void trace_answer_release(struct trace_answer *answer);
const char *trace_grade_name(enum trace_grade grade);

#endif
