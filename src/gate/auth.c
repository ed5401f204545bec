/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authentication, and what the server says until it is ready.
 *
 * Where the client uses no TLS, the exchange is carried: the server asks, the client answers (of
 * SASL mechanisms, those with channel binding are left out: there is no channel to bind to). Where
 * it uses TLS, SCRAM is done here at both ends (postgres/scram.h), since the client sees our
 * certificate and not the server's. AuthenticationOk is held back until the keeper has written the
 * session down.
 */
#include "gate/backend.h"
#include "gate/inspector.h"
#include "gate/observer.h"
#include "gate/session.h"
#include "gate/standing.h"
#include "gate/tls.h"

#include "base/memory.h"
#include "postgres/request.h"
#include "postgres/response.h"
#include "postgres/sasl.h"

enum {
    HEAD = 5,
    RECORD_TIMEOUT_SECONDS = 5,
    AUTH_OK = 0,
    AUTH_SASL = 10,
    AUTH_SASL_CONTINUE = 11,
    AUTH_SASL_FINAL = 12,
};

static void
to_client(struct session *s, const void *bytes, size_t length)
{
    if (peer_write(&s->client, s->worker->os, bytes, length) != 0)
        session_close(s);
}

static void
to_server(struct session *s, const void *bytes, size_t length)
{
    s->is_asked = false;
    if (handshake_server_write(s, bytes, length) != 0)
        session_event(s, EVENT_SERVER_EOF, VIEW(""));
}

static struct view
body_of(struct view message)
{
    return view_of(message.bytes + HEAD, message.length - HEAD);
}

/* ---- what the server says ---- */

/* The gate does SCRAM itself for a client inside TLS, unless it has no inspector and the server
 * uses no TLS: then the exchange can be carried (though without channel binding). */
static bool
does_scram(const struct session *s, const struct sasl_offer *offer)
{
    if (!s->client.tls || (!offer->scram && !offer->scram_plus))
        return false;
    return s->gateway->config->inspector.user || s->server.tls;
}

static enum session_event
event_of_authentication(struct session *s, struct view message)
{
    struct view body = body_of(message);
    struct sasl_offer offer;

    if (body.length < 4)
        return EVENT_SERVER_JUNK;
    s->is_asked =
        bytes_get_u32(body.bytes) != AUTH_OK && bytes_get_u32(body.bytes) != AUTH_SASL_FINAL;
    switch (bytes_get_u32(body.bytes)) {
    case AUTH_OK:
        return body.length == 4 ? EVENT_SERVER_AUTH_OK : EVENT_SERVER_JUNK;
    case AUTH_SASL:
        if (sasl_offer_parse(&offer, view_of(body.bytes + 4, body.length - 4)) != 0)
            return EVENT_SERVER_JUNK;
        s->handshake->was_asked = true;
        s->handshake->server_plus = offer.scram_plus;
        return does_scram(s, &offer) ? EVENT_SERVER_AUTH_SCRAM : EVENT_SERVER_AUTH_ASKS;
    case AUTH_SASL_CONTINUE:
        return EVENT_SERVER_AUTH_SASL_CONTINUE;
    case AUTH_SASL_FINAL:
        return EVENT_SERVER_AUTH_SASL_FINAL;
    default: /* clear text, md5, GSS, SSPI: an answer is due */
        s->handshake->was_asked = true;
        return EVENT_SERVER_AUTH_ASKS;
    }
}

/* The next whole message of the server, or a length of 0. */
static struct view
next_message(struct session *s, size_t at)
{
    const struct handshake *h = s->handshake;
    size_t have = h->server_have - at;
    uint32_t length;

    if (have < HEAD)
        return VIEW("");
    length = bytes_get_u32(h->server + at + 1);
    if (length < 4 || length > HANDSHAKE_SERVER_SIZE - 1) {
        session_event(s, EVENT_SERVER_JUNK, VIEW(""));
        return VIEW("");
    }
    return have < length + 1 ? VIEW("") : view_of(h->server + at, length + 1);
}

static void
take_ready(struct session *s, struct view message, size_t rest)
{
    struct handshake *h = s->handshake;
    uint8_t *server = h->server;
    size_t at = (size_t)(message.bytes - server) + message.length;

    if (message.length != HEAD + 1) {
        session_event(s, EVENT_SERVER_JUNK, VIEW(""));
        return;
    }
    s->transaction = message.bytes[HEAD];
    if (s->through)
        through_ready(s->through);
    session_event(s, EVENT_SERVER_READY, message);
    if (s->state != SESSION_IDLE)
        return;
    h->server = NULL; /* outlives the handshake for the bytes behind the message */
    handshake_free(s);
    relay_server_bytes(s, server + at, rest);
    memory_wipe(server, HANDSHAKE_SERVER_SIZE);
    memory_free(server);
    if (s->state == SESSION_IDLE && s->worker->shared->is_draining)
        session_drain(s);
}

