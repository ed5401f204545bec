/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/approval.h"

#include "base/utf8.h"
#include "gate/observer.h"
#include "gate/session.h"
#include "gate/source_claim.h"
#include "gate/standing.h"
#include "gate/verdict.h"
#include "postgres/response.h"

#include <inttypes.h>

enum { NOTICE_SIZE = 1280, NOTICE_TEXT_SIZE = 512 };

#define PATIENCE (APPROVAL_PATIENCE_SECONDS * NANOSECONDS_PER_SECOND)

void
approval_init(struct approval_wait *approval)
{
    memset(approval, 0, sizeof(*approval));
    list_init(&approval->link);
}

static struct approval_wait *
of(const struct session *s)
{
    return s->observer ? &s->observer->approval : NULL;
}

static bool
is_waiting(const struct session *s)
{
    const struct approval_wait *a = of(s);

    return a && (a->state == APPROVAL_ASKED || a->state == APPROVAL_WAITS);
}

bool
approval_holds_server(const struct session *s)
{
    return is_waiting(s) && of(s)->is_of_rows;
}

bool
approval_holds_client(const struct session *s)
{
    return is_waiting(s) && !of(s)->is_of_rows;
}

uint64_t
approval_number(const struct session *s)
{
    return is_waiting(s) ? of(s)->number : 0;
}

bool
approval_is_over(const struct session *s)
{
    return of(s)->state == APPROVAL_OVER && !of(s)->is_of_rows;
}

/* ---- the keeper is told ---- */

static void
tell_concluded(struct worker *w, uint64_t number, enum approval_end end)
{
    struct message_concluded concluded = {.number = number, .end = (uint8_t)end};

    if (number > 0 && keeper_link_record(&w->shared->keeper, MESSAGE_CONCLUDED, &concluded,
                                         sizeof(concluded)) != 0)
        w->shared->unrecorded_total++;
}

/* What it has come to has been said to everybody. */
void
approval_conclude(struct session *s, enum approval_end end)
{
    struct approval_wait *a = of(s);

    tell_concluded(s->worker, a->number, end);
    a->state = APPROVAL_NONE;
    a->number = 0;
}

static void
put_fields(char text[ALERT_TEXT_SIZE], const struct vocabulary *vocabulary, uint64_t fields)
{
    size_t used = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i < vocabulary->field_count && used < ALERT_TEXT_SIZE; i++)
        if (fields >> i & 1)
            used += (size_t)snprintf(text + used, ALERT_TEXT_SIZE - used, "%s%s",
                                     used > 0 ? "," : "", vocabulary->fields[i]);
}

/* What the session says of itself, and where it is: whoever approves wants to know. */
static void
put_claims(struct message_request *request, const struct session *s)
{
    struct source_claim source;

    actor_now(s, request->actor);
    snprintf(request->purpose, sizeof(request->purpose), "%s", actor_purpose(s));
    session_address_text(s, request->address);
    source_claim_now(s, &source);
    snprintf(request->claimed, sizeof(request->claimed), "%s", source.text);
    request->is_signed = source.is_signed;
}

void
approval_request(struct session *s, const struct verdict_hold *hold, const char *sql,
                 uint64_t fingerprint, bool is_of_rows)
{
    const struct roster_entry *entry = roster_find(standing_roster(s), s->user);
    struct approval_wait *a = of(s);
    struct message_request request = {
        .session = s->id, .serial = ++a->serial, .fingerprint = fingerprint};

    memcpy(request.principal, s->user, sizeof(request.principal));
    put_claims(&request, s);
    snprintf(request.person, sizeof(request.person), "%s", entry ? entry->owner : "");
    snprintf(request.rule, sizeof(request.rule), "%s", hold->rule);
    put_fields(request.fields, &s->settings->vocabulary, hold->fields);
    snprintf(request.sql, sizeof(request.sql), "%s", sql);
    request.sql[utf8_cut(request.sql, sizeof(request.sql) - 1)] = '\0';
    memcpy(a->rule, hold->rule, sizeof(a->rule));
    a->is_of_rows = is_of_rows;
    a->is_of_budget = false;
    a->fields = hold->fields;
    a->begun = os_realtime(s->worker->os);
    a->who[0] = '\0';
    if (keeper_link_send(&s->worker->shared->keeper, MESSAGE_REQUEST, &request, sizeof(request)) !=
        0) {
        a->state = APPROVAL_OVER;
        a->error = PASU_E_APPROVAL_LOST;
        a->end = APPROVAL_LOST;
        return;
    }
    a->state = APPROVAL_ASKED;
    a->deadline = os_monotonic(s->worker->os) + PATIENCE;
    list_append(&s->worker->approvals, &a->link);
    s->worker->shared->approvals_total++;
    cancel_hold(&s->worker->shared->cancels, s->cancel, s->worker, s->id);
}

/* ---- how it ends ---- */

void
approval_again(struct session *s)
{
    struct approval_wait *a = of(s);

    if (a && a->state == APPROVAL_OVER && a->is_of_rows && session_state_is_relay(s->state))
        relay_again(s);
}

static void
leave_list(struct session *s)
{
    struct approval_wait *a = of(s);

    if (list_is_empty(&a->link))
        return;
    list_remove(&a->link);
    s->worker->shared->approvals_total--;
    cancel_hold(&s->worker->shared->cancels, s->cancel, NULL, 0);
}

