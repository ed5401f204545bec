/* SPDX-License-Identifier: Apache-2.0 */
/* Who can write files, and not sign, has no key put to use, and none destroyed, by saying that one
 * takes over. */
#include "rotation_parts.h"

/* What an open refuses, and leaves as it is. */
static const char *const files[] = {"signing.key", "signing.key.next", "checkpoint"};

struct forged {
    struct signing_key old, other; /* the ledger's, and somebody's */
    struct content kept[COUNT_OF(files)];
    uint64_t offset; /* of the record */
};

/* A ledger with a checkpoint, and somebody's key where the next one would be; open. */
static void
begin(struct disk *d, struct forged *f, struct chain *c)
{
    open_small(d, c);
    assert_int_equal(append(c, 20), 0);
    assert_int_equal(chain_checkpoint(c), 0);
    f->old = c->key;
    f->other = key_of(NOTE_KEY_ED25519, origin, 207);
    assert_int_equal(signing_key_store(&f->other, &d->os, d->directory, files[1], &nobody), 0);
    f->offset = (uint64_t)c->writer.end;
}

static void
keep(struct disk *d, struct forged *f)
{
    for (size_t i = 0; i < COUNT_OF(files); i++)
        load(d, files[i], &f->kept[i]);
}

/* It says where, and everything is as it was. */
static void
assert_refused(struct disk *d, struct forged *f)
{
    struct chain_report report;
    struct chain c;

    keep(d, f);
    for (int is_lost = 0; is_lost < 2; is_lost++) {
        int result = is_lost ? chain_open_lost(&c, &d->os, d->directory, &chain_keys, NULL, &report)
                             : try_open(d, &c, &report);

        assert_int_equal(result, PASU_E_LEDGER_FORGED);
        assert_int_equal(report.segments.segment, 0);
        assert_int_equal(report.segments.damage, f->offset);
    }
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct content now;

        load(d, files[i], &now);
        assert_int_equal(now.length, f->kept[i].length);
        assert_memory_equal(now.bytes, f->kept[i].bytes, now.length);
    }
}

