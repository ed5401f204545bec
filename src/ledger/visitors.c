/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/visitors.h"

static bool
is_over(const struct visitor *visitor, int64_t now)
{
    return now - visitor->since > VISITOR_SECONDS * NANOSECONDS_PER_SECOND;
}

void
visitors_announce(struct visitors *v, const struct message_try *visit, int64_t now)
{
    struct visitor *place = &v->items[0];

    for (size_t i = 0; i < VISITORS_MAX && place->visit.token != 0; i++)
        if (v->items[i].visit.token == 0 || v->items[i].since < place->since)
            place = &v->items[i];
    *place = (struct visitor){.visit = *visit, .since = now};
    if (place->visit.count > VISITOR_COUNT_MAX)
        place->visit.count = VISITOR_COUNT_MAX;
}

void
visitors_arrive(struct visitors *v, const struct message_try *arrival)
{
    for (size_t i = 0; i < VISITORS_MAX; i++) {
        struct visitor *one = &v->items[i];

        if (one->visit.token == 0 || one->visit.token != arrival->visit)
            continue;
        if (arrival->pid == 0 && one->arrived_count < one->visit.count)
            one->visit.count = one->arrived_count; /* none of the others comes */
        else if (arrival->pid != 0 && one->arrived_count < one->visit.count)
            one->arrived[one->arrived_count++] = *arrival;
        if (one->visit.count == 0)
            *one = (struct visitor){0};
        return;
    }
}

static bool
is_that(const struct visitor *visitor, const struct message_try *arrival,
        const struct message_backend *backend)
{
    return arrival->pid == backend->pid && arrival->port == backend->port &&
           strcmp(visitor->visit.gateway, backend->gateway) == 0 &&
           strcmp(visitor->visit.database, backend->database) == 0;
}

void
visitors_recorded(struct visitors *v, const struct message_backend *backend)
{
    if (backend->sort == BACKEND_OF_GATE)
        return;
    for (size_t i = 0; i < VISITORS_MAX; i++) {
        struct visitor *one = &v->items[i];

        for (uint32_t a = 0; a < one->arrived_count; a++) {
            if (!is_that(one, &one->arrived[a], backend))
                continue;
            one->arrived[a] = one->arrived[--one->arrived_count];
            if (--one->visit.count == 0)
                *one = (struct visitor){0};
            return;
        }
    }
}

static void
tell(struct channel *gate, const struct message_try *message)
{
    if (channel_send(gate, MESSAGE_TRY, message, sizeof(*message), -1) != 0) {
        /* a gate that reads nothing is another one soon, and is told then */
    }
}

void
visitors_tell(struct visitors *v, struct channel *gate, int64_t now)
{
    for (size_t i = 0; i < VISITORS_MAX; i++) {
        struct visitor *one = &v->items[i];

        if (one->visit.token == 0)
            continue;
        if (is_over(one, now)) {
            *one = (struct visitor){0};
            continue;
        }
        tell(gate, &one->visit);
        for (uint32_t a = 0; a < one->arrived_count; a++)
            tell(gate, &one->arrived[a]);
    }
}
