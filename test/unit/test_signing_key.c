/* SPDX-License-Identifier: Apache-2.0 */
#include "disk.h"
#include "note_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* The private half of OTHER_LOG_KEY. */
#define KEY_LINE "PRIVATE+KEY+" OTHER_LOG "+b58cbf88+ARERERERERERERERERERERERERERERERERERERERERER\n"

static const struct sandbox_account nobody_else = {0, 0};

/* The system's, not the disk's, which is always the same. */
static int
real_random(void *arg, void *bytes, size_t size)
{
    return disk_fails(arg) ? PASU_E_CRYPTO : os_real.random(NULL, bytes, size);
}

static int
make_place(void **state)
{
    struct disk *d;

    if (disk_make(state) != 0)
        return -1;
    d = *state;
    d->is_partial = true;
    d->os.random = real_random;
    return 0;
}

static struct signing_key
make_key(struct disk *p)
{
    struct signing_key key;

    assert_int_equal(signing_key_make(&key, &p->os, NOTE_KEY_ED25519, VIEW("ledger.example")), 0);
    return key;
}

static int
store(struct disk *p, const struct signing_key *key)
{
    return signing_key_store(key, &p->os, p->directory, "k", &nobody_else);
}

static int
load(struct disk *p, struct signing_key *key)
{
    return signing_key_load(key, &p->os, p->directory, "k");
}

static bool
is_there(struct disk *p, const char *name)
{
    return faccessat(p->directory, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool
is_wiped(const struct signing_key *key)
{
    static const struct signing_key none;

    return memcmp(key, &none, sizeof(none)) == 0;
}

/* A file of these bytes in place of the one that is there. */
static void
put(struct disk *p, const void *bytes, size_t length)
{
    int fd = openat(p->directory, "k", O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_int_equal(write(fd, bytes, length), length);
    close(fd);
}

/* ---- signing ---- */

static void
read_hex(uint8_t *bytes, size_t length, const char *hex)
{
    for (size_t i = 0; i < length; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1]};

        bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
}

/* RFC 8032, section 7.1, tests 1 and 2. */
static void
the_vectors_of_the_rfc_hold(void **state PASU_UNUSED)
{
    static const struct {
        const char *seed, *public, *signature;
        struct view message;
    } vectors[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701"
         "cf9"
         "b46bd25bf5f0595bbe24655141438e7a100b",
         VIEW("")},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d"
         "0f1"
         "1d8c387b2eaeb4302aeeb00d291612bb0c00",
         VIEW("\x72")},
    };

    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        uint8_t seed[NOTE_KEY_SIZE], public[NOTE_KEY_SIZE], expected[NOTE_SIGNATURE_SIZE];
        uint8_t signature[NOTE_SIGNATURE_SIZE];
        struct signing_key key;
        uint64_t time;

        read_hex(seed, sizeof(seed), vectors[i].seed);
        read_hex(public, sizeof(public), vectors[i].public);
        read_hex(expected, sizeof(expected), vectors[i].signature);
        key = key_of_seed(NOTE_KEY_ED25519, "rfc8032", seed);
        assert_memory_equal(key.public.public, public, sizeof(public));
        assert_int_equal(signing_key_sign(&key, vectors[i].message, signature), 0);
        assert_memory_equal(signature, expected, sizeof(expected));
        assert_int_equal(note_key_check(&key.public, vectors[i].message,
                                        view_of(signature, sizeof(signature)), &time),
                         0);
    }
}

static void
a_released_key_is_wiped_and_signs_nothing(void **state)
{
    struct signing_key key = make_key(*state);
    uint8_t signature[NOTE_SIGNATURE_SIZE];

    assert_false(is_wiped(&key));
    signing_key_release(&key);
    assert_true(is_wiped(&key));
    assert_int_equal(signing_key_sign(&key, VIEW("text\n"), signature), PASU_E_MISUSE);
    signing_key_release(&key);
}

static void
keys_are_made_of_the_systems_randomness_and_of_nothing_without(void **state)
{
    struct disk *p = *state;
    struct signing_key a = make_key(p), b = make_key(p);

    assert_memory_not_equal(a.seed, b.seed, sizeof(a.seed));
    p->calls_left = 0;
    assert_int_equal(signing_key_make(&a, &p->os, NOTE_KEY_ED25519, VIEW("a")), PASU_E_CRYPTO);
    assert_true(is_wiped(&a));
    assert_int_equal(signing_key_make(&b, &p->os, NOTE_KEY_ED25519, VIEW("a b")), PASU_E_MALFORMED);
    assert_true(is_wiped(&b));
}

