/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_twist.h"

#include "postgres/plan_refuse.h"
#include "postgres/plan_tokens.h"

/* The names of a statement that is not looked at otherwise. */
static bool
touches(struct plan_work *work, const PgQuery__Node *node)
{
    names_collect(work, &node->base);
    /* One that no snapshot shows was made a moment ago, and marks of it move with its name. */
    return reach_fields(&work->names.most) != 0 && !(work->names.flags & PLAN_UNKNOWN_TABLE);
}

/* What changes which rows, or which values, come from a table; the rest of ALTER TABLE does so only
 * by functions that it names. */
static bool
is_moving(const PgQuery__Node *node)
{
    if (node->node_case != PG_QUERY__NODE__NODE_ALTER_TABLE_CMD)
        return true;
    switch (node->alter_table_cmd->subtype) {
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddInherit:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AttachPartition:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AlterColumnType:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableRule:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableAlwaysRule:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableTrig:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableAlwaysTrig:
        return true;
    default:
        return false;
    }
}

static bool
alters(const struct plan_work *work, const PgQuery__AlterTableStmt *alter)
{
    bool moves = reach_fields(&work->names.functions) != 0;

    for (size_t i = 0; i < alter->n_cmds && !moves; i++)
        moves = is_moving(alter->cmds[i]) && reach_fields(&work->names.most) != 0;
    return moves;
}

/* Of a name that the shape of made SQL relies on: what code puts out of sight is told by it. */
static bool
is_shaping(const PgQuery__CreateFunctionStmt *create)
{
    static const char *const names[] = {"format", "quote_ident", "quote_literal", "quote_nullable"};
    const char *name = sql_last_name(create->funcname, create->n_funcname);

    for (size_t i = 0; name && i < COUNT_OF(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* A new function, by what its text names. */
static bool
creates_function(struct plan_work *work, const PgQuery__CreateFunctionStmt *create)
{
    const char *body = sql_body(create->options, create->n_options);

    if (reach_fields(&work->names.most) != 0 || (!body && !create->sql_body))
        return true;
    work->names = (struct names){0};
    if (body) {
        tokens_of_body(work, body);
        refuse_by_names(work); /* before a snapshot shows the function, a call is not */
    }
    return reach_fields(&work->names.most) != 0 || is_shaping(create);
}

/* A function that no snapshot shows was made a moment ago, and was a twist then if it can be one.
 */
static bool
runs_known(const struct plan_work *work, PgQuery__Node *const *names, size_t count)
{
    struct function_facts facts = function_facts(work, names, count);

    return facts.is_known && reach_fields(&facts.reach) != 0;
}

/* What PostgreSQL's own put into a column is shown by the next snapshot. */
static bool
copies_words(const struct plan_work *work, const PgQuery__CreateTrigStmt *create)
{
    const char *name = sql_last_name(create->funcname, create->n_funcname);

    return name && strncmp(name, "tsvector_update_trigger", 23) == 0 &&
           reach_fields(&work->names.most) != 0;
}

static bool
creates_trigger(const struct plan_work *work, const PgQuery__CreateTrigStmt *create)
{
    return copies_words(work, create) || runs_known(work, create->funcname, create->n_funcname) ||
           reach_fields(&work->names.functions) != 0;
}

/* Words by which code gives others a meaning without naming what is personal: ALTER SCHEMA,
 * CREATE OPERATOR … */
static bool
is_twisting(int before, int kind)
{
    bool is_altered = before == PG_QUERY__TOKEN__ALTER;
    bool is_made = before == PG_QUERY__TOKEN__CREATE || before == PG_QUERY__TOKEN__REPLACE;

    switch (kind) {
    case PG_QUERY__TOKEN__SCHEMA:
        return is_altered;
    case PG_QUERY__TOKEN__FUNCTION:
    case PG_QUERY__TOKEN__PROCEDURE:
    case PG_QUERY__TOKEN__ROUTINE:
    case PG_QUERY__TOKEN__AGGREGATE:
    case PG_QUERY__TOKEN__OPERATOR:
    case PG_QUERY__TOKEN__CAST:
    case PG_QUERY__TOKEN__DOMAIN_P:
        return is_altered || is_made;
    default:
        return false;
    }
}

bool
twist_of_body(struct plan_work *work, const char *body)
{
    struct sql_tokens tokens;
    int before = 0;

    if (sql_scan(&work->memory, body, PLAN_TOKENS_MAX, &tokens) != 0)
        return true;
    for (size_t i = 0; i < tokens.count; i++) {
        if (is_twisting(before, tokens.tokens[i].kind))
            return true;
        before = tokens.tokens[i].kind;
    }
    return false;
}

bool
twist_of_words(const struct plan_work *work, bool has_words, const struct plan_statement *statement)
{
    bool is_query = has_words && work->tokens.count > 0 &&
                    (work->tokens.tokens[0].kind == PG_QUERY__TOKEN__SELECT ||
                     work->tokens.tokens[0].kind == PG_QUERY__TOKEN__WITH);

    for (size_t i = 0; is_query && i + 1 < work->tokens.count; i++)
        is_query = work->tokens.tokens[i].kind != ';';
    return statement->most_fields != 0 && !is_query;
}

bool
twist_of(struct plan_work *work, const PgQuery__Node *node, const struct plan_statement *statement)
{
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_RENAME_STMT:
        return !node->rename_stmt->relation || touches(work, node);
    case PG_QUERY__NODE__NODE_ALTER_OBJECT_SCHEMA_STMT:
        return !node->alter_object_schema_stmt->relation || touches(work, node);
    case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
        return alters(work, node->alter_table_stmt);
    case PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT:
        return creates_function(work, node->create_function_stmt);
    case PG_QUERY__NODE__NODE_CREATE_TRIG_STMT:
        return creates_trigger(work, node->create_trig_stmt);
    case PG_QUERY__NODE__NODE_CREATE_EVENT_TRIG_STMT:
        return runs_known(work, node->create_event_trig_stmt->funcname,
                          node->create_event_trig_stmt->n_funcname);
    case PG_QUERY__NODE__NODE_CREATE_STMT:
    case PG_QUERY__NODE__NODE_INDEX_STMT:
    case PG_QUERY__NODE__NODE_CREATE_POLICY_STMT:
    case PG_QUERY__NODE__NODE_ALTER_POLICY_STMT:
    case PG_QUERY__NODE__NODE_CREATE_DOMAIN_STMT:
    case PG_QUERY__NODE__NODE_ALTER_DOMAIN_STMT:
        return reach_fields(&work->names.functions) != 0;
    case PG_QUERY__NODE__NODE_VIEW_STMT:
    case PG_QUERY__NODE__NODE_RULE_STMT:
        return statement->most_fields != 0;
    case PG_QUERY__NODE__NODE_DO_STMT:
        return statement->most_fields != 0 || statement->twists; /* by its body */
    case PG_QUERY__NODE__NODE_DEFINE_STMT:
    case PG_QUERY__NODE__NODE_CREATE_CAST_STMT:
    case PG_QUERY__NODE__NODE_CREATE_OP_CLASS_STMT:
        return true;
    case PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT: /* what it makes */
        return statement->twists;
    default:
        return (statement->flags & (PLAN_RENAMES | PLAN_TWISTS)) != 0;
    }
}
