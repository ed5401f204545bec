/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/identity_read.h"

#include "exposure/key.h"

#include <inttypes.h>

enum { SQL_SIZE = 1024, LOOK_EVERY = 1 << 16, HEADER_SIZE = 19 };

struct reading {
    struct identity_builder *builder;
    struct probe *probe;
    identity_progress_fn *progress;
    void *arg;
    uint64_t rows;
    bool has_header, is_over;
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

/* A number of 2, 4 or 8 bytes as an ordinal. */
static uint32_t
ordinal_of(struct view key)
{
    int64_t number =
        key.length == 2   ? (int16_t)bytes_get_u16(key.bytes)
        : key.length == 4 ? (int32_t)bytes_get_u32(key.bytes)
        : key.length == 8
            ? (int64_t)((uint64_t)bytes_get_u32(key.bytes) << 32 | bytes_get_u32(key.bytes + 4))
            : -1;

    return number >= 0 && number < KEY_ORDINAL_FIRST ? (uint32_t)number : IDENTITY_NOBODY;
}

static bool
take_field(struct reader *reader, struct view *value)
{
    uint32_t length = reader_u32(reader);

    *value = view_of(NULL, 0);
    if (length != UINT32_MAX)
        *value = reader_bytes(reader, length);
    return !reader->failed;
}

/* The binary form of COPY: a header of fixed length, rows of two fields, and a mark. */
static int
take_row(struct reading *r, struct view bytes)
{
    static const uint8_t signature[] = "PGCOPY\n\377\r\n";
    struct reader reader = reader_of(bytes);
    struct view key, value;
    int result = 0;

    if (!r->has_header) {
        struct view header = reader_bytes(&reader, HEADER_SIZE);

        if (reader.failed || memcmp(header.bytes, signature, sizeof(signature)) != 0)
            return fail(r, "the server sends no binary COPY");
        r->has_header = true;
    }
    while (result == 0 && reader_left(&reader) > 0) {
        uint16_t count = reader_u16(&reader);

        r->is_over = count == UINT16_MAX;
        if (r->is_over)
            return reader_end(&reader);
        if (count != 2 || !take_field(&reader, &key) || !take_field(&reader, &value))
            return fail(r, "the server sends rows of another form");
        if (value.bytes)
            result = identity_builder_add(r->builder, value,
                                          key.bytes ? ordinal_of(key) : IDENTITY_NOBODY);
        if (++r->rows % LOOK_EVERY == 0)
            r->progress(r->arg, r->rows);
    }
    return result;
}

static int
take_rows(struct reading *r)
{
    char *bytes;
    int n, result = 0;

    r->has_header = r->is_over = false;
    while ((n = PQgetCopyData(r->probe->connection, &bytes, 0)) > 0) {
        if (result == 0)
            result = take_row(r, view_of(bytes, (size_t)n));
        PQfreemem(bytes);
        if (result != 0)
            return result; /* the connection is closed by the caller */
    }
    if (n != -1)
        return fail(r, PQerrorMessage(r->probe->connection));
    for (PGresult *last; (last = PQgetResult(r->probe->connection)) != NULL; PQclear(last))
        if (PQresultStatus(last) != PGRES_COMMAND_OK)
            result = fail(r, PQerrorMessage(r->probe->connection));
    return result == 0 && !r->is_over ? fail(r, "the server's COPY has no end") : result;
}

/* ---- columns ---- */

/* Its lock is ours until the end of the transaction: whether the names mean what they did. */
static int
check_name(struct reading *r, const struct identity_wanted *w)
{
    static const char sql[] =
        "SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_attribute k ON k.attrelid = c.oid "
        "WHERE n.nspname = $1 AND c.relname = $2 AND a.attname = $3 AND k.attname = $4 "
        "AND c.oid = $5::oid AND a.attnum = $6::int AND k.attnum = $7::int";
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
    int result = identity_builder_begin(r->builder, &w->section);

    if (result == 0)
        result = copy(r, w);
    return result == 0 ? identity_builder_end(r->builder) : result;
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
        result = command(r, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", PGRES_COMMAND_OK);
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
    struct reading r = {.builder = builder, .probe = probe, .progress = progress, .arg = arg};
    int result = 0;

    for (size_t first = 0, end; result == 0 && first < wants->count; first = end) {
        for (end = first + 1; end < wants->count; end++)
            if (!is_together(&wants->items[first], &wants->items[end]))
                break;
        result = read_database(&r, wants->items, first, end);
    }
    return result;
}
