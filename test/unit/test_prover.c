/* SPDX-License-Identifier: Apache-2.0 */
/* Proofs of what a ledger's folder has, beside the keeper that writes it and against hostile files.
 */
#include "chain_parts.h"
#include "ledger/prover.h"

static const struct records_place first_place = {0, sizeof(struct segment_header), 0};

static void
prove_all(struct disk *d, const struct chain *c, unsigned step)
{
    struct prover p;
    struct segment_record record;
    struct tree_hash leaf;
    struct tree_proof proof;

    assert_int_equal(prover_open(&p, &os_real, d->directory), 0);
    assert_string_equal(p.key.name, origin);
    assert_memory_equal(p.key.public, c->key.public.public, sizeof(p.key.public));
    assert_int_equal(p.checkpoint.size, c->signed_size);
    for (uint64_t i = 0; i < p.checkpoint.size; i += step) {
        assert_int_equal(prover_record(&p, &first_place, i, &record), 0);
        assert_int_equal(record.index, i);
        assert_int_equal(entry_leaf(&p.hasher, &record, &leaf), 0);
        assert_int_equal(prover_prove(&p, i, &leaf, &proof), 0);
        leaf.bytes[0] ^= 1;
        assert_int_equal(prover_prove(&p, i, &leaf, &proof), PASU_E_CORRUPT);
    }
    assert_int_equal(prover_prove(&p, p.checkpoint.size, &leaf, &proof), PASU_E_RANGE);
    assert_int_equal(prover_record(&p, &first_place, chain_size(c), &record), PASU_E_NOTFOUND);
    assert_int_equal(prover_record(&p, &first_place, 1, &record), 0);
    prover_release(&p);
}

static void
what_a_checkpoint_covers_is_proved_while_the_ledger_grows(void **state)
{
    struct disk *d = *state;
    struct chain c;

    open_chain(d, &c);
    prove_all(d, &c, 1);
    for (unsigned i = 0; i < 12; i++) {
        assert_int_equal(append(&c, 1 + i * 9), 0);
        assert_int_equal(chain_checkpoint(&c), 0);
        prove_all(d, &c, 1 + i);
        assert_int_equal(append(&c, 1), 0); /* not covered */
        prove_all(d, &c, 7);
    }
    assert_true(chain_size(&c) > 512 && c.writer.first > 0);
    chain_close(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_a_checkpoint_covers_is_proved_while_the_ledger_grows,
                                        disk_make, disk_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
