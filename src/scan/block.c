/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/block.h"

#include "base/memory.h"

int
block_init(struct block *block, size_t size)
{
    *block = (struct block){0};
    if ((block->memory = memory_new(1, sizeof(*block->memory))) == NULL)
        return PASU_E_NOMEM;
    return block_grow(block, size);
}

int
block_grow(struct block *block, size_t size)
{
    uint8_t *bytes = memory_resize(block->bytes, size, 1), *scratch;

    if (bytes == NULL)
        return PASU_E_NOMEM;
    block->bytes = bytes;
    scratch = memory_resize(block->scratch, size, 1);
    if (scratch == NULL)
        return PASU_E_NOMEM;
    block->scratch = scratch;
    block->size = size;
    return 0;
}

void
block_release(struct block *block)
{
    memory_free(block->bytes);
    memory_free(block->scratch);
    memory_free(block->items);
    memory_free(block->more);
    memory_free(block->memory);
    memory_free(block->reader);
    memory_free(block->names);
    *block = (struct block){0};
}

void
block_clear(struct block *block, uint32_t file, uint64_t offset)
{
    block->file = file;
    block->offset = offset;
    block->length = block->count = block->taken = block->unread.count = block->names_count = 0;
    block->lines = block->unparsed = block->unmatched = 0;
    block->result = 0;
}

/* ---- what could not be read ---- */

static void
add_unread(struct block *block, uint64_t offset, uint64_t length, struct view line)
{
    block->unparsed++;
    unread_add(&block->unread, offset, length, line);
}

void
block_pass(struct block *block, uint64_t offset, uint64_t length)
{
    block->lines++;
    add_unread(block, offset, length, (struct view){0});
}

/* ---- lines ---- */

struct reading {
    struct block *block;
    const struct dialect *dialect;
    block_event_fn *see;
    void *arg;
};

static uint64_t
offset_of(const struct block *block, const uint8_t *at)
{
    return block->offset + (uint64_t)(at - block->bytes);
}

/* One line, or one event of CloudTrail's. */
static int
read_event(struct reading *r, struct view line)
{
    uint64_t offset = offset_of(r->block, line.bytes);
    PASU_UNINITIALIZED struct event event; /* the reader fills it in */
    int result = 0;

    r->block->lines++;
    if (dialect_read(r->dialect, line, &event, r->block->scratch, r->block->memory))
        result = r->see(r->arg, &event, offset);
    if (result == 0)
        add_unread(r->block, offset, line.length, line);
    return result < 0 ? result : 0;
}

static int
read_line(struct reading *r, struct view line)
{
    struct view records = line, record;
    bool is_whole = true;
    int result = 0;

    if (line.length > 0 && line.bytes[line.length - 1] == '\r')
        line.length--;
    if (line.length == 0)
        return 0;
    if (r->dialect->kind != DIALECT_JSON || !json_records_begin(&records))
        return dialect_is_frame(r->dialect, line) ? 0 : read_event(r, line);
    while (result == 0 && json_records_next(&records, &record, &is_whole))
        result = read_event(r, record);
    if (!is_whole) {
        r->block->lines++;
        add_unread(r->block, offset_of(r->block, records.bytes), records.length, records);
    }
    return result;
}

static inline const uint8_t *
end_of_line(const struct reading *r, const uint8_t *at, const uint8_t *end)
{
    const struct line_format *format =
        r->dialect->kind == DIALECT_FORMAT ? r->dialect->format : NULL;
    const uint8_t *newline;

    if (format != NULL)
        return line_format_end(format, at, end, r->block->memory);
    newline = memchr(at, '\n', (size_t)(end - at));
    return newline != NULL ? newline : end;
}

static int
read_lines(struct reading *r)
{
    const uint8_t *at = r->block->bytes, *end = at + r->block->length;
    int result = 0;

    while (at < end && result == 0) {
        const uint8_t *stop = end_of_line(r, at, end);

        result = read_line(r, view_of(at, (size_t)(stop - at)));
        at = stop + 1;
    }
    line_memory_leave(r->block->memory); /* the block's bytes will be others */
    return result;
}

