/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/html.h"

#include "base/bytes.h"
#include "base/log.h"
#include "base/utf8.h"
#include "cli/complain.h"
#include "cli/text.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { TIME = 40, NUMBER = 32 };

static const char head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\"><meta name=\"referrer\" "
    "content=\"no-referrer\">\n";

static const char style[] =
    "<style>\n"
    ":root{color-scheme:light dark;--ink:#1b1f24;--dim:#5b6672;--line:#d5dbe1;--bad:#b3261e;"
    "--mark:#1f5fae;--back:#fff}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6e9ec;--dim:#9aa6b2;--line:#3a424b;"
    "--bad:#ff8a80;--mark:#7db3ff;--back:#14181c}}\n"
    "body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back);"
    "max-width:60rem;margin:2rem auto;padding:0 1rem}\n"
    "h1{font-size:1.4rem}h2{font-size:1.1rem;margin:2rem 0 .3rem}h3{color:var(--bad);"
    "font-size:1rem;margin:1.6rem 0 .2rem;overflow-wrap:anywhere}\n"
    "small,.dim{color:var(--dim)}table{border-collapse:collapse}td,th{text-align:left;"
    "padding:.1rem .8rem .1rem 0;vertical-align:top;overflow-wrap:anywhere}\n"
    "svg{display:block;max-width:100%;height:auto}svg text{fill:var(--dim);font-size:11px}"
    ".axis{stroke:var(--line)}.curve{fill:none;stroke:var(--mark);stroke-width:2}"
    ".harm{fill:none;stroke:var(--bad);stroke-width:2}.worst{fill:var(--bad)}"
    ".bar,.cell{fill:var(--mark)}code{font-size:.9em}td.n,th.n{text-align:right}\n"
    "</style></head><body>\n";

void
html_head(FILE *file, const char *title)
{
    fprintf(file, "%s<title>%s</title>%s", head, title, style);
}

void
html_text(FILE *file, const char *text)
{
    char escaped[2048];

    text_escape(escaped, sizeof(escaped), view_of_text(text));
    if (!utf8_is_valid(view_of_text(escaped))) /* never: that is what it makes */
        return;
    for (const char *at = escaped; *at != '\0'; at++)
        switch (*at) {
        case '<':
            fputs("&lt;", file);
            break;
        case '>':
            fputs("&gt;", file);
            break;
        case '&':
            fputs("&amp;", file);
            break;
        case '"':
            fputs("&quot;", file);
            break;
        case '\'':
            fputs("&#39;", file);
            break;
        default:
            putc(*at, file);
        }
}

void
html_count(FILE *file, uint64_t n)
{
    char text[NUMBER];

    text_count(text, sizeof(text), n);
    fputs(text, file);
}

void
html_time(FILE *file, int64_t realtime)
{
    char text[TIME];

    log_time_text(text, sizeof(text), realtime);
    fprintf(file, "%.10s %.8sZ", text, text + 11);
}

void
html_title(FILE *file, const char *english, const char *korean)
{
    fprintf(file, "<h2>%s <small lang=\"ko\">%s</small></h2>\n", english, korean);
}

int
html_save(const char *path, void (*put)(FILE *file, void *arg), void *arg)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), error = errno;
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool is_well = file != NULL;

    if (file != NULL) {
        put(file, arg);
        is_well = fflush(file) == 0 && !ferror(file);
        error = errno;
        is_well = fclose(file) == 0 && is_well;
    }
    if (is_well)
        return 0;
    if (fd >= 0)
        unlink(path);
    complain("give --html a name that no file has yet, in a folder that may be written to",
             "cannot write %s: %s", path, strerror(error));
    return 2;
}
