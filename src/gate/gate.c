/* SPDX-License-Identifier: Apache-2.0 */
/* The gate's main thread: channels, listening sockets, questions. See gate.h. */
#include "gate/gate.h"
#include "gate/gate_thread.h"

#include "base/memory.h"
#include "config/load.h"
#include "exposure/directory.h"
#include "exposure/identity.h"
#include "exposure/tally.h"
#include "gate/catalog_store.h"
#include "gate/census.h"
#include "gate/inspector.h"
#include "gate/locks.h"
#include "ledger/take_keys.h"
#include "postgres/encoding.h"
#include "postgres/plan.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { PLANS_MAX = 20000, PLANS_BYTES_MAX = 256 << 20 };

void
gate_tell_supervisor(struct gate *g, uint32_t type, const void *body, size_t length)
{
    /* The supervisor always reads; if it is gone, so are we. */
    if (channel_send(&g->shared.supervisor, type, body, length, -1) == PASU_E_EOF)
        g->is_stopping = true;
}

/* ---- configuration ---- */

static void
prepare(struct gate *g, const struct channel_message *message)
{
    struct message_generation generation;
    struct message_result answer = {0};
    struct config *config = NULL;

    memcpy(&generation, message->body, sizeof(generation));
    settings_release(g->prepared);
    g->prepared = NULL;
    answer.id = generation.generation;
    answer.error = config_unpack_fd(&config, message->fd);
    if (answer.error == 0 && !g->is_committed)
        answer.error = take_keys(&g->keys, config);
    if (answer.error != 0)
        config_free(config);
    else
        answer.error = settings_new(&g->prepared, config, generation.generation);
    if (answer.error == 0) {
        g->prepared->through = &g->through;
        g->prepared->keeper = &g->shared.keeper;
    }
    if (answer.error == 0)
        answer.error = kinds_of(&g->kinds, &g->prepared->vocabulary, g->prepared->slots);
    gate_tell_supervisor(g, MESSAGE_PREPARED, &answer, sizeof(answer));
}

static void
close_listeners(struct gate *g)
{
    for (size_t i = 0; i < g->listener_count; i++)
        close(g->listeners[i].fd);
    g->listener_count = 0;
}

/* The number of workers is fixed by the first configuration; all else changes with each. */
static void
commit(struct gate *g)
{
    struct message_empty empty = {0};

    if (!g->prepared)
        return;
    if (g->settings)
        settings_keep_addresses(g->prepared, g->settings);
    settings_release(g->settings);
    g->settings = g->prepared;
    g->prepared = NULL;
    close_listeners(g);
    gate_set_origins(g);
    settings_current_set(&g->shared.current, g->settings, g->origins);
    leaving_set(g);
    if (g->shared.catalogs)
        catalog_store_configure(g->shared.catalogs, g->settings);
    if (g->shared.census)
        census_configure(g->shared.census, g->settings);
    if (!g->is_committed)
        start_begin(g);
    g->is_committed = true;
    /* From the next accepted connection on. The first time, the sandbox comes before that word. */
    if (g->is_ready)
        gate_tell_supervisor(g, MESSAGE_READY, &empty, sizeof(empty));
}

/* ---- the supervisor's messages ---- */

static void
add_listener(struct gate *g, struct channel_message *message)
{
    struct message_listener listener;

    memcpy(&listener, message->body, sizeof(listener));
    if (!g->settings || listener.gateway >= g->settings->gateway_count ||
        g->listener_count == LISTENERS_MAX || g->shared.is_draining)
        return;
    g->listeners[g->listener_count++] =
        (struct listener){message->fd, listener.gateway, listener.is_proxy != 0};
    message->fd = -1;
}

/* The server can be reached now: what sessions will need of it is asked ahead. */
void
gate_warm(struct gate *g, uint32_t gateway)
{
    const struct config *config = g->settings->config;
    bool is_wanted = config->gateways[gateway].inspector.user != NULL &&
                     config->personal_count + config->never.count > 0;

    inspector_warm(g->shared.inspector, g->settings, gateway);
    census_soon(g->shared.census, false);
    if (g->shared.catalogs)
        catalog_store_warm(g->shared.catalogs, g->settings, gateway,
                           is_wanted ? config->gateways[gateway].inspector.database : NULL);
}

