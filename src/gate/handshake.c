/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection until it may speak to the server: PROXY header, TLS with the client, start-up
 * packet, the connection to the server and TLS there; and cancel requests, which take the same way.
 *
 * From the client exactly the bytes of the packet at hand are read, never more: what follows an
 * SSLRequest in clear text can so never be taken for something said inside TLS.
 */
#include "gate/admission.h"
#include "gate/approval.h"
#include "gate/proxy_header.h"
#include "gate/session.h"
#include "gate/verdict.h"

#include "base/memory.h"
#include "gate/tls.h"
#include "postgres/request.h"

#include <errno.h>
#include <openssl/err.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { TLS_HANDSHAKE_RECORD = 0x16, MESSAGE_HEAD = 5, PACKET_HEAD = 4 };

void
handshake_free(struct session *s)
{
    struct handshake *h = s->handshake;

    if (!h)
        return;
    if (h->packet)
        memory_wipe(h->packet, h->packet_size);
    memory_free(h->packet);
    memory_free(h->startup);
    if (h->server)
        memory_wipe(h->server, HANDSHAKE_SERVER_SIZE);
    memory_free(h->server);
    scram_verifier_release(&h->verifier);
    scram_server_release(&h->scram_server);
    scram_client_release(&h->scram_client);
    memory_wipe(h, sizeof(*h));
    memory_free(h);
    s->handshake = NULL;
}

/* ---- reading from the client ---- */

/* Reads until `need` bytes are there. 0 when they are, PASU_E_AGAIN, or an error that ends it. */
static int
fill(struct session *s, uint32_t need)
{
    struct handshake *h = s->handshake;

    if (need > h->packet_size) {
        uint8_t *grown = memory_resize(h->packet, need, 1);

        if (!grown)
            return PASU_E_NOMEM;
        h->packet = grown;
        h->packet_size = need;
    }
    while (h->have < need) {
        ssize_t n = peer_read(&s->client, s->worker->os, h->packet + h->have, need - h->have);

        if (n < 0)
            return (int)n;
        h->have += (uint32_t)n;
    }
    return 0;
}

/* What a failed read means for the session. */
static void
read_failed(struct session *s, int error)
{
    if (error == PASU_E_AGAIN)
        return;
    if (error == PASU_E_EOF)
        session_event(s, EVENT_CLIENT_EOF, VIEW(""));
    else
        session_fail(s, error, NULL);
}

/* The whole packet is there: hand it on, ready for the next one. */
static void
packet_done(struct session *s, enum session_event event)
{
    struct handshake *h = s->handshake;
    struct view packet = view_of(h->packet, h->have);

    h->have = 0;
    session_event(s, event, packet);
}

static bool
read_proxy_header(struct session *s)
{
    struct handshake *h = s->handshake;
    int result = fill(s, PROXY_FIXED_LENGTH);
    int length = result == 0 ? proxy_header_length(h->packet) : result;

    if (length > 0)
        result = fill(s, (uint32_t)length);
    else
        result = length;
    if (result == 0)
        packet_done(s, EVENT_CLIENT_PROXY_HEADER);
    else
        read_failed(s, result);
    return result == 0;
}

static enum session_event
event_of_packet(struct session *s, const struct startup *startup)
{
    switch (startup->kind) {
    case STARTUP_SSL:
        return EVENT_CLIENT_SSL_REQUEST;
    case STARTUP_GSS:
        return EVENT_CLIENT_GSS_REQUEST;
    case STARTUP_CANCEL:
        return EVENT_CLIENT_CANCEL;
    case STARTUP_SESSION:
        break;
    }
    s->is_replication = startup->is_replication;
    memcpy(s->user, startup->user, sizeof(s->user));
    memcpy(s->database, startup->database, sizeof(s->database));
    memcpy(s->application, startup->application, sizeof(s->application));
    return EVENT_CLIENT_STARTUP;
}

static bool
read_packet(struct session *s)
{
    struct handshake *h = s->handshake;
    struct startup startup;
    uint8_t first;
    int result, length;

    if (s->state == SESSION_GREETING && h->have == 0 && s->gateway->client_tls &&
        s->worker->os->peek(s->worker->os->arg, s->client.fd, &first, 1) == 1 &&
        first == TLS_HANDSHAKE_RECORD) {
        h->is_direct_tls = true;
        session_event(s, EVENT_CLIENT_DIRECT_TLS, VIEW(""));
        return true;
    }
    result = fill(s, PACKET_HEAD);
    if (result == 0) {
        length = startup_length(h->packet, s->gateway->config->limits.message_size);
        result = length < 0 ? length : fill(s, (uint32_t)length);
    }
    if (result == 0)
        result = startup_parse(&startup, view_of(h->packet, h->have));
    if (result != 0) {
        read_failed(s, result);
        return false;
    }
    packet_done(s, event_of_packet(s, &startup));
    return true;
}

