/* SPDX-License-Identifier: Apache-2.0 */
/* What expressions carry. Recursion is as deep as the text nests (sql.h); what needs much stack is
 * in functions of its own. */
#include "postgres/plan_certain.h"
#include "postgres/plan_choice.h"
#include "postgres/plan_cut.h"
#include "postgres/plan_document.h"
#include "postgres/plan_literal.h"
#include "postgres/plan_mark.h"
#include "postgres/plan_within.h"

/* As a part of what is not null where it is. */
static void
carry_part(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node,
           struct carry *into)
{
    struct certainty beside = into->certain;

    into->certain = (struct certainty){0};
    expression_carry(work, scope, node, into);
    certainty_harden(&into->certain);
    certainty_add(&into->certain, beside);
}

static void
carry_parts(struct plan_work *work, const struct scope *scope, PgQuery__Node *const *nodes,
            size_t count, struct carry *into)
{
    for (size_t i = 0; i < count; i++)
        carry_part(work, scope, nodes[i], into);
}

static void
carry_all(struct plan_work *work, const struct scope *scope, PgQuery__Node *const *nodes,
          size_t count, struct carry *into)
{
    for (size_t i = 0; i < count; i++)
        expression_carry(work, scope, nodes[i], into);
}

void
expression_judge_all(struct plan_work *work, const struct scope *scope, PgQuery__Node *const *nodes,
                     size_t count)
{
    struct carry ignored = {0};

    carry_all(work, scope, nodes, count, &ignored);
}

void
expression_judge(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node)
{
    struct carry ignored = {0};

    expression_carry(work, scope, node, &ignored);
}

__attribute__((noinline)) static void
carry_column(struct plan_work *work, const struct scope *scope, const PgQuery__ColumnRef *reference,
             struct carry *into)
{
    struct found found;

    scope_find(work, scope, reference, &found);
    within_lose_parts(work, &found.carry, work->keeps_parts ? found.groups : 0);
    carry_add(into, &found.carry);
    into->certain.vague |= ~found.carry.certain.shown;
    into->certain.absent |= ~found.carry.certain.shown;
}

/* ---- operators ---- */

/* What goes in comes out, however many stand in a row. */
static bool
is_glue(const PgQuery__AExpr *expression)
{
    const char *name = sql_last_name(expression->name, expression->n_name);

    return expression->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP && name && strcmp(name, "||") == 0;
}

/* What an operator gives that takes a part of what is on the left. */
__attribute__((noinline)) static void
carry_taken(struct plan_work *work, const struct scope *scope, const PgQuery__AExpr *expression,
            struct carry *into)
{
    if (document_part(work, scope, expression, into))
        return;
    expression_carry(work, scope, expression->lexpr, into);
    if (!document_is_stored(work, scope, expression->lexpr)) /* it can be another one's */
        into->certain = (struct certainty){0};
    expression_carry(work, scope, expression->rexpr, into);
    into->certain.strict = 0;
    certainty_blur(&into->certain); /* there need be no such part */
}

static void
carry_operator(struct plan_work *work, const struct scope *scope, const PgQuery__AExpr *expression,
               struct carry *into)
{
    struct certainty beside = into->certain;

    if (names_is_foreign_operator(work, expression->name, expression->n_name))
        reach_add(&into->bound, &work->everything);
    into->certain = (struct certainty){0};
    if (document_is_part(expression)) {
        carry_taken(work, scope, expression, into);
    } else if (is_glue(expression)) {
        carry_part(work, scope, expression->lexpr, into); /* an array takes a null */
        carry_part(work, scope, expression->rexpr, into);
    } else {
        compare_operator(work, scope, expression, into);
    }
    certainty_add(&into->certain, beside);
}

/* ---- functions ---- */

void
scope_note_aggregate(struct plan_work *work, const struct scope *scope, int depth, bool is_stray)
{
    for (const struct scope *s = scope; s && work_spend(work, 1); s = s->outer)
        if (is_stray || s->depth == depth || (depth < 0 && s == scope))
            *s->has_aggregate = true;
}

