/* SPDX-License-Identifier: Apache-2.0 */
/* Places of one database, and what they have from one another. The store's lock is held. */
#include "gate/catalog_place.h"

#include "base/memory.h"

struct catalog_whose
catalog_place_whose(const struct catalog_place *place)
{
    return (struct catalog_whose){place->origin.system, place->origin.database,
                                  catalog_place_gateway(place)->config->name, place->database};
}

static bool
is_same_address(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port && a->is_unix == b->is_unix && strcmp(a->host, b->host) == 0;
}

static bool
has_same_address(const struct catalog_place *a, const struct catalog_place *b)
{
    return is_same_address(&a->ground->server, &b->ground->server);
}

struct catalog_ground *
catalog_ground_get(struct catalog_store *store, const struct endpoint *server, const char *database)
{
    struct catalog_ground *ground;

    list_each (link, &store->grounds) {
        ground = LIST_ENTRY(link, struct catalog_ground, link);
        if (is_same_address(&ground->server, server) && strcmp(ground->database, database) == 0) {
            ground->holders++;
            return ground;
        }
    }
    ground = memory_new(1, sizeof(*ground));
    if (!ground)
        return NULL;
    ground->holders = 1;
    ground->server = *server;
    snprintf(ground->database, sizeof(ground->database), "%s", database);
    list_init(&ground->link);
    list_append(&store->grounds, &ground->link);
    return ground;
}

void
catalog_ground_release(struct catalog_ground *ground)
{
    if (--ground->holders > 0)
        return;
    list_remove(&ground->link);
    memory_free(ground);
}

bool
catalog_place_is_sibling(const struct catalog_place *a, const struct catalog_place *b)
{
    if (a == b)
        return true;
    if (a->origin.system != 0 && b->origin.system != 0)
        return a->origin.system == b->origin.system && a->origin.database == b->origin.database;
    return strcmp(a->database, b->database) == 0 &&
           (has_same_address(a, b) || strcmp(catalog_place_gateway(a)->config->name,
                                             catalog_place_gateway(b)->config->name) == 0);
}

/* Of another generation of the settings the fields have other numbers: it can be any. */
static void
hang(const struct catalog_store *store, struct catalog_place *place)
{
    uint64_t fields = 0, kinds = 0, all_fields, all_kinds;

    vocabulary_all(&place->settings->vocabulary, &all_fields, &all_kinds);
    list_each (link, &store->places) {
        const struct catalog_place *other = LIST_ENTRY(link, struct catalog_place, link);
        bool is_known = other->settings->vocabulary.id == place->settings->vocabulary.id;

        if (other->hanging == 0 || !catalog_place_is_sibling(other, place))
            continue;
        fields |= is_known ? other->own_fields : all_fields;
        kinds |= is_known ? other->own_kinds : all_kinds;
    }
    place->hanging_fields = fields;
    place->hanging_kinds = kinds;
}

void
catalog_place_hang(struct catalog_store *store, const struct catalog_place *place)
{
    list_each (link, &store->places) {
        struct catalog_place *other = LIST_ENTRY(link, struct catalog_place, link);

        if (catalog_place_is_sibling(other, place))
            hang(store, other);
    }
}

int
catalog_place_settle(const struct catalog_store *store, struct catalog_place *place,
                     const struct catalog *catalog)
{
    if (!place->is_standby)
        return catalog_marks_settle(&place->marks, catalog);
    list_each (link, &store->places) {
        const struct catalog_place *other = LIST_ENTRY(link, struct catalog_place, link);

        if (!other->is_standby && other->catalog && other->settings == place->settings &&
            catalog_place_is_sibling(other, place))
            return catalog_marks_follow(&place->marks, &other->marks, catalog);
    }
    return 0;
}

bool
catalog_place_is_copied(const struct catalog_store *store, const struct catalog_place *place,
                        const struct ring_mark *mark)
{
    list_each (link, &store->places) {
        const struct catalog_place *other = LIST_ENTRY(link, struct catalog_place, link);

        if (place->origin.system != 0 && place->origin.system == other->origin.system &&
            place->origin.database == other->origin.database && !has_same_address(place, other) &&
            !other->is_standby && catalog_marks_has(&other->marks, mark))
            return true;
    }
    return false;
}

int
catalog_place_know(struct catalog_store *store, struct catalog_place *place,
                   const struct catalog_origin *origin)
{
    struct catalog_family family = {0};
    struct catalog_whose whose;
    int result = 0;

    place->is_standby = origin->is_standby;
    if (place->origin.system == origin->system && place->origin.database == origin->database)
        return 0;
    place->origin = *origin;
    list_each (link, &store->places) /* who has been a sibling need not be one any more */
        hang(store, LIST_ENTRY(link, struct catalog_place, link));
    whose = catalog_place_whose(place);
    catalog_marks_unrecord(&place->marks); /* as this database's they are not */
    past_marks_kin(&store->past, &whose, &family);
    list_each (link, &store->places) {
        const struct catalog_place *other = LIST_ENTRY(link, struct catalog_place, link);
        const struct catalog_whose theirs = catalog_place_whose(other);

        if (other != place && other->marks.count > 0)
            catalog_kin_see(&family, &whose, &theirs);
    }
    list_each (link, &store->places) {
        const struct catalog_place *other = LIST_ENTRY(link, struct catalog_place, link);
        const struct catalog_whose theirs = catalog_place_whose(other);
        enum catalog_kin kin = catalog_kin_of(&family, &whose, &theirs);
        int copied;

        if (other == place)
            continue;
        if (kin == KIN_NONE && catalog_place_is_sibling(place, other))
            kin = KIN_NAMES; /* by the server's address */
        copied = catalog_marks_copy(&place->marks, &other->marks, kin);
        result = result == 0 ? copied : result;
    }
    if (result == 0)
        result = past_marks_give(&store->past, &whose, &family, &place->marks);
    return result;
}

uint64_t
catalog_place_open_marks(const struct catalog_store *store, const struct catalog_place *place)
{
    uint64_t open = store->marked + 1;

    list_each (link, &store->markings) {
        const struct catalog_marking *marking = LIST_ENTRY(link, struct catalog_marking, link);

        if (marking->number < open && catalog_place_is_sibling(marking->place, place))
            open = marking->number;
    }
    return open;
}
