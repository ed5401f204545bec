/* SPDX-License-Identifier: Apache-2.0 */
/* Whose checkpoint is taken for which size once a ledger has another key, and who vouched for that.
 */
#include "ledger/prover.h"
#include "ledger/verify_key.h"
#include "rotation_parts.h"

/* A ledger whose key changed with record `at`. */
struct changed {
    struct signing_key old, new;
    uint64_t at;
    char name[HANDOVER_NAME_SIZE]; /* of the checkpoint of the change */
    struct outside before, change;
};

static void
make_changed(struct disk *d, struct changed *m)
{
    struct chain c;

    open_small(d, &c);
    assert_int_equal(append(&c, 4), 0);
    assert_int_equal(chain_checkpoint(&c), 0);
    fetch(d, &c, &m->before);
    m->old = c.key;
    assert_int_equal(rotate(&c), 0);
    m->new = c.key;
    m->at = c.change.record;
    fetch(d, &c, &m->change);
    assert_int_equal(append(&c, 4), 0);
    assert_int_equal(chain_checkpoint(&c), 0);
    chain_close(&c);
    handover_name(m->name, m->at);
}

static size_t
faults(const struct found *f, enum verify_what *what)
{
    size_t count = 0;

    for (size_t i = 0; i < f->count; i++)
        if (verify_kind(f->whats[i]) == VERIFY_FAULT) {
            *what = f->whats[i];
            count++;
        }
    return count;
}

static void
assert_fault(const struct found *f, enum verify_what what)
{
    enum verify_what found = VERIFY_WHATS;

    assert_int_equal(faults(f, &found), 1);
    assert_int_equal(found, what);
}

static size_t
index_of(const struct found *f, enum verify_what what)
{
    size_t i = 0;

    while (i + 1 < f->count && f->whats[i] != what)
        i++;
    return i;
}

static void
a_change_that_both_signed_is_right(void **state)
{
    struct disk *d = *state;
    struct outside kept[2];
    struct changed m;
    struct found f;

    make_changed(d, &m);
    verify(d, &f);
    assert_int_equal(f.answer.counts[VERIFY_FAULT] + f.answer.counts[VERIFY_UNSEEN], 0);
    assert_memory_equal(f.answer.key.public, m.new.public.public, NOTE_KEY_SIZE);
    kept[0] = m.before;
    kept[1] = m.change;
    verify_with(d, &f, kept, 2);
    assert_int_equal(f.answer.counts[VERIFY_FAULT], 0);
    assert_false(has(&f, VERIFY_REPLACED));
}

static void
each_size_has_its_key(void **state)
{
    struct disk *d = *state;
    struct outside kept;
    struct changed m;
    struct found f;

    make_changed(d, &m);
    for (uint64_t size = 2; size <= m.at + 4; size++)
        for (int is_new = 0; is_new < 2; is_new++) {
            sign(d, size, is_new ? &m.new : &m.old, NULL, &kept);
            verify_with(d, &f, &kept, 1);
            if ((size > m.at) == is_new)
                assert_int_equal(f.answer.counts[VERIFY_FAULT], 0);
            else
                assert_fault(&f, VERIFY_SIGNATURE);
        }
}

/* What stands in the place of the checkpoint of the change, and what is found then. */
static void
a_change_without_the_old_key_s_signature_is_found(void **state)
{
    struct disk *d = *state;
    struct outside made;
    struct changed m;
    struct found f;

    make_changed(d, &m);
    assert_int_equal(unlinkat(d->directory, m.name, 0), 0);
    verify(d, &f);
    assert_fault(&f, VERIFY_HANDOVER);
    assert_int_equal(f.records[0], m.at);
    verify_with(d, &f, &m.change, 1); /* somebody else has kept it */
    assert_int_equal(f.answer.counts[VERIFY_FAULT], 0);
    sign(d, m.at + 2, &m.new, NULL, &made);
    save(d, m.name, made.note, made.length);
    verify(d, &f);
    assert_fault(&f, VERIFY_HANDOVER);
    sign(d, m.at, &m.old, NULL, &made); /* before the change */
    save(d, m.name, made.note, made.length);
    verify(d, &f);
    assert_fault(&f, VERIFY_HANDOVER);
    sign(d, m.at + 2, &m.old, NULL, &made);
    save(d, m.name, made.note, made.length);
    verify(d, &f);
    assert_true(has(&f, VERIFY_HANDOVER) && has(&f, VERIFY_SIGNATURE));
    save(d, m.name, "x\n", 2);
    verify(d, &f);
    assert_true(has(&f, VERIFY_HANDOVER) && has(&f, VERIFY_CHECKPOINT));
    sign(d, m.at + 1, &m.new, &m.old, &made); /* any that covers it does */
    save(d, m.name, made.note, made.length);
    verify(d, &f);
    assert_int_equal(f.answer.counts[VERIFY_FAULT], 0);
    made.checkpoint.root[0] ^= 1; /* of other records */
    sign_again(&made, &m.new, &m.old);
    save(d, m.name, made.note, made.length);
    verify(d, &f);
    assert_true(has(&f, VERIFY_HANDOVER) && has(&f, VERIFY_ROOT));
}

