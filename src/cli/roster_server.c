/* SPDX-License-Identifier: Apache-2.0 */
/* What `pasu roster audit --connect` asks the servers. */
#include "cli/roster_command.h"

#include "base/memory.h"

#include <inttypes.h>

enum { NAME_TEXT = 192, LIST_SIZE = 512 };

struct server {
    const struct roster_look *look;
    const struct config_gateway *gateway;
    struct probe *probe;
};

#define FOUND(server_, what_, name_, state_, hint_, ...)                                           \
    do {                                                                                           \
        char name__[NAME_TEXT];                                                                    \
        snprintf(name__, sizeof(name__), "%s %s", what_, name_);                                   \
        findings_add((server_)->look->findings, (server_)->gateway->name, name__, state_, hint_,   \
                     __VA_ARGS__);                                                                 \
    } while (0)

/* ---- roles ---- */

enum { ROLE_NAME, IS_SUPER, IS_ENDLESS };

static const char roles_sql[] =
    "SELECT rolname, rolsuper, rolvaliduntil IS NULL OR rolvaliduntil = 'infinity' "
    "FROM pg_catalog.pg_roles WHERE rolcanlogin ORDER BY rolname";

static void
look_role(const struct server *server, const char *role, bool is_super)
{
    const struct roster_entry *entry = roster_find(server->look->roster, role);
    const char *kind = principal_kind_text(entry ? entry->kind : PRINCIPAL_UNKNOWN);

    if (entry == NULL)
        FOUND(server, "unlisted", role, FINDING_WARNING,
              "name its owner in the roster, or take its LOGIN",
              "can log in, and is not on the roster");
    else if (roster_has_left(entry, server->look->now))
        FOUND(server, "ownerless", role, FINDING_WARNING, "ALTER ROLE … NOLOGIN",
              "its owner has left, and it can still log in at the server, past pasu");
    if (is_super)
        FOUND(server, "superuser", role,
              entry != NULL && entry->kind == PRINCIPAL_ADMIN ? FINDING_INFO : FINDING_WARNING,
              "a superuser can do anything, also past pasu: ALTER ROLE … NOSUPERUSER, or list it "
              "as an admin with an owner",
              "is a superuser, of kind %s", kind);
}

/* Names in a line, as far as they fit. */
struct list_of_roles {
    char names[LIST_SIZE];
    size_t used;
    int count;
    bool has_person;
};

static void
add_role(struct list_of_roles *list, const struct roster *roster, const char *role)
{
    list->has_person |= roster_kind(roster, role) != PRINCIPAL_SERVICE;
    list->count++;
    if (list->used < sizeof(list->names))
        list->used += (size_t)snprintf(list->names + list->used, sizeof(list->names) - list->used,
                                       "%s%s", list->used > 0 ? ", " : "", role);
}

/* A service's password that expires takes the service down: of these it is only said. */
static void
look_expiry(const struct server *server, const PGresult *rows)
{
    const struct roster_look *look = server->look;
    struct list_of_roles list = {.names = ""};

    for (int i = 0; i < PQntuples(rows); i++) {
        const char *role = PQgetvalue(rows, i, ROLE_NAME);

        if (PQgetvalue(rows, i, IS_ENDLESS)[0] == 't' && !probe_is_inspector(look->config, role))
            add_role(&list, look->roster, role);
    }
    if (list.count > 0)
        findings_add(look->findings, server->gateway->name, "never expiring",
                     list.has_person ? FINDING_WARNING : FINDING_INFO,
                     "ALTER ROLE … VALID UNTIL '…', where it logs in with a password",
                     "the passwords of %d never expire: %s", list.count, list.names);
}

