/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of the inspector to one database of a server: connects, logs in (trust, password,
 * md5, SCRAM), asks. It blocks, with a limit of time on each wait; only one thread uses it.
 *
 * The server is not trusted with our memory: a message may be as long as `limit`, all rows of one
 * question together as long as their reader says.
 */
#ifndef PASU_GATE_INSPECTOR_LINK_H
#define PASU_GATE_INSPECTOR_LINK_H

#include "gate/peer.h"
#include "gate/settings.h"

enum {
    INSPECTOR_BUFFER_SIZE = 16 << 10, /* at first */
    INSPECTOR_DETAIL_SIZE = 256,
    INSPECTOR_COLUMNS_MAX = 16, /* of a row that is asked for */
};

struct through_session;

struct inspector_link {
    const struct os *os;
    struct peer peer;
    uint64_t generation;             /* of the settings it was connected with */
    int wait;                        /* milliseconds at most that a message takes to come */
    int wait_answer;                 /* the same, of the answer to a question with rows */
    int64_t deadline;                /* monotonic: nothing is waited for longer; 0: none */
    const _Atomic bool *stop;        /* nor once another thread has set this; NULL: never */
    struct through_session *through; /* while connected: it is counted as the gate's own */
    uint32_t pid;                    /* of the process at the other end, as that says; 0: not */
    bool is_let_in;                  /* the server has told its parameters: it counts us next */
    bool is_refused;                 /* the server did not let us in */
    size_t have, at;
    size_t size, limit;                 /* of `in`; how large it may become */
    char detail[INSPECTOR_DETAIL_SIZE]; /* of the last fault: the server's words */
    uint8_t *in;                        /* while connected; wiped when closed */
};

/* `limit`: the longest message that is taken, INSPECTOR_BUFFER_SIZE or more. */
void inspector_link_init(struct inspector_link *link, const struct os *os, size_t limit);
void inspector_link_close(struct inspector_link *link);
/* Connects to `database` (NULL: gateway.inspector.database) and logs in, unless it stands already
 * with these settings; a link is always of the same database. Errors as below. */
PASU_MUST_USE int inspector_link_open(struct inspector_link *link, struct settings *settings,
                                      const struct gateway *gateway, const char *database);
/* For whoever asks: sends bytes; takes the next message but notices and parameters, which borrows
 * until the next call; keeps what an ErrorResponse says in `detail`. */
PASU_MUST_USE int inspector_link_send(struct inspector_link *link, const void *bytes,
                                      size_t length);
PASU_MUST_USE int inspector_link_next(struct inspector_link *link, uint8_t *type,
                                      struct view *body);
void inspector_link_keep_error(struct inspector_link *link, struct view body);
/* The same of its SQLSTATE alone. */
void inspector_link_keep_code(struct inspector_link *link, struct view body);

/* ---- questions (inspector_question.c) ---- */

/* Takes one row, or refuses it with an error, which is then the question's result. */
typedef int inspector_row(void *arg, const struct view *values, size_t count);
/* A value that is a whole number; what is below 0 becomes what it is modulo 2⁶⁴. */
PASU_MUST_USE bool inspector_take_number(struct view value, uint64_t *number);
/*
 * Asks one question of an open link, whose rows go to `take_row` as they come; `most` is how many
 * bytes of rows are left to be taken, and is lowered. 0; PASU_E_DENIED where the server answers
 * with an error (see `detail`): the link stands, as after what take_row returned. PASU_E_RANGE:
 * too much came. After all errors but those of the server and of take_row it is closed.
 */
PASU_MUST_USE int inspector_link_query(struct inspector_link *link, const char *sql,
                                       inspector_row *take_row, void *arg, size_t *most);
/* Takes the bytes of one CopyData, or refuses them with an error, which ends the connection. */
typedef int inspector_copy(void *arg, struct view bytes);
/* The same of COPY … TO STDOUT, however much it is. After any error the connection is closed. */
PASU_MUST_USE int inspector_link_copy(struct inspector_link *link, const char *sql,
                                      inspector_copy *take, void *arg);
/*
 * Writes the role's verifier, as pg_authid has it, to `text`. PASU_E_NOTFOUND: no such role, or
 * none that may log in with a password. PASU_E_EOF: a connection that stood has ended: ask again.
 * Others: the server cannot be reached, does not let us in, or answers with an error (see
 * `detail`).
 */
PASU_MUST_USE int inspector_link_verifier(struct inspector_link *link, struct settings *settings,
                                          const struct gateway *gateway, const char *role,
                                          char text[SCRAM_VERIFIER_TEXT_SIZE]);

#endif
