/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_peak.h"

#include "postgres/sql_put.h"

enum { TEXT_ROOM = 4 * CATALOG_NAME_SIZE };

/* ---- which ---- */

bool
peak_is_call(const struct plan_work *work, const PgQuery__FuncCall *call, bool *is_max)
{
    struct function_facts facts = function_facts(work, call->funcname, call->n_funcname);

    if (!facts.name || !facts.is_known || facts.is_user || facts.is_opaque)
        return false;
    *is_max = strcmp(facts.name, "max") == 0;
    return *is_max || strcmp(facts.name, "min") == 0;
}

const PgQuery__FuncCall *
peak_call(struct plan_work *work, const PgQuery__Node *value, bool *is_max)
{
    const PgQuery__FuncCall *call =
        value->node_case == PG_QUERY__NODE__NODE_FUNC_CALL ? value->func_call : NULL;

    if (!call || call->n_args != 1 || call->over || call->agg_within_group || call->agg_distinct ||
        call->n_agg_order > 0 || call->func_variadic)
        return NULL;
    return peak_is_call(work, call, is_max) ? call : NULL;
}

struct others {
    const struct plan_work *work;
    bool is_found;
};

static void
look_for_others(void *context, const ProtobufCMessage *message)
{
    struct others *others = context;

    if (message->descriptor == &pg_query__func_call__descriptor) {
        const PgQuery__FuncCall *call = (const PgQuery__FuncCall *)(const void *)message;
        struct function_facts facts =
            function_facts(others->work, call->funcname, call->n_funcname);

        others->is_found |= facts.may_aggregate && facts.name && strcmp(facts.name, "min") != 0 &&
                            strcmp(facts.name, "max") != 0;
    }
    if (!others->is_found)
        sql_each_child(message, look_for_others, others);
}

bool
peak_is_alone(const struct plan_work *work, const PgQuery__SelectStmt *select)
{
    struct others others = {work, false};

    if (select->n_group_clause > 0 || select->n_from_clause != 1 ||
        select->from_clause[0]->node_case == PG_QUERY__NODE__NODE_JOIN_EXPR)
        return false;
    for (size_t i = 0; i < select->n_target_list; i++)
        look_for_others(&others, &select->target_list[i]->base);
    return !others.is_found;
}

enum peak_family
peak_family_of(const struct catalog_relation *relation, int16_t attribute)
{
    enum {
        INT8 = 20,
        INT2 = 21,
        INT4 = 23,
        TEXT = 25,
        VARCHAR = 1043,
        DATE = 1082,
        TIMESTAMP = 1114,
        TIMESTAMPTZ = 1184,
        NUMERIC = 1700
    };

    for (size_t i = 0; relation && i < relation->column_count; i++)
        if (relation->columns[i].number == attribute)
            switch (catalog_value_type(&relation->columns[i])) {
            case TEXT:
            case VARCHAR:
                return PEAK_TEXT;
            case INT2:
            case INT4:
            case INT8:
            case NUMERIC:
                return PEAK_NUMBER;
            case DATE:
                return PEAK_DATE;
            case TIMESTAMP:
                return PEAK_TIME;
            case TIMESTAMPTZ:
                return PEAK_ZONED;
            default:
                return PEAK_NONE;
            }
    return PEAK_NONE;
}

/* ---- how it is written ---- */

/* A time as a number that grows with it: what is infinite is beyond all that are not. */
static void
put_time(struct writer *w, const char *value, const char *type, const char *number)
{
    sql_put(w, "CASE WHEN pg_catalog.isfinite(");
    sql_put(w, value);
    sql_put(w, ") THEN ");
    sql_put(w, number);
    sql_put(w, " WHEN ");
    sql_put(w, value);
    sql_put(w, " OPERATOR(pg_catalog.>) '2000-01-01'::pg_catalog.");
    sql_put(w, type);
    sql_put(w, " THEN 1000000000000000 ELSE -1000000000000000 END");
}

