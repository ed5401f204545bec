/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_reconciled.h"

#include "breach/index_key.h"
#include "breach/pack.h"

static void
pack_places(struct pack *pack, const struct reconciled *r)
{
    pack_number(pack, r->place_count);
    for (size_t p = 0; p < r->place_count; p++) {
        const struct reconciled_place *place = &r->places[p];

        pack_text(pack, place->gateway);
        pack_text(pack, place->database);
        pack_number(pack, place->stretch);
        pack_number(pack, place->gap);
        pack_number(pack, place->least_before);
        pack_u8(pack, place->is_stopped);
        pack_u8(pack, place->is_closed);
    }
}

static void
pack_stretches(struct pack *pack, const struct reconciled *r)
{
    pack_number(pack, r->stretch_count);
    for (size_t s = 0; s < r->stretch_count; s++) {
        const struct reconciled_stretch *stretch = &r->stretches[s];

        pack_number(pack, stretch->place);
        pack_u8(pack, (uint8_t)stretch->why);
        pack_u64(pack, (uint64_t)stretch->from);
        pack_u64(pack, (uint64_t)stretch->to);
        pack_number(pack, stretch->at_least);
        pack_number(pack, stretch->at_most);
    }
}

static void
pack_backends(struct pack *pack, const struct reconciled *r)
{
    pack_number(pack, r->backend_count);
    for (size_t b = 0; b < r->backend_count; b++) {
        const struct message_bypass *backend = &r->backends[b];

        pack_u64(pack, (uint64_t)backend->began);
        pack_u64(pack, (uint64_t)backend->seen);
        pack_number(pack, backend->pid);
        pack_number(pack, backend->port);
        pack_u8(pack, backend->is_certain);
        pack_u8(pack, backend->replication);
        pack_u8(pack, backend->is_over);
        pack_u8(pack, backend->verdict);
        pack_text(pack, backend->gateway);
        pack_text(pack, backend->principal);
        pack_text(pack, backend->database);
        pack_text(pack, backend->application);
        pack_text(pack, backend->address);
    }
}

/* The oldest of those that are kept. */
static uint64_t
first_lookup(const struct reconciled *r)
{
    return r->lookup_count > RECONCILED_LOOKUPS_MAX ? r->lookup_count - RECONCILED_LOOKUPS_MAX : 0;
}

static int
save_lookups(const struct reconciled *r, struct index *index)
{
    struct index_key key = index_key_letter(INDEX_LOOKUPS);
    struct pack pack = {0};
    int result;

    pack_number(&pack, r->lookup_count);
    for (uint64_t i = first_lookup(r); i < r->lookup_count; i++) {
        const struct message_backend *lookup = &r->lookups[i % RECONCILED_LOOKUPS_MAX];

        pack_u64(&pack, (uint64_t)lookup->at);
        pack_number(&pack, lookup->pid);
        pack_number(&pack, lookup->port);
        pack_u8(&pack, lookup->sort);
        pack_text(&pack, lookup->gateway);
        pack_text(&pack, lookup->database);
    }
    result = pack.failed ? PASU_E_NOMEM
                         : index_put(index, INDEX_MAIN, index_key_view(&key), pack_view(&pack));
    pack_release(&pack);
    return result;
}

int
index_reconciled_save(const struct reconciled *r, struct index *index)
{
    struct index_key key = index_key_letter(INDEX_RECONCILED);
    struct pack pack = {0};
    int result;

    pack_number(&pack, r->left_out);
    pack_places(&pack, r);
    pack_stretches(&pack, r);
    pack_backends(&pack, r);
    result = pack.failed ? PASU_E_NOMEM
                         : index_put(index, INDEX_MAIN, index_key_view(&key), pack_view(&pack));
    pack_release(&pack);
    return result == 0 && r->lookup_count > 0 ? save_lookups(r, index) : result;
}

/* A number that is at most so large; else failure. */
static uint32_t
unpack_below(struct reader *reader, uint64_t most)
{
    uint64_t number = unpack_number(reader);

    if (number > most)
        reader->failed = true;
    return reader->failed ? 0 : (uint32_t)number;
}

static void
unpack_places(struct reader *reader, struct gaps *gaps)
{
    struct reconciled *r = &gaps->reconciled;

    r->place_count = unpack_below(reader, RECONCILED_PLACES_MAX);
    for (size_t p = 0; p < r->place_count; p++) {
        struct reconciled_place *place = &r->places[p];

        unpack_text(reader, place->gateway, sizeof(place->gateway));
        unpack_text(reader, place->database, sizeof(place->database));
        place->stretch = unpack_below(reader, RECONCILED_STRETCHES_MAX);
        place->gap = unpack_below(reader, gaps->count);
        place->least_before = unpack_number(reader);
        place->is_stopped = reader_u8(reader) != 0;
        place->is_closed = reader_u8(reader) != 0;
    }
}

