/* SPDX-License-Identifier: Apache-2.0 */
/* Who is refused by what the start-up packet says, before the server is contacted. */
#ifndef PASU_GATE_ADMISSION_H
#define PASU_GATE_ADMISSION_H

#include "base/error.h"

struct session;

/* 0, or why the session is not to begin: PASU_E_TLS_REQUIRED, PASU_E_LEFT,
 * PASU_E_REPLICATION_REFUSED. */
PASU_MUST_USE int admission_check(const struct session *session);

#endif