/* Cuts the segment off at the record: the old key goes on, and the planted one is thrown away. */
static void
assert_well_once_cut(struct disk *d, const struct forged *f)
{
    char name[SEGMENT_NAME_SIZE], path[64];
    struct chain c;
    struct found found;
    int fd;

    segment_name(name, 0);
    snprintf(path, sizeof(path), "segments/%s", name);
    fd = openat(d->directory, path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(ftruncate(fd, (off_t)f->offset), 0);
    close(fd);
    open_small(d, &c);
    assert_memory_equal(&c.key, &f->old, sizeof(f->old));
    assert_false(is_file(d, files[1]));
    assert_int_equal(append(&c, 2), 0);
    assert_int_equal(chain_checkpoint(&c), 0);
    chain_close(&c);
    verify(d, &found);
    assert_int_equal(found.answer.counts[VERIFY_FAULT], 0);
}

enum forgery { UNSIGNED, OWN_KEY, OTHER_INDEX, OTHER_TIME, OTHER_LEDGER, OTHER_NEW_KEY, FORGERIES };

/* The record that somebody writes behind the last checkpoint, and one that says that the old key is
 * retired. */
static void
forge(struct chain *c, struct forged *f, enum forgery how)
{
    const uint64_t index = chain_size(c) + (how == OTHER_INDEX);
    const int64_t time = 7 + (how == OTHER_TIME);
    const struct signing_key *signer = how == OWN_KEY ? &f->other : &f->old;
    uint8_t payload[HANDOVER_SIGNED], id[SEGMENT_ID_SIZE];

    assert_int_equal(handover_ledger(c->os, c->segments, c->keys, id), 0);
    id[0] ^= how == OTHER_LEDGER;
    handover_payload(payload, HANDOVER_IN_USE, f->other.public.public);
    payload[2] ^= how == OTHER_NEW_KEY;
    assert_int_equal(handover_sign(payload, index, time, id, signer), 0);
    payload[2] ^= how == OTHER_NEW_KEY;
    assert_int_equal(chain_begin(c, 1000), 0);
    put(c, SEGMENT_KEY, payload, how == UNSIGNED ? HANDOVER_PAYLOAD : HANDOVER_SIGNED);
    handover_payload(payload, HANDOVER_RETIRED, f->old.public.public);
    put(c, SEGMENT_KEY, payload, HANDOVER_PAYLOAD);
    assert_int_equal(chain_commit(c), 0);
}

/* ---- behind the last checkpoint ---- */

static void
a_change_that_the_key_has_not_signed_is_refused(void **state)
{
    struct disk *d = *state;
    struct forged f;
    struct chain c;

    for (enum forgery how = 0; how < FORGERIES; how++) {
        begin(d, &f, &c);
        forge(&c, &f, how);
        chain_close(&c);
        assert_refused(d, &f);
        assert_well_once_cut(d, &f);
        disk_clear(d);
    }
}

static void
of_an_encrypted_ledger_too(void **state)
{
    struct segment_keys none = {0};

    assert_int_equal(segment_keys_add(&chain_keys, (const uint8_t[SEGMENT_KEY_SIZE]){1}), 0);
    for (enum forgery how = 0; how < FORGERIES; how++) {
        struct disk *d = *state;
        struct forged f;
        struct chain c;

        begin(d, &f, &c);
        forge(&c, &f, how);
        chain_close(&c);
        assert_refused(d, &f);
        disk_clear(d);
    }
    chain_keys = none;
}

/* What no keeper writes: a second change, a retirement without one, a key once more. */
static void
records_of_keys_that_no_keeper_writes_are_refused(void **state)
{
    struct disk *d = *state;
    struct forged f;

    for (int way = 0; way < 6; way++) {
        const struct signing_key third = key_of(NOTE_KEY_ED25519, origin, 209);
        uint8_t payload[HANDOVER_PAYLOAD];
        struct chain c;

        begin(d, &f, &c);
        handover_payload(payload, HANDOVER_RETIRED, f.old.public.public);
        if (way < 3) {
            put_takeover(&c, &f.other.public, &f.old);
            f.offset = (uint64_t)c.writer.end;
        }
        if (way == 0)
            put_takeover(&c, &third.public, &f.other);
        else if (way == 1)
            put_takeover(&c, &f.old.public, &f.other);
        else if (way == 2)
            handover_payload(payload, HANDOVER_RETIRED, f.other.public.public);
        else if (way == 3)
            put_takeover(&c, &f.old.public, NULL);
        else if (way == 5)
            payload[0] = 3;
        if (way == 2 || way > 3) {
            assert_int_equal(chain_begin(&c, 1000), 0);
            put(&c, SEGMENT_KEY, payload, sizeof(payload));
            assert_int_equal(chain_commit(&c), 0);
        }
        chain_close(&c);
        assert_refused(d, &f);
        disk_clear(d);
    }
}

/* ---- with a checkpoint, too ---- */

/* Somebody's own checkpoint covers the record; or the ledger's key has signed one that does, which
 * somebody has added their signature to: records that are covered are not all read again. */
static void
a_checkpoint_of_the_other_key_does_not_help(void **state)
{
    struct disk *d = *state;

    for (enum forgery how = 0; how < FORGERIES; how++)
        for (int with_old = 0; with_old < 2; with_old++) {
            char name[HANDOVER_NAME_SIZE];
            struct outside made;
            struct forged f;
            struct chain c;

            begin(d, &f, &c);
            forge(&c, &f, how);
            sign(d, chain_size(&c), &f.other, with_old ? &f.old : NULL, &made);
            handover_name(name, chain_size(&c) - 2);
            chain_close(&c);
            save(d, "checkpoint", made.note, made.length);
            save(d, name, made.note, made.length);
            assert_refused(d, &f);
            disk_clear(d);
        }
}

/* The record of the change is not where the file of its checkpoint says. */
static void
nor_one_that_leads_to_no_record(void **state)
{
    struct disk *d = *state;
    struct chain_report report;
    struct outside made;
    struct forged f;
    struct chain c;

    begin(d, &f, &c);
    sign(d, chain_size(&c), &f.other, &f.old, &made);
    chain_close(&c);
    save(d, "checkpoint", made.note, made.length);
    keep(d, &f);
    assert_int_equal(try_open(d, &c, &report), PASU_E_CORRUPT);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct content now;

        load(d, files[i], &now);
        assert_memory_equal(now.bytes, f.kept[i].bytes, f.kept[i].length);
    }
}

