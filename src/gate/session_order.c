/* SPDX-License-Identifier: Apache-2.0 */
/* What a session is, and what others ask of it: to end. */
#include "gate/session.h"
#include "gate/worker.h"

void
session_address_text(const struct session *session, char text[ADDRESS_SIZE])
{
    address_text(text, ADDRESS_SIZE, &session->address);
}

/* By the databases that are there now. */
static void
describe_origin(const struct session *s, struct message_origin *described)
{
    struct origin origin;

    if (!s->worker->origins)
        return;
    origins_look_up(s->worker->origins, &s->address, &origin);
    described->is_known = 1;
    described->system = origin.system;
    memcpy(described->country, origin.country, sizeof(described->country));
}

void
session_describe(const struct session *s, struct message_session *message)
{
    memset(message, 0, sizeof(*message));
    message->session = s->id;
    message->opened = s->opened;
    message->port = address_port(&s->address);
    message->tls = s->client.tls != NULL;
    message->replication = s->is_replication;
    snprintf(message->gateway, sizeof(message->gateway), "%s", s->gateway->config->name);
    memcpy(message->principal, s->user, sizeof(message->principal));
    memcpy(message->database, s->database, sizeof(message->database));
    memcpy(message->application, s->application, sizeof(message->application));
    session_address_text(s, message->address);
    describe_origin(s, &message->origin);
}

void
session_kill(struct session *s, int error)
{
    bool is_running = session_state_is_relay(s->state) && s->state != SESSION_IDLE;

    if (s->is_registered)
        session_log(s, EVENT_SESSION_KILLED, error, NULL);
    if (is_running && !cancel_own(s)) {
        /* The server finds out that we are gone when it has something to say. */
    }
    session_fail(s, error, NULL);
    session_watch(s);
}

void
session_drain(struct session *s)
{
    bool is_idle = s->state == SESSION_IDLE && s->transaction == 'I' && s->from_client.left == 0 &&
                   s->from_client.held_length == 0;

    if (is_idle || (session_state_is_early(s->state) && !s->cancels)) {
        session_fail(s, PASU_E_DRAINING, NULL);
        session_watch(s);
    }
}
