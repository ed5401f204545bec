/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door past pasu: whom pg_hba.conf lets in besides, the lines that shut it, and whether it is
 * shut, tried for real: by logging in as somebody else, without a password, the way that pasu
 * comes, and through the server's Unix sockets where they are on this machine. Such a try ends
 * before a session begins, but where the door is wide open.
 */
#include "cli/doctor.h"

#include <inttypes.h>
#include <unistd.h>

enum { RULES_NAMED = 10, SOCKETS_MAX = 4, LINES_SIZE = 640, PATH_SIZE = 100 };

/* ---- the rules ---- */

/* Rules that let others in: by TCP but from this machine and the one that we come from, or through
 * a Unix socket; up to the first one of their kind that rejects everybody else. */
static const char rules_sql[] =
    "WITH r AS (SELECT *, CASE WHEN type = 'local' THEN 'local' ELSE 'host' END AS way, "
    "'replication' = ANY (database) AS copies, database = '{all}' AS every "
    "FROM pg_hba_file_rules WHERE error IS NULL), "
    "s AS (SELECT way, copies, min(line_number) AS line FROM r WHERE auth_method = 'reject' "
    "AND (every OR copies) AND user_name = '{all}' AND type IN ('host', 'local') "
    "AND (type = 'local' OR address = 'all' OR address IS NULL) GROUP BY way, copies) "
    "SELECT r.line_number, concat_ws(' ', r.type, array_to_string(r.database, ','), "
    "array_to_string(r.user_name, ','), r.address, r.netmask, r.auth_method), r.way, "
    "r.auth_method = 'trust' FROM r LEFT JOIN s ON s.way = r.way AND s.copies = r.copies "
    "WHERE r.auth_method <> 'reject' AND (s.line IS NULL OR r.line_number < s.line) "
    "AND (r.way = 'local' OR r.address NOT IN ('127.0.0.1', '::1', 'localhost', 'samehost') "
    "AND NOT (r.address = coalesce(host(inet_client_addr()), '') "
    "AND r.netmask IN ('255.255.255.255', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'))) "
    "ORDER BY r.line_number";

static void
look_rules(const struct server_look *look)
{
    PGresult *rows = probe_query(look->probe, rules_sql, 0, NULL);
    int count = rows != NULL ? PQntuples(rows) : 0, open = 0;

    if (rows == NULL)
        LOOK_FOUND(look, "reach", FINDING_INFO, "", "pg_hba.conf cannot be read: %s",
                   look->probe->error);
    for (int i = 0; i < count; i++) {
        if (PQgetvalue(rows, i, 2)[0] == 'l') {
            LOOK_FOUND(look, "socket",
                       PQgetvalue(rows, i, 3)[0] == 't' ? FINDING_WARNING : FINDING_INFO,
                       "who has an account on the server's machine goes past pasu so: see door",
                       "pg_hba.conf line %s lets in by a Unix socket: %s", PQgetvalue(rows, i, 0),
                       PQgetvalue(rows, i, 1));
        } else if (open++ < RULES_NAMED) {
            LOOK_FOUND(
                look, "reach", FINDING_WARNING,
                "let it name the one address that pasu comes from; then: SELECT pg_reload_conf()",
                "pg_hba.conf line %s lets others than pasu in: %s", PQgetvalue(rows, i, 0),
                PQgetvalue(rows, i, 1));
        }
    }
    if (rows != NULL && open == 0)
        LOOK_FOUND(
            look, "reach", FINDING_OK, "",
            "pg_hba.conf lets nobody in by TCP but from this machine, and from where pasu is");
    if (open > RULES_NAMED)
        LOOK_FOUND(look, "reach", FINDING_WARNING, "see pg_hba.conf", "%d more such lines",
                   open - RULES_NAMED);
    PQclear(rows);
}

static const char listen_sql[] =
    "SELECT current_setting('listen_addresses'), "
    "NOT EXISTS (SELECT FROM unnest(string_to_array(current_setting('listen_addresses'), ',')) a "
    "WHERE trim(a) NOT IN ('', 'localhost', '127.0.0.1', '::1')), "
    "has_table_privilege('pg_hba_file_rules', 'SELECT') "
    "AND has_function_privilege('pg_hba_file_rules()', 'EXECUTE')";

static void
look_reach(const struct server_look *look)
{
    PGresult *rows = probe_query(look->probe, listen_sql, 0, NULL);
    bool is_local = rows != NULL && PQgetvalue(rows, 0, 1)[0] == 't';
    bool may_see = rows != NULL && PQgetvalue(rows, 0, 2)[0] == 't';

    if (rows == NULL)
        LOOK_FOUND(look, "reach", FINDING_INFO, "", "cannot be looked up: %s", look->probe->error);
    else if (is_local)
        LOOK_FOUND(look, "reach", FINDING_OK, "",
                   "the server listens on its own machine only: listen_addresses is \"%s\"",
                   PQgetvalue(rows, 0, 0));
    else if (!may_see)
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
    if (may_see && !is_local)
        look_rules(look);
    PQclear(rows);
}

/* ---- the lines that shut it ---- */

