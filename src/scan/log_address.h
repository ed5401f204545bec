/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses as logs write them, and their keyed hashes. An address has one hash, however it is
 * written: 10.0.0.1, 010.0.0.1 and ::ffff:10.0.0.1 are the same. Nearly every line has one, and
 * most ask for nobody, so that of these the address is not even read: as a rule an IPv4 address
 * can be written in one way only, and its text is hashed as it stands there. Pure.
 */
#ifndef PASU_SCAN_LOG_ADDRESS_H
#define PASU_SCAN_LOG_ADDRESS_H

#include "base/bytes.h"

#include <netinet/in.h>

/* Of "a, b, c", as a header of proxies has it, the last one: what the nearest proxy has seen. */
struct view log_address_last(struct view text);
/* IPv6's bytes, or IPv4's mapped; false: it is something else, a host's name perhaps. */
PASU_MUST_USE bool log_address_read(uint8_t bytes[16], struct view text);
/* The hash of the last one. Also what is no address has one. 0: there is nothing. */
uint64_t log_address_hash(const uint8_t key[16], struct view text);
/* The /24, or the /48, that the address is in. */
void log_address_network(uint8_t bytes[16]);
void log_address_text(char text[INET6_ADDRSTRLEN], const uint8_t bytes[16]);

#endif
