/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a gate that was taken over tells the keeper, and what whoever may connect asks of it: texts
 * without an end, numbers of nothing, decisions nobody asked for. What is kept of them has an end,
 * and what is answered fits.
 *
 * Input: pieces of a type (a byte: of the keeper's table; from ASKS on, a request of the control
 * socket with that verb), a length (a byte), and that many bytes, of which the body, zeroed, is
 * filled from its start, again and again where the lowest bit of the length is set.
 */
#include "base/memory.h"
#include "ledger/approvals.h"
#include "ledger/certify.h"
#include "ledger/control_answer.h"
#include "ledger/deed.h"
#include "ledger/leavers.h"
#include "ledger/measure.h"
#include "ledger/trials.h"

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ASKS = 128, INPUTS_PER_LEDGER = 4096, SECONDS_MOST = 4000 };

struct keeper {
    char folder[64];
    int directory, inputs;
    struct os os;
    struct log log;
    struct record_keeping records;
    struct folds folds;
    struct intake intake;
    struct approvers approvers;
    struct approvals approvals;
    struct leavers leavers;
    struct trials trials;
    struct measure measure;
    struct control control;
    struct channel gate;
    int gate_end;
};

static struct keeper *keeper;
static int64_t now = 1;

static void
must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

static int64_t
read_clock(void *arg PASU_UNUSED)
{
    return now;
}

static int
no_sync(void *arg PASU_UNUSED, int fd PASU_UNUSED)
{
    return 0;
}

static int
reserve_little(void *arg PASU_UNUSED, int fd, off_t offset, off_t length PASU_UNUSED)
{
    return posix_fallocate(fd, offset, 1 << 16);
}

static int
remove_one(const char *path, const struct stat *about PASU_UNUSED, int flag PASU_UNUSED,
           struct FTW *place PASU_UNUSED)
{
    return remove(path);
}

/* ---- a ledger ---- */

