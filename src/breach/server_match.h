/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sessions that a server's log names against those that the ledger knows: which of them came
 * through pasu, and which of pasu's the log does not name.
 *
 * A `backend` record is a session's where
 *
 *      the process number is the same;
 *      the time fits: the record was made when the server said the number, so after the process
 *      began, but no longer than the server takes to let somebody in
 *      (SERVER_MATCH_LOGIN, the most that authentication_timeout can be), and before its end;
 *      the port that pasu came from is the one that the log has. Where it is another one, something
 *      between may have changed it: that is not known;
 *      role and database are the same, as far as both sides know them. Several servers behind pasu
 *      have the same process numbers, and who can choose the port he comes from could borrow the
 *      record of somebody's session with another one. Where names differ it is not known: in stderr
 *      a name can be cut.
 *
 * Each record is of one session, and each session has one. Clocks may be apart by
 * SERVER_MATCH_TOLERANCE: the log's beginning of a session is cut to a second, clocks that are set
 * by NTP differ by less than one, and no server uses a process number again within the rest.
 *
 * A session without a record went past pasu, unless the ledger may be silent about it:
 * enum server_answer says why. While not one session of the log has a record, nothing says that
 * it is the log of a server behind pasu: then all of them are uncertain.
 *
 * A session that had begun before the log did, and of which the log does not say when (stderr), is
 * that of the record whose session had not ended yet.
 *
 * Order: the log is read and ended (server_sessions_end), then match_begin, match_note for each
 * entry of the ledger, match_end.
 */
#ifndef PASU_BREACH_SERVER_MATCH_H
#define PASU_BREACH_SERVER_MATCH_H

#include "base/os.h"
#include "breach/filter.h"
#include "breach/gaps.h"
#include "breach/server_sessions.h"

#define SERVER_MATCH_TOLERANCE (5 * NANOSECONDS_PER_SECOND)
#define SERVER_MATCH_LOGIN     (600 * NANOSECONDS_PER_SECOND)

enum { SERVER_GATEWAYS_MAX = 100, SERVER_BACKENDS_MAX = 50000000 };

#define SERVER_NO_NAME UINT32_MAX /* a name that the log does not have */

enum server_answer {
    SERVER_PAST,       /* it went past pasu */
    SERVER_THROUGH,    /* it came through pasu */
    SERVER_OTHER_PORT, /* not known: number and time are those of one of pasu's, the port is not */
    SERVER_OTHER_NAME, /* not known: all but the role or the database is that of one of pasu's */
    SERVER_NUMBERLESS, /* not known: one of pasu's of that role, database and time has no number */
    SERVER_OLDER,      /* not known: it calls itself pasu's inspector, before there were numbers */
    SERVER_IN_GAP,     /* not known: the ledger has a gap there */
    SERVER_LATER,      /* not known: the ledger does not go on so far, and pasu was not stopped */
    SERVER_ANSWERS,
};

/* A session of pasu's with the server, or a connection of its own. */
struct server_backend {
    int64_t at;     /* when the number was known; without one, when it was opened */
    int64_t closed; /* 0: it is not over, or its own */
    uint64_t session;
    uint32_t pid;                 /* 0: not known */
    uint32_t principal, database; /* numbers of names; 0: not known; SERVER_NO_NAME */
    uint32_t gateway; /* in `gateways`, from 0; SERVER_GATEWAYS_MAX: of those that are left out */
    uint16_t port;
    bool is_named, is_taken; /* by a session of the log; or by one from another port */
    bool is_void;            /* the place is free */
    bool is_given_up;        /* `at` is its end, before a number came; the port is known */
};

struct server_gateway {
    char name[GATEWAY_NAME_SIZE];
    uint64_t sessions, named; /* of the time that the log covers and that is asked for */
};

struct server_match {
    struct server_sessions *sessions;
    const struct filter *filter;
    struct server_backend *backends;
    size_t backend_count, backend_space;
    uint32_t spare;    /* a place in `backends` that is free, from 1: its `session` is the next */
    struct map places; /* session → backends, from 1 */
    size_t numberless; /* after the end: so many at the beginning have no number */
    struct server_gateway gateways[SERVER_GATEWAYS_MAX];
    size_t gateway_count;
    int64_t numbers, latest; /* the first and the last number that is known; 0: there are none */
    int64_t begun, known;    /* of the ledger's first and last entry */
    bool has_older;          /* pasu had sessions before there were numbers */
    /* The answer. */
    uint64_t common;      /* sessions of the log, of any time, that came through pasu */
    uint64_t other_ports; /* and those that can have, but for the port */
    struct server_figures {
        uint64_t all, through, past, unknown;
    } figures[2];     /* sessions; replication */
    uint64_t unnamed; /* pasu's, that the log should name and does not */
};

void server_match_begin(struct server_match *match, struct server_sessions *sessions,
                        const struct filter *filter, uint64_t seed);
void server_match_release(struct server_match *match);
/* PASU_E_NOMEM, PASU_E_RANGE. */
PASU_MUST_USE int server_match_note(struct server_match *match, const struct ledger_entry *entry);
/* `gaps` are those of the whole ledger. */
void server_match_end(struct server_match *match, const struct gaps *gaps);
/* Whether the session is one of those that are asked for: of the time, and of the principal. */
bool server_match_concerns(const struct server_match *match, const struct server_session *session);
/* Whether nothing says that this is the log of a server behind pasu. */
bool server_match_is_strange(const struct server_match *match);
/* Of the time that is asked for, what the log does not cover, at its two ends; false: it does. */
bool server_match_is_short(const struct server_match *match, bool at_end, int64_t *from,
                           int64_t *to);
/* "other_port", …; NULL: it is known. */
const char *server_answer_text(enum server_answer answer);

#endif
