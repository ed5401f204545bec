/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/session_state.h"

/* Rows of the table: STEP(event, next state, action). */
#define STEP(event, next, action) [EVENT_##event] = {SESSION_##next, ACTION_##action}

/* The client may go, and the gate may end it, at any time before it is authenticated. */
#define ANY_EARLY STEP(CLIENT_EOF, CLOSED, CLOSE), STEP(GATE_FAIL, CLOSING, REFUSE)
/* While the server is asked on behalf of a client that must wait. */
#define ANY_EARLY_SERVER ANY_EARLY, STEP(SERVER_EOF, CLOSING, REFUSE)
/* What a server may say at any time during authentication. */
#define ANY_AUTH ANY_EARLY_SERVER, STEP(SERVER_ERROR, LEAVING, FORWARD)

/* What both may send once the session stands, whatever it does: each stays in `state` unless
 * another row of that state says more. The server ignores COPY messages that come after an error,
 * and keeps its own order of requests: the gate does not judge it here. */
#define ANY_CLIENT_COPY(state)                                                                     \
    STEP(CLIENT_COPY_DATA, state, FORWARD), STEP(CLIENT_COPY_DONE, state, FORWARD),                \
        STEP(CLIENT_COPY_FAIL, state, FORWARD)
#define ANY_REQUEST(state)                                                                         \
    STEP(CLIENT_QUERY, state, FORWARD), STEP(CLIENT_PARSE, state, FORWARD),                        \
        STEP(CLIENT_BIND, state, FORWARD), STEP(CLIENT_EXECUTE, state, FORWARD),                   \
        STEP(CLIENT_DESCRIBE, state, FORWARD), STEP(CLIENT_CLOSE, state, FORWARD),                 \
        STEP(CLIENT_FLUSH, state, FORWARD), STEP(CLIENT_SYNC, state, FORWARD),                     \
        STEP(CLIENT_FUNCTION_CALL, state, FORWARD), STEP(CLIENT_TERMINATE, LEAVING, HALF_CLOSE),   \
        STEP(CLIENT_EOF, LEAVING, HALF_CLOSE)
#define ANY_ASYNC(state)                                                                           \
    STEP(SERVER_NOTICE, state, FORWARD), STEP(SERVER_NOTIFICATION, state, FORWARD),                \
        STEP(SERVER_PARAMETER_STATUS, state, FORWARD), STEP(SERVER_EOF, CLOSING, FINISH),          \
        STEP(GATE_FAIL, CLOSING, REFUSE)
#define ANY_RESULT                                                                                 \
    STEP(SERVER_ROW_DESCRIPTION, BUSY, FORWARD), STEP(SERVER_DATA_ROW, BUSY, FORWARD),             \
        STEP(SERVER_COMMAND_COMPLETE, BUSY, FORWARD), STEP(SERVER_ERROR, BUSY, FORWARD),           \
        STEP(SERVER_PARSE_COMPLETE, BUSY, FORWARD), STEP(SERVER_BIND_COMPLETE, BUSY, FORWARD),     \
        STEP(SERVER_CLOSE_COMPLETE, BUSY, FORWARD), STEP(SERVER_PORTAL_SUSPENDED, BUSY, FORWARD),  \
        STEP(SERVER_NO_DATA, BUSY, FORWARD), STEP(SERVER_PARAMETER_DESCRIPTION, BUSY, FORWARD),    \
        STEP(SERVER_EMPTY_QUERY, BUSY, FORWARD), STEP(SERVER_FUNCTION_RESULT, BUSY, FORWARD),      \
        STEP(SERVER_COPY_IN, COPY_IN, FORWARD), STEP(SERVER_COPY_OUT, COPY_OUT, FORWARD),          \
        STEP(SERVER_COPY_BOTH, COPY_BOTH, FORWARD), STEP(SERVER_READY, IDLE, FORWARD),             \
        STEP(SERVER_READY_MORE, BUSY, FORWARD)

