/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/keeper.h"

#include "base/memory.h"
#include "base/sandbox.h"
#include "config/load.h"
#include "ledger/approvals.h"
#include "ledger/certify.h"
#include "ledger/clearing.h"
#include "ledger/control_answer.h"
#include "ledger/courier.h"
#include "ledger/deed.h"
#include "ledger/in_force.h"
#include "ledger/intake.h"
#include "ledger/leavers.h"
#include "ledger/measure.h"
#include "ledger/others.h"
#include "ledger/prune.h"
#include "ledger/publisher.h"
#include "ledger/take_keys.h"
#include "ledger/trials.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#define TELL_EVERY (5 * NANOSECONDS_PER_SECOND)

enum {
    FIXED_POLLS = 4,         /* supervisor, gate, its rings, herald */
    TICK_MILLISECONDS = 200, /* while a command waits for its answer */
};

struct keeper {
    struct log log;
    const struct os *os;
    struct channel supervisor, gate;
    struct message_result
        answer; /* to OPENED, that the gate has not taken yet, and reads no other */
    bool has_answer;
    struct record_keeping records;
    struct intake intake;
    struct prune prune;
    struct control control;
    struct in_force prepared, in_force;
    struct publisher publisher;
    struct courier courier;
    struct leavers leavers;
    struct approvers approvers;
    struct approvals approvals;
    struct trials trials;
    struct measure measure;
    struct others others;
    bool is_prepared, is_ready, is_stopping;
    int64_t told; /* monotonic: when the supervisor last heard how far the ledger is read */
};

/* ---- the gate's channel ---- */

enum { MESSAGES_ROUND = 64, ALL = 1 << 30 };

static void read_channel(struct keeper *k, struct channel *channel, bool is_supervisor, int most);

static void
lose_gate(struct keeper *k)
{
    channel_close(&k->gate);
    k->has_answer = false;
    record_gate_lost(&k->records);
    approvals_gate_lost(&k->approvals);
}

static void
take_gate(struct keeper *k, int fd)
{
    /* What a former gate said last may not have been read yet. */
    if (k->gate.fd >= 0)
        read_channel(k, &k->gate, false, ALL);
    if (k->gate.fd >= 0)
        lose_gate(k);
    channel_init(&k->gate, fd, message_rules_keeper_from_gate,
                 message_rules_keeper_from_gate_count);
    trials_gate(&k->trials, &k->gate);
}

/* ---- the supervisor's messages ---- */

static void
tell_supervisor(struct keeper *k, uint32_t type, const void *body, size_t length)
{
    if (channel_send(&k->supervisor, type, body, length, -1) == PASU_E_EOF)
        k->is_stopping = true;
}

static void
prepare(struct keeper *k, const struct channel_message *message)
{
    struct message_generation generation;
    struct message_result answer = {0};
    struct config *config = NULL;

    memcpy(&generation, message->body, sizeof(generation));
    answer.id = generation.generation;
    answer.error = config_unpack_fd(&config, message->fd);
    if (answer.error == 0)
        answer.error = in_force_of(&k->prepared, config, generation.generation);
    if (answer.error == 0 && !k->is_ready) /* another key needs another keeper */
        answer.error = take_keys(&k->records.keys, config);
    k->is_prepared = answer.error == 0;
    config_free(config);
    tell_supervisor(k, MESSAGE_PREPARED, &answer, sizeof(answer));
}

/* However long the ledger takes to be walked over: whoever still reads lives. */
static void
tell_progress(void *arg, uint64_t done, uint64_t all)
{
    struct keeper *k = arg;
    struct message_progress message = {done, all};
    int64_t now = os_monotonic(k->os);

    if (now - k->told < TELL_EVERY)
        return;
    k->told = now;
    tell_supervisor(k, MESSAGE_PROGRESS, &message, sizeof(message));
}

static void
record_in_force(struct keeper *k)
{
    if (in_force_record(&k->in_force, &k->records) != 0) {
        /* logged, and counted in the gap */
    }
    leavers_roster(&k->leavers);
}

