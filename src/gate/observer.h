/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session's observer: what its client has asked (postgres/exchange.h), the result that is under
 * way, and how its rows are read. A session has one when its configuration names personal data;
 * without, its bytes pass as they are.
 *
 *      client ──► ask_relay     plans each text, adds hidden keys, refuses; queues the request
 *      server ──► answer_relay  matches answers to requests, reads rows, strips hidden columns
 *                     └► expose_batch   tally → budget → ring; then the bytes leave
 *
 * Messages that must be read whole are kept until they are (up to ASK_MAX and ANSWER_MAX); longer
 * ones pass in pieces and count as the most they can be. Owned by the session's worker.
 */
#ifndef PASU_GATE_OBSERVER_H
#define PASU_GATE_OBSERVER_H

#include "gate/actor.h"
#include "gate/administration.h"
#include "gate/approval.h"
#include "gate/blank.h"
#include "gate/catalog_store.h"
#include "gate/durability.h"
#include "gate/gather.h"
#include "gate/growth.h"
#include "gate/hold.h"
#include "gate/intent.h"
#include "gate/kept.h"
#include "gate/session_rules.h"
#include "gate/settings.h"
#include "gate/written.h"
#include "policy/budget.h"
#include "postgres/exchange.h"
#include "postgres/fresh.h"

struct encoding;
struct long_text;
struct session;

enum {
    ASK_MAX = PLAN_TEXT_MAX + 1024, /* bytes of a client's message that is read whole */
    ANSWER_MAX = 4 << 20,           /* of a server's */
    OBSERVER_DEFERRED_MAX = 32,     /* statements whose marks wait for the transaction's end */
    ASK_CROWD = 4096,               /* requests that may be under way */
    OLD_SNAPSHOTS_MAX = 3,          /* that a client waits through */
};

/* The answer to the question that goes before a COPY (gate/preface.h). */
struct preface {
    enum { PREFACE_NONE, PREFACE_DESCRIBED, PREFACE_ANSWERED, PREFACE_OVER } state;
    bool is_as_planned; /* the names mean what the plan takes them for */
};

/* Rows that are held back until their result is whole (gate/shadow.h). */
struct shadow {
    bool is_decided, is_whole; /* whole: all of it is in hand */
    uint32_t scanned;          /* bytes of it that have been looked at */
};

/* The rows of a COPY, while they come (gate/copy_out.h). */
struct copy_rows {
    const struct copy_format *format; /* the plan's; NULL: they pass as they are */
    uint16_t column_count;            /* as the server says, hidden ones counted */
    uint8_t hidden_count;
    bool is_read;       /* persons are read from them; else hidden columns are taken out alone */
    bool is_masked;     /* some that came were */
    bool is_header_due; /* the first one has the names of the columns */
    const struct encoding *encoding; /* of ENCODING; where the plan names none, the session's */
};

/* The result whose rows are coming. */
struct result {
    struct showing_entry *showing; /* held; NULL: none, or nothing is known of it */
    struct plan *plan;             /* held */
    const struct plan_statement *statement;
    const struct pinned *pinned; /* of the portal or cursor, `own`, or NULL */
    struct portal *portal;       /* whose rows they are; NULL for a query's */
    uint64_t rows;               /* of the portal, or cursor, before this portion, too */
    uint64_t rows_before;        /* those */
    uint64_t written;            /* rows, and 1, as the command tag tells; 0: it does not */
    uint64_t verbs;              /* of what was asked and of what that stands for; 0: not known */
    uint32_t minute;             /* local, of its first record; 0: there is none */
    uint8_t use;                 /* enum rule_use: as its first rows were judged */
    struct copy_rows copy;
    bool is_open, is_counted;           /* counted: as one execution, in a record */
    bool is_blank;                      /* plan and statement are blank_look's */
    bool is_doubtful;                   /* names may mean others than its plan says */
    bool is_renamed;                    /* that by which it was found may mean another */
    bool is_unknown;                    /* nothing is known of what it shows */
    bool is_bound_told;                 /* upper bounds are in a record already */
    bool is_sure;                       /* nothing has changed since the plan's snapshot */
    uint64_t doubt_fields, doubt_kinds; /* that rows can carry beside the plan's; 0: told */
    struct identity_view *identity;     /* held; NULL: its values are not looked up */
    uint8_t told_parts; /* bits: of a part that values tell, the upper bound is in a record */
    /* Of a part that need not show anybody: persons that records have beyond those named. */
    uint64_t perhaps_told[PLAN_PARTS_MAX];
    struct pinned own; /* of literals; the last member: its space outlives the result */
};

