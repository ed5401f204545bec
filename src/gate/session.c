/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/session.h"

#include "base/memory.h"
#include "gate/approval.h"
#include "gate/bulk.h"
#include "gate/observer.h"
#include "gate/standing.h"
#include "gate/underway.h"
#include "postgres/request.h"
#include "postgres/response.h"

#include <errno.h>
#include <sys/epoll.h>

enum {
    LINGER_MILLISECONDS = 2000, /* how long a refused client may take to read why */
    ERROR_SIZE = 1280,
};

static struct session **
head_by_id(struct worker *worker, uint64_t id)
{
    return &worker->by_id[(id >> WORKER_INDEX_BITS) % WORKER_SESSION_HEADS];
}

struct session *
session_find(struct worker *worker, uint64_t id)
{
    struct session *s = *head_by_id(worker, id);

    while (s && s->id != id)
        s = s->next_by_id;
    return s;
}

/* What every new session needs; settings, gateway and state are there. */
static void
set_up(struct session *s, struct worker *worker, uint64_t random)
{
    s->worker = worker;
    s->id = (random & ~(uint64_t)((1u << WORKER_INDEX_BITS) - 1)) | worker->index;
    s->opened = os_realtime(worker->os);
    s->deadline = os_monotonic(worker->os) + s->gateway->config->limits.handshake_time;
    s->transaction = 'I';
    peer_init(&s->client, SIDE_CLIENT, &worker->poller);
    peer_init(&s->server, SIDE_SERVER, &worker->poller);
    list_append(&worker->sessions, &s->all);
    list_append(&worker->early, &s->early);
    list_init(&s->again);
    list_init(&s->bulk);
    s->next_by_id = *head_by_id(worker, s->id);
    *head_by_id(worker, s->id) = s;
    worker->session_count++;
}

void
session_accept(struct worker *worker, const struct task *task)
{
    struct session *s = memory_new(1, sizeof(*s));
    const struct os *os = worker->os;
    uint64_t random = 0;

    if (!s || os->random(os->arg, &random, sizeof(random)) != 0) {
        memory_free(s);
        os->close(os->arg, task->fd);
        if (task->is_counted)
            address_count_remove(&worker->shared->early, &task->address);
        settings_release(task->settings);
        return;
    }
    s->settings = task->settings;
    s->gateway = &task->settings->gateways[task->gateway];
    s->address = task->address;
    s->is_counted_early = task->is_counted;
    s->state = task->is_proxy ? SESSION_PROXY_HEADER : SESSION_GREETING;
    set_up(s, worker, random);
    peer_open(&s->client, task->fd, &task->address);
    session_watch(s);
    if (worker->shared->is_draining)
        session_fail(s, PASU_E_DRAINING, NULL);
}

struct session *
session_new_own(struct session *beside)
{
    struct session *s = memory_new(1, sizeof(*s));
    struct worker *worker = beside->worker;
    uint64_t random = 0;

    if (!s || worker->os->random(worker->os->arg, &random, sizeof(random)) != 0) {
        memory_free(s);
        return NULL;
    }
    s->settings = settings_hold(beside->settings);
    s->gateway = beside->gateway;
    s->address = beside->address;
    s->state = SESSION_CANCEL_CONNECTING;
    set_up(s, worker, random);
    return s;
}

/* ---- watching ---- */

/* Whether it may be received ahead of, and a send may wait; a bulk stream is read directly. */
static bool
may_receive(const struct session *s, const struct peer *peer)
{
    return session_state_is_relay(s->state) && !peer->tls &&
           (peer->side == SIDE_CLIENT || !bulk_is(s));
}

