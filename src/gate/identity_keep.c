/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/identity_keep.h"

#include "base/memory.h"
#include "gate/catalog_place.h"
#include "gate/identity_reading.h"

#define BURST        (2 * NANOSECONDS_PER_SECOND)
#define PAUSE_FIRST  NANOSECONDS_PER_SECOND
#define PAUSE_MOST   (300 * NANOSECONDS_PER_SECOND)
#define LOOK_AGAIN   (60 * NANOSECONDS_PER_SECOND) /* whether more can be read by now */
#define LINK_IDLE    (60 * NANOSECONDS_PER_SECOND)
#define WAIT_AT_MOST (5 * NANOSECONDS_PER_SECOND)

/* ---- what is due; the store's lock is held ---- */

static bool
is_kept(const struct catalog_store *store, const struct catalog_place *place)
{
    const struct config *config = place->settings->config;

    return place->settings == store->current && !place->settings->let_in &&
           identity_names_are_wanted(config) && config->attribution.identity == IDENTITY_AUTO &&
           catalog_place_gateway(place)->config->inspector.user && place->catalog &&
           place->poll_at != CATALOG_NEVER && !place->origin.is_standby;
}

/* When the place is to be read; CATALOG_NEVER. */
static int64_t
due_at(const struct catalog_store *store, const struct catalog_place *place)
{
    const struct identity_keeping *k = &place->keeping;
    int64_t at;

    if (!is_kept(store, place))
        return CATALOG_NEVER;
    at = k->free_at > k->retry_at ? k->free_at : k->retry_at;
    if (!k->is_done ||
        (place->identity && identity_view_is_behind(place->identity, &place->ground->watch)))
        return at;
    if (!k->is_short)
        return CATALOG_NEVER;
    return at > k->used_at + LOOK_AGAIN ? at : k->used_at + LOOK_AGAIN;
}

static struct catalog_place *
next_place(const struct catalog_store *store, int64_t *at)
{
    struct catalog_place *next = NULL;

    *at = CATALOG_NEVER;
    list_each (link, &store->places) {
        struct catalog_place *place = LIST_ENTRY(link, struct catalog_place, link);
        int64_t due = due_at(store, place);

        if (due < *at) {
            *at = due;
            next = place;
        }
    }
    return next;
}

/* ---- one reading ---- */

/* The view has these columns, no others, and all can be believed. */
static bool
is_all_current(const struct identity_view *view, const struct identity_watch *watch,
               const struct identity_reading *reading)
{
    if ((view ? view->count : 0) != reading->count)
        return false;
    for (size_t i = 0; i < reading->count; i++) {
        const struct identity_section *s = &reading->sections[i];
        int column = view ? identity_view_find_named(view, s->definition) : -1;

        if (column < 0 || view->columns[column].relation != s->relation ||
            view->columns[column].attribute != s->attribute ||
            view->columns[column].key != s->key_attribute ||
            !identity_view_is_complete(view, watch, column))
            return false;
    }
    return true;
}

static int
connect_place(struct catalog_place *place, struct catalog_origin *origin)
{
    const struct gateway *gateway = catalog_place_gateway(place);
    struct inspector_link *link = &place->keeping.link;
    struct address addresses[UPSTREAM_ADDRESSES_MAX];
    int result;

    if (settings_addresses(place->settings, gateway, addresses) == 0)
        return PASU_E_AGAIN;
    result = inspector_link_open(link, place->settings, gateway, place->database);
    return result == 0 ? catalog_origin_ask(link, origin) : result;
}

/* Puts the view of what has been read (NULL: nothing could be) where sessions take it from. */
static int
put_in_place(struct catalog_store *store, struct catalog_place *place, struct identity *identity,
             const struct catalog_origin *origin)
{
    const struct os *os = store->log->os;
    struct identity_view *view = NULL, *old;
    size_t changed = 0;
    int result = 0;

    if (identity)
        result = identity_view_new(&view, identity, &store->identity_key,
                                   catalog_place_gateway(place)->config->name, origin,
                                   os_monotonic(os), os_realtime(os));
    if (result == 0 && view)
        result = identity_view_check(view, &place->keeping.link, &changed);
    if (result != 0) {
        identity_view_release(view);
        return result;
    }
    pthread_mutex_lock(&store->lock);
    old = place->identity;
    place->identity = view;
    place->identity_version++;
    place->is_identity_kept = true;
    pthread_mutex_unlock(&store->lock);
    identity_view_doubt(old); /* a transaction can have it still, and nobody asks for it any more */
    identity_view_release(old);
    return 0;
}

static void
tell(const struct catalog_store *store, const struct catalog_place *place,
     const struct identity_reading *r, int64_t took)
{
    const struct log_field fields[] = {
        F_TEXT("gateway", catalog_place_gateway(place)->config->name),
        F_TEXT("database", place->database),
        F_UINT("columns", r->count),
        F_UINT("rows", r->rows),
        F_UINT("milliseconds", took / NANOSECONDS_PER_MILLISECOND),
    };

    log_event(store->log, place->keeping.is_done ? EVENT_IDENTITY_KEPT : EVENT_IDENTITY_CURRENT,
              fields, COUNT_OF(fields));
}

