/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `pasu doctor` looks at beside what `pasu check --connect` does. Each adds findings; none
 * fails but for want of memory, which the findings tell.
 */
#ifndef PASU_CLI_DOCTOR_H
#define PASU_CLI_DOCTOR_H

#include "cli/check_connect.h"
#include "cli/run.h"
#include "policy/roster.h"

/* pasu itself: whether the guard answers, the ledger's newest checkpoint is signed by its key, what
 * the record lacks of the last day, budgets, anchors. Before anybody connects to a server: those
 * sessions, too, go past pasu. Whether the guard answers. */
bool doctor_itself(const struct arguments *arguments, const struct config *config,
                   struct findings *findings);
/* The server that `probe` is connected to: who can reach it past pasu, how to shut that door, and
 * whether it is shut, which is tried. */
void doctor_door(struct probe *probe, const struct config_gateway *gateway,
                 struct findings *findings);
/* Its roles. `roster` may be NULL. */
void doctor_server(struct probe *probe, const struct config *config,
                   const struct config_gateway *gateway, const struct roster *roster,
                   struct findings *findings);
/* A database_look of a const struct config: what everybody may do with the tables that it names. */
database_look doctor_rights;

#endif
