/* SPDX-License-Identifier: Apache-2.0 */
/* Statements about other statements, about the session, and about transactions. */
#include "postgres/plan_build.h"
#include "postgres/plan_call.h"
#include "postgres/plan_fresh.h"
#include "postgres/plan_hold.h"
#include "postgres/plan_lineage.h"
#include "postgres/plan_mark.h"
#include "postgres/plan_pin.h"
#include "postgres/plan_refuse.h"
#include "postgres/plan_rename.h"
#include "postgres/plan_shape.h"
#include "postgres/plan_tokens.h"
#include "postgres/plan_twist.h"

#include <strings.h>

static const char *
keep_name(struct plan_work *work, const char *name)
{
    const char *kept = arena_text(work->keep, name, strlen(name));

    return kept ? kept : "";
}

/* ---- statements inside statements ---- */

/* Rows of which nothing is known before they come. */
static void
show_anything(struct plan_work *work, struct plan_statement *statement)
{
    statement->may_return_rows = true;
    statement->may_speak = true;
    statement->most_fields = reach_fields(&work->everything);
    statement->most_kinds = reach_kinds(&work->everything);
    shape_bound(work, &work->everything, statement);
}

/* Which statement it runs only the session knows: anything, until its columns' origins say more. */
static void
build_execute(struct plan_work *work, const PgQuery__ExecuteStmt *execute,
              struct plan_statement *statement)
{
    struct plan_pin *arguments = arena_new(work->keep, execute->n_params, sizeof(*arguments));

    build_names(work, &execute->base, statement);
    build_kept(statement, &work->names.most); /* what is run shows its parameters, or stores them */
    for (size_t i = 0; arguments && i < execute->n_params; i++)
        if (!pin_read_argument(work, execute->params[i], &arguments[i]))
            arguments[i] = (struct plan_pin){0};
    statement->special = SPECIAL_EXECUTE;
    statement->name = keep_name(work, execute->name);
    statement->arguments = arguments;
    statement->argument_count = arguments ? execute->n_params : 0;
    show_anything(work, statement);
}

static void
build_fetch(struct plan_work *work, const PgQuery__FetchStmt *fetch,
            struct plan_statement *statement)
{
    statement->special = SPECIAL_FETCH;
    statement->name = keep_name(work, fetch->portalname);
    show_anything(work, statement);
    if (fetch->ismove) {
        statement->may_return_rows = false;
        statement->part_count = 0;
    }
}

static bool
has_option(PgQuery__Node *const *options, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        const PgQuery__Node *node = options[i];
        const char *value;

        if (node->node_case != PG_QUERY__NODE__NODE_DEF_ELEM ||
            strcmp(node->def_elem->defname, name) != 0)
            continue;
        value = sql_string(node->def_elem->arg);
        if (!value || (strcasecmp(value, "off") != 0 && strcasecmp(value, "false") != 0))
            return true;
    }
    return false;
}

/* A plan shows no row, but it can show the result of a function that was run to make it. */
static void
build_explain(struct plan_work *work, const struct build *build,
              const PgQuery__ExplainStmt *explain, struct plan_statement *statement)
{
    struct build inside = {.range = build->range};
    struct plan_statement inner = {.is_understood = true};
    struct reach functions;

    if (!explain->query)
        return;
    build_begin(work); /* a statement before it has asked for itself */
    build_statement(work, &inside, explain->query, &inner);
    statement->tells = inner.tells;
    if (inner.special == SPECIAL_EXECUTE)
        statement->explains = inner.name;
    if (inner.special == SPECIAL_EXECUTE &&
        has_option(explain->options, explain->n_options, "verbose"))
        statement->tells = inner.name;
    functions = inner.special == SPECIAL_EXECUTE ? work->everything : work->names.functions;
    statement->may_return_rows = true;
    statement->most_fields = reach_fields(&functions);
    statement->most_kinds = reach_kinds(&functions);
    statement->may_speak = statement->most_fields != 0;
    statement->kept_fields = inner.kept_fields;
    statement->kept_kinds = inner.kept_kinds;
    if (statement->may_speak)
        statement->flags = inner.flags & (PLAN_OPAQUE | PLAN_RENAMES | PLAN_TWISTS | PLAN_CALLS);
    if (has_option(explain->options, explain->n_options, "analyze")) {
        if (inner.special == SPECIAL_DDL)
            statement->special = SPECIAL_DDL;
        if (inner.special == SPECIAL_EXECUTE) {
            statement->is_executed = true;
            statement->name = inner.name;
        }
        statement->mark = inner.mark;
        statement->moved_fields = inner.moved_fields;
        statement->moved_kinds = inner.moved_kinds;
        statement->moved_most = MOVED_MANY;
        statement->most_fields = inner.most_fields;
        statement->most_kinds = inner.most_kinds;
        statement->may_speak = inner.may_speak;
        statement->flags |= inner.flags & (PLAN_OPAQUE | PLAN_RENAMES | PLAN_TWISTS | PLAN_CALLS |
                                           PLAN_MARKS | PLAN_PROBE);
        /* It shows no row, but tells how many there were: whose they are is not said. */
        if (build_is_probe(work) || (work->has_probe && inner.most_fields != 0))
            statement->flags |= PLAN_PROBE;
    }
    shape_bound_columns(work, &functions, 1, statement);
}