static bool
read_tls(struct session *s)
{
    int result = peer_handshake(&s->client);

    if (result != 0) {
        if (result == PASU_E_TLS_FAILED)
            session_fail(s, result, NULL);
        else
            read_failed(s, result);
        return false;
    }
    if (s->handshake->is_direct_tls && !tls_has_alpn(s->client.tls)) {
        session_fail(s, PASU_E_TLS_FAILED, "direct TLS without the ALPN protocol \"postgresql\"");
        return false;
    }
    session_event(s, EVENT_GATE_CLIENT_TLS_DONE, VIEW(""));
    return true;
}

static bool
read_message(struct session *s)
{
    struct handshake *h = s->handshake;
    int result = fill(s, MESSAGE_HEAD);
    uint32_t length;
    enum session_event event;

    if (result == 0) {
        length = bytes_get_u32(h->packet + 1);
        event = session_client_event[h->packet[0]];
        if (length < 4 || event != EVENT_CLIENT_PASSWORD) {
            session_event(s, length < 4 ? EVENT_CLIENT_JUNK : event, VIEW(""));
            return false;
        }
        result = length > s->gateway->config->limits.message_size ? PASU_E_MESSAGE_TOO_LONG
                                                                  : fill(s, length + 1);
    }
    if (result != 0) {
        read_failed(s, result);
        return false;
    }
    packet_done(s, EVENT_CLIENT_PASSWORD);
    return true;
}

void
handshake_client_read(struct session *s)
{
    bool more = true;

    if (!s->handshake && !(s->handshake = memory_new(1, sizeof(*s->handshake)))) {
        session_fail(s, PASU_E_NOMEM, NULL);
        return;
    }
    while (more && s->state != SESSION_CLOSED && session_state_is_early(s->state) &&
           session_state_reads(s->state) == READS_CLIENT) {
        if (s->state == SESSION_PROXY_HEADER)
            more = read_proxy_header(s);
        else if (s->state == SESSION_GREETING || s->state == SESSION_GREETING_TLS)
            more = read_packet(s);
        else if (s->state == SESSION_CLIENT_TLS)
            more = read_tls(s);
        else
            more = read_message(s);
    }
}

/* ---- connecting to the server ---- */

int
handshake_server_write(struct session *s, const void *bytes, size_t length)
{
    return peer_write(&s->server, s->worker->os, bytes, length);
}

static void
connected(struct session *s)
{
    session_event(s, s->gateway->server_tls ? EVENT_GATE_CONNECTED_TLS : EVENT_GATE_CONNECTED,
                  VIEW(""));
}

static void
connect_failed(struct session *s, int number)
{
    struct gate_shared *shared = s->worker->shared;
    char server[ENDPOINT_HOST_SIZE + 16], detail[ENDPOINT_HOST_SIZE + 128], reason[64];
    struct message_gateway message = {.gateway = s->gateway->index};

    endpoint_text(server, sizeof(server), &s->gateway->config->upstream);
    snprintf(detail, sizeof(detail), "%s: %s", server, strerror_r(number, reason, sizeof(reason)));
    LOG_EVENT(&shared->log, UPSTREAM_FAILED, F_TEXT("gateway", s->gateway->config->name),
              F_TEXT("upstream", server), F_TEXT("error", reason[0] ? detail : "unknown"));
    if (channel_send(&shared->supervisor, MESSAGE_RESOLVE, &message, sizeof(message), -1) != 0) {
        /* the supervisor looks names up again anyway at the next failure */
    }
    session_fail(s, PASU_E_UPSTREAM_CONNECT, detail);
}

