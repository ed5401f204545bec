/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_build.h"

#include "base/memory.h"
#include "breach/day.h"
#include "breach/index_days.h"
#include "breach/index_directory.h"
#include "breach/index_each.h"
#include "breach/index_events.h"
#include "breach/index_groups.h"
#include "breach/index_later.h"
#include "breach/index_writer.h"
#include "breach/keys.h"
#include "breach/statement.h"

enum { KEPT_PERSONS = 4096 }; /* room that a session's group keeps */

struct index_build {
    struct index *index;
    struct index_meta meta;
    struct index_names names;
    struct sessions sessions;
    struct gaps gaps;
    /* How many there were at the last entry: damage behind it is told again to who goes on. */
    size_t gap_count;
    uint64_t gaps_left_out;
    struct map known;  /* vocabularies */
    struct map shapes; /* that were put */
    uint32_t known_last;
    struct index_heap heap;
    size_t most;       /* persons in it */
    int32_t looked_at; /* the newest day, when it was looked at what of the heap is over */
    struct index_writer writer;
    struct index_later later; /* what is put when the writer is at rest */
    struct index_events events;
    struct index_days days;
    struct index_directory directory;
    struct index_groups groups;
    struct index_class class; /* of the statement that is given; too long to clear each time */
    uint64_t held;            /* weight of all groups */
};

/* ---- the index, of which the writer may be at work ---- */

int
index_build_rest(struct index_build *b)
{
    int result = index_writer_end(&b->writer);

    return result == 0 ? index_later_write(&b->later, b->index) : result;
}

/* What the heap has of days before this one. */
/* How much it is, in persons: a unit is as long as some. */
static size_t
heap_weight(const struct index_heap *heap)
{
    return heap->persons + 16 * heap->count;
}

static int
write_heap(struct index_build *b, int32_t day)
{
    int result = index_build_rest(b);

    b->heap.newest = b->days.newest;
    b->heap.principals = (uint32_t)b->names.principals.count;
    return result == 0 ? index_writer_begin(&b->writer, &b->heap, day, &b->names.classes, b->index)
                       : result;
}

/* A month is written once it is over, a day later: what was open at its end has ended then. Before,
 * where it is too much. */
static int
write_some(struct index_build *b)
{
    int32_t newest = b->days.newest, begin;
    int result = 0;

    if (heap_weight(&b->heap) > b->most) {
        result = write_heap(b, newest);
        return result == 0 && heap_weight(&b->heap) > b->most / 2 ? write_heap(b, INT32_MAX)
                                                                  : result;
    }
    if (newest == b->looked_at || newest < 0)
        return 0;
    b->looked_at = newest;
    begin = month_begin(month_of(newest));
    return newest > begin && b->heap.oldest < begin && b->heap.persons > b->most / 16
               ? write_heap(b, begin)
               : 0;
}

/* ---- days ---- */

/* The day; a new one begins with the record. NULL where there is no memory. */
static struct index_day *
day_at(struct index_build *b, int32_t number, uint64_t seq)
{
    struct index_day *day = index_days_find(&b->days, number);

    return day != NULL ? day : index_days_add(&b->days, number, seq, b->events.noted);
}

/* A record of that day uses a vocabulary. NULL where there is no memory. */
static struct index_day *
note_day(struct index_build *b, int64_t time, uint32_t vocabulary, uint64_t seq)
{
    struct index_day *day = day_at(b, day_of(time), seq);

    if (day == NULL)
        return NULL;
    day->is_changed = true;
    day->to = seq;
    day->vocabulary_at = seq;
    if (day->vocabulary == vocabulary && day->vocabularies.count > 0)
        return day;
    day->vocabulary = vocabulary;
    for (size_t i = 0; i < day->vocabularies.count; i++)
        if (day->vocabularies.items[i] == vocabulary)
            return day;
    return ordinals_add(&day->vocabularies, &vocabulary, 1) == 0 ? day : NULL;
}

/* ---- groups ---- */

/* Whether the ledger has explained a vocabulary. */
static bool
is_known(struct index_build *b, uint32_t vocabulary)
{
    uint32_t place;

    if (b->known_last == vocabulary && vocabulary != 0)
        return true;
    if (!map_get(&b->known, vocabulary, &place))
        return false;
    b->known_last = vocabulary;
    return true;
}

/* The number of the class that was made; 0 where there is no memory. */
static uint32_t
class_number(struct index_build *b, const struct index_group *group)
{
    struct view bytes = index_class_bytes(&b->class);

    return view_equal(interner_string(&b->names.classes, group->class), bytes)
               ? group->class
               : interner_number(&b->names.classes, bytes);
}

