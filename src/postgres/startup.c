/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/startup.h"

#include <strings.h>

int
startup_length(const uint8_t first[4], uint32_t limit)
{
    uint32_t length = bytes_get_u32(first);

    if (length < STARTUP_LENGTH_MIN || length > INT32_MAX)
        return PASU_E_STARTUP_MALFORMED;
    if (length > STARTUP_LENGTH_MAX || length > limit)
        return PASU_E_MESSAGE_TOO_LONG;
    return (int)length;
}

/* The server's parse_bool: a unique prefix of true, false, yes, no, on, off, or 1, 0. Only a clear
 * "false" is one here; what the server would refuse counts as asking for replication. */
static bool
is_clearly_false(struct view v)
{
    static const char *const words[] = {"false", "no", "off", "0"};
    const char *text = (const char *)v.bytes;

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        size_t least = words[i][0] == 'o' ? 2 : 1; /* "o" alone could be "on" */

        if (v.length >= least && v.length <= strlen(words[i]) &&
            strncasecmp(text, words[i], v.length) == 0)
            return true;
    }
    return false;
}

static int
parse_session(struct startup *startup, struct reader *r)
{
    struct view name, value;
    bool has_replication = false;

    for (;;) {
        name = reader_text(r);
        if (r->failed)
            return PASU_E_STARTUP_MALFORMED;
        if (name.length == 0)
            break;
        value = reader_text(r);
        if (r->failed)
            return PASU_E_STARTUP_MALFORMED;
        if (view_equal(name, VIEW("user")))
            text_from_view(startup->user, sizeof(startup->user), value);
        else if (view_equal(name, VIEW("database")))
            text_from_view(startup->database, sizeof(startup->database), value);
        else if (view_equal(name, VIEW("application_name")))
            text_from_view(startup->application, sizeof(startup->application), value);
        else if (view_equal(name, VIEW("replication"))) {
            if (has_replication) /* of two the server would take the other one */
                return PASU_E_STARTUP_MALFORMED;
            has_replication = true;
            startup->is_replication = !is_clearly_false(value);
        }
    }
    if (reader_end(r) != 0)
        return PASU_E_STARTUP_MALFORMED;
    if (startup->user[0] == '\0')
        return PASU_E_STARTUP_NO_USER;
    if (startup->database[0] == '\0')
        memcpy(startup->database, startup->user, sizeof(startup->database));
    return 0;
}

int
startup_parse(struct startup *startup, struct view packet)
{
    struct reader r = reader_of(packet);
    uint32_t length = reader_u32(&r);
    uint32_t code = reader_u32(&r);

    memset(startup, 0, sizeof(*startup));
    if (r.failed || length != packet.length)
        return PASU_E_STARTUP_MALFORMED;
    switch (code) {
    case CODE_SSL:
        startup->kind = STARTUP_SSL;
        return reader_end(&r) == 0 ? 0 : PASU_E_STARTUP_MALFORMED;
    case CODE_GSS:
        startup->kind = STARTUP_GSS;
        return reader_end(&r) == 0 ? 0 : PASU_E_STARTUP_MALFORMED;
    case CODE_CANCEL:
        startup->kind = STARTUP_CANCEL;
        startup->pid = reader_u32(&r);
        startup->key = reader_bytes(&r, reader_left(&r));
        if (r.failed || startup->key.length < 4 || startup->key.length > STARTUP_CANCEL_KEY_MAX)
            return PASU_E_STARTUP_MALFORMED;
        return 0;
    default:
        startup->kind = STARTUP_SESSION;
        startup->version = code;
        if (code >> 16 != 3)
            return PASU_E_PROTOCOL_VERSION;
        return parse_session(startup, &r);
    }
}
