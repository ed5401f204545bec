/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether what is known of one database holds for another one, or for the same under another name.
 *
 * A server says which one it is, and its database's OID: these stay when a gateway gets another
 * name, when a second one leads to the same server, when the database is renamed, and on a standby.
 * A database of a known server that nothing is known of can be made from any other one as its
 * template, with the OIDs of all that is in it: within a server no other two relations have one
 * OID. A server that nothing is known of can be what another one was upgraded to, or restored from,
 * behind the same gateway's name.
 */
#ifndef PASU_GATE_CATALOG_KIN_H
#define PASU_GATE_CATALOG_KIN_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stdint.h>

enum catalog_kin {
    KIN_NONE,
    KIN_NAMES,    /* the gateway's name and the database's are the same, and that is all there is */
    KIN_TEMPLATE, /* what is of this database, too, is the same there */
    KIN_SAME,
};

struct catalog_whose {
    uint64_t system;            /* 0: the server has not said */
    uint32_t database;          /* OID; 0: the same */
    const char *gateway, *name; /* of the database */
};

/* What is known at all, for one that is new: catalog_kin_see of all others comes first. */
struct catalog_family {
    bool is_server, is_database;
};

void catalog_kin_see(struct catalog_family *family, const struct catalog_whose *new,
                     const struct catalog_whose *other);
enum catalog_kin catalog_kin_of(const struct catalog_family *family,
                                const struct catalog_whose *new, const struct catalog_whose *other);

#endif
