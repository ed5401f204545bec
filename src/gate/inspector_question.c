/* SPDX-License-Identifier: Apache-2.0 */
/* What the inspector asks over a link: a role's verifier, and questions with rows. */
#include "gate/inspector_link.h"

#include "base/memory.h"
#include "postgres/request.h"
#include "postgres/startup.h"

#include <errno.h>

enum {
    OUT_SIZE = 2048,
    HEAD = 5,
    NUMBER_SIZE = 24,
};

/* SQL with the role's name as a literal: quotes doubled, backslashes as E'' has them. */
static int
put_query(struct writer *w, const char *role)
{
    char sql[2 * STARTUP_NAME_SIZE + 64];
    struct writer text = writer_of(sql, sizeof(sql));

    writer_bytes(&text, "SELECT pasu.verifier(E'", 23);
    for (; *role; role++) {
        if (*role == '\'' || *role == '\\')
            writer_u8(&text, (uint8_t)*role);
        writer_u8(&text, (uint8_t)*role);
    }
    writer_bytes(&text, "')", 2);
    if (writer_end(&text) < 0)
        return PASU_E_RANGE;
    request_query(w, view_of(sql, writer_length(&text)));
    return writer_end(w) > 0 ? 0 : PASU_E_RANGE;
}

static int
take_verifier(struct view body, char text[SCRAM_VERIFIER_TEXT_SIZE])
{
    struct reader r = reader_of(body);
    uint16_t columns = reader_u16(&r);
    int32_t length = (int32_t)reader_u32(&r);
    struct view value;

    if (r.failed || columns != 1)
        return PASU_E_UPSTREAM_PROTOCOL;
    if (length < 0)
        return PASU_E_NOTFOUND;
    value = reader_bytes(&r, (size_t)length);
    if (reader_end(&r) != 0 || value.length >= SCRAM_VERIFIER_TEXT_SIZE)
        return PASU_E_UPSTREAM_PROTOCOL;
    text_from_view(text, SCRAM_VERIFIER_TEXT_SIZE, value);
    return 0;
}

int
inspector_link_verifier(struct inspector_link *link, struct settings *settings,
                        const struct gateway *gateway, const char *role,
                        char text[SCRAM_VERIFIER_TEXT_SIZE])
{
    uint8_t space[OUT_SIZE], type = 0;
    struct writer w = writer_of(space, sizeof(space));
    struct view body;
    int result, found = PASU_E_NOTFOUND;

    result = inspector_link_open(link, settings, gateway, NULL);
    if (result == 0)
        result = put_query(&w, role);
    if (result == 0)
        result = inspector_link_send(link, space, writer_length(&w));
    while (result == 0 && type != 'Z') {
        result = inspector_link_next(link, &type, &body);
        if (result == 0 && type == 'D') {
            found = take_verifier(body, text);
        } else if (result == 0 && type == 'E') {
            inspector_link_keep_error(link, body);
            found = PASU_E_AUTH_VERIFIER;
        }
    }
    if (link->in)
        memory_wipe(link->in, link->at);
    if (result != 0) {
        inspector_link_close(link);
        return result;
    }
    return found;
}

/* ---- questions with rows ---- */

bool
inspector_take_number(struct view value, uint64_t *number)
{
    char text[NUMBER_SIZE], *end;

    if (!value.bytes || value.length == 0 || value.length >= sizeof(text))
        return false;
    memcpy(text, value.bytes, value.length);
    text[value.length] = '\0';
    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0 && end == text + value.length;
}

static int
take_values(struct view body, inspector_row *take, void *arg)
{
    struct view values[INSPECTOR_COLUMNS_MAX];
    struct reader r = reader_of(body);
    uint16_t count = reader_u16(&r);

    if (count > INSPECTOR_COLUMNS_MAX)
        return PASU_E_UPSTREAM_PROTOCOL;
    for (uint16_t i = 0; i < count; i++) {
        int32_t length = (int32_t)reader_u32(&r);

        values[i] = length < 0 ? (struct view){0} : reader_bytes(&r, (size_t)length);
    }
    return reader_end(&r) != 0 ? PASU_E_UPSTREAM_PROTOCOL : take(arg, values, count);
}

/* The Query message itself: its text can be longer than any space of ours. In one piece: the second
 * of two would wait for the first one's acknowledgement, which takes 40 ms. */
static int
send_query(struct inspector_link *link, const char *sql)
{
    size_t length = strlen(sql) + 1;
    uint8_t space[OUT_SIZE], *message = space;
    int result;

    if (length > INT32_MAX - HEAD)
        return PASU_E_RANGE;
    if (HEAD + length > sizeof(space))
        message = memory_new(HEAD + length, 1);
    if (!message)
        return PASU_E_NOMEM;
    message[0] = 'Q';
    bytes_put_u32(message + 1, (uint32_t)(length + 4));
    memcpy(message + HEAD, sql, length);
    result = inspector_link_send(link, message, HEAD + length);
    if (message != space)
        memory_free(message);
    return result;
}

int
inspector_link_query(struct inspector_link *link, const char *sql, inspector_row *take, void *arg,
                     size_t *most)
{
    int result = send_query(link, sql), answer = 0, wait = link->wait;
    struct view body;
    uint8_t type = 0;

    link->wait = link->wait_answer;
    while (result == 0 && type != 'Z') {
        result = inspector_link_next(link, &type, &body);
        if (result != 0)
            break;
        if (type == 'D' && body.length > *most) {
            result = PASU_E_RANGE;
        } else if (type == 'D') {
            *most -= body.length;
            if (answer == 0)
                answer = take_values(body, take, arg);
        } else if (type == 'E') {
            inspector_link_keep_error(link, body);
            answer = PASU_E_DENIED;
        } else if (type != 'T' && type != 'C' && type != 'I' && type != 'Z') {
            result = PASU_E_UPSTREAM_PROTOCOL;
        }
    }
    link->wait = wait;
    if (result != 0)
        inspector_link_close(link);
    return result != 0 ? result : answer;
}

int
inspector_link_copy(struct inspector_link *link, const char *sql, inspector_copy *take, void *arg)
{
    int result = send_query(link, sql), wait = link->wait;
    struct view body;
    uint8_t type = 0;

    link->wait = link->wait_answer;
    while (result == 0 && type != 'Z') {
        result = inspector_link_next(link, &type, &body);
        if (result != 0)
            break;
        if (type == 'd') {
            result = take(arg, body);
        } else if (type == 'E') {
            inspector_link_keep_code(link, body); /* its words can be of the rows */
            result = PASU_E_DENIED;
        } else if (type != 'H' && type != 'c' && type != 'C' && type != 'Z') {
            result = PASU_E_UPSTREAM_PROTOCOL;
        }
    }
    link->wait = wait;
    if (result != 0)
        inspector_link_close(link);
    return result;
}
