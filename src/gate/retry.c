/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/retry.h"

#include "base/memory.h"
#include "gate/answer.h"
#include "gate/result.h"
#include "gate/session.h"
#include "postgres/response.h"

static bool
is_end(uint8_t type)
{
    return type == 'Q' || type == 'S';
}

/* Whether the text of a message has gone out with hidden columns. */
static bool
is_rewritten(struct observer *o, uint8_t type)
{
    const struct exchange_request *request =
        type == 'Q' || type == 'P' ? exchange_newest(&o->exchange) : NULL;

    return request && request->plan && request->plan->rewritten.bytes && !request->is_refused;
}

int
retry_asked(struct session *s, const uint8_t *message, size_t length)
{
    struct observer *o = s->observer;
    struct retry *r = &o->retry;
    int result;

    if (r->is_again)
        return 0;
    if (r->state != RETRY_ASKING) {
        bool is_first = is_rewritten(o, message[0]) && o->exchange.count == 1 &&
                        s->transaction == 'I' && !o->is_waiting && !s->is_replication;

        r->state = RETRY_NONE;
        if (!is_first)
            return 0;
        r->asked.length = 0;
        r->first = o->exchange.added;
        r->state = RETRY_ASKING;
    }
    if (length > RETRY_MAX || r->asked.length > RETRY_MAX - length) {
        r->state = RETRY_NONE;
        return 0;
    }
    result = kept_add(&r->asked, message, length);
    if (result == 0 && is_end(message[0]))
        r->state = RETRY_ASKED;
    return result;
}

/* Whether the server reads the whole of a Query's first statement before it runs anything of it.
 * EXECUTE computes its arguments before what it runs is read anew: nextval() would be twice. */
static bool
is_read_first(const struct plan *plan)
{
    const struct plan_statement *statement =
        plan->statement_count > 0 ? &plan->statements[0] : NULL;

    if (!statement || statement->is_executed)
        return false;
    switch (statement->special) {
    case SPECIAL_NONE:
    case SPECIAL_PREPARE:
    case SPECIAL_DECLARE:
    case SPECIAL_COPY_OUT:
        return true;
    default:
        return false;
    }
}

/* Whether the server has read nothing more of the pipeline than that text. */
static bool
is_first(const struct observer *o)
{
    const struct exchange *x = &o->exchange;
    const struct exchange_request *request = exchange_first(x);

    return request && !request->is_refused && !request->is_ours && request->plan &&
           request->plan->rewritten.bytes && x->added - x->count + 1 == o->retry.first &&
           (request->step == STEP_PARSE || (request->step == STEP_QUERY && x->statement == 0 &&
                                            !o->result.is_open && is_read_first(request->plan)));
}

enum cause {
    CAUSE_OTHER,
    CAUSE_COLUMN, /* a column that is not there, or could be several, where a text is read */
    CAUSE_RIGHT,  /* a right that the role does not have */
};

/* What a hidden column can be the cause of: not within code. */
static enum cause
cause_of(const uint8_t *message, size_t length)
{
    struct reader r = reader_of(view_of(message + WALK_HEAD, length - WALK_HEAD));
    enum cause cause = CAUSE_OTHER;
    bool has_position = false;
    uint8_t field;

    while ((field = reader_u8(&r)) != 0) {
        struct view value = reader_text(&r);

        if (field == 'C' && (view_equal(value, VIEW("42703")) || view_equal(value, VIEW("42702"))))
            cause = CAUSE_COLUMN;
        else if (field == 'C' && view_equal(value, VIEW("42501")))
            cause = CAUSE_RIGHT;
        has_position |= field == 'P';
        if (field == 'W' || field == 'p' || field == 'q')
            return CAUSE_OTHER;
    }
    if (reader_end(&r) != 0 || (cause == CAUSE_COLUMN && !has_position))
        return CAUSE_OTHER;
    return cause;
}

/* Whether the server looks at the rights before it runs anything of it, and before it says what
 * comes: not where a statement returns what it has changed. */
static bool
is_allowed_first(const struct exchange_request *request)
{
    const struct plan_statement *statement = &request->plan->statements[0];

    return request->step == STEP_QUERY &&
           (statement->special == SPECIAL_COPY_OUT ||
            (statement->special == SPECIAL_NONE && statement->verb == VERB_SELECT)) &&
           statement->writes == WRITES_NOTHING;
}

static bool
is_hiding(const struct observer *o, const struct exchange_request *request)
{
    const struct prepared *prepared;
    const struct plan_statement *statement;
    const struct plan *plan = request->plan;

    if (!plan && request->step == STEP_BIND) {
        prepared = exchange_prepared(&o->exchange, request->statement);
        plan = prepared ? prepared->plan : NULL;
    } else if (!plan) {
        plan = result_plan(o, request, &statement);
    }
    return plan && plan->rewritten.bytes && !request->is_refused;
}

void
retry_forget_role(struct observer *o)
{
    memory_free(o->retry.role);
    o->retry.role = NULL;
}

/* The role is another one than it was taken for, unless the text is refused as it was, too. */
static void
doubt_role(struct observer *o)
{
    struct retry *r = &o->retry;
    const struct exchange_request *request = exchange_first(&o->exchange);

    if (r->role) {
        snprintf(o->role, sizeof(o->role), "%s", r->role);
        retry_forget_role(o);
    } else if (request && is_hiding(o, request)) {
        o->role[0] = '\0';
    }
}

int
retry_takes(struct answering *a, const uint8_t *message, size_t length, bool *is_taken)
{
    struct observer *o = a->o;
    enum cause cause = cause_of(message, length);

    *is_taken =
        o->retry.state == RETRY_ASKED && a->s->transaction == 'I' && !o->is_muted &&
        !o->is_waiting && !o->is_cancelling && o->backlog.length == 0 && o->ask.length == 0 &&
        a->s->from_client.left == 0 && is_first(o) && exchange_is_last(&o->exchange) &&
        (cause == CAUSE_COLUMN ||
         (cause == CAUSE_RIGHT && o->role[0] && is_allowed_first(exchange_first(&o->exchange))));
    if (!*is_taken && cause == CAUSE_RIGHT)
        doubt_role(o);
    if (!*is_taken)
        return 0;
    if (cause == CAUSE_RIGHT) {
        retry_forget_role(o);
        o->retry.role = memory_dup(o->role, strlen(o->role));
        if (!o->retry.role)
            return PASU_E_NOMEM;
        o->role[0] = '\0';
    }
    o->retry.state = RETRY_FAILED;
    o->is_waiting = true;
    exchange_failed(&o->exchange);
    return 0;
}

bool
retry_is_ready(const struct observer *o)
{
    return o->retry.state == RETRY_FAILED;
}

void
retry_resume(struct session *s)
{
    struct observer *o = s->observer;

    if (PASU_LIKELY(o->retry.state != RETRY_FAILED || o->exchange.count > 0))
        return;
    o->retry.state = RETRY_NONE;
    if (kept_add(&o->backlog, o->retry.asked.bytes, o->retry.asked.length) != 0) {
        session_fail(s, PASU_E_NOMEM, NULL);
        return;
    }
    /* The snapshot is not what is there: another one is waited for. What was made since even that
     * one is asked for as it is. */
    if (!o->retry.role)
        observer_touch(s, TOUCH_ALL);
    o->retry.is_again = o->is_resumed = ++o->retry.tries > 1 || o->retry.role != NULL;
    observer_resume(s);
    if (s->observer)
        s->observer->retry.is_again = false;
}
