/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_later.h"

#include "base/memory.h"

static void
forget(struct index_later *later)
{
    for (size_t i = 0; i < later->count; i++)
        pack_release(&later->items[i].value);
    later->count = 0;
    later->bytes = 0;
}

void
index_later_release(struct index_later *later)
{
    forget(later);
    memory_free(later->items);
    *later = (struct index_later){0};
}

static bool
make_room(struct index_later *later)
{
    size_t space = later->space * 2 + 64;
    struct index_later_value *items;

    if (later->count < later->space)
        return true;
    items = memory_resize(later->items, space, sizeof(*items));
    if (items == NULL)
        return false;
    later->items = items;
    later->space = space;
    return true;
}

int
index_later_put(struct index_later *later, struct index_key key, struct pack *value)
{
    if (value->failed || !make_room(later)) {
        pack_release(value);
        return PASU_E_NOMEM;
    }
    later->bytes += pack_view(value).length;
    later->items[later->count++] = (struct index_later_value){key, *value};
    *value = (struct pack){0};
    return 0;
}

int
index_later_write(struct index_later *later, struct index *index)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < later->count; i++)
        result = index_put(index, INDEX_MAIN, index_key_view(&later->items[i].key),
                           pack_view(&later->items[i].value));
    forget(later);
    return result;
}