static void
take_roster(struct keeper *k, int fd)
{
    int result = in_force_take_roster(&k->in_force, fd);

    if (result == 0 && k->is_ready)
        result = in_force_record_roster(&k->in_force, &k->records);
    if (result != 0)
        LOG_EVENT(&k->log, INTERNAL, F_TEXT("error", error_text(result)), F_TEXT("what", "roster"));
    leavers_roster(&k->leavers);
}

static void
commit(struct keeper *k)
{
    struct message_empty empty = {0};
    int opened;

    if (k->is_prepared)
        k->in_force = k->prepared;
    k->is_prepared = false;
    k->records.durability = k->in_force.durability;
    decoys_name(&k->records.decoys, &k->in_force.vocabulary);
    prune_set(&k->prune, k->in_force.retention);
    courier_set(&k->courier, &k->in_force.alerts);
    approvals_set(&k->approvals, k->in_force.approvals_within);
    k->measure.is_wanted = k->in_force.has_metrics;
    if (k->is_ready) {
        record_in_force(k);
        return;
    }
    k->told = os_monotonic(k->os);
    opened = record_open(&k->records);
    /* Damage, or a key that is gone or another, is for people to look at: no session without a
     * record. */
    if (opened == PASU_E_CORRUPT || opened == PASU_E_NOTFOUND || opened == PASU_E_LEDGER_KEY ||
        opened == PASU_E_LEDGER_FORGED || opened == PASU_E_DENIED ||
        sandbox_enter(SANDBOX_KEEPER) != 0) {
        k->is_stopping = true;
        return;
    }
    courier_look(&k->courier, os_monotonic(k->os));
    /* What a former keeper did not come to comes before anything new. */
    if (intake_take(&k->intake) != 0) {
        /* logged, and tried again */
    }
    record_in_force(k);
    k->is_ready = true;
    tell_supervisor(k, MESSAGE_READY, &empty, sizeof(empty));
}

static void
set_process(struct keeper *k, const struct channel_message *message)
{
    struct message_process process;

    memcpy(&process, message->body, sizeof(process));
    process.name[sizeof(process.name) - 1] = '\0';
    measure_process(&k->measure, &process);
    others_process(&k->others, &process);
}

/* By the registrar, which has no channel to us: who was refused, and what it was told. */
static void
take_told(struct keeper *k, const struct channel_message *message)
{
    struct message_refused refused;
    struct message_told told;
    int result = PASU_E_UNAVAILABLE;

    if (!k->is_ready) {
        LOG_EVENT(&k->log, INTERNAL, F_TEXT("error", error_text(result)), F_TEXT("what", "scim"));
    } else if (message->type == MESSAGE_REFUSED) {
        memcpy(&refused, message->body, sizeof(refused));
        result = record_refused(&k->records, &refused);
    } else {
        memcpy(&told, message->body, sizeof(told));
        result = record_told(&k->records, &told);
    }
    (void)result; /* it is logged, and counted in the gap */
}

static void
from_supervisor(struct keeper *k, struct channel_message *message)
{
    struct message_empty empty = {0};

    switch ((enum message_type)message->type) {
    case MESSAGE_CONFIG:
        prepare(k, message);
        break;
    case MESSAGE_COMMIT:
        commit(k);
        break;
    case MESSAGE_ABANDON:
        k->is_prepared = false;
        break;
    case MESSAGE_PEER:
        take_gate(k, message->fd);
        message->fd = -1;
        break;
    case MESSAGE_HERALD:
        publisher_take(&k->publisher, message->fd);
        message->fd = -1;
        break;
    case MESSAGE_ROSTER:
        take_roster(k, message->fd);
        break;
    case MESSAGE_REFUSED:
    case MESSAGE_TOLD:
        take_told(k, message);
        break;
    case MESSAGE_FINDING:
        record_finding(&k->records, (const void *)message->body);
        break;
    case MESSAGE_WATCHED:
        others_watched(&k->others, message);
        break;
    case MESSAGE_PROCESS:
        set_process(k, message);
        break;
    case MESSAGE_PING:
        others_heard(&k->others, k->os);
        tell_supervisor(k, MESSAGE_PONG, &empty, sizeof(empty));
        break;
    case MESSAGE_STOP:
        k->is_stopping = true;
        break;
    default: /* the table lets nothing else through */
        break;
    }
    if (message->fd >= 0)
        close(message->fd);
}

