/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server's bytes on their way to the client: each message is matched with the request it answers,
 * rows are read, hidden columns taken out, and nothing leaves before it is recorded
 * (gate/expose.h). The batch is changed in place: what stays moves up over what goes.
 */
#include "gate/answer.h"

#include "base/memory.h"
#include "gate/instruments.h"
#include "gate/release.h"
#include "gate/rest.h"
#include "gate/result.h"
#include "gate/speech.h"
#include "postgres/envelope.h"
#include "postgres/response.h"

enum { ERROR_SIZE = 1280 };

#define CALL_REFUSAL                                                                               \
    "pasu refuses this call: the function can read files, reach other servers, run programs, or "  \
    "show what is shown to nobody"
#define BEYOND_DETAIL                                                                              \
    "the statement can put values where nobody sees who reads them, and the budget has no room "   \
    "for "                                                                                         \
    "all that it can read"
#define CALL_HINT "an administrator can do this on the server itself"

/* ---- what goes out ---- */

/* Whole messages that stand before `out` and are recorded go to the client. */
static int
send_out(struct answering *a)
{
    struct batch batch = {.bytes = a->sent, .length = (size_t)(a->out - a->sent), .rows = a->rows};
    int result = batch.length > 0 ? release_batch(a->s, &batch) : 0;

    a->o->is_cut = a->s->from_server.left > 0;
    a->sent = a->out;
    a->rows = 0;
    return result;
}

/* A budget has ended the result: the client is told, and nothing more passes until the server is
 * ready for the next request. */
static int
block(struct answering *a, const struct judgement *judgement)
{
    uint8_t space[ERROR_SIZE];
    struct writer w = writer_of(space, sizeof(space));
    char text[RESPONSE_TEXT_MAX] = "";
    int result = send_out(a);

    a->o->is_muted = true;
    rest_block(a->s);
    if (judgement->budget)
        budget_message(text, sizeof(text), judgement->budget);
    response_error(&w, SEVERITY_ERROR, PASU_E_BUDGET, text);
    if (result == 0)
        result = release_batch(a->s, &(struct batch){.bytes = space, .length = writer_length(&w)});
    if (!handshake_cancel(a->s))
        a->o->is_cancelling = false; /* it runs to its end, unseen */
    return result;
}

/* The rows gathered so far are counted, judged and recorded. */
static int
settle(struct answering *a)
{
    struct judgement judgement;
    int result = expose_rows(a->s, a->sent, &judgement);

    if (result == 0 && PASU_UNLIKELY(judgement.is_blocked)) {
        a->out = a->sent + judgement.cut;
        result = block(a, &judgement);
    }
    return result;
}

int
answer_flush(struct answering *a)
{
    int result = settle(a);

    return result == 0 ? send_out(a) : result;
}

/* The message goes to the client as it is. */
static int
pass(struct answering *a, const uint8_t *message, size_t length)
{
    if (PASU_UNLIKELY(a->o->is_muted))
        return 0;
    if (a->out != message)
        memmove(a->out, message, length);
    a->out += length;
    return 0;
}

/* ---- rows ---- */

/* The columns of the message from `hidden` on; the head is written anew. */
static int
strip(struct answering *a, const uint8_t *message, size_t length, size_t skip, uint16_t hidden)
{
    uint16_t count = (uint16_t)(bytes_get_u16(message + WALK_HEAD) - hidden);
    size_t rest = length - skip;
    uint8_t *to = a->out;

    if (a->o->is_muted)
        return 0;
    to[0] = message[0];
    memmove(to + WALK_HEAD + 2, message + skip, rest);
    bytes_put_u32(to + 1, (uint32_t)(rest + WALK_HEAD + 2 - 1));
    to[5] = (uint8_t)(count >> 8);
    to[6] = (uint8_t)count;
    a->out += WALK_HEAD + 2 + rest;
    return 0;
}

size_t
answer_row_skip(const uint8_t *message, size_t have, uint8_t hidden)
{
    size_t at = WALK_HEAD + 2;

    if (have < at || bytes_get_u16(message + WALK_HEAD) < hidden)
        return 0;
    for (uint8_t i = 0; i < hidden; i++) {
        uint32_t length;

        if (have - at < 4)
            return 0;
        length = bytes_get_u32(message + at);
        at += 4;
        if (length != UINT32_MAX && length > have - at)
            return 0;
        at += length != UINT32_MAX ? length : 0;
    }
    return at;
}

/* Rows of a table under `never` that a statement reached by a name which the snapshot does not
 * know: the server says where they come from. The result ends as one that a budget blocks. */