const struct session_step session_table[SESSION_STATE_COUNT][SESSION_EVENT_COUNT] = {
    [SESSION_PROXY_HEADER] = {ANY_EARLY, STEP(CLIENT_PROXY_HEADER, GREETING, GREET)},
    [SESSION_GREETING] = {ANY_EARLY, STEP(CLIENT_STARTUP, CONNECTING, CONNECT),
                          STEP(CLIENT_SSL_REQUEST, GREETING, ANSWER_TLS),
                          STEP(CLIENT_GSS_REQUEST, GREETING, ANSWER_GSS),
                          STEP(CLIENT_CANCEL, CANCEL_CONNECTING, CANCEL),
                          STEP(CLIENT_DIRECT_TLS, CLIENT_TLS, START_CLIENT_TLS)},
    [SESSION_CLIENT_TLS] = {ANY_EARLY, STEP(GATE_CLIENT_TLS_DONE, GREETING_TLS, NONE)},
    [SESSION_GREETING_TLS] = {ANY_EARLY, STEP(CLIENT_STARTUP, CONNECTING, CONNECT),
                              STEP(CLIENT_CANCEL, CANCEL_CONNECTING, CANCEL)},
    [SESSION_CONNECTING] = {ANY_EARLY_SERVER, STEP(GATE_CONNECTED, AUTH, SEND_STARTUP),
                            STEP(GATE_CONNECTED_TLS, SERVER_TLS_ASKED, SEND_SSL_REQUEST)},
    [SESSION_SERVER_TLS_ASKED] = {ANY_EARLY_SERVER,
                                  STEP(SERVER_TLS_YES, SERVER_TLS, START_SERVER_TLS),
                                  STEP(SERVER_TLS_NO, CLOSING, REFUSE)},
    [SESSION_SERVER_TLS] = {ANY_EARLY_SERVER, STEP(GATE_SERVER_TLS_DONE, AUTH, SEND_STARTUP)},
    [SESSION_AUTH] = {ANY_AUTH, STEP(SERVER_NEGOTIATE_VERSION, AUTH, FORWARD),
                      STEP(SERVER_NOTICE, AUTH, FORWARD),
                      STEP(SERVER_AUTH_ASKS, AUTH_CLIENT, FORWARD),
                      STEP(SERVER_AUTH_SCRAM, SCRAM_VERIFIER, FETCH_VERIFIER),
                      STEP(SERVER_AUTH_OK, RECORDING, RECORD)},
    [SESSION_AUTH_CLIENT] = {ANY_AUTH, STEP(CLIENT_PASSWORD, AUTH_ANSWERED, FORWARD)},
    [SESSION_AUTH_ANSWERED] = {ANY_AUTH, STEP(SERVER_NOTICE, AUTH_ANSWERED, FORWARD),
                               STEP(SERVER_AUTH_ASKS, AUTH_CLIENT, FORWARD),
                               STEP(SERVER_AUTH_SASL_CONTINUE, AUTH_CLIENT, FORWARD),
                               STEP(SERVER_AUTH_SASL_FINAL, AUTH_ANSWERED, FORWARD),
                               STEP(SERVER_AUTH_OK, RECORDING, RECORD)},
    [SESSION_SCRAM_VERIFIER] = {ANY_EARLY_SERVER,
                                STEP(GATE_VERIFIER, SCRAM_CLIENT_FIRST, OFFER_SCRAM)},
    [SESSION_SCRAM_CLIENT_FIRST] = {ANY_AUTH,
                                    STEP(CLIENT_PASSWORD, SCRAM_CLIENT_FINAL, SCRAM_CLIENT_FIRST)},
    [SESSION_SCRAM_CLIENT_FINAL] = {ANY_AUTH,
                                    STEP(CLIENT_PASSWORD, SCRAM_SERVER_FIRST, SCRAM_CLIENT_FINAL)},
    [SESSION_SCRAM_SERVER_FIRST] = {ANY_AUTH, STEP(SERVER_AUTH_SASL_CONTINUE, SCRAM_SERVER_FINAL,
                                                   SCRAM_SERVER_FIRST)},
    [SESSION_SCRAM_SERVER_FINAL] = {ANY_AUTH, STEP(SERVER_AUTH_SASL_FINAL, SCRAM_SERVER_OK,
                                                   SCRAM_SERVER_FINAL)},
    [SESSION_SCRAM_SERVER_OK] = {ANY_AUTH, STEP(SERVER_AUTH_OK, RECORDING, RECORD)},
    [SESSION_RECORDING] = {ANY_EARLY_SERVER, STEP(GATE_RECORDED, STARTING, ADMIT),
                           STEP(GATE_UNCATALOGED, HEARING, HEAR)},
    /* an error is the server's own; all else says that it would have let the client in */
    [SESSION_HEARING] = {ANY_AUTH, STEP(SERVER_NOTICE, HEARING, NONE),
                         STEP(SERVER_PARAMETER_STATUS, CLOSING, REFUSE),
                         STEP(SERVER_KEY_DATA, CLOSING, REFUSE),
                         STEP(SERVER_NEGOTIATE_VERSION, CLOSING, REFUSE),
                         STEP(SERVER_READY, CLOSING, REFUSE)},
    [SESSION_STARTING] = {ANY_ASYNC(STARTING), STEP(SERVER_KEY_DATA, STARTING, KEY_DATA),
                          STEP(SERVER_NEGOTIATE_VERSION, STARTING, FORWARD),
                          STEP(SERVER_ERROR, LEAVING, FORWARD), STEP(CLIENT_EOF, CLOSED, CLOSE),
                          STEP(SERVER_READY, IDLE, FORWARD)},
    [SESSION_IDLE] = {ANY_CLIENT_COPY(IDLE), ANY_REQUEST(BUSY), ANY_ASYNC(IDLE),
                      STEP(SERVER_ERROR, IDLE, FORWARD)},
    [SESSION_BUSY] = {ANY_CLIENT_COPY(BUSY), ANY_REQUEST(BUSY), ANY_ASYNC(BUSY), ANY_RESULT},
    [SESSION_COPY_IN] = {ANY_CLIENT_COPY(COPY_IN), ANY_REQUEST(COPY_IN), ANY_ASYNC(COPY_IN),
                         STEP(SERVER_COMMAND_COMPLETE, BUSY, FORWARD),
                         STEP(SERVER_ERROR, BUSY, FORWARD)},
    [SESSION_COPY_OUT] = {ANY_CLIENT_COPY(COPY_OUT), ANY_REQUEST(COPY_OUT), ANY_ASYNC(COPY_OUT),
                          STEP(SERVER_COPY_DATA, COPY_OUT, FORWARD),
                          STEP(SERVER_COPY_DONE, BUSY, FORWARD), STEP(SERVER_ERROR, BUSY, FORWARD)},
    [SESSION_COPY_BOTH] = {ANY_CLIENT_COPY(COPY_BOTH), ANY_REQUEST(COPY_BOTH), ANY_ASYNC(COPY_BOTH),
                           STEP(SERVER_COPY_DATA, COPY_BOTH, FORWARD),
                           /* a keepalive may follow it: the end is CommandComplete */
                           STEP(SERVER_COPY_DONE, COPY_BOTH, FORWARD),
                           STEP(SERVER_ROW_DESCRIPTION, BUSY, FORWARD),
                           STEP(SERVER_ERROR, BUSY, FORWARD),
                           STEP(SERVER_COMMAND_COMPLETE, BUSY, FORWARD)},
    [SESSION_LEAVING] = {[EVENT_SERVER_PARAMETER_STATUS... EVENT_SERVER_NEGOTIATE_VERSION] =
                             {SESSION_LEAVING, ACTION_FORWARD},
                         STEP(SERVER_READY_MORE, LEAVING, FORWARD),
                         STEP(SERVER_KEY_DATA, LEAVING, FORWARD),
                         STEP(SERVER_EOF, CLOSING, FINISH),
                         STEP(CLIENT_EOF, CLOSED, CLOSE),
                         STEP(GATE_FAIL, CLOSING, REFUSE)},
    [SESSION_CANCEL_CONNECTING] = {ANY_EARLY, STEP(SERVER_EOF, CLOSED, CLOSE),
                                   STEP(GATE_CONNECTED, CANCEL_SENT, SEND_CANCEL),
                                   STEP(GATE_CONNECTED_TLS, CANCEL_TLS_ASKED, SEND_SSL_REQUEST)},
    [SESSION_CANCEL_TLS_ASKED] = {ANY_EARLY, STEP(SERVER_EOF, CLOSED, CLOSE),
                                  STEP(SERVER_TLS_YES, CANCEL_TLS, START_SERVER_TLS),
                                  STEP(SERVER_TLS_NO, CLOSED, CLOSE)},
    [SESSION_CANCEL_TLS] = {ANY_EARLY, STEP(SERVER_EOF, CLOSED, CLOSE),
                            STEP(GATE_SERVER_TLS_DONE, CANCEL_SENT, SEND_CANCEL)},
    [SESSION_CANCEL_SENT] = {ANY_EARLY, STEP(SERVER_EOF, CLOSED, CLOSE)},
    [SESSION_CLOSING] = {STEP(CLIENT_EOF, CLOSED, CLOSE), STEP(SERVER_EOF, CLOSING, NONE),
                         STEP(GATE_FLUSHED, CLOSED, CLOSE), STEP(GATE_FAIL, CLOSED, CLOSE)},
    [SESSION_CLOSED] = {STEP(CLIENT_EOF, CLOSED, NONE), STEP(SERVER_EOF, CLOSED, NONE),
                        STEP(GATE_FAIL, CLOSED, NONE), STEP(GATE_FLUSHED, CLOSED, NONE)},
};

