/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import.h"

#include "base/memory.h"
#include "base/os.h"
#include "cli/asked.h"
#include "cli/complain.h"
#include "cli/import_named.h"
#include "cli/import_piece.h"
#include "cli/import_session.h"
#include "cli/import_view.h"
#include "cli/scan_sandbox.h"
#include "cli/text.h"
#include "exposure/key.h"
#include "scan/stream.h"

#include <inttypes.h>
#include <unistd.h>

/* Not <sodium.h>: one of its headers uses a word that does not compile here. */
#include <sodium/crypto_generichash.h>
#include <sodium/crypto_hash_sha256.h>

enum { RING = RINGS_MAX - 1, DIGEST = PAYLOAD_DIGEST_SIZE };

struct pending {
    uint64_t offset;
    struct import_session *session;
    const char *pattern;
    int64_t time;
    size_t named_end;    /* its persons' names end there, of im->named */
    uint32_t at, length; /* of its bytes */
};

struct importing {
    const struct route_map *map;
    struct ask ask;
    struct record_keeping *records;
    struct observe_state *observer;
    struct dialects *dialects;
    struct observe_keys keys;
    struct sources sources;
    struct vocabulary vocabulary;
    struct import_sessions sessions;
    struct import_pieces pieces;
    struct import_set shapes; /* fingerprints that are written */
    bool has_vocabulary;
    uint64_t segment; /* the one that begins with how far rings were taken, and one more */
    /* Of the log that is read. */
    const char *path;
    uint64_t seen; /* offset of the last event */
    struct pending *pending;
    size_t pending_count, pending_space, pending_done;
    struct import_named named; /* of what is pending */
    uint8_t *bytes;
    size_t bytes_length, bytes_space;
    uint64_t log_exposures;
    int64_t log_first, log_last;
    /* All. */
    struct import_told told;
    int64_t latest;                 /* what is dated later is not taken: a day from now */
    struct import_set persons, may; /* shown; shown, or may have been */
    struct observation items[OBSERVE_MOST];
    struct observed_more more[OBSERVE_MOST];
    uint32_t ordinals[EXPOSURE_PARTS_MAX][OBSERVE_MOST];
};

/* ---- exposures ---- */

static uint64_t
fingerprint_of(const char *pattern)
{
    uint8_t hash[16];
    uint64_t n;

    (void)crypto_generichash(hash, sizeof(hash), (const uint8_t *)pattern, strlen(pattern), NULL,
                             0);
    memcpy(&n, hash, sizeof(n));
    return n != 0 ? n : 1;
}

/* A part for each kind; what is not sure, or no number, counts as one more. */
static void
make_exposure(struct importing *im, struct exposure *e, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct observation *o = &im->items[i];
        struct exposure_part *part;
        size_t at = 0;

        while (at < e->part_count && e->parts[at].kind != o->kind)
            at++;
        if (at == e->part_count) {
            if (at == EXPOSURE_PARTS_MAX)
                at--; /* never: a request has at most ROUTE_KEYS, a statement has kinds of a map */
            else
                e->parts[e->part_count++] =
                    (struct exposure_part){.kind = o->kind,
                                           .attribution = ATTRIBUTION_PINNED,
                                           .clear = o->fields,
                                           .ordinals = im->ordinals[at],
                                           .missed = im->ordinals[at]};
        }
        part = &e->parts[at];
        if (o->what == OBSERVED_MISS) {
            if (o->number < KEY_ORDINAL_FIRST)
                im->ordinals[at][part->missed_count++] = (uint32_t)o->number;
            continue;
        }
        if (im->more[i].is_sure && o->number < KEY_ORDINAL_FIRST) {
            im->ordinals[at][part->ordinal_count++] = (uint32_t)o->number;
            continue;
        }
        part->attribution = ATTRIBUTION_BOUND;
        part->unknown++;
        e->flags |= FLAG_BIT(BOUND);
    }
}

