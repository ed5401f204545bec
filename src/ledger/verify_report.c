/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/verify_report.h"

#include <stdarg.h>

static const struct {
    enum verify_kind kind;
    const char *name, *meaning;
} findings[VERIFY_WHATS] = {
#define X(name, kind, text, meaning) [VERIFY_##name] = {VERIFY_##kind, text, meaning},
#include "ledger/verify.def"
#undef X
};

enum verify_kind
verify_kind(enum verify_what what)
{
    return findings[what].kind;
}

const char *
verify_name(enum verify_what what)
{
    return findings[what].name;
}

const char *
verify_meaning(enum verify_what what)
{
    return findings[what].meaning;
}

void
verify_say(const struct verify_report *report, enum verify_what what,
           const struct verify_place *place, const char *format, ...)
{
    struct verify_finding finding = {.what = what,
                                     .file = place->file,
                                     .offset = place->offset,
                                     .record = place->record,
                                     .has_offset = place->offset != VERIFY_NOWHERE,
                                     .has_record = place->record != VERIFY_NOWHERE};
    char text[1024];
    va_list values;

    report->counts[verify_kind(what)]++;
    if (!report->question->find)
        return;
    va_start(values, format);
    vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    finding.text = text;
    report->question->find(report->question->arg, &finding);
}
