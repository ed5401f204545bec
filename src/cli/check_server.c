/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check_connect.h"

#include <stdarg.h>

#define HINT_SQL "run sql/inspector.sql as a superuser in the inspector's database"

enum { VERSION_LEAST = 13, VERSION_MOST = 18 };

static bool
is_true(const PGresult *rows, int column)
{
    return PQgetvalue(rows, 0, column)[0] == 't';
}

static void
look_connecting(const struct server_look *look, int result)
{
    char upstream[ADDRESS_TEXT_SIZE * 3];
    enum probe_phase phase = look->probe->phase;
    const char *error = look->probe->error;

    endpoint_text(upstream, sizeof(upstream), &look->gateway->upstream);
    if (phase == PROBE_NOWHERE) {
        LOOK_FOUND(look, "server", FINDING_MISSING,
                   "check that the server runs, and gateway.upstream", "%s does not answer: %s",
                   upstream, error);
        return;
    }
    LOOK_FOUND(look, "server", FINDING_OK, "", "%s answers", upstream);
    if (phase == PROBE_TLS) {
        LOOK_FOUND(look, "tls", FINDING_MISSING,
                   "give the server a certificate that fits upstream_tls.ca and its host name, or "
                   "change upstream_tls.mode",
                   "TLS to the server fails: %s", error);
        return;
    }
    if (phase < PROBE_OPEN) {
        LOOK_FOUND(look, "login", FINDING_MISSING,
                   HINT_SQL "; check password_file and the server's pg_hba.conf",
                   "the inspector cannot log in: %s", error);
        return;
    }
    if (result != 0)
        LOOK_FOUND(look, "login", FINDING_MISSING, HINT_SQL, "the inspector's session fails: %s",
                   error);
}

static void
look_tls(const struct server_look *look)
{
    PGconn *connection = look->probe->connection;
    bool is_local = look->gateway->upstream.is_unix ||
                    strcmp(look->gateway->upstream.host, "127.0.0.1") == 0 ||
                    strcmp(look->gateway->upstream.host, "::1") == 0 ||
                    strcmp(look->gateway->upstream.host, "localhost") == 0;

    if (PQsslInUse(connection))
        LOOK_FOUND(look, "tls", FINDING_OK, "", "%s, %s", PQsslAttribute(connection, "protocol"),
                   look->gateway->upstream_tls.mode == UPSTREAM_TLS_VERIFY_FULL
                       ? "the certificate is verified"
                       : "without verifying the certificate");
    else if (is_local)
        LOOK_FOUND(look, "tls", FINDING_OK, "", "not used; the server is on this machine");
    else
        LOOK_FOUND(look, "tls", FINDING_WARNING, "set upstream_tls.mode to verify-full",
                   "not used, although the server is on another machine");
}

static void
look_version(const struct server_look *look)
{
    int version = PQserverVersion(look->probe->connection);
    const char *text = PQparameterStatus(look->probe->connection, "server_version");

    text = text != NULL ? text : "unknown";
    if (version / 10000 < VERSION_LEAST)
        LOOK_FOUND(look, "version", FINDING_MISSING, "upgrade the server",
                   "PostgreSQL %s is older than %d", text, VERSION_LEAST);
    else if (version / 10000 > VERSION_MOST)
        LOOK_FOUND(look, "version", FINDING_WARNING, "look for a newer pasu",
                   "PostgreSQL %s is newer than %d, the last that this pasu was tested with", text,
                   VERSION_MOST);
    else
        LOOK_FOUND(look, "version", FINDING_OK, "", "PostgreSQL %s", text);
}

static void
look_login(const struct server_look *look)
{
    if (PQconnectionUsedPassword(look->probe->connection) || look->gateway->upstream.is_unix ||
        look->gateway->upstream_tls.certificate.path != NULL)
        LOOK_FOUND(look, "login", FINDING_OK, "", "as %s, to database %s",
                   look->gateway->inspector.user, PQdb(look->probe->connection));
    else
        LOOK_FOUND(look, "login", FINDING_WARNING,
                   "let the server's pg_hba.conf ask for scram-sha-256, and give the inspector a "
                   "password_file",
                   "the server lets %s in without asking for a password",
                   look->gateway->inspector.user);
}

