/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The codec, message by message. A client's: what is read of one lies in it, and written again is
 * the same bytes. A server's: what a RowDescription tells of its columns lies in it, and of a run
 * of rows the way for many at once names the persons that the way for one by one names.
 *
 * Input: the first byte: bit 0 is the side, bits 1 and 2 which type the key has, bit 3 its format.
 * Then messages as they are on the wire; the last one may be cut.
 */
#include "exposure/directory.h"
#include "gate/gather.h"
#include "gate/hidden.h"
#include "gate/recorder.h"
#include "gate/result.h"
#include "gate/walk.h"
#include "postgres/ask.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WRITTEN_SIZE = 1 << 16 };

static void
require(bool is_so)
{
    if (!is_so)
        __builtin_trap();
}

/* Texts and runs of values may be empty, and then be anywhere. */
static void
lies_in(struct view part, struct view body)
{
    require(part.length == 0 ||
            (part.bytes >= body.bytes && part.length <= body.length &&
             part.bytes - body.bytes <= (ptrdiff_t)(body.length - part.length)));
}

static void
put_text(struct writer *w, struct view text)
{
    writer_bytes(w, text.bytes, text.length);
    writer_u8(w, 0);
}

/* ---- a client's ---- */

static void
put_counted(struct writer *w, struct view items, size_t each)
{
    writer_u16(w, (uint16_t)(items.length / each));
    writer_bytes(w, items.bytes, items.length);
}

static void
put_values(struct writer *w, const struct ask_bind *bind, struct view body)
{
    struct view value;
    int16_t format;

    put_counted(w, bind->formats, 2);
    writer_u16(w, bind->value_count);
    for (uint32_t i = 0; i < bind->value_count; i++) {
        int found = ask_bind_value(bind, (uint16_t)i, &value, &format);

        require(found == 0 || found == 1);
        writer_u32(w, found == 0 ? UINT32_MAX : (uint32_t)value.length);
        if (found == 1) {
            lies_in(value, body);
            writer_bytes(w, value.bytes, value.length);
        }
    }
    require(ask_bind_value(bind, bind->value_count, &value, &format) == PASU_E_MALFORMED);
}

/* Reads the body and writes it again; false where it is none. */
static bool
again(struct writer *w, char type, struct view body)
{
    struct ask_parse parse;
    struct ask_bind bind;
    struct ask_target target;
    struct ask_execute execute;
    struct view text;

    switch (type) {
    case 'Q':
        if (ask_read_query(&text, body) != 0)
            return false;
        put_text(w, text);
        return true;
    case 'P':
        if (ask_read_parse(&parse, body) != 0)
            return false;
        put_text(w, parse.name);
        put_text(w, parse.text);
        put_counted(w, parse.types, 4);
        return true;
    case 'B':
        if (ask_read_bind(&bind, body) != 0)
            return false;
        put_text(w, bind.portal);
        put_text(w, bind.statement);
        put_values(w, &bind, body);
        require(bind.results_at == writer_length(w));
        put_counted(w, bind.results, 2);
        return true;
    case 'F':
        if (ask_read_call(&bind, body) != 0)
            return false;
        writer_bytes(w, body.bytes, 4);
        put_values(w, &bind, body);
        writer_bytes(w, bind.results.bytes, bind.results.length);
        return true;
    case 'D':
    case 'C':
        if (ask_read_target(&target, body) != 0)
            return false;
        writer_u8(w, target.is_portal ? 'P' : 'S');
        put_text(w, target.name);
        return true;
    case 'E':
        if (ask_read_execute(&execute, body) != 0)
            return false;
        put_text(w, execute.portal);
        writer_u32(w, execute.limit);
        return true;
    default:
        return false;
    }
}

static void
client_message(char type, struct view body)
{
    static uint8_t written[WRITTEN_SIZE];
    struct writer w = writer_of(written, sizeof(written));

    if (body.length <= sizeof(written) && again(&w, type, body))
        require(!w.failed && writer_length(&w) == body.length &&
                (body.length == 0 || memcmp(written, body.bytes, body.length) == 0));
}

/* ---- a server's ---- */

enum { COLUMNS = 3 };

struct shape {
    struct showing showing;
    struct showing_entry entry;
    uint64_t column_fields[COLUMNS];
    uint8_t sure[COLUMNS], roles[COLUMNS];
};

static struct ordinals ordinals;

static void
set_up(void)
{
    static const uint8_t secret[SEAL_SECRET_SIZE] = {7};
    static uint8_t slots[EXPOSURE_KINDS_MAX];
    static struct recorder recorder;

    recorder_init(&recorder, NULL, -1, NULL);
    ordinals = (struct ordinals){.recorder = &recorder, .slots = slots};
    require(directory_new(&ordinals.directory, secret) == 0);
}