/* The group is a statement, and over. */
static int
give(struct index_build *b, struct index_group *group)
{
    int result = index_group_class(group, &b->class);

    b->held -= group->weight;
    group->is_open = false;
    if (result == PASU_E_RANGE) {
        b->meta.is_uneven = true;
        return 0;
    }
    b->class.head.is_known = is_known(b, group->vocabulary);
    group->class = class_number(b, group);
    if (group->class == 0)
        return PASU_E_NOMEM;
    result = index_heap_add(&b->heap, day_of(group->time), group->class, group);
    if (index_group_room(group) > KEPT_PERSONS)
        index_group_release(group);
    return result;
}

static int
give_session(struct index_build *b, uint64_t session)
{
    struct index_group *group = index_groups_get(&b->groups, session);

    return group != NULL && group->is_open ? give(b, group) : 0;
}

/* The session has ended: its place is another's. */
static int
forget_session(struct index_build *b, uint64_t session)
{
    int result = give_session(b, session);

    return result == 0 ? index_groups_remove(&b->groups, session) : result;
}

/* What is kept of sessions that closed an hour ago: they can have shown something since. */
static int
forget_sessions(struct index_build *b, int64_t now)
{
    uint64_t session;
    int result = 0;

    while (result == 0 && sessions_forget_one(&b->sessions, now, &session))
        result = forget_session(b, session);
    return result;
}

static int
give_all(struct index_build *b)
{
    int result = 0;

    for (size_t g = 0; result == 0 && g < b->groups.count; g++)
        if (b->groups.items[g].is_open)
            result = give(b, &b->groups.items[g]);
    return result;
}

/* Where all together are too many, who reads cuts statements, too: but not at the same places. */
static int
check_held(struct index_build *b, struct index_group *group)
{
    if (group->weight > STATEMENT_PERSONS_MAX)
        return give(b, group);
    if (b->held <= STATEMENTS_HELD_MAX)
        return 0;
    b->meta.is_uneven = true;
    return give_all(b);
}

static int
add_to_group(struct index_build *b, uint64_t seq, const struct exposure *exposure,
             const struct session_info *session)
{
    struct index_group *group = index_groups_make(&b->groups, exposure->session);
    uint32_t profile = group != NULL ? group->profile : 0;
    uint32_t principal = group != NULL ? group->principal : 0;
    uint64_t before;
    int result = 0;

    if (group == NULL)
        return PASU_E_NOMEM;
    if (group->is_open && !index_group_goes_on(group, exposure, session != NULL))
        result = give(b, group);
    if (result == 0 && !group->is_open) {
        index_group_begin(group, seq, exposure);
        if (session != NULL) {
            group->is_known = true;
            group->profile = session->profile;
            group->principal = profile == session->profile && profile != 0
                                   ? principal /* as of the statement before */
                                   : index_names_principal(&b->names, session->profile);
        }
    }
    if (result != 0)
        return result;
    before = group->weight;
    result = index_group_add(group, exposure);
    b->held += group->weight - before;
    return result != 0 ? result : check_held(b, group);
}

/* ---- entries ---- */

static int
add_exposure(struct index_build *b, uint64_t seq, const struct exposure *exposure)
{
    const struct session_info *session = sessions_get(&b->sessions, exposure->session);
    struct index_day *day = note_day(b, exposure->time, exposure->vocabulary, seq);
    int result = 0;

    if (day == NULL)
        return PASU_E_NOMEM;
    b->meta.is_strange |= !is_known(b, exposure->vocabulary);
    index_day_add(day, exposure->time, seq);
    if (session == NULL) {
        day->unknown += exposure->statements;
        result = map_put(&day->sessions, exposure->session, 0);
    }
    if (result != 0)
        return result;
    if (exposure->time < 0) /* no question is about it that the index answers */
        return give_session(b, exposure->session);
    result = add_to_group(b, seq, exposure, session);
    return result == 0 ? write_some(b) : result;
}

/* Where a record is that others refer to. */
static int
put_record(struct index_build *b, struct index_key key, uint64_t record)
{
    struct pack number = {0};

    pack_number(&number, record);
    return index_later_put(&b->later, key, &number);
}

static int
add_opening(struct index_build *b, const struct payload_opening *opening, uint64_t seq)
{
    return put_record(b, index_key_list(opening->record, opening->part, opening->which), seq);
}

