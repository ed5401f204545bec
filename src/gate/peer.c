/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/peer.h"

#include "base/memory.h"
#include "gate/poller.h"
#include "gate/uring.h"

#include <errno.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <unistd.h>

void
peer_init(struct peer *peer, enum peer_side side, struct poller *poller)
{
    memset(peer, 0, sizeof(*peer));
    peer->poller = poller;
    peer->fd = -1;
    peer->side = (uint8_t)side;
    peer->interest = UINT32_MAX;
}

void
peer_open(struct peer *peer, int fd, const struct address *address)
{
    static const char reno[] = "reno";
    int one = 1;

    peer->fd = fd;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
    if (address->u.any.sa_family == AF_UNIX)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    /* Within a machine there is no bottleneck to find: what looks for one (BBR, which also paces by
     * timers) costs time. Reno does the least, and every kernel has it for everybody. */
    if (address_is_loopback(address))
        setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, reno, sizeof(reno) - 1);
}

void
peer_close(struct peer *peer, const struct os *os)
{
    if (peer->tls) {
        SSL_free(peer->tls);
        peer->tls = NULL;
    }
    if (peer->fd >= 0 && peer->poller)
        poller_forget(peer->poller, peer);
    if (peer->fd >= 0)
        os->close(os->arg, peer->fd);
    peer->fd = -1;
    memory_free(peer->out);
    peer->out = NULL;
    peer->is_relayed = peer->may_defer = peer->is_broken = peer->is_hung = false;
}

/* The result of a TLS call as an error. OpenSSL's error queue is left empty. */
static int
tls_error(struct peer *peer, int result)
{
    int error = SSL_get_error(peer->tls, result);

    ERR_clear_error();
    switch (error) {
    case SSL_ERROR_WANT_READ:
        return PASU_E_AGAIN;
    case SSL_ERROR_WANT_WRITE:
        peer->wants_write = true;
        return PASU_E_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
    case SSL_ERROR_SYSCALL:
        return PASU_E_EOF;
    default:
        return PASU_E_TLS_FAILED;
    }
}

static ssize_t
tls_read(struct peer *peer, uint8_t *bytes, size_t size)
{
    size_t got = 0;

    /* One record a call: fill the space, so that a batch is as large as without TLS. */
    while (got < size) {
        size_t left = size - got;
        int n = SSL_read(peer->tls, bytes + got, left < INT_MAX ? (int)left : INT_MAX);

        if (n <= 0) {
            int error = tls_error(peer, n);

            if (got == 0)
                return error;
            break; /* a lasting error comes again at the next read */
        }
        got += (size_t)n;
    }
    return (ssize_t)got;
}

ssize_t
peer_read(struct peer *peer, const struct os *os, void *bytes, size_t size)
{
    bool may_be_more;
    size_t ahead = 0;
    ssize_t n;

    peer->wants_write = false;
    if (peer->tls)
        return tls_read(peer, bytes, size);
    if (peer->has_received) {
        ahead = uring_take(peer->poller->uring, peer, bytes, size, &may_be_more);
        if (!may_be_more || ahead == size)
            return (ssize_t)ahead;
    }
    n = os->recv(os->arg, peer->fd, (uint8_t *)bytes + ahead, size - ahead);
    if (n > 0 || ahead > 0)
        return (ssize_t)ahead + (n > 0 ? n : 0); /* a lasting error comes again */
    if (n < 0 && errno == EAGAIN)
        return PASU_E_AGAIN;
    return PASU_E_EOF;
}

/* Bytes that went out, 0 if none can now, or PASU_E_EOF. */
static ssize_t
send_some(struct peer *peer, const struct os *os, const uint8_t *bytes, size_t length)
{
    ssize_t n;
    size_t sent = 0;

    if (!peer->tls) {
        n = os->send(os->arg, peer->fd, bytes, length);
        if (n >= 0)
            return n;
        return errno == EAGAIN || errno == ENOBUFS ? 0 : PASU_E_EOF;
    }
    while (sent < length) {
        size_t left = length - sent;
        int r = SSL_write(peer->tls, bytes + sent, left < INT_MAX ? (int)left : INT_MAX);

        if (r <= 0) {
            int error = tls_error(peer, r);

            if (error != PASU_E_AGAIN)
                return PASU_E_EOF;
            break;
        }
        sent += (size_t)r;
    }
    return (ssize_t)sent;
}

