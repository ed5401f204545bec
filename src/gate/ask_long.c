/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of a client that are too long to be read whole, and pass in pieces. See ask.h. */
#include "gate/ask.h"

#include "base/memory.h"
#include "gate/call.h"
#include "gate/expose.h"
#include "gate/hidden.h"
#include "gate/instruments.h"
#include "gate/keep.h"
#include "gate/release.h"
#include "gate/unveil.h"
#include "gate/verdict.h"
#include "postgres/long_text.h"
#include "postgres/response.h"

enum { REFUSAL_SIZE = 1280 };

/* It is recorded, and the session ends: the server has the beginning of the message, and can only
 * throw it away. */
static int
refuse(struct asking *a, const struct plan *plan)
{
    struct exchange_request *request = exchange_newest(&a->o->exchange);
    int result = expose_refusal(a->s, plan);

    if (request)
        request->is_refused = true; /* it will not be run */
    return result == 0 ? PASU_E_REFUSED : result;
}

static int
begin_text(struct asking *a, bool has_name)
{
    struct observer *o = a->o;

    ask_end_text(o);
    observer_renew(a->s);
    o->long_text = memory_new(1, sizeof(*o->long_text));
    if (!o->long_text)
        return PASU_E_NOMEM;
    long_text_begin(o->long_text, o->catalog, observer_is_plain(o), has_name);
    return 0;
}

void
ask_end_text(struct observer *o)
{
    if (o->long_text) {
        long_text_end(o->long_text);
        memory_free(o->long_text);
    }
    o->long_text = NULL;
}

/* All of its words have been seen. The server has not: nobody else has its plan. */
static int
settle_text(struct asking *a)
{
    struct exchange_request *request = exchange_newest(&a->o->exchange);
    int result = 0;

    if (request && request->plan && !long_text_stores(a->o->long_text)) {
        plan_release(request->plan);
        request->plan = NULL;
        result = observer_plan_unknown(a->s, 0, false, &request->plan);
    }
    ask_end_text(a->o);
    return result;
}

int
ask_piece(struct asking *a, const uint8_t *bytes, size_t length)
{
    int result = 0;

    if (a->o->long_text && !long_text_read(a->o->long_text, view_of(bytes, length)))
        return refuse(a, NULL);
    if (a->o->long_text && a->s->from_client.left == 0)
        result = settle_text(a);
    if (result == 0)
        result = ask_pass(a, bytes, length);
    return result == 0 && a->s->from_client.left == 0 ? written_long(a) : result;
}

/* The same, of what a rule refuses; where no answer is under way, the client is told which. */
static int
refuse_ruled(struct asking *a, struct exchange_request *request)
{
    const int code = request->is_last ? PASU_E_RULE_CLOSES : PASU_E_RULE;
    uint8_t space[REFUSAL_SIZE];
    struct writer w = writer_of(space, sizeof(space));
    int result = verdict_refused(a->s, request);

    written_unsent(a->o);
    if (result != 0 || a->s->from_server.left > 0)
        return result == 0 ? code : result;
    response_error(&w, SEVERITY_FATAL, code, verdict_message(request->ruling));
    a->o->is_ended = true;
    result = release_batch(a->s, &(struct batch){.bytes = space, .length = writer_length(&w)});
    return result == 0 ? code : result;
}

/* A text too long to be planned: it can show anything. What it may not do at all is looked for. */
static int
ask_long_text(struct asking *a, enum exchange_step step, struct view start)
{
    struct reader r = reader_of(start);
    struct view name = step == STEP_PARSE ? reader_text(&r) : view_of("", 0);
    int result = unveil_all(a, step == STEP_PARSE ? 'P' : 'Q');
    struct exchange_request *request;

    if (result == 0)
        result = written_before(a, step == STEP_PARSE ? 'P' : 'Q', NULL, NULL);
    request = result == 0 ? exchange_add(&a->o->exchange, step) : NULL;
    if (!request)
        return PASU_E_NOMEM;
    if (r.failed)
        return PASU_E_ASK_TOO_LONG;
    text_from_view(request->name, EXCHANGE_NAME_SIZE, name);
    result = begin_text(a, step == STEP_PARSE);
    a->o->is_unsettled = a->o->is_borrowing = true;
    if (result == 0)
        result = observer_plan_unknown(a->s, 0, true, &request->plan);
    if (result == 0 && request->plan->refusal)
        return refuse(a, request->plan);
    if (result == 0)
        result = verdict_ask(a->s, request, request->plan);
    return result == 0 && request->is_refused ? refuse_ruled(a, request) : result;
}

/* A Bind whose values are too long: its keys cannot be read, nor its formats changed. */
static int
ask_long_bind(struct asking *a, struct view start)
{
    struct exchange_request *request = exchange_add(&a->o->exchange, STEP_BIND);
    struct reader r = reader_of(start);
    struct view portal = reader_text(&r), statement = reader_text(&r), types;
    const struct plan_statement *meant;
    const struct plan *plan;
    int result;

    if (!request)
        return PASU_E_NOMEM;
    if (r.failed)
        return PASU_E_ASK_TOO_LONG;
    text_from_view(request->name, EXCHANGE_NAME_SIZE, portal);
    text_from_view(request->statement, EXCHANGE_NAME_SIZE, statement);
    plan = exchange_expected(&a->o->exchange, request->statement, &meant, &types);
    if (hidden_expected(a->o, meant) > 0 || (plan && hidden_is_borrowed(a->o, plan)))
        return PASU_E_ASK_TOO_LONG;
    request->bound = meant;
    result = plan ? ask_take_plan(a, request, plan) : 0;
    if (result == 0 && request->bound)
        result = keep_bind(a->s, request, request->bound);
    return result == 0 && request->is_refused ? PASU_E_ASK_TOO_LONG : result;
}

static int
ask_long_call(struct asking *a, struct view start)
{
    struct exchange_request *request;
    int result = unveil_all(a, 'F');

    if (result == 0)
        result = written_call(a, start.length >= 4 ? bytes_get_u32(start.bytes) : 0);
    if (result != 0)
        return result;
    request = exchange_add(&a->o->exchange, STEP_FUNCTION_CALL);
    if (!request)
        return PASU_E_NOMEM;
    a->o->is_unsettled = true;
    blank_spoil(a->o);
    request->function = start.length >= 4 ? bytes_get_u32(start.bytes) : 0;
    if (observer_refuses_call(a->s, request->function) || hidden_is_borrowed_by_call(a->o, start))
        return PASU_E_ASK_TOO_LONG;
    result = call_plan(a->s, request);
    if (result == 0)
        result = verdict_call(a->s, request);
    if (result == 0 && request->plan)
        result = administration_ask(a->s, request, request->plan);
    if (result == 0 && request->ruling)
        return refuse_ruled(a, request);
    return result == 0 && request->is_refused ? PASU_E_ASK_TOO_LONG : result;
}

int
ask_long(struct asking *a, const uint8_t *message, size_t have)
{
    struct view start = view_of(message + WALK_HEAD, have - WALK_HEAD);

    switch (message[0]) {
    case 'Q':
        return ask_long_text(a, STEP_QUERY, start);
    case 'P':
        return ask_long_text(a, STEP_PARSE, start);
    case 'B':
        return ask_long_bind(a, start);
    case 'F':
        return ask_long_call(a, start);
    default:
        return PASU_E_ASK_TOO_LONG; /* a name of a megabyte */
    }
}