static void
take_messages(struct session *s)
{
    size_t at = 0;

    while (s->handshake && (session_state_reads(s->state) & READS_SERVER)) {
        struct handshake *h = s->handshake;
        struct view message = next_message(s, at);
        enum session_event event;

        if (message.length == 0)
            break;
        at += message.length;
        event = session_server_event[message.bytes[0]];
        if (event == EVENT_SERVER_READY) {
            take_ready(s, message, h->server_have - at);
            return;
        }
        if (event == EVENT_SERVER_AUTHENTICATION)
            event = event_of_authentication(s, message);
        s->from_server.type = message.bytes[0];
        s->is_let_in |= message.bytes[0] == 'S';
        session_event(s, event, message);
    }
    if (s->handshake && s->handshake->server) {
        struct handshake *h = s->handshake;

        memmove(h->server, h->server + at, h->server_have - at);
        h->server_have -= (uint32_t)at;
    }
}

void
auth_server_read(struct session *s)
{
    struct handshake *h = s->handshake;
    ssize_t n;

    do {
        if (h->server_have == HANDSHAKE_SERVER_SIZE) {
            session_event(s, EVENT_SERVER_JUNK, VIEW(""));
            return;
        }
        n = peer_read(&s->server, s->worker->os, h->server + h->server_have,
                      HANDSHAKE_SERVER_SIZE - h->server_have);
        if (n < 0) {
            if (n != PASU_E_AGAIN) {
                s->server.is_over = true;
                session_event(s, EVENT_SERVER_EOF, VIEW(""));
            }
            return;
        }
        h->server_have += (uint32_t)n;
        take_messages(s);
        h = s->handshake;
    } while (h && peer_has_pending(&s->server) && (session_state_reads(s->state) & READS_SERVER));
}

/* ---- carried ---- */

/* AuthenticationSASL without the mechanisms that bind to a channel. */
static void
forward_mechanisms(struct session *s, struct view body)
{
    uint8_t space[1024];
    const char *names[16];
    size_t count = 0;
    struct reader r = reader_of(view_of(body.bytes + 4, body.length - 4));
    struct writer w = writer_of(space, sizeof(space));

    while (reader_left(&r) > 1 && count < COUNT_OF(names)) {
        struct view name = reader_text(&r);
        bool binds = name.length > 5 && memcmp(name.bytes + name.length - 5, "-PLUS", 5) == 0;

        if (!r.failed && name.length > 0 && !binds)
            names[count++] = (const char *)name.bytes;
    }
    if (count == 0) {
        session_fail(s, PASU_E_AUTH_METHOD, "SASL with channel binding only");
        return;
    }
    response_auth_sasl(&w, names, count);
    if (writer_end(&w) > 0)
        to_client(s, space, writer_length(&w));
    else
        session_fail(s, PASU_E_UPSTREAM_PROTOCOL, NULL);
}

static void
see_parameter(struct session *s, struct view body)
{
    struct reader r = reader_of(body);
    struct view name = reader_text(&r), value = reader_text(&r);

    if (reader_end(&r) == 0)
        observer_parameter(s, name, value);
}

static void
forward(struct session *s, struct view message)
{
    if (message.bytes[0] == 'p') {
        to_server(s, message.bytes, message.length);
    } else if (message.bytes[0] == 'R' && message.length >= HEAD + 4 &&
               bytes_get_u32(message.bytes + HEAD) == AUTH_SASL) {
        forward_mechanisms(s, body_of(message));
    } else {
        if (message.bytes[0] == 'S' && s->observer)
            see_parameter(s, body_of(message));
        to_client(s, message.bytes, message.length);
    }
}

/* ---- SCRAM at both ends ---- */

static void
fetch_verifier(struct session *s)
{
    int result = PASU_E_AUTH_VERIFIER;

    if (s->gateway->config->inspector.user)
        result = inspector_ask(s->worker->shared->inspector, s->worker, s->id, s->settings,
                               s->gateway->index, s->user);
    if (result != 0)
        session_fail(s, PASU_E_AUTH_VERIFIER,
                     s->gateway->config->inspector.user ? error_text(result)
                                                        : "gateway.inspector is not configured");
}

