/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalog snapshots of all databases that sessions are in, kept up to date by a thread of their
 * own, which is a part of the inspector: it connects to each database as the inspector does, and
 * its sessions are nobody's, too.
 *
 * A place is one database behind one gateway, under one generation of the settings (whose
 * vocabulary numbers the snapshot's fields). Places of one database (gate/catalog_kin.h) are
 * siblings: what a session marks, changes, lays by or has hanging in one is said to all. A session
 * enters it when it begins and leaves it when it ends. The first one that enters starts the
 * loading: until a snapshot is there, catalog_store_get gives NULL, and `notify` says when it has
 * come or could not be had.
 *
 * A snapshot is followed by a new one when the database's catalog has changed (it is polled every
 * two seconds or more seldom, so that polls take no more than one part in fifty of the server's
 * time), or soon after somebody has seen DDL in passing (catalog_store_touch). A load that fails
 * leaves the one before in place, which counts as stale.
 *
 * Any thread; nobody waits: the lock is never held while the server is asked.
 */
#ifndef PASU_GATE_CATALOG_STORE_H
#define PASU_GATE_CATALOG_STORE_H

#include "base/list.h"
#include "base/log.h"
#include "gate/catalog_marks.h"
#include "gate/settings.h"
#include "postgres/catalog.h"

struct catalog_store;
struct catalog_place;
struct directory;
struct identity_key;
struct identity_view;
struct identity_watch;
struct ring;
struct past_marks;

/* A place has a new snapshot (result 0), or a load that somebody waits for has failed. From the
 * store's thread; `place` is to be compared, or used by who has entered it. */
typedef void catalog_notify(void *arg, const struct catalog_place *place, int result);

/* Starts the thread. `log` is borrowed. */
PASU_MUST_USE int catalog_store_new(struct catalog_store **store, const struct log *log,
                                    catalog_notify *notify, void *arg);
/* What the ledger says of marks, before anybody enters: it is the store's from then on. */
void catalog_store_remember(struct catalog_store *store, struct past_marks *take_past);
/* Ends the thread: nothing is notified or loaded any more. All else goes on working. */
void catalog_store_stop(struct catalog_store *store);
/* Every session must have left. NULL is allowed. */
void catalog_store_free(struct catalog_store *store);

/* From now on these settings are the current ones: places of the ones before are loaded anew under
 * them, with what tables were resolved to, and the old ones are kept while a session is in them. */
void catalog_store_configure(struct catalog_store *store, struct settings *settings);
/* The gateway's server has an address now: what could not be loaded without one is. With a
 * database, that one, too, ahead of its first session. */
void catalog_store_warm(struct catalog_store *store, struct settings *settings, uint32_t gateway,
                        const char *database);

/* NULL: no memory. Leave it again. */
PASU_MUST_USE struct catalog_place *catalog_store_enter(struct catalog_store *store,
                                                        struct settings *settings, uint32_t gateway,
                                                        const char *database);
void catalog_store_leave(struct catalog_store *store, struct catalog_place *place);
/* The snapshot, held for the caller, or NULL: none has come yet. */
struct catalog *catalog_store_get(struct catalog_store *store, struct catalog_place *place);
/* The version of the snapshot that catalog_store_get would give, 0 for none: without a lock, for
 * every statement. Versions are unique and grow. */
uint64_t catalog_store_version(const struct catalog_place *place);
/* Whose concern a change of the catalog is. */
enum catalog_touch {
    TOUCH_NONE,
    TOUCH_OWN,  /* the session's alone: what it has changed nobody else sees */
    TOUCH_ADDS, /* whoever speaks of what is not known: nothing that was has another meaning now */
    TOUCH_ALL,
};

/* The catalog has changed, or may have, since the snapshot was made, so that names can mean others.
 * Without a lock. */
bool catalog_store_is_stale(const struct catalog_place *place);
/* There can be more in it than the snapshot shows. Without a lock. */
bool catalog_store_is_behind(const struct catalog_place *place);
/* It shows all that has changed, be it of one session alone. Without a lock. */
bool catalog_store_is_settled(const struct catalog_place *place);
/* Whether the snapshot shows what that touch was for. Without a lock. */
bool catalog_store_serves(const struct catalog_place *place, uint64_t touch);
/* DDL has been seen: a number for catalog_store_serves. What is not committed yet a snapshot does
 * not show: touch again then. */
uint64_t catalog_store_touch(struct catalog_store *store, struct catalog_place *place,
                             enum catalog_touch whose);

/* How often something that sessions have planned with has got another meaning: who has seen another
 * number must not trust plans before there is a newer snapshot. Touch or mark before. Without a
 * lock. */
void catalog_store_shift(struct catalog_place *place);
uint32_t catalog_store_shifts(const struct catalog_place *place);
/* Whether the relation has marks that it does not show itself, since it is of an older snapshot;
 * where it is NULL, whether that mark is there by its OID already. */