/* What the role may do that an inspector need not. */
static void
look_role(const struct server_look *look)
{
    static const char *const names[] = {"SUPERUSER", "CREATEROLE", "CREATEDB", "REPLICATION",
                                        "BYPASSRLS"};
    PGresult *rows = probe_query(look->probe,
                                 "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, "
                                 "rolbypassrls FROM pg_roles WHERE rolname = session_user",
                                 0, NULL);
    char text[128] = "";

    if (rows == NULL || PQntuples(rows) != 1) {
        LOOK_FOUND(look, "role", FINDING_MISSING, HINT_SQL, "cannot be looked up: %s",
                   look->probe->error);
        PQclear(rows);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (is_true(rows, (int)i)) {
            size_t used = strlen(text);

            snprintf(text + used, sizeof(text) - used, "%s%s", used > 0 ? ", " : "", names[i]);
        }
    PQclear(rows);
    if (text[0] != '\0')
        LOOK_FOUND(
            look, "role", FINDING_WARNING, "take from it, with ALTER ROLE, what it does not need",
            "%s has more rights than an inspector needs: %s", look->gateway->inspector.user, text);
    else
        LOOK_FOUND(look, "role", FINDING_OK, "", "%s has no right that it does not need",
                   look->gateway->inspector.user);
}

static void
look_catalog(const struct server_look *look)
{
    static const char *const tables[] = {
        "pg_class",     "pg_attribute", "pg_namespace",  "pg_proc",     "pg_type",
        "pg_index",     "pg_roles",     "pg_database",   "pg_inherits", "pg_attrdef",
        "pg_depend",    "pg_rewrite",   "pg_operator",   "pg_cast",     "pg_aggregate",
        "pg_extension", "pg_language",  "pg_constraint", "pg_settings", "pg_auth_members",
    };
    unsigned failed = 0;

    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        char sql[96];
        PGresult *rows;

        snprintf(sql, sizeof(sql), "SELECT 1 FROM pg_catalog.%s LIMIT 1", tables[i]);
        rows = probe_query(look->probe, sql, 0, NULL);
        if (rows == NULL)
            LOOK_FOUND(look, "catalog", FINDING_MISSING, "grant SELECT on it to the inspector",
                       "%s cannot be read: %s", tables[i], look->probe->error);
        failed += rows == NULL;
        PQclear(rows);
    }
    if (failed == 0)
        LOOK_FOUND(look, "catalog", FINDING_OK, "", "can be read");
}

/* How the roles that can log in keep their passwords: told as a number only. */
static void
look_verifiers(const struct server_look *look)
{
    PGresult *rows =
        probe_query(look->probe,
                    "SELECT count(*), count(*) FILTER (WHERE v IS NULL), "
                    "count(*) FILTER (WHERE v LIKE 'md5%') "
                    "FROM (SELECT pasu.verifier(rolname) FROM pg_roles WHERE rolcanlogin) s (v)",
                    0, NULL);

    if (rows == NULL) {
        LOOK_FOUND(look, "verifiers", FINDING_MISSING, HINT_SQL, "cannot be read: %s",
                   look->probe->error);
        return;
    }
    if (strcmp(PQgetvalue(rows, 0, 1), "0") == 0 && strcmp(PQgetvalue(rows, 0, 2), "0") == 0)
        LOOK_FOUND(look, "verifiers", FINDING_OK, "", "all of %s roles that can log in use SCRAM",
                   PQgetvalue(rows, 0, 0));
    else
        LOOK_FOUND(
            look, "verifiers", FINDING_INFO,
            "a role without a password, or whose verifier the inspector does not get, cannot log "
            "in by password where TLS is on both sides; md5 can, but should be replaced",
            "of %s roles that can log in, %s have no password that the inspector gets, %s an md5 "
            "one",
            PQgetvalue(rows, 0, 0), PQgetvalue(rows, 0, 1), PQgetvalue(rows, 0, 2));
    PQclear(rows);
}

