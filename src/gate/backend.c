/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/backend.h"

#include "base/address.h"
#include "ledger/message.h"

/* The port that the server sees us come from; 0: it has none, or is not known. */
static uint16_t
own_port(int fd)
{
    struct address own = {.length = sizeof(own.u)};

    if (getsockname(fd, &own.u.any, &own.length) != 0 ||
        (own.u.any.sa_family != AF_INET && own.u.any.sa_family != AF_INET6))
        return 0;
    return address_port(&own);
}

void
backend_tell(struct keeper_link *keeper, uint64_t session, uint32_t pid, int fd,
             const char *gateway, const char *database)
{
    struct message_backend message = {.session = session, .pid = pid};

    if (!keeper)
        return;
    message.at = os_realtime(keeper->os);
    message.port = own_port(fd);
    snprintf(message.gateway, sizeof(message.gateway), "%s", gateway);
    snprintf(message.database, sizeof(message.database), "%s", database);
    if (keeper_link_record(keeper, MESSAGE_BACKEND, &message, sizeof(message)) != 0) {
        /* it is counted in the gap */
    }
}
