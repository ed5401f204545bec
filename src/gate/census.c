/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/census.h"

#include "base/memory.h"
#include "gate/census_server.h"
#include "gate/thread.h"

#include <stdatomic.h>

#define PERIOD (2 * NANOSECONDS_PER_SECOND)        /* who goes past pasu is found within 5 s */
#define LEAST  (200 * NANOSECONDS_PER_MILLISECOND) /* between two that were asked for */

struct census {
    struct census_room room;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct settings *settings; /* held; NULL: none yet */
    bool is_asked, is_wanted;
};

/* With the lock. Until when to wait, monotonic; 0: for ever. */
static int64_t
due(const struct census *census, int64_t last)
{
    return !census->settings ? 0 : last + (census->is_asked ? LEAST : PERIOD);
}

static void
wait_until(struct census *census, int64_t until)
{
    struct timespec time = {.tv_sec = until / NANOSECONDS_PER_SECOND,
                            .tv_nsec = until % NANOSECONDS_PER_SECOND};

    if (until == 0)
        pthread_cond_wait(&census->wake, &census->lock);
    else
        pthread_cond_timedwait(&census->wake, &census->lock, &time);
}

static void *
census_run(void *arg)
{
    struct census *census = arg;
    const struct os *os = census->room.shared->os;
    struct settings *settings;
    int64_t last = os_monotonic(os) - PERIOD;

    pthread_mutex_lock(&census->lock);
    while (!atomic_load(&census->room.is_stopping)) {
        int64_t until = due(census, last);
        enum census_when when = census->is_wanted ? CENSUS_ON_DEMAND : CENSUS_IN_TURN;

        if (until == 0 || os_monotonic(os) < until) {
            wait_until(census, until);
            continue;
        }
        census->is_asked = census->is_wanted = false;
        settings = settings_hold(census->settings);
        pthread_mutex_unlock(&census->lock);
        census->room.is_early = false;
        census_round(&census->room, settings, when);
        settings_release(settings);
        last = os_monotonic(os);
        pthread_mutex_lock(&census->lock);
        census->is_asked |= census->room.is_early;
    }
    settings = census->settings;
    pthread_mutex_unlock(&census->lock);
    if (settings)
        census_round(&census->room, settings, CENSUS_LAST);
    return NULL;
}

int
census_start(struct census **out, struct gate_shared *shared)
{
    struct census *census = memory_new(1, sizeof(*census));
    pthread_condattr_t attributes;
    int result;

    if (!census)
        return PASU_E_NOMEM;
    census->room = (struct census_room){.shared = shared, .started = os_monotonic(shared->os)};
    list_init(&census->room.servers);
    census_tell_start(&census->room);
    pthread_mutex_init(&census->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&census->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    result = thread_start(&census->thread, NULL, census_run, census);
    if (result != 0) {
        memory_free(census);
        return result;
    }
    *out = census;
    return 0;
}

void
census_configure(struct census *census, struct settings *settings)
{
    struct settings *former;

    pthread_mutex_lock(&census->lock);
    former = census->settings;
    census->settings = settings_hold(settings);
    pthread_mutex_unlock(&census->lock);
    settings_release(former);
    census_soon(census, false);
}

void
census_soon(struct census *census, bool is_wanted)
{
    if (!census)
        return;
    pthread_mutex_lock(&census->lock);
    census->is_asked = true;
    census->is_wanted |= is_wanted;
    pthread_cond_signal(&census->wake);
    pthread_mutex_unlock(&census->lock);
}

void
census_stop(struct census *census)
{
    if (!census)
        return;
    pthread_mutex_lock(&census->lock);
    atomic_store(&census->room.is_stopping, true);
    pthread_cond_signal(&census->wake);
    pthread_mutex_unlock(&census->lock);
    pthread_join(census->thread, NULL);
    list_each_safe (at, &census->room.servers)
        census_server_free(LIST_ENTRY(at, struct census_server, link));
    settings_release(census->settings);
    memory_free(census);
}
