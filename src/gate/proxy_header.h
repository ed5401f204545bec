/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PROXY protocol, version 2: who the client of a load balancer is. Pure.
 * Source: HAProxy's proxy-protocol.txt, section 2.2.
 *
 *      0            12   13   14       16
 *      | signature  | vc | fp | length | addresses, TLVs …
 */
#ifndef PASU_GATE_PROXY_HEADER_H
#define PASU_GATE_PROXY_HEADER_H

#include "base/address.h"
#include "base/bytes.h"

enum { PROXY_FIXED_LENGTH = 16, PROXY_LENGTH_MAX = 16 + 2048 };

/* The whole header's length from its first 16 bytes; PASU_E_PROXY_HEADER if it is none, is of
 * another version, or is longer than PROXY_LENGTH_MAX. */
PASU_MUST_USE int proxy_header_length(const uint8_t first[PROXY_FIXED_LENGTH]);
/* Reads a whole header. *address is set to the client's; left alone for LOCAL (the balancer's own
 * checks) and for UNSPEC. PASU_E_PROXY_HEADER. */
PASU_MUST_USE int proxy_header_parse(struct address *address, struct view header);

#endif
