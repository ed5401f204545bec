/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the lines of a log are to be read, found by trying: the map's own formats first, then
 * logs of databases and poolers, JSON, and what nginx and Apache write by default. Immutable once
 * made; any number of threads.
 */
#ifndef PASU_SCAN_DIALECT_H
#define PASU_SCAN_DIALECT_H

#include "scan/general_log.h"
#include "scan/json_line.h"
#include "scan/route_map.h"
#include "scan/server_event.h"

enum { DIALECTS_BUILT_IN = 3, DIALECT_LINES = 200 /* that are tried */ };

struct dialects {
    const struct route_map *map;
    struct line_format built_in[DIALECTS_BUILT_IN];
    bool is_built_in[DIALECTS_BUILT_IN]; /* else the map takes its time, or its request, from
                                            elsewhere: it reads nothing */
    struct log_names audit;              /* the members of MySQL's audit log */
};

enum dialect_kind {
    DIALECT_FORMAT, /* a line_format, or nothing */
    DIALECT_JSON,
    DIALECT_SERVER,  /* PostgreSQL's log */
    DIALECT_GENERAL, /* MySQL's general log */
    DIALECT_AUDIT,   /* MariaDB's server_audit */
    DIALECT_AUDIT_JSON,
    DIALECT_PGBOUNCER,
};

/* NULL: nothing fits, no line can be read. */
struct dialect {
    const char *name; /* "combined", "json", "log_format"; NULL: none fits */
    enum dialect_kind kind;
    const struct line_format *format;
    const char *prefix;            /* of DIALECT_SERVER: the map's log_line_prefix, or NULL */
    int32_t east;                  /* of MySQL's and pgbouncer's: the map's time_zone */
    const struct log_names *names; /* of JSON */
};

/* What a line means depends on those before it: it is read from the beginning, in order. */
static inline bool
dialect_is_serial(const struct dialect *dialect)
{
    return dialect->kind == DIALECT_SERVER || dialect->kind == DIALECT_GENERAL;
}

void dialects_init(struct dialects *dialects, const struct route_map *map);
/* By the first lines of a file: the one that reads most of them, at least one. `scratch` is as long
 * as the head. */
void dialect_find(struct dialect *dialect, const struct dialects *dialects, struct view head,
                  uint8_t *scratch);
/* One event, not of serial ones; false: the line is none. `scratch` is as long as the line. */
PASU_MUST_USE bool dialect_read(const struct dialect *dialect, struct view line,
                                struct event *event, uint8_t *scratch, struct line_memory *memory);
/* Of a serial one: the time of the first event of a log that begins so; 0: there is none. */
int64_t dialect_first_time(const struct dialect *dialect, struct view head);
/* A line that is no record and need not be one. */
bool dialect_is_frame(const struct dialect *dialect, struct view line);

#endif
