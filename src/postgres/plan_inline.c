/* SPDX-License-Identifier: Apache-2.0 */
/* Which views can be read through, and where. */
#include "postgres/plan_inline.h"

#include "postgres/plan_view.h"

enum { FIRST_USER_OID = 16384 };

/* ---- expressions ---- */

/* Those of PostgreSQL's own that cannot fail, and whose result does not depend on who asks. */
static const char *const operators[] = {
    "=", "<>", "<", "<=", ">", ">=", "||", "~~", "!~~", "~~*", "!~~*"};
static const char *const functions[] = {"lower",       "upper",  "initcap", "btrim",
                                        "ltrim",       "rtrim",  "left",    "right",
                                        "char_length", "length", "reverse", "replace"};
static const char *const types[] = {"text", "varchar", "bpchar",  "int2",
                                    "int4", "int8",    "numeric", "bool"};

static bool
is_one_of(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; name && i < count; i++)
        if (strcmp(name, list[i]) == 0)
            return true;
    return false;
}

/* A name of PostgreSQL's own: as the inspector reads definitions, only those have no schema. */
static bool
is_own(PgQuery__Node *const *names, size_t count, const char *const *list, size_t list_count)
{
    const char *schema = count == 2 ? sql_string(names[0]) : NULL;

    return (count == 1 || (schema && strcmp(schema, "pg_catalog") == 0)) &&
           is_one_of(sql_last_name(names, count), list, list_count);
}

static bool accepts(const PgQuery__Node *node);

static bool
accepts_all(PgQuery__Node *const *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!accepts(nodes[i]))
            return false;
    return true;
}

static bool
accepts_column(const PgQuery__ColumnRef *reference)
{
    for (size_t i = 0; i < reference->n_fields; i++)
        if (!sql_string(reference->fields[i]))
            return false;
    return reference->n_fields == 1 || reference->n_fields == 2;
}

static bool
accepts_operator(const PgQuery__AExpr *e)
{
    return (e->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP ||
            e->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP_ANY) &&
           is_own(e->name, e->n_name, operators, COUNT_OF(operators)) && e->lexpr &&
           accepts(e->lexpr) && accepts(e->rexpr);
}

static bool
accepts_call(const PgQuery__FuncCall *call)
{
    return is_own(call->funcname, call->n_funcname, functions, COUNT_OF(functions)) &&
           call->n_agg_order == 0 && !call->agg_filter && !call->over && !call->agg_within_group &&
           !call->agg_star && !call->agg_distinct && !call->func_variadic &&
           accepts_all(call->args, call->n_args);
}

/* Of constants, and of columns to a text. */
static bool
accepts_cast(const PgQuery__TypeCast *cast)
{
    const PgQuery__TypeName *type = cast->type_name;
    const PgQuery__Node *arg = cast->arg;

    if (!type || !arg || type->setof || type->pct_type || type->n_typmods > 0 ||
        !is_own(type->names, type->n_names, types, COUNT_OF(types)))
        return false;
    if (arg->node_case == PG_QUERY__NODE__NODE_A_CONST)
        return type->n_array_bounds == 0;
    if (arg->node_case == PG_QUERY__NODE__NODE_A_ARRAY_EXPR && type->n_array_bounds == 1)
        return accepts(arg);
    return type->n_array_bounds == 0 &&
           strcmp(sql_last_name(type->names, type->n_names), "text") == 0 && accepts(arg);
}

static bool
accepts_case(const PgQuery__CaseExpr *e)
{
    for (size_t i = 0; i < e->n_args; i++)
        if (!e->args[i] || e->args[i]->node_case != PG_QUERY__NODE__NODE_CASE_WHEN ||
            !accepts(e->args[i]->case_when->expr) || !accepts(e->args[i]->case_when->result))
            return false;
    return !e->arg && (!e->defresult || accepts(e->defresult));
}

