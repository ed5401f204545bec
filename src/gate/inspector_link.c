/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/inspector_link.h"

#include "base/memory.h"
#include "gate/backend.h"
#include "gate/speech.h"
#include "gate/through.h"
#include "gate/tls.h"
#include "postgres/auth_md5.h"
#include "postgres/request.h"
#include "postgres/sasl.h"
#include "postgres/startup.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

enum {
    WAIT_MILLISECONDS = 5000,
    WAIT_ANSWER_MILLISECONDS = 35000, /* more than the catalog's statement_timeout */
    STOP_MILLISECONDS = 100,          /* how late it is seen */
    OUT_SIZE = 2048,
    HEAD = 5,
    AUTH_OK = 0,
    AUTH_CLEARTEXT = 3,
    AUTH_MD5 = 5,
    AUTH_SASL = 10,
    AUTH_SASL_CONTINUE = 11,
    AUTH_SASL_FINAL = 12,
};

void
inspector_link_init(struct inspector_link *link, const struct os *os, size_t limit)
{
    memset(link, 0, sizeof(*link));
    link->os = os;
    link->limit = limit;
    link->wait = WAIT_MILLISECONDS;
    link->wait_answer = WAIT_ANSWER_MILLISECONDS;
    peer_init(&link->peer, SIDE_SERVER, NULL);
}

void
inspector_link_close(struct inspector_link *link)
{
    peer_close(&link->peer, link->os);
    through_end(link->through, link->is_refused);
    link->through = NULL;
    link->is_let_in = link->is_refused = false;
    link->pid = 0;
    if (link->in)
        memory_wipe(link->in, link->size);
    memory_free(link->in);
    link->in = NULL;
    link->have = link->at = link->size = 0;
}

/* Nothing is waited for any more, however much the server has to say. */
static bool
is_over(const struct inspector_link *link)
{
    return (link->stop && atomic_load(link->stop)) ||
           (link->deadline != 0 && os_monotonic(link->os) >= link->deadline);
}

/* Until when, monotonic, something is waited for that is due now. */
static int64_t
wait_until(const struct inspector_link *link)
{
    int64_t until = os_monotonic(link->os) + link->wait * (int64_t)NANOSECONDS_PER_MILLISECOND;

    return link->deadline != 0 && link->deadline < until ? link->deadline : until;
}

static int
await(const struct inspector_link *link, short events)
{
    struct pollfd p = {.fd = link->peer.fd, .events = events};
    int64_t until = wait_until(link), left;
    int n;

    if (link->peer.wants_write)
        p.events = POLLOUT;
    do {
        left = (until - os_monotonic(link->os)) / NANOSECONDS_PER_MILLISECOND;
        if (left <= 0 || is_over(link))
            return PASU_E_TIMEOUT;
        n = poll(&p, 1, link->stop && left > STOP_MILLISECONDS ? STOP_MILLISECONDS : (int)left);
    } while (n == 0 || (n < 0 && errno == EINTR));
    return n > 0 ? 0 : PASU_E_IO;
}

int
inspector_link_send(struct inspector_link *link, const void *bytes, size_t length)
{
    int result = peer_write(&link->peer, link->os, bytes, length);

    while (result == 0 && peer_is_full(&link->peer)) {
        result = await(link, POLLOUT);
        if (result == 0) {
            result = peer_flush(&link->peer, link->os);
            if (result == PASU_E_AGAIN)
                result = 0;
        }
    }
    return result;
}

static int
send_all(struct inspector_link *link, const struct writer *w)
{
    return writer_end(w) > 0 ? inspector_link_send(link, w->start, writer_length(w)) : PASU_E_RANGE;
}

static int
read_some(struct inspector_link *link, size_t size)
{
    while (!is_over(link)) {
        ssize_t n = peer_read(&link->peer, link->os, link->in + link->have, size);
        int result;

        if (n > 0) {
            link->have += (size_t)n;
            return 0;
        }
        if (n != PASU_E_AGAIN)
            return (int)n;
        result = await(link, POLLIN);
        if (result != 0)
            return result;
    }
    return PASU_E_TIMEOUT;
}

/* Room for a message of `length` bytes from `at` on, and for some more of what follows. */
static int
make_room(struct inspector_link *link, size_t length)
{
    size_t size = link->size;
    uint8_t *larger;

    if (length > link->limit)
        return PASU_E_UPSTREAM_PROTOCOL;
    memmove(link->in, link->in + link->at, link->have - link->at);
    link->have -= link->at;
    link->at = 0;
    while (size < length)
        size *= 2;
    if (size == link->size)
        return 0;
    larger = memory_new(size, 1);
    if (!larger)
        return PASU_E_NOMEM;
    memcpy(larger, link->in, link->have);
    memory_wipe(link->in, link->size);
    memory_free(link->in);
    link->in = larger;
    link->size = size;
    return 0;
}

