/* SPDX-License-Identifier: Apache-2.0 */
/* What the supervisor holds, and what its files share. See supervisor.h. */
#ifndef PASU_GUARD_STATE_H
#define PASU_GUARD_STATE_H

#include "breach/watcher.h"
#include "config/load.h"
#include "console/clerk.h"
#include "guard/approving.h"
#include "guard/child.h"
#include "guard/listeners.h"
#include "guard/resources.h"
#include "guard/upstreams.h"
#include "ledger/keeper.h"
#include "ledger/message.h"

#include <signal.h>

/* Those that serve come first. */
enum { GATE, KEEPER, HERALD, INDEXER, REGISTRAR, WATCHER, CONSOLE, CLERK, CHILDREN };
enum phase {
    PHASE_STARTING,
    PHASE_RUNNING,
    PHASE_DRAINING,
    PHASE_STOPPING_GATE,
    PHASE_STOPPING_KEEPER,
    PHASE_STOPPING_HERALD,
    PHASE_STOPPING_INDEXER,
    PHASE_OVER
};

struct supervisor {
    struct log log;
    const char *path;
    struct config *config, *next; /* next: offered to the children, not in force */
    uint64_t generation, next_generation;
    struct listeners listeners, next_listeners;
    struct sandbox_account account, herald_account;
    struct approvers approvers;
    struct resources resources;
    struct child children[CHILDREN];
    sigset_t before;
    int signals;
    enum phase phase;
    int64_t deadline, ping_at, prepare_until;
    int64_t waiting_since; /* monotonic: a command waits at the control socket; 0: none does */
    int64_t offer_at, offer_wait;       /* when the gate is offered the ledger again; 0: never */
    struct lookup lookups[LOOKUPS_MAX]; /* of the gateways' servers */
    struct lookup targets[LOOKUPS_MAX]; /* of where checkpoints are published */
    struct identity_file {              /* that the gate was told; all 0: none */
        uint64_t device, inode;
        int64_t changed; /* ns: an inode may come again */
    } identity;
    int64_t identity_at; /* when it is looked for again */
    struct watch {       /* the roster's files: its own, and the registrar's */
        struct watched { /* all 0: it is not there */
            uint64_t device, inode, size;
            int64_t written, changed;     /* ns */
        } known[2], seen[2];              /* what was read; what was there at the last look */
        int64_t look_at, since, again_at; /* monotonic: of the next look; since when another one is
                                             seen; when the gate is told again. 0: not */
        uint8_t *bytes;                   /* that the configuration borrows; NULL: its own */
        uint64_t turn;                    /* counts those that the gate was told of */
        bool is_known;                    /* there was a look: before, nothing is as it was */
        bool is_asked;                    /* by the registrar: it is read at once */
        uint64_t asked, asked_turn;       /* which of its turns; whose end is awaited. 0: none */
    } watch;
    struct enrolling { /* where the registrar listens */
        int fd;        /* -1: nowhere */
        struct endpoint endpoint;
    } enrolling, next_enrolling, asking, next_asking; /* asking: the console */
    const struct clerk_lent *lent;
    bool is_asking_linked, is_console_renewed, is_clerk_renewed;
    struct sourced {
        int fd; /* sealed memory: the table of policy/origins.h; -1: none */
        struct identity_file files[2],
            failed[2]; /* that it was made of; that were of no use since */
    } sources, next_sources;
    int64_t sources_at;
    int metrics; /* the listening socket; -1: none */
    struct endpoint metrics_at;
    bool is_announced, is_linked, is_herald_linked;
    bool is_herald_renewed;  /* it was told to end, to begin with another configuration */
    bool is_indexer_renewed; /* as is_herald_renewed */
    bool is_registrar_renewed, is_watcher_renewed;
    bool is_killed;                 /* at the end: whose end is awaited */
    struct watcher_options watched; /* that the watcher was started with */
    int64_t findings_since;         /* monotonic: when the minute began in which so many */
    unsigned findings_passed;       /* were passed on */
    unsigned indexer_deaths;        /* since it last had the index up to date */
    bool is_reload_wanted;          /* asked for while it could not begin */
    bool is_reloading;              /* committed; the gate's word that it is in force is awaited */
};

