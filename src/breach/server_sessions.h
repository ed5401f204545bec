/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sessions that a server's own log names, put together from its lines (scan/server_log.h).
 *
 * One is known by its process number and the time at which that process began, where the log says
 * it (csvlog, jsonlog, %c); else by the number, until another connection is taken under it. What
 * was never let in, and processes of the server's own, are no sessions. Memory: some hundred bytes
 * a session; names are kept once.
 */
#ifndef PASU_BREACH_SERVER_SESSIONS_H
#define PASU_BREACH_SERVER_SESSIONS_H

#include "breach/interner.h"
#include "scan/server_log.h"

enum { SERVER_SESSIONS_MAX = 20000000 };

struct server_session {
    int64_t start;       /* realtime ns, to a second; 0: not known */
    int64_t first, last; /* lines */
    uint64_t offset;     /* of the first line in its file */
    uint64_t lines;
    uint32_t file;
    uint32_t pid;
    uint32_t user, database, application, host; /* numbers of the names; 0: not known */
    uint16_t port;                              /* 0: none, or not known */
    bool is_in;                                 /* it was let in */
    bool is_authorized;                         /* and the log says so in words */
    bool is_heard;                              /* it said what only a session says */
    bool is_begun; /* when it began is known, or its first line is of that */
    bool is_replication;
    bool is_over;   /* after its last line */
    uint8_t answer; /* enum server_answer (server_match.h) */
};

struct server_sessions {
    struct interner names;
    struct map places; /* → items, from 1 */
    struct server_session *items;
    size_t count, space;
    uint32_t *spare; /* places of connections that became no session */
    size_t spare_count, spare_space;
    int64_t *starts; /* of the server */
    size_t start_count, start_space;
    uint32_t file;       /* the caller's number of what is read now */
    int64_t first, last; /* of all lines; 0: there are none */
    int64_t earliest;    /* after the end: when one of them can have begun */
    uint64_t authorized, ended, refused;
    bool has_received; /* each connection begins with a line */
    size_t most;       /* SERVER_SESSIONS_MAX, for tests less */
};

/* Zeroed, but for the seed. */
void server_sessions_init(struct server_sessions *sessions, uint64_t seed);
void server_sessions_release(struct server_sessions *sessions);
/* A server_log_see_fn of such a struct. PASU_E_NOMEM; PASU_E_RANGE: there are too many. */
PASU_MUST_USE int server_sessions_see(void *arg, const struct server_line *line);
/* All was read: what is left are sessions, by process number and time, each once. */
void server_sessions_end(struct server_sessions *sessions);
/* Its earliest possible beginning, and the latest; after the end. */
int64_t server_session_begin(const struct server_session *session);

#endif
