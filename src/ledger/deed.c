/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/deed.h"

#include "ledger/rotation.h"

#include <stdio.h>

bool
deed_is(uint32_t verb)
{
    return verb == CONTROL_FLUSH || verb == CONTROL_ASKED || verb == CONTROL_EXPORTED ||
           verb == CONTROL_HOLD || verb == CONTROL_RELEASE || verb == CONTROL_ERASE ||
           verb == CONTROL_ROTATE;
}

static void
log_deed(const struct record_keeping *r, const struct control_client *client, const char *command,
         int result)
{
    LOG_EVENT(r->log, CONTROL_COMMAND, F_TEXT("command", command), F_UINT("uid", client->uid),
              F_UINT("pid", client->pid), F_TEXT("record", error_text(result)));
}

static int
ask(const struct control_client *client, struct record_keeping *r)
{
    union payload_body body = {.asked = {.uid = client->uid, .pid = client->pid}};
    int result;

    snprintf(body.asked.command, sizeof(body.asked.command), "%s", client->request.who);
    snprintf(body.asked.filters, sizeof(body.asked.filters), "%s", client->request.what);
    result = record_other(r, SEGMENT_ASKED, &body);
    log_deed(r, client, client->request.who, result);
    return result;
}

static int export(const struct control_client *client, struct record_keeping *r)
{
    union payload_body body = {
        .exported = {.uid = client->uid, .pid = client->pid, .to = chain_size(&r->chain)}};

    snprintf(body.exported.where, sizeof(body.exported.where), "%s", client->request.what);
    return record_other(r, SEGMENT_EXPORTED, &body);
}

static void
fill_hold(struct payload_hold *hold, const struct control_client *client, uint64_t number)
{
    *hold = (struct payload_hold){.number = number, .uid = client->uid};
    snprintf(hold->who, sizeof(hold->who), "%s", client->request.who);
    snprintf(hold->why, sizeof(hold->why), "%s", client->request.what);
}

/* On the disk before it is answered, and in force only then. */
static int
hold(const struct control_client *client, struct record_keeping *r, uint64_t *number)
{
    union payload_body body = {0};
    int result = !r->is_open ? PASU_E_UNAVAILABLE : r->holds.count == HOLDS_MAX ? PASU_E_RANGE : 0;

    fill_hold(&body.hold, client, chain_size(&r->chain)); /* no other has this number */
    if (result == 0)
        result = record_other(r, SEGMENT_HOLD, &body);
    if (result == 0)
        result = record_sync(r);
    if (result == 0)
        result = holds_add(&r->holds, &body.hold);
    *number = body.hold.number;
    log_deed(r, client, "hold", result);
    return result;
}

static int
release(const struct control_client *client, struct record_keeping *r, uint64_t *number)
{
    union payload_body body = {0};
    struct holds left = r->holds;
    int result = !r->is_open ? PASU_E_UNAVAILABLE : holds_remove(&left, client->request.number);

    *number = client->request.number;
    fill_hold(&body.released, client, client->request.number);
    if (result == 0)
        result = record_other(r, SEGMENT_RELEASED, &body);
    if (result == 0)
        result = record_sync(r);
    if (result == 0)
        r->holds = left;
    log_deed(r, client, "release", result);
    return result;
}

/* The record is on the disk before the key goes: whoever starts next destroys it then. */
static int
erase(const struct control_client *client, struct record_keeping *r)
{
    union payload_body body = {
        .erased = {.ordinal = (uint32_t)client->request.number, .uid = client->uid}};
    int result;

    snprintf(body.erased.why, sizeof(body.erased.why), "%s", client->request.what);
    result = record_may_erase(r, &body.erased);
    if (result == 0)
        result = record_other(r, SEGMENT_ERASED, &body);
    if (result == 0)
        result = record_sync(r);
    if (result == 0)
        result = record_erase(r);
    log_deed(r, client, "erase", result);
    return result;
}

static int
rotate(const struct control_client *client, struct record_keeping *r, uint64_t *record)
{
    struct payload_asked asked;
    int result;

    rotation_asked(&asked, client->uid, client->pid, client->request.what, false);
    result = rotation_make(r, &asked);
    *record = r->chain.change.record;
    log_deed(r, client, "ledger rotate-key", result);
    return result;
}

void
deed_do(struct control_client *client, struct intake *intake)
{
    struct record_keeping *r = intake->records;
    uint64_t count = 0;
    int result = 0, taken;

    intake_append(intake); /* what was shown before comes before it */
    if (client->request.verb == CONTROL_ASKED)
        result = ask(client, r);
    else if (client->request.verb == CONTROL_EXPORTED)
        result = export(client, r);
    else if (client->request.verb == CONTROL_HOLD)
        result = hold(client, r, &count);
    else if (client->request.verb == CONTROL_RELEASE)
        result = release(client, r, &count);
    else if (client->request.verb == CONTROL_ERASE)
        result = erase(client, r);
    else if (client->request.verb == CONTROL_ROTATE)
        result = rotate(client, r, &count);
    taken = intake_take(intake);
    control_end(client, result != 0 ? result : taken, count);
}
