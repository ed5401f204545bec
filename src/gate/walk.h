/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message's head and the session machine: what both relays, the plain one (relay.c) and the one
 * that sees persons (ask.c, answer.c), do for each message that passes.
 */
#ifndef PASU_GATE_WALK_H
#define PASU_GATE_WALK_H

#include "gate/session.h"

enum { WALK_HEAD = 5, WALK_READY = 6 };

/* What a walk over a batch found. */
struct walk {
    const uint8_t *end;       /* up to here the batch may leave */
    enum session_event fault; /* valid when is_fault */
    bool is_fault, is_over;   /* is_over: the client said Terminate */
    uint64_t statements, rows;
};

static inline bool
walk_length_is_valid(uint32_t length)
{
    return length >= 4 && length <= INT32_MAX;
}

/* A Sync between COPY data: the server ignores it. */
static inline bool
walk_is_ignored(const struct session *s, uint8_t type)
{
    return type == 'S' && PASU_UNLIKELY(s->state == SESSION_COPY_IN) && !s->pipeline.is_copy_over;
}

/* The head of a client's message: true when it goes to the server. */
static inline bool
walk_client_head(struct session *s, const uint8_t *at, struct walk *walk)
{
    uint32_t length = bytes_get_u32(at + 1);
    enum session_event event =
        walk_length_is_valid(length) ? session_client_event[at[0]] : EVENT_CLIENT_JUNK;
    struct session_step step = session_table[s->state][event];

    if (PASU_UNLIKELY(step.action != ACTION_FORWARD)) {
        walk->is_over = step.action == ACTION_HALF_CLOSE && length == 4;
        walk->is_fault = !walk->is_over;
        walk->fault = step.action == ACTION_HALF_CLOSE ? EVENT_CLIENT_JUNK : event;
        return false;
    }
    s->state = step.next;
    s->from_client.type = at[0];
    s->from_client.left = length - 4;
    if (event == EVENT_CLIENT_QUERY || event == EVENT_CLIENT_FUNCTION_CALL ||
        event == EVENT_CLIENT_SYNC) {
        if (!walk_is_ignored(s, at[0]))
            pipeline_end_unit(&s->pipeline, event == EVENT_CLIENT_SYNC);
        s->pipeline.is_copy_over &= event == EVENT_CLIENT_SYNC;
        walk->statements += event != EVENT_CLIENT_SYNC;
    } else if (event < EVENT_CLIENT_COPY_DATA) {
        if (event != EVENT_CLIENT_FLUSH)
            pipeline_ask(&s->pipeline);
        s->pipeline.is_copy_over &= event != EVENT_CLIENT_EXECUTE;
        walk->statements += event == EVENT_CLIENT_EXECUTE;
    } else if (event == EVENT_CLIENT_COPY_DONE || event == EVENT_CLIENT_COPY_FAIL) {
        s->pipeline.is_copy_over = true;
    }
    return true;
}

/* ReadyForQuery: the last one due makes the session idle. */
static inline enum session_event
walk_ready(struct session *s, const uint8_t *at)
{
    s->transaction = at[WALK_HEAD];
    return pipeline_ready(&s->pipeline) ? EVENT_SERVER_READY : EVENT_SERVER_READY_MORE;
}

/* What other messages of the server say of what it still owes. */
static inline void
walk_answer(struct session *s, enum session_event event)
{
    switch (event) {
    case EVENT_SERVER_PARSE_COMPLETE:
    case EVENT_SERVER_BIND_COMPLETE:
    case EVENT_SERVER_CLOSE_COMPLETE:
    case EVENT_SERVER_ROW_DESCRIPTION:
    case EVENT_SERVER_NO_DATA:
    case EVENT_SERVER_COMMAND_COMPLETE:
    case EVENT_SERVER_EMPTY_QUERY:
    case EVENT_SERVER_PORTAL_SUSPENDED:
        pipeline_answer(&s->pipeline);
        break;
    case EVENT_SERVER_ERROR:
        pipeline_fail(&s->pipeline);
        break;
    case EVENT_SERVER_COPY_IN:
        pipeline_copy(&s->pipeline);
        break;
    default:
        break;
    }
}

/* The head of a server's message (of ReadyForQuery, all of it): true when it is in order. */
static inline bool
walk_server_head(struct session *s, const uint8_t *at, struct walk *walk)
{
    uint32_t length = bytes_get_u32(at + 1);
    enum session_event event =
        walk_length_is_valid(length) ? session_server_event[at[0]] : EVENT_SERVER_JUNK;
    struct session_step step;

    if (event == EVENT_SERVER_READY)
        event = length == 5 ? walk_ready(s, at) : EVENT_SERVER_JUNK;
    step = session_table[s->state][event];
    if (PASU_UNLIKELY(step.action != ACTION_FORWARD)) {
        walk->is_fault = true;
        walk->fault = event;
        return false;
    }
    s->state = step.next;
    s->from_server.type = at[0];
    s->from_server.left = length - 4;
    if (event == EVENT_SERVER_DATA_ROW || event == EVENT_SERVER_COPY_DATA)
        walk->rows++;
    else
        walk_answer(s, event);
    return true;
}

#endif
