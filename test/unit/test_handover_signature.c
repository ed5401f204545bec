/* SPDX-License-Identifier: Apache-2.0 */
/* What says that another key takes over is signed: with what, and that nothing of it is left out.
 */
#include "ledger/handover_signature.h"
#include "note_keys.h"

/* The key, the ledger's id and the record of docs/spec/ledger.md. */
static const uint8_t seed[NOTE_KEY_SIZE] = {
    0xd8, 0x8b, 0x6e, 0xe3, 0x68, 0xf5, 0xb6, 0xfa, 0x61, 0xcc, 0x97, 0x3f, 0x32, 0x76, 0x09, 0xd5,
    0x99, 0xfb, 0xcb, 0x51, 0x4f, 0xd7, 0x1c, 0x96, 0x51, 0x92, 0x44, 0xb5, 0xa9, 0x56, 0x26, 0x79};
static const uint8_t id[SEGMENT_ID_SIZE] = {15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0};
static const uint8_t payload[] = {
    0x01, 0x01, 0x3d, 0x40, 0x17, 0xc3, 0xe8, 0x43, 0x89, 0x5a, 0x92, 0xb7, 0x0a, 0xa7,
    0x4d, 0x1b, 0x7e, 0xbc, 0x9c, 0x98, 0x2c, 0xcf, 0x2e, 0xc4, 0x96, 0x8c, 0xc0, 0xcd,
    0x55, 0xf1, 0x2a, 0xf4, 0x66, 0x0c, 0x73, 0x82, 0xd6, 0x8d, 0x3a, 0xa2, 0x33, 0x8b,
    0xdd, 0x0d, 0xca, 0x81, 0x95, 0x58, 0xfc, 0xdc, 0x5d, 0x72, 0x36, 0xff, 0x48, 0x34,
    0x3b, 0x1a, 0xa6, 0x28, 0xb0, 0x67, 0xab, 0x61, 0xdd, 0xb0, 0xc6, 0x91, 0xcf, 0x82,
    0xd7, 0x40, 0xc3, 0x19, 0x43, 0xc4, 0x31, 0xba, 0x7c, 0x5e, 0x5b, 0x47, 0x49, 0x2d,
    0x1d, 0x46, 0x5c, 0xfc, 0x38, 0x8c, 0x4d, 0x42, 0xc8, 0xce, 0x0b, 0xa8, 0x1f, 0x03};
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
        .index = 4, .time = begin, .type = SEGMENT_KEY, .payload = view_of(bytes, length)};
}

static void
the_signature_is_that_of_the_specification(void **state PASU_UNUSED)
{
    struct signing_key key = key_of_the_example();
    struct segment_record record = record_of(payload, sizeof(payload));
    uint8_t bytes[HANDOVER_SIGNED] = {0};

    assert_int_equal(sizeof(payload), HANDOVER_SIGNED);
    assert_memory_equal(handover_public(&record), payload + 2, NOTE_KEY_SIZE);
    assert_int_equal(handover_check(&record, id, &key.public), 0);
    handover_payload(bytes, HANDOVER_IN_USE, payload + 2);
    assert_int_equal(handover_sign(bytes, 4, begin, id, &key), 0);
    assert_memory_equal(bytes, payload, sizeof(payload));
    signing_key_release(&key);
    assert_int_equal(handover_sign(bytes, 4, begin, id, &key), PASU_E_MISUSE);
}

static void
no_bit_of_the_record_can_be_another(void **state PASU_UNUSED)
{
    struct signing_key key = key_of_the_example();
    uint8_t bytes[sizeof(payload)], other[SEGMENT_ID_SIZE];

    for (size_t bit = 0; bit < 8 * sizeof(payload); bit++) {
        struct segment_record record = record_of(bytes, sizeof(bytes));

        memcpy(bytes, payload, sizeof(payload));
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(handover_check(&record, id, &key.public), PASU_E_CORRUPT);
    }
    for (unsigned bit = 0; bit < 64; bit++) {
        struct segment_record record = record_of(payload, sizeof(payload));

        record.index ^= UINT64_C(1) << bit;
        assert_int_equal(handover_check(&record, id, &key.public), PASU_E_CORRUPT);
        record = record_of(payload, sizeof(payload));
        record.time ^= (int64_t)(UINT64_C(1) << bit);
        assert_int_equal(handover_check(&record, id, &key.public), PASU_E_CORRUPT);
    }
    for (unsigned bit = 0; bit < 8 * SEGMENT_ID_SIZE; bit++) {
        struct segment_record record = record_of(payload, sizeof(payload));

        memcpy(other, id, sizeof(id));
        other[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(handover_check(&record, other, &key.public), PASU_E_CORRUPT);
    }
    signing_key_release(&key);
}

static void
it_holds_for_one_key_and_one_origin(void **state PASU_UNUSED)
{
    struct signing_key key = key_of_the_example();
    struct segment_record record = record_of(payload, sizeof(payload));
    struct note_key other = key.public;

    snprintf(other.name, sizeof(other.name), "ledger.example/shoq");
    assert_int_equal(handover_check(&record, id, &other), PASU_E_CORRUPT);
    other = key.public;
    other.public[0] ^= 1;
    assert_int_equal(handover_check(&record, id, &other), PASU_E_CORRUPT);
    other = key.public;
    other.type = NOTE_KEY_COSIGNATURE; /* a witness's */
    assert_int_equal(handover_check(&record, id, &other), PASU_E_CORRUPT);
    signing_key_release(&key);
}

/* One without a signature puts a key to use, too; of another length, or what says that one is
 * retired and has a signature, is no such record. */
static void
only_a_whole_signature_is_one(void **state PASU_UNUSED)
{
    struct signing_key key = key_of_the_example();
    uint8_t bytes[sizeof(payload)];

    memcpy(bytes, payload, sizeof(payload));
    for (size_t length = 0; length <= sizeof(bytes); length++) {
        struct segment_record record = record_of(bytes, length);
        bool is_one = length == HANDOVER_PAYLOAD || length == HANDOVER_SIGNED;

        bytes[0] = HANDOVER_IN_USE;
        assert_int_equal(handover_public(&record) != NULL, is_one);
        assert_null(handover_retired(&record));
        assert_int_equal(handover_is_signed(&record), length == HANDOVER_SIGNED);
        assert_int_equal(handover_check(&record, id, &key.public),
                         length == HANDOVER_SIGNED ? 0 : PASU_E_CORRUPT);
        bytes[0] = HANDOVER_RETIRED;
        assert_int_equal(handover_retired(&record) != NULL, length == HANDOVER_PAYLOAD);
        assert_true(!handover_public(&record) && !handover_is_signed(&record));
    }
    signing_key_release(&key);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_signature_is_that_of_the_specification),
        cmocka_unit_test(no_bit_of_the_record_can_be_another),
        cmocka_unit_test(it_holds_for_one_key_and_one_origin),
        cmocka_unit_test(only_a_whole_signature_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
