/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_names.h"

#include "postgres/plan_administer.h"
#include "postgres/plan_literal.h"
#include "postgres/plan_refuse.h"
#include "postgres/plan_statistics.h"
#include "postgres/plan_work.h"

/* Names of WITH that hide relations where the walk is, the innermost first. */
struct hiding {
    const struct hiding *outer;
    const char *name;
};

struct walk {
    struct plan_work *work;
    const struct hiding *hiding;
};

static void walk_message(void *context, const ProtobufCMessage *message);

/* ---- relations ---- */

static bool
is_temporary_schema(const char *schema)
{
    return strcmp(schema, "pg_temp") == 0;
}

/* Where a blank table is temporary, another temporary one of that name that the snapshot shows is
 * another session's, or gone; but through a pooler before the server it could be met. */
static bool
is_unknown(const struct plan_work *work, const struct plan_table *table)
{
    const char *schema = table->is_temporary ? NULL : table->schema;
    const struct catalog_relation *relation;
    size_t at = 0;

    while ((relation = catalog_relation_named(work->catalog, schema, table->name, &at)) != NULL)
        if (!table->is_temporary || relation->persistence != 't' || relation->fields != 0)
            return false;
    return true;
}

const struct plan_table *
names_blank(const struct plan_work *work, const char *schema, const char *name)
{
    const struct plan_blank *blank = work->environment->blank;

    for (size_t i = 0; blank && work->catalog && i < blank->count; i++) {
        const struct plan_table *table = &blank->tables[i];
        bool is_same_schema =
            table->schema && schema ? strcmp(table->schema, schema) == 0 : table->schema == schema;

        if (is_same_schema && strcmp(table->name, name) == 0 && is_unknown(work, table))
            return table;
    }
    return NULL;
}

const struct catalog_relation *
names_next_relation(const struct plan_work *work, const char *schema, const char *name, size_t *at)
{
    bool is_temporary = schema && is_temporary_schema(schema);
    const struct catalog_relation *relation;

    if (!work->catalog || (*at == 0 && names_blank(work, schema, name)))
        return NULL;
    while ((relation = catalog_relation_named(work->catalog, is_temporary ? NULL : schema, name,
                                              at)) != NULL)
        if (!is_temporary || relation->persistence == 't')
            return relation;
    return NULL;
}

bool
names_column_speaks(const struct catalog_relation *relation, const char *column)
{
    static const char *const columns[][2] = {
#define X(relation, column) {relation, column},
#include "postgres/speaking_column.def"
#undef X
    };
    bool is_listed = false;

    if (!relation->speaks_values)
        return false;
    for (size_t i = 0; i < COUNT_OF(columns); i++) {
        if (!relation->is_system || strcmp(columns[i][0], relation->name) != 0)
            continue;
        if (strcmp(columns[i][1], column) == 0)
            return true;
        is_listed = true;
    }
    return !is_listed;
}

struct reach
names_reach(const struct plan_work *work, const struct catalog_relation *relation)
{
    if (relation->speaks_values && relation->fields == 0)
        return work->everything;
    return reach_of_relation(relation);
}

void
names_add_everything(struct plan_work *work, uint32_t flag)
{
    reach_add(&work->names.most, &work->everything);
    work->names.flags |= flag;
}

bool
names_add_relation(struct plan_work *work, const char *schema, const char *name)
{
    const struct catalog_relation *relation;
    bool is_known = false;
    size_t at = 0;

    while ((relation = names_next_relation(work, schema, name, &at)) != NULL) {
        struct reach reach = names_reach(work, relation);

        is_known = true;
        reach_add(&work->names.most, &reach);
        work->names.has_temporary |= relation->persistence == 't';
        work->names.flags |= relation->speaks_values ? PLAN_STATISTICS : 0;
        work->names.never_relation = relation->is_never ? relation : work->names.never_relation;
        work->names.exit_relation = relation->is_exit ? relation : work->names.exit_relation;
        if (relation->fills || relation->renames || relation->twists)
            work->names.flags |= PLAN_CALLS;
        if (relation->keeps)
            reach_add(&work->names.made, &reach);
        work->names.calls_code |= relation->keeps;
        if (relation->renames)
            work->names.flags |= PLAN_RENAMES;
        if (relation->twists)
            work->names.flags |= PLAN_TWISTS;
    }
    return is_known;
}

