/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server's bytes on their way to the client: each message is matched with the request it answers,
 * rows are read, hidden columns taken out, and nothing leaves before it is recorded
 * (gate/expose.h). The batch is changed in place: what stays moves up over what goes.
 */
#include "gate/answer.h"

#include "base/memory.h"
#include "gate/copy_out.h"
#include "gate/hidden.h"
#include "gate/instruments.h"
#include "gate/mask.h"
#include "gate/preface.h"
#include "gate/release.h"
#include "gate/rest.h"
#include "gate/result.h"
#include "gate/retry.h"
#include "gate/shadow.h"
#include "gate/speech.h"
#include "gate/underway.h"
#include "gate/unveil.h"
#include "gate/verdict.h"
#include "postgres/envelope.h"
#include "postgres/response.h"

/* ---- what goes out ---- */

int
answer_send(struct answering *a)
{
    struct batch batch = {.bytes = a->sent, .length = (size_t)(a->out - a->sent), .rows = a->rows};
    int result = batch.length > 0 ? release_batch(a->s, &batch) : 0;

    a->o->is_cut = a->s->from_server.left > 0;
    a->sent = a->out;
    a->rows = 0;
    return result;
}

static int
settle_rows(struct answering *a)
{
    struct judgement judgement;
    int result = expose_rows(a->s, a->sent, &judgement);

    if (result == 0 && PASU_UNLIKELY(judgement.is_blocked))
        a->out = a->sent + judgement.cut;
    if (result == 0 && PASU_UNLIKELY(judgement.masked || judgement.masks))
        result = mask_rows(a, &judgement);
    if (result == 0 && PASU_UNLIKELY(judgement.is_held)) {
        a->held = judgement.budget;
        a->held_rows = judgement.rows;
    } else if (result == 0 && PASU_UNLIKELY(judgement.is_blocked)) {
        result = answer_block(a, &judgement);
    }
    return result;
}

int
answer_settle(struct answering *a)
{
    return a->tools->gather.rows > 0 ? settle_rows(a) : 0;
}

int
answer_flush(struct answering *a)
{
    int result = answer_settle(a);

    return result == 0 ? answer_send(a) : result;
}

int
answer_pass(struct answering *a, const uint8_t *message, size_t length)
{
    if (PASU_UNLIKELY(a->o->is_muted))
        return 0;
    if (a->out != message)
        memmove(a->out, message, length);
    a->out += length;
    return 0;
}

/* What does not belong to the result that has been cut off: drivers must know, and it comes once.
 */
