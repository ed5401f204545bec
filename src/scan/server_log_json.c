/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jsonlog: an object a line, of texts and numbers. Line breaks within texts are escaped, so that a
 * line that is no such object ends with its line break, and the next one stands for itself.
 */
#include "scan/server_log_part.h"

enum state {
    LINE, /* nothing yet */
    KEY_OR_END,
    KEY,
    KEY_ESCAPE,
    COLON,
    VALUE,
    TEXT,
    ESCAPE,
    CODE,  /* four digits behind \u */
    PLAIN, /* a number, true, false, null */
    AFTER,
    NEXT_KEY,
    DONE,
    BAD,
};

static int
find_field(const struct server_log *log)
{
    static const struct {
        const char *key;
        enum server_log_field field;
    } keys[] = {
        {"timestamp", SERVER_LOG_TIME},      {"user", SERVER_LOG_USER},
        {"dbname", SERVER_LOG_DATABASE},     {"pid", SERVER_LOG_PID},
        {"remote_host", SERVER_LOG_HOST},    {"remote_port", SERVER_LOG_PORT},
        {"session_id", SERVER_LOG_SESSION},  {"ps", SERVER_LOG_PS},
        {"session_start", SERVER_LOG_START}, {"error_severity", SERVER_LOG_SEVERITY},
        {"message", SERVER_LOG_MESSAGE},     {"detail", SERVER_LOG_DETAIL},
        {"context", SERVER_LOG_CONTEXT},     {"application_name", SERVER_LOG_APPLICATION},
        {"backend_type", SERVER_LOG_TYPE},
    };
    struct view key = view_of(log->json.bytes, log->json.length);

    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (view_is(key, keys[i].key))
            return (int)keys[i].field;
    return -1;
}

/* ---- texts ---- */

static void
keep_code(struct server_log *log, uint32_t code)
{
    uint8_t bytes[4];
    size_t length = 0;

    if (code < 0x80) {
        bytes[length++] = (uint8_t)code;
    } else if (code < 0x800) {
        bytes[length++] = (uint8_t)(0xc0 | code >> 6);
        bytes[length++] = (uint8_t)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        bytes[length++] = (uint8_t)(0xe0 | code >> 12);
        bytes[length++] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        bytes[length++] = (uint8_t)(0x80 | (code & 0x3f));
    } else {
        bytes[length++] = (uint8_t)(0xf0 | code >> 18);
        bytes[length++] = (uint8_t)(0x80 | (code >> 12 & 0x3f));
        bytes[length++] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        bytes[length++] = (uint8_t)(0x80 | (code & 0x3f));
    }
    for (size_t i = 0; i < length; i++)
        server_log_keep(log, log->json.field, bytes[i]);
}

/* Half of a pair that has no other half stands for nothing: '?'. */
static void
drop_half(struct server_log *log)
{
    if (log->json.high != 0)
        server_log_keep(log, log->json.field, '?');
    log->json.high = 0;
}

static void
end_code(struct server_log *log)
{
    uint32_t code = log->json.code;

    log->state = TEXT;
    if (code >= 0xdc00 && code <= 0xdfff && log->json.high != 0) {
        code = 0x10000 + ((log->json.high - 0xd800) << 10) + (code - 0xdc00);
        log->json.high = 0;
        keep_code(log, code);
        return;
    }
    drop_half(log);
    if (code >= 0xd800 && code <= 0xdbff)
        log->json.high = code;
    else if (code >= 0xdc00 && code <= 0xdfff)
        server_log_keep(log, log->json.field, '?');
    else
        keep_code(log, code);
}

static void
take_digit(struct server_log *log, uint8_t byte)
{
    uint32_t digit = byte >= '0' && byte <= '9'   ? byte - (uint32_t)'0'
                     : byte >= 'a' && byte <= 'f' ? byte - (uint32_t)'a' + 10
                     : byte >= 'A' && byte <= 'F' ? byte - (uint32_t)'A' + 10
                                                  : UINT32_MAX;

    if (digit == UINT32_MAX) {
        log->state = BAD;
        return;
    }
    log->json.code = log->json.code << 4 | digit;
    if (++log->json.digits == 4)
        end_code(log);
}

