/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/reader.h"

#include "base/memory.h"
#include "ledger/entry.h"
#include "ledger/prologue.h"
#include "ledger/ring_copy.h"

#include <errno.h>
#include <fcntl.h>

enum { ORDINALS = EXPOSURE_ALL_MAX };

struct ledger_reader {
    const struct os *os;
    struct records records;
    struct prologue prologue;
    bool is_begun;               /* nothing of the prologue is left */
    bool is_doubtful, is_again;  /* records are missing; they were deleted meanwhile */
    struct source_folder folder; /* where we have opened it */
    uint64_t seq;                /* behind all records */
    uint64_t file;               /* id of the ring file */
    struct ring_copy copies[RINGS_MAX];
    unsigned copy; /* the one that is read */
    int64_t copied;
    bool is_behind_records, is_ring_damaged, tells_deeds, tells_rights;
    ledger_takes_fn *takes; /* which exposures; NULL: all */
    void *takes_arg;
    /* What entries borrow. */
    union payload_body body;
    struct exposure exposure;
    struct vocabulary vocabulary;
    uint32_t *ordinals;
    struct right right;
};

/* ---- opening ---- */

static int
copy_rings(struct ledger_reader *r, int fd)
{
    struct ring_file file;
    int result = ring_map(&file, fd, false);

    r->is_ring_damaged = result == PASU_E_CORRUPT;
    if (result != 0)
        return r->is_ring_damaged ? 0 : result;
    r->file = file.id;
    for (unsigned i = 0; i < file.count && result == 0; i++) {
        result = ring_copy_take(&r->copies[i], ring_get(&file, i));
        r->is_ring_damaged = r->is_ring_damaged || r->copies[i].is_damaged;
    }
    r->copied = os_realtime(r->os);
    ring_unmap(&file);
    return result;
}

static struct ledger_reader *
reader_new(const struct os *os)
{
    struct ledger_reader *r = memory_new(1, sizeof(*r));

    if (!r)
        return NULL;
    r->os = os;
    r->folder = (struct source_folder){.os = os, .directory = -1, .keeps = true};
    r->records.fd = r->prologue.fd = -1;
    r->ordinals = memory_new(ORDINALS, sizeof(r->ordinals[0]));
    if (r->ordinals)
        return r;
    memory_free(r);
    return NULL;
}

int
ledger_reader_open_source(struct ledger_reader **reader, const struct os *os, struct source source,
                          int rings)
{
    struct ledger_reader *r = reader_new(os);
    int result;

    *reader = NULL;
    if (!r)
        return PASU_E_NOMEM;
    result = rings >= 0 ? copy_rings(r, rings) : 0;
    if (result == 0)
        result = records_init(&r->records, os, source);
    if (result == 0)
        *reader = r;
    else
        ledger_reader_close(r);
    return result;
}

static int
open_name(const struct os *os, int directory, const char *name, int flags)
{
    int fd = os->openat(os->arg, directory, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | flags, 0);

    if (fd >= 0)
        return fd;
    return errno == ENOENT ? PASU_E_NOTFOUND : error_from_errno(errno);
}

int
ledger_reader_open(struct ledger_reader **reader, const struct os *os, int directory)
{
    int segments = open_name(os, directory, "segments", O_DIRECTORY);
    int rings = segments >= 0 ? open_name(os, directory, "exposures.ring", 0) : segments;
    int result = segments < 0 ? segments : rings == PASU_E_NOTFOUND ? 0 : rings;

    *reader = NULL;
    if (result >= 0)
        result = ledger_reader_open_source(reader, os, (struct source){0}, rings);
    if (rings >= 0)
        os->close(os->arg, rings);
    if (result == 0) {
        (*reader)->folder.directory = segments;
        (*reader)->records.source = (struct source){source_open_folder, &(*reader)->folder};
    } else if (segments >= 0) {
        os->close(os->arg, segments);
    }
    return result;
}

void
ledger_reader_close(struct ledger_reader *r)
{
    if (!r)
        return;
    for (unsigned i = 0; i < RINGS_MAX; i++)
        ring_copy_release(&r->copies[i]);
    records_release(&r->records);
    prologue_release(&r->prologue);
    source_folder_release(&r->folder);
    if (r->folder.directory >= 0)
        r->os->close(r->os->arg, r->folder.directory);
    memory_free(r->ordinals);
    memory_free(r);
}

/* ---- decoding ---- */

/* What somebody did with pasu; as decode_body. */
static int
decode_deed(struct ledger_reader *r, uint32_t type, struct view payload, struct ledger_entry *entry)
{
    if (type == SEGMENT_CLEARED) {
        entry->type = LEDGER_CLEARED;
        entry->u.cleared = &r->body.cleared;
    } else if (r->tells_deeds && (type == SEGMENT_ASKED || type == SEGMENT_ERASED)) {
        entry->type = type == SEGMENT_ASKED ? LEDGER_ASKED : LEDGER_ERASED;
        entry->u.asked = &r->body.asked; /* or erased */
    } else {
        return 1;
    }
    return payload_read(type, &r->body, payload);
}

