/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of audit logs of MySQL and MariaDB, a record each, that say by themselves who asked:
 *
 *      server_audit  MariaDB's plugin:
 *                    20261127 14:13:14,host,USER,CLIENT,5,11,QUERY,shop,'SELECT …',0
 *      audit JSON    MySQL's component (also Percona's filter): an array, each event an object in a
 *                    line of its own; Percona's older plugin: {"audit_record":{…}}
 *
 * A statement that is longer than server_audit_query_log_limit lets be written is cut by the
 * server, and looks whole: what is as long as its default allows is taken for cut.
 *
 * A name is written as it is. Who may create accounts can put what looks like fields into one, and
 * whoever is refused a login a whole line: such a line is believed.
 */
#ifndef PASU_SCAN_AUDIT_LINE_H
#define PASU_SCAN_AUDIT_LINE_H

#include "scan/log_names.h"

enum { AUDIT_CUT = 1022 /* bytes as they stand there, of a statement; the limit is 1024 */ };

/* The names of the members. */
void audit_names_init(struct log_names *names);
/* `scratch`, as many bytes as the line; `east`: of times without a zone (mysql_time.h). False: it
 * is none of these records. */
PASU_MUST_USE bool audit_line_read(struct view line, int32_t east, struct event *event,
                                   uint8_t *scratch);
PASU_MUST_USE bool audit_json_read(const struct log_names *names, struct view line, int32_t east,
                                   struct event *event, uint8_t *scratch);
/* "[", "]" or "," alone, which stand around events: no record, and no fault. */
bool audit_json_is_frame(struct view line);

#endif
