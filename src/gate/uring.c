/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/uring.h"

#include "base/memory.h"
#include "gate/peer.h"
#include "gate/receive_pool.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>

enum {
    REQUESTS = 512, /* queued at once; more are submitted on the way */
    RESULTS = 4096, /* that can wait at once; the kernel keeps what is beyond */
    BUFFER_GROUP = 0,
    ARENA_SIZE = 256 << 10,
    SLOTS_FIRST = 64,
    KIND_BITS = 3,
    SLOT_BITS = 24,
};

/* What a result is of: in the lowest bits of its user_data, below the slot and the tag. */
enum kind { KIND_WAKE, KIND_RECEIVE, KIND_POLL, KIND_SEND, KIND_CANCEL };

/* What is known of a peer. A result that bears another tag than its slot is of the past: of a peer
 * that has been forgotten, or of a poll that was replaced. */
struct slot {
    struct peer *peer;              /* NULL: free */
    uint64_t receive_tag, poll_tag; /* 0: none under way */
    uint32_t poll_events;
    uint32_t ready_events; /* to be told */
    uint32_t next;         /* of the ready ones, or of the free ones; 0: the last */
    bool is_ready;         /* in the list of the ready ones */
    bool is_stopping;      /* the receive is being cancelled */
    bool is_over;          /* its end has been told: a poll tells it again, whatever is asked */
    struct received received;
    const uint8_t *sending; /* in the arena */
    uint32_t sending_length;
    struct io_uring_sqe *send; /* not submitted yet: may grow */
};

struct uring {
    struct io_uring ring;
    struct receive_pool pool;
    uint8_t *map; /* the pool, the arena */
    size_t map_size;
    uint8_t *arena;
    size_t arena_at;
    uint32_t sending[REQUESTS], sends; /* slots with a send in the queue */
    int wake;
    bool is_wake_armed, is_woken;
    uint64_t next_tag;
    struct slot *slots; /* [0] is none */
    uint32_t slot_size, slot_count, free_slot, first_ready, last_ready;
};

static uint64_t
name(enum kind kind, uint32_t slot, uint64_t tag)
{
    return tag << (SLOT_BITS + KIND_BITS) | (uint64_t)slot << KIND_BITS | kind;
}

/* ---- making ---- */

/* From here on the ring works, and can be asked for nothing but these. */
static int
restrict_and_enable(struct io_uring *ring)
{
    static const uint8_t operations[] = {IORING_OP_RECV, IORING_OP_SEND, IORING_OP_POLL_ADD,
                                         IORING_OP_ASYNC_CANCEL};
    struct io_uring_restriction rules[COUNT_OF(operations) + 1];

    memset(rules, 0, sizeof(rules));
    for (size_t i = 0; i < COUNT_OF(operations); i++) {
        rules[i].opcode = IORING_RESTRICTION_SQE_OP;
        rules[i].sqe_op = operations[i];
    }
    rules[COUNT_OF(operations)].opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
    rules[COUNT_OF(operations)].sqe_flags = IOSQE_BUFFER_SELECT | IOSQE_CQE_SKIP_SUCCESS;
    /* The library's functions for these two are missing in its version 2.3. */
    if (io_uring_register((unsigned)ring->ring_fd, IORING_REGISTER_RESTRICTIONS, rules,
                          COUNT_OF(rules)) < 0)
        return PASU_E_UNAVAILABLE;
    return io_uring_register((unsigned)ring->ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0) < 0
               ? PASU_E_UNAVAILABLE
               : 0;
}

