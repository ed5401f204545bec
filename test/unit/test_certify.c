/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's part of a certificate: openings of what is there, and a signature that is recorded
 * and can be taken for nothing else. */
#include "disk.h"
#include "ledger/certify.h"
#include "ledger/entry.h"
#include "ledger/opening.h"
#include "ledger/prover.h"

enum { PERSONS = 900, NOTE_MAX = 4096 };

static const struct records_place first_place = {0, sizeof(struct segment_header), 0};
static const uint8_t digest[CERTIFICATE_DIGEST] = {1, 2, 3, 4};

struct ledger {
    struct disk *disk;
    struct log log;
    struct record_keeping records;
    uint64_t exposure; /* index of its record */
    uint32_t ordinals[PERSONS];
};

/* A keeper that has recorded one exposure. */
static void
ledger_begin(struct ledger *l, struct disk *d)
{
    struct exposure e = {.session = 1, .statements = 1, .part_count = 1};
    const struct segment_taken taken = {.count = 1, .to = 64};
    static uint8_t bytes[EXPOSURE_ENCODED_MAX];
    ssize_t length;

    *l = (struct ledger){.disk = d, .log = {.fd = -1, .level = LOG_ERROR + 1, .os = &d->os}};
    for (uint32_t i = 0; i < PERSONS; i++)
        l->ordinals[i] = 7 * i + (i > 300 ? 5 : 0);
    e.parts[0] = (struct exposure_part){
        .attribution = ATTRIBUTION_KEY, .ordinals = l->ordinals, .ordinal_count = PERSONS};
    record_init(&l->records, &l->log, d->directory);
    assert_int_equal(record_open(&l->records), 0);
    length = exposure_encode(&e, bytes, sizeof(bytes));
    assert_true(length > 0);
    assert_int_equal(record_batch_begin(&l->records), 0);
    l->exposure = chain_size(&l->records.chain);
    assert_int_equal(
        record_batch_put(&l->records, SEGMENT_EXPOSURE, view_of(bytes, (size_t)length)), 0);
    assert_int_equal(record_batch_end(&l->records, &taken), 0);
}

static int
open_list(struct ledger *l, uint64_t record, uint8_t part, uint8_t which, uint64_t *index)
{
    const struct control_opening asked = {.segment = first_place.segment,
                                          .offset = first_place.offset,
                                          .from = first_place.index,
                                          .record = record,
                                          .part = part,
                                          .which = which};

    return certify_open(&l->records, &asked, index);
}

/* ---- openings ---- */

/* As the command does it, from the files. */
static void
prove(struct ledger *l, uint64_t index, uint32_t number)
{
    static uint32_t space[EXPOSURE_ALL_MAX];
    struct prover p;
    struct segment_record record;
    struct payload_opening opening;
    struct exposure exposure;
    struct opening_leaf leaf;
    struct tree_hash hash;
    struct tree_proof proof;

    assert_int_equal(prover_open(&p, &l->disk->os, l->disk->directory, NULL), 0);
    assert_int_equal(prover_record(&p, index, &record), 0);
    assert_int_equal(payload_read_opening(&opening, record.payload), 0);
    assert_int_equal(entry_leaf(&p.digester.hasher, &record, &hash), 0);
    assert_int_equal(prover_prove(&p, index, &hash, &proof), 0);
    assert_int_equal(opening.record, l->exposure);
    assert_int_equal(prover_record(&p, l->exposure, &record), 0);
    assert_int_equal(exposure_decode(&exposure,
                                     view_of(record.payload.bytes + ENTRY_SALT,
                                             record.payload.length - ENTRY_SALT),
                                     space, COUNT_OF(space)),
                     0);
    assert_int_equal(opening_prove(&leaf, &p.digester.hasher, &opening, &exposure, number), 0);
    assert_int_equal(leaf.ordinal, l->ordinals[number]);
    assert_int_equal(opening_verify(&p.digester.hasher, &opening, &leaf), 0);
    prover_release(&p);
}

