/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the census knows of one gateway's server. Its thread alone.
 */
#ifndef PASU_GATE_CENSUS_SERVER_H
#define PASU_GATE_CENSUS_SERVER_H

#include "gate/census_answer.h"
#include "gate/reconcile.h"
#include "gate/worker.h"

struct census_database {
    char database[NAME_SIZE];
    struct reconcile reconcile;
    bool is_guarded, is_seen;   /* seen: in this answer */
    struct message_census told; /* the last record; gateway "": none yet */
    int64_t based;              /* monotonic: from when on those past pasu are counted */
    uint64_t named;             /* of these, those that were seen while they were there */
    uint64_t alerted;           /* and that were not, of which an alert has told */
    int64_t alerted_by;         /* monotonic: when the server was asked for the last of these */
    int64_t nameless;           /* monotonic: since when there are more; 0: there are none */
};

struct census_server {
    struct list link;
    char gateway[GATEWAY_NAME_SIZE], inspected[NAME_SIZE];
    struct inspector_link inspector;
    struct census_answer answer;
    bool is_known;    /* which server it is */
    bool is_answered; /* in this round */
    bool is_gone;     /* the settings have no such gateway any more */
    bool is_led;      /* its leader has been found */
    bool is_told;     /* what it answered has been told of once */
    unsigned failures;
    bool is_why_told;
    enum census_what told;        /* why it cannot be counted, as recorded; else, that it can be */
    struct census_server *leader; /* the first one of the same server: itself */
    struct census_database *databases;
    size_t database_count, database_space;
    struct message_bypass *backends; /* that were told, and are there */
    size_t backend_count, backend_space;
    int64_t seeing; /* monotonic: since when it shows others' sessions without a break; 0: not */
    int64_t seen;   /* monotonic: asked for the answer before */
    int64_t hour;   /* monotonic: from when on those are counted that were told: */
    unsigned told_in_hour;
};

/* Everything but how the servers are reached. */
struct census_room {
    struct gate_shared *shared;
    struct list servers;       /* struct census_server */
    _Atomic bool is_stopping;  /* nothing is waited for, but by the last one */
    struct settings *settings; /* of the round under way; borrowed */
    int64_t started;           /* monotonic: no session of this gate is older */
    uint64_t moves;            /* how often a gateway came to lead to another server */
    bool is_early; /* some counts are not begun with yet: the next census is to come soon */
};

/* So long the ended sessions of a server that does not answer are kept. */
#define CENSUS_KEPT_FOR (3600 * NANOSECONDS_PER_SECOND)

/* NULL: no memory. */
struct census_server *census_server_get(struct census_room *room, const char *gateway);
void census_server_free(struct census_server *server);
/* Asks it, by this gateway of the settings; is_last: only over a connection that stands, and not
 * for long. */
void census_server_ask(struct census_room *room, struct census_server *server,
                       struct settings *settings, const struct gateway *gateway, bool is_last);
/* Which servers there are, by these settings: those of other gateways are not asked any more. */
void census_server_keep(struct census_room *room, const struct settings *settings);
/* All have been asked: which gateways have one server. Of one that has not answered it is not known
 * anew. */
void census_server_lead(struct census_room *room);

enum census_when { CENSUS_IN_TURN, CENSUS_ON_DEMAND, CENSUS_LAST };

/* ---- census_round.c ---- */

/* A census: asks each gateway's server and tells what comes of it. The last one asks no further
 * server after half a second. */
void census_round(struct census_room *room, struct settings *settings, enum census_when when);

/* ---- census_tell.c: what comes of the answers ---- */

/* Why a gateway's databases cannot be counted, or (CENSUS_COUNTED) that they can be from now on,
 * whatever this gate or one before has said: once. */
void census_tell_why(struct census_room *room, struct census_server *server, enum census_what why);
/* The past has been read: what the gates before had counted is gone on with. */
void census_tell_start(struct census_room *room);
void census_tell(struct census_room *room, struct census_server *server, enum census_when when);

struct census_leading {
    const struct census_room *room;
    const struct census_server *server;
};

/* Whether a gateway's sessions can be that server's; a through_leads, of a struct census_leading.
 */
bool census_leads_here(const void *arg, const char *gateway);

/* ---- census_nameless.c ---- */

/* A session past pasu is seen, which began then (monotonic): nobody is told of it again as of one
 * that nobody has seen. */
void census_count_named(struct census_server *server, const struct message_bypass *who,
                        int64_t began);
/* Sessions that were counted, and gone before anybody could see whose they were. Where some are
 * excepted, these can be such ones: then they are only recorded. The last census waits for no name.
 */
void census_tell_nameless(struct census_room *room, const struct census_server *server,
                          struct census_database *database, enum census_when when, int64_t now);

#endif
