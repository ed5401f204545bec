/* SPDX-License-Identifier: Apache-2.0 */
#include "people/registrar.h"

#include "base/memory.h"
#include "base/sandbox.h"
#include "config/load.h"
#include "ledger/message.h"
#include "people/scim.h"
#include "people/token.h"
#include "respond/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define PREFIX "/scim/v2"
/* The gate goes by a change within a second; where there is none, the caller is to try again. */
#define PATIENCE (10 * NANOSECONDS_PER_SECOND)

enum {
    CONNECTIONS_MAX = 256,
    CONNECTIONS_OF_ONE = 64, /* address: nobody alone keeps the identity provider out */
    TIMEOUT_SECONDS = 20,
    MEMORY_MAX = 32 << 10, /* of a connection: its headers */
    TICK_MILLISECONDS = 1000,
    REFUSALS_BURST = 20, /* recorded one by one; then so many a second, and the others counted */
    REFUSALS_SECOND = 5,
    BASE_SIZE = 288,
};

/* A request on its way. */
struct call {
    struct MHD_Connection *connection;
    uint8_t *body;
    size_t length, size;
    bool is_too_long, has_response, is_waiting;
    uint64_t turn; /* of the save that it is in; 0: the next one */
    int64_t since; /* monotonic ns, since it waits */
    struct scim_response response;
    struct call *next; /* of those that wait */
};

struct registrar {
    struct log log;
    const struct os *os;
    struct channel supervisor;
    struct MHD_Daemon *daemon;
    struct copy copy;
    struct people directory;
    uint8_t *saved; /* the file as it is */
    size_t saved_length;
    struct tokens tokens;
    bool has_tls, is_stopping, is_save_wanted;
    uint64_t turn; /* of the last save */
    struct call *waiting;
    int64_t refused_at; /* monotonic ns: when refusals were last paid for */
    unsigned refusals;  /* that may be recorded now */
    uint64_t unrecorded;
};

/* ---- refusals ---- */

static void
client_of(struct MHD_Connection *connection, char text[ADDRESS_SIZE], uint16_t *port)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct address address = {0};

    text[0] = '\0';
    *port = 0;
    if (!info || !info->client_addr)
        return;
    address.length = info->client_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                              : sizeof(struct sockaddr_in);
    memcpy(&address.u, info->client_addr, address.length);
    address_text(text, ADDRESS_SIZE, &address);
    *port = address_port(&address);
}

/* Whoever tries many tokens does not fill the ledger with it. */
static bool
may_record(struct registrar *r)
{
    int64_t now = os_monotonic(r->os), paid = (now - r->refused_at) / NANOSECONDS_PER_SECOND;

    if (paid > 0) {
        int64_t more = (int64_t)r->refusals + paid * REFUSALS_SECOND;

        r->refusals = more > REFUSALS_BURST ? REFUSALS_BURST : (unsigned)more;
        r->refused_at = now;
    }
    if (r->refusals == 0)
        return false;
    r->refusals--;
    return true;
}

static void
record_refusal(struct registrar *r, struct MHD_Connection *connection)
{
    struct message_refused message = {.at = os_realtime(r->os), .error = PASU_E_TOKEN};
    uint16_t port;

    if (!may_record(r)) {
        r->unrecorded++;
        return;
    }
    client_of(connection, message.address, &port);
    message.port = port;
    snprintf(message.gateway, sizeof(message.gateway), "scim");
    LOG_EVENT(&r->log, SCIM_REFUSED, F_TEXT("address", message.address),
              F_UINT("unrecorded", r->unrecorded), F_TEXT("error", error_text(PASU_E_TOKEN)));
    r->unrecorded = 0;
    if (channel_send(&r->supervisor, MESSAGE_REFUSED, &message, sizeof(message), -1) == PASU_E_EOF)
        r->is_stopping = true;
}

/* ---- answers ---- */

