/* SPDX-License-Identifier: Apache-2.0 */
/* The answer of `pasu trace`: the document of --json, a page for people. */
#ifndef PASU_CLI_TRACE_VIEW_H
#define PASU_CLI_TRACE_VIEW_H

#include "breach/trace_access.h"
#include "cli/evidence.h"
#include "cli/json_out.h"
#include "cli/sample_build.h"

enum { TRACE_LISTED = 10 };

struct traced {
    struct evidence *evidence;
    const struct sample_build *build; /* NULL: nothing is said of it */
    const struct trace *trace;
    const struct trace_answer *answer;
    const struct trace_look *look;
    bool has_gaps; /* that can have hidden the source */
};

void trace_view_json(FILE *file, const struct traced *traced);
/* Its members behind the sample's, into an object that is open. */
void trace_view_put(struct json_out *out, const struct traced *traced);
/* `width` in columns, 0: unlimited. 0 or PASU_E_NOMEM. */
PASU_MUST_USE int trace_view_page(FILE *file, const struct traced *traced, size_t width);
/* A reader's name, or what is said in its place. */
const char *trace_reader_text(const struct trace_reader *reader);
/* "2026-05-03" */
void trace_day_text(char text[16], int32_t day);
/* What keeps the answer from being surer; NULL: nothing does. */
const char *trace_doubt(const struct traced *traced);

#endif