/* One that covers the next change, too, is no word about this one: its keys signed it afterwards.
 */
static void
both_must_have_signed_before_the_next_change(void **state)
{
    struct disk *d = *state;
    struct outside made;
    struct changed m;
    struct chain c;
    struct found f;

    make_changed(d, &m);
    open_small(d, &c);
    assert_int_equal(rotate(&c), 0);
    chain_close(&c);
    assert_int_equal(unlinkat(d->directory, m.name, 0), 0);
    sign(d, c.change.record, &m.new, &m.old, &made);
    verify_with(d, &f, &made, 1);
    assert_int_equal(f.answer.counts[VERIFY_FAULT], 0);
    sign(d, c.change.record + 2, &m.new, &m.old, &made);
    verify_with(d, &f, &made, 1);
    assert_true(has(&f, VERIFY_HANDOVER) && has(&f, VERIFY_SIGNATURE));
}

static void
who_gives_a_key_vouches_for_it(void **state)
{
    struct disk *d = *state;
    struct verify_answer answer;
    struct changed m;
    struct found f = {.count = 0};

    make_changed(d, &m);
    for (int way = 0; way < 4; way++) {
        const struct note_key *key = way % 2 ? &m.new.public : &m.old.public;
        struct verify_question question = {
            .directory = d->directory, .keys = key, .key_count = 1, .find = find, .arg = &f};

        if (way == 2)
            assert_int_equal(unlinkat(d->directory, m.name, 0), 0);
        f.count = 0;
        assert_int_equal(verify_ledger(&os_real, &question, &answer), 0);
        /* With the old one alone the newest checkpoint is not of a key that was given. */
        assert_int_equal(has(&f, VERIFY_SIGNATURE), way % 2 == 0);
        assert_int_equal(answer.counts[VERIFY_FAULT], (uint64_t)(way % 2 == 0));
        assert_int_equal(has(&f, VERIFY_REPLACED), way == 3);
    }
}

static void
a_lost_key_s_change_is_said_to_be_one(void **state)
{
    struct disk *d = *state;
    struct chain_report report;
    struct found f;
    struct chain c;

    fill_small(d);
    assert_int_equal(unlinkat(d->directory, "signing.key", 0), 0);
    assert_int_equal(chain_open_lost(&c, &d->os, d->directory, &chain_keys, NULL, &report), 0);
    assert_int_equal(rotate(&c), 0);
    chain_close(&c);
    verify(d, &f);
    assert_fault(&f, VERIFY_HANDOVER);
}

/* A record that names it is not enough: the other key has gone, and another one has followed. */
static void
a_key_does_not_come_back(void **state)
{
    struct disk *d = *state;
    uint8_t payload[HANDOVER_PAYLOAD];
    struct changed m;
    struct chain c;
    struct found f;

    make_changed(d, &m);
    open_small(d, &c);
    handover_payload(payload, HANDOVER_IN_USE, m.old.public.public);
    assert_int_equal(chain_begin(&c, 1000), 0);
    put(&c, SEGMENT_KEY, payload, sizeof(payload));
    assert_int_equal(chain_commit(&c), 0);
    assert_int_equal(chain_checkpoint(&c), 0);
    chain_close(&c);
    verify(d, &f);
    assert_fault(&f, VERIFY_KEY);
}

/* Nor where no record says that it was retired. */
static void
a_key_that_another_one_has_followed_does_not_come_back(void **state)
{
    struct disk *d = *state;
    struct signing_key other = key_of(NOTE_KEY_ED25519, "ledger.example/shop", 207);
    struct signing_key first;
    struct chain c;
    struct found f;

    open_small(d, &c);
    first = c.key;
    snprintf(other.public.name, sizeof(other.public.name), "%s", first.public.name);
    put_takeover(&c, &other.public, &first);
    put_takeover(&c, &first.public, &other);
    chain_close(&c);
    verify(d, &f);
    assert_fault(&f, VERIFY_KEY);
}

/* ---- behind the last checkpoint ---- */

static void
a_change_that_no_checkpoint_covers_is_right_if_the_old_key_has_signed_it(void **state)
{
    struct disk *d = *state;
    struct verify_answer answer;
    struct signing_key other;

    for (int way = 0; way < 4; way++) {
        struct found f = {.count = 0};
        struct verify_question question = {.directory = d->directory, .find = find, .arg = &f};
        struct note_key keys[2];
        struct chain c;
        uint64_t at;

        open_small(d, &c);
        other = key_of(NOTE_KEY_ED25519, c.key.public.name, 207);
        at = put_takeover(&c, &other.public, way == 0 ? &c.key : way == 1 ? &other : NULL);
        keys[0] = c.key.public;
        keys[1] = other.public;
        question.keys = keys;
        question.key_count = way == 3 ? 2 : 1;
        chain_close(&c);
        assert_int_equal(verify_ledger(&os_real, &question, &answer), 0);
        if (way == 1 || way == 2) {
            assert_fault(&f, VERIFY_FORGED);
            assert_int_equal(f.records[index_of(&f, VERIFY_FORGED)], at);
        } else {
            assert_int_equal(answer.counts[VERIFY_FAULT], 0);
        }
        assert_int_equal(has(&f, VERIFY_REPLACED), way == 3); /* who gives it vouches for it */
        disk_clear(d);
    }
}

