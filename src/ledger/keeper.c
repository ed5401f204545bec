/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/keeper.h"

#include "base/memory.h"
#include "base/sandbox.h"
#include "config/load.h"
#include "ledger/control.h"
#include "ledger/journal.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PROCESSES_MAX = 4,
    CONFIG_PACKED_MAX = 64 << 20,
    FIXED_POLLS = 2, /* supervisor, gate */
    GROUP_MILLISECONDS = 10,
    TICK_MILLISECONDS = 200, /* while a command waits for its answer */
};

struct keeper {
    struct log log;
    const struct os *os;
    struct channel supervisor, gate;
    int directory;
    struct journal journal;
    struct control control;
    enum durability durability, prepared_durability;
    bool is_prepared, is_ready, is_stopping, has_failed;
    int64_t sync_at; /* monotonic; 0: nothing to make durable */
    struct message_process processes[PROCESSES_MAX];
    size_t process_count;
};

/* ---- the journal ---- */

static int
open_journal(struct keeper *k)
{
    struct journal_report report;
    int result = journal_open(&k->journal, k->os, k->directory, "sessions.journal", &report);

    if (result != 0) {
        if (!k->has_failed)
            LOG_EVENT(&k->log, JOURNAL_FAILED, F_TEXT("error", error_text(result)),
                      F_TEXT("hint", error_hint(result)));
        k->has_failed = true;
        return result;
    }
    LOG_EVENT(&k->log, JOURNAL_OPENED, F_UINT("records", report.records));
    if (report.cut > 0)
        LOG_EVENT(&k->log, JOURNAL_CUT, F_UINT("bytes", report.cut));
    return journal_append(&k->journal, JOURNAL_STARTED, "", 0);
}

static int
append(struct keeper *k, enum journal_type type, const void *payload, size_t length)
{
    int result = k->journal.fd >= 0 ? 0 : open_journal(k);

    if (result == 0)
        result = journal_append(&k->journal, type, payload, length);
    if (result == 0 && k->durability == DURABILITY_STRICT)
        result = journal_sync(&k->journal);
    if (result == 0 && k->durability == DURABILITY_GROUP && k->sync_at == 0)
        k->sync_at = os_monotonic(k->os) + GROUP_MILLISECONDS * NANOSECONDS_PER_MILLISECOND;
    if (result != 0 && !k->has_failed)
        LOG_EVENT(&k->log, JOURNAL_FAILED, F_TEXT("error", error_text(result)),
                  F_TEXT("hint", error_hint(result)));
    k->has_failed = result != 0;
    return result;
}

static void
sync_if_due(struct keeper *k, int64_t now)
{
    int result;

    if (k->sync_at == 0 || now < k->sync_at)
        return;
    k->sync_at = 0;
    result = journal_sync(&k->journal);
    if (result != 0)
        LOG_EVENT(&k->log, JOURNAL_FAILED, F_TEXT("error", error_text(result)));
}

/* ---- the supervisor's messages ---- */

static void
tell_supervisor(struct keeper *k, uint32_t type, const void *body, size_t length)
{
    if (channel_send(&k->supervisor, type, body, length, -1) == PASU_E_EOF)
        k->is_stopping = true;
}

static int
read_durability(int fd, enum durability *durability)
{
    struct config *config = NULL;
    struct stat st;
    uint8_t *bytes;
    size_t have = 0, size;
    int result = 0;

    if (fstat(fd, &st) != 0 || st.st_size <= 0 || st.st_size > CONFIG_PACKED_MAX)
        return PASU_E_MALFORMED;
    size = (size_t)st.st_size;
    bytes = memory_new(size, 1);
    if (!bytes)
        return PASU_E_NOMEM;
    while (have < size && result == 0) {
        ssize_t n = pread(fd, bytes + have, size - have, (off_t)have);

        if (n <= 0)
            result = PASU_E_IO;
        else
            have += (size_t)n;
    }
    if (result == 0)
        result = config_unpack(&config, view_of(bytes, size));
    if (result == 0)
        *durability = config->ledger.durability;
    config_free(config);
    memory_wipe(bytes, size);
    memory_free(bytes);
    return result;
}