static enum MHD_Result
send_response(struct registrar *r, struct call *call)
{
    const char *body = call->response.body ? call->response.body : "";
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(body), (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result;

    if (!response)
        return MHD_NO;
    if (*body)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/scim+json");
    if (call->response.location[0])
        MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, call->response.location);
    if (call->response.status == 401)
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
                                "Bearer realm=\"pasu\"");
    if (call->response.status == 503)
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "5");
    if (r->is_stopping)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    result = MHD_queue_response(call->connection, (unsigned)call->response.status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result
refuse(struct registrar *r, struct call *call, int status, const char *detail)
{
    scim_response_release(&call->response);
    memset(&call->response, 0, sizeof(call->response));
    scim_refuse(&call->response, status, NULL, detail);
    call->has_response = true;
    return send_response(r, call);
}

/* ---- saving ---- */

static void
tell_change(struct registrar *r, const struct call *call)
{
    struct message_told message = {0};
    char address[ADDRESS_SIZE];
    uint16_t port;

    client_of(call->connection, address, &port);
    snprintf(message.what, sizeof(message.what), "%s, from %s", call->response.note, address);
    LOG_EVENT(&r->log, SCIM_CHANGED, F_TEXT("address", address));
    if (channel_send(&r->supervisor, MESSAGE_TOLD, &message, sizeof(message), -1) == PASU_E_EOF)
        r->is_stopping = true;
}

/* Those of a turn go on (0: all). `error`: what they asked for is not done, or not in force. */
static void
resume(struct registrar *r, uint64_t turn, int error)
{
    struct call **at = &r->waiting;

    while (*at) {
        struct call *call = *at;

        if (turn != 0 && call->turn != turn) {
            at = &call->next;
            continue;
        }
        *at = call->next;
        call->is_waiting = false;
        if (error != 0) {
            scim_response_release(&call->response);
            memset(&call->response, 0, sizeof(call->response));
            scim_refuse(&call->response, 503, NULL, error_text(error));
        }
        MHD_resume_connection(call->connection);
    }
}

/* As it is in the file. */
static void
roll_back(struct registrar *r, int error)
{
    LOG_EVENT(&r->log, SCIM_FAILED, F_TEXT("error", error_text(error)),
              F_TEXT("hint", error_hint(error)));
    if (people_read(&r->directory, view_of(r->saved, r->saved_length)) != 0)
        r->is_stopping = true; /* another one reads it anew */
    resume(r, 0, error);
}

/* All changes since the last time, in one go; the next ones wait until these are in force. */
static void
save(struct registrar *r)
{
    struct message_generation message;
    uint8_t *bytes;
    size_t length;
    int result;

    r->is_save_wanted = false;
    result = people_write(&bytes, &length, &r->directory);
    if (result == 0)
        result = copy_write(&r->copy, r->os, view_of(bytes, length));
    if (result != 0) {
        memory_free(bytes);
        roll_back(r, result);
        return;
    }
    memory_free(r->saved);
    r->saved = bytes;
    r->saved_length = length;
    message.generation = ++r->turn;
    for (struct call *call = r->waiting; call; call = call->next)
        if (call->turn == 0) {
            call->turn = r->turn;
            tell_change(r, call);
        }
    if (channel_send(&r->supervisor, MESSAGE_ENROLL, &message, sizeof(message), -1) != 0)
        r->is_stopping = true;
}

static bool
is_saving(const struct registrar *r)
{
    for (const struct call *call = r->waiting; call; call = call->next)
        if (call->turn != 0)
            return true;
    return false;
}

/* Nobody says that it is in force: it is in the file all the same, and the caller asks again. */
static void
lose_patience(struct registrar *r)
{
    int64_t now = os_monotonic(r->os);

    for (const struct call *call = r->waiting; call; call = call->next)
        if (call->turn != 0 && now - call->since > PATIENCE) {
            resume(r, call->turn, PASU_E_TIMEOUT);
            return;
        }
}

/* ---- requests ---- */

static enum scim_method
method_of(const char *name)
{
    static const struct {
        const char *name;
        enum scim_method method;
    } methods[] = {{"GET", SCIM_GET},
                   {"POST", SCIM_POST},
                   {"PUT", SCIM_PUT},
                   {"PATCH", SCIM_PATCH},
                   {"DELETE", SCIM_DELETE}};

    for (size_t i = 0; i < COUNT_OF(methods); i++)
        if (strcmp(methods[i].name, name) == 0)
            return methods[i].method;
    return SCIM_OTHER;
}

/* Where the caller has found us. */
static void
base_of(char base[BASE_SIZE], const struct registrar *r, struct MHD_Connection *connection)
{
    const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");
    bool is_plain = host && *host && strlen(host) < 256;

    for (const char *at = host; is_plain && *at; at++)
        is_plain = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]",
                          *at) != NULL;
    if (is_plain)
        snprintf(base, BASE_SIZE, "%s://%s" PREFIX, r->has_tls ? "https" : "http", host);
    else
        snprintf(base, BASE_SIZE, PREFIX);
}

