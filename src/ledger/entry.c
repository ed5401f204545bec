/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/entry.h"

/* Of an exposure's bytes, as docs/spec/exposure.md has them. */
enum {
    FIXED = 60,
    AT_PARTS = 57,
    AT_RULE = 58,
    AT_ACTOR = 59,
    HAS_SOURCE = 0x80,
    HAS_PURPOSE = 0x40,
    ACTOR_LENGTH = 0x3f,
    SOURCE_LENGTH = 0x7f,
    HAS_VERBS = 0x40,
    RULE_LENGTH = 0xbf,
    VERBS_SEVERAL = 65,
    VERBS_SIZE = 8,
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

/* A text behind the byte that says how long it is. */
static bool
skip_text(struct view exposure, size_t *at, uint8_t mask)
{
    if (*at >= exposure.length)
        return false;
    *at += 1 + (size_t)(exposure.bytes[*at] & mask);
    return true;
}

/* The head of an exposure's bytes, and what is behind it. */
static bool
take_head(struct view exposure, struct view *head, struct view *rest)
{
    size_t length;
    uint8_t actor;

    if (exposure.length < FIXED || exposure.bytes[AT_PARTS] > EXPOSURE_PARTS_MAX)
        return false;
    actor = exposure.bytes[AT_ACTOR];
    length = FIXED + (size_t)(exposure.bytes[AT_RULE] & RULE_LENGTH) + (actor & ACTOR_LENGTH);
    if (actor & HAS_PURPOSE && !skip_text(exposure, &length, UINT8_MAX))
        return false;
    if (actor & HAS_SOURCE && !skip_text(exposure, &length, SOURCE_LENGTH))
        return false;
    if (exposure.bytes[AT_RULE] & HAS_VERBS) {
        if (length >= exposure.length)
            return false;
        length += exposure.bytes[length] == VERBS_SEVERAL ? 1 + VERBS_SIZE : 1;
    }
    if (exposure.length < length)
        return false;
    *head = view_of(exposure.bytes, length);
    *rest = view_of(exposure.bytes + length, exposure.length - length);
    return true;
}

static void
add_piece(struct entry *entry, const void *bytes, size_t length)
{
    entry->pieces[entry->count++] = (struct iovec){(void *)(uintptr_t)bytes, length};
}

bool
entry_has_list(const struct entry *entry)
{
    for (size_t i = 0; i < entry->part_count; i++)
        if (entry->lists[i][0].length > 0 || entry->lists[i][1].length > 0)
            return true;
    return false;
}

/* A part and its two lists. */
static int
add_part(struct entry *entry, struct view *rest)
{
    const uint8_t *part = rest->bytes;
    size_t index = entry->part_count++;

    if (rest->length < PART)
        return PASU_E_CORRUPT;
    *rest = view_of(part + PART, rest->length - PART);
    memset(entry->commitments[index], 0, sizeof(entry->commitments[index]));
    for (size_t which = 0; which < 2; which++)
        if (!take_list(rest, get_u32(part + AT_COUNTS + which * sizeof(uint32_t)),
                       part[AT_FORM] >> which & 1, &entry->lists[index][which]))
            return PASU_E_CORRUPT;
    add_piece(entry, part, PART);
    add_piece(entry, entry->commitments[index], sizeof(entry->commitments[index]));
    return 0;
}

static int
add_exposure(struct entry *entry, struct view payload)
{
    const uint8_t *salt = payload.bytes;
    struct view head, rest;

    if (payload.length < ENTRY_SALT ||
        !take_head(view_of(salt + ENTRY_SALT, payload.length - ENTRY_SALT), &head, &rest))
        return PASU_E_CORRUPT;
    entry->salt = salt;
    add_piece(entry, head.bytes, head.length);
    for (size_t i = 0; i < head.bytes[AT_PARTS]; i++) {
        int result = add_part(entry, &rest);

        if (result != 0)
            return result;
    }
    /* With nobody in it there is nothing that the salt could change in the entry. */
    return rest.length == 0 && (entry_has_list(entry) || bytes_are_zero(entry->salt, ENTRY_SALT))
               ? 0
               : PASU_E_CORRUPT;
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

void
entry_head(uint8_t head[ENTRY_HEAD], const struct segment_record *record)
{
    const uint32_t type = (uint16_t)record->type;

    memcpy(head, &record->index, 8);
    memcpy(head + 8, &record->time, 8);
    memcpy(head + 16, &type, sizeof(type));
}

int
entry_lay(struct entry *entry, const struct segment_record *record)
{
    entry_head(entry->head, record);
    entry->count = entry->part_count = 0;
    add_piece(entry, entry->head, sizeof(entry->head));
    if (record->type == SEGMENT_EXPOSURE)
        return add_exposure(entry, record->payload);
    if (record->type == SEGMENT_OPENING)
        return add_opening(entry, record->payload);
    add_piece(entry, record->payload.bytes, record->payload.length);
    return 0;
}

void
entry_list_head(uint8_t head[ENTRY_LIST_HEAD], const struct entry *entry, size_t part, size_t which)
{
    head[0] = PREFIX_LIST;
    memcpy(head + 1, entry->salt, ENTRY_SALT);
    head[1 + ENTRY_SALT] = (uint8_t)part;
    head[2 + ENTRY_SALT] = (uint8_t)which;
}

static int
commit_list(struct entry *entry, struct tree_hasher *hasher, size_t part, size_t which)
{
    const struct view list = entry->lists[part][which];
    uint8_t head[ENTRY_LIST_HEAD];
    const struct iovec parts[] = {{head, sizeof(head)},
                                  {(void *)(uintptr_t)list.bytes, list.length}};

    if (list.length == 0)
        return 0;
    entry_list_head(head, entry, part, which);
    return tree_hash_parts(hasher, parts, COUNT_OF(parts), &entry->commitments[part][which]);
}

int
entry_make(struct entry *entry, struct tree_hasher *hasher, const struct segment_record *record)
{
    int result = entry_lay(entry, record);

    for (size_t i = 0; i < 2 * entry->part_count && result == 0; i++)
        result = commit_list(entry, hasher, i / 2, i % 2);
    return result;
}

int
entry_leaf(struct tree_hasher *hasher, const struct segment_record *record, struct tree_hash *leaf)
{
    PASU_UNINITIALIZED struct entry entry;
    int result = entry_make(&entry, hasher, record);

    return result == 0 ? tree_hash_leaf(hasher, entry.pieces, entry.count, leaf) : result;
}
