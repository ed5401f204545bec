/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/copy_out.h"

#include "gate/identity_use.h"
#include "gate/instruments.h"
#include "gate/preface.h"
#include "gate/release.h"
#include "gate/result.h"
#include "postgres/copy_write.h"
#include "postgres/encoding.h"

/* ---- what can be read ---- */

/* CopyOutResponse. */
struct announced {
    uint8_t is_binary;
    uint16_t count;
    struct view formats; /* two bytes a column */
};

static bool
read_announced(struct view body, struct announced *announced)
{
    struct reader r = reader_of(body);

    announced->is_binary = reader_u8(&r);
    announced->count = reader_u16(&r);
    announced->formats = reader_bytes(&r, 2u * announced->count);
    return reader_end(&r) == 0;
}

static bool
is_as_written(const struct plan_statement *statement, const struct announced *announced)
{
    return statement->copy.is_readable &&
           announced->is_binary == (statement->copy.format.kind == 'b');
}

/* Whether it is known how the rows are encoded, and no byte of a longer character can be taken for
 * a delimiter. The server fixes it once it has planned the statement. */
static bool
has_plain_encoding(const struct observer *o, const struct exchange_request *request,
                   const struct plan_statement *statement)
{
    /* What came before in the same Query, or was not followed by a Sync, can have set another one,
     * be it by a trigger, and the server says so at the end alone. */
    bool is_settled =
        request->is_alone &&
        ((request->step == STEP_QUERY && request->plan && request->plan->statement_count == 1) ||
         !o->is_unsettled);

    if (statement->copy.format.kind == 'b')
        return true;
    if (statement->copy.encoding)
        return observer_is_plain_encoding(view_of_text(statement->copy.encoding));
    return is_settled && !o->is_odd_encoding && !statement->copy.runs_code;
}

static bool
is_certain(const struct observer *o, const struct plan_statement *statement)
{
    return statement->copy.is_certain ||
           (o->preface.state == PREFACE_OVER && o->preface.is_as_planned);
}

static bool
can_be_read(const struct observer *o, const struct plan_statement *statement,
            const struct announced *announced)
{
    const struct result *r = &o->result;

    return statement->special == SPECIAL_COPY_OUT && statement->is_understood &&
           r->statement == statement && !r->doubt_fields && statement->has_columns &&
           announced->count == (size_t)statement->column_count + statement->hidden_count &&
           is_as_written(statement, announced) &&
           !(statement->flags & (PLAN_OPAQUE | PLAN_UNKNOWN_TABLE | PLAN_STATISTICS)) &&
           is_certain(o, statement);
}

/* Whether nothing stands before the last key but keys that are ASCII in every encoding, and no
 * value has to be read, where a null would show nobody. */
static bool
has_keys_first(const struct showing_entry *entry)
{
    const struct showing *s = entry->showing;
    uint16_t last = 0;

    if (entry->needs_values)
        return false;
    for (size_t p = 0; p < s->part_count; p++) {
        const struct showing_part *part = &s->parts[p];

        if (part->source != SOURCE_OUTPUT && part->source != SOURCE_HIDDEN)
            continue;
        if (part->key_type >= CATALOG_KEY_TEXT)
            return false;
        last = part->column > last ? part->column : last;
    }
    for (uint16_t column = 0; column < last; column++)
        if (!(entry->roles[column] & SHOWING_ROLE_KEY))
            return false;
    return true;
}

/* ---- the beginning ---- */

/* It is known which columns leave, and that none of them is personal. */
static bool
shows_no_column(const struct plan_statement *statement)
{
    return statement->special == SPECIAL_COPY_OUT && statement->is_understood &&
           statement->has_columns && statement->part_count == 0 &&
           !(statement->flags & (PLAN_OPAQUE | PLAN_UNKNOWN_TABLE));
}

int
copy_out_bound(struct answering *a, const uint8_t *message, size_t length, uint64_t flag)
{
    struct exchange_request *request = exchange_first(&a->o->exchange);
    const struct plan_statement *statement = request ? result_statement(a->o, request) : NULL;
    struct judgement judgement = {0};
    uint64_t fields, kinds;
    int result = answer_settle(a);

    if (result == 0 && request)
        result = result_open_silent(a->s, request);
    if (statement && a->o->result.is_blank) /* of a table that the session has just made */
        statement = a->o->result.statement;
    result_most(a->s, statement, &fields, &kinds);
    if (statement && shows_no_column(statement))
        fields = 0;
    fields |= a->o->result.doubt_fields;
    kinds |= a->o->result.doubt_kinds;
    if (result == 0 && fields && !a->o->is_muted) {
        result = expose_words(a->s, statement, fields, kinds, flag, &judgement);
        if (result == 0 && judgement.is_blocked)
            return answer_block(a, &judgement);
    }
    return result == 0 ? answer_pass(a, message, length) : result;
}

