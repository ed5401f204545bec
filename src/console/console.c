/* SPDX-License-Identifier: Apache-2.0 */
#include "console/console.h"

#include "base/memory.h"
#include "base/sandbox.h"
#include "console/state.h"
#include "console/words.h"
#include "ledger/message.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

/* The clerk judges codes at once; a ledger takes its time. */
#define CODE_PATIENCE (10 * NANOSECONDS_PER_SECOND)
#define LOOK_PATIENCE (90 * NANOSECONDS_PER_SECOND)
/* In which a request has to be there, and its answer to be taken. */
#define REQUEST_TIME (40 * NANOSECONDS_PER_SECOND)
#define ANSWER_TIME  (300 * NANOSECONDS_PER_SECOND)
#define REFUSED_TIME (60 * NANOSECONDS_PER_SECOND)

enum {
    CONNECTIONS_MAX = 256,
    CONNECTIONS_OF_ONE = 32,      /* address */
    CONNECTIONS_OF_NETWORK = 128, /* around it */
    TIMEOUT_SECONDS = 20,
    MEMORY_MAX = 16 << 10,   /* of a connection: its headers */
    LEFT_OUT_MAX = 64 << 10, /* of a body that is too long, before the connection ends */
    TICK_MILLISECONDS = 1000,
    TRIES_OF_ASK = 3, /* times what an address may ask for */
    LOOKS_OF_ASK = 6,
};

/* ---- waiting ---- */

static bool
is_due(const struct call *call, int64_t now)
{
    int64_t patience = call->wait == WAIT_CODE ? CODE_PATIENCE : LOOK_PATIENCE;

    if (call->wait == WAIT_TIME)
        return now >= call->due;
    return now >= call->due && (call->is_answered || now - call->since > patience);
}

/* Those whose time has come go on. */
static void
resume(struct console *c, bool is_all)
{
    int64_t now = os_monotonic(c->os);
    struct call **at = &c->waiting;

    while (*at) {
        struct call *call = *at;

        if (!is_all && !is_due(call, now)) {
            at = &call->next;
            continue;
        }
        *at = call->next;
        if (!call->is_answered)
            call->error = PASU_E_UNAVAILABLE;
        call->is_resumed = true;
        MHD_resume_connection(call->connection);
    }
}

static struct call *
find_call(struct console *c, uint64_t id, enum call_wait wait)
{
    struct call *call = c->waiting;

    while (call && (call->id != id || call->wait != wait))
        call = call->next;
    return call;
}

/* ---- connections ---- */

/* Behind a proxy all come from one address. */
static enum MHD_Result
on_connect(void *arg, const struct sockaddr *from, socklen_t length PASU_UNUSED)
{
    const struct console *c = arg;
    struct address address;

    address_of(&address, from);
    return c->forwarded_from_count > 0 ||
                   (peers_count(&c->peers, &address) < CONNECTIONS_OF_ONE &&
                    peers_count_around(&c->peers, &address) < CONNECTIONS_OF_NETWORK)
               ? MHD_YES
               : MHD_NO;
}

static void
on_connection(void *arg, struct MHD_Connection *connection, void **peer,
              enum MHD_ConnectionNotificationCode code)
{
    struct console *c = arg;
    const union MHD_ConnectionInfo *fd, *from;
    struct address address;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        peers_remove(*peer);
        *peer = NULL;
        return;
    }
    fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    from = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (fd == NULL || from == NULL || from->client_addr == NULL)
        return;
    address_of(&address, from->client_addr);
    *peer = peers_add(&c->peers, fd->connect_fd, &address, os_monotonic(c->os) + REQUEST_TIME);
}

static void
give_time(const struct console *c, struct MHD_Connection *connection, int64_t time)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct peer *peer = info != NULL ? info->socket_context : NULL;

    if (peer != NULL)
        peer->until = os_monotonic(c->os) + time;
}

/* ---- requests ---- */

static void
read_request(const struct console *c, struct call *call, const char *url, const char *method)
{
    struct MHD_Connection *m = call->connection;
    struct request *request = &call->request;
    const char *chosen = MHD_lookup_connection_value(m, MHD_GET_ARGUMENT_KIND, "lang");
    bool is_secure = c->has_tls || c->forwarded_from_count > 0;

    request->route = request_route(method, url);
    request->has_chosen = chosen != NULL;
    if (chosen == NULL)
        chosen = MHD_lookup_connection_value(m, MHD_COOKIE_KIND, "pasu-language");
    request->language = request_language(
        chosen, MHD_lookup_connection_value(m, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_LANGUAGE));
    request->has_token = request_token(
        request->token,
        MHD_lookup_connection_value(m, MHD_COOKIE_KIND, is_secure ? "__Host-pasu" : "pasu"));
}