static int
refuse_never(struct answering *a)
{
    static const char text[] =
        "pasu refuses these rows: they come from a table that shows what is shown to nobody";
    static const char hint[] = "the gateway's configuration names the table under never";
    uint8_t space[ERROR_SIZE];
    struct writer w = writer_of(space, sizeof(space));
    int result = expose_refusal(a->s, a->o->result.plan);

    if (result == 0)
        result = answer_flush(a);
    a->o->is_muted = true;
    rest_block(a->s);
    response_error_text(&w, SEVERITY_ERROR, PASU_E_REFUSED, text, hint);
    if (result == 0)
        result = release_batch(a->s, &(struct batch){.bytes = space, .length = writer_length(&w)});
    if (!handshake_cancel(a->s))
        a->o->is_cancelling = false;
    return result;
}

int
answer_doubt(struct answering *a)
{
    struct result *r = &a->o->result;
    uint64_t fields = r->doubt_fields, kinds = r->doubt_kinds;
    struct judgement judgement;
    int result = settle(a);

    r->doubt_fields = 0;
    if (result != 0 || a->o->is_muted)
        return result;
    if (r->showing && r->showing->showing->is_never)
        return refuse_never(a);
    result = expose_words(a->s, r->statement, fields, kinds, FLAG_BIT(OPAQUE), &judgement);
    return result == 0 && judgement.is_blocked ? block(a, &judgement) : result;
}

static int
data_row(struct answering *a, const uint8_t *message, size_t length)
{
    struct result *r = &a->o->result;
    struct gather *g = &a->tools->gather;
    const struct showing *showing;
    int result = 0;

    if (PASU_UNLIKELY(a->o->is_muted))
        return 0;
    if (PASU_UNLIKELY(!r->is_open)) { /* of a portal: it was described before */
        result = result_open_portal(a->s);
        if (result != 0)
            return result;
    }
    if (!r->showing)
        return PASU_E_UPSTREAM_PROTOCOL; /* rows that no RowDescription announced */
    if (PASU_UNLIKELY(r->doubt_fields)) {
        result = answer_doubt(a);
        if (result != 0 || a->o->is_muted)
            return result;
    }
    showing = r->showing->showing;
    if (showing->is_nothing) {
        r->rows++;
    } else {
        if (PASU_UNLIKELY(!gather_has_room(g))) {
            result = answer_flush(a);
            if (result != 0 || a->o->is_muted)
                return result;
        }
        if (PASU_UNLIKELY(g->rows == 0))
            result_begin_rows(a->s, (uint32_t)(a->out - a->sent));
        result = gather_row(g, r->showing, &a->tools->ordinals,
                            view_of(message + WALK_HEAD, length - WALK_HEAD),
                            (uint32_t)(a->out - a->sent));
        if (result != 0)
            return result;
    }
    a->rows++;
    if (showing->hidden_count > 0) {
        size_t skip = answer_row_skip(message, length, showing->hidden_count);

        return skip ? strip(a, message, length, skip, showing->hidden_count)
                    : PASU_E_UPSTREAM_PROTOCOL;
    }
    return pass(a, message, length);
}

/* RowDescription: of a result that begins, or of a statement or portal that was asked about. */
static int
row_description(struct answering *a, const uint8_t *message, size_t length)
{
    struct view body = view_of(message + WALK_HEAD, length - WALK_HEAD);
    struct exchange_request *request = exchange_first(&a->o->exchange);
    uint8_t hidden = 0;
    bool is_ours = false;
    int result = 0;

    if (!request)
        return PASU_E_UPSTREAM_PROTOCOL;
    if (request->step == STEP_DESCRIBE) {
        result = result_described(a->o, request, body, &hidden);
        is_ours = request->is_ours;
        exchange_done(&a->o->exchange);
    } else {
        result = settle(a); /* a result that has had no end */
        if (result == 0)
            result = result_open_query(a->s, request, body);
        hidden = a->o->result.showing ? a->o->result.showing->showing->hidden_count : 0;
    }
    if (result != 0 || is_ours)
        return result;
    if (hidden > 0) {
        size_t skip = result_description_skip(body, hidden);

        return skip ? strip(a, message, length, WALK_HEAD + skip, hidden)
                    : PASU_E_UPSTREAM_PROTOCOL;
    }
    return pass(a, message, length);
}

/* ---- the end of a result ---- */

