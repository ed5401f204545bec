/* SPDX-License-Identifier: Apache-2.0 */
/* Where addresses are, as the supervisor's table has it (policy/origins.h). See gate_thread.h. */
#include "gate/gate_thread.h"

void
gate_set_origins(struct gate *g)
{
    if (!g->next_origins && sources_are_wanted(g->settings->config))
        return;
    origins_release(g->origins);
    g->origins = g->next_origins;
    g->next_origins = NULL;
}

void
gate_take_sources(struct gate *g, const struct channel_message *message)
{
    struct message_generation generation;
    struct origins *origins;
    int result = origins_map(&origins, message->fd);

    memcpy(&generation, message->body, sizeof(generation));
    if (result != 0) {
        LOG_EVENT(&g->shared.log, INTERNAL, F_TEXT("error", error_text(result)),
                  F_TEXT("detail", "the table of countries and networks"));
        return;
    }
    origins_release(g->next_origins);
    g->next_origins = origins;
    if (!g->settings || g->settings->generation != generation.generation)
        return;
    gate_set_origins(g);
    settings_current_set_origins(&g->shared.current, g->origins);
    gate_post_all(g, TASK_SETTINGS, 0, NULL);
}
