/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_group_shown.h"

#include "postgres/plan_lineage.h"
#include "postgres/plan_one.h"

static uint64_t
fields_in(const struct shown *s, const struct carry *carry)
{
    return s->is_inner ? carry->own[s->place] : carry->direct[s->place];
}

bool
shown_is_ordinary(const PgQuery__FuncCall *call)
{
    return !call->over && !call->agg_star && !call->agg_distinct && !call->agg_within_group &&
           !call->agg_filter && call->n_agg_order == 0 && !call->func_variadic;
}

/* ---- when a value is null ---- */

static bool
add_value(struct shown *s, const char *value)
{
    for (size_t i = 0; value && i < s->rows.count; i++)
        if (strcmp(s->rows.values[i], value) == 0)
            return true;
    if (!value || s->rows.count == GROUP_CONDITIONS_MAX)
        return false;
    s->rows.values[s->rows.count++] = value;
    return true;
}

/* Types of which an operator || is null where one of its sides is. */
static bool
is_scalar(const struct catalog_relation *relation, int16_t attribute)
{
    enum {
        BOOL = 16,
        INT8 = 20,
        INT2 = 21,
        INT4 = 23,
        TEXT = 25,
        BPCHAR = 1042,
        VARCHAR = 1043,
        DATE = 1082,
        TIMESTAMP = 1114,
        TIMESTAMPTZ = 1184,
        NUMERIC = 1700,
        UUID = 2950
    };

    for (size_t i = 0; relation && i < relation->column_count; i++)
        if (relation->columns[i].number == attribute)
            switch (catalog_value_type(&relation->columns[i])) {
            case BOOL:
            case INT8:
            case INT2:
            case INT4:
            case TEXT:
            case BPCHAR:
            case VARCHAR:
            case DATE:
            case TIMESTAMP:
            case TIMESTAMPTZ:
            case NUMERIC:
            case UUID:
                return true;
            default:
                return false;
            }
    return false;
}

/* Whether it is a column of that entry, and the only one of that name. */
static bool
is_column_of(const struct entry *entry, const struct output *output)
{
    bool is_own = false;

    for (const struct output *o = entry->columns.first; o; o = o->next) {
        is_own |= o == output;
        if (o != output && o->name && output->name && strcmp(o->name, output->name) == 0)
            return false;
    }
    return is_own && output->name;
}

/* A column of a query in FROM. */
static bool
add_named(struct shown *s, const struct output *named, bool is_part)
{
    const struct entry *entry = s->scope->entries;
    const struct catalog_relation *place;
    int16_t attribute;

    while (entry && !((entry->query || named->view == entry) && is_column_of(entry, named)))
        entry = entry->next;
    place = output_place(s->work, named, &attribute);
    /* What is computed is so anew each time that it is read. */
    if (!entry || !named->is_plain || (is_part && !is_scalar(place, attribute)))
        return false;
    return add_value(s, injection_column(s->work, s->scope, entry, named->name));
}

bool
shown_add_column(struct shown *s, const PgQuery__ColumnRef *reference, bool is_part)
{
    struct found found;

    scope_find(s->work, s->scope, reference, &found);
    if (s->is_pooled && found.named && !found.output)
        return add_named(s, found.named, is_part);
    if (!found.output || !found.output->entry || !found.output->entry->is_only ||
        found.output->attribute <= 0 || found.output->is_written)
        return false;
    if (is_part && !is_scalar(found.output->entry->relation, found.output->attribute))
        return false;
    return add_value(s,
                     injection_column(s->work, s->scope, found.output->entry, found.output->name));
}

/* The table's row as a whole, by the name that it has in FROM. */
static bool
is_row_of_table(const struct shown *s, const PgQuery__ColumnRef *reference)
{
    const struct entry *entry = s->entry;
    const char *name = reference->n_fields == 1 ? sql_string(reference->fields[0]) : NULL;

    if (!name || !entry->name || strcmp(name, entry->name) != 0)
        return false;
    for (const struct scope *scope = s->scope; scope; scope = scope->outer)
        for (const struct entry *e = scope->entries; e; e = e->next) {
            if (e->columns.is_open || (e != entry && e->name && strcmp(e->name, name) == 0))
                return false;
            for (const struct output *o = e->columns.first; o; o = o->next)
                if (o->name && strcmp(o->name, name) == 0)
                    return false;
        }
    return true;
}