static const struct encoding *
encoding_of(const struct session *s, const struct plan_statement *statement)
{
    const struct observer *o = s->observer;
    const struct encoding *own;

    if (!statement->copy.encoding)
        return o->encoding;
    own = encoding_named(s->worker->shared->encodings, view_of_text(statement->copy.encoding));
    return encoding_is_raw(own) || encoding_is_raw(o->server_encoding) ? o->server_encoding : own;
}

/* The showing of what comes, into r->showing: it stays NULL where the rows cannot be read. */
static int
open_rows(struct answering *a, const struct exchange_request *request,
          const struct plan_statement *statement, const struct announced *announced)
{
    struct result *r = &a->o->result;
    struct showing_entry *entry;
    int result =
        showing_entry_copy(&a->tools->showings, r->plan, statement, announced->formats, &entry);

    if (result != 0)
        return result;
    entry->is_keys_alone = !has_plain_encoding(a->o, request, statement);
    if (entry->is_keys_alone && !has_keys_first(entry)) {
        showing_entry_release(entry);
        return 0;
    }
    r->showing = entry;
    r->copy.is_read = !entry->showing->is_nothing;
    identity_use_open(a->s);
    return 0;
}

/* CopyOutResponse without the hidden columns. */
static int
pass_announced(struct answering *a, const uint8_t *message, size_t length, uint8_t hidden)
{
    uint16_t count = (uint16_t)(bytes_get_u16(message + WALK_HEAD + 1) - hidden);
    size_t head = WALK_HEAD + 3, skip = head + 2u * hidden;
    uint8_t *to = a->out;

    if (hidden == 0 || a->o->is_muted)
        return answer_pass(a, message, length);
    memmove(to, message, head);
    memmove(to + head, message + skip, length - skip);
    bytes_put_u32(to + 1, (uint32_t)(length - 2u * hidden - 1));
    to[WALK_HEAD + 1] = (uint8_t)(count >> 8);
    to[WALK_HEAD + 2] = (uint8_t)count;
    a->out += length - 2u * hidden;
    return 0;
}

int
copy_out_begin(struct answering *a, const uint8_t *message, size_t length)
{
    struct exchange_request *request = exchange_first(&a->o->exchange);
    const struct plan_statement *statement = NULL;
    struct result *r = &a->o->result;
    struct announced announced;
    uint8_t hidden;
    bool is_known = read_announced(view_of(message + WALK_HEAD, length - WALK_HEAD), &announced);
    int result = answer_settle(a);

    if (result == 0 && request)
        result = result_open_silent(a->s, request);
    if (result != 0)
        return result;
    if (request) /* of EXECUTE: as it is after that has planned anew what it runs */
        statement = result_followed(a->o, result_statement(a->o, request));
    hidden = statement ? statement->hidden_count : 0;
    if (hidden > 0 &&
        (!is_known || announced.count <= hidden || !is_as_written(statement, &announced)))
        return PASU_E_UPSTREAM_PROTOCOL;
    if (statement && is_known && can_be_read(a->o, statement, &announced))
        result = open_rows(a, request, statement, &announced);
    if (result == 0 && !r->showing) {
        uint8_t *to = a->out;

        result = copy_out_bound(a, message, length, FLAG_BIT(COPY));
        if (hidden == 0)
            return result;
        message = a->out = to; /* it stands there now */
    }
    if (result != 0 || a->o->is_muted)
        return result;
    if (r->copy.is_read || hidden > 0)
        r->copy.format = &statement->copy.format;
    r->copy.column_count = announced.count;
    r->copy.hidden_count = hidden;
    r->copy.is_header_due = statement->copy.format.has_header && !announced.is_binary;
    r->copy.encoding = encoding_of(a->s, statement);
    return pass_announced(a, message, length, hidden);
}

/* ---- rows as they go out ---- */

