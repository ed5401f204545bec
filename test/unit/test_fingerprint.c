/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "exposure/fingerprint.h"
#include "policy/plain_contact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* That of the worked example in docs/spec/fingerprint.md. */
static const char example[] = "pasu-fingerprint-key 1 pairs 0 1 8 000102030405060708090a0b0c0d0e0f "
                              "101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f\n";

static struct fingerprint_key
example_key(void)
{
    struct fingerprint_key key;

    assert_int_equal(fingerprint_key_read(&key, view_of_text(example)), 0);
    return key;
}

static uint64_t
hash_of(const struct fingerprint_key *key, const char *text)
{
    struct fingerprint_inner inner;
    uint64_t hash;

    fingerprint_inner_of(key, view_of_text(text), &inner);
    assert_int_equal(fingerprint_hash(key, &inner, &hash, 1, 1), 0);
    return hash;
}

/* ---- values ---- */

static void
values_have_one_form(void **state PASU_UNUSED)
{
    static const struct {
        const char *value, *plain;
    } cases[] = {
        {" ADA@x.kr ", "eada@x.kr"},
        {"ada@x.kr", "eada@x.kr"},
        {"\xef\xbd\x81\xef\xbc\xa0x.kr", "ea@x.kr"}, /* fullwidth */
        {"+82 (0)10-1234.5678", "p01012345678"},
        {"010 1234 5678", "p01012345678"},
        {"1012345678", "p01012345678"},
        {"+49 30 901820", "p+4930901820"},
        {"", ""},
        {"@x.kr", ""},
        {"a@", ""},
        {"a@b@c", ""},
        {"a b@c", ""},
        {"1234", ""},
        {"kim", ""},
        {"\xff@x.kr", ""},
    };
    uint8_t plain[PLAIN_CONTACT_SIZE];
    char longer[400];

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t length = plain_contact(plain, view_of_text(cases[i].value));

        assert_true(view_equal(view_of(plain, length), view_of_text(cases[i].plain)));
    }
    for (size_t i = 0; i < sizeof(longer); i++)
        longer[i] = i == 9 ? '@' : 'a';
    assert_int_equal(plain_contact(plain, view_of(longer, PLAIN_CONTACT_SIZE - 1)),
                     PLAIN_CONTACT_SIZE);
    assert_int_equal(plain_contact(plain, view_of(longer, PLAIN_CONTACT_SIZE)), 0);
}

/* ---- keys and hashes ---- */

static void
hashes_are_those_of_the_specification(void **state PASU_UNUSED)
{
    static const uint8_t pair[] = "eada@x.kr\0p01012345678";
    struct fingerprint_key key = example_key();
    struct fingerprint_inner inner;
    uint64_t hashes[3];

    fingerprint_inner_of(&key, view_of(pair, sizeof(pair) - 1), &inner);
    assert_int_equal(fingerprint_hash(&key, &inner, hashes, 1, 1), 0);
    assert_int_equal(hashes[0], UINT64_C(0xfc2b8ceabe092a69));
    assert_int_equal(fingerprint_suffix(&key.terms, hashes[0]), hashes[0] >> 32);
    key.terms.bits = 12;
    assert_int_equal(fingerprint_prefix(&key.terms, hashes[0]), hashes[0] >> 52);
    assert_int_equal(fingerprint_suffix(&key.terms, hashes[0]), (hashes[0] >> 20) & UINT32_MAX);
    fingerprint_key_release(&key);
}

static void
many_threads_make_the_same(void **state PASU_UNUSED)
{
    struct fingerprint_key key = example_key();
    struct fingerprint_inner inners[40];
    uint64_t one[40], many[40];

    for (size_t i = 0; i < COUNT_OF(inners); i++)
        fingerprint_inner_of(&key, view_of(&i, sizeof(i)), &inners[i]);
    assert_int_equal(fingerprint_hash(&key, inners, one, COUNT_OF(inners), 1), 0);
    assert_int_equal(fingerprint_hash(&key, inners, many, COUNT_OF(inners), 64), 0);
    assert_memory_equal(one, many, sizeof(one));
    assert_int_equal(fingerprint_hash(&key, inners, one, 0, 4), 0);
}

