/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many persons a principal has been shown in all, against its peers: the COVERAGE_PEERS who are
 * most like it in how long they have been there, on how many of their days they read, in how many
 * hours of the day, and how much else they ask for. Not in how much they read. Where there are so
 * many from the same network with the same program, as long there as it, they are its peers.
 *
 * The peers' numbers, without the two lowest and the two highest, are taken for negative binomial;
 * the e-value is the likelihood ratio against up to sixteen times their mean (pace.h). As it is not
 * certain that they are its peers, one in fifty is compared with all of the axis; of those who come
 * from where their peers do, one in a million. All of an axis that many share are of several kinds:
 * half of that is with how large their numbers are, none of them left out (scales.h). It
 * is one e-value of the whole life, made anew once a week: it does not grow with time where
 * somebody just has more to do than others.
 *
 * So what is alone of its kind, one carrier's network among thousands of homes', is no finding for
 * its size: of n others none tells what the next one is with more than one in n.
 */
#ifndef PASU_DETECT_COVERAGE_H
#define PASU_DETECT_COVERAGE_H

#include "detect/part.h"

enum { COVERAGE_PEERS = 20, COVERAGE_MIN = 32 /* persons */ };

/* Judges all of them that are worth it; list is of one axis, `today` is closed. Not who is one
 * account alone, where `accounts` are judged, too. 0 or PASU_E_NOMEM. */
PASU_MUST_USE int coverage_judge(struct principal **list, size_t count, uint16_t today,
                                 bool accounts);
/* The numbers of many, of which `trim` at each end are left out, as a pace (sorts them). */
struct pace_usual coverage_usual(double *persons, size_t count, size_t trim);

#endif
