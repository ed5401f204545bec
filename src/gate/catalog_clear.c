/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/catalog_clear.h"

#include "gate/catalog_place.h"

static bool
is_of(const struct catalog_place *place, const struct ring_mark *mark)
{
    const struct catalog_whose whose = catalog_place_whose(place);
    const struct catalog_whose theirs = {mark->system, mark->database_oid, mark->gateway,
                                         mark->database};

    return catalog_kin_of(&(struct catalog_family){true, true}, &whose, &theirs) == KIN_SAME;
}

/* One that has a snapshot, of the configuration in force if there is one. */
static struct catalog_place *
find(const struct catalog_store *store, const struct ring_mark *mark)
{
    struct catalog_place *found = NULL;

    list_each (link, &store->places) {
        struct catalog_place *place = LIST_ENTRY(link, struct catalog_place, link);

        if (place->catalog && is_of(place, mark) && (!found || place->settings == store->current))
            found = place;
    }
    return found;
}

static void
name_whose(struct ring_mark *mark, const struct catalog_place *place)
{
    const struct catalog_whose whose = catalog_place_whose(place);

    snprintf(mark->gateway, sizeof(mark->gateway), "%s", whose.gateway);
    snprintf(mark->database, sizeof(mark->database), "%s", whose.name);
    mark->system = whose.system;
    mark->database_oid = whose.system != 0 ? whose.database : 0;
}

static void
name_relation(struct ring_mark *mark, const struct catalog *catalog)
{
    const struct catalog_relation *r =
        mark->relation != 0 && catalog ? catalog_relation(catalog, mark->relation) : NULL;

    if (!r)
        return;
    snprintf(mark->schema, sizeof(mark->schema), "%s", r->schema);
    snprintf(mark->name, sizeof(mark->name), "%s", r->name);
}

/* ---- list ---- */

size_t
catalog_clear_count(struct catalog_store *store)
{
    size_t count;

    pthread_mutex_lock(&store->lock);
    count = store->past.count;
    list_each (link, &store->places)
        count += LIST_ENTRY(link, struct catalog_place, link)->marks.count;
    pthread_mutex_unlock(&store->lock);
    return count;
}

static bool
is_told(const struct message_marked *lines, size_t count, const struct ring_mark *mark)
{
    for (size_t i = 0; i < count; i++) {
        const struct ring_mark *told = &lines[i].mark;

        if (told->relation == mark->relation && told->column == mark->column &&
            told->vocabulary == mark->vocabulary && strcmp(told->schema, mark->schema) == 0 &&
            strcmp(told->name, mark->name) == 0 && told->system == mark->system &&
            told->database_oid == mark->database_oid &&
            strcmp(told->database, mark->database) == 0 &&
            (mark->system != 0 || strcmp(told->gateway, mark->gateway) == 0) &&
            (told->fields | mark->fields) == told->fields &&
            (told->kinds | mark->kinds) == told->kinds)
            return true;
    }
    return false;
}

size_t
catalog_clear_list(struct catalog_store *store, struct message_marked *lines, size_t room)
{
    size_t count = 0;

    pthread_mutex_lock(&store->lock);
    list_each (link, &store->places) {
        const struct catalog_place *place = LIST_ENTRY(link, struct catalog_place, link);
        struct ring_mark mark;

        for (size_t at = 0; count < room && catalog_marks_each(&place->marks, &at, &mark);) {
            name_whose(&mark, place);
            name_relation(&mark, place->catalog);
            if (!is_told(lines, count, &mark))
                lines[count++].mark = mark;
        }
    }
    for (size_t i = 0; count < room && i < store->past.count; i++) {
        const struct ring_mark *mark = &store->past.items[i];

        if ((mark->what == RING_MARK_CARRIES || mark->what == RING_MARK_INTENDED) &&
            !find(store, mark))
            lines[count++].mark = *mark;
    }
    pthread_mutex_unlock(&store->lock);
    return count;
}

/* ---- clear ---- */

/* The union of what the place has of the relation; of several vocabularies, all that there can be.
 * A database that was made from this one, and is entered later, has them from the past. */
static int
gather(struct catalog_store *store, const struct catalog_place *place, struct ring_mark *mark)
{
    struct ring_mark one;
    int result = 0;

    for (size_t at = 0; result == 0 && catalog_marks_each(&place->marks, &at, &one);) {
        if (one.relation != mark->relation)
            continue;
        if (mark->fields != 0 && one.vocabulary != mark->vocabulary)
            mark->fields = mark->kinds = UINT64_MAX;
        mark->vocabulary = one.vocabulary;
        mark->fields |= one.fields;
        mark->kinds |= one.kinds;
        name_whose(&one, place);
        one.number = 1; /* below that of what takes it away */
        result = past_marks_see(&store->past, &one);
    }
    return result;
}

