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

const uint8_t *
handover_public(const struct segment_record *record)
{
    const uint8_t *bytes = record->payload.bytes;

    return record->type == SEGMENT_KEY && record->payload.length == HANDOVER_PAYLOAD &&
                   bytes[0] == HANDOVER_IN_USE && bytes[1] == NOTE_KEY_ED25519
               ? bytes + 2
               : NULL;
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

static int
read_record(struct segment_scan *scan, uint64_t index, struct view origin, struct note_key *key)
{
    struct segment_record record;
    const uint8_t *public;
    int result;

    while ((result = segment_scan_next(scan, &record)) == PASU_E_CORRUPT ||
           (result == 1 && record.index < index)) {
    }
    if (result < 0)
        return result;
    if (result == 0 || record.index != index)
        return PASU_E_CORRUPT;
    if (record.is_sealed)
        return PASU_E_LEDGER_KEY;
    public = handover_public(&record);
    result = public ? note_key_init(key, NOTE_KEY_ED25519, origin, public) : PASU_E_CORRUPT;
    return result == PASU_E_MALFORMED ? PASU_E_CORRUPT : result;
}

/* The same of a record that was deleted by age. */
static int
read_carried(const struct os *os, int segments, const struct segment_keys *keys, uint64_t index,
             uint64_t below, struct view origin, struct note_key *key)
{
    uint8_t payload[HANDOVER_PAYLOAD];
    struct segment_record record = {.index = index, .payload = view_of(payload, sizeof(payload))};
    int result = prologue_copy(os, segments, keys, below, &record, payload);
    const uint8_t *public = result == 0 ? handover_public(&record) : NULL;

    if (result == 0)
        result = public ? note_key_init(key, NOTE_KEY_ED25519, origin, public) : PASU_E_CORRUPT;
    return result == PASU_E_MALFORMED ? PASU_E_CORRUPT : result;
}

int
handover_read(const struct os *os, int segments, const struct segment_keys *keys, uint64_t record,
              uint64_t below, struct view origin, struct note_key *key)
{
    struct segment_scan scan;
    uint64_t *firsts;
    size_t count, at = 0;
    int result = segment_list(os, segments, &firsts, &count);

    while (at < count && firsts[at] <= record)
        at++;
    if (result == 0 && at > 0)
        result = segment_scan_enter(&scan, os, segments, firsts[at - 1], keys);
    memory_free(firsts);
    if (result == 0 && at == 0)
        return read_carried(os, segments, keys, record, below, origin, key);
    if (result != 0)
        return result;
    result = read_record(&scan, record, origin, key);
    segment_scan_leave(&scan);
    return result;
}