static bool
is_whole_row(const struct shown *s, const PgQuery__Node *node)
{
    return node && node->node_case == PG_QUERY__NODE__NODE_COLUMN_REF &&
           is_row_of_table(s, node->column_ref);
}

static bool
add_nulls_of_all(struct shown *s, PgQuery__Node *const *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!shown_add_nulls(s, nodes[i], true))
            return false;
    return true;
}

/* Functions that are null where an argument is, and nowhere else. */
static bool
add_nulls_of_call(struct shown *s, const PgQuery__FuncCall *call)
{
    static const char *const names[] = {
        "upper",     "lower",          "initcap", "md5",         "reverse",      "btrim",
        "ltrim",     "rtrim",          "substr",  "left",        "right",        "replace",
        "lpad",      "repeat",         "rpad",    "split_part",  "convert_to",   "encode",
        "translate", "regexp_replace", "sha256",  "quote_ident", "quote_literal"};

    return shown_is_ordinary(call) && function_is_one_of(s->work, call, names, COUNT_OF(names)) &&
           add_nulls_of_all(s, call->args, call->n_args);
}

static bool
add_nulls_of_operator(struct shown *s, const PgQuery__AExpr *expression)
{
    const char *name = sql_last_name(expression->name, expression->n_name);

    return expression->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP && name &&
           strcmp(name, "||") == 0 && expression->lexpr && expression->rexpr &&
           !names_is_foreign_operator(s->work, expression->name, expression->n_name) &&
           shown_add_nulls(s, expression->lexpr, true) &&
           shown_add_nulls(s, expression->rexpr, true);
}

bool
shown_add_nulls(struct shown *s, const PgQuery__Node *node, bool is_part)
{
    if (!node || !work_spend(s->work, 1))
        return false;
    switch (node->node_case) {
    case PG_QUERY__NODE__NODE_COLUMN_REF:
        return shown_add_column(s, node->column_ref, is_part);
    case PG_QUERY__NODE__NODE_A_CONST:
        return !node->a_const->isnull;
    case PG_QUERY__NODE__NODE_TYPE_CAST:
        return names_is_builtin_type(node->type_cast->type_name) &&
               node->type_cast->type_name->n_array_bounds == 0 &&
               shown_add_nulls(s, node->type_cast->arg, true);
    case PG_QUERY__NODE__NODE_A_EXPR:
        return add_nulls_of_operator(s, node->a_expr);
    case PG_QUERY__NODE__NODE_FUNC_CALL:
        return add_nulls_of_call(s, node->func_call);
    default:
        return false;
    }
}

/* ---- aggregates that show each row ---- */

static bool
add_whole_row(struct shown *s)
{
    const struct entry *entry = s->entry;
    const char *column = injection_column(s->work, s->scope, entry, entry->name);
    const char *dot = column ? strstr(column, "\".\"") : NULL;

    if (s->is_pooled)
        return true;

    /* "c"."c" without what stands before the second one. */
    return dot && add_value(s, dot + 2);
}

/* ---- rows, objects and arrays, which are never null ---- */

/* Values of which all that they are made of is there: columns, constants, functions of these. */
static bool
are_simple(const struct shown *s, PgQuery__Node *const *nodes, size_t count)
{
    struct shown apart = *s;

    for (size_t i = 0; i < count; i++) {
        apart.rows.count = 0;
        if (!nodes[i] || (nodes[i]->node_case == PG_QUERY__NODE__NODE_A_CONST
                              ? nodes[i]->a_const->val_case == PG_QUERY__A__CONST__VAL_BSVAL
                              : !shown_add_nulls(&apart, nodes[i], true)))
            return false;
    }
    return count > 0;
}

/* Constants, of which no two are the same: of values of one name jsonb keeps the last. */
static bool
are_names(PgQuery__Node *const *nodes, size_t count)
{
    for (size_t i = 0; i < count; i += 2) {
        if (nodes[i]->node_case != PG_QUERY__NODE__NODE_A_CONST ||
            nodes[i]->a_const->val_case != PG_QUERY__A__CONST__VAL_SVAL)
            return false;
        for (size_t k = 0; k < i; k += 2)
            if (strcmp(nodes[k]->a_const->sval->sval, nodes[i]->a_const->sval->sval) == 0)
                return false;
    }
    return count % 2 == 0;
}

