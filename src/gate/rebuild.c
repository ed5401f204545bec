/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/rebuild.h"

#include "base/memory.h"
#include "exposure/directory.h"
#include "exposure/tally.h"
#include "exposure/usage.h"
#include "gate/ordinals.h"
#include "ledger/reader.h"

#define REBUILD_STEP (20 * NANOSECONDS_PER_MILLISECOND)

/* Vocabularies: a ledger gets one with each change of its configuration's names. */
enum { VOCABULARIES_START = 64, SESSIONS_START = 1024, ENTRIES_A_LOOK = 16, NO_SLOT = 0xff };

/* A vocabulary of the past, and where its kinds are now. */
struct past_vocabulary {
    uint32_t id, kind_count;
    uint8_t slots[EXPOSURE_KINDS_MAX];
};

struct past_session {
    uint64_t id; /* 0: free */
    struct tally *tally;
};

struct rebuild {
    struct gate_shared *shared;
    struct kinds *kinds; /* NULL: nothing is restored */
    struct past_marks marks;
    struct ledger_reader *reader;
    uint64_t entries, damaged;
    struct past_vocabulary *vocabularies;
    size_t vocabulary_count, vocabulary_size, vocabulary_last; /* last: that was asked for */
    struct past_session *sessions; /* linear probing, at most half in use */
    size_t session_size, session_count;
    uint32_t now;  /* local minute: nothing was shown later */
    int64_t began; /* realtime: what is recorded from then on can be of this gate */
};

static struct past_session *
place_of(struct past_session *sessions, size_t size, uint64_t id)
{
    size_t at = (size_t)(id >> WORKER_INDEX_BITS) & (size - 1);

    while (sessions[at].id != 0 && sessions[at].id != id)
        at = (at + 1) & (size - 1);
    return &sessions[at];
}

static int
grow(struct rebuild *p)
{
    size_t size = p->session_size ? p->session_size * 2 : SESSIONS_START;
    struct past_session *more = memory_new(size, sizeof(*more));

    if (!more)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < p->session_size; i++)
        if (p->sessions[i].id)
            *place_of(more, size, p->sessions[i].id) = p->sessions[i];
    memory_free(p->sessions);
    p->sessions = more;
    p->session_size = size;
    return 0;
}

static int
see_session(struct rebuild *p, const struct message_session *session)
{
    struct past_session *place;
    struct tally *tally;
    int result = 0;

    /* What a log says of somebody counts in no budget. */
    if (session->session == 0 || strcmp(session->gateway, SESSION_IMPORTED) == 0)
        return 0;
    if ((p->session_count + 1) * 2 > p->session_size)
        result = grow(p);
    if (result == 0)
        result = tally_book_get(p->shared->tallies, session->principal, &tally);
    if (result != 0)
        return result;
    place = place_of(p->sessions, p->session_size, session->session);
    p->session_count += place->id == 0;
    *place = (struct past_session){session->session, tally};
    return 0;
}

static const struct past_vocabulary *
vocabulary_of(struct rebuild *p, uint32_t id)
{
    for (size_t n = 0; n < p->vocabulary_count; n++) {
        size_t i = (p->vocabulary_last + n) % p->vocabulary_count;

        if (p->vocabularies[i].id != id)
            continue;
        p->vocabulary_last = i;
        return &p->vocabularies[i];
    }
    return NULL;
}

static int
make_room(struct rebuild *p)
{
    size_t size = p->vocabulary_size ? 2 * p->vocabulary_size : VOCABULARIES_START;
    struct past_vocabulary *more;

    if (p->vocabulary_count < p->vocabulary_size)
        return 0;
    more = memory_resize(p->vocabularies, size, sizeof(*more));
    if (!more)
        return PASU_E_NOMEM;
    p->vocabularies = more;
    p->vocabulary_size = size;
    return 0;
}

static int
see_vocabulary(struct rebuild *p, const struct vocabulary *vocabulary)
{
    struct past_vocabulary *place;
    int result = vocabulary_of(p, vocabulary->id) ? 1 : make_room(p);

    if (result != 0)
        return result == 1 ? 0 : result;
    place = &p->vocabularies[p->vocabulary_count++];
    *place = (struct past_vocabulary){.id = vocabulary->id, .kind_count = vocabulary->kind_count};
    /* Those of the configuration have theirs already. */
    for (uint32_t k = 0; k < vocabulary->kind_count; k++)
        if (kinds_slot(p->kinds, vocabulary->kinds[k], &place->slots[k]) != 0)
            place->slots[k] = NO_SLOT;
    return 0;
}

/* An entry that was lost (a power cut) leaves its ordinal to the person whom records name by it. */
static void
reserve(struct rebuild *p, const uint32_t *ordinals, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ordinals[i] >= KEY_ORDINAL_FIRST)
            directory_reserve(p->shared->directory, ORDINALS_OF_ALL_KINDS, ordinals[i]);
}

