/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/deed.h"

#include "ledger/rotation.h"

#include <stdio.h>

static int
ask(const struct control_client *client, struct record_keeping *r, uint64_t *count PASU_UNUSED)
{
    union payload_body body = {.asked = {.uid = client->uid, .pid = client->pid}};

    snprintf(body.asked.command, sizeof(body.asked.command), "%s", client->request.who);
    snprintf(body.asked.filters, sizeof(body.asked.filters), "%s", client->request.what);
    return record_deed(r, SEGMENT_ASKED, &body);
}

static int export(const struct control_client *client, struct record_keeping *r,
                  uint64_t *count PASU_UNUSED)
{
    union payload_body body = {.exported = {.uid = client->uid, .pid = client->pid}};

    snprintf(body.exported.where, sizeof(body.exported.where), "%s", client->request.what);
    return record_deed(r, SEGMENT_EXPORTED, &body);
}

static int
change_hold(const struct control_client *client, struct record_keeping *r, enum segment_type type,
            uint64_t *number)
{
    union payload_body body = {
        .hold = {.number = client->request.number, .uid = client->uid}}; /* or .released */
    int result;

    snprintf(body.hold.who, sizeof(body.hold.who), "%s", client->request.who);
    snprintf(body.hold.why, sizeof(body.hold.why), "%s", client->request.what);
    result = record_deed(r, type, &body);
    *number = body.hold.number;
    return result;
}

static int
hold(const struct control_client *client, struct record_keeping *r, uint64_t *number)
{
    return change_hold(client, r, SEGMENT_HOLD, number);
}

static int
release(const struct control_client *client, struct record_keeping *r, uint64_t *number)
{
    return change_hold(client, r, SEGMENT_RELEASED, number);
}

/* It is signed before the answer: whoever acknowledges something signs it off. */
static int
acknowledge(const struct control_client *client, struct record_keeping *r,
            uint64_t *count PASU_UNUSED)
{
    union payload_body body = {.acknowledged = {.alert = client->request.number,
                                                .uid = client->uid,
                                                .looked = client->request.looked}};
    int result;

    snprintf(body.acknowledged.who, sizeof(body.acknowledged.who), "%s", client->request.who);
    snprintf(body.acknowledged.why, sizeof(body.acknowledged.why), "%s", client->request.what);
    result = record_deed(r, SEGMENT_ACKNOWLEDGED, &body);
    return result == 0 ? record_sign(r) : result;
}

static int
erase(const struct control_client *client, struct record_keeping *r, uint64_t *count PASU_UNUSED)
{
    union payload_body body = {
        .erased = {.ordinal = (uint32_t)client->request.number, .uid = client->uid}};

    if (client->request.number > UINT32_MAX)
        return PASU_E_RANGE;
    snprintf(body.erased.why, sizeof(body.erased.why), "%s", client->request.what);
    return record_deed(r, SEGMENT_ERASED, &body);
}

static int
plant(const struct control_client *client, struct record_keeping *r, uint64_t *number)
{
    const struct control_decoys *d = &client->request.decoys;
    union payload_body body = {.decoys = {.number = d->number, .uid = client->uid}};
    int result;

    if (d->count == 0 || d->count > DECOY_SET_MAX)
        return PASU_E_MALFORMED;
    snprintf(body.decoys.kind, sizeof(body.decoys.kind), "%.*s", NAME_SIZE - 1, d->kind);
    snprintf(body.decoys.principal, sizeof(body.decoys.principal), "%.*s", NAME_SIZE - 1,
             d->principal);
    snprintf(body.decoys.who, sizeof(body.decoys.who), "%.*s", CONTROL_TEXT_SIZE - 1, d->who);
    snprintf(body.decoys.why, sizeof(body.decoys.why), "%.*s", CONTROL_TEXT_SIZE - 1, d->why);
    body.decoys.items = view_of(d->items, d->count * sizeof(d->items[0]));
    result = record_deed(r, SEGMENT_DECOYS, &body);
    *number = body.decoys.number;
    return result;
}

static int
retire(const struct control_client *client, struct record_keeping *r, uint64_t *number)
{
    union payload_body body = {.retired = {.number = client->request.number, .uid = client->uid}};

    snprintf(body.retired.who, sizeof(body.retired.who), "%s", client->request.who);
    snprintf(body.retired.why, sizeof(body.retired.why), "%s", client->request.what);
    *number = body.retired.number;
    return record_deed(r, SEGMENT_RETIRED, &body);
}

static int
rotate(const struct control_client *client, struct record_keeping *r, uint64_t *record)
{
    struct payload_asked asked;
    int result;

    rotation_asked(&asked, client->uid, client->pid, client->request.what, false);
    result = rotation_make(r, &asked);
    *record = r->chain.change.record;
    return result;
}

