/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rights that roles have got, or lost, and no statement that has come through pasu says so: by
 * somebody who went around it, or by code that puts its statements together. Of each role that
 * becomes a superuser or the like, or a member of one (gate/powers.h), that is an alert.
 *
 * So is each replication slot that comes to be there, where `bypass` does not say that nothing is
 * done: whoever makes one need not stay for as long as sessions are looked at. Temporary ones go
 * with their session, which is.
 *
 * What was changed while no gate ran is not seen. The census's thread alone.
 */
#ifndef PASU_GATE_RIGHTS_H
#define PASU_GATE_RIGHTS_H

#include "gate/census_server.h"

/* What has come of the answer before the one that was taken at `now` (monotonic) or later. */
void rights_tell(struct census_room *room, const struct census_server *server, int64_t now);

#endif
