/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/proxy_header.h"

#include <arpa/inet.h>

static const uint8_t signature[12] = "\r\n\r\n\0\r\nQUIT\n";

enum {
    VERSION_LOCAL = 0x20,
    VERSION_PROXY = 0x21,
    FAMILY_UNSPEC = 0x00,
    FAMILY_TCP4 = 0x11,
    FAMILY_TCP6 = 0x21,
    FAMILY_UNIX = 0x31,
};

int
proxy_header_length(const uint8_t first[PROXY_FIXED_LENGTH])
{
    int length = PROXY_FIXED_LENGTH + bytes_get_u16(first + 14);

    if (memcmp(first, signature, sizeof(signature)) != 0 ||
        (first[12] != VERSION_LOCAL && first[12] != VERSION_PROXY) || length > PROXY_LENGTH_MAX)
        return PASU_E_PROXY_HEADER;
    return length;
}

int
proxy_header_parse(struct address *address, struct view header)
{
    struct reader r = reader_of(header);
    struct view fixed = reader_bytes(&r, PROXY_FIXED_LENGTH), source, ports;
    struct address found = {0};

    if (r.failed || proxy_header_length(fixed.bytes) != (int)header.length)
        return PASU_E_PROXY_HEADER;
    if (fixed.bytes[12] == VERSION_LOCAL)
        return 0;
    switch (fixed.bytes[13]) {
    case FAMILY_TCP4:
        source = reader_bytes(&r, 4);
        reader_bytes(&r, 4);
        ports = reader_bytes(&r, 4);
        if (r.failed)
            return PASU_E_PROXY_HEADER;
        found.u.v4.sin_family = AF_INET;
        memcpy(&found.u.v4.sin_addr, source.bytes, 4);
        memcpy(&found.u.v4.sin_port, ports.bytes, 2);
        found.length = sizeof(found.u.v4);
        break;
    case FAMILY_TCP6:
        source = reader_bytes(&r, 16);
        reader_bytes(&r, 16);
        ports = reader_bytes(&r, 4);
        if (r.failed)
            return PASU_E_PROXY_HEADER;
        found.u.v6.sin6_family = AF_INET6;
        memcpy(&found.u.v6.sin6_addr, source.bytes, 16);
        memcpy(&found.u.v6.sin6_port, ports.bytes, 2);
        found.length = sizeof(found.u.v6);
        break;
    case FAMILY_UNSPEC:
    case FAMILY_UNIX:
        return 0;
    default:
        return PASU_E_PROXY_HEADER;
    }
    *address = found;
    return 0;
}
