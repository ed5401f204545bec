/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/rebuild.h"

#include "exposure/directory.h"
#include "exposure/tally.h"
#include "ledger_place.h"

enum { SESSION = 64 };

static struct gate_shared shared;

static void
make_shared(struct place *p)
{
    shared.os = &p->disk->os;
    shared.ring = p->ring_fd;
    assert_int_equal(tally_book_new(&shared.tallies), 0);
    assert_int_equal(directory_new(&shared.directory, shared.secret), 0);
}

static void
free_shared(void)
{
    tally_book_free(shared.tallies);
    directory_free(shared.directory);
}

static uint32_t
put_vocabulary(struct place *p, unsigned number)
{
    static uint8_t bytes[64 << 10];
    char name[16];
    struct config_subject subject = {.name = name};
    struct config config = {.subjects = &subject, .subject_count = 1};
    struct vocabulary vocabulary;
    ssize_t n;

    snprintf(name, sizeof(name), "kind%u", number);
    assert_int_equal(vocabulary_of_config(&vocabulary, &config), 0);
    n = vocabulary_encode(&vocabulary, bytes, sizeof(bytes));
    assert_true(n > 0);
    assert_int_equal(append(p, 0, RING_VOCABULARY, bytes, (size_t)n), 0);
    return vocabulary.id;
}

static void
put_exposure(struct place *p, uint32_t vocabulary, uint32_t ordinal)
{
    static uint8_t bytes[EXPOSURE_ENCODED_MAX];
    struct exposure exposure = {.session = SESSION,
                                .time = os_realtime(shared.os),
                                .vocabulary = vocabulary,
                                .rows = 1,
                                .part_count = 1,
                                .parts = {{.attribution = ATTRIBUTION_KEY,
                                           .clear = 1,
                                           .ordinals = &ordinal,
                                           .ordinal_count = 1}}};
    ssize_t n = exposure_encode(&exposure, bytes, sizeof(bytes));

    assert_true(n > 0);
    assert_int_equal(append(p, 0, RING_EXPOSURE, bytes, (size_t)n), 0);
}

/* Reads all; kinds NULL: without restoring. */
static int
read_all(struct place *p, struct kinds *kinds, struct rebuild_progress *progress)
{
    struct source_folder folder = {.os = &p->disk->os, .directory = open_segments(p)};
    struct rebuild *rebuild = NULL;
    int result =
        rebuild_new(&rebuild, &shared, (struct source){source_open_folder, &folder}, NULL, kinds);

    if (result == 0)
        do
            result = rebuild_step(rebuild);
        while (result == PASU_E_AGAIN);
    if (rebuild)
        rebuild_progress(rebuild, progress);
    rebuild_free(rebuild);
    close(folder.directory);
    return result;
}

static void
count(uint64_t *known, uint64_t *unknown)
{
    uint64_t all[TALLY_WINDOWS], more[TALLY_WINDOWS];
    struct tally *tally;

    assert_int_equal(tally_book_get(shared.tallies, "reader", &tally), 0);
    tally_count(tally, os_local_minute(os_realtime(shared.os)), all, more);
    *known = all[TALLY_180_DAYS];
    *unknown = more[TALLY_180_DAYS];
}

static void
open_session(struct place *p)
{
    struct message_session opened = {.session = SESSION, .principal = "reader"};

    begin(p);
    assert_int_equal(record_opened(&p->records, &opened), 0);
}

static void
whatever_a_kind_was_called_its_persons_count(void **state)
{
    enum { NAMES = 600 };
    struct place *p = *state;
    struct rebuild_progress progress;
    struct kinds kinds = {.names = {"kind599"}, .count = 1}; /* of the configuration */
    uint64_t known, unknown;

    make_shared(p);
    open_session(p);
    for (unsigned i = 0; i < NAMES; i++) {
        uint32_t vocabulary = put_vocabulary(p, i);

        put_exposure(p, vocabulary, i);
        put_exposure(p, vocabulary, i);
    }
    put_exposure(p, 1, 7); /* its names are lost */
    assert_int_equal(intake_take(&p->intake), 0);
    kill_keeper(p);
    assert_int_equal(read_all(p, &kinds, &progress), 0);
    assert_int_equal(progress.damaged, 0);
    count(&known, &unknown);
    /* So many kinds can be told apart, the configuration's among them. */
    assert_int_equal(known, EXPOSURE_KINDS_MAX);
    assert_int_equal(unknown, 2 * (NAMES - EXPOSURE_KINDS_MAX) + 1);
    assert_string_equal(kinds.names[0], "kind599");
    free_shared();
}

static void
a_ledger_that_cannot_be_read_to_its_end_is_told(void **state)
{
    struct place *p = *state;
    struct rebuild_progress progress = {0};
    struct kinds kinds = {0};
    uint64_t known, unknown;
    int calls, result = PASU_E_IO;

    make_shared(p);
    open_session(p);
    for (uint32_t i = 0; i < 5000; i++) {
        put_exposure(p, put_vocabulary(p, 1), i);
        assert_int_equal(intake_take(&p->intake), 0);
    }
    kill_keeper(p);
    /* Only to see whether it can be: nothing is restored. */
    for (calls = 0; result != 0; calls++) {
        p->disk->calls_left = calls;
        result = read_all(p, NULL, &progress);
        assert_true(result == 0 || result == PASU_E_IO);
    }
    assert_true(calls > 1);
    count(&known, &unknown);
    assert_true(known == 0 && unknown == 0);
    assert_true(progress.done == progress.all && progress.all > 0 && progress.entries > 5000);
    p->disk->calls_left = calls - 2;
    assert_int_equal(read_all(p, &kinds, &progress), PASU_E_IO);
    p->disk->calls_left = -1;
    assert_int_equal(read_all(p, &kinds, &progress), 0);
    count(&known, &unknown);
    assert_true(known == 5000 && unknown == 0);
    free_shared();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(whatever_a_kind_was_called_its_persons_count),
        TEST(a_ledger_that_cannot_be_read_to_its_end_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
