/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The route map of `pasu scan --map`: whose data which requests show, and who it is that asks.
 *
 *      subjects: {customer: {}}
 *      routes:
 *        - {path: '/api/members/{customer}/addresses', fields: [name, phone, address]}
 *        - {path: /my/orders, fields: [order], whom: account}    # the one who is logged in
 *      login: [/login]                  # a request that logs in, where it is answered with 2xx or
 * 3xx principal: [address, session]    # on which axes principals are judged; left out: on all
 *      from: {session: cookie_sid, address: http_x_real_ip}      # what the log calls them
 *      log_format: '$remote_addr - $remote_user [$time_local] "$request" $status …'
 *      statements:                      # of databases' logs
 *        - {sql: 'SELECT name FROM members WHERE id = {customer}', fields: [name]}
 *      log_line_prefix: '%m [%p] %q%u@%d '
 *      time_zone: '+09:00'              # of MySQL, old pgbouncer: their logs do not say it
 *      sources: {country_db: country.mmdb, asn_db: asn.mmdb}
 *
 * Checked like the configuration: every fault at once, with its line and a hint. Immutable once
 * made; any number of threads.
 */
#ifndef PASU_SCAN_ROUTE_MAP_H
#define PASU_SCAN_ROUTE_MAP_H

#include "config/load.h"
#include "detect/observation.h"
#include "scan/line_format.h"
#include "scan/route.h"
#include "scan/server_log.h"
#include "scan/sql_template.h"

enum { ROUTE_MAP_FORMATS = 16, ROUTE_MAP_SIZE = 4 << 20 };

struct route_map {
    struct store store;
    struct view text; /* as it was read */
    const char *kinds[CONFIG_SUBJECTS_MAX];
    size_t kind_count;
    const char *fields[CONFIG_FIELDS_MAX]; /* bit i of a set of fields */
    size_t field_count;
    struct routes routes; /* logins among them, behind the others */
    bool has_logins;
    struct sql_template *statements;
    size_t statement_count;
    const char *log_line_prefix; /* NULL: Debian's */
    int32_t east;                /* time_zone: seconds east of UTC */
    unsigned axes;               /* bits: 1 << enum axis */
    struct log_names names;
    struct line_format formats[ROUTE_MAP_FORMATS]; /* the map's own */
    size_t format_count;
    const char *country_db, *asn_db; /* NULL: none */
};

/* Reads and checks a file. 0 and a new map; PASU_E_CONFIG with faults; PASU_E_NOMEM. */
PASU_MUST_USE int route_map_load(struct route_map **slot, const char *path,
                                 struct config_faults *faults);
/* The same of a text, which came from `path`. */
PASU_MUST_USE int route_map_parse(struct route_map **slot, struct view text, const char *path,
                                  struct config_faults *faults);
void route_map_free(struct route_map *map); /* NULL is allowed */

#endif