/* ---- logs of databases ---- */

static int
see_serial(void *arg, const struct event *event, uint64_t offset)
{
    struct reading *r = arg;
    int result = r->see(r->arg, event, offset);

    return result < 0 ? result : 0;
}

static int
read_server(struct reading *r, struct server_reader *reader, bool is_last)
{
    const struct server_log *log = &reader->log;
    uint64_t lines = log->lines, unreadable = log->unreadable;
    size_t known = log->unread.count;
    int result;

    reader->see = see_serial;
    reader->arg = r;
    result = server_reader_feed(reader, view_of(r->block->bytes, r->block->length));
    if (result == 0 && is_last)
        result = server_reader_end(reader);
    r->block->lines += log->lines - lines + (log->unreadable - unreadable);
    r->block->unparsed += log->unreadable - unreadable;
    unread_add_all(&r->block->unread, &log->unread, known);
    return result;
}

static int
read_general(struct reading *r, struct general_log *log, bool is_last)
{
    uint64_t lines = log->lines, unreadable = log->unreadable;
    size_t known = log->unread.count;
    int result;

    log->see = see_serial;
    log->arg = r;
    result = general_log_feed(log, view_of(r->block->bytes, r->block->length));
    if (result == 0 && is_last)
        result = general_log_end(log);
    r->block->lines += log->lines - lines + (log->unreadable - unreadable);
    r->block->unparsed += log->unreadable - unreadable;
    unread_add_all(&r->block->unread, &log->unread, known);
    return result;
}

int
block_each(struct block *block, const struct dialect *dialect, const struct block_readers *readers,
           block_event_fn *see, void *arg)
{
    struct reading r = {block, dialect, see, arg};
    int result = readers->server != NULL    ? read_server(&r, readers->server, readers->is_last)
                 : readers->general != NULL ? read_general(&r, readers->general, readers->is_last)
                                            : read_lines(&r);

    if (block->result == 0)
        block->result = result;
    return result;
}

/* ---- observations ---- */

struct parsing {
    struct block *block;
    const struct dialect *dialect;
    struct observe_state *observer;
    block_want_fn *want;
    const void *arg;
};

static int
make_room(struct parsing *p)
{
    struct block *block = p->block;
    size_t space = block->space > 0 ? 2 * block->space : 4 * OBSERVE_MOST;
    struct observation *items;
    struct observed_more *more;

    if (block->count + OBSERVE_MOST <= block->space)
        return 0;
    items = memory_resize(block->items, space, sizeof(*items));
    if (items == NULL)
        return PASU_E_NOMEM;
    block->items = items;
    more = memory_resize(block->more, space, sizeof(*more));
    if (more == NULL)
        return PASU_E_NOMEM;
    block->more = more;
    block->space = space;
    return 0;
}

/* Of the general log no line says by itself whose it is: that is kept. */
static int
keep_names(struct block *block, const struct event *event, uint64_t offset)
{
    static const enum slot slots[] = {SLOT_ACCOUNT, SLOT_ADDRESS, SLOT_SESSION};
    size_t space = block->names_space > 0 ? 2 * block->names_space : 64;
    struct block_names *to;

    if (block->names_count == block->names_space) {
        to = memory_resize(block->names, space, sizeof(*to));
        if (to == NULL)
            return PASU_E_NOMEM;
        block->names = to;
        block->names_space = space;
    }
    to = &block->names[block->names_count++];
    to->offset = offset;
    to->time = event->time;
    for (size_t i = 0; i < COUNT_OF(slots); i++) {
        struct view name = event->slot[slots[i]];

        to->length[i] = (uint8_t)(name.length < GENERAL_NAME ? name.length : GENERAL_NAME);
        if (to->length[i] > 0)
            memcpy(to->text[i], name.bytes, to->length[i]);
    }
    return 0;
}

