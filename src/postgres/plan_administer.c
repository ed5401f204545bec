/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_administer.h"

#include "postgres/administer.h"
#include "postgres/made.h"

#include <strings.h>

/* ---- personal tables ---- */

static bool
is_personal(const struct plan_work *work, const char *schema, const char *name)
{
    const struct catalog_relation *relation;
    size_t at = 0;

    if (!work->catalog)
        return true;
    while ((relation = names_next_relation(work, schema, name, &at)) != NULL)
        if (relation->fields != 0 || relation->is_never)
            return true;
    return false;
}

static uint32_t
if_personal(const struct plan_work *work, const PgQuery__RangeVar *range, uint32_t act)
{
    return range && is_personal(work, range->schemaname[0] ? range->schemaname : NULL,
                                range->relname)
               ? act
               : 0;
}

/* ---- by what it says ---- */

static uint32_t
of_alter_table(const struct plan_work *work, const PgQuery__AlterTableStmt *alter)
{
    uint32_t act = 0;

    for (size_t i = 0; i < alter->n_cmds; i++) {
        if (alter->cmds[i]->node_case != PG_QUERY__NODE__NODE_ALTER_TABLE_CMD)
            continue;
        switch (alter->cmds[i]->alter_table_cmd->subtype) {
        case PG_QUERY__ALTER_TABLE_TYPE__AT_ChangeOwner:
            act |= PLAN_OWNERS;
            break;
        case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableRowSecurity:
        case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableRowSecurity:
        case PG_QUERY__ALTER_TABLE_TYPE__AT_ForceRowSecurity:
        case PG_QUERY__ALTER_TABLE_TYPE__AT_NoForceRowSecurity:
            act |= if_personal(work, alter->relation, PLAN_ROW_SECURITY);
            break;
        case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableTrig:
        case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableAlwaysTrig:
        case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableReplicaTrig:
        case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableTrig:
        case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableTrigAll:
        case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableTrigAll:
        case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableTrigUser:
        case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableTrigUser:
        case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableRule:
        case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableAlwaysRule:
        case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableReplicaRule:
        case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableRule:
            act |= if_personal(work, alter->relation, PLAN_TRIGGERS);
            break;
        default:
            break;
        }
    }
    return act;
}

/* SECURITY DEFINER; INVOKER takes rights away. */
static uint32_t
of_function(PgQuery__Node *const *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const PgQuery__DefElem *option =
            options[i]->node_case == PG_QUERY__NODE__NODE_DEF_ELEM ? options[i]->def_elem : NULL;
        const PgQuery__Node *value = option ? option->arg : NULL;

        if (!value || strcmp(option->defname, "security") != 0)
            continue;
        if (value->node_case == PG_QUERY__NODE__NODE_BOOLEAN
                ? value->boolean->boolval
                : value->node_case != PG_QUERY__NODE__NODE_INTEGER || value->integer->ival != 0)
            return PLAN_DEFINERS;
    }
    return 0;
}

/* DROP TRIGGER, RULE, POLICY: [schema,] table, name. */
static uint32_t
of_dropped_from(const struct plan_work *work, const PgQuery__DropStmt *drop, uint32_t act)
{
    for (size_t i = 0; i < drop->n_objects; i++) {
        const PgQuery__List *names = drop->objects[i]->node_case == PG_QUERY__NODE__NODE_LIST
                                         ? drop->objects[i]->list
                                         : NULL;
        size_t count = names ? names->n_items : 0;
        const char *table = count > 1 ? sql_string(names->items[count - 2]) : NULL;
        const char *schema = count > 2 ? sql_string(names->items[count - 3]) : NULL;

        if (!table || is_personal(work, schema, table))
            return act;
    }
    return 0;
}

static uint32_t
of_drop(const struct plan_work *work, const PgQuery__DropStmt *drop)
{
    switch (drop->remove_type) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_EXTENSION:
    case PG_QUERY__OBJECT_TYPE__OBJECT_LANGUAGE:
        return PLAN_EXTENSIONS;
    case PG_QUERY__OBJECT_TYPE__OBJECT_EVENT_TRIGGER:
        return PLAN_TRIGGERS;
    case PG_QUERY__OBJECT_TYPE__OBJECT_PUBLICATION:
        return PLAN_PUBLISHES;
    case PG_QUERY__OBJECT_TYPE__OBJECT_FOREIGN_SERVER:
    case PG_QUERY__OBJECT_TYPE__OBJECT_FDW:
    case PG_QUERY__OBJECT_TYPE__OBJECT_FOREIGN_TABLE:
        return PLAN_FOREIGN;
    case PG_QUERY__OBJECT_TYPE__OBJECT_TRIGGER:
    case PG_QUERY__OBJECT_TYPE__OBJECT_RULE:
        return of_dropped_from(work, drop, PLAN_TRIGGERS);
    case PG_QUERY__OBJECT_TYPE__OBJECT_POLICY:
        return of_dropped_from(work, drop, PLAN_ROW_SECURITY);
    default:
        return 0;
    }
}

