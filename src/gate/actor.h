/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For whom an application asks: the first that is there of the sources that the configuration names
 * (principals.actor_from). Where they are is read from sources of the same kinds
 * (sources.claimed_from).
 *
 *      sqlcommenter      a comment at the end of the statement's text (postgres/claim.h)
 *      setting:NAME      what the session has set NAME to, by SET or set_config; what a transaction
 *                        sets is undone with it
 *      application_name  as the server last reported it
 *
 * All of it is a claim of who holds the connection. A setting that code in the server sets is not
 * seen; after ROLLBACK TO, one that the transaction has set is taken for unset.
 *
 * Owned by the session's observer.
 */
#ifndef PASU_GATE_ACTOR_H
#define PASU_GATE_ACTOR_H

#include "base/error.h"
#include "exposure/exposure.h"
#include "postgres/claim.h"

struct plan_statement;
struct session;

struct actor_setting {
    const char *name;             /* the configuration's */
    char now[CLAIM_SOURCE_MAX];   /* "": it is not set */
    char later[CLAIM_SOURCE_MAX]; /* once the transaction has been committed */
    char before[CLAIM_SOURCE_MAX];
};

/* The lists of sources: of actors, and of where they are. */
enum actor_list { ACTOR_WHO, ACTOR_WHERE, ACTOR_LISTS };

/* One that the configuration names. */
struct actor_source {
    enum { ACTOR_COMMENT, ACTOR_APPLICATION, ACTOR_SETTING } kind;
    size_t setting; /* its place in `settings` */
};

struct actor {
    char application[EXPOSURE_TEXT_MAX];
    struct actor_setting *settings; /* or NULL */
    size_t count;
    struct actor_source *sources[ACTOR_LISTS]; /* as they are listed; NULL where there are none */
    size_t source_counts[ACTOR_LISTS];
    uint64_t version; /* another one, once settings or application say another thing */
    /* What the lists say where no text does, of that version; 0: it has not been looked at. */
    uint64_t versions[ACTOR_LISTS];
    char who[EXPOSURE_TEXT_MAX];
    const char *where;         /* in `settings`, `application`, or "" */
    bool is_changed;           /* by the transaction */
    bool is_failed;            /* an error has undone it */
    bool is_asking;            /* a client's message is in hand, not an answer */
    const struct claim *asked; /* its text's, while it is; or NULL */
    int64_t begun;             /* when it came (gate/source_claim.h) */
    int64_t came;              /* when the batch did that it is of; 0: nobody has asked */
};

/* Of the session's observer, when it begins. PASU_E_NOMEM. */
PASU_MUST_USE int actor_init(struct session *session);
void actor_release(struct actor *actor);
/* The server's word of application_name. */
void actor_report(struct actor *actor, struct view application);
/* Who it is in what is being asked, or answered. */
void actor_now(const struct session *session, char actor[EXPOSURE_TEXT_MAX]);
/* Whether the text that is being asked, or answered, says anything of the kind. */
bool actor_is_claimed(const struct session *session);
/* What it is asked for, "" where the text does not say. */
const char *actor_purpose(const struct session *session);
/* Where they are, by the first that is there of sources.claimed_from (gate/source_claim.h); "". */
const char *actor_source(const struct session *session);

/* A statement has been run. */
void actor_run(struct actor *actor, const struct plan_statement *statement);
/* A row of it: a DataRow's body, in which so many hidden columns come first. */
void actor_row(struct actor *actor, const struct plan_statement *statement, uint8_t hidden,
               struct view row);
/* The transaction is over. */
void actor_over(struct actor *actor, bool is_rolled_back);

#endif
