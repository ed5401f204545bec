/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages for browsers, of one file, that ask nobody for anything: no script, no font, no image.
 */
#ifndef PASU_CLI_HTML_H
#define PASU_CLI_HTML_H

#include "base/attributes.h"

/* From <!doctype> to <body>. The title is plain ASCII of ours. */
void html_head(FILE *file, const char *title);
/* Any text, also a hostile one: bytes that are no UTF-8, and signs that control, become escapes. */
void html_text(FILE *file, const char *text);
/* "1,234"; "2026-11-24 01:02:03Z". */
void html_count(FILE *file, uint64_t n);
void html_time(FILE *file, int64_t realtime);
/* A heading in English and Korean, of ours. */
void html_title(FILE *file, const char *english, const char *korean);
/* Writes what `put` prints at a name that no file has yet. 0, or 2 after a complaint. */
PASU_MUST_USE int html_save(const char *path, void (*put)(FILE *file, void *arg), void *arg);

#endif
