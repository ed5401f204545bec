/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/message.h"
#include "ledger/metrics.h"

#define TABLE(name, ...)                                                                           \
    const struct channel_rule message_rules_##name[] = {__VA_ARGS__};                              \
    const size_t message_rules_##name##_count = COUNT_OF(message_rules_##name)
#define PLAIN(type, body)                                                                          \
    {                                                                                              \
        MESSAGE_##type, sizeof(struct body), false                                                 \
    }
#define WITH_FD(type, body)                                                                        \
    {                                                                                              \
        MESSAGE_##type, sizeof(struct body), true                                                  \
    }

TABLE(gate_from_supervisor, WITH_FD(PEER, message_empty), WITH_FD(CONFIG, message_generation),
      PLAIN(COMMIT, message_generation), PLAIN(ABANDON, message_generation),
      PLAIN(DRAIN, message_empty), PLAIN(STOP, message_empty), PLAIN(PING, message_empty),
      WITH_FD(LISTENER, message_listener), PLAIN(UPSTREAM, message_upstream),
      PLAIN(OFFER, message_empty), WITH_FD(SEGMENT, message_segment),
      PLAIN(NO_SEGMENT, message_result), WITH_FD(IDENTITY, message_empty),
      WITH_FD(ROSTER, message_generation), WITH_FD(SOURCES, message_generation));

TABLE(keeper_from_supervisor, WITH_FD(PEER, message_empty), WITH_FD(CONFIG, message_generation),
      PLAIN(COMMIT, message_generation), PLAIN(ABANDON, message_generation),
      PLAIN(STOP, message_empty), PLAIN(PING, message_empty), PLAIN(PROCESS, message_process),
      WITH_FD(HERALD, message_empty), WITH_FD(ROSTER, message_generation),
      PLAIN(REFUSED, message_refused), PLAIN(TOLD, message_told), PLAIN(FINDING, message_finding),
      PLAIN(WATCHED, message_watched));

TABLE(gate_from_keeper, PLAIN(RECORDED, message_result), PLAIN(SESSIONS_ASK, message_ask),
      PLAIN(STATUS_ASK, message_ask), PLAIN(KILL, message_kill),
      PLAIN(REQUESTED, message_requested), PLAIN(DECIDED, message_decided),
      PLAIN(PERSON_ASK, message_person), PLAIN(TRY, message_try), PLAIN(MEASURE, message_empty),
      PLAIN(MARKS_ASK, message_ask), PLAIN(CLEAR, message_clear));

TABLE(keeper_from_gate, PLAIN(OPENED, message_session), PLAIN(ANNOUNCE, message_session),
      PLAIN(CLOSED, message_closed), PLAIN(REFUSED, message_refused),
      PLAIN(SESSION, message_session_status), PLAIN(SESSIONS_END, message_sessions_end),
      PLAIN(STATUS, message_status), PLAIN(TALLY, message_tally), PLAIN(LOST, message_lost),
      PLAIN(CENSUS, message_census), PLAIN(BYPASS, message_bypass), PLAIN(BACKEND, message_backend),
      PLAIN(OWNERLESS, message_ownerless), PLAIN(ALERT, message_alert),
      PLAIN(REQUEST, message_request), PLAIN(CONCLUDED, message_concluded),
      PLAIN(PERSON, message_person), PLAIN(TRIED, message_tried), PLAIN(METRICS, message_metrics),
      PLAIN(MARKED, message_marked), PLAIN(CLEARED, message_clear));

TABLE(supervisor_from_gate, PLAIN(READY, message_empty), PLAIN(PREPARED, message_result),
      PLAIN(PONG, message_empty), PLAIN(DRAINED, message_empty), PLAIN(RESOLVE, message_gateway),
      PLAIN(PROGRESS, message_progress), PLAIN(UNREAD, message_result),
      PLAIN(SEGMENT_ASK, message_segment_ask), PLAIN(ROSTERED, message_result));

TABLE(supervisor_from_keeper, PLAIN(READY, message_empty), PLAIN(PREPARED, message_result),
      PLAIN(PONG, message_empty), PLAIN(PROGRESS, message_progress));

TABLE(keeper_from_herald, PLAIN(PROVE, message_prove), PLAIN(TARGET, message_target),
      PLAIN(CONTRADICTED, message_contradicted), PLAIN(DELIVERED, message_delivered));

TABLE(herald_from_supervisor, WITH_FD(PEER, message_empty), PLAIN(STOP, message_empty),
      PLAIN(PING, message_empty), PLAIN(UPSTREAM, message_upstream));

TABLE(herald_from_keeper, PLAIN(CHECKPOINT, message_checkpoint), PLAIN(PROOF, message_proof),
      PLAIN(DELIVER, message_delivery), PLAIN(METRICS, message_metrics),
      PLAIN(STOP, message_empty));

TABLE(supervisor_from_herald, PLAIN(PONG, message_empty), PLAIN(RESOLVE, message_gateway));

TABLE(registrar_from_supervisor, PLAIN(STOP, message_empty), PLAIN(PING, message_empty),
      PLAIN(ENROLLED, message_result));

TABLE(supervisor_from_registrar, PLAIN(PONG, message_empty), PLAIN(ENROLL, message_generation),
      PLAIN(REFUSED, message_refused), PLAIN(TOLD, message_told));

TABLE(console_from_supervisor, WITH_FD(PEER, message_empty), PLAIN(STOP, message_empty),
      PLAIN(PING, message_empty));

TABLE(clerk_from_supervisor, WITH_FD(PEER, message_empty), PLAIN(STOP, message_empty),
      PLAIN(PING, message_empty));

TABLE(supervisor_from_console, PLAIN(PONG, message_empty));

TABLE(clerk_from_console, PLAIN(CODE_WANTED, message_code_wanted),
      PLAIN(CODE_GIVEN, message_code_given), PLAIN(LOOK, message_look),
      PLAIN(LEAVE, message_leave));

TABLE(console_from_clerk, PLAIN(CODE_JUDGED, message_code_judged), WITH_FD(SEEN, message_result),
      PLAIN(UNSEEN, message_result));

TABLE(indexer_from_supervisor, PLAIN(STOP, message_empty), PLAIN(PING, message_empty));

TABLE(supervisor_from_indexer, PLAIN(READY, message_empty), PLAIN(PONG, message_empty));

TABLE(watcher_from_supervisor, PLAIN(STOP, message_empty), PLAIN(PING, message_empty));

TABLE(supervisor_from_watcher, PLAIN(PONG, message_empty), PLAIN(FINDING, message_finding),
      PLAIN(WATCHED, message_watched));
