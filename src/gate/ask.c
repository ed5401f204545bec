/* SPDX-License-Identifier: Apache-2.0 */
/* One message of a client: planned, queued, and sent on as it is or changed. See ask.h. */
#include "gate/ask.h"

#include "base/memory.h"
#include "gate/call.h"
#include "gate/doubt.h"
#include "gate/hidden.h"
#include "gate/instruments.h"
#include "gate/keep.h"
#include "gate/preface.h"
#include "gate/renew.h"
#include "gate/rest.h"
#include "gate/retry.h"
#include "gate/source_claim.h"
#include "gate/unveil.h"
#include "gate/verdict.h"
#include "postgres/envelope.h"

/* The text that goes out instead of a refused one: no server takes it for anything, so that its
 * error has the right place in the protocol; answer.c puts the refusal in its place. */
#define REFUSED_TEXT "pasu refused this statement"

/* ---- what goes out ---- */

int
ask_change(struct asking *a)
{
    if (a->is_changed)
        return 0;
    a->is_changed = true;
    a->tools->out_length = 0;
    return instruments_put(a->tools, a->start, (size_t)(a->at - a->start));
}

static int
put(struct asking *a, const void *bytes, size_t length)
{
    int result = ask_change(a);

    return result == 0 ? instruments_put(a->tools, bytes, length) : result;
}

/* A message of a type and up to three pieces. */
static int
put_message(struct asking *a, char type, const struct view *pieces, size_t count)
{
    uint8_t head[WALK_HEAD] = {(uint8_t)type};
    size_t length = 4;
    int result;

    for (size_t i = 0; i < count; i++)
        length += pieces[i].length;
    bytes_put_u32(head + 1, (uint32_t)length);
    result = put(a, head, sizeof(head));
    for (size_t i = 0; i < count && result == 0; i++)
        result = put(a, pieces[i].bytes, pieces[i].length);
    return result;
}

/* Bytes in hand go out as they are. */
int
ask_pass(struct asking *a, const uint8_t *bytes, size_t length)
{
    if (PASU_UNLIKELY(a->is_changed))
        return instruments_put(a->tools, bytes, length);
    a->at = bytes + length;
    return 0;
}

static void
set_name(char name[EXCHANGE_NAME_SIZE], struct view text)
{
    text_from_view(name, EXCHANGE_NAME_SIZE, text);
}

/* ---- the dialect ---- */

/* What is about to be run can change how the texts behind it are read: those that come before the
 * server has said which way it went have two readings. */
static void
unsettle(struct observer *o, const struct plan *plan)
{
    const struct plan_statement *meant;
    struct view types;

    o->is_unsettled |= !plan || plan->may_change_dialect;
    for (size_t i = 0; !o->is_unsettled && i < plan->statement_count; i++) {
        const struct plan_statement *s = &plan->statements[i];
        const struct plan *other = plan;

        if (s->special == SPECIAL_EXECUTE)
            other = exchange_expected(&o->exchange, s->name, &meant, &types);
        else if (s->special == SPECIAL_FETCH)
            other = exchange_expected_portal(&o->exchange, s->name, &meant);
        /* Code in the server can do it without its name in the text. */
        o->is_unsettled = !other || other->may_change_dialect || (s->flags & PLAN_OPAQUE) ||
                          s->verb == VERB_DO || s->verb == VERB_CALL;
    }
}

/* Whether one of them tells or keeps what a prepared statement returns, column by column, and some
 * of those are hidden: what the server was given for it cannot be taken back. */
static bool
tells_hidden(const struct observer *o, const struct plan_statement *statements, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct plan_statement *meant;
        struct view types;

        if (PASU_LIKELY(!statements[i].tells))
            continue;
        (void)exchange_expected(&o->exchange, statements[i].tells, &meant, &types);
        if (meant && meant->hidden_count > 0)
            return true;
    }
    return false;
}

/* ---- texts ---- */

/* The text that goes out for a request's plan: the refusal's, the plan's own, or the template's
 * plan carried over to the text. bytes NULL: the text as it is. */
static int
text_for(struct asking *a, const struct exchange_request *request, struct view text,
         struct view *instead)
{
    const struct plan *plan = request->plan;
    ssize_t n;

    *instead = request->is_refused ? VIEW(REFUSED_TEXT) : plan->rewritten;
    if (!request->is_templated || request->is_refused || !plan->rewritten.bytes)
        return 0;
    n = template_rewrite(plan, text, a->tools->text, sizeof(a->tools->text));
    *instead = view_of(a->tools->text, n > 0 ? (size_t)n : 0);
    return n > 0 ? 0 : PASU_E_MESSAGE_INVALID;
}