int
answer_pass_always(struct answering *a, const uint8_t *message, size_t length)
{
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

/* Whether what is answered was refused: the server was given what it can only answer by an error.
 */
static bool
is_refused(const struct answering *a)
{
    const struct exchange_request *request = exchange_first(&a->o->exchange);

    return request && request->is_refused;
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
        if (is_refused(a))
            return PASU_E_UPSTREAM_PROTOCOL;
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
    if (PASU_UNLIKELY(r->statement && r->statement->settings))
        actor_row(&a->o->actor, r->statement, showing->hidden_count,
                  view_of(message + WALK_HEAD, length - WALK_HEAD));
    if (showing->is_nothing) {
        r->rows++;
    } else {
        if (PASU_UNLIKELY(!gather_has_room(g, r->showing, length))) {
            result = answer_flush(a);
            if (result != 0 || a->o->is_muted)
                return result;
        }
        if (PASU_UNLIKELY(g->rows == 0))
            result_begin_rows(a->s, (uint32_t)(a->out - a->sent));
        g->is_doubtful = r->is_doubtful;
        if (PASU_UNLIKELY(showing->shadows != NULL && g->rows == 0))
            result = shadow_take(a, message, length, (uint32_t)(a->out - a->sent));
        if (result == 0)
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
    return answer_pass(a, message, length);
}

/* RowDescription: of a result that begins, or of a statement or portal that was asked about. */
static int
row_description(struct answering *a, const uint8_t *message, size_t length)
{
    struct view body = view_of(message + WALK_HEAD, length - WALK_HEAD);
    struct exchange_request *request = exchange_first(&a->o->exchange);
    const struct plan_statement *described = NULL;
    uint8_t hidden = 0;
    bool is_ours = false;
    int result = 0;

    if (!request || request->is_refused)
        return PASU_E_UPSTREAM_PROTOCOL;
    if (request->step == STEP_DESCRIBE) {
        result = result_described(a->o, request, body, &hidden, &described);
        result_put_origins(described, body);
        is_ours = request->is_ours;
        exchange_done(&a->o->exchange);
    } else {
        result = answer_settle(a); /* a result that has had no end */
        if (result == 0)
            result = result_open_query(a->s, request, body);
        hidden = a->o->result.showing ? a->o->result.showing->showing->hidden_count : 0;
        result_put_origins(a->o->result.statement, body);
    }
    if (result != 0 || is_ours)
        return result;
    if (hidden > 0) {
        size_t skip = result_description_skip(body, hidden);

        return skip ? strip(a, message, length, WALK_HEAD + skip, hidden)
                    : PASU_E_UPSTREAM_PROTOCOL;
    }
    return answer_pass(a, message, length);
}

/* ---- the end of a result ---- */

static int
finish_result(struct answering *a)
{
    struct result *r = &a->o->result;
    bool is_read_on = r->portal && r->portal->is_counted;
    int result = answer_settle(a);

    if (result == 0 && !a->o->is_muted && r->statement && r->pinned && r->rows == 0 &&
        (r->statement->may_return_rows || r->copy.is_read) && !is_read_on)
        result = expose_miss(a->s);
    if (result == 0 && r->statement && (r->statement->flags & PLAN_PROBE) && !r->is_counted)
        result = expose_probe(a->s);
    if (result == 0 && !r->is_counted && !a->o->is_muted)
        result = verdict_done(a->s, r->statement, 0, false);
    return result;
}

/* The number that a command tag ends with; UINT64_MAX: there is none. */
static uint64_t
number_at(struct view tag, size_t at)
{
    uint64_t number = 0;

    if (at >= tag.length || tag.length - at > 18)
        return UINT64_MAX;
    for (; at < tag.length; at++) {
        if (tag.bytes[at] < '0' || tag.bytes[at] > '9')
            return UINT64_MAX;
        number = number * 10 + (uint64_t)(tag.bytes[at] - '0');
    }
    return number;
}

/* How many rows a command tag says were written; as many as there can be where it says nothing of
 * it: "INSERT 0 5", "UPDATE 5". */
static uint64_t
rows_of_tag(struct view tag)
{
    static const char *const verbs[] = {"INSERT ", "UPDATE ", "MERGE "};
    size_t at = tag.length;

    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        if (tag.length > strlen(verbs[i]) && memcmp(tag.bytes, verbs[i], strlen(verbs[i])) == 0)
            at = strlen(verbs[i]);
    for (size_t i = at; i < tag.length; i++)
        if (tag.bytes[i] == ' ')
            at = i + 1;
    return number_at(tag, at);
}

/* The same, and 1, of a statement that makes a table: "SELECT 5"; 0: it is not known. */
static uint64_t
written_by(const struct answering *a, struct view tag)
{
    const struct result *r = &a->o->result;
    static const char select[] = "SELECT ";
    uint64_t rows;

    if (r->rows_before != 0) /* the tag has those of the last portion */
        return 0;
    if (tag.length > strlen(select) && memcmp(tag.bytes, select, strlen(select)) == 0) {
        if (!r->statement || r->statement->special != SPECIAL_DDL)
            return 0; /* mostly: it tells what was read */
        rows = number_at(tag, strlen(select));
    } else {
        rows = rows_of_tag(tag);
    }
    return rows == UINT64_MAX ? 0 : rows + 1;
}

/* Of a text that is not understood, and can be several statements: what this one has shown counts
 * as everybody already, or it is one that stores nothing. */
static bool
is_told(const struct answering *a, struct view tag)
{
    static const char *const silent[] = {
        "BEGIN",          "COMMIT",       "ROLLBACK",  "SAVEPOINT",
        "RELEASE",        "SET",          "RESET",     "START TRANSACTION",
        "DECLARE CURSOR", "CLOSE CURSOR", "DEALLOCATE"};

    for (size_t i = 0; i < COUNT_OF(silent); i++)
        if (view_equal(tag, view_of_text(silent[i])))
            return true;
    return a->o->result.rows > 0;
}

/* Whether the statement puts something under others' keys, or anywhere. */
static bool
can_move(const struct answering *a)
{
    const struct plan_statement *statement = a->o->result.statement;

    return statement && statement->moved_fields;
}

/* What it has put there. */
static int
tell_moved(struct answering *a, uint64_t rows, struct view tag)
{
    const struct plan_statement *statement = a->o->result.statement;

    if (rows == 0 || (!statement->is_understood && is_told(a, tag)))
        return 0;
    return expose_moved(a->s, statement, rows);
}

/* CommandComplete, EmptyQueryResponse: the statement has succeeded, and what it does to names has
 * happened. */
static int
command_complete(struct answering *a, const uint8_t *message, size_t length)
{
    struct exchange *x = &a->o->exchange;
    struct exchange_request *request = exchange_first(x);
    struct view tag = {0};
    int result;

    if (!request || (request->step != STEP_QUERY && request->step != STEP_EXECUTE))
        return a->s->is_replication ? answer_pass(a, message, length) : PASU_E_UPSTREAM_PROTOCOL;
    if (PASU_UNLIKELY(request->is_refused))
        return PASU_E_UPSTREAM_PROTOCOL;
    result = message[0] == 'I' ? 0 : result_open_silent(a->s, request);
    result = result == 0 ? finish_result(a) : result;
    if (length > WALK_HEAD)
        tag = view_of(message + WALK_HEAD, length - WALK_HEAD - 1);
    if (result == 0 && length > WALK_HEAD && can_move(a))
        result = tell_moved(a, rows_of_tag(tag), tag);
    a->o->result.written = written_by(a, tag);
    written_told(a->o, tag.length > 0 ? rows_of_tag(tag) : UINT64_MAX, true);
    result_remember(a->o);
    growth_add(catalog_store_growth(a->o->place), &a->o->grown, a->o->catalog,
               a->s->settings->slots, a->o->result.statement,
               view_of(message + WALK_HEAD, length - WALK_HEAD));
    result = result == 0 ? result_effects(a->s, request) : result;
    result_close(a->o);
    shadow_end(a->o);
    if (request->step == STEP_EXECUTE)
        exchange_done(x);
    else
        x->statement++;
    return result == 0 ? answer_pass(a, message, length) : result;
}

static int
portal_suspended(struct answering *a, const uint8_t *message, size_t length)
{
    struct exchange_request *request = exchange_first(&a->o->exchange);
    int result = answer_settle(a);

    if (!request || request->step != STEP_EXECUTE)
        return PASU_E_UPSTREAM_PROTOCOL;
    /* All rows have been written, also where not all that RETURNING says is ever fetched. */
    if (result == 0 && can_move(a))
        result = tell_moved(a, UINT64_MAX, view_of("", 0));
    written_told(a->o, UINT64_MAX, false);
    result_remember(a->o);
    result = result == 0 && a->o->result.statement ? result_effects(a->s, request) : result;
    result_close(a->o);
    shadow_end(a->o);
    exchange_done(&a->o->exchange);
    return result == 0 ? answer_pass(a, message, length) : result;
}

/* ---- the others ---- */

static int
confirmed(struct answering *a, const uint8_t *message, size_t length, enum exchange_step step)
{
    struct exchange_request *request = exchange_first(&a->o->exchange);
    int result;

    if (!request || request->step != step || request->is_refused)
        return PASU_E_UPSTREAM_PROTOCOL;
    result = result_confirm(a->s, request);
    exchange_done(&a->o->exchange);
    return result == 0 ? answer_pass(a, message, length) : result;
}

static int
ready(struct answering *a, const uint8_t *message, size_t length)
{
    struct observer *o = a->o;
    int result = answer_settle(a);

    result_close(o);
    preface_end(o);
    shadow_end(o);
    exchange_ready(&o->exchange);
    o->is_muted = a->s->is_left;
    result = result == 0 ? written_over(a->s) : result;
    if (PASU_UNLIKELY(written_follows(o)))
        return result;
    if (PASU_UNLIKELY(o->is_cancelling))
        o->is_ready_held = a->s->client.is_held = true;
    if (a->s->transaction == 'I' && result == 0)
        result = result_transaction_over(a->s);
    if (a->s->transaction == 'I')
        administration_over(a->s);
    else if (PASU_UNLIKELY(o->is_role_new)) /* a transaction had begun before, with no Sync */
        o->role[0] = '\0';
    o->is_role_new = false;
    if (o->exchange.count == 0) {
        o->is_unsettled = o->is_taken = false;
        hidden_settle(o);
    }
    underway_answered(a->s);
    if (PASU_UNLIKELY(retry_is_ready(o)))
        return result;
    retry_forget(o);
    return result == 0 ? answer_pass(a, message, length) : result;
}

static int
no_data(struct answering *a, const uint8_t *message, size_t length)
{
    struct exchange_request *request = exchange_first(&a->o->exchange);
    const struct plan_statement *described;
    uint8_t hidden;
    bool is_ours;
    int result;

    if (!request || request->step != STEP_DESCRIBE)
        return PASU_E_UPSTREAM_PROTOCOL;
    is_ours = request->is_ours;
    result = result_described(a->o, request, view_of("", 0), &hidden, &described);
    exchange_done(&a->o->exchange);
    return result == 0 && !is_ours ? answer_pass(a, message, length) : result;
}

/* The dialect has changed, and no text has said that it would: what was asked behind it was read as
 * it is no more. It counts as all that it can be, what has left already and what comes. */
static int
misread(struct answering *a)
{
    struct observer *o = a->o;
    struct judgement judgement; /* what it would block is gone, or waits for its own */
    uint64_t fields, kinds;
    int result = answer_settle(a);

    observer_all(a->s, &fields, &kinds);
    o->unseen_fields |= fields;
    o->unseen_kinds |= kinds;
    exchange_doubt(&o->exchange);
    if (result == 0 && fields)
        result = expose_words(a->s, NULL, fields, kinds, FLAG_BIT(DIALECT), &judgement);
    return result;
}

static int
parameter_status(struct answering *a, const uint8_t *message, size_t length)
{
    struct observer *o = a->o;
    const struct encoding *encoding = o->client_encoding;
    bool is_odd_strings = o->is_odd_strings, is_odd_encoding = o->is_odd_encoding;
    struct reader r = reader_of(view_of(message + WALK_HEAD, length - WALK_HEAD));
    struct view name = reader_text(&r), value = reader_text(&r);

    if (reader_end(&r) != 0)
        return PASU_E_UPSTREAM_PROTOCOL;
    observer_parameter(a->s, name, value);
    if (PASU_UNLIKELY(o->is_taken &&
                      (o->is_odd_strings != is_odd_strings ||
                       o->is_odd_encoding != is_odd_encoding || o->client_encoding != encoding))) {
        int result = misread(a);

        if (result != 0)
            return result;
    }
    return answer_pass_always(a, message, length);
}

/* Where a question goes before the statement: its answer is not the client's. */
static int
take_preface(struct answering *a, const uint8_t *message, size_t length, bool *is_taken)
{
    *is_taken = false;
    if (message[0] != 'T' && message[0] != 'D' && message[0] != 'C' && message[0] != 'H')
        return 0;
    return preface_take(a->o, message, length, is_taken);
}

/* An answer to a question of ours; what the server says to nobody in particular is the client's. */
static bool
is_ours(const struct answering *a, uint8_t type)
{
    const struct exchange_request *request = exchange_first(&a->o->exchange);

    return request && request->is_ours && request->step == STEP_QUERY && type != 'S' && type != 'A';
}

/* The ReadyForQuery behind the last question about counts is the client's. */
static int
answer_ours(struct answering *a, const uint8_t *message, size_t length)
{
    const struct exchange_request *request = exchange_first(&a->o->exchange);
    bool is_last = request->function >= WRITTEN_AFTER;
    int result;

    if (!request->function)
        return unveil_answer(a->s, message[0]);
    if (message[0] == 'E' && written_is_fatal(message, length))
        return answer_pass(a, message, length);
    if (message[0] != 'Z')
        return written_answer(a->s, request, message, length);
    if ((result = written_ready(a->s, request)) == 0 && is_last)
        return ready(a, message, length);
    exchange_ready(&a->o->exchange);
    underway_answered(a->s);
    return result;
}

int
answer_message(struct answering *a, const uint8_t *message, size_t length)
{
    bool is_taken;
    int result = take_preface(a, message, length, &is_taken);

    if (PASU_UNLIKELY(result != 0 || is_taken))
        return result;
    if (PASU_UNLIKELY(is_ours(a, message[0])))
        return answer_ours(a, message, length);
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
        return answer_error(a, message, length);
    case 'N':
        return answer_notice(a, message, length);
    case 'A':
        return answer_notification(a, message, length);
    case 'S':
        return parameter_status(a, message, length);
    case 'H':
        return copy_out_begin(a, message, length);
    case 'd':
        return copy_out_data(a, message, length);
    case 'W':
        return copy_out_bound(a, message, length, FLAG_BIT(REPLICATION));
    case 'Z':
        return ready(a, message, length);
    default:
        return answer_pass(a, message, length);
    }
}
