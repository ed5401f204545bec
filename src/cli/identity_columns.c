/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/identity_columns.h"

#include "base/memory.h"
#include "exposure/identity_names.h"
#include "postgres/identity_column.h"

#include <stdlib.h>

enum { LIST_SIZE = 256, SQL_SIZE = 4096 };

struct collecting {
    struct identity_wants *wants;
    const struct identity_names *names;
    const struct config_gateway *gateway;
    struct probe *probe;
    uint64_t system;
    uint32_t database;
    bool is_standby, is_raw; /* its texts have no encoding */
};

/* ---- one column in one database ---- */

static struct identity_wanted *
add_wanted(struct identity_wants *wants)
{
    struct identity_wanted *more;

    if (wants->count == IDENTITY_SECTIONS_MAX)
        return NULL;
    more = memory_resize(wants->items, wants->count + 1, sizeof(*more));
    if (more == NULL)
        return NULL;
    wants->items = more;
    more += wants->count++;
    *more = (struct identity_wanted){0};
    return more;
}

static uint64_t
number_of(const PGresult *rows, int row, int column)
{
    return strtoull(PQgetvalue(rows, row, column), NULL, 10);
}

static uint64_t
number_at(const PGresult *rows, int column)
{
    return number_of(rows, 0, column);
}

static int
row_fail(const struct probe *probe PASU_UNUSED)
{
    return PASU_E_UPSTREAM_PROTOCOL;
}

int
identity_wanted_look(struct identity_wanted *w, struct probe *probe)
{
    char list[LIST_SIZE], sql[SQL_SIZE];
    int count = (int)identity_section_columns(&w->section), fit = 0;
    PGresult *rows;

    (void)identity_section_list(&w->section, 0, list, sizeof(list));
    snprintf(sql, sizeof(sql), IDENTITY_COLUMN_SQL("%s"), list);
    rows = probe_query(probe, sql, 0, NULL);
    if (rows == NULL)
        return row_fail(probe);
    for (int i = 0; i < PQntuples(rows); i++)
        fit += number_of(rows, i, IDENTITY_COLUMN_IS_FIT) == 1;
    if (fit != count)
        snprintf(w->reason, sizeof(w->reason),
                 "it is not a column of type text or varchar, with a deterministic collation, of "
                 "an ordinary table that no other inherits from");
    if (PQntuples(rows) >= 1) {
        w->section.is_unique = count == 1 && number_at(rows, IDENTITY_COLUMN_IS_UNIQUE) == 1;
        w->section.counters = (struct identity_counters){
            number_at(rows, IDENTITY_COLUMN_INSERTED), number_at(rows, IDENTITY_COLUMN_UPDATED),
            number_at(rows, IDENTITY_COLUMN_DELETED),
            (int64_t)number_at(rows, IDENTITY_COLUMN_RESET),
            (uint32_t)number_at(rows, IDENTITY_COLUMN_FILE)};
    }
    PQclear(rows);
    return 0;
}

static const char column_sql[] =
    "SELECT c.oid, a.attnum, k.attnum, (k.atttypid IN (20, 21, 23))::int, "
    "greatest(c.reltuples, 0)::bigint, (has_column_privilege(c.oid, a.attnum, 'SELECT') AND "
    "has_column_privilege(c.oid, k.attnum, 'SELECT'))::int "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_attribute k ON k.attrelid = c.oid "
    "WHERE n.nspname = $1 AND c.relname = $2 AND a.attname = $3 AND k.attname = $4 "
    "AND a.attnum > 0 AND k.attnum > 0 AND NOT a.attisdropped AND NOT k.attisdropped";

static void
judge(const struct collecting *c, struct identity_wanted *w, const struct identity_name *name,
      bool is_number, bool is_allowed)
{
    if (c->is_standby)
        snprintf(w->reason, sizeof(w->reason), "the server is a standby");
    else if (c->is_raw)
        snprintf(w->reason, sizeof(w->reason), "the database has no encoding (SQL_ASCII)");
    else if (!is_number)
        snprintf(w->reason, sizeof(w->reason),
                 "the key %s is no integer: only the gateway itself can look it up "
                 "(attribution.identity: auto)",
                 w->key);
    else if (name->is_sealed)
        snprintf(w->reason, sizeof(w->reason),
                 "the keys of %s are sealed: only the gateway itself can look them up "
                 "(attribution.identity: auto)",
                 name->kind);
    else if (!is_allowed)
        snprintf(w->reason, sizeof(w->reason),
                 "the inspector may not read it: GRANT SELECT on %s "
                 "and %s to %s",
                 w->section.column, w->key, c->gateway->inspector.user);
}

/* The column, its key, and what the inspector may read of them; no rows, where it is not there. */
static int
ask_column(const struct collecting *c, const struct identity_name *name, size_t column,
           PGresult **rows)
{
    const char *values[] = {name->schema, name->table, name->columns[column], name->key};

    *rows = probe_query(c->probe, column_sql, COUNT_OF(values), values);
    return *rows != NULL ? 0 : row_fail(c->probe);
}

