/* SPDX-License-Identifier: Apache-2.0 */
/* What a principal did in a day, as the numbers that detectors judge and learn from. */
#ifndef PASU_DETECT_MEASURE_H
#define PASU_DETECT_MEASURE_H

#include "detect/principal.h"

enum { DRIFT_MIN = 50 }; /* persons, for an order to be one */
enum { STEPS_MIN = 64 }; /* and for a walk */

struct measure {
    double asked, missed;       /* persons of the sample, and of them those who do not exist */
    double persons;             /* asked for, about */
    double accounts;            /* about */
    double sampled, orphans;    /* accounts of the sample, those without a login */
    double requests, attempts;  /* of any kind; for a person */
    double steps, beside, near; /* of the walk */
    double ordered, drift;      /* of measure_order: persons whose order was looked at; z of it */
    double minute;              /* the most persons shown in a minute */
    double bare;                /* attempts in no session */
    double fresh, places;       /* what was new in where it came from, of what is known */
    double hours, new_hours;
    double gap; /* days since the last day before; 0: there was none */
};

/* All but the order. */
void measure_day(const struct principal *p, uint16_t today, struct measure *m);
/* The order, behind that: it takes longer than all else, and of most it is not asked. */
void measure_order(const struct day *day, struct measure *m);

#endif