/* ---- the gate's messages ---- */

/* False while the gate does not take it: then nothing more is read of it. */
static bool
send_answer(struct keeper *k)
{
    if (k->has_answer)
        k->has_answer = channel_send(&k->gate, MESSAGE_RECORDED, &k->answer, sizeof(k->answer),
                                     -1) == PASU_E_AGAIN;
    return !k->has_answer;
}

static void
take_opened(struct keeper *k, const struct channel_message *message)
{
    struct message_session session;

    memcpy(&session, message->body, sizeof(session));
    k->answer = (struct message_result){.id = session.session,
                                        .error = record_opened(&k->records, &session)};
    k->has_answer = true;
    if (!send_answer(k)) {
        /* when there is room */
    }
}

static void
take_lost(struct keeper *k, const struct channel_message *message)
{
    struct message_lost lost;

    memcpy(&lost, message->body, sizeof(lost));
    record_lost_by_gate(&k->records, lost.count, lost.since);
}

static void
take_record(struct keeper *k, const struct channel_message *message)
{
    struct message_session session;
    struct message_closed closed;
    struct message_refused refused;
    int result = 0;

    if (message->type == MESSAGE_CLOSED) {
        memcpy(&closed, message->body, sizeof(closed));
        intake_append(&k->intake); /* what the session was shown comes before its end */
        result = record_closed(&k->records, &closed);
    } else if (message->type == MESSAGE_REFUSED) {
        memcpy(&refused, message->body, sizeof(refused));
        result = record_refused(&k->records, &refused);
        leavers_refused(&k->leavers, &refused);
        measure_refused(&k->measure, refused.error);
    } else {
        memcpy(&session, message->body, sizeof(session));
        record_announced(&k->records, &session);
    }
    if (result != 0) {
        /* logged; what it tells of is over all the same */
    }
}

/* What the servers say of sessions: of ours, and beside those that we know of. */
static void
take_census(struct keeper *k, const struct channel_message *message)
{
    enum segment_type type = message->type == MESSAGE_CENSUS   ? SEGMENT_CENSUS
                             : message->type == MESSAGE_BYPASS ? SEGMENT_BYPASS
                                                               : SEGMENT_BACKEND;
    union payload_body body;

    memcpy(&body, message->body, message->length); /* the table says that it is one of these */
    if (type == SEGMENT_BYPASS && trials_bypass(&k->trials, &body.bypass))
        body.bypass.verdict = VERDICT_OF_ALLOW; /* a test: nobody is told */
    if (type == SEGMENT_BACKEND)
        visitors_recorded(&k->trials.visitors, &body.backend);
    record_census(&k->records, type, &body);
}

static void
take_alert(struct keeper *k, const struct channel_message *message)
{
    struct message_alert alert;

    memcpy(&alert, message->body, sizeof(alert));
    record_alert(&k->records, &alert);
}

static void
from_gate(struct keeper *k, const struct channel_message *message)
{
    switch ((enum message_type)message->type) {
    case MESSAGE_OPENED:
        take_opened(k, message);
        break;
    case MESSAGE_CLOSED:
    case MESSAGE_REFUSED:
    case MESSAGE_ANNOUNCE:
        take_record(k, message);
        break;
    case MESSAGE_LOST:
        take_lost(k, message);
        break;
    case MESSAGE_CENSUS:
    case MESSAGE_BYPASS:
    case MESSAGE_BACKEND:
        take_census(k, message);
        break;
    case MESSAGE_OWNERLESS:
        leavers_ownerless(&k->leavers, message);
        break;
    case MESSAGE_ALERT:
        take_alert(k, message);
        break;
    case MESSAGE_REQUEST:
        approvals_request(&k->approvals, &k->gate, message);
        break;
    case MESSAGE_CONCLUDED:
        approvals_concluded(&k->approvals, message);
        break;
    case MESSAGE_PERSON:
        approvals_person(&k->approvals, &k->control, &k->gate, message);
        break;
    case MESSAGE_METRICS:
        measure_take(&k->measure, message);
        break;
    case MESSAGE_TRIED:
        trials_take(&k->trials, message);
        break;
    case MESSAGE_SESSION:
    case MESSAGE_SESSIONS_END:
    case MESSAGE_TALLY:
    case MESSAGE_STATUS:
        control_answer(&k->control, message);
        break;
    default:
        clearing_take(&k->control, &k->intake, &k->gate, message);
    }
}