static void
set_upstream(struct gate *g, const struct channel_message *message)
{
    struct message_upstream upstream;
    struct address address = {0};

    memcpy(&upstream, message->body, sizeof(upstream));
    if (!g->settings || upstream.length > sizeof(address.u) ||
        upstream.length > sizeof(upstream.address))
        return;
    address.length = upstream.length;
    memcpy(&address.u, upstream.address, upstream.length);
    settings_set_address(g->settings, upstream.gateway, upstream.index, upstream.count, &address);
    if (g->shared.inspector && upstream.gateway < g->settings->gateway_count &&
        upstream.index + 1 == upstream.count)
        gate_warm(g, upstream.gateway);
}

static void
set_peer(struct gate *g, struct channel_message *message)
{
    keeper_link_replace(&g->shared.keeper, message->fd);
    message->fd = -1;
    if (g->had_keeper) {
        LOG_EVENT(&g->shared.log, KEEPER_BACK,
                  F_UINT("generation", g->settings ? g->settings->generation : 0));
        gate_post_all(g, TASK_ANNOUNCE, 0, NULL);
    }
    g->had_keeper = true;
    start_finish(g);
}

static void
drain(struct gate *g)
{
    g->shared.is_draining = true;
    close_listeners(g);
    gate_post_all(g, TASK_DRAIN, 0, NULL);
}

void
gate_identify(struct gate *g)
{
    if (g->identity_fd < 0 || !g->shared.catalogs)
        return;
    catalog_store_identify(g->shared.catalogs, g->identity_fd);
    g->identity_fd = -1;
}

static void
take_identity(struct gate *g, struct channel_message *message)
{
    if (g->identity_fd >= 0)
        close(g->identity_fd);
    g->identity_fd = message->fd;
    message->fd = -1;
    gate_identify(g);
}

static void
from_supervisor(struct gate *g, struct channel_message *message)
{
    struct message_empty empty = {0};
    struct message_segment segment;
    struct message_result none;

    switch ((enum message_type)message->type) {
    case MESSAGE_CONFIG:
        prepare(g, message);
        break;
    case MESSAGE_COMMIT:
        commit(g);
        break;
    case MESSAGE_ABANDON:
        settings_release(g->prepared);
        g->prepared = NULL;
        break;
    case MESSAGE_LISTENER:
        add_listener(g, message);
        break;
    case MESSAGE_UPSTREAM:
        set_upstream(g, message);
        break;
    case MESSAGE_PEER:
        set_peer(g, message);
        break;
    case MESSAGE_OFFER:
        start_again(g);
        break;
    case MESSAGE_SEGMENT:
        memcpy(&segment, message->body, sizeof(segment));
        segments_take(&g->segments, &segment, message->fd);
        message->fd = -1;
        break;
    case MESSAGE_NO_SEGMENT:
        memcpy(&none, message->body, sizeof(none));
        segments_take_none(&g->segments, &none);
        break;
    case MESSAGE_ROSTER:
        leaving_take(g, message);
        break;
    case MESSAGE_IDENTITY:
        take_identity(g, message);
        break;
    case MESSAGE_SOURCES:
        gate_take_sources(g, message);
        break;
    case MESSAGE_DRAIN:
        drain(g);
        break;
    case MESSAGE_STOP:
        g->is_stopping = true;
        break;
    case MESSAGE_PING:
        pulse_ask(g);
        gate_tell_supervisor(g, MESSAGE_PONG, &empty, sizeof(empty));
        keeper_link_look(&g->shared.keeper);
        break;
    default: /* the table lets nothing else through */
        break;
    }
    if (message->fd >= 0)
        close(message->fd);
}

/* ---- the keeper's messages ---- */

static void
recorded(struct gate *g, const struct message_result *result)
{
    uint32_t index = worker_index_of_session(result->id);
    struct task *task = index < g->worker_count ? task_new(TASK_RECORDED, result->id) : NULL;

    if (task) {
        task->error = result->error;
        worker_post(&g->workers[index], task);
    }
}