static void
begin_ledger(struct keeper *k)
{
    snprintf(k->folder, sizeof(k->folder), "/dev/shm/fuzz-keeper-XXXXXX");
    must(mkdtemp(k->folder) != NULL);
    k->directory = open(k->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    record_init(&k->records, &k->log, k->directory);
    k->folds = (struct folds){0};
    k->records.folds = &k->folds;
    must(record_open(&k->records) == 0);
    must(intake_init(&k->intake, &k->records, -1, -1, -1) == 0);
    k->inputs = 0;
}

static void
end_ledger(struct keeper *k)
{
    record_close(&k->records);
    intake_release(&k->intake);
    close(k->directory);
    nftw(k->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void
remove_at_exit(void)
{
    end_ledger(keeper);
}

static void
set_up(void)
{
    struct keeper *k = memory_new(1, sizeof(*k));

    must(k != NULL);
    keeper = k;
    k->os = os_real;
    k->os.monotonic = read_clock;
    k->os.fsync = k->os.fdatasync = k->os.syncfs = no_sync;
    k->os.fallocate = reserve_little;
    k->log = (struct log){.fd = open("/dev/null", O_WRONLY | O_CLOEXEC),
                          .level = LOG_DEBUG,
                          .process = "fuzz",
                          .os = &k->os};
    k->approvers = (struct approvers){.count = 2};
    k->approvers.items[0] = (struct approver){.uid = 0, .name = "root"};
    k->approvers.items[1] = (struct approver){.uid = 7, .is_named = true, .name = "kim"};
    begin_ledger(k);
    atexit(remove_at_exit);
}

/* ---- the gate ---- */

static void
from_gate(struct keeper *k, const struct channel_message *message)
{
    union payload_body body = {0};
    union {
        struct message_session session;
        struct message_closed closed;
        struct message_refused refused;
        struct message_lost lost;
        struct message_alert alert;
    } told;
    int result = 0;

    memcpy(&told, message->body, message->length < sizeof(told) ? message->length : sizeof(told));
    switch ((enum message_type)message->type) {
    case MESSAGE_OPENED:
        result = record_opened(&k->records, &told.session);
        break;
    case MESSAGE_ANNOUNCE:
        record_announced(&k->records, &told.session);
        break;
    case MESSAGE_CLOSED:
        result = record_closed(&k->records, &told.closed);
        break;
    case MESSAGE_REFUSED:
        result = record_refused(&k->records, &told.refused);
        leavers_refused(&k->leavers, &told.refused);
        measure_refused(&k->measure, told.refused.error);
        break;
    case MESSAGE_LOST:
        record_lost_by_gate(&k->records, told.lost.count, told.lost.since);
        break;
    case MESSAGE_CENSUS:
    case MESSAGE_BYPASS:
    case MESSAGE_BACKEND:
        memcpy(&body, message->body, message->length);
        if (message->type == MESSAGE_BYPASS && trials_bypass(&k->trials, &body.bypass))
            body.bypass.verdict = VERDICT_OF_ALLOW;
        record_census(&k->records,
                      message->type == MESSAGE_CENSUS   ? SEGMENT_CENSUS
                      : message->type == MESSAGE_BYPASS ? SEGMENT_BYPASS
                                                        : SEGMENT_BACKEND,
                      &body);
        break;
    case MESSAGE_OWNERLESS:
        leavers_ownerless(&k->leavers, message);
        break;
    case MESSAGE_ALERT:
        record_alert(&k->records, &told.alert);
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
    default:
        control_answer(&k->control, message);
        break;
    }
    must(result <= 0);
}

/* ---- commands ---- */

static void
asked(void *arg, struct control_client *client)
{
    struct keeper *k = arg;

    if (!approvals_may(&k->approvals, client)) {
        control_refuse(&k->control, client);
        return;
    }
    if (client->request.verb == CONTROL_ROTATE) /* another key needs another folder */
        return;
    if (approvals_ask(&k->approvals, &k->gate, client) || deed_do(client, &k->intake) ||
        certify_ask(&k->records, client) || trials_ask(&k->trials, client, &k->gate))
        return;
    control_end(client, PASU_E_PROTOCOL, 0);
}

/* As a client that has connected, and does not wait. */
static void
from_command(struct keeper *k, struct control_request *request)
{
    struct pollfd polls[1 + CONTROL_CLIENTS_MAX] = {0};
    struct control_client *client = NULL;
    int ends[2];

    for (size_t i = 0; i < CONTROL_CLIENTS_MAX && !client; i++)
        if (k->control.clients[i].fd < 0) {
            client = &k->control.clients[i];
            polls[1 + i].revents = POLLIN;
        }
    if (!client || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
        return;
    *client = (struct control_client){.fd = ends[0],
                                      .question = ++k->control.last_question,
                                      .uid = request->unused % 9,
                                      .pid = 1};
    request->magic = CONTROL_MAGIC;
    request->version = CONTROL_VERSION;
    request->unused = 0;
    must(send(ends[1], request, sizeof(*request), 0) == (ssize_t)sizeof(*request));
    control_serve(&k->control, polls, COUNT_OF(polls), asked, k);
    close(ends[1]);
}

/* ---- the input ---- */

static void
fill(void *body, size_t length, const uint8_t *data, size_t size, bool is_repeated)
{
    memset(body, 0, length);
    for (size_t at = 0; size > 0 && at < length; at += size) {
        memcpy((uint8_t *)body + at, data, size < length - at ? size : length - at);
        if (!is_repeated)
            break;
    }
}

static void
say(struct keeper *k, uint8_t kind, const uint8_t *data, size_t size, bool is_repeated)
{
    struct channel_message message = {.fd = -1};
    struct control_request request;
    const struct channel_rule *rule =
        &message_rules_keeper_from_gate[kind % message_rules_keeper_from_gate_count];

    if (kind >= ASKS) {
        fill(&request, sizeof(request), data, size, is_repeated);
        request.unused = kind;
        request.verb = (uint32_t)(kind - ASKS);
        from_command(k, &request);
        return;
    }
    message.type = rule->type;
    message.length = rule->length;
    fill(message.body, message.length, data, size, is_repeated);
    from_gate(k, &message);
}

static void
look(struct keeper *k)
{
    for (size_t i = 0; i < k->approvals.count; i++) {
        const struct message_request *request = &k->approvals.items[i].request;

        must(memchr(request->principal, '\0', sizeof(request->principal)) != NULL &&
             memchr(request->person, '\0', sizeof(request->person)) != NULL &&
             memchr(request->rule, '\0', sizeof(request->rule)) != NULL &&
             memchr(request->sql, '\0', sizeof(request->sql)) != NULL &&
             memchr(k->approvals.items[i].who, '\0', NAME_SIZE) != NULL);
    }
    for (size_t i = 0; i < k->leavers.count; i++)
        must(memchr(k->leavers.items[i].principal, '\0', NAME_SIZE) != NULL &&
             memchr(k->leavers.items[i].address, '\0', ADDRESS_SIZE) != NULL);
}

static void
begin(struct keeper *k)
{
    int ends[2];

    must(channel_pair(ends) == 0);
    channel_init(&k->gate, ends[0], message_rules_keeper_from_gate,
                 message_rules_keeper_from_gate_count);
    k->gate_end = ends[1];
    control_init(&k->control, -1, &k->approvers, &k->log);
    approvals_init(&k->approvals, &k->records, &k->approvers);
    approvals_set(&k->approvals, 60 * NANOSECONDS_PER_SECOND);
    leavers_init(&k->leavers, &k->records);
    trials_init(&k->trials, &k->os, &k->records);
    measure_init(&k->measure, &k->os);
}

static void
end(struct keeper *k)
{
    now += SECONDS_MOST * NANOSECONDS_PER_SECOND;
    record_look(&k->records, now);
    leavers_look(&k->leavers, now);
    approvals_look(&k->approvals, &k->gate, now);
    control_look(&k->control, now);
    look(k);
    leavers_end(&k->leavers);
    record_gate_lost(&k->records);
    approvals_gate_lost(&k->approvals);
    record_look(&k->records, now);
    control_release(&k->control);
    approvals_release(&k->approvals);
    channel_close(&k->gate);
    close(k->gate_end);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct keeper *k;

    if (!keeper)
        set_up();
    k = keeper;
    if (k->inputs++ == INPUTS_PER_LEDGER) {
        end_ledger(k);
        begin_ledger(k);
    }
    begin(k);
    while (size >= 2) {
        uint8_t kind = data[0];
        size_t length = data[1] < size - 2 ? data[1] : size - 2;

        say(k, kind, data + 2, length, data[1] & 1);
        data += 2 + length;
        size -= 2 + length;
        now += NANOSECONDS_PER_MILLISECOND;
        look(k);
    }
    end(k);
    return 0;
}
