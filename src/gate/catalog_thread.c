/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog store's thread: one load or poll after the other, the one that is due first. */
#include "base/memory.h"
#include "gate/catalog_load.h"
#include "gate/catalog_origin.h"
#include "gate/catalog_place.h"
#include "gate/catalog_policy.h"

#include <unistd.h>

#define LOAD_DELAY  (20 * NANOSECONDS_PER_MILLISECOND)
#define POLL_PERIOD (2 * NANOSECONDS_PER_SECOND)
#define PAUSE_FIRST NANOSECONDS_PER_SECOND
#define PAUSE_MOST  (5 * NANOSECONDS_PER_SECOND)
#define IDLE_MOST   (600 * NANOSECONDS_PER_SECOND)
enum {
    POLL_PART = 50, /* one part in so many of the server's time goes into polls */
    LOAD_PART = 3,  /* and into loads, when one follows the other */
};

/* What the place was resolved to, or another of the same database, newest first, but those of its
 * ground before: `seen` is what it has of the ground's growth, whose counts can be kept. */
static struct catalog *
prior_of(const struct catalog_store *store, const struct catalog_place *place,
         const struct catalog_seen **seen)
{
    static const struct catalog_seen nothing;
    struct catalog *prior = place->catalog;
    bool is_near = prior != NULL;

    list_each (link, &store->places) {
        const struct catalog_place *other = LIST_ENTRY(link, struct catalog_place, link);
        bool is_nearer = other->ground == place->ground;

        if (place->catalog || !other->catalog || !catalog_place_is_sibling(other, place))
            continue;
        if (!prior || is_nearer > is_near ||
            (is_nearer == is_near && catalog_version(other->catalog) > catalog_version(prior))) {
            prior = other->catalog;
            is_near = is_nearer;
        }
    }
    *seen = is_near ? catalog_seen(prior) : &nothing;
    return prior ? catalog_hold(prior) : NULL;
}

/* ---- the thread: one load or poll ---- */

static int
connect_place(struct catalog_place *place)
{
    const struct gateway *gateway = catalog_place_gateway(place);
    struct address addresses[UPSTREAM_ADDRESSES_MAX];
    int result = 0;

    if (!gateway->config->inspector.user) {
        snprintf(place->inspector.detail, sizeof(place->inspector.detail),
                 "this gateway has no inspector");
        return PASU_E_UNAVAILABLE;
    }
    if (settings_addresses(place->settings, gateway, addresses) == 0)
        return PASU_E_AGAIN;
    if (!place->policy)
        result = catalog_policy_new(&place->policy, place->settings->config);
    return result == 0
               ? inspector_link_open(&place->inspector, place->settings, gateway, place->database)
               : result;
}

static void
log_failure(const struct catalog_store *store, const struct catalog_place *place, int result)
{
    LOG_EVENT(
        store->log, INSPECTOR_FAILED, F_TEXT("gateway", catalog_place_gateway(place)->config->name),
        F_TEXT("database", place->database), F_TEXT("error", error_text(result)),
        F_TEXT("detail", place->inspector.detail), F_TEXT("hint", "run: pasu check --connect"));
}

static void
log_success(const struct catalog_store *store, const struct catalog_place *place,
            const struct catalog *catalog, int64_t took)
{
    const struct log_field fields[] = {
        F_TEXT("gateway", catalog_place_gateway(place)->config->name),
        F_TEXT("database", place->database),
        F_UINT("version", catalog_version(catalog)),
        F_UINT("relations", catalog_relation_count(catalog)),
        F_UINT("milliseconds", took / NANOSECONDS_PER_MILLISECOND),
    };
    bool is_first = place->version == 0 || place->pause > 0;

    log_event(store->log, is_first ? EVENT_CATALOG_LOADED : EVENT_CATALOG_RELOADED, fields,
              COUNT_OF(fields));
}

/* A load that failed is tried again after a pause; it is said once until it works again. */
static void
keep_failure(struct catalog_store *store, struct catalog_place *place, int result)
{
    if (place->pause == 0)
        log_failure(store, place, result);
    place->pause = place->pause == 0               ? PAUSE_FIRST
                   : 2 * place->pause < PAUSE_MOST ? 2 * place->pause
                                                   : PAUSE_MOST;
    pthread_mutex_lock(&store->lock);
    catalog_place_doubt(place);
    place->load_at = os_monotonic(store->log->os) + place->pause;
    place->poll_at = CATALOG_NEVER;
    place->is_awaited = false;
    identity_view_doubt(place->identity);
    pthread_mutex_unlock(&store->lock);
    /* Always: somebody may wait who has touched nothing himself. */
    store->notify(store->arg, place, result);
}