/* The server keeps no time of it: what has passed here is all that is known. */
static void
look_password_age(const struct server *server, const PGresult *rows)
{
    const struct roster_look *look = server->look;
    bool is_young = roster_since(look) > look->now - ROSTER_DAYS * ROSTER_DAY;
    struct list_of_roles list = {.names = ""};
    char since[NAME_TEXT];

    for (int i = 0; i < PQntuples(rows); i++) {
        const char *role = PQgetvalue(rows, i, ROLE_NAME);
        const struct usage *usage = usages_find(look->usages, role);

        if (!(usage && usage->has_password) && !probe_is_inspector(look->config, role))
            add_role(&list, look->roster, role);
    }
    roster_since_text(since, sizeof(since), look);
    if (list.count > 0)
        findings_add(look->findings, server->gateway->name, "password age",
                     is_young ? FINDING_INFO : FINDING_WARNING,
                     "exchange it, where it logs in with a password: ALTER ROLE … PASSWORD '…', "
                     "through pasu",
                     "the passwords of %d were not changed through pasu %s: %s", list.count, since,
                     list.names);
}

static void
look_at_roles(const struct server *server)
{
    const struct roster *roster = server->look->roster;
    PGresult *rows = probe_query(server->probe, roles_sql, 0, NULL);

    if (rows == NULL) {
        findings_add(server->look->findings, server->gateway->name, "roles", FINDING_WARNING, "",
                     "cannot be listed: %s", server->probe->error);
        return;
    }
    for (int i = 0; i < PQntuples(rows); i++) {
        const char *role = PQgetvalue(rows, i, ROLE_NAME);

        if (!probe_is_inspector(server->look->config, role))
            look_role(server, role, PQgetvalue(rows, i, IS_SUPER)[0] == 't');
    }
    look_expiry(server, rows);
    look_password_age(server, rows);
    for (size_t i = 0; i < roster_count(roster); i++) {
        bool is_there = false;

        for (int n = 0; n < PQntuples(rows) && !is_there; n++)
            is_there = strcmp(PQgetvalue(rows, n, ROLE_NAME), roster_at(roster, i)->principal) == 0;
        if (!is_there)
            FOUND(server, "absent", roster_at(roster, i)->principal, FINDING_INFO,
                  "take the line out of the roster, if no other server has it",
                  "is on the roster, and cannot log in here");
    }
    PQclear(rows);
}

/* ---- rights ---- */

/* Who may read a column of what table, by its own rights and those that it inherits; superusers,
 * who may read all, are told of already. */
static const char rights_sql[] =
    "SELECT r.rolname, n.nspname, c.relname, a.attname FROM pg_catalog.pg_roles r "
    "CROSS JOIN pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "WHERE r.rolcanlogin AND NOT r.rolsuper AND c.relkind IN ('r', 'p', 'v', 'm', 'f') "
    "AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' "
    "AND c.relname = ANY ($1::name[]) "
    "AND pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE') "
    "AND pg_catalog.has_column_privilege(r.oid, c.oid, a.attnum, 'SELECT') "
    "ORDER BY 1, 2, 3, a.attnum";

/* The fields of a table's column that the configuration names; NULL: none. */
static const char *
field_of(const struct config *config, const char *database, const char *schema, const char *table,
         const char *column)
{
    for (size_t i = 0; i < config->personal_count; i++) {
        const struct config_personal *p = &config->personal[i];

        if (!wanted_is_table(p->table, database, schema, table))
            continue;
        for (size_t f = 0; f < p->field_count; f++)
            if (strcmp(p->fields[f].column, column) == 0)
                return p->fields[f].field;
    }
    return NULL;
}

/* One role's unused rights to one table. */
struct unused {
    char role[64], schema[64], table[64], fields[LIST_SIZE];
};

static void
tell_unused(const struct server *server, const char *database, struct unused *unused)
{
    char name[NAME_TEXT], since[128], hint[320];

    if (unused->fields[0] == '\0')
        return;
    roster_since_text(since, sizeof(since), server->look);
    snprintf(name, sizeof(name), "over-privileged %s", unused->role);
    snprintf(hint, sizeof(hint),
             "REVOKE SELECT ON %s.%s FROM %s, or of the roles that it has it from", unused->schema,
             unused->table, unused->role);
    findings_add(server->look->findings, server->gateway->name, name, FINDING_WARNING, hint,
                 "may read %s of %s.%s.%s, and was not shown any of it %s", unused->fields,
                 database, unused->schema, unused->table, since);
    unused->fields[0] = '\0';
}

