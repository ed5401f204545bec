/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/state.h"

#include "base/memory.h"
#include "breach/indexer.h"
#include "ledger/take_keys.h"

#include <sys/wait.h>

/* It is killed by what it reads, or by somebody: the first time that says nothing. */
enum { DEATHS_TRUSTED = 1 };
/* Then the one after waits, each time twice as long. */
#define WAIT_FIRST NANOSECONDS_PER_SECOND
#define WAIT_LAST  (600 * NANOSECONDS_PER_SECOND)

struct indexer_run {
    struct supervisor *v;
    struct indexer_start start;
};

static int
run_indexer(int fd, const struct log *log, void *arg)
{
    struct indexer_run *run = arg;

    forget(run->v);
    run->start.supervisor_fd = fd;
    return indexer_main(&run->start, log);
}

bool
indexing_is_wanted(const struct supervisor *v)
{
    return v->phase == PHASE_RUNNING;
}

int
indexing_start(struct supervisor *v)
{
    const int directory = v->resources.directory;
    struct indexer_run indexer = {
        .v = v,
        .start = {.directory_fd = directory, .is_anew = v->indexer_deaths > DEATHS_TRUSTED}};
    struct child_start start = {.account = &v->account,
                                .log = &v->log,
                                .main = run_indexer,
                                .arg = &indexer,
                                .keep = &directory,
                                .keep_count = 1,
                                .rules = message_rules_supervisor_from_indexer,
                                .rule_count = message_rules_supervisor_from_indexer_count};

    int result = take_keys_copy(&indexer.start.keys, v->config);

    v->is_indexer_renewed = false;
    if (result == 0)
        result = child_start(&v->children[INDEXER], &start);
    segment_keys_release(&indexer.start.keys);
    return result;
}

void
indexing_from_indexer(struct supervisor *v, const struct channel_message *message)
{
    if (message->type == MESSAGE_READY)
        v->indexer_deaths = 0;
}

bool
indexing_is_expected(const struct supervisor *v, int status)
{
    return !indexing_is_wanted(v) || v->is_indexer_renewed ||
           (WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

void
indexing_ended(struct supervisor *v, bool is_expected)
{
    struct child *indexer = &v->children[INDEXER];
    int64_t wait = WAIT_FIRST;

    if (is_expected) {
        indexer->retry_at = v->is_indexer_renewed ? 0 : indexer->retry_at;
        return;
    }
    v->indexer_deaths++;
    for (unsigned i = DEATHS_TRUSTED + 1; i < v->indexer_deaths && wait < WAIT_LAST; i++)
        wait *= 2;
    if (v->indexer_deaths > DEATHS_TRUSTED)
        indexer->retry_at = os_monotonic(&os_real) + (wait < WAIT_LAST ? wait : WAIT_LAST);
}

void
indexing_renew(struct supervisor *v)
{
    struct message_empty empty = {0};
    struct child *indexer = &v->children[INDEXER];

    if (!indexer->pid)
        return;
    v->is_indexer_renewed = true;
    tell(v, indexer, MESSAGE_STOP, &empty, sizeof(empty), -1);
}
