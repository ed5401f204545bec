/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/reader.h"

#include "base/memory.h"
#include "ledger/journal_scan.h"
#include "ledger/ring_copy.h"

#include <errno.h>
#include <fcntl.h>

enum { ORDINALS = 2 * EXPOSURE_PARTS_MAX * EXPOSURE_ORDINALS_MAX };

struct ledger_reader {
    const struct os *os;
    int fd; /* of the journal, where we have opened it */
    struct journal_scan scan;
    uint64_t seq;
    int64_t time;
    uint64_t damage;
    struct view batch; /* what is left of a JOURNAL_RING record */
    uint32_t batch_count;
    uint64_t batch_offset;
    struct journal_taken taken[RINGS_MAX];
    uint64_t file; /* id of the ring file */
    struct ring_copy copies[RINGS_MAX];
    unsigned copy; /* the one that is read */
    int64_t copied;
    bool is_behind_journal, is_ring_damaged;
    /* What entries borrow. */
    union {
        struct message_session opened;
        struct message_closed closed;
        struct message_refused refused;
        struct payload_kill killed;
        struct payload_gap gap;
        struct ring_ordinal ordinal;
        struct ring_mark mark;
    } body;
    struct exposure exposure;
    struct vocabulary vocabulary;
    uint32_t *ordinals;
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
    r->fd = -1;
    r->ordinals = memory_new(ORDINALS, sizeof(r->ordinals[0]));
    if (r->ordinals)
        return r;
    memory_free(r);
    return NULL;
}

/* The rings first: what the keeper takes from now on is in the journal's length that we see. */
static int
begin(struct ledger_reader *r, int journal, int rings)
{
    int result = rings >= 0 ? copy_rings(r, rings) : 0;

    r->is_behind_journal = journal < 0;
    if (result == 0 && journal >= 0)
        result = journal_scan_init(&r->scan, r->os, journal);
    return result;
}

int
ledger_reader_open_fds(struct ledger_reader **reader, const struct os *os, int journal, int rings)
{
    struct ledger_reader *r = reader_new(os);
    int result;

    *reader = NULL;
    if (!r)
        return PASU_E_NOMEM;
    result = begin(r, journal, rings);
    if (result == 0)
        *reader = r;
    else
        ledger_reader_close(r);
    return result;
}

static int
open_file(const struct os *os, int directory, const char *name)
{
    int fd = os->openat(os->arg, directory, name, O_RDONLY | O_NONBLOCK, 0);

    if (fd >= 0)
        return fd;
    return errno == ENOENT ? PASU_E_NOTFOUND : error_from_errno(errno);
}

int
ledger_reader_open(struct ledger_reader **reader, const struct os *os, int directory)
{
    int journal = open_file(os, directory, "sessions.journal");
    int rings = journal >= 0 ? open_file(os, directory, "exposures.ring") : journal;
    int result = journal < 0 ? journal : rings == PASU_E_NOTFOUND ? 0 : rings;

    *reader = NULL;
    if (result >= 0)
        result = ledger_reader_open_fds(reader, os, journal, rings);
    if (rings >= 0)
        os->close(os->arg, rings);
    if (result == 0)
        (*reader)->fd = journal;
    else if (journal >= 0)
        os->close(os->arg, journal);
    return result;
}

void
ledger_reader_close(struct ledger_reader *r)
{
    if (!r)
        return;
    for (unsigned i = 0; i < RINGS_MAX; i++)
        ring_copy_release(&r->copies[i]);
    journal_scan_release(&r->scan);
    if (r->fd >= 0)
        r->os->close(r->os->arg, r->fd);
    memory_free(r->ordinals);
    memory_free(r);
}

/* ---- entries of the rings ---- */

/* Copies a fixed part from a payload's beginning; what is left of it. */
static bool
take_fixed(struct view *payload, void *fixed, size_t size)
{
    if (payload->length < size)
        return false;
    memcpy(fixed, payload->bytes, size);
    *payload = view_of(payload->bytes + size, payload->length - size);
    return true;
}

static int
decode_ordinal(struct ledger_reader *r, struct view payload, struct ledger_entry *entry)
{
    struct ring_ordinal *ordinal = &r->body.ordinal;

    entry->type = LEDGER_ORDINAL;
    entry->u.ordinal.head = ordinal;
    if (!take_fixed(&payload, ordinal, sizeof(*ordinal)) ||
        !bytes_are_zero(ordinal->zero, sizeof(ordinal->zero)))
        return PASU_E_CORRUPT;
    entry->u.ordinal.sealed = payload;
    return 1;
}

