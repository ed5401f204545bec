/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which tables code has written whose targets nobody can name beforehand (a DO that puts its SQL
 * together, a function that does, a trigger). The session's own server process knows.
 *
 * Outside of a transaction block it is asked itself, before and behind such a request, by questions
 * of ours whose answers the client does not get; its ReadyForQuery waits for them. It counts the
 * rows that it writes to each table:
 *
 *      client ─▶ DO $$ BEGIN EXECUTE 'INSERT INTO ' || … $$
 *                the counts are to be told at once        ours; PostgreSQL 15 and later
 *                the counts of all tables                 ours
 *                DO …
 *                the counts of all tables                 ours
 *
 * What a process has counted it tells others about a second later, or when it has nothing to do:
 * what it has not told is its own alone. Whether it has told is seen by a count that the question
 * before has made. Where it has, tables count as written whose counts, of all processes, are not
 * what they were; where even that is not known, all do. Rows that were taken back count, too.
 *
 * Inside a transaction block, or a unit of messages that is not over, the client's session is never
 * asked: a question that fails would end its transaction. There the client's COMMIT, or whatever
 * else can end the transaction, waits until everything before it is answered, and another
 * connection has asked the server which locks that process holds (gate/locks.h). So it is known
 * before it can be seen by others. What a table's own triggers do is told apart from what
 * statements do to it by the tables that they name. Where the locks cannot be known, all tables
 * count.
 *
 * What is written so is marked (catalog_store_mark) with all that the code can read; but only where
 * any of it can have been read: the session has touched, in between, a table that is mapped, marked
 * or not known, or large objects; or a cursor over such tables is open; or marks are on their way.
 * Nor is it where all rows that came there are those that the tag of an INSERT or UPDATE counts:
 * what these bring, their plan says.
 *
 * Of the session's worker; made when it is first needed.
 */
#ifndef PASU_GATE_WRITTEN_H
#define PASU_GATE_WRITTEN_H

#include "base/bytes.h"

struct asking;
struct exchange_request;
struct locks_held;
struct observer;
struct plan;
struct plan_statement;
struct session;

enum {
    WRITTEN_NOT,
    WRITTEN_TELL,   /* the counts are to be told at once */
    WRITTEN_BEFORE, /* what they are */
    WRITTEN_AFTER,  /* what they are now */
};

struct written_count {
    uint32_t relation;
    uint64_t own, all;           /* rows: not told yet; told, of all processes */
    uint64_t own_read, all_read; /* and blocks that were looked at */
};

/* Rows that tags say have been written to a table, or to its partitions. */
struct written_target {
    uint32_t relation;
    uint64_t rows;
};
enum { WRITTEN_TARGETS_MAX = 4, WRITTEN_NAMED_MAX = 24 };

struct written {
    uint64_t fields, kinds; /* that what is on its way can read */
    /* Counts: of a unit that began outside of a transaction block. */
    struct written_count *counts; /* before, by relation: memory_free */
    uint32_t count, size, at;
    struct written_count *grown; /* what has been written: `own` rows */
    uint32_t grown_count, grown_size;
    struct written_target targets[WRITTEN_TARGETS_MAX];
    uint8_t target_count;
    uint32_t waiting; /* questions behind that are to come, or to be asked */
    int64_t telling;  /* monotonic: when it was asked to; 0: of several, or not */
    bool is_asked;    /* ahead of the unit that the client is asking */
    bool is_due;      /* it has asked for such code in it */
    bool was_due;     /* ahead of the message that is being asked, too */
    bool is_staying;  /* which can leave a transaction open, or is fed by the client */
    bool is_keeping;  /* and end one, so that what came before stays */
    bool is_later;    /* the question behind is asked once its ReadyForQuery has come */
    bool later_keeps; /* is_keeping, of that one */
    bool is_again;    /* the question under way is asked again */
    bool is_failed;   /* the question under way */
    bool has_row;     /* it has been answered by any */
    bool has_before;  /* the question before has been answered, */
    bool is_told;     /* the counts have been told ahead of the request that is under way, */
    bool is_fresh;    /* and that is all that is known of before */
    bool is_untold;   /* nothing has been told between the two questions */
    bool is_blind;    /* a question has failed, or nothing is counted: all can be written */
    bool is_denied;   /* the server does not let this role ask */
    uint64_t read_fields, read_kinds; /* that can have been read; 0: no value of a person */
    bool is_any;                      /* it has marked something */
    /* Locks: of the transaction. */
    bool is_open;    /* such code has been asked for, and nobody knows what it has written */
    bool is_called;  /* by statements themselves, not by the triggers of what they write to */
    bool is_reading; /* statements that are none have named persons */
    bool is_late;    /* code runs when the transaction ends */
    bool is_unsure;  /* a Query can have ended it, and the next ReadyForQuery says so */
    bool is_lost;    /* nobody will know: all can be written */
    bool is_looking; /* the locks are being asked for: number `looked` */
    bool has_more;   /* tables than these: */
    uint8_t named_count;
    uint32_t named[WRITTEN_NAMED_MAX]; /* that statements of the transaction name as theirs */
    uint64_t looked;
    int error; /* of marking: the session must end */
};

