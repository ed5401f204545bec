/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What PostgreSQL's own log (scan/server_log.h) says of who asked for what: logins, and statements
 * that log_statement, log_min_duration_statement or pgAudit have written, with their parameters.
 * The event's account is the role, its session the server's, its agent the application's name.
 *
 * How many rows came back no such log says: whom a statement names may have been shown, and it is
 * not sure.
 */
#ifndef PASU_SCAN_SERVER_EVENT_H
#define PASU_SCAN_SERVER_EVENT_H

#include "scan/event.h"
#include "scan/server_log.h"

enum { SERVER_HELD = 6 /* texts of a line */ };

/* The event borrows until it returns; a negative result ends the reading. */
typedef int server_event_fn(void *arg, const struct event *event, uint64_t offset);

/* Reads one log from its beginning. The caller's; nothing is to be released. */
struct server_reader {
    struct server_log log;
    server_event_fn *see;
    void *arg;
    bool is_held; /* in stderr the parameters of a statement stand in a line of their own */
    struct server_line held;
    uint8_t bytes[SERVER_HELD][SERVER_LOG_TEXT];
};

/* `prefix`: log_line_prefix, which server_log_prefix takes; NULL: Debian's. */
void server_reader_init(struct server_reader *reader, const char *prefix, server_event_fn *see,
                        void *arg);
PASU_MUST_USE int server_reader_feed(struct server_reader *reader, struct view bytes);
PASU_MUST_USE int server_reader_end(struct server_reader *reader);

#endif
