/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/left.h"

#include "base/memory.h"
#include "base/os.h"

#include <string.h>

#define SLACK NANOSECONDS_PER_SECOND
#define LOGIN_LONGEST                                                                              \
    (600 * NANOSECONDS_PER_SECOND) /* PostgreSQL's authentication_timeout, at most */

void
left_release(struct left *left)
{
    memory_free(left->processes);
    *left = (struct left){0};
}

/* LEFT_GATEWAYS_MAX: there are too many. */
static size_t
gateway_of(struct left *left, const char *name)
{
    for (size_t i = 0; i < left->gateway_count; i++)
        if (strcmp(left->gateways[i], name) == 0)
            return i;
    if (left->gateway_count == LEFT_GATEWAYS_MAX)
        return LEFT_GATEWAYS_MAX;
    memcpy(left->gateways[left->gateway_count], name, GATEWAY_NAME_SIZE);
    return left->gateway_count++;
}

void
left_remember(struct left *left, const struct message_backend *backend)
{
    size_t gateway = gateway_of(left, backend->gateway);

    if (backend->pid == 0 || gateway == LEFT_GATEWAYS_MAX)
        return;
    if (!left->processes)
        left->processes = memory_new(LEFT_MAX, sizeof(*left->processes));
    if (left->processes)
        left->processes[backend->pid % LEFT_MAX] =
            (struct left_process){backend->at, backend->pid, (uint8_t)gateway, backend->sort};
}

const char *
left_gateway(const struct left *left, uint32_t pid, int64_t began, enum backend_sort *sort)
{
    const struct left_process *found = left->processes ? &left->processes[pid % LEFT_MAX] : NULL;

    if (!found || found->at == 0 || found->pid != pid || began > found->at + SLACK ||
        found->at - began > LOGIN_LONGEST)
        return NULL;
    *sort = (enum backend_sort)found->sort;
    return left->gateways[found->gateway];
}