static void
add_field(struct unused *unused, const char *field)
{
    size_t used = strlen(unused->fields), length = strlen(field);
    const char *at = unused->fields;

    while ((at = strstr(at, field)) != NULL) {
        if ((at == unused->fields || at[-1] == ' ') && (at[length] == ',' || at[length] == '\0'))
            return;
        at += length;
    }
    snprintf(unused->fields + used, sizeof(unused->fields) - used, "%s%s", used > 0 ? ", " : "",
             field);
}

static void
look_rights(const struct server *server, const char *database, const PGresult *rows)
{
    const struct roster_look *look = server->look;
    struct unused unused = {.fields = ""};

    for (int i = 0; i < PQntuples(rows); i++) {
        const char *role = PQgetvalue(rows, i, 0), *schema = PQgetvalue(rows, i, 1),
                   *table = PQgetvalue(rows, i, 2);
        const char *field = field_of(look->config, database, schema, table, PQgetvalue(rows, i, 3));
        const struct usage *usage = usages_find(look->usages, role);

        if (strcmp(role, unused.role) != 0 || strcmp(schema, unused.schema) != 0 ||
            strcmp(table, unused.table) != 0) {
            tell_unused(server, database, &unused);
            snprintf(unused.role, sizeof(unused.role), "%s", role);
            snprintf(unused.schema, sizeof(unused.schema), "%s", schema);
            snprintf(unused.table, sizeof(unused.table), "%s", table);
        }
        if (field != NULL && !probe_is_inspector(look->config, role) &&
            (usage == NULL || !usage_has_field(usage, look->usages, field)))
            add_field(&unused, field);
    }
    tell_unused(server, database, &unused);
}

/* The name of the table alone: the last part. */
static const char *
bare_name(const char *table)
{
    const char *dot = strrchr(table, '.');

    return dot != NULL ? dot + 1 : table;
}

/* {"customers","orders"}: names of the configuration, which quotes could be in. NULL: no memory. */
static char *
table_array(const struct config *config)
{
    size_t size = 3, used = 0;
    char *text;

    for (size_t i = 0; i < config->personal_count; i++)
        size += 2 * strlen(config->personal[i].table) + 3;
    text = memory_new(size, 1);
    if (text == NULL)
        return NULL;
    text[used++] = '{';
    for (size_t i = 0; i < config->personal_count; i++) {
        if (i > 0)
            text[used++] = ',';
        text[used++] = '"';
        for (const char *at = bare_name(config->personal[i].table); *at; at++) {
            if (*at == '"' || *at == '\\')
                text[used++] = '\\';
            text[used++] = *at;
        }
        text[used++] = '"';
    }
    text[used++] = '}';
    text[used] = '\0';
    return text;
}

static int
look_at_database(struct probe *probe, const struct config_gateway *gateway, const char *database,
                 struct findings *findings PASU_UNUSED, void *arg)
{
    const struct roster_look *look = arg;
    const struct server server = {look, gateway, probe};
    char *tables = table_array(look->config);
    const char *values[] = {tables};
    PGresult *rows = tables != NULL ? probe_query(probe, rights_sql, 1, values) : NULL;

    memory_free(tables);
    if (rows == NULL)
        return tables == NULL ? PASU_E_NOMEM : PASU_E_UPSTREAM_PROTOCOL;
    look_rights(&server, database, rows);
    PQclear(rows);
    return 0;
}

int
roster_look_at_servers(const struct roster_look *look)
{
    probe_init();
    for (size_t i = 0; i < look->config->gateway_count; i++) {
        const struct config_gateway *gateway = &look->config->gateways[i];
        struct probe probe = {0};
        struct server server = {look, gateway, &probe};

        if (gateway->inspector.user == NULL) {
            findings_add(look->findings, gateway->name, "server", FINDING_WARNING,
                         "configure gateway.inspector", "it has no inspector, who would ask");
        } else if (probe_open(&probe, gateway, NULL) != 0) {
            findings_add(look->findings, gateway->name, "server", FINDING_WARNING,
                         "pasu check -c FILE --connect says more", "it cannot be asked: %s",
                         probe.error);
        } else {
            look_at_roles(&server);
            check_databases(&probe, gateway, look->findings, look_at_database,
                            (void *)(uintptr_t)look);
        }
        probe_close(&probe);
    }
    return look->findings->out_of_memory ? PASU_E_NOMEM : 0;
}