static int
decode_shape(struct view payload, struct ledger_entry *entry)
{
    entry->type = LEDGER_SHAPE;
    if (!take_fixed(&payload, &entry->u.shape.fingerprint, sizeof(entry->u.shape.fingerprint)))
        return PASU_E_CORRUPT;
    entry->u.shape.sql = payload;
    return 1;
}

enum { MARK_SIZE_FIRST = offsetof(struct ring_mark, system) };

static int
decode_mark(struct ledger_reader *r, struct view payload, struct ledger_entry *entry)
{
    uint8_t whole[sizeof(struct ring_mark)] = {0};

    entry->type = LEDGER_MARK;
    entry->u.mark = &r->body.mark;
    if (payload.length == MARK_SIZE_FIRST) {
        memcpy(whole, payload.bytes, MARK_SIZE_FIRST);
        payload = view_of(whole, sizeof(whole));
    }
    return payload_read_mark(&r->body.mark, payload) == 0 ? 1 : PASU_E_CORRUPT;
}

static int
decode_entry(struct ledger_reader *r, uint32_t type, struct view payload,
             struct ledger_entry *entry)
{
    switch ((enum ring_type)type) {
    case RING_EXPOSURE:
        entry->type = LEDGER_EXPOSURE;
        entry->u.exposure = &r->exposure;
        return exposure_decode(&r->exposure, payload, r->ordinals, ORDINALS) == 0 ? 1
                                                                                  : PASU_E_CORRUPT;
    case RING_SHAPE:
        return decode_shape(payload, entry);
    case RING_VOCABULARY:
        entry->type = LEDGER_VOCABULARY;
        entry->u.vocabulary = &r->vocabulary;
        return vocabulary_decode(&r->vocabulary, payload) == 0 ? 1 : PASU_E_CORRUPT;
    case RING_ORDINAL:
        return decode_ordinal(r, payload, entry);
    case RING_MARK:
        return decode_mark(r, payload, entry);
    }
    return PASU_E_CORRUPT;
}

/* ---- the journal's records ---- */

static bool
take_whole(struct view payload, void *body, size_t size)
{
    return take_fixed(&payload, body, size) && payload.length == 0;
}

#define END_TEXT(text) ((text)[sizeof(text) - 1] = '\0')

static bool
take_opened(struct message_session *opened, struct view payload)
{
    if (!take_whole(payload, opened, sizeof(*opened)))
        return false;
    END_TEXT(opened->gateway);
    END_TEXT(opened->principal);
    END_TEXT(opened->database);
    END_TEXT(opened->application);
    END_TEXT(opened->address);
    return true;
}

static bool
take_refused(struct message_refused *refused, struct view payload)
{
    if (!take_whole(payload, refused, sizeof(*refused)))
        return false;
    END_TEXT(refused->gateway);
    END_TEXT(refused->principal);
    END_TEXT(refused->database);
    END_TEXT(refused->address);
    return true;
}

static int
decode_record(struct ledger_reader *r, const struct journal_record *record,
              struct ledger_entry *entry)
{
    struct view payload = record->payload;
    bool is_well = false;

    switch ((enum journal_type)record->type) {
    case JOURNAL_STARTED:
    case JOURNAL_STOPPED:
        entry->type = record->type == JOURNAL_STARTED ? LEDGER_STARTED : LEDGER_STOPPED;
        is_well = payload.length == 0;
        break;
    case JOURNAL_OPENED:
        entry->type = LEDGER_OPENED;
        entry->u.opened = &r->body.opened;
        is_well = take_opened(&r->body.opened, payload);
        break;
    case JOURNAL_CLOSED:
        entry->type = LEDGER_CLOSED;
        entry->u.closed = &r->body.closed;
        is_well = take_whole(payload, &r->body.closed, sizeof(r->body.closed));
        break;
    case JOURNAL_REFUSED:
        entry->type = LEDGER_REFUSED;
        entry->u.refused = &r->body.refused;
        is_well = take_refused(&r->body.refused, payload);
        break;
    case JOURNAL_KILLED:
        entry->type = LEDGER_KILLED;
        entry->u.killed = &r->body.killed;
        is_well = take_whole(payload, &r->body.killed, sizeof(r->body.killed));
        END_TEXT(r->body.killed.principal);
        break;
    case JOURNAL_GAP:
        entry->type = LEDGER_GAP;
        entry->u.gap = &r->body.gap;
        is_well = take_whole(payload, &r->body.gap, sizeof(r->body.gap));
        break;
    case JOURNAL_RING: /* not one entry: begin_batch */
        break;
    }
    return is_well ? 1 : PASU_E_CORRUPT;
}

