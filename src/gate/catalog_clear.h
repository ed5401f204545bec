/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `pasu marks` asks of the catalog store: which marks there are, and that those of a table are
 * taken away. That goes in two steps, with the ledger's record of it in between: what is marked
 * after the first is not taken away by the second. Whoever dies between leaves the table marked.
 * Any thread.
 */
#ifndef PASU_GATE_CATALOG_CLEAR_H
#define PASU_GATE_CATALOG_CLEAR_H

#include "gate/catalog_store.h"
#include "ledger/message.h"

/* How many marks there are now, those of the past included, whose database nobody has entered. */
size_t catalog_clear_count(struct catalog_store *store);
/* One line each, at most `room`: how many. What several gateways have is told once. */
size_t catalog_clear_list(struct catalog_store *store, struct message_marked *lines, size_t room);
/* The marks of the relation whose OID and database (system and OID, or, where the server does not
 * say, the gateway's and its name) `mark` has. Fills in the rest: what they are, how it is called
 * and the number of this moment. PASU_E_NOTFOUND: there are none, or nothing is known of the
 * relation or the database; PASU_E_AGAIN: one of them is only being made. */
PASU_MUST_USE int catalog_clear_begin(struct catalog_store *store, struct ring_mark *mark);
/* `mark` as begin has made it. `is_done`: it is in the ledger that they are gone. */
void catalog_clear_end(struct catalog_store *store, const struct ring_mark *mark, bool is_done);

/* Whether a snapshot of this version can have a mark of the relation that was taken away, or is
 * being: what it says is no reason not to mark it. Who asks has opened a marking before
 * (catalog_store_open): while there is one, nothing is begun. */
bool catalog_clear_covers(struct catalog_place *place, uint32_t relation, uint64_t version);

#endif
