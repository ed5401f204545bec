/* SPDX-License-Identifier: Apache-2.0 */
/* Of a ledger that is encrypted, too, what is changed is found; with another key it is not called
 * so. */
#include "verify_parts.h"

static void
verify_sealed(struct disk *d, struct found *f, const struct segment_keys *keys)
{
    const struct verify_question question = {
        .directory = d->directory, .segment_keys = keys, .find = find, .arg = f};

    f->count = 0;
    assert_int_equal(verify_ledger(&os_real, &question, &f->answer), 0);
}

static void
a_changed_payload_that_is_encrypted_is_one_fault_and_the_rest_is_looked_at(void **state)
{
    struct disk *d = *state;
    static struct content good, bad;
    size_t begins[64], count;
    struct found f;

    assert_int_equal(segment_keys_add(&chain_keys, (const uint8_t[SEGMENT_KEY_SIZE]){1}), 0);
    fill_small(d);
    verify_sealed(d, &f, &chain_keys);
    assert_int_equal(f.answer.counts[VERIFY_FAULT] + f.answer.counts[VERIFY_UNSEEN], 0);
    load(d, segment, &good);
    count = find_records(&good, begins, COUNT_OF(begins));
    assert_int_equal(f.answer.records, count);
    for (size_t i = 0; i < count; i++) {
        bad = good;
        bad.bytes[begins[i] + HEAD] ^= 1;
        seal(&bad, begins[i]);
        save(d, segment, bad.bytes, bad.length);
        verify_sealed(d, &f, &chain_keys);
        assert_true(f.whats[0] == VERIFY_DAMAGED);
        assert_int_equal(f.offsets[0], begins[i]);
        assert_int_equal(f.records[0], i);
        assert_int_equal(f.answer.next, count);
        assert_int_equal(f.answer.records, count - 1);
    }
    segment_keys_release(&chain_keys);
}

static void
with_another_key_all_is_read_as_without_one(void **state)
{
    struct segment_keys other = {0};
    struct disk *d = *state;
    struct found f, without;

    assert_int_equal(segment_keys_add(&chain_keys, (const uint8_t[SEGMENT_KEY_SIZE]){1}), 0);
    assert_int_equal(segment_keys_add(&other, (const uint8_t[SEGMENT_KEY_SIZE]){2}), 0);
    fill_large(d, NULL);
    verify_sealed(d, &without, NULL);
    verify_sealed(d, &f, &other);
    assert_true(has(&f, VERIFY_ENCRYPTED));
    assert_int_equal(f.answer.counts[VERIFY_FAULT], 0);
    assert_int_equal(f.answer.records, f.answer.next);
    assert_int_equal(f.answer.records, without.answer.records);
    for (int kind = 0; kind < VERIFY_KINDS; kind++)
        assert_int_equal(f.answer.counts[kind], without.answer.counts[kind]);
    segment_keys_release(&other);
    segment_keys_release(&chain_keys);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DISK(a_changed_payload_that_is_encrypted_is_one_fault_and_the_rest_is_looked_at),
        ON_DISK(with_another_key_all_is_read_as_without_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