/* Another row's person may stand in this row. */
static void
lose_rows(const struct plan_work *work, struct carry *carry)
{
    carry_widen(carry);
    for (size_t i = 0; i < work->direct_count; i++) {
        carry->bound.fields[work->direct[i].show->kind % CATALOG_KINDS_MAX] |= carry->direct[i];
        carry->direct[i] = 0;
    }
    carry->certain = (struct certainty){0};
}

static bool
is_aggregate(const PgQuery__FuncCall *call, const struct function_facts *facts)
{
    return !call->over && (facts->may_aggregate || call->agg_star || call->agg_distinct ||
                           call->agg_within_group || call->agg_filter || call->n_agg_order > 0);
}

/* The deepest of the depths that is not inside of the scope, in a query within an argument; -1
 * where there is none. */
static int
deepest_within(uint64_t depths, const struct scope *scope)
{
    for (int depth = scope->depth; depth >= 0; depth--)
        if (depths >> depth & 1)
            return depth;
    return -1;
}

/* An aggregate belongs to the query of the deepest column in its arguments, which can be one
 * further out than the one it stands in. */
static void
note_aggregate(struct plan_work *work, const struct scope *scope)
{
    bool is_too_deep = scope && scope->depth >= SCOPE_DEPTHS - 1;

    scope_note_aggregate(work, scope,
                         scope && !is_too_deep ? deepest_within(work->reference_depths, scope) : -1,
                         work->has_stray || is_too_deep);
}

static void
judge_arguments(struct plan_work *work, const struct scope *scope, const PgQuery__FuncCall *call,
                const struct function_facts *facts, struct carry *arguments)
{
    uint64_t depths_before = work->reference_depths;
    bool stray_before = work->has_stray;
    struct carry filter = {0};

    work->reference_depths = 0;
    work->has_stray = false;
    if (facts->class == FUNCTION_NULLS || (facts->class == FUNCTION_COUNT && !call->agg_distinct))
        for (size_t i = 0; i < call->n_args; i++)
            null_carry(work, scope, call->args[i], arguments);
    else if (certain_takes_nulls(call, facts, is_aggregate(call, facts)))
        carry_parts(work, scope, call->args, call->n_args, arguments);
    else
        carry_all(work, scope, call->args, call->n_args, arguments);
    compare_condition(work, scope, call->agg_filter, &filter);
    if (call->agg_within_group)
        carry_all(work, scope, call->agg_order, call->n_agg_order, arguments);
    else
        expression_judge_all(work, scope, call->agg_order, call->n_agg_order);
    if (is_aggregate(call, facts))
        note_aggregate(work, scope);
    work->reference_depths |= depths_before;
    work->has_stray |= stray_before;
}

static void
judge_window(struct plan_work *work, const struct scope *scope, const PgQuery__WindowDef *window)
{
    expression_judge_all(work, scope, window->partition_clause, window->n_partition_clause);
    expression_judge_all(work, scope, window->order_clause, window->n_order_clause);
    expression_judge(work, scope, window->start_offset);
    expression_judge(work, scope, window->end_offset);
}

/* A call that only passes on what it is given, of which there can be many inside each other: no
 * stack is spent on a carry of its own. */
static bool
is_passing(const PgQuery__FuncCall *call, const struct function_facts *facts)
{
    return !call->over && !is_aggregate(call, facts) && facts->class == FUNCTION_PLAIN;
}

/* "count(f(email))" says how often it is not null; "rank('x') WITHIN GROUP (ORDER BY email)" how
 * many come before. */
static void
judge_silence(struct plan_work *work, const PgQuery__FuncCall *call,
              const struct function_facts *facts, struct carry *arguments)
{
    bool is_probed = facts->class == FUNCTION_COUNT
                         ? !call->agg_distinct
                         : facts->class == FUNCTION_SILENT && call->agg_within_group;

    if (is_probed && arguments->is_text)
        work->has_probe = true;
    if (facts->class == FUNCTION_MEASURE)
        arguments->is_text = false;
}

__attribute__((noinline)) static void
carry_special_function(struct plan_work *work, const struct scope *scope,
                       const PgQuery__FuncCall *call, const struct function_facts *facts,
                       struct carry *into)
{
    struct carry arguments = {0};

