/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/dialect.h"

#include "base/memory.h"

static const struct {
    const char *name, *pattern;
} built_in[DIALECTS_BUILT_IN] = {
    {"combined", "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\""},
    {"vhost_combined", "%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\""},
    {"common", "%h %l %u %t \"%r\" %>s %b"},
};

int
dialects_init(struct dialects *dialects, const struct route_map *map)
{
    const char *why;

    dialects->map = map;
    for (size_t i = 0; i < DIALECTS_BUILT_IN; i++)
        if (line_format_parse(&dialects->built_in[i], built_in[i].pattern, &map->names, &why) != 0)
            return PASU_E_MISUSE;
    return 0;
}

bool
dialect_read(const struct dialect *dialect, const struct log_names *names, struct view line,
             struct event *event, uint8_t *scratch)
{
    if (dialect->is_server)
        return false;
    if (dialect->is_json)
        return json_line_read(names, line, event, scratch);
    return dialect->format != NULL && line_format_read(dialect->format, line, event);
}

/* How many of the first lines it reads. */
static size_t
try_it(const struct dialect *dialect, const struct log_names *names, struct view head,
       uint8_t *scratch)
{
    const uint8_t *at = head.bytes, *end = at + head.length;
    struct event event;
    size_t count = 0;

    for (size_t i = 0; i < DIALECT_LINES && at < end; i++) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
        const uint8_t *stop = newline != NULL ? newline : end;
        struct view line = view_of(at, (size_t)(stop - at)), records = line, record;
        bool is_whole;

        if (line.length > 0 && line.bytes[line.length - 1] == '\r')
            line.length--;
        if (dialect->is_json && json_records_begin(&records))
            count += json_records_next(&records, &record, &is_whole);
        else
            count += dialect_read(dialect, names, line, &event, scratch);
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

static void
offer(struct dialect *best, size_t *most, struct dialect other, const struct log_names *names,
      struct view head, uint8_t *scratch)
{
    size_t count =
        other.is_server ? try_server(&other, head) : try_it(&other, names, head, scratch);

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
    size_t most = 0;

    *dialect = (struct dialect){0};
    for (size_t i = 0; i < map->format_count; i++)
        offer(dialect, &most, (struct dialect){.name = "log_format", .format = &map->formats[i]},
              &map->names, head, scratch);
    offer(dialect, &most, (struct dialect){.is_server = true, .prefix = map->log_line_prefix},
          &map->names, head, scratch);
    offer(dialect, &most, (struct dialect){.name = "json", .is_json = true}, &map->names, head,
          scratch);
    for (size_t i = 0; i < DIALECTS_BUILT_IN; i++)
        offer(dialect, &most,
              (struct dialect){.name = built_in[i].name, .format = &dialects->built_in[i]},
              &map->names, head, scratch);
}