/* ---- tell.c: what the children are told ---- */
/* Bytes in memory that a child can read and nobody change: a descriptor, or -1. */
PASU_MUST_USE int tell_memory(const char *name, const void *bytes, size_t length);
void tell(struct supervisor *v, struct child *child, uint32_t type, const void *body, size_t length,
          int fd);
void tell_config(struct supervisor *v, struct child *child, const struct config *config,
                 uint64_t generation);
void tell_processes(struct supervisor *v);
/* Once gate and keeper serve: that it runs. */
void tell_ready(struct supervisor *v);
/* A child still reads the ledger: says so in the log, and to the service manager. */
void tell_reading(struct supervisor *v, const struct child *child,
                  const struct message_progress *progress);
/* A new channel between keeper and another child, which gets it as PEER; the keeper as `type`.
 * Whether there is one. */
bool tell_link(struct supervisor *v, int which, uint32_t type);
/* Tells a child what a look-up has found for what it knows by this number. */
void tell_addresses(struct supervisor *v, int which, size_t number, const struct lookup *lookup);
/* Tells the gate what a look-up has found, for every gateway with that server. */
void tell_upstream(struct supervisor *v, const struct lookup *lookup);
/* COMMIT; to the gate, also the listening sockets and the servers' addresses. */
void tell_commit(struct supervisor *v, int which);

/* ---- answering.c: how the children are, and who asks that while the keeper cannot answer ---- */
void answering_ping(struct supervisor *v, struct child *child);
/* What a status says of a child, CHILDREN: of ourselves. False where it never ran. */
bool answering_process(const struct supervisor *v, int which, int64_t now,
                       struct message_process *process);
/* Tells the keeper what has changed, and answers in its place where it has not. */
void answering_look(struct supervisor *v, int64_t now);

/* ---- logging.c ---- */
/* Before /proc/self is closed to us. */
void logging_unblock(void);

/* ---- publishing.c: the herald, which carries checkpoints to the outside ---- */
/* In a child, which has a copy of our memory: what it is not told by us it does not know. */
void forget(void *arg);
PASU_MUST_USE int publishing_start(struct supervisor *v);
void publishing_from_herald(struct supervisor *v, const struct channel_message *message);
/* Looks names up, as far as it goes without waiting, and links keeper and herald. */
void publishing_look(struct supervisor *v, int64_t now);
/* There is a new configuration: the herald ends, and another one begins with it. */
void publishing_renew(struct supervisor *v);

/* ---- enrolling.c: the registrar, whom an identity provider tells who is there ---- */
/* Opens next_enrolling for a configuration, or takes what there is. 0, or an error that has been
 * logged. */
PASU_MUST_USE int enrolling_open(struct supervisor *v, const struct config *config,
                                 int64_t patience);
/* That configuration is in force, or is not to be. */
void enrolling_commit(struct supervisor *v);
void enrolling_drop(struct supervisor *v);
void enrolling_close(struct supervisor *v);
bool enrolling_is_wanted(const struct supervisor *v);
PASU_MUST_USE int enrolling_start(struct supervisor *v);
void enrolling_from_registrar(struct supervisor *v, const struct channel_message *message);
/* There is a new configuration: the registrar ends, and another one begins with it. */
void enrolling_renew(struct supervisor *v);

/* ---- asking.c: console and clerk, whom persons ask what of theirs was shown ---- */
/* As those of enrolling.c. */
PASU_MUST_USE int asking_open(struct supervisor *v, const struct config *config, int64_t patience);
void asking_commit(struct supervisor *v);
void asking_drop(struct supervisor *v);
void asking_close(struct supervisor *v);
bool asking_is_wanted(const struct supervisor *v);
PASU_MUST_USE int asking_start_console(struct supervisor *v);
PASU_MUST_USE int asking_start_clerk(struct supervisor *v);
/* Lets the two talk to each other, once there are both. */
void asking_look(struct supervisor *v);
void asking_renew(struct supervisor *v);

