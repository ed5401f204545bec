/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_directory.h"

#include "base/memory.h"

enum { FIRST_SPACE = 1024 };

void
index_directory_release(struct index_directory *d)
{
    memory_free(d->entries);
    *d = (struct index_directory){0};
}

int
index_directory_add(struct index_directory *d, const struct payload_ordinal *ordinal,
                    uint64_t record)
{
    if (record < d->next || record == UINT64_MAX)
        return PASU_E_RANGE;
    if (d->count == d->space) {
        size_t space = d->space == 0 ? FIRST_SPACE : d->space * 2;
        struct index_entry *entries = memory_resize(d->entries, space, sizeof(*entries));

        if (entries == NULL)
            return PASU_E_NOMEM;
        d->entries = entries;
        d->space = space;
    }
    d->next = record + 1;
    d->entries[d->count++] = (struct index_entry){.number = index_number_of(ordinal->head.ordinal),
                                                  .hash = index_hash_of(ordinal->head.hash),
                                                  .record = record};
    return 0;
}

bool
index_directory_is_full(const struct index_directory *d)
{
    return d->count >= INDEX_DIRECTORY_MAX;
}

/* Of one number, the first in the ledger comes first. */
static int
compare(const void *a, const void *b)
{
    const struct index_entry *one = a, *other = b;
    int order = (one->number > other->number) - (one->number < other->number);

    return order != 0 ? order : (one->record > other->record) - (one->record < other->record);
}

int
index_directory_write(struct index_directory *d, struct index *index)
{
    int result = 0;

    if (d->count > 1)
        qsort(d->entries, d->count, sizeof(*d->entries), compare);
    for (size_t from = 0, to; result == 0 && from < d->count; from = to) {
        uint32_t run = d->entries[from].number >> INDEX_RUN_BITS;

        for (to = from; to < d->count && d->entries[to].number >> INDEX_RUN_BITS == run; to++)
            ;
        result = index_run_add(index, d->entries + from, to - from);
    }
    d->count = 0;
    return result;
}
