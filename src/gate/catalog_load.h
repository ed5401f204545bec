/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One catalog snapshot over one open link of the inspector's: the queries and rows of
 * postgres/catalog.h. It blocks for as long as the server takes.
 */
#ifndef PASU_GATE_CATALOG_LOAD_H
#define PASU_GATE_CATALOG_LOAD_H

#include "gate/inspector_link.h"
#include "postgres/catalog.h"

enum {
    CATALOG_MESSAGE_MAX = 16 << 20, /* a row: a function's body is the longest value */
    CATALOG_ROWS_MAX = 64 << 20,    /* all rows of one snapshot */
};

/* After an error the link is closed, and its `detail` may say more. `prior` may be NULL. */
PASU_MUST_USE int catalog_load(struct inspector_link *link, const struct catalog_policy *policy,
                               struct catalog *prior, const struct catalog_mark *marks,
                               size_t mark_count, uint64_t version, struct catalog **catalog);
/* Asks what has changed since the snapshot, and brings the snapshot's populations up to date, to
 * which sessions have `added` rows: *is_added once they are in it. */
PASU_MUST_USE int catalog_load_poll(struct inspector_link *link, struct catalog *catalog,
                                    const uint64_t added[CATALOG_KINDS_MAX],
                                    enum catalog_change *change, bool *is_added);

#endif
