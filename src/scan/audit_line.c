/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/audit_line.h"

#include "scan/json_line.h"
#include "scan/mysql_time.h"

static void
begin_event(struct event *event)
{
    for (size_t i = 0; i < SLOT_COUNT; i++)
        event->slot[i] = (struct view){0};
    event->what = EVENT_SAID;
    event->known = NULL;
    event->status = 0;
    event->statement = event->parameters = (struct view){0};
    event->has_list = event->is_cut = false;
    event->is_mysql = true;
}

/* ---- server_audit ---- */

/* Up to the next comma; false: there is none. */
static bool
take_field(struct view *rest, struct view *field)
{
    const uint8_t *comma = rest->length > 0 ? memchr(rest->bytes, ',', rest->length) : NULL;

    if (comma == NULL)
        return false;
    *field = view_of(rest->bytes, (size_t)(comma - rest->bytes));
    *rest = view_of(comma + 1, rest->length - field->length - 1);
    return true;
}

static bool
is_number(struct view v)
{
    for (size_t i = 0; i < v.length; i++)
        if (v.bytes[i] < '0' || v.bytes[i] > '9')
            return false;
    return v.length > 0;
}

static bool
is_operation(struct view v)
{
    static const char *const words[] = {"CONNECT",
                                        "DISCONNECT",
                                        "FAILED_CONNECT",
                                        "QUERY",
                                        "QUERY_DDL",
                                        "QUERY_DML",
                                        "QUERY_DML_NO_SELECT",
                                        "QUERY_DCL",
                                        "TABLE",
                                        "READ",
                                        "WRITE",
                                        "CREATE",
                                        "ALTER",
                                        "RENAME",
                                        "DROP",
                                        "PROXY_CONNECT"};

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (view_equal(v, view_of_text(words[i])))
            return true;
    return false;
}

/* Behind the server's host: an account can have commas in it, which are told by what comes behind:
 * two numbers and an operation. */
static bool
take_who(struct view *rest, struct event *event, struct view *operation)
{
    const uint8_t *start = rest->bytes;
    struct view client = {0}, number = {0}, field, other = *rest;

    while (take_field(&other, &field)) {
        struct view ahead = other, second;

        if (is_number(field) && client.bytes != NULL && take_field(&ahead, &second) &&
            is_number(second) && take_field(&ahead, operation) && is_operation(*operation)) {
            number = field;
            *rest = ahead;
            break;
        }
        client = field;
    }
    if (number.length == 0 || client.bytes == start)
        return false;
    event->slot[SLOT_SESSION] = number;
    event->slot[SLOT_ACCOUNT] = view_of(start, (size_t)(client.bytes - start - 1));
    event->slot[SLOT_ADDRESS] = client;
    return true;
}

/* 'SELECT \'x\'': without its quotes and escapes, in the scratch. */
static bool
take_quoted(struct view *rest, struct event *event, uint8_t *scratch)
{
    static const char letters[] = "nrtb0", bytes[] = "\n\r\t\b";
    const uint8_t *at = rest->bytes, *end = at + rest->length, *start = at + 1;
    uint8_t *to = scratch;

    if (at == end || *at != '\'')
        return false;
    for (at++; at < end && *at != '\''; at++) {
        const char *letter;

        if (*at != '\\' || at + 1 == end) {
            *to++ = *at;
            continue;
        }
        at++;
        letter = *at != 0 ? strchr(letters, *at) : NULL;
        *to++ = letter != NULL ? (uint8_t)bytes[letter - letters] : *at;
    }
    if (at == end)
        return false;
    event->statement = view_of(scratch, (size_t)(to - scratch));
    event->is_cut = at - start >= AUDIT_CUT;
    *rest = view_of(at + 1, (size_t)(end - at - 1));
    return true;
}

bool
audit_line_read(struct view line, int32_t east, struct event *event, uint8_t *scratch)
{
    struct view field, operation, database;

    begin_event(event);
    if (!take_field(&line, &field) || field.length != sizeof("20261127 14:13:14") - 1 ||
        !mysql_time(field, east, &event->time) || !take_field(&line, &field) ||
        !take_who(&line, event, &operation) || !take_field(&line, &database))
        return false;
    if (view_equal(operation, VIEW("CONNECT")) || view_equal(operation, VIEW("FAILED_CONNECT"))) {
        if (view_equal(operation, VIEW("CONNECT")) && view_equal(line, VIEW(",0")))
            event->what = EVENT_LOGIN;
        return true;
    }
    if (operation.length < 5 || memcmp(operation.bytes, "QUERY", 5) != 0)
        return true;
    event->what = EVENT_STATEMENT;
    return take_quoted(&line, event, scratch) && line.length >= 2 && line.bytes[0] == ',' &&
           is_number(view_of(line.bytes + 1, line.length - 1));
}

