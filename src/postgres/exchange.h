/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exchange: what a client has asked for and the server has not answered yet, in order, and the
 * names that the session has given to statements and portals.
 *
 * A request is queued when it goes to the server. Its effects (a name now stands for that
 * statement) are taken when the server confirms it: what the server refused has not happened,
 * whatever the client says next. After an error in the extended protocol the server skips what
 * comes until Sync; the queue does the same.
 *
 * Statements prepared by message and by SQL share one table, and so do portals and cursors: as they
 * do in the server. Code that runs in the server can give names a new meaning without a word of it
 * to anybody: after a statement that may have done so, names are in doubt until they are set anew.
 * Plans are held. No bytes, no sockets; owned by the session's worker.
 *
 * Source: PostgreSQL manual, "Message Flow" (extended query, pipelining).
 */
#ifndef PASU_POSTGRES_EXCHANGE_H
#define PASU_POSTGRES_EXCHANGE_H

#include "postgres/plan.h"

enum {
    EXCHANGE_HEADS = 64,
    EXCHANGE_NAME_SIZE = 64,
    EXCHANGE_PINS_INLINE = 8,
    EXCHANGE_REQUESTS_MAX = 1 << 16,
    EXCHANGE_NAMES_MAX = 1 << 14, /* statements and portals */
    EXCHANGE_HELD_MAX = 256,      /* cursors that outlive their transactions */
};

enum exchange_step {
    STEP_QUERY,
    STEP_PARSE,
    STEP_BIND,
    STEP_DESCRIBE,
    STEP_EXECUTE,
    STEP_CLOSE,
    STEP_SYNC,
    STEP_FUNCTION_CALL,
};

/* Keys that a statement's pins have come to: in the order of the plan's parts and their pins. */
struct pinned {
    uint32_t *ordinals; /* `space`, or allocated */
    uint16_t count;     /* of all parts together */
    uint16_t size;
    uint16_t ends[PLAN_PARTS_MAX]; /* of each part in `ordinals` */
    bool is_known[PLAN_PARTS_MAX]; /* every key of the part could be read */
    /* Of one part that has one key: a hash of it that its user may ask for (gate/known.h). */
    uint8_t hash_part; /* its number and 1; 0: none */
    uint8_t hash_state;
    uint64_t hash[2];
    uint32_t space[EXCHANGE_PINS_INLINE];
};

/* A statement with a name; the unnamed one has "". */
struct prepared {
    struct prepared *next;
    char name[EXCHANGE_NAME_SIZE];
    struct plan *plan;                      /* held */
    const struct plan_statement *statement; /* of the plan; NULL: an empty text */
    struct view types;                      /* of Parse; owned */
    uint64_t serial;                        /* no other statement or portal has it */
    bool is_doubtful;                       /* it may stand for something else by now */
};

/* A portal, or a cursor. */
struct portal {
    struct portal *next;
    char name[EXCHANGE_NAME_SIZE];
    struct plan *plan; /* held */
    const struct plan_statement *statement;
    uint64_t serial;  /* as above */
    uint64_t target;  /* of what its EXECUTE or FETCH named when it was first asked; 0: not yet */
    struct plan *run; /* held: what it is that its EXECUTE runs, once it does; or NULL */
    const struct plan_statement *run_statement;
    struct pinned pinned;
    struct view results;  /* format codes of Bind; owned */
    uint8_t *description; /* body of the RowDescription that the server gave for it */
    uint32_t description_length, description_size;
    uint64_t rows;                 /* shown so far, over all its executions */
    bool is_described, is_counted; /* counted: as a statement */
    bool is_told;                  /* as of the Bind */
    bool is_bound_told;            /* upper bounds of its rows are in a record already */
    bool is_doubtful;
    bool is_read;      /* as the reading of its statement (struct plan_statement) */
    bool is_renamed;   /* doubtful since its columns were described */
    bool is_held;      /* a cursor WITH HOLD */
    bool is_over;      /* and its transaction is over */
    bool is_suspended; /* not all of its rows have been asked for */
    bool is_hiding;    /* a cursor with hidden columns, that code can read by its name */
    uint64_t told_fields, told_kinds; /* of doubt, that is in a record already */
    uint64_t approved;                /* as of its Execute: fields, for all its executions, */
    uint64_t approved_serial;         /* as long as it is the one of this serial */
    char exempt[CLAIM_TEXT_MAX];      /* as of its Execute, where exempt_serial is of it */
    uint64_t exempt_serial;
    uint8_t use; /* its user's: what its first rows were judged as */
};