/* A key, a name, and an order behind them. */
static void
make_shape(struct shape *shape, uint8_t choice)
{
    static const enum catalog_key_type types[] = {CATALOG_KEY_INT8, CATALOG_KEY_NUMERIC,
                                                  CATALOG_KEY_TEXT, CATALOG_KEY_UUID};
    uint8_t format = choice >> 3 & 1;
    uint8_t type = (uint8_t)types[choice >> 1 & 3];

    *shape = (struct shape){
        .showing = {.part_count = 1, .column_count = COLUMNS, .last_column = COLUMNS - 1},
        .entry = {.wanted = {3}, .only_key = type <= CATALOG_KEY_NUMERIC && format == 0 ? 0 : -1},
        .column_fields = {0, 1, 2},
        .sure = {UINT8_MAX, UINT8_MAX, UINT8_MAX},
        .roles = {SHOWING_ROLE_KEY, SHOWING_ROLE_FIELDS, SHOWING_ROLE_FIELDS},
    };
    shape->showing.parts[0] = (struct showing_part){
        .source = SOURCE_OUTPUT, .key_type = type, .format = format, .fields = 3};
    shape->showing.column_fields = shape->column_fields;
    shape->showing.sure = shape->sure;
    shape->entry.showing = &shape->showing;
    shape->entry.roles = shape->roles;
}

static void
description(struct view body)
{
    static struct row_column columns[SHOWING_COLUMNS_MAX];
    uint8_t hidden = hidden_named(body);
    size_t count = 0;

    require(result_description_skip(body, hidden) <= body.length);
    if (showing_read_columns(columns, COUNT_OF(columns), body, view_of(NULL, 0), &count) == 0)
        require(count <= COUNT_OF(columns) && hidden <= count);
}

/* DataRows, as many as are whole and in order; where they end. */
static size_t
read_rows(struct gather *g, const struct shape *shape, struct view bytes, bool is_together)
{
    size_t at = 0;

    gather_clear(g);
    while (bytes.length - at > WALK_HEAD && bytes.bytes[at] == 'D') {
        const uint8_t *message = bytes.bytes + at;
        uint32_t length = bytes_get_u32(message + 1);
        size_t used = is_together ? gather_rows(g, &shape->entry, &ordinals,
                                                view_of(message, bytes.length - at), (uint32_t)at)
                                  : 0;

        require(used <= bytes.length - at);
        at += used;
        if (used > 0)
            continue;
        if (!walk_length_is_valid(length) || length + 1 > bytes.length - at ||
            !gather_has_room(g, &shape->entry, length))
            break;
        if (gather_row(g, &shape->entry, &ordinals, view_of(message + WALK_HEAD, length - 4),
                       (uint32_t)at) != 0)
            break;
        at += length + 1;
    }
    return at;
}

static size_t
rows(const struct shape *shape, struct view bytes)
{
    static struct gather together, singly;
    size_t at = read_rows(&together, shape, bytes, true);

    require(at == read_rows(&singly, shape, bytes, false));
    require(together.rows == singly.rows && together.item_count == singly.item_count);
    require(together.clear[0] == singly.clear[0] && together.null[0] == singly.null[0]);
    require(together.unattributed[0] == singly.unattributed[0]);
    for (size_t i = 0; i < singly.item_count; i++)
        require(together.items[i].ordinal == singly.items[i].ordinal &&
                together.starts[i] == singly.starts[i] &&
                together.items[i].is_row_end == singly.items[i].is_row_end);
    return at;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct shape shape;
    uint8_t choice;

    if (size < 1)
        return 0;
    if (!ordinals.directory)
        set_up();
    choice = *data++;
    size--;
    make_shape(&shape, choice);
    while (size >= WALK_HEAD) {
        uint32_t length = bytes_get_u32(data + 1);
        size_t left = size - WALK_HEAD, whole;
        struct view body;

        if (!walk_length_is_valid(length))
            break;
        body = view_of(data + WALK_HEAD, length - 4 < left ? length - 4 : left);
        whole = WALK_HEAD + body.length;
        if (choice & 1) {
            if (data[0] == 'T')
                description(body);
            else if (data[0] == 'D') {
                size_t read = rows(&shape, view_of(data, size));

                whole = read > 0 ? read : whole;
            }
        } else {
            client_message((char)data[0], body);
        }
        data += whole;
        size -= whole;
    }
    return 0;
}