void
session_watch(struct session *s)
{
    enum session_reads reads = session_state_reads(s->state);
    uint32_t client = 0, server = 0;

    if (s->state == SESSION_CLOSED)
        return;
    if ((reads & READS_CLIENT) && !peer_is_full(&s->server) && !s->client.is_over &&
        !(s->observer && s->observer->is_waiting))
        client |= EPOLLIN;
    if (s->state == SESSION_CLOSING && !s->client.is_over)
        client |= EPOLLIN;
    if (!(client & EPOLLIN) && !s->client.is_over &&
        (session_state_is_early(s->state) || approval_holds_client(s)))
        client |= EPOLLRDHUP;
    if (s->client.out && !s->client.is_held && s->observer)
        underway_wait(s);
    if ((peer_is_full(&s->client) && !s->client.is_held) || s->client.wants_write)
        client |= EPOLLOUT;
    if ((reads & READS_SERVER) && !peer_is_full(&s->client) && !s->server.is_over &&
        !approval_holds_server(s) && (!bulk_is_timed(s) || s->server.has_received))
        server |= EPOLLIN;
    if ((peer_is_full(&s->server) && !s->server.is_held) || s->server.wants_write)
        server |= EPOLLOUT;
    if (s->state == SESSION_CONNECTING || s->state == SESSION_CANCEL_CONNECTING)
        server = EPOLLOUT;
    poller_watch(&s->worker->poller, &s->client, client, may_receive(s, &s->client));
    poller_watch(&s->worker->poller, &s->server, server, may_receive(s, &s->server));
}

/* ---- end ---- */

static void
leave_early(struct session *s)
{
    list_remove(&s->early);
    if (s->is_counted_early)
        address_count_remove(&s->worker->shared->early, &s->address);
    s->is_counted_early = false;
}

static void
record_end(struct session *s)
{
    struct gate_shared *shared = s->worker->shared;

    if (s->is_registered || s->is_recorded) { /* opened in the ledger: it must be closed there */
        struct message_closed closed = {.session = s->id,
                                        .closed = os_realtime(s->worker->os),
                                        .error = s->error,
                                        .counts = s->counts};

        if (keeper_link_record(&shared->keeper, MESSAGE_CLOSED, &closed, sizeof(closed)) != 0)
            shared->unrecorded_total++;
        session_log(s, s->error ? EVENT_SESSION_ABORTED : EVENT_SESSION_CLOSED, s->error, NULL);
        return;
    }
    keeper_link_withdraw(&shared->keeper, s->id);
    if (s->trial) {
        trial_end(s);
    } else if (s->error) {
        struct message_refused refused = {
            .at = os_realtime(s->worker->os), .error = s->error, .port = address_port(&s->address)};

        session_address_text(s, refused.address);
        snprintf(refused.gateway, sizeof(refused.gateway), "%s", s->gateway->config->name);
        memcpy(refused.principal, s->user, sizeof(refused.principal));
        memcpy(refused.database, s->database, sizeof(refused.database));
        shared->refused_total++;
        if (keeper_link_record(&shared->keeper, MESSAGE_REFUSED, &refused, sizeof(refused)) != 0)
            shared->unrecorded_total++;
    }
}

bool
session_leave(struct session *s)
{
    struct observer *o = s->observer;

    if (!o || s->is_left || s->worker->is_stopping || s->server.fd < 0 || s->server.is_over ||
        s->server.is_held || (!session_state_is_relay(s->state) && s->state != SESSION_LEAVING) ||
        o->exchange.count == 0 || !underway_is_any(s))
        return false;
    s->is_left = o->is_muted = true;
    hold_release(&o->hold);
    o->is_waiting = o->is_ready_held = s->client.is_held = false;
    kept_release(&o->backlog);
    approval_leave(s);
    peer_close(&s->client, s->worker->os);
    if (s->state != SESSION_LEAVING)
        session_event(s, EVENT_CLIENT_EOF, VIEW(""));
    s->client.is_over = true;
    session_again(s);
    return true;
}

void
session_close(struct session *s)
{
    struct session **at, *cancelled;

    if (s->all.next == &s->all || session_leave(s))
        return; /* closed before, or later */
    underway_end(s);
    approval_leave(s);
    s->state = SESSION_CLOSED;
    auth_end(s);
    record_end(s);
    leave_early(s);
    cancel_remove(&s->worker->shared->cancels, s->cancel);
    s->cancel = NULL;
    handshake_free(s);
    observer_free(s);
    peer_close(&s->client, s->worker->os);
    peer_close(&s->server, s->worker->os);
    through_end(s->through, auth_is_refused(s));
    s->through = NULL;
    list_remove(&s->again);
    list_remove(&s->bulk);
    list_remove(&s->all);
    for (at = head_by_id(s->worker, s->id); *at != s; at = &(*at)->next_by_id)
        ;
    *at = s->next_by_id;
    s->worker->session_count--;
    settings_release(s->settings);
    s->settings = NULL;
    cancelled = s->cancels ? session_find(s->worker, s->cancels) : NULL;
    if (cancelled)
        observer_cancelled(cancelled, s->is_cancel_sent && s->error);
    list_append(&s->worker->dead, &s->early);
}

