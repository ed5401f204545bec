/* SPDX-License-Identifier: Apache-2.0 */
/* Who can write files, and not sign, has nothing deleted by saying that it was. */
#include "prune_story.h"

#include "ledger/handover_signature.h"
#include "ledger/rotation.h"
#include "ledger/verify.h"

#include <errno.h>

enum { NOTE = 4096 };

/* What stands in the place of what a keeper has signed. */
enum forgery {
    UNSIGNED,
    OTHER_KEY,
    RETIRED_KEY,
    OTHER_INDEX,
    OTHER_TIME,
    OTHER_LEDGER,
    OTHER_BYTES,
    BEHIND_A_KEY, /* that no checkpoint covers yet: by the key before, */
    BY_THAT_KEY,  /* or by that one */
    FORGERIES,
};

struct seen {
    uint64_t faults, unseen, forged, missing, pruned;
    uint64_t record, offset; /* of the last one that is forged */
    char file[64];
};

static void
find(void *arg, const struct verify_finding *finding)
{
    struct seen *seen = arg;

    seen->faults += verify_kind(finding->what) == VERIFY_FAULT;
    seen->unseen += verify_kind(finding->what) == VERIFY_UNSEEN;
    seen->missing += finding->what == VERIFY_MISSING;
    seen->pruned += finding->what == VERIFY_PRUNED;
    if (finding->what != VERIFY_FORGED)
        return;
    seen->forged++;
    seen->record = finding->record;
    seen->offset = finding->has_offset ? finding->offset : 0;
    snprintf(seen->file, sizeof(seen->file), "%s", finding->file ? finding->file : "");
}

static void
verify(struct place *p, struct seen *seen)
{
    struct segment_keys keys;
    const struct verify_question question = {
        .directory = p->directory, .segment_keys = &keys, .find = find, .arg = seen};
    struct verify_answer answer;

    add_key(&keys);
    *seen = (struct seen){0};
    assert_int_equal(verify_ledger(&os_real, &question, &answer), 0);
    segment_keys_release(&keys);
}

static void
assert_well(struct place *p)
{
    struct seen seen;

    verify(p, &seen);
    assert_int_equal(seen.faults, 0);
    assert_int_equal(seen.unseen, 0);
}

/* No two keys are the same. */
static int
other_random(void *arg PASU_UNUSED, void *bytes, size_t size)
{
    static uint8_t last;

    memset(bytes, ++last, size);
    return 0;
}

static void
rotate(struct place *p)
{
    struct payload_asked asked;

    p->os.random = other_random;

    rotation_asked(&asked, 1000, 1, "test", false);
    assert_int_equal(rotation_make(&p->records, &asked), 0);
}

/* ---- the forged record ---- */

/* What a keeper would say of the first segments, and the roots. */
static void
say_deleted(struct place *p, struct pruned *pruned)
{
    struct tree_frontier frontier = {0};
    struct tree_hasher hasher;

    *pruned = (struct pruned){.index = chain_size(&p->records.chain),
                              .time = p->disk->time,
                              .body = {.first = first_of(p), .end = segment_begin_of(p, 3)}};
    pruned->body.carried = pruned->index;
    assert_int_equal(tree_hasher_init(&hasher), 0);
    see_leaves(p, &hasher);
    while (frontier.size < pruned->body.end)
        assert_int_equal(tree_frontier_add(&frontier, &hasher, &leaves[frontier.size]), 0);
    tree_hasher_release(&hasher);
    pruned_settle(pruned);
    for (unsigned height = TREE_HEIGHTS; height-- > 0;)
        if (pruned->body.end >> height & 1) {
            memcpy(pruned->frontier + pruned->body.frontier.length, frontier.nodes[height].bytes,
                   TREE_HASH_SIZE);
            pruned->body.frontier.length += TREE_HASH_SIZE;
        }
}

static void
put_key(struct place *p, const struct signing_key *key)
{
    const struct chain *c = &p->records.chain;
    uint8_t payload[HANDOVER_SIGNED], id[SEGMENT_ID_SIZE];
    const struct iovec part = {payload, sizeof(payload)};
    uint64_t index;

    handover_payload(payload, HANDOVER_IN_USE, key->public.public);
    assert_int_equal(handover_ledger(c->os, c->segments, c->keys, id), 0);
    assert_int_equal(handover_sign(payload, chain_size(c), p->disk->time, id, &c->key), 0);
    assert_int_equal(chain_begin(&p->records.chain, segment_room(sizeof(payload))), 0);
    assert_int_equal(chain_put(&p->records.chain, SEGMENT_KEY, p->disk->time, &part, 1, &index), 0);
    assert_int_equal(chain_commit(&p->records.chain), 0);
}

