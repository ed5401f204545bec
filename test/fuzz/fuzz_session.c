/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole session against hostile peers: the bytes of client and server, in any pieces and order,
 * go through the real handshake, authentication, session machine and relay. What must hold besides
 * not crashing: the server's rows reach no client before the keeper's word, and every session ends
 * when both peers are gone.
 *
 * Input: steps of a byte (bit 0: side, bits 1-7: length of the piece) and that many bytes.
 */
#include "gate/session.h"

#include "base/memory.h"
#include "config/load.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct wire {
    int client_fd;
    struct view piece[2]; /* what each side has sent and we have not read */
    bool is_over;
};

static struct wire wire;
static struct gate_shared shared;
static struct worker worker;
static struct settings *settings;
static struct os os;

static ssize_t
fake_recv(void *arg PASU_UNUSED, int fd, void *bytes, size_t size)
{
    struct view *piece = &wire.piece[fd == wire.client_fd ? SIDE_CLIENT : SIDE_SERVER];
    size_t n = piece->length < size ? piece->length : size;

    if (n == 0) {
        errno = EAGAIN;
        return wire.is_over ? 0 : -1;
    }
    memcpy(bytes, piece->bytes, n);
    *piece = view_of(piece->bytes + n, piece->length - n);
    return (ssize_t)n;
}

static ssize_t
fake_peek(void *arg PASU_UNUSED, int fd PASU_UNUSED, void *bytes, size_t size)
{
    const struct view *piece = &wire.piece[SIDE_CLIENT];

    if (piece->length < size) {
        errno = EAGAIN;
        return -1;
    }
    memcpy(bytes, piece->bytes, size);
    return (ssize_t)size;
}

static ssize_t
fake_send(void *arg PASU_UNUSED, int fd PASU_UNUSED, const void *bytes PASU_UNUSED, size_t size)
{
    return (ssize_t)size;
}

static int
fake_connect(void *arg PASU_UNUSED, int fd PASU_UNUSED, const struct sockaddr *a PASU_UNUSED,
             socklen_t n PASU_UNUSED)
{
    return 0;
}

static int
fake_random(void *arg PASU_UNUSED, void *bytes, size_t size)
{
    memset(bytes, 0x5a, size);
    return 0;
}

static void
set_up(void)
{
    static const char yaml[] =
        "gateway: {listen: 127.0.0.1:1, upstream: 127.0.0.1:2, on_failure: open,\n"
        "  replication: [r], limits: {connections_per_address: 100000}}\n";
    struct config_faults faults = {0};
    struct config *config = NULL;
    struct address upstream;
    int sink = open("/dev/null", O_WRONLY | O_CLOEXEC);

    os = os_real;
    os.recv = fake_recv;
    os.peek = fake_peek;
    os.send = fake_send;
    os.connect = fake_connect;
    os.random = fake_random;
    shared.os = &os;
    shared.log = (struct log){.fd = sink, .level = LOG_ERROR + 1, .process = "fuzz", .os = &os};
    shared.supervisor.fd = -1;
    cancel_init(&shared.cancels, &os);
    address_count_init(&shared.early);
    keeper_link_init(&shared.keeper);
    if (config_parse(&config, view_of_text(yaml), "fuzz.yaml", &faults) != 0 ||
        settings_new(&settings, config, 1) != 0 ||
        endpoint_address(&upstream, &settings->gateways[0].config->upstream) != 0 ||
        worker_init(&worker, &shared, 0) != 0)
        __builtin_trap();
    settings_set_address(settings, 0, 0, 1, &upstream);
}

static struct session *
only_session(void)
{
    return list_is_empty(&worker.sessions) ? NULL
                                           : LIST_ENTRY(worker.sessions.next, struct session, all);
}

static void
poke(enum peer_side side, uint32_t events)
{
    struct session *s = only_session();

    if (s) {
        struct peer *peer = side == SIDE_CLIENT ? &s->client : &s->server;

        if (s->server.fd >= 0 &&
            (s->state == SESSION_CONNECTING || s->state == SESSION_CANCEL_CONNECTING))
            session_ready(s, &s->server, EPOLLOUT);
        session_ready(s, peer, events);
    }
    worker_read_inbox(&worker);
    s = only_session();
    if (s && session_state_is_relay(s->state) && !s->is_registered)
        __builtin_trap();
    worker_free_dead(&worker);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct task task = {.kind = TASK_ACCEPTED};

    if (!settings)
        set_up();
    wire = (struct wire){.client_fd = open("/dev/null", O_RDWR | O_CLOEXEC)};
    task.fd = wire.client_fd;
    task.settings = settings_hold(settings);
    task.address.u.any.sa_family = AF_UNIX;
    session_accept(&worker, &task);
    while (size > 0 && only_session()) {
        enum peer_side side = data[0] & 1 ? SIDE_SERVER : SIDE_CLIENT;
        size_t length = data[0] >> 1;

        data++;
        size--;
        if (length > size)
            length = size;
        wire.piece[side] = view_of(data, length);
        data += length;
        size -= length;
        for (int i = 0; i < 4 && wire.piece[side].length > 0 && only_session(); i++)
            poke(side, EPOLLIN);
        wire.piece[side].length = 0;
    }
    wire.is_over = true;
    for (int i = 0; i < 4 && only_session(); i++) {
        poke(SIDE_SERVER, EPOLLIN | EPOLLHUP);
        poke(SIDE_CLIENT, EPOLLIN | EPOLLHUP | EPOLLRDHUP);
    }
    if (only_session())
        __builtin_trap(); /* it outlived both its peers */
    return 0;
}