/* ---- indexing.c: the indexer, which keeps the ledger's index ---- */
/* It begins once there is a ledger. */
bool indexing_is_wanted(const struct supervisor *v);
PASU_MUST_USE int indexing_start(struct supervisor *v);
void indexing_from_indexer(struct supervisor *v, const struct channel_message *message);
/* Whether it was to be expected that it ended like that. */
bool indexing_is_expected(const struct supervisor *v, int status);
/* It has ended: when another one begins, and what that is to think of the index. */
void indexing_ended(struct supervisor *v, bool is_expected);
/* Its log is to be as the configuration says now: it ends, and another one begins. */
void indexing_renew(struct supervisor *v);

/* ---- detecting.c: the watcher, which runs the detectors over what is recorded ---- */
/* It begins once there is a ledger, where a detector is on. */
bool detecting_is_wanted(const struct supervisor *v);
PASU_MUST_USE int detecting_start(struct supervisor *v);
void detecting_from_watcher(struct supervisor *v, const struct channel_message *message);
/* There is a new configuration: where detectors, or its log, are to be others, it ends, and another
 * begins. */
void detecting_renew(struct supervisor *v, bool is_log_other);

/* ---- identifying.c: the identity index, which `pasu index build` makes ---- */
/* Hands the gate the file that is there, if that is another one than it has. */
void identifying_look(struct supervisor *v, int64_t now);
/* There is another gate. */
void identifying_forget(struct supervisor *v);

/* ---- offering.c: the ledger that a gate reads ---- */
/* It could not: it is offered again from time to time. */
void offering_begin(struct supervisor *v);
void offering_look(struct supervisor *v, int64_t now);
/* Gives the gate the segment that it asks for, or says why not. */
void offering_segment(struct supervisor *v, uint64_t index);

/* ---- watching.c: the roster's file, which is in force as soon as it changes ---- */
void watching_look(struct supervisor *v, int64_t now);
/* How long poll may wait at most. */
int watching_wait(const struct supervisor *v, int most);
/* The gate has taken what it was told of, or could not. */
void watching_done(struct supervisor *v, const struct message_result *result);
/* The registrar has another file: it is to be told of `turn` when that is in force. */
void watching_ask(struct supervisor *v, uint64_t turn);
/* There is another configuration, or none, which has the bytes of its own roster. */
void watching_forget(struct supervisor *v);

/* ---- sourcing.c: where addresses are, by the databases that the configuration names ---- */
/* Makes the table of a configuration: next_sources. 0, PASU_E_CONFIG, PASU_E_NOMEM. */
PASU_MUST_USE int sourcing_load(struct supervisor *v, const struct config *config,
                                struct config_faults *faults);
/* That configuration is in force. */
void sourcing_commit(struct supervisor *v);
void sourcing_drop(struct sourced *sources);
/* Hands the gate the table in force. */
void sourcing_tell(struct supervisor *v);
/* Makes it anew where a database has been put in the place of one. */
void sourcing_look(struct supervisor *v, int64_t now);

/* ---- stop.c: the end ---- */
void stop_begin(struct supervisor *v);
/* One step of the end, in order: gate; keeper, which writes down the gate's last words and gives
 * the herald what it needs to publish the last checkpoint, until that has ended; a herald that
 * has not ended by then; the indexer, which is told at the beginning. */
void stop_step(struct supervisor *v, int64_t now);

/* ---- reload.c: the configuration, at the start and on SIGHUP ---- */
/* Reads and checks everything; faults are logged. `now`: what must not change while we run. */
PASU_MUST_USE int reload_load(struct supervisor *v, struct config **config,
                              const struct config *now);
void reload_set_log(struct supervisor *v);
void reload_begin(struct supervisor *v);
void reload_commit(struct supervisor *v);
void reload_refuse(struct supervisor *v, const char *why);
/* The gate says that what was committed is in force. */
void reload_done(struct supervisor *v);

#endif