void
auth_verifier(struct session *s, int error, const struct scram_verifier *verifier)
{
    if (s->state != SESSION_SCRAM_VERIFIER)
        return;
    if (error != 0) {
        session_fail(s, PASU_E_AUTH_VERIFIER, NULL);
    } else {
        s->handshake->verifier = *verifier;
        session_event(s, EVENT_GATE_VERIFIER, VIEW(""));
    }
    if (s->state != SESSION_CLOSED)
        session_watch(s);
}

static void
offer_scram(struct session *s)
{
    static const char *const with_plus[] = {SCRAM_MECHANISM_PLUS, SCRAM_MECHANISM};
    uint8_t space[128];
    struct writer w = writer_of(space, sizeof(space));
    bool has_binding = s->gateway->binding.length > 0;

    response_auth_sasl(&w, with_plus + !has_binding, has_binding ? 2 : 1);
    to_client(s, space, writer_length(&w));
}

static void
scram_failed(struct session *s, int error)
{
    session_fail(
        s, error == PASU_E_MALFORMED || error == PASU_E_PROTOCOL ? PASU_E_MESSAGE_INVALID : error,
        error == PASU_E_MALFORMED ? "SCRAM" : NULL);
}

static void
scram_client_first_message(struct session *s, struct view message)
{
    struct handshake *h = s->handshake;
    struct view mechanism, data, reply;
    uint8_t space[SCRAM_MESSAGE_MAX + 32];
    struct writer w = writer_of(space, sizeof(space));
    int result = sasl_initial_parse(body_of(message), &mechanism, &data);

    if (result == 0)
        result = scram_server_init(&h->scram_server, s->worker->os, mechanism, &h->verifier,
                                   &s->gateway->binding);
    if (result == 0)
        result = scram_server_first(&h->scram_server, data, &reply);
    if (result != 0) {
        scram_failed(s, result);
        return;
    }
    response_auth_sasl_continue(&w, reply);
    to_client(s, space, writer_length(&w));
}

/* The client has proved itself: its key opens the server for it. */
static void
scram_client_final_message(struct session *s, struct view message)
{
    struct handshake *h = s->handshake;
    struct scram_key key = {0};
    struct scram_binding binding = {0};
    struct view reply, first;
    uint8_t space[SCRAM_MESSAGE_MAX + 64];
    struct writer w = writer_of(space, sizeof(space));
    int result = scram_server_final(&h->scram_server, body_of(message), &reply, &key);

    if (result == 0) {
        memcpy(h->server_final, reply.bytes, reply.length);
        h->server_final_length = reply.length;
        if (s->server.tls && h->server_plus &&
            scram_binding_of(SSL_get0_peer_certificate(s->server.tls), &binding) != 0)
            binding.length = 0;
        result =
            scram_client_init_key(&h->scram_client, s->worker->os, &h->verifier, &key, &binding);
    }
    if (result == 0)
        result = scram_client_first(&h->scram_client, &first);
    scram_key_release(&key);
    if (result != 0) {
        scram_failed(s, result);
        return;
    }
    request_sasl_initial(&w, scram_client_mechanism(&h->scram_client), first);
    to_server(s, space, writer_length(&w));
}

static void
scram_server_first_message(struct session *s, struct view message)
{
    struct view body = body_of(message), reply;
    uint8_t space[SCRAM_MESSAGE_MAX + 32];
    struct writer w = writer_of(space, sizeof(space));
    int result = scram_client_final(&s->handshake->scram_client,
                                    view_of(body.bytes + 4, body.length - 4), &reply);

    if (result != 0) {
        session_fail(s, PASU_E_AUTH_SERVER, NULL);
        return;
    }
    request_sasl(&w, reply);
    to_server(s, space, writer_length(&w));
}

static void
scram_server_final_message(struct session *s, struct view message)
{
    struct view body = body_of(message);

    if (scram_client_verify(&s->handshake->scram_client,
                            view_of(body.bytes + 4, body.length - 4)) != 0)
        session_fail(s, PASU_E_AUTH_SERVER, NULL);
}

/* ---- admission ---- */

/* A server that trusts our own certificate trusts us, not the client: the client must then have
 * shown a certificate of its own, in the name it gives. */
static bool
certificate_is_fine(const struct session *s)
{
    char name[NAME_SIZE];

    if (!s->gateway->config->upstream_tls.certificate.path || s->handshake->was_asked)
        return true;
    return s->client.tls && tls_peer_name(s->client.tls, name, sizeof(name)) == 0 &&
           strcmp(name, s->user) == 0;
}

/* Without the past nobody can be counted, nor keys be given ordinals. */
static bool
is_past_missed(const struct session *s)
{
    const struct config *config = s->settings->config;

    return s->worker->shared->past_error != 0 && !standing_fails_open(s) &&
           config->personal_count + config->never.count > 0;
}

