/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The deadlines of incidents that run: those that nobody has met, of incidents that are not closed.
 * They are in the ledger, each again at the beginning of every segment (ledger/restated.h), so that
 * who asks for the status need not read all of it, and the keeper can raise an alert when one
 * nears. A deadline is known by its incident's number and its name. Plain values, owned by the
 * keeper's only thread.
 */
#ifndef PASU_LEDGER_CLOCKS_H
#define PASU_LEDGER_CLOCKS_H

#include "ledger/payload.h"
#include "ledger/segment_scan.h"

enum { CLOCKS_MAX = 256 };

struct clocks {
    struct payload_clock items[CLOCKS_MAX];
    size_t count;
};

/* Takes what is known of one now: it runs, or runs no more. PASU_E_RANGE: there are CLOCKS_MAX. */
PASU_MUST_USE int clocks_put(struct clocks *clocks, const struct payload_clock *clock);
/* Whether clocks_put takes it. */
bool clocks_has_room(const struct clocks *clocks, const struct payload_clock *clock);
/* Takes what a record says; others are ignored. */
void clocks_note(struct clocks *clocks, const struct segment_record *record);
/* What is to be told of it at that moment (realtime ns): CLOCK_NEARS where a quarter of its time is
 * left, CLOCK_OVER where none is, CLOCK_RUNS before. */
enum clock_state clock_state_at(const struct payload_clock *clock, int64_t now);

#endif