/* ---- code ---- */

static void
build_do(struct plan_work *work, const PgQuery__DoStmt *block, struct plan_statement *statement)
{
    const char *body = sql_body(block->args, block->n_args);
    struct reach reach;

    build_names(work, &block->base, statement);
    if (body) {
        tokens_of_body(work, body);
        statement->twists = twist_of_body(work, body);
    }
    refuse_by_names(work);
    reach = work->names.code;
    work->marks = NULL;
    if (body)
        tokens_fill(work, body, &reach);
    mark_statement(work, statement);
    statement->most_fields = reach_fields(&work->names.most);
    statement->most_kinds = reach_kinds(&work->names.most);
    statement->may_speak = statement->most_fields != 0;
    build_kept(statement, &work->names.kept);
    statement->flags |= work->names.flags & (PLAN_CALLS | PLAN_ADMINISTERS);
    /* It may have changed the catalog, too. */
    statement->special = SPECIAL_DDL;
    if (statement->may_speak)
        statement->flags |= PLAN_OPAQUE | PLAN_RENAMES;
    call_read_block(work, block, body, statement);
}

/* A procedure's output arguments come as a row. */
static void
build_call(struct plan_work *work, const PgQuery__CallStmt *call, struct plan_statement *statement)
{
    build_names(work, &call->base, statement);
    work->marks = NULL;
    mark_statement(work, statement);
    statement->may_return_rows = true;
    shape_bound(work, &work->names.most, statement);
}

/* ---- new relations ---- */

static void
build_create_as(struct plan_work *work, const PgQuery__CreateTableAsStmt *create,
                struct plan_statement *statement)
{
    struct mark_rows rows = {.is_one = false};
    struct reach reach = {{0}};

    if (!create->query || !create->into || !create->into->rel)
        return;
    build_names(work, &create->base, statement);
    statement->special = SPECIAL_DDL;
    if (create->query->node_case == PG_QUERY__NODE__NODE_EXECUTE_STMT) {
        reach = work->everything;
        statement->tells = keep_name(work, create->query->execute_stmt->name);
        show_anything(work, statement);
        statement->may_return_rows = false;
        statement->part_count = 0;
    } else if (statement->most_fields != 0) {
        reach = build_reach(work, create->query, &rows);
        if (build_is_probe(work))
            statement->flags |= PLAN_PROBE;
    }
    work->marks = NULL;
    mark_relation(work, create->into->rel, NULL, &reach, &rows);
    mark_statement(work, statement);
}

/* ---- the session ---- */

static const char *
role_of(struct plan_work *work, const PgQuery__VariableSetStmt *set)
{
    const PgQuery__Node *value = set->n_args == 1 ? set->args[0] : NULL;

    if (set->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_RESET ||
        set->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_SET_DEFAULT)
        return "";
    /* What is local goes with the transaction, and nobody says when. */
    if (set->kind != PG_QUERY__VARIABLE_SET_KIND__VAR_SET_VALUE || set->is_local || !value ||
        value->node_case != PG_QUERY__NODE__NODE_A_CONST ||
        value->a_const->val_case != PG_QUERY__A__CONST__VAL_SVAL)
        return "?";
    if (strcmp(value->a_const->sval->sval, "none") == 0)
        return "";
    return keep_name(work, value->a_const->sval->sval);
}

