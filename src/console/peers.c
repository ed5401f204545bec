/* SPDX-License-Identifier: Apache-2.0 */
#include "console/peers.h"

#include "base/memory.h"

#include <sys/socket.h>

/* An address of IPv4, as one of IPv6. */
static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};

void
peers_network(uint8_t network[PEERS_NETWORK_SIZE], const struct address *address)
{
    memset(network, 0, PEERS_NETWORK_SIZE);
    if (address->length > 0)
        address_bytes(network, address);
    if (memcmp(network, mapped, sizeof(mapped)) != 0)
        memset(network + 8, 0, PEERS_NETWORK_SIZE - 8);
}

void
peers_around(uint8_t around[PEERS_NETWORK_SIZE], const uint8_t network[PEERS_NETWORK_SIZE])
{
    size_t kept = memcmp(network, mapped, sizeof(mapped)) == 0 ? 15 : 6;

    memset(around, 0, PEERS_NETWORK_SIZE);
    memcpy(around, network, kept);
}

void
peers_init(struct peers *peers)
{
    list_init(&peers->all);
}

struct peer *
peers_add(struct peers *peers, int fd, const struct address *address, int64_t until)
{
    struct peer *peer = memory_new(1, sizeof(*peer));

    if (peer == NULL)
        return NULL;
    peer->fd = fd;
    peer->until = until;
    peers_network(peer->network, address);
    list_append(&peers->all, &peer->link);
    return peer;
}

void
peers_remove(struct peer *peer)
{
    if (peer == NULL)
        return;
    list_remove(&peer->link);
    memory_free(peer);
}

size_t
peers_count(const struct peers *peers, const struct address *address)
{
    uint8_t network[PEERS_NETWORK_SIZE];
    size_t count = 0;

    peers_network(network, address);
    for (struct list *at = peers->all.next; at != &peers->all; at = at->next)
        count += memcmp(LIST_ENTRY(at, struct peer, link)->network, network, sizeof(network)) == 0;
    return count;
}

size_t
peers_count_around(const struct peers *peers, const struct address *address)
{
    uint8_t network[PEERS_NETWORK_SIZE], around[PEERS_NETWORK_SIZE], other[PEERS_NETWORK_SIZE];
    size_t count = 0;

    peers_network(network, address);
    peers_around(around, network);
    for (struct list *at = peers->all.next; at != &peers->all; at = at->next) {
        peers_around(other, LIST_ENTRY(at, struct peer, link)->network);
        count += memcmp(other, around, sizeof(around)) == 0;
    }
    return count;
}

void
peers_end(const struct peers *peers, int64_t now)
{
    for (struct list *at = peers->all.next; at != &peers->all; at = at->next) {
        const struct peer *peer = LIST_ENTRY(at, struct peer, link);

        if (now >= peer->until)
            (void)shutdown(peer->fd, SHUT_RDWR);
    }
}