static int
keep_bytes(struct importing *im, struct pending *p, const struct exposure *e)
{
    ssize_t length;

    if (im->bytes_length + EXPOSURE_ENCODED_MAX > im->bytes_space) {
        size_t space = 2 * (im->bytes_space + EXPOSURE_ENCODED_MAX);
        uint8_t *bytes = memory_resize(im->bytes, space, 1);

        if (bytes == NULL)
            return PASU_E_NOMEM;
        im->bytes = bytes;
        im->bytes_space = space;
    }
    length = exposure_encode(e, im->bytes + im->bytes_length, EXPOSURE_ENCODED_MAX);
    if (length < 0)
        return (int)length;
    p->at = (uint32_t)im->bytes_length;
    p->length = (uint32_t)length;
    im->bytes_length += (size_t)length;
    return 0;
}

static struct pending *
new_pending(struct importing *im)
{
    if (im->pending_count == im->pending_space) {
        size_t space = im->pending_space > 0 ? 2 * im->pending_space : 1024;
        struct pending *pending = memory_resize(im->pending, space, sizeof(*pending));

        if (pending == NULL)
            return NULL;
        im->pending = pending;
        im->pending_space = space;
    }
    im->pending[im->pending_count] = (struct pending){0};
    return &im->pending[im->pending_count];
}

static int
take_event(void *arg, const struct event *event, uint64_t offset)
{
    struct importing *im = arg;
    size_t count = observe(im->observer, event, im->items, im->more);
    enum observed what = count > 0 ? im->items[0].what : OBSERVED_OTHER;
    struct exposure e = {.time = event->time, .statements = 1, .flags = FLAG_BIT(IMPORTED)};
    struct pending *p;
    int result;

    im->seen = offset;
    im->told.unmatched += count > 0 && observe_is_unmatched(im->observer);
    if (event->time > im->latest) {
        im->told.ahead++;
        return count > 0;
    }
    if (count == 0 || (what != OBSERVED_SHOWN && what != OBSERVED_MISS))
        return count > 0;
    p = new_pending(im);
    if (p == NULL)
        return PASU_E_NOMEM;
    result = import_session_of(&im->sessions, im->observer, event, &im->items[0], &p->session);
    if (result != 0)
        return result;
    p->offset = offset;
    p->time = event->time;
    p->pattern = observe_pattern(im->observer);
    e.session = p->session->session;
    e.shape = fingerprint_of(p->pattern);
    e.vocabulary = im->vocabulary.id;
    e.rows = what == OBSERVED_SHOWN ? count : 0;
    e.misses = what == OBSERVED_MISS;
    make_exposure(im, &e, count);
    result = keep_bytes(im, p, &e);
    if (result == 0)
        result = import_named_keep(&im->named, im->items, im->more, count, &p->named_end);
    if (result != 0)
        return result;
    im->pending_count++;
    return 1;
}

/* ---- batches ---- */

/* A new segment begins with how far each ring was taken (ledger/taken.h). */
static int
begin_batch(struct importing *im)
{
    struct record_keeping *r = im->records;
    int result = record_batch_begin(r);

    if (result != 0 || record_segment(r) + 1 == im->segment)
        return result;
    for (uint32_t i = 0; i < RINGS_MAX && result == 0; i++) {
        const struct segment_taken taken = {.ring = i,
                                            .file = r->taken.rings[i].file,
                                            .from = r->taken.rings[i].position,
                                            .to = r->taken.rings[i].position};

        if (taken.to != 0)
            result = record_batch_mark(r, &taken);
    }
    if (result == 0)
        im->segment = record_segment(r) + 1;
    else
        record_batch_abort(r);
    return result;
}

static int
put_body(struct importing *im, enum segment_type type, const union payload_body *body)
{
    uint8_t bytes[SEGMENT_PAYLOAD_MAX];
    ssize_t length = payload_write(type, body, bytes, sizeof(bytes));

    return length < 0 ? (int)length
                      : record_batch_put(im->records, type, view_of(bytes, (size_t)length));
}

