/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/general_log.h"

#include "scan/mysql_time.h"
#include "scan/server_log_part.h"

void
general_log_init(struct general_log *log, int32_t east, general_log_see_fn *see, void *arg)
{
    *log = (struct general_log){.see = see, .arg = arg, .east = east};
}

/* ---- a line that begins a record ---- */

struct record {
    struct view time; /* empty: as before */
    uint64_t connection;
    struct view command, argument;
};

static bool
is_command(struct view v)
{
    static const char *const words[] = {"Sleep",
                                        "Quit",
                                        "Init DB",
                                        "Query",
                                        "Field List",
                                        "Create DB",
                                        "Drop DB",
                                        "Refresh",
                                        "Shutdown",
                                        "Statistics",
                                        "Processlist",
                                        "Connect",
                                        "Kill",
                                        "Debug",
                                        "Ping",
                                        "Time",
                                        "Delayed insert",
                                        "Change user",
                                        "Binlog Dump",
                                        "Table Dump",
                                        "Connect Out",
                                        "Register Slave",
                                        "Prepare",
                                        "Execute",
                                        "Long Data",
                                        "Close stmt",
                                        "Reset stmt",
                                        "Set option",
                                        "Fetch",
                                        "Daemon",
                                        "Error",
                                        "Binlog Dump GTID",
                                        "Reset Connection",
                                        "Bulk_execute",
                                        "clone",
                                        "Register Replica",
                                        "Slave_worker",
                                        "Slave_IO",
                                        "Slave_SQL"};

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (view_is(v, words[i]))
            return true;
    return false;
}

/* A tab, or two where there is no time, spaces, the number, a space, the command, a tab. */
static bool
begins_record(struct view line, struct record *record)
{
    const uint8_t *at = line.bytes, *end = at + line.length, *start, *tab;

    tab = at < end ? memchr(at, '\t', line.length < 40 ? line.length : 40) : NULL;
    if (tab == NULL)
        return false;
    record->time = view_of(at, (size_t)(tab - at));
    at = tab + 1;
    if (record->time.length == 0 && (at == end || *at++ != '\t'))
        return false;
    while (at < end && *at == ' ')
        at++;
    start = at;
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    if (!server_log_number(view_of(start, (size_t)(at - start)), UINT64_MAX / 16,
                           &record->connection) ||
        at == end || *at++ != ' ')
        return false;
    tab = at < end ? memchr(at, '\t', (size_t)(end - at)) : NULL;
    if (tab == NULL)
        return false;
    record->command = view_of(at, (size_t)(tab - at));
    record->argument = view_of(tab + 1, (size_t)(end - tab - 1));
    return is_command(record->command);
}

/* The three lines that a server writes when it opens the log. */
static bool
is_header(struct view line)
{
    static const char front[] = "Time", back[] = "Argument", started[] = "started with:";

    if (view_begins(line, "Tcp port: ") || view_begins(line, "TCP Port: "))
        return true;
    if (line.length > 40 && memmem(line.bytes, line.length, ", Version: ", 11) != NULL &&
        memmem(line.bytes + line.length - 20, 20, started, sizeof(started) - 1) != NULL)
        return true;
    return view_begins(line, front) && line.length > 20 && line.length < 60 &&
           memmem(line.bytes, line.length, "Id Command", 10) != NULL &&
           memmem(line.bytes, line.length, back, sizeof(back) - 1) != NULL;
}

/* ---- connections ---- */

static struct general_connection *
row_of(struct general_log *log, uint64_t number)
{
    return log->connections[(number * UINT64_C(0x9E3779B97F4A7C15) >> 32) % GENERAL_ROWS];
}

/* NULL: it is not known whose it is. */
static struct general_connection *
find_connection(struct general_log *log, uint64_t number)
{
    struct general_connection *row = row_of(log, number);

    for (size_t i = 0; i < GENERAL_WAYS && number != 0; i++)
        if (row[i].number == number)
            return &row[i];
    return NULL;
}

/* Its own place, or a free one, or that of who was silent for longest. */
static struct general_connection *
place_of(struct general_log *log, uint64_t number)
{
    struct general_connection *row = row_of(log, number), *place = find_connection(log, number);

    for (size_t i = 0; i < GENERAL_WAYS && (place == NULL || place->number != number); i++)
        if (place == NULL || row[i].number == 0 ||
            (place->number != 0 && row[i].used < place->used))
            place = &row[i];
    return place;
}

static void
forget_connection(struct general_log *log, uint64_t number)
{
    struct general_connection *c = find_connection(log, number);

    if (c != NULL)
        c->number = 0;
}

static void
keep_name(uint8_t to[GENERAL_NAME], uint8_t *length, struct view name)
{
    *length = (uint8_t)(name.length < GENERAL_NAME ? name.length : GENERAL_NAME);
    if (*length > 0)
        memcpy(to, name.bytes, *length);
}

static const uint8_t *
last_of(struct view text, const char *words)
{
    size_t length = strlen(words);
    const uint8_t *found = NULL, *at = text.bytes, *end = at + text.length;

    while (at < end && (at = memmem(at, (size_t)(end - at), words, length)) != NULL)
        found = at++;
    return found;
}