/* Where the fields behind the hidden ones begin in a message's body, of which all is there or only
 * the beginning; 0 where that cannot be told. */
static size_t
visible_at(const struct copy_rows *copy, struct view body, bool is_whole)
{
    size_t header = copy_header_length(copy->format, body);
    struct view tuple = view_of(body.bytes + header, body.length - header);
    struct copy_field field;
    struct copy_row row;

    if (!(is_whole ? copy_row_begin(&row, copy->format, tuple)
                   : copy_row_begin_part(&row, copy->format, tuple)))
        return 0;
    for (uint8_t i = 0; i < copy->hidden_count; i++)
        if (!copy_row_next(&row, &field) || copy_row_is_over(&row))
            return 0;
    return (size_t)(copy_row_at(&row) - body.bytes);
}

/* What goes before the visible fields of a binary row: the stream's header, and how many fields
 * there are. Bytes written to `to`, which may be where the message is. */
static size_t
put_count(const struct copy_rows *copy, struct view body, uint8_t *to)
{
    size_t header = copy_header_length(copy->format, body);
    uint16_t count;

    if (copy->format->kind != 'b')
        return 0;
    count = (uint16_t)(bytes_get_u16(body.bytes + header) - copy->hidden_count);
    memmove(to, body.bytes, header);
    to[header] = (uint8_t)(count >> 8);
    to[header + 1] = (uint8_t)count;
    return header + 2;
}

/* CSV has quotes around the value \. where it is all of the row, and with a hidden column it was
 * not. */
static int
pass_lone_period(struct answering *a)
{
    const struct copy_format *format = a->o->result.copy.format;
    uint8_t space[WALK_HEAD + 512] = {'d'};
    struct writer w = writer_of(space, sizeof(space));
    int result = answer_flush(a);

    if (result != 0 || a->o->is_muted)
        return result;
    w.at += WALK_HEAD;
    copy_write_field(&w, format, a->o->result.copy.is_masked ? view_of(NULL, 0) : VIEW("\\."));
    writer_u8(&w, '\n');
    bytes_put_u32(space + 1, (uint32_t)(writer_length(&w) - 1));
    return release_batch(a->s, &(struct batch){.bytes = space, .length = writer_length(&w)});
}

static int
pass_row(struct answering *a, const uint8_t *message, size_t length)
{
    const struct copy_rows *copy = &a->o->result.copy;
    struct view body = view_of(message + WALK_HEAD, length - WALK_HEAD), rest;
    uint8_t *to = a->out;
    size_t skip;

    if (copy->hidden_count == 0)
        return answer_pass(a, message, length);
    skip = visible_at(copy, body, true);
    if (skip == 0)
        return PASU_E_UPSTREAM_PROTOCOL;
    rest = view_of(body.bytes + skip, body.length - skip);
    if (copy->format->kind == 'c' && copy->column_count == copy->hidden_count + 1 &&
        view_equal(rest, VIEW("\\.\n")))
        return pass_lone_period(a);
    to += WALK_HEAD;
    to += put_count(copy, body, to);
    memmove(to, rest.bytes, rest.length);
    to += rest.length;
    a->out[0] = 'd';
    bytes_put_u32(a->out + 1, (uint32_t)(to - a->out - 1));
    a->out = to;
    return 0;
}

/* ---- rows ---- */

/* What comes is not one row a message: from here on all of it counts as the most it can be. */
static int
lose_rows(struct answering *a)
{
    struct result *r = &a->o->result;
    struct judgement judgement;
    uint64_t fields, kinds;
    int result = answer_flush(a);

    gather_clear(&a->tools->gather);
    if (result != 0 || a->o->is_muted)
        return result;
    r->copy.is_read = false;
    if (r->copy.hidden_count == 0)
        r->copy.format = NULL;
    result_most(a->s, r->statement, &fields, &kinds);
    result = expose_words(a->s, r->statement, fields, kinds,
                          FLAG_BIT(COPY) | FLAG_BIT(UNATTRIBUTED), &judgement);
    return result == 0 && judgement.is_blocked ? answer_block(a, &judgement) : result;
}

