/* SPDX-License-Identifier: Apache-2.0 */
/* A tile store's folder for a test, with an operating system that fails, and the hashes of each
 * level as the definition has them. */
#ifndef PASU_TEST_TILE_PLACE_H
#define PASU_TEST_TILE_PLACE_H

#include "ledger/tile.h"
#include "tree_model.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LEAVES = 70000, MOST_LEVELS = 3 };

/* A folder for each test, and an operating system whose Nth call fails: that one, or from there on
 * all, as if the process had been killed. */
struct place {
    char path[64];
    struct os os;
    struct tile_folder folder;
    struct tree_hasher hasher;
    struct tile_leaves leaves;
    unsigned calls;
    unsigned fails_at; /* 0: none */
    bool is_dead_then;
    uint64_t asked_first, asked; /* of leaves */
    char trace[32];              /* a letter for each call that changes something */
    size_t traced;
};

/* The hashes of each level, of the tree of all leaves. */
static struct tree_hash hashes[MOST_LEVELS][LEAVES];
static bool is_made;

static bool
is_failing(void *arg)
{
    struct place *p = arg;

    errno = EIO;
    p->calls++;
    return p->fails_at > 0 && (p->is_dead_then ? p->calls >= p->fails_at : p->calls == p->fails_at);
}

static bool
is_failing_change(struct place *p, char letter)
{
    if (p->traced < sizeof(p->trace) - 1)
        p->trace[p->traced++] = letter;
    return is_failing(p);
}

static int
failing_openat(void *arg, int directory, const char *path, int flags, mode_t mode)
{
    return is_failing(arg) ? -1 : openat(directory, path, flags, mode);
}

static int
failing_close(void *arg, int fd)
{
    close(fd);
    return is_failing(arg) ? -1 : 0;
}

static ssize_t
failing_pread(void *arg, int fd, void *bytes, size_t size, off_t offset)
{
    return is_failing(arg) ? -1 : pread(fd, bytes, size, offset);
}

/* Leaves half of it. */
static ssize_t
failing_pwrite(void *arg, int fd, const void *bytes, size_t size, off_t offset)
{
    return pwrite(fd, bytes, is_failing_change(arg, 'w') ? size / 2 : size, offset);
}

static int
failing_fsync(void *arg, int fd)
{
    return is_failing_change(arg, 's') ? -1 : fsync(fd);
}

static int
failing_renameat(void *arg, int from_directory, const char *from, int to_directory, const char *to)
{
    return is_failing_change(arg, 'r') ? -1 : renameat(from_directory, from, to_directory, to);
}

static int
failing_mkdirat(void *arg, int directory, const char *path, mode_t mode)
{
    return is_failing_change(arg, 'm') ? -1 : mkdirat(directory, path, mode);
}

static int
leaf_again(void *arg, uint64_t index, struct tree_hash *hash)
{
    struct place *p = arg;

    if (p->asked++ == 0)
        p->asked_first = index;
    *hash = hashes[0][index];
    return 0;
}

static int
make_place(void **state)
{
    static struct place place;
    struct place *p = &place;

    *p = (struct place){.os = os_real};
    snprintf(p->path, sizeof(p->path), "/tmp/pasu-tile-XXXXXX");
    if (!mkdtemp(p->path))
        return -1;
    p->os.arg = p;
    p->os.openat = failing_openat;
    p->os.close = failing_close;
    p->os.pread = failing_pread;
    p->os.pwrite = failing_pwrite;
    p->os.fsync = failing_fsync;
    p->os.renameat = failing_renameat;
    p->os.mkdirat = failing_mkdirat;
    p->folder =
        (struct tile_folder){.os = &p->os, .directory = open(p->path, O_RDONLY | O_DIRECTORY)};
    p->leaves = (struct tile_leaves){leaf_again, p};
    *state = p;
    return tree_hasher_init(&p->hasher);
}

static int
remove_one(const char *path, const struct stat *st PASU_UNUSED, int type PASU_UNUSED,
           struct FTW *at PASU_UNUSED)
{
    return remove(path);
}

static inline void
remove_tiles(struct place *p)
{
    char path[80];

    snprintf(path, sizeof(path), "%s/tile", p->path);
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int
remove_place(void **state)
{
    struct place *p = *state;

    tree_hasher_release(&p->hasher);
    close(p->folder.directory);
    remove_tiles(p);
    return rmdir(p->path);
}

/* MTH over hashes of full subtrees: they are the leaves of the definition. */
static void
root_of(const struct tree_hash *from, size_t count, struct tree_hash *root)
{
    uint8_t bytes[65] = {1};
    size_t k = 1, first = (size_t)(from - hashes[0]);

    /* What level 1 has already, which was computed so. */
    if (count == 256 && first < LEAVES && first % 256 == 0 && is_made) {
        *root = hashes[1][first / 256];
        return;
    }
    if (count <= 1) {
        *root = *from;
        if (count == 0)
            model_hash("", 0, root);
        return;
    }
    while (k * 2 < count)
        k *= 2;
    root_of(from, k, (struct tree_hash *)(void *)(bytes + 1));
    root_of(from + k, count - k, (struct tree_hash *)(void *)(bytes + 33));
    model_hash(bytes, sizeof(bytes), root);
}

static int
make_hashes(void **state PASU_UNUSED)
{
    for (size_t i = 0; i < LEAVES; i++) {
        char text[17] = {0};

        model_hash(text, 1 + model_entry(text + 1, i), &hashes[0][i]);
    }
    for (size_t level = 1; level < MOST_LEVELS; level++)
        for (size_t i = 0; i < (size_t)LEAVES >> (8 * level); i++)
            root_of(&hashes[level - 1][256 * i], 256, &hashes[level][i]);
    is_made = true;
    return 0;
}

/* ---- what holds of a store ---- */

static inline void
append_to(struct tile_store *s, uint64_t size)
{
    while (s->frontier.size < size)
        assert_int_equal(tile_append(s, &hashes[0][s->frontier.size]), 0);
}

static inline void
make_store(struct place *p, uint64_t size)
{
    struct tile_store s;

    assert_int_equal(tile_open(&s, &p->folder, &p->hasher, 0, NULL), 0);
    append_to(&s, size);
    assert_int_equal(tile_publish(&s), 0);
    tile_close(&s);
}

static inline void
assert_root(struct tile_store *s, uint64_t size)
{
    struct tree_hash root, defined;

    assert_int_equal(s->frontier.size, size);
    assert_int_equal(tree_frontier_root(&s->frontier, s->hasher, &root), 0);
    root_of(hashes[0], size, &defined);
    assert_true(tree_hash_equal(&root, &defined));
}

static inline void
assert_tile(struct place *p, unsigned level, uint64_t index, unsigned width)
{
    static struct tree_hash read[TILE_WIDTH + 1];
    char path[TILE_PATH_SIZE];
    int fd;

    tile_path(path, level, index, width);
    fd = openat(p->folder.directory, path, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, read, sizeof(read), 0), width * sizeof(read[0]));
    assert_memory_equal(read, &hashes[level][256 * index], width * sizeof(read[0]));
    close(fd);
}

/* All that a tree of this size has. How many. */
static inline unsigned
assert_tiles(struct place *p, uint64_t size)
{
    unsigned count = 0;

    for (unsigned level = 0; size > 0; level++, size /= 256) {
        for (uint64_t i = 0; i < size / 256; i++, count++)
            assert_tile(p, level, i, 256);
        if (size % 256 > 0) {
            assert_tile(p, level, size / 256, (unsigned)(size % 256));
            count++;
        }
    }
    return count;
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

#endif