static void
from_keeper(struct gate *g, const struct channel_message *message)
{
    struct message_result result;
    struct message_ask ask;
    struct message_kill kill_message;

    switch ((enum message_type)message->type) {
    case MESSAGE_RECORDED:
        memcpy(&result, message->body, sizeof(result));
        recorded(g, &result);
        break;
    case MESSAGE_SESSIONS_ASK:
        memcpy(&ask, message->body, sizeof(ask));
        question_sessions(g, ask.question);
        break;
    case MESSAGE_STATUS_ASK:
        memcpy(&ask, message->body, sizeof(ask));
        question_status(g, ask.question);
        break;
    case MESSAGE_KILL:
        memcpy(&kill_message, message->body, sizeof(kill_message));
        question_kill(g, &kill_message);
        break;
    default:
        gate_take_approval(g, message);
        question_other(g, message);
        question_marks(g, message);
        break;
    }
}

/* ---- the loop ---- */

static void
read_channel(struct gate *g, struct channel *channel, bool is_supervisor)
{
    struct channel_message message;

    for (;;) {
        int result = channel_receive(channel, &message);

        if (result == PASU_E_AGAIN)
            return;
        if (result == PASU_E_PROTOCOL) {
            LOG_EVENT(&g->shared.log, MESSAGE_REFUSED, F_UINT("type", message.type));
            continue;
        }
        if (result != 0 && is_supervisor) {
            g->is_stopping = true; /* an orphan watches nobody's database */
            return;
        }
        if (result != 0) {
            LOG_EVENT(&g->shared.log, KEEPER_LOST, F_TEXT("error", error_text(result)));
            keeper_link_replace(&g->shared.keeper, -1);
            return;
        }
        if (is_supervisor)
            from_supervisor(g, &message);
        else
            from_keeper(g, &message);
    }
}

static size_t
make_polls(struct gate *g)
{
    size_t count = FIXED_POLLS;
    short keeper = POLLIN;

    if (keeper_link_flush(&g->shared.keeper) || !list_is_empty(&g->outgoing))
        keeper = POLLIN | POLLOUT;
    g->polls[0] = (struct pollfd){.fd = g->shared.supervisor.fd, .events = POLLIN};
    g->polls[1] = (struct pollfd){.fd = g->shared.keeper.channel.fd, .events = keeper};
    g->polls[2] = (struct pollfd){.fd = g->shared.answer_event, .events = POLLIN};
    g->polls[3] = (struct pollfd){.fd = g->shared.durable, .events = POLLIN};
    if (g->is_ready && !g->is_paused)
        for (size_t i = 0; i < g->listener_count; i++)
            g->polls[count++] = (struct pollfd){.fd = g->listeners[i].fd, .events = POLLIN};
    return count;
}

static uint64_t
session_count(const struct gate *g)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < g->worker_count; i++)
        count += g->workers[i].session_count;
    return count;
}

/* More of the rings is on disk: whoever waits for that looks. */
static void
tell_durable(struct gate *g)
{
    uint64_t unused;

    if (read(g->shared.durable, &unused, sizeof(unused)) > 0)
        gate_post_all(g, TASK_DURABLE, 0, NULL);
}

static void
serve(struct gate *g)
{
    struct message_empty empty = {0};
    bool is_drained = false;

    while (!g->is_stopping) {
        size_t count = make_polls(g), listeners = g->listener_count;
        int timeout = g->is_paused || g->shared.is_draining ? ACCEPT_PAUSE_MILLISECONDS : -1;

        if (g->rebuild && !g->segments.is_asked)
            timeout = 0;
        if (poll(g->polls, count, leaving_wait(g, timeout)) < 0 && errno != EINTR)
            break;
        g->is_paused = false;
        /* Listeners first: a message of the supervisor may replace them. */
        for (size_t i = 0; i < listeners && FIXED_POLLS + i < count; i++)
            if (g->polls[FIXED_POLLS + i].revents & POLLIN)
                gate_accept(g, &g->listeners[i]);
        if (g->polls[2].revents)
            question_take(g);
        if (g->polls[3].revents)
            tell_durable(g);
        if (g->polls[1].revents && g->shared.keeper.channel.fd >= 0)
            read_channel(g, &g->shared.keeper.channel, false);
        if (g->polls[0].revents)
            read_channel(g, &g->shared.supervisor, true);
        question_send(g);
        leaving_look(g);
        start_step(g);
        if (g->shared.is_draining && !is_drained && session_count(g) == 0) {
            is_drained = true;
            gate_tell_supervisor(g, MESSAGE_DRAINED, &empty, sizeof(empty));
        }
    }
}