static enum MHD_Result
answer(struct registrar *r, struct call *call, const char *url, const char *method)
{
    struct MHD_Connection *c = call->connection;
    char base[BASE_SIZE];
    struct scim_request request = {
        .method = method_of(method),
        .path = url + strlen(PREFIX),
        .filter = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "filter"),
        .start = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "startIndex"),
        .many = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "count"),
        .base = base,
        .body = view_of(call->body ? call->body : (const uint8_t *)"", call->length),
    };

    base_of(base, r, c);
    scim_answer(&call->response, &r->directory, &request, os_realtime(r->os));
    call->has_response = true;
    if (!call->response.is_changed)
        return send_response(r, call);
    call->is_waiting = true;
    call->since = os_monotonic(r->os);
    call->next = r->waiting;
    r->waiting = call;
    r->is_save_wanted = true;
    MHD_suspend_connection(c);
    return MHD_YES;
}

static enum MHD_Result
take_body(struct call *call, const char *bytes, size_t length)
{
    if (call->is_too_long || call->length + length > SCIM_BODY_MAX) {
        call->is_too_long = true;
        return MHD_YES;
    }
    if (call->length + length > call->size) {
        size_t size = 2 * (call->length + length);
        uint8_t *larger = memory_resize(call->body, size, 1);

        if (!larger)
            return MHD_NO;
        call->body = larger;
        call->size = size;
    }
    memcpy(call->body + call->length, bytes, length);
    call->length += length;
    return MHD_YES;
}

