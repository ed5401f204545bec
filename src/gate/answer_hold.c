/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that wait to be approved (gate/approval.h), before the first of them is looked at. */
#include "gate/answer.h"
#include "gate/approval.h"
#include "gate/instruments.h"
#include "gate/result.h"
#include "gate/verdict.h"
#include "postgres/response.h"

enum { ERROR_SIZE = 1280 };

/* It ends as one that a rule blocks. */
int
answer_hold_refuse(struct answering *a, int error)
{
    const struct approval_wait *w = &a->o->approval;
    char end[APPROVAL_TEXT_SIZE], text[RESPONSE_TEXT_MAX];
    struct result *r = &a->o->result;
    uint8_t space[ERROR_SIZE];
    struct writer writer = writer_of(space, sizeof(space));
    int result = expose_ruled(a->s, r->statement, w->rule, VERDICT_OF_HOLD, !r->is_counted,
                              w->is_of_budget ? FLAG_BIT(BUDGET) : 0);

    r->is_counted = true;
    (void)approval_error(a->s, end);
    snprintf(text, sizeof(text), "%s%s", w->rule, end);
    response_error(&writer, SEVERITY_ERROR, error, text);
    return result == 0 ? answer_end(a, &writer) : result;
}

/* Whether a row that comes now is the first of its portion, and can show anything. */
static int
begins(struct answering *a, bool *is_first)
{
    const struct exchange_request *request = exchange_first(&a->o->exchange);
    struct result *r = &a->o->result;
    int result = 0;

    *is_first = false;
    if (!request || request->is_refused)
        return 0; /* looking at the row tells what is wrong */
    if (!r->is_open && request->step == STEP_EXECUTE)
        result = result_open_portal(a->s); /* it was described before */
    *is_first = result == 0 && r->is_open && !result_has_rows(r) && a->tools->gather.rows == 0 &&
                r->showing && !r->showing->showing->is_never &&
                (!r->showing->showing->is_nothing || r->doubt_fields);
    return result;
}

int
answer_hold(struct answering *a, bool *is_waiting)
{
    bool is_first;
    int result, error;

    *is_waiting = false;
    if (PASU_LIKELY(!rules_can_hold(session_rules_settings(a->s)->rules)) || a->o->is_muted) {
        approval_drop_rows(a->s);
        return 0;
    }
    result = begins(a, &is_first);
    if (result != 0 || !is_first) {
        approval_drop_rows(a->s);
        return result;
    }
    *is_waiting = approval_rows_must_wait(a->s, &error);
    if (*is_waiting)
        return 0;
    if (error != 0)
        result = answer_hold_refuse(a, error);
    approval_drop_rows(a->s);
    return result;
}
