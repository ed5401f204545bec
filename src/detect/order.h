/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether persons whose numbers lie close together were asked for in the order of the numbers: a
 * walk, however rare it is among all else that its account reads, and however many of the numbers
 * around it were read by chance.
 *
 * Whom somebody reads may be anybody: all that is asked is in which order. Of the numbers that were
 * asked for, those that follow each other closely (by no more than a sixth of what lies between two
 * of them on average, or by one) are a block; which they are does not depend on the order. Where
 * the order has nothing to do with the numbers, each order of a block is as likely as each other,
 * so that a stretch of l of its numbers rises with a probability of 1/l!: then l! is an e-value of
 * it, and 0 where it does not rise. It is not known how long a walk would be, where in the block it
 * begins, and whether it falls: the mean over all of these is an e-value, too. Most blocks are
 * there by chance: with a probability of p one is a walk. The order in one says nothing of that in
 * another, and the product over all of them is an e-value of all that was asked for. p is one of a
 * few, a way each, as of the other detectors.
 */
#ifndef PASU_DETECT_ORDER_H
#define PASU_DETECT_ORDER_H

#include "detect/numbers.h"

struct order_read {
    uint64_t number;
    uint32_t rank; /* the how manieth it was */
};

/* Sorts the reads; a number that comes again counts when it came first. Adds the log of the e-value
 * to each way. Returns of how many numbers the longest stretch in a block is that rose, or fell. */
uint32_t order_ways(struct order_read *reads, size_t count, double ways[WAYS]);

#endif