static int
keep(struct peer *peer, const uint8_t *bytes, size_t length)
{
    size_t have = peer->out_end - peer->out_at;
    uint8_t *out;

    if (length > UINT32_MAX - have)
        return PASU_E_NOMEM;
    if (!peer->out || peer->out_size - peer->out_end < length) {
        out = memory_new(have + length, 1);
        if (!out)
            return PASU_E_NOMEM;
        if (have > 0)
            memcpy(out, peer->out + peer->out_at, have);
        memory_free(peer->out);
        peer->out = out;
        peer->out_at = 0;
        peer->out_end = (uint32_t)have;
        peer->out_size = (uint32_t)(have + length);
    }
    memcpy(peer->out + peer->out_end, bytes, length);
    peer->out_end += (uint32_t)length;
    return 0;
}

int
peer_write(struct peer *peer, const struct os *os, const void *bytes, size_t length)
{
    ssize_t n = 0;

    if (peer->fd < 0 || peer->is_broken)
        return PASU_E_EOF;
    if (peer->may_defer && !peer->out && !peer->is_held && length <= POLLER_SEND_MAX &&
        PASU_LIKELY(uring_send(peer->poller->uring, peer, bytes, length)))
        return 0;
    peer_settle(peer);
    if (peer->is_broken)
        return PASU_E_EOF;
    if (!peer->out && !peer->is_held) {
        n = send_some(peer, os, bytes, length);
        if (PASU_LIKELY(n == (ssize_t)length))
            return 0;
        if (n < 0)
            return (int)n;
    }
    return keep(peer, (const uint8_t *)bytes + n, length - (size_t)n);
}

int
peer_flush(struct peer *peer, const struct os *os)
{
    ssize_t n;

    if (!peer->out || peer->is_held)
        return peer->is_held ? PASU_E_AGAIN : 0;
    n = send_some(peer, os, peer->out + peer->out_at, peer->out_end - peer->out_at);
    if (n < 0)
        return (int)n;
    peer->out_at += (uint32_t)n;
    if (peer->out_at < peer->out_end)
        return PASU_E_AGAIN;
    memory_free(peer->out);
    peer->out = NULL;
    peer->out_at = peer->out_end = peer->out_size = 0;
    return 0;
}

void
peer_defer(struct peer *peer)
{
    peer->may_defer = peer->poller && peer->poller->uring && !peer->tls;
}

void
peer_settle(struct peer *peer)
{
    if (peer->is_sending)
        uring_settle(peer->poller->uring);
}

void
peer_sent(struct peer *peer, int result, const uint8_t *bytes, size_t length)
{
    bool is_later = result == -EAGAIN || result == -ENOBUFS || result == -EINTR;
    size_t n = result > 0 ? (size_t)result : 0;

    if (n < length && (result < 0 && !is_later))
        peer->is_broken = true;
    else if (n < length && keep(peer, bytes + n, length - n) != 0)
        peer->is_broken = true; /* without memory for the rest, what follows makes no sense */
}

void
peer_discard(struct peer *peer)
{
    peer_settle(peer);
    memory_free(peer->out);
    peer->out = NULL;
    peer->out_at = peer->out_end = peer->out_size = 0;
}

void
peer_shutdown(struct peer *peer)
{
    if (peer->fd < 0)
        return;
    if (peer->tls) {
        SSL_shutdown(peer->tls);
        ERR_clear_error();
    }
    shutdown(peer->fd, SHUT_WR);
}

int
peer_handshake(struct peer *peer)
{
    int result;

    peer->wants_write = false;
    result = SSL_do_handshake(peer->tls);
    return result == 1 ? 0 : tls_error(peer, result);
}