static int
finish_result(struct answering *a)
{
    struct result *r = &a->o->result;
    bool is_read_on = r->portal && r->portal->is_counted;
    int result = settle(a);

    if (result == 0 && !a->o->is_muted && r->statement && r->pinned && r->rows == 0 &&
        r->statement->may_return_rows && !is_read_on)
        result = expose_miss(a->s);
    if (result == 0 && r->statement && (r->statement->flags & PLAN_PROBE) && !r->is_counted)
        result = expose_probe(a->s);
    return result;
}

/* How many rows a command tag says were written; as many as there can be where it says nothing of
 * it: "INSERT 0 5", "UPDATE 5". */
static uint64_t
rows_of_tag(struct view tag)
{
    static const char *const verbs[] = {"INSERT ", "UPDATE ", "MERGE "};
    uint64_t rows = 0;
    size_t at = tag.length;

    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        if (tag.length > strlen(verbs[i]) && memcmp(tag.bytes, verbs[i], strlen(verbs[i])) == 0)
            at = strlen(verbs[i]);
    for (size_t i = at; i < tag.length; i++)
        if (tag.bytes[i] == ' ')
            at = i + 1;
    if (at == tag.length || tag.length - at > 18)
        return UINT64_MAX;
    for (; at < tag.length; at++) {
        if (tag.bytes[at] < '0' || tag.bytes[at] > '9')
            return UINT64_MAX;
        rows = rows * 10 + (uint64_t)(tag.bytes[at] - '0');
    }
    return rows;
}

/* What the statement has put under others' keys. */
static int
tell_moved(struct answering *a, uint64_t rows)
{
    const struct plan_statement *statement = a->o->result.statement;

    return statement && statement->moved_fields && rows > 0 ? expose_moved(a->s, statement, rows)
                                                            : 0;
}

/* CommandComplete, EmptyQueryResponse: the statement has succeeded, and what it does to names has
 * happened. */
static int
command_complete(struct answering *a, const uint8_t *message, size_t length)
{
    struct exchange *x = &a->o->exchange;
    struct exchange_request *request = exchange_first(x);
    int result;

    if (!request || (request->step != STEP_QUERY && request->step != STEP_EXECUTE))
        return a->s->is_replication ? pass(a, message, length) : PASU_E_UPSTREAM_PROTOCOL;
    result = message[0] == 'I' ? 0 : result_open_silent(a->s, request);
    if (result == 0)
        result = finish_result(a);
    if (result == 0 && length > WALK_HEAD)
        result = tell_moved(a, rows_of_tag(view_of(message + WALK_HEAD, length - WALK_HEAD - 1)));
    result_remember(a->o);
    growth_add(catalog_store_growth(a->o->place), &a->o->grown, a->o->catalog,
               a->o->result.statement, view_of(message + WALK_HEAD, length - WALK_HEAD));
    if (result == 0)
        result = result_effects(a->s, request);
    result_close(a->o);
    if (request->step == STEP_EXECUTE)
        exchange_done(x);
    else
        x->statement++;
    return result == 0 ? pass(a, message, length) : result;
}

static int
portal_suspended(struct answering *a, const uint8_t *message, size_t length)
{
    struct exchange_request *request = exchange_first(&a->o->exchange);
    int result = settle(a);

    if (!request || request->step != STEP_EXECUTE)
        return PASU_E_UPSTREAM_PROTOCOL;
    /* All rows have been written, also where not all that RETURNING says is ever fetched. */
    if (result == 0)
        result = tell_moved(a, UINT64_MAX);
    result_remember(a->o);
    result_close(a->o);
    exchange_done(&a->o->exchange);
    return result == 0 ? pass(a, message, length) : result;
}

/* ---- errors and notices ---- */

/* `plan` is NULL where it was a call by message. A budget's refusal is in a record already. */
static int
refuse(struct answering *a, const struct exchange_request *request)
{
    const struct plan *plan = request->plan;
    const char *text = plan ? plan->refusal : CALL_REFUSAL;
    const char *hint = plan ? plan->refusal_hint : CALL_HINT;
    uint8_t space[ERROR_SIZE];
    struct writer w = writer_of(space, sizeof(space));
    int result = request->is_beyond ? 0 : expose_refusal(a->s, plan);

    if (result == 0)
        result = answer_flush(a);
    if (result != 0)
        return result;
    if (request->is_beyond)
        response_error(&w, SEVERITY_ERROR, PASU_E_BUDGET, BEYOND_DETAIL);
    else
        response_error_text(&w, SEVERITY_ERROR, PASU_E_REFUSED, text, hint);
    return release_batch(a->s, &(struct batch){.bytes = space, .length = writer_length(&w)});
}