static void
an_opening_is_appended_and_proves_whom_its_list_names(void **state)
{
    struct ledger l;
    uint64_t index = 0, again = 0;

    ledger_begin(&l, *state);
    assert_int_equal(open_list(&l, l.exposure, 0, 0, &index), 0);
    assert_int_equal(index, chain_size(&l.records.chain) - 1);
    assert_int_equal(open_list(&l, l.exposure, 0, 0, &again), 0);
    assert_int_equal(again, index + 1);
    assert_int_equal(record_sign(&l.records), 0);
    for (uint32_t number = 0; number < PERSONS; number += 149)
        prove(&l, index, number);
    prove(&l, again, PERSONS - 1);
    record_close(&l.records);
}

static void
what_is_not_there_is_not_opened(void **state)
{
    struct ledger l;
    struct control_opening asked;
    uint64_t index, size;

    ledger_begin(&l, *state);
    size = chain_size(&l.records.chain);
    for (uint64_t record = 0; record < size + 2; record++)
        if (record != l.exposure)
            assert_int_equal(open_list(&l, record, 0, 0, &index), PASU_E_NOTFOUND);
    assert_int_equal(open_list(&l, UINT64_MAX, 0, 0, &index), PASU_E_NOTFOUND);
    assert_int_equal(open_list(&l, l.exposure, 0, 1, &index), PASU_E_NOTFOUND);
    assert_int_equal(open_list(&l, l.exposure, 1, 0, &index), PASU_E_NOTFOUND);
    assert_int_equal(open_list(&l, l.exposure, 255, 255, &index), PASU_E_NOTFOUND);
    asked = (struct control_opening){.record = l.exposure};
    for (asked.offset = 0; asked.offset < 4096; asked.offset += 8)
        for (asked.from = 0; asked.from < 5; asked.from++) {
            int result = certify_open(&l.records, &asked, &index);

            assert_true(result == 0 || chain_size(&l.records.chain) == size);
            size = chain_size(&l.records.chain);
        }
    asked = (struct control_opening){.segment = 1 << 20, .record = l.exposure};
    assert_true(certify_open(&l.records, &asked, &index) < 0);
    record_close(&l.records);
    assert_int_equal(open_list(&l, l.exposure, 0, 0, &index), PASU_E_UNAVAILABLE);
}

static void
whichever_call_fails_an_opening_is_there_or_an_error_says_so(void **state)
{
    struct disk *d = *state;
    struct ledger l;
    int failures = 0;

    ledger_begin(&l, d);
    for (int n = 0; n < 40; n++) {
        uint64_t index = 0, before = chain_size(&l.records.chain);
        int result;

        d->calls_left = n;
        result = open_list(&l, l.exposure, 0, 0, &index);
        d->calls_left = -1;
        failures += result != 0;
        if (result == 0)
            assert_int_equal(index, chain_size(&l.records.chain) - 1);
        assert_true(result != 0 || chain_size(&l.records.chain) > before);
    }
    assert_true(failures > 2 && failures < 40);
    record_close(&l.records);
}

/* ---- the signature ---- */

static size_t
sign(struct ledger *l, uint8_t note[CERTIFICATE_NOTE_MAX])
{
    struct writer w = writer_of(note, CERTIFICATE_NOTE_MAX);

    assert_int_equal(certify_sign(&l->records, digest, 1000, 77, &w), 0);
    return writer_length(&w);
}