/* What has a body of its own. 0; 1: nothing that anybody asks for; or an error. */
static int
decode_body(struct ledger_reader *r, uint32_t type, struct view payload, struct ledger_entry *entry)
{
    const union payload_body *body = &r->body;

    switch ((enum segment_type)type) {
    case SEGMENT_STARTED:
    case SEGMENT_STOPPED:
        entry->type = type == SEGMENT_STARTED ? LEDGER_STARTED : LEDGER_STOPPED;
        break;
    case SEGMENT_GAP:
        entry->type = LEDGER_GAP;
        entry->u.gap = &body->gap;
        break;
    case SEGMENT_OPENED:
        entry->type = LEDGER_OPENED;
        entry->u.opened = &body->opened;
        break;
    case SEGMENT_CLOSED:
        entry->type = LEDGER_CLOSED;
        entry->u.closed = &body->closed;
        break;
    case SEGMENT_REFUSED:
        entry->type = LEDGER_REFUSED;
        entry->u.refused = &body->refused;
        break;
    case SEGMENT_KILLED:
        entry->type = LEDGER_KILLED;
        entry->u.killed = &body->killed;
        break;
    case SEGMENT_SHAPE:
        entry->type = LEDGER_SHAPE;
        entry->u.shape = &body->shape;
        break;
    case SEGMENT_ORDINAL:
        entry->type = LEDGER_ORDINAL;
        entry->u.ordinal = &body->ordinal;
        break;
    case SEGMENT_MARK:
        entry->type = LEDGER_MARK;
        entry->u.mark = &body->mark;
        break;
    case SEGMENT_OPENING:
        entry->type = LEDGER_OPENING;
        entry->u.opening = &body->opening;
        break;
    case SEGMENT_CENSUS:
        entry->type = LEDGER_CENSUS;
        entry->u.census = &body->census;
        break;
    case SEGMENT_BYPASS:
        entry->type = LEDGER_BYPASS;
        entry->u.bypass = &body->bypass;
        break;
    case SEGMENT_BACKEND:
        entry->type = LEDGER_BACKEND;
        entry->u.backend = &body->backend;
        break;
    case SEGMENT_FINDING:
        entry->type = LEDGER_FINDING;
        entry->u.finding = &body->finding;
        break;
    default:
        return decode_deed(r, type, payload, entry);
    }
    return payload_read(type, &r->body, payload);
}

static int
decode_exposure(struct ledger_reader *r, struct view payload, struct ledger_entry *entry)
{
    entry->type = LEDGER_EXPOSURE;
    entry->u.exposure = &r->exposure;
    return exposure_decode(&r->exposure, payload, r->ordinals, ORDINALS);
}

/* The payload of a record, of an exposure without its salt. */
static int
decode(struct ledger_reader *r, uint32_t type, struct view payload, struct ledger_entry *entry)
{
    if (type == SEGMENT_EXPOSURE)
        return decode_exposure(r, payload, entry);
    if (type != SEGMENT_VOCABULARY)
        return decode_body(r, type, payload, entry);
    entry->type = LEDGER_VOCABULARY;
    entry->u.vocabulary = &r->vocabulary;
    return vocabulary_decode(&r->vocabulary, payload);
}

/* ---- records ---- */

/* Of the directory, and what was erased of it; the others are taken from the last that were
 * carried over. */
static int
decode_carried(struct ledger_reader *r, struct view payload, struct ledger_entry *entry)
{
    struct payload_carried carried;

    if (payload_read_carried(&carried, payload) != 0)
        return PASU_E_CORRUPT;
    if (carried.type != SEGMENT_ORDINAL && carried.type != SEGMENT_ERASED)
        return 1;
    entry->time = carried.time;
    return decode(r, carried.type, carried.payload, entry);
}

/* As decode_body. While its own records are there they are told. */
static int
decode_right(struct ledger_reader *r, struct view payload, struct ledger_entry *entry)
{
    int result = r->tells_rights ? right_read(&r->right, payload) : 1;

    if (result != 0)
        return result;
    entry->type = LEDGER_RIGHT;
    entry->seq = r->right.exposure_of.index;
    entry->time = r->right.exposure_of.time;
    entry->u.right = &r->right;
    return !r->prologue.is_found || entry->seq >= r->prologue.pruned.body.end;
}

static int
decode_record(struct ledger_reader *r, const struct segment_record *record,
              struct ledger_entry *entry)
{
    struct view payload = record->payload;