int
answer_put_position(struct answering *a, const uint8_t *message, size_t length,
                    struct view position, uint32_t number)
{
    uint8_t space[ERROR_SIZE];
    char digits[12];
    int n = snprintf(digits, sizeof(digits), "%u", number);
    size_t before = (size_t)(position.bytes - message), after = before + position.length;
    size_t total = length - position.length + (size_t)n;
    int result;

    if (n <= 0 || total > sizeof(space))
        return pass(a, message, length);
    memcpy(space, message, before);
    memcpy(space + before, digits, (size_t)n);
    memcpy(space + before + (size_t)n, message + after, length - after);
    bytes_put_u32(space + 1, (uint32_t)(total - 1));
    result = answer_flush(a);
    return result == 0 ? release_batch(a->s, &(struct batch){.bytes = space, .length = total})
                       : result;
}

/* An error's position counts in the text that the server saw. */
static int
pass_error(struct answering *a, const uint8_t *message, size_t length, const struct plan *plan)
{
    struct view body = view_of(message + WALK_HEAD, length - WALK_HEAD);
    struct view position = speech_field(body, 'P');
    uint32_t number;

    if (!plan || plan->edit_count == 0 || !key_small_number(position, &number))
        return pass(a, message, length);
    return answer_put_position(a, message, length, position, plan_error_position(plan, number));
}

/* The plan of the text that an error's position counts in: Describe plans a statement anew, too. */
static const struct plan *
text_of(const struct observer *o, const struct exchange_request *request)
{
    const struct prepared *prepared;

    if (!request || request->plan || request->step != STEP_DESCRIBE || request->is_portal)
        return request ? request->plan : NULL;
    prepared = exchange_prepared(&o->exchange, request->name);
    return prepared ? prepared->plan : NULL;
}

static int
error_response(struct answering *a, const uint8_t *message, size_t length)
{
    struct observer *o = a->o;
    struct view body = view_of(message + WALK_HEAD, length - WALK_HEAD);
    struct exchange_request *request = exchange_first(&o->exchange);
    struct judgement judgement = {0};
    uint64_t fields, kinds;
    int result = settle(a);

    if (result == 0 && request && request->is_refused) {
        result = o->is_muted ? 0 : refuse(a, request);
    } else if (result == 0 && !o->is_muted) {
        speech_of(a->s, true, body, &fields, &kinds);
        if (fields)
            result = expose_words(a->s, request ? result_statement(o, request) : NULL, fields,
                                  kinds, FLAG_BIT(ERROR_TEXT), &judgement);
        if (result == 0)
            result = judgement.is_blocked ? block(a, &judgement)
                                          : pass_error(a, message, length, text_of(o, request));
    }
    if (request && !request->is_refused)
        result_failed(a->s, request);
    result_close(o);
    exchange_failed(&o->exchange);
    return result;
}

static int
notice_response(struct answering *a, const uint8_t *message, size_t length)
{
    struct exchange_request *request = exchange_first(&a->o->exchange);
    struct judgement judgement = {0};
    uint64_t fields, kinds;
    int result = 0;

    if (a->o->is_muted)
        return 0;
    speech_of(a->s, false, view_of(message + WALK_HEAD, length - WALK_HEAD), &fields, &kinds);
    if (fields) {
        result = settle(a);
        if (result == 0 && !a->o->is_muted)
            result = expose_words(a->s, request ? result_statement(a->o, request) : NULL, fields,
                                  kinds, FLAG_BIT(NOTICE_TEXT), &judgement);
    }
    if (result != 0 || judgement.is_blocked)
        return result; /* a notice that may not be shown is left out */
    return pass(a, message, length);
}

/* What does not belong to the result that has been cut off: drivers must know, and it comes once.
 */
static int
pass_always(struct answering *a, const uint8_t *message, size_t length)
{
    memmove(a->out, message, length);
    a->out += length;
    return 0;
}

/* A payload of another session: it can be anything that a statement has put into one. */
static int
notification(struct answering *a, const uint8_t *message, size_t length)
{
    struct gate_shared *shared = a->s->worker->shared;
    struct reader r = reader_of(view_of(message + WALK_HEAD, length - WALK_HEAD));
    struct judgement judgement = {0};
    uint64_t fields = shared->notified_fields, kinds = shared->notified_kinds;
    int result = 0;

    reader_u32(&r);
    reader_text(&r);
    if (fields && reader_text(&r).length > 0) {
        result = settle(a);
        if (result == 0)
            result = expose_words(a->s, NULL, fields, kinds, FLAG_BIT(NOTIFICATION), &judgement);
    }
    if (result != 0 || judgement.is_blocked)
        return result;
    return pass_always(a, message, length);
}

