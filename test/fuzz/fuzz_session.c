/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole session against hostile peers: the bytes of client and server, in any pieces and order,
 * go through the real handshake, authentication, session machine and relay. What must hold besides
 * not crashing: the server's rows reach no client before the keeper's word, and every session ends
 * when both peers are gone.
 *
 * Input: steps of a byte (bit 0: side, bits 1-7: length of the piece) and that many bytes.
 *
 * An input that begins with 'O' is of a session that stands already, whose configuration names
 * personal data, with a catalog snapshot and a ledger that is strict: the second byte says who it
 * is, of whom a budget blocks what is too much, a rule masks names, or has somebody approve. There,
 * an empty piece of the server's is the keeper, which makes durable what it has, and numbers what
 * is asked for; an empty piece of the client's is somebody who decides. Nothing may reach the
 * client while its session is held, and no row while it waits for somebody.
 */
#include "gate/session.h"

#include "../unit/catalog_rows.h"
#include "base/memory.h"
#include "config/load.h"
#include "exposure/directory.h"
#include "gate/catalog_place.h"
#include "gate/catalog_policy.h"
#include "gate/hold.h"
#include "gate/instruments.h"
#include "gate/observer.h"
#include "postgres/plan.h"

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
static struct settings *settings, *personal;
static struct catalog *catalog;
static int keeper_end;
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
fake_send(void *arg PASU_UNUSED, int fd, const void *bytes, size_t size)
{
    const struct session *s = list_is_empty(&worker.sessions)
                                  ? NULL
                                  : LIST_ENTRY(worker.sessions.next, struct session, all);

    if (s && fd == wire.client_fd && s->client.is_held)
        __builtin_trap();
    if (s && fd == wire.client_fd && s->observer && approval_holds_server(s) && size > 0 &&
        *(const uint8_t *)bytes == 'D')
        __builtin_trap();
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

static struct settings *
settings_of(const char *yaml, uint64_t generation)
{
    struct config_faults faults = {0};
    struct config *config = NULL;
    struct settings *made = NULL;
    struct address upstream;

    if (config_parse(&config, view_of_text(yaml), "fuzz.yaml", &faults) != 0 ||
        settings_new(&made, config, generation) != 0 ||
        endpoint_address(&upstream, &made->gateways[0].config->upstream) != 0)
        __builtin_trap();
    settings_set_address(made, 0, 0, 1, &upstream);
    return made;
}

static void
nobody(void *arg PASU_UNUSED, const struct catalog_place *place PASU_UNUSED, int result PASU_UNUSED)
{
}

static void
make_catalog(void)
{
    static const struct catalog_row rows[] = {
        {ROWS_SERVER, "150020|shop|UTF8|f|t|8192"},
        {ROWS_RELATIONS, "20001|public|customers|r|p|f|f"},
        {ROWS_RELATIONS, "20004|public|book|r|p|f|f"},
        {ROWS_RELATIONS, "20005|public|vault|r|p|f|f"},
        {ROWS_RELATIONS, "20006|public|products|r|p|f|f"},
        {ROWS_COLUMNS, "20001|1|id|20"},
        {ROWS_COLUMNS, "20001|2|name|25"},
        {ROWS_COLUMNS, "20001|3|phone|25"},
        {ROWS_COLUMNS, "20004|1|id|2950"},
        {ROWS_COLUMNS, "20004|2|customer_id|20"},
        {ROWS_COLUMNS, "20004|3|recipient|25"},
        {ROWS_COLUMNS, "20006|1|title|25"},
        {ROWS_KEYS, "20001|1"},
        {ROWS_KEYS, "20004|1"},
        {ROWS_POLL, "a poll"},
    };
    struct catalog_policy *policy = NULL;

    if (catalog_policy_new(&policy, personal->config) != 0 ||
        catalog_rows_build(&catalog, policy, NULL, NULL, 0, rows, COUNT_OF(rows)) != 0)
        __builtin_trap();
    catalog_policy_free(policy);
}

/* What a gate has that sees persons. */
static void
set_up_persons(void)
{
    static const char yaml[] =
        "gateway: {listen: 127.0.0.1:1, upstream: 127.0.0.1:2,\n"
        "  limits: {connections_per_address: 100000}}\n"
        "ledger: {durability: strict}\n"
        "subjects:\n"
        "  customer: {table: public.customers, key: id}\n"
        "  recipient: {table: public.book, key: id}\n"
        "personal_data:\n"
        "  - {table: public.customers, subject: customer, key: id,\n"
        "     fields: {name: name, phone: phone}}\n"
        "  - {table: public.book, subject: recipient, key: id, fields: {recipient: name}}\n"
        "never: [public.vault]\n"
        "budgets:\n"
        "  - {principal: few, window: hour, subjects: 3, verdict: block}\n"
        "principals: {actor_from: [sqlcommenter, \"setting:pasu.actor\"]}\n"
        "sources: {claimed_from: [sqlcommenter]}\n"
        "rules:\n"
        "  - {name: half, when: {principal: mas, fields: any}, verdict: mask}\n"
        "  - {name: ask, when: {principal: hel, fields: name, verbs: select}, verdict: hold}\n"
        "  - {name: late, when: {principal: hel, fields: phone}, verdict: hold}\n"
        "  - {name: why, when: {principal: hel, fields: any, purpose: none}, verdict: block}\n";
    char folder[] = "/tmp/fuzz-session-XXXXXX";
    int directory, ring;

    if (!mkdtemp(folder))
        __builtin_trap();
    directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ring = ring_open(&os_real, directory, "rings", 1);
    if (ring < 0 || ring_map(&shared.rings, ring, true) != 0)
        __builtin_trap();
    unlinkat(directory, "rings", 0);
    rmdir(folder);
    close(directory);
    close(ring);
    shared.wake = open("/dev/null", O_WRONLY | O_CLOEXEC);
    personal = settings_of(yaml, 2);
    if (plan_cache_new(&shared.plans, 64, 1 << 20) != 0 ||
        directory_new(&shared.directory, shared.secret) != 0 ||
        catalog_store_new(&shared.catalogs, &shared.log, nobody, NULL) != 0)
        __builtin_trap();
    catalog_store_stop(shared.catalogs); /* what is loaded is put there by us */
    make_catalog();
}

static void
set_up(void)
{
    static const char yaml[] =
        "gateway: {listen: 127.0.0.1:1, upstream: 127.0.0.1:2, on_failure: open,\n"
        "  replication: [r], limits: {connections_per_address: 100000}}\n";
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
    keeper_link_init(&shared.keeper, shared.os, -1);
    settings = settings_of(yaml, 1);
    if (worker_init(&worker, &shared, 0) != 0 ||
        poller_init(&worker.poller, worker.event, false) != 0)
        __builtin_trap();
    set_up_persons();
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
    worker_read_again(&worker);
    s = only_session();
    if (s && session_state_is_relay(s->state) && !s->is_registered)
        __builtin_trap();
    worker_free_dead(&worker);
}

/* The side sends these bytes. */
static void
give(enum peer_side side, struct view bytes)
{
    wire.piece[side] = bytes;
    for (int i = 0; i < 4 && wire.piece[side].length > 0 && only_session(); i++)
        poke(side, EPOLLIN);
    wire.piece[side].length = 0;
}

/* ---- a session that stands ---- */

static void
number(void)
{
    const struct session *s = only_session();
    struct message_requested requested = {.number = 1, .within = NANOSECONDS_PER_SECOND};

    if (!s || !s->observer || s->observer->approval.state != APPROVAL_ASKED)
        return;
    requested.session = s->id;
    requested.serial = s->observer->approval.serial;
    approval_numbered(&worker, &requested);
    worker_free_dead(&worker);
}

static void
decide(bool is_approved)
{
    const struct session *s = only_session();
    struct message_decided decided = {
        .number = 1,
        .decision = is_approved ? DECISION_APPROVED : DECISION_DENIED,
        .who = "lee",
    };

    if (!s || !s->observer)
        return;
    decided.session = s->id;
    approval_decided(&worker, &decided);
    worker_free_dead(&worker);
}

static void
keeper(void)
{
    struct ring *ring = ring_get(&shared.rings, 0);

    ring_release(ring, ring_head(ring));
    ring_set_durable(ring, ring_head(ring));
    hold_look(&worker);
    worker_free_dead(&worker);
    number();
}

/* The gate's own cancel requests, for results that it has ended, wait for the server: it has them.
 */
static void
end_cancels(void)
{
    list_each_safe (link, &worker.sessions) {
        struct session *s = LIST_ENTRY(link, struct session, all);

        if (s->cancels && s->server.fd >= 0)
            session_ready(s, &s->server, EPOLLOUT);
        if (s->cancels && s->state != SESSION_CLOSED)
            session_ready(s, &s->server, EPOLLIN | EPOLLHUP);
    }
    worker_free_dead(&worker);
}

static void
put_snapshot(const struct session *s)
{
    struct catalog_place *place = s->observer->place;

    if (!place->catalog)
        place->catalog = catalog_hold(catalog);
    place->version = catalog_version(catalog);
    place->served = place->touched;
    place->shifts = 0;
}

/* Up to ReadyForQuery, as a client and a server that mean well would. */
static void
stand_up(uint8_t who)
{
    enum { NAME_AT = 13 };
    static const char *const names[] = {"app", "few", "mas", "hel"};
    uint8_t startup[] = "\0\0\0\x20\0\3\0\0user\0app\0database\0shop\0";
    static const uint8_t greeting[] = "R\0\0\0\x08\0\0\0\0"
                                      "K\0\0\0\x0c\0\0\0\1\0\0\0\2"
                                      "Z\0\0\0\5I";
    struct session *s;

    memcpy(startup + NAME_AT, names[(who & 1) | (who >> 1 & 2)], 3);
    give(SIDE_CLIENT, view_of(startup, sizeof(startup)));
    give(SIDE_SERVER, view_of(greeting, 9));
    s = only_session();
    if (!s || s->state != SESSION_RECORDING)
        __builtin_trap();
    session_recorded(s, 0);
    give(SIDE_SERVER, view_of(greeting + 9, sizeof(greeting) - 10));
    if (s->state != SESSION_IDLE || !s->observer)
        __builtin_trap();
    if (who & 2)
        put_snapshot(s);
}

static void
begin_persons(void)
{
    int ends[2];

    if (channel_pair(ends) != 0 || tally_book_new(&shared.tallies) != 0)
        __builtin_trap();
    keeper_link_replace(&shared.keeper, ends[0]);
    keeper_end = ends[1]; /* what it is told nobody reads: it is little */
}

static void
end_persons(void)
{
    keeper();
    keeper_link_replace(&shared.keeper, -1);
    close(keeper_end);
    tally_book_free(shared.tallies);
    shared.tallies = NULL;
    while (!list_is_empty(&shared.catalogs->places)) /* marks and shifts are of this input */
        catalog_place_free(LIST_ENTRY(shared.catalogs->places.next, struct catalog_place, link));
    shared.notified_fields = shared.notified_kinds = 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct task task = {.kind = TASK_ACCEPTED};
    bool has_persons = size >= 2 && data[0] == 'O';

    if (!settings)
        set_up();
    /* What the last input's sessions had to say, and no keeper took, is not this one's: too much of
     * it, and no session is let in. */
    keeper_link_release(&shared.keeper);
    keeper_link_init(&shared.keeper, shared.os, -1);
    wire = (struct wire){.client_fd = open("/dev/null", O_RDWR | O_CLOEXEC)};
    task.fd = wire.client_fd;
    task.settings = settings_hold(has_persons ? personal : settings);
    task.address.u.any.sa_family = AF_UNIX;
    if (has_persons)
        begin_persons();
    session_accept(&worker, &task);
    if (has_persons) {
        stand_up(data[1]);
        data += 2;
        size -= 2;
    }
    while (size > 0 && only_session()) {
        enum peer_side side = data[0] & 1 ? SIDE_SERVER : SIDE_CLIENT;
        size_t length = data[0] >> 1;

        data++;
        size--;
        if (length > size)
            length = size;
        if (has_persons && length == 0 && side == SIDE_SERVER)
            keeper();
        else if (has_persons && length == 0)
            decide(size % 4 != 0);
        else
            give(side, view_of(data, length));
        data += length;
        size -= length;
    }
    if (has_persons)
        keeper(); /* what is held goes out */
    wire.is_over = true;
    for (int i = 0; i < 4 && only_session(); i++) {
        end_cancels();
        poke(SIDE_SERVER, EPOLLIN | EPOLLHUP);
        poke(SIDE_CLIENT, EPOLLIN | EPOLLHUP | EPOLLRDHUP);
    }
    if (only_session())
        __builtin_trap(); /* it outlived both its peers */
    if (has_persons)
        end_persons();
    return 0;
}
