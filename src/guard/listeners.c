/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/listeners.h"

#include "base/memory.h"
#include "guard/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_PASSED = 3, BACKLOG = 4096, RETRY_MILLISECONDS = 100, SOCKET_MODE = 0777 };

/* The address to bind: a number, a Unix socket, or the first that a name stands for. */
static int
address_of(struct address *address, const struct endpoint *endpoint)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
    char port[8];
    int result = endpoint_address(address, endpoint);

    if (result != PASU_E_NOTFOUND)
        return result;
    snprintf(port, sizeof(port), "%u", endpoint->port);
    if (getaddrinfo(strcmp(endpoint->host, "*") == 0 ? NULL : endpoint->host, port, &hints,
                    &found) != 0)
        return PASU_E_NOTFOUND;
    if (found->ai_addrlen <= sizeof(address->u)) {
        memcpy(&address->u, found->ai_addr, found->ai_addrlen);
        address->length = found->ai_addrlen;
        result = 0;
    }
    freeaddrinfo(found);
    return result;
}

static int
passed_socket(const struct address *wanted)
{
    int count = notify_listen_fds();

    for (int fd = FIRST_PASSED; fd < FIRST_PASSED + count; fd++) {
        struct address have = {.length = sizeof(have.u)};

        if (getsockname(fd, &have.u.any, &have.length) != 0 ||
            have.u.any.sa_family != wanted->u.any.sa_family)
            continue;
        if (wanted->u.any.sa_family == AF_UNIX
                ? strcmp(have.u.local.sun_path, wanted->u.local.sun_path) == 0
                : have.length == wanted->length && memcmp(&have.u, &wanted->u, have.length) == 0)
            return fd;
    }
    return -1;
}

/* A socket file that nobody listens on any more goes away. */
static void
remove_stale(const struct address *address)
{
    struct stat file;
    int fd;

    /* connect() refuses in the same words where the file is no socket at all. */
    if (lstat(address->u.local.sun_path, &file) != 0 || !S_ISSOCK(file.st_mode))
        return;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, &address->u.any, address->length) != 0 && errno == ECONNREFUSED)
        unlink(address->u.local.sun_path);
    if (fd >= 0)
        close(fd);
}

static int
open_one(const struct address *address)
{
    bool is_unix = address->u.any.sa_family == AF_UNIX;
    int fd = socket(address->u.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
        one = 1;
    int number;

    if (fd < 0)
        return -1;
    if (is_unix)
        remove_stale(address);
    else
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (address->u.any.sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    if (bind(fd, &address->u.any, address->length) == 0 && listen(fd, BACKLOG) == 0) {
        if (is_unix && chmod(address->u.local.sun_path, SOCKET_MODE) != 0) {
            /* then only our own account can connect, which its owner will notice */
        }
        return fd;
    }
    number = errno;
    close(fd);
    errno = number;
    return -1;
}

static int
open_patiently(const struct address *address, int64_t patience)
{
    int64_t deadline = os_monotonic(&os_real) + patience;

    for (;;) {
        int fd = open_one(address);

        if (fd >= 0 || errno != EADDRINUSE || os_monotonic(&os_real) >= deadline)
            return fd;
        /* A former gate may just be ending: nothing tells when, so ask again. */
        poll(NULL, 0, RETRY_MILLISECONDS);
    }
}

int
listener_open(const struct endpoint *endpoint)
{
    struct address address;

    errno = 0;
    return address_of(&address, endpoint) == 0 ? open_one(&address) : -1;
}

static int
add(struct listeners *l, struct listeners *before, const struct config *config, size_t gateway,
    const struct endpoint *endpoint, bool is_proxy, int64_t patience, const struct log *log)
{
    struct held_socket *item = &l->items[l->count];
    struct address address;
    char text[ENDPOINT_HOST_SIZE + 16];
    int result = address_of(&address, endpoint);

    *item = (struct held_socket){
        .fd = -1, .gateway = (uint32_t)gateway, .is_proxy = is_proxy, .endpoint = *endpoint};
    for (size_t i = 0; before && i < before->count; i++)
        if (before->items[i].fd >= 0 && endpoint_equal(&before->items[i].endpoint, endpoint)) {
            item->fd = before->items[i].fd;
            item->is_passed = before->items[i].is_passed;
        }
    if (item->fd < 0 && result == 0) {
        item->fd = passed_socket(&address);
        item->is_passed = item->fd >= 0;
    }
    if (item->is_passed && item->fd >= 0 &&
        fcntl(item->fd, F_SETFL, fcntl(item->fd, F_GETFL) | O_NONBLOCK) != 0)
        result = PASU_E_IO;
    if (item->fd < 0 && result == 0) {
        item->fd = open_patiently(&address, patience);
        result = item->fd >= 0 ? 0 : PASU_E_IO;
    }
    if (item->fd < 0) {
        endpoint_text(text, sizeof(text), endpoint);
        LOG_EVENT(
            log, START_FAILED, F_TEXT("gateway", config->gateways[gateway].name),
            F_TEXT("listen", text),
            F_TEXT("error", result == PASU_E_IO ? strerrordesc_np(errno) : error_text(result)),
            F_TEXT("hint", "is another program using this address?"));
        return result ? result : PASU_E_IO;
    }
    l->count++;
    return 0;
}

static bool
came_from(const struct listeners *before, int fd)
{
    for (size_t i = 0; before && i < before->count; i++)
        if (before->items[i].fd == fd)
            return true;
    return false;
}

int
listeners_open(struct listeners *l, struct listeners *before, const struct config *config,
               int64_t patience, const struct log *log)
{
    size_t most = 0;
    int result = 0;

    *l = (struct listeners){0};
    for (size_t g = 0; g < config->gateway_count; g++)
        most += config->gateways[g].listen_count + 1;
    l->items = memory_new(most, sizeof(l->items[0]));
    if (!l->items)
        return PASU_E_NOMEM;
    for (size_t g = 0; g < config->gateway_count && result == 0; g++) {
        const struct config_gateway *gateway = &config->gateways[g];

        for (size_t i = 0; i < gateway->listen_count && result == 0; i++)
            result = add(l, before, config, g, &gateway->listen[i], false, patience, log);
        if (result == 0 && gateway->proxy_protocol.enabled)
            result =
                add(l, before, config, g, &gateway->proxy_protocol.listen, true, patience, log);
    }
    if (result != 0) {
        for (size_t i = 0; i < l->count; i++)
            if (came_from(before, l->items[i].fd))
                l->items[i].fd = -1; /* stays with its former holder */
        listeners_close(l, true);
        return result;
    }
    for (size_t i = 0; i < l->count; i++)
        for (size_t b = 0; before && b < before->count; b++)
            if (before->items[b].fd == l->items[i].fd)
                before->items[b].fd = -1;
    return 0;
}

void
listeners_close(struct listeners *l, bool remove_files)
{
    for (size_t i = 0; i < l->count; i++) {
        struct held_socket *item = &l->items[i];
        struct address address;

        if (item->fd < 0)
            continue;
        close(item->fd);
        if (remove_files && item->endpoint.is_unix && !item->is_passed &&
            endpoint_address(&address, &item->endpoint) == 0)
            unlink(address.u.local.sun_path);
    }
    memory_free(l->items);
    *l = (struct listeners){0};
}
