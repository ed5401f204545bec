/* SPDX-License-Identifier: Apache-2.0 */
/* When the guard has an indexer, how long it waits with the next one, and what that one is to think
 * of the index that is there. */
#include "base/memory.h"
#include "config_text.h"
#include "guard/state.h"
#include "ledger/segment_writer.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXITED_WELL = 0, EXITED_BADLY = 2 << 8, KILLED = 11, PATIENCE = 60 * 1000 };

struct guard {
    struct supervisor *v;
    char path[32];
    int directory;
};

/* A ledger of one record: a guard began. */
static int
put_ledger(int directory)
{
    struct segment_writer writer;
    struct segment_report report;
    struct segment_record record;
    int segments, result = mkdirat(directory, "segments", 0700);

    segments = openat(directory, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (result == 0)
        result = segment_writer_open(&writer, &os_real, segments, 0, NULL, NULL, &report);
    if (result == 0)
        result = segment_begin(&writer, 64);
    if (result == 0)
        result = segment_put(&writer, SEGMENT_STARTED, 1, NULL, 0, &record);
    if (result == 0)
        result = segment_commit(&writer);
    segment_writer_close(&writer);
    close(segments);
    return result;
}

static int
begin(void **state)
{
    static struct guard guard;

    guard = (struct guard){.path = "/tmp/pasu-indexing-XXXXXX"};
    *state = &guard;
    guard.v = memory_new(1, sizeof(*guard.v));
    guard.v->config = model_of(GATEWAY);
    if (mkdtemp(guard.path) == NULL)
        return -1;
    guard.directory = open(guard.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    guard.v->log = (struct log){.fd = -1, .os = &os_real, .process = "supervisor"};
    guard.v->resources.directory = guard.directory;
    guard.v->phase = PHASE_RUNNING;
    child_init(&guard.v->children[INDEXER], "indexer");
    return put_ledger(guard.directory);
}

static int
end(void **state)
{
    struct guard *g = *state;
    char command[64];

    config_free(g->v->config);
    memory_free(g->v);
    close(g->directory);
    snprintf(command, sizeof(command), "rm -r %s", g->path);
    return system(command);
}

static void
it_is_wanted_while_the_guard_runs(void **state)
{
    struct guard *g = *state;

    for (int phase = PHASE_STARTING; phase <= PHASE_OVER; phase++) {
        g->v->phase = (enum phase)phase;
        assert_int_equal(indexing_is_wanted(g->v), phase == PHASE_RUNNING);
    }
}

static void
an_end_is_expected_that_was_asked_for_or_is_well(void **state)
{
    struct guard *g = *state;

    assert_true(indexing_is_expected(g->v, EXITED_WELL)); /* its folder is gone */
    assert_false(indexing_is_expected(g->v, EXITED_BADLY));
    assert_false(indexing_is_expected(g->v, KILLED));
    g->v->is_indexer_renewed = true;
    assert_true(indexing_is_expected(g->v, KILLED));
    g->v->is_indexer_renewed = false;
    g->v->phase = PHASE_DRAINING;
    assert_true(indexing_is_expected(g->v, KILLED));
}

/* How long from now on the next one waits, in seconds; at most. */
static int64_t
wait_of(struct guard *g)
{
    struct child *indexer = &g->v->children[INDEXER];
    int64_t now = os_monotonic(&os_real);

    indexing_ended(g->v, false);
    assert_true(indexer->retry_at > now);
    return (indexer->retry_at - now) / NANOSECONDS_PER_SECOND;
}

/* By one death nothing is said; from the second on it waits, each time twice as long. */
static void
after_each_death_the_next_one_waits_longer(void **state)
{
    struct guard *g = *state;
    struct child *indexer = &g->v->children[INDEXER];
    const struct channel_message ready = {.type = MESSAGE_READY}, pong = {.type = MESSAGE_PONG};
    int64_t due = 1;

    indexer->retry_at = 77; /* child_died's */
    indexing_ended(g->v, false);
    assert_int_equal(indexer->retry_at, 77);
    for (int death = 2; death < 40; death++) {
        assert_in_range(wait_of(g), due, due + 2);
        due = due * 2 < 600 ? due * 2 : 600;
    }
    indexing_from_indexer(g->v, &pong);
    assert_int_equal(g->v->indexer_deaths, 39);
    indexing_from_indexer(g->v, &ready);
    assert_int_equal(g->v->indexer_deaths, 0);
    indexer->retry_at = 77;
    indexing_ended(g->v, true);
    assert_int_equal(indexer->retry_at, 77);
    g->v->is_indexer_renewed = true;
    indexing_ended(g->v, true);
    assert_int_equal(indexer->retry_at, 0);
    assert_int_equal(g->v->indexer_deaths, 0);
}

/* ---- the process ---- */

static void
await_ready(struct guard *g)
{
    struct child *indexer = &g->v->children[INDEXER];
    struct pollfd fd = {.fd = indexer->channel.fd, .events = POLLIN};
    struct channel_message message;

    assert_int_equal(poll(&fd, 1, PATIENCE), 1);
    assert_int_equal(channel_receive(&indexer->channel, &message), 0);
    assert_int_equal(message.type, MESSAGE_READY);
    indexing_from_indexer(g->v, &message);
}

static int
reap(struct guard *g)
{
    struct child *indexer = &g->v->children[INDEXER];
    int status;

    assert_int_equal(waitpid(indexer->pid, &status, 0), indexer->pid);
    child_died(indexer, status, indexing_is_expected(g->v, status), &g->v->log);
    return status;
}

/* It makes an index where there is none, and ends when it is told to, to begin again. */
static void
it_begins_ends_and_begins_again(void **state)
{
    struct guard *g = *state;
    struct stat s;

    indexing_renew(g->v); /* there is none yet */
    assert_false(g->v->is_indexer_renewed);
    assert_int_equal(indexing_start(g->v), 0);
    await_ready(g);
    assert_int_equal(fstatat(g->directory, "index/now/data.mdb", &s, 0), 0);
    indexing_renew(g->v);
    assert_true(g->v->is_indexer_renewed);
    assert_int_equal(reap(g), EXITED_WELL);
    indexing_ended(g->v, true);
    assert_int_equal(g->v->children[INDEXER].retry_at, 0);
    assert_int_equal(indexing_start(g->v), 0);
    assert_false(g->v->is_indexer_renewed);
    await_ready(g);
    indexing_renew(g->v);
    assert_int_equal(reap(g), EXITED_WELL);
}

/* After two deaths in a row the index that is there is not looked at any more. */
static void
what_has_ended_it_twice_is_taken_away(void **state)
{
    struct guard *g = *state;

    assert_int_equal(indexing_start(g->v), 0);
    await_ready(g);
    indexing_renew(g->v);
    assert_int_equal(reap(g), EXITED_WELL);
    for (unsigned deaths = 0; deaths < 4; deaths++) {
        int there = openat(g->directory, "index/now/data.mdb", O_RDONLY | O_CLOEXEC);
        struct stat before, after;

        assert_int_equal(fstat(there, &before), 0);
        g->v->indexer_deaths = deaths;
        assert_int_equal(indexing_start(g->v), 0);
        await_ready(g);
        assert_int_equal(g->v->indexer_deaths, 0);
        assert_int_equal(fstatat(g->directory, "index/now/data.mdb", &after, 0), 0);
        assert_int_equal(before.st_ino != after.st_ino, deaths > 1);
        close(there);
        indexing_renew(g->v);
        assert_int_equal(reap(g), EXITED_WELL);
    }
}

static void
without_a_ledger_it_ends_which_is_not_expected(void **state)
{
    struct guard *g = *state;
    int status;

    assert_int_equal(renameat(g->directory, "segments", g->directory, "others"), 0);
    assert_int_equal(indexing_start(g->v), 0);
    status = reap(g);
    assert_int_equal(status, EXITED_BADLY);
    assert_false(indexing_is_expected(g->v, status));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(it_is_wanted_while_the_guard_runs),
        TEST(an_end_is_expected_that_was_asked_for_or_is_well),
        TEST(after_each_death_the_next_one_waits_longer),
        TEST(it_begins_ends_and_begins_again),
        TEST(what_has_ended_it_twice_is_taken_away),
        TEST(without_a_ledger_it_ends_which_is_not_expected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
