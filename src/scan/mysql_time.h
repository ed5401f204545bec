/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times as MySQL's and MariaDB's logs write them. Most say no zone: then it is the server's own,
 * which the map names (`time_zone`).
 */
#ifndef PASU_SCAN_MYSQL_TIME_H
#define PASU_SCAN_MYSQL_TIME_H

#include "base/bytes.h"

/*
 * "261127 14:13:14" (general log of MariaDB, and of MySQL up to 5.6; the hour may have a space
 * before it); "20261127 14:13:14" (server_audit); "2026-11-27 14:13:14", also with T, a fraction,
 * and "Z", " UTC" or "+09:00" behind it. `east`: seconds east of UTC where none is said.
 * Nanoseconds since 1970.
 */
PASU_MUST_USE bool mysql_time(struct view text, int32_t east, int64_t *time);
/* "+09:00", "-0330", "+09", "Z", "UTC". */
PASU_MUST_USE bool mysql_zone(struct view text, int32_t *east);

#endif
