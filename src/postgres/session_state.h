/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session machine: one enum of states and a table over (state × event) that says what comes
 * next and what the gate must do. Pure: no sockets, no memory, no clock.
 *
 *      PROXY_HEADER → GREETING → CLIENT_TLS → GREETING_TLS
 *                        └──────────┬─────────────┘
 *                  CONNECTING → SERVER_TLS_ASKED → SERVER_TLS
 *                        └──────────┬─────────────┘
 *                                  AUTH ⇄ AUTH_CLIENT/AUTH_ANSWERED     (carried)
 *                                   ├──── SCRAM_VERIFIER … SCRAM_SERVER_OK  (done by the gate)
 *                               RECORDING → STARTING → IDLE ⇄ BUSY ⇄ COPY_*
 *                                   └──── HEARING → LEAVING | CLOSING
 *      any → LEAVING | CLOSING → CLOSED
 *
 * A pair that the table does not name is a violation by the side the event comes from: the client
 * is refused, the server's session is aborted. There is no default that carries on.
 *
 * Source: PostgreSQL manual, "Message Flow".
 */
#ifndef PASU_POSTGRES_SESSION_STATE_H
#define PASU_POSTGRES_SESSION_STATE_H

#include "base/attributes.h"

enum session_state {
#define STATE(name, text, who, meaning) SESSION_##name,
#include "postgres/session_state.def"
#undef STATE
    SESSION_STATE_COUNT
};

/* What can happen to a session. */
enum session_event {
    /* the client's first packets */
    EVENT_CLIENT_PROXY_HEADER,
    EVENT_CLIENT_STARTUP,
    EVENT_CLIENT_SSL_REQUEST,
    EVENT_CLIENT_GSS_REQUEST,
    EVENT_CLIENT_CANCEL,
    EVENT_CLIENT_DIRECT_TLS,
/* the client's messages, one each */
#define FRONTEND(name, byte, text) EVENT_CLIENT_##name,
#include "postgres/message.def"
    EVENT_CLIENT_JUNK, /* a byte that is no message type, a length that cannot be */
    EVENT_CLIENT_EOF,
    /* the server's answers before authentication */
    EVENT_SERVER_TLS_YES,
    EVENT_SERVER_TLS_NO,
/* the server's messages, one each; Authentication and ReadyForQuery by what they say */
#define BACKEND(name, byte, text) EVENT_SERVER_##name,
#include "postgres/message.def"
    EVENT_SERVER_AUTH_OK,
    EVENT_SERVER_AUTH_ASKS,  /* password, md5, GSS, SSPI, SASL to be carried: an answer is due */
    EVENT_SERVER_AUTH_SCRAM, /* SASL that the gate does itself */
    EVENT_SERVER_AUTH_SASL_CONTINUE,
    EVENT_SERVER_AUTH_SASL_FINAL,
    EVENT_SERVER_READY_MORE, /* ReadyForQuery while more of the client's requests are under way */
    EVENT_SERVER_JUNK,
    EVENT_SERVER_EOF,
    /* the gate's own */
    EVENT_GATE_CLIENT_TLS_DONE,
    EVENT_GATE_CONNECTED,     /* to the server, without TLS to come */
    EVENT_GATE_CONNECTED_TLS, /* to the server, TLS must follow */
    EVENT_GATE_SERVER_TLS_DONE,
    EVENT_GATE_VERIFIER, /* the role's verifier is here (or a mock one) */
    EVENT_GATE_RECORDED,
    EVENT_GATE_UNCATALOGED, /* recorded, and its catalog cannot be had: it will not be let in */
    EVENT_GATE_FLUSHED,     /* the last bytes have left */
    EVENT_GATE_FAIL,        /* anything that ends the session with an error for the client */
    SESSION_EVENT_COUNT
};

/* What the gate does for a (state, event). Actions of the relay states carry the message on. */
enum session_action {
    ACTION_VIOLATION, /* not in the table: refuse the client, or give up the server */
    ACTION_NONE,
    ACTION_FORWARD,    /* the message goes to the other side */
    ACTION_REFUSE,     /* tell the client why, then close */
    ACTION_CLOSE,      /* close both sides now */
    ACTION_FINISH,     /* the server is gone: what is left goes to the client, then close */
    ACTION_HALF_CLOSE, /* the client is gone: what is left goes to the server, whose answer is
                          carried */
    ACTION_GREET,      /* take the PROXY header's address */
    ACTION_ANSWER_TLS, /* S or N */
    ACTION_ANSWER_GSS, /* N */
    ACTION_START_CLIENT_TLS,
    ACTION_CONNECT, /* remember the start-up packet, connect to the server */
    ACTION_CANCEL,  /* find the session, connect to its server */
    ACTION_SEND_SSL_REQUEST,
    ACTION_START_SERVER_TLS,
    ACTION_SEND_STARTUP,
    ACTION_SEND_CANCEL,
    ACTION_FETCH_VERIFIER,
    ACTION_OFFER_SCRAM,
    ACTION_SCRAM_CLIENT_FIRST,
    ACTION_SCRAM_CLIENT_FINAL,
    ACTION_SCRAM_SERVER_FIRST,
    ACTION_SCRAM_SERVER_FINAL,
    ACTION_RECORD,   /* AuthenticationOk: ask the keeper */
    ACTION_ADMIT,    /* recorded: let AuthenticationOk go to the client */
    ACTION_HEAR,     /* read what the server says of it by itself */
    ACTION_KEY_DATA, /* replace the cancel key by our own */
    SESSION_ACTION_COUNT
};

enum session_reads { READS_NONE, READS_CLIENT, READS_SERVER, READS_BOTH };

struct session_step {
    uint8_t next; /* enum session_state */
    uint8_t
        action; /* enum session_action; ACTION_VIOLATION (0) where the pair is not in the table */
};

/* The table. Any state and event in range. */
struct session_step session_step(enum session_state state, enum session_event event);
/* The table itself, for the relay's inner loop: [state][event]. */
extern const struct session_step session_table[SESSION_STATE_COUNT][SESSION_EVENT_COUNT];
const char *session_state_name(enum session_state state);
extern const uint8_t session_reads[SESSION_STATE_COUNT];
static inline enum session_reads
session_state_reads(enum session_state state)
{
    return session_reads[state];
}
/* Before the client is authenticated (and known to the keeper). */
static inline bool
session_state_is_early(enum session_state state)
{
    return state < SESSION_STARTING ||
           (state >= SESSION_CANCEL_CONNECTING && state <= SESSION_CANCEL_SENT);
}
/* IDLE, BUSY, COPY_*: the states the relay's inner loop runs in. */
static inline bool
session_state_is_relay(enum session_state state)
{
    return state >= SESSION_IDLE && state <= SESSION_COPY_BOTH;
}

/* The event of a message's type byte; JUNK where it is none. Authentication gives
 * EVENT_SERVER_AUTHENTICATION and ReadyForQuery EVENT_SERVER_READY: who knows more says more. */
extern const uint8_t session_client_event[256];
extern const uint8_t session_server_event[256];

#endif
