/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/identity_read.h"

#include "exposure/identity_rows.h"
#include "postgres/identity_column.h"

#include <inttypes.h>

enum { SQL_SIZE = 2048, LOOK_EVERY = 1 << 16 };

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
take_rows(struct reading *r, size_t columns)
{
    char *bytes;
    int n, result = 0;

    identity_rows_begin(&r->rows, columns);
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
check_name(struct reading *r, const struct identity_wanted *w, size_t column)
{
    static const char sql[] =
        "SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_attribute k ON k.attrelid = c.oid "
        "WHERE n.nspname = $1 AND c.relname = $2 AND a.attname = $3 AND k.attname = $4 "
        "AND c.oid = $5::oid AND a.attnum = $6::int AND k.attnum = $7::int "
        "AND (" IDENTITY_LOCK_SQL("$5::oid") ") > 0";
    char relation[16], attribute[8], key[8];
    const char *values[] = {w->schema, w->table, w->columns[column], w->key, relation,
                            attribute, key};
    PGresult *rows;
    bool is_same;

    snprintf(relation, sizeof(relation), "%" PRIu32, w->section.relation);
    snprintf(attribute, sizeof(attribute), "%d",
             column == 0 ? w->section.attribute : w->section.others[column - 1]);
    snprintf(key, sizeof(key), "%d", w->section.key_attribute);
    rows = probe_query(r->probe, sql, COUNT_OF(values), values);
    if (rows == NULL)
        return PASU_E_UPSTREAM_PROTOCOL;
    is_same = PQntuples(rows) == 1;
    PQclear(rows);
    return is_same ? 0 : fail(r, "a table has changed meanwhile: try again");
}

/* A name, quoted, behind what the text has already. False without memory. */
static bool
add_quoted(struct reading *r, char *text, size_t size, const char *before, const char *name)
{
    char *quoted = PQescapeIdentifier(r->probe->connection, name, strlen(name));
    size_t used = strlen(text);

    if (quoted == NULL)
        return false;
    snprintf(text + used, size - used, "%s%s", before, quoted);
    PQfreemem(quoted);
    return true;
}

static int
copy(struct reading *r, const struct identity_wanted *w)
{
    size_t count = identity_section_columns(&w->section);
    char sql[SQL_SIZE] = "";
    bool is_whole = add_quoted(r, sql, sizeof(sql), "COPY ", w->schema) &&
                    add_quoted(r, sql, sizeof(sql), ".", w->table) &&
                    add_quoted(r, sql, sizeof(sql), " (", w->key);
    int result;

    for (size_t i = 0; is_whole && i < count; i++)
        is_whole = add_quoted(r, sql, sizeof(sql), ", ", w->columns[i]);
    snprintf(sql + strlen(sql), sizeof(sql) - strlen(sql), ") TO STDOUT (FORMAT binary)");
    result = is_whole ? command(r, sql, PGRES_COPY_OUT) : PASU_E_NOMEM;
    if (result == 0)
        result = take_rows(r, count);
    for (size_t i = 0; result == 0 && i < count; i++)
        result = check_name(r, w, i);
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
