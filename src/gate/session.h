/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session: a client, the server it talks to, and where in the protocol they are.
 *
 * The state is one enum (postgres/session_state.h) and changes in one function, session_event. What
 * is needed only until the session stands is in struct handshake, which is freed then: an idle
 * session is this struct and nothing else. All owned by one worker.
 */
#ifndef PASU_GATE_SESSION_H
#define PASU_GATE_SESSION_H

#include "gate/peer.h"
#include "gate/worker.h"
#include "postgres/pipeline.h"
#include "postgres/session_state.h"
#include "postgres/startup.h"

enum { FLOW_HELD_MAX = 8, HANDSHAKE_SERVER_SIZE = 64 << 10 };

/* One direction of the relay: where in a message the last batch ended. */
struct flow {
    uint32_t left;               /* bytes of the message's body still to come */
    uint8_t held[FLOW_HELD_MAX]; /* the head of a message, cut by the end of a read */
    uint8_t held_length;
    uint8_t type; /* of the last message */
};

struct observer;
struct through_session;

struct handshake {
    uint8_t
        *packet; /* the packet or message being read from the client, then the start-up packet */
    uint32_t packet_size, have, need;
    uint8_t *startup; /* the client's StartupMessage, to be sent to the server */
    uint32_t startup_length;
    uint8_t *server; /* HANDSHAKE_SERVER_SIZE: messages of the server until it is ready */
    uint32_t server_have;
    bool is_direct_tls, was_asked; /* the server asked for authentication */
    bool server_plus;              /* it offers SCRAM-SHA-256-PLUS */
    struct address upstreams[UPSTREAM_ADDRESSES_MAX];
    size_t upstream_count, upstream_at;
    struct cancel_target cancel;
    struct scram_verifier verifier;
    struct scram_server scram_server;
    struct scram_client scram_client;
    uint8_t server_final[SCRAM_MESSAGE_MAX]; /* for the client, once the server agrees */
    size_t server_final_length;
};

struct session {
    struct worker *worker;
    struct settings *settings; /* held */
    struct gateway *gateway;
    struct list all, early, again, bulk;
    struct session *next_by_id;
    uint8_t state;       /* enum session_state: changed by session_event only */
    uint8_t transaction; /* of the last ReadyForQuery: I, T, E */
    bool is_replication, is_counted_early, is_registered;
    bool is_left;     /* the client is gone; what the server was asked for is read to its end */
    uint64_t cancels; /* an own cancel request: the session that it is for */
    bool is_cancel_sent;
    int uncataloged;       /* HEARING: why there is no catalog */
    bool is_recorded;      /* by the keeper; it may still wait for its catalog */
    uint8_t trial_control; /* enum trial_control, and */
    uint64_t trial;        /* the token, of a test (gate/trial.h); 0: it is none, or is over */
    struct message_try *trial_of; /* of a rule's test, what is asked; or NULL */
    struct pipeline pipeline;
    uint32_t streamed; /* bytes of the server since the client last asked, up to BULK_AFTER */
    size_t bulk_taken; /* of a bulk stream, with this tick */
    int64_t bulk_due, bulk_pause; /* monotonic: its next tick; ns between the last and that */
    uint8_t bulk_fast;            /* ticks before it is read by the clock again; 0: it is */
    int error;                    /* why it ends; 0: in order */
    struct peer client, server;
    struct flow from_client, from_server;
    uint64_t id;
    int64_t opened;   /* realtime */
    int64_t deadline; /* monotonic, while early */
    struct message_counts counts;
    struct address address; /* the client's */
    char user[NAME_SIZE], database[NAME_SIZE], application[APPLICATION_SIZE];
    struct cancel_entry *cancel;
    uint32_t server_process;         /* its number; 0: not known */
    struct through_session *through; /* from the start-up packet on, as the server counts */
    bool is_asked;                   /* the server waits for an answer to authenticate by */
    bool is_let_in;                  /* it has told its parameters: it counts the session next */
    struct handshake *handshake;
    struct observer *observer; /* NULL: no personal data is configured */
};

