/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of pgbouncer's log:
 *
 *      2026-11-27 14:14:43.143 UTC [28687] LOG C-0x5623f30127e0: shop/app@127.0.0.1:40824 login
 * attempt: …
 *
 * It says who came to which database from where. That somebody was let in it never says, and of
 * statements nothing: there are neither logins nor exposures in it.
 */
#ifndef PASU_SCAN_PGBOUNCER_LINE_H
#define PASU_SCAN_PGBOUNCER_LINE_H

#include "scan/event.h"

/* False: it is no such line. */
PASU_MUST_USE bool pgbouncer_line_read(struct view line, struct event *event);

#endif
