/* SPDX-License-Identifier: Apache-2.0 */
/* What a server says beside rows: errors, notices, notifications. */
#include "gate/answer.h"
#include "gate/preface.h"
#include "gate/release.h"
#include "gate/result.h"
#include "gate/retry.h"
#include "gate/scrub.h"
#include "gate/shadow.h"
#include "gate/speech.h"
#include "gate/verdict.h"
#include "postgres/response.h"

int
answer_put_position(struct answering *a, const uint8_t *message, size_t length,
                    struct view position, uint32_t number)
{
    char digits[12];
    int n = snprintf(digits, sizeof(digits), "%u", number);
    size_t before = (size_t)(position.bytes - message), after = before + position.length;
    size_t total = length - position.length + (size_t)n;
    uint8_t *to = a->out;

    if (n <= 0 || (size_t)n > position.length) /* what is put into a text makes it no shorter */
        return answer_pass(a, message, length);
    memmove(to, message, before);
    memcpy(to + before, digits, (size_t)n);
    memmove(to + before + (size_t)n, message + after, length - after);
    bytes_put_u32(to + 1, (uint32_t)(total - 1));
    a->out += total;
    return 0;
}

/* An error's position counts in the text that the server saw. */
static int
pass_error(struct answering *a, const uint8_t *message, size_t length, const struct plan *plan,
           size_t before)
{
    struct view body = view_of(message + WALK_HEAD, length - WALK_HEAD);
    struct view position = speech_field(body, 'P');
    uint32_t number;

    if (!plan || (plan->edit_count == 0 && before == 0) || !key_small_number(position, &number) ||
        number <= before)
        return answer_pass(a, message, length);
    return answer_put_position(a, message, length, position,
                               plan_error_position(plan, number - (uint32_t)before));
}

/* The plan of the text that an error's position counts in: Describe plans a statement anew, and so
 * does EXECUTE, in the text that PREPARE was in. */
static const struct plan *
text_of(const struct observer *o, const struct exchange_request *request)
{
    const struct plan_statement *statement = request ? result_statement(o, request) : NULL;
    const struct prepared *prepared = NULL;

    if (statement && statement->special == SPECIAL_EXECUTE && request->step != STEP_PARSE)
        prepared = exchange_prepared(&o->exchange, statement->name);
    else if (request && !request->plan && request->step == STEP_DESCRIBE && !request->is_portal)
        prepared = exchange_prepared(&o->exchange, request->name);
    else
        return request ? request->plan : NULL;
    return prepared ? prepared->plan : request->plan;
}

/* What a text shows, before it leaves. */
static int
expose_speech(struct answering *a, const struct exchange_request *request,
              const struct speech *speech, uint64_t flags, struct judgement *judgement)
{
    const struct plan_statement *statement = request ? result_statement(a->o, request) : NULL;
    int result = 0;

    if (speech->fields)
        result = expose_few(a->s, statement, speech->fields, speech->kinds, speech->most, flags,
                            judgement);
    if (result == 0 && speech->named_fields && !judgement->is_blocked && !judgement->is_withheld)
        result = expose_named(a->s, statement, speech, flags, judgement);
    return result;
}

/* Everybody counts once for all notices of a statement. */
static bool
is_spoken(const struct observer *o, const struct speech *speech)
{
    const struct exchange *x = &o->exchange;

    return speech->named_fields == 0 && x->count > 0 && o->spoken.fields != 0 &&
           o->spoken.request == x->added - x->count && o->spoken.statement == x->statement &&
           (speech->fields & ~o->spoken.fields) == 0 && (speech->kinds & ~o->spoken.kinds) == 0;
}

/* A notice that can be of anybody is on its way. */
static void
note_spoken(struct observer *o, const struct speech *speech)
{
    const struct exchange *x = &o->exchange;

    if (speech->most != UINT64_MAX || x->count == 0)
        return;
    o->spoken.request = x->added - x->count;
    o->spoken.statement = x->statement;
    o->spoken.fields = speech->fields;
    o->spoken.kinds = speech->kinds;
}

static bool
shows_somebody(const struct speech *speech)
{
    return speech->fields || speech->named_fields;
}

