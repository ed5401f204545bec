/* SPDX-License-Identifier: Apache-2.0 */
/* The report of `pasu scan` as one page: no script, nothing from elsewhere, charts as inline SVG;
 * light or dark as the reader has it; English and Korean. What logs say is escaped. */
#ifndef PASU_CLI_SCAN_HTML_H
#define PASU_CLI_SCAN_HTML_H

#include "scan/scan.h"

/* Whether the page can be written there, before the work is done for it. 0; 2: it has been
 * complained about. */
int scan_try_html(const char *path);
/* Writes a new file that its owner alone may read: accounts and addresses stand in it. 0; 2: it has
 * been complained about. */
int scan_save_html(const char *path, const struct scan_report *report, const struct route_map *map);

#endif
