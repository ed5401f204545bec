/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_certain.h"

/* Aggregates that are null where all that they are given is; the others take a null for a value. */
static bool
skips_nulls(const struct function_facts *facts)
{
    static const char *const names[] = {"avg",
                                        "bit_and",
                                        "bit_or",
                                        "bit_xor",
                                        "bool_and",
                                        "bool_or",
                                        "every",
                                        "max",
                                        "min",
                                        "mode",
                                        "sum",
                                        "stddev",
                                        "string_agg",
                                        "variance",
                                        "xmlagg",
                                        "percentile_cont",
                                        "percentile_disc"};

    for (size_t i = 0; facts->name && i < COUNT_OF(names); i++)
        if (strcmp(names[i], facts->name) == 0)
            return facts->is_known && !facts->is_user && !facts->is_opaque;
    return false;
}

bool
certain_takes_nulls(const PgQuery__FuncCall *call, const struct function_facts *facts,
                    bool is_aggregate)
{
    return is_aggregate ? !skips_nulls(facts) : call->over || !certain_is_strict(facts);
}

void
certain_call(const PgQuery__FuncCall *call, const struct function_facts *facts, bool is_aggregate,
             struct certainty *certain)
{
    certain->strict = 0;
    if (!call->over && !is_aggregate && certain_is_strict(facts))
        return;
    certain->vague = UINT32_MAX;
    if (call->over || call->agg_filter || !is_aggregate || facts->is_user) /* of none of them */
        certain->absent = UINT32_MAX;
}

bool
certain_is_built(const PgQuery__FuncCall *call, const struct function_facts *facts)
{
    static const char *const names[] = {"json_build_array", "json_build_object",
                                        "jsonb_build_array", "jsonb_build_object"};

    for (size_t i = 0; facts->name && i < COUNT_OF(names); i++)
        if (strcmp(names[i], facts->name) == 0)
            return facts->is_known && !facts->is_user && !facts->is_opaque && !call->func_variadic;
    return false;
}

/* PostgreSQL's own that are null where an argument is (pg_proc.proisstrict), and no user's has the
 * name. */
bool
certain_is_strict(const struct function_facts *facts)
{
    static const char *const names[] = {
        "abs",           "age",
        "ascii",         "btrim",
        "ceil",          "ceiling",
        "char_length",   "character_length",
        "convert_from",  "convert_to",
        "date_part",     "date_trunc",
        "decode",        "encode",
        "extract",       "floor",
        "initcap",       "left",
        "length",        "like",
        "lower",         "lpad",
        "ltrim",         "md5",
        "mod",           "notlike",
        "octet_length",  "overlay",
        "position",      "quote_ident",
        "quote_literal", "regexp_like",
        "regexp_match",  "regexp_replace",
        "repeat",        "replace",
        "reverse",       "right",
        "round",         "row_to_json",
        "rpad",          "rtrim",
        "sha224",        "sha256",
        "sha384",        "sha512",
        "split_part",    "starts_with",
        "strpos",        "substr",
        "substring",     "texteq",
        "textlike",      "textne",
        "timezone",      "to_char",
        "to_date",       "to_json",
        "to_jsonb",      "to_number",
        "to_timestamp",  "translate",
        "trunc",         "upper",
    };

    if (!facts->name || !facts->is_known || facts->is_user || facts->is_opaque)
        return false;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(names[i], facts->name) == 0)
            return true;
    return false;
}

/* Operators of which a value is as much as their operands', not only true or false. */
static bool
is_arithmetic(const PgQuery__AExpr *expression)
{
    static const char *const operators[] = {"+", "-", "*", "/",  "%", "^",
                                            "&", "|", "#", "<<", ">>"};
    const char *name = sql_last_name(expression->name, expression->n_name);

    for (size_t i = 0; name && i < COUNT_OF(operators); i++)
        if (strcmp(name, operators[i]) == 0)
            return true;
    return false;
}

/* Which operands the answer surely depends on: it is null where they are. */
void
certain_operator(const struct plan_work *work, const PgQuery__AExpr *expression,
                 struct side sides[2])
{
    bool is_certain[2] = {true, true};

    switch (expression->kind) {
    case PG_QUERY__A__EXPR__KIND__AEXPR_OP:
        if (is_arithmetic(expression))
            return;
        break;
    case PG_QUERY__A__EXPR__KIND__AEXPR_NULLIF: /* its value is the first one, or null */
        sides[1].carry.certain.shown = sides[1].carry.certain.strict = 0;
        if (!carry_is_empty(&sides[1].carry)) /* they may be the same */
            certainty_blur(&sides[0].carry.certain);
        return;
    case PG_QUERY__A__EXPR__KIND__AEXPR_LIKE:
    case PG_QUERY__A__EXPR__KIND__AEXPR_ILIKE:
    case PG_QUERY__A__EXPR__KIND__AEXPR_SIMILAR:
        break;
    case PG_QUERY__A__EXPR__KIND__AEXPR_IN:
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN:
    case PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN_SYM:
    case PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN_SYM:
        is_certain[1] = false;
        break;
    default: /* = ANY of no element, IS DISTINCT FROM */
        is_certain[0] = is_certain[1] = false;
    }
    if (names_is_foreign_operator(work, expression->name, expression->n_name))
        is_certain[0] = is_certain[1] = false;
    for (size_t i = 0; i < 2; i++) {
        struct certainty *certain = &sides[i].carry.certain;

        certain->strict = is_certain[i] ? certain->strict : 0;
        certain->shown = certain->strict;
    }
}
