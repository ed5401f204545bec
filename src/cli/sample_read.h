/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A leaked sample as somebody has it: CSV with a line of names, JSON (an array of objects, or one
 * object a line; what is nested counts by its innermost names), or said in words:
 *
 *      010-1234-5678: name, address and 5 orders, the last of 2026-05-03
 *
 * who it is, a colon, and which fields the stranger knows; several persons are apart by semicolons.
 * Hostile: what is wrong is told with its line.
 */
#ifndef PASU_CLI_SAMPLE_READ_H
#define PASU_CLI_SAMPLE_READ_H

#include "cli/sample_build.h"

enum { SAMPLE_SIZE_MAX = 256 << 20 };

/* All of a file, or of standard input ("-"). 0, or the exit status, after a complaint. */
PASU_MUST_USE int sample_read_file(struct sample_build *build, const char *path);
PASU_MUST_USE int sample_read_said(struct sample_build *build, const char *text);

#endif
