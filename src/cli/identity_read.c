/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/identity_read.h"

#include "exposure/identity_rows.h"
#include "postgres/identity_column.h"

#include <inttypes.h>

enum { SQL_SIZE = 1024, LOOK_EVERY = 1 << 16 };

struct reading {
    struct identity_rows rows;
    struct probe *probe;
    identity_progress_fn *progress;
    void *arg;
};

static int
fail(struct reading *r, const char *text)
{
    snprintf(r->probe->error, sizeof(r->probe->error), "%s", text);
    return PASU_E_UPSTREAM_PROTOCOL;
}

static int
command(struct reading *r, const char *sql, ExecStatusType expected)
{
    PGresult *result = PQexec(r->probe->connection, sql);
    int status =
        PQresultStatus(result) == expected ? 0 : fail(r, PQerrorMessage(r->probe->connection));

    PQclear(result);
    return status;
}

/* ---- rows ---- */

static int
take_rows(struct reading *r)
{
    char *bytes;
    int n, result = 0;

    identity_rows_begin(&r->rows);
    while ((n = PQgetCopyData(r->probe->connection, &bytes, 0)) > 0) {
        result = identity_rows_take(&r->rows, view_of(bytes, (size_t)n));
        PQfreemem(bytes);
        if (result != 0 && r->rows.error)
            return fail(r, r->rows.error);
        if (result != 0)
            return result; /* the connection is closed by the caller */
        if (r->rows.rows % LOOK_EVERY == 0)
            r->progress(r->arg, r->rows.rows);
    }
    if (n != -1)
        return fail(r, PQerrorMessage(r->probe->connection));
    for (PGresult *last; (last = PQgetResult(r->probe->connection)) != NULL; PQclear(last))
        if (PQresultStatus(last) != PGRES_COMMAND_OK)
            result = fail(r, PQerrorMessage(r->probe->connection));
    if (result == 0 && identity_rows_end(&r->rows) != 0)
        result = fail(r, r->rows.error);
    return result;
}

/* ---- columns ---- */

/* Whether it was the table that was found, of which COPY holds the lock until the end of the
 * transaction, and the names mean what they did. */
static int
check_name(struct reading *r, const struct identity_wanted *w)
{
    static const char sql[] =
        "SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_attribute k ON k.attrelid = c.oid "
        "WHERE n.nspname = $1 AND c.relname = $2 AND a.attname = $3 AND k.attname = $4 "
        "AND c.oid = $5::oid AND a.attnum = $6::int AND k.attnum = $7::int "
        "AND (" IDENTITY_LOCK_SQL("$5::oid") ") > 0";
    char relation[16], attribute[8], key[8];
    const char *values[] = {w->schema, w->table, w->section.column, w->key, relation,
                            attribute, key};
    PGresult *rows;
    bool is_same;

    snprintf(relation, sizeof(relation), "%" PRIu32, w->section.relation);
    snprintf(attribute, sizeof(attribute), "%d", w->section.attribute);
    snprintf(key, sizeof(key), "%d", w->section.key_attribute);
    rows = probe_query(r->probe, sql, COUNT_OF(values), values);
    if (rows == NULL)
        return PASU_E_UPSTREAM_PROTOCOL;
    is_same = PQntuples(rows) == 1;
    PQclear(rows);
    return is_same ? 0 : fail(r, "a table has changed meanwhile: try again");
}

static int
copy(struct reading *r, const struct identity_wanted *w)
{
    PGconn *connection = r->probe->connection;
    char *schema = PQescapeIdentifier(connection, w->schema, strlen(w->schema));
    char *table = PQescapeIdentifier(connection, w->table, strlen(w->table));
    char *key = PQescapeIdentifier(connection, w->key, strlen(w->key));
    char *column = PQescapeIdentifier(connection, w->section.column, strlen(w->section.column));
    char sql[SQL_SIZE];
    int result = schema && table && key && column ? 0 : PASU_E_NOMEM;

    if (result == 0) {
        snprintf(sql, sizeof(sql), "COPY %s.%s (%s, %s) TO STDOUT (FORMAT binary)", schema, table,
                 key, column);
        result = command(r, sql, PGRES_COPY_OUT);
    }
    if (result == 0)
        result = take_rows(r);
    if (result == 0)
        result = check_name(r, w);
    PQfreemem(schema);
    PQfreemem(table);
    PQfreemem(key);
    PQfreemem(column);
    return result;
}

static int
read_column(struct reading *r, const struct identity_wanted *w)
{
    int result = identity_builder_begin(r->rows.builder, &w->section);

    if (result == 0)
        result = copy(r, w);
    return result == 0 ? identity_builder_end(r->rows.builder) : result;
}

static bool
is_together(const struct identity_wanted *a, const struct identity_wanted *b)
{
    return a->gateway == b->gateway && strcmp(a->section.database, b->section.database) == 0;
}

/* Columns `first` to `end` - 1 are of one database. What is counted of their tables is asked before
 * the snapshot: what is counted later may not be in it. */
static int
read_database(struct reading *r, struct identity_wanted *items, size_t first, size_t end)
{
    int result = probe_open(r->probe, items[first].gateway, items[first].section.database);

    for (size_t i = first; result == 0 && i < end; i++)
        if (items[i].reason[0] == '\0') {
            result = identity_wanted_look(&items[i], r->probe);
            if (result == 0 && items[i].reason[0] != '\0')
                result = fail(r, "a table has changed meanwhile: try again");
        }
    if (result == 0)
        result = command(r, "SET statement_timeout = 0; SET row_security = off", PGRES_COMMAND_OK);
    if (result == 0)
        result = command(r, "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY", PGRES_COMMAND_OK);
    for (size_t i = first; result == 0 && i < end; i++)
        if (items[i].reason[0] == '\0')
            result = read_column(r, &items[i]);
    if (result == 0)
        result = command(r, "COMMIT", PGRES_COMMAND_OK);
    if (result == 0)
        probe_close(r->probe);
    return result;
}

int
identity_read_all(struct identity_wants *wants, struct identity_builder *builder,
                  struct probe *probe, identity_progress_fn *progress, void *arg)
{
    struct reading r = {
        .rows = {.builder = builder}, .probe = probe, .progress = progress, .arg = arg};
    int result = 0;

    for (size_t first = 0, end; result == 0 && first < wants->count; first = end) {
        for (end = first + 1; end < wants->count; end++)
            if (!is_together(&wants->items[first], &wants->items[end]))
                break;
        result = read_database(&r, wants->items, first, end);
    }
    return result;
}
