/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The time zone that days and hours are meant in (`time_zone`), as the C library reads it: TZ, and
 * the files of the IANA's database below /usr/share/zoneinfo. A name that has no file there would
 * be UTC without a word, so it is a fault.
 */
#ifndef PASU_CONFIG_TIME_ZONE_H
#define PASU_CONFIG_TIME_ZONE_H

#include "config/load.h"

/* Letters, digits, _, +, - and single slashes between them. */
bool time_zone_is_name(const char *text);
/* Whether there is such a zone: the C library would read it. */
bool time_zone_is_there(const char *name);
/* The same of the configuration's: else a fault. */
void time_zone_check(const struct config *config, struct config_faults *faults);
/* From here on the process's local time is that of the configuration, where it names one. Before
 * there are threads, and while files can be opened. PASU_E_NOMEM. */
PASU_MUST_USE int time_zone_use(const struct config *config);

#endif