static void
copy_text(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%.*s", (int)size - 1, from);
}

/* Signed before the answer: it is who knew what when. */
static int
tell_incident(const struct control_client *client, struct record_keeping *r, uint64_t *number)
{
    const struct control_incident *told = &client->request.incident;
    union payload_body body = {.incident = {.number = told->number,
                                            .moment = told->moment,
                                            .about = told->about,
                                            .at_least = told->at_least,
                                            .at_most = told->at_most,
                                            .uid = client->uid,
                                            .what = (uint8_t)told->what}};
    int result;

    if (told->what >= INCIDENT_WHATS || told->length > sizeof(told->more))
        return PASU_E_PROTOCOL;
    copy_text(body.incident.who, sizeof(body.incident.who), told->who);
    copy_text(body.incident.why, sizeof(body.incident.why), told->why);
    body.incident.more = view_of(told->more, told->length);
    result = record_deed(r, SEGMENT_INCIDENT, &body);
    *number = body.incident.number;
    return result == 0 ? record_sign(r) : result;
}

static int
set_clock(const struct control_client *client, struct record_keeping *r, uint64_t *number)
{
    const struct control_clock *told = &client->request.clock;
    union payload_body body = {.clock = {.number = told->number,
                                         .due = told->due,
                                         .since = told->since,
                                         .uid = client->uid,
                                         .state = (uint8_t)told->state}};
    int result;

    if (told->state >= CLOCK_STATES)
        return PASU_E_PROTOCOL;
    copy_text(body.clock.name, sizeof(body.clock.name), told->name);
    copy_text(body.clock.law, sizeof(body.clock.law), told->law);
    result = record_deed(r, SEGMENT_CLOCK, &body);
    *number = told->number;
    return result == 0 ? record_sign(r) : result;
}

struct deed {
    enum control_verb verb;
    const char *name; /* in the log; NULL: not there; "": that of the command that asks */
    int (*act)(const struct control_client *client, struct record_keeping *r, uint64_t *count);
    bool is_read; /* what the rings hold must be in the ledger, too: it is read next */
};

static const struct deed deeds[] = {
    {CONTROL_FLUSH, NULL, NULL, true},
    {CONTROL_ASKED, "", ask, true},
    {CONTROL_EXPORTED, NULL, export, true},
    {CONTROL_HOLD, "hold", hold, false},
    {CONTROL_RELEASE, "release", release, false},
    {CONTROL_ERASE, "erase", erase, false},
    {CONTROL_ACKNOWLEDGE, "ack", acknowledge, false},
    {CONTROL_ROTATE, "ledger rotate-key", rotate, false},
    {CONTROL_DECOYS, "decoy plant", plant, false},
    {CONTROL_RETIRE, "decoy retire", retire, false},
    {CONTROL_INCIDENT, "incident", tell_incident, false},
    {CONTROL_CLOCK, "incident", set_clock, false},
};

static void
log_deed(const struct record_keeping *r, const struct control_client *client, const char *name,
         int result)
{
    LOG_EVENT(r->log, CONTROL_COMMAND, F_TEXT("command", *name ? name : client->request.who),
              F_UINT("uid", client->uid), F_UINT("pid", client->pid),
              F_TEXT("record", error_text(result)));
}

bool
deed_do(struct control_client *client, struct intake *intake)
{
    struct record_keeping *r = intake->records;
    const struct deed *deed = deeds;
    uint64_t count = 0;
    int result = 0, taken;

    while (deed < deeds + COUNT_OF(deeds) && deed->verb != client->request.verb)
        deed++;
    if (deed == deeds + COUNT_OF(deeds))
        return false;
    intake_append(intake); /* what was shown before comes before it */
    if (deed->act)
        result = deed->act(client, r, &count);
    if (deed->name)
        log_deed(r, client, deed->name, result);
    taken = intake_take(intake);
    control_end(client, result == 0 && deed->is_read ? taken : result, count);
    return true;
}

void
deed_show_clocks(struct control_client *client, const struct clocks *clocks)
{
    for (size_t i = 0; i < clocks->count; i++) {
        const struct payload_clock *clock = &clocks->items[i];
        struct control_clock told = {.number = clock->number,
                                     .due = clock->due,
                                     .since = clock->since,
                                     .state = clock->state};

        copy_text(told.name, sizeof(told.name), clock->name);
        copy_text(told.law, sizeof(told.law), clock->law);
        control_frame(client, CONTROL_DEADLINE, &told, sizeof(told));
    }
}