static bool
accepts(const PgQuery__Node *node)
{
    if (!node)
        return false;
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_COLUMN_REF:
        return accepts_column(node->column_ref);
    case PG_QUERY__NODE__NODE_A_CONST:
        return true;
    case PG_QUERY__NODE__NODE_TYPE_CAST:
        return accepts_cast(node->type_cast);
    case PG_QUERY__NODE__NODE_A_EXPR:
        return accepts_operator(node->a_expr);
    case PG_QUERY__NODE__NODE_FUNC_CALL:
        return accepts_call(node->func_call);
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR:
        return accepts_all(node->a_array_expr->elements, node->a_array_expr->n_elements);
    case PG_QUERY__NODE__NODE_BOOL_EXPR:
        return accepts_all(node->bool_expr->args, node->bool_expr->n_args);
    case PG_QUERY__NODE__NODE_NULL_TEST:
        return accepts(node->null_test->arg);
    case PG_QUERY__NODE__NODE_BOOLEAN_TEST:
        return accepts(node->boolean_test->arg);
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
        return accepts_all(node->coalesce_expr->args, node->coalesce_expr->n_args);
    case PG_QUERY__NODE__NODE_CASE_EXPR:
        return accepts_case(node->case_expr);
    default:
        return false;
    }
}

/* ---- definitions ---- */

/* Names that are written in one way in all encodings and dialects, and in JSON. */
static bool
is_plain(const char *name)
{
    size_t length = strlen(name);

    for (const char *c = name; *c; c++)
        if ((*c & 0x80) || *c < ' ' || *c == '\\' || *c == '"')
            return false;
    return length > 0 && length < CATALOG_NAME_SIZE;
}

/* Whether a definition can read a column, by its name, or the key is one. */
bool
inline_reads(const struct catalog_relation *relation, const struct catalog_column *column,
             const PgQuery__SelectStmt *reader)
{
    const char *const name = column->name;

    for (size_t i = 0; i < relation->show_count; i++)
        if (catalog_show_has_key(&relation->shows[i], column->number))
            return true;
    return !reader || sql_has_string(&reader->base, &name, 1);
}

/* Types of PostgreSQL's own, for which operators and functions are what they are called. */
static bool
has_plain_columns(const struct catalog_relation *relation, const PgQuery__SelectStmt *reader)
{
    for (size_t i = 0; i < relation->column_count; i++)
        if (inline_reads(relation, &relation->columns[i], reader) &&
            (!is_plain(relation->columns[i].name) || relation->columns[i].type >= FIRST_USER_OID))
            return false;
    return is_plain(relation->schema) && is_plain(relation->name) && relation->column_count > 0;
}

static bool accepts_view(struct plan_work *work, const struct catalog_relation *view,
                         unsigned depth);

static bool
accepts_table(struct plan_work *work, const struct catalog_relation *table,
              const PgQuery__SelectStmt *reader)
{
    return (table->kind == 'r' || table->kind == 'p') && !table->is_system && !table->is_never &&
           !table->is_guarded && table->show_count > 0 && has_plain_columns(table, reader) &&
           catalog_role_may_read_all(work->catalog, work->environment->role, table->oid,
                                     catalog_show_column(&table->shows[0]));
}

static bool
accepts_range(struct plan_work *work, const PgQuery__RangeVar *range,
              const PgQuery__SelectStmt *reader, unsigned depth)
{
    const struct catalog_relation *relation;
    size_t at = 0;

    if (!range->schemaname[0] || range->catalogname[0] || !range->inh ||
        (range->alias && (range->alias->n_colnames > 0 || !is_plain(range->alias->aliasname))))
        return false;
    relation = catalog_relation_named(work->catalog, range->schemaname, range->relname, &at);
    if (!relation || catalog_relation_named(work->catalog, range->schemaname, range->relname, &at))
        return false;
    return relation->kind == 'v' ? accepts_view(work, relation, depth + 1)
                                 : accepts_table(work, relation, reader);
}

static bool
accepts_from(struct plan_work *work, const PgQuery__Node *node, const PgQuery__SelectStmt *reader,
             unsigned depth)
{
    const PgQuery__JoinExpr *join;

    if (!node)
        return false;
    if (node->node_case == PG_QUERY__NODE__NODE_RANGE_VAR)
        return accepts_range(work, node->range_var, reader, depth);
    if (node->node_case != PG_QUERY__NODE__NODE_JOIN_EXPR)
        return false;
    join = node->join_expr;
    return !join->is_natural && join->n_using_clause == 0 && !join->alias &&
           (!join->quals || accepts(join->quals)) &&
           accepts_from(work, join->larg, reader, depth) &&
           accepts_from(work, join->rarg, reader, depth);
}

