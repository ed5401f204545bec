/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's side of publishing, with a herald that asks what it likes and reads when it likes.
 */
#include "base/memory.h"
#include "clock.h"
#include "ledger/publisher.h"
#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RECORDS = 700 };

struct place {
    char path[32];
    int directory;
    struct log log;
    struct record_keeping records;
    struct publisher publisher;
    struct channel herald; /* its end */
    struct tree_hash roots[2];
    uint64_t sizes[2];
};

static void
link_herald(struct place *p)
{
    int ends[2];

    assert_int_equal(channel_pair(ends), 0);
    publisher_take(&p->publisher, ends[0]);
    channel_init(&p->herald, ends[1], message_rules_herald_from_keeper,
                 message_rules_herald_from_keeper_count);
}

/* Signs, and notes size and root. */
static void
sign(struct place *p, size_t i)
{
    assert_int_equal(record_sign(&p->records), 0);
    p->sizes[i] = p->records.chain.signed_size;
    assert_int_equal(tree_frontier_root(&p->records.chain.tiles.frontier, &p->records.chain.hasher,
                                        &p->roots[i]),
                     0);
}

static void
add_records(struct place *p)
{
    const union payload_body body = {.refused = {.at = 1, .error = PASU_E_EOF}};

    for (int i = 0; i < RECORDS; i++)
        assert_int_equal(record_other(&p->records, SEGMENT_REFUSED, &body), 0);
}

static int
begin(void **state)
{
    struct place *p = memory_new(1, sizeof(*p));

    assert_non_null(p);
    snprintf(p->path, sizeof(p->path), "/tmp/publisher.XXXXXX");
    assert_non_null(mkdtemp(p->path));
    p->directory = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    p->log = (struct log){.fd = -1, .level = LOG_ERROR + 1, .process = "test", .os = &os_real};
    record_init(&p->records, &p->log, p->directory);
    p->records.durability = DURABILITY_OS;
    assert_int_equal(record_open(&p->records), 0);
    publisher_init(&p->publisher, &p->log, NULL);
    link_herald(p);
    sign(p, 0);
    add_records(p);
    sign(p, 1);
    *state = p;
    return 0;
}

static int
remove_one(const char *path, const struct stat *st PASU_UNUSED, int kind PASU_UNUSED,
           struct FTW *place PASU_UNUSED)
{
    return remove(path);
}

