/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the catalog store: places, and the thread that loads them. See catalog_store.h. */
#ifndef PASU_GATE_CATALOG_PLACE_H
#define PASU_GATE_CATALOG_PLACE_H

#include "base/list.h"
#include "gate/catalog_marks.h"
#include "gate/catalog_origin.h"
#include "gate/catalog_store.h"
#include "gate/growth.h"
#include "gate/identity_keep.h"
#include "gate/identity_view.h"
#include "gate/inspector_link.h"
#include "gate/past_marks.h"
#include "ledger/message.h"

#define CATALOG_NEVER INT64_MAX

/* What all places at one address of a server have together that are one database by its name. */
struct catalog_ground {
    struct list link;
    uint32_t holders;
    struct endpoint server;
    char database[NAME_SIZE];
    struct growth growth;
    struct identity_watch watch;
};

struct catalog_place {
    struct list link;
    struct catalog_store *store;
    struct settings *settings; /* held */
    uint32_t gateway;
    char database[NAME_SIZE];
    /* under the lock */
    uint32_t users;
    struct catalog *catalog;  /* or NULL */
    _Atomic uint64_t touched; /* how often it was */
    int64_t load_at, poll_at; /* when; CATALOG_NEVER */
    int64_t unused_since;
    int64_t checked; /* realtime: when the snapshot was last known to be as the catalog is */
    bool is_awaited; /* somebody has entered, or touched it, and was not told yet */
    struct catalog_origin origin; /* all 0: its server has not been asked yet */
    bool is_standby;
    struct catalog_marks marks;
    /* for who looks without it */
    _Atomic uint64_t version;
    /* Of the touches: the last one that is everybody's concern, the last that has added what others
     * can see, and the last before the snapshot was begun. */
    _Atomic uint64_t needed, added, served;
    _Atomic uint32_t shifts;
    /* What hangs of this place's own sessions, and under the lock; and of all siblings', which
     * whoever looks sees without it. */
    uint32_t hanging;
    uint64_t own_fields, own_kinds;
    _Atomic uint64_t hanging_fields, hanging_kinds;
    /* Of the newest snapshot: how many of each kind it has, and what of the ground's growth. */
    _Atomic uint64_t most[CATALOG_KINDS_MAX];
    struct catalog_seen seen;
    _Atomic bool has_laid_by;
    struct identity_view *identity; /* under the lock; or NULL */
    _Atomic bool is_identity_kept;  /* it is the keeper's, and of no file */
    _Atomic uint64_t identity_version;
    struct catalog_ground *ground; /* held */
    /* the thread's own */
    struct inspector_link inspector;
    struct catalog_policy *policy;
    int64_t pause;                   /* after a failure */
    uint64_t identified;             /* by which of the store's identity indexes */
    struct identity_keeping keeping; /* the other thread's; its times, under the lock */
};

enum { CATALOG_CLEARED_MAX = 64 };

/* Which marks were taken away, or are being, last: snapshots up to that version can have them. */
struct catalog_cleared {
    _Atomic uint64_t version; /* of all of them; UINT64_MAX: until it is done */
    uint32_t relations[CATALOG_CLEARED_MAX];
    size_t count; /* of all that there were */
};

struct catalog_store {
    const struct log *log;
    catalog_notify *notify;
    void *arg;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct list places, grounds;
    struct settings *current; /* held, or NULL */
    uint64_t versions;
    struct list markings;   /* struct catalog_marking */
    uint64_t marked;        /* the number of the last mark, or of the last marking */
    struct past_marks past; /* what the ledger had when the gate started */
    uint64_t mark_number;   /* the last one (ledger/ring.h) */
    struct catalog_cleared cleared;
    uint64_t clears; /* how often marks were taken away: a load under way is begun anew */
    _Atomic bool is_stopping;
    bool is_stopped;
    pthread_t keep_thread;
    struct identity_bell bell;
    int identity_fd; /* to be read; -1: none */
    struct identity_key identity_key;
    struct identity_ordinals *ordinals; /* of who keeps the index; set before there is a place */
    struct identity *identity;          /* the thread's own; or NULL */
    uint64_t identities;                /* that have been read, without fault or with one */
};

static inline const struct gateway *
catalog_place_gateway(const struct catalog_place *place)
{
    return &place->settings->gateways[place->gateway];
}

/* With the lock held: whatever the snapshot says, it can be otherwise by now. */
static inline void
catalog_place_doubt(struct catalog_place *place)
{
    place->needed = ++place->touched;
}

/* ---- catalog_place.c; with the lock held ---- */

struct catalog_whose catalog_place_whose(const struct catalog_place *place);
/* The ground of a place that is new, held. NULL: no memory. */
struct catalog_ground *catalog_ground_get(struct catalog_store *store,
                                          const struct endpoint *server, const char *database);
void catalog_ground_release(struct catalog_ground *ground);
/* Whether both are of one database, as far as is known. */
bool catalog_place_is_sibling(const struct catalog_place *a, const struct catalog_place *b);
/* What hangs in any of its siblings hangs in each: after it has become another in one of them. */
void catalog_place_hang(struct catalog_store *store, const struct catalog_place *place);
/* After a load: catalog_marks_settle, or for a standby catalog_marks_follow where its leader's
 * snapshot is here, too. */
PASU_MUST_USE int catalog_place_settle(const struct catalog_store *store,
                                       struct catalog_place *place, const struct catalog *catalog);
/* Whether another server that is a copy of this one's cluster, and no standby, has the mark, too:
 * what is gone here need not be gone there, and the ledger does not tell the two apart. */
bool catalog_place_is_copied(const struct catalog_store *store, const struct catalog_place *place,
                             const struct ring_mark *mark);
/* The server has said which database it is: marks of the past and of other places that hold for it
 * are the place's from then on. After an error of catalog_marks_copy some are lost. */
PASU_MUST_USE int catalog_place_know(struct catalog_store *store, struct catalog_place *place,
                                     const struct catalog_origin *origin);
/* The marks from this number on are of transactions that are open, or of ones
 * that are to come. */
uint64_t catalog_place_open_marks(const struct catalog_store *store,
                                  const struct catalog_place *place);

/* ---- catalog_store.c ---- */

/* With the lock held: load it at that time, or before. */
void catalog_place_load_by(struct catalog_store *store, struct catalog_place *place, int64_t at);
void catalog_place_free(struct catalog_place *place);
/* The same of a touch, and of a number that no mark in the ledger has. */
void catalog_place_touch(struct catalog_store *store, struct catalog_place *place,
                         enum catalog_touch whose);
uint64_t catalog_place_number(struct catalog_store *store);

/* ---- catalog_thread.c ---- */
void *catalog_thread(void *store);

#endif
