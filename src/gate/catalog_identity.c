/* SPDX-License-Identifier: Apache-2.0 */
/* Of catalog_store.h: the places' views of the identity index, and what becomes of them. */
#include "base/memory.h"
#include "gate/catalog_place.h"
#include "gate/identity_ordinals.h"

#include <unistd.h>

void
catalog_store_identity_key(struct catalog_store *store, const struct identity_key *key)
{
    pthread_mutex_lock(&store->lock);
    store->identity_key = *key;
    pthread_mutex_unlock(&store->lock);
}

const struct identity_key *
catalog_store_key(const struct catalog_store *store)
{
    return &store->identity_key;
}

int
catalog_store_ordinals(struct catalog_store *store, struct ring *ring, int wake,
                       struct directory *directory)
{
    struct identity_ordinals *ordinals = ring ? memory_new(1, sizeof(*ordinals)) : NULL;

    if (!ring)
        return 0;
    if (!ordinals)
        return PASU_E_NOMEM;
    identity_ordinals_init(ordinals, ring, wake, directory, store->log->os, &store->bell,
                           &store->is_stopping);
    pthread_mutex_lock(&store->lock);
    store->ordinals = ordinals;
    pthread_mutex_unlock(&store->lock);
    return 0;
}

void
catalog_store_identify(struct catalog_store *store, int take_fd)
{
    pthread_mutex_lock(&store->lock);
    if (store->identity_fd >= 0)
        close(store->identity_fd);
    store->identity_fd = take_fd;
    pthread_cond_signal(&store->wake);
    pthread_mutex_unlock(&store->lock);
}

struct identity_view *
catalog_store_identity(struct catalog_store *store, struct catalog_place *place)
{
    struct identity_view *view;

    pthread_mutex_lock(&store->lock);
    view = identity_view_hold(place->identity);
    pthread_mutex_unlock(&store->lock);
    return view;
}

void
catalog_store_identity_state(struct catalog_store *store, uint32_t *columns, uint32_t *current,
                             int64_t *oldest)
{
    *columns = *current = 0;
    *oldest = 0;
    pthread_mutex_lock(&store->lock);
    list_each (link, &store->places) {
        const struct catalog_place *place = LIST_ENTRY(link, struct catalog_place, link);
        const struct identity_view *view = place->identity;

        if (place->settings != store->current || !view)
            continue;
        for (size_t i = 0; i < view->count; i++)
            *current += identity_view_is_current(view, &place->ground->watch, (int)i);
        *columns += (uint32_t)view->count;
        if (*oldest == 0 || identity_view_at(view) < *oldest)
            *oldest = identity_view_at(view);
    }
    pthread_mutex_unlock(&store->lock);
}

void
catalog_store_state(struct catalog_store *store, uint32_t *databases, uint32_t *failing,
                    int64_t *oldest)
{
    *databases = *failing = 0;
    *oldest = 0;
    pthread_mutex_lock(&store->lock);
    list_each (link, &store->places) {
        const struct catalog_place *place = LIST_ENTRY(link, struct catalog_place, link);

        if (place->settings != store->current ||
            (place->load_at == CATALOG_NEVER && place->poll_at == CATALOG_NEVER))
            continue; /* nobody is there */
        ++*databases;
        *failing += place->pause > 0;
        if (place->checked != 0 && (*oldest == 0 || place->checked < *oldest))
            *oldest = place->checked;
    }
    pthread_mutex_unlock(&store->lock);
}

uint64_t
catalog_store_identity_version(const struct catalog_place *place)
{
    return place->identity_version;
}

struct identity_watch *
catalog_store_watch(const struct catalog_place *place)
{
    return &place->ground->watch;
}
