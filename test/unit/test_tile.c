/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "ledger/tile_nodes.h"
#include "tile_place.h"

static unsigned files;

static int
count_file(const char *path PASU_UNUSED, const struct stat *st PASU_UNUSED, int type,
           struct FTW *at PASU_UNUSED)
{
    files += type == FTW_F;
    return 0;
}

static unsigned
count_files(struct place *p)
{
    files = 0;
    assert_int_equal(nftw(p->path, count_file, 16, FTW_PHYS), 0);
    return files;
}

/* ---- paths and files ---- */

static void
paths_are_those_of_the_format(void **state PASU_UNUSED)
{
    static const struct {
        unsigned level;
        uint64_t index;
        unsigned width;
        const char *path;
    } known[] = {
        {0, 1234067, 256, "tile/0/x001/x234/067"},
        {0, 0, 256, "tile/0/000"},
        {1, 0, 1, "tile/1/000.p/1"},
        {0, 999, 256, "tile/0/999"},
        {0, 1000, 255, "tile/0/x001/000.p/255"},
        {2, 1000000, 17, "tile/2/x001/x000/000.p/17"},
        {63, UINT64_MAX, 255, "tile/63/x018/x446/x744/x073/x709/x551/615.p/255"},
    };
    char path[TILE_PATH_SIZE];

    for (size_t i = 0; i < COUNT_OF(known); i++) {
        tile_path(path, known[i].level, known[i].index, known[i].width);
        assert_string_equal(path, known[i].path);
    }
}

static void
a_tree_of_70000_leaves_has_exactly_the_tiles_that_the_format_names(void **state)
{
    struct place *p = *state;

    make_store(p, LEAVES);
    for (uint64_t i = 0; i < 273; i++)
        assert_tile(p, 0, i, 256);
    assert_tile(p, 0, 273, 112);
    assert_tile(p, 1, 0, 256);
    assert_tile(p, 1, 1, 17);
    assert_tile(p, 2, 0, 1);
    assert_int_equal(count_files(p), 273 + 1 + 1 + 1 + 1);
}

static void
published_tiles_are_those_of_the_size_and_not_written_twice(void **state)
{
    static const uint64_t sizes[] = {1, 2, 255, 256, 257, 511, 512, 1000, 65535, 65536, 65537};
    struct place *p = *state;
    struct tile_store s;
    unsigned calls;

    assert_int_equal(tile_open(&s, &p->folder, &p->hasher, 0, NULL), 0);
    assert_int_equal(tile_publish(&s), 0);
    assert_int_equal(count_files(p), 0);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        append_to(&s, sizes[i]);
        assert_int_equal(tile_publish(&s), 0);
        assert_tiles(p, sizes[i]);
        calls = p->calls;
        assert_int_equal(tile_publish(&s), 0);
        assert_int_equal(p->calls, calls);
    }
    tile_close(&s);
}

static void
partial_tiles_are_gone_once_theirs_is_full(void **state)
{
    struct place *p = *state;
    struct tile_store s;

    assert_int_equal(tile_open(&s, &p->folder, &p->hasher, 0, NULL), 0);
    for (uint64_t size = 50; size <= 250; size += 50) {
        append_to(&s, size);
        assert_int_equal(tile_publish(&s), 0);
    }
    assert_int_equal(count_files(p), 5);
    append_to(&s, 300);
    assert_int_equal(count_files(p), 1);
    assert_int_equal(tile_publish(&s), 0);
    assert_tiles(p, 300);
    assert_int_equal(count_files(p), 3);
    assert_int_equal(faccessat(p->folder.directory, "tile/0/000.p", F_OK, 0), -1);
    tile_close(&s);
}

static void
appending_touches_the_disk_only_where_a_tile_is_full(void **state)
{
    struct place *p = *state;
    struct tile_store s;

    assert_int_equal(tile_open(&s, &p->folder, &p->hasher, 0, NULL), 0);
    append_to(&s, 255);
    assert_int_equal(p->calls, 0);
    append_to(&s, 256);
    assert_true(p->calls > 0);
    p->calls = 0;
    append_to(&s, 511);
    assert_int_equal(p->calls, 0);
    tile_close(&s);
}

static void
assert_calls(struct place *p, const char *first, const char *second)
{
    struct tile_store s;

    assert_int_equal(tile_open(&s, &p->folder, &p->hasher, 0, NULL), 0);
    append_to(&s, 256);
    assert_string_equal(p->trace, first);
    memset(p->trace, 0, sizeof(p->trace));
    p->traced = 0;
    append_to(&s, 512);
    assert_string_equal(p->trace, second);
    tile_close(&s);
}

