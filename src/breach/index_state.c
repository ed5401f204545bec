/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_state.h"

#include "base/memory.h"
#include "breach/index_key.h"
#include "breach/index_reconciled.h"

enum { META_UNEVEN = 1, META_STRANGE = 2, META_KEYS = 4, META_DISORDERED = 8 };

/* Puts what was packed, and releases it. */
static int
put_pack(struct index *index, struct view key, struct pack *pack)
{
    int result = pack->failed ? PASU_E_NOMEM : index_put(index, INDEX_MAIN, key, pack_view(pack));

    pack_release(pack);
    return result;
}

/* ---- where it ends ---- */

int
index_meta_load(struct index_meta *meta, struct index *index)
{
    struct index_key key = index_key_letter(INDEX_META);
    struct view value;
    struct reader r;
    uint32_t flags;
    int result = index_get(index, INDEX_MAIN, index_key_view(&key), &value);

    *meta = (struct index_meta){0};
    if (result != 0)
        return result;
    r = reader_of(value);
    if (little_read_u32(&r) != INDEX_VERSION)
        return PASU_E_NOTFOUND;
    flags = little_read_u32(&r);
    meta->is_uneven = (flags & META_UNEVEN) != 0;
    meta->is_strange = (flags & META_STRANGE) != 0;
    meta->has_keys = (flags & META_KEYS) != 0;
    meta->is_disordered = (flags & META_DISORDERED) != 0;
    meta->has_last = true;
    meta->last = little_read_u64(&r);
    meta->time = (int64_t)little_read_u64(&r);
    meta->type = little_read_u32(&r);
    return reader_end(&r) == 0 ? 0 : PASU_E_CORRUPT;
}

int
index_meta_save(const struct index_meta *meta, struct index *index)
{
    struct index_key key = index_key_letter(INDEX_META);
    uint32_t flags = (meta->is_uneven ? META_UNEVEN : 0U) | (meta->is_strange ? META_STRANGE : 0U) |
                     (meta->has_keys ? META_KEYS : 0U) |
                     (meta->is_disordered ? META_DISORDERED : 0U);
    struct pack pack = {0};

    pack_u32(&pack, INDEX_VERSION);
    pack_u32(&pack, flags);
    pack_u64(&pack, meta->last);
    pack_u64(&pack, (uint64_t)meta->time);
    pack_u32(&pack, meta->type);
    return put_pack(index, index_key_view(&key), &pack);
}

bool
index_meta_is_last(const struct index_meta *meta, const struct ledger_entry *entry)
{
    return entry->seq == meta->last && entry->time == meta->time &&
           (uint32_t)entry->type == meta->type;
}

int
index_meta_seek(const struct index_meta *meta, const struct entries *entries)
{
    struct ledger_entry entry = {0};
    int result = entries_find(entries, meta->last, &entry);

    return result == 0 && !index_meta_is_last(meta, &entry) ? PASU_E_UNAVAILABLE : result;
}

/* ---- days ---- */

struct index_day
index_day_begin(int32_t day, uint64_t from, struct index_noted noted)
{
    struct index_day made = {.day = day, .from = from, .noted = noted};

    for (size_t p = 0; p < DAY_PARTS; p++)
        made.parts[p] = (struct index_stretch){UINT64_MAX, 0};
    return made;
}

void
index_day_add(struct index_day *day, int64_t time, uint64_t seq)
{
    struct index_stretch *part = &day->parts[day_part_of(time)];

    if (part->from > seq)
        part->from = seq;
    part->to = seq;
}

static void
read_parts(struct index_day *day, struct reader *r)
{
    for (size_t p = 0; p < DAY_PARTS; p++) {
        uint64_t behind = unpack_number(r);

        if (behind == 0)
            continue;
        day->parts[p].from = day->from + behind - 1;
        day->parts[p].to = day->parts[p].from + unpack_number(r);
    }
}