/* The template's plan knows nothing of the text's comment. */
static int
keep_claim(struct asking *a, struct exchange_request *request, struct view text)
{
    struct claim claim;

    if (PASU_LIKELY(!a->tools->template.is_cut) || !claim_read(&claim, text))
        return 0;
    a->o->actor.asked = request->claim =
        (struct claim *)memory_dup((const uint8_t *)&claim, sizeof(claim));
    return request->claim ? 0 : PASU_E_NOMEM;
}

/* What is judged and recorded now is of a text with that plan (NULL: of none that is known). */
static void
set_claim(struct asking *a, const struct plan *plan)
{
    a->o->actor.asked = plan ? plan->claim : NULL;
}

/* As it was looked at just now (gate/approval_ask.c), or anew. */
static int
plan_query(struct asking *a, struct view text, struct plan **plan, bool *is_templated)
{
    if (PASU_LIKELY(!a->looked) || a->looked_text.bytes != text.bytes ||
        a->looked_text.length != text.length)
        return observer_plan_query(a->s, text, plan, is_templated);
    *plan = a->looked;
    a->looked = NULL;
    *is_templated = true;
    return 0;
}

static int
ask_query(struct asking *a, const uint8_t *message, size_t length, struct view body)
{
    struct exchange_request *request;
    struct view text, instead;
    struct plan *plan;
    bool is_templated;
    int result;

    if (PASU_UNLIKELY(a->looked && a->looked_text.bytes == body.bytes))
        text = a->looked_text; /* of this message: it was read then */
    else if (ask_read_query(&text, body) != 0)
        return PASU_E_MESSAGE_INVALID;
    result = plan_query(a, text, &plan, &is_templated);
    if (result != 0)
        return result;
    result = unveil_before(a, 'Q', plan, NULL);
    result = result == 0 ? written_before(a, 'Q', plan, NULL) : result;
    request = result == 0 ? exchange_add(&a->o->exchange, STEP_QUERY) : NULL;
    if (!request) {
        plan_release(plan);
        return PASU_E_NOMEM;
    }
    request->plan = plan;
    request->is_telling = tells_hidden(a->o, plan->statements, plan->statement_count) ||
                          hidden_is_told(a->o, plan, NULL);
    request->is_borrowing = hidden_is_borrowed(a->o, plan);
    request->is_refused = plan->refusal || request->is_telling || request->is_borrowing;
    hidden_note(a->o, plan);
    request->is_templated = is_templated;
    set_claim(a, plan);
    observer_hears(a->s, plan);
    result = is_templated ? keep_claim(a, request, text) : 0;
    if (result != 0)
        return result;
    request->is_unasked = !a->o->identity && plan->statement_count == 1 &&
                          plan->statements[0].special != SPECIAL_COPY_OUT;
    request->is_alone = !a->o->is_unsynced;
    a->o->is_unsynced = a->o->is_turning = false;
    unsettle(a->o, plan);
    exchange_note_names(&a->o->exchange, request);
    result = request->is_refused ? 0 : verdict_ask(a->s, request, plan);
    result = result == 0 ? keep_ask(a->s, request, plan) : result;
    if (result == 0)
        result = administration_ask(a->s, request, plan);
    for (size_t i = 0; i < plan->statement_count && result == 0 && !request->is_refused; i++)
        result = intent_ask(a->s, plan, &plan->statements[i]);
    if (result == 0 && is_templated)
        result =
            ask_pin_all(a, plan, &plan->statements[0], &(struct ask_values){0}, &request->pinned);
    if (result == 0)
        result = text_for(a, request, text, &instead);
    if (result != 0)
        return result;
    if (PASU_LIKELY(!instead.bytes && preface_of(request).length == 0))
        return ask_pass(a, message, length);
    instead = instead.bytes ? instead : text;
    return put_message(a, 'Q', (struct view[]){preface_of(request), instead, view_of("", 1)}, 3);
}

static int
keep_bytes(struct exchange_request *request, struct view bytes)
{
    uint8_t *copy;

    if (bytes.length == 0)
        return 0;
    copy = (uint8_t *)memory_dup(bytes.bytes, bytes.length);
    if (!copy)
        return PASU_E_NOMEM;
    request->bytes = view_of(copy, bytes.length);
    return 0;
}

