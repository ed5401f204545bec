/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/dialect.h"

#include "base/memory.h"
#include "scan/audit_line.h"
#include "scan/pgbouncer_line.h"

static const struct {
    const char *name, *pattern;
} built_in[DIALECTS_BUILT_IN] = {
    {"combined", "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\""},
    {"vhost_combined", "%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\""},
    {"common", "%h %l %u %t \"%r\" %>s %b"},
};

void
dialects_init(struct dialects *dialects, const struct route_map *map)
{
    const char *why;

    dialects->map = map;
    audit_names_init(&dialects->audit);
    for (size_t i = 0; i < DIALECTS_BUILT_IN; i++)
        dialects->is_built_in[i] =
            line_format_parse(&dialects->built_in[i], built_in[i].pattern, &map->names, &why) == 0;
}

bool
dialect_read(const struct dialect *dialect, struct view line, struct event *event, uint8_t *scratch,
             struct line_memory *memory)
{
    switch (dialect->kind) {
    case DIALECT_FORMAT:
        return dialect->format != NULL && line_format_read(dialect->format, line, event, memory);
    case DIALECT_JSON:
        return json_line_read(dialect->names, line, event, scratch, memory);
    case DIALECT_AUDIT:
        return audit_line_read(line, dialect->east, event, scratch);
    case DIALECT_AUDIT_JSON:
        return audit_json_read(dialect->names, line, dialect->east, event, scratch);
    case DIALECT_PGBOUNCER:
        return pgbouncer_line_read(line, dialect->east, event);
    case DIALECT_SERVER:
    case DIALECT_GENERAL:
        break;
    }
    return false;
}

bool
dialect_is_frame(const struct dialect *dialect, struct view line)
{
    return dialect->kind == DIALECT_AUDIT_JSON && audit_json_is_frame(line);
}

/* How many of the first lines it reads. */
static size_t
try_it(const struct dialect *dialect, struct view head, uint8_t *scratch)
{
    const uint8_t *at = head.bytes, *end = at + head.length;
    struct line_memory memory = {0};
    struct event event;
    size_t count = 0;

    for (size_t i = 0; i < DIALECT_LINES && at < end; i++) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
        const uint8_t *stop = newline != NULL ? newline : end;
        struct view line = view_of(at, (size_t)(stop - at)), records = line, record;
        bool is_whole;

        if (line.length > 0 && line.bytes[line.length - 1] == '\r')
            line.length--;
        if (dialect->kind == DIALECT_JSON && json_records_begin(&records))
            count += json_records_next(&records, &record, &is_whole);
        else
            count += dialect_read(dialect, line, &event, scratch, &memory);
        at = stop + 1;
    }
    return count;
}

static int
see_nothing(void *arg PASU_UNUSED, const struct event *event PASU_UNUSED,
            uint64_t offset PASU_UNUSED)
{
    return 0;
}

static size_t
try_server(struct dialect *dialect, struct view head)
{
    struct server_reader *reader = memory_new(1, sizeof(*reader));
    size_t count = 0;

    if (reader == NULL)
        return 0;
    server_reader_init(reader, dialect->prefix, see_nothing, NULL);
    if (server_reader_feed(reader, head) == 0 && server_reader_end(reader) == 0)
        count = reader->log.lines < DIALECT_LINES ? (size_t)reader->log.lines : DIALECT_LINES;
    dialect->name = server_log_format_text(reader->log.format);
    memory_free(reader);
    return count;
}

static size_t
try_general(const struct dialect *dialect, struct view head)
{
    struct general_log *log = memory_new(1, sizeof(*log));
    size_t count = 0;

    if (log == NULL)
        return 0;
    general_log_init(log, dialect->east, see_nothing, NULL);
    if (general_log_feed(log, head) == 0 && general_log_end(log) == 0)
        count = log->lines < DIALECT_LINES ? (size_t)log->lines : DIALECT_LINES;
    memory_free(log);
    return count;
}

static void
offer(struct dialect *best, size_t *most, struct dialect other, struct view head, uint8_t *scratch)
{
    size_t count = other.kind == DIALECT_SERVER    ? try_server(&other, head)
                   : other.kind == DIALECT_GENERAL ? try_general(&other, head)
                                                   : try_it(&other, head, scratch);

    /* One that tells less reads what is damaged, too: it must read a quarter more. */
    if (4 * count <= 5 * *most)
        return;
    *most = count;
    *best = other;
}

void
dialect_find(struct dialect *dialect, const struct dialects *dialects, struct view head,
             uint8_t *scratch)
{
    const struct route_map *map = dialects->map;
    const struct dialect known[] = {
        {.name = "pgbouncer", .kind = DIALECT_PGBOUNCER, .east = map->east},
        {.name = "server_audit", .kind = DIALECT_AUDIT, .east = map->east},
        {.name = "general_log", .kind = DIALECT_GENERAL, .east = map->east},
        {.name = "audit_json",
         .kind = DIALECT_AUDIT_JSON,
         .east = map->east,
         .names = &dialects->audit},
        {.kind = DIALECT_SERVER, .prefix = map->log_line_prefix},
        {.name = "json", .kind = DIALECT_JSON, .names = &map->names},
    };
    size_t most = 0;

    *dialect = (struct dialect){0};
    for (size_t i = 0; i < map->format_count; i++)
        offer(dialect, &most, (struct dialect){.name = "log_format", .format = &map->formats[i]},
              head, scratch);
    for (size_t i = 0; i < COUNT_OF(known); i++)
        offer(dialect, &most, known[i], head, scratch);
    for (size_t i = 0; i < DIALECTS_BUILT_IN; i++)
        if (dialects->is_built_in[i])
            offer(dialect, &most,
                  (struct dialect){.name = built_in[i].name, .format = &dialects->built_in[i]},
                  head, scratch);
}

/* ---- the first event ---- */

static int
take_time(void *arg, const struct event *event, uint64_t offset PASU_UNUSED)
{
    *(int64_t *)arg = event->time;
    return PASU_E_AGAIN; /* no further */
}

static int64_t
first_time_of_server(const struct dialect *dialect, struct view head)
{
    struct server_reader *reader = memory_new(1, sizeof(*reader));
    int64_t time = 0;

    if (reader == NULL)
        return 0;
    server_reader_init(reader, dialect->prefix, take_time, &time);
    if (server_reader_feed(reader, head) == 0 && server_reader_end(reader) == 0)
        time = 0; /* no event is in it */
    memory_free(reader);
    return time;
}

static int64_t
first_time_of_general(const struct dialect *dialect, struct view head)
{
    struct general_log *log = memory_new(1, sizeof(*log));
    int64_t time = 0;

    if (log == NULL)
        return 0;
    general_log_init(log, dialect->east, take_time, &time);
    if (general_log_feed(log, head) == 0 && general_log_end(log) == 0)
        time = 0;
    memory_free(log);
    return time;
}

int64_t
dialect_first_time(const struct dialect *dialect, struct view head)
{
    return dialect->kind == DIALECT_SERVER ? first_time_of_server(dialect, head)
                                           : first_time_of_general(dialect, head);
}