int
inspector_link_next(struct inspector_link *link, uint8_t *type, struct view *body)
{
    for (;;) {
        const uint8_t *start = link->in + link->at;
        size_t have = link->have - link->at;
        uint32_t length = have >= HEAD ? bytes_get_u32(start + 1) : 4;
        int result = 0;

        if (length < 4 || length > INT32_MAX)
            return PASU_E_UPSTREAM_PROTOCOL;
        if (have >= HEAD && have >= length + 1) {
            *type = start[0];
            *body = view_of(start + HEAD, length - 4);
            link->at += length + 1;
            link->is_let_in |= *type == 'S';
            if (*type != 'N' && *type != 'S' && *type != 'A')
                return 0;
            continue;
        }
        if (link->size - link->at < length + 1 || link->have == link->size)
            result = make_room(link, length + 1);
        if (result == 0)
            result = read_some(link, link->size - link->have);
        if (result != 0)
            return result;
    }
}

void
inspector_link_keep_code(struct inspector_link *link, struct view body)
{
    struct view code = speech_field(body, 'C');

    snprintf(link->detail, sizeof(link->detail), "SQLSTATE %.*s",
             code.length == 5 ? (int)code.length : 0, (const char *)code.bytes);
}

void
inspector_link_keep_error(struct inspector_link *link, struct view body)
{
    struct reader r = reader_of(body);
    uint8_t field;

    while ((field = reader_u8(&r)) != 0) {
        struct view text = reader_text(&r);

        if (field == 'M')
            text_from_view(link->detail, sizeof(link->detail), text);
    }
}

static int
answer_sasl(struct inspector_link *link, struct view names, struct view password,
            struct scram_client *client)
{
    uint8_t space[OUT_SIZE];
    struct writer w = writer_of(space, sizeof(space));
    struct scram_binding binding = {0};
    struct sasl_offer offer;
    struct view first;
    int result = sasl_offer_parse(&offer, names);

    if (result == 0 && offer.scram_plus && link->peer.tls &&
        scram_binding_of(SSL_get0_peer_certificate(link->peer.tls), &binding) != 0)
        binding.length = 0;
    if (result == 0 && !offer.scram && binding.length == 0)
        result = PASU_E_AUTH_METHOD;
    if (!offer.scram_plus)
        binding.length = 0;
    if (result == 0)
        result = scram_client_init_password(client, link->os, password, &binding);
    if (result == 0)
        result = scram_client_first(client, &first);
    if (result != 0)
        return result;
    request_sasl_initial(&w, scram_client_mechanism(client), first);
    return send_all(link, &w);
}

static int
answer_authentication(struct inspector_link *link, struct view body, struct view user,
                      struct view password, struct scram_client *client)
{
    uint8_t space[OUT_SIZE];
    struct writer w = writer_of(space, sizeof(space));
    uint32_t code = body.length >= 4 ? bytes_get_u32(body.bytes) : UINT32_MAX;
    struct view rest = view_of(body.bytes + 4, body.length >= 4 ? body.length - 4 : 0), reply;
    char md5[AUTH_MD5_SIZE];
    int result;

    switch (code) {
    case AUTH_OK:
        return 0;
    case AUTH_CLEARTEXT:
        request_password(&w, password);
        break;
    case AUTH_MD5:
        if (rest.length != 4)
            return PASU_E_UPSTREAM_PROTOCOL;
        result = auth_md5_response(md5, user, password, rest.bytes);
        if (result != 0)
            return result;
        request_password(&w, view_of_text(md5));
        break;
    case AUTH_SASL:
        return answer_sasl(link, rest, password, client);
    case AUTH_SASL_CONTINUE:
        result = scram_client_final(client, rest, &reply);
        if (result != 0)
            return result;
        request_sasl(&w, reply);
        break;
    case AUTH_SASL_FINAL:
        return scram_client_verify(client, rest);
    default:
        return PASU_E_AUTH_METHOD;
    }
    result = send_all(link, &w);
    memory_wipe(space, sizeof(space));
    return result;
}

/* The password file's first line. */
static struct view
password_of(const struct gateway *gateway)
{
    struct view v = gateway->config->inspector.password_file.bytes;
    const uint8_t *end = v.length > 0 ? memchr(v.bytes, '\n', v.length) : NULL;

    if (end)
        v.length = (size_t)(end - v.bytes);
    if (v.length > 0 && v.bytes[v.length - 1] == '\r')
        v.length--;
    return v;
}

/* The backend's number, of BackendKeyData. */
static void
take_process(struct inspector_link *link, const struct settings *settings,
             const struct gateway *gateway, const char *database, struct view body)
{
    link->pid = body.length >= 4 ? bytes_get_u32(body.bytes) : 0;
    if (link->through)
        through_process(link->through, link->pid);
    if (link->pid != 0)
        backend_tell(settings->keeper, 0, link->pid, link->peer.fd, gateway->config->name,
                     database);
}

