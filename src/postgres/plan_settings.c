/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_settings.h"

/* Settings that have a dot in their names are the applications' own; all others mean something to
 * the server, and nothing here. */
static bool
is_own(const char *name)
{
    return strchr(name, '.') != NULL;
}

static struct plan_setting *
add(struct plan_work *work, const char *name, struct plan_statement *statement)
{
    struct plan_setting *setting = arena_new(work->keep, 1, sizeof(*setting));

    if (!setting)
        return NULL;
    setting->name = name ? arena_text(work->keep, name, strlen(name)) : NULL;
    setting->column = -1;
    setting->next = statement->settings;
    statement->settings = setting;
    return setting;
}

/* A constant's text; NULL where it is none. */
static const char *
constant_of(struct plan_work *work, const PgQuery__Node *node)
{
    const PgQuery__AConst *value;
    char number[16];
    int length;

    if (!node || node->node_case != PG_QUERY__NODE__NODE_A_CONST)
        return NULL;
    value = node->a_const;
    switch (value->val_case) {
    case PG_QUERY__A__CONST__VAL_SVAL:
        return arena_text(work->keep, value->sval->sval, strlen(value->sval->sval));
    case PG_QUERY__A__CONST__VAL_FVAL:
        return arena_text(work->keep, value->fval->fval, strlen(value->fval->fval));
    case PG_QUERY__A__CONST__VAL_IVAL:
        length = snprintf(number, sizeof(number), "%d", value->ival->ival);
        return arena_text(work->keep, number, (size_t)length);
    default:
        return NULL;
    }
}

static void
of_set(struct plan_work *work, const PgQuery__VariableSetStmt *set,
       struct plan_statement *statement)
{
    bool is_reset = set->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_RESET ||
                    set->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_SET_DEFAULT;
    struct plan_setting *setting;

    if (set->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_RESET_ALL) {
        setting = add(work, NULL, statement);
        if (setting)
            setting->value = "";
        return;
    }
    if (!is_own(set->name))
        return;
    setting = add(work, set->name, statement);
    if (!setting)
        return;
    setting->is_local = set->is_local;
    if (is_reset)
        setting->value = "";
    else if (set->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_SET_VALUE && set->n_args == 1)
        setting->value = constant_of(work, set->args[0]);
}

/* set_config('pasu.actor', …, true): NULL where it is no call of it, or of a name that only the
 * server knows. */
static const PgQuery__FuncCall *
call_of(const PgQuery__Node *node)
{
    const PgQuery__FuncCall *call;
    const char *name;

    while (node && node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        node = node->type_cast->arg;
    if (!node || node->node_case != PG_QUERY__NODE__NODE_FUNC_CALL)
        return NULL;
    call = node->func_call;
    name = sql_last_name(call->funcname, call->n_funcname);
    return name && strcmp(name, "set_config") == 0 && call->n_args == 3 ? call : NULL;
}

static bool
is_false(const PgQuery__Node *node)
{
    const PgQuery__AConst *value;

    while (node && node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        node = node->type_cast->arg;
    if (!node || node->node_case != PG_QUERY__NODE__NODE_A_CONST)
        return false;
    value = node->a_const;
    if (value->val_case == PG_QUERY__A__CONST__VAL_BOOLVAL)
        return !value->boolval->boolval;
    return value->val_case == PG_QUERY__A__CONST__VAL_SVAL &&
           (strcasecmp(value->sval->sval, "false") == 0 || strcmp(value->sval->sval, "f") == 0);
}

static void
of_select(struct plan_work *work, const PgQuery__SelectStmt *select,
          struct plan_statement *statement)
{
    if (!work->names.sets)
        return;
    for (size_t i = 0; i < select->n_target_list; i++) {
        const PgQuery__Node *target = select->target_list[i];
        const PgQuery__FuncCall *call = target->node_case == PG_QUERY__NODE__NODE_RES_TARGET
                                            ? call_of(target->res_target->val)
                                            : NULL;
        const char *name = call ? constant_of(work, call->args[0]) : NULL;
        struct plan_setting *setting = name && is_own(name) ? add(work, name, statement) : NULL;

        if (!setting)
            continue;
        setting->column = (int)i;
        setting->is_local = !is_false(call->args[2]);
    }
}

void
settings_statement(struct plan_work *work, const PgQuery__Node *node,
                   struct plan_statement *statement)
{
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_VARIABLE_SET_STMT:
        of_set(work, node->variable_set_stmt, statement);
        break;
    case PG_QUERY__NODE__NODE_SELECT_STMT:
        of_select(work, node->select_stmt, statement);
        break;
    case PG_QUERY__NODE__NODE_DISCARD_STMT:
        if (statement->special == SPECIAL_DISCARD) {
            struct plan_setting *setting = add(work, NULL, statement);

            if (setting)
                setting->value = "";
        }
        break;
    default:
        break;
    }
}