static int
end(void **state)
{
    struct place *p = *state;

    record_close(&p->records);
    publisher_close(&p->publisher);
    channel_close(&p->herald);
    close(p->directory);
    assert_int_equal(nftw(p->path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    memory_free(p);
    return 0;
}

static int
hear(struct place *p, enum message_type type, void *body, size_t size)
{
    struct channel_message message;
    int result = channel_receive(&p->herald, &message);

    if (result != 0)
        return result;
    assert_int_equal(message.type, type);
    memcpy(body, message.body, size);
    return 0;
}

static void
ask(struct place *p, uint64_t from, uint64_t to, struct message_proof *proof)
{
    struct message_prove question = {from, to};

    assert_int_equal(channel_send(&p->herald, MESSAGE_PROVE, &question, sizeof(question), -1), 0);
    publisher_serve(&p->publisher, &p->records);
    assert_int_equal(hear(p, MESSAGE_PROOF, proof, sizeof(*proof)), 0);
    assert_true(proof->from == from && proof->to == to);
}

static void
a_checkpoint_is_told_once(void **state)
{
    struct place *p = *state;
    struct message_checkpoint checkpoint = {0};

    publisher_look(&p->publisher, &p->records);
    publisher_look(&p->publisher, &p->records);
    assert_int_equal(hear(p, MESSAGE_CHECKPOINT, &checkpoint, sizeof(checkpoint)), 0);
    assert_true(checkpoint.size == p->sizes[1] && checkpoint.length > 0);
    assert_int_equal(hear(p, MESSAGE_CHECKPOINT, &checkpoint, sizeof(checkpoint)), PASU_E_AGAIN);
    channel_close(&p->herald);
    link_herald(p);
    publisher_look(&p->publisher, &p->records);
    assert_int_equal(hear(p, MESSAGE_CHECKPOINT, &checkpoint, sizeof(checkpoint)), 0);
    assert_true(checkpoint.size == p->sizes[1]);
}

static void
a_proof_is_good_and_only_of_what_is_signed(void **state)
{
    struct place *p = *state;
    struct message_proof proof = {0};
    const uint64_t last = p->sizes[1];
    const uint64_t bad[][2] = {{0, last},
                               {0, 0},
                               {last, last},
                               {last, 1},
                               {1, last + 1},
                               {last, UINT64_MAX},
                               {UINT64_MAX, UINT64_MAX},
                               {UINT64_MAX, last}};

    ask(p, p->sizes[0], last, &proof);
    assert_int_equal(tree_verify_consistency(&p->records.chain.hasher, p->sizes[0], &p->roots[0],
                                             last, &p->roots[1], proof.hashes, proof.count),
                     0);
    add_records(p); /* which are in the tree, and not signed */
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        ask(p, bad[i][0], bad[i][1], &proof);
        assert_int_equal(proof.count, 0);
    }
}

/* It asks and never reads: the keeper answers what there is room for, and is held up by nothing. */
static void
a_herald_that_does_not_read_costs_nothing_but_itself(void **state)
{
    struct place *p = *state;
    struct message_prove question = {1, p->sizes[1]};
    struct message_checkpoint checkpoint = {0};
    struct message_proof proof = {0};
    int answers = 0;

    for (int i = 0; i < 5000; i++) {
        if (channel_send(&p->herald, MESSAGE_PROVE, &question, sizeof(question), -1) != 0)
            assert_true(i > 0);
        publisher_serve(&p->publisher, &p->records);
    }
    publisher_look(&p->publisher, &p->records); /* there is no room for it */
    while (hear(p, MESSAGE_PROOF, &proof, sizeof(proof)) == 0)
        answers++;
    assert_true(answers > 0 && answers < 5000);
    publisher_look(&p->publisher, &p->records);
    assert_int_equal(hear(p, MESSAGE_CHECKPOINT, &checkpoint, sizeof(checkpoint)), 0);
    assert_true(checkpoint.size == p->sizes[1]);
}

static void
what_it_says_of_targets_is_bounded(void **state)
{
    struct place *p = *state;
    struct message_target target;
    const uint32_t wild[][2] = {{UINT32_MAX, 1}, {1, 1}, {0, UINT32_MAX}, {0, TARGETS_MAX + 1}};

    memset(&target, 'x', sizeof(target));
    for (size_t i = 0; i < COUNT_OF(wild); i++) {
        target.index = wild[i][0];
        target.count = wild[i][1];
        assert_int_equal(channel_send(&p->herald, MESSAGE_TARGET, &target, sizeof(target), -1), 0);
    }
    publisher_serve(&p->publisher, &p->records);
    assert_int_equal(p->publisher.target_count, 0);
    target.index = TARGETS_MAX - 1;
    target.count = TARGETS_MAX;
    assert_int_equal(channel_send(&p->herald, MESSAGE_TARGET, &target, sizeof(target), -1), 0);
    assert_int_equal(channel_send(&p->herald, MESSAGE_CHECKPOINT, &target, 8, -1), 0); /* may not */
    publisher_serve(&p->publisher, &p->records);
    assert_int_equal(p->publisher.target_count, TARGETS_MAX);
    assert_int_equal(strlen(p->publisher.targets[TARGETS_MAX - 1].error), TARGET_ERROR_SIZE - 1);
    assert_true(p->publisher.herald.fd >= 0);
    channel_close(&p->herald);
    publisher_serve(&p->publisher, &p->records);
    assert_int_equal(p->publisher.herald.fd, -1);
    assert_int_equal(p->publisher.target_count, 0);
}

/* Whatever witnesses have: the keeper is there until the herald has asked for the last time. */
static void
the_last_checkpoint_is_proved_until_the_herald_has_ended(void **state)
{
    struct place *p = *state;
    struct message_checkpoint checkpoint = {0};
    struct message_empty stop;
    struct message_proof proof = {0};
    struct message_prove question = {0};
    struct tree_hash root;

    record_end(&p->records);
    assert_true(p->records.chain.signed_size > p->sizes[1]);
    assert_int_equal(
        tree_frontier_root(&p->records.chain.tiles.frontier, &p->records.chain.hasher, &root), 0);
    for (size_t i = 0; i < 2; i++) {
        question = (struct message_prove){p->sizes[i], p->records.chain.signed_size};
        assert_int_equal(channel_send(&p->herald, MESSAGE_PROVE, &question, sizeof(question), -1),
                         0);
    }
    assert_int_equal(shutdown(p->herald.fd, SHUT_WR), 0); /* it reads still, and says no more */
    publisher_end(&p->publisher, &p->records);
    assert_int_equal(p->publisher.herald.fd, -1);
    assert_int_equal(hear(p, MESSAGE_CHECKPOINT, &checkpoint, sizeof(checkpoint)), 0);
    assert_true(checkpoint.size == p->records.chain.signed_size);
    assert_int_equal(hear(p, MESSAGE_STOP, &stop, sizeof(stop)), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(hear(p, MESSAGE_PROOF, &proof, sizeof(proof)), 0);
        assert_true(proof.from == p->sizes[i] && proof.to == checkpoint.size);
        assert_int_equal(tree_verify_consistency(&p->records.chain.hasher, proof.from, &p->roots[i],
                                                 proof.to, &root, proof.hashes, proof.count),
                         0);
    }
}

/* A second for each look. */
static int64_t
hurried(void *arg)
{
    int64_t *moment = arg;

    return *moment += NANOSECONDS_PER_SECOND;
}

static void
a_herald_that_does_not_end_is_not_waited_for(void **state)
{
    struct place *p = *state;
    struct message_checkpoint checkpoint = {0};
    struct message_empty stop;
    int64_t moment = 0;
    const struct os os = {.arg = &moment, .monotonic = hurried};
    const struct log log = {.fd = -1, .level = LOG_ERROR + 1, .process = "test", .os = &os};

    p->publisher.log = &log;
    publisher_end(&p->publisher, &p->records);
    p->publisher.log = &p->log;
    assert_true(moment >= PUBLISHER_PATIENCE &&
                moment <= PUBLISHER_PATIENCE + 2 * NANOSECONDS_PER_SECOND);
    assert_true(p->publisher.herald.fd >= 0);
    assert_int_equal(hear(p, MESSAGE_CHECKPOINT, &checkpoint, sizeof(checkpoint)), 0);
    assert_int_equal(hear(p, MESSAGE_STOP, &stop, sizeof(stop)), 0);
    assert_int_equal(hear(p, MESSAGE_STOP, &stop, sizeof(stop)), PASU_E_AGAIN);
}

static void
contradict(struct place *p, uint32_t index, uint64_t offered)
{
    const struct message_contradicted message = {.index = index, .offered = offered, .seen = 99999};

    assert_int_equal(channel_send(&p->herald, MESSAGE_CONTRADICTED, &message, sizeof(message), -1),
                     0);
    publisher_serve(&p->publisher, &p->records);
}

/* Records behind those that were signed when it began. */
static uint64_t
alerts(const struct place *p)
{
    return chain_size(&p->records.chain) - p->sizes[1];
}

static void
that_a_witness_has_seen_another_ledger_is_an_alert(void **state)
{
    struct place *p = *state;
    const struct message_target target = {.count = 2, .index = 1, .kind = "witness", .name = "w"};
    const struct os os = {.arg = NULL, .monotonic = clock_read};
    const struct log log = {.fd = -1, .level = LOG_ERROR + 1, .process = "test", .os = &os};

    p->publisher.log = &log;
    later(10);
    contradict(p, 1, p->sizes[1]);
    assert_int_equal(alerts(p), 0); /* whose word is that? */
    assert_int_equal(channel_send(&p->herald, MESSAGE_TARGET, &target, sizeof(target), -1), 0);
    contradict(p, 2, p->sizes[1]);
    contradict(p, 1, p->sizes[1] + 1); /* never signed, or nothing */
    contradict(p, 1, 0);
    assert_int_equal(alerts(p), 0);
    contradict(p, 1, p->sizes[0]);
    assert_int_equal(alerts(p), 1);
    later(3599);
    contradict(p, 1, p->sizes[1]);
    assert_int_equal(alerts(p), 1);
    contradict(p, 0, p->sizes[1]); /* another one */
    assert_int_equal(alerts(p), 2);
    later(1);
    contradict(p, 1, p->sizes[1]);
    assert_int_equal(alerts(p), 3);
    p->publisher.log = &p->log;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(that_a_witness_has_seen_another_ledger_is_an_alert, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_checkpoint_is_told_once, begin, end),
        cmocka_unit_test_setup_teardown(a_proof_is_good_and_only_of_what_is_signed, begin, end),
        cmocka_unit_test_setup_teardown(a_herald_that_does_not_read_costs_nothing_but_itself, begin,
                                        end),
        cmocka_unit_test_setup_teardown(what_it_says_of_targets_is_bounded, begin, end),
        cmocka_unit_test_setup_teardown(the_last_checkpoint_is_proved_until_the_herald_has_ended,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_herald_that_does_not_end_is_not_waited_for, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
