/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/probe.h"
#include "base/memory.h"
#include "base/os.h"
#include "ledger/control_client.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

extern char **environ;

enum { OPTIONS_MAX = 24, TIMEOUT_SECONDS = 10, NUMBER_SIZE = 8, PASSWORD_SIZE = 1024 };

/* A path at which there can be no file: libpq then has no default to fall back on. */
static const char no_file[] = "/dev/null/none";

struct options {
    const char *names[OPTIONS_MAX + 1], *values[OPTIONS_MAX + 1];
    size_t count;
    char port[NUMBER_SIZE], password[PASSWORD_SIZE];
};

void
probe_init(void)
{
    char name[128];
    char **at = environ;

    while (*at != NULL) {
        size_t length = strcspn(*at, "=");

        if (strncmp(*at, "PG", 2) != 0 || length >= sizeof(name)) {
            at++;
            continue;
        }
        memcpy(name, *at, length);
        name[length] = '\0';
        unsetenv(name);
        at = environ; /* unsetenv moves the rest */
    }
}

static void
option_add(struct options *options, const char *name, const char *value)
{
    if (options->count < OPTIONS_MAX) {
        options->names[options->count] = name;
        options->values[options->count++] = value;
    }
}

static const char *
path_or_none(const struct config_file *file)
{
    return file->path != NULL ? file->path : no_file;
}

/* The file's first line is the password. */
static void
password_take(struct options *options, const struct config_file *file)
{
    struct view v = file->bytes;
    const uint8_t *end = v.length > 0 ? memchr(v.bytes, '\n', v.length) : NULL;

    if (end != NULL)
        v.length = (size_t)(end - v.bytes);
    if (v.length > 0 && v.bytes[v.length - 1] == '\r')
        v.length--;
    text_from_view(options->password, sizeof(options->password), v);
}

static void
options_end(struct options *options, const struct config_gateway *gateway, const char *application,
            bool is_inspector)
{
    option_add(options, "sslcrl", no_file);
    option_add(options, "passfile", no_file);
    option_add(options, "gssencmode", "disable");
    option_add(options, "application_name", application);
    option_add(options, "client_encoding", "UTF8");
    if (is_inspector && gateway->inspector.password_file.path != NULL) {
        password_take(options, &gateway->inspector.password_file);
        option_add(options, "password", options->password);
    }
}

static void
options_fill(struct options *options, const struct config_gateway *gateway, const char *database)
{
    static const char *const modes[] = {
        [UPSTREAM_TLS_DISABLE] = "disable",
        [UPSTREAM_TLS_REQUIRE] = "require",
        [UPSTREAM_TLS_VERIFY_FULL] = "verify-full",
    };

    snprintf(options->port, sizeof(options->port), "%u", (unsigned)gateway->upstream.port);
    option_add(options, "host", gateway->upstream.host);
    option_add(options, "port", options->port);
    option_add(options, "user", gateway->inspector.user);
    option_add(options, "dbname", database != NULL ? database : gateway->inspector.database);
    option_add(options, "sslmode", modes[gateway->upstream_tls.mode]);
    option_add(options, "sslrootcert", path_or_none(&gateway->upstream_tls.ca));
    option_add(options, "sslcert", path_or_none(&gateway->upstream_tls.certificate));
    option_add(options, "sslkey", path_or_none(&gateway->upstream_tls.key));
    options_end(options, gateway, PROBE_APPLICATION, true);
}

static int
no_frame(void *arg PASU_UNUSED, uint32_t type PASU_UNUSED, const void *body PASU_UNUSED,
         size_t length PASU_UNUSED)
{
    return PASU_E_PROTOCOL;
}

uint64_t
probe_announce(const struct config_gateway *gateway, const char *database, uint32_t count)
{
    struct control_request request = {
        .magic = CONTROL_MAGIC, .version = CONTROL_VERSION, .verb = CONTROL_TRY};
    struct control_try *visit = &request.trial;
    uint64_t token;

    if (gateway->control == NULL)
        return 0;
    visit->control = TRY_OF_VISIT;
    visit->count = count;
    snprintf(visit->gateway, sizeof(visit->gateway), "%s", gateway->name);
    snprintf(visit->what, sizeof(visit->what), "%s",
             database != NULL ? database : gateway->inspector.database);
    return control_ask(gateway->control, &request, no_frame, NULL, &token) == 0 ? token : 0;
}