void
session_free(struct session *session)
{
    memory_free(session);
}

/* The client has all that it will get: say so, and wait a little until it has read it. */
static void
finish_client(struct session *s)
{
    peer_settle(&s->client);
    if (peer_is_full(&s->client) || s->client.fd < 0)
        return;
    if (s->client.is_over) {
        session_event(s, EVENT_GATE_FLUSHED, VIEW(""));
        return;
    }
    peer_shutdown(&s->client);
}

static void
begin_closing(struct session *s)
{
    uint8_t space[8];
    struct writer w = writer_of(space, sizeof(space));

    underway_end(s);
    approval_leave(s);
    peer_settle(&s->server);
    if (s->server.fd >= 0 && !s->server.is_over && s->is_registered && s->from_client.left == 0 &&
        !peer_is_full(&s->server)) {
        request_terminate(&w);
        if (writer_end(&w) > 0 &&
            peer_write(&s->server, s->worker->os, space, writer_length(&w)) != 0)
            s->server.is_over = true;
    }
    peer_close(&s->server, s->worker->os);
    cancel_remove(&s->worker->shared->cancels, s->cancel);
    s->cancel = NULL;
    s->deadline = os_monotonic(s->worker->os) + LINGER_MILLISECONDS * NANOSECONDS_PER_MILLISECOND;
    if (list_is_empty(&s->early))
        list_append(&s->worker->early, &s->early);
    if (s->is_left)
        session_close(s);
    else
        finish_client(s);
}

static void
send_error(struct session *s, const char *detail)
{
    uint8_t space[ERROR_SIZE];
    struct writer w = writer_of(space, sizeof(space));

    if (s->from_server.left > 0 || s->client.fd < 0 ||
        (s->client.tls && !SSL_is_init_finished(s->client.tls)))
        return; /* inside a message or a handshake there is no place for another */
    if (s->error == PASU_E_AUTH_FAILED)
        response_error_password(&w, view_of_text(s->user));
    else
        response_error(&w, SEVERITY_FATAL, s->error, detail);
    if (writer_end(&w) > 0 && peer_write(&s->client, s->worker->os, space, writer_length(&w)) != 0)
        s->client.is_over = true;
}

void
session_fail(struct session *s, int error, const char *detail)
{
    bool is_said = s->observer && s->observer->is_ended;

    if (s->state == SESSION_CLOSED)
        return;
    if (s->state == SESSION_CLOSING) {
        session_close(s);
        return;
    }
    s->error = error;
    if (!s->is_registered)
        session_log(s, s->trial ? EVENT_CONTROL_TRIED : EVENT_SESSION_REFUSED, error, detail);
    if (!is_said) /* behind the rows (answer_block), or in place of what is too long (ask_long) */
        send_error(s, detail);
    if (error != PASU_E_KILLED && error != PASU_E_LEFT && error != PASU_E_BUDGET_SESSION &&
        error != PASU_E_RULE_CLOSES && session_leave(s))
        return;
    session_event(s, EVENT_GATE_FAIL, VIEW(""));
}

static void
violation(struct session *s, enum session_event event)
{
    if (event == EVENT_CLIENT_JUNK)
        session_fail(s, PASU_E_MESSAGE_INVALID, NULL);
    else if (event <= EVENT_CLIENT_EOF)
        session_fail(s, PASU_E_MESSAGE_UNEXPECTED, session_state_name(s->state));
    else
        session_fail(s, PASU_E_UPSTREAM_PROTOCOL, session_state_name(s->state));
}