static void
pack_parts(const struct index_day *day, struct pack *pack)
{
    for (size_t p = 0; p < DAY_PARTS; p++) {
        const struct index_stretch *part = &day->parts[p];

        pack_number(pack, part->from > part->to ? 0 : part->from - day->from + 1);
        if (part->from <= part->to)
            pack_number(pack, part->to - part->from);
    }
}

void
index_day_release(struct index_day *day)
{
    ordinals_release(&day->vocabularies);
    map_release(&day->sessions);
}

int
index_day_read(struct index_day *day, int32_t number, struct view bytes)
{
    struct reader r = reader_of(bytes);
    size_t count;
    int result = 0;

    *day = index_day_begin(number, unpack_number(&r), (struct index_noted){0});
    day->to = unpack_number(&r);
    day->noted.is_there = reader_u8(&r) != 0;
    if (day->noted.is_there)
        day->noted.record = unpack_step(&r, day->from);
    read_parts(day, &r);
    day->unknown = unpack_number(&r);
    day->vocabulary = little_read_u32(&r);
    day->vocabulary_at = unpack_number(&r);
    count = unpack_count(&r);
    for (size_t i = 0; i < count && result == 0 && !r.failed; i++) {
        uint32_t id = little_read_u32(&r);

        result = ordinals_add(&day->vocabularies, &id, 1);
    }
    count = unpack_count(&r);
    for (size_t i = 0; i < count && result == 0 && !r.failed; i++)
        result = map_put(&day->sessions, little_read_u64(&r), 0);
    if (result == 0)
        result = reader_end(&r) == 0 && day_is_one(number) ? 0 : PASU_E_CORRUPT;
    if (result != 0)
        index_day_release(day);
    return result;
}

int
index_day_load(struct index_day *day, struct index *index, int32_t number)
{
    struct index_key key = index_key_number(INDEX_DAY, index_day_number(number));
    struct view value;
    int result = index_get(index, INDEX_MAIN, index_key_view(&key), &value);

    return result != 0 ? result : index_day_read(day, number, value);
}

static int
compare_u64(const void *a, const void *b)
{
    const uint64_t *one = a, *other = b;

    return (*one > *other) - (*one < *other);
}

/* In rising order: where a map has them depends on its seed. */
static void
pack_sessions(struct pack *pack, const struct map *map)
{
    uint64_t *ids = map->count == 0 ? NULL : memory_new(map->count, sizeof(*ids));
    size_t count = 0;

    pack_number(pack, map->count);
    if (ids == NULL) {
        pack->failed = pack->failed || map->count > 0;
        return;
    }
    for (size_t i = 0; i < map->size; i++)
        if (map->slots[i].is_used)
            ids[count++] = map->slots[i].key;
    qsort(ids, count, sizeof(*ids), compare_u64);
    for (size_t i = 0; i < count; i++)
        pack_u64(pack, ids[i]);
    memory_free(ids);
}

int
index_day_save(const struct index_day *day, struct index *index)
{
    struct index_key key = index_key_number(INDEX_DAY, index_day_number(day->day));
    struct pack pack = {0};

    pack_number(&pack, day->from);
    pack_number(&pack, day->to);
    pack_u8(&pack, day->noted.is_there);
    if (day->noted.is_there)
        pack_step(&pack, day->noted.record, day->from);
    pack_parts(day, &pack);
    pack_number(&pack, day->unknown);
    pack_u32(&pack, day->vocabulary);
    pack_number(&pack, day->vocabulary_at);
    pack_number(&pack, day->vocabularies.count);
    for (size_t i = 0; i < day->vocabularies.count; i++)
        pack_u32(&pack, day->vocabularies.items[i]);
    pack_sessions(&pack, &day->sessions);
    return put_pack(index, index_key_view(&key), &pack);
}

/* ---- sessions ---- */

struct listed {
    uint64_t session, record;
    int64_t opened, closed;
    uint32_t profile;
};

struct listing {
    struct listed *items;
    size_t count, space;
};