static int
put_names(struct importing *im, const struct pending *p)
{
    union payload_body body = {.shape = {fingerprint_of(p->pattern), view_of_text(p->pattern)}};
    uint64_t before = im->shapes.count;
    int result = import_set_add(&im->shapes, body.shape.fingerprint);

    if (result == 0 && !im->has_vocabulary) {
        uint8_t bytes[VOCABULARY_ENCODED_MAX];
        ssize_t length = vocabulary_encode(&im->vocabulary, bytes, sizeof(bytes));

        result = length < 0 ? (int)length
                            : record_batch_put(im->records, SEGMENT_VOCABULARY,
                                               view_of(bytes, (size_t)length));
        im->has_vocabulary = result == 0;
    }
    return result == 0 && im->shapes.count > before ? put_body(im, SEGMENT_SHAPE, &body) : result;
}

static int
end_batch(struct importing *im, const struct payload_imported *imported)
{
    const union payload_body body = {.imported = *imported};
    struct segment_taken taken = {.ring = RING, .from = imported->from, .to = imported->to};
    int result = put_body(im, SEGMENT_IMPORTED, &body);

    memcpy(&taken.file, imported->digest, sizeof(taken.file));
    if (result != 0) {
        record_batch_abort(im->records);
        return result;
    }
    return record_batch_end(im->records, &taken);
}

static int
count_it(struct importing *im, const struct pending *p)
{
    struct exposure e;
    int result = exposure_decode(&e, view_of(im->bytes + p->at, p->length), im->ordinals[0],
                                 sizeof(im->ordinals) / sizeof(uint32_t));

    im->log_exposures++;
    im->told.views += result == 0 && e.misses == 0;
    im->told.misses += result == 0 && e.misses > 0;
    if (im->log_first == 0 || p->time < im->log_first)
        im->log_first = p->time;
    if (p->time > im->log_last)
        im->log_last = p->time;
    p->session->counts.statements++;
    p->session->counts.rows += result == 0 ? e.rows : 0;
    if (p->time > p->session->last)
        p->session->last = p->time;
    for (size_t i = 0; i < e.part_count && result == 0; i++)
        for (size_t o = 0; o < e.parts[i].ordinal_count && result == 0; o++)
            result = import_set_add(&im->persons,
                                    (uint64_t)(e.parts[i].kind + 1) << 32 | e.parts[i].ordinals[o]);
    return result == 0 ? import_named_count(&im->named, p->named_end, &im->may) : result;
}

static struct payload_imported
imported_of(const struct importing *im, enum imported_what what)
{
    struct payload_imported imported = {.uid = getuid(), .what = (uint8_t)what};

    text_from_view(imported.log, sizeof(imported.log), view_of_text(im->path));
    return imported;
}

/* Those of one piece: [first, end) of what is pending. */
static int
write_piece(struct importing *im, size_t number, size_t first, size_t end)
{
    const struct import_piece *piece = &im->pieces.items[number];
    struct payload_imported imported = imported_of(im, IMPORTED_PIECE);
    int result = 0;

    imported.from = (uint64_t)number * IMPORT_PIECE;
    imported.to = imported.from + piece->length;
    memcpy(imported.digest, piece->digest, DIGEST);
    while (first < end && im->pending[first].offset < imported.from + piece->had) {
        im->told.already++;
        im->named.done = im->pending[first++].named_end;
    }
    if (first == end)
        return 0;
    for (size_t i = first; i < end && result == 0; i++)
        result = import_session_open(im->pending[i].session, im->records);
    if (result == 0)
        result = begin_batch(im);
    if (result != 0)
        return result;
    for (size_t i = first; i < end && result == 0; i++) {
        const struct pending *p = &im->pending[i];

        result = put_names(im, p);
        if (result == 0)
            result = record_batch_put(im->records, SEGMENT_EXPOSURE,
                                      view_of(im->bytes + p->at, p->length));
        if (result == 0)
            result = count_it(im, p);
        if (imported.first == 0 || p->time < imported.first)
            imported.first = p->time;
        if (p->time > imported.last)
            imported.last = p->time;
        imported.exposures++;
    }
    if (result != 0) {
        record_batch_abort(im->records);
        return result == PASU_E_AGAIN ? PASU_E_RANGE : result;
    }
    return end_batch(im, &imported);
}