static void
write_lines(char lines[LINES_SIZE], const struct config_gateway *gateway, const char *address)
{
    const char *type = gateway->upstream_tls.mode == UPSTREAM_TLS_DISABLE ? "host" : "hostssl";
    const char *certificate =
        gateway->upstream_tls.certificate.path != NULL ? " clientcert=verify-ca" : "";
    const char *bits = strchr(address, ':') != NULL ? "128" : "32";
    const char *user = gateway->inspector.user;

    if (address[0] == '\0') /* a Unix socket: whoever has an account there comes the same way */
        snprintf(lines, LINES_SIZE,
                 "local all %s scram-sha-256 | local all all scram-sha-256 | "
                 "host all all all reject | host replication all all reject",
                 user);
    else
        snprintf(lines, LINES_SIZE,
                 "%s all %s %s/%s scram-sha-256%s | %s all all %s/%s scram-sha-256%s | "
                 "local all postgres peer | local all all reject | local replication all reject | "
                 "host all all all reject | host replication all all reject",
                 type, user, address, bits, certificate, type, address, bits, certificate);
}

static void
look_lines(const struct server_look *look)
{
    PGresult *rows =
        probe_query(look->probe, "SELECT coalesce(host(inet_client_addr()), '')", 0, NULL);
    char lines[LINES_SIZE];

    if (rows == NULL) {
        LOOK_FOUND(look, "door", FINDING_INFO, "", "cannot be looked up: %s", look->probe->error);
        return;
    }
    write_lines(lines, look->gateway, PQgetvalue(rows, 0, 0));
    LOOK_FOUND(
        look, "door", FINDING_INFO, lines,
        "these lines at the top of pg_hba.conf, each on its own, shut it to everybody but who "
        "comes from where this command ran (%s), where the gateway is to run, too, and the "
        "server's own administrator",
        PQgetvalue(rows, 0, 0)[0] != '\0' ? PQgetvalue(rows, 0, 0) : "a Unix socket");
    PQclear(rows);
}

/* ---- whether it is shut ---- */

enum door { DOOR_UNKNOWN, DOOR_SHUT, DOOR_ASKS, DOOR_OPEN };

/* Tries to log in as that role without a password; `host` NULL: the way that pasu comes. */
static enum door
try_door(const struct server_look *look, const char *host, const char *role,
         char error[PROBE_ERROR_SIZE])
{
    struct config_gateway other = *look->gateway;
    struct probe probe = {0};
    enum door door = DOOR_SHUT;
    int result;

    other.inspector.user = role;
    other.inspector.password_file = (struct config_file){0};
    if (host != NULL) {
        snprintf(other.upstream.host, sizeof(other.upstream.host), "%s", host);
        other.upstream.is_unix = true;
    }
    result = probe_open(&probe, &other, NULL);
    if (result == 0)
        door = DOOR_OPEN;
    else if (probe.connection != NULL && PQconnectionNeedsPassword(probe.connection))
        door = DOOR_ASKS;
    else if (probe.phase < PROBE_TLS)
        door = DOOR_UNKNOWN;
    snprintf(error, PROBE_ERROR_SIZE, "%s", probe.error);
    probe_close(&probe);
    return door;
}

static void
look_door(const struct server_look *look, const char *host, const char *role)
{
    const char *way = host != NULL ? host : "the way that pasu comes";
    char error[PROBE_ERROR_SIZE];

    switch (try_door(look, host, role, error)) {
    case DOOR_OPEN:
        LOOK_FOUND(look, "door tried", FINDING_WARNING,
                   "let pg_hba.conf ask for scram-sha-256 there, or reject",
                   "%s was let in without a password, by %s", role, way);
        break;
    case DOOR_ASKS:
        LOOK_FOUND(look, "door tried", host != NULL ? FINDING_INFO : FINDING_OK,
                   host != NULL ? "let pg_hba.conf reject what comes there: see door" : "",
                   "%s is asked for a password, by %s", role, way);
        break;
    case DOOR_SHUT:
        LOOK_FOUND(look, "door tried", FINDING_OK, "", "%s was not let in, by %s: %s", role, way,
                   error);
        break;
    case DOOR_UNKNOWN:
        LOOK_FOUND(look, "door tried", FINDING_INFO, "", "by %s nobody could try: %s", way, error);
        break;
    }
}

/* One who is no superuser, if there is one. */
static const char role_sql[] =
    "SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname <> session_user "
    "ORDER BY rolsuper, rolname LIMIT 1";

/* Folders of the server's sockets; which may not be told to everybody, and then are those that
 * there are usually. */
static const char sockets_sql[] =
    "SELECT trim(f) FROM unnest(string_to_array(coalesce((SELECT setting FROM pg_settings "
    "WHERE name = 'unix_socket_directories'), '/var/run/postgresql, /tmp'), ',')) f "
    "WHERE trim(f) LIKE '/%' LIMIT 4";

static void
look_sockets(const struct server_look *look, const char *role)
{
    PGresult *rows = probe_query(look->probe, sockets_sql, 0, NULL);

    for (int i = 0; rows != NULL && i < PQntuples(rows) && i < SOCKETS_MAX; i++) {
        const char *folder = PQgetvalue(rows, i, 0);
        char path[PATH_SIZE + 32];

        if (strlen(folder) >= PATH_SIZE)
            continue;
        snprintf(path, sizeof(path), "%s/.s.PGSQL.%u", folder,
                 (unsigned)look->gateway->upstream.port);
        if (access(path, F_OK) == 0)
            look_door(look, folder, role);
    }
    PQclear(rows);
}

void
doctor_door(struct probe *probe, const struct config_gateway *gateway, struct findings *findings)
{
    struct server_look look = {probe, gateway, findings};
    PGresult *rows;

    look_reach(&look);
    look_lines(&look);
    rows = probe_query(probe, role_sql, 0, NULL);
    if (rows != NULL && PQntuples(rows) == 1) {
        look_door(&look, NULL, PQgetvalue(rows, 0, 0));
        if (!gateway->upstream.is_unix)
            look_sockets(&look, PQgetvalue(rows, 0, 0));
    }
    PQclear(rows);
}
