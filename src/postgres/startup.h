/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packets without a type byte that open a connection: a length, a code, and what the code says.
 *
 *      0        4        8
 *      | length |  code  | …            length counts itself
 *
 * Read as PostgreSQL's server reads them (backend/tcop/backend_startup.c): of a parameter given
 * twice the last counts; names are cut at 63 bytes; a missing database is the user's name. What
 * principal a session has depends on this, so a difference here would be a way to be somebody else
 * in the record.
 */
#ifndef PASU_POSTGRES_STARTUP_H
#define PASU_POSTGRES_STARTUP_H

#include "base/bytes.h"

enum {
    STARTUP_LENGTH_MIN = 8,
    STARTUP_LENGTH_MAX = 10000, /* the server's own limit (MAX_STARTUP_PACKET_LENGTH) */
    STARTUP_NAME_SIZE = 64,     /* NAMEDATALEN */
    STARTUP_CANCEL_KEY_MAX = 256,
};

enum {
    CODE_CANCEL = 80877102,
    CODE_SSL = 80877103,
    CODE_GSS = 80877104,
    CODE_VERSION_3_0 = 196608,
    CODE_VERSION_3_2 = 196610,
};

enum startup_kind { STARTUP_SESSION, STARTUP_SSL, STARTUP_GSS, STARTUP_CANCEL };

struct startup {
    enum startup_kind kind;
    /* STARTUP_SESSION */
    uint32_t version;
    char user[STARTUP_NAME_SIZE];
    char database[STARTUP_NAME_SIZE];
    char application[STARTUP_NAME_SIZE]; /* application_name as asked for, cut */
    bool is_replication; /* physical or logical; also when the value is not clearly false */
    /* STARTUP_CANCEL */
    uint32_t pid;
    struct view key; /* borrows from the packet; 4..256 bytes */
};

/* The length field of a packet's first four bytes checked: 8..`limit`; else
 * PASU_E_STARTUP_MALFORMED or PASU_E_MESSAGE_TOO_LONG. */
PASU_MUST_USE int startup_length(const uint8_t first[4], uint32_t limit);
/*
 * Reads one whole packet. 0; PASU_E_STARTUP_MALFORMED; PASU_E_PROTOCOL_VERSION (a major version
 * other than 3); PASU_E_STARTUP_NO_USER.
 */
PASU_MUST_USE int startup_parse(struct startup *startup, struct view packet);

#endif
