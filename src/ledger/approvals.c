/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/approvals.h"

#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

enum { SEVERITY = 3, CLOCK_SIZE = 32 };

#define MINUTE (60 * NANOSECONDS_PER_SECOND)

void
approvals_init(struct approvals *a, struct record_keeping *records,
               const struct approvers *approvers)
{
    *a = (struct approvals){.records = records, .approvers = approvers};
}

void
approvals_release(struct approvals *a)
{
    memory_free(a->items);
    a->items = NULL;
    a->count = a->space = 0;
}

void
approvals_set(struct approvals *a, int64_t within)
{
    a->within = within;
}

static const struct os *
os_of(const struct approvals *a)
{
    return a->records->log->os;
}

/* ---- the table ---- */

static struct approval *
add(struct approvals *a)
{
    struct approval *more;
    size_t space = a->space == 0 ? 16 : 2 * a->space;

    if (a->count == APPROVALS_MAX)
        return NULL;
    if (a->count == a->space) {
        more = memory_resize(a->items, space, sizeof(*more));
        if (!more)
            return NULL;
        a->items = more;
        a->space = space;
    }
    more = &a->items[a->count++];
    *more = (struct approval){0};
    return more;
}

static struct approval *
find(struct approvals *a, uint64_t number)
{
    for (size_t i = 0; number > 0 && i < a->count; i++)
        if (a->items[i].request.number == number)
            return &a->items[i];
    return NULL;
}

static const struct approval *
find_past(const struct approvals *a, uint64_t number)
{
    for (size_t i = 0; number > 0 && i < APPROVALS_PAST; i++)
        if (a->past[i].request.number == number)
            return &a->past[i];
    return NULL;
}

static void
forget(struct approvals *a, struct approval *one)
{
    if (one->request.number > 0) {
        a->past[a->past_at] = *one;
        a->past_at = (a->past_at + 1) % APPROVALS_PAST;
    }
    *one = a->items[--a->count];
}

/* ---- what the gate is told ---- */

/* False while it does not take it. */
static bool
tell(struct approvals *a, struct channel *gate, struct approval *one)
{
    const struct message_request *request = &one->request;
    struct message_requested requested = {.session = request->session,
                                          .serial = request->serial,
                                          .number = request->number,
                                          .within = a->within,
                                          .error = one->error};
    struct message_decided decided = {
        .session = request->session, .number = request->number, .decision = request->decision};

    if (!one->is_numbered)
        one->is_numbered = channel_send(gate, MESSAGE_REQUESTED, &requested, sizeof(requested),
                                        -1) != PASU_E_AGAIN;
    memcpy(decided.who, one->who, sizeof(decided.who));
    if (one->is_numbered && request->decision != 0 && !one->is_told)
        one->is_told =
            channel_send(gate, MESSAGE_DECIDED, &decided, sizeof(decided), -1) != PASU_E_AGAIN;
    return one->is_numbered && (one->is_told || request->decision == 0);
}

/* ---- a request ---- */

static void
clock_text(char text[CLOCK_SIZE], int64_t at)
{
    time_t seconds = (time_t)(at / NANOSECONDS_PER_SECOND);
    struct tm utc;

    if (!gmtime_r(&seconds, &utc) || strftime(text, CLOCK_SIZE, "%H:%M:%SZ", &utc) == 0)
        text[0] = '\0';
}

/* Somebody is to know at once, since somebody waits. Of more than so many in a minute, together. */
static void
raise_alert(struct approvals *a, const struct message_request *request)
{
    union payload_body body = {.raised = {.record = request->number,
                                          .session = request->session,
                                          .count = 1,
                                          .since = request->since,
                                          .severity = SEVERITY,
                                          .control = ALERT_OF_RULE,
                                          .verdict = VERDICT_OF_HOLD}};
    struct message_alert *alert = &body.raised;
    int64_t now = os_monotonic(os_of(a));
    char until[CLOCK_SIZE];

    clock_text(until, request->until);
    memcpy(alert->principal, request->principal, sizeof(alert->principal));
    memcpy(alert->rule, request->rule, sizeof(alert->rule));
    snprintf(alert->text, sizeof(alert->text),
             "a statement of role %s waits to be approved, until %s, by %s; somebody else can: "
             "pasu approve %" PRIu64 " --reason TEXT, or pasu deny",
             request->principal, until, request->rule, request->number);
    if (now - a->minute >= MINUTE) {
        a->minute = now;
        a->loud = 0;
    }
    if (a->loud++ >= APPROVALS_LOUD)
        record_alert(a->records, alert);
    else if (record_other(a->records, SEGMENT_RAISED, &body) != 0) {
        /* logged, and counted in the gap */
    }
}

