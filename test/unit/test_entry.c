/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of records: what of a record is in the tree, and what is not shown by it. */
#include "hashes.h"
#include "ledger/entry.h"
#include "random.h"
#include "unit.h"

#define TIME INT64_C(1767225600000000000)

/* The four records of docs/spec/ledger.md, and what it says that their hashes are. */
static const uint8_t begun[] = {0x0f, 0x0e, 0x0d, 0x0c, 0x0b, 0x0a, 0x09, 0x08, 0x07,
                                0x06, 0x05, 0x04, 0x03, 0x02, 0x01, 0x00, 0x13, 0x6c,
                                0x65, 0x64, 0x67, 0x65, 0x72, 0x2e, 0x65, 0x78, 0x61,
                                0x6d, 0x70, 0x6c, 0x65, 0x2f, 0x73, 0x68, 0x6f, 0x70};
static const uint8_t key[] = {0x01, 0x01, 0x09, 0x3b, 0x47, 0x67, 0x58, 0xe1, 0x21,
                              0x99, 0xcc, 0x4c, 0x8a, 0xfa, 0x52, 0xdf, 0x34, 0x2b,
                              0xcd, 0x9a, 0x35, 0x1d, 0xfe, 0x67, 0x7e, 0x62, 0x2b,
                              0x40, 0x55, 0x02, 0x37, 0x0e, 0x82, 0x03};
static const uint8_t shown[] = {
    0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf,
    0x40, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xd5, 0xaa, 0x5c, 0x01, 0xbe, 0x18,
    0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01, 0x78, 0x56, 0x34, 0x12, 0x01, 0x00, 0x00, 0x00,
    0x06, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x01, 0x04, 0x03, 0x72, 0x75, 0x6c, 0x65,
    0x62, 0x6f, 0x62, 0x00, 0x01, 0x01, 0x00, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01,
    0x00, 0x00, 0x00, 0x2a, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff};
