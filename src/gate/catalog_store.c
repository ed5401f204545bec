/* SPDX-License-Identifier: Apache-2.0 */
/* Who enters and leaves, asks and touches: everything but the loading. */
#include "base/memory.h"
#include "gate/catalog_load.h"
#include "gate/catalog_place.h"
#include "gate/catalog_policy.h"
#include "gate/identity_ordinals.h"
#include "gate/thread.h"

#include <unistd.h>

#define TOUCH_DELAY (20 * NANOSECONDS_PER_MILLISECOND)

/* ---- places; the lock is held ---- */

static struct catalog_place *
place_find(const struct catalog_store *store, const struct settings *settings, uint32_t gateway,
           const char *database)
{
    list_each (link, &store->places) {
        struct catalog_place *place = LIST_ENTRY(link, struct catalog_place, link);

        if (place->settings == settings && place->gateway == gateway &&
            strcmp(place->database, database) == 0)
            return place;
    }
    return NULL;
}

static struct catalog_place *
place_new(struct catalog_store *store, struct settings *settings, uint32_t gateway,
          const char *database)
{
    struct catalog_place *place = memory_new(1, sizeof(*place));

    if (place)
        place->ground =
            catalog_ground_get(store, &settings->gateways[gateway].config->upstream, database);
    if (!place || !place->ground) {
        memory_free(place);
        return NULL;
    }
    place->store = store;
    place->settings = settings_hold(settings);
    place->gateway = gateway;
    snprintf(place->database, sizeof(place->database), "%s", database);
    place->poll_at = CATALOG_NEVER;
    place->unused_since = os_monotonic(store->log->os);
    inspector_link_init(&place->inspector, store->log->os, CATALOG_MESSAGE_MAX);
    inspector_link_init(&place->keeping.link, store->log->os, IDENTITY_KEEP_MESSAGE_MAX);
    place->ground->watch.bell = &store->bell;
    list_init(&place->link);
    list_append(&store->places, &place->link);
    catalog_place_hang(store, place);
    pthread_cond_signal(&store->wake); /* load_at is 0: now */
    return place;
}

void
catalog_place_free(struct catalog_place *place)
{
    list_remove(&place->link);
    inspector_link_close(&place->inspector);
    inspector_link_close(&place->keeping.link);
    catalog_policy_free(place->policy);
    catalog_release(place->catalog);
    identity_view_release(place->identity);
    catalog_marks_release(&place->marks);
    catalog_ground_release(place->ground);
    settings_release(place->settings);
    memory_free(place);
}

static struct catalog_place *
place_get(struct catalog_store *store, struct settings *settings, uint32_t gateway,
          const char *database)
{
    struct catalog_place *place = place_find(store, settings, gateway, database);

    return place ? place : place_new(store, settings, gateway, database);
}

void
catalog_place_load_by(struct catalog_store *store, struct catalog_place *place, int64_t at)
{
    if (at < place->load_at)
        place->load_at = at;
    pthread_cond_signal(&store->wake);
}

/* ---- the store ---- */

static void
end_thread(struct catalog_store *store)
{
    pthread_mutex_lock(&store->lock);
    store->is_stopping = true;
    pthread_cond_signal(&store->wake);
    pthread_mutex_unlock(&store->lock);
    pthread_join(store->thread, NULL);
}