static int
list_session(void *arg, const struct session_info *session, int64_t closed)
{
    struct listing *listing = arg;

    if (listing->count == listing->space) {
        size_t space = listing->space * 2 + 64;
        struct listed *items = memory_resize(listing->items, space, sizeof(*items));

        if (items == NULL)
            return PASU_E_NOMEM;
        listing->items = items;
        listing->space = space;
    }
    listing->items[listing->count++] =
        (struct listed){session->id, session->seq, session->opened, closed, session->profile};
    return 0;
}

static int
compare_listed(const void *a, const void *b)
{
    const struct listed *one = a, *other = b;

    return (one->session > other->session) - (one->session < other->session);
}

/* The order of those that are open is not the ledger's but that of their places in memory. */
void
index_sessions_pack(const struct sessions *sessions, struct pack *pack)
{
    static const struct listed nothing;
    struct listing listing = {0};
    size_t closed = 0;
    int result = sessions_each(sessions, list_session, &listing);

    while (closed < listing.count && listing.items[closed].closed != 0)
        closed++;
    if (listing.count > closed)
        qsort(listing.items + closed, listing.count - closed, sizeof(*listing.items),
              compare_listed);
    pack_number(pack, listing.count);
    for (size_t i = 0; i < listing.count; i++) {
        const struct listed *one = &listing.items[i], *before = i > 0 ? one - 1 : &nothing;

        pack_u64(pack, one->session);
        pack_number(pack, one->profile);
        pack_step(pack, (uint64_t)one->opened, (uint64_t)before->opened);
        pack_step(pack, (uint64_t)one->closed, (uint64_t)before->closed);
        pack_step(pack, one->record, before->record);
    }
    memory_free(listing.items);
    pack->failed = pack->failed || result != 0;
}

bool
index_sessions_wants(const struct index_names *names, uint32_t profile,
                     const struct ordinals *principals)
{
    uint32_t principal;

    if (principals == NULL)
        return true;
    principal = index_names_principal(names, profile);
    for (size_t i = 0; i < principals->count; i++)
        if (principals->items[i] == principal || principals->items[i] == 0)
            return true;
    return false;
}

/* The one behind that which *listed is. */
static int
read_listed(struct reader *r, struct listed *listed)
{
    listed->session = little_read_u64(r);
    listed->profile = (uint32_t)unpack_number(r);
    listed->opened = (int64_t)unpack_step(r, (uint64_t)listed->opened);
    listed->closed = (int64_t)unpack_step(r, (uint64_t)listed->closed);
    listed->record = unpack_step(r, listed->record);
    return r->failed ? PASU_E_CORRUPT : 0;
}

static int
know(struct sessions *sessions, const struct index_names *names, const struct listed *listed)
{
    struct message_session opened = {.session = listed->session, .opened = listed->opened};
    int result;

    if (index_names_session(names, listed->profile, &opened) != 0)
        return PASU_E_CORRUPT;
    result = sessions_open(sessions, listed->record, &opened);
    sessions_mark(sessions, opened.session, listed->profile);
    if (result == 0 && listed->closed != 0)
        sessions_close(sessions, opened.session, listed->closed);
    return result;
}

int
index_sessions_load(struct sessions *sessions, const struct index_names *names, struct index *index,
                    struct view key, const struct ordinals *principals)
{
    uint64_t seed = sessions->places.seed;
    struct listed listed = {0};
    struct view value;
    struct reader r;
    size_t count;
    int result = index_get(index, INDEX_MAIN, key, &value);

    sessions_release(sessions);
    sessions->places.seed = seed;
    if (result != 0)
        return result;
    r = reader_of(value);
    count = unpack_count(&r);
    for (size_t i = 0; i < count && result == 0; i++) {
        result = read_listed(&r, &listed);
        if (result == 0 && index_sessions_wants(names, listed.profile, principals))
            result = know(sessions, names, &listed);
        else if (result == 0 && listed.closed != 0)
            sessions_close_other(sessions, listed.closed);
    }
    return result != 0 ? result : reader_end(&r) == 0 ? 0 : PASU_E_CORRUPT;
}

/* ---- a record that others refer to ---- */

