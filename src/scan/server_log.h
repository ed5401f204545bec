/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads PostgreSQL's own log: what each line of it says of a session of the server. Three formats
 * (PostgreSQL's documentation, "Error Reporting and Logging"), told apart by their first bytes:
 *
 *      csvlog   22 columns or more, quoted; a record can span lines
 *      jsonlog  an object a line
 *      stderr   lines that begin with log_line_prefix; a line that goes on begins with a tab, and
 * is one with what it goes on with
 *
 * The bytes are hostile: a client chooses names and statements, and a file may be anything. What is
 * kept of a line is of fixed size, however long it is. In csvlog and jsonlog a client's text cannot
 * pass for a record. In stderr it can: PostgreSQL writes a name of the prefix as it is, and that
 * can have a line break in it.
 *
 * The messages of log_connections and log_disconnections are known in English only (lc_messages).
 * Pure, one thread; zones of times that no table knows are looked up in the machine's own.
 */
#ifndef PASU_SCAN_SERVER_LOG_H
#define PASU_SCAN_SERVER_LOG_H

#include "scan/event.h"
#include "scan/lanes.h"
#include "scan/unread.h"

#define SERVER_LOG_PREFIX "%m [%p] %q%u@%d " /* Debian's log_line_prefix */

enum {
    SERVER_LOG_HEAD = 8192,     /* bytes by which the format is told */
    SERVER_LOG_LINE = 16 << 10, /* of a line of stderr, with those that go on with it */
    SERVER_LOG_TEXT = 8192,     /* of a field */
    SERVER_LOG_PREFIX_MAX = 64, /* parts of log_line_prefix */
    SERVER_LOG_ZONES = 16,
    SERVER_LOG_ZONE_SIZE = 16,
    SERVER_LOG_KEY_SIZE = 24,
    SERVER_LOG_LANES = 4096,  /* bytes of csvlog whose quotes and commas are found at once */
    SERVER_LOG_SECOND = 19,   /* bytes of "2026-11-24 10:00:00" */
    SERVER_LOG_STARTS = 1024, /* sessions whose start is remembered */
    SERVER_LOG_SETS = 512,    /* of sessions whose lines are read quickly, by four */
    SERVER_LOG_WAYS = 4,
    SERVER_LOG_SPAN = 112, /* bytes of such a one's columns */
};

enum server_log_format { SERVER_LOG_UNKNOWN, SERVER_LOG_CSV, SERVER_LOG_JSON, SERVER_LOG_STDERR };

enum server_line_who {
    SERVER_LINE_ANY,         /* the line does not say */
    SERVER_LINE_CLIENT,      /* a client's session, or a connection that may become one */
    SERVER_LINE_REPLICATION, /* the same */
    SERVER_LINE_OTHER,       /* a process of the server's own */
};

enum server_line_what {
    SERVER_LINE_SAID,       /* something else */
    SERVER_LINE_RECEIVED,   /* a connection was taken */
    SERVER_LINE_AUTHORIZED, /* it was let in, unless it is refused yet */
    SERVER_LINE_REFUSED,    /* and it is: it was never a session */
    SERVER_LINE_FAILED,     /* the end of a session, or of what was not let in before it */
    SERVER_LINE_SPEAKS,     /* what only a session says */
    SERVER_LINE_ENDED,      /* the session's end */
    SERVER_LINE_STARTED,    /* the server itself began: no session of before is there */
};

struct server_line {
    uint64_t offset; /* of its first byte */
    int64_t at,
        start; /* realtime ns by the server; start, of its process, to a second; 0: not known */
    uint32_t pid;
    uint16_t port; /* the client's; 0: none, or not known */
    enum server_line_who who;
    enum server_line_what what;
    bool is_part; /* more of the message before: DETAIL, STATEMENT and the like */
    struct view user, database, application, host; /* empty: not known; host "[local]": a socket */
    struct view session;                           /* as the log names it; empty: it does not */
    struct view severity, message, detail;         /* at most SERVER_LOG_TEXT bytes of each */
    struct event_known *known; /* of the user and host, which were the same before; NULL */
};

/* A negative result ends the reading. The line borrows until it returns. */
typedef int server_log_see_fn(void *arg, const struct server_line *line);

enum server_log_field {
    SERVER_LOG_TIME,
    SERVER_LOG_USER,
    SERVER_LOG_DATABASE,
    SERVER_LOG_PID,
    SERVER_LOG_FROM, /* host:port, or host(port) */
    SERVER_LOG_HOST,
    SERVER_LOG_PORT,
    SERVER_LOG_SESSION, /* hexadecimal: start in seconds, a dot, process number */
    SERVER_LOG_PS,
    SERVER_LOG_START,
    SERVER_LOG_SEVERITY,
    SERVER_LOG_MESSAGE,
    SERVER_LOG_DETAIL,
    SERVER_LOG_CONTEXT,
    SERVER_LOG_APPLICATION,
    SERVER_LOG_TYPE,
    SERVER_LOG_FIELDS,
};

struct server_log_text {
    const uint8_t *at; /* in server_log.texts, or, until its record is taken, in what was fed */
    uint16_t length;   /* what is longer is cut */
    bool is_there;
};

/* A second that was read: most lines have that of the line before. */
struct server_log_second {
    int64_t seconds;
    uint8_t text[SERVER_LOG_SECOND];
    bool is_known;
};

/* When a session started, as its lines say it: all of one session say the same. Texts of 8 to 16
 * and of 16 to 32 bytes, as words that overlap. */
struct server_log_start {
    uint64_t session[2], start[4]; /* what they say */
    uint32_t pid;
    uint8_t session_length, start_length; /* 0: none is remembered here */
    bool has_offset;
    int32_t offset;     /* of the start's zone, seconds east of UTC */
    uint32_t zone_turn; /* of the log, when the zone was learned */
    int64_t seconds;
};

/*
 * What csvlog's columns from the user's to the session's name say, which are the same in all lines
 * of a session: these bytes as they stand there, without doubled quotes, and where in them is what.
 */
struct server_log_session {
    uint8_t span[SERVER_LOG_SPAN];
    uint8_t length;
    uint8_t user, user_length, database, database_length, host, host_length, name, name_length;
    uint16_t port;
    struct server_log_start start; /* as its lines say it */
    struct event_known known;
};

/* What a zone's name stands for in this log. */
struct server_log_zone {
    char name[SERVER_LOG_ZONE_SIZE];
    int32_t offset; /* seconds east of UTC */
};

struct server_log_prefix_part {
    char what;      /* the letter behind %, 0: the character itself */
    char character; /* that */
    int8_t width;   /* filled with spaces: before it; below 0: behind it */
};

/* Some bytes of csvlog, a record's first of them first: where its columns end. */
struct server_log_columns {
    const uint8_t *start, *end;
    uint16_t ends[LANES_PLACES(SERVER_LOG_LANES)];  /* commas and newlines, from `start` on */
    uint16_t lasts[LANES_PLACES(SERVER_LOG_LANES)]; /* those of them that end a record */
    size_t next, total;                             /* of the ends */
    size_t record, records;
    size_t count; /* columns of the record before; 0: none */
    size_t wrong; /* no record is taken from there on */
};

struct server_log {
    server_log_see_fn *see;
    void *arg;
    enum server_log_format format;
    uint64_t lines, unreadable; /* records that were understood, and lines that were not */
    uint64_t zoneless;          /* of those: because of a zone of time that is not known */
    struct unread unread;       /* the first of those */
    uint64_t at, begin;         /* bytes that were read, and where the present record begins */
    struct view fed;            /* what is being read, */
    uint64_t fed_at;            /* from this byte on */
    size_t head_length;
    uint8_t head[SERVER_LOG_HEAD];
    unsigned state, column;
    bool is_begun, is_ended; /* a record; a line of stderr, which may go on */
    struct {
        uint8_t bytes[SERVER_LOG_KEY_SIZE];
        size_t length;
        unsigned digits, high;
        uint32_t code;
        int field; /* of the value that comes; -1: it is not kept */
    } json;
    size_t line_length;
    uint8_t line[SERVER_LOG_LINE];
    struct server_log_text fields[SERVER_LOG_FIELDS];
    uint8_t texts[SERVER_LOG_FIELDS][SERVER_LOG_TEXT];
    struct server_log_second now;                      /* of a line */
    struct server_log_start starts[SERVER_LOG_STARTS]; /* two for each place */
    uint64_t found[LANES_WORDS(SERVER_LOG_LANES)][LANES_KINDS];
    struct server_log_columns columns;
    struct server_log_zone zones[SERVER_LOG_ZONES];
    size_t zone_count, zone_next;
    uint32_t zone_turn; /* counts what was learned */
    struct server_log_prefix_part prefix[SERVER_LOG_PREFIX_MAX];
    size_t prefix_count;
    struct view span; /* of the record that is taken; empty: it is none to remember */
    const struct server_log_start *start; /* of the line that was taken last; NULL: unknown */
    uint8_t tags[SERVER_LOG_SETS][SERVER_LOG_WAYS]; /* of the sessions; 0: none is there */
    /* Behind all else: what has no tag is not even cleared. */
    struct server_log_session sessions[SERVER_LOG_SETS][SERVER_LOG_WAYS];
};

/* Some 700 kilobytes, of which most are touched only where there are many sessions; the caller's;
 * nothing is to be released. */
void server_log_init(struct server_log *log, server_log_see_fn *see, void *arg);
/* log_line_prefix, of the stderr format, in place of Debian's. PASU_E_MALFORMED: without %p and one
 * of %t, %m and %n no line says whose it is and when; PASU_E_RANGE: it is too long. */
PASU_MUST_USE int server_log_prefix(struct server_log *log, const char *prefix);
/* The next bytes of the file. 0, or what `see` returned. */
PASU_MUST_USE int server_log_feed(struct server_log *log, struct view bytes);
/* The file's end. The same. */
PASU_MUST_USE int server_log_end(struct server_log *log);
/* "csvlog", "jsonlog", "stderr"; NULL: not known (an empty file). */
const char *server_log_format_text(enum server_log_format format);

#endif