void written_free(struct written *written);
/* A text, or a statement that is bound or run, is about to go out as a message of that type.
 * `statement` NULL: all statements of the plan; `plan` NULL: nothing is known of it. PASU_E_NOMEM.
 */
PASU_MUST_USE int written_before(struct asking *asking, uint8_t type, const struct plan *plan,
                                 const struct plan_statement *statement);
/* The same of a call by message of that function. */
PASU_MUST_USE int written_call(struct asking *asking, uint32_t function);
/* The message that written_before was told of is refused, and the session ends with that: it never
 * goes out. */
void written_unsent(struct observer *observer);
/* A message of that type has gone out whole. PASU_E_NOMEM. */
PASU_MUST_USE int written_after(struct asking *asking, uint8_t type);
/* The same of a message that has gone out in pieces, whatever it is. */
PASU_MUST_USE int written_long(struct asking *asking);
/* Asks while nothing else is under way, and the client has not heard of that yet. PASU_E_NOMEM; the
 * errors of peer_write. */
PASU_MUST_USE int written_ask(struct session *session, uint8_t written);
/* Whether the client's message waits for what is to be known before it; `observer->is_settling`
 * where it is the answers to what was asked. Of `total` bytes `have` are there. */
bool written_must_wait(struct asking *asking, const uint8_t *message, size_t have, size_t total);
/* Whether the server takes COPY data of such a session, so that anything else ends that: what waits
 * for its answer would wait for ever. */
bool written_is_fed(const struct session *session);
/* The locks that were asked for, or why there are none. */
void written_locked(struct session *session, int error, const struct locks_held *held);
/* The client's ReadyForQuery has come, and its request is over. */
PASU_MUST_USE int written_over(struct session *session);
/* Whether values of persons can be there that nobody need read a table for; in a transaction whose
 * locks are known, is_block. */
bool written_is_carrying(const struct observer *observer, bool is_block);
/* Whether questions wait for answers: others see nothing yet. */
bool written_is_waiting(const struct observer *observer);
/* Whether the ReadyForQuery that has come is not the client's: it is followed by one that is. */
bool written_follows(const struct observer *observer);
/* The result under way is over, or suspended: its statement has written so many rows; UINT64_MAX:
 * nobody knows. */
void written_told(struct observer *observer, uint64_t rows, bool is_over);
/* A message of the answer to a question of ours, `request`, but its ReadyForQuery.
 * PASU_E_UPSTREAM_PROTOCOL where it is none that there can be. */
PASU_MUST_USE int written_answer(struct session *session, const struct exchange_request *request,
                                 const uint8_t *message, size_t length);
/* Whether an ErrorResponse ends the session. */
bool written_is_fatal(const uint8_t *message, size_t length);
/* And its ReadyForQuery. */
PASU_MUST_USE int written_ready(struct session *session, const struct exchange_request *request);
/* Nobody will hear of what is on its way. */
PASU_MUST_USE int written_lost(struct session *session);

/* ---- among the files of it ---- */

/* Every table is marked as all that is on its way can read; one is. PASU_E_NOMEM, PASU_E_RANGE. */
PASU_MUST_USE int written_mark_all(struct session *session);
PASU_MUST_USE int written_mark_one(struct session *session, uint32_t relation);
/* What can have been read that is in the table, or anywhere; added to what is known of that. */
void written_reads(struct session *session, uint32_t relation);
void written_reads_all(struct session *session);
/* Whether reading the table is reading persons. */
bool written_is_personal(const struct session *session, uint32_t relation);
/* Whether the word, in small letters, is in the text, be it in another word. */
bool written_has_word(struct view text, const char *word);
/* Whether it ends a transaction; and in which state the server is once it has done all that is on
 * its way, as ReadyForQuery says it, '?' where nobody knows. What begins or ends a transaction can
 * fail only where that leaves nothing open. */
bool written_ends(const struct plan_statement *statement);
uint8_t written_state(const struct session *session);
/* Whether the transaction is over, or there is none: what is known of it is forgotten. */
void written_transaction_over(struct written *written);

#endif