    judge_arguments(work, scope, call, facts, &arguments);
    judge_silence(work, call, facts, &arguments);
    if (is_aggregate(call, facts) && !work->keeps_rows)
        carry_widen(&arguments);
    if (call->over) {
        judge_window(work, scope, call->over);
        lose_rows(work, &arguments);
    }
    if (facts->class == FUNCTION_KEEPER || facts->class == FUNCTION_SETTING) {
        struct reach kept = carry_reach(work, &arguments);

        reach_add(&work->kept, &kept);
    }
    certain_call(call, facts, is_aggregate(call, facts), &arguments.certain);
    if (facts->class == FUNCTION_EXTENT)
        arguments.certain = (struct certainty)CERTAIN_VAGUE;
    if (facts->class != FUNCTION_SILENT && facts->class != FUNCTION_COUNT &&
        !(facts->class == FUNCTION_EXTENT && document_is_count(work, call)))
        carry_add(into, &arguments);
}

/* Functions that compare as operators do. */
static bool
is_comparing(const PgQuery__FuncCall *call)
{
    static const char *const names[] = {"starts_with", "strpos",   "position", "regexp_like",
                                        "texteq",      "textlike", "like",     "ilike"};
    const char *name = sql_last_name(call->funcname, call->n_funcname);

    for (size_t i = 0; name && call->n_args >= 2 && i < COUNT_OF(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* Whether an argument is personal and another one is constant. */
__attribute__((noinline)) static void
note_comparison(struct plan_work *work, const struct scope *scope, const PgQuery__FuncCall *call)
{
    bool is_personal = false, is_constant = false;

    for (size_t i = 0; i < 2; i++) {
        size_t before = work->references;
        struct carry side = {0};

        expression_carry(work, scope, call->args[i], &side);
        is_personal |= !carry_is_empty(&side);
        is_constant |= work->references == before;
    }
    work->has_probe |= is_personal && is_constant;
}

__attribute__((noinline)) static bool
begin_function(struct plan_work *work, const struct scope *scope, const PgQuery__FuncCall *call,
               struct carry *into, bool *strict, bool *is_built, bool *is_cut)
{
    struct function_facts facts = function_facts(work, call->funcname, call->n_funcname);

    *strict = certain_is_strict(&facts);
    *is_built = certain_is_built(call, &facts);
    *is_cut = document_is_cut(work, scope, call);
    if (!literal_reach(work, call, &into->bound))
        reach_add(&into->bound, &facts.reach);
    if (is_comparing(call))
        note_comparison(work, scope, call);
    if (is_passing(call, &facts))
        return true;
    carry_special_function(work, scope, call, &facts, into);
    return false;
}

static void
carry_function(struct plan_work *work, const struct scope *scope, const PgQuery__FuncCall *call,
               struct carry *into)
{
    struct certainty beside = into->certain;
    bool strict, is_built, is_cut;

    if (!begin_function(work, scope, call, into, &strict, &is_built, &is_cut))
        return;
    into->certain = (struct certainty){0};
    if (strict) {
        carry_all(work, scope, call->args, call->n_args, into);
    } else {
        carry_parts(work, scope, call->args, call->n_args, into);
        into->certain.vague = UINT32_MAX;
        if (!is_built)
            into->certain.absent = UINT32_MAX;
    }
    if (is_cut)
        into->certain = (struct certainty)CERTAIN_VAGUE;
    certainty_add(&into->certain, beside);
}

/* ---- the rest ---- */

static bool
are_stored(const struct outputs *columns)
{
    for (const struct output *o = columns->first; o; o = o->next)
        if (!o->is_plain || !(o->is_key || o->carry))
            return false;
    return !columns->is_open;
}

/* "x IN (SELECT …)": its columns are what x is compared with. */
__attribute__((noinline)) static void
carry_tested(struct plan_work *work, const struct scope *scope, const PgQuery__SubLink *link,
             const struct outputs *columns, bool has_columns, struct carry *into)
{
    struct side sides[2] = {0};

    outputs_carry(work, columns, &sides[1].carry);
    carry_widen(&sides[1].carry);
    sides[1].has_columns = has_columns;
    sides[1].is_stored = are_stored(columns);
    sides[1].is_made_up = !has_columns;
    compare_look(work, scope, link->testexpr, &sides[0]);
    compare_sides(work, scope,
                  link->n_oper_name == 0 || compare_is_equality(link->oper_name, link->n_oper_name),
                  sides);
    sides[0].carry.certain = sides[1].carry.certain =
        (struct certainty)CERTAIN_VAGUE; /* there may be no row */
    carry_add(into, &sides[0].carry);
    carry_add(into, &sides[1].carry);
}

/* That a row exists is no exposure; what is compared with it is. */
__attribute__((noinline)) static void
carry_sublink(struct plan_work *work, const struct scope *scope, const PgQuery__SubLink *link,
              struct carry *into)
{
    struct outputs columns = {0};
    size_t references = work->references;
    struct carry carry = {0};

    (void)statement_columns(work, scope, scope ? scope->ctes : NULL, link->subselect, false,
                            &columns);
    if (link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK)
        return;
    work->sublinks++;
    if (link->testexpr) {
        carry_tested(work, scope, link, &columns, references != work->references, into);
        return;
    }
    outputs_carry(work, &columns, &carry);
    within_lose(work, &carry);
    work->sublink_stored = (struct plan_stored){0};
    if (link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK && columns.count == 1 &&
        !columns.is_open)
        work->sublink_stored = columns.first->stored;
    if (link->sub_link_type != PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK) {
        carry_widen(&carry);
        carry.certain = (struct certainty){0}; /* an array is none where there is no row */
    }
    certainty_blur(&carry.certain); /* there may be no row */
    carry_add(into, &carry);
}

/* AND and OR are null where all of their operands are; else one of them can decide alone. */
static void
carry_logic(struct plan_work *work, const struct scope *scope, const PgQuery__BoolExpr *expression,
            struct carry *into)
{
    struct certainty beside = into->certain, all = {.strict = UINT32_MAX};

    for (size_t i = 0; i < expression->n_args; i++) {
        into->certain = (struct certainty){0};
        expression_carry(work, scope, expression->args[i], into);
        all.strict &= into->certain.strict;
        all.vague |= into->certain.vague;
        all.absent |= into->certain.absent;
    }
    all.shown = all.strict;
    into->certain = expression->n_args > 0 ? all : beside;
    certainty_add(&into->certain, beside);
}

/* Nodes that hold a list or one expression, and nothing that matters besides. False where it is
 * none of them. */
static bool
carry_simple(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node,
             struct carry *into)
{
    const struct certainty beside = into->certain;

    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_BOOL_EXPR:
        carry_logic(work, scope, node->bool_expr, into);
        return true;
    case PG_QUERY__NODE__NODE_ROW_EXPR:
        carry_parts(work, scope, node->row_expr->args, node->row_expr->n_args, into);
        return true;
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR:
        carry_parts(work, scope, node->a_array_expr->elements, node->a_array_expr->n_elements,
                    into);
        return true;
    case PG_QUERY__NODE__NODE_LIST:
        carry_all(work, scope, node->list->items, node->list->n_items, into);
        return true;
    case PG_QUERY__NODE__NODE_XML_EXPR:
        carry_parts(work, scope, node->xml_expr->args, node->xml_expr->n_args, into);
        carry_parts(work, scope, node->xml_expr->named_args, node->xml_expr->n_named_args, into);
        return true;
    case PG_QUERY__NODE__NODE_GROUPING_SET:
        carry_all(work, scope, node->grouping_set->content, node->grouping_set->n_content, into);
        return true;
    case PG_QUERY__NODE__NODE_XML_SERIALIZE:
        expression_carry(work, scope, node->xml_serialize->expr, into);
        return true;
    case PG_QUERY__NODE__NODE_COLLATE_CLAUSE:
        expression_carry(work, scope, node->collate_clause->arg, into);
        return true;
    case PG_QUERY__NODE__NODE_NAMED_ARG_EXPR:
        expression_carry(work, scope, node->named_arg_expr->arg, into);
        return true;
    case PG_QUERY__NODE__NODE_BOOLEAN_TEST:
        expression_carry(work, scope, node->boolean_test->arg, into);
        into->certain = beside;
        return true;
    case PG_QUERY__NODE__NODE_MULTI_ASSIGN_REF:
        expression_carry(work, scope, node->multi_assign_ref->source, into);
        return true;
    case PG_QUERY__NODE__NODE_RES_TARGET:
        expression_carry(work, scope, node->res_target->val, into);
        return true;
    case PG_QUERY__NODE__NODE_SORT_BY:
        expression_carry(work, scope, node->sort_by->node, into);
        return true;
    default:
        return false;
    }
}

/* Those that carry nothing at all. */
static bool
is_silent(const PgQuery__Node *node)
{
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE__NOT_SET:
    case PG_QUERY__NODE__NODE_A_CONST:
    case PG_QUERY__NODE__NODE_PARAM_REF:
    case PG_QUERY__NODE__NODE_SET_TO_DEFAULT:
    case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION:
    case PG_QUERY__NODE__NODE_CURRENT_OF_EXPR:
    case PG_QUERY__NODE__NODE_GROUPING_FUNC:
    case PG_QUERY__NODE__NODE_INTEGER:
        return true;
    default:
        return false;
    }
}

bool
expression_is_blank(const PgQuery__Node *node)
{
    return node && node->node_case == PG_QUERY__NODE__NODE_A_CONST &&
           node->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL &&
           node->a_const->sval->sval[0] == '\0';
}

/* One that somebody can be compared with: '' is nobody. */
static bool
is_constant(const PgQuery__Node *node)
{
    return node->node_case == PG_QUERY__NODE__NODE_PARAM_REF ||
           (node->node_case == PG_QUERY__NODE__NODE_A_CONST && !expression_is_blank(node));
}

void
expression_carry(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node,
                 struct carry *into)
{
    struct certainty beside = into->certain;

    if (!node || !work_spend(work, 1))
        return;
    if (node->node_case == PG_QUERY__NODE__NODE_PARAM_REF &&
        names_is_foreign_parameter(work, node->param_ref->number))
        reach_add(&into->bound, &work->everything);
    if (is_silent(node)) {
        if (node->node_case != PG_QUERY__NODE__NODE_A_CONST || node->a_const->isnull)
            certainty_blur(&into->certain);
        work->constants += is_constant(node);
        return;
    }
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_COLUMN_REF:
        carry_column(work, scope, node->column_ref, into);
        break;
    case PG_QUERY__NODE__NODE_A_EXPR:
        carry_operator(work, scope, node->a_expr, into);
        break;
    case PG_QUERY__NODE__NODE_FUNC_CALL:
        carry_function(work, scope, node->func_call, into);
        break;
    case PG_QUERY__NODE__NODE_SUB_LINK:
        carry_sublink(work, scope, node->sub_link, into);
        break;
    case PG_QUERY__NODE__NODE_CASE_EXPR:
        choice_case(work, scope, node->case_expr, expression_carry, into);
        break;
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
        choice_coalesce(work, scope, node->coalesce_expr, into);
        break;
    case PG_QUERY__NODE__NODE_MIN_MAX_EXPR:
        choice_extreme(work, scope, node->min_max_expr, into);
        break;
    case PG_QUERY__NODE__NODE_TYPE_CAST:
        cut_cast(work, scope, node->type_cast, into);
        break;
    case PG_QUERY__NODE__NODE_A_INDIRECTION:
        cut_indirection(work, scope, node->a_indirection, into);
        break;
    case PG_QUERY__NODE__NODE_NULL_TEST:
        null_carry(work, scope, node->null_test->arg, into);
        into->certain = beside;
        break;
    case PG_QUERY__NODE__NODE_ROW_EXPR:
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR:
    case PG_QUERY__NODE__NODE_XML_EXPR:
        into->certain = (struct certainty){0};
        (void)carry_simple(work, scope, node, into);
        into->certain.strict = 0;
        certainty_add(&into->certain, beside);
        break;
    default:
        if (!carry_simple(work, scope, node, into)) {
            reach_add(&into->bound, &work->names.most);
            certainty_blur(&into->certain);
        }
    }
}
