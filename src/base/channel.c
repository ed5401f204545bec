/* SPDX-License-Identifier: Apache-2.0 */
#include "base/channel.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int
channel_pair(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0
               ? 0
               : error_from_errno(errno);
}

void
channel_init(struct channel *channel, int fd, const struct channel_rule *rules, size_t count)
{
    channel->fd = fd;
    channel->rules = rules;
    channel->rule_count = count;
}

void
channel_close(struct channel *channel)
{
    if (channel->fd >= 0)
        close(channel->fd);
    channel->fd = -1;
}

int
channel_send(const struct channel *channel, uint32_t type, const void *body, size_t length, int fd)
{
    struct channel_header header = {type, (uint32_t)length};
    union {
        char space[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec parts[2] = {{&header, sizeof(header)}, {NULL, length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = length > 0 ? 2 : 1};
    ssize_t n;

    if (channel->fd < 0)
        return PASU_E_EOF;
    if (length > CHANNEL_BODY_MAX)
        return PASU_E_RANGE;
    memcpy(&parts[1].iov_base, &body, sizeof(body)); /* iovec has no const */
    if (fd >= 0) {
        struct cmsghdr *c;

        message.msg_control = control.space;
        message.msg_controllen = sizeof(control.space);
        c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &fd, sizeof(int));
    }
    do
        n = sendmsg(channel->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        return 0;
    /* ETOOMANYREFS: as many descriptors are under way as one account may have. */
    return errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS ? PASU_E_AGAIN
           : errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN ? PASU_E_EOF
                                                                        : PASU_E_IO;
}

static const struct channel_rule *
rule_of(const struct channel *channel, uint32_t type)
{
    for (size_t i = 0; i < channel->rule_count; i++)
        if (channel->rules[i].type == type)
            return &channel->rules[i];
    return NULL;
}

/* Takes the descriptors out of a message: the first one stays, more than one is a fault. */
static bool
take_fds(struct msghdr *message, int *fd)
{
    bool is_fine = (message->msg_flags & MSG_CTRUNC) == 0;

    *fd = -1;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        size_t count;

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int one;

            memcpy(&one, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
            if (*fd < 0) {
                *fd = one;
            } else {
                close(one);
                is_fine = false;
            }
        }
    }
    return is_fine;
}

int
channel_receive(const struct channel *channel, struct channel_message *out)
{
    struct channel_header header = {0};
    union {
        char space[CMSG_SPACE(4 * sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec parts[2] = {{&header, sizeof(header)}, {out->body, sizeof(out->body)}};
    struct msghdr message = {.msg_iov = parts,
                             .msg_iovlen = 2,
                             .msg_control = control.space,
                             .msg_controllen = sizeof(control.space)};
    const struct channel_rule *rule;
    bool is_fine;
    ssize_t n;

    if (channel->fd < 0)
        return PASU_E_EOF;
    do
        n = recvmsg(channel->fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN ? PASU_E_AGAIN : PASU_E_EOF;
    if (n == 0)
        return PASU_E_EOF;
    is_fine = take_fds(&message, &out->fd);
    out->type = header.type;
    out->length = header.length;
    rule = rule_of(channel, header.type);
    if (!is_fine || !rule || (size_t)n != sizeof(header) + header.length ||
        rule->length != header.length || rule->has_fd != (out->fd >= 0) ||
        (message.msg_flags & MSG_TRUNC)) {
        if (out->fd >= 0)
            close(out->fd);
        out->fd = -1;
        return PASU_E_PROTOCOL;
    }
    return 0;
}