static void
a_tile_is_synced_before_it_is_named_and_then_its_folder(void **state)
{
    struct place *p = *state;

    p->folder.is_durable = true;
    /* tile/ is made; written; no such folder; tile/, tile/0/ are made; named */
    assert_calls(p,
                 "ms"
                 "ws"
                 "r"
                 "ms"
                 "ms"
                 "rs",
                 "wsrs");
}

static void
without_durability_nothing_is_synced(void **state)
{
    assert_calls(*state, "mwrmmr", "wr");
}

static void
what_a_killed_process_left_of_a_tile_is_no_part_of_the_next(void **state)
{
    static const char left[3 * 8192] = "half a tile";
    struct place *p = *state;
    int fd;

    make_store(p, 1);
    fd = openat(p->folder.directory, "tile/.new", O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, left, sizeof(left)), sizeof(left));
    close(fd);
    make_store(p, 300);
    assert_tiles(p, 300);
}

/* ---- reading ---- */

static void
a_store_opens_at_every_size_it_was_published_at_and_goes_on(void **state)
{
    struct place *p = *state;
    struct tile_store s;

    for (uint64_t size = 0; size <= 600; size++) {
        assert_int_equal(tile_open(&s, &p->folder, &p->hasher, size, NULL), 0);
        assert_root(&s, size);
        append_to(&s, size + 1);
        assert_int_equal(tile_publish(&s), 0);
        assert_root(&s, size + 1);
        tile_close(&s);
    }
    assert_tiles(p, 601);
}

static void
proofs_at_any_size_come_from_the_tiles(void **state)
{
    static const uint64_t sizes[] = {1, 255, 256, 257, 300, 65535, 65536, 65800, LEAVES};
    struct place *p = *state;
    struct tree_source source;
    struct tree_proof proof;
    struct tree_hash root, to_root;
    struct tile_store s;

    make_store(p, LEAVES);
    assert_int_equal(tile_open(&s, &p->folder, &p->hasher, LEAVES, NULL), 0);
    source = tile_source(&s);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        root_of(hashes[0], sizes[i], &root);
        for (uint64_t index = i * 97 % sizes[i]; index < sizes[i]; index += 1 + sizes[i] / 23) {
            assert_int_equal(tree_prove_inclusion(&p->hasher, &source, index, sizes[i], &proof), 0);
            assert_int_equal(tree_verify_inclusion(&p->hasher, &hashes[0][index], index, sizes[i],
                                                   proof.hashes, proof.count, &root),
                             0);
        }
        for (size_t j = i; j < COUNT_OF(sizes); j++) {
            root_of(hashes[0], sizes[j], &to_root);
            assert_int_equal(
                tree_prove_consistency(&p->hasher, &source, sizes[i], sizes[j], &proof), 0);
            assert_int_equal(tree_verify_consistency(&p->hasher, sizes[i], &root, sizes[j],
                                                     &to_root, proof.hashes, proof.count),
                             0);
        }
    }
    tile_close(&s);
}

static void
every_node_that_is_full_is_given_and_no_other(void **state)
{
    struct place *p = *state;
    struct tree_hash node, defined;
    struct tree_source source;
    struct tile_store s;

    make_store(p, 1000);
    assert_int_equal(tile_open(&s, &p->folder, &p->hasher, 1000, NULL), 0);
    source = tile_source(&s);
    for (unsigned height = 0; height < 10; height++) {
        uint64_t count = 1000 >> height;

        for (uint64_t i = 0; i < count; i++) {
            assert_int_equal(source.node(source.arg, height, i, &node), 0);
            root_of(&hashes[0][i << height], (size_t)1 << height, &defined);
            assert_true(tree_hash_equal(&node, &defined));
        }
        assert_int_equal(source.node(source.arg, height, count, &node), PASU_E_RANGE);
        assert_int_equal(source.node(source.arg, height, UINT64_MAX, &node), PASU_E_RANGE);
    }
    for (unsigned height = 10; height < 70; height++)
        assert_int_equal(source.node(source.arg, height, 0, &node), PASU_E_RANGE);
    tile_close(&s);
}

