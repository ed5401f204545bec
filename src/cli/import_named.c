/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import_named.h"

#include "base/memory.h"
#include "exposure/key.h"

static uint64_t
name_of(const struct observation *o, const struct observed_more *more)
{
    return more->is_plain && o->number < KEY_ORDINAL_FIRST
               ? (uint64_t)(o->kind + 1) << 32 | o->number
               : more->raw | UINT64_C(1) << 63;
}

int
import_named_keep(struct import_named *named, const struct observation *items,
                  const struct observed_more *more, size_t count, size_t *end)
{
    if (named->count + count > named->space) {
        size_t space = 2 * (named->space + OBSERVE_MOST);
        uint64_t *list = memory_resize(named->list, space, sizeof(*list));

        if (list == NULL)
            return PASU_E_NOMEM;
        named->list = list;
        named->space = space;
    }
    for (size_t i = 0; i < count; i++)
        if (items[i].what == OBSERVED_SHOWN)
            named->list[named->count++] = name_of(&items[i], &more[i]);
    *end = named->count;
    return 0;
}

int
import_named_count(struct import_named *named, size_t end, struct import_set *persons)
{
    int result = 0;

    for (; named->done < end && result == 0; named->done++)
        result = import_set_add(persons, named->list[named->done]);
    return result;
}

size_t
import_named_forget(struct import_named *named)
{
    const size_t done = named->done;

    if (done > 0)
        memmove(named->list, named->list + done, (named->count - done) * sizeof(*named->list));
    named->count -= done;
    named->done = 0;
    return done;
}
