/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_mentions.h"

#include "breach/index_each.h"
#include "breach/index_state.h"

static int
explain(void *arg, struct view key, struct view value)
{
    struct reader r = reader_of(value);
    uint64_t record = unpack_number(&r);

    return reader_end(&r) == 0 ? mentions_explain(arg, bytes_get_u32(key.bytes + 1), record)
                               : PASU_E_CORRUPT;
}

int
index_mentions_begin(struct index *index, struct mentions *mentions)
{
    struct index_meta meta;
    int result = index_meta_load(&meta, index);

    if (result != 0)
        return result;
    mentions->size = meta.last + 1;
    return index_each_number(index, INDEX_EXPLAINED, explain, mentions);
}

/* Of several openings of a list the last one counts, which can be behind the index. */
static int
look_up(struct index *index, struct mention *mention)
{
    const struct payload_opening list = {
        .record = mention->record, .part = mention->part, .which = mention->which};
    uint64_t record;
    int result = index_opened_load(index, &list, &record);

    if (result != 0)
        return result == PASU_E_NOTFOUND ? 0 : result;
    if (record <= mention->opening)
        return 0;
    mention->opening = record;
    mention->opened = (struct payload_opening){0};
    return 0;
}

int
index_mentions_end(struct index *index, struct mentions *mentions)
{
    int result = 0;

    for (size_t i = 0; i < mentions->count && result == 0; i++)
        if (!mentions->items[i].is_in_ring)
            result = look_up(index, &mentions->items[i]);
    return result;
}