void
names_add_acts(struct plan_work *work, const char *schema, const char *name, bool is_written)
{
    const struct catalog_relation *relation;
    size_t at = 0;

    while ((relation = names_next_relation(work, schema, name, &at)) != NULL) {
        struct reach reach = {{0}};

        if (is_written)
            work->names.has_rules |= relation->has_rules;
        else if (!relation->is_guarded)
            continue;
        if (relation->has_acts)
            work->names.flags |= PLAN_CALLS;
        if (relation->act_fields == 0)
            continue;
        reach_add_all(&reach, relation->act_kinds, relation->act_fields);
        reach_add(&work->names.most, &reach);
        reach_add(&work->names.functions, &reach);
        work->names.flags |= PLAN_OPAQUE;
        if (relation->act_keeps)
            reach_add(&work->names.made, &reach);
        if (relation->act_renames)
            work->names.flags |= PLAN_RENAMES;
        if (relation->act_twists)
            work->names.flags |= PLAN_TWISTS;
        work->names.is_filled |= is_written && relation->is_filled;
    }
}

static void
note_named(struct plan_work *work, const PgQuery__RangeVar *range)
{
    struct named *named = arena_new(&work->memory, 1, sizeof(*named));

    if (!named)
        return;
    *named = (struct named){range, work->names.named};
    work->names.named = named;
}

static void
add_range_var(struct walk *walk, const PgQuery__RangeVar *range, bool is_written)
{
    const char *schema = range->schemaname[0] ? range->schemaname : NULL;

    note_named(walk->work, range);
    if (names_blank(walk->work, schema, range->relname))
        walk->work->names.has_blank = true;
    else if (!statistics_add(walk->work, range) &&
             !names_add_relation(walk->work, schema, range->relname))
        names_add_everything(walk->work, PLAN_UNKNOWN_TABLE);
    names_add_acts(walk->work, schema, range->relname, is_written);
}

static void
walk_range_var(struct walk *walk, const PgQuery__RangeVar *range)
{
    if (!range->schemaname[0])
        for (const struct hiding *h = walk->hiding; h; h = h->outer)
            if (strcmp(h->name, range->relname) == 0)
                return;
    add_range_var(walk, range, false);
}

bool
names_written(const struct plan_work *work, const PgQuery__RangeVar *range, struct reach *reach)
{
    const struct catalog_relation *relation;
    bool is_opaque = false;
    size_t at = 0;

    while ((relation = names_next_relation(work, range->schemaname[0] ? range->schemaname : NULL,
                                           range->relname, &at)) != NULL) {
        reach_add_all(reach, relation->written_kinds, relation->written_fields);
        is_opaque |= relation->is_written_opaque;
        if (relation->is_written_opaque && relation->written_fields == 0)
            reach_add(reach, &work->everything);
    }
    return is_opaque;
}

/* Rows that only go in show nothing, not even of a table that is shown to nobody. */
static bool
is_only_filled(const ProtobufCMessage *statement)
{
    const PgQuery__InsertStmt *insert = (const PgQuery__InsertStmt *)statement;

    return statement->descriptor == &pg_query__insert_stmt__descriptor &&
           insert->n_returning_list == 0 && !insert->on_conflict_clause;
}

static void
add_writers(struct plan_work *work, const PgQuery__RangeVar *range)
{
    struct function_facts facts = {.class = FUNCTION_PLAIN};

    facts.is_opaque = names_written(work, range, &facts.reach);
    names_add_function(work, &facts);
}

/* The table that a statement writes to: never a name of WITH. */
static void
walk_written(struct walk *walk, const PgQuery__RangeVar *range, const ProtobufCMessage *statement)
{
    const struct catalog_relation *never = walk->work->names.never_relation;

    if (!range)
        return;
    refuse_by_written(walk->work, range->schemaname[0] ? range->schemaname : NULL, range->relname);
    add_range_var(walk, range, true);
    add_writers(walk->work, range);
    if (is_only_filled(statement))
        walk->work->names.never_relation = never;
}

