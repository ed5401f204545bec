/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notifications of constants: NOTIFY jobs, 'ready', and SELECT pg_notify('jobs', 'ready'). Who
 * hears that text hears what a client has written, and nothing of the database.
 */
#ifndef PASU_POSTGRES_PLAN_NOTIFY_H
#define PASU_POSTGRES_PLAN_NOTIFY_H

#include "postgres/plan_work.h"

/* Sets the statement's channel and payload where it is such a one, in a plain dialect and ASCII. */
void notify_read(struct plan_work *work, const PgQuery__Node *node,
                 struct plan_statement *statement);

#endif
