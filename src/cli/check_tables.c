/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "cli/check_connect.h"
#include "cli/columns.h"

/* Splits "table", "schema.table" or "database.schema.table", and with `has_column` a column after
 * it. */
static void
name_split(struct wanted *wanted, const char *name, bool has_column)
{
    struct view parts[4] = {{0}};
    size_t count = 0, tables;

    for (const char *at = name; count < COUNT_OF(parts); at++) {
        size_t length = strcspn(at, ".");

        parts[count++] = view_of(at, length);
        at += length;
        if (*at == '\0')
            break;
    }
    tables = has_column && count > 1 ? count - 1 : count;
    if (has_column && count > 1)
        text_from_view(wanted->column, sizeof(wanted->column), parts[count - 1]);
    if (tables > 0)
        text_from_view(wanted->table, sizeof(wanted->table), parts[tables - 1]);
    if (tables > 1)
        text_from_view(wanted->schema, sizeof(wanted->schema), parts[tables - 2]);
    if (tables > 2)
        text_from_view(wanted->database, sizeof(wanted->database), parts[tables - 3]);
}

bool
wanted_is_table(const char *named, const char *database, const char *schema, const char *table)
{
    struct wanted wanted = {0};

    name_split(&wanted, named, false);
    return strcmp(wanted.table, table) == 0 &&
           (wanted.schema[0] == '\0' || strcmp(wanted.schema, schema) == 0) &&
           (wanted.database[0] == '\0' || strcmp(wanted.database, database) == 0);
}

static bool
is_same(const struct wanted *a, const struct wanted *b)
{
    return strcmp(a->database, b->database) == 0 && strcmp(a->schema, b->schema) == 0 &&
           strcmp(a->table, b->table) == 0 && strcmp(a->column, b->column) == 0;
}

/* Adds what is not yet in the list; 0 or PASU_E_NOMEM. */
static int
wanted_add(struct wanted_list *list, const struct wanted *wanted)
{
    struct wanted *items;

    for (size_t i = 0; i < list->count; i++)
        if (is_same(&list->items[i], wanted))
            return 0;
    items = memory_resize(list->items, list->count + 1, sizeof(*items));
    if (items == NULL)
        return PASU_E_NOMEM;
    list->items = items;
    items[list->count++] = *wanted;
    return 0;
}

/* The table itself, and its columns. */
static int
wanted_add_names(struct wanted_list *list, const char *table, const struct config_texts *columns)
{
    struct wanted wanted = {0};
    int r;

    name_split(&wanted, table, false);
    r = wanted_add(list, &wanted);
    for (size_t i = 0; r == 0 && i < columns->count; i++) {
        text_from_view(wanted.column, sizeof(wanted.column), view_of_text(columns->items[i]));
        r = wanted_add(list, &wanted);
    }
    return r;
}

int
wanted_collect(struct wanted_list *list, const struct config *config)
{
    int r = 0;

    *list = (struct wanted_list){0};
    for (size_t i = 0; r == 0 && i < config->subject_count; i++)
        r = wanted_add_names(list, config->subjects[i].table, &config->subjects[i].key);
    for (size_t i = 0; r == 0 && i < config->personal_count; i++) {
        const struct config_personal *personal = &config->personal[i];

        r = wanted_add_names(list, personal->table, &personal->key);
        for (size_t f = 0; r == 0 && f < personal->field_count; f++)
            r = wanted_add_names(list, personal->table,
                                 &(struct config_texts){&personal->fields[f].column, 1});
    }
    for (size_t i = 0; r == 0 && i < config->never.count; i++)
        r = wanted_add_names(list, config->never.items[i], &(struct config_texts){0});
    for (size_t i = 0; r == 0 && i < config->identity.count; i++) {
        struct wanted wanted = {0};

        name_split(&wanted, config->identity.items[i], true);
        r = wanted_add(list, &wanted);
    }
    return r;
}

static void
note_found(struct wanted *wanted, const char *database)
{
    size_t used = strlen(wanted->where);

    wanted->found++;
    if (used + 2 < sizeof(wanted->where))
        snprintf(wanted->where + used, sizeof(wanted->where) - used, "%s%s", used > 0 ? ", " : "",
                 database);
}

static const char table_sql[] =
    "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE CASE $1 WHEN '' THEN n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' "
    "ELSE n.nspname = $1 END AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') "
    "AND ($3 = '' OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid "
    "AND a.attname = $3 AND a.attnum > 0 AND NOT a.attisdropped)))";

/* Whether the inspector can have the rows of a database's tables counted: by pasu.population, or,
 * on a server where that is safe, by itself where it may read them. */
static const char population_sql[] =
    "SELECT EXISTS (SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
    "WHERE n.nspname = 'pasu' AND p.proname = 'population' AND p.prosecdef "
    "AND EXISTS (SELECT FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%') "
    "AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE')), "
    "EXISTS (SELECT FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind') "
    "AND (SELECT rolsuper FROM pg_roles WHERE rolname = session_user)";

static int
look_population(struct probe *probe, const struct config_gateway *gateway, const char *database,
                struct findings *findings)
{
    PGresult *rows = probe_query(probe, population_sql, 0, NULL);
    char name[96];