static int
put_event(void *arg, const struct event *event, uint64_t offset)
{
    struct parsing *p = arg;
    struct block *block = p->block;
    size_t first = block->count, count;
    int result = make_room(p);

    if (result != 0)
        return result;
    count = observe(p->observer, event, &block->items[first],
                    p->want != NULL ? &block->more[first] : NULL);
    block->unmatched += observe_is_unmatched(p->observer);
    for (size_t i = 0; i < count; i++) {
        struct observation *item = &block->items[first + i];

        item->file = block->file;
        item->offset = offset;
        if (p->want == NULL) {
            block->count++;
            continue;
        }
        if (!p->want(p->arg, item))
            continue;
        block->items[block->count] = *item;
        block->more[block->count++] = block->more[first + i];
    }
    if (p->want != NULL && block->count > first && p->dialect->kind == DIALECT_GENERAL)
        result = keep_names(block, event, offset);
    return result != 0 ? result : count > 0;
}

int
block_parse(struct block *block, const struct dialect *dialect, const struct block_readers *readers,
            struct observe_state *observer, block_want_fn *want, const void *arg)
{
    struct parsing p = {block, dialect, observer, want, arg};

    return block_each(block, dialect, readers, put_event, &p);
}

static bool
general_event_at(const struct block *block, uint64_t offset, struct event *event)
{
    static const enum slot slots[] = {SLOT_ACCOUNT, SLOT_ADDRESS, SLOT_SESSION};
    const struct block_names *names;
    size_t from = 0, to = block->names_count; /* in the order of their offsets */

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (block->names[middle].offset < offset)
            from = middle + 1;
        else
            to = middle;
    }
    if (from == block->names_count || block->names[from].offset != offset)
        return false;
    names = &block->names[from];
    *event = (struct event){.time = names->time};
    for (size_t i = 0; i < COUNT_OF(slots); i++)
        event->slot[slots[i]] = view_of(names->text[i], names->length[i]);
    return true;
}

/* ---- the event at a place ---- */

static int
take_first(void *arg, const struct event *event, uint64_t offset PASU_UNUSED)
{
    *(struct event *)arg = *event;
    return PASU_E_AGAIN; /* no further */
}

/* The one record that begins there; who it is of does not depend on those before. The event borrows
 * from the reader, but not its statement. */
static bool
server_event_at(struct block *block, const struct dialect *dialect, const uint8_t *at,
                const uint8_t *end, struct event *event)
{
    if (block->reader == NULL && (block->reader = memory_new(1, sizeof(*block->reader))) == NULL)
        return false;
    server_reader_init(block->reader, dialect->prefix, take_first, event);
    return server_reader_feed(block->reader, view_of(at, (size_t)(end - at))) == PASU_E_AGAIN ||
           server_reader_end(block->reader) == PASU_E_AGAIN;
}

bool
block_event(struct block *block, const struct dialect *dialect, uint64_t offset,
            struct event *event)
{
    const uint8_t *at, *end = block->bytes + block->length, *newline;
    struct view line, record, rest;
    bool is_whole;

    if (dialect->kind == DIALECT_GENERAL)
        return general_event_at(block, offset, event);
    if (offset < block->offset || offset - block->offset >= block->length)
        return false;
    at = block->bytes + (offset - block->offset);
    if (dialect->kind == DIALECT_SERVER)
        return server_event_at(block, dialect, at, end, event);
    newline = memchr(at, '\n', (size_t)(end - at));
    line = view_of(at, (size_t)((newline != NULL ? newline : end) - at));
    if (line.length > 0 && line.bytes[line.length - 1] == '\r')
        line.length--;
    rest = line;
    if (dialect_read(dialect, line, event, block->scratch, block->memory))
        return true;
    return dialect->kind == DIALECT_JSON && json_records_next(&rest, &record, &is_whole) &&
           dialect_read(dialect, record, event, block->scratch, block->memory);
}
