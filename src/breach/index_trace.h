/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What trace.h gathers, with the index: one pass over the chunks of its months, which name each
 * person that each principal was shown, and the day; the last day's units; and what the index does
 * not cover is read. And then, of some days, the statements themselves.
 */
#ifndef PASU_BREACH_INDEX_TRACE_H
#define PASU_BREACH_INDEX_TRACE_H

#include "breach/entries.h"
#include "breach/trace.h"
#include "ledger/index.h"

/* As index_scope; the selection gives its statements to the trace. */
PASU_MUST_USE int index_trace(struct index *index, struct trace *trace, struct selection *selection,
                              const struct entries *entries);

/* A day of which the principal's statements are wanted. */
struct index_wanted {
    int32_t day;
    const char *principal; /* "": sessions that were not recorded */
};
/* Gives the selection's statement_fn those of these days, which rise, by these principals, and
 * others among them: what the index does not cover comes as a whole. As index_scope. */
PASU_MUST_USE int index_trace_statements(struct index *index, struct selection *selection,
                                         const struct entries *entries,
                                         const struct index_wanted *wanted, size_t count);

#endif
