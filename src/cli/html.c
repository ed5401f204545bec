/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/html.h"

#include "base/log.h"
#include "base/markup.h"
#include "cli/complain.h"
#include "cli/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

enum { TIME_SIZE = 40, FORMAT_SIZE = 1024, PIECE = 512 };

static const char style[] =
    ":root{color-scheme:light dark;--ink:#1b1f24;--dim:#5b6672;--line:#d5dbe1;--bad:#b3261e;"
    "--back:#fff}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6e9ec;--dim:#9aa6b2;--line:#3a424b;"
    "--bad:#ff8a80;--back:#14181c}}\n"
    "body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back);"
    "max-width:64rem;margin:2rem auto;padding:0 1rem}\n"
    "h1{font-size:1.4rem}h2{font-size:1.1rem;margin:2rem 0 .3rem}.dim{color:var(--dim)}"
    ".bad{color:var(--bad);font-weight:600}\n"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.25rem .8rem .25rem 0;"
    "border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}\n"
    "th{overflow-wrap:normal}code{font-size:.85em;overflow-wrap:anywhere}\n" /* th: our words */
    "@media print{:root{--ink:#000;--dim:#444;--line:#999;--bad:#900;--back:#fff}"
    "body{margin:0;max-width:none}tr{break-inside:avoid}h2{break-after:avoid}}\n";

void
html_begin(FILE *file, const char *language, const char *title)
{
    fprintf(file,
            "<!doctype html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">\n"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
            "'unsafe-inline'\">\n"
            "<meta name=\"viewport\" content=\"width=device-width\"><meta name=\"referrer\" "
            "content=\"no-referrer\">\n",
            language);
    html_tag(file, "title", title);
    fprintf(file, "<style>\n%s</style></head><body>\n", style);
    html_tag(file, "h1", title);
}

void
html_end(FILE *file)
{
    fputs("</body></html>\n", file);
}

/* Where a piece of at most so many bytes can end: not inside a character. */
static size_t
piece_of(const char *text, size_t length)
{
    size_t end = length < PIECE ? length : PIECE;

    while (end > 0 && end < length && ((unsigned char)text[end] & 0xc0) == 0x80)
        end--;
    return end > 0 ? end : length < PIECE ? length : PIECE;
}

void
html_text(FILE *file, const char *text)
{
    char escaped[4 * PIECE + 1];

    for (size_t length = strlen(text), size; length > 0; text += size, length -= size) {
        size = piece_of(text, length);
        text_escape(escaped, sizeof(escaped), view_of((const uint8_t *)text, size));
        markup_put(file, view_of_text(escaped));
    }
}

void
html_tag(FILE *file, const char *tag, const char *text)
{
    int name = (int)strcspn(tag, " ");

    fprintf(file, "<%s>", tag);
    html_text(file, text);
    fprintf(file, "</%.*s>", name, tag);
}

void
html_format(FILE *file, const char *tag, const char *format, ...)
{
    char text[FORMAT_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    html_tag(file, tag, text);
}

void
html_time(FILE *file, int64_t realtime)
{
    char text[TIME_SIZE];

    if (realtime <= 0)
        return;
    log_time_text(text, sizeof(text), realtime);
    fprintf(file, "<time datetime=\"%s\">%.10s %.8s UTC</time>", text, text, text + 11);
}

void
html_local_time(FILE *file, int64_t realtime)
{
    time_t seconds = realtime / NANOSECONDS_PER_SECOND;
    char text[TIME_SIZE], local[TIME_SIZE];
    struct tm tm;

    if (realtime <= 0)
        return;
    log_time_text(text, sizeof(text), realtime);
    if (localtime_r(&seconds, &tm) == NULL ||
        strftime(local, sizeof(local), "%Y-%m-%d %H:%M:%S %Z", &tm) == 0)
        return;
    fprintf(file, "<time datetime=\"%s\">", text);
    html_text(file, local);
    fputs("</time>", file);
}

int
html_save(const char *path, const char *option, html_put_fn *put, const void *arg)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), error = errno;
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool is_well = file != NULL;

    if (file) {
        put(file, arg);
        is_well = fflush(file) == 0 && !ferror(file);
        error = errno;
        is_well = fclose(file) == 0 && is_well;
    }
    if (is_well)
        return 0;
    if (fd >= 0)
        unlink(path);
    complain("give a name that no file has yet, in a folder that may be written to",
             "cannot write %s (--%s): %s", path, option, strerror(error));
    return 2;
}