static void
prepare(struct keeper *k, const struct channel_message *message)
{
    struct message_generation generation;
    struct message_result answer = {0};

    memcpy(&generation, message->body, sizeof(generation));
    answer.id = generation.generation;
    answer.error = read_durability(message->fd, &k->prepared_durability);
    k->is_prepared = answer.error == 0;
    tell_supervisor(k, MESSAGE_PREPARED, &answer, sizeof(answer));
}

static void
commit(struct keeper *k)
{
    struct message_empty empty = {0};

    if (k->is_prepared)
        k->durability = k->prepared_durability;
    k->is_prepared = false;
    if (k->is_ready)
        return;
    if (open_journal(k) == PASU_E_CORRUPT || sandbox_enter(SANDBOX_KEEPER) != 0) {
        k->is_stopping = true; /* damage is for people to look at: no session without a record */
        return;
    }
    k->is_ready = true;
    tell_supervisor(k, MESSAGE_READY, &empty, sizeof(empty));
}

static void
set_process(struct keeper *k, const struct channel_message *message)
{
    struct message_process process;

    memcpy(&process, message->body, sizeof(process));
    process.name[sizeof(process.name) - 1] = '\0';
    for (size_t i = 0; i < k->process_count; i++)
        if (strcmp(k->processes[i].name, process.name) == 0) {
            k->processes[i] = process;
            return;
        }
    if (k->process_count < PROCESSES_MAX)
        k->processes[k->process_count++] = process;
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
        channel_close(&k->gate);
        channel_init(&k->gate, message->fd, message_rules_keeper_from_gate,
                     message_rules_keeper_from_gate_count);
        message->fd = -1;
        break;
    case MESSAGE_PROCESS:
        set_process(k, message);
        break;
    case MESSAGE_PING:
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

static void
record_opened(struct keeper *k, const struct channel_message *message)
{
    struct message_session session;
    struct message_result answer = {0};

    memcpy(&session, message->body, sizeof(session));
    answer.id = session.session;
    answer.error = append(k, JOURNAL_OPENED, &session, sizeof(session));
    if (channel_send(&k->gate, MESSAGE_RECORDED, &answer, sizeof(answer), -1) != 0) {
        /* a gate that does not read waits for its own limit of time */
    }
}

static void
answer_session(struct keeper *k, const struct channel_message *message)
{
    struct message_session_status line;
    struct control_client *client;

    memcpy(&line, message->body, sizeof(line));
    client = control_find(&k->control, line.question);
    if (client && client->request.verb == CONTROL_SESSIONS)
        control_frame(client, CONTROL_SESSION, &line, sizeof(line));
}

static void
answer_end(struct keeper *k, const struct channel_message *message)
{
    struct message_sessions_end end;
    struct control_client *client;

    memcpy(&end, message->body, sizeof(end));
    client = control_find(&k->control, end.question);
    if (!client || client->request.verb == CONTROL_STATUS)
        return;
    if (client->request.verb == CONTROL_KILL && end.count == 0)
        control_end(client, PASU_E_NOTFOUND, 0);
    else
        control_end(client, 0, end.count);
}

static void
answer_status(struct keeper *k, const struct channel_message *message)
{
    struct message_status status;
    struct control_client *client;

    memcpy(&status, message->body, sizeof(status));
    client = control_find(&k->control, status.question);
    if (!client || client->request.verb != CONTROL_STATUS)
        return;
    control_frame(client, CONTROL_GATE, &status, sizeof(status));
    control_end(client, 0, status.sessions);
}

static void
from_gate(struct keeper *k, const struct channel_message *message)
{
    switch ((enum message_type)message->type) {
    case MESSAGE_OPENED:
        record_opened(k, message);
        break;
    case MESSAGE_CLOSED:
        if (append(k, JOURNAL_CLOSED, message->body, message->length) != 0) {
            /* logged; the session is over all the same */
        }
        break;
    case MESSAGE_REFUSED:
        if (append(k, JOURNAL_REFUSED, message->body, message->length) != 0) {
            /* logged */
        }
        break;
    case MESSAGE_SESSION:
        answer_session(k, message);
        break;
    case MESSAGE_SESSIONS_END:
        answer_end(k, message);
        break;
    case MESSAGE_STATUS:
        answer_status(k, message);
        break;
    default: /* ANNOUNCE: what a former keeper recorded is in the journal */
        break;
    }
}

/* ---- commands ---- */

static int
forward_kill(struct keeper *k, const struct control_client *client)
{
    struct message_kill message = {.question = client->question,
                                   .session = client->request.session};
    int result;

    memcpy(message.principal, client->request.principal, sizeof(message.principal));
    result = append(k, JOURNAL_KILLED, &message, sizeof(message));
    LOG_EVENT(&k->log, CONTROL_COMMAND, F_TEXT("command", "kill"),
              F_HEX("session", message.session), F_TEXT("principal", message.principal),
              F_UINT("uid", client->uid), F_UINT("pid", client->pid),
              F_TEXT("record", error_text(result)));
    /* To end a session is never wrong: a journal that cannot be written does not stop it. */
    return channel_send(&k->gate, MESSAGE_KILL, &message, sizeof(message), -1);
}

static void
ask_gate(void *arg, struct control_client *client)
{
    struct keeper *k = arg;
    struct message_ask ask = {.question = client->question};
    int result = PASU_E_PROTOCOL;

    if (client->request.verb == CONTROL_STATUS) {
        for (size_t i = 0; i < k->process_count; i++)
            control_frame(client, CONTROL_PROCESS, &k->processes[i], sizeof(k->processes[i]));
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
read_channel(struct keeper *k, struct channel *channel, bool is_supervisor)
{
    static struct channel_message message; /* 4 KiB that need not be on the stack; one thread */
    int fd = channel->fd;

    while (!k->is_stopping && channel->fd == fd) {
        int result = channel_receive(channel, &message);

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
                channel_close(channel); /* a new gate comes with a new channel */
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
        int timeout = k->sync_at ? GROUP_MILLISECONDS : TICK_MILLISECONDS;

        polls[0] = (struct pollfd){.fd = k->supervisor.fd, .events = POLLIN};
        polls[1] = (struct pollfd){.fd = k->gate.fd, .events = POLLIN};
        count = k->is_ready ? control_polls(&k->control, polls + FIXED_POLLS) : 0;
        if (poll(polls, FIXED_POLLS + count, timeout) < 0 && errno != EINTR)
            break;
        if (polls[0].revents)
            read_channel(k, &k->supervisor, true);
        if (polls[1].revents && k->gate.fd == polls[1].fd)
            read_channel(k, &k->gate, false);
        if (count > 0)
            control_serve(&k->control, polls + FIXED_POLLS, count, ask_gate, k);
        sync_if_due(k, os_monotonic(k->os));
        control_look(&k->control, os_monotonic(k->os));
    }
}

int
keeper_main(const struct keeper_start *start, const struct log *log)
{
    struct keeper *k = memory_new(1, sizeof(*k));

    if (!k)
        return 2;
    k->log = *log;
    k->os = log->os;
    k->directory = start->directory_fd;
    k->journal.fd = -1;
    channel_init(&k->supervisor, start->supervisor_fd, message_rules_keeper_from_supervisor,
                 message_rules_keeper_from_supervisor_count);
    channel_init(&k->gate, -1, message_rules_keeper_from_gate,
                 message_rules_keeper_from_gate_count);
    control_init(&k->control, start->control_fd, &k->log);
    signal(SIGPIPE, SIG_IGN);
    serve(k);
    /* The gate's last words may still be in its channel. */
    k->is_stopping = false;
    if (k->gate.fd >= 0)
        read_channel(k, &k->gate, false);
    if (k->is_ready && (append(k, JOURNAL_STOPPED, "", 0) != 0 || journal_sync(&k->journal) != 0)) {
        /* logged */
    }
    journal_close(&k->journal);
    control_release(&k->control);
    channel_close(&k->gate);
    channel_close(&k->supervisor);
    memory_free(k);
    return 0;
}