/* What says where the body ends. */
static enum MHD_Result
count_length(void *arg, enum MHD_ValueKind kind PASU_UNUSED, const char *name,
             const char *value PASU_UNUSED)
{
    *(unsigned *)arg += strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0 ||
                        strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0;
    return MHD_YES;
}

/* RFC 9112, 6.3: a proxy in front may see the end elsewhere, and send another one's request as the
 * rest of this one. */
static bool
has_several_lengths(struct MHD_Connection *connection)
{
    unsigned count = 0;

    MHD_get_connection_values(connection, MHD_HEADER_KIND, count_length, &count);
    return count > 1;
}

/* False: nobody who means well sends so much. */
static bool
take_body(struct call *call, const char *bytes, size_t length)
{
    call->is_too_long |= length > BODY_MAX - call->length;
    if (call->is_too_long) {
        call->left_out += length;
        return call->left_out <= LEFT_OUT_MAX;
    }
    memcpy(call->body + call->length, bytes, length);
    call->length += length;
    return true;
}

/* libmicrohttpd calls it with the headers, for each part of the body, and at the end. */
static enum MHD_Result
on_request(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
           const char *version PASU_UNUSED, const char *bytes, size_t *length, void **state)
{
    struct console *c = arg;
    struct call *call = *state;

    if (!call) {
        call = !has_several_lengths(connection) ? memory_new(1, sizeof(*call)) : NULL;
        if (!call)
            return MHD_NO;
        *state = call;
        call->connection = connection;
        call->memory = -1;
        read_request(c, call, url, method);
        return MHD_YES;
    }
    if (*length > 0) {
        if (!take_body(call, bytes, *length))
            return MHD_NO;
        *length = 0;
        return MHD_YES;
    }
    if (call->is_resumed)
        return answer_go_on(c, call);
    if (call->wait != WAIT_NOTHING)
        return MHD_YES;
    give_time(c, connection, ANSWER_TIME);
    if (call->is_too_long)
        return page_note(c, call, MHD_HTTP_CONTENT_TOO_LARGE, "form");
    return answer_begin(c, call);
}

static void
on_completed(void *arg, struct MHD_Connection *connection, void **state,
             enum MHD_RequestTerminationCode code PASU_UNUSED)
{
    struct console *c = arg;
    struct call *call = *state;

    give_time(c, connection, REQUEST_TIME);
    if (!call)
        return;
    for (struct call **at = &c->waiting; *at; at = &(*at)->next)
        if (*at == call) {
            *at = call->next;
            break;
        }
    if (call->memory >= 0)
        close(call->memory);
    memory_wipe(call, sizeof(*call));
    memory_free(call);
    *state = NULL;
}

/* ---- channels ---- */

static void
from_clerk(void *arg, struct channel_message *message)
{
    struct console *c = arg;
    struct message_code_judged judged;
    struct message_result result = {0};
    struct call *call;

    if (message->type == MESSAGE_CODE_JUDGED) {
        memcpy(&judged, message->body, sizeof(judged));
        call = find_call(c, judged.id, WAIT_CODE);
        result.error = judged.error;
        if (call)
            memcpy(call->token, judged.token, sizeof(call->token));
    } else {
        memcpy(&result, message->body, sizeof(result));
        call = find_call(c, result.id, WAIT_LOOK);
    }
    if (call) {
        call->is_answered = true;
        call->error = result.error;
        call->memory = message->fd;
    } else if (message->fd >= 0) {
        close(message->fd);
    }
    memory_wipe(message->body, message->length);
}

/* ---- all ---- */

/* Not for each: whoever is refused could fill the disk. */
static void
tell_refused(struct console *c)
{
    int64_t now = os_monotonic(c->os);

    if (c->refused == 0 || now < c->tell_refused)
        return;
    LOG_EVENT(&c->log, CONSOLE_REFUSED, F_UINT("requests", c->refused));
    c->refused = 0;
    c->tell_refused = now + REFUSED_TIME;
}

/* Until the next answer is to leave. */
static int
patience(const struct console *c)
{
    MHD_UNSIGNED_LONG_LONG milliseconds;
    int64_t now = os_monotonic(c->os), most = TICK_MILLISECONDS;

    if (MHD_get_timeout(c->daemon, &milliseconds) == MHD_YES && (int64_t)milliseconds < most)
        most = (int64_t)milliseconds;
    for (const struct call *call = c->waiting; call; call = call->next) {
        int64_t left =
            (call->due - now + NANOSECONDS_PER_MILLISECOND - 1) / NANOSECONDS_PER_MILLISECOND;

        if (call->wait != WAIT_TIME && !call->is_answered)
            continue;
        most = left < most ? left : most;
    }
    return most > 0 ? (int)most : 0;
}