struct session_step
session_step(enum session_state state, enum session_event event)
{
    return session_table[state][event];
}

static const char *const names[SESSION_STATE_COUNT] = {
#define STATE(name_, text_, who_, meaning_) text_,
#include "postgres/session_state.def"
#undef STATE
};

const uint8_t session_reads[SESSION_STATE_COUNT] = {
#define STATE(name_, text_, who_, meaning_) READS_##who_,
#include "postgres/session_state.def"
#undef STATE
};

const char *
session_state_name(enum session_state state)
{
    return names[state];
}

/* All bytes are junk, but for those of the registry, which overwrite: what the pragma allows. */
#pragma GCC diagnostic push
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#else
#pragma GCC diagnostic ignored "-Woverride-init"
#endif
const uint8_t session_client_event[256] = {
    [0 ... 255] = EVENT_CLIENT_JUNK,
#define FRONTEND(name, byte, text) [(uint8_t) byte] = EVENT_CLIENT_##name,
#include "postgres/message.def"
};

const uint8_t session_server_event[256] = {
    [0 ... 255] = EVENT_SERVER_JUNK,
#define BACKEND(name, byte, text) [(uint8_t) byte] = EVENT_SERVER_##name,
#include "postgres/message.def"
};
#pragma GCC diagnostic pop
