/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/others.h"

void
others_process(struct others *o, const struct message_process *process)
{
    for (size_t i = 0; i < o->count; i++)
        if (strcmp(o->processes[i].name, process->name) == 0) {
            o->processes[i] = *process;
            if (process->pid == 0 && strcmp(process->name, "watcher") == 0)
                o->watched = (struct message_watched){0}; /* what it knew has gone with it */
            return;
        }
    if (o->count < OTHERS_MAX)
        o->processes[o->count++] = *process;
}

void
others_watched(struct others *o, const struct channel_message *message)
{
    memcpy(&o->watched, message->body, sizeof(o->watched));
    for (size_t i = 0; i < WATCHED_DETECTORS; i++) {
        o->watched.untestable[i][WATCHED_REASON_SIZE - 1] = '\0';
        o->watched.detectors[i][FINDING_DETECTOR_SIZE - 1] = '\0';
    }
}

void
others_show(const struct others *o, struct control_client *client)
{
    for (size_t i = 0; i < o->count; i++)
        control_frame(client, CONTROL_PROCESS, &o->processes[i], sizeof(o->processes[i]));
    if (o->watched.detectors[0][0] != '\0')
        control_frame(client, CONTROL_WATCHED, &o->watched, sizeof(o->watched));
}
