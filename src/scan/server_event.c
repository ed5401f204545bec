/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/server_event.h"

#include "scan/server_log_part.h"

/* Takes a text off the front. Inlined: its length is known. */
PASU_ALWAYS_INLINE static inline bool
take(struct view *text, const char *front)
{
    size_t length = strlen(front);

    if (!view_begins(*text, front))
        return false;
    *text = view_of(text->bytes + length, text->length - length);
    return true;
}

/* "execute <unnamed>: SELECT …": behind the name. Names can have a colon and a space in them; what
 * is cut off then is no statement that a template fits. */
static bool
take_execute(struct view *text)
{
    const uint8_t *colon;

    if (!take(text, "execute "))
        return false;
    colon = memmem(text->bytes, text->length, ": ", 2);
    if (colon == NULL)
        return false;
    *text = view_of(colon + 2, text->length - (size_t)(colon + 2 - text->bytes));
    return true;
}

/* "duration: 1.204 ms  statement: SELECT …" */
static void
pass_duration(struct view *text)
{
    struct view rest = *text;
    const uint8_t *behind;

    if (!take(&rest, "duration: "))
        return;
    behind = memmem(rest.bytes, rest.length, " ms  ", 5);
    if (behind != NULL)
        *text = view_of(behind + 5, rest.length - (size_t)(behind + 5 - rest.bytes));
}

/* One field of CSV: without its quotes, in the scratch where quotes were doubled. */
static bool
take_csv(struct view *rest, struct view *field, uint8_t **scratch)
{
    const uint8_t *at = rest->bytes, *end = at + rest->length;
    uint8_t *to = *scratch;

    if (at == end || *at != '"') {
        const uint8_t *comma = at < end ? memchr(at, ',', rest->length) : NULL;

        *field = view_of(at, (size_t)((comma != NULL ? comma : end) - at));
        at += field->length;
    } else {
        for (at++; at < end && (*at != '"' || (end - at >= 2 && at[1] == '"')); at++) {
            at += *at == '"';
            *to++ = *at;
        }
        if (at == end)
            return false;
        at++;
        *field = view_of(*scratch, (size_t)(to - *scratch));
        *scratch = to;
    }
    if (at < end && *at != ',')
        return false;
    at += at < end;
    *rest = view_of(at, (size_t)(end - at));
    return true;
}

/* "AUDIT: SESSION,1,1,READ,SELECT,TABLE,public.members,SELECT …,<not logged>" */
static bool
take_audit(struct event *event, struct view message, uint8_t *scratch)
{
    struct view field;

    if (!take(&message, "AUDIT: "))
        return false;
    for (unsigned i = 0; i < 7; i++)
        if (!take_csv(&message, &field, &scratch))
            return false;
    if (!take_csv(&message, &event->statement, &scratch))
        return false;
    if (!take_csv(&message, &event->parameters, &scratch) || view_begins(event->parameters, "<"))
        event->parameters.length = 0; /* <none>, <not logged> */
    event->has_list = true;
    return true;
}

static void
take_statement(struct event *event, const struct server_line *line, uint8_t *scratch)
{
    struct view message = line->message, detail = line->detail;

    event->has_list = event->is_mysql = false;
    event->is_cut = message.length >= SERVER_LOG_TEXT || detail.length >= SERVER_LOG_TEXT;
    event->parameters = event->statement = (struct view){0};
    if (!view_begins(line->severity, "LOG") && !view_begins(line->severity, "INFO") &&
        !view_begins(line->severity, "NOTICE"))
        return;
    if (take_audit(event, message, scratch)) {
        event->what = EVENT_STATEMENT;
        return;
    }
    if (view_begins(message, "AUDIT: ")) { /* cut, in the middle of what it says */
        event->what = event->is_cut ? EVENT_STATEMENT : EVENT_SAID;
        event->statement = message;
        return;
    }
    pass_duration(&message);
    if (!take(&message, "statement: ") && !take_execute(&message))
        return;
    event->what = EVENT_STATEMENT;
    event->statement = message;
    if (take(&detail, "parameters: ") || take(&detail, "Parameters: "))
        event->parameters = detail;
    else if (take(&detail, "prepare: ")) /* SQL's EXECUTE: what was prepared, not with what */
        event->statement = detail;
}

/* False: the line is of no client, or goes on with another. */
static bool
event_of(struct event *event, const struct server_line *line, uint8_t scratch[SERVER_LOG_TEXT])
{
    if (line->is_part || line->who == SERVER_LINE_OTHER || line->user.length == 0)
        return false;
    for (size_t i = 0; i < SLOT_COUNT; i++)
        event->slot[i] = (struct view){0};
    event->time = line->at;
    event->status = 0;
    event->known = line->known;
    event->what = line->what == SERVER_LINE_AUTHORIZED ? EVENT_LOGIN : EVENT_SAID;
    event->slot[SLOT_ACCOUNT] = line->user;
    event->slot[SLOT_AGENT] = line->application;
    event->slot[SLOT_SESSION] = line->session;
    if (!view_is(line->host, "[local]"))
        event->slot[SLOT_ADDRESS] = line->host;
    if (event->what == EVENT_SAID)
        take_statement(event, line, scratch);
    return true;
}

/* ---- lines that belong together ---- */

static int
give(struct server_reader *r, const struct server_line *line)
{
    PASU_UNINITIALIZED uint8_t scratch[SERVER_LOG_TEXT];
    struct event event;

    return event_of(&event, line, scratch) ? r->see(r->arg, &event, line->offset) : 0;
}

static void
hold(struct server_reader *r, const struct server_line *line)
{
    struct view *texts[SERVER_HELD] = {&r->held.user,    &r->held.application, &r->held.host,
                                       &r->held.session, &r->held.severity,    &r->held.message};

    r->held = *line;
    r->is_held = true;
    for (size_t i = 0; i < SERVER_HELD; i++) {
        if (texts[i]->length > 0)
            memcpy(r->bytes[i], texts[i]->bytes, texts[i]->length);
        *texts[i] = view_of(r->bytes[i], texts[i]->length);
    }
    r->held.detail = r->held.database = (struct view){0};
}

static int
give_held(struct server_reader *r)
{
    bool is_held = r->is_held;

    r->is_held = false;
    return is_held ? give(r, &r->held) : 0;
}

static int
take_line(void *arg, const struct server_line *line)
{
    struct server_reader *r = arg;
    int result;

    if (r->is_held && line->is_part && line->pid == r->held.pid &&
        view_is(line->severity, "DETAIL")) {
        r->held.detail = line->message;
        return give_held(r);
    }
    result = give_held(r);
    if (result != 0)
        return result;
    if (r->log.format == SERVER_LOG_STDERR && !line->is_part &&
        (view_begins(line->message, "statement: ") || view_begins(line->message, "execute ") ||
         view_begins(line->message, "duration: "))) {
        hold(r, line);
        return 0;
    }
    return give(r, line);
}

void
server_reader_init(struct server_reader *r, const char *prefix, server_event_fn *see, void *arg)
{
    server_log_init(&r->log, take_line, r);
    if (prefix != NULL && server_log_prefix(&r->log, prefix) != 0)
        r->log.prefix_count = 0;
    r->see = see;
    r->arg = arg;
    r->is_held = false;
}

int
server_reader_feed(struct server_reader *r, struct view bytes)
{
    return server_log_feed(&r->log, bytes);
}

int
server_reader_end(struct server_reader *r)
{
    int result = server_log_end(&r->log);

    return result == 0 ? give_held(r) : result;
}