static int
look(const struct catalog_store *store, const struct catalog_place *place, uint32_t relation)
{
    int result = PASU_E_NOTFOUND;

    list_each (link, &store->places) {
        const struct catalog_place *other = LIST_ENTRY(link, struct catalog_place, link);
        int found;

        if (!catalog_place_is_sibling(other, place))
            continue;
        found = catalog_marks_clear_look(&other->marks, place->catalog, relation);
        if (found == PASU_E_AGAIN)
            return found;
        result = found == 0 ? 0 : result;
    }
    return result;
}

/* With the lock held: of all who are that database. */
static void
end(struct catalog_store *store, const struct catalog_place *place, uint32_t relation, bool is_done)
{
    list_each (link, &store->places) {
        struct catalog_place *other = LIST_ENTRY(link, struct catalog_place, link);

        if (!catalog_place_is_sibling(other, place))
            continue;
        catalog_marks_clear_end(&other->marks, relation, is_done);
        if (is_done)
            catalog_place_touch(store, other, TOUCH_ALL);
        else /* once it is loaded, what the ledger does not have any more is recorded */
            catalog_place_load_by(store, other, os_monotonic(store->log->os));
    }
    store->clears++;
    store->cleared.version = store->versions;
}

static bool
is_begun(const struct catalog_store *store, const struct catalog_place *place, uint32_t relation)
{
    list_each (link, &store->places) {
        const struct catalog_place *other = LIST_ENTRY(link, struct catalog_place, link);

        if (catalog_place_is_sibling(other, place) &&
            catalog_marks_is_clearing(&other->marks, relation))
            return true;
    }
    return false;
}

static int
begin(struct catalog_store *store, const struct catalog_place *place, struct ring_mark *mark)
{
    int result = look(store, place, mark->relation);

    if (result == 0 && catalog_place_open_marks(store, place) <= store->marked)
        result = PASU_E_AGAIN; /* a transaction is open that marks something, this perhaps */
    if (result == 0)
        result = gather(store, place, mark);
    if (result != 0)
        return result;
    store->cleared.relations[store->cleared.count++ % CATALOG_CLEARED_MAX] = mark->relation;
    store->cleared.version = UINT64_MAX;
    name_whose(mark, place);
    name_relation(mark, place->catalog);
    mark->number = catalog_place_number(store);
    list_each (link, &store->places) {
        struct catalog_place *other = LIST_ENTRY(link, struct catalog_place, link);

        if (catalog_place_is_sibling(other, place))
            catalog_marks_clear_begin(&other->marks, mark->relation);
    }
    return 0;
}

bool
catalog_clear_covers(struct catalog_place *place, uint32_t relation, uint64_t version)
{
    struct catalog_store *store = place->store;
    const struct catalog_cleared *cleared = &store->cleared;
    bool is_covered;

    if (PASU_LIKELY(version > cleared->version))
        return false;
    pthread_mutex_lock(&store->lock);
    is_covered = cleared->count > CATALOG_CLEARED_MAX;
    for (size_t i = 0; i < cleared->count && i < CATALOG_CLEARED_MAX; i++)
        is_covered |= cleared->relations[i] == relation;
    pthread_mutex_unlock(&store->lock);
    return is_covered;
}

int
catalog_clear_begin(struct catalog_store *store, struct ring_mark *mark)
{
    const struct catalog_place *place;
    int result = PASU_E_NOTFOUND;

    mark->fields = mark->kinds = 0;
    mark->column = 0;
    pthread_mutex_lock(&store->lock);
    place = find(store, mark);
    if (place && is_begun(store, place, mark->relation)) /* and nobody has ended it */
        end(store, place, mark->relation, false);
    if (place && mark->relation != 0 && catalog_relation(place->catalog, mark->relation))
        result = begin(store, place, mark);
    pthread_mutex_unlock(&store->lock);
    return result;
}

void
catalog_clear_end(struct catalog_store *store, const struct ring_mark *mark, bool is_done)
{
    const struct catalog_place *place;

    pthread_mutex_lock(&store->lock);
    place = find(store, mark);
    if (is_done && past_marks_clear(&store->past, mark) != 0)
        LOG_EVENT(store->log, INTERNAL,
                  F_TEXT("error", "a mark that was taken away can come back until the restart"));
    if (place)
        end(store, place, mark->relation, is_done);
    pthread_mutex_unlock(&store->lock);
}