/* ---- copies ---- */

/* It is known which columns leave, and that none of them is personal. */
static bool
shows_no_column(const struct plan_statement *statement)
{
    return statement->special == SPECIAL_COPY_OUT && statement->is_understood &&
           statement->has_columns && statement->part_count == 0 &&
           !(statement->flags & (PLAN_OPAQUE | PLAN_UNKNOWN_TABLE));
}

/* Rows that leave without a RowDescription. */
static int
stream_begins(struct answering *a, const uint8_t *message, size_t length, uint64_t flag)
{
    struct exchange_request *request = exchange_first(&a->o->exchange);
    const struct plan_statement *statement = request ? result_statement(a->o, request) : NULL;
    struct judgement judgement = {0};
    uint64_t fields, kinds;
    int result = settle(a);

    result_most(a->s, statement, &fields, &kinds);
    if (statement && shows_no_column(statement))
        fields = 0;
    if (result == 0 && request)
        result = result_open_silent(a->s, request);
    fields |= a->o->result.doubt_fields;
    kinds |= a->o->result.doubt_kinds;
    if (result == 0 && fields && !a->o->is_muted) {
        result = expose_words(a->s, statement, fields, kinds, flag, &judgement);
        if (result == 0 && judgement.is_blocked)
            return block(a, &judgement);
    }
    return result == 0 ? pass(a, message, length) : result;
}

/* ---- the others ---- */

static int
confirmed(struct answering *a, const uint8_t *message, size_t length, enum exchange_step step)
{
    struct exchange_request *request = exchange_first(&a->o->exchange);
    int result;

    if (!request || request->step != step)
        return PASU_E_UPSTREAM_PROTOCOL;
    result = result_confirm(a->s, request);
    exchange_done(&a->o->exchange);
    return result == 0 ? pass(a, message, length) : result;
}

static int
ready(struct answering *a, const uint8_t *message, size_t length)
{
    struct observer *o = a->o;
    int result = settle(a);

    result_close(o);
    exchange_ready(&o->exchange);
    o->is_muted = false;
    if (PASU_UNLIKELY(o->is_cancelling))
        o->is_ready_held = a->s->client.is_held = true;
    if (a->s->transaction == 'I' && result == 0)
        result = result_transaction_over(a->s);
    if (o->exchange.count == 0)
        o->is_unsettled = false;
    return result == 0 ? pass(a, message, length) : result;
}

static int
no_data(struct answering *a, const uint8_t *message, size_t length)
{
    struct exchange_request *request = exchange_first(&a->o->exchange);
    uint8_t hidden;
    bool is_ours;
    int result;

    if (!request || request->step != STEP_DESCRIBE)
        return PASU_E_UPSTREAM_PROTOCOL;
    is_ours = request->is_ours;
    result = result_described(a->o, request, view_of("", 0), &hidden);
    exchange_done(&a->o->exchange);
    return result == 0 && !is_ours ? pass(a, message, length) : result;
}

static int
parameter_status(struct answering *a, const uint8_t *message, size_t length)
{
    struct reader r = reader_of(view_of(message + WALK_HEAD, length - WALK_HEAD));
    struct view name = reader_text(&r), value = reader_text(&r);

    if (reader_end(&r) != 0)
        return PASU_E_UPSTREAM_PROTOCOL;
    observer_parameter(a->s, name, value);
    return pass_always(a, message, length);
}

int
answer_message(struct answering *a, const uint8_t *message, size_t length)
{
    switch (message[0]) {
    case 'D':
        return data_row(a, message, length);
    case 'T':
        return row_description(a, message, length);
    case 'C':
    case 'I':
        return command_complete(a, message, length);
    case '1':
        return confirmed(a, message, length, STEP_PARSE);
    case '2':
        return confirmed(a, message, length, STEP_BIND);
    case '3':
        return confirmed(a, message, length, STEP_CLOSE);
    case 'n':
        return no_data(a, message, length);
    case 's':
        return portal_suspended(a, message, length);
    case 'E':
        return error_response(a, message, length);
    case 'N':
        return notice_response(a, message, length);
    case 'A':
        return notification(a, message, length);
    case 'S':
        return parameter_status(a, message, length);
    case 'H':
        return stream_begins(a, message, length, FLAG_BIT(COPY));
    case 'W':
        return stream_begins(a, message, length, FLAG_BIT(REPLICATION));
    case 'Z':
        return ready(a, message, length);
    default:
        return pass(a, message, length);
    }
}