int
index_opened_load(struct index *index, const struct payload_opening *opening, uint64_t *record)
{
    struct index_key key = index_key_list(opening->record, opening->part, opening->which);
    struct view value;
    struct reader r;
    int result = index_get(index, INDEX_MAIN, index_key_view(&key), &value);

    if (result != 0)
        return result;
    r = reader_of(value);
    *record = unpack_number(&r);
    return reader_end(&r) == 0 ? 0 : PASU_E_CORRUPT;
}

/* ---- gaps ---- */

int
index_gaps_save(const struct gaps *gaps, struct index *index)
{
    struct index_key key = index_key_letter(INDEX_GAPS);
    struct pack pack = {0};
    int result;

    pack_u8(&pack, (uint8_t)gaps->state);
    pack_u64(&pack, (uint64_t)gaps->last);
    pack_u64(&pack, gaps->left_out);
    pack_number(&pack, gaps->first_open);
    pack_number(&pack, gaps->count);
    for (size_t g = 0; g < gaps->count; g++) {
        const struct gap *gap = &gaps->items[g];

        pack_u8(&pack, (uint8_t)gap->what);
        pack_u64(&pack, (uint64_t)gap->from);
        pack_u64(&pack, (uint64_t)gap->to);
        pack_number(&pack, gap->records);
        pack_u32(&pack, (uint32_t)gap->error);
        pack_number(&pack, gap->segment);
        pack_number(&pack, gap->offset);
    }
    result = put_pack(index, index_key_view(&key), &pack);
    return result == 0 ? index_reconciled_save(&gaps->reconciled, index) : result;
}

int
index_gaps_load(struct gaps *gaps, struct index *index)
{
    struct index_key key = index_key_letter(INDEX_GAPS);
    struct view value;
    struct reader r;
    unsigned state;
    int result = index_get(index, INDEX_MAIN, index_key_view(&key), &value);

    *gaps = (struct gaps){0};
    if (result != 0)
        return result;
    r = reader_of(value);
    state = reader_u8(&r);
    gaps->last = (int64_t)little_read_u64(&r);
    gaps->left_out = little_read_u64(&r);
    gaps->first_open = unpack_number(&r);
    gaps->count = unpack_number(&r);
    if (state > GAPS_ENDED || gaps->count > GAPS_MAX || gaps->first_open > gaps->count)
        return PASU_E_CORRUPT;
    gaps->state = state == GAPS_BEGINNING ? GAPS_BEGINNING
                  : state == GAPS_RUNNING ? GAPS_RUNNING
                                          : GAPS_ENDED;
    for (size_t g = 0; g < gaps->count; g++) {
        unsigned what = reader_u8(&r);
        struct gap *gap = &gaps->items[g];

        gap->what = what <= GAP_PRUNED ? (enum gap_what)what : GAP_DAMAGED;
        gaps->past += gap->what == GAP_PAST;
        gap->from = (int64_t)little_read_u64(&r);
        gap->to = (int64_t)little_read_u64(&r);
        gap->records = unpack_number(&r);
        gap->error = (int32_t)little_read_u32(&r);
        gap->segment = unpack_number(&r);
        gap->offset = unpack_number(&r);
    }
    return reader_end(&r) == 0 ? index_reconciled_load(gaps, index) : PASU_E_CORRUPT;
}

bool
index_gaps_know(const struct gaps *gaps, uint64_t first)
{
    uint64_t deleted = 0;

    for (size_t g = 0; g < gaps->count; g++)
        if (gaps->items[g].what == GAP_PRUNED)
            deleted = gaps->items[g].records;
    return deleted >= first;
}

int
index_gaps_check(struct index *index, uint64_t first)
{
    struct gaps *gaps = memory_new(1, sizeof(*gaps));
    int result = gaps == NULL ? PASU_E_NOMEM : index_gaps_load(gaps, index);

    if (result == 0 && !index_gaps_know(gaps, first))
        result = PASU_E_UNAVAILABLE;
    memory_free(gaps);
    return result;
}
