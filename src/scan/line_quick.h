/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line like the one before. Most have its second and no backslash, and behind each value, where
 * what stands there first is found, all of it is there. Where the values end is found for many
 * lines at once (line_format_end); what is anything else is read step by step, and says the same.
 */
#ifndef PASU_SCAN_LINE_QUICK_H
#define PASU_SCAN_LINE_QUICK_H

#include "scan/line_format.h"

/* False: it is another line, of which nothing is known; the event is in no state then. */
PASU_MUST_USE bool line_quick_read(const struct line_format *format, struct view line,
                                   struct event *event, struct line_memory *memory);

#endif
