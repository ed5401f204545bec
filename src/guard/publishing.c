/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/state.h"

#include "base/memory.h"
#include "guard/listeners.h"
#include "respond/herald.h"
#include "respond/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct herald_run {
    struct supervisor *v;
    struct herald_start start;
};

static int
run_herald(int fd, const struct log *log, void *arg)
{
    struct herald_run *run = arg;

    memory_wipe(run->v->resources.secret, sizeof(run->v->resources.secret));
    run->start.supervisor_fd = fd;
    return herald_main(&run->start, log);
}

/* The socket is kept while the configuration names it, so that another herald loses nobody. */
static void
open_metrics(struct supervisor *v)
{
    const struct endpoint *wanted = &v->config->metrics.listen;
    char text[ENDPOINT_HOST_SIZE + 16];
    int fd;

    if (v->metrics >= 0 && endpoint_equal(wanted, &v->metrics_at))
        return;
    if (v->metrics >= 0)
        close(v->metrics);
    v->metrics = -1;
    v->metrics_at = *wanted;
    if (wanted->host[0] == '\0')
        return;
    errno = 0;
    fd = listener_open(wanted, 0);
    if (fd >= 0) {
        v->metrics = fd;
        return;
    }
    endpoint_text(text, sizeof(text), wanted);
    LOG_EVENT(
        &v->log, METRICS_FAILED, F_TEXT("listen", text),
        F_TEXT("error", fd == PASU_E_IO && errno != 0 ? strerrordesc_np(errno) : error_text(fd)));
}

int
publishing_start(struct supervisor *v)
{
    int folder = v->config->ledger.publish.witness_count > 0 ? v->resources.published : -1;
    int keep[2], kept = 0;
    struct herald_run herald = {
        .v = v, .start = {.folder_fd = folder, .config = v->config, .forget = forget, .arg = v}};
    struct child_start start = {.account = &v->herald_account,
                                .log = &v->log,
                                .main = run_herald,
                                .arg = &herald,
                                .keep = keep,
                                .rules = message_rules_supervisor_from_herald,
                                .rule_count = message_rules_supervisor_from_herald_count};
    int result;

    open_metrics(v);
    herald.start.metrics_fd = v->metrics;
    if (folder >= 0)
        keep[kept++] = folder;
    if (v->metrics >= 0)
        keep[kept++] = v->metrics;
    start.keep_count = (size_t)kept;
    result = child_start(&v->children[HERALD], &start);
    if (result != 0)
        return result;
    v->is_herald_renewed = false;
    for (size_t i = 0; i < publish_count(v->config); i++) {
        struct endpoint endpoint;

        if (publish_endpoint(v->config, i, &endpoint) == 0)
            lookup_want(v->targets, v->config, &endpoint);
    }
    return 0;
}

/* A new channel between keeper and herald, whenever one of them is new and both are there. */
static void
link_herald(struct supervisor *v)
{
    if (!v->is_herald_linked && v->children[HERALD].pid && v->children[KEEPER].is_committed)
        v->is_herald_linked = tell_link(v, HERALD, MESSAGE_HERALD);
}

void
publishing_from_herald(struct supervisor *v, const struct channel_message *message)
{
    struct message_gateway target;
    struct endpoint endpoint;

    if (message->type != MESSAGE_RESOLVE)
        return; /* it lives */
    memcpy(&target, message->body, sizeof(target));
    if (publish_endpoint(v->config, target.gateway, &endpoint) == 0)
        lookup_want(v->targets, v->config, &endpoint);
}

/* For every target with that server. */
static void
tell_target(struct supervisor *v, const struct lookup *lookup)
{
    for (size_t t = 0; t < publish_count(v->config); t++) {
        struct endpoint endpoint;

        if (publish_endpoint(v->config, t, &endpoint) == 0 &&
            endpoint_equal(&endpoint, &lookup->endpoint))
            tell_addresses(v, HERALD, t, lookup);
    }
}

void
publishing_look(struct supervisor *v, int64_t now)
{
    const struct lookup_rights rights = {&v->account, forget, v};

    for (size_t i = 0; i < COUNT_OF(v->targets); i++)
        if (lookup_step(&v->targets[i], &rights, now))
            tell_target(v, &v->targets[i]);
    link_herald(v);
}

void
publishing_renew(struct supervisor *v)
{
    struct message_empty empty = {0};
    struct child *herald = &v->children[HERALD];

    open_metrics(v); /* or nobody is to be told any more */
    if (!herald->pid)
        return;
    v->is_herald_renewed = true;
    tell(v, herald, MESSAGE_STOP, &empty, sizeof(empty), -1);
}