/* ---- JSON ---- */

void
audit_names_init(struct log_names *names)
{
    static const struct {
        const char *name;
        enum slot slot;
    } members[] = {
        {"timestamp", SLOT_TIME},
        {"audit_record.timestamp", SLOT_TIME},
        {"event", SLOT_METHOD},
        {"audit_record.name", SLOT_METHOD},
        {"general_data.command", SLOT_QUERY},
        {"connection_data.connection_type", SLOT_QUERY},
        {"audit_record.command_class", SLOT_QUERY},
        {"general_data.query", SLOT_TARGET},
        {"audit_record.sqltext", SLOT_TARGET},
        {"general_data.status", SLOT_STATUS},
        {"connection_data.status", SLOT_STATUS},
        {"audit_record.status", SLOT_STATUS},
        {"login.ip", SLOT_ADDRESS},
        {"audit_record.ip", SLOT_ADDRESS},
        {"account.user", SLOT_ACCOUNT},
        {"audit_record.user", SLOT_ACCOUNT},
        {"connection_id", SLOT_SESSION},
        {"audit_record.connection_id", SLOT_SESSION},
        {"connection_data.connection_attributes.program_name", SLOT_AGENT},
        {"class", SLOT_REQUEST},
    };

    log_names_init(names);
    for (size_t i = 0; i < COUNT_OF(members); i++)
        if (!log_names_add(names, members[i].name, members[i].slot))
            return; /* never: there is room for more */
}

bool
audit_json_is_frame(struct view line)
{
    return view_equal(line, VIEW("[")) || view_equal(line, VIEW("]")) ||
           view_equal(line, VIEW(","));
}

/* "root[root] @ localhost []" → root */
static void
cut_user(struct view *user)
{
    static const char behind[] = "] @ ";
    const uint8_t *open = user->length > 0 ? memchr(user->bytes, '[', user->length) : NULL;

    if (open != NULL && memmem(open, user->length - (size_t)(open - user->bytes), behind,
                               sizeof(behind) - 1) != NULL)
        user->length = (size_t)(open - user->bytes);
}

/* Of a statement several events tell: the one counts that says how it ended. */
static bool
is_executed(const struct event *event)
{
    struct view kind = event->slot[SLOT_METHOD], command = event->slot[SLOT_QUERY];

    return view_equal(kind, VIEW("Query")) || view_equal(kind, VIEW("Execute")) ||
           (view_equal(kind, VIEW("status")) &&
            (view_equal(command, VIEW("Query")) || view_equal(command, VIEW("Execute"))));
}

/* Percona's older plugin has no classes, but this around each record. */
static bool
is_older(struct view line)
{
    static const char front[] = "{\"audit_record\"";

    return line.length > sizeof(front) && memcmp(line.bytes, front, sizeof(front) - 1) == 0;
}

static bool
is_class(struct view v)
{
    static const char *const words[] = {
        "audit",        "connection",     "general",       "query",           "command",
        "table_access", "message",        "parse",         "global_variable", "startup",
        "shutdown",     "authentication", "stored_program"};

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (view_equal(v, view_of_text(words[i])))
            return true;
    return false;
}

bool
audit_json_read(const struct log_names *names, struct view line, int32_t east, struct event *event,
                uint8_t *scratch)
{
    struct view kind, text;

    if (line.length > 0 && line.bytes[line.length - 1] == ',')
        line.length--;
    if (!json_line_take(names, line, event, scratch))
        return false;
    kind = event->slot[SLOT_METHOD];
    text = event->slot[SLOT_TARGET];
    event->what = EVENT_SAID;
    event->known = NULL;
    event->status = 0;
    event->parameters = (struct view){0};
    event->has_list = event->is_cut = false;
    event->is_mysql = true;
    if (kind.length == 0 || (!is_class(event->slot[SLOT_REQUEST]) && !is_older(line)))
        return false;
    if (!mysql_time(event->slot[SLOT_TIME], east, &event->time))
        return false;
    cut_user(&event->slot[SLOT_ACCOUNT]);
    if (is_executed(event) && text.length > 0) {
        event->what = EVENT_STATEMENT;
        event->statement = text;
    } else if ((view_equal(kind, VIEW("connect")) || view_equal(kind, VIEW("Connect"))) &&
               view_equal(event->slot[SLOT_STATUS], VIEW("0"))) {
        event->what = EVENT_LOGIN;
    }
    event->slot[SLOT_REQUEST] = event->slot[SLOT_METHOD] = event->slot[SLOT_QUERY] =
        event->slot[SLOT_TARGET] = event->slot[SLOT_STATUS] = (struct view){0};
    return true;
}