static int
restore_part(struct rebuild *p, struct tally *tally, const struct exposure *e,
             const struct exposure_part *part, uint8_t slot)
{
    uint32_t at = os_local_minute(e->time);

    if (at > p->now)
        at = p->now; /* a clock that was ahead once must not move the tallies on */
    if (e->flags & (FLAG_BIT(MOVED) | FLAG_BIT(KEPT)))
        tally_restore_moved(tally, at);
    if (slot != NO_SLOT)
        return tally_restore(tally, at, slot, part->ordinals, part->ordinal_count, part->unknown);
    /* Of a kind that nobody can be told apart in any more: at most so many persons. */
    return tally_restore(tally, at, 0, NULL, 0, part->unknown + part->ordinal_count);
}

static int
see_exposure(struct rebuild *p, const struct exposure *e)
{
    const struct past_vocabulary *vocabulary = vocabulary_of(p, e->vocabulary);
    const struct past_session *session =
        p->session_size > 0 ? place_of(p->sessions, p->session_size, e->session) : NULL;
    int result = 0;

    for (size_t i = 0; i < e->part_count; i++) {
        reserve(p, e->parts[i].ordinals, e->parts[i].ordinal_count);
        reserve(p, e->parts[i].missed, e->parts[i].missed_count);
    }
    if (!session || !session->id)
        return 0; /* whose it is was never recorded (on_failure: open) */
    if (usage_is_use(e))
        result = usage_add(tally_usage(session->tally), e->shape);
    result = result == PASU_E_RANGE ? 0 : result;
    for (size_t i = 0; i < e->part_count && result == 0; i++) {
        const struct exposure_part *part = &e->parts[i];

        bool is_known = vocabulary && part->kind < vocabulary->kind_count;

        result = restore_part(p, session->tally, e, part,
                              is_known ? vocabulary->slots[part->kind] : NO_SLOT);
    }
    return result;
}

static int
see(struct rebuild *p, const struct ledger_entry *entry)
{
    switch (entry->type) {
    case LEDGER_OPENED:
        return see_session(p, entry->u.opened);
    case LEDGER_VOCABULARY:
        return see_vocabulary(p, entry->u.vocabulary);
    case LEDGER_EXPOSURE:
        return see_exposure(p, entry->u.exposure);
    case LEDGER_ORDINAL:
        return directory_restore(p->shared->directory, ORDINALS_OF_ALL_KINDS,
                                 entry->u.ordinal->head.ordinal, entry->u.ordinal->head.hash);
    case LEDGER_CENSUS:
        if (p->shared->through)
            through_remember(p->shared->through, entry->u.census);
        return 0;
    case LEDGER_BACKEND:
        if (p->shared->through && entry->time < p->began)
            through_remember_process(p->shared->through, entry->u.backend);
        return 0;
    case LEDGER_MARK:
        return past_marks_see(&p->marks, entry->u.mark);
    case LEDGER_CLEARED:
        return past_marks_clear(&p->marks, &entry->u.cleared->mark);
    default:
        return 0;
    }
}

/* ---- all of it, by steps ---- */

int
rebuild_new(struct rebuild **rebuild, struct gate_shared *shared, struct source source,
            const struct segment_keys *keys, struct kinds *kinds)
{
    struct rebuild *p = memory_new(1, sizeof(*p));
    int result;

    *rebuild = NULL;
    if (!p)
        return PASU_E_NOMEM;
    p->shared = shared;
    p->kinds = kinds;
    p->began = os_realtime(shared->os);
    p->now = os_local_minute(p->began);
    result = ledger_reader_open_source(&p->reader, shared->os, source, shared->ring);
    if (result == 0) {
        ledger_reader_unlock(p->reader, keys);
        *rebuild = p;
    } else {
        rebuild_free(p);
    }
    return result;
}

void
rebuild_free(struct rebuild *p)
{
    if (!p)
        return;
    ledger_reader_close(p->reader);
    past_marks_release(&p->marks);
    memory_free(p->sessions);
    memory_free(p->vocabularies);
    memory_free(p);
}

/* One entry: 1, 0 at the end, or an error. */
static int
read_one(struct rebuild *p)
{
    struct ledger_entry entry;
    int result = ledger_reader_next(p->reader, &entry), seen;

    if (result == 1) {
        p->entries++;
        seen = p->kinds ? see(p, &entry) : 0;
        if (seen != 0)
            result = seen;
    }
    if (result != PASU_E_CORRUPT && result != PASU_E_RANGE)
        return result;
    p->damaged++;
    return 1;
}

int
rebuild_step(struct rebuild *p)
{
    int64_t until = os_monotonic(p->shared->os) + REBUILD_STEP;

    for (unsigned i = 1;; i++) {
        int result = read_one(p);

        if (result != 1)
            return result;
        if (i % ENTRIES_A_LOOK == 0 && os_monotonic(p->shared->os) >= until)
            return PASU_E_AGAIN;
    }
}

void
rebuild_progress(const struct rebuild *p, struct rebuild_progress *progress)
{
    *progress = (struct rebuild_progress){.entries = p->entries, .damaged = p->damaged};
    ledger_reader_progress(p->reader, &progress->done, &progress->all);
}

void
rebuild_take_marks(struct rebuild *p, struct past_marks *marks)
{
    *marks = p->marks;
    p->marks = (struct past_marks){0};
}
