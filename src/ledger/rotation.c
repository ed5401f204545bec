/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/rotation.h"

#include "base/memory.h"
#include "ledger/record_part.h"

#include <stdio.h>

void
rotation_asked(struct payload_asked *asked, uint32_t uid, uint32_t pid, const char *why,
               bool is_lost)
{
    *asked = (struct payload_asked){.uid = uid, .pid = pid, .command = "ledger rotate-key"};
    snprintf(asked->filters, sizeof(asked->filters), "%swhy=%.*s", is_lost ? "lost " : "",
             ROTATION_WHY_MAX, why);
}

/* The records of both keys, in one batch. */
static int
put_keys(struct record_keeping *r)
{
    int result = record_batch_begin(r);

    if (result != 0)
        return result;
    return record_commit(r, chain_key_put(&r->chain, os_realtime(r->log->os)));
}

int
rotation_make(struct record_keeping *r, const struct payload_asked *asked)
{
    const union payload_body body = {.asked = *asked};
    int result;

    if (r->is_open && r->chain.change.stage >= CHANGE_RECORDED)
        return record_sign(r);
    result = record_other(r, SEGMENT_ASKED, &body);
    if (result == 0)
        result = chain_key_make(&r->chain);
    if (result == 0)
        result = put_keys(r);
    return result == 0 ? record_sign(r) : result;
}

int
rotation_aside(const struct log *log, int directory, const struct segment_keys *keys,
               const struct payload_asked *asked, bool is_lost)
{
    struct record_keeping *r = memory_new(1, sizeof(*r));
    int result = r ? record_aside_open(r, log, directory, keys, is_lost) : PASU_E_NOMEM;

    if (result == 0) {
        result = rotation_make(r, asked);
        record_aside_close(r);
    }
    memory_free(r);
    return result;
}
