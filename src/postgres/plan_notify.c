/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_notify.h"

static const char *
constant(const PgQuery__Node *node)
{
    return node && node->node_case == PG_QUERY__NODE__NODE_A_CONST &&
                   node->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL
               ? node->a_const->sval->sval
               : NULL;
}

/* Of all encodings the same. */
static const char *
keep(struct plan_work *work, const char *text)
{
    for (const char *c = text; c && *c; c++)
        if (*c & 0x80)
            return NULL;
    return text && text[0] ? arena_text(work->keep, text, strlen(text)) : NULL;
}

static const PgQuery__FuncCall *
call_of(struct plan_work *work, const PgQuery__SelectStmt *select)
{
    static const char *const names[] = {"pg_notify"};
    const PgQuery__Node *target =
        select->n_target_list == 1 && select->n_from_clause == 0 ? select->target_list[0] : NULL;
    const PgQuery__Node *value = target && target->node_case == PG_QUERY__NODE__NODE_RES_TARGET
                                     ? target->res_target->val
                                     : NULL;

    return value && value->node_case == PG_QUERY__NODE__NODE_FUNC_CALL &&
                   value->func_call->n_args == 2 &&
                   function_is_one_of(work, value->func_call, names, COUNT_OF(names))
               ? value->func_call
               : NULL;
}

void
notify_read(struct plan_work *work, const PgQuery__Node *node, struct plan_statement *statement)
{
    const char *channel = NULL, *payload = NULL;
    const PgQuery__FuncCall *call;

    if (!work->environment->is_plain_dialect)
        return;
    if (node->node_case == PG_QUERY__NODE__NODE_NOTIFY_STMT) {
        channel = node->notify_stmt->conditionname;
        payload = node->notify_stmt->payload;
    } else if (node->node_case == PG_QUERY__NODE__NODE_SELECT_STMT &&
               (call = call_of(work, node->select_stmt)) != NULL) {
        channel = constant(call->args[0]);
        payload = constant(call->args[1]);
    }
    channel = keep(work, channel);
    payload = channel ? keep(work, payload) : NULL;
    if (payload) {
        statement->channel = channel;
        statement->payload = payload;
    }
}
