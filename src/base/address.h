/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network addresses as configuration and logs write them: "127.0.0.1:5432", "[::1]:5432", "db:5432"
 * and "/run/postgresql:5432" (a Unix socket, .s.PGSQL.5432 in that folder, as libpq has it).
 * Pure: names are not resolved here.
 */
#ifndef PASU_BASE_ADDRESS_H
#define PASU_BASE_ADDRESS_H

#include "base/error.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { ADDRESS_TEXT_SIZE = 128, ENDPOINT_HOST_SIZE = 256 };

/* Where to listen or connect: a host (name, number, or folder of a Unix socket) and a port. */
struct endpoint {
    char host[ENDPOINT_HOST_SIZE]; /* without brackets */
    uint16_t port;                 /* 0 only where the text says 0 */
    bool is_unix;
};

/* One resolved socket address. `length` 0 means none. */
struct address {
    socklen_t length;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    } u;
};

/* A set of addresses: all whose first `bits` bits equal those of `base` (16 bytes, v4 as
 * ::ffff:a.b.c.d). */
struct network {
    uint8_t base[16];
    uint8_t bits; /* 0..128 */
};

/* Parses "host:port", "[v6]:port" or "/folder:port". PASU_E_MALFORMED for anything else. */
PASU_MUST_USE int endpoint_parse(struct endpoint *endpoint, const char *text);
/* The text that parses back to it. */
void endpoint_text(char *text, size_t size, const struct endpoint *endpoint);
/* Whether both say the same; names are compared as they are written. */
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);
/* The address of an endpoint that needs no name service: a number or a Unix socket.
 * PASU_E_NOTFOUND where the host is a name, PASU_E_RANGE where a socket's path is too long. */
PASU_MUST_USE int endpoint_address(struct address *address, const struct endpoint *endpoint);

/* The address without port, "192.0.2.1", "2001:db8::1" or "local" for a Unix socket. v4-mapped
 * addresses are written as v4. */
void address_text(char *text, size_t size, const struct address *address);
/* What address_text has written, or another text of such an address, which then has port 0.
 * PASU_E_MALFORMED. */
PASU_MUST_USE int address_parse(struct address *address, const char *text);
/* The port in host order, 0 for a Unix socket. */
uint16_t address_port(const struct address *address);
/* The address as 16 bytes, v4 mapped into ::ffff:0:0/96, all zero for a Unix socket. */
void address_bytes(uint8_t bytes[16], const struct address *address);
/* Whether it is of this very machine: 127.0.0.0/8 or ::1. */
bool address_is_loopback(const struct address *address);

/* Parses "192.0.2.0/24", "2001:db8::/32" or a single address. PASU_E_MALFORMED also where bits
 * below the prefix are set. */
PASU_MUST_USE int network_parse(struct network *network, const char *text);
/* Unix sockets are in no network. */
bool network_contains(const struct network *network, const struct address *address);
/* Whether it is in any of them. */
bool networks_contain(const struct network *networks, size_t count, const struct address *address);

#endif
