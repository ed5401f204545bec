/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_document.h"

static const char *
operator_name(const PgQuery__AExpr *expression)
{
    const char *name = sql_last_name(expression->name, expression->n_name);

    return expression->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP && name ? name : "";
}

bool
document_is_part(const PgQuery__AExpr *expression)
{
    static const char *const operators[] = {"->", "->>", "#>", "#>>"};

    for (size_t i = 0; i < COUNT_OF(operators); i++)
        if (strcmp(operator_name(expression), operators[i]) == 0)
            return true;
    return false;
}

/* One of PostgreSQL's own, called in the plain way. */
static bool
is_one_of(const struct plan_work *work, const PgQuery__FuncCall *call, const char *const *names,
          size_t count)
{
    struct function_facts facts = function_facts(work, call->funcname, call->n_funcname);

    if (!facts.name || !facts.is_known || facts.is_user || facts.is_opaque || call->over ||
        call->func_variadic || call->agg_filter)
        return false;
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], facts.name) == 0)
            return true;
    return false;
}

/* ---- one part ---- */

static const char *
string_of(const PgQuery__Node *node)
{
    return node && node->node_case == PG_QUERY__NODE__NODE_A_CONST &&
                   node->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL
               ? node->a_const->sval->sval
               : NULL;
}

/* That this name can mean nothing but the row of one entry, whose columns are called as they are
 * here. */
static bool
is_row(const struct scope *scope, const char *name)
{
    size_t count = 0;

    for (const struct scope *s = scope; s; s = s->outer)
        for (const struct entry *e = s->entries; e; e = e->next) {
            if (e->columns.is_open)
                return false;
            if (e->name && strcmp(e->name, name) == 0) {
                count++;
                if (e->is_hidden || e->join || e->alias_count > 0)
                    return false;
            }
            for (const struct output *o = e->columns.first; o; o = o->next)
                if (o->name && strcmp(o->name, name) == 0)
                    return false;
        }
    return count == 1;
}

/* A column of a row that was made a document: c.name. */
static bool
part_of_row(struct plan_work *work, const struct scope *scope, const PgQuery__ColumnRef *row,
            const char *part, struct carry *into)
{
    const char *name = row->n_fields == 1 ? sql_string(row->fields[0]) : NULL;
    PgQuery__Node *node;
    struct found found;

    if (!name || !is_row(scope, name) || !(node = sql_reference(&work->memory, name, part)))
        return false;
    scope_find(work, scope, node->column_ref, &found);
    if (!found.named)
        return false;
    expression_carry(work, scope, node, into);
    return true;
}

/* The value of one of the names of an object that is made here; of several the last one, at most.
 */
static bool
part_of_object(struct plan_work *work, const struct scope *scope, const PgQuery__FuncCall *object,
               const char *part, struct carry *into)
{
    struct certainty beside = into->certain;
    size_t count = 0;

    if (object->n_args % 2 != 0)
        return false;
    for (size_t i = 0; i < object->n_args; i += 2) {
        if (!string_of(object->args[i]))
            return false;
        count += strcmp(string_of(object->args[i]), part) == 0;
    }
    into->certain = (struct certainty){0};
    for (size_t i = 0; i < object->n_args; i += 2)
        if (strcmp(string_of(object->args[i]), part) == 0)
            expression_carry(work, scope, object->args[i + 1], into);
        else
            expression_judge(work, scope, object->args[i + 1]);
    if (count != 1)
        into->certain = (struct certainty)CERTAIN_VAGUE;
    certainty_harden(&into->certain); /* a null is one of JSON's */
    certainty_add(&into->certain, beside);
    return true;
}

bool
document_part(struct plan_work *work, const struct scope *scope, const PgQuery__AExpr *expression,
              struct carry *into)
{
    static const char *const rows[] = {"to_json", "to_jsonb", "row_to_json"};
    static const char *const objects[] = {"json_build_object", "jsonb_build_object"};
    const char *part = string_of(expression->rexpr), *name = operator_name(expression);
    const PgQuery__FuncCall *call;

    if (!part || (strcmp(name, "->") != 0 && strcmp(name, "->>") != 0) || !expression->lexpr ||
        expression->lexpr->node_case != PG_QUERY__NODE__NODE_FUNC_CALL ||
        names_is_foreign_operator(work, expression->name, expression->n_name))
        return false;
    call = expression->lexpr->func_call;
    if (call->n_args == 1 && call->args[0] &&
        call->args[0]->node_case == PG_QUERY__NODE__NODE_COLUMN_REF &&
        is_one_of(work, call, rows, COUNT_OF(rows)))
        return part_of_row(work, scope, call->args[0]->column_ref, part, into);
    return is_one_of(work, call, objects, COUNT_OF(objects)) &&
           part_of_object(work, scope, call, part, into);
}