/* What is written is not kept. */
static void
forget_done(struct importing *im)
{
    size_t left = im->pending_count - im->pending_done;
    size_t at = left > 0 ? im->pending[im->pending_done].at : im->bytes_length;
    size_t named = import_named_forget(&im->named);

    if (im->pending_done == 0)
        return;
    memmove(im->bytes, im->bytes + at, im->bytes_length - at);
    memmove(im->pending, im->pending + im->pending_done, left * sizeof(*im->pending));
    for (size_t i = 0; i < left; i++) {
        im->pending[i].at -= (uint32_t)at;
        im->pending[i].named_end -= named;
    }
    im->bytes_length -= at;
    im->pending_count = left;
    im->pending_done = 0;
}

/* Pieces that no event can come to any more. */
static int
write_pieces(struct importing *im, bool is_end)
{
    int result = 0;

    while (im->pending_done < im->pending_count && result == 0) {
        size_t first = im->pending_done, end = first;
        size_t number = (size_t)(im->pending[first].offset / IMPORT_PIECE);

        if (number >= im->pieces.count || (!is_end && im->seen / IMPORT_PIECE <= number))
            break;
        while (end < im->pending_count && im->pending[end].offset / IMPORT_PIECE == number)
            end++;
        result = write_piece(im, number, first, end);
        im->pending_done = end;
    }
    forget_done(im);
    return result;
}

/* ---- logs ---- */

static int
write_log(struct importing *im, const struct block *all)
{
    struct payload_imported imported = imported_of(im, IMPORTED_LOG);
    crypto_hash_sha256_state state;
    int result;

    if (im->log_exposures == 0)
        return 0;
    (void)crypto_hash_sha256_init(&state);
    for (size_t i = 0; i < im->pieces.count; i++) {
        (void)crypto_hash_sha256_update(&state, im->pieces.items[i].digest, DIGEST);
        imported.to += im->pieces.items[i].length;
    }
    (void)crypto_hash_sha256_final(&state, imported.digest);
    imported.first = im->log_first;
    imported.last = im->log_last;
    imported.lines = all->lines;
    imported.unparsed = all->unparsed;
    imported.exposures = im->log_exposures;
    result = begin_batch(im);
    return result == 0 ? end_batch(im, &imported) : result;
}

static int
read_stream(struct importing *im, struct stream *stream)
{
    struct block *block, all = {0};
    int result = 0;

    while (result == 0 && (block = stream_next(stream)) != NULL) {
        all.lines += block->lines;
        all.unparsed += block->unparsed;
        result = block->result == PASU_E_CORRUPT ? 0 : block->result;
        if (result == 0)
            result = import_pieces_take(&im->pieces, block);
        if (result == 0)
            result = write_pieces(im, false);
        if (result == 0 && block->result != 0) {
            complain("what came before the damage is imported", "%s: %s", im->path,
                     error_text(block->result));
            break;
        }
    }
    if (result == 0)
        result = import_pieces_end(&im->pieces);
    if (result == 0)
        result = write_pieces(im, true);
    if (result == 0)
        result = write_log(im, &all);
    im->told.lines += all.lines;
    im->told.unparsed += all.unparsed;
    return result;
}

static int
read_log(struct importing *im, struct streams *streams, const char *path)
{
    struct stream_head head;
    struct stream_kept *kept;
    struct stream *stream;
    int result = stream_look(&head, &kept, path, im->dialects);

    im->path = path;
    import_pieces_begin(&im->pieces);
    im->pending_count = im->pending_done = im->bytes_length = 0;
    im->seen = im->log_exposures = im->named.count = im->named.done = 0;
    im->log_first = im->log_last = 0;
    if (result == 0)
        result = stream_open(&stream, streams, path, kept, &head.dialect, 0);
    if (result != 0)
        return result;
    result = read_stream(im, stream);
    stream_close(stream);
    return result;
}

static int
read_logs(struct importing *im, char *const *paths, size_t count)
{
    struct streams_options reading = {.dialects = im->dialects,
                                      .keys = &im->keys,
                                      .sources = &im->sources,
                                      .threads = 1,
                                      .block = 1 << 20,
                                      .see = take_event,
                                      .see_arg = im};
    struct streams *streams;
    int result = streams_new(&streams, &reading);

    if (result != 0)
        return complain_error(result, "scan");
    for (size_t i = 0; i < count && result == 0; i++) {
        result = read_log(im, streams, paths[i]);
        if (result != 0)
            (void)complain_error(result, "%s", paths[i]);
    }
    streams_free(streams);
    return result == 0 ? 0 : 2;
}

