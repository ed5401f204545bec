/* SPDX-License-Identifier: Apache-2.0 */
/* A starter map, as `pasu scan --suggest` prints it: what the logs tell (scan/suggest.h), and what
 * is guessed from names. */
#ifndef PASU_CLI_SCAN_SUGGEST_H
#define PASU_CLI_SCAN_SUGGEST_H

#include "scan/route_map.h"

/* Reads the logs and prints YAML that --map takes. `map`: formats and names of logs; NULL: none.
 * The exit status: 0; 2: a log could not be read; 3: nothing in them looks like persons. */
int scan_suggest(const struct route_map *map, char *const *paths, size_t count);

#endif
