/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_groups.h"

#include "base/memory.h"
#include "breach/index_key.h"

void
index_groups_release(struct index_groups *groups)
{
    for (size_t g = 0; g < groups->count; g++)
        index_group_release(&groups->items[g]);
    memory_free(groups->items);
    ordinals_release(&groups->free);
    map_release(&groups->by);
}

struct index_group *
index_groups_get(struct index_groups *groups, uint64_t session)
{
    uint32_t place;

    return groups->count > 0 && map_get(&groups->by, session, &place) ? &groups->items[place]
                                                                      : NULL;
}

struct index_group *
index_groups_make(struct index_groups *groups, uint64_t session)
{
    struct index_group *found = index_groups_get(groups, session);
    uint32_t place;

    if (found != NULL)
        return found;
    if (groups->free.count > 0) {
        place = groups->free.items[--groups->free.count];
    } else {
        if (groups->count == groups->space) {
            size_t space = groups->space * 2 + 64;
            struct index_group *items =
                space < UINT32_MAX ? memory_resize(groups->items, space, sizeof(*items)) : NULL;

            if (items == NULL)
                return NULL;
            groups->items = items;
            groups->space = space;
        }
        place = (uint32_t)groups->count++;
        groups->items[place] = (struct index_group){0};
    }
    return map_put(&groups->by, session, place) == 0 ? &groups->items[place] : NULL;
}

int
index_groups_remove(struct index_groups *groups, uint64_t session)
{
    uint32_t place;

    if (groups->count == 0 || !map_get(&groups->by, session, &place))
        return 0;
    map_remove(&groups->by, session);
    return ordinals_add(&groups->free, &place, 1);
}

static int
remove_saved(struct index *index)
{
    struct index_key from = index_key_letter(INDEX_OPEN);
    struct index_walk walk;
    struct view key, value;
    int result = index_walk_begin(&walk, index, INDEX_MAIN);

    walk.is_unchecked = true;
    while (result == 0 &&
           (result = index_walk_seek(&walk, index_key_view(&from), &key, &value)) == 1)
        result = key.bytes[0] != INDEX_OPEN ? 1 : index_delete(index, INDEX_MAIN, key);
    index_walk_end(&walk);
    return result > 0 ? 0 : result;
}

int
index_groups_save(struct index_groups *groups, struct ordinals *scratch, struct index *index)
{
    int result = remove_saved(index);

    for (size_t g = 0; result == 0 && g < groups->count; g++) {
        struct index_key open = index_key_session(INDEX_OPEN, groups->items[g].session);
        struct pack pack = {0};

        if (!groups->items[g].is_open)
            continue;
        result = index_group_write(&groups->items[g], &pack, scratch);
        if (result == 0)
            result = index_put(index, INDEX_MAIN, index_key_view(&open), pack_view(&pack));
        pack_release(&pack);
    }
    return result;
}
