/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/verify_content.h"

#include "base/memory.h"
#include "ledger/handover_signature.h"
#include "ledger/note_text.h"
#include "ledger/pruned.h"
#include "ledger/segment_writer.h"
#include "ledger/verify_tree.h"

#include <inttypes.h>

enum {
    ID = SEGMENT_ID_SIZE, /* of the ledger, before its origin */
    RINGS = 64,
    KEYS_MAX = 4096, /* a ledger with more is somebody's work */
};

static int
add_use(struct verify_content *c, uint64_t from, enum verify_key_state state, const uint8_t *public)
{
    struct verify_key_use *use;

    if (c->use_count == c->use_space) {
        size_t space = c->use_space ? 2 * c->use_space : 8;
        struct verify_key_use *more = memory_resize(c->uses, space, sizeof(*more));

        if (!more)
            return PASU_E_NOMEM;
        c->uses = more;
        c->use_space = space;
    }
    use = &c->uses[c->use_count++];
    *use = (struct verify_key_use){.from = from, .state = state};
    if (public)
        memcpy(use->public, public, sizeof(use->public));
    return 0;
}

int
verify_content_init(struct verify_content *c, const struct verify_report *report, uint64_t first,
                    const struct verify_root *roots, size_t root_count)
{
    *c = (struct verify_content){
        .report = report, .roots = roots, .root_count = root_count, .first = first};
    return add_use(c, 0, first == 0 ? VERIFY_KEY_NONE : VERIFY_KEY_UNSEEN, NULL);
}

void
verify_content_release(struct verify_content *c)
{
    memory_free(c->uses);
    memory_free(c->retired);
    *c = (struct verify_content){0};
}

/* ---- who signs ---- */

const struct verify_key_use *
verify_content_key(const struct verify_content *c, uint64_t size)
{
    size_t i = c->use_count;

    while (i > 1 && c->uses[i - 1].from >= size)
        i--;
    return &c->uses[i - 1];
}

static int
retire(struct verify_content *c, const uint8_t *public)
{
    if (c->retired_count == c->retired_space) {
        size_t space = c->retired_space ? 2 * c->retired_space : 8;
        uint8_t(*more)[NOTE_KEY_SIZE] = memory_resize(c->retired, space, sizeof(*more));

        if (!more)
            return PASU_E_NOMEM;
        c->retired = more;
        c->retired_space = space;
    }
    memcpy(c->retired[c->retired_count++], public, NOTE_KEY_SIZE);
    return 0;
}

static bool
is_retired(const struct verify_content *c, const uint8_t *public)
{
    for (size_t i = 0; i < c->retired_count; i++)
        if (memcmp(c->retired[i], public, NOTE_KEY_SIZE) == 0)
            return true;
    return false;
}

/* Whether the key was in use, as far as that can be seen. */
static bool
was_in_use(const struct verify_content *c, const uint8_t *public)
{
    for (size_t i = 0; i < c->use_count; i++)
        if (c->uses[i].state == VERIFY_KEY_UNSEEN ||
            (c->uses[i].state == VERIFY_KEY_IN_USE &&
             memcmp(c->uses[i].public, public, NOTE_KEY_SIZE) == 0))
            return true;
    return false;
}

/* Whether the key was in use, and another one, or none, is now. */
static bool
has_ended(const struct verify_content *c, const uint8_t *public)
{
    const struct verify_key_use *current = &c->uses[c->use_count - 1];

    for (size_t i = 0; i < c->use_count; i++)
        if (c->uses[i].state == VERIFY_KEY_IN_USE &&
            memcmp(c->uses[i].public, public, NOTE_KEY_SIZE) == 0)
            return current->state == VERIFY_KEY_NONE ||
                   (current->state == VERIFY_KEY_IN_USE &&
                    memcmp(current->public, public, NOTE_KEY_SIZE) != 0);
    return false;
}

/* One of the keys that were given has signed that another one takes over. PASU_E_NOTFOUND. */
static int
check_new_given(const struct verify_content *c, const struct segment_record *record)
{
    const struct verify_question *q = c->report->question;
    int result = PASU_E_CORRUPT;

    for (size_t i = 0; i < q->key_count && result == PASU_E_CORRUPT && c->has_origin; i++)
        result = handover_check(record, c->id, &q->keys[i]);
    return result == PASU_E_CORRUPT ? PASU_E_NOTFOUND : result;
}