/* Texts of the gate's, which the network may have taken over, are ended here. */
static void
take(struct message_request *request, const struct channel_message *message)
{
    memcpy(request, message->body, sizeof(*request));
    request->number = 0;
    request->decision = 0;
    request->principal[sizeof(request->principal) - 1] = '\0';
    request->actor[sizeof(request->actor) - 1] = '\0';
    request->purpose[sizeof(request->purpose) - 1] = '\0';
    request->address[sizeof(request->address) - 1] = '\0';
    request->claimed[sizeof(request->claimed) - 1] = '\0';
    request->person[sizeof(request->person) - 1] = '\0';
    request->rule[sizeof(request->rule) - 1] = '\0';
    request->fields[sizeof(request->fields) - 1] = '\0';
    request->sql[sizeof(request->sql) - 1] = '\0';
}

static int
record_request(struct approvals *a, struct message_request *request)
{
    union payload_body body = {.requested = {.session = request->session,
                                             .until = request->until,
                                             .fingerprint = request->fingerprint,
                                             .sql = view_of_text(request->sql)}};
    struct payload_requested *requested = &body.requested;
    int result;

    memcpy(requested->principal, request->principal, sizeof(requested->principal));
    memcpy(requested->actor, request->actor, sizeof(requested->actor));
    memcpy(requested->rule, request->rule, sizeof(requested->rule));
    memcpy(requested->fields, request->fields, sizeof(requested->fields));
    result = record_again(a->records, SEGMENT_REQUESTED, &body);
    if (result == 0)
        request->number = chain_size(&a->records->chain) - 1;
    return result == 0 && a->records->durability == DURABILITY_STRICT ? record_sync(a->records)
                                                                      : result;
}

void
approvals_request(struct approvals *a, struct channel *gate, const struct channel_message *message)
{
    struct approval *one = add(a), refused = {.error = PASU_E_RANGE};

    if (!one) {
        take(&refused.request, message);
        if (!tell(a, gate, &refused)) {
            /* the gate does not wait for ever */
        }
        return;
    }
    take(&one->request, message);
    one->request.since = os_realtime(os_of(a));
    one->request.until = one->request.since + a->within;
    one->deadline = os_monotonic(os_of(a)) + a->within;
    one->error = record_request(a, &one->request);
    if (one->error != 0)
        one->request.number = 0;
    else
        raise_alert(a, &one->request);
    LOG_EVENT(a->records->log, APPROVAL_WANTED, F_UINT("number", one->request.number),
              F_HEX("session", one->request.session), F_TEXT("principal", one->request.principal),
              F_TEXT("rule", one->request.rule), F_TEXT("record", error_text(one->error)));
    if (tell(a, gate, one) && one->error != 0)
        forget(a, one);
}

static void
record_end_of(struct approvals *a, uint64_t number, enum approval_end end)
{
    const union payload_body body = {.concluded = {.number = number, .end = (uint8_t)end}};

    if (record_other(a->records, SEGMENT_CONCLUDED, &body) != 0) {
        /* logged, and counted in the gap */
    }
}

static void
conclude(struct approvals *a, struct approval *one, enum approval_end end)
{
    if (one->request.number > 0)
        record_end_of(a, one->request.number, end);
    if (one->request.decision == 0) /* for whoever comes too late */
        one->request.decision = DECISION_EXPIRED;
    forget(a, one);
}

