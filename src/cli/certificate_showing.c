/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "cli/certificate.h"
#include "cli/progress.h"
#include "ledger/entry.h"
#include "ledger/opening.h"

enum { ENTRY_MAX = 8192, FIRST_SPACE = 64 };

/* Why something is not proven; the words are docs/spec/certificate.md's. */
enum reason { PROVEN, IN_RING, UNOPENED, UNSIGNED, UNNAMED, DAMAGED };

static const char *const reasons[] = {"", "ring", "unopened", "unsigned", "unnamed", "damaged"};

/* An entry of the ledger, which is in the certificate once, and its proof. */
struct listed {
    uint64_t index;
    uint8_t *bytes; /* with the proof's hashes behind them */
    size_t length, hash_count;
};

struct showings {
    struct certificate *certificate;
    struct json_out *out;
    struct listed *entries;
    size_t count, space;
    struct map known; /* index → in entries */
    struct exposure exposure;
    uint32_t ordinals[EXPOSURE_ALL_MAX];
    struct vocabulary vocabulary;
};

/* ---- entries ---- */

static int
flatten(struct listed *listed, const struct entry *entry, const struct tree_proof *proof)
{
    const size_t size = proof->count * sizeof(proof->hashes[0]);
    size_t length = 0;

    for (size_t i = 0; i < entry->count; i++)
        length += entry->pieces[i].iov_len;
    if (length > ENTRY_MAX)
        return PASU_E_CORRUPT;
    *listed = (struct listed){.bytes = memory_new(1, length + size), .hash_count = proof->count};
    if (listed->bytes == NULL)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < entry->count; i++) {
        memcpy(listed->bytes + listed->length, entry->pieces[i].iov_base, entry->pieces[i].iov_len);
        listed->length += entry->pieces[i].iov_len;
    }
    memcpy(listed->bytes + length, proof->hashes, size);
    return 0;
}

static int
make_room(struct showings *s)
{
    size_t space = s->space == 0 ? FIRST_SPACE : s->space * 2;
    struct listed *entries;

    if (s->count < s->space)
        return 0;
    entries = memory_resize(s->entries, space, sizeof(*entries));
    if (entries == NULL)
        return PASU_E_NOMEM;
    s->entries = entries;
    s->space = space;
    return 0;
}

/* Adds the record's entry, once it is proven, unless it is there. */
static int
list_record(struct showings *s, const struct segment_record *record)
{
    struct prover *prover = s->certificate->prover;
    struct entry entry;
    struct tree_hash leaf;
    struct tree_proof proof;
    struct listed listed;
    uint32_t place;
    int result;

    if (map_get(&s->known, record->index, &place))
        return 0;
    result = entry_make(&entry, &prover->digester.hasher, record);
    if (result == 0)
        result = tree_hash_leaf(&prover->digester.hasher, entry.pieces, entry.count, &leaf);
    if (result == 0)
        result = prover_prove(prover, record->index, &leaf, &proof);
    if (result == 0)
        result = make_room(s);
    if (result == 0)
        result = flatten(&listed, &entry, &proof);
    if (result != 0)
        return result;
    listed.index = record->index;
    s->entries[s->count++] = listed;
    return map_put(&s->known, record->index, (uint32_t)s->count - 1);
}

/* Adds the entry of the record with this index, which is to be of this type. */
static int
list_index(struct showings *s, uint64_t index, enum segment_type type)
{
    struct segment_record record;
    uint32_t place;
    int result;

    if (map_get(&s->known, index, &place))
        return 0;
    result = prover_record(s->certificate->prover, index, &record);
    if (result == 0 && record.type != type)
        result = PASU_E_CORRUPT;
    return result == 0 ? list_record(s, &record) : result;
}

static int
list_opening(struct showings *s, const struct mention *mention)
{
    uint8_t payload[PAYLOAD_SMALL_MAX];
    ssize_t length = payload_write_opening(&mention->opened, payload, sizeof(payload));
    struct segment_record record = {
        .index = mention->opening, .time = mention->opening_time, .type = SEGMENT_OPENING};

    if (length < 0)
        return (int)length;
    record.payload = view_of(payload, (size_t)length);
    return list_record(s, &record);
}

static int
compare(const void *a, const void *b)
{
    const struct listed *one = a, *other = b;

    return one->index < other->index ? -1 : one->index > other->index;
}

static void
put_base64(struct json_out *out, const void *bytes, size_t length)
{
    char text[BASE64_LENGTH(ENTRY_MAX) + 1];
    struct writer w = writer_of(text, sizeof(text));

    base64_write(&w, bytes, length);
    writer_u8(&w, '\0');
    json_out_text(out, text);
}

static void
put_proof(struct json_out *out, const void *hashes, size_t count)
{
    json_put_open(out, "proof", '[');
    for (size_t i = 0; i < count; i++)
        put_base64(out, (const uint8_t *)hashes + i * sizeof(struct tree_hash),
                   sizeof(struct tree_hash));
    json_out_close(out, ']');
}