int
catalog_store_new(struct catalog_store **out, const struct log *log, catalog_notify *notify,
                  void *arg)
{
    struct catalog_store *store = memory_new(1, sizeof(*store));
    pthread_condattr_t attributes;
    int result;

    if (!store)
        return PASU_E_NOMEM;
    store->log = log;
    store->notify = notify;
    store->arg = arg;
    store->identity_fd = -1;
    list_init(&store->places);
    list_init(&store->grounds);
    list_init(&store->markings);
    pthread_mutex_init(&store->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&store->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    identity_bell_init(&store->bell);
    result = thread_start(&store->thread, NULL, catalog_thread, store);
    if (result == 0 &&
        (result = thread_start(&store->keep_thread, NULL, identity_keep_thread, store)) != 0)
        end_thread(store);
    if (result != 0) {
        memory_free(store);
        return result;
    }
    *out = store;
    return 0;
}

void
catalog_store_remember(struct catalog_store *store, struct past_marks *past)
{
    pthread_mutex_lock(&store->lock);
    past_marks_release(&store->past);
    store->past = *past;
    pthread_mutex_unlock(&store->lock);
    *past = (struct past_marks){0};
}

void
catalog_store_stop(struct catalog_store *store)
{
    if (!store || store->is_stopped)
        return;
    end_thread(store);
    identity_bell_ring(&store->bell);
    pthread_join(store->keep_thread, NULL);
    store->is_stopped = true;
}

void
catalog_store_free(struct catalog_store *store)
{
    if (!store)
        return;
    catalog_store_stop(store);
    while (!list_is_empty(&store->places))
        catalog_place_free(LIST_ENTRY(store->places.next, struct catalog_place, link));
    settings_release(store->current);
    past_marks_release(&store->past);
    if (store->identity_fd >= 0)
        close(store->identity_fd);
    identity_release(store->identity);
    if (store->ordinals)
        identity_ordinals_release(store->ordinals);
    memory_free(store->ordinals);
    identity_key_release(&store->identity_key);
    identity_bell_release(&store->bell);
    pthread_cond_destroy(&store->wake);
    pthread_mutex_destroy(&store->lock);
    memory_free(store);
}

/* The place of the same database behind the gateway of that name, if there still is one. Without
 * memory now, the first session makes it. */
static void
renew(struct catalog_store *store, const struct catalog_place *old, struct settings *settings)
{
    for (uint32_t i = 0; i < settings->gateway_count; i++) {
        struct catalog_place *place;

        if (strcmp(settings->gateways[i].config->name, catalog_place_gateway(old)->config->name))
            continue;
        place = place_get(store, settings, i, old->database);
        if (place && catalog_marks_copy(&place->marks, &old->marks, KIN_SAME) != 0)
            LOG_EVENT(store->log, INTERNAL, F_TEXT("error", "marks of tables were lost"));
    }
}

void
catalog_store_configure(struct catalog_store *store, struct settings *settings)
{
    struct settings *before;

    pthread_mutex_lock(&store->lock);
    before = store->current;
    store->current = settings_hold(settings);
    list_each (link, &store->places) { /* new ones come at the end, and are of these settings */
        struct catalog_place *place = LIST_ENTRY(link, struct catalog_place, link);

        if (place->settings == before && place->settings != settings)
            renew(store, place, settings);
    }
    pthread_mutex_unlock(&store->lock);
    settings_release(before);
}

void
catalog_store_warm(struct catalog_store *store, struct settings *settings, uint32_t gateway,
                   const char *database)
{
    pthread_mutex_lock(&store->lock);
    list_each (link, &store->places) {
        struct catalog_place *place = LIST_ENTRY(link, struct catalog_place, link);

        if (place->settings == settings && place->gateway == gateway && !place->catalog)
            catalog_place_load_by(store, place, os_monotonic(store->log->os));
    }
    if (database && place_get(store, settings, gateway, database) == NULL) {
        /* without memory now, the first session makes it */
    }
    pthread_mutex_unlock(&store->lock);
}

struct catalog_place *
catalog_store_enter(struct catalog_store *store, struct settings *settings, uint32_t gateway,
                    const char *database)
{
    struct catalog_place *place;

    pthread_mutex_lock(&store->lock);
    place = place_get(store, settings, gateway, database);
    if (place) {
        place->users++;
        if (!place->catalog)
            place->is_awaited = true;
        if (place->load_at == CATALOG_NEVER && place->poll_at == CATALOG_NEVER &&
            catalog_store_is_stale(place))
            catalog_place_load_by(store, place,
                                  os_monotonic(store->log->os)); /* it had been retired */
    }
    pthread_mutex_unlock(&store->lock);
    return place;
}

void
catalog_store_leave(struct catalog_store *store, struct catalog_place *place)
{
    pthread_mutex_lock(&store->lock);
    if (--place->users == 0)
        place->unused_since = os_monotonic(store->log->os);
    pthread_mutex_unlock(&store->lock);
}

struct catalog *
catalog_store_get(struct catalog_store *store, struct catalog_place *place)
{
    struct catalog *catalog;

    pthread_mutex_lock(&store->lock);
    catalog = place->catalog ? catalog_hold(place->catalog) : NULL;
    if (!catalog)
        place->is_awaited = true;
    pthread_mutex_unlock(&store->lock);
    return catalog;
}

uint64_t
catalog_store_version(const struct catalog_place *place)
{
    return place->version;
}

bool
catalog_store_is_stale(const struct catalog_place *place)
{
    return place->needed > place->served;
}

bool
catalog_store_is_behind(const struct catalog_place *place)
{
    return place->added > place->served;
}

bool
catalog_store_is_settled(const struct catalog_place *place)
{
    return place->touched <= place->served;
}

bool
catalog_store_serves(const struct catalog_place *place, uint64_t touch)
{
    return touch <= place->served;
}

void
catalog_place_touch(struct catalog_store *store, struct catalog_place *place,
                    enum catalog_touch whose)
{
    bool is_retired = catalog_store_is_stale(place) && place->load_at == CATALOG_NEVER &&
                      place->poll_at == CATALOG_NEVER;

    place->touched++;
    if (whose == TOUCH_ALL)
        place->needed = place->touched;
    else if (whose == TOUCH_ADDS)
        place->added = place->touched;
    if (is_retired && place->users == 0)
        return; /* it is loaded when somebody enters */
    place->is_awaited = true;
    catalog_place_load_by(store, place, os_monotonic(store->log->os) + TOUCH_DELAY);
}

uint64_t
catalog_store_touch(struct catalog_store *store, struct catalog_place *place,
                    enum catalog_touch whose)
{
    uint64_t number;

    pthread_mutex_lock(&store->lock);
    list_each (link, &store->places) {
        struct catalog_place *other = LIST_ENTRY(link, struct catalog_place, link);
        bool is_concerned = whose == TOUCH_ADDS || whose == TOUCH_ALL;

        if (other == place || (is_concerned && catalog_place_is_sibling(other, place)))
            catalog_place_touch(store, other, whose);
    }
    number = place->touched;
    pthread_mutex_unlock(&store->lock);
    return number;
}

void
catalog_store_shift(struct catalog_place *place)
{
    struct catalog_store *store = place->store;

    pthread_mutex_lock(&store->lock);
    list_each (link, &store->places) {
        struct catalog_place *other = LIST_ENTRY(link, struct catalog_place, link);

        if (catalog_place_is_sibling(other, place))
            other->shifts++;
    }
    pthread_mutex_unlock(&store->lock);
}

void
catalog_store_hang(struct catalog_store *store, struct catalog_place *place, uint64_t fields,
                   uint64_t kinds, bool is_first)
{
    pthread_mutex_lock(&store->lock);
    place->hanging += is_first;
    place->own_fields |= fields;
    place->own_kinds |= kinds;
    catalog_place_hang(store, place);
    pthread_mutex_unlock(&store->lock);
}

void
catalog_store_unhang(struct catalog_store *store, struct catalog_place *place)
{
    pthread_mutex_lock(&store->lock);
    if (--place->hanging == 0) {
        place->own_fields = place->own_kinds = 0;
        catalog_place_hang(store, place);
    }
    pthread_mutex_unlock(&store->lock);
}

void
catalog_store_hanging(const struct catalog_place *place, uint64_t *fields, uint64_t *kinds)
{
    *fields = place->hanging_fields;
    *kinds = place->hanging_kinds;
}

struct growth *
catalog_store_growth(struct catalog_place *place)
{
    return &place->ground->growth;
}

uint64_t
catalog_store_population(const struct catalog_place *place, const struct catalog *catalog,
                         uint8_t kind)
{
    const struct growth *growth = &place->ground->growth;
    uint8_t slot = place->settings->slots[kind % CATALOG_KINDS_MAX];
    uint64_t own = growth_of(growth, catalog_seen(catalog), slot);
    uint64_t newest = growth_of(growth, &place->seen, slot);

    own += catalog_population(catalog, kind); /* later: a count has what is not in the growth */
    newest += place->most[kind % CATALOG_KINDS_MAX];
    own = own > newest ? own : newest;
    return own < UINT32_MAX ? own : UINT32_MAX;
}

uint32_t
catalog_store_shifts(const struct catalog_place *place)
{
    return place->shifts;
}

bool
catalog_store_has_mark(struct catalog_store *store, const struct catalog_place *place,
                       const struct catalog_relation *relation, const struct catalog_mark *mark)
{
    bool is_marked;

    pthread_mutex_lock(&store->lock);
    is_marked = relation ? catalog_marks_hold(&place->marks, relation)
                         : catalog_marks_have(&place->marks, mark);
    pthread_mutex_unlock(&store->lock);
    return is_marked;
}

void
catalog_store_lay_by(struct catalog_place *place)
{
    struct catalog_store *store = place->store;

    pthread_mutex_lock(&store->lock);
    list_each (link, &store->places) {
        struct catalog_place *other = LIST_ENTRY(link, struct catalog_place, link);

        if (catalog_place_is_sibling(other, place))
            other->has_laid_by = true;
    }
    pthread_mutex_unlock(&store->lock);
}

bool
catalog_store_has_laid_by(const struct catalog_place *place)
{
    return place->has_laid_by;
}

int
catalog_store_mark(struct catalog_store *store, struct catalog_place *place,
                   const struct catalog_mark *mark, uint32_t vocabulary)
{
    int result = 0;

    pthread_mutex_lock(&store->lock);
    store->marked++;
    list_each (link, &store->places) {
        struct catalog_place *other = LIST_ENTRY(link, struct catalog_place, link);

        if (!catalog_place_is_sibling(other, place))
            continue;
        other->marks.number = store->marked;
        if (result == 0)
            result = catalog_marks_add(&other->marks, mark, vocabulary);
        catalog_place_touch(store, other, TOUCH_ALL);
    }
    pthread_mutex_unlock(&store->lock);
    return result;
}

int
catalog_store_move(struct catalog_store *store, struct catalog_place *place,
                   const struct catalog_mark *from, const struct catalog_mark *to)
{
    int result = 0;

    pthread_mutex_lock(&store->lock);
    store->marked++;
    list_each (link, &store->places) {
        struct catalog_place *other = LIST_ENTRY(link, struct catalog_place, link);

        if (result != 0 || !catalog_place_is_sibling(other, place))
            continue;
        other->marks.number = store->marked;
        result = catalog_marks_move(&other->marks, from, to);
    }
    pthread_mutex_unlock(&store->lock);
    return result;
}

/* ---- transactions that mark ---- */

void
catalog_store_open(struct catalog_store *store, struct catalog_place *place,
                   struct catalog_marking *marking)
{
    if (marking->place)
        return;
    pthread_mutex_lock(&store->lock);
    marking->place = place;
    marking->number = ++store->marked;
    list_init(&marking->link);
    list_append(&store->markings, &marking->link);
    pthread_mutex_unlock(&store->lock);
}

void
catalog_store_close(struct catalog_store *store, struct catalog_marking *marking, bool is_lost)
{
    if (!marking->place)
        return;
    pthread_mutex_lock(&store->lock);
    list_remove(&marking->link);
    list_each (link, &store->places) {
        struct catalog_place *other = LIST_ENTRY(link, struct catalog_place, link);

        if (is_lost && catalog_place_is_sibling(other, marking->place))
            catalog_marks_drift(&other->marks, marking->number);
    }
    pthread_mutex_unlock(&store->lock);
    *marking = (struct catalog_marking){0};
}

/* ---- the ledger ---- */

struct recording {
    struct catalog_store *store;
    const struct catalog_place *place;
    catalog_marks_put *put;
    void *arg;
};

uint64_t
catalog_place_number(struct catalog_store *store)
{
    uint64_t now = (uint64_t)os_realtime(store->log->os);

    store->mark_number = now > store->mark_number ? now : store->mark_number + 1;
    return store->mark_number;
}

static int
put_mark(void *arg, struct ring_mark *mark)
{
    const struct recording *recording = arg;
    struct catalog_store *store = recording->store;
    const struct catalog_whose whose = catalog_place_whose(recording->place);

    if (mark->what == RING_MARK_FORGOTTEN && catalog_place_is_copied(store, recording->place, mark))
        return 0;
    if (mark->number == 0)
        mark->number = catalog_place_number(store);
    snprintf(mark->gateway, sizeof(mark->gateway), "%s", whose.gateway);
    snprintf(mark->database, sizeof(mark->database), "%s", whose.name);
    mark->system = whose.system;
    mark->database_oid = whose.system != 0 ? whose.database : 0;
    return recording->put(recording->arg, mark);
}

int
catalog_store_put(struct catalog_store *store, struct catalog_place *place, struct ring_mark *mark,
                  catalog_marks_put *put, void *arg)
{
    struct recording recording = {store, place, put, arg};
    int result;

    pthread_mutex_lock(&store->lock);
    result = put_mark(&recording, mark);
    pthread_mutex_unlock(&store->lock);
    return result;
}

int
catalog_store_record(struct catalog_store *store, catalog_marks_put *put, void *arg)
{
    int result = 0;

    pthread_mutex_lock(&store->lock);
    list_each (link, &store->places) {
        struct catalog_place *place = LIST_ENTRY(link, struct catalog_place, link);
        struct recording recording = {store, place, put, arg};

        if (result == 0)
            result = catalog_marks_record(&place->marks, put_mark, &recording);
    }
    pthread_mutex_unlock(&store->lock);
    return result;
}
