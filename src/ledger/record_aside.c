/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "ledger/record.h"

#include <inttypes.h>
#include <stdio.h>

int
record_may_erase(struct record_keeping *r, const struct payload_erased *erased)
{
    union payload_body body = {.alert = {.severity = 4}};
    int result;

    if (r->holds.count == 0)
        return 0;
    body.alert.record = r->holds.items[r->holds.count - 1].number;
    snprintf(body.alert.rule, sizeof(body.alert.rule), "hold");
    snprintf(body.alert.text, sizeof(body.alert.text),
             "uid %" PRIu32 " wanted to erase entry %" PRIu32 " of the directory", erased->uid,
             erased->ordinal);
    result = record_other(r, SEGMENT_ALERT, &body);
    return result != 0 ? result : PASU_E_HELD;
}

static int
fill_in(union payload_body *body, enum segment_type type, struct record_keeping *r)
{
    struct holds left = r->holds;

    if (type == SEGMENT_EXPORTED)
        body->exported.to = chain_size(&r->chain);
    if (type == SEGMENT_HOLD && r->holds.count == HOLDS_MAX)
        return PASU_E_RANGE;
    if (type == SEGMENT_HOLD)
        body->hold.number = chain_size(&r->chain);
    if (type == SEGMENT_ERASED)
        return record_may_erase(r, &body->erased);
    return type == SEGMENT_RELEASED ? holds_remove(&left, body->released.number) : 0;
}

int
record_aside(const struct log *log, int directory, const struct segment_keys *keys,
             enum segment_type type, const union payload_body *body)
{
    struct record_keeping *r = memory_new(1, sizeof(*r));
    union payload_body mine = *body;
    int result;

    if (!r)
        return PASU_E_NOMEM;
    result = record_aside_open(r, log, directory, keys, false);
    if (result == 0) {
        result = fill_in(&mine, type, r);
        if (result == 0)
            result = record_other(r, type, &mine);
        if (result == 0)
            result = record_sign(r);
        else if (result == PASU_E_HELD && record_sign(r) != 0)
            result = PASU_E_IO; /* the alert is not in the ledger */
        if (result == 0 && type == SEGMENT_ERASED)
            result = record_erase(r);
        record_aside_close(r);
    }
    memory_free(r);
    return result;
}