static void
the_key_in_use_is_not_retired(void **state)
{
    struct disk *d = *state;
    uint8_t payload[HANDOVER_PAYLOAD];
    struct chain c;
    struct found f;

    open_small(d, &c);
    handover_payload(payload, HANDOVER_RETIRED, c.key.public.public);
    assert_int_equal(chain_begin(&c, 1000), 0);
    put(&c, SEGMENT_KEY, payload, sizeof(payload));
    assert_int_equal(chain_commit(&c), 0);
    chain_close(&c);
    verify(d, &f);
    assert_fault(&f, VERIFY_FORGED);
}

/* ---- who else reads the newest checkpoint ---- */

static void
the_newest_checkpoint_and_its_proofs_are_of_the_key_in_use(void **state)
{
    struct disk *d = *state;
    static struct verify_signed found;
    struct outside forged;
    struct prover prover;
    struct changed m;

    make_changed(d, &m);
    for (int way = 0; way < 2; way++) { /* without the file, all records are looked through */
        assert_int_equal(verify_newest(&found, &os_real, d->directory, NULL, 0, &chain_keys), 0);
        assert_memory_equal(found.key.public, m.new.public.public, NOTE_KEY_SIZE);
        if (way == 0) {
            assert_int_equal(prover_open(&prover, &os_real, d->directory, &chain_keys), 0);
            assert_memory_equal(prover.key.public, m.new.public.public, NOTE_KEY_SIZE);
            prover_release(&prover);
            assert_int_equal(unlinkat(d->directory, m.name, 0), 0);
        }
    }
    save(d, m.name, m.change.note, m.change.length);
    sign(d, m.at + 4, &m.old, NULL, &forged);
    save(d, "checkpoint", forged.note, forged.length);
    assert_int_equal(verify_newest(&found, &os_real, d->directory, NULL, 0, &chain_keys),
                     PASU_E_CORRUPT);
    assert_int_equal(prover_open(&prover, &os_real, d->directory, &chain_keys), PASU_E_CORRUPT);
    /* Up to the change it was the old one's. */
    save(d, "checkpoint", m.before.note, m.before.length);
    assert_int_equal(verify_newest(&found, &os_real, d->directory, NULL, 0, &chain_keys), 0);
    assert_memory_equal(found.key.public, m.old.public.public, NOTE_KEY_SIZE);
}

static void
names_that_are_none_are_passed_over_and_too_many_refused(void **state)
{
    static const char *const strange[] = {"checkpoint.1", "checkpoint.new",
                                          "checkpoint.0000000000000000000x",
                                          "checkpoint.99999999999999999999"};
    struct disk *d = *state;
    struct verify_answer answer;
    struct verify_question question = {.directory = d->directory};
    char name[HANDOVER_NAME_SIZE];
    uint64_t *records;
    struct changed m;
    size_t count;

    make_changed(d, &m);
    for (size_t i = 0; i < COUNT_OF(strange); i++)
        save(d, strange[i], "x", 1);
    assert_int_equal(handover_list(&os_real, d->directory, &records, &count), 0);
    assert_true(count == 1 && records[0] == m.at);
    memory_free(records);
    for (uint64_t i = 0; i < HANDOVERS_MAX; i++) {
        handover_name(name, 1000 + i);
        save(d, name, "x", 1);
    }
    assert_int_equal(handover_list(&os_real, d->directory, &records, &count), PASU_E_RANGE);
    assert_int_equal(verify_ledger(&os_real, &question, &answer), PASU_E_RANGE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KEYS(a_change_that_both_signed_is_right),
        WITH_KEYS(each_size_has_its_key),
        WITH_KEYS(a_change_without_the_old_key_s_signature_is_found),
        WITH_KEYS(both_must_have_signed_before_the_next_change),
        WITH_KEYS(who_gives_a_key_vouches_for_it),
        WITH_KEYS(a_lost_key_s_change_is_said_to_be_one),
        WITH_KEYS(a_key_does_not_come_back),
        WITH_KEYS(a_key_that_another_one_has_followed_does_not_come_back),
        WITH_KEYS(a_change_that_no_checkpoint_covers_is_right_if_the_old_key_has_signed_it),
        WITH_KEYS(the_key_in_use_is_not_retired),
        WITH_KEYS(the_newest_checkpoint_and_its_proofs_are_of_the_key_in_use),
        WITH_KEYS(names_that_are_none_are_passed_over_and_too_many_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