/* It goes on (no error), or is refused. */
static void
finish(struct session *s, int error, enum approval_end end)
{
    struct approval_wait *a = of(s);

    leave_list(s);
    a->state = APPROVAL_OVER;
    a->error = error;
    a->end = (uint8_t)end;
    if (a->is_of_rows)
        approval_again(s);
    else
        observer_resume(s);
    if (s->state != SESSION_CLOSED)
        session_watch(s);
}

void
approval_leave(struct session *s)
{
    struct approval_wait *a = of(s);
    bool is_of_rows;

    if (!a || a->state == APPROVAL_NONE)
        return;
    is_of_rows = a->is_of_rows && is_waiting(s);
    leave_list(s);
    approval_conclude(s, s->error == PASU_E_UPSTREAM_LOST || s->server.is_over ? APPROVAL_SERVER
                         : s->error != 0                                       ? APPROVAL_ENDED
                                         : APPROVAL_CLIENT_GONE);
    if (!is_of_rows || !s->is_left)
        return;
    /* The server is read to its end, and what waits is the beginning of that. */
    a->state = APPROVAL_OVER;
    a->error = PASU_E_APPROVAL_LOST;
    if (list_is_empty(&s->again))
        list_append(&s->worker->again, &s->again);
}

void
approval_client_gone(struct session *s)
{
    bool is_of_client = approval_holds_client(s);

    if (!is_waiting(s))
        return;
    s->client.is_over = true;
    leave_list(s);
    approval_conclude(s, APPROVAL_CLIENT_GONE);
    if (is_of_client) { /* of what waits nothing will be asked */
        kept_release(&s->observer->backlog);
        s->observer->ask.length = 0;
        s->observer->is_waiting = false;
        session_event(s, EVENT_CLIENT_EOF, VIEW(""));
        return;
    }
    of(s)->state = APPROVAL_OVER;
    of(s)->error = PASU_E_APPROVAL_LOST;
    approval_again(s);
}

void
approval_cancelled(struct session *s)
{
    if (is_waiting(s))
        finish(s, PASU_E_CANCELLED, APPROVAL_CANCELLED);
}

void
approval_post_cancel(const struct cancel_target *target)
{
    struct task *task = task_new(TASK_CANCELLED, target->session);

    if (task)
        worker_post(target->holder, task);
}

/* ---- the keeper's words ---- */

/* The client is told that it waits, and for what. */
static void
notify(struct session *s, int64_t within)
{
    const struct approval_wait *a = of(s);
    char text[NOTICE_TEXT_SIZE];
    uint8_t space[NOTICE_SIZE];
    struct writer w = writer_of(space, sizeof(space));

    snprintf(text, sizeof(text),
             "%s: request %" PRIu64 ", for at most %" PRId64 " seconds; %s: pasu approve %" PRIu64
             " --reason TEXT",
             error_text(PASU_E_APPROVAL_WAITING), a->number, within / NANOSECONDS_PER_SECOND,
             a->rule, a->number);
    response_notice(&w, SEVERITY_NOTICE, error_sqlstate(PASU_E_APPROVAL_WAITING), text);
    if (writer_end(&w) > 0 &&
        peer_write(&s->client, s->worker->os, space, writer_length(&w)) == PASU_E_EOF)
        approval_client_gone(s);
}

void
approval_numbered(struct worker *w, const struct message_requested *requested)
{
    struct session *s = session_find(w, requested->session);
    struct approval_wait *a = s ? of(s) : NULL;

    if (!a || a->state != APPROVAL_ASKED || a->serial != requested->serial) {
        tell_concluded(w, requested->number, APPROVAL_CLIENT_GONE); /* or it was taken back */
        return;
    }
    if (requested->error != 0) {
        finish(s, PASU_E_APPROVAL_LOST, APPROVAL_LOST);
        return;
    }
    a->state = APPROVAL_WAITS;
    a->number = requested->number;
    a->deadline = os_monotonic(w->os) + requested->within + PATIENCE;
    notify(s, requested->within);
    if (s->state != SESSION_CLOSED)
        session_watch(s);
}

void
approval_decided(struct worker *w, const struct message_decided *decided)
{
    struct session *s = session_find(w, decided->session);
    struct approval_wait *a = s ? of(s) : NULL;

    if (!a || a->state != APPROVAL_WAITS || a->number != decided->number)
        return; /* it is over, and the keeper has been told */
    snprintf(a->who, sizeof(a->who), "%s", decided->who);
    if (decided->decision == DECISION_APPROVED)
        finish(s, 0, APPROVAL_RELEASED);
    else if (decided->decision == DECISION_DENIED)
        finish(s, PASU_E_APPROVAL_DENIED, APPROVAL_DENIED);
    else
        finish(s, PASU_E_APPROVAL_EXPIRED, APPROVAL_EXPIRED);
}

/* Sessions that end meanwhile leave the list: it is walked from the front, as often as it has any.
 */
static void
end_all(struct worker *w, int64_t before)
{
    list_each_safe (link, &w->approvals) {
        struct approval_wait *a = LIST_ENTRY(link, struct approval_wait, link);
        struct observer *o = LIST_ENTRY(a, struct observer, approval);

        if (a->deadline <= before)
            finish(o->session, PASU_E_APPROVAL_LOST, APPROVAL_LOST);
    }
}

void
approval_keeper_lost(struct worker *w)
{
    end_all(w, INT64_MAX);
}

void
approval_look(struct worker *w)
{
    end_all(w, os_monotonic(w->os));
}