/* Whether rows of it have been counted: of this portion, where a portal is read in several. */
static inline bool
result_has_rows(const struct result *result)
{
    return result->is_open && result->rows != result->rows_before;
}

/* What the client has asked with hidden columns, as it was (gate/retry.h). */
struct retry {
    enum { RETRY_NONE, RETRY_ASKING, RETRY_ASKED, RETRY_FAILED } state;
    bool is_again;     /* what is asked now is asked once more: nothing is hidden */
    uint8_t tries;     /* times that it has been asked again */
    uint32_t first;    /* the exchange's `added` with the first request of it */
    struct kept asked; /* its messages */
    char *role;        /* that was known when its columns were refused; or NULL */
};

/* A statement whose marks count for others once its transaction is committed. */
struct deferred {
    struct plan *plan; /* held */
    const struct plan_statement *statement;
    uint64_t written;       /* as in struct result */
    uint64_t fields, kinds; /* that went where its parameters go; fields 0: these are its marks */
};

struct observer {
    struct session *session;
    struct hold hold;
    struct approval_wait approval;
    struct exchange exchange;
    struct result result;
    struct preface preface; /* of the Query under way */
    struct retry retry;
    /* Of whose notices it has been told that they can be of anybody: the request under way, by its
     * number, its statement, and what of them. */
    struct {
        uint32_t request, statement;
        uint64_t fields, kinds;
    } spoken;
    struct shadow shadow;        /* of the result whose rows come */
    struct catalog_place *place; /* entered */
    struct catalog *catalog;     /* held: of the last plan; NULL: there is none */
    uint64_t catalog_version;
    struct tally *tally;
    struct budget budget, approved_budget; /* approved: of what somebody has let pass */
    enum principal_kind kind;              /* that rules ask for */
    struct settings *in_force;             /* held: whose budgets these are, and whose rules hold */
    struct origins *origins;               /* held: where addresses are; NULL: nobody knows */
    uint64_t turn; /* the worker's, that all of these are of (gate/standing.h) */
    struct session_rules rules;
    struct administration administration;
    char role[EXCHANGE_NAME_SIZE]; /* whose rights count; "" while it is not known for sure */
    bool is_other_user;            /* the session's user may be another one than logged in */
    bool is_role_new;              /* since the last ReadyForQuery */
    struct actor actor;
    struct identity_view *identity; /* held: as of when its transaction began; or NULL */
    uint64_t identity_version;
    bool is_other_snapshot; /* it may read what was before: no value is looked up */
    struct identity_share written;
    bool is_odd_strings, is_odd_encoding; /* as the server last said */
    /* Of texts of the client, of the server; and which the client's bytes are in. NULL: not known.
     */
    const struct encoding *client_encoding, *server_encoding, *encoding;
    bool is_unsettled; /* a request on its way can change the dialect */
    bool is_unsynced;  /* something was run, and no Sync or Query has come since */
    bool is_turning;   /* and code in it can have changed the dialect, without a name in the text */
    bool is_taken;     /* a text behind something that waits was read in the present dialect */
    uint64_t turning_version; /* of the catalog that `can_turn` is of */
    bool can_turn;            /* its code names a setting of the dialect */
    bool is_cancelling;       /* a cancel request of ours is on its way */
    bool is_ready_held;       /* and ReadyForQuery waits for its end */
    bool is_released;         /* it is over: what has waited for that goes on */
    bool is_unsure;           /* or nobody knows what it is going to hit */
    bool can_hold;            /* rows that a budget holds can wait (answer_budget.c) */
    bool is_muted;            /* a budget has ended the result: nothing passes to ReadyForQuery */
    bool is_cut;        /* the client has been sent the beginning of a message, and not its end */
    bool is_dropping;   /* the pieces of the message in hand do not pass */
    bool is_refusing;   /* nor what the client asks for up to its next Sync (gate/rest.h) */
    bool is_ending;     /* nor anything, until what ends the session has been answered */
    bool is_ended;      /* the client has been told that, and is told nothing more */
    bool is_swallowing; /* of which a long message is on its way */
    bool is_rest_shown, is_rest_changed; /* by what was executed since the last Sync */
    bool is_settling;          /* the client's bytes wait until all that was asked is answered */
    struct deferred *deferred; /* OBSERVER_DEFERRED_MAX, or NULL; memory_free */
    uint8_t deferred_count;
    struct catalog_marking marking; /* of the transaction, once it can have marked */
    bool is_leaving;                /* and its end will not be heard of */
    struct blank blank;
    struct intents intents;
    struct written *counted; /* what code writes; NULL: none has come (gate/written.h) */
    struct fresh fresh;      /* what its transactions have made and no snapshot shows yet */
    uint8_t change;          /* enum catalog_touch: what the transaction has done to the catalog */
    uint64_t touched;        /* the last touch of the place that was this session's */
    bool is_waiting; /* the client's bytes wait, for a catalog snapshot or, is_crowded, for the
                        answers to what it has asked */
    bool is_crowded;
    bool is_behind;            /* it waits for what others have added, which its text speaks of */
    bool has_begun, has_ended; /* a transaction, in the unit of messages that is not over */
    uint16_t server_version;   /* as 15; 0: not known */
    uint8_t snapshots;         /* that have come since it waits, and were too old */
    bool is_hanging;           /* the place has been told what is on its way (gate/underway.h) */
    uint32_t looked;           /* how many requests there had been when it was looked at */
    uint32_t shifts;           /* of the place, those that this session knows of (gate/doubt.h) */
    struct growth_share grown; /* by the transaction */
    uint64_t unseen_fields, unseen_kinds; /* in tables of which the snapshot does not know it */
    uint64_t speaks_fields,
        speaks_kinds;       /* what errors and notices of this transaction can carry */
    bool is_resumed;        /* it has waited long enough */
    bool hides;             /* something that went to the server has hidden columns */
    bool hides_in_cursors;  /* so has a cursor that may be there */
    bool hides_in_prepared; /* so has what SQL's PREPARE has made (gate/unveil.h) */
    bool has_notified;      /* it has put values into notifications */
    bool has_turned;        /* the dialect has changed since */
    bool is_borrowing;      /* a text has come that can make what sees those: none has any more */
    struct kept ask, answer, backlog;
    struct long_text *long_text; /* that passes in pieces, or NULL */
    bool has_moved;      /* it has put values, or parts of them, where others were (gate/mask.h) */
    bool may_have_moved; /* or its transaction may have */
    bool may_be_committed; /* code may have ended that, and begun another */
    uint64_t seen;         /* whom it was the first of its principal's sessions to show today */
};