static void
put_entries(struct showings *s)
{
    if (s->count > 0)
        qsort(s->entries, s->count, sizeof(*s->entries), compare);
    json_put_open(s->out, "entries", '[');
    for (size_t i = 0; i < s->count; i++) {
        const struct listed *entry = &s->entries[i];

        json_out_open(s->out, '{');
        json_put_count(s->out, "record", entry->index);
        json_out_key(s->out, "entry");
        put_base64(s->out, entry->bytes, entry->length);
        put_proof(s->out, entry->bytes + entry->length, entry->hash_count);
        json_out_close(s->out, '}');
    }
    json_out_close(s->out, ']');
}

/* ---- one showing ---- */

/* PROVEN where nothing speaks against it yet. */
static enum reason
first_reason(const struct certificate *c, const struct mention *mention)
{
    uint64_t size = c->prover->checkpoint.size;

    if (mention->is_in_ring)
        return IN_RING;
    if (mention->record >= size || mention->session >= size || mention->names >= size)
        return UNSIGNED;
    if (mention->names == 0)
        return UNNAMED;
    if (mention->opening == 0)
        return UNOPENED;
    return mention->opening < size ? PROVEN : UNSIGNED;
}

/* The payload of an entry, once it is there. */
static int
list_payload(struct showings *s, uint64_t index, enum segment_type type, struct view *payload)
{
    uint32_t place;
    int result = list_index(s, index, type);

    if (result == 0 && !map_get(&s->known, index, &place))
        result = PASU_E_NOTFOUND;
    if (result == 0)
        *payload =
            view_of(s->entries[place].bytes + ENTRY_HEAD, s->entries[place].length - ENTRY_HEAD);
    return result;
}

/* What the session's own entry says of it. */
static int
list_session(struct showings *s, uint64_t index, struct message_session *opened)
{
    struct view payload;
    int result = list_payload(s, index, SEGMENT_OPENED, &payload);

    if (result != 0)
        return result;
    return payload_read_opened(opened, payload) == 0 ? 0 : PASU_E_CORRUPT;
}

static int
list_names(struct showings *s, const struct mention *mention)
{
    struct view payload;
    int result = list_payload(s, mention->names, SEGMENT_VOCABULARY, &payload);

    if (result == 0 && vocabulary_decode(&s->vocabulary, payload) != 0)
        result = PASU_E_CORRUPT;
    return result == 0 && s->vocabulary.id != mention->vocabulary ? PASU_E_CORRUPT : result;
}

/* The exposure into s->exposure, its session, and the proof that the person is in its list. */
static int
prove(struct showings *s, const struct mention *mention, struct message_session *opened,
      struct opening_leaf *leaf)
{
    struct segment_record record;
    int result = list_names(s, mention);

    *opened = (struct message_session){0};
    if (result == 0 && mention->session != 0)
        result = list_session(s, mention->session, opened);
    if (result == 0)
        result = prover_record(s->certificate->prover, mention->record, &record);
    if (result == 0 && (record.type != SEGMENT_EXPOSURE || record.payload.length < ENTRY_SALT))
        result = PASU_E_CORRUPT;
    if (result == 0)
        result = exposure_decode(
            &s->exposure,
            view_of(record.payload.bytes + ENTRY_SALT, record.payload.length - ENTRY_SALT),
            s->ordinals, COUNT_OF(s->ordinals));
    if (result == 0 && mention->session != 0 && opened->session != s->exposure.session)
        result = PASU_E_CORRUPT;
    if (result == 0)
        result = opening_prove(leaf, &s->certificate->prover->digester.hasher, &mention->opened,
                               &s->exposure, mention->number);
    if (result == 0)
        result = list_record(s, &record);
    return result == 0 ? list_opening(s, mention) : result;
}

static void
put_fields(struct showings *s, const struct mention *mention)
{
    struct names *names = &s->certificate->evidence->book->names;
    const struct exposure_part *part = &s->exposure.parts[mention->part];
    struct lexicon *lexicon;
    bool is_known = names_lexicon(names, mention->vocabulary, &lexicon) == 0;

    json_put_open(s->out, "fields", '{');
    for (unsigned bit = 0; bit < EXPOSURE_FIELDS_MAX && is_known && mention->which == 0; bit++) {
        uint64_t is = UINT64_C(1) << bit;
        int place = (part->clear | part->masked | part->null) & is
                        ? names_field(names, lexicon, bit)
                        : PASU_E_NOTFOUND;

        if (place >= 0)
            json_put_text(s->out, names->fields.items[place],
                          ((part->clear | part->masked) & part->null & is) != 0 ? "maybe"
                          : (part->clear & is) != 0                             ? "clear"
                          : (part->masked & is) != 0                            ? "masked"
                                                                                : "null");
    }
    json_out_close(s->out, '}');
}

