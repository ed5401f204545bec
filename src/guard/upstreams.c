/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/upstreams.h"

#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_MILLISECONDS = 5000 };

static PASU_NORETURN void
look_up(int out, const struct endpoint *endpoint)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    struct address address;
    char port[8];
    size_t count = 0;

    snprintf(port, sizeof(port), "%u", endpoint->port);
    if (getaddrinfo(endpoint->host, port, &hints, &found) != 0)
        _exit(1);
    for (const struct addrinfo *a = found; a && count < UPSTREAM_COUNT_MAX; a = a->ai_next) {
        memset(&address, 0, sizeof(address));
        if (a->ai_addrlen > sizeof(address.u))
            continue;
        memcpy(&address.u, a->ai_addr, a->ai_addrlen);
        address.length = a->ai_addrlen;
        if (write(out, &address, sizeof(address)) != (ssize_t)sizeof(address))
            _exit(1);
        count++;
    }
    _exit(0);
}

int
upstreams_resolve(struct address addresses[UPSTREAM_COUNT_MAX], const struct endpoint *endpoint)
{
    int ends[2], count = 0, result = endpoint_address(&addresses[0], endpoint);
    pid_t child;

    if (result != PASU_E_NOTFOUND)
        return result == 0 ? 1 : result;
    if (pipe(ends) != 0)
        return PASU_E_NOTFOUND;
    child = fork();
    if (child == 0) {
        close(ends[0]);
        look_up(ends[1], endpoint);
    }
    close(ends[1]);
    while (child > 0 && count < UPSTREAM_COUNT_MAX) {
        struct pollfd p = {.fd = ends[0], .events = POLLIN};

        if (poll(&p, 1, WAIT_MILLISECONDS) <= 0 ||
            read(ends[0], &addresses[count], sizeof(addresses[0])) != (ssize_t)sizeof(addresses[0]))
            break;
        count++;
    }
    close(ends[0]);
    if (child > 0) {
        kill(child, SIGKILL);
        while (waitpid(child, NULL, 0) < 0)
            ;
    }
    return count > 0 ? count : PASU_E_NOTFOUND;
}
