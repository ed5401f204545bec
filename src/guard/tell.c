/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/state.h"

#include "base/memory.h"
#include "config/load.h"
#include "guard/notify.h"
#include "guard/upstreams.h"
#include "ledger/message.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

/* A process tells its progress every 5 seconds. */
enum { EXTEND_MICROSECONDS = 30 * 1000 * 1000 };

int
tell_memory(const char *name, const void *bytes, size_t length)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    size_t done = 0;

    while (fd >= 0 && done < length) {
        ssize_t n = write(fd, (const uint8_t *)bytes + done, length - done);

        if (n <= 0) {
            close(fd);
            return -1;
        }
        done += (size_t)n;
    }
    if (fd >= 0 &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* The configuration with its files. */
static int
make_packed(const struct config *config, bool has_keys)
{
    uint8_t *bytes = NULL;
    size_t length = 0;
    int fd;

    if ((has_keys ? config_pack_with_keys : config_pack)(&bytes, &length, config) != 0)
        return -1;
    fd = tell_memory("pasu configuration", bytes, length);
    memory_wipe(bytes, length);
    memory_free(bytes);
    return fd;
}

void
tell(struct supervisor *v, struct child *child, uint32_t type, const void *body, size_t length,
     int fd)
{
    int result = child->pid ? child_send(child, type, body, length, fd) : 0;

    if (result != 0 && result != PASU_E_EOF)
        LOG_EVENT(&v->log, PROCESS_STUCK, F_TEXT("name", child->name),
                  F_TEXT("error", error_text(result)));
}

void
tell_config(struct supervisor *v, struct child *child, const struct config *config,
            uint64_t generation)
{
    struct message_generation message = {generation};
    /* A gate reads the ledger with its first configuration, and needs the keys no more. */
    bool has_keys =
        child == &v->children[KEEPER] || (child == &v->children[GATE] && !child->is_committed);
    int fd = make_packed(config, has_keys);

    if (fd < 0) {
        LOG_EVENT(&v->log, INTERNAL, F_TEXT("error", "the configuration could not be packed"));
        return;
    }
    tell(v, child, MESSAGE_CONFIG, &message, sizeof(message), fd);
    close(fd);
}

void
tell_processes(struct supervisor *v)
{
    struct message_process process;

    for (int i = 0; i <= CHILDREN; i++) {
        if (!answering_process(v, i, os_monotonic(&os_real), &process))
            continue;
        if (i < CHILDREN)
            v->children[i].told = process.state;
        tell(v, &v->children[KEEPER], MESSAGE_PROCESS, &process, sizeof(process), -1);
    }
}

void
tell_reading(struct supervisor *v, const struct child *child,
             const struct message_progress *progress)
{
    uint64_t all = progress->all > 0 ? progress->all : 1;
    char text[128];

    LOG_EVENT(&v->log, READING, F_TEXT("name", child->name), F_UINT("bytes", progress->done),
              F_UINT("of", progress->all));
    if (v->is_announced)
        return;
    snprintf(text, sizeof(text), "EXTEND_TIMEOUT_USEC=%d\nSTATUS=%s reads the ledger: %.0f of 100",
             EXTEND_MICROSECONDS, child->name, 100.0 * (double)progress->done / (double)all);
    notify_send(text);
}

bool
tell_link(struct supervisor *v, int which, uint32_t type)
{
    struct message_empty empty = {0};
    int ends[2];

    if (channel_pair(ends) != 0)
        return false;
    tell(v, &v->children[KEEPER], type, &empty, sizeof(empty), ends[0]);
    tell(v, &v->children[which], MESSAGE_PEER, &empty, sizeof(empty), ends[1]);
    close(ends[0]);
    close(ends[1]);
    return true;
}

void
tell_addresses(struct supervisor *v, int which, size_t number, const struct lookup *lookup)
{
    for (uint32_t i = 0; i < lookup->count; i++) {
        struct message_upstream message = {.gateway = (uint32_t)number,
                                           .count = lookup->count,
                                           .index = i,
                                           .length = lookup->addresses[i].length};

        memcpy(message.address, &lookup->addresses[i].u, lookup->addresses[i].length);
        tell(v, &v->children[which], MESSAGE_UPSTREAM, &message, sizeof(message), -1);
    }
}

void
tell_upstream(struct supervisor *v, const struct lookup *lookup)
{
    for (size_t g = 0; g < v->config->gateway_count; g++) {
        const struct config_gateway *gateway = &v->config->gateways[g];

        if (!endpoint_equal(&gateway->upstream, &lookup->endpoint))
            continue;
        if (lookup->error != 0)
            LOG_EVENT(&v->log, UPSTREAM_FAILED, F_TEXT("gateway", gateway->name),
                      F_TEXT("host", gateway->upstream.host),
                      F_TEXT("error", "the name could not be looked up"));
        tell_addresses(v, GATE, g, lookup);
    }
}

static void
tell_listeners(struct supervisor *v)
{
    for (size_t i = 0; i < v->listeners.count; i++) {
        const struct held_socket *item = &v->listeners.items[i];
        struct message_listener message = {.gateway = item->gateway, .is_proxy = item->is_proxy};

        endpoint_text(message.address, sizeof(message.address), &item->endpoint);
        tell(v, &v->children[GATE], MESSAGE_LISTENER, &message, sizeof(message), item->fd);
    }
    for (size_t g = 0; g < v->config->gateway_count; g++)
        lookup_want(v->lookups, v->config, &v->config->gateways[g].upstream);
    /* What is known already serves until the answer is there. */
    for (size_t i = 0; i < COUNT_OF(v->lookups); i++)
        if (v->lookups[i].count > 0)
            tell_upstream(v, &v->lookups[i]);
}

void
tell_commit(struct supervisor *v, int which)
{
    struct message_generation message = {v->generation};

    if (which == GATE)
        sourcing_tell(v);
    tell(v, &v->children[which], MESSAGE_COMMIT, &message, sizeof(message), -1);
    v->children[which].is_committed = true;
    if (which == GATE)
        tell_listeners(v);
}

void
tell_ready(struct supervisor *v)
{
    char text[1024] = "", one[ENDPOINT_HOST_SIZE + 16];
    size_t at = 0;

    if (v->is_announced || !v->children[GATE].is_ready || !v->children[KEEPER].is_ready)
        return;
    for (size_t i = 0; i < v->listeners.count && at < sizeof(text) - 1; i++) {
        int n;

        endpoint_text(one, sizeof(one), &v->listeners.items[i].endpoint);
        n = snprintf(text + at, sizeof(text) - at, "%s%s", i ? " " : "", one);
        at += n > 0 ? (size_t)n : 0;
    }
    v->is_announced = true;
    v->phase = PHASE_RUNNING;
    LOG_EVENT(&v->log, READY, F_TEXT("listen", text), F_INT("pid", getpid()),
              F_TEXT("version", PASU_VERSION));
    notify_send("READY=1\nSTATUS=watching");
}