static void
build_set(struct plan_work *work, const PgQuery__VariableSetStmt *set,
          struct plan_statement *statement)
{
    if (strcasecmp(set->name, "role") != 0 && strcasecmp(set->name, "session_authorization") != 0)
        return;
    statement->special = SPECIAL_SET_ROLE;
    statement->name = strcasecmp(set->name, "role") == 0 ? role_of(work, set) : "?";
}

static void
build_transaction(const PgQuery__TransactionStmt *transaction, struct plan_statement *statement)
{
    switch (transaction->kind) {
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT:
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK:
        statement->special = SPECIAL_END;
        break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_PREPARE:
        statement->special = SPECIAL_LAY_BY;
        break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT_PREPARED:
        statement->special = SPECIAL_TAKE_UP;
        break;
    default:
        break;
    }
}

static void
build_discard(const PgQuery__DiscardStmt *discard, struct plan_statement *statement)
{
    if (discard->target == PG_QUERY__DISCARD_MODE__DISCARD_ALL)
        statement->special = SPECIAL_DISCARD;
    else if (discard->target == PG_QUERY__DISCARD_MODE__DISCARD_TEMP)
        statement->special = SPECIAL_DDL;
}

static void
name_it(struct plan_work *work, enum plan_special special, const char *name,
        struct plan_statement *statement)
{
    statement->special = (uint8_t)special;
    statement->name = keep_name(work, name);
}

/* Statements that neither read rows nor change the catalog. */
static bool
is_quiet(const PgQuery__Node *node)
{
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_VARIABLE_SHOW_STMT:
    case PG_QUERY__NODE__NODE_LISTEN_STMT:
    case PG_QUERY__NODE__NODE_UNLISTEN_STMT:
    case PG_QUERY__NODE__NODE_NOTIFY_STMT:
    case PG_QUERY__NODE__NODE_CHECK_POINT_STMT:
    case PG_QUERY__NODE__NODE_LOCK_STMT:
    case PG_QUERY__NODE__NODE_CONSTRAINTS_SET_STMT:
    case PG_QUERY__NODE__NODE_COMMENT_STMT:
    case PG_QUERY__NODE__NODE_SEC_LABEL_STMT:
    case PG_QUERY__NODE__NODE_LOAD_STMT:
        return true;
    default:
        return false;
    }
}

/* Statements that change the catalog, or rights, and read no table. */
static bool
is_plain_ddl(const PgQuery__Node *node)
{
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_DROP_STMT:
    case PG_QUERY__NODE__NODE_DROP_OWNED_STMT:
    case PG_QUERY__NODE__NODE_GRANT_STMT:
    case PG_QUERY__NODE__NODE_GRANT_ROLE_STMT:
    case PG_QUERY__NODE__NODE_ALTER_OWNER_STMT:
    case PG_QUERY__NODE__NODE_CREATE_SEQ_STMT:
    case PG_QUERY__NODE__NODE_ALTER_SEQ_STMT:
    case PG_QUERY__NODE__NODE_CREATE_ROLE_STMT:
    case PG_QUERY__NODE__NODE_ALTER_ROLE_STMT:
    case PG_QUERY__NODE__NODE_ALTER_ROLE_SET_STMT:
    case PG_QUERY__NODE__NODE_DROP_ROLE_STMT:
    case PG_QUERY__NODE__NODE_REASSIGN_OWNED_STMT:
        return true;
    default:
        return false;
    }
}

/* The catalog keeps what functions among them have made: the bounds of a partition, and of a column
 * that is added what all rows have that were there before (pg_attribute.attmissingval). */
static void
keep_computed(struct plan_work *work, struct plan_statement *statement)
{
    build_kept(statement, &work->names.functions);
}

/* What is created is no relation that is read; what it is made from is. */
static void
build_create_table(struct plan_work *work, const PgQuery__CreateStmt *create,
                   struct plan_statement *statement)
{
    PgQuery__CreateStmt rest = *create;

    rest.relation = NULL;
    build_names(work, &rest.base, statement);
    if (create->partbound)
        keep_computed(work, statement);
    statement->special = SPECIAL_DDL;
}

/* ALTER COLUMN … TYPE … USING writes every row anew. */
static void
build_alter_table(struct plan_work *work, const PgQuery__AlterTableStmt *alter,
                  struct plan_statement *statement)
{
    struct scope *scope;
    struct entry *target;

