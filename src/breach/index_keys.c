/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_keys.h"

#include "breach/index_run.h"
#include "breach/index_state.h"

/* Of an ordinal that the index has, the ledger has had the entry that counts before. */
static int
note_late(struct index_keys *by, const struct ledger_entry *entry)
{
    uint64_t record;
    int result = PASU_E_NOTFOUND;

    if (!keys_takes(entry))
        return 0;
    if (by->has_keys)
        result = index_run_record(by->index, entry->u.ordinal->head.ordinal, &record);
    return result == PASU_E_NOTFOUND ? keys_note(by->keys, entry) : result;
}

static bool
take_none(void *arg PASU_UNUSED, uint64_t seq PASU_UNUSED, int64_t time PASU_UNUSED,
          uint64_t session PASU_UNUSED)
{
    return false;
}

static int
read_late(struct index_keys *by)
{
    const struct entries *entries = &by->entries;

    if (entries->choose != NULL)
        entries->choose(entries->arg, take_none, NULL);
    for (;;) {
        struct ledger_entry entry = {0};
        int next = entries->next(entries->arg, &entry), result = 0;

        if (next == 1)
            result = note_late(by, &entry);
        if (result != 0 || (next != 1 && next != PASU_E_CORRUPT))
            return result != 0 ? result : next;
    }
}

int
index_keys_begin(struct index_keys *by, struct index *index, const struct entries *entries,
                 struct keys *keys)
{
    struct index_meta meta;
    int result = index_meta_load(&meta, index);

    *by = (struct index_keys){.index = index,
                              .entries = *entries,
                              .keys = keys,
                              .has_keys = meta.has_keys,
                              .last = meta.last};
    if (result == 0 && meta.is_disordered)
        result = PASU_E_UNAVAILABLE;
    if (result == 0) /* of what was deleted since, other entries may count by now */
        result = index_gaps_check(index, entries->first);
    if (result == 0)
        result = index_meta_seek(&meta, entries);
    return result == 0 ? read_late(by) : result;
}

/* Of an ordinal that the index has: its entry as the ledger says it. */
static int
read_entry(struct index_keys *by, uint32_t ordinal, struct ledger_entry *entry)
{
    uint64_t record;
    int result = index_run_record(by->index, ordinal, &record);

    if (result == 0)
        result = entries_find(&by->entries, record, entry);
    if (result != 0)
        return result;
    return keys_takes(entry) && !entry->is_in_ring && entry->u.ordinal->head.ordinal == ordinal
               ? 0
               : PASU_E_UNAVAILABLE;
}

int
index_keys_text(struct index_keys *by, uint32_t ordinal)
{
    struct ledger_entry entry = {0};
    int result;

    if (!by->has_keys || keys_has(by->keys, ordinal))
        return 0;
    result = read_entry(by, ordinal, &entry);
    if (result == PASU_E_NOTFOUND)
        return 0;
    return result == 0 ? keys_note(by->keys, &entry) : result;
}

/* An ordinal by whose hash it is in the index. */
static int
note_found(struct index_keys *by, uint32_t ordinal, uint32_t hash)
{
    struct ledger_entry entry = {0};
    int result = read_entry(by, ordinal, &entry);

    if (result == PASU_E_NOTFOUND)
        return PASU_E_UNAVAILABLE;
    if (result == 0 && index_hash_of(entry.u.ordinal->head.hash) != hash)
        return PASU_E_UNAVAILABLE;
    return result == 0 ? keys_note(by->keys, &entry) : result;
}

int
index_keys_find(struct index_keys *by, struct view text)
{
    uint32_t ordinals[INDEX_FOUND_MAX], begin;
    uint8_t hash[SEAL_HASH_SIZE];
    int count, result;

    if (!by->has_keys || !by->keys->has_secret)
        return 0;
    result = directory_hash(by->keys->secret, text, hash);
    if (result != 0)
        return result;
    begin = index_hash_of(hash);
    count = index_run_find(by->index, begin, ordinals);
    if (count < 0)
        return count == PASU_E_RANGE ? PASU_E_UNAVAILABLE : count;
    for (int i = 0; result == 0 && i < count; i++)
        result = note_found(by, ordinals[i], begin);
    return result;
}
