/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/control.h"

#include "base/memory.h"

#include <errno.h>
#include <unistd.h>

void
control_init(struct control *control, int listener, const struct approvers *approvers,
             const struct log *log)
{
    memset(control, 0, sizeof(*control));
    control->log = log;
    control->approvers = approvers;
    control->listener = listener;
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
        control->clients[i].fd = -1;
}

static void
client_close(struct control_client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    memory_free(client->out);
    *client = (struct control_client){.fd = -1};
}

void
control_release(struct control *control)
{
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
        client_close(&control->clients[i]);
}

size_t
control_polls(const struct control *control, struct pollfd *polls)
{
    size_t count = 0;

    polls[count++] = (struct pollfd){.fd = control->listener, .events = POLLIN};
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        const struct control_client *c = &control->clients[i];
        short events = (short)((c->is_asked ? 0 : POLLIN) | (c->out_at < c->out_end ? POLLOUT : 0));

        polls[count++] = (struct pollfd){.fd = c->fd, .events = events};
    }
    return count;
}

static void
log_refused(const struct control *control, const struct control_client *client)
{
    LOG_EVENT(control->log, CONTROL_REFUSED, F_UINT("uid", client->uid), F_UINT("pid", client->pid),
              F_TEXT("hint", "run the command as root or as the account pasu runs as"));
}

static bool
is_allowed(const struct control *control, struct control_client *client)
{
    struct ucred peer = {0};
    socklen_t length = sizeof(peer);

    if (getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
        return false;
    client->uid = peer.uid;
    client->pid = (uint32_t)peer.pid;
    if (peer.uid == 0 || peer.uid == geteuid() || approvers_find(control->approvers, peer.uid))
        return true;
    log_refused(control, client);
    return false;
}

static void
accept_one(struct control *control)
{
    int fd = accept4(control->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0)
        return;
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        struct control_client *c = &control->clients[i];

        if (c->fd >= 0)
            continue;
        c->fd = fd;
        c->question = ++control->last_question;
        c->deadline =
            os_monotonic(control->log->os) + CONTROL_CLIENT_SECONDS * NANOSECONDS_PER_SECOND;
        if (!is_allowed(control, c))
            client_close(c);
        return;
    }
    close(fd);
}

/* Texts of those requests that have them where principal, who and what are; others have their own
 * in the same place (struct control_request). */
static void
end_texts(struct control_request *request)
{
    if (request->verb == CONTROL_TRY || request->verb == CONTROL_OPENING ||
        request->verb == CONTROL_CERTIFICATE || request->verb == CONTROL_DECOYS ||
        request->verb == CONTROL_INCIDENT || request->verb == CONTROL_CLOCK ||
        request->verb == CONTROL_CLEAR)
        return;
    request->principal[NAME_SIZE - 1] = '\0';
    request->who[CONTROL_TEXT_SIZE - 1] = request->what[CONTROL_TEXT_SIZE - 1] = '\0';
}

static void
client_read(struct control *control, struct control_client *c, control_ask_fn *ask, void *arg)
{
    ssize_t n = recv(c->fd, (uint8_t *)&c->request + c->have, sizeof(c->request) - c->have, 0);

    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        client_close(c);
        return;
    }
    c->have += (size_t)n;
    if (c->have < sizeof(c->request))
        return;
    c->is_asked = true;
    c->answer_by =
        os_monotonic(control->log->os) + CONTROL_ANSWER_MILLISECONDS * NANOSECONDS_PER_MILLISECOND;
    c->deadline = c->answer_by + CONTROL_CLIENT_SECONDS * NANOSECONDS_PER_SECOND;
    end_texts(&c->request);
    if (c->request.magic != CONTROL_MAGIC || c->request.version != CONTROL_VERSION) {
        control_end(c, PASU_E_PROTOCOL, 0);
        return;
    }
    ask(arg, c);
}

static void
client_write(struct control_client *c)
{
    ssize_t n = send(c->fd, c->out + c->out_at, c->out_end - c->out_at, MSG_NOSIGNAL);

    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        client_close(c);
        return;
    }
    c->out_at += (size_t)n;
    if (c->out_at == c->out_end && c->is_answered)
        client_close(c);
}

void
control_serve(struct control *control, const struct pollfd *polls, size_t count,
              control_ask_fn *ask, void *arg)
{
    for (size_t i = 1; i < count; i++) {
        struct control_client *c = &control->clients[i - 1];

        if (c->fd < 0 || polls[i].revents == 0)
            continue;
        if (!c->is_asked)
            client_read(control, c, ask, arg);
        else if (c->out_at < c->out_end)
            client_write(c);
        else
            client_close(c); /* it left before its answer came */
    }
    if (polls[0].revents)
        accept_one(control);
}

void
control_look(struct control *control, int64_t now)
{
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        struct control_client *c = &control->clients[i];

        if (c->fd < 0)
            continue;
        if (now >= c->deadline)
            client_close(c);
        else if (c->is_asked && !c->is_answered && now >= c->answer_by)
            control_end(c, PASU_E_UNAVAILABLE, 0);
    }
}

struct control_client *
control_find(struct control *control, uint64_t question)
{
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
        if (control->clients[i].fd >= 0 && control->clients[i].question == question &&
            control->clients[i].is_asked && !control->clients[i].is_answered)
            return &control->clients[i];
    return NULL;
}

static bool
make_room(struct control_client *c, size_t length)
{
    size_t size = c->out_size ? c->out_size : 4096;
    uint8_t *out;

    while (size - c->out_end < length)
        size *= 2;
    if (size == c->out_size)
        return true;
    out = size > CONTROL_OUT_MAX ? NULL : memory_resize(c->out, size, 1);
    if (!out)
        return false;
    c->out = out;
    c->out_size = size;
    return true;
}

void
control_frame(struct control_client *c, enum control_frame type, const void *body, size_t length)
{
    struct control_frame_head head = {(uint32_t)type, (uint32_t)length};

    if (c->fd < 0)
        return;
    if (!make_room(c, sizeof(head) + length)) {
        client_close(c);
        return;
    }
    memcpy(c->out + c->out_end, &head, sizeof(head));
    memcpy(c->out + c->out_end + sizeof(head), body, length);
    c->out_end += sizeof(head) + length;
}

void
control_end(struct control_client *c, int error, uint64_t count)
{
    struct control_end end = {.error = error, .count = count};

    if (c->fd < 0) /* closed while its answer was made: the place is for the next */
        return;
    c->is_answered = true;
    control_frame(c, CONTROL_END, &end, sizeof(end));
}

void
control_refuse(const struct control *control, struct control_client *client)
{
    log_refused(control, client);
    control_end(client, PASU_E_DENIED, 0);
}
