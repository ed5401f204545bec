/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/leavers.h"

#include <inttypes.h>
#include <stdio.h>

enum { SEVERITY_ATTEMPT = 5, SEVERITY_SERVICE = 3 };

#define WINDOW (LEAVERS_WINDOW_SECONDS * NANOSECONDS_PER_SECOND)

void
leavers_init(struct leavers *l, struct record_keeping *records)
{
    l->records = records;
    l->count = 0;
    l->roster = 0;
}

static uint64_t
last_record(const struct leavers *l)
{
    uint64_t size = l->records->is_open ? chain_size(&l->records->chain) : 0;

    return size > 0 ? size - 1 : 0;
}

void
leavers_roster(struct leavers *l)
{
    l->roster = last_record(l);
}

/* ---- what is said ---- */

static void
say(struct leavers *l, const struct leaver *leaver)
{
    union payload_body body = {
        .raised = {.record = leaver->about,
                   .count = leaver->more > 0 ? leaver->more : 1,
                   .since = leaver->since,
                   .severity = leaver->is_service ? SEVERITY_SERVICE : SEVERITY_ATTEMPT,
                   .control = ALERT_OF_ROSTER,
                   .verdict = leaver->is_service ? VERDICT_OF_ALERT : VERDICT_OF_BLOCK}};
    struct message_alert *alert = &body.raised;
    const char *again = leaver->more > 0 ? "again " : "";
    char times[64] = "";

    if (leaver->more > 0)
        snprintf(times, sizeof(times), ", %" PRIu64 " time%s since the last alert", leaver->more,
                 leaver->more == 1 ? "" : "s");
    memcpy(alert->principal, leaver->principal, sizeof(alert->principal));
    snprintf(alert->rule, sizeof(alert->rule), "%s", leaver->is_service ? "ownerless" : "leaver");
    if (leaver->is_service)
        snprintf(alert->text, sizeof(alert->text),
                 "service %s goes on, and its owner has left%s: name another owner in the roster",
                 leaver->principal, times);
    else
        snprintf(alert->text, sizeof(alert->text),
                 "%s, whose owner has left, has %stried to connect%s, from %s: exchange the "
                 "secrets that pasu roster leaver lists",
                 leaver->principal, again, times, leaver->address);
    LOG_EVENT(l->records->log, LEAVER, F_TEXT("principal", leaver->principal),
              F_TEXT("rule", alert->rule), F_UINT("count", alert->count),
              F_TEXT("address", leaver->address));
    if (record_other(l->records, SEGMENT_RAISED, &body) != 0) {
        /* logged, and counted in the gap */
    }
}

/* ---- windows ---- */

static struct leaver *
find(struct leavers *l, const char *principal, bool is_service)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->items[i].is_service == is_service && strcmp(l->items[i].principal, principal) == 0)
            return &l->items[i];
    return NULL;
}

/* It says what it holds, and is no more. */
static void
end(struct leavers *l, size_t index)
{
    if (l->items[index].more > 0)
        say(l, &l->items[index]);
    l->items[index] = l->items[--l->count];
}

static struct leaver *
add(struct leavers *l)
{
    size_t oldest = 0;

    if (l->count == LEAVERS_MAX) {
        for (size_t i = 1; i < l->count; i++)
            if (l->items[i].until < l->items[oldest].until)
                oldest = i;
        end(l, oldest);
    }
    return &l->items[l->count++];
}

/* Texts of the gate's, which the network may have taken over, are ended here. */
static void
happened(struct leavers *l, const struct leaver *now)
{
    struct leaver *before = find(l, now->principal, now->is_service);

    if (before) {
        if (before->more++ == 0)
            before->since = now->since;
        before->about = now->about;
        memcpy(before->address, now->address, sizeof(before->address));
        return;
    }
    say(l, now);
    before = add(l);
    *before = *now;
    before->until = os_monotonic(l->records->log->os) + WINDOW;
}

void
leavers_refused(struct leavers *l, const struct message_refused *refused)
{
    struct leaver now = {.about = last_record(l), .since = refused->at};

    if (refused->error != PASU_E_LEFT)
        return;
    snprintf(now.principal, sizeof(now.principal), "%.*s", NAME_SIZE - 1, refused->principal);
    snprintf(now.address, sizeof(now.address), "%.*s", ADDRESS_SIZE - 1, refused->address);
    happened(l, &now);
}

void
leavers_ownerless(struct leavers *l, const struct channel_message *message)
{
    struct leaver now = {.about = l->roster, .is_service = true};
    struct message_ownerless ownerless;

    memcpy(&ownerless, message->body, sizeof(ownerless));
    now.since = ownerless.at;
    snprintf(now.principal, sizeof(now.principal), "%.*s", NAME_SIZE - 1, ownerless.principal);
    happened(l, &now);
}

void
leavers_look(struct leavers *l, int64_t now)
{
    for (size_t i = 0; i < l->count;) {
        struct leaver *leaver = &l->items[i];

        if (now < leaver->until) {
            i++;
        } else if (leaver->more == 0) {
            end(l, i);
        } else { /* it goes on: another window */
            say(l, leaver);
            leaver->more = 0;
            leaver->until = now + WINDOW;
            i++;
        }
    }
}

void
leavers_end(struct leavers *l)
{
    while (l->count > 0)
        end(l, l->count - 1);
}
