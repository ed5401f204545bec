/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody does to the ledger by a command, as a record of it. See record.h. */
#include "ledger/record_part.h"

#include "base/memory.h"
#include "ledger/alerts.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/* While there is a hold, an alert about it is recorded, and it is PASU_E_HELD. */
static int
may_erase(struct record_keeping *r, const struct payload_erased *erased)
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
    if (result == 0)
        result = record_sync(r);
    return result == 0 ? PASU_E_HELD : result;
}

/* New ones; or those of a set that is there, whose ordinals are known now. */
static int
prepare_decoys(struct record_keeping *r, struct payload_decoys *body)
{
    const struct decoy_set *known = decoys_get(&r->decoys, body->number);

    if (body->number != 0 && (!known || known->head.retired != 0))
        return PASU_E_NOTFOUND;
    if (body->number == 0 && r->decoys.count == DECOY_SETS_MAX)
        return PASU_E_RANGE;
    body->planted = body->number != 0 ? known->head.planted : os_realtime(r->log->os);
    body->retired = 0;
    if (body->number == 0)
        body->number = chain_size(&r->chain); /* no other has this number */
    return 0;
}

static int
prepare_retired(struct record_keeping *r, struct payload_retired *body)
{
    const struct decoy_set *known = decoys_get(&r->decoys, body->number);

    body->at = os_realtime(r->log->os);
    return known && known->head.retired == 0 ? 0 : PASU_E_NOTFOUND;
}

/* Of a ledger that is open: fills in what depends on it. */
static int
prepare(struct record_keeping *r, enum segment_type type, union payload_body *body)
{
    struct holds left = r->holds;

    if (type == SEGMENT_EXPORTED)
        body->exported.to = chain_size(&r->chain);
    if (type == SEGMENT_HOLD && r->holds.count == HOLDS_MAX)
        return PASU_E_RANGE;
    if (type == SEGMENT_HOLD)
        body->hold.number = chain_size(&r->chain); /* no other has this number */
    if (type == SEGMENT_INCIDENT || type == SEGMENT_CLOCK)
        return record_incident_prepare(r, type, body);
    if (type == SEGMENT_RELEASED)
        return holds_remove(&left, body->released.number);
    if (type == SEGMENT_DECOYS)
        return prepare_decoys(r, &body->decoys);
    if (type == SEGMENT_RETIRED)
        return prepare_retired(r, &body->retired);
    if (type == SEGMENT_ACKNOWLEDGED)
        return alerts_check(r->log->os, r->chain.segments, &r->keys, body->acknowledged.alert,
                            body->acknowledged.looked);
    return type == SEGMENT_ERASED ? may_erase(r, &body->erased) : 0;
}

/* Destroys the keys that ERASED records name. */
static int
apply_erased(struct record_keeping *r)
{
    int result = entry_keys_catch_up(&r->entries, r->chain.segments, &r->keys,
                                     chain_size(&r->chain), &r->watch);

    r->must_erase = result != 0;
    return result;
}

/* The record is on the disk: whoever starts next does this then. */
static int
apply(struct record_keeping *r, enum segment_type type, const union payload_body *body)
{
    if (type == SEGMENT_HOLD)
        return holds_add(&r->holds, &body->hold);
    if (type == SEGMENT_RELEASED)
        return holds_remove(&r->holds, body->released.number);
    if (type == SEGMENT_DECOYS)
        return decoys_add(&r->decoys, &body->decoys);
    if (type == SEGMENT_RETIRED)
        return decoys_retire(&r->decoys, body->retired.number, body->retired.at);
    if (type == SEGMENT_CLOCK)
        return clocks_put(&r->clocks, &body->clock);
    return type == SEGMENT_ERASED ? apply_erased(r) : 0;
}

int
record_deed(struct record_keeping *r, enum segment_type type, union payload_body *body)
{
    int result = record_ready(r); /* its holds are not known before */

    if (result != 0)
        return record_missed(r, result);
    result = prepare(r, type, body);
    if (result == 0) /* which can be longer than others are */
        result =
            type == SEGMENT_INCIDENT ? record_again(r, type, body) : record_other(r, type, body);
    if (result == 0)
        result = record_sync(r);
    return result == 0 ? apply(r, type, body) : result;
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
        int deed = record_deed(r, type, &mine);

        result = record_sign(r); /* also an alert */
        result = deed != 0 ? deed : result;
        record_aside_close(r);
    }
    memory_free(r);
    return result;
}

int
record_told(struct record_keeping *r, const struct message_told *told)
{
    union payload_body body = {.asked.uid = (uint32_t)geteuid()};

    snprintf(body.asked.command, sizeof(body.asked.command), "scim");
    snprintf(body.asked.filters, sizeof(body.asked.filters), "%.*s", (int)sizeof(told->what) - 1,
             told->what);
    return record_other(r, SEGMENT_ASKED, &body);
}
