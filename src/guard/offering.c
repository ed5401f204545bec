/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger that a gate which starts reads, or could not read. */
#include "guard/state.h"

#include <unistd.h>

/* When a ledger that could not be read is offered again: at first, and at last. */
#define OFFER_FIRST (2 * NANOSECONDS_PER_SECOND)
#define OFFER_LAST  (60 * NANOSECONDS_PER_SECOND)

static void
later(struct supervisor *v, int64_t wait)
{
    v->offer_wait = wait < OFFER_LAST ? wait : OFFER_LAST;
    v->offer_at = os_monotonic(&os_real) + v->offer_wait;
}

void
offering_begin(struct supervisor *v)
{
    later(v, OFFER_FIRST);
}

void
offering_look(struct supervisor *v, int64_t now)
{
    struct message_empty empty = {0};

    if (v->offer_at == 0 || now < v->offer_at)
        return;
    tell(v, &v->children[GATE], MESSAGE_OFFER, &empty, sizeof(empty), -1);
    later(v, 2 * v->offer_wait);
}

/* Once the keeper has been ready, a ledger that is not there has been lost. */
void
offering_segment(struct supervisor *v, uint64_t index)
{
    struct message_segment segment = {.index = index};
    struct message_result none = {.id = index};
    size_t left = 0;
    int fd = resources_open_segment(&v->resources, &v->account, index, &segment.first, &left);

    if (fd >= 0) {
        segment.left = left;
        tell(v, &v->children[GATE], MESSAGE_SEGMENT, &segment, sizeof(segment), fd);
        close(fd);
        return;
    }
    if (fd != PASU_E_NOTFOUND)
        none.error = fd;
    else if (index == 0 && v->is_announced)
        none.error = PASU_E_UNAVAILABLE;
    tell(v, &v->children[GATE], MESSAGE_NO_SEGMENT, &none, sizeof(none), -1);
}
