/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict hold (policy/rule.h): a statement, or the rows of one, that waits until a second
 * person has approved of it (ledger/approvals.h says who, and records it).
 *
 *      client ─▶ ask      a Query, Execute or FunctionCall that a rule holds stays where it is:
 *                         nothing of it has been sent, and nothing more of the client is read.
 *                         What was asked before it is answered first
 *      server ─▶ answer   rows that only their columns tell to be held: before the first one
 * nothing more of the server is read
 *
 *      NONE ─ REQUEST ─▶ ASKED ─ REQUESTED ─▶ WAITS ─ DECIDED ─▶ OVER ─ it goes on ─▶ NONE
 *                                   └ notice, with the number, to the client
 *
 * It goes on where it was approved; else it is refused, as if a rule blocked it, with an error of
 * its own. So it is when the client takes it back (cancel request) or leaves, and when nobody can
 * decide any more. An approval is for one statement (a portal, however often it is executed), for
 * the fields that were asked for, and for all rules that hold them. The next statement waits anew.
 *
 * What waits costs what has been read already: at most one read of either side. Owned by the
 * session's worker.
 */
#ifndef PASU_GATE_APPROVAL_H
#define PASU_GATE_APPROVAL_H

#include "base/list.h"
#include "exposure/exposure.h"
#include "ledger/message.h"

struct asking;
struct cancel_target;
struct exchange_request;
struct observer;
struct session;
struct verdict_hold;
struct worker;

enum { APPROVAL_TEXT_SIZE = 128, APPROVAL_PATIENCE_SECONDS = 10 };

struct approval_wait {
    struct list link; /* in the worker's list, while it is ASKED or WAITS */
    enum { APPROVAL_NONE, APPROVAL_ASKED, APPROVAL_WAITS, APPROVAL_OVER } state;
    bool is_of_rows;   /* the server's bytes wait, else the client's */
    bool is_of_budget; /* those of them that are beyond one */
    uint8_t end;       /* OVER: enum approval_end, where there is an error */
    uint64_t serial;   /* of the session's last request */
    uint64_t number;   /* 0: not known yet */
    int64_t deadline;  /* monotonic: nobody has been heard of by then */
    uint64_t fields;
    int64_t begun;                /* realtime: it was asked for */
    int error;                    /* OVER: 0: approved */
    char rule[EXPOSURE_TEXT_MAX]; /* as records have it */
    char who[NAME_SIZE];
};

/* What approval.c and approval_ask.c share: asks the keeper; the state is ASKED then, or OVER. */
void approval_request(struct session *session, const struct verdict_hold *hold, const char *sql,
                      uint64_t fingerprint, bool is_of_rows);
/* The keeper hears what has become of it, and the state is NONE. */
void approval_conclude(struct session *session, enum approval_end end);

void approval_init(struct approval_wait *approval);
/* The session ends, or goes on without its client: what waits is over. */
void approval_leave(struct session *session);

/* ---- asking ---- */
/* Whether a client's message, whole, must wait to be approved; sets observer->is_settling where it
 * waits for answers first. */
bool approval_must_wait(struct asking *asking, const uint8_t *message, size_t length);
/* Whether the message that is being asked was approved, for these fields: then the request is, too.
 */
bool approval_take(struct session *session, struct exchange_request *request, uint64_t fields);
/* The portal in hand has shown something: what was approved of that goes for all of its rows. */
void approval_remember(struct observer *observer);
/* Why it is refused that was not, and what the client is told of that. */
int approval_error(const struct session *session, char text[APPROVAL_TEXT_SIZE]);
/* The message in hand has been dealt with. */
void approval_asked(struct session *session);
/* Whether one that has waited is to be dealt with next. */
bool approval_is_over(const struct session *session);

/* ---- answering ---- */
/* Whether the rows that begin must wait; *error: they were not approved, and this is why. */
bool approval_rows_must_wait(struct session *session, int *error);
/* The rows that come now are beyond a budget that holds: the keeper is asked. */
void approval_request_rows(struct session *session, const struct verdict_hold *hold,
                           bool is_of_budget);
/* What was said of rows that waited is no longer needed. */
void approval_drop_rows(struct session *session);
/* Whether these fields of what is being asked, or answered, were approved. */
bool approval_covers(const struct session *session, uint64_t fields);

/* ---- waiting ---- */
/* Whether nothing more is to be read of the server, or of the client. */
bool approval_holds_server(const struct session *session);
bool approval_holds_client(const struct session *session);
uint64_t approval_number(const struct session *session);
/* The client is gone. */
void approval_client_gone(struct session *session);
/* It has sent a cancel request. */
void approval_cancelled(struct session *session);
/* Rows that wait are walked over, if there is something to say of them. */
void approval_again(struct session *session);
/* From any thread: the session that the request is for hears of it. */
void approval_post_cancel(const struct cancel_target *target);
/* The keeper's words. */
void approval_numbered(struct worker *worker, const struct message_requested *requested);
void approval_decided(struct worker *worker, const struct message_decided *decided);
/* There is another keeper, which knows of nothing that waits. */
void approval_keeper_lost(struct worker *worker);
/* Ends what nobody has said anything about. While the worker has any. */
void approval_look(struct worker *worker);

#endif