/* Tries the addresses from `upstream_at` on until one begins to connect. */
static void
connect_next(struct session *s, int number)
{
    struct handshake *h = s->handshake;
    const struct os *os = s->worker->os;

    for (; h->upstream_at < h->upstream_count; h->upstream_at++) {
        const struct address *a = &h->upstreams[h->upstream_at];
        int fd = socket(a->u.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        peer_close(&s->server, os);
        if (fd < 0) {
            number = errno;
            continue;
        }
        peer_open(&s->server, fd, a);
        if (os->connect(os->arg, fd, &a->u.any, a->length) == 0 || errno == EINPROGRESS)
            return; /* epoll tells how it went, also where it is done already */
        number = errno;
    }
    peer_close(&s->server, os);
    connect_failed(s, number);
}

void
handshake_connect(struct session *s)
{
    struct handshake *h = s->handshake;

    if (!h->server && !(h->server = memory_new(HANDSHAKE_SERVER_SIZE, 1))) {
        session_fail(s, PASU_E_NOMEM, NULL);
        return;
    }
    connect_next(s, EHOSTUNREACH);
}

static void
connect_ready(struct session *s)
{
    int number = 0;
    socklen_t length = sizeof(number);

    if (getsockopt(s->server.fd, SOL_SOCKET, SO_ERROR, &number, &length) != 0)
        number = errno;
    if (number == 0) {
        connected(s);
        return;
    }
    s->handshake->upstream_at++;
    connect_next(s, number);
}

static void
server_tls_answer(struct session *s)
{
    uint8_t answer = 0;
    ssize_t n = peer_read(&s->server, s->worker->os, &answer, 1);

    if (n == PASU_E_AGAIN)
        return;
    if (n < 0)
        session_event(s, EVENT_SERVER_EOF, VIEW(""));
    else if (answer == 'S')
        session_event(s, EVENT_SERVER_TLS_YES, VIEW(""));
    else if (answer == 'N')
        session_event(s, EVENT_SERVER_TLS_NO, VIEW(""));
    else
        session_event(s, EVENT_SERVER_JUNK, VIEW(""));
}

static void
server_tls_step(struct session *s)
{
    int result = peer_handshake(&s->server);
    long verified;

    if (result == PASU_E_AGAIN)
        return;
    if (result == 0) {
        session_event(s, EVENT_GATE_SERVER_TLS_DONE, VIEW(""));
        return;
    }
    verified = SSL_get_verify_result(s->server.tls);
    session_fail(s, PASU_E_UPSTREAM_TLS,
                 verified == X509_V_OK ? NULL : X509_verify_cert_error_string(verified));
}

void
handshake_server_ready(struct session *s, uint32_t events)
{
    uint8_t unused[64];
    ssize_t n;

    switch ((enum session_state)s->state) {
    case SESSION_CONNECTING:
    case SESSION_CANCEL_CONNECTING:
        if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
            connect_ready(s);
        break;
    case SESSION_SERVER_TLS_ASKED:
    case SESSION_CANCEL_TLS_ASKED:
        server_tls_answer(s);
        break;
    case SESSION_SERVER_TLS:
    case SESSION_CANCEL_TLS:
        server_tls_step(s);
        break;
    case SESSION_CANCEL_SENT:
        n = peer_read(&s->server, s->worker->os, unused, sizeof(unused));
        if (n < 0 && n != PASU_E_AGAIN)
            session_event(s, EVENT_SERVER_EOF, VIEW(""));
        break;
    default:
        if (session_state_reads(s->state) & READS_SERVER)
            auth_server_read(s);
        else if (events & (EPOLLHUP | EPOLLERR))
            session_event(s, EVENT_SERVER_EOF, VIEW(""));
        break;
    }
}

/* ---- what the table asks for ---- */

static void
answer(struct session *s, char byte)
{
    if (peer_write(&s->client, s->worker->os, &byte, 1) != 0)
        session_close(s);
}

static void
start_client_tls(struct session *s)
{
    s->client.tls = tls_accept(s->gateway->client_tls, s->client.fd);
    if (!s->client.tls)
        session_fail(s, PASU_E_NOMEM, NULL);
}

static void
answer_tls(struct session *s)
{
    if (!s->gateway->client_tls) {
        answer(s, 'N');
        return;
    }
    answer(s, 'S');
    if (s->state != SESSION_CLOSED)
        session_event(s, EVENT_CLIENT_DIRECT_TLS, VIEW(""));
}

static void
begin_session(struct session *s, struct view packet)
{
    struct handshake *h = s->handshake;
    int refused;

    if (!trial_begin(s))
        return;
    refused = admission_check(s);
    if (refused != 0) {
        session_fail(s, refused, NULL);
        return;
    }
    if (!verdict_session(s) || !trial_go_on(s))
        return;
    h->startup = memory_new(packet.length, 1);
    if (!h->startup) {
        session_fail(s, PASU_E_NOMEM, NULL);
        return;
    }
    memcpy(h->startup, packet.bytes, packet.length);
    h->startup_length = (uint32_t)packet.length;
    h->upstream_count = settings_addresses(s->settings, s->gateway, h->upstreams);
    handshake_connect(s);
}

static void
begin_cancel(struct session *s, struct view packet)
{
    struct handshake *h = s->handshake;
    struct startup startup;
    char address[ADDRESS_SIZE];

    if (startup_parse(&startup, packet) != 0 ||
        cancel_find(&s->worker->shared->cancels, &h->cancel, s->gateway->index, startup.pid,
                    startup.key) != 0) {
        session_address_text(s, address);
        LOG_EVENT(&s->worker->shared->log, CANCEL_IGNORED,
                  F_TEXT("gateway", s->gateway->config->name), F_TEXT("address", address));
        session_close(s); /* as the server: no answer tells whether the key was right */
        return;
    }
    if (h->cancel.holder) {
        approval_post_cancel(&h->cancel);
        s->worker->shared->cancels_total++;
        session_close(s);
        return;
    }
    h->upstreams[0] = h->cancel.server;
    h->upstream_count = 1;
    handshake_connect(s);
}

static void
send_request(struct session *s, void (*make)(struct writer *))
{
    uint8_t space[16];
    struct writer w = writer_of(space, sizeof(space));

    make(&w);
    if (writer_end(&w) <= 0 || handshake_server_write(s, space, writer_length(&w)) != 0)
        session_event(s, EVENT_SERVER_EOF, VIEW(""));
}

static void
send_cancel(struct session *s)
{
    const struct cancel_target *target = &s->handshake->cancel;
    uint8_t space[16 + CANCEL_KEY_MAX];
    struct writer w = writer_of(space, sizeof(space));

    request_cancel(&w, target->pid, view_of(target->key, target->length));
    s->is_cancel_sent = true;
    s->worker->shared->cancels_total++;
    LOG_EVENT(&s->worker->shared->log, CANCEL_FORWARDED,
              F_TEXT("gateway", s->gateway->config->name), F_UINT("pid", target->pid));
    if (writer_end(&w) <= 0 || handshake_server_write(s, space, writer_length(&w)) != 0)
        session_event(s, EVENT_SERVER_EOF, VIEW(""));
    memory_wipe(space, sizeof(space));
}

static void
start_server_tls(struct session *s)
{
    s->server.tls = tls_connect(s->gateway->server_tls, s->server.fd, s->gateway->config);
    if (!s->server.tls)
        session_fail(s, PASU_E_NOMEM, NULL);
    else
        server_tls_step(s);
}

/* From here on the server can count the session; replication it does not. */
static bool
count_session(struct session *s)
{
    struct through *through = s->worker->shared->through;

    if (!through)
        return true;
    s->through = through_begin(through, s->gateway->config->name, s->database, !s->is_replication);
    return s->through != NULL;
}

static void
send_startup(struct session *s)
{
    if (!count_session(s))
        session_fail(s, PASU_E_NOMEM, NULL);
    else if (handshake_server_write(s, s->handshake->startup, s->handshake->startup_length) != 0)
        session_event(s, EVENT_SERVER_EOF, VIEW(""));
}

static void
greet(struct session *s, struct view header)
{
    struct address told = s->address;

    /* Who is counted is not listed. */
    if (s->is_counted_early || proxy_header_parse(&told, header) != 0) {
        session_fail(s, PASU_E_PROXY_HEADER, NULL);
        return;
    }
    s->address = told;
    s->is_counted_early =
        address_count_add(&s->worker->shared->early, &s->address,
                          s->gateway->config->limits.connections_per_address) == 0;
    if (!s->is_counted_early)
        session_fail(s, PASU_E_TOO_MANY_FROM_ADDRESS, NULL);
}

void
handshake_act(struct session *s, enum session_action action, struct view message)
{
    switch (action) {
    case ACTION_GREET:
        greet(s, message);
        break;
    case ACTION_ANSWER_TLS:
        answer_tls(s);
        break;
    case ACTION_ANSWER_GSS:
        answer(s, 'N');
        break;
    case ACTION_START_CLIENT_TLS:
        start_client_tls(s);
        break;
    case ACTION_CONNECT:
        begin_session(s, message);
        break;
    case ACTION_CANCEL:
        begin_cancel(s, message);
        break;
    case ACTION_SEND_SSL_REQUEST:
        send_request(s, request_ssl);
        break;
    case ACTION_START_SERVER_TLS:
        start_server_tls(s);
        break;
    case ACTION_SEND_STARTUP:
        send_startup(s);
        break;
    case ACTION_SEND_CANCEL:
        send_cancel(s);
        break;
    default:
        session_fail(s, PASU_E_MISUSE, NULL);
        break;
    }
}
