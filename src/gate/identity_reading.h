/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The columns that `identity` names, looked for in one database and read from there into an
 * identity index that is in memory alone: what `pasu index build` does for all databases, done by
 * the gate for the one that its sessions are in.
 *
 *      find    names ─▶ OIDs, and whether each can be in an index; what the server has counted
 *      read    COPY, one after the other in one transaction, each in a snapshot that is younger
 * than the counts; then the names once more, and whether its locks are on what they mean
 *
 * What has been read is how things are only if nothing has been written since the counts
 * (gate/identity_watch.h): then all snapshots show the same. A table's name can come to mean
 * another one, or a view, at any time: COPY takes no view, so no code but the types' own runs with
 * the inspector's rights. One thread; the link is borrowed, and closed after an error.
 */
#ifndef PASU_GATE_IDENTITY_READING_H
#define PASU_GATE_IDENTITY_READING_H

#include "exposure/identity_names.h"
#include "gate/catalog_origin.h"
#include "gate/identity_ordinals.h"
#include "gate/identity_view.h"

enum {
    IDENTITY_QUOTED_SIZE = 272, /* two quoted names, and what stands between */
    IDENTITY_WHY_SIZE = 96,
};

/* What one reading may take, until it is over: both what is kept of each row meanwhile and the
 * index itself. */
#define IDENTITY_READING_MAX ((size_t)1 << 30)

struct identity_reading {
    struct identity_section sections[IDENTITY_COLUMNS_MAX];
    char tables[IDENTITY_COLUMNS_MAX][IDENTITY_QUOTED_SIZE]; /* quoted, for SQL */
    char keys[IDENTITY_COLUMNS_MAX][IDENTITY_QUOTED_SIZE];   /* and their columns */
    uint8_t key_types[IDENTITY_COLUMNS_MAX];                 /* enum catalog_key_type */
    bool is_sealed[IDENTITY_COLUMNS_MAX];
    char columns[IDENTITY_COLUMNS_MAX][IDENTITY_VALUES_MAX][IDENTITY_QUOTED_SIZE];
    size_t count;
    size_t left_out; /* columns or several together, that are there and cannot be in an index */
    char why[IDENTITY_WHY_SIZE]; /* the first of these, and why; "" */
    uint64_t rows;               /* that were read, of all columns */
};

/* Fills all but `rows`. `gateway` and `database` name where the link leads; `has_directory`: keys
 * that do not stand for themselves can get ordinals. Errors of
 * inspector_link_query. */
PASU_MUST_USE int identity_reading_find(struct identity_reading *reading,
                                        struct inspector_link *link,
                                        const struct identity_names *names, const char *gateway,
                                        const char *database, const struct catalog_origin *origin,
                                        bool has_directory);
/* Reads what was found. `ordinals`: NULL where it was found without a directory. `moment`: before
 * the counts were asked for, which is by find. PASU_E_AGAIN: a table has changed meanwhile;
 * PASU_E_DISKFULL: more than IDENTITY_READING_MAX; PASU_E_NOMEM; errors of the link. */
PASU_MUST_USE int
identity_reading_read(struct identity_reading *reading, struct inspector_link *link,
                      const struct identity_names *names, const struct identity_key *key,
                      const struct identity_moment *moment, struct identity_ordinals *ordinals,
                      struct identity **identity);

#endif
