/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/gate_thread.h"
#include "postgres/response.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Where all are slow, of all. */
static struct worker *
least_loaded(struct gate *g)
{
    struct worker *least = &g->workers[0];
    int64_t now = os_monotonic(g->shared.os);
    bool is_slow = pulse_is_slow(least, now);

    for (uint32_t i = 1; i < g->worker_count; i++) {
        struct worker *w = &g->workers[i];
        bool is = pulse_is_slow(w, now);

        if (is != is_slow ? is_slow : w->session_count < least->session_count) {
            least = w;
            is_slow = is;
        }
    }
    return least;
}

/* Says why on a connection that gets no session. A fresh socket takes so few bytes at once. */
static void
say_refused(const struct gate *g, int fd, int error)
{
    uint8_t space[1024];
    struct writer w = writer_of(space, sizeof(space));

    response_error(&w, SEVERITY_FATAL, error, NULL);
    if (writer_end(&w) > 0 &&
        g->shared.os->send(g->shared.os->arg, fd, space, writer_length(&w)) < 0) {
        /* it is gone already */
    }
}

/* Too many from there: a plain ErrorResponse needs no session. */
static void
refuse(struct gate *g, int fd, const struct address *address, const struct gateway *gateway,
       int error)
{
    char text[ADDRESS_SIZE];

    address_text(text, sizeof(text), address);
    LOG_EVENT(&g->shared.log, SESSION_REFUSED, F_TEXT("gateway", gateway->config->name),
              F_TEXT("address", text), F_TEXT("error", error_text(error)),
              F_TEXT("hint", error_hint(error)));
    g->shared.refused_total++;
    say_refused(g, fd, error);
    close(fd);
}

/* A balancer that is listed brings many clients: each counts once it is known by the header, and
 * not the balancer before. */
static bool
is_counted(const struct listener *listener, const struct gateway *gateway,
           const struct address *address)
{
    const struct config_gateway *config = gateway->config;

    return !listener->is_proxy || !networks_contain(config->proxy_protocol.from,
                                                    config->proxy_protocol.from_count, address);
}

void
gate_accept(struct gate *g, const struct listener *listener)
{
    const struct os *os = g->shared.os;
    struct gateway *gateway = &g->settings->gateways[listener->gateway];

    for (int i = 0; i < ACCEPT_ROUND; i++) {
        struct address address = {.length = sizeof(address.u)};
        int fd = os->accept(os->arg, listener->fd, &address.u.any, &address.length);
        struct task *task;
        bool counts;
        int result = 0;

        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                LOG_EVENT(&g->shared.log, ACCEPT_FAILED, F_TEXT("error", strerrordesc_np(errno)),
                          F_TEXT("hint", error_hint(PASU_E_TOO_MANY_SESSIONS)));
                g->is_paused = true;
            }
            return;
        }
        if (address.length == 0)
            address.u.any.sa_family = AF_UNIX;
        counts = is_counted(listener, gateway, &address);
        if (counts)
            result = address_count_add(&g->shared.early, &address,
                                       gateway->config->limits.connections_per_address);
        if (result != 0) {
            refuse(g, fd, &address, gateway, result);
            continue;
        }
        task = task_new(TASK_ACCEPTED, 0);
        if (!task) {
            if (counts)
                address_count_remove(&g->shared.early, &address);
            close(fd);
            continue;
        }
        task->fd = fd;
        task->is_proxy = listener->is_proxy;
        task->is_counted = counts;
        task->settings = settings_hold(g->settings);
        task->gateway = listener->gateway;
        task->address = address;
        worker_post(least_loaded(g), task);
    }
}