static int
read_row(struct answering *a, struct view body)
{
    static const bool is_unsettled = false;
    struct result *r = &a->o->result;
    struct gather *g = &a->tools->gather;
    struct ordinals ordinals = a->tools->ordinals;
    uint32_t start;
    int result = 0;

    ordinals.encoding = &r->copy.encoding;
    ordinals.is_unsettled = &is_unsettled;
    if (PASU_UNLIKELY(!gather_has_room(g, r->showing, body.length))) {
        result = answer_flush(a);
        if (result != 0 || a->o->is_muted)
            return result;
    }
    start = (uint32_t)(a->out - a->sent);
    if (PASU_UNLIKELY(g->rows == 0))
        result_begin_rows(a->s, start);
    result = gather_row(g, r->showing, &ordinals, body, start);
    return PASU_UNLIKELY(result == PASU_E_UPSTREAM_PROTOCOL) ? lose_rows(a) : result;
}

static bool
is_end(const struct copy_rows *copy, struct view body)
{
    size_t header = copy_header_length(copy->format, body);

    return copy_is_end(copy->format, view_of(body.bytes + header, body.length - header));
}

bool
copy_out_is_row(const struct copy_rows *copy, const uint8_t *message)
{
    struct view body = view_of(message + WALK_HEAD, bytes_get_u32(message + 1) + 1 - WALK_HEAD);

    return body.length > 0 && !is_end(copy, body);
}

int
copy_out_data(struct answering *a, const uint8_t *message, size_t length)
{
    struct copy_rows *copy = &a->o->result.copy;
    struct view body = view_of(message + WALK_HEAD, length - WALK_HEAD);
    int result;

    if (PASU_UNLIKELY(a->o->is_muted))
        return 0;
    if (PASU_UNLIKELY(!copy_out_is_row(copy, message)))
        return answer_pass(a, message, length);
    if (PASU_UNLIKELY(copy->is_header_due)) {
        copy->is_header_due = false;
        return pass_row(a, message, length);
    }
    if (PASU_LIKELY(copy->is_read)) {
        result = read_row(a, body);
        if (result != 0 || a->o->is_muted)
            return result;
    }
    a->rows++;
    return pass_row(a, message, length);
}

/* ---- long ones ---- */

ssize_t
copy_out_giant(struct answering *a, const uint8_t *message, size_t have, size_t total)
{
    struct result *r = &a->o->result;
    const struct copy_rows *copy = &r->copy;
    struct view body = view_of(message + WALK_HEAD, have - WALK_HEAD);
    size_t skip = 0, before = 0;
    uint8_t *to;
    int result = answer_flush(a);

    if (result != 0 || a->o->is_muted)
        return result != 0 ? result : (ssize_t)have;
    if (copy->is_read) {
        result_begin_rows(a->s, 0);
        gather_unread_row(&a->tools->gather, r->showing, 0);
        result = answer_flush(a);
        if (result != 0 || a->o->is_muted)
            return result != 0 ? result : (ssize_t)have;
    }
    a->rows++;
    r->copy.is_header_due = false;
    to = a->out + WALK_HEAD;
    if (copy->hidden_count > 0) {
        skip = visible_at(copy, body, false);
        if (skip == 0)
            return PASU_E_UPSTREAM_PROTOCOL;
        before = put_count(copy, body, to);
    }
    memmove(to + before, body.bytes + skip, body.length - skip);
    a->out[0] = 'd';
    bytes_put_u32(a->out + 1, (uint32_t)(total - 1 - skip + before));
    a->out = to + before + body.length - skip;
    return (ssize_t)have;
}

/* ---- many ---- */

static bool
is_steady(const struct answering *a)
{
    const struct result *r = &a->o->result;
    struct session_step step = session_table[a->s->state][EVENT_SERVER_COPY_DATA];

    return r->copy.is_read && r->copy.hidden_count == 0 && !r->copy.is_header_due &&
           !a->o->is_muted && step.action == ACTION_FORWARD && step.next == a->s->state;
}

size_t
copy_out_rows(struct answering *a, const uint8_t *at, size_t have, struct walk *walk)
{
    struct gather *g = &a->tools->gather;
    uint64_t before = g->rows;
    size_t used;

    if (!is_steady(a))
        return 0;
    used = gather_copies(g, a->o->result.showing, &a->tools->ordinals, view_of(at, have),
                         (uint32_t)(a->out - a->sent));
    if (used == 0)
        return 0;
    if (a->out != at)
        memmove(a->out, at, used);
    a->out += used;
    a->rows += g->rows - before;
    walk->rows += g->rows - before;
    a->s->from_server.type = 'd';
    return used;
}