/* ---- functions, operators, casts ---- */

static void
add_filler(struct plan_work *work, uint32_t function)
{
    struct filler *filler;

    for (const struct filler *f = work->names.fillers; f; f = f->next)
        if (f->function == function)
            return;
    filler = arena_new(&work->memory, 1, sizeof(*filler));
    if (!filler)
        return;
    *filler = (struct filler){function, work->names.fillers};
    work->names.fillers = filler;
}

static void
add_fillers(struct plan_work *work, const struct function_facts *facts)
{
    const struct catalog_function *function;
    size_t at = 0;

    while (work->catalog && facts->name &&
           (function = catalog_function_named(work->catalog, facts->schema, facts->name, &at)) !=
               NULL)
        if (!function->is_system && function->fills)
            add_filler(work, function->oid);
}

void
names_add_function(struct plan_work *work, const struct function_facts *facts)
{
    if (facts->fills)
        add_fillers(work, facts);
    reach_add(&work->names.most, &facts->reach);
    reach_add(&work->names.functions, &facts->reach);
    if (facts->is_opaque)
        work->names.flags |= PLAN_OPAQUE;
    if (facts->keeps)
        reach_add(&work->names.kept, &facts->reach);
    work->names.keeps |= facts->keeps || facts->fills;
    if (facts->is_user)
        work->names.flags |= PLAN_CALLS;
    if (facts->renames)
        work->names.flags |= PLAN_RENAMES;
    if (facts->twists)
        work->names.flags |= PLAN_TWISTS;
    work->names.flags |= facts->administers;
    if (facts->exit)
        work->names.exit_function = facts->exit;
    if (facts->never)
        work->names.never_function = facts->never;
}

void
names_add_foreign(struct plan_work *work, const char *operator)
{
    struct function_facts facts = {
        .reach = work->everything,
        .is_opaque = true,
        .renames = true,
        .twists = true,
        .keeps = work->catalog && (operator? catalog_operator_keeps(work->catalog, operator)
                                           : catalog_has_keeping_casts(work->catalog)),
        .is_user = true,
    };

    names_add_function(work, &facts);
    if (facts.keeps)
        add_filler(work, 0);
}

static void
add_operator(struct plan_work *work, PgQuery__Node *const *names, size_t count)
{
    if (names_is_foreign_operator(work, names, count))
        names_add_foreign(work, sql_last_name(names, count));
}

static void
add_plain_operator(struct plan_work *work, const char *name)
{
    if (!work->catalog || catalog_operator_is_foreign(work->catalog, name))
        names_add_foreign(work, name);
}

/* BETWEEN is written with a name, and means others. */
static void
walk_operator(struct plan_work *work, const PgQuery__AExpr *expression)
{
    switch (expression->kind) {
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN:
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN_SYM:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM:
        add_plain_operator(work, "<");
        add_plain_operator(work, "<=");
        add_plain_operator(work, ">");
        add_plain_operator(work, ">=");
        break;
    default:
        add_operator(work, expression->name, expression->n_name);
    }
}

/* Whether set_config can change who the session is: it cannot where its first argument is a plain
 * text that says something else. */
static bool
may_set_role(const PgQuery__FuncCall *call)
{
    const PgQuery__Node *first = call->n_args > 0 ? call->args[0] : NULL;
    const char *setting;

    if (!first || first->node_case != PG_QUERY__NODE__NODE_A_CONST ||
        first->a_const->val_case != PG_QUERY__A__CONST__VAL_SVAL)
        return true;
    setting = first->a_const->sval->sval;
    return strcasecmp(setting, "role") == 0 || strcasecmp(setting, "session_authorization") == 0;
}

static void
walk_function(struct plan_work *work, const PgQuery__FuncCall *call)
{
    struct function_facts facts = function_facts(work, call->funcname, call->n_funcname);

    if (facts.is_opaque)
        refuse_by_call(work, call);
    literal_narrow(work, call, &facts);
    names_add_function(work, &facts);
    work->names.sets |= facts.class == FUNCTION_SETTING;
    if (facts.class == FUNCTION_SETTING && may_set_role(call)) {
        work->names.sets_role = true;
        administer_setting(work, call);
    }
    if (facts.class == FUNCTION_SETTING)
        refuse_by_setting(work, call);
}

