/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_arm.h"

#include "postgres/plan_build.h"
#include "postgres/plan_tokens.h"

static bool
is_for_trigger(const PgQuery__CreateFunctionStmt *create)
{
    const PgQuery__TypeName *type = create->return_type;
    const char *name = type ? sql_last_name(type->names, type->n_names) : NULL;

    return name && (strcmp(name, "trigger") == 0 || strcmp(name, "event_trigger") == 0);
}

static void
arm_function(struct plan_work *work, const PgQuery__CreateFunctionStmt *create,
             struct plan_statement *statement)
{
    const char *body = sql_body(create->options, create->n_options);

    if (!body || !is_for_trigger(create))
        return;
    work->names = (struct names){0};
    tokens_of_body(work, body);
    build_kept(statement, &work->names.kept);
}

/* One that no snapshot shows was made a moment ago, and has counted then. */
static void
arm_trigger(const struct plan_work *work, PgQuery__Node *const *function, size_t count,
            struct plan_statement *statement)
{
    struct function_facts facts = function_facts(work, function, count);

    if (!facts.is_known)
        return;
    if (facts.keeps)
        build_kept(statement, &facts.reach);
    statement->most_fields |= reach_fields(&facts.reach);
    statement->most_kinds |= reach_kinds(&facts.reach);
    statement->may_speak = statement->most_fields != 0;
    statement->speaks_later = true; /* it can run before a snapshot shows it */
}

void
arm_statement(struct plan_work *work, const PgQuery__Node *node, struct plan_statement *statement)
{
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT:
        arm_function(work, node->create_function_stmt, statement);
        break;
    case PG_QUERY__NODE__NODE_CREATE_TRIG_STMT:
        arm_trigger(work, node->create_trig_stmt->funcname, node->create_trig_stmt->n_funcname,
                    statement);
        break;
    case PG_QUERY__NODE__NODE_CREATE_EVENT_TRIG_STMT:
        arm_trigger(work, node->create_event_trig_stmt->funcname,
                    node->create_event_trig_stmt->n_funcname, statement);
        break;
    default:
        break;
    }
}

void
arm_events(const struct plan_work *work, struct plan_statement *statement)
{
    uint64_t fields, kinds;

    if (!work->catalog || !catalog_events(work->catalog, &fields, &kinds))
        return;
    statement->most_fields |= fields;
    statement->most_kinds |= kinds;
    statement->may_speak = statement->most_fields != 0;
    statement->flags |= PLAN_CALLS;
}