/* The lock is held. */
static void
keep_marks(struct catalog_store *store, struct catalog_place *place, const struct catalog *before,
           const struct catalog *catalog)
{
    uint32_t vocabulary = catalog_policy_vocabulary(place->policy);
    bool is_any;
    int result;

    if (catalog_place_settle(store, place, catalog) != 0) {
        /* they stay names for now */
    }
    result = catalog_marks_fill(&place->marks, catalog, vocabulary);
    if (result == 0)
        result = catalog_marks_keep(&place->marks, catalog, vocabulary);
    if (result == 0)
        result = catalog_marks_lose(&place->marks, before, catalog, vocabulary, &is_any);
    if (result != 0)
        LOG_EVENT(store->log, INTERNAL, F_TEXT("error", "marks of tables were lost"));
    else if (is_any)
        catalog_place_doubt(place);                        /* this one does not show them yet */
    if (place->marks.is_waiting || place->marks.is_coarse) /* nobody has to wait for it */
        catalog_place_load_by(store, place,
                              os_monotonic(store->log->os) +
                                  (place->marks.is_waiting ? POLL_PERIOD : LOAD_DELAY));
}

/* The counts of the place's snapshot have changed: first what it has, then what that is of. */
static void
keep_counts(struct catalog_place *place, const struct growth_sight *grown)
{
    for (uint8_t kind = 0; kind < CATALOG_KINDS_MAX; kind++)
        place->most[kind] = catalog_population(place->catalog, kind);
    growth_counted(catalog_see(place->catalog), grown);
    growth_counted(&place->seen, grown);
}

static void
keep_snapshot(struct catalog_store *store, struct catalog_place *place, struct catalog *catalog,
              const struct growth_sight *grown, uint64_t touched, int64_t took)
{
    int64_t now = os_monotonic(store->log->os);
    uint64_t fresh[CATALOG_KINDS_MAX];
    struct catalog *before;

    log_success(store, place, catalog, took);
    growth_fresh(grown, place->settings->slots, fresh);
    catalog_growth_add(catalog, fresh);
    catalog_growth_end(catalog);
    place->pause = 0;
    pthread_mutex_lock(&store->lock);
    before = place->catalog;
    place->catalog = catalog;
    keep_marks(store, place, before, catalog);
    place->version = catalog_version(catalog);
    place->served = touched; /* behind the version: who is served finds it */
    place->is_awaited = place->touched != touched;
    /* Touched meanwhile: again, but not all the time. One without all bodies is tried again. */
    if (place->is_awaited)
        place->load_at = now + (LOAD_PART * took > LOAD_DELAY ? LOAD_PART * took : LOAD_DELAY);
    else if (catalog_is_partial(catalog))
        place->load_at = now + PAUSE_MOST;
    place->poll_at = now + POLL_PERIOD;
    place->checked = os_realtime(store->log->os);
    keep_counts(place, grown);
    pthread_mutex_unlock(&store->lock);
    catalog_supersede(before);
    catalog_release(before);
    store->notify(store->arg, place, 0);
}

/* How far the transactions are that mark, here and on the server: before the snapshot is begun. */
static int
look(struct catalog_store *store, struct catalog_place *place)
{
    struct catalog_sight sight = {0};
    struct catalog_origin origin;
    bool is_next_needed;
    int result;

    pthread_mutex_lock(&store->lock);
    sight.open = catalog_place_open_marks(store, place);
    is_next_needed = catalog_marks_need_next(&place->marks);
    pthread_mutex_unlock(&store->lock);
    result = catalog_origin_ask(&place->inspector, &origin);
    sight.oldest = origin.oldest;
    if (result == 0 && is_next_needed && !origin.is_standby)
        result = catalog_origin_next(&place->inspector, &sight.next);
    pthread_mutex_lock(&store->lock);
    place->marks.sight = sight;
    if (result == 0 && catalog_place_know(store, place, &origin) != 0)
        LOG_EVENT(store->log, INTERNAL, F_TEXT("error", "marks of tables were lost"));
    pthread_mutex_unlock(&store->lock);
    return result;
}

/* Marks were taken away while it was read: what it says that comes of them is not kept, and it is
 * read anew. */
static bool
is_outdated(struct catalog_store *store, struct catalog_place *place, uint64_t clears)
{
    bool is_so;

    pthread_mutex_lock(&store->lock);
    is_so = clears != store->clears;
    if (is_so)
        catalog_place_load_by(store, place, os_monotonic(store->log->os));
    pthread_mutex_unlock(&store->lock);
    return is_so;
}