bool
document_is_stored(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node)
{
    bool had_stray = work->has_stray;
    struct found found;

    while (node &&
           (node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST ||
            (node->node_case == PG_QUERY__NODE__NODE_A_EXPR && document_is_part(node->a_expr))))
        node = node->node_case == PG_QUERY__NODE__NODE_A_EXPR ? node->a_expr->lexpr
                                                              : node->type_cast->arg;
    if (!node || node->node_case != PG_QUERY__NODE__NODE_COLUMN_REF)
        return false;
    scope_find(work, scope, node->column_ref, &found);
    work->has_stray = had_stray;
    return found.named && found.is_plain;
}

bool
document_is_whole(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node)
{
    static const char *const names[] = {"upper",   "lower", "initcap", "btrim",
                                        "reverse", "md5",   "max",     "min",
                                        "replace", "ltrim", "rtrim",   "string_agg"};
    const PgQuery__FuncCall *call;

    if (!node || node->node_case != PG_QUERY__NODE__NODE_FUNC_CALL)
        return document_is_stored(work, scope, node);
    call = node->func_call;
    for (size_t i = 1; i < call->n_args; i++)
        if (!call->args[i] || call->args[i]->node_case != PG_QUERY__NODE__NODE_A_CONST)
            return false;
    return call->n_args > 0 && is_one_of(work, call, names, COUNT_OF(names)) &&
           document_is_whole(work, scope, call->args[0]);
}

bool
document_is_cut(struct plan_work *work, const struct scope *scope, const PgQuery__FuncCall *call)
{
    static const char *const names[] = {"left",
                                        "right",
                                        "substr",
                                        "substring",
                                        "split_part",
                                        "lpad",
                                        "rpad",
                                        "regexp_match",
                                        "regexp_matches",
                                        "regexp_split_to_table",
                                        "regexp_substr",
                                        "string_to_table",
                                        "position",
                                        "strpos",
                                        "starts_with",
                                        "json_array_elements",
                                        "json_array_elements_text",
                                        "json_each",
                                        "json_each_text",
                                        "json_extract_path",
                                        "json_extract_path_text",
                                        "json_to_record",
                                        "json_to_recordset",
                                        "jsonb_array_elements",
                                        "jsonb_array_elements_text",
                                        "jsonb_each",
                                        "jsonb_each_text",
                                        "jsonb_extract_path",
                                        "jsonb_extract_path_text",
                                        "jsonb_path_query",
                                        "jsonb_path_query_first",
                                        "jsonb_to_record",
                                        "jsonb_to_recordset"};

    return call->n_args > 0 && is_one_of(work, call, names, COUNT_OF(names)) &&
           !document_is_whole(work, scope, call->args[0]);
}

size_t
document_rows(const struct plan_work *work, const PgQuery__FuncCall *call,
              const char *const **columns)
{
    static const char *const each[] = {"json_each", "json_each_text", "jsonb_each",
                                       "jsonb_each_text"};
    static const char *const names[] = {"key", "value"};

    *columns = names;
    return is_one_of(work, call, each, COUNT_OF(each)) ? COUNT_OF(names) : 0;
}

/* ---- how many ---- */

bool
document_is_count(const struct plan_work *work, const PgQuery__FuncCall *call)
{
    static const char *const names[] = {"array_agg", "json_agg", "jsonb_agg"};
    const PgQuery__Node *whole = call->n_args > 0 ? call->args[0] : NULL;
    const PgQuery__Node *dimension = call->n_args > 1 ? call->args[1] : NULL;

    if (!whole || (dimension && (dimension->node_case != PG_QUERY__NODE__NODE_A_CONST ||
                                 dimension->a_const->val_case != PG_QUERY__A__CONST__VAL_IVAL ||
                                 dimension->a_const->ival->ival != 1)))
        return false;
    switch (whole->node_case) {
    case PG_QUERY__NODE__NODE_SUB_LINK:
        return dimension &&
               whole->sub_link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__ARRAY_SUBLINK;
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR:
        return dimension != NULL;
    case PG_QUERY__NODE__NODE_FUNC_CALL: {
        struct function_facts facts =
            function_facts(work, whole->func_call->funcname, whole->func_call->n_funcname);

        if (!facts.name || !facts.is_known || facts.is_user || whole->func_call->over)
            return false;
        for (size_t i = dimension ? 0 : 1; i < COUNT_OF(names); i++)
            if (strcmp(names[i], facts.name) == 0)
                return true;
        return false;
    }
    default:
        return false;
    }
}
