/* SPDX-License-Identifier: Apache-2.0 */
/* The text of one XML file of a workbook (scan/archive.h). */
#ifndef PASU_SCAN_ARCHIVE_TEXT_H
#define PASU_SCAN_ARCHIVE_TEXT_H

#include "scan/archive.h"

struct archive_text;

PASU_MUST_USE int archive_text_new(struct archive_text **text, archive_fn *fn, void *arg);
void archive_text_free(struct archive_text *text); /* NULL is allowed */
/* Errors as of archive_take. */
PASU_MUST_USE int archive_text_take(struct archive_text *text, struct view bytes, bool is_last);

#endif
