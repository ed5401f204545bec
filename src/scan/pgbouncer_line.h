/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of pgbouncer's log:
 *
 *      2026-11-27 14:14:43.143 UTC [28687] LOG C-0x5623f30127e0: shop/app@127.0.0.1:40824 login
 * attempt: …
 *      2018-09-12 16:08:54.775 3392 LOG C-0x1f7c540: shop/app@127.0.0.1:40824 login attempt: …
 *
 * Older ones, up to 1.8 at least, wrote the second: its time is in the server's zone, which it does
 * not say.
 *
 * It says who came to which database from where. That somebody was let in it never says, and of
 * statements nothing: there are neither logins nor exposures in it.
 */
#ifndef PASU_SCAN_PGBOUNCER_LINE_H
#define PASU_SCAN_PGBOUNCER_LINE_H

#include "scan/event.h"

/* False: it is no such line. `east`: seconds east of UTC where none is said. */
PASU_MUST_USE bool pgbouncer_line_read(struct view line, int32_t east, struct event *event);

#endif
