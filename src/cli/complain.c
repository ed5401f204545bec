/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/complain.h"
#include "cli/text.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/stat.h>

enum { COMPLAINT_SIZE = 1024 };

static void
complain_text(const char *before, const char *text)
{
    char escaped[COMPLAINT_SIZE * 2];

    text_escape(escaped, sizeof(escaped), view_of_text(text));
    fprintf(stderr, "%s%s\n", before, escaped);
}

void
complain(const char *hint, const char *format, ...)
{
    char text[COMPLAINT_SIZE];
    va_list values;

    va_start(values, format);
    vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    fflush(stdout);
    complain_text("pasu: ", text);
    if (hint != NULL && hint[0] != '\0')
        complain_text("  hint: ", hint);
}

int
complain_error(int code, const char *format, ...)
{
    char text[COMPLAINT_SIZE];
    va_list values;

    va_start(values, format);
    vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    complain(error_hint(code), "%s: %s", text, error_text(code));
    return error_exit(code);
}

int
complain_ledger(int code, const char *folder)
{
    if (code != PASU_E_NOTFOUND)
        return complain_error(code, "the ledger in %s", folder);
    complain("pasu guard makes it; see ledger.directory in the configuration",
             "there is no ledger in %s", folder);
    return 2;
}

int
complain_unread(int code, const char *path)
{
    struct stat st;
    bool is_folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);

    complain(is_folder ? "give one of the files in it" : "give a file that can be read",
             "%s cannot be read: %s", path, is_folder ? "it is a folder" : error_text(code));
    return 2;
}

int
output_end(int status)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    complain("", "cannot write to standard output: %s", strerror(errno != 0 ? errno : EIO));
    return 2;
}