static void
unpack_stretches(struct reader *reader, struct reconciled *r)
{
    r->stretch_count = unpack_below(reader, RECONCILED_STRETCHES_MAX);
    for (size_t s = 0; s < r->stretch_count; s++) {
        struct reconciled_stretch *stretch = &r->stretches[s];
        uint8_t why;

        stretch->place = unpack_below(reader, RECONCILED_PLACES_MAX - 1);
        why = reader_u8(reader);
        stretch->why = why < CENSUS_WHATS ? (enum census_what)why : CENSUS_UNASKED;
        stretch->from = (int64_t)little_read_u64(reader);
        stretch->to = (int64_t)little_read_u64(reader);
        stretch->at_least = unpack_number(reader);
        stretch->at_most = unpack_number(reader);
    }
}

static void
unpack_backends(struct reader *reader, struct reconciled *r)
{
    r->backend_count = unpack_below(reader, RECONCILED_BACKENDS_MAX);
    for (size_t b = 0; b < r->backend_count; b++) {
        struct message_bypass *backend = &r->backends[b];

        backend->began = (int64_t)little_read_u64(reader);
        backend->seen = (int64_t)little_read_u64(reader);
        backend->pid = unpack_below(reader, UINT32_MAX);
        backend->port = unpack_below(reader, UINT16_MAX);
        backend->is_certain = reader_u8(reader);
        backend->replication = reader_u8(reader);
        backend->is_over = reader_u8(reader);
        backend->verdict = reader_u8(reader);
        unpack_text(reader, backend->gateway, sizeof(backend->gateway));
        unpack_text(reader, backend->principal, sizeof(backend->principal));
        unpack_text(reader, backend->database, sizeof(backend->database));
        unpack_text(reader, backend->application, sizeof(backend->application));
        unpack_text(reader, backend->address, sizeof(backend->address));
    }
}

/* What names another one names one that there is, of its kind. */
static bool
is_whole(const struct gaps *gaps)
{
    const struct reconciled *r = &gaps->reconciled;

    for (size_t p = 0; p < r->place_count; p++)
        if (r->places[p].stretch > r->stretch_count ||
            (r->places[p].gap > 0 && gaps->items[r->places[p].gap - 1].what != GAP_PAST))
            return false;
    for (size_t s = 0; s < r->stretch_count; s++)
        if (r->stretches[s].place >= r->place_count)
            return false;
    for (size_t g = 0; g < gaps->count; g++)
        if (gaps->items[g].what == GAP_PAST && gaps->items[g].place >= r->place_count)
            return false;
    return true;
}

static void
unpack_lookups(struct reader *reader, struct reconciled *r)
{
    r->lookup_count = unpack_number(reader);
    for (uint64_t i = first_lookup(r); i < r->lookup_count && !reader->failed; i++) {
        struct message_backend *lookup = &r->lookups[i % RECONCILED_LOOKUPS_MAX];

        lookup->at = (int64_t)little_read_u64(reader);
        lookup->pid = unpack_below(reader, UINT32_MAX);
        lookup->port = unpack_below(reader, UINT16_MAX);
        lookup->sort = reader_u8(reader);
        unpack_text(reader, lookup->gateway, sizeof(lookup->gateway));
        unpack_text(reader, lookup->database, sizeof(lookup->database));
    }
}

static int
load_lookups(struct reconciled *r, struct index *index)
{
    struct index_key key = index_key_letter(INDEX_LOOKUPS);
    struct view value;
    struct reader reader;
    int result = index_get(index, INDEX_MAIN, index_key_view(&key), &value);

    if (result != 0)
        return result == PASU_E_NOTFOUND ? 0 : result;
    reader = reader_of(value);
    unpack_lookups(&reader, r);
    return reader_end(&reader) == 0 ? 0 : PASU_E_CORRUPT;
}

int
index_reconciled_load(struct gaps *gaps, struct index *index)
{
    struct index_key key = index_key_letter(INDEX_RECONCILED);
    struct view value;
    struct reader reader;
    int result = index_get(index, INDEX_MAIN, index_key_view(&key), &value);

    if (result == 0) {
        reader = reader_of(value);
        gaps->reconciled.left_out = unpack_number(&reader);
        unpack_places(&reader, gaps);
        unpack_stretches(&reader, &gaps->reconciled);
        unpack_backends(&reader, &gaps->reconciled);
        result = reader_end(&reader) == 0 ? 0 : PASU_E_CORRUPT;
    } else if (result == PASU_E_NOTFOUND) {
        result = 0;
    }
    if (result == 0)
        result = load_lookups(&gaps->reconciled, index);
    return result == 0 && !is_whole(gaps) ? PASU_E_CORRUPT : result;
}
