/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/handover_signature.h"

#include "ledger/entry.h"

static const char first_line[] = "pasu key/v1\n";

enum {
    FIRST_LINE = sizeof(first_line) - 1,
    MESSAGE_MAX = FIRST_LINE + NOTE_NAME_MAX + 1 + SEGMENT_ID_SIZE + ENTRY_HEAD + HANDOVER_PAYLOAD,
};
_Static_assert((int)MESSAGE_MAX <= (int)NOTE_TEXT_MAX, "note_key_check");

/* What is signed of the record, in the ledger with that origin and id; its length. */
static ssize_t
write_message(const struct segment_record *record, const uint8_t id[SEGMENT_ID_SIZE],
              const char *origin, uint8_t message[MESSAGE_MAX])
{
    struct writer w = writer_of(message, MESSAGE_MAX);
    uint8_t head[ENTRY_HEAD];

    entry_head(head, record);
    writer_bytes(&w, first_line, FIRST_LINE);
    writer_bytes(&w, origin, strlen(origin));
    writer_u8(&w, '\n');
    writer_bytes(&w, id, SEGMENT_ID_SIZE);
    writer_bytes(&w, head, sizeof(head));
    writer_bytes(&w, record->payload.bytes, HANDOVER_PAYLOAD);
    return writer_end(&w);
}

int
handover_sign(uint8_t payload[HANDOVER_SIGNED], uint64_t index, int64_t time,
              const uint8_t id[SEGMENT_ID_SIZE], const struct signing_key *key)
{
    const struct segment_record record = {.index = index,
                                          .time = time,
                                          .type = SEGMENT_KEY,
                                          .payload = view_of(payload, HANDOVER_SIGNED)};
    uint8_t message[MESSAGE_MAX];
    ssize_t length = write_message(&record, id, key->public.name, message);

    return length < 0 ? (int)length
                      : signing_key_sign(key, view_of(message, (size_t)length),
                                         payload + HANDOVER_PAYLOAD);
}

int
handover_check(const struct segment_record *record, const uint8_t id[SEGMENT_ID_SIZE],
               const struct note_key *key)
{
    uint8_t message[MESSAGE_MAX];
    ssize_t length;
    uint64_t time;

    if (!handover_is_signed(record) || key->type != NOTE_KEY_ED25519)
        return PASU_E_CORRUPT;
    length = write_message(record, id, key->name, message);
    return length < 0
               ? PASU_E_CORRUPT
               : note_key_check(
                     key, view_of(message, (size_t)length),
                     view_of(record->payload.bytes + HANDOVER_PAYLOAD, NOTE_SIGNATURE_SIZE), &time);
}
