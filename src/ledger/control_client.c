/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/control_client.h"

#include "base/os.h"

#include <errno.h>
#include <poll.h>
#include <sys/un.h>
#include <unistd.h>

enum { WAIT_SECONDS = 5 };

static int
await(int fd, short events, int64_t deadline)
{
    struct pollfd p = {.fd = fd, .events = events};
    int64_t left = (deadline - os_monotonic(&os_real)) / NANOSECONDS_PER_MILLISECOND;
    int n = left > 0 ? poll(&p, 1, (int)left) : 0;

    return n > 0 ? 0 : n == 0 ? PASU_E_TIMEOUT : errno == EINTR ? 0 : PASU_E_IO;
}

static int
receive(int fd, void *bytes, size_t length, int64_t deadline)
{
    size_t have = 0;

    while (have < length) {
        ssize_t n = recv(fd, (uint8_t *)bytes + have, length - have, MSG_DONTWAIT);
        int result;

        if (n > 0) {
            have += (size_t)n;
            continue;
        }
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            return PASU_E_DENIED; /* it hung up on us */
        result = await(fd, POLLIN, deadline);
        if (result != 0)
            return result;
    }
    return 0;
}

static int
connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd, n = snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);

    if (n < 0 || (size_t)n >= sizeof(address.sun_path))
        return PASU_E_RANGE;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return error_from_errno(errno);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        int result = errno == EACCES || errno == EPERM ? PASU_E_DENIED : PASU_E_UNAVAILABLE;

        close(fd);
        return result;
    }
    return fd;
}

static int
take_frames(int fd, control_frame_fn *frame, void *arg, uint64_t *count, int64_t deadline)
{
    _Alignas(16) uint8_t body[CONTROL_BODY_MAX];
    struct control_frame_head head;
    struct control_end end;

    for (;;) {
        int result = receive(fd, &head, sizeof(head), deadline);

        if (result == 0 && head.length > sizeof(body))
            result = PASU_E_PROTOCOL;
        if (result == 0)
            result = receive(fd, body, head.length, deadline);
        if (result != 0)
            return result;
        if (head.type == CONTROL_END) {
            if (head.length != sizeof(end))
                return PASU_E_PROTOCOL;
            memcpy(&end, body, sizeof(end));
            *count = end.count;
            return end.error <= 0 ? end.error : PASU_E_PROTOCOL;
        }
        result = frame(arg, head.type, body, head.length);
        if (result < 0)
            return result;
    }
}

int
control_ask(const char *path, const struct control_request *request, control_frame_fn *frame,
            void *arg, uint64_t *count)
{
    int64_t deadline = os_monotonic(&os_real) + WAIT_SECONDS * NANOSECONDS_PER_SECOND;
    int fd = connect_to(path), result;

    *count = 0;
    if (fd < 0)
        return fd;
    /* A fresh socket takes a request of this size whole, or the other end has hung up on us. */
    result = send(fd, request, sizeof(*request), MSG_NOSIGNAL) == (ssize_t)sizeof(*request) ? 0
             : errno == EPIPE || errno == ECONNRESET ? PASU_E_DENIED
                                                     : PASU_E_UNAVAILABLE;
    if (result == 0)
        result = take_frames(fd, frame, arg, count, deadline);
    close(fd);
    return result;
}

static int
no_frame(void *arg PASU_UNUSED, uint32_t type PASU_UNUSED, const void *body PASU_UNUSED,
         size_t length PASU_UNUSED)
{
    return PASU_E_PROTOCOL;
}

static int
tell(const char *path, struct control_request *request, const char *who, const char *what,
     uint64_t *count)
{
    request->magic = CONTROL_MAGIC;
    request->version = CONTROL_VERSION;
    snprintf(request->who, sizeof(request->who), "%s", who ? who : "");
    snprintf(request->what, sizeof(request->what), "%s", what ? what : "");
    return control_ask(path, request, no_frame, NULL, count);
}

int
control_tell(const char *path, enum control_verb verb, uint64_t number, const char *who,
             const char *what, uint64_t *count)
{
    struct control_request request = {.verb = verb, .number = number};

    return tell(path, &request, who, what, count);
}

int
control_acknowledge(const char *path, uint64_t alert, uint64_t looked, const char *who,
                    const char *why)
{
    struct control_request request = {
        .verb = CONTROL_ACKNOWLEDGE, .number = alert, .looked = looked};
    uint64_t count;

    return tell(path, &request, who, why, &count);
}

int
control_incident(const char *path, const struct payload_incident *body, uint64_t *number)
{
    struct control_request request = {
        .magic = CONTROL_MAGIC,
        .version = CONTROL_VERSION,
        .verb = CONTROL_INCIDENT,
        .incident = {.number = body->number,
                     .moment = body->moment,
                     .about = body->about,
                     .at_least = body->at_least,
                     .at_most = body->at_most,
                     .what = body->what,
                     .length = (uint32_t)body->more.length},
    };

    if (body->more.length > sizeof(request.incident.more))
        return PASU_E_RANGE;
    memcpy(request.incident.who, body->who, sizeof(request.incident.who));
    memcpy(request.incident.why, body->why, sizeof(request.incident.why));
    if (body->more.length > 0)
        memcpy(request.incident.more, body->more.bytes, body->more.length);
    return control_ask(path, &request, no_frame, NULL, number);
}

int
control_clock(const char *path, const struct payload_clock *body, uint64_t *number)
{
    struct control_request request = {
        .magic = CONTROL_MAGIC,
        .version = CONTROL_VERSION,
        .verb = CONTROL_CLOCK,
        .clock = {.number = body->number,
                  .due = body->due,
                  .since = body->since,
                  .state = body->state},
    };

    memcpy(request.clock.name, body->name, sizeof(request.clock.name));
    memcpy(request.clock.law, body->law, sizeof(request.clock.law));
    return control_ask(path, &request, no_frame, NULL, number);
}

int
ledger_flush(const char *control_path)
{
    uint64_t count;

    return control_tell(control_path, CONTROL_FLUSH, 0, NULL, NULL, &count);
}
