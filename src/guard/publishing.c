/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/state.h"

#include "base/memory.h"
#include "respond/herald.h"
#include "respond/publish.h"

#include <unistd.h>

bool
publishing_is_wanted(const struct supervisor *v)
{
    return publish_is_wanted(v->config);
}

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

int
publishing_start(struct supervisor *v)
{
    int folder = v->config->ledger.publish.witness_count > 0 ? v->resources.published : -1;
    struct herald_run herald = {
        .v = v, .start = {.folder_fd = folder, .config = v->config, .forget = forget, .arg = v}};
    struct child_start start = {.account = &v->herald_account,
                                .log = &v->log,
                                .main = run_herald,
                                .arg = &herald,
                                .keep = &folder,
                                .keep_count = folder >= 0 ? 1 : 0,
                                .rules = message_rules_supervisor_from_herald,
                                .rule_count = message_rules_supervisor_from_herald_count};
    int result = child_start(&v->children[HERALD], &start);

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

void
publishing_link(struct supervisor *v)
{
    struct message_empty empty = {0};
    int ends[2];

    if (v->is_herald_linked || !v->children[HERALD].pid || !v->children[KEEPER].is_committed)
        return;
    if (channel_pair(ends) != 0)
        return;
    tell(v, &v->children[KEEPER], MESSAGE_HERALD, &empty, sizeof(empty), ends[0]);
    tell(v, &v->children[HERALD], MESSAGE_PEER, &empty, sizeof(empty), ends[1]);
    close(ends[0]);
    close(ends[1]);
    v->is_herald_linked = true;
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

        if (publish_endpoint(v->config, t, &endpoint) != 0 ||
            !endpoint_equal(&endpoint, &lookup->endpoint))
            continue;
        for (uint32_t i = 0; i < lookup->count; i++) {
            struct message_upstream message = {.gateway = (uint32_t)t,
                                               .count = lookup->count,
                                               .index = i,
                                               .length = lookup->addresses[i].length};

            memcpy(message.address, &lookup->addresses[i].u, lookup->addresses[i].length);
            tell(v, &v->children[HERALD], MESSAGE_UPSTREAM, &message, sizeof(message), -1);
        }
    }
}

void
publishing_look(struct supervisor *v, int64_t now)
{
    const struct lookup_rights rights = {&v->account, forget, v};

    for (size_t i = 0; i < COUNT_OF(v->targets); i++)
        if (lookup_step(&v->targets[i], &rights, now))
            tell_target(v, &v->targets[i]);
    publishing_link(v);
}

void
publishing_renew(struct supervisor *v)
{
    struct message_empty empty = {0};
    struct child *herald = &v->children[HERALD];

    if (!herald->pid)
        return;
    v->is_herald_renewed = true;
    tell(v, herald, MESSAGE_STOP, &empty, sizeof(empty), -1);
}
