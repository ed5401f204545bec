/* SPDX-License-Identifier: Apache-2.0 */
/* What was in a ring, on its way into the ledger. See record.h. */
#include "ledger/record.h"
#include "ledger/record_part.h"

#include "ledger/entry.h"

#define TAKEN_ROOM segment_room(sizeof(struct segment_taken))

int
record_batch_begin(struct record_keeping *r)
{
    int result = record_ready(r);

    if (result == 0)
        result = record_begin(r, SEGMENT_BATCH_MAX);
    if (result != 0)
        record_log_failure(r, result);
    return result;
}

/* The next random salt; many are asked for at once. */
static int
take_salt(struct record_keeping *r, uint8_t salt[ENTRY_SALT])
{
    if (r->salt_at == 0 || r->salt_at == sizeof(r->salts)) {
        int result = r->log->os->random(r->log->os->arg, r->salts, sizeof(r->salts));

        if (result != 0)
            return result;
        r->salt_at = 0;
    }
    memcpy(salt, r->salts + r->salt_at, ENTRY_SALT);
    memset(r->salts + r->salt_at, 0, ENTRY_SALT);
    r->salt_at += ENTRY_SALT;
    return 0;
}

static void
count_exposure(struct record_keeping *r, const struct exposure *e)
{
    static const enum metric verdicts[] = {[VERDICT_OF_ALLOW] = METRIC_ALLOWED,
                                           [VERDICT_OF_ALERT] = METRIC_ALERTED,
                                           [VERDICT_OF_MASK] = METRIC_MASKED,
                                           [VERDICT_OF_HOLD] = METRIC_WITHHELD,
                                           [VERDICT_OF_BLOCK] = METRIC_BLOCKED};

    if (e->verdict < COUNT_OF(verdicts))
        r->counted[verdicts[e->verdict]] += e->statements;
    r->counted[METRIC_RECORDED_ROWS] += e->rows;
    for (size_t i = 0; i < e->part_count; i++) {
        r->counted[METRIC_PERSONS_EXACT] += e->parts[i].ordinal_count;
        r->counted[METRIC_PERSONS_BOUND] += e->parts[i].unknown;
    }
}

/* With a salt, where it names anybody. */
static int
put_exposure(struct record_keeping *r, struct view payload)
{
    struct segment_record record = {.type = SEGMENT_EXPOSURE,
                                    .payload = view_of(r->copy, ENTRY_SALT + payload.length)};
    PASU_UNINITIALIZED struct entry entry;
    struct view copy = view_of(r->copy + ENTRY_SALT, payload.length);
    int result;

    if (payload.length > sizeof(r->copy) - ENTRY_SALT)
        return PASU_E_MALFORMED;
    memset(r->copy, 0, ENTRY_SALT);
    if (payload.length > 0)
        memcpy(r->copy + ENTRY_SALT, payload.bytes, payload.length);
    if (entry_lay(&entry, &record) != 0 ||
        exposure_decode(&r->exposure, copy, r->ordinals, COUNT_OF(r->ordinals)) != 0)
        return PASU_E_MALFORMED;
    result = entry_has_list(&entry) ? take_salt(r, r->copy) : 0;
    if (result == 0)
        result = record_put(r, SEGMENT_EXPOSURE, record.payload.bytes, record.payload.length);
    if (result == 0)
        count_exposure(r, &r->exposure);
    if (result == 0 && PASU_UNLIKELY(r->exposure.verdict != VERDICT_OF_ALLOW))
        record_judged(r, &r->exposure, chain_next(&r->chain) - 1,
                      live_principal(&r->live, r->exposure.session));
    return result;
}

/* Sealed anew, with its own key. */
static int
put_ordinal(struct record_keeping *r, struct view entry)
{
    uint8_t payload[ENTRY_SEAL_MAX];
    ssize_t length;

    if (entry.length > sizeof(r->copy))
        return PASU_E_MALFORMED;
    memcpy(r->copy, entry.bytes, entry.length);
    length = entry_reseal(&r->entries, &r->seal, view_of(r->copy, entry.length), payload);
    if (length < 0)
        return length == PASU_E_CORRUPT ? PASU_E_MALFORMED : (int)length;
    return record_put(r, SEGMENT_ORDINAL, payload, (size_t)length);
}

/* Whatever the gate has left there: what is no payload of its type would be damage for ever. */
static int
put_other(struct record_keeping *r, enum segment_type type, struct view payload)
{
    struct view copy = view_of(r->copy, payload.length);
    int result;

    if (payload.length > sizeof(r->copy))
        return PASU_E_MALFORMED;
    if (payload.length > 0)
        memcpy(r->copy, payload.bytes, payload.length);
    result = type == SEGMENT_VOCABULARY ? vocabulary_decode(&r->vocabulary, copy)
                                        : payload_read(type, &r->body, copy);
    if (result != 0)
        return PASU_E_MALFORMED;
    return record_put(r, type, r->copy, payload.length);
}

int
record_batch_put(struct record_keeping *r, enum segment_type type, struct view payload)
{
    if (r->chain.writer.asked + segment_room(ENTRY_SALT + payload.length) + TAKEN_ROOM >
        SEGMENT_BATCH_MAX)
        return PASU_E_AGAIN;
    if (type == SEGMENT_EXPOSURE)
        return put_exposure(r, payload);
    if (type == SEGMENT_ORDINAL && r->has_seal)
        return put_ordinal(r, payload);
    return put_other(r, type, payload);
}

int
record_batch_end(struct record_keeping *r, const struct segment_taken *taken)
{
    struct segment_taken end = *taken;
    int result;

    end.durable = r->chain.writer.durable;
    result = entry_keys_sync(&r->entries);
    if (result == 0)
        result = record_put(r, SEGMENT_TAKEN, &end, sizeof(end));
    result = record_commit(r, result);
    if (result != 0)
        record_log_failure(r, result);
    else
        r->has_failed = false;
    if (r->folds && result == 0)
        folds_keep(r->folds);
    else if (r->folds)
        folds_drop(r->folds);
    return result;
}

int
record_batch_mark(struct record_keeping *r, const struct segment_taken *taken)
{
    struct segment_taken mark = *taken;

    mark.durable = r->chain.writer.durable;
    return record_put(r, SEGMENT_TAKEN, &mark, sizeof(mark));
}

void
record_batch_abort(struct record_keeping *r)
{
    chain_abort(&r->chain);
    if (r->folds)
        folds_drop(r->folds);
}

uint64_t
record_segment(const struct record_keeping *r)
{
    return r->chain.writer.first;
}