/* ---- the file ---- */

static void
it_is_made_once_and_read_from_then_on(void **state)
{
    struct disk *p = *state;
    struct signing_key key = make_key(p), other = make_key(p), again;
    mode_t mask = umask(0777); /* whatever the mask is */
    struct stat st;

    assert_int_equal(load(p, &again), PASU_E_NOTFOUND);
    assert_int_equal(store(p, &key), 0);
    umask(mask);
    assert_int_equal(fstatat(p->directory, "k", &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0600);
    assert_int_equal(st.st_nlink, 1);
    assert_false(is_there(p, "k.new"));
    assert_int_equal(load(p, &again), 0);
    assert_memory_equal(&key, &again, sizeof(key));
    assert_int_equal(store(p, &other), PASU_E_DENIED);
    assert_int_equal(store(p, &key), PASU_E_DENIED);
    assert_false(is_there(p, "k.new"));
    assert_int_equal(load(p, &again), 0);
    assert_memory_equal(&key, &again, sizeof(key));
}

/* Not even a link to nowhere, or what nobody can read. */
static void
whatever_has_the_name_is_not_replaced(void **state)
{
    struct disk *p = *state;
    struct signing_key key = make_key(p);
    struct stat st;

    assert_int_equal(symlinkat("nowhere", p->directory, "k"), 0);
    assert_int_equal(store(p, &key), PASU_E_DENIED);
    assert_false(is_there(p, "nowhere"));
    unlinkat(p->directory, "k", 0);
    put(p, "", 0);
    assert_int_equal(fchmodat(p->directory, "k", 0, 0), 0);
    assert_int_equal(store(p, &key), PASU_E_DENIED);
    assert_int_equal(fstatat(p->directory, "k", &st, 0), 0);
    assert_int_equal(st.st_size, 0);
}

static void
its_file_is_the_line_that_the_specification_shows(void **state)
{
    struct disk *p = *state;
    struct signing_key key = key_of(NOTE_KEY_ED25519, OTHER_LOG, 0x11), again;
    char contents[sizeof(KEY_LINE) + 1];
    int fd;

    assert_int_equal(store(p, &key), 0);
    fd = openat(p->directory, "k", O_RDONLY);
    assert_int_equal(read(fd, contents, sizeof(contents)), sizeof(KEY_LINE) - 1);
    close(fd);
    assert_memory_equal(contents, KEY_LINE, sizeof(KEY_LINE) - 1);
    assert_int_equal(signing_key_parse(&again, VIEW(KEY_LINE)), 0);
    assert_memory_equal(&key, &again, sizeof(key));
}

static void
a_witness_has_a_key_of_its_own_type_and_the_longest_name_fits(void **state)
{
    struct disk *p = *state;
    char name[NOTE_NAME_MAX + 1] = "";
    struct signing_key key, again;

    memset(name, 'n', NOTE_NAME_MAX);
    key = key_of(NOTE_KEY_COSIGNATURE, name, 3);
    assert_int_equal(store(p, &key), 0);
    assert_int_equal(load(p, &again), 0);
    assert_memory_equal(&key, &again, sizeof(key));
    assert_int_equal(again.public.type, NOTE_KEY_COSIGNATURE);
}

static void
a_file_cut_short_too_long_or_with_any_bit_flipped_is_no_key(void **state)
{
    struct disk *p = *state;
    struct signing_key key;
    char line[] = KEY_LINE KEY_LINE;
    size_t length = sizeof(KEY_LINE) - 1;

    for (size_t n = 0; n < length; n++) {
        put(p, line, n);
        assert_int_equal(load(p, &key), PASU_E_CORRUPT);
        assert_true(is_wiped(&key));
    }
    for (size_t n = length + 1; n <= 2 * length; n++) {
        put(p, line, n);
        assert_int_equal(load(p, &key), PASU_E_CORRUPT);
    }
    for (size_t i = 0; i < 8 * length; i++) {
        line[i / 8] = (char)(line[i / 8] ^ 1 << i % 8);
        put(p, line, length);
        assert_int_equal(load(p, &key), PASU_E_CORRUPT);
        assert_true(is_wiped(&key));
        line[i / 8] = (char)(line[i / 8] ^ 1 << i % 8);
    }
    put(p, line, length);
    assert_int_equal(load(p, &key), 0);
}

static void
a_file_that_others_can_use_is_refused_until_it_is_mended(void **state)
{
    struct disk *p = *state;
    struct signing_key key;

    put(p, KEY_LINE, sizeof(KEY_LINE) - 1);
    for (mode_t bit = 1; bit <= 040; bit <<= 1) {
        assert_int_equal(fchmodat(p->directory, "k", 0600 | bit, 0), 0);
        assert_int_equal(load(p, &key), PASU_E_DENIED);
        assert_true(is_wiped(&key));
    }
    for (mode_t mode = 0400; mode <= 0600; mode += 0200) {
        assert_int_equal(fchmodat(p->directory, "k", mode, 0), 0);
        assert_int_equal(load(p, &key), 0);
    }
}

static void
what_is_no_plain_file_is_no_key(void **state)
{
    struct disk *p = *state;
    struct signing_key key;

    put(p, KEY_LINE, sizeof(KEY_LINE) - 1);
    assert_int_equal(renameat(p->directory, "k", p->directory, "k.new"), 0);
    assert_int_equal(symlinkat("k.new", p->directory, "k"), 0); /* to a whole key */
    assert_int_equal(load(p, &key), PASU_E_CORRUPT);
    unlinkat(p->directory, "k", 0);
    assert_int_equal(mkfifoat(p->directory, "k", 0600), 0); /* does not wait for a writer */
    assert_int_equal(load(p, &key), PASU_E_CORRUPT);
    unlinkat(p->directory, "k", 0);
    assert_int_equal(mkdirat(p->directory, "k", 0700), 0);
    assert_int_equal(load(p, &key), PASU_E_CORRUPT);
    unlinkat(p->directory, "k", AT_REMOVEDIR);
    assert_true(is_wiped(&key));
}

/* Whichever call fails, there is none, or the whole one; and the next attempt is not in the way. */
static void
a_call_that_fails_leaves_none_or_the_whole_key(void **state)
{
    struct disk *p = *state;
    struct signing_key key = make_key(p), again;
    int result = -1, failed = 0, whole = 0;

    for (int calls = 0; result != 0; calls++) {
        assert_true(calls < 20);
        p->calls_left = calls;
        result = store(p, &key);
        p->calls_left = -1;
        assert_true(result == 0 || result == PASU_E_IO || result == PASU_E_DISKFULL);
        assert_false(is_there(p, "k.new"));
        failed += result != 0;
        if (is_there(p, "k")) {
            whole += result != 0;
            assert_int_equal(load(p, &again), 0);
            assert_memory_equal(&key, &again, sizeof(key));
        }
        unlinkat(p->directory, "k", 0);
    }
    assert_int_equal(failed, 5); /* open, write, sync, link, sync of the folder */
    assert_int_equal(whole, 1);
}

static void
what_a_killed_process_left_is_not_taken_for_a_key(void **state)
{
    struct disk *p = *state;
    struct signing_key key = make_key(p), again;

    put(p, KEY_LINE, sizeof(KEY_LINE) / 2);
    assert_int_equal(renameat(p->directory, "k", p->directory, "k.new"), 0);
    assert_int_equal(load(p, &again), PASU_E_NOTFOUND);
    assert_int_equal(store(p, &key), 0);
    assert_int_equal(load(p, &again), 0);
    assert_memory_equal(&key, &again, sizeof(key));
}

static void
a_call_that_fails_while_it_is_read_gives_no_key(void **state)
{
    struct disk *p = *state;
    struct signing_key key;

    put(p, KEY_LINE, sizeof(KEY_LINE) - 1);
    for (int calls = 0; calls < 2; calls++) {
        memset(&key, 0xff, sizeof(key));
        p->calls_left = calls;
        assert_int_equal(load(p, &key), PASU_E_IO);
        assert_true(is_wiped(&key));
    }
    p->calls_left = 2;
    assert_int_equal(load(p, &key), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, disk_remove)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_vectors_of_the_rfc_hold),
        TEST(a_released_key_is_wiped_and_signs_nothing),
        TEST(keys_are_made_of_the_systems_randomness_and_of_nothing_without),
        TEST(it_is_made_once_and_read_from_then_on),
        TEST(whatever_has_the_name_is_not_replaced),
        TEST(its_file_is_the_line_that_the_specification_shows),
        TEST(a_witness_has_a_key_of_its_own_type_and_the_longest_name_fits),
        TEST(a_file_cut_short_too_long_or_with_any_bit_flipped_is_no_key),
        TEST(a_file_that_others_can_use_is_refused_until_it_is_mended),
        TEST(what_is_no_plain_file_is_no_key),
        TEST(a_call_that_fails_leaves_none_or_the_whole_key),
        TEST(what_a_killed_process_left_is_not_taken_for_a_key),
        TEST(a_call_that_fails_while_it_is_read_gives_no_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
