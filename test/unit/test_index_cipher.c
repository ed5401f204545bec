/* SPDX-License-Identifier: Apache-2.0 */
/* An encrypted index: what is put comes back with the right key, and at its place only; the file
 * has nothing of it. */
#include "base/memory.h"
#include "ledger/index.h"
#include "ledger/index_cipher.h"
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "/tmp/pasu-index-cipher-XXXXXX";
static int directory, folder;

static const struct segment_keys one = {.keys = {{1}}, .count = 1};
static const struct segment_keys other = {.keys = {{2}}, .count = 1};
static const struct segment_keys other_first = {.keys = {{2}, {1}}, .count = 2};
static const struct segment_keys one_first = {.keys = {{1}, {2}}, .count = 2};

static const char secret[] = "a principal's name";

static void
put(struct index *index, const char *key, struct view value)
{
    assert_int_equal(index_put(index, INDEX_DAYS, view_of_text(key), value), 0);
}

static struct view
get(struct index *index, const char *key)
{
    struct view value;

    assert_int_equal(index_get(index, INDEX_DAYS, view_of_text(key), &value), 0);
    return value;
}

static void
make(const struct segment_keys *keys)
{
    struct index *index;

    assert_int_equal(index_make(&index, folder, keys), 0);
    put(index, "a", VIEW(secret));
    put(index, "b", VIEW(""));
    put(index, "c", VIEW(secret));
    assert_int_equal(index_replace(index, folder), 0);
}

static struct index *
open_there(const struct segment_keys *keys)
{
    struct index *index;

    assert_int_equal(index_open(&index, directory, keys), 0);
    return index;
}

static void
what_is_put_comes_back_and_stays_while_others_are_read(void **state PASU_UNUSED)
{
    struct index *index;
    struct view first;

    make(&one);
    index = open_there(&one);
    first = get(index, "a");
    assert_int_equal(get(index, "b").length, 0);
    for (int i = 0; i < 100; i++)
        assert_true(view_equal(get(index, "c"), VIEW(secret)));
    assert_true(view_equal(first, VIEW(secret)));
    assert_int_equal(index_verify(index), 0);
    index_close(index);
    assert_int_equal(index_open_to_write(&index, folder, &one_first), 0);
    put(index, "a", VIEW("another"));
    put(index, "d", VIEW("more"));
    assert_true(view_equal(get(index, "a"), VIEW("another")));
    assert_int_equal(index_delete(index, INDEX_DAYS, VIEW("c")), 0);
    assert_int_equal(index_commit(index), 0);
    assert_true(view_equal(get(index, "d"), VIEW("more")));
    index_close(index);
    index = open_there(&other_first); /* which key it is, is found */
    assert_true(view_equal(get(index, "a"), VIEW("another")));
    index_close(index);
}

static void
a_walk_has_each_value_until_its_next_step_or_longer(void **state PASU_UNUSED)
{
    struct index_walk walk;
    struct view key, value, first;
    struct index *index;

    make(&one);
    index = open_there(&one);
    for (int keeps = 0; keeps < 2; keeps++) {
        assert_int_equal(index_walk_begin(&walk, index, INDEX_DAYS), 0);
        walk.keeps = keeps;
        assert_int_equal(index_walk_seek(&walk, VIEW("a"), &key, &value), 1);
        assert_true(view_equal(value, VIEW(secret)));
        first = value;
        assert_int_equal(index_walk_next(&walk, &key, &value), 1);
        assert_int_equal(value.length, 0);
        assert_int_equal(index_walk_next(&walk, &key, &value), 1);
        assert_true(view_equal(key, VIEW("c")) && view_equal(value, VIEW(secret)));
        assert_int_equal(index_walk_next(&walk, &key, &value), 0);
        index_walk_end(&walk);
        assert_true(!keeps || view_equal(first, VIEW(secret)));
    }
    assert_int_equal(index_walk_begin(&walk, index, INDEX_DAYS), 0);
    walk.is_unchecked = true;
    assert_int_equal(index_walk_seek(&walk, VIEW("a"), &key, &value), 1);
    assert_int_equal(value.length, 0);
    index_walk_end(&walk);
    index_close(index);
}

