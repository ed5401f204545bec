/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a record says of a session. The words are those of PostgreSQL's sources (postinit.c,
 * postmaster.c, postgres.c), the same from version 9 to 18.
 */
#include "scan/server_log_part.h"

#include "base/os.h"

#define RECEIVED      "connection received: host="
#define AUTHENTICATED "connection authenticated: "
#define AUTHORIZED    "connection authorized: user="
#define REPLICATION   "replication connection authorized: user="
#define ENDED         "disconnection: session time: "
#define STARTED       "starting PostgreSQL "

static struct view
message_of(const struct server_log *log)
{
    return server_log_field(log, SERVER_LOG_MESSAGE);
}

bool
server_log_number(struct view text, uint64_t most, uint64_t *number)
{
    *number = 0;
    if (text.length == 0 || text.length > 19)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9')
            return false;
        *number = *number * 10 + (text.bytes[i] - (uint64_t)'0');
    }
    return *number <= most;
}

/* ---- whose it is, and when ---- */

static bool
take_hex(struct reader *r, uint64_t *number)
{
    static const uint8_t digits[UINT8_MAX + 1] = {
        ['0'] = 16, ['1'] = 17, ['2'] = 18, ['3'] = 19, ['4'] = 20, ['5'] = 21,
        ['6'] = 22, ['7'] = 23, ['8'] = 24, ['9'] = 25, ['a'] = 26, ['b'] = 27,
        ['c'] = 28, ['d'] = 29, ['e'] = 30, ['f'] = 31,
    };
    const uint8_t *at = r->at, *end = r->end;
    uint64_t n = 0;

    *number = 0;
    if (end - at > 15)
        end = at + 15;
    for (; at < end && *at != '.'; at++) {
        if (digits[*at] == 0)
            return false;
        n = n << 4 | (digits[*at] & 15u);
    }
    if (at == r->at)
        return false;
    r->at = at;
    *number = n;
    return true;
}

/* "6b086d95.748f": the seconds at which the process began, and its number; 0: not there. */
static bool
take_session(const struct server_log *log, uint32_t pid, int64_t *seconds)
{
    struct reader r = reader_of(server_log_field(log, SERVER_LOG_SESSION));
    uint64_t start, number;

    *seconds = 0;
    if (!log->fields[SERVER_LOG_SESSION].is_there)
        return true;
    if (!take_hex(&r, &start) || reader_u8(&r) != '.' || !take_hex(&r, &number) ||
        reader_end(&r) != 0 || number != pid || start == 0 || start > UINT32_MAX)
        return false;
    *seconds = (int64_t)start;
    return true;
}

/* %n: seconds since 1970, with or without a fraction. */
static bool
take_epoch(struct view text, int64_t *at)
{
    uint64_t seconds, rest = 0;
    const uint8_t *dot;
    size_t whole;

    /* "2026-": most are none, and need not be looked at to their end. */
    if (text.length == 0 || (text.length > 4 && text.bytes[4] == '-'))
        return false;
    dot = memchr(text.bytes, '.', text.length);
    whole = dot != NULL ? (size_t)(dot - text.bytes) : text.length;
    if (!server_log_number(view_of(text.bytes, whole), UINT32_MAX, &seconds))
        return false;
    if (dot != NULL &&
        (text.length - whole - 1 != 3 || !server_log_number(view_of(dot + 1, 3), 999, &rest)))
        return false;
    *at = (int64_t)seconds * NANOSECONDS_PER_SECOND + (int64_t)rest * NANOSECONDS_PER_MILLISECOND;
    return true;
}

/* ---- a session's start ---- */

enum { SESSION_LEAST = 8, SESSION_MOST = 16, START_LEAST = 16, START_MOST = 32 };

/* False: they are not as long as such texts are. */
static inline bool
say_start(struct server_log_start *said, uint32_t pid, struct view session, struct view start)
{
    size_t last = start.length - 8;

    if (session.length < SESSION_LEAST || session.length > SESSION_MOST ||
        start.length < START_LEAST || start.length > START_MOST)
        return false;
    said->session[0] = server_log_word(session, 0);
    said->session[1] = server_log_word(session, session.length - 8);
    said->start[0] = server_log_word(start, 0);
    said->start[1] = server_log_word(start, 8);
    said->start[2] = server_log_word(start, last < 16 ? last : 16);
    said->start[3] = server_log_word(start, last);
    said->pid = pid;
    said->session_length = (uint8_t)session.length;
    said->start_length = (uint8_t)start.length;
    return true;
}