    if (record->type == SEGMENT_CARRIED)
        return decode_carried(r, payload, entry);
    if (record->type == SEGMENT_RIGHT)
        return decode_right(r, payload, entry);
    if (record->type != SEGMENT_EXPOSURE)
        return decode(r, record->type, payload, entry);
    if (payload.length < ENTRY_SALT)
        return PASU_E_CORRUPT;
    payload = view_of(payload.bytes + ENTRY_SALT, payload.length - ENTRY_SALT);
    if (r->takes != NULL &&
        !r->takes(r->takes_arg, record->index, record->time, exposure_session(payload)))
        return 1;
    return decode(r, record->type, payload, entry);
}

void
ledger_reader_unlock(struct ledger_reader *r, const struct segment_keys *keys)
{
    r->records.keys = keys;
}

void
ledger_reader_tell_deeds(struct ledger_reader *r)
{
    r->tells_deeds = true;
}

void
ledger_reader_tell_rights(struct ledger_reader *r)
{
    r->tells_rights = true;
}

void
ledger_reader_choose(struct ledger_reader *r, ledger_takes_fn *takes, void *arg)
{
    r->takes = takes;
    r->takes_arg = arg;
}

/* Whether segments are missing where the reading is, or were at once. */
static bool
is_hole(const struct ledger_reader *r, int result, const struct segment_record *record)
{
    if (result == PASU_E_CORRUPT)
        return r->records.fd < 0;
    return result == 1 && r->seq == 0 && record->index > 0;
}

static int
next_of_records(struct ledger_reader *r, struct ledger_entry *entry)
{
    struct segment_record record;
    int result;

    do {
        result = records_next(&r->records, &record);
        r->is_doubtful = is_hole(r, result, &record);
        if (result != 1)
            return result;
        if (r->is_doubtful)
            return PASU_E_CORRUPT;
        entry->is_in_ring = false;
        entry->seq = record.index;
        entry->time = record.time;
        r->seq = record.index + 1;
        result = decode_record(r, &record, entry);
    } while (result == 1);
    if (result == 0)
        return 1;
    r->records.damage = (struct records_place){r->records.first, record.offset, record.index};
    return PASU_E_CORRUPT;
}

int
ledger_reader_first(const struct ledger_reader *r, uint64_t *first)
{
    const struct source *source = &r->records.source;
    size_t left;
    int fd = source->open(source->arg, SOURCE_BEHIND, 0, first, &left);

    if (fd >= 0)
        r->os->close(r->os->arg, fd);
    else
        *first = 0;
    return fd >= 0 || fd == PASU_E_NOTFOUND ? 0 : fd;
}

/* ---- what stands for records that were deleted ---- */

static int
begin_prologue(struct ledger_reader *r)
{
    int result;

    if (r->prologue.phase == PROLOGUE_BEGIN && r->prologue.fd < 0)
        prologue_init(&r->prologue, r->os, r->records.source, r->records.keys);
    result = prologue_find(&r->prologue);
    if (result == PASU_E_AGAIN)
        return result;
    if (result == PASU_E_NOTFOUND || result == PASU_E_CORRUPT)
        r->is_begun = true;
    if (result == PASU_E_CORRUPT) {
        r->records.damage = (struct records_place){r->prologue.first, 0, 0};
        r->seq = r->prologue.first;
    }
    return result == PASU_E_NOTFOUND ? 0 : result;
}

/* What of it is told: where the reading is on already, not that a keeper ran then. */
static int
decode_prologue(struct ledger_reader *r, const struct payload_carried *carried,
                struct ledger_entry *entry)
{
    if (r->is_again && (carried->type == SEGMENT_STARTED || carried->type == SEGMENT_STOPPED))
        return 1;
    entry->seq = carried->index;
    entry->time = carried->time;
    return decode(r, carried->type, carried->payload, entry);
}

/* To where the rest begins: what of a former segment is still there is passed over. */
static int
end_prologue(struct ledger_reader *r, struct ledger_entry *entry)
{
    const struct payload_pruned *pruned = &r->prologue.pruned.body;
    const struct records_place place = {pruned->end, sizeof(struct segment_header), pruned->end};
    int result = records_seek(&r->records, &place);

    if (result == PASU_E_NOTFOUND || result == PASU_E_CORRUPT)
        r->records.next = pruned->end; /* what is wrong there is told next */
    else if (result != 0)
        return result;
    r->is_begun = true;
    entry->type = LEDGER_PRUNED;
    entry->seq = pruned->end - 1;
    entry->time = pruned->until;
    entry->u.pruned = pruned;
    r->seq = pruned->end;
    return 1;
}

