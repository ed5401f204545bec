/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/questions.h"

#include "base/memory.h"
#include "ledger/payload.h"
#include "ledger/segment_writer.h"
#include "ledger/walk.h"

struct counting {
    const char *command, *begin;
    int64_t since;
    uint64_t count;
    bool is_damaged;
};

static int
see(void *arg, const struct segment_record *record)
{
    struct counting *c = arg;
    union payload_body body;

    if (record->type != SEGMENT_ASKED || record->time < c->since)
        return 0;
    if (record->is_sealed)
        return PASU_E_LEDGER_KEY;
    if (payload_read(record->type, &body, record->payload) != 0)
        c->is_damaged = true;
    else if (strcmp(body.asked.command, c->command) == 0 &&
             strncmp(body.asked.filters, c->begin, strlen(c->begin)) == 0)
        c->count++;
    return 0;
}

/* When a segment was begun; 0: it cannot be read, so it may be of any time. */
static int64_t
time_of(const struct os *os, int segments, uint64_t first)
{
    struct segment_scan scan;
    int64_t time;

    if (segment_scan_enter(&scan, os, segments, first, NULL) != 0)
        return 0;
    time = scan.header.time;
    segment_scan_leave(&scan);
    return time;
}

int
questions_count(const struct os *os, int segments, const struct segment_keys *keys,
                const char *command, const char *begin, int64_t since, uint64_t *count,
                bool *is_damaged)
{
    struct counting c = {.command = command, .begin = begin, .since = since};
    uint64_t *firsts, from = 0;
    size_t segment_count;
    int result = segment_list(os, segments, &firsts, &segment_count);

    *count = 0;
    if (result != 0)
        return result;
    /* One begun before has all that came before the next one. */
    for (size_t i = segment_count; i > 0 && from == 0; i--) {
        int64_t begun = time_of(os, segments, firsts[i - 1]);

        if (begun > 0 && begun < since)
            from = firsts[i - 1];
    }
    memory_free(firsts);
    result = walk_records(os, segments, keys, from, see, &c, &c.is_damaged, NULL);
    *count = c.count;
    *is_damaged = c.is_damaged;
    return result;
}