void
session_event(struct session *s, enum session_event event, struct view message)
{
    enum session_state before = s->state;
    struct session_step step = session_step(before, event);
    enum session_action action = step.action;

    if (action == ACTION_VIOLATION) {
        violation(s, event);
        return;
    }
    if (action == ACTION_REFUSE && event == EVENT_SERVER_EOF) {
        session_fail(s, PASU_E_UPSTREAM_LOST, session_state_name(before));
        return;
    }
    if (action == ACTION_REFUSE && before == SESSION_HEARING && event != EVENT_GATE_FAIL) {
        session_fail(s, PASU_E_CATALOG_UNAVAILABLE, error_text(s->uncataloged));
        return;
    }
    if (action == ACTION_REFUSE && event == EVENT_SERVER_TLS_NO) {
        session_fail(s, PASU_E_UPSTREAM_TLS, "the server does not support TLS");
        return;
    }
    s->state = step.next;
    switch (action) {
    case ACTION_CLOSE:
        if (event == EVENT_CLIENT_EOF && session_state_is_early(before) && !s->error)
            session_log(s, EVENT_CONNECTION_LOST, 0, NULL);
        session_close(s);
        return;
    case ACTION_REFUSE:
        begin_closing(s);
        break;
    case ACTION_FINISH:
        if (before != SESSION_LEAVING && s->from_server.type != 'E') {
            s->error = PASU_E_UPSTREAM_LOST;
            send_error(s, NULL);
        }
        begin_closing(s);
        break;
    case ACTION_HALF_CLOSE:
        s->client.is_over = event == EVENT_CLIENT_EOF;
        peer_settle(&s->server);
        if (!peer_is_full(&s->server))
            peer_shutdown(&s->server);
        break;
    case ACTION_VIOLATION:
    case ACTION_NONE:
    case SESSION_ACTION_COUNT:
        break;
    case ACTION_GREET:
    case ACTION_ANSWER_TLS:
    case ACTION_ANSWER_GSS:
    case ACTION_START_CLIENT_TLS:
    case ACTION_CONNECT:
    case ACTION_CANCEL:
    case ACTION_SEND_SSL_REQUEST:
    case ACTION_START_SERVER_TLS:
    case ACTION_SEND_STARTUP:
    case ACTION_SEND_CANCEL:
        handshake_act(s, action, message);
        break;
    case ACTION_FORWARD:
    case ACTION_FETCH_VERIFIER:
    case ACTION_OFFER_SCRAM:
    case ACTION_SCRAM_CLIENT_FIRST:
    case ACTION_SCRAM_CLIENT_FINAL:
    case ACTION_SCRAM_SERVER_FIRST:
    case ACTION_SCRAM_SERVER_FINAL:
    case ACTION_RECORD:
    case ACTION_ADMIT:
    case ACTION_HEAR:
    case ACTION_KEY_DATA:
        auth_act(s, action, message);
        break;
    }
}

/* ---- the poller's word ---- */

static void
discard_client(struct session *s)
{
    ssize_t n;

    do
        n = peer_read(&s->client, s->worker->os, s->worker->buffer, WORKER_BUFFER_SIZE);
    while (n > 0 && peer_has_pending(&s->client));
    if (n < 0 && n != PASU_E_AGAIN) {
        s->client.is_over = true;
        session_event(s, EVENT_CLIENT_EOF, VIEW(""));
    }
}

static void
flush_peer(struct session *s, struct peer *peer)
{
    int result = peer_flush(peer, s->worker->os);

    if (result == PASU_E_AGAIN)
        return;
    if (result != 0) {
        if (peer->side == SIDE_CLIENT) {
            session_close(s);
        } else { /* its own end will be read */
            peer_discard(peer);
            peer->is_broken = true;
        }
        return;
    }
    session_again(s);
    if (s->state == SESSION_CLOSING && peer->side == SIDE_CLIENT)
        finish_client(s);
    else if (s->state == SESSION_LEAVING && peer->side == SIDE_SERVER)
        peer_shutdown(&s->server);
}

/* It is gone for good, and cannot be read now. What it had sent before is read when the other side
 * takes bytes again, and then its end. */
static void
gone(struct session *s, struct peer *peer, uint32_t events)
{
    bool is_client = peer->side == SIDE_CLIENT;
    bool is_read = session_state_reads(s->state) & (is_client ? READS_CLIENT : READS_SERVER);

    if (is_read && !(is_client && (events & EPOLLERR)))
        peer->is_hung = true;
    else if (is_client)
        session_close(s); /* what it still should get cannot reach it */
    else
        session_event(s, EVENT_SERVER_EOF, VIEW(""));
}

