/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/verify_tree.h"

#include "base/memory.h"

#include <inttypes.h>

enum {
    BYTES = 512 << 10, /* entries and lists that wait to be hashed */
    PREFIX_LEAF = 0,
    RECORD_MAX = 2 * SEGMENT_PAYLOAD_MAX + ENTRY_PIECES * 512, /* of those, for one record */
};
_Static_assert(BYTES >= RECORD_MAX, "a record fits");

static int settle(struct verify_tree *t);

int
verify_tree_init(struct verify_tree *t, const struct tile_folder *folder,
                 const struct verify_report *report, struct verify_root *roots, size_t count)
{
    int result = digester_init(&t->digester);

    t->folder = *folder;
    t->report = report;
    t->roots = roots;
    t->root_count = count;
    if (result != 0)
        return result;
    t->bytes = memory_new(1, BYTES);
    if (!t->bytes)
        return PASU_E_NOMEM;
    t->has_tiles = verify_tile_farthest(folder, report, &t->farthest);
    return settle(t);
}

void
verify_tree_release(struct verify_tree *t)
{
    digester_release(&t->digester);
    memory_free(t->bytes);
    t->bytes = NULL;
}

/* ---- a row, and the tiles that should be it ---- */

static uint64_t
tile_of_row(const struct verify_tree *t, unsigned level)
{
    return ((t->count >> (TILE_HEIGHT * level)) - 1) >> TILE_HEIGHT;
}

/* What has come since the row was compared last, with one file. What the row does not know it takes
 * from there, up to the first hash that is another. */
static void
compare_file(struct verify_tree *t, unsigned level, uint64_t index, unsigned width)
{
    struct tree_hash hashes[TILE_WIDTH];
    char path[TILE_PATH_SIZE];
    struct verify_place place = {path, VERIFY_NOWHERE, VERIFY_NOWHERE};
    int result = tile_read(&t->folder, level, index, width, hashes);

    tile_path(path, level, index, width);
    if (result == PASU_E_NOTFOUND)
        return; /* a partial one that a full one has followed */
    if (result != 0) {
        verify_say(t->report, VERIFY_TILE, &place, "it cannot be read, or is not %u hashes long",
                   width);
        return;
    }
    t->tiles++;
    for (unsigned i = t->compared[level]; i < t->fill[level] && i < width; i++) {
        if (!t->known[level][i]) {
            t->rows[level][i] = hashes[i];
            t->known[level][i] = true;
        } else if (!tree_hash_equal(&t->rows[level][i], &hashes[i])) {
            place.offset = i * sizeof(hashes[0]);
            place.record = (index * TILE_WIDTH + i) << (TILE_HEIGHT * level);
            verify_say(t->report, VERIFY_TILE, &place, "a hash is not that of the records");
            return;
        }
    }
}

static void
compare(struct verify_tree *t, unsigned level)
{
    struct verify_widths widths;
    uint64_t index;

    if (!t->has_tiles || t->fill[level] == t->compared[level])
        return;
    index = tile_of_row(t, level);
    if (verify_tile_widths(&t->folder, level, index, &widths))
        for (unsigned width = TILE_WIDTH; width > 0; width--)
            if (widths.has[width])
                compare_file(t, level, index, width);
    t->compared[level] = t->fill[level];
}

/* How many of the row's first hashes are those of leaves that a frontier stands for. */
static unsigned
deleted_of_row(const struct verify_tree *t, unsigned level)
{
    uint64_t hashes = t->deleted.size >> (TILE_HEIGHT * level);

    return hashes >> TILE_HEIGHT == tile_of_row(t, level) ? hashes % TILE_WIDTH : 0;
}

/* The root over a row's hashes, of which the last one may be lower, in place. An odd one is handed
 * up: that is the same as the largest power of two on the left. `deleted` of them are known by the
 * frontier alone: one root for each bit, the higher ones on the left. */
static int
reduce(struct verify_tree *t, unsigned level, unsigned deleted, struct tree_hash *hashes,
       unsigned count)
{
    int result = 0;

    for (unsigned height = 0; result == 0; height++) {
        if (deleted >> height & 1)
            hashes[(deleted >> height) - 1] = t->deleted.nodes[TILE_HEIGHT * level + height];
        if (count == 1)
            break;
        result = digest_nodes(&t->digester, hashes, count, hashes);
        if (count % 2)
            hashes[count / 2] = hashes[count - 1];
        count = (count + 1) / 2;
    }
    return result;
}

static bool
is_all_known(const struct verify_tree *t, unsigned level)
{
    unsigned deleted = deleted_of_row(t, level);

    return !memchr(t->known[level] + deleted, 0, t->fill[level] - deleted);
}