/* More tiles than are kept, in turn, in a tree with partial tiles at each level. */
static void
kept_nodes_are_those_of_the_store(void **state)
{
    struct place *p = *state;
    struct digester digester;
    struct tile_nodes nodes;
    struct tile_store s;
    struct tree_source kept, plain;
    unsigned calls = 0;

    make_store(p, LEAVES);
    assert_int_equal(digester_init(&digester), 0);
    assert_int_equal(tile_open(&s, &p->folder, &p->hasher, LEAVES, NULL), 0);
    tile_nodes_init(&nodes, &s, &digester);
    kept = tile_nodes_source(&nodes);
    plain = tile_source(&s);
    for (uint64_t i = 0; i < 20000; i++) {
        unsigned height = (unsigned)(i * 7 % 19);
        uint64_t index = i * i * 2654435761U % (((uint64_t)LEAVES >> height) + 2);
        struct tree_hash one = {{0}}, other = {{0}};
        int result = plain.node(plain.arg, height, index, &other);

        assert_int_equal(kept.node(kept.arg, height, index, &one), result);
        assert_true(tree_hash_equal(&one, &other));
    }
    for (unsigned i = 0; i < 300; i++) { /* what is kept is not read again */
        struct tree_hash hash;

        assert_int_equal(kept.node(kept.arg, i % 8, i % 3 * (256 >> i % 8), &hash), 0);
        if (i == 30)
            calls = p->calls;
    }
    assert_int_equal(p->calls, calls);
    assert_int_equal(kept.node(kept.arg, 70, 0, &(struct tree_hash){{0}}), PASU_E_RANGE);
    tile_nodes_release(&nodes);
    tile_close(&s);
    digester_release(&digester);
}

static void
leaves_stand_in_for_the_partial_tiles(void **state)
{
    struct place *p = *state;
    struct tile_store s;

    make_store(p, 66000);
    /* Of a size that was never published, but whose full tiles are there. */
    assert_int_equal(tile_open(&s, &p->folder, &p->hasher, 65900, &p->leaves), 0);
    assert_int_equal(p->asked_first, 65900 - 65900 % 256);
    assert_int_equal(p->asked, 65900 % 256);
    assert_root(&s, 65900);
    append_to(&s, LEAVES);
    assert_int_equal(tile_publish(&s), 0);
    tile_close(&s);
    assert_tiles(p, LEAVES);
}

static int
no_leaf(void *arg PASU_UNUSED, uint64_t index, struct tree_hash *hash)
{
    *hash = hashes[0][index];
    return index % 256 == 5 ? PASU_E_CORRUPT : 0;
}

static void
the_error_of_the_leaves_is_that_of_the_opening(void **state)
{
    const struct tile_leaves leaves = {no_leaf, NULL};
    struct place *p = *state;
    struct tile_store s;

    make_store(p, 256);
    assert_int_equal(tile_open(&s, &p->folder, &p->hasher, 261, &leaves), 0);
    tile_close(&s);
    assert_int_equal(tile_open(&s, &p->folder, &p->hasher, 262, &leaves), PASU_E_CORRUPT);
}

static void
remove_tile(struct place *p, unsigned level, uint64_t index, unsigned width)
{
    char path[TILE_PATH_SIZE];

    tile_path(path, level, index, width);
    assert_int_equal(unlinkat(p->folder.directory, path, 0), 0);
}

static void
what_is_missing_is_made_of_what_is_there_or_not_found(void **state)
{
    struct place *p = *state;
    struct tree_source source;
    struct tree_hash node;
    struct tile_store s;

    make_store(p, 1000);
    remove_tile(p, 1, 0, 3); /* of the full ones below */
    assert_int_equal(tile_open(&s, &p->folder, &p->hasher, 1000, NULL), 0);
    assert_root(&s, 1000);
    tile_close(&s);
    /* A former size: of the tile that has become full. */
    assert_int_equal(tile_open(&s, &p->folder, &p->hasher, 700, NULL), 0);
    assert_root(&s, 700);
    tile_close(&s);
    remove_tile(p, 0, 3, 1000 % 256);
    assert_int_equal(tile_open(&s, &p->folder, &p->hasher, 1000, NULL), PASU_E_NOTFOUND);
    assert_int_equal(tile_open(&s, &p->folder, &p->hasher, 1000, &p->leaves), 0);
    remove_tile(p, 0, 1, 256);
    source = tile_source(&s);
    assert_int_equal(source.node(source.arg, 3, 33, &node), PASU_E_NOTFOUND);
    assert_int_equal(source.node(source.arg, 3, 64, &node), 0); /* the next tile */
    assert_int_equal(source.node(source.arg, 8, 1, &node), 0);  /* it stands in level 1 */
    tile_close(&s);
    assert_int_equal(tile_open(&s, &p->folder, &p->hasher, 1000, &p->leaves), PASU_E_NOTFOUND);
}