/* The port that the server sees it come from; 0: it has none, or is not known. */
static uint32_t
port_of(int fd)
{
    struct sockaddr_storage own = {0};
    socklen_t length = sizeof(own);

    if (fd < 0 || getsockname(fd, (struct sockaddr *)&own, &length) != 0)
        return 0;
    if (own.ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)&own)->sin_port);
    return own.ss_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)&own)->sin6_port) : 0;
}

void
probe_arrived(const struct config_gateway *gateway, uint64_t visit, uint32_t pid, int fd)
{
    struct control_request request = {
        .magic = CONTROL_MAGIC,
        .version = CONTROL_VERSION,
        .verb = CONTROL_TRY,
        .trial = {.control = TRY_OF_ARRIVAL, .pid = pid, .number = visit, .port = port_of(fd)}};
    uint64_t token;

    if (visit == 0 || gateway->control == NULL)
        return;
    if (control_ask(gateway->control, &request, no_frame, NULL, &token) != 0) {
        /* it stays open in the census whether it has come */
    }
}

/* Where one connects that listens at all addresses of the machine. */
static const char *
reachable(const char *host)
{
    if (strcmp(host, "0.0.0.0") == 0)
        return "127.0.0.1";
    return strcmp(host, "::") == 0 ? "::1" : host;
}

static void
options_enter(struct options *options, const struct config_gateway *gateway, const char *user,
              const char *application)
{
    static const char *const modes[] = {
        [TLS_OFF] = "disable", [TLS_ALLOW] = "prefer", [TLS_REQUIRE] = "require"};
    const struct endpoint *listen = &gateway->listen[0];

    memset(options, 0, sizeof(*options));
    snprintf(options->port, sizeof(options->port), "%u", (unsigned)listen->port);
    option_add(options, "host", reachable(listen->host));
    option_add(options, "port", options->port);
    option_add(options, "user", user);
    option_add(options, "dbname",
               gateway->inspector.database != NULL ? gateway->inspector.database : "postgres");
    option_add(options, "sslmode", modes[gateway->tls.mode]);
    option_add(options, "sslrootcert", no_file);
    option_add(options, "sslcert", no_file);
    option_add(options, "sslkey", no_file);
    options_end(options, gateway, application,
                gateway->inspector.user != NULL && strcmp(user, gateway->inspector.user) == 0);
}

/* libpq's messages are several lines; ours is one. */
static int
probe_fail(struct probe *probe, int code, const char *text)
{
    size_t used = 0;

    for (; *text != '\0' && used + 1 < sizeof(probe->error); text++)
        if (*text != '\n' && *text != '\t')
            probe->error[used++] = *text;
        else if (text[1] != '\0' && text[1] != '\t' && used > 0)
            probe->error[used++] = ' ';
    probe->error[used] = '\0';
    return code;
}

/* Waits until the socket is ready or the deadline is over; false for the latter. */
static bool
wait_ready(PGconn *connection, short events, int64_t deadline)
{
    struct pollfd ready = {.fd = PQsocket(connection), .events = events};
    int64_t left = deadline - os_monotonic(&os_real);

    return ready.fd >= 0 && left > 0 &&
           poll(&ready, 1, (int)(left / NANOSECONDS_PER_MILLISECOND) + 1) > 0;
}

static enum probe_phase
phase_of(ConnStatusType status, enum probe_phase before)
{
    enum probe_phase now = before;

    if (status == CONNECTION_MADE)
        now = PROBE_REACHED;
    else if (status == CONNECTION_SSL_STARTUP)
        now = PROBE_TLS;
    else if (status == CONNECTION_AWAITING_RESPONSE || status == CONNECTION_AUTH_OK)
        now = PROBE_LOGIN;
    return now > before ? now : before;
}

static int
probe_connect(struct probe *probe, int64_t deadline)
{
    PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;

    while (PQstatus(probe->connection) != CONNECTION_BAD) {
        probe->phase = phase_of(PQstatus(probe->connection), probe->phase);
        if (!wait_ready(probe->connection, wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT,
                        deadline))
            return probe_fail(probe, PASU_E_TIMEOUT, "no answer in time");
        wanted = PQconnectPoll(probe->connection);
        if (wanted == PGRES_POLLING_OK) {
            probe->phase = PROBE_OPEN;
            return 0;
        }
        if (wanted == PGRES_POLLING_FAILED)
            break;
    }
    return probe_fail(probe, PASU_E_UPSTREAM_CONNECT, PQerrorMessage(probe->connection));
}

