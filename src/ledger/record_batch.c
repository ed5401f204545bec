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

/* The first ENTRY_SALT bytes of `r->copy` are for its salt, which it has where it names anybody. */
static int
put_copy(struct record_keeping *r, const struct exposure *exposure, size_t length)
{
    struct segment_record record = {.type = SEGMENT_EXPOSURE,
                                    .payload = view_of(r->copy, ENTRY_SALT + length)};
    PASU_UNINITIALIZED struct entry entry;
    int result;

    memset(r->copy, 0, ENTRY_SALT);
    if (entry_lay(&entry, &record) != 0)
        return PASU_E_MALFORMED;
    result = entry_has_list(&entry) ? take_salt(r, r->copy) : 0;
    if (result == 0)
        result = record_put(r, SEGMENT_EXPOSURE, record.payload.bytes, record.payload.length);
    if (result != 0)
        return result;
    r->batch_records++;
    count_exposure(r, exposure);
    record_touched(r, exposure, chain_next(&r->chain) - 1,
                   live_principal(&r->live, exposure->session),
                   live_address(&r->live, exposure->session));
    if (PASU_UNLIKELY(exposure->verdict != VERDICT_OF_ALLOW))
        record_judged(r, exposure, chain_next(&r->chain) - 1,
                      live_principal(&r->live, exposure->session), &r->live);
    return 0;
}

static int
put_merged(struct record_keeping *r, struct merged *merged)
{
    ssize_t length = exposure_encode(&merged->exposure, r->copy + ENTRY_SALT, MERGE_ENCODED_MAX);
    int result = length < 0 ? (int)length : put_copy(r, &merged->exposure, (size_t)length);

    merge_free(&r->merge, merged);
    return result;
}

static int
put_all_merged(struct record_keeping *r)
{
    struct merged *merged;
    int result = 0;

    while (result == 0 && (merged = merge_next(&r->merge)))
        result = put_merged(r, merged);
    return result;
}

static int
copy_payload(struct record_keeping *r, struct view payload)
{
    if (payload.length > sizeof(r->copy) - ENTRY_SALT)
        return PASU_E_MALFORMED;
    if (payload.length > 0)
        memcpy(r->copy + ENTRY_SALT, payload.bytes, payload.length);
    return exposure_decode(&r->exposure, view_of(r->copy + ENTRY_SALT, payload.length), r->ordinals,
                           COUNT_OF(r->ordinals)) == 0
               ? 0
               : PASU_E_MALFORMED;
}

static int
put_exposure(struct record_keeping *r, struct view payload)
{
    struct merged *in_the_way;
    int result = copy_payload(r, payload);

    if (result == 0)
        live_showed(&r->live, r->exposure.session, r->exposure.statements > 0, r->exposure.rows,
                    record_persons(&r->exposure));
    if (result != 0 || !r->is_merging)
        return result != 0 ? result : put_copy(r, &r->exposure, payload.length);
    if (merge_can(&r->exposure)) {
        while (result == 0 && (in_the_way = merge_hold(&r->merge, &r->exposure)))
            result = put_merged(r, in_the_way);
        return result;
    }
    /* What its session was shown before comes before it. */
    result = put_all_merged(r);
    if (result == 0)
        result = copy_payload(r, payload);
    return result == 0 ? put_copy(r, &r->exposure, payload.length) : result;
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
    if (r->decoys.unknown > 0 &&
        payload_read_ordinal(&r->body.ordinal, view_of(r->copy, entry.length)) == 0)
        decoys_learn(&r->decoys, &r->body.ordinal.head);
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
    if (type == SEGMENT_VOCABULARY)
        decoys_name(&r->decoys, &r->vocabulary);
    else if (type == SEGMENT_ORDINAL)
        decoys_learn(&r->decoys, &r->body.ordinal.head);
    return record_put(r, type, r->copy, payload.length);
}

void
record_batch_merge(struct record_keeping *r)
{
    r->is_merging = true;
}

/* Other records may be about what comes before them; names go ahead of all that use them. */
static int
put_named(struct record_keeping *r, enum segment_type type, struct view payload)
{
    int result = 0;

    if (type == SEGMENT_ORDINAL && r->has_seal)
        result = put_ordinal(r, payload);
    else if (type == SEGMENT_MARK)
        result = put_all_merged(r);
    if (result == 0 && (type != SEGMENT_ORDINAL || !r->has_seal))
        result = put_other(r, type, payload);
    if (result == 0)
        r->batch_records++;
    return result;
}

int
record_batch_put(struct record_keeping *r, enum segment_type type, struct view payload)
{
    /* One in the way of another is held no longer, and that one is. */
    size_t held = (r->merge.used + 1) * segment_room(ENTRY_SALT + MERGE_ENCODED_MAX);

    if (r->chain.writer.asked + held + segment_room(ENTRY_SALT + payload.length) + TAKEN_ROOM >
        SEGMENT_BATCH_MAX)
        return PASU_E_AGAIN;
    return type == SEGMENT_EXPOSURE ? put_exposure(r, payload) : put_named(r, type, payload);
}

static void
forget_batch(struct record_keeping *r)
{
    struct merged *merged;

    while ((merged = merge_next(&r->merge)))
        merge_free(&r->merge, merged);
    r->is_merging = false;
    r->batch_records = 0;
}

int
record_batch_end(struct record_keeping *r, const struct segment_taken *taken)
{
    struct segment_taken end = *taken;
    int result = put_all_merged(r);

    end.durable = r->chain.writer.durable;
    end.count = r->batch_records;
    if (result == 0)
        result = entry_keys_sync(&r->entries);
    if (result == 0)
        result = record_put(r, SEGMENT_TAKEN, &end, sizeof(end));
    result = record_commit(r, result);
    forget_batch(r);
    if (result != 0)
        record_log_failure(r, result);
    else
        record_recovered(r);
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
    forget_batch(r);
    if (r->folds)
        folds_drop(r->folds);
}

uint64_t
record_segment(const struct record_keeping *r)
{
    return r->chain.writer.first;
}
