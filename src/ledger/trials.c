/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/trials.h"

#include <stdio.h>

void
trials_init(struct trials *t, const struct os *os, struct record_keeping *records)
{
    *t = (struct trials){.os = os, .records = records};
}

static struct trial *
find(struct trials *t, uint64_t token)
{
    for (size_t i = 0; i < TRIALS_MAX && token != 0; i++)
        if (t->items[i].token == token)
            return &t->items[i];
    return NULL;
}

static bool
is_late(const struct trials *t, const struct trial *trial)
{
    return os_monotonic(t->os) - trial->since > TRIAL_SECONDS * NANOSECONDS_PER_SECOND;
}

static bool
is_proof(const struct trial *trial, int error)
{
    switch ((enum trial_control)trial->asked.control) {
    case TRIAL_OF_RULE: /* a session that is refused is of no rule that lets it in */
        return error == PASU_E_RULE || error == PASU_E_RULE_CLOSES ||
               (error == PASU_E_RULE_SESSION && (trial->asked.count & UINT8_MAX) == VERDICT_BLOCK);
    case TRIAL_OF_SOURCE:
        return error == PASU_E_RULE_SESSION || error == PASU_E_RULE;
    case TRIAL_OF_LEAVER:
        return error == PASU_E_LEFT;
    case TRIAL_OF_BUDGET:
        return error == PASU_E_BUDGET;
    case TRIAL_OF_EXIT:
        return error == PASU_E_REFUSED;
    case TRIAL_OF_BYPASS:
    case TRIAL_OF_DECOY:
        return error == 0;
    case TRIAL_CONTROLS:
        break;
    }
    return false;
}

/* `is_failed`: the control let it pass. */
static void
end(struct trials *t, struct trial *trial, int error, bool is_failed)
{
    union payload_body body = {.tried = {.at = os_realtime(t->os),
                                         .error = error,
                                         .uid = trial->uid,
                                         .control = (uint8_t)trial->asked.control,
                                         .is_held = !is_failed && is_proof(trial, error)}};

    if (trial->result.is_over)
        return;
    trial->result = (struct control_trial){.is_over = 1,
                                           .is_held = body.tried.is_held,
                                           .is_other = !is_failed && !body.tried.is_held,
                                           .error = error,
                                           .took = os_monotonic(t->os) - trial->since};
    if (trial->result.is_other)
        return;
    memcpy(body.tried.gateway, trial->asked.gateway, sizeof(body.tried.gateway));
    memcpy(body.tried.principal, trial->asked.principal, sizeof(body.tried.principal));
    memcpy(body.tried.address, trial->asked.address, sizeof(body.tried.address));
    memcpy(body.tried.what, trial->asked.what, sizeof(body.tried.what));
    if (record_other(t->records, SEGMENT_TRIED, &body) != 0) {
        /* logged, and counted in the gap: it is not proven later that it was tried */
    }
}

/* ---- what a command asks ---- */

/* NULL: there are too many at once. */
static struct trial *
make_room(struct trials *t)
{
    for (size_t i = 0; i < TRIALS_MAX; i++)
        if (t->items[i].token == 0 || is_late(t, &t->items[i]))
            return &t->items[i];
    return NULL;
}

static struct message_try
message_of(const struct trial *trial, uint64_t question)
{
    struct message_try message = {
        .token = trial->token,
        .question = question,
        .control = trial->asked.control,
        .window = trial->asked.window,
        .count = trial->asked.count,
        .pid = trial->asked.pid,
        .visit = trial->asked.number,
        .port = trial->asked.port,
        .began = trial->asked.began,
    };

    memcpy(message.gateway, trial->asked.gateway, sizeof(message.gateway));
    memcpy(message.principal, trial->asked.principal, sizeof(message.principal));
    memcpy(message.address, trial->asked.address, sizeof(message.address));
    if (trial->asked.control == TRY_OF_VISIT || trial->asked.control == TRIAL_OF_RULE)
        snprintf(message.database, sizeof(message.database), "%.*s", NAME_SIZE - 1,
                 trial->asked.what);
    return message;
}

static int
send_gate(const struct message_try *message, struct channel *gate)
{
    return channel_send(gate, MESSAGE_TRY, message, sizeof(*message), -1) == 0 ? 0
                                                                               : PASU_E_UNAVAILABLE;
}

static int
tell_gate(const struct trial *trial, uint64_t question, struct channel *gate)
{
    const struct message_try message = message_of(trial, question);

    return send_gate(&message, gate);
}

/* What a gate that is not there, or dies before it answers, does not hear the next one does. */
static void
tell_visit(struct trials *t, const struct trial *trial, struct control_client *client,
           struct channel *gate)
{
    const struct message_try message = message_of(trial, client->question);

    if (trial->asked.control == TRY_OF_VISIT)
        visitors_announce(&t->visitors, &message, os_monotonic(t->os));
    else
        visitors_arrive(&t->visitors, &message);
    if (send_gate(&message, gate) != 0)
        control_end(client, 0, trial->token);
}

