/* SPDX-License-Identifier: Apache-2.0 */
/* Proofs of what a ledger's folder has, beside the keeper that writes it and against hostile files.
 */
#include "chain_parts.h"
#include "ledger/prover.h"

static void
prove_all(struct disk *d, const struct chain *c, unsigned step)
{
    struct prover p;
    struct segment_record record;
    struct tree_hash leaf;
    struct tree_proof proof;

    assert_int_equal(prover_open(&p, &os_real, d->directory, NULL), 0);
    assert_string_equal(p.key.name, origin);
    assert_memory_equal(p.key.public, c->key.public.public, sizeof(p.key.public));
    assert_int_equal(p.checkpoint.size, c->signed_size);
    for (uint64_t i = 0; i < p.checkpoint.size; i += step) {
        assert_int_equal(prover_record(&p, i, &record), 0);
        assert_int_equal(record.index, i);
        assert_int_equal(entry_leaf(&p.digester.hasher, &record, &leaf), 0);
        assert_int_equal(prover_prove(&p, i, &leaf, &proof), 0);
        leaf.bytes[0] ^= 1;
        assert_int_equal(prover_prove(&p, i, &leaf, &proof), PASU_E_CORRUPT);
    }
    assert_int_equal(prover_prove(&p, p.checkpoint.size, &leaf, &proof), PASU_E_RANGE);
    assert_int_equal(prover_record(&p, chain_size(c), &record), PASU_E_NOTFOUND);
    assert_int_equal(prover_record(&p, 1, &record), 0);
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

/* ---- hostile ---- */

/* What there is of a ledger of 300 records, with its checkpoint. */
static void
make(struct disk *d, struct chain *c)
{
    open_chain(d, c);
    while (chain_size(c) < 300)
        assert_int_equal(append(c, 20), 0);
    assert_int_equal(chain_checkpoint(c), 0);
}

static bool
opens(struct disk *d)
{
    struct prover p;
    int result = prover_open(&p, &os_real, d->directory, NULL);

    if (result == 0)
        prover_release(&p);
    return result == 0;
}

static void
flip(int folder, const char *path, off_t at)
{
    int fd = openat(folder, path, O_RDWR | O_CLOEXEC);
    uint8_t byte = 0;

    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 4;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void
no_changed_byte_of_the_checkpoint_is_believed(void **state)
{
    struct disk *d = *state;
    struct chain c;
    struct stat st;

    make(d, &c);
    assert_true(opens(d));
    assert_int_equal(fstatat(d->directory, "checkpoint", &st, 0), 0);
    for (off_t at = 0; at < st.st_size; at++) {
        flip(d->directory, "checkpoint", at);
        assert_false(opens(d));
        flip(d->directory, "checkpoint", at);
    }
    assert_true(opens(d));
    assert_int_equal(unlinkat(d->directory, "checkpoint", 0), 0);
    assert_false(opens(d));
    assert_int_equal(mkfifoat(d->directory, "checkpoint", 0600), 0);
    assert_false(opens(d));
    chain_close(&c);
}

/* A tile that lies has another root, or no proof that holds. */
static void
no_tile_that_lies_gives_a_proof(void **state)
{
    struct disk *d = *state;
    struct chain c;
    struct prover p;
    struct segment_record record;
    struct tree_hash leaf;
    struct tree_proof proof;

    make(d, &c);
    flip(d->directory, "tile/0/000", 100 * 32);
    assert_int_equal(prover_open(&p, &os_real, d->directory, NULL), 0);
    assert_int_equal(prover_record(&p, 101, &record), 0);
    assert_int_equal(entry_leaf(&p.digester.hasher, &record, &leaf), 0);
    assert_int_equal(prover_prove(&p, 101, &leaf, &proof), PASU_E_CORRUPT);
    prover_release(&p);
    flip(d->directory, "tile/1/000.p/1", 3);
    assert_false(opens(d));
    chain_close(&c);
}

static void
no_ledger_is_an_error_and_so_is_one_with_another_beginning(void **state)
{
    struct disk *d = *state;
    char name[SEGMENT_NAME_SIZE + 16] = "segments/";
    struct chain c;

    assert_false(opens(d));
    make(d, &c);
    segment_name(name + strlen(name), 0);
    for (off_t at = sizeof(struct segment_header); at < 64 + 32 + 40 + 32 + 34; at += 3) {
        flip(d->directory, name, at);
        assert_false(opens(d));
        flip(d->directory, name, at);
    }
    assert_true(opens(d));
    chain_close(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DISK(what_a_checkpoint_covers_is_proved_while_the_ledger_grows),
        ON_DISK(no_changed_byte_of_the_checkpoint_is_believed),
        ON_DISK(no_tile_that_lies_gives_a_proof),
        ON_DISK(no_ledger_is_an_error_and_so_is_one_with_another_beginning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
