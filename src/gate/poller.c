/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/poller.h"

#include "gate/peer.h"
#include "gate/uring.h"

#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS_MAX = 256 };

int
poller_init(struct poller *poller, int wake, bool allow_uring)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

    *poller = (struct poller){.epoll = -1, .wake = wake};
    if (allow_uring && uring_new(&poller->uring, wake) == 0)
        return 0;
    poller->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (poller->epoll < 0 || epoll_ctl(poller->epoll, EPOLL_CTL_ADD, wake, &event) != 0) {
        poller_release(poller);
        return PASU_E_NOMEM;
    }
    return 0;
}

void
poller_release(struct poller *poller)
{
    uring_free(poller->uring);
    poller->uring = NULL;
    if (poller->epoll >= 0)
        close(poller->epoll);
    poller->epoll = -1;
}

/* Apart, so that who waits by the ring has no room for it on its stack. */
__attribute__((noinline)) static int
wait_epoll(struct poller *poller, int milliseconds, struct poller_event *events, int size)
{
    struct epoll_event told[EVENTS_MAX] PASU_UNINITIALIZED;
    int count;

    count = epoll_wait(poller->epoll, told, size < EVENTS_MAX ? size : EVENTS_MAX, milliseconds);
    for (int i = 0; i < count; i++)
        events[i] = (struct poller_event){told[i].data.ptr, told[i].events};
    return count > 0 ? count : 0;
}

int
poller_wait(struct poller *poller, int milliseconds, struct poller_event *events, int size)
{
    if (PASU_LIKELY(poller->uring != NULL))
        return uring_wait(poller->uring, milliseconds, events, size);
    return wait_epoll(poller, milliseconds, events, size);
}

/* Apart for the same reason. */
__attribute__((noinline)) static void
watch_epoll(struct poller *poller, struct peer *peer, uint32_t interest)
{
    struct epoll_event event = {.events = interest, .data.ptr = peer};
    bool is_new = peer->interest == UINT32_MAX;

    if (peer->is_hung && interest == 0) { /* epoll would tell it again and again */
        if (!is_new && epoll_ctl(poller->epoll, EPOLL_CTL_DEL, peer->fd, &event) == 0)
            peer->interest = UINT32_MAX;
        return;
    }
    if (peer->interest == interest)
        return;
    if (epoll_ctl(poller->epoll, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, peer->fd, &event) == 0)
        peer->interest = interest;
}

void
poller_watch(struct poller *poller, struct peer *peer, uint32_t interest, bool may_receive)
{
    if (peer->fd < 0)
        return;
    if (PASU_LIKELY(poller->uring != NULL))
        uring_watch(poller->uring, peer, interest, may_receive);
    else
        watch_epoll(poller, peer, interest);
}

void
poller_forget(struct poller *poller, struct peer *peer)
{
    if (poller->uring)
        uring_forget(poller->uring, peer);
    peer->interest = UINT32_MAX;
}