/* Rows that are full go up. */
static int
carry(struct verify_tree *t, unsigned level)
{
    int result = 0;

    for (; t->fill[level] == TILE_WIDTH && result == 0; level++) {
        unsigned above = t->fill[level + 1];

        compare(t, level);
        t->known[level + 1][above] = is_all_known(t, level);
        if (t->known[level + 1][above])
            result = reduce(t, level, deleted_of_row(t, level), t->rows[level], TILE_WIDTH);
        t->rows[level + 1][above] = t->rows[level][0];
        t->fill[level + 1]++;
        t->fill[level] = t->compared[level] = 0;
    }
    return result;
}

/* ---- roots ---- */

static int
root_now(struct verify_tree *t, struct verify_root *root)
{
    struct tree_hash edge[TILE_WIDTH + 1];
    bool has_edge = false;
    int result = 0;

    root->is_known = true;
    for (unsigned level = 0; level < TILE_LEVELS && result == 0; level++) {
        unsigned fill = t->fill[level];

        if (fill == 0)
            continue;
        compare(t, level);
        root->is_known = root->is_known && is_all_known(t, level);
        if (has_edge)
            edge[fill] = edge[0];
        memcpy(edge, t->rows[level], fill * sizeof(edge[0]));
        result = reduce(t, level, deleted_of_row(t, level), edge, fill + has_edge);
        has_edge = true;
    }
    if (!has_edge)
        return tree_root(&t->digester.hasher, NULL, 0, &root->hash);
    root->hash = edge[0];
    return result;
}

/* Roots at the sizes that have come, or have been passed over. */
static int
settle(struct verify_tree *t)
{
    int result = 0;

    while (t->root_next < t->root_count && t->roots[t->root_next].size <= t->count && result == 0) {
        struct verify_root *root = &t->roots[t->root_next++];

        root->is_known = false;
        if (root->size == t->count)
            result = root_now(t, root);
    }
    return result;
}

/* ---- leaves ---- */

/* Lists first: leaves hold their hashes. */
static int
flush(struct verify_tree *t)
{
    int result = digest_all(&t->digester, t->lists, t->list_count);

    if (result == 0)
        result = digest_all(&t->digester, t->leaves, t->waiting);
    if (result != 0)
        return result;
    memset(&t->known[0][t->fill[0]], true, t->waiting);
    t->fill[0] += t->waiting;
    t->waiting = 0;
    t->list_count = t->used = 0;
    return carry(t, 0);
}

static void
put_lists(struct verify_tree *t, const struct entry *entry, uint8_t *leaf,
          const size_t at[EXPOSURE_PARTS_MAX])
{
    for (size_t i = 0; i < 2 * entry->part_count; i++) {
        const struct view list = entry->lists[i / 2][i % 2];
        uint8_t *bytes = t->bytes + t->used;

        if (list.length == 0)
            continue;
        entry_list_head(bytes, entry, i / 2, i % 2);
        memcpy(bytes + ENTRY_LIST_HEAD, list.bytes, list.length);
        t->lists[t->list_count++] =
            (struct digest_message){bytes, ENTRY_LIST_HEAD + list.length,
                                    leaf + at[i / 2] + i % 2 * sizeof(struct tree_hash)};
        t->used += digest_pad(bytes, ENTRY_LIST_HEAD + list.length);
    }
}

static void
put_entry(struct verify_tree *t, const struct segment_record *record, const struct entry *entry)
{
    uint8_t *leaf = t->bytes + t->used, *end = leaf;
    size_t at[EXPOSURE_PARTS_MAX] = {0}, part = 0;

    *end++ = PREFIX_LEAF;
    entry_head(end, record); /* the first piece */
    end += ENTRY_HEAD;
    for (size_t i = 1; i < entry->count; i++) {
        const struct iovec *piece = &entry->pieces[i];

        if (part < entry->part_count && piece->iov_base == entry->commitments[part]) {
            memcpy(end, entry->commitments[part], sizeof(entry->commitments[part]));
            at[part++] = (size_t)(end - leaf);
        } else if (piece->iov_len > 0) {
            memcpy(end, piece->iov_base, piece->iov_len);
        }
        end += piece->iov_len;
    }
    t->leaves[t->waiting] = (struct digest_message){leaf, (size_t)(end - leaf),
                                                    t->rows[0][t->fill[0] + t->waiting].bytes};
    t->used += digest_pad(leaf, t->leaves[t->waiting++].length);
    t->count++;
    put_lists(t, entry, leaf, at);
}

