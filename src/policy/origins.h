/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The databases of policy/sources.h as one sorted table, for a process that can open no file and
 * shall not parse any: where each range of addresses begins, and its country or system.
 *
 *      supervisor   the databases ──libmaxminddb──► origins_build ──► sealed memory
 *      gate         maps it, looks whether it is in order, searches it
 *
 *      0    8 bytes   magic
 *      8    16 bytes  countries, 16 bytes systems: u32 ranges of IPv4, u32 of IPv6, i64 when the
 *                     database was made (seconds; 0: there is none)
 *      40   struct origin_range4 and struct origin_range6 of countries, then of systems
 *
 * An IPv6 range in which IPv4 addresses stand (::/96, and what a database says the same of: 6to4,
 * Teredo) refers to IPv4's. IPv4-mapped addresses are IPv4. A few hundred thousand ranges: adjacent
 * ones of one value are one.
 *
 * Where no database of countries is named there is the one that the program carries: that of IPFire
 * Location (https://location.ipfire.org, CC BY-SA 4.0), which Debian's tor-geoipdb has, made by
 * script/embed-countries when the program is built. In IPv6 it has no ranges in which IPv4
 * addresses stand: of 6to4 and Teredo nothing is known but what its own lines say.
 *
 * The table is immutable, with counted holders; any thread.
 */
#ifndef PASU_POLICY_ORIGINS_H
#define PASU_POLICY_ORIGINS_H

#include "policy/sources.h"

struct origin_range4 {
    uint32_t start; /* the address as a number */
    uint32_t value; /* two letters, the first in the higher byte; or a system; 0: not known */
};

struct origin_range6 {
    uint64_t high, low; /* start */
    uint32_t value;
    uint32_t shift; /* 0; or at which bit an IPv4 address begins whose value it is */
};

struct origins;

/* The one that the program carries, for one holder; *origins NULL: it carries none. PASU_E_NOMEM,
 * PASU_E_MALFORMED. */
PASU_MUST_USE int origins_carried(struct origins **origins);
bool origins_are_carried(void);
/* Both databases, each of which may be missing. The bytes are the caller's (memory_free).
 * PASU_E_MALFORMED: no tree; PASU_E_RANGE: more ranges than can be; PASU_E_NOMEM. */
PASU_MUST_USE int origins_build(uint8_t **bytes, size_t *length, const struct sources *sources);
/* Maps such bytes, from a descriptor that stays the caller's. One holder. PASU_E_MALFORMED,
 * PASU_E_NOMEM, PASU_E_IO. */
PASU_MUST_USE int origins_map(struct origins **origins, int fd);
/* The same of the bytes themselves, which are taken, also where it fails. */
PASU_MUST_USE int origins_take(struct origins **origins, uint8_t *bytes, size_t length);
struct origins *origins_hold(struct origins *origins); /* NULL is allowed */
void origins_release(struct origins *origins);
/* Nothing is known without a table (NULL), nor of a Unix socket. */
void origins_look_up(const struct origins *origins, const struct address *address,
                     struct origin *origin);
/* When the databases of countries, or systems, were made (realtime ns); 0: not known. */
int64_t origins_made(const struct origins *origins, bool is_systems);
/* Where each range of IPv4 addresses begins that has a country, or a system, and its value, 0
 * where it is not known; until `see` says false, which is then given back. */
bool origins_each(const struct origins *origins, bool is_systems,
                  bool (*see)(void *arg, const struct address *address, uint32_t value), void *arg);

#endif
