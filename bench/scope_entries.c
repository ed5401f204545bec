/* SPDX-License-Identifier: Apache-2.0 */
#include "scope_entries.h"

#include "base/memory.h"
#include "exposure/little.h"
#include "ledger/entry.h"

#include <fcntl.h>
#include <unistd.h>

enum { ORDINALS = 2 * EXPOSURE_PARTS_MAX * EXPOSURE_ORDINALS_MAX };

struct segment_entries {
    int directory, fd;
    uint64_t *firsts;
    size_t count, at; /* segments; the next one */
    struct segment_scan scan;
    bool is_open;
    uint64_t from; /* records below it are passed over */
    union {
        struct message_session opened;
        struct message_closed closed;
    } body;
    struct exposure exposure;
    struct vocabulary vocabulary;
    uint32_t *ordinals;
};

static void
die(const char *what)
{
    fprintf(stderr, "scope: %s\n", what);
    exit(2);
}

struct segment_entries *
segment_entries_open(int segments)
{
    struct segment_entries *s = memory_new(1, sizeof(*s));

    if (s == NULL || segment_list(&os_real, segments, &s->firsts, &s->count) != 0)
        die("the ledger cannot be read");
    s->directory = segments;
    s->ordinals = memory_new(ORDINALS, sizeof(*s->ordinals));
    if (s->ordinals == NULL)
        die("out of memory");
    return s;
}

static void
end_segment(struct segment_entries *s)
{
    if (!s->is_open)
        return;
    segment_scan_release(&s->scan);
    close(s->fd);
    s->is_open = false;
}

void
segment_entries_close(struct segment_entries *s)
{
    end_segment(s);
    memory_free(s->firsts);
    memory_free(s->ordinals);
    memory_free(s);
}

static int
next_record(struct segment_entries *s, struct segment_record *record)
{
    for (;;) {
        char name[SEGMENT_NAME_SIZE];
        int result;

        if (s->is_open) {
            result = segment_scan_next(&s->scan, record);
            if (result != 0)
                return result;
            end_segment(s);
        }
        if (s->at == s->count)
            return 0;
        segment_name(name, s->firsts[s->at]);
        s->fd = openat(s->directory, name, O_RDONLY | O_CLOEXEC);
        result =
            s->fd < 0 ? PASU_E_IO : segment_scan_init(&s->scan, &os_real, s->fd, s->firsts[s->at]);
        if (result != 0)
            return result;
        s->at++;
        s->is_open = true;
        if (s->from > s->scan.header.first)
            result = segment_scan_seek(&s->scan, s->from);
        if (result != 0)
            return result;
    }
}

static void
take_text(struct reader *r, char *text, size_t size)
{
    struct view v = reader_bytes(r, reader_u8(r));

    text_from_view(text, size, v);
}

static int
decode(struct segment_entries *s, const struct segment_record *record, struct ledger_entry *entry)
{
    struct reader r = reader_of(record->payload);
    struct message_session *opened = &s->body.opened;
    struct view skipped;

    *entry = (struct ledger_entry){.seq = record->index, .time = record->time};
    switch (record->type) {
    case SEGMENT_STARTED:
        entry->type = LEDGER_STARTED;
        return 1;
    case SEGMENT_OPENED:
        entry->type = LEDGER_OPENED;
        entry->u.opened = opened;
        *opened = (struct message_session){.session = little_read_u64(&r)};
        opened->opened = (int64_t)little_read_u64(&r);
        skipped = reader_bytes(&r, 4);
        take_text(&r, opened->gateway, sizeof(opened->gateway));
        take_text(&r, opened->principal, sizeof(opened->principal));
        take_text(&r, opened->database, sizeof(opened->database));
        take_text(&r, opened->application, sizeof(opened->application));
        take_text(&r, opened->address, sizeof(opened->address));
        return reader_end(&r) == 0 && skipped.length == 4 ? 1 : PASU_E_CORRUPT;
    case SEGMENT_CLOSED:
        entry->type = LEDGER_CLOSED;
        entry->u.closed = &s->body.closed;
        s->body.closed = (struct message_closed){.session = little_read_u64(&r)};
        return 1;
    case SEGMENT_EXPOSURE:
        entry->type = LEDGER_EXPOSURE;
        entry->u.exposure = &s->exposure;
        skipped = reader_bytes(&r, ENTRY_SALT);
        return exposure_decode(&s->exposure, view_of(r.at, reader_left(&r)), s->ordinals,
                               ORDINALS) == 0 &&
                       skipped.length == ENTRY_SALT
                   ? 1
                   : PASU_E_CORRUPT;
    case SEGMENT_VOCABULARY:
        entry->type = LEDGER_VOCABULARY;
        entry->u.vocabulary = &s->vocabulary;
        return vocabulary_decode(&s->vocabulary, record->payload) == 0 ? 1 : PASU_E_CORRUPT;
    default:
        return 0;
    }
}

static int
take_next(void *arg, struct ledger_entry *entry)
{
    struct segment_entries *s = arg;

    for (;;) {
        struct segment_record record;
        int result = next_record(s, &record);

        if (result == 1 && record.index < s->from)
            continue;
        if (result == 1)
            result = decode(s, &record, entry);
        else
            return result;
        if (result != 0)
            return result;
    }
}

static int
seek_to(void *arg, uint64_t seq)
{
    struct segment_entries *s = arg;

    end_segment(s);
    s->from = seq;
    for (s->at = 0; s->at + 1 < s->count && s->firsts[s->at + 1] <= seq; s->at++)
        ;
    return 0;
}

static uint64_t
damage_of(void *arg)
{
    const struct segment_entries *s = arg;

    return s->scan.damage;
}

struct entries
segment_entries(struct segment_entries *s)
{
    return (struct entries){s, seek_to, take_next, damage_of};
}