int
verify_tree_add(struct verify_tree *t, const struct segment_record *record)
{
    PASU_UNINITIALIZED struct entry entry;
    int result = entry_lay(&entry, record);

    if (result != 0)
        return result;
    if (t->used > BYTES - RECORD_MAX || t->list_count > VERIFY_LISTS - 2 * EXPOSURE_PARTS_MAX)
        result = flush(t);
    if (result != 0)
        return result;
    put_entry(t, record, &entry);
    if (t->fill[0] + t->waiting == TILE_WIDTH ||
        (t->root_next < t->root_count && t->roots[t->root_next].size == t->count))
        result = flush(t);
    return result == 0 ? settle(t) : result;
}

/* ---- what is not there ---- */

static bool
has_tile(struct verify_tree *t, unsigned level, uint64_t node)
{
    struct verify_widths widths;

    if (!t->has_tiles || !verify_tile_widths(&t->folder, level, node >> TILE_HEIGHT, &widths))
        return false;
    return memchr(widths.has + node % TILE_WIDTH + 1, 1, TILE_WIDTH - node % TILE_WIDTH);
}

/* The level at which to go over what is missing: as high as whole rows are, but where tiles know
 * more, as low as that. */
static unsigned
level_of_gap(struct verify_tree *t, uint64_t to)
{
    unsigned level = 0;

    while (level < TILE_LEVELS - 1) {
        uint64_t leaves = UINT64_C(1) << (TILE_HEIGHT * (level + 1));

        if (t->count % leaves != 0 || to - t->count < leaves)
            break;
        level++;
    }
    for (unsigned low = 0; low < level; low++)
        if (has_tile(t, low, t->count >> (TILE_HEIGHT * low)))
            return low;
    return level;
}

int
verify_tree_lose(struct verify_tree *t, uint64_t to)
{
    int result = flush(t);

    while (t->count < to && result == 0) {
        unsigned level = level_of_gap(t, to);

        t->known[level][t->fill[level]++] = false;
        t->count += UINT64_C(1) << (TILE_HEIGHT * level);
        result = carry(t, level);
        if (result == 0)
            result = settle(t);
    }
    return result;
}

/* Whether the tiles of leaves that are gone have the roots that stand for these. */
static int
check_deleted(struct verify_tree *t, unsigned level)
{
    unsigned deleted = t->fill[level], at = 0;
    struct tree_hash hashes[TILE_WIDTH];

    compare(t, level);
    for (unsigned height = TILE_HEIGHT; height-- > 0;) {
        const struct verify_place place = {
            "tile", VERIFY_NOWHERE,
            (t->deleted.size >> (TILE_HEIGHT * level) << (TILE_HEIGHT * level)) - 1};
        unsigned count = 1U << height;
        int result;

        if (!(deleted >> height & 1))
            continue;
        memcpy(hashes, &t->rows[level][at], count * sizeof(hashes[0]));
        result = memchr(&t->known[level][at], 0, count) ? PASU_E_NOTFOUND
                                                        : reduce(t, level, 0, hashes, count);
        if (result != 0 && result != PASU_E_NOTFOUND)
            return result;
        if (result == 0 &&
            !tree_hash_equal(&hashes[0], &t->deleted.nodes[TILE_HEIGHT * level + height]))
            verify_say(t->report, VERIFY_TILE, &place,
                       "those of level %u are not those of the records that were deleted", level);
        at += count;
    }
    return 0;
}

int
verify_tree_begin(struct verify_tree *t, const struct tree_frontier *deleted)
{
    int result = verify_tree_lose(t, deleted->size);

    t->deleted = *deleted;
    for (unsigned level = 0; level < TILE_LEVELS && result == 0; level++)
        if (t->fill[level] > 0)
            result = check_deleted(t, level);
    if (result == 0 && t->root_next > 0 && t->roots[t->root_next - 1].size == t->count)
        result = root_now(t, &t->roots[t->root_next - 1]);
    return result;
}

int
verify_tree_end(struct verify_tree *t, struct verify_root *root)
{
    const struct verify_place place = {t->farthest.path, VERIFY_NOWHERE, VERIFY_NOWHERE};
    int result = flush(t);

    if (result == 0)
        result = settle(t);
    root->size = t->count;
    if (result == 0)
        result = root_now(t, root);
    if (t->farthest.records > t->count)
        verify_say(t->report, VERIFY_TILE, &place,
                   "it stands for records up to %" PRIu64 ", of %" PRIu64 " that there are",
                   t->farthest.records - 1, t->count);
    return result;
}