/* Null where there is none, and where it is not UTF-8, which others may write in other ways. */
static void
put_name(struct json_out *out, const char *key, const char *name)
{
    bool is_there = name[0] != '\0' && utf8_is_valid(view_of_text(name));

    json_put_text(out, key, is_there ? name : NULL);
}

/* What the entries say, in words. */
static void
put_reading(struct showings *s, const struct mention *mention, const struct message_session *opened)
{
    const struct exposure *exposure = &s->exposure;

    json_put_open(s->out, "reading", '{');
    json_put_time(s->out, "time", exposure->time);
    put_name(s->out, "principal", opened->principal);
    put_name(s->out, "database", opened->database);
    put_name(s->out, "application", opened->application);
    put_name(s->out, "address", opened->address);
    put_name(s->out, "actor", exposure->actor);
    json_put_hex(s->out, "fingerprint", exposure->shape);
    json_put_text(
        s->out, "attribution",
        exposure_attribution_text((enum attribution)exposure->parts[mention->part].attribution));
    json_put_text(s->out, "verdict", exposure_verdict_text((enum verdict)exposure->verdict));
    put_fields(s, mention);
    json_out_close(s->out, '}');
}

static void
put_index(struct json_out *out, const char *key, uint64_t index)
{
    json_out_key(out, key);
    if (index != 0)
        json_out_count(out, index);
    else
        json_out_text(out, NULL);
}

static void
put_showing(struct showings *s, const struct mention *mention, const struct message_session *opened,
            const struct opening_leaf *leaf)
{
    struct json_out *out = s->out;

    json_out_open(out, '{');
    json_put_text(out, "what", mention->which == 0 ? "shown" : "missed");
    put_index(out, "exposure", mention->record);
    json_put_count(out, "part", mention->part);
    put_index(out, "session", mention->session);
    put_index(out, "names", mention->names);
    put_index(out, "opening", mention->opening);
    json_put_count(out, "number", leaf->number);
    json_put_count(out, "ordinal", leaf->ordinal);
    json_out_key(out, "salt");
    put_base64(out, leaf->salt, sizeof(leaf->salt));
    put_proof(out, leaf->path, leaf->count);
    put_reading(s, mention, opened);
    json_out_close(out, '}');
}

/* ---- all ---- */

static int
put_proven(struct showings *s, uint8_t *why)
{
    const struct mentions *mentions = s->certificate->mentions;
    struct progress progress = {0};
    int result = 0;

    json_put_open(s->out, "showings", '[');
    for (size_t i = 0; i < mentions->count && result == 0; i++) {
        const struct mention *mention = &mentions->items[i];
        struct message_session opened;
        struct opening_leaf leaf;

        if (progress_is_due(&progress))
            progress_show(&progress, "proving", i, mentions->count);
        why[i] = (uint8_t)first_reason(s->certificate, mention);
        if (why[i] != PROVEN)
            continue;
        result = prove(s, mention, &opened, &leaf);
        if (result == 0) {
            put_showing(s, mention, &opened, &leaf);
            s->certificate->proven++;
        } else if (result != PASU_E_NOMEM && result != PASU_E_CRYPTO) {
            why[i] = DAMAGED;
            s->certificate->has_damaged = true;
            result = 0;
        }
    }
    progress_end(&progress);
    json_out_close(s->out, ']');
    return result;
}

static void
put_unproven(struct showings *s, const uint8_t *why)
{
    const struct mentions *mentions = s->certificate->mentions;

    json_put_open(s->out, "unproven", '[');
    for (size_t i = 0; i < mentions->count; i++) {
        const struct mention *mention = &mentions->items[i];

        if (why[i] == PROVEN)
            continue;
        s->certificate->unproven++;
        json_out_open(s->out, '{');
        json_put_text(s->out, "what", mention->which == 0 ? "shown" : "missed");
        put_index(s->out, "exposure", mention->is_in_ring ? 0 : mention->record);
        json_put_time(s->out, "time", mention->time);
        json_put_text(s->out, "why", reasons[why[i]]);
        json_out_close(s->out, '}');
    }
    json_out_close(s->out, ']');
}

int
certificate_put_showings(struct certificate *c, struct json_out *out)
{
    struct showings *s = memory_new(1, sizeof(*s));
    uint8_t *why = memory_new(c->mentions->count + 1, 1);
    int result = s != NULL && why != NULL ? 0 : PASU_E_NOMEM;

    if (result == 0) {
        s->certificate = c;
        s->out = out;
        s->known.seed = c->evidence->book->sessions.places.seed;
        result = put_proven(s, why);
        if (result == 0) {
            put_unproven(s, why);
            put_entries(s);
        }
        for (size_t i = 0; i < s->count; i++)
            memory_free(s->entries[i].bytes);
        memory_free(s->entries);
        map_release(&s->known);
    }
    memory_free(s);
    memory_free(why);
    return result;
}
