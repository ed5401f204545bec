/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/through.h"

#include "base/memory.h"

#define SETTLE (5 * NANOSECONDS_PER_SECOND)

struct through_session {
    struct through *through;
    struct through_place *place;
    struct list link;    /* of its process; empty: not known */
    struct list pending; /* of its place, until it is */
    int64_t began;       /* monotonic */
    int64_t ended, seen; /* the same; 0: not yet */
    uint32_t pid;
    bool is_counted, is_ready, is_disowned, is_guest;
};

static struct list *
head_of(struct through *through, uint32_t pid)
{
    return &through->processes[pid % COUNT_OF(through->processes)];
}

void
through_init(struct through *through, const struct os *os)
{
    through->os = os;
    pthread_mutex_init(&through->lock, NULL);
    list_init(&through->places);
    for (size_t i = 0; i < COUNT_OF(through->processes); i++)
        list_init(&through->processes[i]);
}

static void
forget(struct through_session *session)
{
    session->through->ended_count -= session->ended != 0;
    list_remove(&session->link);
    memory_free(session);
}

void
through_release(struct through *through)
{
    for (size_t i = 0; i < COUNT_OF(through->processes); i++)
        list_each_safe (at, &through->processes[i])
            forget(LIST_ENTRY(at, struct through_session, link));
    list_each_safe (at, &through->places) {
        list_remove(at);
        memory_free(LIST_ENTRY(at, struct through_place, link));
    }
    left_release(&through->left);
}

struct through_place *
through_place(struct through *through, const char *gateway, const char *database)
{
    struct through_place *place;

    list_each (at, &through->places) {
        place = LIST_ENTRY(at, struct through_place, link);
        if (strcmp(place->database, database) == 0 && strcmp(place->gateway, gateway) == 0)
            return place;
    }
    place = memory_new(1, sizeof(*place));
    if (!place)
        return NULL;
    snprintf(place->gateway, sizeof(place->gateway), "%s", gateway);
    snprintf(place->database, sizeof(place->database), "%s", database);
    list_init(&place->link);
    list_init(&place->pending);
    list_append(&through->places, &place->link);
    through->place_count++;
    return place;
}

/* A client can name databases that there are not, one after the other. */
static void
drop_empty(struct through *through, struct through_place *place)
{
    if (place->began > 0 || place->starting > 0 || place->nameless > 0 || place->has_past)
        return;
    list_remove(&place->link);
    through->place_count--;
    memory_free(place);
}

/* Where a client's session is counted, who can make names up. */
static struct through_place *
place_for(struct through *through, const char *gateway, const char *database)
{
    struct through_place *place = through_place(through, gateway, database);

    if (!place || through->place_count <= THROUGH_PLACES_MAX || place->began > 0 ||
        place->starting > 0 || place->has_past)
        return place;
    drop_empty(through, place);
    return through_place(through, gateway, "");
}

/* ---- a session ---- */

static struct through_session *
begin(struct through *through, const char *gateway, const char *database, bool is_counted,
      bool is_guest)
{
    struct through_session *session = memory_new(1, sizeof(*session));

    if (!session)
        return NULL;
    session->through = through;
    session->is_counted = is_counted;
    session->is_guest = is_guest;
    list_init(&session->link);
    list_init(&session->pending);
    session->began = os_monotonic(through->os);
    pthread_mutex_lock(&through->lock);
    session->place = place_for(through, gateway, database);
    if (session->place) {
        session->place->began += is_counted;
        session->place->guests += is_guest;
        session->place->starting++;
        list_append(&session->place->pending, &session->pending);
    }
    pthread_mutex_unlock(&through->lock);
    if (session->place)
        return session;
    memory_free(session);
    return NULL;
}

struct through_session *
through_begin(struct through *through, const char *gateway, const char *database, bool is_counted)
{
    return begin(through, gateway, database, is_counted, false);
}

struct through_session *
through_begin_guest(struct through *through, const char *gateway, const char *database)
{
    return begin(through, gateway, database, true, true);
}

/* With the lock: nobody waits for its process any more. */
static void
leave_pending(struct through_session *session)
{
    if (list_is_empty(&session->pending))
        return;
    session->place->starting--;
    list_remove(&session->pending);
}

void
through_hide(struct through_session *session)
{
    pthread_mutex_lock(&session->through->lock);
    leave_pending(session);
    pthread_mutex_unlock(&session->through->lock);
    through_ready(session);
}