static void
load(struct catalog_store *store, struct catalog_place *place)
{
    int64_t begin = os_monotonic(store->log->os);
    struct catalog *prior, *catalog = NULL;
    struct catalog_mark *marks = NULL;
    uint64_t touched, version, clears = 0;
    const struct catalog_seen *seen;
    struct growth_sight grown;
    size_t mark_count = 0;
    int result;

    /* Whoever touches from here on is not served by what is read below. */
    pthread_mutex_lock(&store->lock);
    touched = place->touched;
    version = ++store->versions;
    prior = prior_of(store, place, &seen);
    growth_look(&place->ground->growth, seen, &grown);
    place->load_at = CATALOG_NEVER;
    pthread_mutex_unlock(&store->lock);
    result = connect_place(place);
    if (result == 0)
        result = look(store, place);
    if (result == 0) {
        pthread_mutex_lock(&store->lock);
        clears = store->clears;
        result = catalog_marks_list(&place->marks, catalog_policy_vocabulary(place->policy), &marks,
                                    &mark_count);
        pthread_mutex_unlock(&store->lock);
    }
    if (result == 0)
        result = catalog_load(&place->inspector, place->policy, prior, marks, mark_count, version,
                              &catalog);
    memory_free(marks);
    catalog_release(prior);
    if (result == 0 && is_outdated(store, place, clears))
        catalog_release(catalog);
    else if (result == 0)
        keep_snapshot(store, place, catalog, &grown, touched, os_monotonic(store->log->os) - begin);
    else if (result != PASU_E_AGAIN) /* without an address: catalog_store_warm comes */
        keep_failure(store, place, result);
}

/* Only this thread replaces a place's snapshot: it needs no lock to read it. */
/* ---- the identity index ---- */

/* Another one than there was: an old one is no use any more, also where the new one is none. */
static void
read_identity(struct catalog_store *store, int fd, const struct identity_key *key)
{
    struct identity *identity;
    int result = identity_open(&identity, fd, key);

    close(fd);
    identity_release(store->identity);
    store->identity = identity;
    store->identities++;
    if (result == 0)
        LOG_EVENT(store->log, IDENTITY_READY, F_UINT("columns", identity_section_count(identity)),
                  F_UINT("bytes", identity_size(identity)));
    else
        LOG_EVENT(store->log, IDENTITY_FAILED, F_TEXT("error", error_text(result)),
                  F_TEXT("hint", "run: pasu index build"));
}

#define tell_identity(store, place, event, columns_)                                               \
    LOG_EVENT((store)->log, event, F_TEXT("gateway", catalog_place_gateway(place)->config->name),  \
              F_TEXT("database", (place)->database), F_UINT("columns", (columns_)))

static void
doubt_identity(struct catalog_store *store, struct catalog_place *place)
{
    pthread_mutex_lock(&store->lock);
    identity_view_doubt(place->identity);
    pthread_mutex_unlock(&store->lock);
}

/* The place's view of the newest index, or a look whether the one that it has still holds. */
static void
identify(struct catalog_store *store, struct catalog_place *place)
{
    struct identity_view *view = catalog_store_identity(store, place), *old = view;
    bool is_new = place->identified != store->identities;
    size_t changed = 0;
    int result = 0;

    if (is_new) {
        view = NULL;
        identity_view_release(old);
        if (store->identity)
            result = identity_view_new(&view, store->identity, &store->identity_key,
                                       catalog_place_gateway(place)->config->name, &place->origin,
                                       os_monotonic(store->log->os), os_realtime(store->log->os));
    }
    if (result == 0 && view)
        result = identity_view_check(view, &place->inspector, &changed);
    if (!is_new) {
        if (changed > 0 && !place->is_identity_kept)
            tell_identity(store, place, IDENTITY_STALE, changed);
        identity_view_release(view);
        return;
    }
    if (result != 0) {
        doubt_identity(store, place);
        identity_view_release(view);
        return; /* the next time */
    }
    place->identified = store->identities;
    pthread_mutex_lock(&store->lock);
    old = place->identity;
    if (place->is_identity_kept && (!view || view->since <= old->since)) {
        pthread_mutex_unlock(&store->lock); /* what there is has been read later */
        identity_view_release(view);
        return;
    }
    place->identity = view;
    place->is_identity_kept = false;
    place->identity_version++;
    pthread_mutex_unlock(&store->lock);
    identity_view_doubt(old); /* a transaction can have it still, and nobody asks for it any more */
    identity_view_release(old);
    if (view)
        tell_identity(store, place, IDENTITY_CURRENT, identity_view_current(view));
}

