/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>

struct error_entry {
    const char *name, *sqlstate, *text, *hint;
    int exit;
};

static const struct error_entry entries[] = {
#define X(name_, exit_, sqlstate_, text_, hint_) {#name_, sqlstate_, text_, hint_, exit_},
#include "base/error.def"
#undef X
};

_Static_assert(PASU_E_END__ < 0, "error codes are negative");

static const struct error_entry *
entry_of(int code)
{
    static const struct error_entry unknown = {"UNKNOWN", "XX000", "unknown error", "", 2};
    static const struct error_entry none = {"OK", "00000", "success", "", 0};

    if (code >= 0)
        return &none;
    if (code <= PASU_E_FIRST__ || code >= PASU_E_END__)
        return &unknown;
    return &entries[code - PASU_E_FIRST__ - 1];
}

const char *
error_text(int code)
{
    return entry_of(code)->text;
}

const char *
error_hint(int code)
{
    return entry_of(code)->hint;
}

const char *
error_name(int code)
{
    return entry_of(code)->name;
}

const char *
error_sqlstate(int code)
{
    return entry_of(code)->sqlstate;
}

int
error_exit(int code)
{
    return entry_of(code)->exit;
}

int
error_from_errno(int number)
{
    switch (number) {
    case EAGAIN:
    case EINPROGRESS:
        return PASU_E_AGAIN;
    case ENOMEM:
    case ENOBUFS:
        return PASU_E_NOMEM;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return PASU_E_DISKFULL;
    case ENOENT:
        return PASU_E_NOTFOUND;
    case EACCES:
    case EPERM:
        return PASU_E_DENIED;
    case ETIMEDOUT:
        return PASU_E_TIMEOUT;
    default:
        return PASU_E_IO;
    }
}