struct exchange_request {
    uint8_t step;      /* enum exchange_step */
    bool is_ours;      /* the answer is not for the client */
    bool is_templated; /* QUERY: `pinned` has the keys of its text */
    bool is_refused;   /* its error is to be replaced by the refusal of its plan */
    bool is_beyond;    /* or it is refused because of what it keeps, which is in a record already */
    bool is_last;      /* and the session ends with that */
    bool is_telling;   /* or because it would tell columns that are hidden */
    bool is_borrowing; /* or those of a cursor */
    char *ruling;      /* or because of this rule: its name for records, its zero, and what the
                          client is told; owned; NULL: of none */
    int ruled;         /* and the error that it is then; 0: as the rule's refusal */
    bool is_approved;  /* QUERY, EXECUTE, FUNCTION_CALL: somebody has said that it may show these */
    uint64_t approved; /* fields */
    uint32_t exempt_statement; /* QUERY: of its statements, this one; see `exempt` */
    bool is_unasked;           /* QUERY: what its names mean is not asked ahead: nobody needs it */
    bool is_alone; /* QUERY, EXECUTE: all that was run before it is followed by a ReadyForQuery */
    bool is_told;  /* QUERY, BIND: persons it can show are in a record already */
    bool is_behind_copy; /* SYNC: behind the end of COPY data */
    bool is_portal;      /* DESCRIBE, CLOSE: of a portal, not of a statement */
    bool is_naming;      /* it gives or takes a statement's name */
    bool is_declaring;   /* or a cursor's, in SQL */
    bool is_becoming;    /* or sets a role, as its text says */
    bool is_doubtful;    /* BIND: it may show more than its plan says */
    /* Texts: of what is added only the first byte of each is set. */
    char name[EXCHANGE_NAME_SIZE];      /* statement (PARSE), portal (BIND, EXECUTE), or either */
    char statement[EXCHANGE_NAME_SIZE]; /* BIND: of which */
    char exempt[CLAIM_TEXT_MAX]; /* it may go beyond this budget, which holds; "": beyond none */
    struct plan *plan;           /* QUERY, PARSE: held; BIND: what the statement was then, held */
    const struct plan_statement *bound; /* BIND: within plan */
    struct view bytes;                  /* PARSE: types; BIND: result formats; owned */
    uint32_t function;                  /* FUNCTION_CALL: OID; of one of ours: gate/written.h */
    struct claim *claim;                /* QUERY, is_templated: its text's; owned, or NULL */
    int64_t begun;                      /* realtime, where claims of the session have a time */
    struct pinned pinned;               /* BIND */
};

struct exchange {
    struct exchange_request *requests; /* a ring, of a power of two */
    uint32_t size, first, count;
    uint32_t added;   /* ever; it wraps */
    uint64_t serials; /* given */
    struct prepared *prepared[EXCHANGE_HEADS];
    struct portal *portals; /* few: those of the transaction */
    uint32_t name_count;
    uint32_t naming;    /* requests that wait and are is_naming */
    uint32_t declaring; /* and is_declaring */
    uint32_t becoming;  /* and is_becoming */
    uint32_t queries;   /* requests that wait and are QUERY, which may do so by code */
    bool is_skipping;   /* the server skips to the next Sync */
    bool has_lost;      /* a cursor that hides something can be there, and is not among `portals` */
    uint32_t statement; /* QUERY: which of its statements is under way */
};

void exchange_release(struct exchange *exchange);

/* Adds a request at the end and returns it, with nothing in it but `step`; NULL where memory is out
 * or EXCHANGE_REQUESTS_MAX wait. The caller fills it in at once. */
PASU_MUST_USE struct exchange_request *exchange_add(struct exchange *exchange,
                                                    enum exchange_step step);
/* A QUERY or EXECUTE has been filled in: notes whether its statements give or take names, PREPARE
 * and DEALLOCATE, DECLARE and CLOSE. */
void exchange_note_names(struct exchange *exchange, struct exchange_request *request);
/* The request that the server's next answer belongs to, or NULL. */
static inline struct exchange_request *
exchange_first(const struct exchange *exchange)
{
    return exchange->count > 0 ? &exchange->requests[exchange->first] : NULL;
}
/* The one that was added last, or NULL. */
struct exchange_request *exchange_newest(struct exchange *exchange);
/* It is done with. */
void exchange_done(struct exchange *exchange);
/* An error ended it: in the extended protocol all up to the next Sync go with it. */
void exchange_failed(struct exchange *exchange);
/* CopyInResponse for the one at the front: the server ignores the Syncs that come next, as long as
 * they are ahead of the data's end. */