static void
poll_place(struct catalog_store *store, struct catalog_place *place)
{
    int64_t begin = os_monotonic(store->log->os), period;
    enum catalog_change change = CATALOG_CHANGED;
    bool is_added = false;
    int result = connect_place(place);
    uint64_t fresh[CATALOG_KINDS_MAX];
    struct growth_sight grown;

    growth_look(&place->ground->growth, catalog_seen(place->catalog), &grown);
    growth_fresh(&grown, place->settings->slots, fresh);
    if (result == 0)
        result = catalog_load_poll(&place->inspector, place->catalog, fresh, &change, &is_added);
    if (is_added)
        keep_counts(place, &grown);
    if (result == 0)
        identify(store, place);
    else
        doubt_identity(store, place);
    period = POLL_PART * (os_monotonic(store->log->os) - begin);
    pthread_mutex_lock(&store->lock);
    place->poll_at = begin + (period > POLL_PERIOD ? period : POLL_PERIOD);
    if (result == 0 && change == CATALOG_SAME)
        place->checked = os_realtime(store->log->os);
    if (result != 0 || change != CATALOG_SAME) {
        place->touched++;
        if (result != 0 || change == CATALOG_CHANGED)
            catalog_place_doubt(place);
        catalog_place_load_by(store, place, begin); /* says what is wrong, if it is still so */
    }
    pthread_mutex_unlock(&store->lock);
}

/* ---- the thread: what is next ---- */

static int64_t
due_at(const struct catalog_place *place)
{
    return place->load_at < place->poll_at ? place->load_at : place->poll_at;
}

/* Nobody is there: a place of old settings has no connection then, so that a thousand reloads cost
 * the server none. Where nobody has been for long, a current one keeps its snapshot (tables that
 * were renamed are known by it) but not its connection, an old one is gone. */
static void
retire_idle(struct catalog_store *store, int64_t now)
{
    list_each_safe (link, &store->places) {
        struct catalog_place *place = LIST_ENTRY(link, struct catalog_place, link);
        bool is_old = store->current && place->settings->generation < store->current->generation;
        bool is_idle = now - place->unused_since >= IDLE_MOST;

        if (place->users > 0 || !(is_old || is_idle))
            continue;
        if (is_idle && place->settings != store->current) {
            catalog_place_free(place);
            continue;
        }
        if (place->load_at == CATALOG_NEVER && place->poll_at == CATALOG_NEVER)
            continue; /* it is done */
        inspector_link_close(&place->inspector);
        place->load_at = place->poll_at = CATALOG_NEVER;
        catalog_place_doubt(place);
        identity_view_doubt(place->identity);
    }
}

/* There is something new to be asked. */
static void
hurry_polls(struct catalog_store *store)
{
    list_each (link, &store->places) {
        struct catalog_place *place = LIST_ENTRY(link, struct catalog_place, link);

        if (place->poll_at != CATALOG_NEVER)
            place->poll_at = os_monotonic(store->log->os);
    }
}

static struct catalog_place *
next_place(const struct catalog_store *store)
{
    struct catalog_place *next = NULL;

    list_each (link, &store->places) {
        struct catalog_place *place = LIST_ENTRY(link, struct catalog_place, link);

        if (!next || due_at(place) < due_at(next))
            next = place;
    }
    return next;
}

static void
wait_until(struct catalog_store *store, int64_t at)
{
    struct timespec time = {.tv_sec = at / NANOSECONDS_PER_SECOND,
                            .tv_nsec = at % NANOSECONDS_PER_SECOND};

    if (at == CATALOG_NEVER)
        pthread_cond_wait(&store->wake, &store->lock);
    else
        pthread_cond_timedwait(&store->wake, &store->lock, &time);
}

void *
catalog_thread(void *arg)
{
    struct catalog_store *store = arg;

    pthread_mutex_lock(&store->lock);
    while (!store->is_stopping) {
        int64_t now = os_monotonic(store->log->os);
        struct catalog_place *place;
        bool is_load;

        if (store->identity_fd >= 0) {
            struct identity_key key = store->identity_key;
            int fd = store->identity_fd;

            store->identity_fd = -1;
            pthread_mutex_unlock(&store->lock);
            read_identity(store, fd, &key);
            pthread_mutex_lock(&store->lock);
            hurry_polls(store);
            continue;
        }
        retire_idle(store, now);
        place = next_place(store);
        if (!place || due_at(place) > now) {
            wait_until(store, place ? due_at(place) : CATALOG_NEVER);
            continue;
        }
        is_load = place->load_at <= place->poll_at;
        pthread_mutex_unlock(&store->lock);
        if (is_load)
            load(store, place);
        else
            poll_place(store, place);
        identity_bell_ring(&store->bell);
        pthread_mutex_lock(&store->lock);
    }
    pthread_mutex_unlock(&store->lock);
    return NULL;
}