/* The first column of a name is there. */
static struct identity_wanted *
begin_wanted(const struct collecting *c, const struct identity_name *name, const PGresult *rows)
{
    struct identity_wanted *w = add_wanted(c->wants);

    if (w == NULL)
        return NULL;
    w->gateway = c->gateway;
    snprintf(w->schema, sizeof(w->schema), "%s", name->schema);
    snprintf(w->table, sizeof(w->table), "%s", name->table);
    snprintf(w->key, sizeof(w->key), "%s", name->key);
    memcpy(w->columns, name->columns, sizeof(w->columns));
    snprintf(w->section.gateway, sizeof(w->section.gateway), "%s", c->gateway->name);
    snprintf(w->section.database, sizeof(w->section.database), "%s", PQdb(c->probe->connection));
    snprintf(w->section.table, sizeof(w->section.table), "%s.%s", w->schema, w->table);
    identity_name_text(name, w->section.column, sizeof(w->section.column));
    memcpy(w->section.definition, name->definition, sizeof(w->section.definition));
    w->section.system = c->system;
    w->section.database_oid = c->database;
    w->section.relation = (uint32_t)number_at(rows, 0);
    w->section.attribute = (int16_t)number_at(rows, 1);
    w->section.key_attribute = (int16_t)number_at(rows, 2);
    w->estimate = number_at(rows, 4);
    return w;
}

static int
look_columns(const struct collecting *c, const struct identity_name *name)
{
    struct identity_wanted *w = NULL;
    bool is_number = true, is_allowed = true, is_there = true;
    int result = 0;

    if (name->database[0] && strcmp(name->database, PQdb(c->probe->connection)) != 0)
        return 0;
    for (size_t i = 0; result == 0 && is_there && i < name->count; i++) {
        PGresult *rows;

        result = ask_column(c, name, i, &rows);
        if (result != 0)
            break;
        is_there = PQntuples(rows) == 1;
        if (is_there && i == 0) {
            w = begin_wanted(c, name, rows);
            result = w != NULL ? 0 : PASU_E_RANGE;
        } else if (is_there) {
            w->section.others[i - 1] = (int16_t)number_at(rows, 1);
        }
        if (result == 0 && is_there) {
            is_number &= number_at(rows, 3) == 1;
            is_allowed &= number_at(rows, 5) == 1;
        }
        PQclear(rows);
    }
    if (result != 0 || w == NULL)
        return result;
    if (is_there)
        judge(c, w, name, is_number, is_allowed);
    else
        snprintf(w->reason, sizeof(w->reason), "the table has not all of these columns");
    if (w->reason[0] == '\0')
        result = identity_wanted_look(w, c->probe);
    c->wants->fit += w->reason[0] == '\0';
    return result;
}

/* ---- servers and databases ---- */

static int
look_database(struct collecting *c, const char *database)
{
    static const char sql[] =
        "SELECT d.oid, pg_is_in_recovery()::int, (pg_encoding_to_char(d.encoding) = "
        "'SQL_ASCII')::int FROM pg_database d WHERE d.datname = current_database()";
    int result = probe_open(c->probe, c->gateway, database);
    PGresult *rows;

    if (result != 0)
        return result;
    rows = probe_query(c->probe, sql, 0, NULL);
    if (rows == NULL || PQntuples(rows) != 1) {
        PQclear(rows);
        return row_fail(c->probe);
    }
    c->database = (uint32_t)number_at(rows, 0);
    c->is_standby = number_at(rows, 1) != 0;
    c->is_raw = number_at(rows, 2) != 0;
    PQclear(rows);
    rows = probe_query(c->probe, "SELECT system_identifier FROM pg_control_system()", 0, NULL);
    c->system = rows != NULL && PQntuples(rows) == 1 ? number_at(rows, 0) : 0;
    PQclear(rows);
    for (size_t i = 0; result == 0 && i < c->names->count; i++)
        result = look_columns(c, &c->names->items[i]);
    if (result == 0)
        probe_close(c->probe);
    return result;
}

static int
look_gateway(struct collecting *c)
{
    static const char sql[] = "SELECT datname FROM pg_database WHERE datallowconn AND NOT "
                              "datistemplate AND has_database_privilege(oid, 'CONNECT') ORDER BY 1";
    int result = probe_open(c->probe, c->gateway, NULL);
    PGresult *rows;

    if (result != 0)
        return result;
    rows = probe_query(c->probe, sql, 0, NULL);
    if (rows == NULL)
        return row_fail(c->probe);
    probe_close(c->probe);
    for (int i = 0; result == 0 && i < PQntuples(rows); i++)
        result = look_database(c, PQgetvalue(rows, i, 0));
    PQclear(rows);
    return result;
}

int
identity_wants_collect(struct identity_wants *wants, const struct config *config,
                       struct probe *probe)
{
    struct identity_names names;
    struct collecting c = {.wants = wants, .names = &names, .probe = probe};
    int result = identity_names_of(&names, config);

    *wants = (struct identity_wants){0};
    for (size_t i = 0; result == 0 && i < config->gateway_count; i++) {
        c.gateway = &config->gateways[i];
        if (c.gateway->inspector.user != NULL)
            result = look_gateway(&c);
    }
    identity_names_release(&names);
    return result;
}

void
identity_wants_release(struct identity_wants *wants)
{
    memory_free(wants->items);
    *wants = (struct identity_wants){0};
}