static inline bool
says_same(const struct server_log_start *a, const struct server_log_start *b)
{
    uint64_t apart = (a->session[0] ^ b->session[0]) | (a->session[1] ^ b->session[1]);

    for (size_t i = 0; i < COUNT_OF(a->start); i++)
        apart |= a->start[i] ^ b->start[i];
    return apart == 0 && a->pid == b->pid && a->session_length == b->session_length &&
           a->start_length == b->start_length;
}

/* Where it is remembered, of two places; else where it is to be: who was there goes to the other.
 */
static struct server_log_start *
place_of(struct server_log *log, const struct server_log_start *said, bool *is_known)
{
    struct server_log_start *two =
        &log->starts[server_log_start_place(said->session[0], said->session[1])];

    for (size_t i = 0; i < 2; i++) {
        *is_known = says_same(&two[i], said);
        if (*is_known)
            return &two[i];
    }
    two[1] = two[0];
    return &two[0];
}

/* How far the zone of the start's time is from UTC, which the log then knows; without a session's
 * name, when that time was. */
static void
read_start(struct server_log *log, struct server_line *line, struct server_log_start *start,
           struct view text)
{
    struct view zone;
    int64_t local, apart;

    start->has_offset = false;
    if (!server_log_local(text, &local, &zone))
        return;
    if (start->seconds == 0) {
        if (!server_log_utc(log, local, zone, NULL, &line->start))
            line->start = 0;
        return;
    }
    apart = (local - line->start) / NANOSECONDS_PER_SECOND;
    if (apart % 60 != 0 || apart < INT32_MIN || apart > INT32_MAX)
        return;
    start->has_offset = true;
    start->offset = (int32_t)apart;
    server_log_learn(log, zone, start->offset);
}

/* False: no time, or in a zone that is not known. Sessions take turns line by line: what was read
 * of a start is remembered, and read again where something was learned of zones since. */
static bool
take_times(struct server_log *log, struct server_line *line)
{
    struct view text = server_log_field(log, SERVER_LOG_TIME), zone;
    struct view begun = server_log_field(log, SERVER_LOG_START);
    struct server_log_start start = {0}, *place = NULL;
    bool is_known = false;
    int64_t local;

    if (say_start(&start, line->pid, server_log_field(log, SERVER_LOG_SESSION), begun))
        place = place_of(log, &start, &is_known);
    if (is_known)
        start = *place;
    else if (!take_session(log, line->pid, &start.seconds))
        return false;
    line->start = start.seconds * NANOSECONDS_PER_SECOND;
    log->start = NULL;
    if (take_epoch(text, &line->at))
        return true;
    if (!server_log_local_again(&log->now, text, &local, &zone))
        return false;
    if (!is_known || (start.has_offset && start.zone_turn != log->zone_turn)) {
        read_start(log, line, &start, begun);
        start.zone_turn = log->zone_turn;
        if (place != NULL)
            *place = start;
    }
    log->start = place;
    if (server_log_utc(log, local, zone, start.has_offset ? &start.offset : NULL, &line->at))
        return true;
    log->zoneless++;
    return false;
}

/* ---- who ---- */

static enum server_line_who
who_of(const struct server_log *log)
{
    struct view type = server_log_field(log, SERVER_LOG_TYPE);

    if (!log->fields[SERVER_LOG_TYPE].is_there)
        return log->fields[SERVER_LOG_USER].length > 0 ? SERVER_LINE_CLIENT : SERVER_LINE_ANY;
    if (view_is(type, "client backend"))
        return SERVER_LINE_CLIENT;
    if (view_is(type, "walsender"))
        return SERVER_LINE_REPLICATION;
    if (view_is(type, "not initialized")) /* a connection that was just taken */
        return SERVER_LINE_ANY;
    return SERVER_LINE_OTHER;
}