static void
it_is_opened_by_its_own_key_alone(void **state PASU_UNUSED)
{
    struct index *index;

    make(&one);
    assert_int_equal(index_open(&index, directory, NULL), PASU_E_LEDGER_KEY);
    assert_null(index);
    assert_int_equal(index_open(&index, directory, &other), PASU_E_LEDGER_KEY);
    assert_int_equal(index_open_to_write(&index, folder, NULL), PASU_E_LEDGER_KEY);
    /* Who writes goes on with the key that encrypts now, or not at all. */
    assert_int_equal(index_open_to_write(&index, folder, &other_first), PASU_E_LEDGER_KEY);
    make(NULL);
    assert_int_equal(index_open_to_write(&index, folder, &one), PASU_E_LEDGER_KEY);
    assert_null(index);
    index = open_there(&one); /* nothing is encrypted, and can be read */
    assert_true(view_equal(get(index, "a"), VIEW(secret)));
    index_close(index);
}

/* The file of the index. */
static uint8_t *
file_bytes(int *fd, size_t *size)
{
    struct stat s;
    uint8_t *bytes;

    *fd = openat(folder, "now/data.mdb", O_RDWR | O_CLOEXEC);
    assert_true(*fd >= 0);
    assert_int_equal(fstat(*fd, &s), 0);
    *size = (size_t)s.st_size;
    bytes = memory_new(1, *size);
    assert_non_null(bytes);
    assert_int_equal(pread(*fd, bytes, *size, 0), *size);
    return bytes;
}

static void
its_file_has_nothing_of_a_value_nor_the_same_twice(void **state PASU_UNUSED)
{
    struct index_cipher cipher;
    uint8_t salt[INDEX_SALT_SIZE] = {3}, stored[2][sizeof(secret) + INDEX_CIPHER_MORE];
    size_t size;
    int fd;
    uint8_t *bytes;

    make(&one);
    bytes = file_bytes(&fd, &size);
    assert_null(memmem(bytes, size, secret, sizeof(secret) - 1));
    memory_free(bytes);
    close(fd);
    make(NULL);
    bytes = file_bytes(&fd, &size);
    assert_non_null(memmem(bytes, size, secret, sizeof(secret) - 1));
    memory_free(bytes);
    close(fd);

    assert_int_equal(index_cipher_init(&cipher, one.keys[0], salt), 0);
    memset(cipher.nonce, 0xff, sizeof(cipher.nonce)); /* it goes on behind its end */
    for (int i = 0; i < 2; i++)
        assert_int_equal(index_cipher_seal(&cipher, 1, VIEW("k"), VIEW(secret), stored[i]), 0);
    assert_memory_not_equal(stored[0], stored[1], GCM_NONCE_SIZE);
    assert_memory_not_equal(stored[0] + GCM_NONCE_SIZE, stored[1] + GCM_NONCE_SIZE,
                            sizeof(secret) - 1);
    index_cipher_release(&cipher);
}

