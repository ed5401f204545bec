/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/mentions.h"

#include "base/memory.h"

enum { FIRST_SPACE = 16 };

void
mentions_init(struct mentions *m, const struct subject *subject, const struct filter *filter,
              struct book *book)
{
    *m = (struct mentions){.subject = subject, .filter = filter, .book = book};
    m->by_list.seed = m->vocabularies.seed = book->sessions.places.seed;
}

void
mentions_release(struct mentions *m)
{
    if (m->items != NULL)
        memory_wipe(m->items, m->space * sizeof(*m->items)); /* seeds */
    memory_free(m->items);
    memory_free(m->vocabulary_records);
    map_release(&m->by_list);
    map_release(&m->vocabularies);
    *m = (struct mentions){0};
}

/* Room for one more; NULL without memory. */
static void *
grow(void *block, size_t count, size_t *space, size_t size)
{
    size_t more = *space == 0 ? FIRST_SPACE : *space * 2;

    if (count < *space)
        return block;
    block = memory_resize(block, more, size);
    if (block != NULL)
        *space = more;
    return block;
}

static uint64_t
list_key(uint64_t record, uint8_t part, uint8_t which)
{
    return record << 4 | (uint64_t)(part & 7) << 1 | (which & 1);
}

/* ---- what the ledger says ---- */

int
mentions_explain(struct mentions *m, uint32_t id, uint64_t record)
{
    uint64_t *records;
    uint32_t known;

    if (map_get(&m->vocabularies, id, &known))
        return 0;
    records = memory_resize(m->vocabulary_records, m->vocabulary_count + 1, sizeof(*records));
    if (records == NULL)
        return PASU_E_NOMEM;
    m->vocabulary_records = records;
    m->vocabulary_records[m->vocabulary_count] = record;
    return map_put(&m->vocabularies, id, (uint32_t)m->vocabulary_count++);
}

static void
note_opening(struct mentions *m, const struct ledger_entry *entry)
{
    const struct payload_opening *opening = entry->u.opening;
    struct mention *mention;
    uint32_t place;

    if (!map_get(&m->by_list, list_key(opening->record, opening->part, opening->which), &place))
        return;
    mention = &m->items[place];
    if (entry->seq <= mention->opening)
        return; /* the last one counts */
    mention->opening = entry->seq;
    mention->opening_time = entry->time;
    mention->opened = *opening;
}

static bool
is_person(const struct subject *subject, uint32_t ordinal)
{
    for (size_t i = 0; i < subject->ordinal_count; i++)
        if (subject->ordinals[i] == ordinal)
            return true;
    return false;
}

static int
add(struct mentions *m, const struct mention *mention)
{
    struct mention *items;
    uint32_t place;

    if (!mention->is_in_ring &&
        map_get(&m->by_list, list_key(mention->record, mention->part, mention->which), &place))
        return 0;
    if (m->count == MENTIONS_MAX) {
        m->left_out++;
        return 0;
    }
    items = grow(m->items, m->count, &m->space, sizeof(*items));
    if (items == NULL)
        return PASU_E_NOMEM;
    m->items = items;
    m->items[m->count] = *mention;
    if (!mention->is_in_ring &&
        map_put(&m->by_list, list_key(mention->record, mention->part, mention->which),
                (uint32_t)m->count) != 0)
        return PASU_E_NOMEM;
    m->count++;
    return 0;
}

/* The person's first place in a list of a part, if there is one. */
static int
look_for(struct mentions *m, const struct mention *like, const uint32_t *ordinals, size_t count)
{
    struct mention mention = *like;

    for (size_t i = 0; i < count; i++)
        if (is_person(m->subject, ordinals[i])) {
            mention.number = (uint32_t)i;
            mention.ordinal = ordinals[i];
            return add(m, &mention);
        }
    return 0;
}

static int
note_exposure(struct mentions *m, const struct ledger_entry *entry,
              const struct records_place *place, bool is_in_ring)
{
    const struct exposure *exposure = entry->u.exposure;
    const struct session_info *session = sessions_get(&m->book->sessions, exposure->session);
    struct mention mention = {.record = entry->seq,
                              .place = *place,
                              .time = exposure->time,
                              .session = session != NULL ? session->seq : 0,
                              .vocabulary = exposure->vocabulary,
                              .is_in_ring = is_in_ring};
    int result = 0;

    if (filter_test(m->filter, exposure, session) != FILTER_YES)
        return 0;
    for (uint8_t p = 0; p < exposure->part_count && p < EXPOSURE_PARTS_MAX && result == 0; p++) {
        const struct exposure_part *part = &exposure->parts[p];

        mention.part = p;
        mention.kind = part->kind;
        mention.which = 0;
        result = look_for(m, &mention, part->ordinals, part->ordinal_count);
        mention.which = 1;
        if (result == 0)
            result = look_for(m, &mention, part->missed, part->missed_count);
    }
    return result;
}

int
mentions_note(struct mentions *m, const struct ledger_entry *entry,
              const struct records_place *place, bool is_in_ring)
{
    if (!is_in_ring && entry->seq >= m->size)
        m->size = entry->seq + 1;
    if (entry->type == LEDGER_EXPOSURE)
        return note_exposure(m, entry, place, is_in_ring);
    if (entry->type == LEDGER_VOCABULARY && !is_in_ring)
        return mentions_explain(m, entry->u.vocabulary->id, entry->seq);
    if (entry->type == LEDGER_OPENING && !is_in_ring)
        note_opening(m, entry);
    return 0;
}

/* ---- at the end ---- */

/* 1: the mention is of the subject's kind, and knows its names. */
static int
resolve(struct mentions *m, struct mention *mention)
{
    struct lexicon *lexicon;
    uint32_t known;
    int result = names_lexicon(&m->book->names, mention->vocabulary, &lexicon);
    int place = result == 0 ? names_kind(&m->book->names, lexicon, mention->kind) : result;

    if (place < 0)
        return place;
    if (map_get(&m->vocabularies, mention->vocabulary, &known))
        mention->names = m->vocabulary_records[known];
    return strcmp(m->book->names.kinds.items[place], m->subject->kind) == 0;
}

/* What is in a ring has a number behind all records. */
static int
compare(const void *a, const void *b)
{
    const struct mention *one = a, *other = b;

    if (one->record != other->record)
        return one->record < other->record ? -1 : 1;
    return (one->part * 2 + one->which) - (other->part * 2 + other->which);
}

int
mentions_end(struct mentions *m)
{
    size_t kept = 0;

    for (size_t i = 0; i < m->count; i++) {
        int result = resolve(m, &m->items[i]);

        if (result < 0)
            return result;
        if (result == 1)
            m->items[kept++] = m->items[i];
    }
    m->count = kept;
    if (kept > 0)
        qsort(m->items, kept, sizeof(*m->items), compare);
    map_release(&m->by_list); /* the places in it are others now */
    return 0;
}