/* Makes a session's observer where its configuration asks for one; session->observer stays NULL
 * otherwise. PASU_E_NOMEM. */
PASU_MUST_USE int observer_new(struct session *session);
void observer_free(struct session *session);
/* A parameter that the server reports. */
void observer_parameter(struct session *session, struct view name, struct view value);
/* Whether a text of any bytes has only one reading now. */
bool observer_is_plain(const struct observer *observer);
/* Whether no byte of a longer character is an ASCII one in that encoding, by PostgreSQL's name. */
bool observer_is_plain_encoding(struct view name);
/* Whether code in the server may set how texts are read: what a trigger, a view or a function does
 * stands in no text of the client's. */
bool observer_can_turn(struct observer *observer);
/* Before a batch of the session's: the worker's instruments are for it. */
void observer_use(struct session *session);
/* Keys of this text's literals are read by these. */
struct ordinals observer_ordinals(const struct session *session, struct view text);
/* Takes the newest snapshot, if there is one; doubt that it answers is over. */
void observer_renew(struct session *session);
/* The plan of a text in this session, held. PASU_E_NOMEM. */
PASU_MUST_USE int observer_plan(struct session *session, struct view text, struct plan **plan);
/* The same for Parse's, with the types that it declares. */
PASU_MUST_USE int observer_plan_parse(struct session *session, struct view text, struct view types,
                                      struct plan **plan);
/* The same for a Query's text, by its template where it makes one: then *is_templated, and the
 * template is in the worker's instruments. */
PASU_MUST_USE int observer_plan_query(struct session *session, struct view text, struct plan **plan,
                                      bool *is_templated);
/* Whether the server, which has read the plan's text, would still read it in the same way. */
bool observer_reads_again(const struct session *session, const struct plan *plan);
/* The text of `was` planned anew, with nothing hidden. PASU_E_NOMEM. */
PASU_MUST_USE int observer_plan_bare(struct session *session, const struct plan *was,
                                     struct plan **plan);