static void
notice_drop(void *arg PASU_UNUSED, const char *message PASU_UNUSED)
{
}

static int
probe_start(struct probe *probe, struct options *options)
{
    int64_t deadline = os_monotonic(&os_real) + TIMEOUT_SECONDS * NANOSECONDS_PER_SECOND;

    probe->connection = PQconnectStartParams(options->names, options->values, 0);
    memory_wipe(options->password, sizeof(options->password));
    if (probe->connection == NULL)
        return probe_fail(probe, PASU_E_NOMEM, error_text(PASU_E_NOMEM));
    PQsetNoticeProcessor(probe->connection, notice_drop, NULL);
    return probe_connect(probe, deadline);
}

int
probe_enter(struct probe *probe, const struct config_gateway *gateway, const char *user,
            const char *application)
{
    struct options options;

    *probe = (struct probe){0};
    options_enter(&options, gateway, user, application);
    return probe_start(probe, &options);
}

/* `is_told`: which process it is. */
static int
open_to(struct probe *probe, const struct config_gateway *gateway, const char *database,
        bool is_told)
{
    struct options options;
    PGresult *set;
    int r;

    *probe = (struct probe){0};
    memset(&options, 0, sizeof(options));
    options_fill(&options, gateway, database);
    probe->visit = probe_announce(gateway, database, 1);
    r = probe_start(probe, &options);
    if (r != 0 || is_told) {
        probe_arrived(gateway, probe->visit, r == 0 ? (uint32_t)PQbackendPID(probe->connection) : 0,
                      PQsocket(probe->connection));
        probe->visit = 0;
    }
    if (r != 0)
        return r;
    set = probe_query(probe,
                      "SELECT set_config('default_transaction_read_only', 'on', false), "
                      "set_config('statement_timeout', '10s', false), "
                      "set_config('search_path', 'pg_catalog', false)",
                      0, NULL);
    r = set != NULL ? 0 : PASU_E_UPSTREAM_PROTOCOL;
    PQclear(set);
    return r;
}

int
probe_open(struct probe *probe, const struct config_gateway *gateway, const char *database)
{
    return open_to(probe, gateway, database, true);
}

int
probe_open_unseen(struct probe *probe, const struct config_gateway *gateway)
{
    return open_to(probe, gateway, NULL, false);
}

void
probe_close(struct probe *probe)
{
    PQfinish(probe->connection);
    probe->connection = NULL;
}

/* The next result, NULL with `error` empty where there is none left, or not empty after a failure.
 */
static PGresult *
result_next(struct probe *probe, int64_t deadline)
{
    probe->error[0] = '\0';
    while (PQisBusy(probe->connection)) {
        if (!wait_ready(probe->connection, POLLIN, deadline)) {
            probe_fail(probe, 0, "no answer in time");
            return NULL;
        }
        if (PQconsumeInput(probe->connection) != 1) {
            probe_fail(probe, 0, PQerrorMessage(probe->connection));
            return NULL;
        }
    }
    return PQgetResult(probe->connection);
}

PGresult *
probe_query(struct probe *probe, const char *sql, int count, const char *const *values)
{
    int64_t deadline = os_monotonic(&os_real) + TIMEOUT_SECONDS * NANOSECONDS_PER_SECOND;
    PGresult *result = NULL, *next;

    if (PQsendQueryParams(probe->connection, sql, count, NULL, values, NULL, NULL, 0) != 1) {
        probe_fail(probe, 0, PQerrorMessage(probe->connection));
        return NULL;
    }
    while ((next = result_next(probe, deadline)) != NULL) {
        PQclear(result);
        result = next;
    }
    if (probe->error[0] == '\0' && PQresultStatus(result) == PGRES_TUPLES_OK)
        return result;
    if (probe->error[0] == '\0')
        probe_fail(probe, 0, PQresultErrorMessage(result));
    PQclear(result);
    return NULL;
}

bool
probe_is_inspector(const struct config *config, const char *role)
{
    for (size_t i = 0; i < config->gateway_count; i++)
        if (config->gateways[i].inspector.user != NULL &&
            strcmp(config->gateways[i].inspector.user, role) == 0)
            return true;
    return false;
}