static int
ask_parse(struct asking *a, const uint8_t *message, size_t length, struct view body)
{
    struct exchange_request *request;
    struct ask_parse parse;
    struct plan *plan;
    struct view text;
    int result;

    if (ask_read_parse(&parse, body) != 0)
        return PASU_E_MESSAGE_INVALID;
    result = observer_plan_parse(a->s, parse.text, parse.types, &plan);
    if (result != 0)
        return result;
    result = unveil_before(a, parse.name.length == 0 ? 'Q' : 'P', plan, NULL);
    result = result == 0 ? written_before(a, 'P', plan, NULL) : result;
    request = result == 0 ? exchange_add(&a->o->exchange, STEP_PARSE) : NULL;
    if (!request) {
        plan_release(plan);
        return PASU_E_NOMEM;
    }
    request->plan = plan;
    request->is_refused = plan->refusal != NULL;
    set_claim(a, plan);
    observer_hears(a->s, plan);
    set_name(request->name, parse.name);
    result = keep_bytes(request, parse.types);
    if (result == 0 && !request->is_refused)
        result = verdict_ask(a->s, request, plan);
    if (result != 0)
        return result;
    if (PASU_LIKELY(!request->is_refused && !plan->rewritten.bytes))
        return ask_pass(a, message, length);
    text = request->is_refused ? VIEW(REFUSED_TEXT) : plan->rewritten;
    /* Everything but the text is taken over: the name with its zero, the number of types, the
     * types. */
    return put_message(a, 'P',
                       (struct view[]){view_of(parse.name.bytes, parse.name.length + 1), text,
                                       view_of("", 1),
                                       view_of(parse.types.bytes - 2, parse.types.length + 2)},
                       4);
}

/* ---- values ---- */

int
ask_take_plan(struct asking *a, struct exchange_request *request, const struct plan *plan)
{
    int result;

    result = doubt_renew(a->s, (struct plan *)(uintptr_t)plan, request->bound, &request->plan,
                         &request->bound);
    request->is_doubtful = result > 0;
    return result < 0 ? result : 0;
}

/* Formats for the hidden columns go before the client's, where it names one a column. */
static int
put_bind(struct asking *a, struct view body, const struct ask_bind *bind, uint8_t hidden,
         struct exchange_request *request)
{
    uint8_t more[2 + 2 * PLAN_HIDDEN_MAX] = {0};
    size_t count = bind->results.length / 2 + hidden;
    uint8_t *formats;
    int result;

    more[0] = (uint8_t)(count >> 8);
    more[1] = (uint8_t)count;
    result = put_message(a, 'B',
                         (struct view[]){view_of(body.bytes, bind->results_at),
                                         view_of(more, 2 + 2u * hidden), bind->results},
                         3);
    formats = memory_new(2 * count, 1);
    if (!formats)
        return PASU_E_NOMEM;
    memcpy(formats + 2u * hidden, bind->results.bytes, bind->results.length);
    request->bytes = view_of(formats, 2 * count);
    return result;
}

/* A refused Bind or Execute goes out as the Parse of a text that no server takes: whatever names
 * the client has given, one of them could be one that is not to be there. A statement with a name,
 * since the one without would be gone. */
static int
put_refused(struct asking *a)
{
    return put_message(a, 'P',
                       (struct view[]){view_of(REFUSED_TEXT, sizeof(REFUSED_TEXT)),
                                       view_of(REFUSED_TEXT, sizeof(REFUSED_TEXT)),
                                       view_of("\0", 2)},
                       3);
}

/* One code for all columns, and that is text: as if there were none. */
static bool
is_all_text(struct view results)
{
    return results.length == 2 && bytes_get_u16(results.bytes) == 0;
}

