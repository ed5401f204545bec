/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the client is told in place of an answer that may not leave: a statement that was not sent,
 * rows that a budget or a rule stops, rows of what is shown to nobody.
 */
#include "gate/answer.h"
#include "gate/budgets.h"
#include "gate/instruments.h"
#include "gate/release.h"
#include "gate/rest.h"
#include "gate/result.h"
#include "gate/verdict.h"
#include "postgres/response.h"

enum { ERROR_SIZE = 1280 };

#define CALL_REFUSAL                                                                               \
    "pasu refuses this call: the function can read files, reach other servers, run programs, or "  \
    "show what is shown to nobody"
#define BEYOND_DETAIL                                                                              \
    "the statement can put values where nobody sees who reads them, and the budget has no room "   \
    "for "                                                                                         \
    "all that it can read"
#define TELLING_REFUSAL                                                                            \
    "pasu cannot run this: the prepared statement that it names has a hidden key for "             \
    "attribution, which it would show"
#define BORROWING_REFUSAL                                                                          \
    "pasu cannot run this: a cursor has a hidden key for attribution, which it could show"
#define BORROWING_HINT "declare the cursor anew: from now on this connection's have no hidden keys"
#define TELLING_HINT   "prepare the statement by PREPARE, or give its query instead of EXECUTE"
#define CALL_HINT      "an administrator can do this on the server itself"
#define NEVER_REFUSAL                                                                              \
    "pasu refuses these rows: they come from a table that shows what is shown to nobody"
#define NEVER_HINT "the gateway's configuration names the table under never"

/* The result ends with that error, and nothing more passes until the server is ready for the next
 * request. */
int
answer_end(struct answering *a, const struct writer *error)
{
    int result = answer_send(a);

    a->o->is_muted = true;
    rest_block(a->s);
    if (result == 0)
        result = release_batch(
            a->s, &(struct batch){.bytes = error->start, .length = writer_length(error)});
    /* What is on its way behind it, the request could hit as well: then the statement runs to its
     * end, unseen, as where the server cannot be asked. */
    if (!a->o->is_cancelling && exchange_is_last(&a->o->exchange) && !handshake_cancel(a->s))
        a->o->is_cancelling = false;
    return result;
}

/* So does the session: these are its last words, and the server is told to stop. */
static int
end_session(struct answering *a, const struct writer *error, int code)
{
    int result = answer_send(a);

    a->o->is_muted = a->o->is_ended = true;
    if (result == 0)
        result = release_batch(
            a->s, &(struct batch){.bytes = error->start, .length = writer_length(error)});
    if (!a->o->is_cancelling && !handshake_cancel(a->s))
        a->o->is_cancelling = false;
    return result == 0 ? code : result;
}

int
answer_block(struct answering *a, const struct judgement *judgement)
{
    uint8_t space[ERROR_SIZE];
    struct writer w = writer_of(space, sizeof(space));
    char text[RESPONSE_TEXT_MAX] = "";

    bool is_ruled = judgement->ruling != NULL;

    if (is_ruled)
        snprintf(text, sizeof(text), "%s", verdict_message(judgement->ruling));
    else if (judgement->budget)
        budget_message(text, sizeof(text), judgement->budget);
    if (is_ruled ? judgement->is_last : budgets_close(judgement)) {
        int code = is_ruled ? PASU_E_RULE_CLOSES : PASU_E_BUDGET_SESSION;

        response_error(&w, SEVERITY_FATAL, code, text);
        return end_session(a, &w, code);
    }
    response_error(&w, SEVERITY_ERROR, is_ruled ? PASU_E_RULE : PASU_E_BUDGET, text);
    return answer_end(a, &w);
}

/* Rows of a table under `never` that a statement reached by a name which the snapshot does not
 * know: the server says where they come from. */
static int
refuse_never(struct answering *a)
{
    uint8_t space[ERROR_SIZE];
    struct writer w = writer_of(space, sizeof(space));
    int result = expose_refusal(a->s, a->o->result.plan);

    response_error_text(&w, SEVERITY_ERROR, PASU_E_REFUSED, NEVER_REFUSAL, NEVER_HINT);
    return result == 0 ? answer_end(a, &w) : result;
}

int
answer_doubt(struct answering *a)
{
    struct result *r = &a->o->result;
    uint64_t fields = r->doubt_fields, kinds = r->doubt_kinds;
    struct judgement judgement;
    int result = answer_settle(a);

    r->doubt_fields = 0;
    if (result != 0 || a->o->is_muted)
        return result;
    if (r->showing && r->showing->showing->is_never)
        return refuse_never(a);
    result = expose_words(a->s, r->statement, fields, kinds, FLAG_BIT(OPAQUE), &judgement);
    if (result == 0 && !judgement.is_blocked && r->portal) {
        r->portal->told_fields |= fields;
        r->portal->told_kinds |= kinds;
    }
    return result == 0 && judgement.is_blocked ? answer_block(a, &judgement) : result;
}

/* Whether it is what `pasu doctor` tries: told as that, it is nobody's doing. */
static bool
is_tried(struct session *s, const struct plan *plan)
{
    return plan && (plan->refusal_flags & PLAN_SERVER_EXIT) && trial_is_exit(s, PASU_E_REFUSED);
}

int
answer_refuse(struct answering *a, const struct exchange_request *request)
{
    const struct plan *plan = request->plan;
    const char *text = plan ? plan->refusal : CALL_REFUSAL;
    const char *hint = plan ? plan->refusal_hint : CALL_HINT;
    uint8_t space[ERROR_SIZE];
    struct writer w = writer_of(space, sizeof(space));
    bool is_of_names = request->is_telling || request->is_borrowing;
    int result = request->is_beyond || is_of_names ? 0
                 : request->ruling                 ? verdict_refused(a->s, request)
                 : is_tried(a->s, plan)            ? 0
                                                   : expose_refusal(a->s, plan);

    if (result == 0)
        result = answer_flush(a);
    if (result != 0)
        return result;
    if (request->is_last) {
        int code = request->ruling ? PASU_E_RULE_CLOSES : PASU_E_BUDGET_SESSION;

        response_error(&w, SEVERITY_FATAL, code,
                       request->ruling ? verdict_message(request->ruling) : BEYOND_DETAIL);
        return end_session(a, &w, code);
    }
    if (request->ruling)
        response_error(&w, SEVERITY_ERROR, request->ruled != 0 ? request->ruled : PASU_E_RULE,
                       verdict_message(request->ruling));
    else if (request->is_beyond)
        response_error(&w, SEVERITY_ERROR, PASU_E_BUDGET, BEYOND_DETAIL);
    else if (request->is_telling)
        response_error_text(&w, SEVERITY_ERROR, PASU_E_REFUSED, TELLING_REFUSAL, TELLING_HINT);
    else if (request->is_borrowing)
        response_error_text(&w, SEVERITY_ERROR, PASU_E_REFUSED, BORROWING_REFUSAL, BORROWING_HINT);
    else
        response_error_text(&w, SEVERITY_ERROR, PASU_E_REFUSED, text, hint);
    return release_batch(a->s, &(struct batch){.bytes = space, .length = writer_length(&w)});
}
