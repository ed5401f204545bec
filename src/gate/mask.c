/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/mask.h"

#include "base/memory.h"
#include "gate/answer.h"
#include "gate/instruments.h"
#include "gate/release.h"
#include "postgres/copy_write.h"

enum { OUT_START = 64 << 10, FIELD_MORE = 8 /* what copy_write_field may need */ };

/* The result whose rows are masked. */
struct masking {
    struct mask *mask;
    const struct showing_entry *entry;
    const struct encoding *encoding; /* NULL: not known */
};

/* ---- what goes out ---- */

/* Room for so many bytes more. NULL: memory is out. */
static uint8_t *
room(struct mask *m, size_t length)
{
    size_t size = m->size ? m->size : OUT_START;
    uint8_t *more;

    if (length > m->size - m->length) {
        while (size - m->length < length)
            size *= 2;
        more = memory_resize(m->out, size, 1);
        if (!more)
            return NULL;
        m->out = more;
        m->size = size;
    }
    return m->out + m->length;
}

static int
put(struct mask *m, const void *bytes, size_t length)
{
    uint8_t *to = room(m, length);

    if (!to)
        return PASU_E_NOMEM;
    if (length > 0)
        memcpy(to, bytes, length);
    m->length += length;
    return 0;
}

/* The head of a message, whose length is put in when it is there. */
static int
begin(struct mask *m, uint8_t type, size_t *at)
{
    const uint8_t head[WALK_HEAD] = {type};

    *at = m->length;
    return put(m, head, sizeof(head));
}

static void
end(struct mask *m, size_t at)
{
    bytes_put_u32(m->out + at + 1, (uint32_t)(m->length - at - 1));
}

/* ---- rows ---- */

static int
put_value(struct mask *m, struct view value)
{
    uint8_t length[4];
    int result;

    bytes_put_u32(length, value.bytes ? (uint32_t)value.length : UINT32_MAX);
    result = put(m, length, sizeof(length));
    return result == 0 && value.bytes ? put(m, value.bytes, value.length) : result;
}

static int
mask_data_row(const struct masking *x, struct view body)
{
    const struct showing *s = x->entry->showing;
    struct reader r = reader_of(body);
    uint8_t space[MASK_TEXT_MAX];
    size_t at;
    int result = begin(x->mask, 'D', &at);

    if (reader_u16(&r) != s->column_count - s->hidden_count)
        return PASU_E_UPSTREAM_PROTOCOL;
    if (result == 0)
        result = put(x->mask, body.bytes, 2);
    for (size_t c = s->hidden_count; result == 0 && c < s->column_count; c++) {
        const struct mask_column *column = &x->mask->columns[c];
        uint32_t length = reader_u32(&r);
        struct view value = length == UINT32_MAX ? view_of(NULL, 0) : reader_bytes(&r, length);

        if (r.failed)
            return PASU_E_UPSTREAM_PROTOCOL;
        if (column->how != MASK_NOT)
            value = mask_value(column, x->encoding, value, space);
        result = put_value(x->mask, value);
    }
    if (result == 0)
        end(x->mask, at);
    return result == 0 && reader_end(&r) != 0 ? PASU_E_UPSTREAM_PROTOCOL : result;
}

/* A field as it stands in the row; with its quotes, where it has some. */
static int
put_field(const struct masking *x, const struct copy_row *row, const struct copy_field *field,
          const uint8_t *from)
{
    const uint8_t *to = copy_row_at(row);

    if (x->entry->copy->kind != 'b') {
        to -= !copy_row_is_over(row); /* the delimiter */
        return put(x->mask, from, (size_t)(to - from));
    }
    return put_value(x->mask, field->raw);
}

static int
mask_field(const struct masking *x, const struct mask_column *column,
           const struct copy_field *field)
{
    const struct copy_format *format = x->entry->copy;
    uint8_t unescaped[MASK_TEXT_MAX], space[MASK_TEXT_MAX];
    struct view value = view_of(NULL, 0);
    size_t most = 2 * MASK_TEXT_MAX + FIELD_MORE + format->null.length;
    uint8_t *to = room(x->mask, most);
    struct writer w = writer_of(to, most);
    ssize_t length;

    if (!to)
        return PASU_E_NOMEM;
    if (field->null != COPY_NULL) {
        struct mask_column whole = *column;

        if (copy_field_value(format, field, unescaped, sizeof(unescaped), &value) != 0) {
            value = view_of("", 0); /* too long to be masked in part */
            whole.how = whole.how == MASK_BY_LOOK ? MASK_FULLY : whole.how;
        }
        value = mask_value(&whole, x->encoding, value, space);
    }
    copy_write_field(&w, format, value);
    length = writer_end(&w);
    if (length < 0)
        return (int)length;
    x->mask->length += (size_t)length;
    return 0;
}