/* The record is the next one, behind the last checkpoint. Its index. */
static uint64_t
forge(struct place *p, enum forgery how, const struct signing_key *retired)
{
    struct signing_key key = p->records.chain.key, other;
    struct pruned pruned;
    union payload_body body;
    uint64_t index;

    assert_int_equal(
        signing_key_make(&other, &os_real, NOTE_KEY_ED25519, view_of_text(key.public.name)), 0);
    if (how == BEHIND_A_KEY || how == BY_THAT_KEY)
        put_key(p, &other);
    if (how == OTHER_KEY || how == BY_THAT_KEY)
        key = other;
    say_deleted(p, &pruned);
    index = pruned.index;
    if (how == RETIRED_KEY)
        key = *retired;
    if (how == OTHER_LEDGER)
        snprintf(key.public.name, sizeof(key.public.name), "ledger.example/other");
    pruned.index += how == OTHER_INDEX;
    pruned.time += how == OTHER_TIME;
    if (how != UNSIGNED)
        assert_int_equal(pruned_sign(&pruned, &key), 0);
    pruned.body.until += how == OTHER_BYTES;
    body.pruned = pruned.body;
    assert_int_equal(record_again(&p->records, SEGMENT_PRUNED, &body), 0);
    assert_int_equal(chain_size(&p->records.chain), index + 1);
    signing_key_release(&key);
    signing_key_release(&other);
    return index;
}

/* A ledger that has the forged record behind its last checkpoint. Its index. */
static uint64_t
make_forged(struct place *p, enum forgery how, bool is_pruned_before)
{
    struct signing_key old;
    uint64_t index;

    make_ledger(p);
    leaf_count = 0;
    check_root(p);
    if (is_pruned_before)
        prune_all(p);
    old = p->records.chain.key;
    if (how == RETIRED_KEY)
        rotate(p);
    live_a_day(p, DAYS);
    index = forge(p, how, &old);
    signing_key_release(&old);
    kill_keeper(p);
    return index;
}

/* ---- it is refused ---- */

static size_t
read_note(struct place *p, char note[NOTE])
{
    int fd = openat(p->directory, "checkpoint", O_RDONLY | O_CLOEXEC);
    ssize_t length = read(fd, note, NOTE);

    assert_true(length > 0);
    close(fd);
    return (size_t)length;
}

static int
try_keeper(struct place *p)
{
    int result;

    record_init(&p->records, &p->log, p->directory);
    add_key(&p->records.keys);
    result = record_open(&p->records);
    record_close(&p->records);
    return result;
}

static void
cut_off(struct place *p, const struct seen *seen)
{
    int fd = openat(p->directory, seen->file, O_WRONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)seen->offset), 0);
    close(fd);
}

/* By who verifies, who is told where; by the keeper, who signs nothing; and cut off there the
 * ledger is as it was. */
static void
check_refused(struct place *p, enum forgery how, uint64_t index)
{
    char before[NOTE], after[NOTE];
    size_t length = read_note(p, before);
    uint64_t first = first_of(p);
    struct seen seen;

    verify(p, &seen);
    assert_int_equal(seen.forged, 1);
    assert_int_equal(seen.faults, 1);
    assert_int_equal(seen.record, index);
    assert_int_equal(seen.offset > 0, how != BY_THAT_KEY);
    assert_int_equal(try_keeper(p), PASU_E_LEDGER_FORGED);
    assert_int_equal(try_keeper(p), PASU_E_LEDGER_FORGED);
    assert_int_equal(read_note(p, after), length);
    assert_memory_equal(before, after, length);
    assert_int_equal(first_of(p), first);
    if (how == BEHIND_A_KEY || how == BY_THAT_KEY)
        return; /* the key is to be cut off, too */
    cut_off(p, &seen);
    open_keeper(p);
    prune_all(p);
    stop_keeper(p);
    assert_well(p);
    assert_true(first_of(p) > first);
}

static void
a_forged_record_behind_the_last_checkpoint_is_refused(void **state)
{
    struct place *p = *state;

    for (enum forgery how = 0; how < FORGERIES; how++)
        check_refused(p, how, make_forged(p, how, false));
}