static int
make_buffers(struct uring *u)
{
    size_t pool = (size_t)RECEIVE_BUFFERS * POLLER_RECEIVE_SIZE;
    struct io_uring_buf_reg reg = {.ring_entries = RECEIVE_BUFFERS, .bgid = BUFFER_GROUP};
    void *map;

    u->map_size = RECEIVE_POOL_HEAD + pool + ARENA_SIZE;
    map = mmap(NULL, u->map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return PASU_E_NOMEM;
    u->map = map;
    u->arena = u->map + RECEIVE_POOL_HEAD + pool;
    reg.ring_addr = (uintptr_t)map;
    if (io_uring_register_buf_ring(&u->ring, &reg, 0) != 0)
        return PASU_E_UNAVAILABLE;
    receive_pool_init(&u->pool, map, u->map + RECEIVE_POOL_HEAD);
    return 0;
}

int
uring_new(struct uring **uring, int wake)
{
    struct io_uring_params params = {.flags = IORING_SETUP_SINGLE_ISSUER |
                                              IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE |
                                              IORING_SETUP_SUBMIT_ALL | IORING_SETUP_R_DISABLED,
                                     .cq_entries = RESULTS};
    struct uring *u = memory_new(1, sizeof(*u));
    int result;

    *uring = NULL;
    if (!u)
        return PASU_E_NOMEM;
    u->wake = wake;
    u->next_tag = 1;
    u->slot_count = 1;
    u->slot_size = SLOTS_FIRST;
    u->slots = memory_new(u->slot_size, sizeof(u->slots[0]));
    if (!u->slots || io_uring_queue_init_params(REQUESTS, &u->ring, &params) != 0) {
        result = u->slots ? PASU_E_UNAVAILABLE : PASU_E_NOMEM;
        memory_free(u->slots);
        memory_free(u);
        return result;
    }
    result = make_buffers(u);
    /* Its descriptor need not be looked up with each call then. Where it cannot be, it is. */
    (void)io_uring_register_ring_fd(&u->ring);
    if (result == 0)
        result = restrict_and_enable(&u->ring);
    if (result != 0) {
        uring_free(u);
        return result;
    }
    *uring = u;
    return 0;
}

void
uring_free(struct uring *u)
{
    if (!u)
        return;
    /* The registered descriptor goes with the thread: the library would ask the kernel for it,
     * which no filter of ours allows. */
    u->ring.enter_ring_fd = u->ring.ring_fd;
    u->ring.int_flags = 0;
    io_uring_queue_exit(&u->ring);
    if (u->map)
        munmap(u->map, u->map_size);
    for (uint32_t i = 1; i < u->slot_count; i++)
        memory_free(u->slots[i].received.aside);
    memory_free(u->slots);
    memory_free(u);
}

/* ---- slots ---- */

static struct slot *
slot_of(struct uring *u, struct peer *peer)
{
    uint32_t at = peer->slot;

    if (PASU_LIKELY(at != 0))
        return &u->slots[at];
    if (u->free_slot != 0) {
        at = u->free_slot;
        u->free_slot = u->slots[at].next;
    } else {
        if (u->slot_count == u->slot_size) {
            struct slot *more;

            if (u->slot_size >= 1u << (SLOT_BITS - 1))
                return NULL;
            more = memory_resize(u->slots, 2 * (size_t)u->slot_size, sizeof(*more));
            if (!more)
                return NULL;
            u->slots = more;
            u->slot_size *= 2;
        }
        at = u->slot_count++;
    }
    u->slots[at] = (struct slot){.peer = peer};
    received_init(&u->slots[at].received);
    peer->slot = at;
    return &u->slots[at];
}

static void
make_ready(struct uring *u, struct slot *slot, uint32_t events)
{
    uint32_t at = (uint32_t)(slot - u->slots);

    slot->ready_events |= events;
    if (slot->is_ready)
        return;
    slot->is_ready = true;
    slot->next = 0;
    if (u->first_ready == 0)
        u->first_ready = at;
    else
        u->slots[u->last_ready].next = at;
    u->last_ready = at;
}

size_t
uring_take(struct uring *u, struct peer *peer, void *bytes, size_t size, bool *may_be_more)
{
    struct received *received = &u->slots[peer->slot].received;
    size_t n = received_take(received, &u->pool, bytes, size, may_be_more);

    peer->has_received = !received_is_empty(received);
    return n;
}

/* ---- results ---- */

static void
received(struct uring *u, struct slot *slot, const struct io_uring_cqe *cqe)
{
    if (PASU_UNLIKELY(!(cqe->flags & IORING_CQE_F_MORE)))
        slot->receive_tag = 0; /* watched again, it is asked for again */
    if (PASU_LIKELY(cqe->res > 0)) {
        received_add(&slot->received, &u->pool, cqe->flags >> IORING_CQE_BUFFER_SHIFT,
                     (size_t)cqe->res);
        slot->peer->has_received = true;
        make_ready(u, slot, EPOLLIN);
        return;
    }
    if (cqe->flags & IORING_CQE_F_BUFFER)
        receive_pool_give(&u->pool, cqe->flags >> IORING_CQE_BUFFER_SHIFT);
    /* The end, or nothing in particular (no buffer was left, a signal): reading tells which. */
    make_ready(u, slot, EPOLLIN);
    if (cqe->res < 0 && cqe->res != -ENOBUFS && cqe->res != -EAGAIN && cqe->res != -EINTR &&
        cqe->res != -ECANCELED)
        make_ready(u, slot, EPOLLERR | EPOLLHUP);
}

/* Of what was received ahead, reading tells the end: that it has come makes readable. */
static uint32_t
polled(const struct slot *slot, int result)
{
    uint32_t events = result > 0 ? (uint32_t)result : EPOLLIN | EPOLLERR;

    return slot->receive_tag != 0 && (events & EPOLLRDHUP) ? events | EPOLLIN : events;
}

static void
end_send(struct slot *slot)
{
    slot->sending = NULL;
    slot->send = NULL;
    slot->peer->is_sending = false;
}

/* Not all of it: what was is not told. */
static void
sent(struct uring *u, struct slot *slot, int result)
{
    struct peer *peer = slot->peer;
    const uint8_t *bytes = slot->sending;

    end_send(slot);
    peer_sent(peer, result, bytes, slot->sending_length);
    if (!peer->is_broken)
        make_ready(u, slot, EPOLLOUT);
    else if (peer->side == SIDE_CLIENT)
        make_ready(u, slot, EPOLLHUP); /* of a server, the end will be read */
}

static void
take_result(struct uring *u, const struct io_uring_cqe *cqe)
{
    enum kind kind = cqe->user_data & ((1u << KIND_BITS) - 1);
    uint64_t tag = cqe->user_data >> (SLOT_BITS + KIND_BITS);
    struct slot *slot = &u->slots[cqe->user_data >> KIND_BITS & ((1u << SLOT_BITS) - 1)];

    switch (kind) {
    case KIND_WAKE:
        u->is_wake_armed = false;
        u->is_woken = true;
        break;
    case KIND_RECEIVE:
        if (tag == slot->receive_tag)
            received(u, slot, cqe);
        else if (cqe->flags & IORING_CQE_F_BUFFER)
            receive_pool_give(&u->pool, cqe->flags >> IORING_CQE_BUFFER_SHIFT);
        break;
    case KIND_POLL:
        if (tag != slot->poll_tag)
            break;
        slot->poll_tag = 0;
        slot->is_over |= cqe->res > 0 && (cqe->res & EPOLLRDHUP);
        make_ready(u, slot, polled(slot, cqe->res));
        break;
    case KIND_SEND:
        sent(u, slot, cqe->res);
        break;
    case KIND_CANCEL:
        break;
    }
}

/* Whether all that was queued has been tried, and what there is to be told of it has been. */
static bool
is_settled(struct uring *u)
{
    return io_uring_sq_ready(&u->ring) == 0 && !io_uring_cq_has_overflow(&u->ring);
}

/* All results that are there: before anybody reads a socket himself, so that nothing overtakes. */
static void
take_results(struct uring *u)
{
    struct io_uring_cqe *cqe;
    unsigned head, count = 0;

    io_uring_for_each_cqe(&u->ring, head, cqe)
    {
        take_result(u, cqe);
        count++;
    }
    io_uring_cq_advance(&u->ring, count);
    if (PASU_UNLIKELY(*u->ring.cq.koverflow != 0))
        abort(); /* the kernel had no memory for a result: nobody knows of what */
    if (u->sends == 0 || PASU_UNLIKELY(!is_settled(u)))
        return;
    for (uint32_t i = 0; i < u->sends; i++) {
        struct slot *slot = &u->slots[u->sending[i]];

        if (PASU_LIKELY(slot->sending != NULL))
            end_send(slot);
    }
    u->sends = 0;
    u->arena_at = 0;
}

void
uring_settle(struct uring *u)
{
    /* A send that may not wait is over at once. Only where results have found no room it takes
     * another call, and where the kernel is out of memory, some. */
    do {
        io_uring_submit_and_get_events(&u->ring);
        take_results(u);
    } while (u->sends > 0 || !is_settled(u));
}

/* ---- requests ---- */

static struct io_uring_sqe *
new_request(struct uring *u)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);

    if (PASU_LIKELY(sqe != NULL))
        return sqe;
    uring_settle(u);
    return io_uring_get_sqe(&u->ring);
}