/* ---- the role ---- */

/* It gives up what it had become: poolers do so all the time. */
static bool
is_back(const PgQuery__VariableSetStmt *set)
{
    const char *value = set->n_args == 1 ? sql_constant_text(set->args[0]) : NULL;

    return set->kind != PG_QUERY__VARIABLE_SET_KIND__VAR_SET_VALUE ||
           (value && strcmp(value, "none") == 0);
}

static void
become(struct plan_work *work, const char *role, struct plan_statement *statement)
{
    statement->flags |= PLAN_SETS_ROLE;
    statement->becomes = role ? arena_text(work->keep, role, strlen(role)) : NULL;
}

static uint32_t
of_setting(struct plan_work *work, const PgQuery__VariableSetStmt *set,
           struct plan_statement *statement)
{
    if (strcasecmp(set->name, "session_authorization") == 0)
        return is_back(set) ? 0 : PLAN_SETS_USER;
    if (strcasecmp(set->name, "role") == 0 && !is_back(set))
        become(work, set->n_args == 1 ? sql_constant_text(set->args[0]) : NULL, statement);
    return 0;
}

void
administer_setting(struct plan_work *work, const PgQuery__FuncCall *call)
{
    const char *setting = call->n_args > 1 ? sql_constant_text(call->args[0]) : NULL;
    const char *role = call->n_args > 1 ? sql_constant_text(call->args[1]) : NULL;

    if (setting && strcasecmp(setting, "session_authorization") == 0)
        work->names.flags |= PLAN_SETS_USER;
    if (role && strcmp(role, "none") == 0)
        return;
    work->names.becomes = work->names.flags & PLAN_SETS_ROLE || !setting ? NULL : role;
    work->names.flags |= PLAN_SETS_ROLE;
}

/* ---- code ---- */

/* Of triggers and policies the words do not say of which table: of those that it names. */
static uint32_t
of_code(struct plan_work *work, struct view text, bool is_code)
{
    char *space = is_code ? arena_new(&work->memory, made_size(text.length), 1) : NULL;
    uint32_t act = space ? administer_code(text, space) : administer_words(text);

    if (work->catalog && reach_fields(&work->names.most) == 0)
        act &= ~(uint32_t)(PLAN_TRIGGERS | PLAN_ROW_SECURITY);
    return act;
}

void
administer_unparsed(struct plan_work *work, struct plan_statement *statement)
{
    statement->flags |= of_code(work, view_of(work->text, work->length), false);
}

/* ---- a statement ---- */

static uint32_t
by_kind(const PgQuery__Node *node)
{
    switch (node->node_case) {
#define X(node, act)                                                                               \
    case PG_QUERY__NODE__NODE_##node:                                                              \
        return PLAN_##act;
#include "postgres/plan_administer.def"
#undef X
    default:
        return 0;
    }
}

static uint32_t
by_text(struct plan_work *work, const PgQuery__Node *node, struct plan_statement *statement)
{
    const char *body;

    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
        return of_alter_table(work, node->alter_table_stmt);
    case PG_QUERY__NODE__NODE_CREATE_TRIG_STMT:
        return if_personal(work, node->create_trig_stmt->relation, PLAN_TRIGGERS);
    case PG_QUERY__NODE__NODE_RULE_STMT:
        return if_personal(work, node->rule_stmt->relation, PLAN_TRIGGERS);
    case PG_QUERY__NODE__NODE_CREATE_POLICY_STMT:
        return if_personal(work, node->create_policy_stmt->table, PLAN_ROW_SECURITY);
    case PG_QUERY__NODE__NODE_ALTER_POLICY_STMT:
        return if_personal(work, node->alter_policy_stmt->table, PLAN_ROW_SECURITY);
    case PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT:
        return of_function(node->create_function_stmt->options,
                           node->create_function_stmt->n_options);
    case PG_QUERY__NODE__NODE_ALTER_FUNCTION_STMT:
        return of_function(node->alter_function_stmt->actions,
                           node->alter_function_stmt->n_actions);
    case PG_QUERY__NODE__NODE_DROP_STMT:
        return of_drop(work, node->drop_stmt);
    case PG_QUERY__NODE__NODE_RENAME_STMT:
        return node->rename_stmt->rename_type == PG_QUERY__OBJECT_TYPE__OBJECT_ROLE ? PLAN_ROLES
                                                                                    : 0;
    case PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT:
        return node->create_schema_stmt->authrole ? PLAN_OWNERS : 0;
    case PG_QUERY__NODE__NODE_VARIABLE_SET_STMT:
        return of_setting(work, node->variable_set_stmt, statement);
    case PG_QUERY__NODE__NODE_DO_STMT:
        body = sql_body(node->do_stmt->args, node->do_stmt->n_args);
        return body ? of_code(work, view_of_text(body), true) : 0;
    default:
        return 0;
    }
}

void
administer_statement(struct plan_work *work, const PgQuery__Node *node,
                     struct plan_statement *statement)
{
    statement->flags |= by_kind(node) | by_text(work, node, statement);
}