static int
mask_copy_row(const struct masking *x, struct view body)
{
    const struct copy_format *format = x->entry->copy;
    const struct showing *s = x->entry->showing;
    size_t header = copy_header_length(format, body), at;
    struct view tuple = view_of(body.bytes + header, body.length - header);
    struct copy_field field;
    struct copy_row row;
    int result = begin(x->mask, 'd', &at);

    if (!copy_row_begin(&row, format, tuple))
        return PASU_E_UPSTREAM_PROTOCOL;
    if (result == 0 && format->kind == 'b')
        result = put(x->mask, body.bytes, header + 2);
    for (size_t c = s->hidden_count; result == 0 && c < s->column_count; c++) {
        const uint8_t *from = copy_row_at(&row);

        if (!copy_row_next(&row, &field))
            return PASU_E_UPSTREAM_PROTOCOL;
        result = x->mask->columns[c].how == MASK_NOT ? put_field(x, &row, &field, from)
                                                     : mask_field(x, &x->mask->columns[c], &field);
        if (result == 0 && format->kind != 'b')
            result = put(x->mask,
                         c + 1 < s->column_count ? &format->delimiter : (const uint8_t *)"\n", 1);
    }
    if (result == 0)
        end(x->mask, at);
    return result == 0 && !copy_row_is_over(&row) ? PASU_E_UPSTREAM_PROTOCOL : result;
}

/* ---- all of them ---- */

static int
mask_message(const struct masking *x, const uint8_t *message, size_t length)
{
    struct view body = view_of(message + WALK_HEAD, length - WALK_HEAD);
    const struct copy_format *copy = x->entry->copy;

    if (message[0] == 'D' && !copy)
        return mask_data_row(x, body);
    if (message[0] == 'd' && copy && body.length > 0 && !copy_is_end(copy, body))
        return mask_copy_row(x, body);
    return put(x->mask, message, length);
}

/* What was masked takes the place of what came; where there is no room for it, it leaves at once.
 */
static int
replace(struct answering *a, size_t first)
{
    struct mask *m = &a->tools->mask;
    uint8_t *from = a->sent + first, *end = a->out;
    uint64_t rows = a->rows;
    int result;

    if (m->length <= (size_t)(end - from)) {
        memcpy(from, m->out, m->length);
        a->out = from + m->length;
        return 0;
    }
    a->out = from;
    a->rows = 0;
    result = answer_send(a);
    if (result == 0)
        result = release_batch(a->s,
                               &(struct batch){.bytes = m->out, .length = m->length, .rows = rows});
    a->sent = a->out = end;
    return result;
}

static const struct encoding *
encoding_of(const struct answering *a)
{
    const struct ordinals *o = &a->tools->ordinals;

    if (a->o->result.copy.is_read)
        return a->o->result.copy.encoding;
    return *o->is_unsettled ? NULL : *o->encoding;
}

/* Messages up to `last`. */
static int
mask_messages(const struct masking *x, const uint8_t *at, const uint8_t *last)
{
    int result = 0;

    while (result == 0 && at < last) {
        uint32_t length = last - at >= WALK_HEAD ? bytes_get_u32(at + 1) : 0;

        if (!walk_length_is_valid(length) || length >= (size_t)(last - at))
            return PASU_E_UPSTREAM_PROTOCOL;
        result = mask_message(x, at, 1 + (size_t)length);
        at += 1 + (size_t)length;
    }
    return result;
}

int
mask_rows(struct answering *a, const struct judgement *judgement)
{
    struct mask *m = &a->tools->mask;
    struct masking x = {m, a->o->result.showing, encoding_of(a)};
    const uint8_t *tail = judgement->masks ? a->sent + judgement->tail : a->out;
    int result;

    a->o->result.copy.is_masked = true;
    m->length = 0;
    result = mask_columns_set(m, a->s, judgement->masked);
    if (result == 0)
        result = mask_messages(&x, a->sent + judgement->first, tail);
    if (result == 0 && judgement->masks) /* from there on, all */
        result = mask_columns_set(m, a->s, UINT64_MAX);
    if (result == 0)
        result = mask_messages(&x, tail, a->out);
    return result == 0 ? replace(a, judgement->first) : result;
}