/* The columns are the view's, by their names and in their order. */
static bool
accepts_targets(const PgQuery__SelectStmt *select, const struct catalog_relation *view)
{
    if (select->n_target_list != view->column_count)
        return false;
    for (size_t i = 0; i < select->n_target_list; i++) {
        const PgQuery__ResTarget *target;
        const char *name;

        if (select->target_list[i]->node_case != PG_QUERY__NODE__NODE_RES_TARGET)
            return false;
        target = select->target_list[i]->res_target;
        if (!target->val || !accepts(target->val))
            return false;
        name =
            target->name[0] ? target->name
            : target->val->node_case == PG_QUERY__NODE__NODE_COLUMN_REF
                ? sql_last_name(target->val->column_ref->fields, target->val->column_ref->n_fields)
                : NULL;
        if (!name || strcmp(name, view->columns[i].name) != 0 ||
            view->columns[i].number != (int16_t)i + 1)
            return false;
    }
    return true;
}

/* A text that says the same in whatever encoding and dialect. */
static bool
is_plain_text(const char *text)
{
    for (; text && *text; text++)
        if ((*text & 0x80) || *text == '\\')
            return false;
    return text != NULL;
}

static bool
is_plain_select(const PgQuery__SelectStmt *s)
{
    return s->op == PG_QUERY__SET_OPERATION__SETOP_NONE && !s->with_clause && !s->into_clause &&
           s->n_distinct_clause == 0 && s->n_group_clause == 0 && !s->having_clause &&
           s->n_window_clause == 0 && s->n_values_lists == 0 && s->n_sort_clause == 0 &&
           !s->limit_count && !s->limit_offset && s->n_locking_clause == 0 && s->n_from_clause > 0;
}

static bool
accepts_view(struct plan_work *work, const struct catalog_relation *view, unsigned depth)
{
    const PgQuery__SelectStmt *select;

    if (depth > PLAN_VIEW_DEPTH_MAX || !work_spend(work, 1) || view->kind != 'v' ||
        view->is_system || view->is_never || !view->is_plain_view || view->is_guarded ||
        view->has_rules || view->persistence != 'p' || !has_plain_columns(view, NULL))
        return false;
    select = is_plain_text(view->definition) ? plan_view_query(work, view) : NULL;
    if (!select || !is_plain_select(select) || !accepts_targets(select, view) ||
        (select->where_clause && !accepts(select->where_clause)))
        return false;
    for (size_t i = 0; i < select->n_from_clause; i++)
        if (!accepts_from(work, select->from_clause[i], select, depth))
            return false;
    return true;
}

/* ---- statements ---- */

