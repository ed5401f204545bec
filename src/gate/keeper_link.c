/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/keeper_link.h"

#include "base/memory.h"
#include "ledger/message.h"

#include <poll.h>
#include <unistd.h>

#define TOLD_AGAIN (60 * NANOSECONDS_PER_SECOND)

struct waiting {
    struct list link;
    uint32_t type;
    size_t length;
    _Alignas(8) uint8_t body[];
};

void
keeper_link_init(struct keeper_link *link, const struct os *os, int wake)
{
    *link = (struct keeper_link){.os = os, .wake = wake};
    pthread_mutex_init(&link->lock, NULL);
    list_init(&link->waiting);
    channel_init(&link->channel, -1, message_rules_gate_from_keeper,
                 message_rules_gate_from_keeper_count);
}

static void
drop(struct keeper_link *link, struct waiting *w)
{
    list_remove(&w->link);
    link->waiting_count--;
    memory_free(w);
}

void
keeper_link_release(struct keeper_link *link)
{
    keeper_link_replace(link, -1);
    while (!list_is_empty(&link->waiting))
        drop(link, LIST_ENTRY(link->waiting.next, struct waiting, link));
}

/* What a former keeper was told lately it need not have written down. */
static void
tell_again(struct keeper_link *link)
{
    const int64_t now = os_monotonic(link->os);

    for (size_t i = 0; i < KEEPER_TOLD_MAX; i++) {
        struct keeper_told *told = &link->told[i];

        if (told->count > 0 && now - told->at <= TOLD_AGAIN) {
            if (link->carried == 0 || told->since < link->carried_since)
                link->carried_since = told->since;
            link->carried += told->count;
        }
        told->count = 0;
    }
}

void
keeper_link_replace(struct keeper_link *link, int fd)
{
    pthread_mutex_lock(&link->lock);
    tell_again(link);
    channel_close(&link->channel);
    channel_init(&link->channel, fd, message_rules_gate_from_keeper,
                 message_rules_gate_from_keeper_count);
    list_each_safe (at, &link->waiting) {
        struct waiting *w = LIST_ENTRY(at, struct waiting, link);

        if (w->type == MESSAGE_OPENED || w->type == MESSAGE_ANNOUNCE)
            drop(link, w);
    }
    pthread_mutex_unlock(&link->lock);
}

int
keeper_link_send(struct keeper_link *link, uint32_t type, const void *body, size_t length)
{
    int result = PASU_E_EOF;

    pthread_mutex_lock(&link->lock);
    if (link->channel.fd >= 0)
        result = channel_send(&link->channel, type, body, length, -1);
    pthread_mutex_unlock(&link->lock);
    return result;
}

/* ---- what is to be recorded ---- */

static int
wait_for_room(struct keeper_link *link, uint32_t type, const void *body, size_t length)
{
    const uint64_t one = 1;
    struct waiting *w;

    if (link->waiting_count == KEEPER_WAITING_MAX)
        return PASU_E_AGAIN;
    w = memory_new(1, sizeof(*w) + length);
    if (!w)
        return PASU_E_NOMEM;
    w->type = type;
    w->length = length;
    memcpy(w->body, body, length);
    list_append(&link->waiting, &w->link);
    if (link->waiting_count++ == 0 && link->wake >= 0 && write(link->wake, &one, sizeof(one)) < 0) {
        /* its counter is full: it wakes anyway */
    }
    return 0;
}

static void
count_lost(struct keeper_link *link)
{
    if (link->lost++ == 0)
        link->lost_since = os_realtime(link->os);
}

int
keeper_link_record(struct keeper_link *link, uint32_t type, const void *body, size_t length)
{
    int result = PASU_E_AGAIN;

    pthread_mutex_lock(&link->lock);
    if (link->channel.fd < 0)
        result = PASU_E_EOF;
    else if (list_is_empty(&link->waiting) && link->lost == 0)
        result = channel_send(&link->channel, type, body, length, -1);
    if (result == PASU_E_AGAIN || (result == PASU_E_EOF && type != MESSAGE_OPENED))
        result = wait_for_room(link, type, body, length);
    if (result != 0 && type != MESSAGE_OPENED)
        count_lost(link);
    pthread_mutex_unlock(&link->lock);
    return result;
}