static int
add_vocabulary(struct index_build *b, const struct ledger_entry *entry)
{
    const struct vocabulary *vocabulary = entry->u.vocabulary;
    uint8_t bytes[VOCABULARY_ENCODED_MAX];
    uint32_t known;
    ssize_t length;
    int result;

    if (!map_get(&b->known, vocabulary->id, &known)) {
        length = vocabulary_encode(vocabulary, bytes, sizeof(bytes));
        if (length < 0)
            return (int)length;
        if (interner_number(&b->names.vocabularies, view_of(bytes, (size_t)length)) == 0 ||
            map_put(&b->known, vocabulary->id, 0) != 0)
            return PASU_E_NOMEM;
        result = put_record(b, index_key_number(INDEX_EXPLAINED, vocabulary->id), entry->seq);
        if (result != 0)
            return result;
    }
    return note_day(b, entry->time, vocabulary->id, entry->seq) != NULL ? 0 : PASU_E_NOMEM;
}

/* The first text counts, as in breach/shapes.h. */
static int
add_shape(struct index_build *b, const struct ledger_entry *entry)
{
    uint64_t fingerprint = entry->u.shape->fingerprint;
    struct view sql = entry->u.shape->sql;
    struct pack text = {0};
    uint32_t place;
    int result;

    if (map_get(&b->shapes, fingerprint, &place))
        return 0;
    pack_bytes(&text, sql.bytes, sql.length);
    result = index_later_put(&b->later, index_key_session(INDEX_SHAPE, fingerprint), &text);
    return result == 0 ? map_put(&b->shapes, fingerprint, 0) : result;
}

static int
add_ordinal(struct index_build *b, const struct ledger_entry *entry)
{
    int result =
        keys_takes(entry) ? index_directory_add(&b->directory, entry->u.ordinal, entry->seq) : 0;

    b->meta.has_keys = true;
    if (result == PASU_E_RANGE) {
        b->meta.is_disordered = true;
        return 0;
    }
    if (result != 0 || !index_directory_is_full(&b->directory))
        return result;
    result = index_build_rest(b);
    return result == 0 ? index_directory_write(&b->directory, b->index) : result;
}

static void
settle_gaps(struct index_build *b)
{
    b->gap_count = b->gaps.count;
    b->gaps_left_out = b->gaps.left_out;
}

static int
add_entry(struct index_build *b, const struct ledger_entry *entry)
{
    int result;

    gaps_note(&b->gaps, entry);
    settle_gaps(b);
    b->meta.has_last = true;
    b->meta.last = entry->seq;
    b->meta.time = entry->time;
    b->meta.type = (uint32_t)entry->type;
    switch (entry->type) {
    case LEDGER_OPENED:
        return index_events_opened(&b->events, &b->later, &b->names, &b->sessions, entry);
    case LEDGER_CLOSED:
        result = index_events_closed(&b->events, &b->later, &b->sessions, entry);
        return result == 0 ? forget_session(b, entry->u.closed->session) : result;
    case LEDGER_EXPOSURE:
        return add_exposure(b, entry->seq, entry->u.exposure);
    case LEDGER_VOCABULARY:
        return add_vocabulary(b, entry);
    case LEDGER_SHAPE:
        return add_shape(b, entry);
    case LEDGER_ORDINAL:
        return add_ordinal(b, entry);
    case LEDGER_OPENING:
        return add_opening(b, entry->u.opening, entry->seq);
    default:
        return 0;
    }
}

int
index_build_add(struct index_build *b, const struct ledger_entry *entry)
{
    int result = forget_sessions(b, entry->time);

    if (result == 0 && b->meta.has_last && entry->time < b->meta.time)
        result = index_events_set_back(&b->events, &b->later, b->meta.last, b->meta.time);
    if (result == 0)
        result = index_events_note(&b->events, &b->later, &b->sessions, entry->seq);
    if (result == 0)
        result = add_entry(b, entry);
    return result == 0 && index_later_is_full(&b->later) ? index_build_rest(b) : result;
}

void
index_build_damage(struct index_build *b, const struct records_place *place)
{
    gaps_damage(&b->gaps, place);
}

/* ---- beginning ---- */

static int
load_known(struct index_build *b)
{
    struct vocabulary *vocabulary = memory_new(1, sizeof(*vocabulary));
    int result = vocabulary == NULL ? PASU_E_NOMEM : 0;

    for (uint32_t v = 1; result == 0 && v <= b->names.vocabularies.count; v++) {
        result = index_names_vocabulary(&b->names, v, vocabulary);
        if (result == 0)
            result = map_put(&b->known, vocabulary->id, 0);
    }
    memory_free(vocabulary);
    return result;
}