/* ---- commands ---- */

static int
forward_kill(struct keeper *k, const struct control_client *client)
{
    struct message_kill message = {.question = client->question,
                                   .session = client->request.session};
    union payload_body body = {
        .killed = {.session = message.session, .uid = client->uid, .pid = client->pid}};
    int result;

    memcpy(message.principal, client->request.principal, sizeof(message.principal));
    memcpy(body.killed.principal, client->request.principal, sizeof(body.killed.principal));
    result = record_other(&k->records, SEGMENT_KILLED, &body);
    LOG_EVENT(&k->log, CONTROL_COMMAND, F_TEXT("command", "kill"),
              F_HEX("session", message.session), F_TEXT("principal", message.principal),
              F_UINT("uid", client->uid), F_UINT("pid", client->pid),
              F_TEXT("record", error_text(result)));
    /* To end a session is never wrong: a ledger that cannot be written does not stop it. */
    return channel_send(&k->gate, MESSAGE_KILL, &message, sizeof(message), -1);
}

static void
ask_gate(void *arg, struct control_client *client)
{
    struct keeper *k = arg;
    struct message_ask ask = {.question = client->question};
    int result = PASU_E_PROTOCOL;

    if (!approvals_may(&k->approvals, client)) {
        control_refuse(&k->control, client);
        return;
    }
    if (approvals_ask(&k->approvals, &k->gate, client) || deed_do(client, &k->intake) ||
        certify_ask(&k->records, client) || trials_ask(&k->trials, client, &k->gate) ||
        clearing_ask(client, &k->gate))
        return;
    if (client->request.verb == CONTROL_STATUS) {
        others_show(&k->others, &k->records, client);
        publisher_show(&k->publisher, client);
        deed_show_clocks(client, &k->records.clocks);
        result = channel_send(&k->gate, MESSAGE_STATUS_ASK, &ask, sizeof(ask), -1);
    } else if (client->request.verb == CONTROL_SESSIONS) {
        result = channel_send(&k->gate, MESSAGE_SESSIONS_ASK, &ask, sizeof(ask), -1);
    } else if (client->request.verb == CONTROL_KILL) {
        result = forward_kill(k, client);
    }
    if (result != 0)
        control_end(client, result == PASU_E_PROTOCOL ? result : PASU_E_UNAVAILABLE, 0);
}

/* ---- the loop ---- */

static void
read_channel(struct keeper *k, struct channel *channel, bool is_supervisor, int most)
{
    struct channel_message message; /* not shared: take_gate reads inside a read */
    int fd = channel->fd;

    for (int n = 0; n < most && !k->is_stopping && channel->fd == fd; n++) {
        int result;

        if (!is_supervisor && !send_answer(k))
            return;
        result = channel_receive(channel, &message);
        if (result == PASU_E_AGAIN)
            return;
        if (result == PASU_E_PROTOCOL) {
            LOG_EVENT(&k->log, MESSAGE_REFUSED, F_UINT("type", message.type));
            continue;
        }
        if (result != 0) {
            if (is_supervisor)
                k->is_stopping = true;
            else
                lose_gate(k); /* a new one comes with a new channel */
            return;
        }
        if (is_supervisor)
            from_supervisor(k, &message);
        else
            from_gate(k, &message);
    }
}