    if (rows == NULL)
        return PASU_E_UPSTREAM_PROTOCOL;
    snprintf(name, sizeof(name), "population %s", database);
    if (PQgetvalue(rows, 0, 0)[0] == 't' || PQgetvalue(rows, 0, 1)[0] == 't')
        findings_add(findings, gateway->name, name, FINDING_OK, "", "subjects can be counted");
    else
        findings_add(findings, gateway->name, name, FINDING_WARNING,
                     "run sql/inspector.sql as a superuser in that database",
                     "the inspector cannot count subjects (pasu.population): upper bounds will be "
                     "what the tables' files have room for");
    PQclear(rows);
    return 0;
}

/* Looks for everything wanted in the one database that `probe` is connected to; true in *has_any
 * where some of it is there. */
static int
look_through(struct wanted_list *list, struct probe *probe, const char *database, bool *has_any)
{
    *has_any = false;
    for (size_t i = 0; i < list->count; i++) {
        struct wanted *wanted = &list->items[i];
        const char *const values[] = {wanted->schema, wanted->table, wanted->column};
        PGresult *rows;

        if (wanted->database[0] != '\0' && strcmp(wanted->database, database) != 0)
            continue;
        rows = probe_query(probe, table_sql, COUNT_OF(values), values);
        if (rows == NULL)
            return PASU_E_UPSTREAM_PROTOCOL;
        if (PQgetvalue(rows, 0, 0)[0] == 't') {
            note_found(wanted, database);
            *has_any = true;
        }
        PQclear(rows);
    }
    return 0;
}

int
check_tables(struct probe *probe, const struct config_gateway *gateway, const char *database,
             struct findings *findings, void *arg)
{
    struct table_look *look = arg;
    bool has_any = false;
    int r = look_through(&look->wanted, probe, database, &has_any);

    if (r == 0 && has_any)
        r = look_population(probe, gateway, database, findings);
    return r != 0 ? r
                  : columns_look(probe, look->config, gateway, database, findings, &look->progress);
}

void
check_databases(struct probe *probe, const struct config_gateway *gateway,
                struct findings *findings, database_look *look, void *arg)
{
    PGresult *databases =
        probe_query(probe,
                    "SELECT datname FROM pg_database WHERE datallowconn "
                    "AND has_database_privilege(datname, 'CONNECT') ORDER BY datname",
                    0, NULL);

    if (databases == NULL) {
        findings_add(findings, gateway->name, "databases", FINDING_MISSING, "",
                     "cannot be listed: %s", probe->error);
        return;
    }
    for (int i = 0; i < PQntuples(databases); i++) {
        const char *name = PQgetvalue(databases, i, 0);
        struct probe other;
        int r = probe_open(&other, gateway, name);

        if (r == 0)
            r = look(&other, gateway, name, findings, arg);
        if (r != 0)
            findings_add(findings, gateway->name, "databases", FINDING_WARNING,
                         "let the inspector connect to it, or take its right to CONNECT away",
                         "%s cannot be looked through: %s", name, other.error);
        probe_close(&other);
    }
    PQclear(databases);
}

static const struct wanted *
table_of(const struct wanted_list *list, const struct wanted *column)
{
    struct wanted table = *column;

    table.column[0] = '\0';
    for (size_t i = 0; i < list->count; i++)
        if (is_same(&list->items[i], &table))
            return &list->items[i];
    return NULL;
}

/* "table DATABASE.SCHEMA.TABLE" or "column DATABASE.SCHEMA.TABLE.COLUMN", without what is not
 * known. */
static void
wanted_name(char *name, size_t size, const struct wanted *wanted)
{
    bool is_column = wanted->column[0] != '\0';

    snprintf(name, size, "%s %s%s%s%s%s%s%s", is_column ? "column" : "table", wanted->database,
             wanted->database[0] != '\0' ? "." : "", wanted->schema,
             wanted->schema[0] != '\0' ? "." : "", wanted->table, is_column ? "." : "",
             wanted->column);
}

void
wanted_report(const struct wanted_list *list, struct findings *findings)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct wanted *wanted = &list->items[i];
        const struct wanted *table = wanted->column[0] != '\0' ? table_of(list, wanted) : NULL;
        char name[300];

        wanted_name(name, sizeof(name), wanted);
        if (table != NULL && table->found == 0)
            continue; /* said once, of the table */
        if (wanted->found == 0)
            findings_add(findings, "", name, FINDING_MISSING,
                         "correct its name in the configuration (names are written as the catalog "
                         "has them), or create it",
                         "is in no database that the inspector may enter");
        else if (table != NULL && wanted->found < table->found)
            findings_add(findings, "", name, FINDING_WARNING,
                         "see that every table of that name has the column, or write the database "
                         "before the table's name",
                         "is only in database %s, its table also in others: %s", wanted->where,
                         table->where);
        else if (table == NULL || wanted->column[0] == '\0')
            findings_add(findings, "", name, FINDING_OK, "", "in database %s", wanted->where);
    }
}