/* ---- all of it ---- */

static int
open_all(struct importing *im, const struct log *log, int *lock)
{
    uint8_t secret[OBSERVE_SECRET];
    const struct route_map *map = im->map;
    const char *failed;
    int result = sources_open(&im->sources, map->country_db, map->asn_db, &failed);

    if (result != 0 || os_real.random(os_real.arg, secret, sizeof(secret)) != 0)
        return result != 0 ? result : PASU_E_CRYPTO;
    im->latest = os_realtime(&os_real) + 86400 * NANOSECONDS_PER_SECOND;
    observe_keys_init(&im->keys, secret);
    im->dialects = memory_new(1, sizeof(*im->dialects));
    result = im->dialects == NULL ? PASU_E_NOMEM : 0;
    if (result == 0)
        dialects_init(im->dialects, map);
    if (result == 0)
        result = observe_new(&im->observer, map, &im->keys, &im->sources);
    if (result == 0)
        result = vocabulary_of_names(&im->vocabulary, map->fields, map->field_count, map->kinds,
                                     map->kind_count);
    return result == 0 ? asked_open(&im->ask, log, im->records, lock) : result;
}

static int
run(struct importing *im, const struct input_list *names, bool is_json)
{
    /* What fails is said by us. */
    struct log log = {.fd = -1, .os = &os_real, .level = LOG_ERROR, .process = "scan"};
    int lock, status, result = scan_close_others(names);

    if (result != 0)
        return result;
    result = open_all(im, &log, &lock);
    if (result == PASU_E_UNAVAILABLE)
        complain("stop it, or name a configuration with a ledger of its own",
                 "a guard writes to this ledger");
    else if (result != 0)
        (void)asked_complain(result, "the ledger");
    if (result != 0)
        return 2;
    status = scan_give_up_but(names, im->records->directory);
    if (status == 0 && (result = import_pieces_known(&im->pieces, im->records)) != 0)
        status = complain_error(result, "the ledger");
    if (status == 0)
        status = read_logs(im, names->paths, names->count);
    result = import_sessions_close(&im->sessions, im->records);
    record_aside_close(im->records);
    close(lock);
    if (result != 0 && status == 0)
        status = complain_error(result, "the ledger");
    im->told.accounts = im->sessions.principals.count;
    im->told.persons = im->persons.count;
    im->told.may = im->may.count;
    if (is_json)
        import_print_json(&im->told);
    else
        import_print_text(&im->told);
    if (status != 0)
        return status;
    if (im->told.unparsed * 100 > im->told.lines) {
        complain("see the shape of some with pasu scan --map, without --import; then name their "
                 "format in the map",
                 "%" PRIu64 " of %" PRIu64 " lines could not be read: what they show is not in the "
                 "ledger",
                 im->told.unparsed, im->told.lines);
        return 3;
    }
    return im->told.views + im->told.misses == 0 && im->told.already > 0;
}

int
import_logs(const struct arguments *arguments, const struct route_map *map,
            const struct input_list *names, bool is_json)
{
    struct importing *im = memory_new(1, sizeof(*im));
    int status;

    if (im == NULL || (im->records = memory_new(1, sizeof(*im->records))) == NULL) {
        memory_free(im);
        return complain_error(PASU_E_NOMEM, "scan");
    }
    im->map = map;
    status = ask_init(&im->ask, arguments);
    if (status == 0) {
        status = run(im, names, is_json);
        ask_release(&im->ask);
    }
    import_sessions_release(&im->sessions);
    observe_free(im->observer);
    import_pieces_release(&im->pieces);
    memory_free(im->pending);
    memory_free(im->bytes);
    memory_free(im->named.list);
    memory_free(im->shapes.slots);
    memory_free(im->persons.slots);
    memory_free(im->may.slots);
    memory_free(im->dialects);
    memory_free(im->records);
    memory_free(im);
    return status;
}