/* The text between two others; empty where they are not there. */
static struct view
between(struct view text, const char *before, const char *behind)
{
    struct view none = {text.bytes, 0};
    const uint8_t *at = memmem(text.bytes, text.length, before, strlen(before)), *end;
    size_t left;

    if (text.length == 0 || at == NULL)
        return none;
    at += strlen(before);
    left = (size_t)(text.bytes + text.length - at);
    end = behind[0] != '\0' ? memmem(at, left, behind, strlen(behind)) : NULL;
    return view_of(at, end != NULL ? (size_t)(end - at) : left);
}

/* "127.0.0.1:5432" (csvlog), "127.0.0.1(5432)" (%r), "[local]". */
static void
split_from(struct server_line *line, struct view from)
{
    size_t end = from.length;
    bool has_bracket = end > 0 && from.bytes[end - 1] == ')';
    uint64_t port;
    size_t at = end -= has_bracket;

    while (at > 0 && from.bytes[at - 1] >= '0' && from.bytes[at - 1] <= '9')
        at--;
    line->host = from;
    if (at == 0 || from.bytes[at - 1] != (has_bracket ? '(' : ':') ||
        !server_log_number(view_of(from.bytes + at, end - at), UINT16_MAX, &port))
        return;
    line->port = (uint16_t)port;
    line->host.length = at - 1;
}

/* Where the fields do not say it, the messages about connections do. */
static void
take_place(const struct server_log *log, struct server_line *line)
{
    struct view message = message_of(log), port = server_log_field(log, SERVER_LOG_PORT);
    uint64_t number;

    line->host = server_log_field(log, SERVER_LOG_HOST);
    if (log->fields[SERVER_LOG_FROM].length > 0)
        split_from(line, server_log_field(log, SERVER_LOG_FROM));
    if (line->port == 0 &&
        (line->what == SERVER_LINE_RECEIVED || line->what == SERVER_LINE_ENDED) && !line->is_part) {
        struct view host = between(message, "host=", " port=");

        if (host.length > 0 && line->host.length == 0)
            line->host = host;
        port = between(message, " port=", "");
    }
    if (line->port == 0 && server_log_number(port, UINT16_MAX, &number))
        line->port = (uint16_t)number;
}

static void
take_names(const struct server_log *log, struct server_line *line)
{
    struct view message = message_of(log);
    bool has_names = line->what == SERVER_LINE_AUTHORIZED || line->what == SERVER_LINE_ENDED;

    line->user = server_log_field(log, SERVER_LOG_USER);
    line->database = server_log_field(log, SERVER_LOG_DATABASE);
    line->application = server_log_field(log, SERVER_LOG_APPLICATION);
    if (!has_names)
        return;
    if (line->user.length == 0)
        line->user = between(message, "user=", " database=");
    if (line->database.length == 0)
        line->database = between(message, " database=",
                                 line->what == SERVER_LINE_ENDED ? " host=" : " application_name=");
    if (line->application.length == 0 && line->what == SERVER_LINE_AUTHORIZED)
        line->application = between(message, " application_name=", " SSL enabled (");
}

/* ---- what ---- */

/* Of a process that is still beginning, as its title says; a session's is another one, unless
 * update_process_title is off: then it stays empty, or where it was when that was set. */
static bool
is_beginning(struct view ps)
{
    static const char waiting[] = " waiting"; /* for a lock, behind the title */
    size_t length = sizeof(waiting) - 1;

    if (ps.length > length && memcmp(ps.bytes + ps.length - length, waiting, length) == 0)
        ps.length -= length;
    return ps.length == 0 || view_is(ps, "initializing") || view_is(ps, "authentication") ||
           view_is(ps, "startup");
}

static bool
has_words(struct view message, const char *words)
{
    return message.length > 0 &&
           memmem(message.bytes, message.length, words, strlen(words)) != NULL;
}

