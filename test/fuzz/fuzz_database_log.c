/* SPDX-License-Identifier: Apache-2.0 */
/* Logs of MySQL, MariaDB and pgbouncer, and the statements in them: the general log says the same
 * in one piece and in many (the first byte says how large), and views lie in what was read. */
#include "base/memory.h"
#include "scan/audit_line.h"
#include "scan/general_log.h"
#include "scan/pgbouncer_line.h"
#include "scan/sql_template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINE = 4096 };

struct seen {
    uint64_t count, hash;
};

static int
see(void *arg, const struct event *event, uint64_t offset)
{
    struct seen *seen = arg;

    seen->count++;
    seen->hash = (seen->hash ^ offset ^ (uint64_t)event->time ^ event->what) * 0x100000001B3u;
    for (size_t i = 0; i < event->statement.length; i++)
        seen->hash = (seen->hash ^ event->statement.bytes[i]) * 0x100000001B3u;
    return 0;
}

static struct seen
read_in(struct general_log *log, struct view bytes, size_t piece)
{
    struct seen seen = {0};

    general_log_init(log, 0, see, &seen);
    for (size_t at = 0; at < bytes.length; at += piece) {
        size_t left = bytes.length - at;

        if (general_log_feed(log, view_of(bytes.bytes + at, left < piece ? left : piece)) != 0)
            __builtin_trap();
    }
    if (general_log_end(log) != 0)
        __builtin_trap();
    return seen;
}

static void
read_line(struct view line, const struct log_names *names)
{
    static uint8_t scratch[LINE];
    static char pattern[LINE];
    struct event event;
    size_t length;

    if (audit_line_read(line, 0, &event, scratch) && event.statement.length > line.length)
        __builtin_trap();
    if (audit_json_read(names, line, 0, &event, scratch) && event.time <= 0)
        __builtin_trap();
    if (pgbouncer_line_read(line, 0, &event) && event.slot[SLOT_ACCOUNT].length > line.length)
        __builtin_trap();
    for (unsigned language = SQL_OF_POSTGRESQL; language <= SQL_OF_MYSQL; language++) {
        length = sql_pattern((enum sql_language)language, line, pattern, sizeof(pattern));
        if (length >= sizeof(pattern))
            __builtin_trap();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct general_log log;
    static struct log_names names;
    struct seen one, other;

    if (size < 2)
        return 0;
    one = read_in(&log, view_of(data + 1, size - 1), size);
    other = read_in(&log, view_of(data + 1, size - 1), 1 + (size_t)data[0]);
    if (one.count != other.count || one.hash != other.hash)
        __builtin_trap();
    audit_names_init(&names);
    read_line(view_of(data + 1, size - 1 < LINE ? size - 1 : LINE), &names);
    return 0;
}