/* ---- session.c: life ---- */
/* A session without a client, in the state of a cancel request, beside another; NULL where memory
 * is out. */
PASU_MUST_USE struct session *session_new_own(struct session *beside);
void session_accept(struct worker *worker, const struct task *task);
/* Looks the event up, changes the state, does what the table says. `message` is the message (with
 * its head) that the event stands for, empty where it has none. */
void session_event(struct session *session, enum session_event event, struct view message);
/* Ends the session with an error for its client (FATAL), as the event GATE_FAIL. */
void session_fail(struct session *session, int error, const char *detail);
/* Ends it at once. No other session is closed by that: who walks over sessions may call it for the
 * present one. */
void session_close(struct session *session);
/* The client is gone, or must go. True where the session goes on without it until the server has
 * ended it, because of what is on its way (gate/underway.h); nothing leaves any more. */
bool session_leave(struct session *session);
void session_free(struct session *session);
/* The poller's word on one of its peers. */
void session_ready(struct session *session, struct peer *peer, uint32_t events);
/* Says what the poller shall watch, from the state and the outboxes. */
void session_watch(struct session *session);
struct session *session_find(struct worker *worker, uint64_t id);
void session_describe(const struct session *session, struct message_session *message);
void session_kill(struct session *session, int error);
void session_recorded(struct session *session, int error);
void session_drain(struct session *session);
/* Sends what the outboxes hold; the session goes on. */
void session_flush(struct session *session);
/* The catalog that the session waits for is there, or will not be (error). */
void session_catalog(struct session *session, int error);
/* An event of this session; `error` 0 and `detail` NULL where there is nothing to say. */
void session_log(const struct session *session, enum log_event event, int error,
                 const char *detail);
enum { SESSION_LOG_FIELDS_MAX = 8 };
/* The same, with fields of its own behind those that tell whose session it is; as many at most. */
void session_log_fields(const struct session *session, enum log_event event,
                        const struct log_field *more, size_t count);
/* Puts the client's address in a text. */
void session_address_text(const struct session *session, char text[ADDRESS_SIZE]);

/* ---- handshake.c: until the server is connected ---- */
void handshake_client_read(struct session *session);
void handshake_server_ready(struct session *session, uint32_t events);
void handshake_act(struct session *session, enum session_action action, struct view message);
void handshake_free(struct session *session);
/* Connects to the first of handshake->upstreams that answers. */
void handshake_connect(struct session *session);
/* ---- cancel_own.c: asks the server to cancel what this session's statement does. False: it cannot
 * be asked. ---- */
bool cancel_own(struct session *session);
/* The same for a session that goes on. Until the server has taken the request,
 * observer->is_cancelling holds the session back, its client's bytes and ReadyForQuery: it must not
 * hit the next statement. Where it is sent and never answered, the session ends. */
bool handshake_cancel(struct session *session);
PASU_MUST_USE int handshake_server_write(struct session *session, const void *bytes, size_t length);

/* ---- auth.c: authentication ---- */
void auth_server_read(struct session *session);
void auth_act(struct session *session, enum session_action action, struct view message);
/* By the server, which neither counts it then nor logs that it let it in. */
bool auth_is_refused(const struct session *session);
/* The connection to the server ends, which is still there: tells the keeper where the server may
 * have let it in and its process number never came. */
void auth_end(const struct session *session);
void auth_verifier(struct session *session, int error, const struct scram_verifier *verifier);

/* ---- relay.c ---- */
void relay_read(struct session *session, enum peer_side side);
/* Sees to it that what TLS has decrypted of either peer, which no poller tells, is read soon. */
void session_again(struct session *session);
/* Bytes of the client that had waited have been walked over, with this result. */
struct walk;
void relay_asked(struct session *session, const struct walk *walk, int result);
/* What was kept of the server's bytes is walked over. */
void relay_again(struct session *session);
/* Bytes of the server that were read during start-up and belong to the relay. */
void relay_server_bytes(struct session *session, uint8_t *bytes, size_t length);

#endif