static int
gate_init(struct gate *g, struct gate_start *start, const struct log *log)
{
    struct gate_shared *shared = &g->shared;
    int result;

    g->identity_fd = -1;
    shared->log = *log;
    shared->os = log->os;
    shared->ring = start->ring_fd;
    shared->wake = start->wake_fd;
    shared->durable = start->durable_fd;
    memcpy(shared->secret, start->secret, sizeof(shared->secret));
    memory_wipe(start->secret, sizeof(start->secret));
    cancel_init(&shared->cancels, shared->os);
    through_init(&g->through, shared->os);
    shared->through = &g->through;
    powers_init(&g->powers);
    shared->powers = &g->powers;
    address_count_init(&shared->early);
    channel_init(&shared->supervisor, start->supervisor_fd, message_rules_gate_from_supervisor,
                 message_rules_gate_from_supervisor_count);
    segments_init(&g->segments, &shared->supervisor);
    pthread_mutex_init(&shared->answer_lock, NULL);
    trial_tokens_init(&shared->trials);
    visits_init(&shared->visits, &g->through);
    pthread_mutex_init(&shared->current.lock, NULL);
    list_init(&shared->answers);
    list_init(&g->outgoing);
    g->started = os_realtime(shared->os);
    g->leave_at = ROSTER_NEVER;
    shared->answer_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    keeper_link_init(&shared->keeper, shared->os, shared->answer_event);
    if (shared->answer_event < 0)
        return PASU_E_IO;
    result = ring_map(&shared->rings, shared->ring, true);
    if (result == 0)
        result = tally_book_new(&shared->tallies);
    if (result == 0)
        result = directory_new(&shared->directory, shared->secret);
    if (result == 0) /* now, while the C library may still load what it needs for it */
        result = encodings_new(&shared->encodings);
    if (result == 0)
        result = plan_cache_new(&shared->plans, PLANS_MAX, PLANS_BYTES_MAX);
    if (result != 0)
        return result;
    tzset(); /* days begin at local midnight; the zone's file cannot be read later */
    signal(SIGPIPE, SIG_IGN);
    /* Now, while it may still read its configuration file, which a reload may need at first. */
    if (OPENSSL_init_ssl(0, NULL) != 1)
        return PASU_E_CRYPTO;
    result =
        shared->os->random(shared->os->arg, shared->notified.key, sizeof(shared->notified.key));
    if (result != 0)
        return result;
    return shared->os->random(shared->os->arg, shared->mock_secret, sizeof(shared->mock_secret));
}

static void
gate_release(struct gate *g)
{
    close_listeners(g);
    start_release(g);
    catalog_store_stop(g->shared.catalogs);
    gate_post_all(g, TASK_STOP, 0, NULL);
    for (uint32_t i = 0; i < g->worker_count; i++)
        worker_join(&g->workers[i]);
    inspector_stop(g->shared.inspector);
    locks_stop(g->shared.locks);
    census_stop(g->shared.census);
    catalog_store_free(g->shared.catalogs);
    settings_current_set(&g->shared.current, NULL, NULL);
    origins_release(g->origins);
    origins_release(g->next_origins);
    settings_release(g->prepared);
    settings_release(g->settings);
    visits_release(&g->shared.visits);
    through_release(&g->through);
    powers_release(&g->powers);
    keeper_link_drain(&g->shared.keeper, LAST_WORDS_MILLISECONDS);
    keeper_link_release(&g->shared.keeper);
    channel_close(&g->shared.supervisor);
    cancel_release(&g->shared.cancels);
    address_count_release(&g->shared.early);
    close(g->shared.answer_event);
    plan_cache_free(g->shared.plans);
    directory_free(g->shared.directory);
    encodings_free(g->shared.encodings);
    tally_book_free(g->shared.tallies);
    ring_unmap(&g->shared.rings);
    close(g->shared.ring);
    close(g->shared.wake);
    close(g->shared.durable);
    if (g->identity_fd >= 0)
        close(g->identity_fd);
    memory_wipe(g->shared.secret, sizeof(g->shared.secret));
    memory_free(g->workers);
}

int
gate_main(struct gate_start *start, const struct log *log)
{
    struct gate *g = memory_new(1, sizeof(*g));
    int result;

    if (!g)
        return 2;
    result = gate_init(g, start, log);
    if (result == 0)
        serve(g);
    gate_release(g);
    memory_free(g);
    return result == 0 ? 0 : 2;
}
