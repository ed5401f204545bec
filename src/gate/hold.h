/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a session's client must wait for: a record that the ring has no room for, or, where it is to
 * be of durability strict, that is not on disk yet. The client's bytes stay in its outbox
 * meanwhile, and nothing more is read from the server; a statement whose record it is that waits
 * stays in the server's outbox. After HOLD_SECONDS the session ends where on_failure is closed;
 * where it is open, a record that finds no room is given up at once, and counted.
 *
 * Owned by the session's worker.
 */
#ifndef PASU_GATE_HOLD_H
#define PASU_GATE_HOLD_H

#include "base/list.h"
#include "config/durability.h"
#include "exposure/exposure.h"

struct session;
struct worker;

enum { HOLD_SECONDS = 5, HOLD_MILLISECONDS = 5 /* how often a full ring is tried again */ };

/* A record that waits for room. Its statement's text is its own: the plan that it is of may be gone
 * by then. */
struct hold_record {
    struct hold_record *next;
    const char *sql; /* behind `bytes`; NULL: there is none, or one before it has the same */
    uint64_t shape;
    size_t length;
    enum durability durability;
    uint8_t bytes[]; /* exposure_encode */
};

struct hold {
    struct list link;            /* in the worker's list while it holds */
    struct hold_record *records; /* first to last */
    uint64_t position;           /* that must be durable; 0: none */
    bool is_marking;             /* marks of tables wait for room, too */
    int64_t deadline;            /* monotonic */
    bool is_clean;               /* the client had been sent whole messages when it began */
};

void hold_init(struct hold *hold);
void hold_release(struct hold *hold);
/* The session's client waits until the position is durable. 0. */
PASU_MUST_USE int hold_until_durable(struct session *session, uint64_t position);
/* The ring refused a record, whose statement's normalized text is `sql` (NULL: none), with `error`.
 * 0: it waits (or is given up, on_failure open); PASU_E_NOMEM, PASU_E_RECORD_UNAVAILABLE. */
PASU_MUST_USE int hold_exposure(struct session *session, const struct exposure *exposure,
                                const char *sql, enum durability durability, int error);
/* What the client asks waits, too, where anything of the session does: of a statement that must be
 * in the ledger before it is run. */
void hold_ask(struct session *session);
/* Marks that the ledger does not have yet go before what the client hears of the statement that has
 * made them; also 0 where they must wait. Errors as of hold_exposure. */
PASU_MUST_USE int hold_marks(struct session *session);
/* Those that a snapshot has made, or that had no room: as far as there is room. */
void hold_marks_of_worker(struct worker *worker);
/* Tries again, ends what has waited too long. Once a round, while the worker holds anything. */
void hold_look(struct worker *worker);

#endif
