/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A year of a town's ledger, in which some hand on what they were shown. Services read all day,
 * jobs at night lists of those who did something, people of a team mostly the team's customers.
 * Then there are incidents, each with the truth: who it was, and what of it is in the sample. See
 * bench/README.md. All of it follows from the seed.
 */
#ifndef PASU_BENCH_TRACE_TOWN_H
#define PASU_BENCH_TRACE_TOWN_H

#include "breach/leaked.h"
#include "made_ledger.h"

enum {
    TOWN_DAYS = 365,
    TOWN_FIRST = 20089, /* 2025-01-01 */
    TOWN_SOURCES = 2,
};

/* How it was taken. */
enum town_way {
    WAY_HARVEST,  /* a person reads more than their job, some each day, for weeks */
    WAY_DUMP,     /* or all in one evening */
    WAY_SERVICE,  /* what a service showed in one to three days */
    WAY_ORDINARY, /* what a person was shown in their job, in all of the year */
    WAY_JOB,      /* what a nightly job wrote: the last two write the same */
    WAYS,
    WAY_OUTSIDE = WAYS, /* nobody on record did: those who are read the most, most of them */
};

struct town_incident {
    size_t persons; /* of the sample */
    enum town_way way;
    uint32_t principals[TOWN_SOURCES];
    size_t sources; /* 0: WAY_OUTSIDE */
    double noise;   /* share of the sample that is from nowhere */
    bool is_dated;  /* its addresses are */
};

struct town_plan {
    uint32_t subjects, principals, incidents;
    uint64_t accesses, seed;
    bool is_small; /* samples of 1, 5, 20 and 100 persons, not 1, 5, 100 and 10,000 */
};

struct town;

/* Writes the ledger. Ends the process where it cannot. */
struct town *town_make(const struct town_plan *plan, int segments);
void town_free(struct town *town);
uint64_t town_reads(const struct town *town);
uint64_t town_records(const struct town *town);
/* The incident with that number, and its sample, which is to be released. */
const struct town_incident *town_sample(struct town *town, size_t number, struct leaked *sample);

#endif
