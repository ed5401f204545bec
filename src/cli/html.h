/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page that stands alone: no script, nothing that is loaded from anywhere, readable when it is
 * printed. Texts are escaped here; those of peers are made harmless first (cli/text.h).
 */
#ifndef PASU_CLI_HTML_H
#define PASU_CLI_HTML_H

#include "base/error.h"

/* The head, up to the body's beginning; `language` as "en", "ko". */
void html_begin(FILE *file, const char *language, const char *title);
void html_end(FILE *file);
/* Any text, between tags or in a value in double quotes. */
void html_text(FILE *file, const char *text);
/* A tag with a text in it. */
void html_tag(FILE *file, const char *tag, const char *text);
/* Formats into a tag. */
void html_format(FILE *file, const char *tag, const char *format, ...) PASU_PRINTF(3, 4);
/* "2026-11-24 10:00:00 UTC" in a <time>; "" for 0 and below. */
void html_time(FILE *file, int64_t realtime);

/* The same in the time zone that is in use (config/time_zone.h): "2026-11-24 19:00:00 KST". */
void html_local_time(FILE *file, int64_t realtime);

/* Writes a page to a new file by `put`. 0, or the exit status, after a complaint; there is no file
 * then. `option` is the option that named it. */
typedef void html_put_fn(FILE *file, const void *arg);
PASU_MUST_USE int html_save(const char *path, const char *option, html_put_fn *put,
                            const void *arg);

#endif