void
approvals_concluded(struct approvals *a, const struct channel_message *message)
{
    struct message_concluded concluded;
    struct approval *one;

    memcpy(&concluded, message->body, sizeof(concluded));
    if (concluded.end < APPROVAL_RELEASED || concluded.end >= APPROVAL_ENDS)
        return;
    one = find(a, concluded.number);
    if (one)
        conclude(a, one, concluded.end);
    else if (concluded.number > 0 && a->records->is_open &&
             concluded.number < chain_size(&a->records->chain))
        record_end_of(a, concluded.number, concluded.end); /* a keeper before has numbered it */
}

void
approvals_gate_lost(struct approvals *a)
{
    while (a->count > 0)
        conclude(a, &a->items[a->count - 1], APPROVAL_LOST);
}

/* ---- a decision ---- */

static void
show(struct control_client *client, const struct approval *one)
{
    struct control_waiting waiting = {.request = one->request};

    snprintf(waiting.who, sizeof(waiting.who), "%s", one->who);
    control_frame(client, CONTROL_REQUEST, &waiting, sizeof(waiting));
}

static void
show_all(const struct approvals *a, struct control_client *client)
{
    uint64_t count = 0;

    for (size_t i = 0; i < a->count; i++)
        if (a->items[i].request.number > 0 && a->items[i].request.decision == 0) {
            show(client, &a->items[i]);
            count++;
        }
    control_end(client, 0, count);
}

bool
approvals_may(const struct approvals *a, const struct control_client *client)
{
    const struct approver *approver = approvers_find(a->approvers, client->uid);

    return !approver || !approver->is_named || client->request.verb == CONTROL_WAITING ||
           client->request.verb == CONTROL_APPROVE || client->request.verb == CONTROL_DENY;
}

/* The account's name; a number where it has none. */
static void
name_of(const struct approvals *a, uint32_t uid, char name[NAME_SIZE])
{
    const struct approver *approver = approvers_find(a->approvers, uid);

    if (approver)
        memcpy(name, approver->name, NAME_SIZE);
    else
        snprintf(name, NAME_SIZE, "uid %" PRIu32, uid);
}

/* What somebody hears who comes too late; true where it is so. */
static bool
is_over(struct approvals *a, struct control_client *client)
{
    uint64_t number = client->request.number;
    const struct approval *one = find(a, number), *past = one ? NULL : find_past(a, number);

    if (one && one->request.decision == 0)
        return false;
    if (!one && !past) {
        control_end(client, PASU_E_NOTFOUND, 0);
        return true;
    }
    show(client, one ? one : past);
    control_end(client, PASU_E_DECIDED, 0);
    return true;
}

static void
ask_person(struct approvals *a, struct channel *gate, struct control_client *client)
{
    struct message_person person = {.question = client->question};

    name_of(a, client->uid, person.name);
    if (channel_send(gate, MESSAGE_PERSON_ASK, &person, sizeof(person), -1) != 0)
        control_end(client, PASU_E_UNAVAILABLE, 0);
}

bool
approvals_ask(struct approvals *a, struct channel *gate, struct control_client *client)
{
    switch (client->request.verb) {
    case CONTROL_WAITING:
        show_all(a, client);
        return true;
    case CONTROL_APPROVE:
    case CONTROL_DENY:
        if (client->request.what[0] == '\0')
            control_end(client, PASU_E_PROTOCOL, 0); /* no command of ours comes without a reason */
        else if (!is_over(a, client))
            ask_person(a, gate, client);
        return true;
    default:
        return false;
    }
}

static bool
is_name(const char *one, const char *other)
{
    return one[0] != '\0' && strcasecmp(one, other) == 0;
}

/* Whether the account is the one that asks, or belongs to the same person. */
static bool
is_own(const struct message_request *request, const struct message_person *person)
{
    return is_name(person->name, request->principal) || is_name(person->name, request->actor) ||
           is_name(person->name, request->person) || is_name(person->person, request->person) ||
           is_name(person->person, request->principal) || is_name(person->person, request->actor);
}

static enum approval_decision
decision_of(const struct control_client *client, const struct message_request *request,
            const struct message_person *person)
{
    if (client->request.verb == CONTROL_DENY)
        return DECISION_DENIED;
    if (is_own(request, person))
        return DECISION_REFUSED_OWN;
    return person->is_left ? DECISION_REFUSED_LEFT : DECISION_APPROVED;
}