static int
ask_bind(struct asking *a, const uint8_t *message, size_t length, struct view body)
{
    struct exchange_request *request;
    const struct plan *plan;
    const struct plan_statement *statement;
    struct ask_bind bind PASU_UNINITIALIZED;
    struct view types;
    struct prepared *prepared;
    char name[EXCHANGE_NAME_SIZE];
    uint8_t hidden;
    int result;

    if (ask_read_bind(&bind, body) != 0)
        return PASU_E_MESSAGE_INVALID;
    observer_renew(a->s);
    set_name(name, bind.statement);
    plan = exchange_expected(&a->o->exchange, name, &statement, &types);
    prepared = exchange_prepared(&a->o->exchange, name);
    if (prepared && prepared->plan == plan && prepared->statement == statement) {
        result = renew_prepared(a->s, prepared); /* what it is to mean by then is planned anew */
        if (result != 0)
            return result;
        plan = prepared->plan;
        statement = prepared->statement;
    }
    result = unveil_before(a, 'B', plan, statement);
    result = result == 0 ? written_before(a, 'B', plan, statement) : result;
    plan = exchange_expected(&a->o->exchange, name, &statement, &types);
    request = result == 0 ? exchange_add(&a->o->exchange, STEP_BIND) : NULL;
    if (!request)
        return PASU_E_NOMEM;
    set_name(request->name, bind.portal);
    memcpy(request->statement, name, sizeof(name));
    request->bound = statement;
    result = plan ? ask_take_plan(a, request, plan) : 0;
    if (result != 0)
        return result;
    statement = request->bound;
    set_claim(a, request->plan);
    if (statement) {
        request->is_telling =
            tells_hidden(a->o, statement, 1) || hidden_is_told(a->o, request->plan, statement);
        request->is_borrowing = hidden_is_borrowed_with(a->o, request->plan, &bind);
        a->o->is_borrowing |= request->is_borrowing;
        request->is_refused = request->is_telling || request->is_borrowing;
        if (request->is_refused)
            return put_refused(a);
        result = keep_bind(a->s, request, statement);
        if (result == 0 && request->is_refused)
            return put_refused(a);
        if (result != 0)
            return result;
        result = ask_pin_all(a, request->plan, statement, &(struct ask_values){&bind, types},
                             &request->pinned);
        if (result != 0)
            return result;
        hidden = bind.results.length > 2 ? hidden_expected(a->o, statement) : 0;
        if (hidden > 0)
            return put_bind(a, body, &bind, hidden, request);
    }
    result = is_all_text(bind.results) ? 0 : keep_bytes(request, bind.results);
    return result == 0 ? ask_pass(a, message, length) : result;
}

/* ---- the others ---- */

static int
ask_target(struct asking *a, const uint8_t *message, size_t length, struct view body,
           enum exchange_step step)
{
    struct exchange_request *request;
    struct ask_target target;

    if (ask_read_target(&target, body) != 0)
        return PASU_E_MESSAGE_INVALID;
    request = exchange_add(&a->o->exchange, step);
    if (!request)
        return PASU_E_NOMEM;
    request->is_portal = target.is_portal;
    set_name(request->name, target.name);
    return ask_pass(a, message, length);
}

/* Queues one that a rule refuses (asked->is_refused); in `asked` is what was said of it. */
static int
judge_execute(struct asking *a, struct exchange_request *asked, const struct plan *plan,
              const struct plan_statement *statement)
{
    struct exchange_request *request;
    int result = plan && !statement ? 0 : verdict_execute(a->s, asked, statement);

    if (result != 0 || PASU_LIKELY(!asked->is_refused))
        return result;
    request = exchange_add(&a->o->exchange, STEP_EXECUTE);
    if (!request) {
        memory_free(asked->ruling);
        return PASU_E_NOMEM;
    }
    memcpy(request->name, asked->name, sizeof(request->name));
    request->is_refused = true;
    request->is_last = asked->is_last;
    request->ruling = asked->ruling;
    request->ruled = asked->ruled;
    return put_refused(a);
}

static int
ask_execute(struct asking *a, const uint8_t *message, size_t length, struct view body)
{
    struct exchange_request asked = {.step = STEP_EXECUTE}, *request;
    const struct plan_statement *statement;
    const struct plan *plan;
    struct ask_execute execute;
    char name[EXCHANGE_NAME_SIZE];
    int result;

    if (ask_read_execute(&execute, body) != 0)
        return PASU_E_MESSAGE_INVALID;
    set_name(name, execute.portal);
    plan = exchange_expected_portal(&a->o->exchange, name, &statement);
    set_claim(a, plan);
    memcpy(asked.name, name, sizeof(asked.name));
    result = unveil_before(a, 'E', plan, statement);
    result = result == 0 ? written_before(a, 'E', plan, statement) : result;
    if (result == 0)
        result = judge_execute(a, &asked, plan, statement);
    if (result != 0 || PASU_UNLIKELY(asked.is_refused))
        return result;
    unsettle(a->o, plan);
    if (plan)
        hidden_note(a->o, plan);
    rest_execute(a->o, statement);
    result = intent_ask(a->s, plan, statement);
    if (result == 0)
        result = administration_execute(a->s, statement);
    if (result != 0)
        return result;
    /* The server must say what the columns are, also where the client does not care to ask. */
    if (exchange_must_describe(&a->o->exchange, name)) {
        result = put_message(a, 'D', (struct view[]){VIEW("P"), execute.portal, view_of("", 1)}, 3);
        if (result != 0)
            return result;
        request = exchange_add(&a->o->exchange, STEP_DESCRIBE);
        if (!request)
            return PASU_E_NOMEM;
        pipeline_ask(&a->s->pipeline);
        request->is_ours = request->is_portal = true;
        memcpy(request->name, name, sizeof(name));
    }
    request = exchange_add(&a->o->exchange, STEP_EXECUTE);
    if (!request)
        return PASU_E_NOMEM;
    memcpy(request->name, name, sizeof(name));
    request->is_approved = asked.is_approved;
    request->approved = asked.approved;
    request->is_alone = !a->o->is_unsynced;
    a->o->is_unsynced = true;
    a->o->is_turning |= !(statement && statement->verb == VERB_BEGIN) && observer_can_turn(a->o);
    exchange_note_names(&a->o->exchange, request);
    return ask_pass(a, message, length);
}