/* 0: the key that was in use before the record has signed it. As check_signer. */
static int
check_new(const struct verify_content *c, const struct segment_record *record)
{
    const struct verify_key_use *use = &c->uses[c->use_count - 1];
    struct note_key key;
    int result;

    if (use->state == VERIFY_KEY_NONE)
        return PASU_E_CORRUPT;
    if (use->state == VERIFY_KEY_UNSEEN || !c->has_origin)
        return check_new_given(c, record);
    result = note_key_init(&key, NOTE_KEY_ED25519, view_of_text(c->origin), use->public);
    return result == 0 ? handover_check(record, c->id, &key) : result;
}

/* One that nobody has signed is judged by the checkpoints (ledger/verify_handover.h). */
static int
see_new_key(struct verify_content *c, const struct segment_record *record,
            const struct verify_place *place)
{
    bool is_signed = handover_is_signed(record);
    int result = is_signed ? check_new(c, record) : 0;

    if (result == PASU_E_CORRUPT) {
        verify_say(c->report, VERIFY_FORGED, place,
                   "the key in use has not signed that another one takes over");
        return 0;
    }
    if (result == PASU_E_NOTFOUND)
        verify_say(c->report, VERIFY_NO_KEY, place, "who had to sign that another key takes over");
    else if (result != 0)
        return result;
    result = add_use(c, record->index, VERIFY_KEY_IN_USE, handover_public(record));
    if (result == 0)
        c->uses[c->use_count - 1].is_signed = is_signed;
    return result;
}

static int
see_key(struct verify_content *c, const struct segment_record *record,
        const struct verify_place *place)
{
    const struct verify_key_use *current = &c->uses[c->use_count - 1];
    const uint8_t *public = handover_public(record);
    bool is_new = public != NULL;
    int result;

    if (!is_new)
    public = handover_retired(record);
    if (!public) {
        verify_say(c->report, VERIFY_KEY, place,
                   "a key that is not Ed25519, or neither in use nor retired");
        return 0;
    }
    if (c->use_count + c->retired_count >= KEYS_MAX) {
        verify_say(c->report, VERIFY_KEY, place, "more than %d records of keys", KEYS_MAX);
        return 0;
    }
    if (is_retired(c, public)) {
        verify_say(c->report, VERIFY_KEY, place, "a key that was retired before");
        return 0;
    }
    if (is_new && has_ended(c, public)) {
        verify_say(c->report, VERIFY_KEY, place, "a key that another one has followed");
        return 0;
    }
    if (is_new)
        return see_new_key(c, record, place);
    if (!was_in_use(c, public))
        verify_say(c->report, VERIFY_KEY, place, "a key is retired that was never in use");
    result = retire(c, public);
    if (result == 0 && current->state == VERIFY_KEY_IN_USE &&
        memcmp(current->public, public, NOTE_KEY_SIZE) == 0)
        result = add_use(c, record->index, VERIFY_KEY_NONE, NULL);
    return result;
}

static void
see_begun(struct verify_content *c, const struct segment_record *record,
          const struct verify_place *place)
{
    const uint8_t *bytes = record->payload.bytes;
    size_t length = record->payload.length;
    struct view origin = {bytes + ID + 1, length > ID ? bytes[ID] : 0};

    if (length <= ID || length != ID + 1 + origin.length || !note_name_is_valid(origin)) {
        verify_say(c->report, VERIFY_FIRST, place, "its origin is no name of a key");
        return;
    }
    text_from_view(c->origin, sizeof(c->origin), origin);
    memcpy(c->id, bytes, ID);
    c->has_origin = true;
}

int
verify_content_carried(struct verify_content *c, const struct payload_carried *carried)
{
    const struct verify_place place = {NULL, VERIFY_NOWHERE, carried->index};
    const struct segment_record record = {.index = carried->index,
                                          .time = carried->time,

                                          .type = carried->type,
                                          .payload = carried->payload};

    if (carried->type == SEGMENT_BEGUN && carried->index == 0) {
        see_begun(c, &record, &place);
        c->uses[0].state = VERIFY_KEY_NONE;
    }
    return carried->type == SEGMENT_KEY && carried->index < c->first ? see_key(c, &record, &place)
                                                                     : 0;
}

