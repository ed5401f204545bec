/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of browsers: how many one network has, and until when each has to have sent what it
 * sends. Silence is the library's business; a connection that says a byte now and then is ours, or
 * a few could hold all that there are. One thread.
 */
#ifndef PASU_CONSOLE_PEERS_H
#define PASU_CONSOLE_PEERS_H

#include "base/address.h"
#include "base/list.h"

#include <stdint.h>

enum { PEERS_NETWORK_SIZE = 16 };

struct peer {
    struct list link;
    int fd;        /* borrowed */
    int64_t until; /* monotonic ns */
    uint8_t network[PEERS_NETWORK_SIZE];
};

struct peers {
    struct list all;
};

/* Where somebody is: an address, of IPv6 the network that one household has (64 bits). */
void peers_network(uint8_t network[PEERS_NETWORK_SIZE], const struct address *address);
/* The network around it: the first 48 bits of IPv6, 24 of IPv4; of what peers_network has made. */
void peers_around(uint8_t around[PEERS_NETWORK_SIZE], const uint8_t network[PEERS_NETWORK_SIZE]);
void peers_init(struct peers *peers);
/* NULL: no memory. It is theirs who call until peers_remove, and nobody's when it is NULL. */
struct peer *peers_add(struct peers *peers, int fd, const struct address *address, int64_t until);
void peers_remove(struct peer *peer);
/* How many there are from where the address is; and from the network around it. */
size_t peers_count(const struct peers *peers, const struct address *address);
size_t peers_count_around(const struct peers *peers, const struct address *address);
/* Shuts the sockets of those whose time is over; who owns them sees their end, and closes them. */
void peers_end(const struct peers *peers, int64_t now);

#endif