/* ---- what is genuine ---- */

/* A lost key that was being replaced is back. */
static void
a_key_that_is_back_is_not_replaced_by_itself(void **state)
{
    struct disk *d = *state;
    struct chain_report report;
    struct forged f;
    struct chain c;

    for (int is_cut = 0; is_cut < 2; is_cut++) {
        open_small(d, &c);
        assert_int_equal(append(&c, 20), 0);
        assert_int_equal(chain_checkpoint(&c), 0);
        f.old = c.key;
        chain_close(&c);
        assert_int_equal(renameat(d->directory, "signing.key", d->directory, "away"), 0);
        assert_int_equal(chain_open_lost(&c, &d->os, d->directory, &chain_keys, NULL, &report), 0);
        f.offset = (uint64_t)c.writer.end;
        assert_int_equal(chain_key_make(&c), 0);
        f.other = c.change.next;
        assert_int_equal(chain_begin(&c, 1000), 0);
        assert_int_equal(chain_key_put(&c, 7), 0);
        assert_int_equal(chain_commit(&c), 0);
        chain_close(&c);
        assert_int_equal(renameat(d->directory, "away", d->directory, "signing.key"), 0);
        assert_refused(d, &f);
        if (is_cut) {
            assert_well_once_cut(d, &f);
        } else {
            assert_int_equal(unlinkat(d->directory, "signing.key", 0), 0);
            open_chain(d, &c);
            assert_memory_equal(&c.key, &f.other, sizeof(f.other));
            chain_close(&c);
        }
        disk_clear(d);
    }
}

/* Ledgers of before records were signed: the checkpoint of both keys covers the record. */
static void
a_change_of_before_records_were_signed_is_still_right(void **state)
{
    struct disk *d = *state;
    char name[HANDOVER_NAME_SIZE];
    struct outside made;
    struct forged f;
    struct found found;
    struct chain c;

    begin(d, &f, &c);
    forge(&c, &f, UNSIGNED);
    sign(d, chain_size(&c), &f.other, &f.old, &made);
    handover_name(name, chain_size(&c) - 2);
    chain_close(&c);
    save(d, "checkpoint", made.note, made.length);
    save(d, name, made.note, made.length);
    assert_int_equal(renameat(d->directory, "signing.key.next", d->directory, "signing.key"), 0);
    verify(d, &found);
    assert_int_equal(found.answer.counts[VERIFY_FAULT], 0);
    open_small(d, &c);
    assert_int_equal(append(&c, 2), 0);
    assert_int_equal(rotate(&c), 0); /* and another one */
    chain_close(&c);
    verify(d, &found);
    assert_int_equal(found.answer.counts[VERIFY_FAULT], 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KEYS(a_change_that_the_key_has_not_signed_is_refused),
        WITH_KEYS(of_an_encrypted_ledger_too),
        WITH_KEYS(records_of_keys_that_no_keeper_writes_are_refused),
        WITH_KEYS(a_checkpoint_of_the_other_key_does_not_help),
        WITH_KEYS(nor_one_that_leads_to_no_record),
        WITH_KEYS(a_key_that_is_back_is_not_replaced_by_itself),
        WITH_KEYS(a_change_of_before_records_were_signed_is_still_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
