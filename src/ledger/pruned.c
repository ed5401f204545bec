/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/pruned.h"

#include "ledger/entry.h"

static const char first_line[] = "pasu pruned/v1\n";

enum {
    FIRST_LINE = sizeof(first_line) - 1,
    BEFORE = 40, /* bytes of the payload in front of the signature */
    MESSAGE_MAX =
        FIRST_LINE + NOTE_NAME_MAX + 1 + ENTRY_HEAD + PRUNED_PAYLOAD_MAX - PAYLOAD_SIGNATURE_SIZE,
};
_Static_assert((int)PAYLOAD_SIGNATURE_SIZE == (int)NOTE_SIGNATURE_SIZE, "Ed25519");
_Static_assert((int)MESSAGE_MAX <= (int)NOTE_TEXT_MAX, "note_key_check");

int
pruned_read(struct pruned *p, const struct segment_record *record)
{
    struct payload_pruned body;

    if (payload_read_pruned(&body, record->payload) != 0 || body.carried > record->index)
        return PASU_E_CORRUPT;
    *p = (struct pruned){.index = record->index, .time = record->time, .body = body};
    memcpy(p->frontier, body.frontier.bytes, body.frontier.length);
    pruned_settle(p);
    return 0;
}

void
pruned_settle(struct pruned *p)
{
    p->body.frontier.bytes = p->frontier;
}

void
pruned_frontier(const struct pruned *p, struct tree_frontier *frontier)
{
    const uint8_t *at = p->frontier;

    *frontier = (struct tree_frontier){.size = p->body.end};
    for (unsigned height = TREE_HEIGHTS; height-- > 0;)
        if (p->body.end >> height & 1) {
            memcpy(frontier->nodes[height].bytes, at, TREE_HASH_SIZE);
            at += TREE_HASH_SIZE;
        }
}

int
pruned_record(const struct pruned *p, uint8_t payload[PRUNED_PAYLOAD_MAX],
              struct segment_record *record)
{
    ssize_t length = payload_write_pruned(&p->body, payload, PRUNED_PAYLOAD_MAX);

    if (length < 0)
        return (int)length;
    *record = (struct segment_record){.index = p->index,
                                      .time = p->time,
                                      .type = SEGMENT_PRUNED,
                                      .payload = view_of(payload, (size_t)length)};
    return 0;
}

/* ---- the signature ---- */

/* What is signed of the ledger with that origin; its length. */
static ssize_t
write_message(const struct pruned *p, const char *origin, uint8_t message[MESSAGE_MAX])
{
    const size_t behind = BEFORE + PAYLOAD_SIGNATURE_SIZE;
    struct writer w = writer_of(message, MESSAGE_MAX);
    uint8_t payload[PRUNED_PAYLOAD_MAX];
    struct segment_record record;
    struct entry entry;
    int result = pruned_record(p, payload, &record);

    if (result == 0)
        result = entry_lay(&entry, &record);
    if (result != 0)
        return result;
    writer_bytes(&w, first_line, FIRST_LINE);
    writer_bytes(&w, origin, strlen(origin));
    writer_u8(&w, '\n');
    writer_bytes(&w, entry.head, sizeof(entry.head));
    writer_bytes(&w, payload, BEFORE);
    writer_bytes(&w, payload + behind, record.payload.length - behind);
    return writer_end(&w);
}

int
pruned_sign(struct pruned *p, const struct signing_key *key)
{
    uint8_t message[MESSAGE_MAX];
    ssize_t length = write_message(p, key->public.name, message);

    return length < 0 ? (int)length
                      : signing_key_sign(key, view_of(message, (size_t)length), p->body.signature);
}

int
pruned_check(const struct pruned *p, const struct note_key *key)
{
    uint8_t message[MESSAGE_MAX];
    ssize_t length = write_message(p, key->name, message);
    uint64_t time;

    if (length < 0 || key->type != NOTE_KEY_ED25519)
        return PASU_E_CORRUPT;
    return note_key_check(key, view_of(message, (size_t)length),
                          view_of(p->body.signature, sizeof(p->body.signature)), &time);
}