void
trials_gate(struct trials *t, struct channel *gate)
{
    visitors_tell(&t->visitors, gate, os_monotonic(t->os));
}

static int
record_visit(struct trials *t, const struct control_client *client, const struct control_try *asked)
{
    union payload_body body = {
        .asked = {.uid = client->uid, .pid = client->pid, .command = "visit"}};

    snprintf(body.asked.filters, sizeof(body.asked.filters), "--gateway %.63s --database %.63s",
             asked->gateway, asked->what);
    return record_other(t->records, SEGMENT_ASKED, &body);
}

/* The gate has no part in it: whom an exposure names is looked at here. */
static void
try_decoy(struct trials *t, struct control_client *client, struct trial *trial)
{
    int result = record_try_decoy(t->records, trial->asked.number);

    /* The ledger has the set, so a keeper that does not know of it has failed, too. */
    end(t, trial, result, result == PASU_E_TRIED || result == PASU_E_NOTFOUND);
    control_end(client, 0, trial->token);
}

static int
begin(struct trials *t, struct control_client *client, struct channel *gate)
{
    struct control_try asked = client->request.trial;
    struct trial visit, *trial = asked.control >= TRY_OF_VISIT ? &visit : make_room(t);
    int result = 0;

    asked.gateway[sizeof(asked.gateway) - 1] = asked.principal[sizeof(asked.principal) - 1] = '\0';
    asked.address[sizeof(asked.address) - 1] = asked.what[sizeof(asked.what) - 1] = '\0';
    if (asked.control >= TRY_CONTROLS || asked.window >= MESSAGE_WINDOWS ||
        (asked.control == TRY_OF_ARRIVAL && asked.number == 0))
        return PASU_E_PROTOCOL;
    if (!trial)
        return PASU_E_RANGE;
    *trial = (struct trial){.since = os_monotonic(t->os), .uid = client->uid, .asked = asked};
    if (asked.control == TRY_OF_VISIT)
        result = record_visit(t, client, &asked);
    else if (asked.control == TRY_OF_ARRIVAL)
        trial->token = asked.number;
    while (result == 0 && trial->token == 0)
        result = t->os->random(t->os->arg, &trial->token, sizeof(trial->token));
    if (result == 0 && asked.control >= TRY_OF_VISIT)
        tell_visit(t, trial, client, gate);
    else if (result == 0 && asked.control != TRIAL_OF_DECOY)
        result = tell_gate(trial, client->question, gate);
    if (result != 0)
        trial->token = 0;
    else if (asked.control == TRIAL_OF_DECOY)
        try_decoy(t, client, trial);
    return result;
}

bool
trials_ask(struct trials *t, struct control_client *client, struct channel *gate)
{
    struct trial *trial;
    int result;

    if (client->request.verb == CONTROL_TRY) {
        result = begin(t, client, gate);
        if (result != 0)
            control_end(client, result, 0); /* else the gate answers, once it has the token */
        return true;
    }
    if (client->request.verb != CONTROL_TRIED)
        return false;
    trial = find(t, client->request.number);
    if (!trial) {
        control_end(client, PASU_E_NOTFOUND, 0);
        return true;
    }
    /* Whoever waits for a session past pasu wants the server to be asked now. */
    if (trial->asked.control == TRIAL_OF_BYPASS && !trial->result.is_over &&
        tell_gate(trial, 0, gate) != 0) {
        /* it is asked by and by */
    }
    if (client->request.is_over)
        end(t, trial, 0, true);
    control_frame(client, CONTROL_TRIAL, &trial->result, sizeof(trial->result));
    control_end(client, 0, 0);
    return true;
}

/* ---- what the gate says ---- */

void
trials_take(struct trials *t, const struct channel_message *message)
{
    struct message_tried tried;
    struct trial *trial;

    memcpy(&tried, message->body, sizeof(tried));
    trial = find(t, tried.token);
    if (trial && trial->asked.control != TRIAL_OF_BYPASS)
        end(t, trial, tried.error, tried.error == PASU_E_TRIED || tried.error == 0);
}

bool
trials_bypass(struct trials *t, const struct message_bypass *bypass)
{
    for (size_t i = 0; i < TRIALS_MAX; i++) {
        struct trial *trial = &t->items[i];
        const struct message_try found = {.visit = trial->asked.number};

        if (trial->token == 0 || trial->asked.control != TRIAL_OF_BYPASS || !bypass->is_test ||
            trial->asked.pid != bypass->pid || trial->asked.began != bypass->began ||
            strcmp(trial->asked.principal, bypass->principal) != 0)
            continue;
        if (!bypass->is_over && is_late(t, trial))
            continue;
        if (!bypass->is_over)
            end(t, trial, 0, false);
        visitors_arrive(&t->visitors, &found);
        return true;
    }
    return false;
}
