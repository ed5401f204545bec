/* SPDX-License-Identifier: Apache-2.0 */
/* What functions, operators and types bring with them. */
#include "postgres/administer.h"
#include "postgres/plan_names.h"
#include "postgres/plan_work.h"

static enum function_class
class_of(const char *name)
{
    static const struct {
        const char *name;
        enum function_class class;
    } classes[] = {
#define X(name, class) {#name, FUNCTION_##class},
#include "postgres/function.def"
#undef X
    };

    for (size_t i = 0; i < COUNT_OF(classes); i++)
        if (strcmp(classes[i].name, name) == 0)
            return classes[i].class;
    return FUNCTION_PLAIN;
}

bool
names_is_builtin_name(const char *name)
{
    static const char *const types[] = {
#define X(name) name,
#include "postgres/builtin_type.def"
#undef X
    };

    for (size_t i = 0; name && i < COUNT_OF(types); i++)
        if (strcmp(types[i], name) == 0)
            return true;
    return false;
}

bool
names_is_newer_function(const char *name)
{
    enum { PG_QUERY__TOKEN__0 = 0 };
    static const struct {
        const char *name;
        int behind;
    } words[] = {
#define X(word, before, behind) {word, PG_QUERY__TOKEN__##behind},
#include "postgres/newer_word.def"
#undef X
    };

    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (words[i].behind == '(' && strcmp(words[i].name, name) == 0)
            return true;
    return false;
}

static void
add_candidate(const struct plan_work *work, const struct catalog_function *function,
              struct function_facts *facts)
{
    facts->is_known = true;
    if (function->is_exit)
        facts->exit = function;
    if (function->is_never)
        facts->never = function;
    if (function->kind == 'a')
        facts->may_aggregate = true;
    facts->is_opaque |= function->is_opaque;
    facts->renames |= function->renames;
    facts->twists |= function->twists;
    facts->administers |=
        function->fields != 0
            ? function->administers
            : function->administers & ~(uint32_t)(PLAN_TRIGGERS | PLAN_ROW_SECURITY);
    facts->is_user |= !function->is_system;
    facts->fills |= !function->is_system && function->fills;
    facts->keeps |= !function->is_system && function->keeps;
    /* What is opaque and says nothing of what it reads can read anything. */
    if (function->is_opaque && function->fields == 0)
        reach_add(&facts->reach, &work->everything);
    else
        reach_add_all(&facts->reach, function->kinds ? function->kinds : UINT64_MAX,
                      function->fields);
}

static void
set_unknown(const struct plan_work *work, struct function_facts *facts)
{
    facts->is_opaque = facts->renames = facts->twists = facts->is_user = true;
    facts->may_aggregate = true;
    facts->reach = work->everything;
}

struct function_facts
function_facts(const struct plan_work *work, PgQuery__Node *const *names, size_t count)
{
    return function_facts_named(work, count > 1 ? sql_string(names[count - 2]) : NULL,
                                sql_last_name(names, count));
}

struct function_facts
function_facts_named(const struct plan_work *work, const char *schema, const char *name)
{
    struct function_facts facts = {.class = FUNCTION_PLAIN, .schema = schema, .name = name};
    const struct catalog_function *function;
    bool is_system = false, is_user = false;
    size_t at = 0;

    if (name) /* also where no snapshot shows it */
        facts.administers = administer_function(name);
    if (!name || !work->catalog) {
        set_unknown(work, &facts);
        return facts;
    }
    while ((function = catalog_function_named(work->catalog, schema, name, &at)) != NULL) {
        is_system |= function->is_system;
        is_user |= !function->is_system;
        add_candidate(work, function, &facts);
    }
    if (is_user ? !schema && names_is_newer_function(name)
                : !is_system && !names_is_builtin_name(name)) {
        set_unknown(work, &facts);
        return facts;
    }
    if (is_system) {
        facts.class = class_of(name);
        facts.may_aggregate |= facts.class == FUNCTION_COUNT || facts.class == FUNCTION_SUM;
        /* Where a user has one of that name too, nothing is sure to be silent. */
        if (is_user && (facts.class == FUNCTION_SILENT || facts.class == FUNCTION_COUNT ||
                        facts.class == FUNCTION_NULLS || facts.class == FUNCTION_MEASURE ||
                        facts.class == FUNCTION_EXTENT))
            facts.class = facts.class == FUNCTION_COUNT ? FUNCTION_SUM : FUNCTION_PLAIN;
    }
    if ((facts.fills || facts.keeps) && facts.class == FUNCTION_PLAIN)
        facts.class = FUNCTION_KEEPER;
    return facts;
}

/* "OPERATOR(pg_catalog.=)" is always the system's. */
bool
names_is_foreign_operator(const struct plan_work *work, PgQuery__Node *const *names, size_t count)
{
    const char *name = sql_last_name(names, count);
    const char *schema = count > 1 ? sql_string(names[count - 2]) : NULL;

    if (count == 0)
        return false;
    if (schema && strcmp(schema, "pg_catalog") == 0)
        return false;
    return !name || !work->catalog || catalog_operator_is_foreign(work->catalog, name);
}

bool
names_is_builtin_type(const PgQuery__TypeName *type)
{
    const char *name = type ? sql_last_name(type->names, type->n_names) : NULL;
    const char *schema = type && type->n_names > 1 ? sql_string(type->names[0]) : NULL;

    return name && (!schema || strcmp(schema, "pg_catalog") == 0) && names_is_builtin_name(name);
}

bool
names_is_foreign_type(const struct plan_work *work, const PgQuery__TypeName *type)
{
    if (names_is_builtin_type(type))
        return false;
    return !work->catalog || catalog_has_foreign_casts(work->catalog);
}

bool
names_has_foreign_column(const struct plan_work *work, PgQuery__Node *const *columns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const PgQuery__Node *node = columns[i];

        if (node && node->node_case == PG_QUERY__NODE__NODE_COLUMN_DEF &&
            names_is_foreign_type(work, node->column_def->type_name))
            return true;
        if (node && node->node_case == PG_QUERY__NODE__NODE_RANGE_TABLE_FUNC_COL &&
            node->range_table_func_col->type_name &&
            names_is_foreign_type(work, node->range_table_func_col->type_name))
            return true;
    }
    return false;
}

bool
names_is_foreign_parameter(const struct plan_work *work, int32_t number)
{
    const PgQuery__Node *type;

    if (work->environment->has_foreign_parameters)
        return !work->catalog || catalog_has_foreign_casts(work->catalog);
    if (number < 1 || (size_t)number > work->parameter_type_count)
        return false;
    type = work->parameter_types[number - 1];
    return type->node_case != PG_QUERY__NODE__NODE_TYPE_NAME ||
           names_is_foreign_type(work, type->type_name);
}

bool
function_is_one_of(const struct plan_work *work, const PgQuery__FuncCall *call,
                   const char *const *names, size_t count)
{
    struct function_facts facts = function_facts(work, call->funcname, call->n_funcname);

    if (!facts.name || !facts.is_known || facts.is_user || facts.is_opaque)
        return false;
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], facts.name) == 0)
            return true;
    return false;
}
