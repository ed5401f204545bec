/* SPDX-License-Identifier: Apache-2.0 */
/* What says that records were deleted is signed: with what, and that nothing of it is left out. */
#include "ledger/pruned.h"
#include "note_keys.h"

/* The key and the record of docs/spec/ledger.md. */
static const uint8_t seed[NOTE_KEY_SIZE] = {
    0xd8, 0x8b, 0x6e, 0xe3, 0x68, 0xf5, 0xb6, 0xfa, 0x61, 0xcc, 0x97, 0x3f, 0x32, 0x76, 0x09, 0xd5,
    0x99, 0xfb, 0xcb, 0x51, 0x4f, 0xd7, 0x1c, 0x96, 0x51, 0x92, 0x44, 0xb5, 0xa9, 0x56, 0x26, 0x79};
static const uint8_t payload[] = {
    0,    0,    0,    0,    0,    0,    0,    0,    4,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0xfa, 0xed, 0x51, 0x72, 0x86, 0x18, 0,    0,    0xfa, 0xed, 0x51, 0x72, 0x86, 0x18,
    4,    0,    0,    0,    0,    0,    0,    0,    0xbd, 0x71, 0x60, 0x02, 0x9e, 0xb9, 0xb3, 0x0d,
    0xa9, 0x6d, 0xff, 0xa1, 0xaf, 0xa2, 0x61, 0xd4, 0x61, 0xd5, 0x81, 0xa2, 0x3b, 0x2d, 0x63, 0x88,
    0x7f, 0x0e, 0xee, 0x5f, 0xce, 0x90, 0xda, 0x8a, 0xd1, 0x48, 0x85, 0x63, 0x5c, 0x7f, 0xd1, 0xe1,
    0xd0, 0x8c, 0x2b, 0xbb, 0x3f, 0xeb, 0x99, 0x49, 0x1e, 0x21, 0x03, 0x49, 0x25, 0xf8, 0xab, 0x5b,
    0x4e, 0xc5, 0x5d, 0x20, 0xbc, 0x65, 0x95, 0x01, 0x1b, 0xd7, 0xf1, 0xcb, 0xff, 0x6d, 0x09, 0x50,
    0xe6, 0xee, 0xbb, 0x57, 0x71, 0xb5, 0x65, 0x06, 0x7b, 0xd2, 0xed, 0x55, 0x5c, 0x08, 0xc7, 0x52,
    0x90, 0xde, 0xae, 0xad, 0x71, 0xec, 0x18, 0x70};
static const int64_t begin = INT64_C(1767225600000000000);

static struct signing_key
key_of_the_example(void)
{
    uint8_t copy[NOTE_KEY_SIZE];

    memcpy(copy, seed, sizeof(copy));
    return key_of_seed(NOTE_KEY_ED25519, "ledger.example/shop", copy);
}

static struct segment_record
record_of(const uint8_t *bytes, size_t length)
{
    return (struct segment_record){
        .index = 4, .time = begin, .type = SEGMENT_PRUNED, .payload = view_of(bytes, length)};
}

static void
the_signature_is_that_of_the_specification(void **state PASU_UNUSED)
{
    struct signing_key key = key_of_the_example();
    struct segment_record record = record_of(payload, sizeof(payload)), again;
    uint8_t bytes[PRUNED_PAYLOAD_MAX];
    struct pruned pruned;

    assert_int_equal(pruned_read(&pruned, &record), 0);
    assert_int_equal(pruned_check(&pruned, &key.public), 0);
    memset(pruned.body.signature, 0, sizeof(pruned.body.signature));
    assert_int_equal(pruned_check(&pruned, &key.public), PASU_E_CORRUPT);
    assert_int_equal(pruned_sign(&pruned, &key), 0);
    assert_int_equal(pruned_record(&pruned, bytes, &again), 0);
    assert_true(again.index == 4 && again.time == begin && again.type == SEGMENT_PRUNED);
    assert_true(view_equal(again.payload, record.payload));
    signing_key_release(&key);
}

static void
no_bit_of_the_record_can_be_another(void **state PASU_UNUSED)
{
    struct signing_key key = key_of_the_example();
    uint8_t bytes[sizeof(payload)];
    struct segment_record record = record_of(bytes, sizeof(bytes));
    struct pruned pruned;
    size_t checked = 0;

    for (size_t bit = 0; bit < 8 * sizeof(payload); bit++) {
        memcpy(bytes, payload, sizeof(payload));
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (pruned_read(&pruned, &record) != 0)
            continue; /* a range that cannot be */
        assert_int_equal(pruned_check(&pruned, &key.public), PASU_E_CORRUPT);
        checked++;
    }
    assert_true(checked > 8 * (sizeof(payload) - 24)); /* but of first, end and carried */
    memcpy(bytes, payload, sizeof(payload));
    for (unsigned bit = 0; bit < 64; bit++) {
        record = record_of(bytes, sizeof(bytes));
        record.index ^= UINT64_C(1) << bit;
        if (pruned_read(&pruned, &record) == 0)
            assert_int_equal(pruned_check(&pruned, &key.public), PASU_E_CORRUPT);
        record = record_of(bytes, sizeof(bytes));
        record.time ^= (int64_t)(UINT64_C(1) << bit);
        assert_int_equal(pruned_read(&pruned, &record), 0);
        assert_int_equal(pruned_check(&pruned, &key.public), PASU_E_CORRUPT);
    }
    signing_key_release(&key);
}

static void
it_holds_for_one_key_and_one_origin(void **state PASU_UNUSED)
{
    struct signing_key key = key_of_the_example();
    struct segment_record record = record_of(payload, sizeof(payload));
    struct note_key other = key.public;
    struct pruned pruned;

    assert_int_equal(pruned_read(&pruned, &record), 0);
    snprintf(other.name, sizeof(other.name), "ledger.example/shoq");
    assert_int_equal(pruned_check(&pruned, &other), PASU_E_CORRUPT);
    other = key.public;
    other.public[0] ^= 1;
    assert_int_equal(pruned_check(&pruned, &other), PASU_E_CORRUPT);
    other = key.public;
    other.type = NOTE_KEY_COSIGNATURE; /* a witness's */
    assert_int_equal(pruned_check(&pruned, &other), PASU_E_CORRUPT);
    signing_key_release(&key);
    assert_int_equal(pruned_sign(&pruned, &key), PASU_E_MISUSE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_signature_is_that_of_the_specification),
        cmocka_unit_test(no_bit_of_the_record_can_be_another),
        cmocka_unit_test(it_holds_for_one_key_and_one_origin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
