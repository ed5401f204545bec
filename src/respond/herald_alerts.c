/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts, one after the other to each target, in the order that the keeper sends them in. */
#include "respond/state.h"

#include "base/memory.h"
#include "respond/alert_text.h"

#include <inttypes.h>

enum { HEADER_SIZE = 256 };

#define NAMES_PATIENCE (6 * NANOSECONDS_PER_SECOND) /* a look-up of the supervisor's ends in 5 */

static struct herald_alerts *
queue_of(struct herald *h, size_t target)
{
    return &h->alerts[target - PUBLISH_ALERT_WEBHOOK];
}

static const struct message_delivery *
first_of(const struct herald_alerts *q)
{
    return &q->items[q->head];
}

/* ---- the keeper ---- */

void
herald_alerts_take(struct herald *h, const struct channel_message *message)
{
    struct message_delivery delivery;
    struct herald_alerts *q;

    memcpy(&delivery, message->body, sizeof(delivery));
    if (delivery.target >= ALERT_TARGETS)
        return;
    q = &h->alerts[delivery.target];
    if (q->count == COUNT_OF(q->items))
        return; /* no keeper of ours sends more; it has not arrived, and comes again */
    delivery.ledger[sizeof(delivery.ledger) - 1] = delivery.to[sizeof(delivery.to) - 1] = '\0';
    delivery.body.principal[sizeof(delivery.body.principal) - 1] = '\0';
    delivery.body.rule[sizeof(delivery.body.rule) - 1] = '\0';
    delivery.body.text[sizeof(delivery.body.text) - 1] = '\0';
    q->items[(q->head + q->count++) % COUNT_OF(q->items)] = delivery;
}

void
herald_alerts_renew(struct herald *h)
{
    for (size_t t = 0; t < ALERT_TARGETS; t++) {
        struct herald_alerts *q = &h->alerts[t];

        q->count = 0;
        q->is_arrived = false;
        q->under_way = UINT64_MAX;
    }
}

/* Says that the last one has arrived, as soon as there is room for that. */
static void
tell_arrived(struct herald *h, size_t target)
{
    struct herald_alerts *q = queue_of(h, target);
    struct message_delivered m = {.target = (uint32_t)(target - PUBLISH_ALERT_WEBHOOK),
                                  .number = q->arrived};

    if (q->is_arrived && h->keeper.fd >= 0)
        q->is_arrived = channel_send(&h->keeper, MESSAGE_DELIVERED, &m, sizeof(m), -1) != 0;
}

static void
arrived(struct herald *h, size_t target, uint64_t number)
{
    struct herald_alerts *q = queue_of(h, target);

    target_done(&h->targets[target], &h->log, number);
    if (q->count == 0 || first_of(q)->number != number)
        return; /* of a keeper before: it comes again */
    q->head = (q->head + 1) % COUNT_OF(q->items);
    q->count--;
    q->arrived = number;
    q->is_arrived = true;
    tell_arrived(h, target);
}

/* ---- the webhook ---- */

static int
set_headers(struct herald *h, struct web_post *post, const struct message_delivery *d,
            struct view body)
{
    char id[ALERT_ID_SIZE], signature[SIGNATURE_SIZE], lines[3][HEADER_SIZE];
    const char *all[5] = {"Content-Type: application/json", "Expect:"};
    int64_t seconds = os_realtime(h->os) / NANOSECONDS_PER_SECOND;
    size_t count = 2;
    int result;

    alert_id(id, d);
    snprintf(lines[0], HEADER_SIZE, "webhook-id: %s", id);
    snprintf(lines[1], HEADER_SIZE, "webhook-timestamp: %" PRId64, seconds);
    all[count++] = lines[0];
    all[count++] = lines[1];
    if (h->secret_length > 0) {
        result = signature_make(signature, view_of(h->secret, h->secret_length), id, seconds, body);
        if (result != 0)
            return result;
        snprintf(lines[2], HEADER_SIZE, "webhook-signature: %s", signature);
        all[count++] = lines[2];
    }
    return web_post_set_headers(post, all, count);
}

static int
begin_post(struct herald *h, const struct message_delivery *d)
{
    struct web_post *post = h->posts[PUBLISH_ALERT_WEBHOOK];
    char *body = alert_body(d, h->alert_format);
    int result = body ? set_headers(h, post, d, view_of_text(body)) : PASU_E_NOMEM;

    if (result == 0)
        result = web_post_begin(post, &h->places[PUBLISH_ALERT_WEBHOOK], view_of_text(body));
    memory_free(body);
    return result;
}