static void
receive(struct uring *u, struct slot *slot)
{
    struct io_uring_sqe *sqe = new_request(u);

    io_uring_prep_recv(sqe, slot->peer->fd, NULL, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = BUFFER_GROUP;
    /* What there was has been read: try when more is there, and again whenever more is. */
    sqe->ioprio |= IORING_RECVSEND_POLL_FIRST | IORING_RECV_MULTISHOT;
    slot->receive_tag = u->next_tag++;
    slot->is_stopping = false;
    sqe->user_data = name(KIND_RECEIVE, slot->peer->slot, slot->receive_tag);
}

static void
cancel(struct uring *u, enum kind kind, uint32_t slot, uint64_t tag)
{
    struct io_uring_sqe *sqe = new_request(u);

    io_uring_prep_cancel64(sqe, name(kind, slot, tag), 0);
    sqe->user_data = name(KIND_CANCEL, 0, 0);
}

static void
poll_for(struct uring *u, struct slot *slot, uint32_t events)
{
    struct io_uring_sqe *sqe;

    if (slot->poll_tag != 0)
        cancel(u, KIND_POLL, slot->peer->slot, slot->poll_tag);
    sqe = new_request(u);
    io_uring_prep_poll_add(sqe, slot->peer->fd, events);
    slot->poll_tag = u->next_tag++;
    slot->poll_events = events;
    sqe->user_data = name(KIND_POLL, slot->peer->slot, slot->poll_tag);
}

/* A request waits only on a socket that would block; who reads or writes it himself asks not to. */
static void
begin_relay(struct peer *peer)
{
    peer->is_relayed = fcntl(peer->fd, F_SETFL, 0) == 0;
    peer->may_defer = true;
}

/* No more is received ahead. What has come until then is told. */
static void
stop_receiving(struct uring *u, struct slot *slot)
{
    cancel(u, KIND_RECEIVE, slot->peer->slot, slot->receive_tag);
    slot->is_stopping = true;
}

static inline bool
is_asked(const struct slot *slot, const struct peer *peer, uint32_t interest, bool may_receive)
{
    return slot && may_receive && interest == EPOLLIN && slot->receive_tag != 0 &&
           !slot->is_stopping && !peer->has_received && slot->poll_tag != 0 &&
           (slot->poll_events & EPOLLRDHUP);
}

void
uring_watch(struct uring *u, struct peer *peer, uint32_t interest, bool may_receive)
{
    struct slot *slot = slot_of(u, peer);
    bool is_wanted = interest & EPOLLIN;
    uint32_t wanted = interest;

    /* What a relayed peer is nearly always: asked for already, and nothing of it has come. */
    if (PASU_LIKELY(is_asked(slot, peer, interest, may_receive)))
        return;
    if (!slot)
        return; /* told when memory is there: the session's next event watches it again */
    if (PASU_UNLIKELY(may_receive && !peer->is_relayed))
        begin_relay(peer);
    may_receive = may_receive && peer->is_relayed;
    if (PASU_UNLIKELY(peer->has_received)) {
        if (is_wanted)
            make_ready(u, slot, EPOLLIN);
        else
            received_put_aside(&slot->received, &u->pool);
    }
    if (slot->receive_tag != 0 && !slot->is_stopping &&
        (!may_receive || (!is_wanted && peer->has_received)))
        stop_receiving(u, slot);
    else if (slot->receive_tag == 0 && is_wanted && may_receive && !peer->has_received &&
             !(slot->poll_tag != 0 && (slot->poll_events & EPOLLIN)))
        receive(u, slot);
    if (slot->receive_tag != 0 || peer->has_received)
        wanted &= ~(uint32_t)EPOLLIN;
    /* One wake-up for bytes and for the end after them would be taken for the bytes alone. */
    if (slot->receive_tag != 0 && is_wanted)
        wanted |= EPOLLRDHUP;
    if ((peer->is_hung || slot->is_over) && wanted == 0)
        return; /* that it is gone is known */
    if (slot->poll_tag == 0 || (slot->poll_events & wanted) != wanted)
        poll_for(u, slot, wanted);
}

void
uring_forget(struct uring *u, struct peer *peer)
{
    uint32_t at = peer->slot;
    struct slot *slot;

    if (at == 0)
        return;
    /* Nothing that is queued may mean this descriptor once it is another's. */
    if (u->slots[at].receive_tag != 0)
        cancel(u, KIND_RECEIVE, at, u->slots[at].receive_tag);
    if (u->slots[at].poll_tag != 0)
        cancel(u, KIND_POLL, at, u->slots[at].poll_tag);
    uring_settle(u);
    slot = &u->slots[at];
    received_drop(&slot->received, &u->pool);
    peer->has_received = false;
    slot->receive_tag = slot->poll_tag = 0;
    slot->ready_events = 0;
    slot->peer = NULL;
    peer->slot = 0;
    if (!slot->is_ready) { /* else when it has left that list */
        slot->next = u->free_slot;
        u->free_slot = at;
    }
}

bool
uring_send(struct uring *u, struct peer *peer, const void *bytes, size_t length)
{
    struct slot *slot = slot_of(u, peer);
    bool is_next;

    if (!slot || length > ARENA_SIZE - u->arena_at)
        return false;
    if (slot->sending) {
        is_next = slot->sending + slot->sending_length == u->arena + u->arena_at;
        if (!is_next || !slot->send)
            return false;
        memcpy(u->arena + u->arena_at, bytes, length);
        slot->sending_length += (uint32_t)length;
        slot->send->len = slot->sending_length;
    } else {
        struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);

        if (!sqe)
            return false;
        slot->sending = memcpy(u->arena + u->arena_at, bytes, length);
        slot->sending_length = (uint32_t)length;
        slot->send = sqe;
        /* Only what is not sent whole (WAITALL) has a result, so that waiting for one ends with it:
         * nothing else may come before the rest has been sent. */
        io_uring_prep_send(sqe, peer->fd, slot->sending, length,
                           MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL);
        sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
        sqe->user_data = name(KIND_SEND, peer->slot, 0);
        peer->is_sending = true;
        u->sending[u->sends++] = peer->slot;
    }
    u->arena_at += length;
    return true;
}

