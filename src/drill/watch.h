/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the detectors notice a breach: all of a story, everybody's past and present, as the
 * observations that the gateway's stream is, given to src/detect; and the first finding in which
 * one of the culprits is named, at the moment at which it was published.
 */
#ifndef PASU_DRILL_WATCH_H
#define PASU_DRILL_WATCH_H

#include "drill/judge.h"

/* *others: how many findings, until then, are about nobody in the breach. PASU_E_NOMEM. */
PASU_MUST_USE int watch_story(struct notice *notice, uint64_t *others, const struct bench *bench,
                              const struct story *story);

#endif