/* The plan of what nobody has looked at: so many of its result's columns are hidden; whether it can
 * put anything into tables (plan_unread.h). */
PASU_MUST_USE int observer_plan_unknown(struct session *session, uint8_t hidden, bool stores,
                                        struct plan **plan);
/* Whether there is a snapshot of the session's database; if not, it has been asked for. */
bool observer_has_catalog(struct session *session);
/* Whether a function may not be called by message: it lets data out by the server, or shows what is
 * shown to nobody. */
bool observer_refuses_call(struct session *session, uint32_t function);
/* Whether the catalog has changed, for this session, since the snapshot that there is. */
bool observer_is_stale(const struct session *session);
/* Everything that a mapping names. */
void observer_all(const struct session *session, uint64_t *fields, uint64_t *kinds);
/* Whether a text speaks of a relation that the snapshot does not show, or is not understood. */
PASU_MUST_USE int observer_misses(struct session *session, struct view text, bool *misses);
/* DDL has happened in this session. */
void observer_touch(struct session *session, enum catalog_touch whose);
/* Whether the snapshot says so already. What a mapping says of a table is no mark: it is of certain
 * columns, and of the person of the key. */
bool observer_knows(const struct observer *observer, const struct plan_mark *mark);
/* The statement has put personal values into a relation, or has given one another name; or can have
 * put them into notifications. `written`: as in struct result. */
PASU_MUST_USE int observer_mark(struct session *session, struct plan *plan,
                                const struct plan_statement *statement, uint64_t written);
/* EXECUTE has put these into where the parameters of what it ran go. */
PASU_MUST_USE int observer_fill(struct session *session, struct plan *plan,
                                const struct plan_statement *statement, uint64_t fields,
                                uint64_t kinds);
/* Whether it is a mark of something, and the snapshot does not show it. */
bool observer_is_new(const struct session *session, const struct plan_mark *mark);
/* The transaction has ended: what it has filled is marked, or was never there. */
PASU_MUST_USE int observer_marks_over(struct session *session, bool is_rolled_back);
/* Names that it has marked mean what is there from now on; `is_lost`: at a time that nobody knows.
 */
void observer_marks_mean(struct session *session, bool is_lost);
/* Before the server hears of it: notes what it sends as a constant (gate/notified.h). */
void observer_hears(struct session *session, const struct plan *plan);
/* It can put values of so many persons of each kind into notifications, at most. */
void observer_notifies(struct session *session, const struct plan_statement *statement,
                       uint64_t persons);
/* The server has taken, or refused, our cancel request: the session is among those to be looked at
 * again. `is_unsure`: it has been sent, and may still be taken at any time. */
void observer_cancelled(struct session *session, bool is_unsure);
/* One of those: what has waited for the request goes on, or the session ends. */
void observer_again(struct session *session);
/* The client's bytes that wait go on. */
void observer_resume(struct session *session);
/* A new snapshot is there, or none will be (error): what waits goes on. One that was begun before
 * the last change is not what it waits for. */
void observer_catalog(struct session *session, int error);
/* The server has answered something: if too much was waiting for that, the client goes on. */
void observer_answered(struct session *session);

/* How many subjects of a kind there are, at most. `catalog` may be NULL. */
uint64_t observer_population(const struct observer *observer, const struct catalog *catalog,
                             uint8_t kind);

/* Of part `part` of the result's showing: whether its keys are pinned and known, and which. */
bool result_is_pinned(const struct result *result, size_t part);
const uint32_t *result_pins(const struct result *result, size_t part, size_t *count);

struct walk;

/*
 * ask.c: a batch of the client's bytes, on to the server. 0; what peer_write says of the server; or
 * what ends the session: PASU_E_NOMEM, PASU_E_MESSAGE_INVALID, PASU_E_ASK_TOO_LONG.
 */
PASU_MUST_USE int ask_walk(struct session *session, const uint8_t *bytes, size_t length,
                           struct walk *walk);
/* answer.c: a batch of the server's, in a buffer that is overwritten, on to the client. 0; what
 * release_batch says of the client; or what ends the session. */
PASU_MUST_USE int answer_walk(struct session *session, uint8_t *bytes, size_t length,
                              struct walk *walk);

#endif