/* ---- batches ---- */

static void
new_batch(struct verify_content *c, uint64_t next)
{
    c->batch_first = next;
    c->batch_count = c->batch_loose = 0;
}

static void
say_not_ended(struct verify_content *c, const struct verify_place *place)
{
    verify_say(c->report, VERIFY_BATCH, place,
               "%" PRIu64 " records from a ring, from %" PRIu64 " on, that none counts",
               c->batch_count, c->batch_first);
}

/* Checkpoints that end within the batch that `end` counts. */
static void
check_split(struct verify_content *c, uint64_t end, const struct verify_place *place)
{
    for (size_t i = 0; i < c->root_count && c->batch_count > 0; i++)
        if (c->roots[i].size > c->batch_first && c->roots[i].size <= end)
            verify_say(c->report, VERIFY_SPLIT, place,
                       "a checkpoint of %" PRIu64 " records ends within the batch that begins with "
                       "record %" PRIu64,
                       c->roots[i].size, c->batch_first);
}

static void
see_taken(struct verify_content *c, const struct segment_record *record,
          const struct verify_place *place)
{
    struct segment_taken taken;

    if (record->payload.length != sizeof(taken)) {
        verify_say(c->report, VERIFY_BATCH, place, "the end of a batch has another length");
        return;
    }
    memcpy(&taken, record->payload.bytes, sizeof(taken));
    if (taken.count < c->batch_count || taken.count > c->batch_count + c->batch_loose)
        verify_say(c->report, VERIFY_BATCH, place,
                   "it counts %" PRIu32 " records, and there are %" PRIu64 " from a ring before it",
                   taken.count, c->batch_count);
    else if (taken.ring >= RINGS || taken.from > taken.to || taken.durable > record->index)
        verify_say(c->report, VERIFY_BATCH, place,
                   "the end of a batch with a ring, positions or a durable index that cannot be");
    else if (taken.durable > c->durable)
        c->durable = taken.durable;
    check_split(c, record->index, place);
    new_batch(c, record->index + 1);
}

uint64_t
verify_content_durable(const struct segment_record *record)
{
    struct segment_taken taken;

    if (record->type != SEGMENT_TAKEN || record->payload.length != sizeof(taken))
        return 0;
    memcpy(&taken, record->payload.bytes, sizeof(taken));
    return taken.durable < record->index ? taken.durable : record->index;
}

static bool
is_known_type(uint32_t type)
{
    static const bool known[] = {
#define X(number, name, from_ring) [number] = true,
#include "ledger/segment.def"
#undef X
    };

    return type < COUNT_OF(known) && known[type];
}

static void
follow_batch(struct verify_content *c, const struct segment_record *record,
             const struct verify_place *place)
{
    if (segment_is_from_ring(record->type)) {
        if (c->batch_count == 0 && c->batch_loose == 0)
            c->batch_first = record->index;
        c->batch_count++;
    } else if (!is_known_type(record->type)) {
        c->batch_loose++;
    } else if (record->type != SEGMENT_TAKEN) {
        if (c->batch_count > 0)
            say_not_ended(c, place);
        new_batch(c, record->index + 1);
    }
}

/* ---- each record ---- */

/* Where the key in use cannot be seen, one of those that were given. PASU_E_NOTFOUND: none has. */
static int
check_given(const struct verify_content *c, const struct pruned *pruned)
{
    const struct verify_question *q = c->report->question;
    int result = PASU_E_CORRUPT;

    for (size_t i = 0; i < q->key_count && result == PASU_E_CORRUPT; i++)
        result = pruned_check(pruned, &q->keys[i]);
    return result == PASU_E_CORRUPT ? PASU_E_NOTFOUND : result;
}

/* 0: the key that was in use before the record has signed it. PASU_E_CORRUPT: it has not;
 * PASU_E_NOTFOUND: it cannot be seen; PASU_E_CRYPTO. */