static void
keys_are_read_as_they_were_written(void **state PASU_UNUSED)
{
    static const char *const bad[] = {
        "",
        "\n",
        "pasu-fingerprint-key",
        "pasu-fingerprint-key 1 pairs 0 1 8 00 10\n",
        "pasu-fingerprint-key 1 pairs 21 1 8 000102030405060708090a0b0c0d0e0f "
        "101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f\n",
        "pasu-fingerprint-key 1 pairs 0 0 8 000102030405060708090a0b0c0d0e0f "
        "101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f\n",
        "pasu-fingerprint-key 1 pairs 0 1 4194304 000102030405060708090a0b0c0d0e0f "
        "101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f\n",
        "pasu-fingerprint-key 1 both 0 1 8 000102030405060708090a0b0c0d0e0f "
        "101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f\n",
        "pasu-fingerprint-key 1 pairs 0 1 8 000102030405060708090a0b0c0d0e0g "
        "101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f\n",
        "pasu-fingerprint-key 1 pairs 0 1 8 000102030405060708090a0b0c0d0e0f "
        "101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f \n",
        "pasu-fingerprint-key 1 pairs -0 1 8 000102030405060708090a0b0c0d0e0f "
        "101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f\n",
        "pasu-fingerprint-key 1 pairs 0 : 8 000102030405060708090a0b0c0d0e0f " /* behind 9 */
        "101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f\n",
        "pasu-fingerprint-key 1 pairs 0 1 000000008 000102030405060708090a0b0c0d0e0f "
        "101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f\n",
    };
    struct fingerprint_key key, read;
    char text[FINGERPRINT_KEY_TEXT_SIZE];

    assert_int_equal(fingerprint_key_new(&key, FINGERPRINT_VALUES, 2, 64), 0);
    key.terms.bits = 20;
    fingerprint_key_write(&key, text);
    assert_int_equal(fingerprint_key_read(&read, view_of_text(text)), 0);
    assert_memory_equal(&key, &read, sizeof(key));
    key = example_key();
    fingerprint_key_write(&key, text);
    assert_string_equal(text, example);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(fingerprint_key_read(&read, view_of_text(bad[i])), PASU_E_MALFORMED);
    for (size_t cut = 0; cut + 2 < sizeof(example); cut++)
        assert_int_not_equal(fingerprint_key_read(&read, view_of(example, cut)), 0);
    assert_int_equal(fingerprint_key_read(&read, VIEW("pasu-fingerprint-key 2 x\n")),
                     PASU_E_NOTFOUND);
    assert_int_equal(fingerprint_key_new(&key, FINGERPRINT_PAIRS, 1, 7), PASU_E_RANGE);
}

/* ---- bundles ---- */

/* Hashes that no slow function made: their places are as chance has them. */
static uint64_t *
some_hashes(size_t count)
{
    uint64_t *hashes = memory_new(count, sizeof(*hashes)), state = 42;

    assert_non_null(hashes);
    for (size_t i = 0; i < count; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
        hashes[i] = state ^ state >> 33;
        hashes[i] *= UINT64_C(0xff51afd7ed558ccd);
        hashes[i] ^= hashes[i] >> 33;
    }
    return hashes;
}

static void
make(struct fingerprint_bundle *bundle, struct fingerprint_key *key, size_t *count)
{
    uint64_t *hashes = some_hashes(*count);

    assert_int_equal(
        fingerprint_bundle_make(bundle, key, hashes, count, "market.example", 100, 1790000000), 0);
    memory_free(hashes);
}

static void
buckets_are_alike_and_have_all(void **state PASU_UNUSED)
{
    static const struct {
        size_t count;
        uint32_t bits, room;
    } cases[] = {
        {1, 0, 1024}, {1024, 0, 1024}, {1025, 0, 2048}, {3000, 1, 2048}, {100000, 6, 2048}};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fingerprint_key key = example_key();
        size_t count = cases[i].count, chance = 0;
        uint64_t *hashes = some_hashes(count);
        struct fingerprint_bundle bundle, read;
        uint8_t *copy;

        make(&bundle, &key, &count);
        assert_int_equal(count, cases[i].count);
        assert_int_equal(bundle.terms.bits, cases[i].bits);
        assert_int_equal(bundle.room, cases[i].room);
        assert_int_equal(key.terms.bits, cases[i].bits);
        copy = memory_new(bundle.size, 1);
        memcpy(copy, bundle.bytes, bundle.size);
        assert_int_equal(fingerprint_bundle_take(&read, copy, bundle.size, &key), 0);
        assert_string_equal(read.whom, "market.example");
        assert_int_equal(read.questions, 100);
        assert_int_equal(read.made, 1790000000);
        for (size_t h = 0; h < count; h++) {
            assert_true(fingerprint_bundle_has(&read, hashes[h]));
            chance += fingerprint_bundle_has(&read, hashes[h] ^ UINT64_C(0x55555555) << 24);
        }
        assert_true(chance <= 1);
        memory_free(hashes);
        fingerprint_bundle_release(&read);
        fingerprint_bundle_release(&bundle);
    }
}