static bool
is_made_of_all(const struct shown *s, const PgQuery__Node *node)
{
    static const char *const arrays[] = {"json_build_array", "jsonb_build_array"};
    static const char *const objects[] = {"json_build_object", "jsonb_build_object"};
    const PgQuery__FuncCall *call;

    if (node && node->node_case == PG_QUERY__NODE__NODE_ROW_EXPR)
        return are_simple(s, node->row_expr->args, node->row_expr->n_args);
    if (!node || node->node_case != PG_QUERY__NODE__NODE_FUNC_CALL ||
        !shown_is_ordinary(node->func_call))
        return false;
    call = node->func_call;
    if (!are_simple(s, call->args, call->n_args))
        return false;
    return function_is_one_of(s->work, call, arrays, COUNT_OF(arrays)) ||
           (function_is_one_of(s->work, call, objects, COUNT_OF(objects)) &&
            are_names(call->args, call->n_args));
}

/* Of each row of the table, but where an outer join has none. */
static bool
add_rows(struct shown *s)
{
    return s->is_pooled ||
           add_value(s, injection_of_key(s->work, s->scope, s->entry, s->show, true));
}

/* What an aggregate is given, of one row. */
static bool
add_argument(struct shown *s, const PgQuery__Node *node)
{
    static const char *const of_rows[] = {"to_json", "to_jsonb", "row_to_json"};
    const PgQuery__Node *inner = node;

    if (is_made_of_all(s, node))
        return add_rows(s);

    if (node && node->node_case == PG_QUERY__NODE__NODE_FUNC_CALL && node->func_call->n_args == 1 &&
        shown_is_ordinary(node->func_call) &&
        function_is_one_of(s->work, node->func_call, of_rows, COUNT_OF(of_rows)))
        inner = node->func_call->args[0];
    if (node && node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST &&
        names_is_builtin_type(node->type_cast->type_name))
        inner = node->type_cast->arg;
    return is_whole_row(s, inner) ? add_whole_row(s) : shown_add_nulls(s, node, false);
}

/* Whether an argument shows something of the table. */
static bool
is_of_table(struct shown *s, const PgQuery__Node *node)
{
    struct carry carry = {0};

    expression_carry(s->work, s->scope, node, &carry);
    return fields_in(s, &carry) != 0;
}

/* Names and values: the one of them that shows somebody must not be null. A name never is: there
 * the server ends the statement. */
static bool
add_pair(struct shown *s, const PgQuery__FuncCall *call)
{
    bool is_name = is_of_table(s, call->args[0]);

    return (is_name || is_of_table(s, call->args[1])) &&
           add_argument(s, call->args[is_name ? 0 : 1]);
}

struct alone {
    const struct shown *shown;
    bool is_alone;
};

static void
look_at_column(void *context, const ProtobufCMessage *message)
{
    struct alone *alone = context;
    const struct shown *s = alone->shown;
    struct found found;

    if (message->descriptor == &pg_query__column_ref__descriptor) {
        scope_find(s->work, s->scope, (const PgQuery__ColumnRef *)(const void *)message, &found);
        alone->is_alone &= found.output && found.output->entry == s->entry;
    } else if (alone->is_alone) {
        sql_each_child(message, look_at_column, alone);
    }
}

/* Whether it is made of columns of the table's row, and of nothing else. */
static bool
is_alone(const struct shown *s, const PgQuery__Node *value)
{
    bool had_stray = s->work->has_stray;
    struct alone alone = {s, true};

    look_at_column(&alone, &value->base);
    s->work->has_stray = had_stray;
    return alone.is_alone;
}

/* Of values of one name jsonb keeps the last: where the name is the person's key, it is one value.
 */
static bool
add_keyed(struct shown *s, const PgQuery__FuncCall *call)
{
    bool had_stray = s->work->has_stray;
    struct found found;

    if (call->args[0]->node_case != PG_QUERY__NODE__NODE_COLUMN_REF || !s->show->is_key_unique)
        return false;
    scope_find(s->work, s->scope, call->args[0]->column_ref, &found);
    s->work->has_stray = had_stray;
    return found.output && found.output->entry == s->entry && !found.output->is_written &&
           found.output->attribute == s->show->key_column && is_alone(s, call->args[1]) &&
           add_argument(s, call->args[1]);
}

