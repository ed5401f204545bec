/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/sought.h"

#include "base/memory.h"
#include "ledger/payload.h"

void
sought_release(struct sought *s)
{
    live_release(&s->sessions);
}

/* What is damaged, or finds no room, is not known. */
static void
read_segment(struct sought *s, const struct sought_place *place, uint64_t first)
{
    struct segment_record record;
    struct message_session opened;
    struct segment_scan scan;
    int more;

    if (segment_scan_enter(&scan, place->os, place->segments, first, place->keys) != 0)
        return;
    while ((more = segment_scan_next(&scan, &record)) == 1 || more == PASU_E_CORRUPT) {
        if (place->watch->read)
            place->watch->read(place->watch->arg, scan.offset, scan.file.limit);
        if (more == 1 && record.type == SEGMENT_OPENED && !record.is_sealed &&
            payload_read_opened(&opened, record.payload) == 0 &&
            live_add(&s->sessions, opened.session, opened.principal, "") != 0)
            break;
    }
    segment_scan_leave(&scan);
}

/* What has come since the last time, newest first. */
static void
read_newer(struct sought *s, const struct sought_place *place, const uint64_t *firsts, size_t count)
{
    unsigned most = SOUGHT_SEGMENTS;

    if (s->to == 0 || s->to >= place->size || s->again == SOUGHT_AGAIN)
        return;
    s->again++;
    for (size_t end = count; end > 0 && most > 0; end--, most--) {
        read_segment(s, place, firsts[end - 1]);
        if (firsts[end - 1] <= s->to)
            break;
    }
    s->to = place->size;
}

/* One more of those before; false: there is none, or it would be too much. */
static bool
read_older(struct sought *s, const struct sought_place *place, const uint64_t *firsts, size_t count)
{
    size_t at = count;

    while (at > 0 && s->to != 0 && firsts[at - 1] >= s->from)
        at--;
    if (at == 0 || s->segments == SOUGHT_SEGMENTS)
        return false;
    read_segment(s, place, firsts[at - 1]);
    s->segments++;
    s->from = firsts[at - 1];
    if (s->to == 0)
        s->to = place->size;
    return true;
}

const char *
sought_principal(struct sought *s, const struct sought_place *place, uint64_t session)
{
    uint64_t *firsts;
    size_t count;

    if (session == 0 || live_has(&s->sessions, session) ||
        segment_list(place->os, place->segments, &firsts, &count) != 0)
        return live_principal(&s->sessions, session);
    read_newer(s, place, firsts, count);
    while (!live_has(&s->sessions, session) && read_older(s, place, firsts, count))
        continue;
    memory_free(firsts);
    if (!live_has(&s->sessions, session) && live_add(&s->sessions, session, "", "") != 0) {
        /* it is looked for again */
    }
    return live_principal(&s->sessions, session);
}