static void
serve(struct keeper *k)
{
    struct pollfd polls[FIXED_POLLS + 1 + CONTROL_CLIENTS_MAX];

    while (!k->is_stopping) {
        size_t count;
        int timeout = approvals_wait(&k->approvals, os_monotonic(k->os),
                                     record_wait(&k->records, TICK_MILLISECONDS));

        if (k->is_ready)
            timeout =
                courier_wait(&k->courier, prune_wait(&k->prune, intake_wait(&k->intake, timeout)));
        polls[0] = (struct pollfd){.fd = k->supervisor.fd, .events = POLLIN};
        polls[1] = (struct pollfd){.fd = k->gate.fd, .events = k->has_answer ? POLLOUT : POLLIN};
        polls[2] = (struct pollfd){.fd = k->is_ready ? k->intake.wake : -1, .events = POLLIN};
        polls[3] = (struct pollfd){.fd = k->publisher.herald.fd, .events = POLLIN};
        count = k->is_ready ? control_polls(&k->control, polls + FIXED_POLLS) : 0;
        if (poll(polls, FIXED_POLLS + count, timeout) < 0 && errno != EINTR)
            break;
        if (polls[0].revents)
            read_channel(k, &k->supervisor, true, MESSAGES_ROUND);
        if (polls[1].revents && k->gate.fd == polls[1].fd)
            read_channel(k, &k->gate, false, MESSAGES_ROUND);
        if (polls[2].revents)
            intake_woken(&k->intake);
        if (k->is_ready)
            intake_look(&k->intake, os_monotonic(k->os));
        if (count > 0)
            control_serve(&k->control, polls + FIXED_POLLS, count, ask_gate, k);
        record_look(&k->records, os_monotonic(k->os));
        if (k->is_ready) {
            courier_look(&k->courier, os_monotonic(k->os));
            prune_look(&k->prune, os_monotonic(k->os));
        }
        leavers_look(&k->leavers, os_monotonic(k->os));
        approvals_look(&k->approvals, &k->gate, os_monotonic(k->os));
        if (polls[3].revents)
            publisher_serve(&k->publisher, &k->records);
        publisher_look(&k->publisher, &k->records);
        measure_look(&k->measure, &k->intake, &k->courier, &k->gate, &k->publisher.herald);
        control_look(&k->control, os_monotonic(k->os));
    }
}

int
keeper_main(struct keeper_start *start, const struct log *log)
{
    struct keeper *k = memory_new(1, sizeof(*k));
    int result;

    if (!k)
        return 2;
    k->log = *log;
    k->os = log->os;
    record_init(&k->records, &k->log, start->directory_fd);
    courier_init(&k->courier, &k->records);
    prune_init(&k->prune, &k->records);
    leavers_init(&k->leavers, &k->records);
    k->approvers = start->approvers;
    approvals_init(&k->approvals, &k->records, &k->approvers);
    measure_init(&k->measure, k->os);
    trials_init(&k->trials, k->os, &k->records);
    result = record_set_secret(&k->records, start->secret);
    memory_wipe(start->secret, sizeof(start->secret));
    k->records.watch = (struct segment_watch){.read = tell_progress, .arg = k};
    channel_init(&k->supervisor, start->supervisor_fd, message_rules_keeper_from_supervisor,
                 message_rules_keeper_from_supervisor_count);
    channel_init(&k->gate, -1, message_rules_keeper_from_gate,
                 message_rules_keeper_from_gate_count);
    control_init(&k->control, start->control_fd, &k->approvers, &k->log);
    publisher_init(&k->publisher, &k->log, &k->courier);
    signal(SIGPIPE, SIG_IGN);
    if (result == 0)
        result =
            intake_init(&k->intake, &k->records, start->ring_fd, start->wake_fd, start->durable_fd);
    if (result == 0)
        serve(k);
    else
        LOG_EVENT(&k->log, RING_DAMAGED, F_TEXT("error", error_text(result)));
    /* The gate's last words may still be in its channel, and in its rings. */
    k->is_stopping = false;
    if (k->gate.fd >= 0)
        read_channel(k, &k->gate, false, ALL);
    if (k->is_ready && intake_take(&k->intake) != 0) {
        /* logged; the next keeper takes it */
    }
    prune_release(&k->prune);
    leavers_end(&k->leavers);
    approvals_gate_lost(&k->approvals);
    if (k->is_ready)
        courier_end(&k->courier);
    record_end(&k->records);
    control_release(&k->control); /* nobody waits for an answer while the herald ends */
    publisher_end(&k->publisher, &k->records);
    publisher_close(&k->publisher);
    courier_release(&k->courier);
    record_close(&k->records);
    approvals_release(&k->approvals);
    intake_release(&k->intake);
    channel_close(&k->gate);
    channel_close(&k->supervisor);
    memory_free(k);
    return result == 0 ? 0 : 2;
}
