/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/name_set.h"

#include "base/bytes.h"
#include "base/memory.h"

enum { FIRST_SPACE = 16 };

void
name_set_release(struct name_set *set)
{
    memory_free(set->items);
    *set = (struct name_set){0};
}

int
name_set_add(struct name_set *set, const char *name)
{
    size_t low = 0, high = set->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strncmp(set->items[middle], name, NAME_SIZE - 1);

        if (order == 0)
            return 0;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (set->count == set->space) {
        size_t space = set->space == 0 ? FIRST_SPACE : set->space * 2;
        void *items = memory_resize(set->items, space, NAME_SIZE);

        if (items == NULL)
            return PASU_E_NOMEM;
        set->items = items;
        set->space = space;
    }
    memmove(set->items[low + 1], set->items[low], (set->count - low) * NAME_SIZE);
    text_from_view(set->items[low], NAME_SIZE, view_of(name, strnlen(name, NAME_SIZE - 1)));
    set->count++;
    return 0;
}