static int
say_error(struct answering *a, const uint8_t *message, size_t length,
          const struct exchange_request *request)
{
    struct view body = view_of(message + WALK_HEAD, length - WALK_HEAD);
    struct judgement judgement = {0};
    struct speech speech;
    int result;

    speech_of(a->s, true, body, &speech);
    if (shows_somebody(&speech) && scrub_is_on(a->s))
        return scrub_report(a, 'E', body, false);
    result = expose_speech(a, request, &speech, FLAG_BIT(ERROR_TEXT), &judgement);
    if (result == 0 && PASU_UNLIKELY(judgement.is_withheld))
        return scrub_report(a, 'E', body, true);
    if (result != 0 || judgement.is_blocked)
        return result != 0 ? result : answer_block(a, &judgement);
    return pass_error(a, message, length, text_of(a->o, request), preface_of(request).length);
}

int
answer_error(struct answering *a, const uint8_t *message, size_t length)
{
    struct observer *o = a->o;
    struct exchange_request *request = exchange_first(&o->exchange);
    bool is_taken, is_nothing = false;
    int result = retry_takes(a, message, length, &is_taken);

    if (PASU_UNLIKELY(result != 0 || is_taken))
        return result;
    result = answer_settle(a);
    o->blank.is_failed = o->actor.is_failed = true;
    if (result == 0 && request && request->is_refused) {
        result = o->is_muted && !request->is_last ? 0 : answer_refuse(a, request);
    } else if (result == 0 && !o->is_muted) {
        /* What is said need not be there any more. */
        is_nothing =
            request && verdict_names_nothing(result_statement(o, request),
                                             view_of(message + WALK_HEAD, length - WALK_HEAD));
        result = say_error(a, message, length, request);
    }
    if (result == 0 && request && !request->is_refused && !o->is_muted && !o->result.is_counted &&
        (request->step == STEP_QUERY || request->step == STEP_EXECUTE ||
         request->step == STEP_FUNCTION_CALL))
        result = verdict_done(a->s, result_statement(o, request), 0, is_nothing);
    if (result == 0 && request && !request->is_refused)
        result = result_failed(a->s, request);
    result_close(o);
    shadow_end(o);
    exchange_failed(&o->exchange);
    return result;
}

int
answer_notice(struct answering *a, const uint8_t *message, size_t length)
{
    struct exchange_request *request = exchange_first(&a->o->exchange);
    struct view body = view_of(message + WALK_HEAD, length - WALK_HEAD);
    struct judgement judgement = {0};
    struct speech speech;
    int result = 0;

    if (a->o->is_muted)
        return 0;
    speech_of(a->s, false, body, &speech);
    if (shows_somebody(&speech) && scrub_is_on(a->s))
        return scrub_report(a, 'N', body, false);
    if (shows_somebody(&speech) && !is_spoken(a->o, &speech)) {
        result = answer_settle(a);
        if (result == 0 && !a->o->is_muted)
            result = expose_speech(a, request, &speech, FLAG_BIT(NOTICE_TEXT), &judgement);
        if (result == 0 && !a->o->is_muted && !judgement.is_blocked && !judgement.is_withheld)
            note_spoken(a->o, &speech);
    }
    if (result == 0 && PASU_UNLIKELY(judgement.is_withheld))
        return scrub_report(a, 'N', body, true);
    if (result == 0 && PASU_UNLIKELY(judgement.is_last && request))
        return answer_block(a, &judgement);
    if (result != 0 || judgement.is_blocked)
        return result; /* a notice that may not be shown is left out */
    return answer_pass(a, message, length);
}

/* A payload of another session: it can be anything that a statement has put into one. */
int
answer_notification(struct answering *a, const uint8_t *message, size_t length)
{
    struct gate_shared *shared = a->s->worker->shared;
    struct view body = view_of(message + WALK_HEAD, length - WALK_HEAD);
    struct reader r = reader_of(body);
    struct judgement judgement = {0};
    struct view channel, payload;
    uint64_t fields = shared->notified_fields, kinds = shared->notified_kinds;
    uint32_t sender;
    int result = 0;

    sender = reader_u32(&r);
    channel = reader_text(&r);
    payload = reader_text(&r);
    if (fields && payload.length > 0 &&
        !notified_knows(&shared->notified, sender, channel, payload)) {
        if (scrub_is_on(a->s))
            return scrub_notification(a, body);
        result = answer_settle(a);
        if (result == 0)
            result = expose_few(a->s, NULL, fields, kinds, shared->notified_persons,
                                FLAG_BIT(NOTIFICATION), &judgement);
    }
    if (result == 0 && PASU_UNLIKELY(judgement.is_withheld))
        return scrub_notification(a, body);
    if (result != 0 || judgement.is_blocked)
        return result; /* it ends no session: others have sent it */
    return answer_pass_always(a, message, length);
}
