/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/certify.h"

#include "base/memory.h"
#include "ledger/entry.h"
#include "ledger/opening.h"
#include "ledger/records.h"

/* Records between the place that was told and the one that is meant: a batch, and what places are
 * apart. */
enum { READ_MAX = 1 << 15 };

/* What an opening is made of. */
struct original {
    struct exposure exposure;
    uint32_t ordinals[EXPOSURE_ALL_MAX];
};

/* ---- reading the exposure ---- */

static int
decode(struct original *original, const struct segment_record *record)
{
    struct view payload = record->payload;

    if (record->type != SEGMENT_EXPOSURE || payload.length < ENTRY_SALT)
        return PASU_E_NOTFOUND;
    return exposure_decode(&original->exposure,
                           view_of(payload.bytes + ENTRY_SALT, payload.length - ENTRY_SALT),
                           original->ordinals, COUNT_OF(original->ordinals));
}

static int
read_original(struct record_keeping *r, const struct control_opening *asked,
              struct original *original)
{
    struct source_folder folder = {.os = r->log->os, .directory = r->chain.segments};
    const struct records_place place = {asked->segment, asked->offset, asked->from};
    struct segment_record record;
    struct records reader;
    int result = records_init(&reader, r->log->os, (struct source){source_open_folder, &folder});

    if (result != 0)
        return result;
    reader.keys = &r->keys;
    result = records_seek(&reader, &place);
    if (result == 0)
        result = records_find(&reader, asked->record, READ_MAX, &record);
    if (result == 0)
        result = decode(original, &record);
    records_release(&reader);
    return result;
}

/* ---- openings ---- */

static int
make_opening(struct record_keeping *r, const struct control_opening *asked,
             union payload_body *body)
{
    const struct opening_list list = {asked->record, asked->part, asked->which};
    struct original *original = memory_new(1, sizeof(*original));
    const struct os *os = r->log->os;
    int result = original ? read_original(r, asked, original) : PASU_E_NOMEM;

    if (result == 0)
        result = os->random(os->arg, body->opening.seed, sizeof(body->opening.seed));
    if (result == 0)
        result = opening_make(&body->opening, &r->chain.hasher, &original->exposure, &list);
    memory_free(original);
    return result;
}

int
certify_open(struct record_keeping *r, const struct control_opening *asked, uint64_t *index)
{
    union payload_body body = {.opening = {0}};
    int result = r->is_open ? make_opening(r, asked, &body) : PASU_E_UNAVAILABLE;

    if (result == 0)
        result = record_other(r, SEGMENT_OPENING, &body);
    if (result == 0)
        *index = chain_size(&r->chain) - 1;
    memory_wipe(&body, sizeof(body));
    return result;
}

/* ---- signing ---- */

static void
name_digest(char *text, size_t size, const uint8_t digest[CERTIFICATE_DIGEST])
{
    size_t used = (size_t)snprintf(text, size, "certificate ");

    for (size_t i = 0; i < CERTIFICATE_DIGEST && used + 2 < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%02x", digest[i]);
}

int
certify_sign(struct record_keeping *r, const uint8_t digest[CERTIFICATE_DIGEST], uint32_t uid,
             uint32_t pid, struct writer *w)
{
    union payload_body body = {.asked = {.uid = uid, .pid = pid, .command = "certify"}};
    int result;

    name_digest(body.asked.filters, sizeof(body.asked.filters), digest);
    result = record_other(r, SEGMENT_ASKED, &body);
    return result == 0 ? certificate_sign(&r->chain.key, digest, w) : result;
}

/* ---- commands ---- */

static void
answer_opening(struct record_keeping *r, struct control_client *client)
{
    uint64_t index = 0;
    int result = certify_open(r, &client->request.opening, &index);

    control_end(client, result, index);
}

static void
answer_checkpoint(struct record_keeping *r, struct control_client *client)
{
    int result = record_sign(r);

    control_end(client, result, result == 0 ? chain_size(&r->chain) : 0);
}

static void
answer_certificate(struct record_keeping *r, struct control_client *client)
{
    uint8_t note[CERTIFICATE_NOTE_MAX];
    struct writer w = writer_of(note, sizeof(note));
    int result = certify_sign(r, client->request.digest, client->uid, client->pid, &w);

    LOG_EVENT(r->log, CONTROL_COMMAND, F_TEXT("command", "certify"), F_UINT("uid", client->uid),
              F_UINT("pid", client->pid), F_TEXT("record", error_text(result)));
    if (result == 0)
        control_frame(client, CONTROL_NOTE, note, writer_length(&w));
    control_end(client, result, 0);
}

bool
certify_ask(struct record_keeping *r, struct control_client *client)
{
    switch (client->request.verb) {
    case CONTROL_OPENING:
        answer_opening(r, client);
        return true;
    case CONTROL_CHECKPOINT:
        answer_checkpoint(r, client);
        return true;
    case CONTROL_CERTIFICATE:
        answer_certificate(r, client);
        return true;
    default:
        return false;
    }
}