static void
take_escape(struct server_log *log, uint8_t byte)
{
    static const char letters[] = "\"\\/bfnrt", stand_for[] = "\"\\/\b\f\n\r\t";
    const char *letter = byte != 0 ? strchr(letters, byte) : NULL;

    if (byte == 'u') {
        log->json.digits = log->json.code = 0;
        log->state = CODE;
        return;
    }
    if (letter == NULL) {
        log->state = BAD;
        return;
    }
    drop_half(log);
    server_log_keep(log, log->json.field, (uint8_t)stand_for[letter - letters]);
    log->state = TEXT;
}

static void
take_text(struct server_log *log, uint8_t byte)
{
    if (byte == '\\') {
        log->state = ESCAPE;
        return;
    }
    drop_half(log);
    if (byte == '"')
        log->state = AFTER;
    else
        server_log_keep(log, log->json.field, byte);
}

/* ---- around them ---- */

static void
begin_value(struct server_log *log, uint8_t byte)
{
    log->json.high = 0;
    if (log->json.field >= 0) { /* of two with one key the last one counts */
        log->fields[log->json.field].length = 0;
        log->fields[log->json.field].is_there = true;
    }
    if (byte == '"') {
        log->state = TEXT;
    } else if (byte == '-' || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z')) {
        server_log_keep(log, log->json.field, byte);
        log->state = PLAIN;
    } else {
        log->state = BAD; /* an object or an array: PostgreSQL writes none */
    }
}

static void
take_key(struct server_log *log, uint8_t byte)
{
    if (byte == '"') {
        log->json.field = find_field(log);
        log->state = COLON;
    } else if (log->json.length < SERVER_LOG_KEY_SIZE) {
        log->json.bytes[log->json.length++] = byte;
    }
    if (byte == '\\') {
        log->json.length = SERVER_LOG_KEY_SIZE; /* none of ours */
        log->state = KEY_ESCAPE;
    }
}

static void
take_after(struct server_log *log, uint8_t byte)
{
    if (byte == ',')
        log->state = NEXT_KEY;
    else if (byte == '}')
        log->state = DONE;
    else
        log->state = BAD;
}

static void
begin_key(struct server_log *log, uint8_t byte)
{
    if (byte == '"') {
        log->json.length = 0;
        log->state = KEY;
    } else {
        log->state = byte == '}' && log->state == KEY_OR_END ? DONE : BAD;
    }
}

static void
take_plain(struct server_log *log, uint8_t byte)
{
    if (byte == ',' || byte == '}')
        take_after(log, byte);
    else if (byte == '"' || byte == '{' || byte == '[' || byte == ':')
        log->state = BAD;
    else
        server_log_keep(log, log->json.field, byte);
}

static bool
is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static void
take_outside(struct server_log *log, uint8_t byte)
{
    if (is_blank(byte))
        return;
    switch ((enum state)log->state) {
    case LINE:
        log->state = byte == '{' ? KEY_OR_END : BAD;
        break;
    case KEY_OR_END:
    case NEXT_KEY:
        begin_key(log, byte);
        break;
    case COLON:
        log->state = byte == ':' ? VALUE : BAD;
        break;
    case VALUE:
        begin_value(log, byte);
        break;
    case AFTER:
        take_after(log, byte);
        break;
    default:
        log->state = BAD;
        break;
    }
}

static int
end_line(struct server_log *log)
{
    int result = 0;

    if (log->state == DONE)
        result = server_log_take(log, false);
    else if (log->state != LINE)
        server_log_unreadable(log);
    server_log_begin(log);
    return result;
}

int
server_log_json(struct server_log *log, uint8_t byte)
{
    if (byte == '\n')
        return end_line(log);
    switch ((enum state)log->state) {
    case KEY:
        take_key(log, byte);
        break;
    case KEY_ESCAPE:
        log->state = KEY;
        break;
    case TEXT:
        take_text(log, byte);
        break;
    case ESCAPE:
        take_escape(log, byte);
        break;
    case CODE:
        take_digit(log, byte);
        break;
    case PLAIN:
        take_plain(log, byte);
        break;
    default:
        take_outside(log, byte);
        break;
    }
    return 0;
}

int
server_log_json_end(struct server_log *log)
{
    return end_line(log);
}
