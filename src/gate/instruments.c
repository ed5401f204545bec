/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/instruments.h"

#include "base/memory.h"
#include "gate/worker.h"

#define MINUTE (60 * NANOSECONDS_PER_SECOND)

int
instruments_new(struct instruments **out, struct worker *w)
{
    struct instruments *i = memory_new(1, sizeof(*i));
    struct gate_shared *shared = w->shared;

    if (!i)
        return PASU_E_NOMEM;
    recorder_init(&i->recorder, ring_get(&shared->rings, w->index), shared->wake,
                  shared->directory);
    i->ordinals.directory = shared->directory;
    i->ordinals.recorder = &i->recorder;
    i->ordinals.identity_key = catalog_store_key(shared->catalogs);
    *out = i;
    return 0;
}

void
instruments_free(struct instruments *i)
{
    if (!i)
        return;
    showing_table_release(&i->showings);
    plan_release(i->again);
    recorder_release(&i->recorder);
    memory_free(i->out);
    mask_release(&i->mask);
    memory_free(i);
}

void
instruments_remember(struct instruments *i, struct plan *plan)
{
    if (i->again == plan)
        return;
    plan_release(i->again);
    i->again = plan_hold(plan);
}

void
instruments_sweep(struct instruments *i)
{
    showing_table_sweep(&i->showings);
    if (!i->again || !i->again->catalog || !catalog_is_superseded(i->again->catalog))
        return;
    plan_release(i->again);
    i->again = NULL;
}

uint32_t
instruments_minute(struct instruments *i, int64_t realtime)
{
    if (PASU_UNLIKELY(realtime >= i->minute_until || realtime < i->minute_until - MINUTE)) {
        i->minute = os_local_minute(realtime);
        i->minute_until = realtime - realtime % MINUTE + MINUTE;
    }
    return i->minute;
}

int
instruments_put(struct instruments *i, const void *bytes, size_t length)
{
    size_t size = i->out_size ? i->out_size : 64 << 10;
    uint8_t *more;

    if (i->out_length + length > i->out_size) {
        while (size < i->out_length + length)
            size *= 2;
        more = memory_resize(i->out, size, 1);
        if (!more)
            return PASU_E_NOMEM;
        i->out = more;
        i->out_size = size;
    }
    if (length > 0)
        memcpy(i->out + i->out_length, bytes, length);
    i->out_length += length;
    return 0;
}