static void
tell_left_out(const struct catalog_store *store, struct catalog_place *place,
              const struct identity_reading *r)
{
    if (r->left_out > 0 && !place->keeping.is_told)
        LOG_EVENT(store->log, IDENTITY_LEFT_OUT,
                  F_TEXT("gateway", catalog_place_gateway(place)->config->name),
                  F_TEXT("database", place->database), F_UINT("columns", r->left_out),
                  F_TEXT("first", r->why), F_TEXT("hint", "run: pasu index build"));
    place->keeping.is_told |= r->left_out > 0;
}

static int
read_place(struct catalog_store *store, struct catalog_place *place,
           struct identity_reading *reading)
{
    const struct os *os = store->log->os;
    struct identity_moment moment = {os_realtime(os), os_monotonic(os)};
    struct catalog_origin origin;
    struct identity_names names = {0};
    struct identity *identity = NULL;
    struct identity_view *view = catalog_store_identity(store, place);
    bool is_current = false;
    int result = connect_place(place, &origin);

    if (result == 0 && origin.is_standby)
        result = PASU_E_AGAIN;
    if (result == 0)
        result = identity_names_of(&names, place->settings->config);
    if (result == 0)
        result = identity_reading_find(reading, &place->keeping.link, &names,
                                       catalog_place_gateway(place)->config->name, place->database,
                                       &origin, store->ordinals != NULL);
    if (result == 0) {
        tell_left_out(store, place, reading);
        is_current = is_all_current(view, &place->ground->watch, reading);
        place->keeping.is_short = reading->count < names.count;
    }
    identity_view_release(view);
    if (result == 0 && !is_current) {
        if (reading->count > 0)
            result =
                identity_reading_read(reading, &place->keeping.link, &names, &store->identity_key,
                                      &moment, store->ordinals, &identity);
        if (result == 0)
            result = put_in_place(store, place, identity, &origin);
        identity_release(identity);
        if (result == 0)
            tell(store, place, reading, os_monotonic(os) - moment.monotonic);
    }
    identity_names_release(&names);
    return result;
}

/* Said once until it works again. */
static void
fail(const struct catalog_store *store, struct catalog_place *place, int result, int64_t now)
{
    struct identity_keeping *k = &place->keeping;

    if (k->pause == 0 && result != PASU_E_AGAIN)
        LOG_EVENT(store->log, IDENTITY_UNREAD,
                  F_TEXT("gateway", catalog_place_gateway(place)->config->name),
                  F_TEXT("database", place->database), F_TEXT("error", error_text(result)),
                  F_TEXT("detail", k->link.detail),
                  F_TEXT("hint", result == PASU_E_DISKFULL ? "it is too large to be read all the "
                                                             "time: run pasu index build"
                                                           : "run: pasu index build"));
    k->pause = k->pause == 0 ? PAUSE_FIRST : 2 * k->pause < PAUSE_MOST ? 2 * k->pause : PAUSE_MOST;
    k->retry_at = now + k->pause;
}

static void
keep(struct catalog_store *store, struct catalog_place *place)
{
    struct identity_keeping *k = &place->keeping;
    const struct os *os = store->log->os;
    struct identity_reading *reading = memory_new(1, sizeof(*reading));
    int64_t begin = os_monotonic(os), now;
    int result;

    k->link.os = os;
    k->link.stop = &store->is_stopping;
    k->link.detail[0] = '\0';
    result = reading ? read_place(store, place, reading) : PASU_E_NOMEM;
    memory_free(reading);
    now = os_monotonic(os);
    pthread_mutex_lock(&store->lock);
    if (k->free_at < begin - BURST * IDENTITY_KEEP_PART)
        k->free_at = begin - BURST * IDENTITY_KEEP_PART;
    k->free_at += (now - begin) * IDENTITY_KEEP_PART;
    k->used_at = now;
    if (result == 0)
        k->retry_at = k->pause = 0;
    else
        fail(store, place, result, now);
    k->is_done |= result == 0;
    pthread_mutex_unlock(&store->lock);
}

/* ---- the thread ---- */

/* With the lock held: links that nobody has needed for long; theirs that are not kept any more. */
static void
close_idle(struct catalog_store *store, int64_t now)
{
    list_each (link, &store->places) {
        struct catalog_place *place = LIST_ENTRY(link, struct catalog_place, link);

        if (place->keeping.link.in && now - place->keeping.used_at > LINK_IDLE)
            inspector_link_close(&place->keeping.link);
    }
}

void *
identity_keep_thread(void *arg)
{
    struct catalog_store *store = arg;
    const struct os *os = store->log->os;

    pthread_mutex_lock(&store->lock);
    while (!store->is_stopping) {
        int64_t now = os_monotonic(os), at;
        struct catalog_place *place = next_place(store, &at);

        close_idle(store, now);
        if (place && at <= now) {
            place->users++; /* it is not taken away meanwhile */
            pthread_mutex_unlock(&store->lock);
            keep(store, place);
            pthread_mutex_lock(&store->lock);
            place->users--;
            continue;
        }
        pthread_mutex_unlock(&store->lock);
        identity_bell_await(&store->bell, at < now + WAIT_AT_MOST ? at : now + WAIT_AT_MOST);
        pthread_mutex_lock(&store->lock);
    }
    pthread_mutex_unlock(&store->lock);
    return NULL;
}
