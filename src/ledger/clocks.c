/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/clocks.h"

enum { NEAR_PART = 4 }; /* it nears when this part of its time is left */

static size_t
find(const struct clocks *clocks, const struct payload_clock *clock)
{
    size_t at = 0;

    while (at < clocks->count && (clocks->items[at].number != clock->number ||
                                  strcmp(clocks->items[at].name, clock->name) != 0))
        at++;
    return at;
}

bool
clocks_has_room(const struct clocks *clocks, const struct payload_clock *clock)
{
    return clock->state >= CLOCK_MET || find(clocks, clock) < CLOCKS_MAX;
}

int
clocks_put(struct clocks *clocks, const struct payload_clock *clock)
{
    size_t at = find(clocks, clock);

    if (clock->state >= CLOCK_MET) {
        if (at == clocks->count)
            return 0;
        memmove(&clocks->items[at], &clocks->items[at + 1],
                (clocks->count - at - 1) * sizeof(clocks->items[0]));
        clocks->count--;
        return 0;
    }
    if (at == CLOCKS_MAX)
        return PASU_E_RANGE;
    clocks->items[at] = *clock;
    clocks->count += at == clocks->count;
    return 0;
}

void
clocks_note(struct clocks *clocks, const struct segment_record *record)
{
    struct payload_clock clock;

    if (record->type == SEGMENT_CLOCK && payload_read_clock(&clock, record->payload) == 0 &&
        clocks_put(clocks, &clock) != 0) {
        /* more than any keeper of ours writes */
    }
}

enum clock_state
clock_state_at(const struct payload_clock *clock, int64_t now)
{
    if (now >= clock->due)
        return CLOCK_OVER;
    return clock->due - now <= (clock->due - clock->since) / NEAR_PART ? CLOCK_NEARS : CLOCK_RUNS;
}