static void
a_value_is_one_at_its_place_and_as_it_was_written_only(void **state PASU_UNUSED)
{
    struct index_cipher cipher, stranger;
    uint8_t salt[INDEX_SALT_SIZE] = {3}, stored[sizeof(secret) - 1 + INDEX_CIPHER_MORE];
    uint8_t value[sizeof(stored)];
    struct view there = view_of(stored, sizeof(stored));

    assert_int_equal(index_cipher_init(&cipher, one.keys[0], salt), 0);
    assert_int_equal(index_cipher_seal(&cipher, 1, VIEW("k"), VIEW(secret), stored), 0);
    assert_int_equal(index_cipher_open(&cipher, 1, VIEW("k"), there, value), 0);
    assert_memory_equal(value, secret, sizeof(secret) - 1);
    assert_int_equal(index_cipher_open(&cipher, 2, VIEW("k"), there, value), PASU_E_CORRUPT);
    assert_int_equal(index_cipher_open(&cipher, 1, VIEW("l"), there, value), PASU_E_CORRUPT);
    assert_int_equal(
        index_cipher_open(&cipher, 1, VIEW("k"), view_of(stored, sizeof(stored) - 1), value),
        PASU_E_CORRUPT);
    for (size_t i = 0; i < sizeof(stored); i++) {
        stored[i] ^= 0x10;
        assert_int_equal(index_cipher_open(&cipher, 1, VIEW("k"), there, value), PASU_E_CORRUPT);
        stored[i] ^= 0x10;
    }
    salt[0]++;
    assert_int_equal(index_cipher_init(&stranger, one.keys[0], salt), 0);
    assert_int_equal(index_cipher_open(&stranger, 1, VIEW("k"), there, value), PASU_E_CORRUPT);
    index_cipher_release(&stranger);
    index_cipher_release(&cipher);
}

/* The length of the value of key "b", in its node on the page, is another one: whatever LMDB says
 * is there, nothing is read that is not. */
static void
get_of_length(const struct segment_keys *keys, size_t stored, size_t length)
{
    const uint8_t head[] = {(uint8_t)stored, 0, 0, 0, 0, 0, 1, 0, 'b'};
    uint8_t changed = (uint8_t)length;
    struct view key, value;
    struct index_walk walk;
    struct index *index;
    const uint8_t *node;
    uint8_t *bytes;
    size_t size;
    int fd;

    make(keys);
    bytes = file_bytes(&fd, &size);
    node = memmem(bytes, size, head, sizeof(head));
    assert_non_null(node);
    assert_int_equal(pwrite(fd, &changed, 1, node - bytes), 1);
    close(fd);
    memory_free(bytes);
    index = open_there(keys);
    assert_int_equal(index_get(index, INDEX_DAYS, VIEW("b"), &value), PASU_E_CORRUPT);
    for (int how = 0; how < 3; how++) {
        assert_int_equal(index_walk_begin(&walk, index, INDEX_DAYS), 0);
        walk.is_unchecked = how == 1;
        walk.keeps = how == 2;
        assert_int_equal(index_walk_seek(&walk, VIEW("b"), &key, &value), PASU_E_CORRUPT);
        assert_int_equal(index_walk_next(&walk, &key, &value), 1); /* one can go on behind it */
        assert_true(view_equal(key, VIEW("c")));
        index_walk_end(&walk);
    }
    assert_int_equal(index_verify(index), PASU_E_CORRUPT);
    index_close(index);
}

static void
a_value_that_is_too_short_is_none(void **state PASU_UNUSED)
{
    for (size_t length = 0; length < INDEX_CIPHER_MORE; length++)
        get_of_length(&one, INDEX_CIPHER_MORE, length);
    for (size_t length = 0; length < 4; length++)
        get_of_length(NULL, 4, length);
}

static int
set_up(void **state PASU_UNUSED)
{
    if (mkdtemp(path) == NULL)
        return -1;
    directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    folder = index_folder(directory);
    return folder < 0;
}

static int
tear_down(void **state PASU_UNUSED)
{
    index_remove(folder);
    close(folder);
    unlinkat(directory, "index", AT_REMOVEDIR);
    close(directory);
    return rmdir(path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_comes_back_and_stays_while_others_are_read),
        cmocka_unit_test(a_walk_has_each_value_until_its_next_step_or_longer),
        cmocka_unit_test(it_is_opened_by_its_own_key_alone),
        cmocka_unit_test(its_file_has_nothing_of_a_value_nor_the_same_twice),
        cmocka_unit_test(a_value_is_one_at_its_place_and_as_it_was_written_only),
        cmocka_unit_test(a_value_that_is_too_short_is_none),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