/* libmicrohttpd calls it with the headers, for each part of the body, and at the end. */
static enum MHD_Result
on_request(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
           const char *version PASU_UNUSED, const char *bytes, size_t *length, void **state)
{
    struct registrar *r = arg;
    struct call *call = *state;

    if (!call) {
        call = memory_new(1, sizeof(*call));
        if (!call)
            return MHD_NO;
        *state = call;
        call->connection = connection;
        if (tokens_match(&r->tokens,
                         MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization")))
            return MHD_YES;
        record_refusal(r, connection);
        return refuse(r, call, 401, error_text(PASU_E_TOKEN));
    }
    if (*length > 0) {
        enum MHD_Result result = take_body(call, bytes, *length);

        *length = 0;
        return result;
    }
    if (call->is_waiting)
        return MHD_YES;
    if (call->has_response)
        return send_response(r, call);
    if (call->is_too_long)
        return refuse(r, call, 413, "the body is longer than 256 KiB");
    if (strncmp(url, PREFIX "/", strlen(PREFIX "/")) != 0)
        return refuse(r, call, 404, "everything is under " PREFIX);
    return answer(r, call, url, method);
}

static void
on_completed(void *arg, struct MHD_Connection *connection PASU_UNUSED, void **state,
             enum MHD_RequestTerminationCode code PASU_UNUSED)
{
    struct registrar *r = arg;
    struct call *call = *state;

    if (!call)
        return;
    for (struct call **at = &r->waiting; *at; at = &(*at)->next)
        if (*at == call) {
            *at = call->next;
            break;
        }
    scim_response_release(&call->response);
    memory_free(call->body);
    memory_free(call);
    *state = NULL;
}

/* ---- the supervisor ---- */

static void
from_supervisor(struct registrar *r, const struct channel_message *message)
{
    struct message_empty empty = {0};
    struct message_result result;

    switch ((enum message_type)message->type) {
    case MESSAGE_ENROLLED:
        memcpy(&result, message->body, sizeof(result));
        if (result.id != 0)
            resume(r, result.id, result.error);
        break;
    case MESSAGE_PING:
        if (channel_send(&r->supervisor, MESSAGE_PONG, &empty, sizeof(empty), -1) == PASU_E_EOF)
            r->is_stopping = true;
        break;
    case MESSAGE_STOP:
        r->is_stopping = true;
        break;
    default: /* the table lets nothing else through */
        break;
    }
}

static void
read_supervisor(struct registrar *r)
{
    struct channel_message message;

    while (!r->is_stopping) {
        int result = channel_receive(&r->supervisor, &message);

        if (result == PASU_E_AGAIN)
            return;
        if (result == PASU_E_PROTOCOL) {
            LOG_EVENT(&r->log, MESSAGE_REFUSED, F_UINT("type", message.type));
            continue;
        }
        if (result != 0) {
            r->is_stopping = true;
            return;
        }
        from_supervisor(r, &message);
    }
}

static int
patience(const struct registrar *r)
{
    MHD_UNSIGNED_LONG_LONG milliseconds;

    if (MHD_get_timeout(r->daemon, &milliseconds) != MHD_YES || milliseconds > TICK_MILLISECONDS)
        milliseconds = TICK_MILLISECONDS;
    return r->is_save_wanted && !is_saving(r) ? 0 : (int)milliseconds;
}

static void
serve(struct registrar *r)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(r->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd polls[2] = {{.fd = r->supervisor.fd, .events = POLLIN},
                              {.fd = info ? info->epoll_fd : -1, .events = POLLIN}};

    while (!r->is_stopping) {
        if (poll(polls, COUNT_OF(polls), patience(r)) < 0 && errno != EINTR)
            return;
        read_supervisor(r);
        MHD_run(r->daemon);
        if (r->is_save_wanted && !is_saving(r))
            save(r);
        lose_patience(r);
        MHD_run(r->daemon);
    }
}

/* ---- start ---- */

static int
read_saved(struct registrar *r, int folder)
{
    int fd = openat(folder, REGISTRAR_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), result = 0;

    if (fd < 0)
        return errno == ENOENT ? 0 : error_from_errno(errno);
    if (lseek(fd, 0, SEEK_END) > 0)
        result = config_read_fd(&r->saved, &r->saved_length, fd, CONFIG_PEOPLE_SIZE_MAX);
    close(fd);
    return result == 0 ? people_read(&r->directory, view_of(r->saved, r->saved_length)) : result;
}

static int
open_daemon(struct registrar *r, const struct config_scim *scim, int listen_fd)
{
    const unsigned flags =
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (r->has_tls ? MHD_USE_TLS : 0);
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)scim->certificate.bytes.bytes},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)scim->key.bytes.bytes},
        {MHD_OPTION_HTTPS_PRIORITIES, 0,
         (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
        {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};

    r->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, r, MHD_OPTION_LISTEN_SOCKET,
                                 listen_fd, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
                                 (unsigned)CONNECTIONS_OF_ONE, MHD_OPTION_CONNECTION_LIMIT,
                                 (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
                                 (unsigned)TIMEOUT_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                 (size_t)MEMORY_MAX, MHD_OPTION_NOTIFY_COMPLETED, on_completed, r,
                                 MHD_OPTION_ARRAY, r->has_tls ? tls : none, MHD_OPTION_END);
    return r->daemon ? 0 : PASU_E_UNAVAILABLE;
}

/* Nothing but its own folder is there any more. */
static int
enter_sandbox(struct registrar *r)
{
    const struct sandbox_folder folder = {r->copy.directory, SANDBOX_WRITES};
    int result = sandbox_confine(&folder, 1);

    if (result == PASU_E_UNAVAILABLE) {
        LOG_EVENT(&r->log, UNCONFINED, F_TEXT("hint", "a kernel with Landlock (from 5.13 on)"));
        result = 0;
    }
    return result == 0 ? sandbox_enter(SANDBOX_REGISTRAR) : result;
}

static int
set_up(struct registrar *r, const struct registrar_start *start)
{
    const struct config_scim *scim = &start->config->principals.scim;
    uint8_t *bytes = NULL;
    size_t length = 0;
    int result;

    r->has_tls = scim->certificate.path != NULL;
    r->refusals = REFUSALS_BURST;
    r->refused_at = os_monotonic(r->os);
    copy_in(&r->copy, start->folder_fd, REGISTRAR_FILE);
    people_init(&r->directory, scim->principal);
    result = tokens_take(&r->tokens, scim->token_file.bytes);
    if (result == 0)
        result = read_saved(r, start->folder_fd);
    /* Roles may be named by another attribute than they were. */
    if (result == 0)
        result = people_write(&bytes, &length, &r->directory);
    if (result == 0 && r->saved &&
        !view_equal(view_of(bytes, length), view_of(r->saved, r->saved_length)))
        r->is_save_wanted = true;
    memory_free(bytes);
    return result == 0 ? open_daemon(r, scim, start->listen_fd) : result;
}

static void
release(struct registrar *r)
{
    resume(r, 0, PASU_E_UNAVAILABLE);
    if (r->daemon) {
        MHD_run(r->daemon);
        MHD_stop_daemon(r->daemon);
    }
    people_release(&r->directory);
    memory_free(r->saved);
    copy_close(&r->copy);
    channel_close(&r->supervisor);
}

int
registrar_main(const struct registrar_start *start, const struct log *log)
{
    struct registrar *r = memory_new(1, sizeof(*r));
    int result;

    if (!r)
        return 2;
    r->log = *log;
    r->os = log->os;
    signal(SIGPIPE, SIG_IGN);
    channel_init(&r->supervisor, start->supervisor_fd, message_rules_registrar_from_supervisor,
                 message_rules_registrar_from_supervisor_count);
    result = set_up(r, start);
    start->forget(start->arg);
    if (result == 0)
        result = enter_sandbox(r);
    if (result == 0)
        serve(r);
    else
        LOG_EVENT(&r->log, START_FAILED, F_TEXT("error", error_text(result)));
    release(r);
    memory_free(r);
    return result == 0 ? 0 : 2;
}
