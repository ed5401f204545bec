/* SPDX-License-Identifier: Apache-2.0 */
#include "base/address.h"

#include <arpa/inet.h>

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

/* Decimal digits only, at most `limit`; -1 otherwise. */
static int
parse_natural(const char *text, int limit)
{
    int n = 0;

    if (*text == '\0')
        return -1;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return -1;
        n = n * 10 + (*text - '0');
        if (n > limit)
            return -1;
    }
    return n;
}

int
endpoint_parse(struct endpoint *endpoint, const char *text)
{
    const char *colon = strrchr(text, ':');
    size_t length;
    int port;

    memset(endpoint, 0, sizeof(*endpoint));
    if (!colon || colon == text || (port = parse_natural(colon + 1, 65535)) < 0)
        return PASU_E_MALFORMED;
    length = (size_t)(colon - text);
    if (text[0] == '[') {
        if (length < 3 || text[length - 1] != ']')
            return PASU_E_MALFORMED;
        text++;
        length -= 2;
    } else if (memchr(text, ':', length) && text[0] != '/') {
        return PASU_E_MALFORMED; /* an IPv6 address without its brackets */
    }
    if (length >= sizeof(endpoint->host))
        return PASU_E_MALFORMED;
    memcpy(endpoint->host, text, length);
    endpoint->port = (uint16_t)port;
    endpoint->is_unix = text[0] == '/';
    return 0;
}

void
endpoint_text(char *text, size_t size, const struct endpoint *endpoint)
{
    bool is_v6 = strchr(endpoint->host, ':') && !endpoint->is_unix;

    snprintf(text, size, is_v6 ? "[%s]:%u" : "%s:%u", endpoint->host, endpoint->port);
}

bool
endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port && a->is_unix == b->is_unix && strcmp(a->host, b->host) == 0;
}

int
endpoint_address(struct address *address, const struct endpoint *endpoint)
{
    memset(address, 0, sizeof(*address));
    if (endpoint->is_unix) {
        int n = snprintf(address->u.local.sun_path, sizeof(address->u.local.sun_path),
                         "%s/.s.PGSQL.%u", endpoint->host, endpoint->port);

        if (n < 0 || (size_t)n >= sizeof(address->u.local.sun_path))
            return PASU_E_RANGE;
        address->u.local.sun_family = AF_UNIX;
        address->length = sizeof(address->u.local);
        return 0;
    }
    if (inet_pton(AF_INET, endpoint->host, &address->u.v4.sin_addr) == 1) {
        address->u.v4.sin_family = AF_INET;
        address->u.v4.sin_port = htons(endpoint->port);
        address->length = sizeof(address->u.v4);
        return 0;
    }
    if (inet_pton(AF_INET6, endpoint->host, &address->u.v6.sin6_addr) == 1) {
        address->u.v6.sin6_family = AF_INET6;
        address->u.v6.sin6_port = htons(endpoint->port);
        address->length = sizeof(address->u.v6);
        return 0;
    }
    return PASU_E_NOTFOUND;
}

void
address_bytes(uint8_t bytes[16], const struct address *address)
{
    memset(bytes, 0, 16);
    if (address->length == 0)
        return;
    if (address->u.any.sa_family == AF_INET) {
        memcpy(bytes, v4_prefix, sizeof(v4_prefix));
        memcpy(bytes + 12, &address->u.v4.sin_addr, 4);
    } else if (address->u.any.sa_family == AF_INET6) {
        memcpy(bytes, &address->u.v6.sin6_addr, 16);
    }
}

bool
address_is_loopback(const struct address *address)
{
    static const uint8_t v6[16] = {[15] = 1};
    uint8_t bytes[16];

    address_bytes(bytes, address);
    return memcmp(bytes, v6, sizeof(v6)) == 0 ||
           (memcmp(bytes, v4_prefix, sizeof(v4_prefix)) == 0 && bytes[sizeof(v4_prefix)] == 127);
}

void
address_text(char *text, size_t size, const struct address *address)
{
    uint8_t bytes[16];
    bool is_v4;

    if (address->length == 0 || address->u.any.sa_family == AF_UNIX) {
        snprintf(text, size, "local");
        return;
    }
    address_bytes(bytes, address);
    is_v4 = memcmp(bytes, v4_prefix, sizeof(v4_prefix)) == 0;
    if (!inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? bytes + 12 : bytes, text, (socklen_t)size))
        snprintf(text, size, "?");
}

int
address_parse(struct address *address, const char *text)
{
    memset(address, 0, sizeof(*address));
    if (strcmp(text, "local") == 0) {
        address->u.any.sa_family = AF_UNIX;
        address->length = sizeof(address->u.local);
    } else if (inet_pton(AF_INET, text, &address->u.v4.sin_addr) == 1) {
        address->u.v4.sin_family = AF_INET;
        address->length = sizeof(address->u.v4);
    } else if (inet_pton(AF_INET6, text, &address->u.v6.sin6_addr) == 1) {
        address->u.v6.sin6_family = AF_INET6;
        address->length = sizeof(address->u.v6);
    } else {
        return PASU_E_MALFORMED;
    }
    return 0;
}

uint16_t
address_port(const struct address *address)
{
    if (address->length == 0)
        return 0;
    if (address->u.any.sa_family == AF_INET)
        return ntohs(address->u.v4.sin_port);
    return address->u.any.sa_family == AF_INET6 ? ntohs(address->u.v6.sin6_port) : 0;
}

int
network_parse(struct network *network, const char *text)
{
    char host[64];
    const char *slash = strchr(text, '/');
    size_t length = slash ? (size_t)(slash - text) : strlen(text);
    int bits, width = 128;

    if (length >= sizeof(host))
        return PASU_E_MALFORMED;
    memcpy(host, text, length);
    host[length] = '\0';
    memcpy(network->base, v4_prefix, sizeof(v4_prefix));
    if (inet_pton(AF_INET, host, network->base + 12) == 1)
        width = 32;
    else if (inet_pton(AF_INET6, host, network->base) != 1)
        return PASU_E_MALFORMED;
    bits = slash ? parse_natural(slash + 1, width) : width;
    if (bits < 0)
        return PASU_E_MALFORMED;
    bits += 128 - width;
    network->bits = (uint8_t)bits;
    for (int i = bits; i < 128; i++)
        if (network->base[i / 8] >> (7 - i % 8) & 1)
            return PASU_E_MALFORMED;
    return 0;
}

bool
network_contains(const struct network *network, const struct address *address)
{
    uint8_t bytes[16];
    unsigned whole = network->bits / 8u, rest = network->bits % 8u;

    if (address->length == 0 || address->u.any.sa_family == AF_UNIX)
        return false;
    address_bytes(bytes, address);
    if (memcmp(bytes, network->base, whole) != 0)
        return false;
    return rest == 0 || ((bytes[whole] ^ network->base[whole]) >> (8 - rest)) == 0;
}

bool
networks_contain(const struct network *networks, size_t count, const struct address *address)
{
    for (size_t i = 0; i < count; i++)
        if (network_contains(&networks[i], address))
            return true;
    return false;
}