static void
of_a_ledger_that_was_pruned_before_as_well(void **state)
{
    struct place *p = *state;

    for (enum forgery how = 0; how < FORGERIES; how++)
        check_refused(p, how, make_forged(p, how, true));
}

static void
of_an_encrypted_ledger_as_well(void **state)
{
    struct place *p = *state;

    is_encrypted = true;
    check_refused(p, OTHER_KEY, make_forged(p, OTHER_KEY, true));
    is_encrypted = false;
}

static int
rename_no_checkpoint(void *arg PASU_UNUSED, int from, const char *old, int to, const char *new)
{
    if (strcmp(new, "checkpoint") != 0)
        return renameat(from, old, to, new);
    errno = EIO;
    return -1;
}

/* A keeper that is killed before the checkpoint. */
static void
make_unsigned(struct place *p)
{
    p->os.renameat = rename_no_checkpoint;
    prune_all(p);
    kill_keeper(p);
}

static void
what_the_key_has_signed_is_gone_on_with(void **state)
{
    struct place *p = *state;
    struct seen seen;
    uint64_t first;

    make_ledger(p);
    make_unsigned(p);
    assert_int_equal(first_of(p), 0);
    verify(p, &seen);
    assert_int_equal(seen.faults + seen.unseen, 0);
    assert_int_equal(seen.pruned, 1);
    open_keeper(p);
    prune_all(p);
    first = first_of(p);
    assert_true(first > 0);
    for (unsigned day = DAYS; day < 2 * DAYS; day++)
        live_a_day(p, day);
    make_unsigned(p);
    assert_int_equal(first_of(p), first);
    verify(p, &seen);
    assert_int_equal(seen.faults + seen.unseen, 0);
    open_keeper(p);
    prune_all(p);
    assert_true(first_of(p) > first);
    stop_keeper(p);
    assert_well(p);
}

/* Whatever it says, before a checkpoint says so too. */
static void
what_is_gone_already_is_missing(void **state)
{
    struct place *p = *state;

    for (int is_genuine = 0; is_genuine < 2; is_genuine++) {
        char name[SEGMENT_NAME_SIZE];
        struct seen seen;
        int folder;

        if (is_genuine) {
            make_ledger(p);
            make_unsigned(p);
        } else {
            make_forged(p, UNSIGNED, false);
        }
        folder = open_segments(p);
        segment_name(name, 0);
        assert_int_equal(unlinkat(folder, name, 0), 0);
        close(folder);
        verify(p, &seen);
        assert_true(seen.missing > 0);
        assert_int_equal(try_keeper(p), PASU_E_CORRUPT);
    }
}

/* ---- in the place of a record that a checkpoint covers ---- */

/* The first record behind an index that is not at the end of its segment: where it is. */
static uint64_t
seek(struct place *p, size_t number, uint64_t from, uint8_t id[SEGMENT_ID_SIZE], uint64_t *index)
{
    const struct segment_keys none = {0};
    struct segment_record record;
    struct segment_scan scan;
    int folder = open_segments(p);

    assert_int_equal(
        segment_scan_enter(&scan, &os_real, folder, segment_begin_of(p, number), &none), 0);
    do
        assert_int_equal(segment_scan_next(&scan, &record), 1);
    while (record.index < from);
    assert_true(record.offset < SIZE / 2);
    memcpy(id, scan.header.id, SEGMENT_ID_SIZE);
    *index = record.index;
    segment_scan_leave(&scan);
    close(folder);
    return record.offset;
}

/* Writes over what is there from that record on. */
static void
write_over(struct place *p, size_t number, const struct pruned *said)
{
    uint8_t payload[PRUNED_PAYLOAD_MAX] = {0}, id[SEGMENT_ID_SIZE];
    struct pruned pruned = *said;
    struct segment_record record;
    struct segment_head head;
    uint64_t offset = seek(p, number, 0, id, &pruned.index);
    int fd = open_segment(p, segment_begin_of(p, number), O_RDWR);

    pruned.body.carried = pruned.index;
    assert_int_equal(pruned_record(&pruned, payload, &record), 0);
    head = (struct segment_head){.length = (uint32_t)record.payload.length,
                                 .index = pruned.index,
                                 .time = pruned.time,
                                 .type = SEGMENT_PRUNED};
    head.crc = segment_crc(segment_seed(id), head, payload);
    assert_int_equal(pwrite(fd, &head, sizeof(head), (off_t)offset), sizeof(head));
    assert_int_equal(pwrite(fd, payload, record.payload.length, (off_t)(offset + sizeof(head))),
                     (ssize_t)record.payload.length);
    close(fd);
}

