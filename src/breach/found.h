/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A finding of the detectors as it is recorded (ledger/finding.h): with names in the place of
 * hashes, and in plain words.
 */
#ifndef PASU_BREACH_FOUND_H
#define PASU_BREACH_FOUND_H

#include "breach/sightings.h"
#include "detect/detect.h"
#include "ledger/finding.h"

/* For each false finding that a week may have: this share of all may be false. */
#define FOUND_SHARE 0.1

void found_message(struct message_finding *message, const struct finding *finding,
                   const struct sightings *sightings);

#endif
