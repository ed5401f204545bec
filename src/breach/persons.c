/* SPDX-License-Identifier: Apache-2.0 */
#define PASU_ALLOW_RAW_MEMORY /* roaring.h includes malloc.h */
#include "breach/persons.h"

#include "base/memory.h"
#include "breach/crowd.h"
#include "breach/roaring_bytes.h"

#include <roaring/roaring.h>

/* struct persons is a roaring_bitmap_t under a name that keeps its header out of ours. */
static roaring_bitmap_t *
bitmap(struct persons *set)
{
    return (roaring_bitmap_t *)(void *)set;
}

static const roaring_bitmap_t *
bitmap_of(const struct persons *set)
{
    return (const roaring_bitmap_t *)(const void *)set;
}

static int
make(struct persons **set)
{
    if (*set == NULL)
        *set = (struct persons *)(void *)roaring_bitmap_create();
    return *set != NULL ? 0 : PASU_E_NOMEM;
}

void
persons_free(struct persons *set)
{
    if (set != NULL)
        roaring_bitmap_free(bitmap(set));
}

int
persons_add(struct persons **set, const uint32_t *ordinals, size_t count)
{
    if (count == 0)
        return 0;
    if (make(set) != 0)
        return PASU_E_NOMEM;
    roaring_bitmap_add_many(bitmap(*set), count, ordinals);
    return 0;
}

int
persons_add_crowd(struct persons **set, const struct crowd *crowd)
{
    struct pack pack = {0};
    roaring_bitmap_t *made = NULL;

    roaring_bytes_put(&pack, crowd);
    if (!pack.failed)
        made = roaring_bitmap_portable_deserialize_safe((const char *)pack.bytes, pack.used);
    pack_release(&pack);
    if (made == NULL)
        return PASU_E_NOMEM;
    if (*set == NULL) {
        *set = (struct persons *)(void *)made;
        return 0;
    }
    roaring_bitmap_or_inplace(bitmap(*set), made);
    roaring_bitmap_free(made);
    return 0;
}

int
persons_unite(struct persons **set, const struct persons *with)
{
    if (with == NULL)
        return 0;
    if (make(set) != 0)
        return PASU_E_NOMEM;
    roaring_bitmap_or_inplace(bitmap(*set), bitmap_of(with));
    return 0;
}

int
persons_rest(struct persons **rest, const struct persons *set, const struct persons *without)
{
    *rest = NULL;
    if (persons_count(set) == 0)
        return 0;
    if (without == NULL)
        return persons_unite(rest, set);
    *rest = (struct persons *)(void *)roaring_bitmap_andnot(bitmap_of(set), bitmap_of(without));
    return *rest != NULL ? 0 : PASU_E_NOMEM;
}

uint64_t
persons_count(const struct persons *set)
{
    return set == NULL ? 0 : roaring_bitmap_get_cardinality(bitmap_of(set));
}

uint64_t
persons_count_union(const struct persons *a, const struct persons *b)
{
    if (a == NULL || b == NULL)
        return persons_count(a != NULL ? a : b);
    return roaring_bitmap_or_cardinality(bitmap_of(a), bitmap_of(b));
}

bool
persons_has(const struct persons *set, uint32_t ordinal)
{
    return set != NULL && roaring_bitmap_contains(bitmap_of(set), ordinal);
}

int
persons_each(const struct persons *set, int (*fn)(void *arg, uint32_t ordinal), void *arg)
{
    roaring_uint32_iterator_t at;
    int result = 0;

    if (set == NULL)
        return 0;
    for (roaring_init_iterator(bitmap_of(set), &at); result == 0 && at.has_value;
         roaring_advance_uint32_iterator(&at))
        result = fn(arg, at.current_value);
    return result;
}
