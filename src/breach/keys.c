/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/keys.h"

#include "base/memory.h"

enum { FIRST_SPACE = 64, FIRST_BYTES = 4096 };

/* Before the sealed bytes. */
struct entry_head {
    struct ring_ordinal ordinal;
    uint32_t length;
    bool is_in_ring;
};

void
keys_init(struct keys *keys, const uint8_t *secret, const struct entry_keys *entry_keys)
{
    *keys = (struct keys){.has_secret = secret != NULL, .entry_keys = entry_keys};
    if (secret != NULL)
        memcpy(keys->secret, secret, sizeof(keys->secret));
}

void
keys_release(struct keys *keys)
{
    map_release(&keys->places);
    memory_free(keys->entries);
    memory_free(keys->bytes);
    memory_wipe(keys, sizeof(*keys));
}

static int
make_room(struct keys *keys, size_t length)
{
    if (keys->count == keys->space) {
        size_t space = keys->space == 0 ? FIRST_SPACE : keys->space * 2;
        size_t *entries =
            space < UINT32_MAX ? memory_resize(keys->entries, space, sizeof(*entries)) : NULL;

        if (entries == NULL)
            return PASU_E_NOMEM;
        keys->entries = entries;
        keys->space = space;
    }
    if (keys->bytes_space - keys->used < length) {
        size_t space = keys->bytes_space + keys->bytes_space / 2 + length + FIRST_BYTES;
        uint8_t *bytes = memory_resize(keys->bytes, space, 1);

        if (bytes == NULL)
            return PASU_E_NOMEM;
        keys->bytes = bytes;
        keys->bytes_space = space;
    }
    return 0;
}

bool
keys_takes(const struct ledger_entry *entry)
{
    return entry->type == LEDGER_ORDINAL && entry->u.ordinal->sealed.length <= SEAL_MAX;
}

int
keys_note(struct keys *keys, const struct ledger_entry *entry)
{
    struct entry_head head = {0};
    struct view sealed;
    uint32_t place;
    int result;

    if (!keys_takes(entry))
        return 0;
    head.ordinal = entry->u.ordinal->head;
    sealed = entry->u.ordinal->sealed;
    head.length = (uint32_t)sealed.length;
    head.is_in_ring = entry->is_in_ring;
    if (map_get(&keys->places, head.ordinal.ordinal, &place))
        return 0;
    result = make_room(keys, sizeof(head) + sealed.length);
    if (result == 0)
        result = map_put(&keys->places, head.ordinal.ordinal, (uint32_t)keys->count);
    if (result != 0)
        return result;
    keys->entries[keys->count++] = keys->used;
    memcpy(keys->bytes + keys->used, &head, sizeof(head));
    if (sealed.length > 0)
        memcpy(keys->bytes + keys->used + sizeof(head), sealed.bytes, sealed.length);
    keys->used += sizeof(head) + sealed.length;
    return 0;
}

bool
keys_has(const struct keys *keys, uint32_t ordinal)
{
    uint32_t place;

    return map_get(&keys->places, ordinal, &place);
}

static struct entry_head
entry_at(const struct keys *keys, size_t place, struct view *sealed)
{
    struct entry_head head;

    memcpy(&head, keys->bytes + keys->entries[place], sizeof(head));
    *sealed = view_of(keys->bytes + keys->entries[place] + sizeof(head), head.length);
    return head;
}

/* What the ledger has of it. */
static ssize_t
open_entry(const struct keys *keys, const struct ring_ordinal *ordinal, struct view sealed,
           uint8_t text[SEAL_TEXT_MAX], bool *is_cut)
{
    uint8_t payload[sizeof(*ordinal) + SEAL_MAX];
    struct ring_ordinal head;

    if (keys->entry_keys == NULL)
        return PASU_E_NOTFOUND;
    memcpy(payload, ordinal, sizeof(*ordinal));
    if (sealed.length > 0)
        memcpy(payload + sizeof(*ordinal), sealed.bytes, sealed.length);
    return entry_open(keys->entry_keys, view_of(payload, sizeof(*ordinal) + sealed.length), &head,
                      text, is_cut);
}

ssize_t
keys_text(const struct keys *keys, uint32_t ordinal, uint8_t text[SEAL_TEXT_MAX], bool *is_cut)
{
    struct entry_head head;
    struct view sealed;
    uint32_t place;

    *is_cut = false;
    if (ordinal < KEY_ORDINAL_FIRST) {
        char number[KEY_NUMBER_SIZE];
        size_t length = key_number_text(number, ordinal);

        memcpy(text, number, length);
        return (ssize_t)length;
    }
    if (!map_get(&keys->places, ordinal, &place))
        return PASU_E_NOTFOUND;
    head = entry_at(keys, place, &sealed);
    if (!head.is_in_ring)
        return open_entry(keys, &head.ordinal, sealed, text, is_cut);
    if (!keys->has_secret)
        return PASU_E_NOTFOUND;
    return directory_unseal(keys->secret, head.ordinal.kind, ordinal, head.ordinal.hash, sealed,
                            text, is_cut);
}

int
keys_find(const struct keys *keys, struct view text, uint32_t *ordinals, size_t most)
{
    uint8_t hash[SEAL_HASH_SIZE];
    size_t found = 0;
    int result;

    if (!keys->has_secret)
        return 0;
    result = directory_hash(keys->secret, text, hash);
    for (size_t place = 0; result == 0 && place < keys->count && found < most; place++) {
        struct view sealed;
        struct entry_head head = entry_at(keys, place, &sealed);

        if (memcmp(head.ordinal.hash, hash, sizeof(hash)) == 0)
            ordinals[found++] = head.ordinal.ordinal;
    }
    return result != 0 ? result : (int)found;
}
