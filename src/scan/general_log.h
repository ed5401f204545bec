/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the general log of MySQL and MariaDB, from its beginning: who a statement is of it says
 * once, when the connection begins, and then by its number.
 *
 *      261127 14:13:14<TAB>     5 Connect<TAB>app@localhost on shop using TCP/IP
 *      <TAB><TAB>     5 Query<TAB>SELECT name FROM members WHERE id = 7
 *      2026-11-27T14:13:14.123456Z<TAB>    5 Query<TAB>SELECT 1          (MySQL since 5.7)
 *
 * A statement with line breaks in it goes on in the next lines, as it is: nothing tells such a line
 * from a record of its own. Whoever may run statements can so write records of others into this
 * log, and whoever is refused a login, by its name; what they truly asked for is there as well.
 *
 * A connection has logged in once it does anything but be refused. It is known until it ends
 * (Quit); of one that says nothing for long, while thousands of others begin and do not end, it can
 * be forgotten whose it is, and of one that began before the log it is not known: never another's
 * name. The bytes are hostile; what is kept is of fixed size.
 */
#ifndef PASU_SCAN_GENERAL_LOG_H
#define PASU_SCAN_GENERAL_LOG_H

#include "scan/event.h"
#include "scan/unread.h"

enum {
    GENERAL_ROWS = 512,        /* of connections; which one a number says */
    GENERAL_WAYS = 16,         /* in each; who was silent for longest makes room */
    GENERAL_RECORD = 16 << 10, /* of a record; what is longer is cut, and said to be */
    GENERAL_NAME = 96,
};

/* The event borrows until it returns; a negative result ends the reading. */
typedef int general_log_see_fn(void *arg, const struct event *event, uint64_t offset);

struct general_connection {
    uint64_t number;    /* 0: nobody's */
    uint64_t used;      /* when it last said something, in records */
    bool is_new;        /* it has done nothing yet */
    uint8_t user, host; /* their lengths */
    uint8_t names[2][GENERAL_NAME];
};

/* The caller's; nothing is to be released. */
struct general_log {
    general_log_see_fn *see;
    void *arg;
    int32_t east;   /* seconds of the server's own zone east of UTC */
    uint64_t lines; /* records */
    uint64_t unreadable;
    struct unread unread;       /* the first of what that counts */
    uint64_t line_begin, begin; /* where the line and the record begin that are being read */
    int64_t time;               /* of the last record that says one; 0: none */
    bool has_record, is_cut;    /* of the record: it is not all there */
    bool is_line_cut;
    uint64_t line_all; /* bytes of the line, with those that are not kept */
    size_t length, line_length;
    uint8_t record[GENERAL_RECORD], line[GENERAL_RECORD];
    struct general_connection connections[GENERAL_ROWS][GENERAL_WAYS];
};

void general_log_init(struct general_log *log, int32_t east, general_log_see_fn *see, void *arg);
/* 0, or what `see` returned. */
PASU_MUST_USE int general_log_feed(struct general_log *log, struct view bytes);
PASU_MUST_USE int general_log_end(struct general_log *log);

#endif
