/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_group_text.h"

#include "postgres/sql_put.h"

enum { GROUP_ROWS_MAX = 16384 };

size_t
group_filter_size(const struct group_rows *rows)
{
    size_t size = 0;

    for (size_t i = 0; i < rows->count; i++)
        size += strlen(rows->values[i]) + 32;
    return size + (rows->filter ? strlen(rows->filter) + 32 : 0) +
           (rows->over ? strlen(rows->over) + 1 : 0);
}

void
group_put_filter(struct writer *w, const struct group_rows *rows)
{
    const char *word = " FILTER (WHERE ";

    for (size_t i = 0; i < rows->count; i++, word = " AND ") {
        sql_put(w, word);
        sql_put(w, rows->values[i]);
        sql_put(w, " IS DISTINCT FROM NULL");
    }
    if (rows->filter) {
        sql_put(w, word);
        sql_put(w, "(");
        sql_put(w, rows->filter);
        sql_put(w, ")");
    }
    if (rows->count > 0 || rows->filter)
        sql_put(w, ")");
    if (rows->over) {
        sql_put(w, " ");
        sql_put(w, rows->over);
    }
}

static const char *
write_aggregate(struct plan_work *work, const struct group_rows *rows, const char *name,
                const char *argument)
{
    size_t size = strlen(name) + strlen(argument) + group_filter_size(rows) + 32;
    char *text = arena_new(&work->memory, size, 1);
    struct writer w;

    if (!text)
        return NULL;
    w = writer_of((uint8_t *)text, size - 1);
    sql_put(&w, "pg_catalog.");
    sql_put(&w, name);
    sql_put(&w, "(");
    sql_put(&w, argument);
    sql_put(&w, ")");
    group_put_filter(&w, rows);
    if (writer_end(&w) < 0)
        return NULL;
    text[writer_length(&w)] = '\0';
    return text;
}

const char *
group_write_keys(struct plan_work *work, const struct group_rows *of, const char *key)
{
    static const char form[] = "CASE WHEN %s OPERATOR(pg_catalog.<=) %d THEN %s END";
    const char *rows = key ? write_aggregate(work, of, "count", "*") : NULL;
    const char *keys = key ? write_aggregate(work, of, "array_agg", key) : NULL;
    size_t size;
    char *text;

    if (!rows || !keys)
        return NULL;
    size = sizeof(form) + strlen(rows) + strlen(keys) + 16;
    text = arena_new(&work->memory, size, 1);
    if (text)
        snprintf(text, size, form, rows, GROUP_ROWS_MAX, keys);
    return text;
}

/* Partitions have one table above them all, and rows of one item of FROM are of one such table. */
const char *
group_write_origin(struct plan_work *work, const struct group_rows *of, const char *tableoid,
                   const struct catalog_relation *relation)
{
    static const char several[] = "'0'::pg_catalog.oid";
    static const char form[] = "CASE WHEN %s OPERATOR(pg_catalog.<>) %s THEN %s%s%s ELSE %s END";
    bool is_divided = relation && relation->kind == 'p';
    const char *least = tableoid ? write_aggregate(work, of, "min", tableoid) : NULL;
    const char *most = tableoid ? write_aggregate(work, of, "max", tableoid) : NULL;
    size_t size;
    char *text;

    if (!least || !most)
        return NULL;
    size = sizeof(form) + sizeof(several) + 3 * strlen(least) + strlen(most) + 128;
    text = arena_new(&work->memory, size, 1);
    if (text)
        snprintf(text, size, form, least, most,
                 is_divided ? "COALESCE(pg_catalog.pg_partition_root(" : "",
                 is_divided ? least : several,
                 is_divided ? ")::pg_catalog.oid, '0'::pg_catalog.oid)" : "", least);
    return text;
}