void exchange_copies(struct exchange *exchange);
/* ReadyForQuery: the request at the front is a Query, Sync or FunctionCall, what stands before it
 * was skipped. */
void exchange_ready(struct exchange *exchange);

/* What a name stands for; NULL for nothing that we know. */
struct prepared *exchange_prepared(const struct exchange *exchange, const char *name);
struct portal *exchange_portal(const struct exchange *exchange, const char *name);
/* What it will stand for when all that waits has been done: for what must be decided before the
 * server answers. NULL where nothing is known. The plan is borrowed; `meant` is the statement in
 * it, which for a name that SQL's PREPARE made is not the first one. */
const struct plan *exchange_expected(const struct exchange *exchange, const char *statement,
                                     const struct plan_statement **meant, struct view *types);

/* The request at a place of the queue, 0 the first; NULL behind the last. */
const struct exchange_request *exchange_at(const struct exchange *exchange, uint32_t place);
/* What the EXECUTE at that place runs: its plan (borrowed, NULL where nothing is known). */
struct plan *exchange_executed(const struct exchange *exchange, uint32_t place,
                               const struct plan_statement **statement);
/* The plan that a portal will have when all that waits has been done, and its statement; NULL where
 * none is known. */
const struct plan *exchange_expected_portal(const struct exchange *exchange, const char *portal,
                                            const struct plan_statement **statement);
/* Whether the server skips what comes now, up to the next Sync: that is to be queued, and else
 * nothing. */
bool exchange_is_skipped(const struct exchange *exchange);
/* Whether the request at the front belongs to a pipeline of which no end has been queued. */
bool exchange_is_open(const struct exchange *exchange);
/* Whether nothing has been queued behind the end of the pipeline, or Query, that it belongs to. */
bool exchange_is_last(const struct exchange *exchange);

/* Whether the server must be asked for a portal's columns before it is executed: rows of it may
 * show something, and nobody asks. */
bool exchange_must_describe(const struct exchange *exchange, const char *portal);

/* The effects, as the server confirms them. PASU_E_NOMEM, also where there are too many names. */
PASU_MUST_USE int exchange_set_prepared(struct exchange *exchange, const char *name,
                                        struct plan *plan, const struct plan_statement *statement,
                                        struct view types);
PASU_MUST_USE int exchange_set_portal(struct exchange *exchange, const char *name,
                                      struct plan *plan, const struct plan_statement *statement,
                                      struct portal **portal);
void exchange_drop_prepared(struct exchange *exchange, const char *name);
void exchange_drop_all_prepared(struct exchange *exchange); /* the unnamed one stays */
void exchange_drop_portal(struct exchange *exchange, const char *name);
void exchange_drop_portals(struct exchange *exchange);
/* A transaction is over: all but cursors WITH HOLD are gone. Of those that are more than
 * EXCHANGE_HELD_MAX nothing is known any more. */
void exchange_end_portals(struct exchange *exchange);
/* Whether COMMIT or ROLLBACK has a name by which code can run it: a message has prepared it. */
bool exchange_names_end(const struct exchange *exchange);
/* Whether there can be cursors with hidden columns. */
bool exchange_is_hiding(const struct exchange *exchange);
/* All names that code in the server can have changed; the unnamed ones it cannot. */
void exchange_doubt(struct exchange *exchange);

/* Whether a statement's rows can show anything. */
bool exchange_shows(const struct plan_statement *statement);

/* A portal whose statement is EXECUTE or FETCH has been asked for its columns or rows: notes what
 * the name stands for (its serial; 0: for nothing) and doubts the portal where that was another
 * thing before. The server then tells the columns of the one, and gives the rows of the other. */
void portal_names(struct portal *portal, uint64_t serial);
/* Keeps what a portal's EXECUTE runs: the name that it says can come to stand for another. */
void portal_runs(struct portal *portal, struct plan *plan, const struct plan_statement *statement);
/* Keeps what the server says of a portal's columns (a RowDescription's body; empty: no rows). */
PASU_MUST_USE int portal_describe(struct portal *portal, struct view body);

void pinned_release(struct pinned *pinned);
PASU_MUST_USE int pinned_add(struct pinned *pinned, uint32_t ordinal);
/* Moves: `from` is empty afterwards. */
void pinned_move(struct pinned *to, struct pinned *from);

#endif