/* "c.f" can be f(c): a user's function of that name may run. */
static void
walk_attribute(struct plan_work *work, PgQuery__Node *const *names, size_t count)
{
    const char *name = sql_last_name(names, count);
    const struct catalog_function *function;
    size_t at = 0;

    if (!name || !work->catalog)
        return;
    while ((function = catalog_function_named(work->catalog, NULL, name, &at)) != NULL)
        if (!function->is_system &&
            (function->is_opaque || function->fields || function->is_exit)) {
            struct function_facts facts = function_facts(work, &names[count - 1], 1);

            names_add_function(work, &facts);
            return;
        }
}

/* ---- the walk ---- */

static void
walk_node(struct walk *walk, const PgQuery__Node *node)
{
    if (node)
        walk_message(walk, &node->base);
}

/* With WITH RECURSIVE, all names are known in all of its queries. */
static void
walk_recursive(void *context, const ProtobufCMessage *message)
{
    struct walk *walk = context;
    const PgQuery__WithClause *with = (const PgQuery__WithClause *)message;

    for (size_t i = 0; with->recursive && i < with->n_ctes; i++)
        if (with->ctes[i]->node_case == PG_QUERY__NODE__NODE_COMMON_TABLE_EXPR)
            walk_node(walk, with->ctes[i]->common_table_expr->ctequery);
}

/* The table written to was looked at by itself, and the queries of WITH too. */
static void
walk_statement_child(void *context, const ProtobufCMessage *message)
{
    if (message->descriptor == &pg_query__range_var__descriptor)
        return;
    if (message->descriptor == &pg_query__with_clause__descriptor) {
        walk_recursive(context, message);
        return;
    }
    walk_message(context, message);
}

/* Each name of WITH hides a relation in what follows it, in itself too where it is recursive, and
 * in the statement, of which everything but the WITH is walked last. */
static void
walk_with(struct walk *walk, const PgQuery__WithClause *with, size_t index,
          const ProtobufCMessage *statement)
{
    struct hiding hiding = {walk->hiding, NULL};
    struct walk inner = {walk->work, &hiding};
    const PgQuery__CommonTableExpr *cte;

    if (!with || index >= with->n_ctes) {
        sql_each_child(statement, walk_statement_child, walk);
        return;
    }
    cte = with->ctes[index]->node_case == PG_QUERY__NODE__NODE_COMMON_TABLE_EXPR
              ? with->ctes[index]->common_table_expr
              : NULL;
    if (!cte)
        return;
    hiding.name = cte->ctename;
    if (!with->recursive)
        walk_node(walk, cte->ctequery);
    walk_with(&inner, with, index + 1, statement);
}

/* The WITH of a statement, and the table it writes to; false where it is no such statement. */
static bool
read_statement(const ProtobufCMessage *message, const PgQuery__WithClause **with,
               const PgQuery__RangeVar **written)
{
    *with = NULL;
    *written = NULL;
    if (message->descriptor == &pg_query__select_stmt__descriptor) {
        *with = ((const PgQuery__SelectStmt *)message)->with_clause;
    } else if (message->descriptor == &pg_query__insert_stmt__descriptor) {
        *with = ((const PgQuery__InsertStmt *)message)->with_clause;
        *written = ((const PgQuery__InsertStmt *)message)->relation;
    } else if (message->descriptor == &pg_query__update_stmt__descriptor) {
        *with = ((const PgQuery__UpdateStmt *)message)->with_clause;
        *written = ((const PgQuery__UpdateStmt *)message)->relation;
    } else if (message->descriptor == &pg_query__delete_stmt__descriptor) {
        *with = ((const PgQuery__DeleteStmt *)message)->with_clause;
        *written = ((const PgQuery__DeleteStmt *)message)->relation;
    } else if (message->descriptor == &pg_query__merge_stmt__descriptor) {
        *with = ((const PgQuery__MergeStmt *)message)->with_clause;
        *written = ((const PgQuery__MergeStmt *)message)->relation;
    } else {
        return false;
    }
    return true;
}