/* Not all that is covered is read when a keeper starts: it looks once more before it deletes. */
static void
in_the_place_of_another_record_it_deletes_nothing(void **state)
{
    struct place *p = *state;
    struct pruned pruned;
    struct prune all;
    uint64_t first, *firsts;
    size_t count;
    int folder;

    make_ledger(p);
    leaf_count = 0;
    check_root(p);
    prune_all(p);
    for (unsigned day = DAYS; day < 3 * DAYS; day++)
        live_a_day(p, day);
    first = first_of(p);
    say_deleted(p, &pruned);
    stop_keeper(p);
    folder = open_segments(p);
    assert_int_equal(segment_list(&os_real, folder, &firsts, &count), 0);
    assert_true(count > 8 && pruned.index - firsts[count / 2] > 2 * (uint64_t)TILE_WIDTH);
    memory_free(firsts);
    close(folder);
    write_over(p, count / 2, &pruned);
    open_keeper(p);
    prune_init(&all, &p->records);
    prune_set(&all, 100 * DAY); /* nothing is due by its age */
    prune(p, &all);
    assert_true(all.has_failed);
    assert_int_equal(first_of(p), first);
    prune_release(&all);
    stop_keeper(p);
}

/* ---- another key ---- */

static void
prune_around_a_change(struct place *p)
{
    uint64_t change;

    make_ledger(p);
    leaf_count = 0;
    check_root(p);
    prune_all(p);
    assert_true(first_of(p) > TILE_WIDTH);
    change = chain_size(&p->records.chain);
    rotate(p);
    assert_well(p);
    for (unsigned day = DAYS; day < 2 * DAYS; day++)
        live_a_day(p, day);
    assert_well(p);
    check_root(p);
    prune_all(p);
    check_root(p);
    assert_true(first_of(p) > change + 3); /* both keys are carried over */
    assert_well(p);
    stop_keeper(p);
    open_keeper(p);
    rotate(p);
    live_a_day(p, 2 * DAYS);
    stop_keeper(p);
    assert_well(p);
}

static void
pruned_before_and_after_its_key_changed_it_verifies(void **state)
{
    prune_around_a_change(*state);
    is_encrypted = true;
    prune_around_a_change(*state);
    is_encrypted = false;
}

static int
unlink_nothing(void *arg PASU_UNUSED, int directory PASU_UNUSED, const char *name PASU_UNUSED,
               int flags PASU_UNUSED)
{
    errno = EIO;
    return -1;
}

/* The key that has signed what is to be deleted is gone: the tree has the record. */
static void
what_was_begun_before_a_change_of_the_key_goes_on(void **state)
{
    struct place *p = *state;
    struct prune all;
    uint64_t first;

    make_ledger(p);
    leaf_count = 0;
    check_root(p);
    prune_all(p);
    for (unsigned day = DAYS; day < 2 * DAYS; day++)
        live_a_day(p, day);
    first = first_of(p);
    p->os.unlinkat = unlink_nothing;
    prune_init(&all, &p->records);
    prune_set(&all, KEPT_DAYS * DAY);
    prune(p, &all);
    assert_true(all.phase == PRUNE_REMOVE && first_of(p) == first);
    prune_release(&all);
    stop_keeper(p);
    open_keeper(p);
    rotate(p);
    stop_keeper(p);
    open_keeper(p);
    prune_init(&all, &p->records);
    prune_set(&all, 100 * DAY); /* but for that, nothing is due */
    prune(p, &all);
    assert_false(all.has_failed);
    assert_true(first_of(p) > first);
    prune_release(&all);
    stop_keeper(p);
    assert_well(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DISK(a_forged_record_behind_the_last_checkpoint_is_refused),
        ON_DISK(of_a_ledger_that_was_pruned_before_as_well),
        ON_DISK(of_an_encrypted_ledger_as_well),
        ON_DISK(what_the_key_has_signed_is_gone_on_with),
        ON_DISK(what_is_gone_already_is_missing),
        ON_DISK(in_the_place_of_another_record_it_deletes_nothing),
        ON_DISK(pruned_before_and_after_its_key_changed_it_verifies),
        ON_DISK(what_was_begun_before_a_change_of_the_key_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