static int
ask_plain(struct asking *a, const uint8_t *message, size_t length, enum exchange_step step)
{
    struct exchange_request *request = exchange_add(&a->o->exchange, step);

    if (!request)
        return PASU_E_NOMEM;
    request->is_behind_copy = a->s->pipeline.is_copy_over;
    a->o->is_unsynced = a->o->is_turning = false;
    return ask_pass(a, message, length);
}

/* A refused call goes out as one of a function that cannot be: number 0, no arguments. */
static int
ask_call(struct asking *a, const uint8_t *message, size_t length)
{
    static const uint8_t nothing[10] = {0};
    uint32_t function = length >= WALK_HEAD + 4 ? bytes_get_u32(message + WALK_HEAD) : 0;
    int result = unveil_all(a, 'F');
    struct exchange_request *request;

    result = result == 0 ? written_call(a, function) : result;
    request = result == 0 ? exchange_add(&a->o->exchange, STEP_FUNCTION_CALL) : NULL;
    if (!request)
        return PASU_E_NOMEM;
    a->o->is_unsettled = true;
    blank_spoil(a->o);
    request->function = function;
    request->is_borrowing =
        hidden_is_borrowed_by_call(a->o, view_of(message + WALK_HEAD, length - WALK_HEAD));
    a->o->is_borrowing |= request->is_borrowing;
    request->is_refused = request->is_borrowing || observer_refuses_call(a->s, request->function);
    result = request->is_refused ? 0 : call_plan(a->s, request);
    request->is_refused |= request->plan && request->plan->refusal;
    if (result == 0)
        result = verdict_call(a->s, request);
    if (result == 0 && !request->is_refused)
        result = call_pins(a, request, view_of(message + WALK_HEAD, length - WALK_HEAD));
    if (result == 0 && request->plan)
        result = administration_ask(a->s, request, request->plan);
    if (result != 0)
        return result;
    if (request->is_refused)
        return put_message(a, 'F', (struct view[]){view_of(nothing, sizeof(nothing))}, 1);
    return ask_pass(a, message, length);
}

static int
take_message(struct asking *a, const uint8_t *message, size_t length)
{
    struct view body = view_of(message + WALK_HEAD, length - WALK_HEAD);

    switch (message[0]) {
    case 'Q':
        return ask_query(a, message, length, body);
    case 'P':
        return ask_parse(a, message, length, body);
    case 'B':
        return ask_bind(a, message, length, body);
    case 'D':
        return ask_target(a, message, length, body, STEP_DESCRIBE);
    case 'C':
        return ask_target(a, message, length, body, STEP_CLOSE);
    case 'E':
        return ask_execute(a, message, length, body);
    case 'S':
        return walk_is_ignored(a->s, 'S') ? ask_pass(a, message, length)
                                          : ask_plain(a, message, length, STEP_SYNC);
    case 'F':
        return ask_call(a, message, length);
    default:
        return ask_pass(a, message, length);
    }
}

/* One whole message. */
int
ask_message(struct asking *a, const uint8_t *message, size_t length)
{
    int result;

    a->o->actor.asked = NULL;
    a->o->actor.is_asking = true;
    source_claim_begin(a->s);
    result = take_message(a, message, length);
    result = result == 0 ? retry_asked(a->s, message, length) : result;
    result = result == 0 ? written_after(a, message[0]) : result;
    source_claim_asked(a->s);
    a->o->actor.is_asking = false;
    approval_asked(a->s);
    return result;
}