void
session_ready(struct session *s, struct peer *peer, uint32_t events)
{
    bool is_client = peer->side == SIDE_CLIENT;
    enum session_reads mine = is_client ? READS_CLIENT : READS_SERVER;

    if (s->state == SESSION_CLOSED || peer->fd < 0)
        return;
    if (PASU_UNLIKELY(events & EPOLLOUT) && peer_is_full(peer)) {
        flush_peer(s, peer);
        if (s->state == SESSION_CLOSED)
            return;
        if (peer->fd < 0) { /* it has left */
            session_watch(s);
            return;
        }
    }
    if (PASU_UNLIKELY(is_client && approval_holds_client(s) &&
                      (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))) {
        approval_client_gone(s);
    } else if (PASU_UNLIKELY(session_state_is_early(s->state) || s->state == SESSION_STARTING ||
                             s->state == SESSION_CLOSING)) {
        if (is_client && s->state == SESSION_CLOSING)
            discard_client(s);
        else if (is_client && (session_state_reads(s->state) & READS_CLIENT))
            handshake_client_read(s);
        else if (is_client && (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
            session_event(s, EVENT_CLIENT_EOF, VIEW(""));
        else if (!is_client)
            handshake_server_ready(s, events);
    } else if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        if ((session_state_reads(s->state) & mine) &&
            !(is_client ? s->observer && s->observer->is_waiting : approval_holds_server(s)) &&
            !peer_is_full(is_client ? &s->server : &s->client)) {
            relay_read(s, peer->side);
        } else if (events & (EPOLLHUP | EPOLLERR)) {
            gone(s, peer, events);
        }
    }
    session_watch(s);
}

/* ---- what it waits for ---- */

/* Recorded, and what is needed to see persons is there. */
static void
admit(struct session *s)
{
    s->is_registered = true;
    s->worker->shared->sessions_total++;
    leave_early(s);
    session_log(s, EVENT_SESSION_OPENED, 0, NULL);
    standing_tell(s);
    session_event(s, EVENT_GATE_RECORDED, VIEW(""));
}

/* Whether the catalog that attribution needs is there, or is not needed. */
static bool
has_catalog(struct session *s)
{
    return !s->observer || !s->gateway->config->inspector.user || observer_has_catalog(s);
}

void
session_catalog(struct session *s, int error)
{
    if (s->state == SESSION_RECORDING && s->is_recorded) {
        if (error != 0 && !has_catalog(s) && !standing_fails_open(s)) {
            s->uncataloged = error; /* it can be the server's word that there is no such database */
            session_event(s, EVENT_GATE_UNCATALOGED, VIEW(""));
        } else if (error != 0 || has_catalog(s)) {
            admit(s);
        }
    } else if (s->observer && s->state != SESSION_HEARING) {
        observer_catalog(s, error);
    }
    session_watch(s);
}

void
session_recorded(struct session *s, int error)
{
    struct gate_shared *shared = s->worker->shared;
    int result;

    if (s->state != SESSION_RECORDING)
        return;
    if (s->is_recorded) { /* by a new keeper, too; or the time for its catalog is over */
        session_catalog(s, error);
        return;
    }
    if (error != 0 && !standing_fails_open(s)) {
        session_fail(s, PASU_E_RECORD_UNAVAILABLE, error_text(error));
    } else {
        if (error != 0) {
            shared->unrecorded_total++;
            session_log(s, EVENT_UNRECORDED, error, NULL);
            if (s->through)
                through_disown(s->through);
        }
        s->is_recorded = true;
        result = observer_new(s);
        if (result != 0)
            session_fail(s, result, NULL);
        else if (has_catalog(s))
            admit(s);
    }
    session_watch(s);
}

void
session_flush(struct session *s)
{
    if (peer_is_full(&s->client))
        flush_peer(s, &s->client);
    if (s->state != SESSION_CLOSED && peer_is_full(&s->server))
        flush_peer(s, &s->server);
    session_watch(s);
}
