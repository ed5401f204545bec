/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor.h"

enum { RULES_NAMED = 10 };

/* ---- who can reach it ---- */

/* Rules that let others in by TCP than this machine and the one that we come from. Rules of the
 * same kind before them that reject are not weighed: what is told is what to look at. */
static const char hba_sql[] =
    "SELECT line_number, concat_ws(' ', type, array_to_string(database, ','), "
    "array_to_string(user_name, ','), address, netmask, auth_method) FROM pg_hba_file_rules "
    "WHERE error IS NULL AND type LIKE 'host%' AND auth_method <> 'reject' "
    "AND address NOT IN ('127.0.0.1', '::1', 'localhost', 'samehost') "
    "AND NOT (address = coalesce(host(inet_client_addr()), '') "
    "AND netmask IN ('255.255.255.255', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff')) "
    "ORDER BY line_number";

static const char listen_sql[] =
    "SELECT current_setting('listen_addresses'), "
    "NOT EXISTS (SELECT FROM unnest(string_to_array(current_setting('listen_addresses'), ',')) a "
    "WHERE trim(a) NOT IN ('', 'localhost', '127.0.0.1', '::1')), "
    "has_table_privilege('pg_hba_file_rules', 'SELECT') "
    "AND has_function_privilege('pg_hba_file_rules()', 'EXECUTE')";

static void
look_rules(const struct server_look *look)
{
    PGresult *rows = probe_query(look->probe, hba_sql, 0, NULL);
    int count = rows != NULL ? PQntuples(rows) : 0;

    if (rows == NULL)
        LOOK_FOUND(look, "reach", FINDING_INFO, "", "pg_hba.conf cannot be read: %s",
                   look->probe->error);
    else if (count == 0)
        LOOK_FOUND(
            look, "reach", FINDING_OK, "",
            "pg_hba.conf lets nobody in by TCP but from this machine, and from where pasu is");
    for (int i = 0; i < count && i < RULES_NAMED; i++)
        LOOK_FOUND(
            look, "reach", FINDING_WARNING,
            "let it name the one address that pasu comes from; then: SELECT pg_reload_conf()",
            "pg_hba.conf line %s lets others than pasu in: %s", PQgetvalue(rows, i, 0),
            PQgetvalue(rows, i, 1));
    if (count > RULES_NAMED)
        LOOK_FOUND(look, "reach", FINDING_WARNING, "see pg_hba.conf", "%d more such lines",
                   count - RULES_NAMED);
    PQclear(rows);
}

static void
look_reach(const struct server_look *look)
{
    PGresult *rows = probe_query(look->probe, listen_sql, 0, NULL);

    if (rows == NULL)
        LOOK_FOUND(look, "reach", FINDING_INFO, "", "cannot be looked up: %s", look->probe->error);
    else if (PQgetvalue(rows, 0, 1)[0] == 't')
        LOOK_FOUND(look, "reach", FINDING_OK, "",
                   "the server listens on its own machine only: listen_addresses is \"%s\"",
                   PQgetvalue(rows, 0, 0));
    else if (PQgetvalue(rows, 0, 2)[0] == 't')
        look_rules(look);
    else
        LOOK_FOUND(
            look, "reach", FINDING_WARNING,
            "let pg_hba.conf, or a firewall, admit nobody but pasu; to have that looked at, as a "
            "superuser: GRANT SELECT ON pg_hba_file_rules TO the inspector's role; GRANT EXECUTE "
            "ON "
            "FUNCTION pg_hba_file_rules() TO it",
            "the server listens on \"%s\", and whom pg_hba.conf lets in past pasu the inspector "
            "may "
            "not see",
            PQgetvalue(rows, 0, 0));
    PQclear(rows);
}

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

void
doctor_server(struct probe *probe, const struct config *config,
              const struct config_gateway *gateway, const struct roster *roster,
              struct findings *findings)
{
    struct server_look look = {probe, gateway, findings};

    look_reach(&look);
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