/* One element around one value, of which nothing is where the value is null. */
static bool
add_element(struct shown *s, const PgQuery__Node *node)
{
    const PgQuery__XmlExpr *xml =
        node && node->node_case == PG_QUERY__NODE__NODE_XML_EXPR ? node->xml_expr : NULL;
    size_t count = xml ? xml->n_args + xml->n_named_args : 0;

    if (!xml || count != 1 ||
        (xml->op != PG_QUERY__XML_EXPR_OP__IS_XMLELEMENT &&
         xml->op != PG_QUERY__XML_EXPR_OP__IS_XMLFOREST))
        return false;
    node = xml->n_args == 1 ? xml->args[0] : xml->named_args[0];
    if (node->node_case == PG_QUERY__NODE__NODE_RES_TARGET)
        node = node->res_target->val;
    return shown_add_nulls(s, node, true);
}

static bool
is_delimiter(const PgQuery__Node *node)
{
    while (node && node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST &&
           names_is_builtin_type(node->type_cast->type_name))
        node = node->type_cast->arg;
    return node && node->node_case == PG_QUERY__NODE__NODE_A_CONST && !node->a_const->isnull;
}

/* Between values: also one that a parameter gives, without which they stand side by side. */
static bool
is_between(const PgQuery__Node *node)
{
    while (node && node->node_case == PG_QUERY__NODE__NODE_TYPE_CAST &&
           names_is_builtin_type(node->type_cast->type_name))
        node = node->type_cast->arg;
    return node && (node->node_case == PG_QUERY__NODE__NODE_PARAM_REF || is_delimiter(node));
}

static bool
add_aggregate(struct shown *s, const PgQuery__FuncCall *call)
{
    static const char *const of_one[] = {"array_agg", "json_agg", "jsonb_agg"};
    static const char *const of_text[] = {"string_agg"};
    static const char *const of_xml[] = {"xmlagg"};
    static const char *const of_pairs[] = {"json_object_agg"};
    static const char *const of_names[] = {"jsonb_object_agg"};

    if (call->over || call->agg_star || call->agg_within_group || call->func_variadic ||
        !group_filter(s->work, s->scope, call, &s->rows.filter))
        return false;
    if (call->n_args == 1 && function_is_one_of(s->work, call, of_one, COUNT_OF(of_one)))
        return add_argument(s, call->args[0]);
    if (call->n_args == 1 && function_is_one_of(s->work, call, of_xml, COUNT_OF(of_xml)))
        return add_element(s, call->args[0]);
    if (call->n_args != 2)
        return false;
    if (function_is_one_of(s->work, call, of_text, COUNT_OF(of_text)))
        return is_between(call->args[1]) && add_argument(s, call->args[0]);
    if (function_is_one_of(s->work, call, of_names, COUNT_OF(of_names)))
        return add_keyed(s, call);
    return function_is_one_of(s->work, call, of_pairs, COUNT_OF(of_pairs)) && add_pair(s, call);
}

const PgQuery__Node *
shown_in_form(const struct plan_work *work, const PgQuery__Node *value)
{
    static const char *const forms[] = {"array_to_string", "array_to_json", "to_json", "to_jsonb"};
    const PgQuery__FuncCall *call =
        value->node_case == PG_QUERY__NODE__NODE_FUNC_CALL ? value->func_call : NULL;

    if (!call || call->n_args == 0 || !shown_is_ordinary(call) ||
        !function_is_one_of(work, call, forms, COUNT_OF(forms)))
        return NULL;
    for (size_t i = 1; i < call->n_args; i++)
        if (!is_delimiter(call->args[i]))
            return NULL;
    return call->args[0];
}

/* array_to_string(array_agg(name), ','), to_json(array_agg(name)). */
static const PgQuery__Node *
without_form(const struct shown *s, const PgQuery__Node *value)
{
    static const char *const arrays[] = {"array_agg"};
    const PgQuery__Node *within = shown_in_form(s->work, value);

    return within && within->node_case == PG_QUERY__NODE__NODE_FUNC_CALL &&
                   function_is_one_of(s->work, within->func_call, arrays, COUNT_OF(arrays))
               ? within
               : value;
}

