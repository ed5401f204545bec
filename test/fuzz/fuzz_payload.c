/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile payloads: a byte of type, then the payload. What is read is written to the same bytes,
 * and nothing of it is outside of them. */
#include "ledger/payload.h"
#include "ledger/rights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

/* It is as long as it is. */
static bool
has_view(uint8_t type)
{
    return type == SEGMENT_SHAPE || type == SEGMENT_ORDINAL || type == SEGMENT_PRUNED ||
           type == SEGMENT_CARRIED || type == SEGMENT_RIGHT || type == SEGMENT_REQUESTED ||
           type == SEGMENT_INCIDENT || type == SEGMENT_DECOYS;
}

/* What is in it shows nobody, and is of rights. */
static void
see_right(struct view payload)
{
    static struct right right;
    int result = right_read(&right, payload);

    must(result == 0 || result == PASU_E_CORRUPT);
    if (result == 0)
        must(right.exposure.part_count == 0 && (right.exposure.flags & rights_flags()) != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t again[SEGMENT_PAYLOAD_MAX];
    union payload_body body;
    struct view payload;
    int result;

    if (size == 0 || size - 1 > sizeof(again))
        return 0;
    payload = view_of(data + 1, size - 1);
    result = payload_read(data[0], &body, payload);
    if (result != 0) {
        must(result == PASU_E_CORRUPT || result == PASU_E_NOTFOUND);
        return 0;
    }
    must(payload_write(data[0], &body, again, payload.length) == (ssize_t)payload.length);
    must(payload.length == 0 || memcmp(again, payload.bytes, payload.length) == 0);
    if (payload.length > 0)
        must(payload_write(data[0], &body, again, payload.length - 1) == PASU_E_RANGE);
    if (!has_view(data[0]))
        must(payload.length <= PAYLOAD_SMALL_MAX);
    if (data[0] == SEGMENT_DECOYS)
        must(payload.length <= PAYLOAD_DECOYS_MAX);
    if (data[0] == SEGMENT_RIGHT)
        see_right(payload);
    return 0;
}
