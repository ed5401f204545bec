/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The identity index as sessions of one database may use it: which of its sections are of that
 * database, and whether they still say how things are.
 *
 * Made by the catalog store's thread for each place (gate/catalog_store.h), once the server has
 * said that its tables are as they were when the index was made; anew for another index. What has
 * been written to a table since, through the gate (gate/identity_watch.h) or as the server counts
 * it, makes the table's sections stale for good: what a server has counted does not go back.
 *
 * Counted holders, any thread.
 */
#ifndef PASU_GATE_IDENTITY_VIEW_H
#define PASU_GATE_IDENTITY_VIEW_H

#include "exposure/identity.h"
#include "gate/catalog_origin.h"
#include "gate/identity_watch.h"

enum { IDENTITY_COLUMNS_MAX = 64 };

struct identity_column {
    uint32_t relation;
    int16_t attribute, key;
    uint16_t section;
    bool is_unique, is_text, is_alone;            /* one column is the value */
    uint8_t definition[IDENTITY_DEFINITION_SIZE]; /* the section's */
    _Atomic bool is_stale;
    _Atomic bool is_grown; /* the server has counted rows more than are in it; or is_stale */
};

struct identity_view {
    _Atomic uint32_t holders;
    struct identity *identity; /* held */
    struct identity_key key;
    int64_t since; /* monotonic: what was written before is in it */
    size_t count;
    struct identity_column columns[IDENTITY_COLUMNS_MAX];
};

/* The sections that are of this database behind this gateway; *view stays NULL where there are
 * none. All are stale at first. `now` and `realtime` are the present. PASU_E_NOMEM. */
PASU_MUST_USE int identity_view_new(struct identity_view **view, struct identity *identity,
                                    const struct identity_key *key, const char *gateway,
                                    const struct catalog_origin *origin, int64_t now,
                                    int64_t realtime);
struct identity_view *identity_view_hold(struct identity_view *view); /* NULL is allowed */
void identity_view_release(struct identity_view *view);               /* NULL is allowed */

/* Asks the server whether its tables are as they were: what is not is stale, and with an error all
 * is. *changed: how many columns were not stale before. Errors of inspector_link_query. */
PASU_MUST_USE int identity_view_check(struct identity_view *view, struct inspector_link *link,
                                      size_t *changed);
/* The server cannot be asked: all is stale until it can. */
void identity_view_doubt(struct identity_view *view); /* NULL is allowed */
/* Some column is not as its table is, or does not have all that was added to it, and nobody is
 * writing to that: another reading would help. */
bool identity_view_is_behind(const struct identity_view *view, const struct identity_watch *watch);
/* When its values were read, realtime. */
int64_t identity_view_at(const struct identity_view *view);
/* How many columns are not stale. */
size_t identity_view_current(const struct identity_view *view);
/* The number of the column, which is a value alone; -1: it is none, or with another key. */
int identity_view_find(const struct identity_view *view, uint32_t relation, int16_t attribute,
                       int16_t key);
/* The number of the columns that were named so (exposure/identity_names.h); -1: there are none. */
int identity_view_find_named(const struct identity_view *view,
                             const uint8_t definition[IDENTITY_DEFINITION_SIZE]);
/* Whether it has all values that there are by now: one that it does not find nobody has. */
bool identity_view_is_complete(const struct identity_view *view, const struct identity_watch *watch,
                               int column);
/* Whether its values still are whose they were. */
bool identity_view_is_current(const struct identity_view *view, const struct identity_watch *watch,
                              int column);

#endif
