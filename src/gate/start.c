/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate from its first COMMIT to READY: it reads the past, piece by piece beside the channels,
 * starts its threads, and enters the sandbox.
 *
 * Where the ledger cannot be read, budgets would begin anew and keys be given ordinals that are
 * other persons' already. So the gate tells the supervisor (UNREAD), gives no ordinal, and serves
 * as on_failure says: closed gateways refuse, open ones go on with what is known. The supervisor
 * then offers it again from time to time (OFFER). Once all of it could be read the gate ends, and
 * the next one begins with the whole past. The keys of an encrypted ledger are wiped once it is
 * read; a gate that could not read it has them until it ends.
 */
#include "gate/gate_thread.h"

#include "base/memory.h"
#include "base/sandbox.h"
#include "exposure/directory.h"
#include "exposure/identity.h"
#include "gate/catalog_store.h"
#include "gate/census.h"
#include "gate/gate.h"
#include "gate/inspector.h"
#include "gate/locks.h"
#include "gate/ordinals.h"
#include "gate/past_marks.h"
#include "gate/rebuild.h"
#include "postgres/plan.h"

#include <assert.h>

#define TELL_EVERY (5 * NANOSECONDS_PER_SECOND)

/* ---- the threads ---- */

/* From the catalog store's thread: every worker looks which of its sessions have waited, and all
 * let go of what is made with the snapshot before. */
static void
post_catalog(void *arg, const struct catalog_place *place, int result)
{
    struct gate *g = arg;

    plan_cache_sweep(g->shared.plans);
    for (uint32_t i = 0; i < g->worker_count; i++) {
        struct task *task = task_new(TASK_CATALOG, 0);

        if (!task)
            continue;
        task->place = place;
        task->error = result;
        worker_post(&g->workers[i], task);
    }
}

static int
start_workers(struct gate *g)
{
    struct identity_key key = {0};
    uint32_t count = 1;
    int result;

    static_assert((int)GATE_SECRET_SIZE == (int)IDENTITY_SECRET_SIZE, "it is the ledger's");
    for (size_t i = 0; i < g->settings->gateway_count; i++)
        if (g->settings->gateways[i].config->workers > count)
            count = g->settings->gateways[i].config->workers;
    if (count > 1u << WORKER_INDEX_BITS)
        count = 1u << WORKER_INDEX_BITS;
    if (count > g->shared.rings.count)
        count = g->shared.rings.count; /* fixed when pasu started */
    g->workers = memory_new(count, sizeof(g->workers[0]));
    if (!g->workers)
        return PASU_E_NOMEM;
    for (; g->worker_count < count; g->worker_count++) {
        result = worker_start(&g->workers[g->worker_count], &g->shared, g->worker_count);
        if (result != 0)
            return result;
    }
    result = inspector_start(&g->shared.inspector, &g->shared);
    if (result == 0)
        result = locks_start(&g->shared.locks, &g->shared);
    if (result == 0)
        result = census_start(&g->shared.census, &g->shared);
    if (result == 0)
        result = catalog_store_new(&g->shared.catalogs, &g->shared.log, post_catalog, g);
    if (result == 0)
        result = identity_key_init(&key, g->shared.secret);
    if (result == 0)
        catalog_store_identity_key(g->shared.catalogs, &key);
    identity_key_release(&key);
    if (result == 0)
        result =
            catalog_store_ordinals(g->shared.catalogs, ring_get(&g->shared.rings, g->worker_count),
                                   g->shared.wake, g->shared.directory);
    return result;
}

/* Everything is there: into the sandbox, and to the network. */
void
start_finish(struct gate *g)
{
    struct message_empty empty = {0};

    if (g->is_ready || !g->workers || !g->had_keeper || g->is_stopping)
        return;
    if (sandbox_enter(SANDBOX_GATE) != 0) {
        LOG_EVENT(&g->shared.log, INTERNAL, F_TEXT("error", "the sandbox could not be entered"));
        g->is_stopping = true;
        return;
    }
    g->is_ready = true;
    gate_tell_supervisor(g, MESSAGE_READY, &empty, sizeof(empty));
}

