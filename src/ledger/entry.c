/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/entry.h"

/* Of an exposure's bytes, as docs/spec/exposure.md has them. */
enum {
    FIXED = 60,
    AT_PARTS = 57,
    AT_RULE = 58,
    AT_ACTOR = 59,
    PART = 44,
    AT_FORM = 2,
    AT_COUNTS = 36,
    ORDINAL = 4,
    RUN = 8,
    PREFIX_LIST = 2,
};

static uint32_t
get_u32(const uint8_t *at)
{
    uint32_t v;

    memcpy(&v, at, sizeof(v));
    return v;
}

/* The bytes of a list of so many ordinals, taken from the front of `rest`. */
static bool
take_list(struct view *rest, uint32_t count, bool is_runs, struct view *list)
{
    uint64_t length = (uint64_t)count * ORDINAL;

    if (count > 0 && is_runs) {
        if (rest->length < sizeof(uint32_t))
            return false;
        length = sizeof(uint32_t) + (uint64_t)get_u32(rest->bytes) * RUN;
    }
    if (length > rest->length)
        return false;
    *list = view_of(rest->bytes, (size_t)length);
    *rest = view_of(rest->bytes + length, rest->length - (size_t)length);
    return true;
}

/* The head of an exposure's bytes, and what is behind it. */
static bool
take_head(struct view exposure, struct view *head, struct view *rest)
{
    size_t length;

    if (exposure.length < FIXED || exposure.bytes[AT_PARTS] > EXPOSURE_PARTS_MAX)
        return false;
    length = FIXED + (size_t)exposure.bytes[AT_RULE] + exposure.bytes[AT_ACTOR];
    if (exposure.length < length)
        return false;
    *head = view_of(exposure.bytes, length);
    *rest = view_of(exposure.bytes + length, exposure.length - length);
    return true;
}

int
entry_look(struct view exposure, bool *has_list)
{
    struct view head, rest, list;

    *has_list = false;
    if (!take_head(exposure, &head, &rest))
        return PASU_E_CORRUPT;
    for (size_t i = 0; i < exposure.bytes[AT_PARTS]; i++) {
        const uint8_t *part = rest.bytes;

        if (rest.length < PART)
            return PASU_E_CORRUPT;
        rest = view_of(part + PART, rest.length - PART);
        for (size_t which = 0; which < 2; which++) {
            if (!take_list(&rest, get_u32(part + AT_COUNTS + which * sizeof(uint32_t)),
                           part[AT_FORM] >> which & 1, &list))
                return PASU_E_CORRUPT;
            *has_list |= list.length > 0;
        }
    }
    return rest.length == 0 ? 0 : PASU_E_CORRUPT;
}

static int
commit_list(struct tree_hasher *hasher, const uint8_t salt[ENTRY_SALT], size_t part, size_t which,
            struct view list, struct tree_hash *commitment)
{
    const uint8_t prefix = PREFIX_LIST, place[] = {(uint8_t)part, (uint8_t)which};
    const struct iovec parts[] = {{(void *)(uintptr_t)&prefix, 1},
                                  {(void *)(uintptr_t)salt, ENTRY_SALT},
                                  {(void *)(uintptr_t)place, sizeof(place)},
                                  {(void *)(uintptr_t)list.bytes, list.length}};

    if (list.length == 0) {
        *commitment = (struct tree_hash){0};
        return 0;
    }
    return tree_hash_parts(hasher, parts, COUNT_OF(parts), commitment);
}

static void
add_piece(struct entry *entry, const void *bytes, size_t length)
{
    entry->pieces[entry->count++] = (struct iovec){(void *)(uintptr_t)bytes, length};
}

static int
add_part(struct entry *entry, struct tree_hasher *hasher, const uint8_t salt[ENTRY_SALT],
         size_t index, struct view *rest)
{
    const uint8_t *part = rest->bytes;
    struct view list;

    if (rest->length < PART)
        return PASU_E_CORRUPT;
    *rest = view_of(part + PART, rest->length - PART);
    for (size_t which = 0; which < 2; which++) {
        int result;

        if (!take_list(rest, get_u32(part + AT_COUNTS + which * sizeof(uint32_t)),
                       part[AT_FORM] >> which & 1, &list))
            return PASU_E_CORRUPT;
        result = commit_list(hasher, salt, index, which, list, &entry->commitments[index][which]);
        if (result != 0)
            return result;
    }
    add_piece(entry, part, PART);
    add_piece(entry, entry->commitments[index], sizeof(entry->commitments[index]));
    return 0;
}

static int
add_exposure(struct entry *entry, struct tree_hasher *hasher, struct view payload)
{
    const uint8_t *salt = payload.bytes;
    bool has_list = false;
    struct view head, rest;

    if (payload.length < ENTRY_SALT ||
        !take_head(view_of(salt + ENTRY_SALT, payload.length - ENTRY_SALT), &head, &rest))
        return PASU_E_CORRUPT;
    add_piece(entry, head.bytes, head.length);
    for (size_t i = 0; i < head.bytes[AT_PARTS]; i++) {
        const struct view before = rest;
        int result = add_part(entry, hasher, salt, i, &rest);

        if (result != 0)
            return result;
        has_list = has_list || before.length - rest.length > PART;
    }
    /* With nobody in it there is nothing that the salt could change in the entry. */
    return rest.length == 0 && (has_list || bytes_are_zero(salt, ENTRY_SALT)) ? 0 : PASU_E_CORRUPT;
}

/* The seed is told to nobody: with it, each leaf could be guessed. */
static int
add_opening(struct entry *entry, struct view payload)
{
    if (payload.length != ENTRY_OPENING + ENTRY_SEED)
        return PASU_E_CORRUPT;
    add_piece(entry, payload.bytes, ENTRY_OPENING);
    return 0;
}

int
entry_make(struct entry *entry, struct tree_hasher *hasher, const struct segment_record *record)
{
    const uint16_t type = (uint16_t)record->type;

    memset(entry->head, 0, sizeof(entry->head));
    memcpy(entry->head, &record->index, 8);
    memcpy(entry->head + 8, &record->time, 8);
    memcpy(entry->head + 16, &type, sizeof(type));
    entry->count = 0;
    add_piece(entry, entry->head, sizeof(entry->head));
    if (record->type == SEGMENT_EXPOSURE)
        return add_exposure(entry, hasher, record->payload);
    if (record->type == SEGMENT_OPENING)
        return add_opening(entry, record->payload);
    add_piece(entry, record->payload.bytes, record->payload.length);
    return 0;
}

int
entry_leaf(struct tree_hasher *hasher, const struct segment_record *record, struct tree_hash *leaf)
{
    struct entry entry;
    int result = entry_make(&entry, hasher, record);

    return result == 0 ? tree_hash_leaf(hasher, entry.pieces, entry.count, leaf) : result;
}