/* ---- all of it ---- */

static int
damaged(struct ledger_reader *r, uint64_t offset)
{
    r->damage = offset;
    return PASU_E_CORRUPT;
}

/* The next entry of a JOURNAL_RING record. */
static bool
take_entry(struct view *batch, struct journal_entry *head, struct view *payload)
{
    size_t padded;

    if (!take_fixed(batch, head, sizeof(*head)) || head->length > batch->length)
        return false;
    padded = ((size_t)head->length + 7) & ~(size_t)7;
    if (padded > batch->length)
        return false;
    *payload = view_of(batch->bytes, head->length);
    *batch = view_of(batch->bytes + padded, batch->length - padded);
    return true;
}

/* Its entries are taken one by one then; or none, where the record is not made of entries. */
static int
begin_batch(struct ledger_reader *r, const struct journal_record *record)
{
    struct view rest = record->payload, payload;
    struct journal_entry entry;
    struct journal_ring head;

    if (!take_fixed(&rest, &head, sizeof(head)) || head.ring >= RINGS_MAX)
        return damaged(r, record->offset);
    r->taken[head.ring] = (struct journal_taken){head.file, head.to};
    r->batch = rest;
    r->batch_offset = record->offset;
    for (uint32_t i = 0; i < head.count; i++)
        if (!take_entry(&rest, &entry, &payload))
            return damaged(r, record->offset);
    if (rest.length > 0)
        return damaged(r, record->offset);
    r->batch_count = head.count;
    return 0;
}

static int
next_of_batch(struct ledger_reader *r, struct ledger_entry *entry)
{
    struct journal_entry head = {0};
    struct view payload = {0};

    r->batch_count--;
    if (!take_entry(&r->batch, &head, &payload) || decode_entry(r, head.type, payload, entry) != 1)
        return damaged(r, r->batch_offset);
    return 1;
}

/* 1, 0 at the end of the journal, or an error. */
static int
next_of_journal(struct ledger_reader *r, struct ledger_entry *entry)
{
    struct journal_record record;
    int result;

    while (r->batch_count == 0) {
        result = journal_scan_next(&r->scan, &record);
        if (result == PASU_E_CORRUPT)
            r->damage = r->scan.damage;
        if (result != 1)
            return result;
        r->time = record.time;
        if (record.type != JOURNAL_RING)
            return decode_record(r, &record, entry) == 1 ? 1 : damaged(r, record.offset);
        result = begin_batch(r, &record);
        if (result != 0)
            return result;
    }
    return next_of_batch(r, entry);
}

static int
next_of_rings(struct ledger_reader *r, struct ledger_entry *entry)
{
    struct ring_entry found;

    r->time = r->copied;
    for (; r->copy < RINGS_MAX; r->copy++) {
        const struct journal_taken *taken = &r->taken[r->copy];

        if (ring_copy_next(&r->copies[r->copy], taken->file == r->file ? taken->position : 0,
                           &found))
            return decode_entry(r, (uint32_t)found.type, found.payload, entry) == 1
                       ? 1
                       : damaged(r, r->scan.file.limit);
    }
    if (!r->is_ring_damaged)
        return 0;
    r->is_ring_damaged = false;
    return damaged(r, r->scan.file.limit);
}

int
ledger_reader_next(struct ledger_reader *r, struct ledger_entry *entry)
{
    int result = r->is_behind_journal ? 0 : next_of_journal(r, entry);

    if (result == 0) {
        r->is_behind_journal = true;
        result = next_of_rings(r, entry);
    }
    /* What is damaged has its place, too. */
    if (result == 1 || result == PASU_E_CORRUPT)
        r->seq++;
    entry->seq = r->seq;
    entry->time = r->time;
    return result;
}

void
ledger_reader_progress(const struct ledger_reader *r, uint64_t *done, uint64_t *all)
{
    *done = r->is_behind_journal ? r->scan.file.limit : r->scan.offset;
    *all = r->scan.file.limit;
}

uint64_t
ledger_reader_offset(const struct ledger_reader *r)
{
    return r->damage;
}
