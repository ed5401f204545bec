/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/others.h"

/* The supervisor asks every five seconds. */
#define SILENT_AFTER (12 * NANOSECONDS_PER_SECOND)

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
others_heard(struct others *o, const struct os *os)
{
    o->heard_at = os_monotonic(os);
    o->heard_time = os_realtime(os);
}

/* We answer, whatever the supervisor has said last; and whether it does, nobody else can say. */
static void
judge(const struct others *o, struct message_process *process, int64_t now)
{
    if (strcmp(process->name, "keeper") == 0)
        process->state = PROCESS_SERVING;
    if (strcmp(process->name, "supervisor") != 0)
        return;
    process->state = PROCESS_SERVING;
    if (o->heard_at == 0 || now - o->heard_at < SILENT_AFTER)
        return;
    process->state = PROCESS_SILENT;
    process->silent = o->heard_time;
}

void
others_show(const struct others *o, const struct record_keeping *records,
            struct control_client *client)
{
    struct control_ledger trouble;

    for (size_t i = 0; i < o->count; i++) {
        struct message_process process = o->processes[i];

        judge(o, &process, os_monotonic(records->log->os));
        control_frame(client, CONTROL_PROCESS, &process, sizeof(process));
    }
    if (record_trouble(records, &trouble))
        control_frame(client, CONTROL_LEDGER, &trouble, sizeof(trouble));
    if (o->watched.detectors[0][0] != '\0')
        control_frame(client, CONTROL_WATCHED, &o->watched, sizeof(o->watched));
}