static const uint8_t taken[] = {0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x88, 0x77,
                                0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0x00, 0x00, 0x00, 0x00,
                                0x10, 0x00, 0x00, 0x00, 0xc0, 0x00, 0x00, 0x00, 0x10, 0x00,
                                0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
static const char *const expected[] = {
    "d71d3538f828b45189b6678d8d6c0bf8cf07425c88e1f2a76b6c6cc44b3c6d7e",
    "52a0a2e5611f78ae121a9e8c8bad51581bb13afd4d66c87e930397b53d20b6b1",
    "a5c16a159145ac0dce20afc99febdc86a6fe83bf44b9f837b7df7cb8235a75f5",
    "6fd72d014eef5b205a9caea5b497d6159583e581e9338f069591a5364ba1e09f"};
static const char expected_root[] =
    "1bd7f1cbff6d0950e6eebb5771b565067bd2ed555c08c75290deaead71ec1870";

static struct segment_record
record_of(uint64_t index, uint32_t type, const uint8_t *payload, size_t length)
{
    return (struct segment_record){
        .index = index, .time = TIME, .type = type, .payload = view_of(payload, length)};
}

static void
the_leaves_and_the_root_are_those_that_the_format_shows(void **state PASU_UNUSED)
{
    const struct segment_record records[] = {
        record_of(0, SEGMENT_BEGUN, begun, sizeof(begun)),
        record_of(1, SEGMENT_KEY, key, sizeof(key)),
        record_of(2, SEGMENT_EXPOSURE, shown, sizeof(shown)),
        record_of(3, SEGMENT_TAKEN, taken, sizeof(taken)),
    };
    struct tree_frontier frontier = {0};
    struct tree_hash hash;

    for (size_t i = 0; i < COUNT_OF(records); i++) {
        assert_int_equal(entry_leaf(&hasher, &records[i], &hash), 0);
        assert_hash(&hash, expected[i]);
        assert_int_equal(tree_frontier_add(&frontier, &hasher, &hash), 0);
    }
    assert_int_equal(tree_frontier_root(&frontier, &hasher, &hash), 0);
    assert_hash(&hash, expected_root);
}

static void
every_bit_of_a_record_changes_its_leaf(void **state PASU_UNUSED)
{
    struct segment_record record = record_of(2, SEGMENT_EXPOSURE, shown, sizeof(shown));
    struct tree_hash was, is;
    uint8_t bytes[sizeof(shown)];

    assert_int_equal(entry_leaf(&hasher, &record, &was), 0);
    record.index = 3;
    assert_int_equal(entry_leaf(&hasher, &record, &is), 0);
    assert_false(tree_hash_equal(&was, &is));
    record.index = 2;
    record.time++;
    assert_int_equal(entry_leaf(&hasher, &record, &is), 0);
    assert_false(tree_hash_equal(&was, &is));
    record.time--;
    record.payload.bytes = bytes;
    memcpy(bytes, shown, sizeof(shown));
    for (size_t i = 0; i < 8 * sizeof(bytes); i++) {
        int result;

        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        result = entry_leaf(&hasher, &record, &is);
        assert_true(result == PASU_E_CORRUPT || (result == 0 && !tree_hash_equal(&was, &is)));
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    assert_int_equal(entry_leaf(&hasher, &record, &is), 0);
    assert_true(tree_hash_equal(&was, &is));
}

/* A random exposure with its salt; its length. */
static size_t
make_exposure(struct random *random, uint8_t *bytes, size_t size, uint32_t *ordinals)
{
    struct exposure e = {.session = 1, .time = TIME, .statements = 1, .rows = 5};
    bool has_list = false;
    ssize_t length;

    e.part_count = (uint8_t)random_below(random, EXPOSURE_PARTS_MAX + 1);
    snprintf(e.rule, sizeof(e.rule), "%s", random_below(random, 2) ? "rule" : "");
    for (size_t i = 0; i < e.part_count; i++) {
        struct exposure_part *part = &e.parts[i];

        *part = (struct exposure_part){.kind = (uint8_t)i, .attribution = ATTRIBUTION_KEY};
        part->ordinals = ordinals + random_below(random, 100);
        part->ordinal_count = random_below(random, 60);
        part->missed = ordinals + random_below(random, 100);
        part->missed_count = random_below(random, 3);
        has_list = has_list || part->ordinal_count + part->missed_count > 0;
    }
    for (size_t i = 0; i < ENTRY_SALT; i++)
        bytes[i] = has_list ? (uint8_t)random_u64(random) : 0;
    length = exposure_encode(&e, bytes + ENTRY_SALT, size - ENTRY_SALT);
    assert_true(length > 0);
    return ENTRY_SALT + (size_t)length;
}

static bool
contains(const struct entry *entry, const void *bytes, size_t length)
{
    static uint8_t whole[8192];
    size_t at = 0;

    for (size_t i = 0; i < entry->count; at += entry->pieces[i++].iov_len)
        memcpy(whole + at, entry->pieces[i].iov_base, entry->pieces[i].iov_len);
    return memmem(whole, at, bytes, length) != NULL;
}

static void
an_entry_shows_no_person_and_not_the_salt(void **state PASU_UNUSED)
{
    struct random random = {.state = 5};
    uint32_t ordinals[200];
    uint8_t bytes[4096];
    unsigned lists = 0;

    for (int round = 0; round < 300; round++) {
        struct segment_record record;
        struct entry entry;
        size_t length;

        for (size_t i = 0; i < COUNT_OF(ordinals); i++)
            ordinals[i] = round % 2 ? 0x51525354u + (uint32_t)i : (uint32_t)random_u64(&random);
        length = make_exposure(&random, bytes, sizeof(bytes), ordinals);
        record = record_of(9, SEGMENT_EXPOSURE, bytes, length);
        assert_int_equal(entry_make(&entry, &hasher, &record), 0);
        if (memcmp(bytes, (const uint8_t[ENTRY_SALT]){0}, ENTRY_SALT) != 0)
            assert_false(contains(&entry, bytes, ENTRY_SALT));
        for (size_t i = 0; i < COUNT_OF(ordinals); i++)
            assert_false(contains(&entry, &ordinals[i], sizeof(ordinals[i])));
        lists += entry.count > 2;
    }
    assert_true(lists > 200);
}

static void
one_list_under_two_salts_or_in_two_places_has_two_commitments(void **state PASU_UNUSED)
{
    uint32_t ordinals[] = {7, 9};
    struct exposure e = {.session = 1, .part_count = 2};
    uint8_t bytes[1024] = {1};
    struct entry one, other;
    struct segment_record record;

    for (size_t i = 0; i < 2; i++)
        e.parts[i] = (struct exposure_part){.kind = (uint8_t)i,
                                            .attribution = ATTRIBUTION_KEY,
                                            .ordinals = ordinals,
                                            .ordinal_count = 2,
                                            .missed = ordinals,
                                            .missed_count = i == 0 ? 2 : 0};
    record = record_of(
        1, SEGMENT_EXPOSURE, bytes,
        ENTRY_SALT + (size_t)exposure_encode(&e, bytes + ENTRY_SALT, sizeof(bytes) - ENTRY_SALT));
    assert_int_equal(entry_make(&one, &hasher, &record), 0);
    assert_false(tree_hash_equal(&one.commitments[0][0], &one.commitments[0][1]));
    assert_false(tree_hash_equal(&one.commitments[0][0], &one.commitments[1][0]));
    assert_true(tree_hash_equal(&one.commitments[1][1], &(struct tree_hash){0}));
    bytes[0] = 2;
    assert_int_equal(entry_make(&other, &hasher, &record), 0);
    assert_false(tree_hash_equal(&one.commitments[0][0], &other.commitments[0][0]));
}

static void
where_there_is_no_list_there_is_no_salt_either(void **state PASU_UNUSED)
{
    struct exposure e = {.session = 1};
    uint8_t bytes[1024] = {0};
    struct tree_hash hash;
    size_t length =
        ENTRY_SALT + (size_t)exposure_encode(&e, bytes + ENTRY_SALT, sizeof(bytes) - ENTRY_SALT);
    struct segment_record record = record_of(1, SEGMENT_EXPOSURE, bytes, length);

    assert_int_equal(entry_leaf(&hasher, &record, &hash), 0);
    for (size_t i = 0; i < ENTRY_SALT; i++) {
        bytes[i] = 1;
        assert_int_equal(entry_leaf(&hasher, &record, &hash), PASU_E_CORRUPT);
        bytes[i] = 0;
    }
}

static void
an_entry_of_an_opening_has_all_of_it_but_the_seed(void **state PASU_UNUSED)
{
    uint8_t bytes[ENTRY_OPENING + ENTRY_SEED + 1];
    struct segment_record record = record_of(5, SEGMENT_OPENING, bytes, sizeof(bytes) - 1);
    struct tree_hash was, is;
    struct entry entry;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(0x40 + i);
    assert_int_equal(entry_make(&entry, &hasher, &record), 0);
    assert_true(contains(&entry, bytes, ENTRY_OPENING));
    assert_false(contains(&entry, bytes + ENTRY_OPENING, 1));
    assert_int_equal(entry_leaf(&hasher, &record, &was), 0);
    for (size_t i = 0; i < ENTRY_OPENING + ENTRY_SEED; i++) {
        bytes[i] ^= 1;
        assert_int_equal(entry_leaf(&hasher, &record, &is), 0);
        assert_int_equal(tree_hash_equal(&was, &is), i >= ENTRY_OPENING);
        bytes[i] ^= 1;
    }
    for (size_t length = 0; length <= sizeof(bytes); length++) {
        record.payload.length = length;
        assert_int_equal(entry_leaf(&hasher, &record, &is),
                         length == sizeof(bytes) - 1 ? 0 : PASU_E_CORRUPT);
    }
}

static void
an_exposure_that_ends_elsewhere_than_its_lists_is_refused(void **state PASU_UNUSED)
{
    struct segment_record record = record_of(2, SEGMENT_EXPOSURE, shown, sizeof(shown));
    uint8_t longer[sizeof(shown) + 1];
    struct tree_hash hash;

    for (size_t length = 0; length < sizeof(shown); length++) {
        record.payload.length = length;
        assert_int_equal(entry_leaf(&hasher, &record, &hash), PASU_E_CORRUPT);
    }
    memcpy(longer, shown, sizeof(shown));
    longer[sizeof(shown)] = 0;
    record.payload = view_of(longer, sizeof(longer));
    assert_int_equal(entry_leaf(&hasher, &record, &hash), PASU_E_CORRUPT);
    /* Counts that no file can hold. */
    record.payload.length = sizeof(shown);
    memset(longer + sizeof(shown) - 16, 0xff, 4);
    assert_int_equal(entry_leaf(&hasher, &record, &hash), PASU_E_CORRUPT);
    memcpy(longer, shown, sizeof(shown));
    memset(longer + sizeof(shown) - 20, 0xff, 4);
    assert_int_equal(entry_leaf(&hasher, &record, &hash), PASU_E_CORRUPT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_leaves_and_the_root_are_those_that_the_format_shows),
        cmocka_unit_test(every_bit_of_a_record_changes_its_leaf),
        cmocka_unit_test(an_entry_shows_no_person_and_not_the_salt),
        cmocka_unit_test(one_list_under_two_salts_or_in_two_places_has_two_commitments),
        cmocka_unit_test(where_there_is_no_list_there_is_no_salt_either),
        cmocka_unit_test(an_entry_of_an_opening_has_all_of_it_but_the_seed),
        cmocka_unit_test(an_exposure_that_ends_elsewhere_than_its_lists_is_refused),
    };

    return cmocka_run_group_tests(tests, make_hasher, release_hasher);
}