    build_names(work, &alter->base, statement);
    statement->special = SPECIAL_DDL;
    build_begin(work);
    scope = scope_new(work, NULL, NULL);
    target = scope && alter->relation ? from_table(work, scope, alter->relation) : NULL;
    for (size_t i = 0; target && i < alter->n_cmds; i++) {
        const PgQuery__AlterTableCmd *command =
            alter->cmds[i]->node_case == PG_QUERY__NODE__NODE_ALTER_TABLE_CMD
                ? alter->cmds[i]->alter_table_cmd
                : NULL;
        struct carry written = {0};

        if (command)
            rename_parts(work, alter->relation, command);
        if (command && (command->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_AddColumn ||
                        command->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_AttachPartition))
            keep_computed(work, statement);
        if (!command || !command->def || command->def->node_case != PG_QUERY__NODE__NODE_COLUMN_DEF)
            continue;
        expression_carry(work, scope, command->def->column_def->raw_default, &written);
        if (!carry_is_empty(&written))
            mark_written(work, target, command->name[0] ? command->name : NULL, &written);
    }
    mark_statement(work, statement);
}

static void
build_view(struct plan_work *work, const PgQuery__ViewStmt *view, struct plan_statement *statement)
{
    struct mark_rows rows;

    if (view->query)
        build_names(work, &view->query->base, statement);
    statement->special = SPECIAL_DDL;
    if (statement->most_fields == 0)
        return;
    /* Whoever reads it is not asked for its conditions: they are asked for here. */
    (void)build_reach(work, view->query, &rows);
    work->marks = NULL;
    if (build_is_probe(work))
        statement->flags |= PLAN_PROBE;
}

/* ---- upkeep ---- */

/* What runs for a table that a statement works on without showing it: triggers, the functions of
 * indexes and statistics. Expressions of these are computed of its rows, and fail of them. */
static void
add_upkept(struct plan_work *work, const PgQuery__RangeVar *range)
{
    const char *schema = range && range->schemaname[0] ? range->schemaname : NULL;

    if (!range)
        return;
    (void)names_add_relation(work, schema, range->relname);
    names_add_acts(work, schema, range->relname, true);
}

static void
end_upkeep(struct plan_work *work, struct plan_statement *statement)
{
    statement->flags |= work->names.flags & PLAN_OPAQUE;
    statement->most_fields = reach_fields(&work->names.most);
    statement->most_kinds = reach_kinds(&work->names.most);
    statement->may_speak = statement->most_fields != 0;
}

static void
build_truncate(struct plan_work *work, const PgQuery__TruncateStmt *truncate,
               struct plan_statement *statement)
{
    work->names = (struct names){0};
    for (size_t i = 0; i < truncate->n_relations; i++)
        if (truncate->relations[i]->node_case == PG_QUERY__NODE__NODE_RANGE_VAR)
            add_upkept(work, truncate->relations[i]->range_var);
    end_upkeep(work, statement);
}

/* VACUUM and ANALYZE: of the tables that are named, or all. */
static void
build_vacuum(struct plan_work *work, const PgQuery__VacuumStmt *vacuum,
             struct plan_statement *statement)
{
    work->names = (struct names){0};
    for (size_t i = 0; i < vacuum->n_rels; i++)
        if (vacuum->rels[i]->node_case == PG_QUERY__NODE__NODE_VACUUM_RELATION)
            add_upkept(work, vacuum->rels[i]->vacuum_relation->relation);
    for (size_t i = 0;
         vacuum->n_rels == 0 && work->catalog && i < catalog_relation_count(work->catalog); i++) {
        const struct catalog_relation *relation = catalog_relation_at(work->catalog, i);

        if (relation->act_fields != 0)
            names_add_acts(work, relation->schema, relation->name, true);
        if (relation->fields != 0)
            (void)names_add_relation(work, relation->schema, relation->name);
    }
    end_upkeep(work, statement);
}

/* The same of one table, or of all that were clustered once. */
static void
build_cluster(struct plan_work *work, const PgQuery__ClusterStmt *cluster,
              struct plan_statement *statement)
{
    PgQuery__VacuumStmt all = PG_QUERY__VACUUM_STMT__INIT;

    if (!cluster->relation) {
        build_vacuum(work, &all, statement);
        return;
    }
    work->names = (struct names){0};
    add_upkept(work, cluster->relation);
    end_upkeep(work, statement);
}

