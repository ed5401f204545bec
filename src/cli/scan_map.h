/* SPDX-License-Identifier: Apache-2.0 */
/* A map of the world for the page of `pasu scan`: a tile for each country (world.def), the darker
 * the more persons the findings' principals were shown in it; beside it what has no tile. Inline
 * SVG that classes of the page colour; each tile says its country and number (aria-label, title).
 */
#ifndef PASU_CLI_SCAN_MAP_H
#define PASU_CLI_SCAN_MAP_H

#include "scan/chart.h"

#include <stdio.h>

/* Rules of style that the map needs, of the page's colours (--mark, --ink, --line). */
extern const char scan_map_style[];
void scan_map_put(FILE *file, const struct chart *chart);

#endif