struct owned {
    const struct shown *shown;
    bool is_own;
};

static void
look_at_owner(void *context, const ProtobufCMessage *message)
{
    struct owned *owned = context;
    const struct shown *s = owned->shown;

    if (message->descriptor == &pg_query__column_ref__descriptor) {
        const PgQuery__ColumnRef *reference = (const PgQuery__ColumnRef *)(const void *)message;
        struct found found;

        scope_find(s->work, s->scope, reference, &found);
        if (fields_in(s, &found.carry) == 0)
            return;
        if (s->is_pooled && found.named)
            owned->is_own &= !found.output && is_column_of(s->entry, found.named);
        else
            owned->is_own &=
                found.output ? found.output->entry == s->entry : is_row_of_table(s, reference);
        return;
    }
    if (owned->is_own)
        sql_each_child(message, look_at_owner, owned);
}

/* Whether what it shows of the table comes from the table's columns, not from others that are
 * equal to them. */
static bool
is_own(const struct shown *s, const PgQuery__Node *value)
{
    struct owned owned = {s, true};
    bool had_stray = s->work->has_stray;

    look_at_owner(&owned, &value->base);
    s->work->has_stray = had_stray;
    return owned.is_own;
}

/* Whether all of the aggregate is there still: jsonb keeps one of values of the same name, and some
 * types are short. */
static bool
keeps_all(const PgQuery__TypeCast *cast, const PgQuery__Node *within)
{
    const char *name = sql_last_name(cast->type_name->names, cast->type_name->n_names);

    if (!names_is_builtin_type(cast->type_name) || cast->type_name->n_typmods > 0 || !name)
        return false;
    return strcmp(name, "text") == 0 || strcmp(name, "json") == 0 ||
           (strcmp(name, "jsonb") == 0 && within->node_case == PG_QUERY__NODE__NODE_FUNC_CALL &&
            within->func_call->n_args == 1);
}

/* coalesce(json_agg(c), '[]'): the constant is nobody's. */
static const PgQuery__Node *
without_default(struct shown *s, const PgQuery__Node *value)
{
    const PgQuery__CoalesceExpr *expression =
        value->node_case == PG_QUERY__NODE__NODE_COALESCE_EXPR ? value->coalesce_expr : NULL;

    if (!expression || expression->n_args != 2)
        return value;
    value = expression->args[1];
    while (value->node_case == PG_QUERY__NODE__NODE_TYPE_CAST && value->type_cast->arg &&
           names_is_builtin_type(value->type_cast->type_name))
        value = value->type_cast->arg;
    s->needs_origin = value->node_case == PG_QUERY__NODE__NODE_A_CONST;
    return expression->args[s->needs_origin ? 0 : 1];
}

static bool
add_all(struct shown *s, const PgQuery__Node *value)
{
    value = without_default(s, value);
    while (value->node_case == PG_QUERY__NODE__NODE_TYPE_CAST && value->type_cast->arg &&
           keeps_all(value->type_cast, value->type_cast->arg))
        value = value->type_cast->arg;
    value = without_form(s, value);
    return value->node_case == PG_QUERY__NODE__NODE_FUNC_CALL && add_aggregate(s, value->func_call);
}

bool
shown_add(struct shown *s, const PgQuery__Node *value)
{
    if (!value || !is_own(s, value))
        return false;
    if (group_is_alike(s->work, value)) {
        if (s->is_inner && s->select && group_has_sets(s->select)) /* null in some of the rows */
            return false;
        if (!shown_add_nulls(s, value, false))
            s->rows.count = 0; /* all of them */
        return true;
    }
    if (add_all(s, value))
        return true;
    s->rows = (struct group_rows){.count = 0};
    if (shown_add_peak(s, value)) {
        s->is_one = s->needs_origin = true;
        return true;
    }
    if (s->is_pooled)
        return false;
    s->is_extreme = s->select && one_is_extreme(s->work, s->scope, s->select, s->entry, value);
    s->is_one =
        s->is_extreme || (s->select && one_may_be(s->work, s->scope, s->select, s->show, value));
    s->needs_origin = s->is_one;
    return s->is_one && one_has_key(s->show);
}