/* With what is made in it at once. */
static void
build_schema(struct plan_work *work, const struct build *build,
             const PgQuery__CreateSchemaStmt *create, struct plan_statement *statement)
{
    for (size_t i = 0; i < create->n_schema_elts; i++) {
        struct build inside = {.range = build->range};
        struct plan_statement inner = {.is_understood = true};

        build_statement(work, &inside, create->schema_elts[i], &inner);
        statement->most_fields |= inner.most_fields;
        statement->most_kinds |= inner.most_kinds;
        statement->may_speak |= inner.may_speak;
        statement->twists |= inner.twists;
        statement->flags |= inner.flags;
        fresh_join(statement, &inner);
    }
    statement->special = SPECIAL_DDL;
}

bool
build_special(struct plan_work *work, const struct build *build, const PgQuery__Node *node,
              struct plan_statement *statement)
{
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_PREPARE_STMT:
        hold_prepared(work, build, node->prepare_stmt, statement);
        break;
    case PG_QUERY__NODE__NODE_DECLARE_CURSOR_STMT:
        hold_cursor(work, build, node->declare_cursor_stmt, statement);
        break;
    case PG_QUERY__NODE__NODE_EXECUTE_STMT:
        build_execute(work, node->execute_stmt, statement);
        break;
    case PG_QUERY__NODE__NODE_DEALLOCATE_STMT:
        name_it(work, SPECIAL_DEALLOCATE, node->deallocate_stmt->name, statement);
        break;
    case PG_QUERY__NODE__NODE_FETCH_STMT:
        build_fetch(work, node->fetch_stmt, statement);
        break;
    case PG_QUERY__NODE__NODE_CLOSE_PORTAL_STMT:
        name_it(work, SPECIAL_CLOSE, node->close_portal_stmt->portalname, statement);
        break;
    case PG_QUERY__NODE__NODE_COPY_STMT:
        build_copy(work, build, node->copy_stmt, statement);
        break;
    case PG_QUERY__NODE__NODE_EXPLAIN_STMT:
        build_explain(work, build, node->explain_stmt, statement);
        break;
    case PG_QUERY__NODE__NODE_DO_STMT:
        build_do(work, node->do_stmt, statement);
        break;
    case PG_QUERY__NODE__NODE_CALL_STMT:
        build_call(work, node->call_stmt, statement);
        break;
    case PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT:
        build_create_as(work, node->create_table_as_stmt, statement);
        break;
    case PG_QUERY__NODE__NODE_CREATE_STMT:
        build_create_table(work, node->create_stmt, statement);
        break;
    case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
        build_alter_table(work, node->alter_table_stmt, statement);
        break;
    case PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT:
        build_schema(work, build, node->create_schema_stmt, statement);
        break;
    case PG_QUERY__NODE__NODE_VIEW_STMT:
        build_view(work, node->view_stmt, statement);
        break;
    case PG_QUERY__NODE__NODE_VARIABLE_SET_STMT:
        build_set(work, node->variable_set_stmt, statement);
        break;
    case PG_QUERY__NODE__NODE_TRANSACTION_STMT:
        build_transaction(node->transaction_stmt, statement);
        break;
    case PG_QUERY__NODE__NODE_DISCARD_STMT:
        build_discard(node->discard_stmt, statement);
        break;
    case PG_QUERY__NODE__NODE_TRUNCATE_STMT:
        build_truncate(work, node->truncate_stmt, statement);
        break;
    case PG_QUERY__NODE__NODE_VACUUM_STMT:
        build_vacuum(work, node->vacuum_stmt, statement);
        break;
    case PG_QUERY__NODE__NODE_CLUSTER_STMT:
        build_cluster(work, node->cluster_stmt, statement);
        break;
    case PG_QUERY__NODE__NODE_REFRESH_MAT_VIEW_STMT:
        build_names(work, &node->refresh_mat_view_stmt->base, statement);
        break;
    case PG_QUERY__NODE__NODE_RENAME_STMT:
    case PG_QUERY__NODE__NODE_ALTER_OBJECT_SCHEMA_STMT:
        statement->special = SPECIAL_DDL;
        rename_statement(work, node, statement);
        break;
    default:
        if (is_plain_ddl(node))
            statement->special = SPECIAL_DDL;
        else if (!is_quiet(node))
            return false;
        statement->may_return_rows = node->node_case == PG_QUERY__NODE__NODE_VARIABLE_SHOW_STMT;
    }
    return true;
}