/* Of the webhook, or of e-mail. */
static void
post_first(struct herald *h, size_t target, int64_t now)
{
    struct herald_alerts *q = queue_of(h, target);
    int result;

    if (q->count == 0 || !h->posts[target] || h->posts[target]->is_running ||
        now < h->targets[target].due || herald_has_no_address(h, target, now))
        return;
    result = target == PUBLISH_ALERT_EMAIL ? herald_mail_begin(h, first_of(q))
                                           : begin_post(h, first_of(q));
    if (result == 0)
        q->under_way = first_of(q)->number;
    else
        target_failed(&h->targets[target], &h->log, error_text(result));
}

void
herald_alert_posted(struct herald *h, const struct web_post *post)
{
    struct herald_alerts *q = queue_of(h, post->number);
    uint64_t number = q->under_way;

    q->under_way = UINT64_MAX;
    if (!herald_is_success(post))
        herald_fail_post(h, post);
    else if (number != UINT64_MAX)
        arrived(h, post->number, number);
}

/* ---- syslog ---- */

static int
begin_line(struct herald *h, const struct message_delivery *d)
{
    char data[ALERT_DATA_SIZE], line[ALERT_TEXT_SIZE * 3];

    alert_data(data, d);
    alert_line(line, d);
    return sink_begin(&h->alert_sink, alert_priority(d), d->step > 0 ? "escalated" : "alert", data,
                      view_of_text(line));
}

static void
send_first(struct herald *h, int64_t now)
{
    const size_t target = PUBLISH_ALERT_SYSLOG;
    struct herald_alerts *q = queue_of(h, target);
    struct web_place *place = &h->places[target];
    int result = 0;

    if (!sink_is_busy(&h->alert_sink)) {
        if (q->count == 0 || now < h->targets[target].due || herald_has_no_address(h, target, now))
            return;
        result = begin_line(h, first_of(q));
        q->under_way = first_of(q)->number;
    }
    if (result == 0)
        result = sink_step(&h->alert_sink, &place->addresses[0]);
    if (result == 0 && q->under_way != UINT64_MAX)
        arrived(h, target, q->under_way);
    else if (result != PASU_E_AGAIN && result != 0)
        herald_fail_sink(h, target, &h->alert_sink, result);
}

/* ---- all ---- */

void
herald_alerts_go(struct herald *h, int64_t now)
{
    post_first(h, PUBLISH_ALERT_WEBHOOK, now);
    post_first(h, PUBLISH_ALERT_EMAIL, now);
    if (h->targets[PUBLISH_ALERT_SYSLOG].kind)
        send_first(h, now);
    for (size_t t = 0; t < ALERT_TARGETS; t++)
        tell_arrived(h, PUBLISH_ALERT_WEBHOOK + t);
}

bool
herald_alerts_wait(const struct herald *h, size_t target)
{
    const struct herald_alerts *q = &h->alerts[target - PUBLISH_ALERT_WEBHOOK];

    return q->count > 0 || q->is_arrived;
}

static int
set_syslog(struct herald *h, const struct config *config)
{
    const char *syslog = config->alerts.syslog;
    struct view authorities = config->alerts.ca.bytes;

    sink_init(&h->alert_sink, h->os, syslog);
    target_init(&h->targets[PUBLISH_ALERT_SYSLOG], "syslog", syslog);
    herald_set_local(h, PUBLISH_ALERT_SYSLOG, syslog);
    if (strncmp(syslog, "tls://", 6) != 0)
        return 0;
    if (authorities.length == 0)
        authorities = view_of(h->web.authorities, h->web.authorities_length);
    return sink_trust(&h->alert_sink, authorities, h->places[PUBLISH_ALERT_SYSLOG].endpoint.host);
}

int
herald_alerts_set(struct herald *h, const struct config *config)
{
    struct view secret = config->alerts.webhook_secret_file.bytes, ca = config->alerts.ca.bytes;
    char name[TARGET_NAME_SIZE];
    int result = 0;

    herald_alerts_renew(h);
    h->names_until = os_monotonic(h->os) + NAMES_PATIENCE;
    h->alert_format = config->alerts.format;
    if (config->alerts.webhook) {
        endpoint_text(name, sizeof(name), &h->places[PUBLISH_ALERT_WEBHOOK].endpoint);
        target_init(&h->targets[PUBLISH_ALERT_WEBHOOK], "webhook", name);
        if (ca.length > 0)
            result = web_post_trust(h->posts[PUBLISH_ALERT_WEBHOOK], ca);
    }
    if (secret.length > 0) {
        ssize_t length = signature_secret(h->secret, secret);

        if (length < 0)
            return (int)length;
        h->secret_length = (size_t)length;
    }
    if (result == 0)
        result = herald_mail_set(h, config);
    return result == 0 && config->alerts.syslog ? set_syslog(h, config) : result;
}
