/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/state.h"

#include "guard/notify.h"
#include "ledger/message.h"
#include "ledger/publisher.h"

#include <unistd.h>

#define STOP_PATIENCE (2 * NANOSECONDS_PER_SECOND)
/* It publishes the last checkpoint, as far as that goes, also without a keeper. */
#define HERALD_PATIENCE (5 * NANOSECONDS_PER_SECOND)
/* It was told at the beginning, and what it leaves half made is nobody's. */
#define INDEXER_PATIENCE NANOSECONDS_PER_SECOND

void
stop_begin(struct supervisor *v)
{
    struct message_empty empty = {0};
    int64_t patience = 0;

    if (v->phase >= PHASE_DRAINING) {
        if (v->phase < PHASE_STOPPING_KEEPER)
            v->deadline = 0; /* asked twice: at once; but the keeper may write what it has */
        return;
    }
    LOG_EVENT(&v->log, DRAIN_STARTED, F_INT("pid", getpid()));
    notify_send("STOPPING=1");
    for (size_t g = 0; g < v->config->gateway_count; g++)
        if (v->config->gateways[g].limits.drain_time > patience)
            patience = v->config->gateways[g].limits.drain_time;
    v->phase = PHASE_DRAINING;
    v->deadline = os_monotonic(&os_real) + patience;
    listeners_close(&v->listeners, true);
    tell(v, &v->children[GATE], MESSAGE_DRAIN, &empty, sizeof(empty), -1);
    tell(v, &v->children[INDEXER], MESSAGE_STOP, &empty, sizeof(empty), -1);
    tell(v, &v->children[REGISTRAR], MESSAGE_STOP, &empty, sizeof(empty), -1);
    tell(v, &v->children[WATCHER], MESSAGE_STOP, &empty, sizeof(empty), -1);
    tell(v, &v->children[CONSOLE], MESSAGE_STOP, &empty, sizeof(empty), -1);
    tell(v, &v->children[CLERK], MESSAGE_STOP, &empty, sizeof(empty), -1);
}

/* Whose end is awaited. */
static int
ending(const struct supervisor *v)
{
    if (v->phase <= PHASE_STOPPING_GATE)
        return GATE;
    if (v->phase == PHASE_STOPPING_KEEPER)
        return KEEPER;
    return v->phase == PHASE_STOPPING_HERALD ? HERALD : INDEXER;
}

/* The keeper waits for the herald, which it tells to end. */
static int64_t
keeper_patience(const struct supervisor *v)
{
    return STOP_PATIENCE + (v->children[HERALD].pid ? PUBLISHER_PATIENCE : 0);
}

/* How long the one whose end is awaited now may take. */
static int64_t
patience(const struct supervisor *v)
{
    if (v->phase == PHASE_STOPPING_KEEPER)
        return keeper_patience(v);
    return v->phase == PHASE_STOPPING_HERALD ? HERALD_PATIENCE : INDEXER_PATIENCE;
}

/* The next one, once that one has ended. */
static void
end_next(struct supervisor *v, int64_t now)
{
    struct message_empty empty = {0};

    v->phase = v->phase <= PHASE_STOPPING_GATE ? PHASE_STOPPING_KEEPER : v->phase + 1;
    v->is_killed = false;
    if (v->phase == PHASE_OVER)
        return;
    v->deadline = now + patience(v);
    tell(v, &v->children[ending(v)], MESSAGE_STOP, &empty, sizeof(empty), -1);
}

void
stop_step(struct supervisor *v, int64_t now)
{
    struct message_empty empty = {0};
    struct child *child = &v->children[ending(v)];

    if (v->phase < PHASE_DRAINING)
        return;
    if (child->pid == 0) {
        end_next(v, now);
        return;
    }
    if (now < v->deadline)
        return;
    if (v->phase == PHASE_DRAINING) {
        v->phase = PHASE_STOPPING_GATE;
        v->deadline = now + STOP_PATIENCE;
        tell(v, child, MESSAGE_STOP, &empty, sizeof(empty), -1);
        return;
    }
    if (v->is_killed && v->phase >= PHASE_STOPPING_HERALD) {
        end_next(v, now); /* a disk holds it: it goes when that answers */
        return;
    }
    v->is_killed = true;
    kill(child->pid, SIGKILL);
    v->deadline = now + STOP_PATIENCE;
}