static void
a_certificate_is_signed_once_that_is_recorded(void **state)
{
    static const char said[] = "certificate "
                               "0102030400000000000000000000000000000000000000000000000000000000";
    struct disk *d = *state;
    uint8_t note[CERTIFICATE_NOTE_MAX];
    struct segment_record record;
    struct payload_asked asked;
    struct ledger l;
    struct prover p;
    struct writer w = writer_of(note, sizeof(note));

    ledger_begin(&l, d);
    assert_int_equal(
        certificate_check(&l.records.chain.key.public, digest, view_of(note, sign(&l, note))), 0);
    assert_int_equal(record_sign(&l.records), 0);
    assert_int_equal(prover_open(&p, &d->os, d->directory, NULL), 0);
    assert_int_equal(prover_record(&p, chain_size(&l.records.chain) - 1, &record), 0);
    assert_int_equal(record.type, SEGMENT_ASKED);
    assert_int_equal(payload_read_asked(&asked, record.payload), 0);
    assert_string_equal(asked.command, "certify");
    assert_string_equal(asked.filters, said);
    assert_int_equal(asked.uid, 1000);
    assert_int_equal(asked.pid, 77);
    prover_release(&p);
    d->calls_left = 0;
    assert_true(certify_sign(&l.records, digest, 1000, 77, &w) < 0);
    assert_int_equal(writer_length(&w), 0);
    d->calls_left = -1;
    record_close(&l.records);
}

static void
any_changed_bit_of_it_or_another_digest_or_key_is_refused(void **state)
{
    struct ledger l;
    uint8_t note[CERTIFICATE_NOTE_MAX], other[CERTIFICATE_DIGEST];
    const struct note_key *key = &l.records.chain.key.public;
    struct note_key stranger;
    size_t length;

    ledger_begin(&l, *state);
    length = sign(&l, note);
    for (size_t i = 0; i < 8 * length; i++) {
        note[i / 8] ^= (uint8_t)(1 << i % 8);
        assert_int_equal(certificate_check(key, digest, view_of(note, length)), PASU_E_CORRUPT);
        note[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    for (size_t i = 0; i < length; i++)
        assert_int_equal(certificate_check(key, digest, view_of(note, i)), PASU_E_CORRUPT);
    memcpy(other, digest, sizeof(other));
    other[31]++;
    assert_int_equal(certificate_check(key, other, view_of(note, length)), PASU_E_CORRUPT);
    memcpy(other, key->public, sizeof(other));
    other[0] ^= 1;
    assert_int_equal(note_key_init(&stranger, NOTE_KEY_ED25519, view_of_text(key->name), other), 0);
    assert_int_equal(certificate_check(&stranger, digest, view_of(note, length)), PASU_E_CORRUPT);
    record_close(&l.records);
}

static void
it_is_no_checkpoint_and_a_checkpoint_is_none(void **state)
{
    struct disk *d = *state;
    struct ledger l;
    uint8_t note[CERTIFICATE_NOTE_MAX], bytes[NOTE_MAX];
    const struct note_key *key = &l.records.chain.key.public;
    struct checkpoint checkpoint;
    struct note_voice voice;
    int fd;
    ssize_t length;

    ledger_begin(&l, d);
    assert_int_equal(checkpoint_open(&checkpoint, view_of(note, sign(&l, note)), key, 1, &voice),
                     PASU_E_MALFORMED);
    assert_int_equal(record_sign(&l.records), 0);
    fd = openat(d->directory, "checkpoint", O_RDONLY | O_CLOEXEC);
    length = read(fd, bytes, sizeof(bytes));
    close(fd);
    assert_true(length > 0);
    assert_int_equal(checkpoint_open(&checkpoint, view_of(bytes, (size_t)length), key, 1, &voice),
                     0);
    assert_int_equal(certificate_check(key, checkpoint.root, view_of(bytes, (size_t)length)),
                     PASU_E_CORRUPT);
    record_close(&l.records);
}

#define ON_DISK(test) cmocka_unit_test_setup_teardown(test, disk_make, disk_remove)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DISK(an_opening_is_appended_and_proves_whom_its_list_names),
        ON_DISK(what_is_not_there_is_not_opened),
        ON_DISK(whichever_call_fails_an_opening_is_there_or_an_error_says_so),
        ON_DISK(a_certificate_is_signed_once_that_is_recorded),
        ON_DISK(any_changed_bit_of_it_or_another_digest_or_key_is_refused),
        ON_DISK(it_is_no_checkpoint_and_a_checkpoint_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
