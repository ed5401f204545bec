/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/plan_group_text.h"

enum { GROUP_ROWS_MAX = 16384 };

static const char *
write_aggregate(struct plan_work *work, const struct group_rows *rows, const char *name,
                const char *argument)
{
    static const char form[] = "pg_catalog.%s(%s)";
    size_t size = sizeof(form) + strlen(name) + strlen(argument) + 32;
    const char *word = " FILTER (WHERE ";
    char *text, *at;

    for (size_t i = 0; i < rows->count; i++)
        size += strlen(rows->values[i]) + 32;
    if (rows->filter)
        size += strlen(rows->filter) + 32;
    text = at = arena_new(&work->memory, size, 1);
    if (!text)
        return NULL;
    at += snprintf(at, size, form, name, argument);
    for (size_t i = 0; i < rows->count; i++, word = " AND ")
        at += snprintf(at, size - (size_t)(at - text), "%s%s IS DISTINCT FROM NULL", word,
                       rows->values[i]);
    if (rows->filter)
        at += snprintf(at, size - (size_t)(at - text), "%s(%s)", word, rows->filter);
    if (rows->count > 0 || rows->filter)
        snprintf(at, size - (size_t)(at - text), ")");
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

const char *
group_write_origin(struct plan_work *work, const struct group_rows *of, const char *tableoid)
{
    static const char form[] =
        "CASE WHEN %s OPERATOR(pg_catalog.<>) %s THEN '0'::pg_catalog.oid ELSE %s END";
    const char *least = tableoid ? write_aggregate(work, of, "min", tableoid) : NULL;
    const char *most = tableoid ? write_aggregate(work, of, "max", tableoid) : NULL;
    size_t size;
    char *text;

    if (!least || !most)
        return NULL;
    size = sizeof(form) + 2 * strlen(least) + strlen(most);
    text = arena_new(&work->memory, size, 1);
    if (text)
        snprintf(text, size, form, least, most, least);
    return text;
}
