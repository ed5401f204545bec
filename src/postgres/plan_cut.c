/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_cut.h"

#include "postgres/plan_document.h"

/* Whether each element of an array shows all that the array is made of, one row's. */
static bool
has_equal_elements(struct plan_work *work, const struct scope *scope, const PgQuery__Node *array)
{
    static const char *const gathering[] = {"array_agg"};
    static const char *const cutting[] = {"string_to_array", "regexp_split_to_array"};

    while (array && array->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        array = array->type_cast->arg;
    if (!array)
        return false;
    switch (array->node_case) {
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR:
        return array->a_array_expr->n_elements == 1;
    case PG_QUERY__NODE__NODE_FUNC_CALL:
        return function_is_one_of(work, array->func_call, gathering, COUNT_OF(gathering)) ||
               (array->func_call->n_args > 0 &&
                function_is_one_of(work, array->func_call, cutting, COUNT_OF(cutting)) &&
                document_is_whole(work, scope, array->func_call->args[0]));
    default:
        return document_is_stored(work, scope, array);
    }
}

/* "(row).name" may be a function of a user's: those that the statement names were collected. */
void
cut_indirection(struct plan_work *work, const struct scope *scope,
                const PgQuery__AIndirection *indirection, struct carry *into)
{
    struct certainty beside = into->certain;

    into->certain = (struct certainty){0};
    expression_carry(work, scope, indirection->arg, into);
    for (size_t i = 0; i < indirection->n_indirection; i++) {
        const PgQuery__Node *step = indirection->indirection[i];

        if (step && step->node_case == PG_QUERY__NODE__NODE_A_INDICES) {
            if (has_equal_elements(work, scope, indirection->arg))
                certainty_blur(&into->certain); /* there need be no such element */
            else
                into->certain = (struct certainty)CERTAIN_VAGUE;
            expression_carry(work, scope, step->a_indices->lidx, into);
            expression_carry(work, scope, step->a_indices->uidx, into);
        } else if (sql_string(step)) {
            reach_add(&into->bound, &work->names.functions);
        }
    }
    certainty_add(&into->certain, beside);
}

/* "varchar(8)" and its like, and "name", which has 63 bytes. */
static bool
is_short(const PgQuery__TypeName *type)
{
    static const char *const names[] = {"varchar", "bpchar", "char", "bit", "varbit"};
    const char *name = type ? sql_last_name(type->names, type->n_names) : NULL;

    for (size_t i = 0; name && type->n_typmods > 0 && i < COUNT_OF(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return name && (strcmp(name, "name") == 0 || strcmp(name, "char") == 0);
}

void
cut_cast(struct plan_work *work, const struct scope *scope, const PgQuery__TypeCast *cast,
         struct carry *into)
{
    bool is_foreign = names_is_foreign_type(work, cast->type_name);
    struct certainty beside = into->certain;

    if (is_foreign)
        reach_add(&into->bound, &work->everything);
    into->certain = (struct certainty){0};
    expression_carry(work, scope, cast->arg, into);
    if (is_foreign)
        into->certain = (struct certainty)CERTAIN_VAGUE;
    else if (is_short(cast->type_name) && !document_is_whole(work, scope, cast->arg))
        into->certain = (struct certainty)CERTAIN_VAGUE;
    certainty_add(&into->certain, beside);
}