static void
put_value(struct writer *w, const struct peak *peak)
{
    char number[TEXT_ROOM];

    switch ((enum peak_family)peak->family) {
    case PEAK_NUMBER:
        sql_put(w, peak->value);
        sql_put(w, "::pg_catalog.numeric");
        break;
    case PEAK_DATE:
        snprintf(number, sizeof(number),
                 "(%s OPERATOR(pg_catalog.-) '2000-01-01'::pg_catalog.date)::pg_catalog.numeric",
                 peak->value);
        put_time(w, peak->value, "date", number);
        break;
    case PEAK_TIME:
    case PEAK_ZONED:
        snprintf(number, sizeof(number), "pg_catalog.date_part('epoch', %s)::pg_catalog.numeric",
                 peak->value);
        put_time(w, peak->value, peak->family == PEAK_TIME ? "timestamp" : "timestamptz", number);
        break;
    default:
        sql_put(w, peak->value);
    }
}

/* A number that has as many digits for every key of its type, so that texts of it compare as
 * numbers do; of numbers themselves 0. */
static const char *
base_of(const struct peak *peak, unsigned type)
{
    if (peak->family != PEAK_TEXT)
        return "0.0";
    return type == CATALOG_KEY_INT8 ? "20000000000000000000" : "5000000000";
}

/* The number that the key is away from the base, up or down, of the row that has the peak. */
static void
put_side(struct writer *w, const struct peak *peak, const struct group_rows *rows, const char *key,
         const char *base, bool is_up)
{
    sql_put(w, "(pg_catalog.");
    sql_put(w, peak->is_max ? "max" : "min");
    sql_put(w, "(ARRAY[");
    put_value(w, peak);
    sql_put(w, ", (");
    sql_put(w, base);
    sql_put(w, is_up ? " OPERATOR(pg_catalog.+) " : " OPERATOR(pg_catalog.-) ");
    sql_put(w, key);
    sql_put(w, peak->family == PEAK_TEXT ? ")::pg_catalog.text])" : ")::pg_catalog.numeric])");
    group_put_filter(w, rows);
    sql_put(w, ")[2]::pg_catalog.numeric");
}

static void
put_count(struct writer *w, const struct group_rows *rows, const char *of)
{
    sql_put(w, "pg_catalog.count(");
    sql_put(w, of);
    sql_put(w, ")");
    group_put_filter(w, rows);
}

static size_t
room_for(const struct peak *peak, const struct group_rows *rows, const char *key)
{
    size_t size = 256 + strlen(key) + 4 * strlen(peak->value) + 512;

    size += group_filter_size(rows);
    return 6 * size;
}

const char *
peak_write(struct plan_work *work, const struct peak *peak, const struct group_rows *rows,
           const char *key, unsigned type)
{
    static const char *const types[] = {
        [CATALOG_KEY_INT2] = "int2", [CATALOG_KEY_INT4] = "int4", [CATALOG_KEY_INT8] = "int8"};
    const char *base = base_of(peak, type);
    size_t size = key ? room_for(peak, rows, key) : 0;
    char *text = key ? arena_new(&work->memory, size, 1) : NULL;
    struct writer w;

    if (!text)
        return NULL;
    w = writer_of((uint8_t *)text, size - 1);
    sql_put(&w, "CASE WHEN ");
    put_count(&w, rows, key);
    sql_put(&w, " OPERATOR(pg_catalog.=) ");
    put_count(&w, rows, "*");
    sql_put(&w, " AND (");
    put_side(&w, peak, rows, key, base, true);
    sql_put(&w, " OPERATOR(pg_catalog.-) ");
    sql_put(&w, base);
    sql_put(&w, ") OPERATOR(pg_catalog.=) (");
    sql_put(&w, base);
    sql_put(&w, " OPERATOR(pg_catalog.-) ");
    put_side(&w, peak, rows, key, base, false);
    sql_put(&w, ") THEN ARRAY[(");
    put_side(&w, peak, rows, key, base, true);
    sql_put(&w, " OPERATOR(pg_catalog.-) ");
    sql_put(&w, base);
    sql_put(&w, ")::pg_catalog.");
    sql_put(&w, types[type]);
    sql_put(&w, "] END");
    if (writer_end(&w) < 0)
        return NULL;
    text[writer_length(&w)] = '\0';
    return text;
}