/* "app@localhost on shop using TCP/IP", "root@localhost as anonymous on " */
static void
take_connect(struct general_log *log, const struct record *record)
{
    struct view text = record->argument, host;
    struct general_connection *c;
    const uint8_t *at;

    if (view_begins(text, "Access denied ")) {
        forget_connection(log, record->connection);
        return;
    }
    if ((at = last_of(text, " using ")) != NULL)
        text.length = (size_t)(at - text.bytes);
    if ((at = last_of(text, " on")) != NULL)
        text.length = (size_t)(at - text.bytes);
    if (text.length == 0 || (at = memrchr(text.bytes, '@', text.length)) == NULL) {
        forget_connection(log, record->connection);
        return;
    }
    host = view_of(at + 1, text.length - (size_t)(at - text.bytes) - 1);
    text.length = (size_t)(at - text.bytes);
    if (host.length > 0 && (at = memchr(host.bytes, ' ', host.length)) != NULL)
        host.length = (size_t)(at - host.bytes);
    c = place_of(log, record->connection);
    c->number = record->connection;
    c->used = log->lines;
    c->is_new = true;
    keep_name(c->names[0], &c->user, text);
    keep_name(c->names[1], &c->host, host);
}

/* ---- events ---- */

static void
take_names(const struct general_connection *c, struct event *event)
{
    event->slot[SLOT_ACCOUNT] = view_of(c->names[0], c->user);
    if (c->host != 9 || memcmp(c->names[1], "localhost", 9) != 0)
        event->slot[SLOT_ADDRESS] = view_of(c->names[1], c->host);
}

static int
give(struct general_log *log, struct event *event, enum event_what what)
{
    event->what = what;
    return log->see(log->arg, event, log->begin);
}

static int
give_record(struct general_log *log, const struct record *record)
{
    struct general_connection *c = find_connection(log, record->connection);
    struct event event = {.time = log->time, .is_mysql = true, .is_cut = log->is_cut};
    uint8_t number[24];
    bool is_login = false;
    int result = 0;

    if (view_is(record->command, "Connect") || view_is(record->command, "Change user")) {
        take_connect(log, record);
        return 0;
    }
    event.slot[SLOT_SESSION] =
        view_of(number, (size_t)snprintf((char *)number, sizeof(number), "%llu",
                                         (unsigned long long)record->connection));
    if (c != NULL) {
        c->used = log->lines;
        take_names(c, &event);
        is_login = c->is_new;
        c->is_new = false;
    }
    if (is_login)
        result = give(log, &event, EVENT_LOGIN);
    if (result != 0)
        return result;
    if (view_is(record->command, "Quit")) {
        result = is_login ? 0 : give(log, &event, EVENT_SAID);
        forget_connection(log, record->connection);
        return result;
    }
    if (!view_is(record->command, "Query") && !view_is(record->command, "Execute"))
        return is_login ? 0 : give(log, &event, EVENT_SAID);
    event.statement = record->argument;
    return give(log, &event, EVENT_STATEMENT);
}

static void
pass_over(struct general_log *log, uint64_t offset, struct view text)
{
    log->unreadable++;
    unread_add(&log->unread, offset, text.length, text);
}

/* The record that has come to its end. */
static int
end_record(struct general_log *log)
{
    struct record record;
    int64_t time;

    if (!log->has_record)
        return 0;
    log->has_record = false;
    if (!begins_record(view_of(log->record, log->length), &record)) { /* never */
        pass_over(log, log->begin, view_of(log->record, log->length));
        return 0;
    }
    if (record.time.length > 0 && mysql_time(record.time, log->east, &time))
        log->time = time;
    if (log->time == 0) { /* the log begins behind the line that says when */
        pass_over(log, log->begin, view_of(log->record, log->length));
        return 0;
    }
    log->lines++;
    return give_record(log, &record);
}

/* ---- lines ---- */

static void
add_line(struct general_log *log)
{
    size_t room = GENERAL_RECORD - log->length, take = log->line_length;

    log->is_cut |= log->is_line_cut || take + 1 > room;
    if (take + 1 > room)
        return;
    log->record[log->length++] = '\n';
    if (take > 0)
        memcpy(log->record + log->length, log->line, take);
    log->length += take;
}

static int
end_line(struct general_log *log)
{
    struct view line = view_of(log->line, log->line_length);
    struct record record;
    int64_t time;
    bool is_record;
    int result = 0;

    if (line.length > 0 && !log->is_line_cut && line.bytes[line.length - 1] == '\r')
        line.length--;
    is_record = begins_record(line, &record) &&
                (record.time.length == 0 || mysql_time(record.time, log->east, &time));
    if (!is_record && !is_header(line)) {
        if (log->has_record)
            add_line(log);
        else if (line.length > 0)
            pass_over(log, log->line_begin, line);
    } else {
        result = end_record(log);
        log->has_record = is_record;
        log->length = line.length;
        log->is_cut = log->is_line_cut;
        log->begin = log->line_begin;
        if (line.length > 0)
            memcpy(log->record, line.bytes, line.length);
    }
    return result;
}

int
general_log_feed(struct general_log *log, struct view bytes)
{
    const uint8_t *at = bytes.bytes, *end = at + bytes.length;
    int result = 0;

    while (at < end && result == 0) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((newline != NULL ? newline : end) - at);
        size_t room = GENERAL_RECORD - log->line_length, take = length < room ? length : room;

        if (take > 0)
            memcpy(log->line + log->line_length, at, take);
        log->line_length += take;
        log->is_line_cut |= take < length;
        log->line_all += length;
        at += length;
        if (newline == NULL)
            break;
        at++;
        result = end_line(log);
        log->line_begin += log->line_all + 1;
        log->line_length = 0;
        log->line_all = 0;
        log->is_line_cut = false;
    }
    return result;
}

int
general_log_end(struct general_log *log)
{
    int result = log->line_all > 0 ? end_line(log) : 0;

    log->line_begin += log->line_all;
    log->line_length = 0;
    log->line_all = 0;
    log->is_line_cut = false;
    return result == 0 ? end_record(log) : result;
}