/* A cast to the type that it has anyway is none: the server says where the column comes from. */
static bool
is_cast_column(const PgQuery__Node *value)
{
    const PgQuery__Node *within = value;

    while (within && within->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        within = within->type_cast->arg;
    return within != value && within && within->node_case == PG_QUERY__NODE__NODE_COLUMN_REF;
}

/* What a subquery in FROM cannot do, or does otherwise. */
static void
find_obstacle(void *context, const ProtobufCMessage *message)
{
    static const ProtobufCMessageDescriptor *const obstacles[] = {
        &pg_query__locking_clause__descriptor, &pg_query__range_table_sample__descriptor,
        &pg_query__insert_stmt__descriptor,    &pg_query__update_stmt__descriptor,
        &pg_query__delete_stmt__descriptor,    &pg_query__merge_stmt__descriptor,
        &pg_query__into_clause__descriptor,    &pg_query__current_of_expr__descriptor,
    };
    bool *is_found = context;

    for (size_t i = 0; i < COUNT_OF(obstacles); i++)
        *is_found |= message->descriptor == obstacles[i];
    if (message->descriptor == &pg_query__res_target__descriptor)
        *is_found |= is_cast_column(((const PgQuery__ResTarget *)message)->val);
    if (message->descriptor == &pg_query__select_stmt__descriptor)
        *is_found |= ((const PgQuery__SelectStmt *)message)->larg != NULL;
    if (message->descriptor == &pg_query__with_clause__descriptor)
        *is_found |= ((const PgQuery__WithClause *)message)->recursive;
    if (message->descriptor == &pg_query__column_ref__descriptor)
        *is_found |= ((const PgQuery__ColumnRef *)message)->n_fields > 2;
    if (!*is_found)
        sql_each_child(message, find_obstacle, context);
}

static bool
accepts_statement(const struct plan_work *work)
{
    bool is_found = false;

    if (!work->statement || work->is_declaring || work->is_preparing)
        return false;
    find_obstacle(&is_found, work->statement);
    return !is_found;
}

/* The catalog, by which the text proves itself, can be closed to a role. */
static bool
may_read_catalog(const struct plan_work *work)
{
    static const uint32_t tables[] = {CATALOG_PG_CLASS, CATALOG_PG_REWRITE, CATALOG_PG_ATTRIBUTE,
                                      CATALOG_PG_NAMESPACE};

    for (size_t i = 0; i < COUNT_OF(tables); i++)
        if (!catalog_role_may_read_all(work->catalog, work->environment->role, tables[i], 1))
            return false;
    return true;
}

/* A key that is seen is known anyway, by where the server says that it comes from. */
static bool
shows_key(const struct outputs *columns)
{
    for (const struct output *o = columns->first; o; o = o->next)
        if (o->keys)
            return true;
    return columns->is_open;
}

static bool
accepts_entry(struct plan_work *work, const struct entry *entry, const struct outputs *columns)
{
    const struct plan_environment *environment = work->environment;
    const PgQuery__RangeVar *range = entry->range;

    return environment->may_inject && environment->role[0] != '\0' && entry->is_only &&
           entry->name && is_plain(entry->name) && range->inh && !range->catalogname[0] &&
           !shows_key(columns) && may_read_catalog(work) && !catalog_has_casts(work->catalog) &&
           catalog_role_may_read_all(work->catalog, environment->role, entry->relation->oid, 1) &&
           accepts_statement(work) && accepts_view(work, entry->relation, 0);
}

/* Within a definition all is accepted, or nothing of it is read. */
const struct query *
inline_query(struct plan_work *work, const struct entry *entry, const struct outputs *columns)
{
    bool is_outermost = work->view_depth == 0;
    struct query *query;

    if (!columns->query || columns->query->arms[0] ||
        (is_outermost && !accepts_entry(work, entry, columns)))
        return NULL;
    query = arena_new(&work->memory, 1, sizeof(*query));
    if (!query)
        return NULL;
    *query = *columns->query;
    query->view = entry->relation;
    query->is_outermost = is_outermost;
    return query;
}

/* ---- what is read through ---- */

static bool
is_used(const struct injection *injection, const struct entry *entry)
{
    const struct query *query = entry->query;

    if (!query || !query->is_outermost)
        return false;
    for (const struct addition *a = injection->additions; a; a = a->next)
        if (a->count > 0 && a->list.targets == query->targets)
            return true;
    return false;
}

/* A statement can be read more than once. */
static bool
is_listed(const struct injection *injection, const struct entry *entry)
{
    for (const struct inlined *i = injection->inlined; i; i = i->next)
        if (i->entry->range == entry->range)
            return true;
    return false;
}

static bool
list_entries(struct plan_work *work, struct injection *injection)
{
    for (const struct reading *r = work->readings; r; r = r->next) {
        struct inlined *inlined;

        if (!is_used(injection, r->entry) || is_listed(injection, r->entry))
            continue;
        inlined = arena_new(&work->memory, 1, sizeof(*inlined));
        if (!inlined)
            return false;
        *inlined = (struct inlined){injection->inlined, r->entry};
        injection->inlined = inlined;
    }
    return true;
}

/* Where the server says that columns come from when it reads the views themselves. */
static void
keep_origins(struct plan_work *work, const struct injection *injection,
             const struct outputs *columns, struct plan_statement *statement)
{
    struct plan_origin *origins = arena_new(work->keep, columns->count + 1, sizeof(*origins));
    uint16_t at = 0;

    if (!origins)
        return;
    statement->origins = origins;
    for (const struct output *o = columns->first; o; o = o->next, at++)
        if (o->view && is_used(injection, o->view))
            origins[statement->origin_count++] =
                (struct plan_origin){at, o->view_attribute, o->view->relation->oid};
}

void
inline_settle(struct plan_work *work, struct injection *injection, const struct outputs *columns,
              struct plan_statement *statement)
{
    if (injection && list_entries(work, injection) && injection->inlined)
        keep_origins(work, injection, columns, statement);
}

bool
inline_apply(struct plan_work *work, const struct injection *injection, struct rewrite *rewrite)
{
    struct replacement *all = NULL;

    for (const struct inlined *i = injection->inlined; i; i = i->next) {
        struct replacement *replacement = arena_new(&work->memory, 1, sizeof(*replacement));

        if (!replacement)
            return false;
        *replacement =
            (struct replacement){all, i->entry->range, inline_text(work, injection, i->entry)};
        all = replacement;
    }
    return !all || inline_replace(work, all, rewrite);
}
