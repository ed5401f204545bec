/* SPDX-License-Identifier: Apache-2.0 */
/* What `pasu scan` prints of its report. */
#ifndef PASU_CLI_SCAN_VIEW_H
#define PASU_CLI_SCAN_VIEW_H

#include "scan/scan.h"

/* The one document, on standard output. */
void scan_print_json(const struct scan_report *report, const struct route_map *map);
/* A finding as it arises, on standard output: a line, as in the document's findings. */
void scan_print_found_json(const struct scan_report *report, const struct route_map *map,
                           const struct exact_finding *found);
void scan_print_found(FILE *file, const struct scan_report *report, const struct route_map *map,
                      const struct exact_finding *found);
/* Pages for people. */
void scan_print_text(FILE *file, const struct scan_report *report, const struct route_map *map,
                     int64_t elapsed);
/* More than one line in a hundred could not be read. */
bool scan_is_loud(const struct scan_report *report);
/* What follows their number where statements are unmatched; a constant text without a full stop. */
const char *scan_unmatched_text(const struct scan_report *report);
/* Why a log was not read; a constant text. */
const char *scan_error_text(int error);

#endif