/* FATAL, in words that no session ends with once it has begun. */
static bool
is_refusal(struct view message)
{
    static const char *const begins[] = {
        "sorry, too many clients",
        "too many connections for",
        "remaining connection slots",
        "no pg_hba.conf entry",
        "pg_hba.conf rejects",
        "the database system is ",
        "permission denied for database",
        "must be superuser to connect",
        "must be replication role",
        "permission denied to start WAL sender",
        "number of requested standby connections",
        "unsupported frontend protocol",
        "no PostgreSQL user name",
        "connection requires a valid client certificate",
        "password authentication failed",
        "Peer authentication failed",
        "Ident authentication failed",
        "invalid command-line argument",
        "unrecognized configuration parameter",
        "permission denied to set parameter",
        "invalid value for parameter",
        "invalid list syntax in parameter",
        "conversion between ",
        "cannot connect to invalid database",
        "could not access file",
        "could not load library",
        "canceling authentication",
    };

    for (size_t i = 0; i < COUNT_OF(begins); i++)
        if (view_begins(message, begins[i]))
            return true;
    if (view_begins(message, "database \"") || view_begins(message, "role \""))
        return has_words(message, "\" does not exist") || has_words(message, "\" is not ");
    if (view_begins(message, "parameter \""))
        return has_words(message, "\" cannot be ") || has_words(message, "\" requires ");
    return has_words(message, " authentication failed for user ") ||
           has_words(message, " is outside the valid range for parameter ");
}

/* What a process says only once it has a session, in words. */
static bool
is_speech(struct view severity, struct view message, bool is_part)
{
    static const char *const begins[] = {"statement: ", "duration: ", "execute ",
                                         "parse ",      "bind ",      "disconnection: "};

    if (is_part)
        return view_is(severity, "STATEMENT");
    if (view_is(severity, "ERROR"))
        return true;
    for (size_t i = 0; view_is(severity, "LOG") && i < COUNT_OF(begins); i++)
        if (view_begins(message, begins[i]))
            return true;
    return false;
}

/* A client can have whole sentences written (RAISE LOG), but then the context says so, or the
 * process's title. That title alone ends no session: who may change it can keep it as it was. */
static enum server_line_what
what_of(const struct server_log *log, bool is_part)
{
    struct view message = message_of(log), severity = server_log_field(log, SERVER_LOG_SEVERITY);
    bool is_early = is_beginning(server_log_field(log, SERVER_LOG_PS));
    bool is_own = !is_part && log->fields[SERVER_LOG_CONTEXT].length == 0;
    bool is_notice = is_own && view_is(severity, "LOG");

    if (is_notice && is_early && view_begins(message, RECEIVED))
        return SERVER_LINE_RECEIVED;
    if (is_notice && is_early &&
        (view_begins(message, AUTHORIZED) || view_begins(message, REPLICATION)))
        return SERVER_LINE_AUTHORIZED;
    if (is_notice && view_begins(message, ENDED))
        return SERVER_LINE_ENDED;
    if (is_notice && view_begins(message, STARTED) && log->fields[SERVER_LOG_USER].length == 0)
        return SERVER_LINE_STARTED;
    if (!is_part && view_is(severity, "FATAL")) {
        if (!is_early)
            return SERVER_LINE_ENDED;
        return is_own && is_refusal(message) ? SERVER_LINE_REFUSED : SERVER_LINE_FAILED;
    }
    return !is_early || is_speech(severity, message, is_part) ? SERVER_LINE_SPEAKS
                                                              : SERVER_LINE_SAID;
}

int
server_log_take(struct server_log *log, bool is_part)
{
    struct server_line line = {.offset = log->begin, .is_part = is_part};
    uint64_t pid;

    if (!server_log_number(server_log_field(log, SERVER_LOG_PID), UINT32_MAX, &pid) || pid == 0) {
        server_log_unreadable(log);
        return 0;
    }
    line.pid = (uint32_t)pid;
    if (!take_times(log, &line)) {
        server_log_unreadable(log);
        return 0;
    }
    log->lines++;
    line.who = who_of(log);
    line.what = what_of(log, is_part);
    if (line.what == SERVER_LINE_AUTHORIZED && view_begins(message_of(log), REPLICATION) &&
        line.who != SERVER_LINE_OTHER)
        line.who = SERVER_LINE_REPLICATION;
    take_place(log, &line);
    take_names(log, &line);
    line.session = server_log_field(log, SERVER_LOG_SESSION);
    line.severity = server_log_field(log, SERVER_LOG_SEVERITY);
    line.message = message_of(log);
    line.detail = server_log_field(log, SERVER_LOG_DETAIL);
    if (PASU_UNLIKELY(log->span.length > 0))
        server_log_remember(log, &line);
    return log->see(log->arg, &line);
}
