/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a leaked sample, whoever has read it, to the answer who can have been its source: the ledger
 * is asked, by its index or read, judged, and asked again for the statements.
 */
#ifndef PASU_CLI_TRACING_H
#define PASU_CLI_TRACING_H

#include "cli/trace_view.h"

struct tracing {
    struct evidence *evidence;
    struct leaked *sample;
    const struct sample_build *build; /* NULL: the sample was not read as one */
    uint64_t known;                   /* persons of the kind in the identity index */
    struct trace trace;
    struct trace_answer answer;
    struct trace_look *look;
};

/* The evidence is open, and all outlive it, but the identity index. PASU_E_NOMEM. End it in any
 * case. */
PASU_MUST_USE int tracing_begin(struct tracing *tracing, struct evidence *evidence,
                                struct leaked *sample, const struct sample_build *build,
                                const struct sample_identity *identity);
void tracing_end(struct tracing *tracing);
/* Asks and judges. 0, or the exit status after a complaint. */
PASU_MUST_USE int tracing_answer(struct tracing *tracing);
/* What is to be printed, while it lives. */
struct traced tracing_traced(const struct tracing *tracing);

#endif