static void
what_comes_twice_is_there_once(void **state PASU_UNUSED)
{
    struct fingerprint_key key = example_key();
    struct fingerprint_bundle bundle;
    uint64_t hashes[] = {7, 7, UINT64_MAX, 7, 0, UINT64_MAX};
    size_t count = COUNT_OF(hashes);

    assert_int_equal(fingerprint_bundle_make(&bundle, &key, hashes, &count, "x", 1, 0), 0);
    assert_int_equal(count, 3);
    assert_true(fingerprint_bundle_has(&bundle, UINT64_MAX));
    fingerprint_bundle_release(&bundle);
}

/* Any byte that is another, any length that is another. */
static void
damage_is_told(void **state PASU_UNUSED)
{
    struct fingerprint_key key = example_key(), other = key;
    struct fingerprint_bundle bundle, read;
    size_t count = 1500;
    uint8_t *copy;

    make(&bundle, &key, &count);
    copy = memory_new(bundle.size + 1, 1);
    memcpy(copy, bundle.bytes, bundle.size);
    for (size_t at = 0; at < bundle.size; at += at < FINGERPRINT_HEAD_SIZE ? 1 : 97) {
        copy[at] ^= 0x10;
        assert_int_equal(fingerprint_bundle_take(&read, copy, bundle.size, NULL),
                         at < 12 ? PASU_E_NOTFOUND : PASU_E_CORRUPT);
        copy[at] ^= 0x10;
    }
    for (size_t size = 0; size < bundle.size; size += size < FINGERPRINT_HEAD_SIZE ? 1 : 101)
        assert_int_not_equal(fingerprint_bundle_take(&read, copy, size, NULL), 0);
    assert_int_equal(fingerprint_bundle_take(&read, copy, bundle.size + 1, NULL), PASU_E_CORRUPT);
    assert_int_equal(fingerprint_bundle_take(&read, copy, bundle.size, &key), 0);
    other.tag_key[0] ^= 1;
    assert_int_equal(fingerprint_bundle_take(&read, copy, bundle.size, &other), PASU_E_DENIED);
    other = key;
    other.terms.salt[0] ^= 1;
    assert_int_equal(fingerprint_bundle_take(&read, copy, bundle.size, &other), PASU_E_DENIED);
    memory_free(copy);
    fingerprint_bundle_release(&bundle);
}

/* What a hand could write that makes the check right: rules hold all the same. */
static void
terms_out_of_bounds_are_refused(void **state PASU_UNUSED)
{
    static const struct {
        size_t at;
        uint8_t byte;
    } cases[] = {{12, 0},   {12, 3},  {13, 21}, {13, 1},  {14, 1},    {16, 1},
                 {17, 0},   {19, 16}, {24, 0},  {24, 17}, {28, 7},    {30, 64},
                 {39, 128}, {40, 1},  {127, 1}, {100, 1}, {129, 0xff}};
    struct fingerprint_key key = example_key();
    struct fingerprint_bundle bundle, read;
    size_t count = 1000;
    uint8_t *copy;

    make(&bundle, &key, &count);
    copy = memory_new(bundle.size, 1);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        memcpy(copy, bundle.bytes, bundle.size);
        copy[cases[i].at] = cases[i].byte;
        if (cases[i].at == 129)
            memset(copy + 128, 0xff, 4); /* no order */
        fingerprint_check_of(copy, bundle.size - FINGERPRINT_TAG_SIZE,
                             copy + bundle.size - FINGERPRINT_TAG_SIZE);
        assert_int_equal(fingerprint_bundle_take(&read, copy, bundle.size, NULL), PASU_E_CORRUPT);
    }
    memory_free(copy);
    fingerprint_bundle_release(&bundle);
}

static void
another_key_makes_other_hashes(void **state PASU_UNUSED)
{
    struct fingerprint_key a = example_key(), b;

    assert_int_equal(fingerprint_key_new(&b, FINGERPRINT_PAIRS, 1, 8), 0);
    assert_int_not_equal(hash_of(&a, "eada@x.kr"), hash_of(&b, "eada@x.kr"));
    memcpy(b.terms.salt, a.terms.salt, sizeof(a.terms.salt));
    assert_int_not_equal(hash_of(&a, "eada@x.kr"), hash_of(&b, "eada@x.kr"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_have_one_form),
        cmocka_unit_test(hashes_are_those_of_the_specification),
        cmocka_unit_test(many_threads_make_the_same),
        cmocka_unit_test(keys_are_read_as_they_were_written),
        cmocka_unit_test(buckets_are_alike_and_have_all),
        cmocka_unit_test(what_comes_twice_is_there_once),
        cmocka_unit_test(damage_is_told),
        cmocka_unit_test(terms_out_of_bounds_are_refused),
        cmocka_unit_test(another_key_makes_other_hashes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
