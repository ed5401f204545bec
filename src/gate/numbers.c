/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/numbers.h"

#include "exposure/tally.h"
#include "gate/catalog_store.h"
#include "gate/gate_thread.h"
#include "ledger/metrics.h"
#include "policy/origins.h"
#include "postgres/plan.h"

static void
put_sessions(const struct gate *g, uint64_t *values)
{
    values[METRIC_SESSIONS_OPENED] = g->shared.sessions_total;
    values[METRIC_CANCELS] = g->shared.cancels_total;
    values[METRIC_UNRECORDED] = g->shared.unrecorded_total;
    values[METRIC_GATE_STARTED] = (uint64_t)g->started;
    for (uint32_t i = 0; i < g->worker_count; i++) {
        const struct worker *w = &g->workers[i];

        values[METRIC_SESSIONS] += w->session_count;
        values[METRIC_STATEMENTS] += counter_get(&w->statements);
        values[METRIC_ROWS] += counter_get(&w->rows);
        values[METRIC_BYTES_IN] += counter_get(&w->bytes_in);
        values[METRIC_BYTES_OUT] += counter_get(&w->bytes_out);
    }
}

static void
put_plans(const struct gate *g, uint64_t *values)
{
    struct plan_cache_counts counts;

    if (!g->shared.plans)
        return;
    plan_cache_count(g->shared.plans, &counts);
    values[METRIC_PLAN_HITS] = counts.hits;
    values[METRIC_PLAN_MISSES] = counts.misses;
    values[METRIC_PLANS] = counts.plans;
    values[METRIC_PLAN_BYTES] = counts.bytes;
}

static void
put_catalogs(const struct gate *g, uint64_t *values)
{
    uint32_t columns = 0, current = 0, databases = 0, failing = 0;
    int64_t oldest = 0;

    if (!g->shared.catalogs)
        return;
    catalog_store_identity_state(g->shared.catalogs, &columns, &current, &oldest);
    values[METRIC_IDENTITY_COLUMNS] = columns;
    values[METRIC_IDENTITY_CURRENT] = current;
    catalog_store_state(g->shared.catalogs, &databases, &failing, &oldest);
    values[METRIC_CATALOGS] = databases;
    values[METRIC_CATALOGS_FAILING] = failing;
    values[METRIC_CATALOG_READ] = (uint64_t)oldest;
}

void
numbers_tell(struct gate *g)
{
    struct message_metrics message = {.at = os_realtime(g->shared.os)};

    put_sessions(g, message.values);
    put_plans(g, message.values);
    put_catalogs(g, message.values);
    message.values[METRIC_TALLY_BYTES] =
        g->shared.tallies ? tally_book_memory(g->shared.tallies) : 0;
    message.values[METRIC_COUNTRIES_MADE] = (uint64_t)origins_made(g->origins, false);
    message.values[METRIC_SYSTEMS_MADE] = (uint64_t)origins_made(g->origins, true);
    if (keeper_link_send(&g->shared.keeper, MESSAGE_METRICS, &message, sizeof(message)) != 0) {
        /* it asks again */
    }
}
