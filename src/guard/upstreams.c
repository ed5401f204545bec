/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/upstreams.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <unistd.h>

#define PATIENCE    (5 * NANOSECONDS_PER_SECOND)
#define AGAIN_AFTER NANOSECONDS_PER_SECOND

static PASU_NORETURN void
look_up(int out, const struct endpoint *endpoint, const struct lookup_rights *rights, pid_t parent)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    char port[8];
    size_t count = 0;

    /* The listening sockets and the ledger's lock must not outlive the supervisor in here. */
    if (sandbox_close_others(&out, 1) != 0 || sandbox_drop(rights->account) != 0 ||
        getppid() != parent)
        _exit(1);
    rights->forget(rights->arg);
    snprintf(port, sizeof(port), "%u", endpoint->port);
    if (getaddrinfo(endpoint->host, port, &hints, &found) != 0)
        _exit(1);
    for (const struct addrinfo *a = found; a && count < UPSTREAM_COUNT_MAX; a = a->ai_next) {
        struct address address = {0};

        if (a->ai_addrlen > sizeof(address.u))
            continue;
        memcpy(&address.u, a->ai_addr, a->ai_addrlen);
        address.length = a->ai_addrlen;
        /* Less than PIPE_BUF: whole or not at all. */
        if (write(out, &address, sizeof(address)) != (ssize_t)sizeof(address))
            _exit(1);
        count++;
    }
    _exit(0);
}

static bool
is_used(const struct config *config, const struct endpoint *endpoint)
{
    for (size_t g = 0; g < config->gateway_count; g++)
        if (endpoint_equal(&config->gateways[g].upstream, endpoint))
            return true;
    return false;
}

void
lookup_want(struct lookup lookups[LOOKUPS_MAX], const struct config *config,
            const struct endpoint *endpoint)
{
    struct lookup *empty = NULL, *idle = NULL, *place;

    for (size_t i = 0; i < LOOKUPS_MAX; i++) {
        struct lookup *l = &lookups[i];

        if (l->endpoint.host[0] && endpoint_equal(&l->endpoint, endpoint)) {
            l->is_wanted = l->pid == 0;
            return;
        }
        if (!l->endpoint.host[0])
            empty = empty ? empty : l;
        else if (!idle && l->pid == 0 && !l->is_wanted && !is_used(config, &l->endpoint))
            idle = l;
    }
    place = empty ? empty : idle;
    if (!place)
        return; /* all are running for servers that a reload took away: the next failure asks again
                 */
    *place = (struct lookup){.endpoint = *endpoint, .is_wanted = true};
}

/* Whether it has ended already. */
static bool
begin(struct lookup *l, const struct lookup_rights *rights, int64_t now)
{
    int ends[2], result = endpoint_address(&l->addresses[0], &l->endpoint);
    pid_t parent = getpid();

    l->is_wanted = false;
    l->again_at = now + AGAIN_AFTER;
    if (result != PASU_E_NOTFOUND) {
        l->count = result == 0 ? 1 : 0;
        l->error = result;
        return true;
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        l->error = PASU_E_NOTFOUND;
        return true;
    }
    l->pid = fork();
    if (l->pid == 0)
        look_up(ends[1], &l->endpoint, rights, parent);
    close(ends[1]);
    if (l->pid < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
        if (l->pid > 0)
            kill(l->pid, SIGKILL);
        close(ends[0]);
        l->pid = 0;
        l->error = PASU_E_NOTFOUND;
        return true;
    }
    l->fd = ends[0];
    l->until = now + PATIENCE;
    l->found_count = 0;
    return false;
}

bool
lookup_step(struct lookup *l, const struct lookup_rights *rights, int64_t now)
{
    struct address address;
    ssize_t n;

    if (l->pid == 0)
        return l->is_wanted && now >= l->again_at ? begin(l, rights, now) : false;
    while ((n = read(l->fd, &address, sizeof(address))) == (ssize_t)sizeof(address))
        if (l->found_count < UPSTREAM_COUNT_MAX && address.length <= sizeof(address.u))
            l->found[l->found_count++] = address;
    if (n < 0 && errno == EAGAIN) {
        if (now < l->until)
            return false;
        kill(l->pid, SIGKILL); /* its end of the pipe is open: it lives, the number is its own */
    }
    close(l->fd); /* its death is told by SIGCHLD and collected with the others' */
    l->pid = 0;
    l->error = l->found_count > 0 ? 0 : PASU_E_NOTFOUND;
    if (l->found_count > 0) {
        memcpy(l->addresses, l->found, sizeof(l->found));
        l->count = l->found_count;
    }
    return true;
}

bool
lookups_are_running(const struct lookup lookups[LOOKUPS_MAX])
{
    for (size_t i = 0; i < LOOKUPS_MAX; i++)
        if (lookups[i].count == 0 && lookups[i].error == 0 &&
            (lookups[i].pid != 0 || lookups[i].is_wanted))
            return true;
    return false;
}

bool
lookups_are_waiting(const struct lookup lookups[LOOKUPS_MAX])
{
    for (size_t i = 0; i < LOOKUPS_MAX; i++)
        if (lookups[i].pid != 0 || lookups[i].is_wanted)
            return true;
    return false;
}
