/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/ask.h"

int
ask_read_query(struct view *text, struct view body)
{
    struct reader r = reader_of(body);

    *text = reader_text(&r);
    return reader_end(&r);
}

int
ask_read_parse(struct ask_parse *parse, struct view body)
{
    struct reader r = reader_of(body);

    parse->name = reader_text(&r);
    parse->text = reader_text(&r);
    parse->types = reader_bytes(&r, 4u * reader_u16(&r));
    return reader_end(&r);
}

/* Formats, and values behind their number. */
static void
read_values(struct reader *r, struct ask_bind *bind)
{
    const uint8_t *values;

    bind->formats = reader_bytes(r, 2u * reader_u16(r));
    bind->value_count = reader_u16(r);
    values = r->at;
    for (uint16_t i = 0; i < bind->value_count && !r->failed; i++) {
        uint32_t length;

        if (i % ASK_STRIDE == 0)
            bind->strides[i / ASK_STRIDE] = (uint32_t)(r->at - values);
        length = reader_u32(r);
        if (length <= INT32_MAX)
            reader_bytes(r, length);
        else if (length != UINT32_MAX)
            r->failed = true;
    }
    if (!r->failed)
        bind->values = view_of(values, (size_t)(r->at - values));
    if (bind->formats.length > 2 && bind->formats.length != 2u * bind->value_count)
        r->failed = true;
}

int
ask_read_call(struct ask_bind *bind, struct view body)
{
    struct reader r = reader_of(body);

    *bind = (struct ask_bind){.results_at = 0};
    reader_u32(&r); /* the function */
    read_values(&r, bind);
    bind->results = reader_bytes(&r, 2);
    return reader_end(&r);
}

int
ask_read_bind(struct ask_bind *bind, struct view body)
{
    struct reader r = reader_of(body);

    bind->portal = reader_text(&r);
    bind->statement = reader_text(&r);
    read_values(&r, bind);
    if (r.failed)
        return PASU_E_MALFORMED;
    bind->results_at = (size_t)(r.at - body.bytes);
    bind->results = reader_bytes(&r, 2u * reader_u16(&r));
    return reader_end(&r);
}

int
ask_read_target(struct ask_target *target, struct view body)
{
    struct reader r = reader_of(body);
    uint8_t what = reader_u8(&r);

    target->is_portal = what == 'P';
    target->name = reader_text(&r);
    return what == 'P' || what == 'S' ? reader_end(&r) : PASU_E_MALFORMED;
}

int
ask_read_execute(struct ask_execute *execute, struct view body)
{
    struct reader r = reader_of(body);

    execute->portal = reader_text(&r);
    execute->limit = reader_u32(&r);
    return reader_end(&r);
}

int
ask_bind_value(const struct ask_bind *bind, uint16_t index, struct view *value, int16_t *format)
{
    struct reader r;
    uint32_t length = 0, at;

    if (index >= bind->value_count)
        return PASU_E_MALFORMED;
    at = bind->strides[index / ASK_STRIDE];
    r = reader_of(view_of(bind->values.bytes + at, bind->values.length - at));
    for (uint16_t i = 0; i <= index % ASK_STRIDE; i++) {
        length = reader_u32(&r);
        *value = length == UINT32_MAX ? view_of(NULL, 0) : reader_bytes(&r, length);
    }
    if (r.failed)
        return PASU_E_MALFORMED;
    *format = ask_result_format(bind->formats, index);
    return length != UINT32_MAX;
}

uint32_t
ask_parse_type(struct view types, uint16_t index)
{
    return 4u * (index + 1u) <= types.length ? bytes_get_u32(types.bytes + 4u * index) : 0;
}

int16_t
ask_result_format(struct view results, uint16_t column)
{
    size_t at = results.length == 2 ? 0 : 2u * column;

    return at + 2 <= results.length ? (int16_t)bytes_get_u16(results.bytes + at) : 0;
}
