/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A principal who has asked for more than one person: whom it was shown, what it does today, and
 * once it is tested, what is usual for it and how much speaks against it.
 */
#ifndef PASU_DETECT_PRINCIPAL_H
#define PASU_DETECT_PRINCIPAL_H

#include "detect/accounts.h"
#include "detect/detect.h"
#include "detect/life.h"
#include "detect/pace.h"
#include "detect/sample.h"
#include "detect/share.h"
#include "detect/walk.h"

enum {
    PRINCIPAL_TESTED = 8,     /* persons asked for, from which on it is tested */
    DETECTOR_WAYS = 2 * WAYS, /* a detector has two measures, or one that counts twice */
    PLACES_KNOWN = 8, /* countries, networks and programs of a principal that are remembered */
};

/* What can be new in where a principal comes from. */
enum fresh {
    FRESH_COUNTRY = 1,
    FRESH_ASN = 2,
    FRESH_AGENT = 4,
    FRESH_TRAVEL = 8, /* another country within TRAVEL_TIME */
    FRESH_KINDS = 4,
};

/* What is judged as a share, and as a pace. */
enum shared {
    SHARE_MISSES,
    SHARE_ORPHANS,
    SHARE_CONTEXT,
    SHARE_SESSION, /* of an account's reads, those in a session, */
    SHARE_BARE,    /* and those outside of any */
    SHARE_BESIDE,
    SHARE_NEAR,
    SHARE_FRESH,
    SHARE_HOURS,
    SHARE_GAPS,
    SHARE_DRIFTS,
    SHARE_ORDERS,
    SHARES
};
enum paced { PACE_ACCOUNTS, PACE_PERSONS, PACE_MINUTE, PACES };

/*
 * A share as it was at the full hour when it was highest. What a day is judged by is also what is
 * learned of it: a job that runs before all else is 100 % of the day then, every day.
 */
struct snapshot {
    double x, n;
};

/* What is made of the day of one that is tested. */
struct judged {
    struct snapshot worst[SHARES];
    double drift;                 /* the z that was furthest from 0 */
    double log_e[DETECTOR_COUNT]; /* so far, mean of all ways; NAN where it could not be tested */
    float ways[DETECTOR_COUNT][DETECTOR_WAYS];
    double number[DETECTOR_COUNT][FINDING_NUMBERS];
    double statistic[DETECTOR_COUNT];
};

/* One day of a principal; there is one only while the day is open. */
struct day {
    struct sample asked;
    struct accounts accounts;
    struct judged *judged; /* NULL: it is not tested */
    int64_t first;
    uint64_t others;                     /* requests for no person, when it was judged last */
    uint32_t requests, attempts, misses; /* for a person */
    uint32_t nameless; /* of the attempts, those of no account, as far as they are known */
    uint32_t minute, minute_reads, minute_most; /* persons shown in the minute; the most in one */
    uint64_t fields, bound;
    uint32_t bare;         /* of the attempts, those in no session */
    uint32_t hours;        /* bit h: persons were shown in that hour */
    uint32_t fresh_places; /* bits of enum fresh */
};

/* Where from, and with what: folded to a number. */
struct known_place {
    uint32_t place;
    uint32_t last; /* day */
};

/* What is usual for a principal, and the evidence. */
struct history {
    struct share shares[SHARES];
    struct pace paces[PACES];
    /* Days that may belong to what is growing, and how much speaks for that (evidence_learn). */
    struct pace held[PACES];
    float doubt;
    struct walk *walk; /* NULL: never so many persons in a day, or no memory for it */
    struct known_place places[PLACES_KNOWN];
    uint32_t known_hours; /* bit h: persons were shown in that hour of a day that is closed */
    uint16_t country;     /* of the last read, and when it was */
    int64_t country_time;
    /* Of days that taught: what spoke for an order, and how many. */
    float order_sum, order_days;
    uint16_t days; /* closed, on which persons were asked for */
    uint16_t last_day;
    bool published, alarmed; /* alarmed: today */
    int64_t since;           /* first read of what is suspicious now; 0: nothing */
    uint64_t reads_before, misses_before, bound_before, fields_since;
    /* Shiryaev and Roberts' sums, up to the last closed day. */
    float log_s[DETECTOR_COUNT][DETECTOR_WAYS];
    double log_now[DETECTOR_COUNT]; /* log of the e-value, today with it */
    uint32_t rests; /* bit i: log_now[i] is that of log_s[i] as it is, without a day */
    double log_fused;
    double number[DETECTOR_COUNT][FINDING_NUMBERS]; /* of the day with the highest evidence */
    double statistic[DETECTOR_COUNT];
    double log_best[DETECTOR_COUNT];               /* evidence of that day */
    struct finding_place evidence[FINDING_PLACES]; /* of the day with the highest of all */
    uint8_t evidence_count;
    double log_evidence; /* that day's */
};

struct principal {
    uint64_t who;        /* as observed */
    uint64_t key;        /* of its slot */
    uint64_t asn, agent; /* hashes of where it was seen first */
    struct life life;
    struct day *today;
    struct history *history; /* NULL: not tested yet */
    int64_t first, last;
    uint64_t reads, misses, fields;
    uint64_t bound; /* persons whom nobody names, at most */
    uint64_t requests;
    uint8_t axis;
    bool touched;    /* since it was last judged */
    bool unfollowed; /* there was no memory for its walk */
};

/* It is looked at soon: what is looked at of most comes near. */
PASU_ALWAYS_INLINE static inline void
principal_prefetch(const struct principal *p)
{
    for (size_t at = 0; at < sizeof(*p); at += 64)
        __builtin_prefetch((const uint8_t *)p + at, 1);
}

PASU_ALWAYS_INLINE static inline void
day_prefetch(const struct day *day)
{
    for (size_t at = 0; at < sizeof(*day); at += 64)
        __builtin_prefetch((const uint8_t *)day + at, 1);
}

/* What a read changes of it. */
PASU_ALWAYS_INLINE static inline void
history_prefetch(const struct history *h)
{
    __builtin_prefetch(&h->walk, 1);
    __builtin_prefetch(&h->fields_since, 1);
}

PASU_MUST_USE struct principal *principal_new(uint64_t who, uint8_t axis, size_t *held);
void principal_free(struct principal *p, size_t *held);
/* The day record, made where there is none. NULL: no memory. */
PASU_MUST_USE struct day *principal_today(struct principal *p, int64_t time, size_t *held);
void principal_end_day(struct principal *p, size_t *held);
/* Starts to be tested. 0 or PASU_E_NOMEM. */
PASU_MUST_USE int principal_test(struct principal *p, size_t *held);

#endif