static int
load_shape(void *arg, struct view key, struct view value PASU_UNUSED)
{
    struct index_build *b = arg;

    return map_put(&b->shapes, index_key_session_of(key), 0);
}

static int
load_group(void *arg, struct view key, struct view value)
{
    struct index_build *b = arg;
    uint64_t session = index_key_session_of(key);
    struct index_group *group = index_groups_make(&b->groups, session);
    int result = group == NULL ? PASU_E_NOMEM : index_group_read(group, session, value, &b->names);

    if (result == 0)
        b->held += group->weight;
    return result;
}

static int
load_events(struct index_build *b)
{
    const struct index_day *day =
        b->days.count > 0 ? index_days_find(&b->days, b->days.newest) : NULL;

    return index_events_load(&b->events, b->index, b->meta.last,
                             day != NULL ? day->noted : (struct index_noted){0});
}

static int
load(struct index_build *b)
{
    struct index_key state = index_key_letter(INDEX_STATE);
    int result = index_meta_load(&b->meta, b->index);

    if (result == 0)
        result = index_names_load(&b->names, b->index);
    if (result == 0)
        result =
            index_sessions_load(&b->sessions, &b->names, b->index, index_key_view(&state), NULL);
    if (result == 0)
        result = index_gaps_load(&b->gaps, b->index);
    settle_gaps(b);
    b->directory.next = b->meta.last + 1;
    if (result == 0)
        result = load_known(b);
    if (result == 0)
        result = index_days_load(&b->days, b->index);
    if (result == 0)
        result = load_events(b);
    if (result == 0)
        result = index_each_session(b->index, INDEX_SHAPE, load_shape, b);
    return result == 0 ? index_each_session(b->index, INDEX_OPEN, load_group, b) : result;
}

int
index_build_new(struct index_build **build, const struct os *os, struct index *index, bool goes_on)
{
    struct index_build *b = memory_new(1, sizeof(*b));
    uint64_t seed = 0;
    int result = b == NULL ? PASU_E_NOMEM : os->random(os->arg, &seed, sizeof(seed));

    *build = NULL;
    if (result != 0) {
        memory_free(b);
        return result;
    }
    b->index = index;
    b->most = INDEX_GATHERED;
    b->sessions.places.seed = b->groups.by.seed = b->known.seed = b->shapes.seed = seed;
    for (size_t i = 0; i < INDEX_LISTS; i++)
        b->names.lists[i].places.seed = seed;
    result = goes_on ? load(b) : 0;
    if (result == 0)
        *build = b;
    else
        index_build_free(b);
    return result;
}

void
index_build_gather(struct index_build *b, size_t persons)
{
    b->most = persons;
}

bool
index_build_last(const struct index_build *b, struct index_meta *meta)
{
    *meta = b->meta;
    return meta->has_last;
}

/* ---- the end ---- */

int
index_build_end(struct index_build *b)
{
    struct ordinals scratch = {0};
    struct pack state = {0};
    int result = write_heap(b, INT32_MAX);

    if (result == 0)
        result = index_build_rest(b);
    if (result == 0)
        result = index_directory_write(&b->directory, b->index);
    b->gaps.count = b->gap_count;
    b->gaps.left_out = b->gaps_left_out;
    if (result == 0)
        result = index_days_save(&b->days, b->index);
    if (result == 0)
        result = index_groups_save(&b->groups, &scratch, b->index);
    ordinals_release(&scratch);
    if (result == 0)
        result = index_names_save(&b->names, b->index);
    if (result == 0)
        result = index_events_end(&b->events, &b->later);
    if (result == 0)
        index_sessions_pack(&b->sessions, &state);
    if (result == 0)
        result = index_later_put(&b->later, index_key_letter(INDEX_STATE), &state);
    if (result == 0)
        result = index_build_rest(b);
    if (result == 0)
        result = index_gaps_save(&b->gaps, b->index);
    return result == 0 && b->meta.has_last ? index_meta_save(&b->meta, b->index) : result;
}

void
index_build_free(struct index_build *b)
{
    if (b == NULL)
        return;
    index_groups_release(&b->groups);
    index_directory_release(&b->directory);
    index_days_release(&b->days);
    map_release(&b->known);
    map_release(&b->shapes);
    sessions_release(&b->sessions);
    index_names_release(&b->names);
    index_writer_release(&b->writer);
    index_heap_release(&b->heap);
    index_later_release(&b->later);
    index_events_release(&b->events);
    memory_free(b);
}