void
through_process(struct through_session *session, uint32_t pid)
{
    struct through *through = session->through;

    pthread_mutex_lock(&through->lock);
    if (list_is_empty(&session->link)) {
        session->pid = pid;
        leave_pending(session);
        list_append(head_of(through, pid), &session->link);
    }
    pthread_mutex_unlock(&through->lock);
}

void
through_ready(struct through_session *session)
{
    pthread_mutex_lock(&session->through->lock);
    if (session->is_counted && !session->is_disowned && !session->is_ready)
        session->place->ready++;
    session->is_ready = true;
    pthread_mutex_unlock(&session->through->lock);
}

void
through_disown(struct through_session *session)
{
    pthread_mutex_lock(&session->through->lock);
    session->is_disowned = true;
    pthread_mutex_unlock(&session->through->lock);
}

void
through_end(struct through_session *session, bool is_refused)
{
    struct through *through;
    struct through_place *place;
    bool has_process;

    if (!session)
        return;
    through = session->through;
    place = session->place;
    pthread_mutex_lock(&through->lock);
    has_process = !list_is_empty(&session->link);
    session->ended = session->seen = os_monotonic(through->os);
    through->ended_count += has_process;
    if (session->is_counted && is_refused && !has_process) {
        place->began--;
        place->guests -= session->is_guest;
    } else if (session->is_counted) {
        place->ended++;
    }
    if (!has_process) {
        leave_pending(session);
        place->nameless += !is_refused;
        if (!is_refused && (place->lost == 0 || session->began < place->lost))
            place->lost = session->began;
        memory_free(session);
        drop_empty(through, place);
    }
    pthread_mutex_unlock(&through->lock);
}

/* ---- for the census ---- */

bool
through_is_ours(struct through *through, uint32_t pid, int64_t began, through_leads *leads,
                const void *arg)
{
    const int64_t slack = 2 * NANOSECONDS_PER_SECOND;
    int64_t now = os_monotonic(through->os);

    list_each (at, head_of(through, pid)) {
        struct through_session *session = LIST_ENTRY(at, struct through_session, link);

        if (session->pid != pid || (session->ended != 0 && began > session->ended + slack) ||
            !leads(arg, session->place->gateway))
            continue;
        session->seen = now;
        return true;
    }
    return false;
}

int64_t
through_unclear(const struct through_place *place)
{
    int64_t unclear = INT64_MAX;

    if (!list_is_empty(&place->pending))
        unclear = LIST_ENTRY(place->pending.next, struct through_session, pending)->began;
    if (place->lost != 0 && place->lost < unclear)
        unclear = place->lost;
    if (place->lost_before != 0 && place->lost_before < unclear)
        unclear = place->lost_before;
    return unclear;
}

void
through_look(struct through *through)
{
    int64_t now = os_monotonic(through->os);
    bool is_settled = now - through->looked >= SETTLE;

    if (is_settled)
        through->looked = now;
    list_each (at, &through->places) {
        struct through_place *place = LIST_ENTRY(at, struct through_place, link);

        if (is_settled) {
            place->settled = place->last;
            place->lost_before = place->lost;
            place->lost = 0;
        }
        place->now = (struct through_sight){place->ready, place->ended, place->nameless};
        if (is_settled)
            place->last = place->now;
    }
}

static void
forget_before(struct through *through, int64_t then)
{
    for (size_t i = 0; i < COUNT_OF(through->processes); i++)
        list_each_safe (at, &through->processes[i]) {
            struct through_session *session = LIST_ENTRY(at, struct through_session, link);

            if (session->ended != 0 && session->seen < then)
                forget(session);
        }
}

void
through_forget(struct through *through, int64_t then, int64_t at_most)
{
    forget_before(through, then);
    if (through->ended_count <= THROUGH_ENDED_MAX || at_most <= then)
        return;
    forget_before(through, at_most);
    through->forgotten = os_monotonic(through->os);
}

void
through_remember(struct through *through, const struct message_census *census)
{
    struct through_place *place;

    if (census->what != CENSUS_COUNTED || census->database[0] == '\0')
        return;
    pthread_mutex_lock(&through->lock);
    if (census->is_final)
        through->has_died = false;
    place = through_place(through, census->gateway, census->database);
    if (place) {
        place->has_past = true;
        place->past = *census;
    }
    pthread_mutex_unlock(&through->lock);
}

/* A gate that ends in order writes its last census behind the last of its sessions. */
void
through_remember_process(struct through *through, const struct message_backend *backend)
{
    pthread_mutex_lock(&through->lock);
    through->has_died = true;
    left_remember(&through->left, backend);
    pthread_mutex_unlock(&through->lock);
}