/* ---- waiting ---- */

static void
arm_wake(struct uring *u)
{
    struct io_uring_sqe *sqe;

    if (u->is_wake_armed)
        return;
    sqe = new_request(u);
    io_uring_prep_poll_add(sqe, u->wake, EPOLLIN);
    sqe->user_data = name(KIND_WAKE, 0, 0);
    u->is_wake_armed = true;
}

static int
tell(struct uring *u, struct poller_event *events, int size)
{
    int count = 0;

    if (u->is_woken && count < size) {
        u->is_woken = false;
        events[count++] = (struct poller_event){NULL, EPOLLIN};
    }
    while (u->first_ready != 0 && count < size) {
        uint32_t at = u->first_ready;
        struct slot *slot = &u->slots[at];

        u->first_ready = slot->next;
        slot->is_ready = false;
        if (slot->peer && slot->ready_events != 0) {
            events[count++] = (struct poller_event){slot->peer, slot->ready_events};
        } else if (!slot->peer) {
            slot->next = u->free_slot;
            u->free_slot = at;
        }
        slot->ready_events = 0;
    }
    return count;
}

int
uring_wait(struct uring *u, int milliseconds, struct poller_event *events, int size)
{
    struct __kernel_timespec time = {.tv_sec = milliseconds / 1000,
                                     .tv_nsec = (milliseconds % 1000) * 1000000LL};
    struct io_uring_cqe *first;

    arm_wake(u);
    if (milliseconds == 0 || u->first_ready != 0)
        io_uring_submit_and_get_events(&u->ring);
    else
        io_uring_submit_and_wait_timeout(&u->ring, &first, 1, milliseconds < 0 ? NULL : &time,
                                         NULL);
    take_results(u);
    if (PASU_UNLIKELY(u->sends > 0))
        uring_settle(u);
    return tell(u, events, size);
}
