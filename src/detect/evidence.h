/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a principal's day says: the e-value of each detector that judges days, and what the day
 * teaches. COVERAGE and TILING, which compare principals, are judged elsewhere (coverage.h,
 * tiling.h).
 */
#ifndef PASU_DETECT_EVIDENCE_H
#define PASU_DETECT_EVIDENCE_H

#include "detect/part.h"

/*
 * On the first day of a stream nobody has a past, and no day of a peer is known. Then the most
 * reads in a minute are compared with what all others of the axis had so far, but for the two
 * highest. Not of networks, systems and programs: they are too unlike each other.
 */
struct first_day {
    struct pace_peers minute;
    double most[3]; /* highest first */
};

/* What holds for all principals on a day. */
struct climate {
    uint16_t day;
    bool accounts;  /* are judged */
    bool logins;    /* have been seen for a day */
    bool full_hour; /* what is seen now is kept for the day */
    bool day_ends;  /* nothing comes of it any more */
    bool others;    /* requests that show nobody have been seen */
    bool sessions; /* of accounts' reads some are in a session, and some are not; and accounts do as
                      they usually do, but for few */
    double
        surge[AXIS_COUNT]; /* how many times more persons than usual are read today, at least 1 */
    const struct first_day *first; /* of each axis; NULL: it is over */
    uint32_t off;                  /* a bit for each detector that does not judge */
};

/* A day is alarming where one detector alone says so with an e-value of a thousand. */
#define EVIDENCE_ALARMING 6.9
/* With an e-value of ten it may be where something began. */
#define EVIDENCE_SUSPICIOUS 2.3

/* Whether it reads in sessions today, or outside of any, unlike it usually does. p->today and
 * p->history are there. */
bool evidence_is_strange(const struct principal *p);
/* Takes p, who has a day, for one of the others. */
void evidence_first_day(struct first_day *first, const struct principal *p);
/* Fills today's log_e, number and statistic; p->today and p->history are there. */
void evidence_judge(struct principal *p, const struct peers *peers, const struct climate *c);
/* The day becomes part of what is usual: of the principal's own, and of `learned`. Not for days
 * that were alarming, nor principals who are published. */
void evidence_learn(struct principal *p, struct peers *learned, const struct climate *c);
void evidence_learn_singles(const struct singles *s, struct peers *learned,
                            const struct climate *c);

#endif
