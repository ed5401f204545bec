/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of JSON (RFC 8259), an object each. Members are named by their path with dots between
 * ("http.request.method"), whether they are nested or written so; those that log_names.h knows fill
 * slots, as texts or numbers. Of a name that comes twice the last one counts, as most readers have
 * it. Elements of arrays have no name.
 *
 * All of the line must be JSON; bytes that are no UTF-8 are let through as they are.
 */
#ifndef PASU_SCAN_JSON_LINE_H
#define PASU_SCAN_JSON_LINE_H

#include "scan/line_memory.h"

/* `scratch`, as many bytes as the line, holds what had escapes in it. False: it is no object, or no
 * event. */
PASU_MUST_USE bool json_line_read(const struct log_names *names, struct view line,
                                  struct event *event, uint8_t *scratch,
                                  struct line_memory *memory);

/* The same of what need be no event: slots only, as texts. */
PASU_MUST_USE bool json_line_take(const struct log_names *names, struct view line,
                                  struct event *event, uint8_t *scratch);

/* CloudTrail's files: one object whose member "Records" is an array of events. Begins at the front
 * of the text, or goes on behind the last one; false: there is no further one. *is_whole: the text
 * was JSON up to its end. */
PASU_MUST_USE bool json_records_begin(struct view *text);
PASU_MUST_USE bool json_records_next(struct view *text, struct view *record, bool *is_whole);

#endif