/* The columns of look_function's query. */
enum { IS_DEFINER, MAY_EXECUTE, MAY_EVERYBODY, HAS_PATH, MAY_USE_SCHEMA };

static const char function_sql[] =
    "SELECT p.prosecdef, has_function_privilege(p.oid, 'EXECUTE'), "
    "EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a "
    "WHERE a.grantee = 0 AND a.privilege_type = 'EXECUTE'), "
    "EXISTS (SELECT FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%'), "
    "has_schema_privilege(n.oid, 'USAGE') "
    "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
    "WHERE n.nspname = 'pasu' AND p.proname = 'verifier'";

static void
look_function(const struct server_look *look)
{
    PGresult *rows = probe_query(look->probe, function_sql, 0, NULL);
    const char *fault = NULL;
    bool is_usable;

    if (rows == NULL || PQntuples(rows) != 1) {
        LOOK_FOUND(look, "function", FINDING_MISSING, HINT_SQL,
                   "pasu.verifier, which reads password verifiers, is not in database %s%s%s",
                   PQdb(look->probe->connection), rows == NULL ? ": " : "",
                   rows == NULL ? look->probe->error : "");
        PQclear(rows);
        return;
    }
    is_usable = is_true(rows, MAY_EXECUTE) && is_true(rows, MAY_USE_SCHEMA);
    if (!is_usable)
        fault = "the inspector may not execute pasu.verifier";
    else if (!is_true(rows, IS_DEFINER))
        fault = "pasu.verifier is not SECURITY DEFINER, so that it cannot read the verifiers";
    else if (is_true(rows, MAY_EVERYBODY))
        fault = "everybody (PUBLIC) may execute pasu.verifier and so read password verifiers";
    else if (!is_true(rows, HAS_PATH))
        fault = "pasu.verifier has no search_path of its own, so that its caller can change what "
                "it does with the rights of its owner";
    PQclear(rows);
    if (fault != NULL)
        LOOK_FOUND(look, "function", FINDING_MISSING, HINT_SQL, "%s", fault);
    else
        LOOK_FOUND(look, "function", FINDING_OK, "",
                   "pasu.verifier is there, for the inspector only");
    if (is_usable)
        look_verifiers(look);
}

/* Whether sessions past pasu can be named: their number every role sees. */
static void
look_sessions(const struct server_look *look)
{
    PGresult *rows = probe_query(
        look->probe,
        "SELECT pg_has_role(session_user, 'pg_read_all_stats', 'USAGE') OR "
        "pg_has_role(session_user, 'pg_read_all_stats', "
        "CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' "
        "END)",
        0, NULL);

    if (rows == NULL || PQntuples(rows) != 1)
        LOOK_FOUND(look, "sessions", FINDING_INFO, "", "cannot be looked up: %s",
                   look->probe->error);
    else if (is_true(rows, 0))
        LOOK_FOUND(look, "sessions", FINDING_OK, "", "who is connected past pasu can be seen");
    else
        LOOK_FOUND(look, "sessions", FINDING_INFO,
                   "run: GRANT pg_read_all_stats TO the inspector's role",
                   "how many sessions go past pasu can be seen, not whose they are: GRANT "
                   "pg_read_all_stats TO %s",
                   look->gateway->inspector.user);
    PQclear(rows);
}

bool
check_server(struct probe *probe, const struct config_gateway *gateway, struct findings *findings)
{
    struct server_look look = {probe, gateway, findings};
    int r;

    if (gateway->inspector.user == NULL) {
        LOOK_FOUND(&look, "inspector", FINDING_MISSING, "configure gateway.inspector",
                   "this gateway has no inspector: its server cannot be looked at");
        *probe = (struct probe){0};
        return false;
    }
    r = probe_open(probe, gateway, NULL);
    look_connecting(&look, r);
    if (r != 0)
        return false;
    look_tls(&look);
    look_version(&look);
    look_login(&look);
    look_role(&look);
    look_catalog(&look);
    look_function(&look);
    look_sessions(&look);
    return true;
}