static int
check_signer(const struct verify_content *c, const struct pruned *pruned)
{
    const struct verify_key_use *use = verify_content_key(c, pruned->index);
    struct note_key key;
    int result;

    if (use->state == VERIFY_KEY_NONE)
        return PASU_E_CORRUPT;
    if (use->state == VERIFY_KEY_UNSEEN || !c->has_origin)
        return check_given(c, pruned);
    result = note_key_init(&key, NOTE_KEY_ED25519, view_of_text(c->origin), use->public);
    return result == 0 ? pruned_check(pruned, &key) : result;
}

static int
see_pruned(struct verify_content *c, const struct segment_record *record,
           const struct verify_place *place)
{
    struct pruned pruned;
    int result = pruned_read(&pruned, record);

    if (result != 0) {
        verify_say(c->report, VERIFY_ENTRY, place,
                   "a range that cannot be, or not as many roots as whole subtrees");
        return 0;
    }
    result = check_signer(c, &pruned);
    if (result == PASU_E_CORRUPT)
        verify_say(c->report, VERIFY_FORGED, place,
                   "the key in use has not signed that records %" PRIu64 " to %" PRIu64
                   " were deleted",
                   pruned.body.first, pruned.body.end - 1);
    else if (result == PASU_E_NOTFOUND)
        verify_say(c->report, VERIFY_NO_KEY, place, "who had to sign that records were deleted");
    if (result == PASU_E_CORRUPT || result == PASU_E_CRYPTO)
        return result == PASU_E_CRYPTO ? result : 0;
    if (c->pruned == 0 && pruned.body.end >= c->first)
        c->pruned = record->index;
    c->told_last = record->index;
    c->told_key = verify_content_key(c, record->index)->from;
    verify_say(c->report, VERIFY_PRUNED, place, "records %" PRIu64 " to %" PRIu64 " were deleted",
               pruned.body.first, pruned.body.end - 1);
    return 0;
}

static int
see_unseen(struct verify_content *c, const struct segment_record *record)
{
    c->is_blind = true;
    if (record->type == SEGMENT_TAKEN)
        new_batch(c, record->index + 1);
    if (record->type == SEGMENT_KEY)
        return add_use(c, record->index, VERIFY_KEY_UNSEEN, NULL);
    if (record->index == 0)
        c->uses[0].state = VERIFY_KEY_UNSEEN;
    return 0;
}

int
verify_content_see(struct verify_content *c, const struct segment_record *record, bool is_seen,
                   const char *file)
{
    const struct verify_place place = {file, record->offset, record->index};

    if ((record->index == 0) != (record->type == SEGMENT_BEGUN))
        verify_say(c->report, VERIFY_FIRST, &place, "the first record, and no other, is `begun`");
    follow_batch(c, record, &place);
    if (!is_seen)
        return see_unseen(c, record);
    switch (record->type) {
    case SEGMENT_BEGUN:
        if (record->index == 0)
            see_begun(c, record, &place);
        break;
    case SEGMENT_KEY:
        return see_key(c, record, &place);
    case SEGMENT_TAKEN:
        see_taken(c, record, &place);
        break;
    case SEGMENT_PRUNED:
        return see_pruned(c, record, &place);
    default:
        break;
    }
    return 0;
}

void
verify_content_lose(struct verify_content *c, uint64_t to)
{
    new_batch(c, to);
    c->batch_loose = UINT32_MAX;
    if (c->use_count == 1) /* the first key may have been among them */
        c->uses[0].state = VERIFY_KEY_UNSEEN;
}

void
verify_content_segment_end(struct verify_content *c, const char *file)
{
    const struct verify_place place = {file, VERIFY_NOWHERE, c->batch_first};

    if (c->batch_count > 0 && !c->is_blind)
        say_not_ended(c, &place);
    c->batch_count = 0;
}

void
verify_content_end(struct verify_content *c)
{
    const struct verify_place place = {NULL, VERIFY_NOWHERE, c->batch_first};

    if (c->batch_count == 0)
        return;
    verify_say(c->report, VERIFY_OPEN, &place,
               "%" PRIu64 " records from a ring that none counts yet", c->batch_count);
    check_split(c, c->batch_first + c->batch_count, &place);
}
