/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the lines of a log are to be read, found by trying: the map's own formats first, then
 * PostgreSQL's log, JSON, and what nginx and Apache write by default. Immutable once made; any
 * number of threads.
 */
#ifndef PASU_SCAN_DIALECT_H
#define PASU_SCAN_DIALECT_H

#include "scan/json_line.h"
#include "scan/route_map.h"
#include "scan/server_event.h"

enum { DIALECTS_BUILT_IN = 3, DIALECT_LINES = 200 /* that are tried */ };

struct dialects {
    const struct route_map *map;
    struct line_format built_in[DIALECTS_BUILT_IN];
};

/* NULL: nothing fits, no line can be read. */
struct dialect {
    const char *name; /* "combined", "json", "log_format"; NULL: none fits */
    const struct line_format *format;
    bool is_json;
    bool is_server;     /* PostgreSQL's log: what a line means depends on those before it */
    const char *prefix; /* of that: the map's log_line_prefix, or NULL */
};

/* PASU_E_MISUSE: never. */
PASU_MUST_USE int dialects_init(struct dialects *dialects, const struct route_map *map);
/* By the first lines of a file: the one that reads most of them, at least one. `scratch` is as long
 * as the head. */
void dialect_find(struct dialect *dialect, const struct dialects *dialects, struct view head,
                  uint8_t *scratch);
/* One event; false: the line is none. `scratch` is as long as the line. */
PASU_MUST_USE bool dialect_read(const struct dialect *dialect, const struct log_names *names,
                                struct view line, struct event *event, uint8_t *scratch);

#endif
