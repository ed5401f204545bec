/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What administrators do, as records tell it: flags of exposures, and, where nothing else has
 * decided about the statement, a verdict of alert by "administrators: role". From that record the
 * keeper raises the alert (ledger/record_raised.c). Pure.
 */
#ifndef PASU_EXPOSURE_ADMINISTRATION_H
#define PASU_EXPOSURE_ADMINISTRATION_H

#include "exposure/exposure.h"

/* The rule of an alert of rights that have come by no statement through pasu. */
#define ADMINISTRATION_AROUND "administrators: around pasu"

/* The flags, as FLAG_BITs. */
uint64_t administration_flags(void);
/* What a record of these flags names as what decided; "" where none of them is such a one. */
void administration_rule(char rule[EXPOSURE_TEXT_MAX], uint64_t flags);
/* Whether administration_rule has written it. */
bool administration_is_rule(const char *rule);
/* Of the severest of the flags: 1 to 5, and what it is; 0 and NULL where there is none. */
uint8_t administration_severity(uint64_t flags);
const char *administration_text(uint64_t flags);

#endif