static void
record(struct session *s)
{
    struct message_session message;
    int result;

    if (!certificate_is_fine(s)) {
        session_fail(s, PASU_E_AUTH_CERTIFICATE, NULL);
        return;
    }
    if (is_past_missed(s)) {
        session_fail(s, PASU_E_LEDGER_UNREADABLE, error_text(s->worker->shared->past_error));
        return;
    }
    session_describe(s, &message);
    s->deadline = os_monotonic(s->worker->os) + RECORD_TIMEOUT_SECONDS * NANOSECONDS_PER_SECOND;
    result =
        keeper_link_record(&s->worker->shared->keeper, MESSAGE_OPENED, &message, sizeof(message));
    if (result != 0 && result != PASU_E_EOF) { /* the next keeper is asked, if it comes in time */
        /* By way of the inbox: we are in the middle of the server's messages. */
        struct task *task = task_new(TASK_RECORDED, s->id);

        if (!task) {
            session_fail(s, PASU_E_NOMEM, NULL);
            return;
        }
        task->error = result;
        worker_post(s->worker, task);
    }
}

static void
admit(struct session *s)
{
    struct handshake *h = s->handshake;
    uint8_t space[SCRAM_MESSAGE_MAX + 64];
    struct writer w = writer_of(space, sizeof(space));

    if (h->server_final_length > 0)
        response_auth_sasl_final(&w, view_of(h->server_final, h->server_final_length));
    response_auth_ok(&w);
    peer_defer(&s->client); /* some twenty short messages follow: one packet */
    to_client(s, space, writer_length(&w));
    if (s->state == SESSION_STARTING)
        take_messages(s);
}

/* The server has let the client prove itself, so that what it says next is for that client. It has
 * as long as the keeper had. */
static void
hear(struct session *s)
{
    s->deadline = os_monotonic(s->worker->os) + RECORD_TIMEOUT_SECONDS * NANOSECONDS_PER_SECOND;
    take_messages(s);
    if (s->state == SESSION_HEARING)
        auth_server_read(s);
}

static void
key_data(struct session *s, struct view message)
{
    struct handshake *h = s->handshake;
    struct reader r = reader_of(body_of(message));
    uint32_t pid = reader_u32(&r);
    struct view key = reader_bytes(&r, reader_left(&r));
    uint8_t space[CANCEL_KEY_MAX + 16];
    struct writer w = writer_of(space, sizeof(space));
    int result = PASU_E_UPSTREAM_PROTOCOL;

    if (!r.failed && key.length >= 4 && !s->cancel)
        result = cancel_add(&s->worker->shared->cancels, &s->cancel, s->gateway->index, pid, key,
                            &h->upstreams[h->upstream_at]);
    if (result != 0) {
        session_fail(s, result, NULL);
        return;
    }
    s->server_process = pid;
    if (s->through)
        through_process(s->through, pid);
    if (pid != 0)
        backend_tell(&s->worker->shared->keeper, s->id, pid, s->server.fd, s->gateway->config->name,
                     s->database);
    response_key_data(&w, pid, view_of(s->cancel->keys, s->cancel->length));
    to_client(s, space, writer_length(&w));
}

bool
auth_is_refused(const struct session *s)
{
    return !s->is_let_in && (s->is_asked || s->from_server.type == 'E');
}

void
auth_end(const struct session *s)
{
    if (s->through && !s->cancel && !auth_is_refused(s) && s->server.fd >= 0)
        backend_tell(&s->worker->shared->keeper, s->id, 0, s->server.fd, s->gateway->config->name,
                     s->database);
}

void
auth_act(struct session *s, enum session_action action, struct view message)
{
    switch (action) {
    case ACTION_FORWARD:
        forward(s, message);
        break;
    case ACTION_FETCH_VERIFIER:
        fetch_verifier(s);
        break;
    case ACTION_OFFER_SCRAM:
        offer_scram(s);
        break;
    case ACTION_SCRAM_CLIENT_FIRST:
        scram_client_first_message(s, message);
        break;
    case ACTION_SCRAM_CLIENT_FINAL:
        scram_client_final_message(s, message);
        break;
    case ACTION_SCRAM_SERVER_FIRST:
        scram_server_first_message(s, message);
        break;
    case ACTION_SCRAM_SERVER_FINAL:
        scram_server_final_message(s, message);
        break;
    case ACTION_RECORD:
        record(s);
        break;
    case ACTION_ADMIT:
        admit(s);
        break;
    case ACTION_HEAR:
        hear(s);
        break;
    case ACTION_KEY_DATA:
        key_data(s, message);
        break;
    default:
        session_fail(s, PASU_E_MISUSE, NULL);
        break;
    }
}