void
keeper_link_withdraw(struct keeper_link *link, uint64_t session)
{
    pthread_mutex_lock(&link->lock);
    list_each_safe (at, &link->waiting) {
        struct waiting *w = LIST_ENTRY(at, struct waiting, link);
        struct message_session opened;

        if (w->type != MESSAGE_OPENED)
            continue;
        memcpy(&opened, w->body, sizeof(opened));
        if (opened.session != session)
            continue;
        drop(link, w);
        break;
    }
    pthread_mutex_unlock(&link->lock);
}

/* ---- the main thread ---- */

/* After all that waited. */
static void
tell_lost(struct keeper_link *link)
{
    struct message_lost message = {.count = link->lost, .since = link->lost_since};

    if (link->lost > 0 &&
        channel_send(&link->channel, MESSAGE_LOST, &message, sizeof(message), -1) == 0)
        link->lost = 0;
}

bool
keeper_link_carried(struct keeper_link *link)
{
    bool is_first;

    pthread_mutex_lock(&link->lock);
    is_first = link->carried++ == 0;
    if (is_first)
        link->carried_since = os_realtime(link->os);
    pthread_mutex_unlock(&link->lock);
    return is_first;
}

void
keeper_link_look(struct keeper_link *link)
{
    struct message_lost message;
    bool is_over;

    pthread_mutex_lock(&link->lock);
    is_over =
        link->carried == link->looked || os_realtime(link->os) - link->carried_since > TOLD_AGAIN;
    message = (struct message_lost){.count = link->carried, .since = link->carried_since};
    link->looked = link->carried;
    if (link->carried > 0 && is_over && link->channel.fd >= 0 &&
        channel_send(&link->channel, MESSAGE_LOST, &message, sizeof(message), -1) == 0) {
        link->told[link->told_next] = (struct keeper_told){
            .count = link->carried, .since = link->carried_since, .at = os_monotonic(link->os)};
        link->told_next = (link->told_next + 1) % KEEPER_TOLD_MAX;
        link->carried = link->looked = 0;
    }
    pthread_mutex_unlock(&link->lock);
}

bool
keeper_link_flush(struct keeper_link *link)
{
    bool is_waiting;

    pthread_mutex_lock(&link->lock);
    while (link->channel.fd >= 0 && !list_is_empty(&link->waiting)) {
        struct waiting *w = LIST_ENTRY(link->waiting.next, struct waiting, link);
        int result = channel_send(&link->channel, w->type, w->body, w->length, -1);

        if (result == PASU_E_AGAIN || result == PASU_E_EOF)
            break;
        if (result != 0)
            count_lost(link);
        drop(link, w);
    }
    if (link->channel.fd >= 0 && list_is_empty(&link->waiting))
        tell_lost(link);
    is_waiting = link->channel.fd >= 0 && (!list_is_empty(&link->waiting) || link->lost > 0);
    pthread_mutex_unlock(&link->lock);
    return is_waiting;
}

/* Nobody will look again: they go with what is lost. */
static void
give_up_carried(struct keeper_link *link)
{
    pthread_mutex_lock(&link->lock);
    if (link->carried > 0 && (link->lost == 0 || link->carried_since < link->lost_since))
        link->lost_since = link->carried_since;
    link->lost += link->carried;
    link->carried = 0;
    pthread_mutex_unlock(&link->lock);
}

void
keeper_link_drain(struct keeper_link *link, int milliseconds)
{
    int64_t until = os_monotonic(link->os) + (int64_t)milliseconds * NANOSECONDS_PER_MILLISECOND,
            left;

    give_up_carried(link);
    while (keeper_link_flush(link) && (left = until - os_monotonic(link->os)) > 0) {
        struct pollfd keeper = {.fd = link->channel.fd, .events = POLLOUT};

        if (poll(&keeper, 1, (int)(left / NANOSECONDS_PER_MILLISECOND) + 1) < 0 ||
            (keeper.revents & (POLLERR | POLLHUP)))
            break;
    }
}
