/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/publisher.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum { QUESTIONS_AT_ONCE = 32, TICK_MILLISECONDS = 100, ALERT_SEVERITY = 5 };
#define ALERT_PAUSE (3600 * NANOSECONDS_PER_SECOND)

void
publisher_init(struct publisher *p, const struct log *log, struct courier *courier)
{
    *p = (struct publisher){.log = log, .courier = courier};
    channel_init(&p->herald, -1, message_rules_keeper_from_herald,
                 message_rules_keeper_from_herald_count);
}

void
publisher_close(struct publisher *p)
{
    channel_close(&p->herald);
    p->target_count = 0;
}

void
publisher_take(struct publisher *p, int fd)
{
    publisher_close(p);
    p->told = 0;
    memset(p->alerted, 0, sizeof(p->alerted));
    if (p->courier)
        courier_renew(p->courier);
    channel_init(&p->herald, fd, message_rules_keeper_from_herald,
                 message_rules_keeper_from_herald_count);
}

/* ---- checkpoints ---- */

/* The file is replaced by rename, and by us: it is whole. */
static int
read_note(const struct record_keeping *r, struct message_checkpoint *message)
{
    const struct os *os = r->log->os;
    int fd = os->openat(os->arg, r->directory, "checkpoint", O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
    ssize_t n;

    if (fd < 0)
        return error_from_errno(errno);
    n = os->pread(os->arg, fd, message->note, sizeof(message->note), 0);
    os->close(os->arg, fd);
    if (n <= 0 || (size_t)n == sizeof(message->note))
        return PASU_E_RANGE;
    message->length = (uint32_t)n;
    return 0;
}

static void
look_for_alerts(struct publisher *p)
{
    if (p->courier && p->herald.fd >= 0 && courier_send(p->courier, &p->herald) != 0)
        publisher_close(p);
}

void
publisher_look(struct publisher *p, const struct record_keeping *r)
{
    struct message_checkpoint message = {0};
    int result;

    look_for_alerts(p);
    if (p->herald.fd < 0 || !r->is_open || r->chain.signed_size == p->told)
        return;
    message.size = r->chain.signed_size;
    result = read_note(r, &message);
    if (result != 0) {
        LOG_EVENT(p->log, INTERNAL, F_TEXT("error", error_text(result)));
        p->told = message.size; /* said once */
        return;
    }
    result = channel_send(&p->herald, MESSAGE_CHECKPOINT, &message, sizeof(message), -1);
    if (result == 0)
        p->told = message.size;
    else if (result != PASU_E_AGAIN)
        publisher_close(p);
}

/* ---- proofs ---- */

/* Only between sizes that are signed. A herald that does not take it asks again. */
static void
send_proof(struct publisher *p, struct record_keeping *r, uint64_t from, uint64_t to)
{
    struct message_proof answer = {.from = from, .to = to};
    struct tree_proof proof = {0};
    struct tree_source source;
    int result;

    if (r->is_open && r->chain.has_tiles && from > 0 && from < to && to <= r->chain.signed_size) {
        source = tile_source(&r->chain.tiles);
        if (tree_prove_consistency(&r->chain.hasher, &source, from, to, &proof) == 0) {
            answer.count = (uint32_t)proof.count;
            memcpy(answer.hashes, proof.hashes, sizeof(answer.hashes));
        }
    }
    result = channel_send(&p->herald, MESSAGE_PROOF, &answer, sizeof(answer), -1);
    if (result != 0 && result != PASU_E_AGAIN)
        publisher_close(p);
}

static void
take_target(struct publisher *p, const struct channel_message *message)
{
    struct message_target target;

    memcpy(&target, message->body, sizeof(target));
    target.kind[sizeof(target.kind) - 1] = '\0';
    target.name[sizeof(target.name) - 1] = '\0';
    target.error[sizeof(target.error) - 1] = '\0';
    if (target.count > TARGETS_MAX || target.index >= target.count)
        return;
    p->target_count = target.count;
    p->targets[target.index] = target;
}

static void
take_delivered(struct publisher *p, const struct channel_message *message)
{
    struct message_delivered delivered;

    memcpy(&delivered, message->body, sizeof(delivered));
    if (p->courier)
        courier_delivered(p->courier, &delivered);
}

static void
take_question(struct publisher *p, struct record_keeping *r, const struct channel_message *message)
{
    struct message_prove ask;

    memcpy(&ask, message->body, sizeof(ask));
    send_proof(p, r, ask.from, ask.to);
}

/* Where it cannot be recorded, the herald's log has it. */
static void
take_contradiction(struct publisher *p, struct record_keeping *r,
                   const struct channel_message *message)
{
    union payload_body body = {.alert = {.severity = ALERT_SEVERITY, .rule = "witness"}};
    struct message_contradicted said;
    int64_t now = os_monotonic(p->log->os);

    memcpy(&said, message->body, sizeof(said));
    if (!r->is_open || said.index >= p->target_count || said.offered == 0 ||
        said.offered > r->chain.signed_size ||
        (p->alerted[said.index] != 0 && now - p->alerted[said.index] < ALERT_PAUSE))
        return;
    body.alert.record = said.offered - 1;
    snprintf(body.alert.text, sizeof(body.alert.text),
             "%s has seen %" PRIu64 " records of a ledger of this name and key that the %" PRIu64
             " here do not agree with: it was cut, or there are two",
             p->targets[said.index].name, said.seen, said.offered);
    if (record_other(r, SEGMENT_ALERT, &body) == 0)
        p->alerted[said.index] = now != 0 ? now : 1;
}

/* Whether there may be more to read. */
static bool
serve_one(struct publisher *p, struct record_keeping *r)
{
    struct channel_message message;
    int result = channel_receive(&p->herald, &message);

    if (result == PASU_E_AGAIN)
        return false;
    if (result == PASU_E_PROTOCOL) {
        LOG_EVENT(p->log, MESSAGE_REFUSED, F_UINT("type", message.type));
        return true;
    }
    if (result != 0) {
        publisher_close(p);
        return false;
    }
    if (message.type == MESSAGE_TARGET)
        take_target(p, &message);
    else if (message.type == MESSAGE_CONTRADICTED)
        take_contradiction(p, r, &message);
    else if (message.type == MESSAGE_DELIVERED)
        take_delivered(p, &message);
    else
        take_question(p, r, &message);
    return true;
}

void
publisher_serve(struct publisher *p, struct record_keeping *r)
{
    int left = QUESTIONS_AT_ONCE;

    while (p->herald.fd >= 0 && left-- > 0 && serve_one(p, r)) {
    }
}

void
publisher_end(struct publisher *p, struct record_keeping *r)
{
    const int64_t until = os_monotonic(p->log->os) + PUBLISHER_PATIENCE;
    struct message_empty empty = {0};
    bool is_told = false;

    while (r->is_open && p->herald.fd >= 0 && os_monotonic(p->log->os) < until) {
        struct pollfd one;

        publisher_look(p, r);
        if (!is_told && p->told == r->chain.signed_size &&
            (!p->courier || courier_is_sent(p->courier) ||
             os_monotonic(p->log->os) > until - PUBLISHER_PATIENCE / 2))
            is_told = channel_send(&p->herald, MESSAGE_STOP, &empty, sizeof(empty), -1) == 0;
        one = (struct pollfd){.fd = p->herald.fd, .events = POLLIN};
        if (poll(&one, 1, TICK_MILLISECONDS) < 0 && errno != EINTR)
            return;
        publisher_serve(p, r);
    }
}

void
publisher_show(const struct publisher *p, struct control_client *client)
{
    for (size_t i = 0; i < p->target_count; i++) {
        struct message_target target = p->targets[i];

        if (target.count != p->target_count)
            continue;
        if (p->courier && target.alerts > 0 && target.alerts <= ALERT_TARGETS)
            target.waiting = courier_waiting(p->courier, (enum alert_target)(target.alerts - 1));
        control_frame(client, CONTROL_TARGET, &target, sizeof(target));
    }
}
