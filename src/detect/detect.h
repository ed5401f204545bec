/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The detectors: they read a stream of observations and say which principals read persons as nobody
 * else does, or as they themselves never did, and why.
 *
 * What each detector measures for a principal and a day becomes an e-value: a number that is 1 on
 * average, or less, as long as nothing is wrong, so that it is x or more with a probability of at
 * most 1/x. It stays one when e-values are averaged, however they depend on each other, and when it
 * is looked at again and again. Those of one detector over the days are put together as Shiryaev
 * and Roberts do (S ← (S+1)·e, over the days so far); those of the detectors that can be tested are
 * averaged; and of all principals those are published that the e-BH procedure (Wang and Ramdas
 * 2022) chooses: of what is published, at most the share q is false on average.
 *
 * Observations come in the order of time. One that comes late is taken into the day that is open.
 * In a day the order does not matter but to "successor" (see detector.def). How the stream is cut
 * into calls changes nothing. What is learned about a principal or its peers is learned when a day
 * is closed, and never from a day that was alarming.
 *
 * Memory is bounded (options.memory): when it is used up, principals that showed at most one
 * subject and have not been seen for longest are forgotten first, and detect_report says how many.
 *
 * One thread at a time. Nothing personal is held: hashes, counts, whole-number keys of a day's
 * sample.
 */
#ifndef PASU_DETECT_DETECT_H
#define PASU_DETECT_DETECT_H

#include "detect/observation.h"

struct detect;

struct detect_options {
    uint8_t secret[16]; /* for the library's own hashes; random, or fixed to get the same bytes */
    size_t memory;      /* bytes that may be held, at least DETECT_MEMORY_MIN */
    double q;           /* share of false findings among those published: 0 < q < 1; 0: 0.1 */
    unsigned threads;   /* for later: one does all today */
    uint32_t off;       /* a bit for each detector that does not judge */
    uint32_t axes;      /* a bit for each axis whose principals are judged; 0: all that are known */
    unsigned settle;    /* days without anything suspicious, or without a read, after which who was
                           published is one of all again; 0: never */
    double false_a_year; /* beside q: no more false findings are published in a year on average, as
                            far as the e-values are ones; 0: there is no such bound */
};

#define DETECT_MEMORY_MIN ((size_t)16 << 20)

enum detector {
#define X(name, text, needs) DETECTOR_##name,
#include "detect/detector.def"
#undef X
    DETECTOR_COUNT,
};

enum {
    FINDING_NUMBERS = 6,
    FINDING_PLACES = 5,
    FINDING_PRINCIPALS = 16, /* of a finding, how many are named */
    DETECT_TEXT = 512,       /* bytes that every text of this header fits in */
};

/* Where a line is, to be checked by hand. */
struct finding_place {
    uint64_t offset;
    uint32_t file;
};

struct finding_principal {
    uint64_t who; /* as in observation.who */
    uint8_t axis;
};

/*
 * What is published of one detector about one principal, or about principals who did it together.
 * Nothing is judged by persons whom nobody names; they are in at_most.
 * Persons are an interval that is proven, and an estimate in it: beyond 4,096 persons of a
 * principal (256 where memory is short) they are counted by a sketch (±3.3 %), and the exact number
 * is whoever re-reads the log's to say.
 */
struct finding {
    uint8_t detector;   /* enum detector */
    uint8_t principals; /* of `principal` */
    uint8_t numbers, places;
    uint32_t together; /* all principals of it, named or not */
    struct finding_principal principal[FINDING_PRINCIPALS];
    uint64_t at_least, at_most, about; /* persons, since `first`; misses are none */
    uint64_t bound;                    /* of at_most, those whom nobody names (OBSERVED_BOUND) */
    uint64_t reads, misses;            /* since `first` */
    uint64_t fields;                   /* shown since `first` */
    int64_t first, last;               /* of the reads that are meant, nanoseconds */
    int64_t found;                     /* time of the stream at which it was published */
    double statistic;                  /* the detector's own, named in detector.def */
    double log10_e;                    /* of this detector */
    double log10_fused;                /* of the principal, all detectors averaged */
    double
        number[FINDING_NUMBERS]; /* what went in, and the peers'; finding_why puts them in words */
    struct finding_place place[FINDING_PLACES];
};

/* Why a detector, or one on some axes, could not be tested. */
struct untestable {
    uint8_t detector;
    const char *reason; /* constant */
};

struct detect_report {
    const struct finding *findings; /* by log10_fused, highest first */
    size_t finding_count;
    struct untestable untestable[DETECTOR_COUNT];
    size_t untestable_count;
    uint64_t observations, late; /* taken, and of them those that came after their day was closed */
    uint64_t principals;         /* known now */
    uint64_t tested;             /* of them with two persons or more */
    /* For want of memory: principals who were forgotten, whose persons are counted by a sketch
     * though there are few, whose walk was not followed; and the days that a login is good for, 30
     * at most. */
    uint64_t forgotten, sketched, unfollowed;
    unsigned login_days;
    size_t memory;    /* bytes held */
    double threshold; /* log10 of the fused e-value at which one more would be published */
};

PASU_MUST_USE int detect_open(struct detect **slot, const struct detect_options *options);
/* NULL is allowed. */
void detect_close(struct detect *d);

/* PASU_E_NOMEM: some of the observations were not taken, and d can only be closed. */
PASU_MUST_USE int detect_add(struct detect *d, const struct observation *observations,
                             size_t count);

/* What is published up to the last observation, and stays so. The report's arrays are d's, valid
 * until its next call. Asking does not change what is found later, but may find it sooner: a stream
 * is judged at each full hour, and when it is asked. */
PASU_MUST_USE int detect_findings(struct detect *d, struct detect_report *report);

/* "misses", "successor"; and in words what it looks for. */
const char *detector_name(enum detector detector);
const char *detector_text(enum detector detector);
/* "account", "address", …, as in the map's `principal`. */
const char *axis_name(enum axis axis);
/* In plain words, one or two sentences, what was measured, what is usual and since when; without
 * the principals' names, which d does not know. Returns the length, less than DETECT_TEXT. */
size_t finding_why(const struct finding *finding, char text[DETECT_TEXT]);
/* In plain words what is approximate for want of memory, and which detectors that is about; empty
 * where nothing is. Returns the length, less than DETECT_TEXT. */
size_t detect_approximate(const struct detect_report *report, char text[DETECT_TEXT]);

#endif