static const char *
decision_text(enum approval_decision decision)
{
    switch (decision) {
    case DECISION_APPROVED:
        return "approved";
    case DECISION_DENIED:
        return "denied";
    case DECISION_REFUSED_OWN:
        return "refused: it is the account's own";
    case DECISION_REFUSED_LEFT:
        return "refused: the account's owner has left";
    default:
        return "none";
    }
}

static int
record_decision(struct approvals *a, const struct control_client *client, const char *name,
                enum approval_decision decision)
{
    union payload_body body = {.decided = {.number = client->request.number,
                                           .uid = client->uid,
                                           .decision = (uint8_t)decision}};
    int result;

    snprintf(body.decided.who, sizeof(body.decided.who), "%s", name);
    snprintf(body.decided.why, sizeof(body.decided.why), "%s", client->request.what);
    result = record_deed(a->records, SEGMENT_DECIDED, &body);
    LOG_EVENT(a->records->log, CONTROL_COMMAND,
              F_TEXT("command", client->request.verb == CONTROL_DENY ? "deny" : "approve"),
              F_UINT("number", client->request.number), F_UINT("uid", client->uid),
              F_UINT("pid", client->pid), F_TEXT("decision", decision_text(decision)),
              F_TEXT("record", error_text(result)));
    return result;
}

/* An approval that cannot be recorded is none; a denial stands, as nothing is shown by it. */
static void
decide(struct approvals *a, struct control_client *client, struct approval *one,
       const struct message_person *person)
{
    enum approval_decision decision = decision_of(client, &one->request, person);
    char name[NAME_SIZE];
    int result;

    name_of(a, client->uid, name);
    result = record_decision(a, client, name, decision);
    if (result != 0 && decision != DECISION_DENIED) {
        control_end(client, result, 0);
        return;
    }
    if (decision == DECISION_REFUSED_OWN || decision == DECISION_REFUSED_LEFT) {
        control_end(client, decision == DECISION_REFUSED_OWN ? PASU_E_APPROVAL_OWN : PASU_E_LEFT,
                    0);
        return;
    }
    one->request.decision = (uint32_t)decision;
    memcpy(one->who, name, sizeof(one->who));
    show(client, one);
    control_end(client, result, one->request.number);
}

void
approvals_person(struct approvals *a, struct control *control, struct channel *gate,
                 const struct channel_message *message)
{
    struct message_person person;
    struct control_client *client;
    struct approval *one;
    char name[NAME_SIZE];

    memcpy(&person, message->body, sizeof(person));
    person.person[sizeof(person.person) - 1] = '\0';
    client = control_find(control, person.question);
    if (!client ||
        (client->request.verb != CONTROL_APPROVE && client->request.verb != CONTROL_DENY))
        return;
    name_of(a, client->uid, name); /* not as the gate gives it back */
    memcpy(person.name, name, sizeof(person.name));
    approvals_look(a, gate, os_monotonic(os_of(a))); /* the time can be over */
    if (is_over(a, client))
        return;
    one = find(a, client->request.number);
    decide(a, client, one, &person);
    if (one->request.decision != 0 && !tell(a, gate, one)) {
        /* when there is room */
    }
}

/* ---- time ---- */

void
approvals_look(struct approvals *a, struct channel *gate, int64_t now)
{
    for (size_t i = 0; i < a->count;) {
        struct approval *one = &a->items[i];

        if (one->error == 0 && one->request.decision == 0 && now >= one->deadline)
            one->request.decision = DECISION_EXPIRED;
        if (tell(a, gate, one) && one->error != 0)
            forget(a, one);
        else
            i++;
    }
}

int
approvals_wait(const struct approvals *a, int64_t now, int most)
{
    for (size_t i = 0; i < a->count; i++) {
        const struct approval *one = &a->items[i];
        int64_t left = (one->deadline - now) / NANOSECONDS_PER_MILLISECOND + 1;

        if (!one->is_numbered || (one->request.decision != 0 && !one->is_told))
            left = APPROVALS_AGAIN_MS;
        else if (one->request.decision != 0)
            continue;
        if (left < most || most < 0)
            most = left < 0 ? 0 : (int)left;
    }
    return most;
}