static void
serve(struct console *c)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(c->daemon, MHD_DAEMON_INFO_EPOLL_FD);

    while (!c->links.is_stopping) {
        struct pollfd polls[] = {{.fd = c->links.supervisor.fd, .events = POLLIN},
                                 {.fd = c->links.peer.fd, .events = POLLIN},
                                 {.fd = info ? info->epoll_fd : -1, .events = POLLIN}};

        if (poll(polls, COUNT_OF(polls), patience(c)) < 0 && errno != EINTR)
            return;
        links_read(&c->links);
        resume(c, false);
        peers_end(&c->peers, os_monotonic(c->os));
        tell_refused(c);
        MHD_run(c->daemon);
    }
}

static int
open_daemon(struct console *c, const struct config_affected *affected, int listen_fd)
{
    const unsigned flags =
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (c->has_tls ? MHD_USE_TLS : 0);
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)affected->certificate.bytes.bytes},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)affected->key.bytes.bytes},
        {MHD_OPTION_HTTPS_PRIORITIES, 0,
         (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
        {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};

    c->daemon = MHD_start_daemon(
        flags, 0, on_connect, c, on_request, c, MHD_OPTION_LISTEN_SOCKET, listen_fd,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, c, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_MAX, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, c, MHD_OPTION_ARRAY, c->has_tls ? tls : none, MHD_OPTION_END);
    return c->daemon ? 0 : PASU_E_UNAVAILABLE;
}

static int
set_up(struct console *c, const struct console_start *start)
{
    const struct config_affected *affected = &start->config->affected;
    uint64_t most = affected->codes_per_address;
    int result = c->os->random(c->os->arg, c->key, sizeof(c->key));

    c->has_tls = affected->certificate.path != NULL;
    c->answer_time = affected->answer_time;
    c->code_time = affected->code_time;
    c->session_time = affected->session_time;
    c->forwarded_from = memory_new(affected->forwarded_from_count + 1, sizeof(struct network));
    for (size_t i = 0; c->forwarded_from && i < affected->forwarded_from_count; i++)
        c->forwarded_from[c->forwarded_from_count++] = affected->forwarded_from[i];
    if (result == 0 && !c->forwarded_from)
        result = PASU_E_NOMEM;
    if (result == 0)
        result = rates_init(&c->asks, most);
    if (result == 0)
        result = rates_init(&c->tries, most * TRIES_OF_ASK);
    if (result == 0)
        result = rates_init(&c->looks, most * LOOKS_OF_ASK);
    for (size_t l = 0; l < INQUIRY_LANGUAGES && result == 0; l++) {
        c->words[l] = words_load((enum inquiry_language)l);
        result = c->words[l] ? 0 : PASU_E_NOMEM;
    }
    return result == 0 ? open_daemon(c, affected, start->listen_fd) : result;
}

/* No file is there any more. */
static int
enter_sandbox(const struct console *c)
{
    int result = sandbox_confine(NULL, 0);

    if (result == PASU_E_UNAVAILABLE) {
        LOG_EVENT(&c->log, UNCONFINED, F_TEXT("hint", "a kernel with Landlock (from 5.13 on)"));
        result = 0;
    }
    return result == 0 ? sandbox_enter(SANDBOX_CONSOLE) : result;
}

static void
release(struct console *c)
{
    if (c->daemon) {
        resume(c, true);
        MHD_run(c->daemon);
        MHD_stop_daemon(c->daemon);
    }
    for (size_t l = 0; l < INQUIRY_LANGUAGES; l++)
        json_decref(c->words[l]);
    rates_release(&c->asks);
    rates_release(&c->tries);
    rates_release(&c->looks);
    memory_free(c->forwarded_from);
    memory_wipe(c->key, sizeof(c->key));
    links_close(&c->links);
}

int
console_main(const struct console_start *start, const struct log *log)
{
    struct console *c = memory_new(1, sizeof(*c));
    int result;

    if (!c)
        return 2;
    c->log = *log;
    c->os = log->os;
    c->links = (struct links){.peer.fd = -1,
                              .rules = message_rules_console_from_clerk,
                              .rule_count = message_rules_console_from_clerk_count,
                              .take = from_clerk,
                              .arg = c,
                              .log = &c->log};
    peers_init(&c->peers);
    signal(SIGPIPE, SIG_IGN);
    channel_init(&c->links.supervisor, start->supervisor_fd, message_rules_console_from_supervisor,
                 message_rules_console_from_supervisor_count);
    result = set_up(c, start);
    start->forget(start->arg);
    if (result == 0)
        result = enter_sandbox(c);
    if (result == 0) {
        LOG_EVENT(&c->log, CONSOLE_READY, F_INT("pid", getpid()));
        serve(c);
    } else
        LOG_EVENT(&c->log, START_FAILED, F_TEXT("error", error_text(result)));
    release(c);
    memory_free(c);
    return result == 0 ? 0 : 2;
}