bool catalog_store_has_mark(struct catalog_store *store, const struct catalog_place *place,
                            const struct catalog_relation *relation,
                            const struct catalog_mark *mark);
/* Something is on its way, and its end cannot be seen yet, that can put these fields where no
 * snapshot shows them; until it is taken back (is_first: by a session that has said nothing yet).
 * What hangs is read without a lock. */
void catalog_store_hang(struct catalog_store *store, struct catalog_place *place, uint64_t fields,
                        uint64_t kinds, bool is_first);
void catalog_store_unhang(struct catalog_store *store, struct catalog_place *place);
void catalog_store_hanging(const struct catalog_place *place, uint64_t *fields, uint64_t *kinds);
/* What was inserted through the gate and is not counted. */
struct growth *catalog_store_growth(struct catalog_place *place);
/* By which values are hashed: before anybody enters. Copied. */
void catalog_store_identity_key(struct catalog_store *store, const struct identity_key *key);
/* The same, as it was set before there were sessions; the store's. */
const struct identity_key *catalog_store_key(const struct catalog_store *store);
/* From where persons in the index get ordinals whose keys do not stand for themselves: before there
 * are sessions. `ring`: nobody else's; NULL: from nowhere. PASU_E_NOMEM. */
PASU_MUST_USE int catalog_store_ordinals(struct catalog_store *store, struct ring *ring, int wake,
                                         struct directory *directory);
/* The identity index's file, from now on instead of the one before: read and looked through by the
 * thread, which then makes each place's view of it, where there is none of a later moment. */
void catalog_store_identify(struct catalog_store *store, int take_fd);
/* A place's view of it, held for the caller, or NULL; and its version, which grows with each,
 * without a lock. */
struct identity_view *catalog_store_identity(struct catalog_store *store,
                                             struct catalog_place *place);
/* Of the places of the present settings: columns in their views, those that can be believed now,
 * and the realtime of the oldest view. */
void catalog_store_identity_state(struct catalog_store *store, uint32_t *columns, uint32_t *current,
                                  int64_t *oldest);
/* Databases whose catalog is kept and looked at; of these, those whose could not be read; and when
 * (realtime) the one that was looked at the longest time ago was; 0: none was. */
void catalog_store_state(struct catalog_store *store, uint32_t *databases, uint32_t *failing,
                         int64_t *oldest);
uint64_t catalog_store_identity_version(const struct catalog_place *place);
/* What has been written to the tables of the place's database. */
struct identity_watch *catalog_store_watch(const struct catalog_place *place);
/* How many of a kind there are, at most, to a statement that has this snapshot of the place, which
 * can have a newer one: what was deleted since is still shown, and what was inserted can be.
 * Without a lock. */
uint64_t catalog_store_population(const struct catalog_place *place, const struct catalog *catalog,
                                  uint8_t kind);
/* A transaction that changes the catalog has been prepared: whoever commits one changes it. Which
 * one it was nobody remembers. Without a lock. */
void catalog_store_lay_by(struct catalog_place *place);
bool catalog_store_has_laid_by(const struct catalog_place *place);

/* A relation has been filled with personal values: the next snapshot, which is due soon, shows it
 * (numbers of `vocabulary`). PASU_E_NOMEM, PASU_E_RANGE: see catalog_marks_add. */
PASU_MUST_USE int catalog_store_mark(struct catalog_store *store, struct catalog_place *place,
                                     const struct catalog_mark *mark, uint32_t vocabulary);
/* One has got another name, as far as this transaction goes (catalog_marks_move). */
PASU_MUST_USE int catalog_store_move(struct catalog_store *store, struct catalog_place *place,
                                     const struct catalog_mark *from,
                                     const struct catalog_mark *to);

/* Puts one record of this place's; `mark` gets whose it is and, where it has none, a number. */
PASU_MUST_USE int catalog_store_put(struct catalog_store *store, struct catalog_place *place,
                                    struct ring_mark *mark, catalog_marks_put *put, void *arg);

/* A transaction that marks: its names mean what is there after its end. The session's; all 0: none.
 */
struct catalog_marking {
    struct list link;
    const struct catalog_place *place;
    uint64_t number; /* its marks have higher ones */
};
/* Before its first mark; it may have been opened already. */
void catalog_store_open(struct catalog_store *store, struct catalog_place *place,
                        struct catalog_marking *marking);
/* It is over; or nobody will ever say so, `is_lost`. One that was not opened is none. */
void catalog_store_close(struct catalog_store *store, struct catalog_marking *marking,
                         bool is_lost);

/* Puts all marks that the ledger does not have yet. After an error the next call tries the rest. */
PASU_MUST_USE int catalog_store_record(struct catalog_store *store, catalog_marks_put *put,
                                       void *arg);

#endif