static void
set_length(struct place *p, unsigned level, uint64_t index, unsigned width, off_t length)
{
    char path[TILE_PATH_SIZE];
    int fd;

    tile_path(path, level, index, width);
    fd = openat(p->folder.directory, path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, length), 0);
    close(fd);
}

static void
kept_nodes_without_memory_or_tiles_are_none(void **state)
{
    struct place *p = *state;
    struct digester digester;
    struct tile_nodes nodes;
    struct tile_store s;
    struct tree_source kept;
    struct tree_hash hash;

    make_store(p, 600);
    assert_int_equal(digester_init(&digester), 0);
    assert_int_equal(tile_open(&s, &p->folder, &p->hasher, 600, NULL), 0);
    tile_nodes_init(&nodes, &s, &digester);
    kept = tile_nodes_source(&nodes);
    for (uint64_t nth = 1; nth < 3; nth++) {
        memory_fail_at(nth);
        assert_int_equal(kept.node(kept.arg, 3, 1, &hash), PASU_E_NOMEM);
        memory_fail_at(0);
    }
    assert_int_equal(kept.node(kept.arg, 3, 1, &hash), 0);
    remove_tile(p, 0, 1, 256);
    assert_int_equal(kept.node(kept.arg, 3, 32, &hash), PASU_E_NOTFOUND);
    assert_int_equal(kept.node(kept.arg, 3, 33, &hash), PASU_E_NOTFOUND);
    assert_int_equal(kept.node(kept.arg, 3, 1, &hash), 0);
    tile_nodes_release(&nodes);
    tile_close(&s);
    digester_release(&digester);
}

static void
a_tile_of_another_length_or_behind_a_link_is_corrupt(void **state)
{
    static const unsigned lengths[] = {0, 1, 32, 31, 33};
    struct place *p = *state;
    struct tree_source source;
    struct tree_hash node;
    struct tile_store s;

    make_store(p, 600);
    assert_int_equal(tile_open(&s, &p->folder, &p->hasher, 600, NULL), 0);
    source = tile_source(&s);
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        /* 88 hashes, and so many bytes more or less */
        set_length(p, 0, 2, 88, (off_t)(88 * 32 - 32 + lengths[i]));
        struct tile_store other;
        int result = tile_open(&other, &p->folder, &p->hasher, 600, NULL);

        assert_int_equal(result, lengths[i] == 32 ? 0 : PASU_E_CORRUPT);
        if (result == 0)
            tile_close(&other);
        set_length(p, 0, 0, 256, (off_t)(256 * 32 - 32 + lengths[i]));
        assert_int_equal(source.node(source.arg, 0, 0, &node),
                         lengths[i] == 32 ? 0 : PASU_E_CORRUPT);
        assert_int_equal(source.node(source.arg, 0, 256, &node), 0);
    }
    set_length(p, 0, 0, 256, 0);
    assert_int_equal(source.node(source.arg, 0, 0, &node), PASU_E_CORRUPT);
    remove_tile(p, 0, 0, 256);
    assert_int_equal(symlinkat("001", p->folder.directory, "tile/0/000"), 0);
    assert_int_equal(source.node(source.arg, 0, 0, &node), PASU_E_CORRUPT);
    tile_close(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_those_of_the_format),
        IN_PLACE(a_tree_of_70000_leaves_has_exactly_the_tiles_that_the_format_names),
        IN_PLACE(published_tiles_are_those_of_the_size_and_not_written_twice),
        IN_PLACE(partial_tiles_are_gone_once_theirs_is_full),
        IN_PLACE(appending_touches_the_disk_only_where_a_tile_is_full),
        IN_PLACE(a_tile_is_synced_before_it_is_named_and_then_its_folder),
        IN_PLACE(without_durability_nothing_is_synced),
        IN_PLACE(what_a_killed_process_left_of_a_tile_is_no_part_of_the_next),
        IN_PLACE(a_store_opens_at_every_size_it_was_published_at_and_goes_on),
        IN_PLACE(proofs_at_any_size_come_from_the_tiles),
        IN_PLACE(every_node_that_is_full_is_given_and_no_other),
        IN_PLACE(kept_nodes_are_those_of_the_store),
        IN_PLACE(kept_nodes_without_memory_or_tiles_are_none),
        IN_PLACE(leaves_stand_in_for_the_partial_tiles),
        IN_PLACE(the_error_of_the_leaves_is_that_of_the_opening),
        IN_PLACE(what_is_missing_is_made_of_what_is_there_or_not_found),
        IN_PLACE(a_tile_of_another_length_or_behind_a_link_is_corrupt),
    };

    return cmocka_run_group_tests(tests, make_hashes, NULL);
}
