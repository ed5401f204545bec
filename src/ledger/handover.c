/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/handover.h"

#include "base/memory.h"
#include "ledger/prologue.h"

#include <inttypes.h>
#include <stdio.h>

static const char prefix[] = "checkpoint.";

enum { PREFIX = sizeof(prefix) - 1 };

/* ---- the record ---- */

void
handover_payload(uint8_t payload[HANDOVER_PAYLOAD], enum handover_state state,
                 const uint8_t public[NOTE_KEY_SIZE])
{
    payload[0] = (uint8_t)state;
    payload[1] = NOTE_KEY_ED25519;
    memcpy(payload + 2, public, NOTE_KEY_SIZE);
}

static const uint8_t *
public_of(const struct segment_record *record, enum handover_state state)
{
    const uint8_t *bytes = record->payload.bytes;
    size_t length = record->payload.length;

    return record->type == SEGMENT_KEY &&
                   (length == HANDOVER_PAYLOAD ||
                    (length == HANDOVER_SIGNED && state == HANDOVER_IN_USE)) &&
                   bytes[0] == state && bytes[1] == NOTE_KEY_ED25519
               ? bytes + 2
               : NULL;
}

const uint8_t *
handover_public(const struct segment_record *record)
{
    return public_of(record, HANDOVER_IN_USE);
}

const uint8_t *
handover_retired(const struct segment_record *record)
{
    return public_of(record, HANDOVER_RETIRED);
}

bool
handover_is_signed(const struct segment_record *record)
{
    return handover_public(record) && record->payload.length == HANDOVER_SIGNED;
}

/* ---- the names ---- */

void
handover_name(char name[HANDOVER_NAME_SIZE], uint64_t record)
{
    snprintf(name, HANDOVER_NAME_SIZE, "%s%0*" PRIu64, prefix, (int)SEGMENT_DIGITS, record);
}

static bool
parse_name(const char *name, uint64_t *record)
{
    return strncmp(name, prefix, PREFIX) == 0 && strlen(name) == PREFIX + SEGMENT_DIGITS &&
           segment_number_parse(name + PREFIX, record);
}

int
handover_list(const struct os *os, int directory, uint64_t **records, size_t *count)
{
    int result = segment_list_numbers(os, directory, parse_name, records, count);

    if (*count <= HANDOVERS_MAX)
        return result;
    memory_free(*records);
    *records = NULL;
    *count = 0;
    return PASU_E_RANGE;
}

int
handover_find(const struct os *os, int directory, uint64_t size, uint64_t *record)
{
    uint64_t *records;
    size_t count;
    int result = handover_list(os, directory, &records, &count);

    *record = HANDOVER_FIRST;
    for (size_t i = 0; i < count && records[i] < size; i++)
        *record = records[i];
    memory_free(records);
    return result;
}

/* ---- the record, in its segment ---- */

int
handover_copy(struct handover_record *found, uint64_t segment, const struct segment_record *record)
{
    if (record->is_sealed)
        return PASU_E_LEDGER_KEY;
    if (record->payload.length > sizeof(found->payload))
        return PASU_E_CORRUPT;
    found->segment = segment;
    found->record = *record;
    if (record->payload.length > 0)
        memcpy(found->payload, record->payload.bytes, record->payload.length);
    found->record.payload = view_of(found->payload, record->payload.length);
    return 0;
}

static int
load_whole(struct handover_record *found, uint64_t segment, struct segment_scan *scan,
           uint64_t index)
{
    struct segment_record record;
    int result;

    while ((result = segment_scan_next(scan, &record)) == PASU_E_CORRUPT ||
           (result == 1 && record.index < index)) {
    }
    if (result < 0)
        return result;
    return result == 1 && record.index == index ? handover_copy(found, segment, &record)
                                                : PASU_E_CORRUPT;
}

/* The same of a record that was deleted by age. */
static int
load_carried(struct handover_record *found, const struct os *os, int segments,
             const struct segment_keys *keys, uint64_t index, uint64_t below)
{
    found->record = (struct segment_record){
        .index = index, .payload = view_of(found->payload, sizeof(found->payload))};
    return prologue_copy(os, segments, keys, below, &found->record, found->payload);
}

int
handover_load(struct handover_record *found, const struct os *os, int segments,
              const struct segment_keys *keys, uint64_t index, uint64_t below)
{
    struct segment_scan scan;
    uint64_t *firsts, segment = 0;
    size_t count, at = 0;
    int result = segment_list(os, segments, &firsts, &count);

    *found = (struct handover_record){0};
    while (at < count && firsts[at] <= index)
        segment = firsts[at++];
    if (result == 0 && at > 0)
        result = segment_scan_enter(&scan, os, segments, segment, keys);
    memory_free(firsts);
    if (result == 0 && at == 0)
        return load_carried(found, os, segments, keys, index, below);
    if (result != 0)
        return result;
    result = load_whole(found, segment, &scan, index);
    segment_scan_leave(&scan);
    return result;
}

int
handover_read(const struct os *os, int segments, const struct segment_keys *keys, uint64_t record,
              uint64_t below, struct view origin, struct note_key *key)
{
    struct handover_record found;
    const uint8_t *public;
    int result = handover_load(&found, os, segments, keys, record, below);

    if (result != 0)
        return result;
    public = handover_public(&found.record);
    result = public ? note_key_init(key, NOTE_KEY_ED25519, origin, public) : PASU_E_CORRUPT;
    return result == PASU_E_MALFORMED ? PASU_E_CORRUPT : result;
}

int
handover_ledger(const struct os *os, int segments, const struct segment_keys *keys,
                uint8_t id[SEGMENT_ID_SIZE])
{
    struct handover_record found;
    int result = handover_load(&found, os, segments, keys, 0, UINT64_MAX);

    if (result != 0)
        return result;
    if (found.record.type != SEGMENT_BEGUN || found.record.payload.length < SEGMENT_ID_SIZE)
        return PASU_E_CORRUPT;
    memcpy(id, found.payload, SEGMENT_ID_SIZE);
    return 0;
}
