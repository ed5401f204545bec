/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether each worker lives: whenever the supervisor asks whether the gate does, the main thread
 * wakes each, and one that has not come to it in seconds stands still. Nothing is done about it:
 * sessions of the others go on, and nobody new is given to it.
 */
#include "gate/gate_thread.h"

#include <unistd.h>

/* Long enough for the longest answer that is judged in one go on a busy machine. */
#define STILL_AFTER (5 * NANOSECONDS_PER_SECOND)
#define SLOW_AFTER  NANOSECONDS_PER_SECOND

/* For how long it has not answered; 0: it has. */
static int64_t
missed(const struct worker *w, int64_t now)
{
    int64_t asked = w->asked;

    return asked != 0 ? now - asked : 0;
}

/* Wakes it: it answers when it looks why. */
static void
ask(struct worker *w, int64_t now)
{
    const uint64_t one = 1;

    if (w->asked != 0)
        return;
    w->asked = now;
    if (write(w->event, &one, sizeof(one)) < 0) {
        /* its counter is full: it wakes anyway */
    }
}

static void
look(struct gate *g, struct worker *w, int64_t now)
{
    int64_t silent = missed(w, now);
    bool is_still = silent > STILL_AFTER;

    if (is_still && !w->is_still)
        LOG_EVENT(&g->shared.log, WORKER_STUCK, F_UINT("worker", w->index),
                  F_UINT("sessions", w->session_count),
                  F_INT("seconds", silent / NANOSECONDS_PER_SECOND));
    else if (!is_still && w->is_still)
        LOG_EVENT(&g->shared.log, WORKER_BACK, F_UINT("worker", w->index));
    w->is_still = is_still;
}

void
pulse_ask(struct gate *g)
{
    int64_t now = os_monotonic(g->shared.os);

    for (uint32_t i = 0; i < g->worker_count; i++) {
        look(g, &g->workers[i], now);
        ask(&g->workers[i], now);
    }
}

void
pulse_describe(struct gate *g, struct message_status *status)
{
    int64_t now = os_monotonic(g->shared.os), first = now;

    for (uint32_t i = 0; i < g->worker_count; i++) {
        int64_t asked = g->workers[i].asked;

        look(g, &g->workers[i], now);
        if (!g->workers[i].is_still || asked == 0)
            continue;
        status->still |= UINT64_C(1) << i;
        first = asked < first ? asked : first;
    }
    if (status->still != 0)
        status->still_since = os_realtime(g->shared.os) - (now - first);
}

bool
pulse_is_slow(const struct worker *w, int64_t now)
{
    return missed(w, now) > SLOW_AFTER;
}