/* Names of things that are made, or of range-table entries: no relation that is read. */
static bool
is_no_reading(const ProtobufCMessage *message)
{
    return message->descriptor == &pg_query__into_clause__descriptor ||
           message->descriptor == &pg_query__locking_clause__descriptor;
}

static void
walk_expression(struct walk *walk, const ProtobufCMessage *message)
{
    struct plan_work *work = walk->work;
    const ProtobufCMessageDescriptor *kind = message->descriptor;

    if (kind == &pg_query__func_call__descriptor) {
        walk_function(work, (const PgQuery__FuncCall *)message);
    } else if (kind == &pg_query__a__expr__descriptor) {
        walk_operator(work, (const PgQuery__AExpr *)message);
    } else if (kind == &pg_query__type_cast__descriptor) {
        if (names_is_foreign_type(work, ((const PgQuery__TypeCast *)message)->type_name))
            names_add_foreign(work, NULL);
    } else if (kind == &pg_query__range_function__descriptor) {
        const PgQuery__RangeFunction *range = (const PgQuery__RangeFunction *)message;

        if (names_has_foreign_column(work, range->coldeflist, range->n_coldeflist))
            names_add_foreign(work, NULL);
    } else if (kind == &pg_query__range_table_func__descriptor) {
        const PgQuery__RangeTableFunc *range = (const PgQuery__RangeTableFunc *)message;

        if (names_has_foreign_column(work, range->columns, range->n_columns))
            names_add_foreign(work, NULL);
    } else if (kind == &pg_query__param_ref__descriptor) {
        if (names_is_foreign_parameter(work, ((const PgQuery__ParamRef *)message)->number))
            names_add_foreign(work, NULL);
    } else if (kind == &pg_query__sub_link__descriptor) {
        const PgQuery__SubLink *link = (const PgQuery__SubLink *)message;

        add_operator(work, link->oper_name, link->n_oper_name);
        if (link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__ANY_SUBLINK && link->n_oper_name == 0)
            add_plain_operator(work, "=");
    } else if (kind == &pg_query__sort_by__descriptor) {
        const PgQuery__SortBy *sort = (const PgQuery__SortBy *)message;

        add_operator(work, sort->use_op, sort->n_use_op);
    } else if (kind == &pg_query__case_expr__descriptor) {
        if (((const PgQuery__CaseExpr *)message)->arg)
            add_plain_operator(work, "=");
    } else if (kind == &pg_query__join_expr__descriptor) {
        const PgQuery__JoinExpr *join = (const PgQuery__JoinExpr *)message;

        if (join->is_natural || join->n_using_clause > 0)
            add_plain_operator(work, "=");
    } else if (kind == &pg_query__column_ref__descriptor) {
        const PgQuery__ColumnRef *column = (const PgQuery__ColumnRef *)message;

        if (column->n_fields > 1)
            walk_attribute(work, column->fields, column->n_fields);
    } else if (kind == &pg_query__a__indirection__descriptor) {
        const PgQuery__AIndirection *indirection = (const PgQuery__AIndirection *)message;

        walk_attribute(work, indirection->indirection, indirection->n_indirection);
    }
}

static void
walk_message(void *context, const ProtobufCMessage *message)
{
    struct walk *walk = context;
    const PgQuery__WithClause *with;
    const PgQuery__RangeVar *written;

    if (is_no_reading(message))
        return;
    if (message->descriptor == &pg_query__range_var__descriptor) {
        walk_range_var(walk, (const PgQuery__RangeVar *)message);
        return;
    }
    if (read_statement(message, &with, &written)) {
        if (message->descriptor == &pg_query__select_stmt__descriptor)
            statistics_note(walk->work, (const PgQuery__SelectStmt *)message);
        walk_written(walk, written, message);
        walk_with(walk, with, 0, message);
        return;
    }
    walk_expression(walk, message);
    sql_each_child(message, walk_message, context);
}

void
names_collect(struct plan_work *work, const ProtobufCMessage *tree)
{
    struct walk walk = {work, NULL};

    work->names = (struct names){0};
    walk_message(&walk, tree);
}
