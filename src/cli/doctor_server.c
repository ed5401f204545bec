/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor.h"

/* ---- roles ---- */

enum { ROLE_NAME, IS_SUPER, IS_EXIT, IS_REPLICATION };

static const char roles_sql[] =
    "SELECT rolname, rolsuper, NOT rolsuper AND (pg_has_role(oid, 'pg_execute_server_program', "
    "'MEMBER') OR pg_has_role(oid, 'pg_read_server_files', 'MEMBER') "
    "OR pg_has_role(oid, 'pg_write_server_files', 'MEMBER')), rolreplication AND NOT rolsuper "
    "FROM pg_roles WHERE rolcanlogin ORDER BY rolname";

/* Names of the roles of which the column is true, "a, b"; how many. */
static int
list_roles(const PGresult *rows, int column, char *text, size_t size)
{
    size_t used = 0;
    int count = 0;

    text[0] = '\0';
    for (int i = 0; i < PQntuples(rows); i++)
        if (PQgetvalue(rows, i, column)[0] == 't' && ++count > 0 && used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used > 0 ? ", " : "",
                                     PQgetvalue(rows, i, ROLE_NAME));
    return count;
}

static void
look_owners(const struct server_look *look, const struct config *config,
            const struct roster *roster, const PGresult *rows)
{
    static const char *const texts[] = {
        [OWNER_UNLISTED] = "can log in, and is not on the roster",
        [OWNER_NONE] = "can log in, and has no owner on the roster",
        [OWNER_LEFT] = "can log in, and its owner has left",
    };
    int64_t now = os_realtime(&os_real);
    bool is_any = false;

    for (int i = 0; i < PQntuples(rows); i++) {
        const char *role = PQgetvalue(rows, i, ROLE_NAME);
        enum principal_owner owner = roster_owner(roster, role, now);
        char name[96];

        if (owner == OWNER_THERE || probe_is_inspector(config, role))
            continue;
        is_any = true;
        snprintf(name, sizeof(name), "role %s", role);
        LOOK_FOUND(look, name, FINDING_WARNING,
                   owner == OWNER_LEFT ? "take its LOGIN, or name another owner"
                                       : "name its owner in the roster, or take its LOGIN",
                   "%s", texts[owner]);
    }
    if (!is_any)
        LOOK_FOUND(look, "owners", FINDING_OK, "",
                   "each role that can log in has an owner on the roster");
}

static void
look_roles(const struct server_look *look, const struct config *config, const struct roster *roster)
{
    PGresult *rows = probe_query(look->probe, roles_sql, 0, NULL);
    char names[512];
    int count;

    if (rows == NULL) {
        LOOK_FOUND(look, "roles", FINDING_WARNING, "", "cannot be listed: %s", look->probe->error);
        return;
    }
    count = list_roles(rows, IS_SUPER, names, sizeof(names));
    if (count > 0)
        LOOK_FOUND(
            look, "superusers", count > 1 ? FINDING_WARNING : FINDING_INFO,
            "a superuser can do anything, also past pasu: let as few as can be log in, from the "
            "server's own machine",
            "%d can log in: %s", count, names);
    if (list_roles(rows, IS_EXIT, names, sizeof(names)) > 0)
        LOOK_FOUND(look, "server files", FINDING_WARNING,
                   "REVOKE pg_execute_server_program, pg_read_server_files, pg_write_server_files",
                   "can read or write the server's files, or run programs there: %s", names);
    if (list_roles(rows, IS_REPLICATION, names, sizeof(names)) > 0)
        LOOK_FOUND(look, "replication", FINDING_INFO,
                   "ALTER ROLE … NOREPLICATION where it is not needed",
                   "can copy all of the server by replication: %s", names);
    if (roster != NULL)
        look_owners(look, config, roster, rows);
    else
        LOOK_FOUND(look, "owners", FINDING_INFO, "configure principals.roster",
                   "there is no roster: who answers for which role is not known");
    PQclear(rows);
}

/* What nobody sees in time is in the server's log, or nowhere: replication is in none of its
 * counts. From 18 on the setting is a list. */
static void
look_log(const struct server_look *look)
{
    PGresult *rows = probe_query(
        look->probe, "SELECT lower(current_setting('log_connections')) IN ('', 'off')", 0, NULL);

    if (rows == NULL)
        return;
    if (PQgetvalue(rows, 0, 0)[0] == 't')
        LOOK_FOUND(look, "server log", FINDING_INFO,
                   "ALTER SYSTEM SET log_connections = on; SELECT pg_reload_conf(). pasu scope "
                   "--server-log then names it. What door says leaves nobody a way to make one",
                   "log_connections is off: a replication connection past pasu that is over "
                   "within two seconds can be seen by nobody");
    else
        LOOK_FOUND(look, "server log", FINDING_OK, "",
                   "log_connections is on: pasu scope --server-log names also what was over "
                   "before anybody could see it");
    PQclear(rows);
}

void
doctor_server(struct probe *probe, const struct config *config,
              const struct config_gateway *gateway, const struct roster *roster,
              struct findings *findings)
{
    struct server_look look = {probe, gateway, findings};

    look_log(&look);
    look_roles(&look, config, roster);
}

/* ---- rights ---- */

/* What PUBLIC may do with tables, views and columns. */
static const char public_sql[] =
    "SELECT n.nspname, c.relname, string_agg(DISTINCT a.privilege_type, ', ' ORDER BY "
    "a.privilege_type) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "CROSS JOIN LATERAL (SELECT grantee, privilege_type FROM aclexplode(c.relacl) UNION ALL "
    "SELECT x.grantee, x.privilege_type FROM pg_attribute t, aclexplode(t.attacl) x "
    "WHERE t.attrelid = c.oid AND t.attnum > 0 AND NOT t.attisdropped) a "
    "WHERE a.grantee = 0 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' "
    "AND n.nspname <> 'information_schema' GROUP BY n.nspname, c.relname ORDER BY 1, 2";

static bool
is_named(const struct config *config, const char *database, const char *schema, const char *table)
{
    for (size_t i = 0; i < config->personal_count; i++)
        if (wanted_is_table(config->personal[i].table, database, schema, table))
            return true;
    for (size_t i = 0; i < config->never.count; i++)
        if (wanted_is_table(config->never.items[i], database, schema, table))
            return true;
    return false;
}

int
doctor_rights(struct probe *probe, const struct config_gateway *gateway, const char *database,
              struct findings *findings, void *arg)
{
    const struct config *config = arg;
    PGresult *rows = probe_query(probe, public_sql, 0, NULL);

    if (rows == NULL)
        return PASU_E_UPSTREAM_PROTOCOL;
    for (int i = 0; i < PQntuples(rows); i++) {
        const char *schema = PQgetvalue(rows, i, 0), *table = PQgetvalue(rows, i, 1);
        char name[256], hint[256];

        if (!is_named(config, database, schema, table))
            continue;
        snprintf(name, sizeof(name), "rights %s.%s.%s", database, schema, table);
        snprintf(hint, sizeof(hint),
                 "REVOKE ALL ON %s.%s FROM PUBLIC, and grant what each role needs", schema, table);
        findings_add(findings, gateway->name, name, FINDING_WARNING, hint,
                     "everybody (PUBLIC) may: %s", PQgetvalue(rows, i, 2));
    }
    PQclear(rows);
    return 0;
}