/* 1, 0 once there is no more of it, or an error. */
static int
next_of_prologue(struct ledger_reader *r, struct ledger_entry *entry)
{
    struct payload_carried carried;
    int result = 0;

    entry->is_in_ring = false;
    if (r->prologue.phase < PROLOGUE_READ)
        result = begin_prologue(r);
    while (result == 0 && !r->is_begun && r->prologue.phase == PROLOGUE_READ) {
        result = prologue_next(&r->prologue, &carried);
        if (result == PASU_E_CORRUPT) { /* without the rest of it */
            r->prologue.phase = PROLOGUE_END;
            r->records.damage = (struct records_place){0, 0, r->prologue.at};
        }
        if (result != 1)
            break;
        if (decode_prologue(r, &carried, entry) == 0)
            return 1;
        result = 0; /* damaged, or nothing that anybody asks for */
    }
    return result != 0 || r->is_begun ? result : end_prologue(r, entry);
}

/* Where records are missing, they may have been deleted since the reading began: then what stands
 * for them comes. PASU_E_CORRUPT: they were not. */
static int
doubt(struct ledger_reader *r)
{
    uint64_t first;
    int result = ledger_reader_first(r, &first);

    if (result != 0)
        return result;
    r->is_doubtful = false;
    if (first <= r->seq)
        return PASU_E_CORRUPT;
    prologue_release(&r->prologue);
    r->prologue = (struct prologue){.fd = -1};
    r->is_begun = false;
    r->is_again = true;
    return 0;
}

/* ---- the rings ---- */

static int
ring_damage(struct ledger_reader *r)
{
    uint64_t offset = r->records.fd >= 0 ? r->records.scan.offset : 0;

    r->records.damage = (struct records_place){r->records.first, offset, r->records.next};
    return PASU_E_CORRUPT;
}

static int
next_of_rings(struct ledger_reader *r, struct ledger_entry *entry)
{
    struct ring_entry found;

    entry->time = r->copied;
    entry->is_in_ring = true;
    entry->seq = r->seq;
    for (; r->copy < RINGS_MAX; r->copy++) {
        uint64_t position = taken_position(&r->records.taken, r->copy, r->file);

        if (!ring_copy_next(&r->copies[r->copy], position, &found))
            continue;
        r->seq++;
        return decode(r, ring_segment_type(found.type), found.payload, entry) == 0 ? 1
                                                                                   : ring_damage(r);
    }
    if (!r->is_ring_damaged)
        return 0;
    r->is_ring_damaged = false;
    return ring_damage(r);
}

/* Up to where they were taken: nothing that was skipped need be read where they have nothing. */
static int
begin_rings(struct ledger_reader *r)
{
    uint64_t rings = 0;

    for (size_t i = 0; i < RINGS_MAX; i++)
        if (r->copies[i].at < r->copies[i].length)
            rings |= UINT64_C(1) << i;
    return records_look_back(&r->records, rings);
}

/* 1, 0 once there are no more, or an error. */
static int
next_recorded(struct ledger_reader *r, struct ledger_entry *entry)
{
    int result;

    do {
        result = r->is_doubtful ? doubt(r) : 0;
        if (result == 0 && !r->is_begun)
            result = next_of_prologue(r, entry);
        if (result == 0)
            result = next_of_records(r, entry);
    } while (result == PASU_E_CORRUPT && r->is_doubtful);
    return result;
}

int
ledger_reader_next(struct ledger_reader *r, struct ledger_entry *entry)
{
    int result = r->is_behind_records ? 0 : next_recorded(r, entry);

    if (result == 0 && !r->is_behind_records)
        result = begin_rings(r);
    if (result != 0)
        return result;
    r->is_behind_records = true;
    return next_of_rings(r, entry);
}

int
ledger_reader_seek(struct ledger_reader *r, const struct records_place *place)
{
    r->is_behind_records = false;
    r->is_begun = true;
    r->seq = place->index;
    return records_seek(&r->records, place);
}

int
ledger_reader_seek_index(struct ledger_reader *r, uint64_t index)
{
    r->is_behind_records = false;
    r->is_begun = true;
    r->seq = index;
    return records_seek_index(&r->records, index);
}

void
ledger_reader_follow(struct ledger_reader *r)
{
    r->is_behind_records = false;
    r->copy = 0;
}

void
ledger_reader_progress(const struct ledger_reader *r, uint64_t *done, uint64_t *all)
{
    records_progress(&r->records, done, all);
    if (r->is_behind_records)
        *all = *done;
}

const struct records_place *
ledger_reader_damage(const struct ledger_reader *r)
{
    return &r->records.damage;
}

const struct records_place *
ledger_reader_place(const struct ledger_reader *r)
{
    return &r->records.place;
}

bool
ledger_reader_is_in_ring(const struct ledger_reader *r)
{
    return r->is_behind_records;
}