static void
serve_with(struct gate *g, struct past_marks *take_marks)
{
    if (start_workers(g) != 0) {
        LOG_EVENT(&g->shared.log, INTERNAL, F_TEXT("error", "worker threads could not be started"));
        g->is_stopping = true;
        past_marks_release(take_marks);
        return;
    }
    catalog_store_remember(g->shared.catalogs, take_marks);
    catalog_store_configure(g->shared.catalogs, g->settings);
    gate_identify(g);
    census_configure(g->shared.census, g->settings);
    for (uint32_t i = 0; i < g->settings->gateway_count; i++)
        if (g->settings->gateways[i].address_count > 0)
            gate_warm(g, i);
    start_finish(g);
}

/* ---- the past ---- */

static void
end_reading(struct gate *g)
{
    rebuild_free(g->rebuild);
    g->rebuild = NULL;
    segments_release(&g->segments);
}

static void
fail(struct gate *g, int error, const struct rebuild_progress *progress)
{
    struct message_result message = {.error = error};

    LOG_EVENT(&g->shared.log, REBUILD_FAILED, F_UINT("entries", progress->entries),
              F_UINT("damaged", progress->damaged), F_TEXT("error", error_text(error)),
              F_TEXT("hint", error_hint(PASU_E_LEDGER_UNREADABLE)));
    g->shared.past_error = error;
    directory_reserve(g->shared.directory, ORDINALS_OF_ALL_KINDS, KEY_ORDINAL_FIRST);
    gate_tell_supervisor(g, MESSAGE_UNREAD, &message, sizeof(message));
}

static void
tell_end(struct gate *g, int result, const struct rebuild_progress *progress)
{
    if (result != 0)
        fail(g, result, progress);
    else if (progress->damaged > 0)
        LOG_EVENT(&g->shared.log, REBUILD_FAILED, F_UINT("entries", progress->entries),
                  F_UINT("damaged", progress->damaged),
                  F_TEXT("error", error_text(PASU_E_CORRUPT)));
    else
        LOG_EVENT(&g->shared.log, REBUILT, F_UINT("entries", progress->entries));
}

void
start_begin(struct gate *g)
{
    const struct source source = {segments_open, &g->segments};
    struct rebuild_progress nothing = {0};
    int error = rebuild_new(&g->rebuild, &g->shared, source, &g->keys, &g->kinds);

    g->tell_at = os_monotonic(g->shared.os) + TELL_EVERY;
    if (error == 0)
        return;
    end_reading(g);
    fail(g, error, &nothing);
    serve_with(g, &(struct past_marks){0});
}

void
start_again(struct gate *g)
{
    const struct source source = {segments_open, &g->segments};

    if (g->rebuild || g->shared.past_error == 0)
        return; /* it is read already */
    if (rebuild_new(&g->rebuild, &g->shared, source, &g->keys, NULL) != 0)
        end_reading(g); /* the supervisor offers it again */
}

static void
tell_progress(struct gate *g, const struct rebuild_progress *progress)
{
    struct message_progress message = {progress->done, progress->all};
    int64_t now = os_monotonic(g->shared.os);

    if (now < g->tell_at)
        return;
    g->tell_at = now + TELL_EVERY;
    gate_tell_supervisor(g, MESSAGE_PROGRESS, &message, sizeof(message));
}

void
start_step(struct gate *g)
{
    struct rebuild_progress progress;
    struct past_marks marks;
    int result;

    if (!g->rebuild)
        return;
    result = rebuild_step(g->rebuild);
    rebuild_progress(g->rebuild, &progress);
    if (result == PASU_E_AGAIN) {
        tell_progress(g, &progress);
        return;
    }
    if (g->shared.past_error != 0) {
        end_reading(g);
        if (result == 0) {
            LOG_EVENT(&g->shared.log, REBUILD_AGAIN, F_UINT("entries", progress.entries));
            g->is_stopping = true;
        }
        return;
    }
    rebuild_take_marks(g->rebuild, &marks);
    end_reading(g);
    tell_end(g, result, &progress);
    if (g->shared.past_error == 0)
        segment_keys_release(&g->keys);
    serve_with(g, &marks);
}

void
start_release(struct gate *g)
{
    end_reading(g);
    segment_keys_release(&g->keys);
}