static int
log_in(struct inspector_link *link, const struct settings *settings, const struct gateway *gateway,
       const char *database)
{
    const struct request_parameter parameters[] = {
        {VIEW("user"), view_of_text(gateway->config->inspector.user)},
        {VIEW("database"), view_of_text(database)},
        {VIEW("application_name"),
         view_of_text(settings->application[0] ? settings->application : "pasu inspector")},
        {VIEW("client_encoding"), VIEW("UTF8")},
    };
    uint8_t space[OUT_SIZE], type;
    struct writer w = writer_of(space, sizeof(space));
    struct scram_client client = {0};
    struct view body;
    int result;

    request_startup(&w, CODE_VERSION_3_0, parameters, COUNT_OF(parameters));
    result = send_all(link, &w);
    while (result == 0) {
        result = inspector_link_next(link, &type, &body);
        if (result != 0)
            break;
        if (type == 'Z')
            break;
        if (type == 'R') {
            result = answer_authentication(link, body, parameters[0].value, password_of(gateway),
                                           &client);
        } else if (type == 'E') {
            inspector_link_keep_error(link, body);
            link->is_refused = !link->is_let_in;
            result = PASU_E_AUTH_SERVER;
        } else if (type == 'K') {
            take_process(link, settings, gateway, database, body);
        } else if (type != 'v') {
            result = PASU_E_UPSTREAM_PROTOCOL;
        }
    }
    if (result == 0 && link->through)
        through_ready(link->through);
    if (result == 0 && settings->let_in)
        settings->let_in(settings->let_in_arg, link->pid, link->peer.fd);
    scram_client_release(&client);
    return result;
}

static int
start_tls(struct inspector_link *link, const struct gateway *gateway)
{
    uint8_t space[16];
    struct writer w = writer_of(space, sizeof(space));
    int result;

    request_ssl(&w);
    result = send_all(link, &w);
    if (result == 0)
        result = read_some(link, 1);
    if (result != 0)
        return result;
    if (link->in[0] != 'S')
        return PASU_E_UPSTREAM_TLS;
    link->have = 0;
    link->peer.tls = tls_connect(gateway->server_tls, link->peer.fd, gateway->config);
    if (!link->peer.tls)
        return PASU_E_NOMEM;
    while ((result = peer_handshake(&link->peer)) == PASU_E_AGAIN)
        if ((result = await(link, POLLIN)) != 0)
            return result;
    return result == PASU_E_TLS_FAILED ? PASU_E_UPSTREAM_TLS : result;
}

static int
connect_to(struct inspector_link *link, const struct address *address)
{
    int number = 0;
    socklen_t length = sizeof(number);

    link->peer.fd = socket(address->u.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (link->peer.fd < 0)
        return error_from_errno(errno);
    if (link->os->connect(link->os->arg, link->peer.fd, &address->u.any, address->length) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return PASU_E_UPSTREAM_CONNECT;
    if (await(link, POLLOUT) != 0 ||
        getsockopt(link->peer.fd, SOL_SOCKET, SO_ERROR, &number, &length) != 0 || number != 0)
        return PASU_E_UPSTREAM_CONNECT;
    return 0;
}

static int
count_session(struct inspector_link *link, const struct settings *settings,
              const struct gateway *gateway, const char *database)
{
    if (!settings->through)
        return 0;
    link->through = through_begin(settings->through, gateway->config->name, database, true);
    return link->through ? 0 : PASU_E_NOMEM;
}

int
inspector_link_open(struct inspector_link *link, struct settings *settings,
                    const struct gateway *gateway, const char *database)
{
    struct address addresses[UPSTREAM_ADDRESSES_MAX];
    size_t count = settings_addresses(settings, gateway, addresses);
    int result = PASU_E_UPSTREAM_CONNECT;

    if (link->peer.fd >= 0 && link->generation == settings->generation)
        return 0;
    if (!database)
        database = gateway->config->inspector.database;
    link->detail[0] = '\0';
    for (size_t i = 0; i < count && result != 0; i++) {
        inspector_link_close(link);
        result = connect_to(link, &addresses[i]);
    }
    if (result == 0 && !(link->in = memory_new(INSPECTOR_BUFFER_SIZE, 1)))
        result = PASU_E_NOMEM;
    else if (result == 0)
        link->size = INSPECTOR_BUFFER_SIZE;
    if (result == 0 && gateway->server_tls)
        result = start_tls(link, gateway);
    if (result == 0)
        result = count_session(link, settings, gateway, database);
    if (result == 0)
        result = log_in(link, settings, gateway, database);
    if (result != 0)
        inspector_link_close(link);
    else
        link->generation = settings->generation;
    return result == PASU_E_EOF ? PASU_E_UPSTREAM_LOST : result;
}
