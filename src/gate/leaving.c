/* SPDX-License-Identifier: Apache-2.0 */
/* Another roster, and the times at which somebody leaves: the main thread's part, which tells the
 * workers to look (gate/standing.h). */
#include "gate/gate_thread.h"

#include "base/memory.h"
#include "config/load.h"

enum { LOOK_MILLISECONDS = 1000 }; /* the clock may be set */

void
leaving_set(struct gate *g)
{
    g->looked = os_realtime(g->shared.os);
    g->leave_at = roster_next(g->shared.current.roster, g->looked);
    gate_post_all(g, TASK_SETTINGS, 0, NULL);
}

static int
read_roster(struct roster **roster, int fd)
{
    struct roster_fault fault;
    uint8_t *bytes;
    size_t length;
    int result = config_read_fd(&bytes, &length, fd, CONFIG_ROSTER_SIZE_MAX);

    if (result == 0)
        result = roster_parse(roster, view_of(bytes, length), &fault);
    memory_free(bytes);
    return result;
}

void
leaving_take(struct gate *g, const struct channel_message *message)
{
    struct message_generation turn;
    struct message_result answer = {.error = PASU_E_UNAVAILABLE};
    struct roster *roster;

    memcpy(&turn, message->body, sizeof(turn));
    answer.id = turn.generation;
    if (g->settings)
        answer.error = read_roster(&roster, message->fd);
    if (answer.error == 0) {
        settings_current_set_roster(&g->shared.current, roster);
        leaving_set(g);
    }
    gate_tell_supervisor(g, MESSAGE_ROSTERED, &answer, sizeof(answer));
}

void
leaving_look(struct gate *g)
{
    int64_t now = os_realtime(g->shared.os);

    if (now < g->looked || (g->leave_at != ROSTER_NEVER && g->leave_at <= now))
        leaving_set(g);
    g->looked = now;
}

int
leaving_wait(const struct gate *g, int most)
{
    int64_t left;

    if (!g->shared.current.roster)
        return most;
    if (g->leave_at == ROSTER_NEVER) /* or not, once the clock is put back */
        return most < 0 || LOOK_MILLISECONDS < most ? LOOK_MILLISECONDS : most;
    left = (g->leave_at - os_realtime(g->shared.os)) / NANOSECONDS_PER_MILLISECOND + 1;
    if (left > LOOK_MILLISECONDS)
        left = LOOK_MILLISECONDS;
    if (left < 0)
        left = 0;
    return most < 0 || left < most ? (int)left : most;
}
