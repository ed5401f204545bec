/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `pasu roster leaver NAME`: what somebody could read that still opens something when they are
 * gone, to be exchanged. Of the catalog, by rights that they have, inherit, or get by SET ROLE; no
 * value is looked at.
 */
#include "cli/roster_command.h"

#include "base/memory.h"
#include "cli/asked.h"
#include "cli/complain.h"
#include "config/load.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_TEXT = 320, GROUPS_MAX = 64, FILES_MAX = 512 };

/* Whose secrets are looked for. */
struct leaver {
    const struct config *config;
    const struct roster *roster;
    struct findings *findings;
    const char *name;         /* as it was asked for */
    const char *owner;        /* their name on the roster; NULL: none */
    const char *principal;    /* the role that is asked about now */
    bool is_admin, is_inside; /* is_inside: one of the servers has a role of theirs */
};

/* ---- the roster ---- */

/* Whether this line is of theirs: their own role, or one that they answer for. */
static bool
is_theirs(const struct leaver *l, const struct roster_entry *entry)
{
    return strcasecmp(entry->principal, l->name) == 0 || strcasecmp(entry->owner, l->name) == 0 ||
           (*entry->user_name != '\0' && strcasecmp(entry->user_name, l->name) == 0) ||
           (l->owner != NULL && strcmp(entry->owner, l->owner) == 0);
}

static void
tell_password(const struct leaver *l, const struct roster_entry *entry)
{
    char name[NAME_TEXT];

    snprintf(name, sizeof(name), "password of %s", entry->principal);
    if (entry->kind == PRINCIPAL_SERVICE)
        findings_add(l->findings, "", name, FINDING_WARNING,
                     "give it another password (ALTER ROLE … PASSWORD) and its application too; "
                     "name another owner",
                     "they answer for the service, and can know what it logs in with");
    else
        findings_add(l->findings, "", name, FINDING_WARNING,
                     "ALTER ROLE … NOLOGIN, or another password where somebody else takes it over",
                     "their own role (%s)", principal_kind_text(entry->kind));
}

/* ---- the servers ---- */

struct inside {
    struct leaver *leaver;
    const struct config_gateway *gateway;
    struct probe *probe;
};

/* Rows of a query with the role as $1; NULL: it has been said that there are none. */
static PGresult *
ask(const struct inside *in, const char *what, const char *sql)
{
    const char *values[] = {in->leaver->principal};
    PGresult *rows = probe_query(in->probe, sql, 1, values);

    if (rows == NULL)
        findings_add(in->leaver->findings, in->gateway->name, what, FINDING_WARNING, "",
                     "cannot be listed: %s", in->probe->error);
    return rows;
}

/* Roles that it is, inherits from, or can become. */
#define MINE                                                                                       \
    "(SELECT m.oid FROM pg_catalog.pg_roles m, pg_catalog.pg_roles r WHERE r.rolname = $1 AND "    \
    "pg_catalog.pg_has_role(r.oid, m.oid, 'MEMBER'))"

static const char members_sql[] =
    "SELECT m.rolname, m.rolcanlogin, m.rolsuper, m.rolcreaterole, m.rolname = $1 "
    "FROM pg_catalog.pg_roles m WHERE m.oid IN " MINE " ORDER BY 5 DESC, 1";

static const struct {
    const char *role, *secret, *hint;
} powers[] = {
    {"pg_read_server_files", "the server's files",
     "exchange the server's TLS key, what pg_hba.conf, .pgpass and backup scripts have in them"},
    {"pg_execute_server_program", "the server's files",
     "exchange the server's TLS key, what pg_hba.conf, .pgpass and backup scripts have in them"},
    {"pg_read_all_settings", "primary_conninfo and other settings",
     "give the role in primary_conninfo another password"},
};

static void
look_member(const struct inside *in, const PGresult *rows, int row)
{
    const char *role = PQgetvalue(rows, row, 0);
    bool is_own = PQgetvalue(rows, row, 4)[0] == 't';
    char name[NAME_TEXT];

    if (PQgetvalue(rows, row, 2)[0] == 't')
        findings_add(in->leaver->findings, in->gateway->name, "every password and file",
                     FINDING_WARNING,
                     "other passwords for all roles that have one, another TLS key for the server, "
                     "other secrets of backups, subscriptions and foreign servers",
                     "%s is a superuser: it reads pg_authid, and the server's files", role);
    else if (PQgetvalue(rows, row, 3)[0] == 't')
        findings_add(in->leaver->findings, in->gateway->name, "passwords that they have set",
                     FINDING_WARNING, "other passwords for the roles that they have made",
                     "%s may make roles and give them passwords", role);
    for (size_t i = 0; i < COUNT_OF(powers); i++)
        if (strcmp(powers[i].role, role) == 0)
            findings_add(in->leaver->findings, in->gateway->name, powers[i].secret, FINDING_WARNING,
                         powers[i].hint, "as a member of %s", role);
    if (is_own || strncmp(role, "pg_", 3) == 0)
        return;
    snprintf(name, sizeof(name), "member of %s", role);
    findings_add(in->leaver->findings, in->gateway->name, name, FINDING_INFO,
                 "REVOKE it, when their role stays", "%s may act as %s%s", in->leaver->principal,
                 role, PQgetvalue(rows, row, 1)[0] == 't' ? ", which can log in" : "");
}

/* Whether the server has the role at all. */
static bool
look_at_members(const struct inside *in)
{
    PGresult *rows = ask(in, "roles", members_sql);
    int count = rows != NULL ? PQntuples(rows) : 0, told = count;

    /* Their own comes first; a superuser is a member of all, which says nothing more. */
    if (count > 0 && PQgetvalue(rows, 0, 2)[0] == 't')
        told = 1;
    for (int i = 0; i < told; i++)
        look_member(in, rows, i);
    PQclear(rows);
    return count > 0;
}

/* The options are shown to whom the view pg_user_mappings shows them; the server uses them for
 * more. */
static const char mappings_sql[] =
    "SELECT u.srvname, u.usename, CASE WHEN u.umuser = 0 THEN EXISTS (SELECT FROM " MINE
    " x WHERE pg_catalog.pg_has_role(x.oid, s.srvowner, 'USAGE')) ELSE true END "
    "FROM pg_catalog.pg_user_mappings u JOIN pg_catalog.pg_foreign_server s ON s.oid = u.srvid "
    "WHERE (u.umuser = 0 OR u.umuser IN " MINE ") AND EXISTS (SELECT FROM " MINE
    " x WHERE pg_catalog.has_server_privilege(x.oid, u.srvid, 'USAGE')) ORDER BY 1, 2";

static void
look_at_mappings(const struct inside *in, const char *database)
{
    PGresult *rows = ask(in, "user mappings", mappings_sql);

    for (int i = 0; rows != NULL && i < PQntuples(rows); i++) {
        char name[NAME_TEXT];
        bool is_read = PQgetvalue(rows, i, 2)[0] == 't';

        snprintf(name, sizeof(name), "user mapping of %s at %s", PQgetvalue(rows, i, 1),
                 PQgetvalue(rows, i, 0));
        findings_add(in->leaver->findings, in->gateway->name, name,
                     is_read ? FINDING_WARNING : FINDING_INFO,
                     "another password at that server, then ALTER USER MAPPING … OPTIONS (SET "
                     "password …)",
                     "%s may %s its options in %s", in->leaver->principal,
                     is_read ? "read" : "use, not read,", database);
    }
    PQclear(rows);
}

static const char subscriptions_sql[] =
    "SELECT s.subname, o.rolname FROM pg_catalog.pg_subscription s "
    "JOIN pg_catalog.pg_roles o ON o.oid = s.subowner "
    "JOIN pg_catalog.pg_database d ON d.oid = s.subdbid AND d.datname = "
    "pg_catalog.current_database() "
    "WHERE s.subowner IN " MINE " OR EXISTS (SELECT FROM " MINE
    " x WHERE pg_catalog.has_column_privilege(x.oid, 'pg_catalog.pg_subscription'::regclass, "
    "'subconninfo', 'SELECT')) ORDER BY 1";

static void
look_at_subscriptions(const struct inside *in, const char *database)
{
    PGresult *rows = ask(in, "subscriptions", subscriptions_sql);

    for (int i = 0; rows != NULL && i < PQntuples(rows); i++) {
        char name[NAME_TEXT];

        snprintf(name, sizeof(name), "subscription %s", PQgetvalue(rows, i, 0));
        findings_add(in->leaver->findings, in->gateway->name, name, FINDING_WARNING,
                     "another password at the publisher, then ALTER SUBSCRIPTION … CONNECTION …",
                     "its connection string in %s, as %s", database, PQgetvalue(rows, i, 1));
    }
    PQclear(rows);
}

/* Columns that can hold a secret by their name and type. What holds when, or how often, something
 * was done with one is none. */
static const char columns_sql[] =
    "SELECT n.nspname, c.relname, pg_catalog.string_agg(a.attname, ', ' ORDER BY a.attnum) "
    "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "JOIN pg_catalog.pg_type t ON t.oid = a.atttypid "
    "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' "
    "AND n.nspname <> 'information_schema' "
    "AND (t.typcategory IN ('S', 'A') OR t.typname IN ('bytea', 'json', 'jsonb', 'uuid', "
    "'hstore')) "
    "AND (a.attname ~* '(^|_)(password|passwd|passphrase|pwd|pw|secret|token|credentials?|otp|totp)"
    "(_?(hash|digest|salt|value|text|enc|encrypted|key|seed|[0-9]+))?$' "
    "OR a.attname ~* "
    "'(api|access|private|secret|signing|encryption|master|ssh|client|license)_?keys?$' "
    "OR a.attname ~* '(client|app|webhook|shared)_?secret$' "
    "OR a.attname ~* '(access|refresh|session|auth|bearer|api|reset)_?token$' "
    "OR a.attname ~ '(비밀번호|비번|암호|토큰|인증키|비밀키)') "
    "AND EXISTS (SELECT FROM " MINE
    " x WHERE pg_catalog.has_schema_privilege(x.oid, n.oid, 'USAGE') "
    "AND pg_catalog.has_column_privilege(x.oid, c.oid, a.attnum, 'SELECT')) "
    "GROUP BY 1, 2 ORDER BY 1, 2";

static void
look_at_columns(const struct inside *in, const char *database)
{
    PGresult *rows = ask(in, "columns", columns_sql);

    for (int i = 0; rows != NULL && i < PQntuples(rows); i++) {
        char name[NAME_TEXT];

        snprintf(name, sizeof(name), "table %s.%s.%s", database, PQgetvalue(rows, i, 0),
                 PQgetvalue(rows, i, 1));
        findings_add(in->leaver->findings, in->gateway->name, name, FINDING_WARNING,
                     "exchange what they hold, or see with pasu scope whether they were shown it",
                     "%s may read %s", in->leaver->principal, PQgetvalue(rows, i, 2));
    }
    PQclear(rows);
}

static int
look_at_database(struct probe *probe, const struct config_gateway *gateway, const char *database,
                 struct findings *findings PASU_UNUSED, void *arg)
{
    const struct inside in = {arg, gateway, probe};

    look_at_mappings(&in, database);
    look_at_subscriptions(&in, database);
    look_at_columns(&in, database);
    return 0;
}

static void
look_at_server(struct leaver *l, const struct config_gateway *gateway)
{
    struct probe probe = {0};
    const struct inside in = {l, gateway, &probe};

    if (gateway->inspector.user == NULL) {
        findings_add(l->findings, gateway->name, "server", FINDING_WARNING,
                     "configure gateway.inspector", "it has no inspector, who would ask");
    } else if (probe_open(&probe, gateway, NULL) != 0) {
        findings_add(l->findings, gateway->name, "server", FINDING_WARNING,
                     "pasu check -c FILE --connect says more", "it cannot be asked: %s",
                     probe.error);
    } else if (look_at_members(&in)) {
        l->is_inside = true;
        check_databases(&probe, gateway, l->findings, look_at_database, l);
    }
    probe_close(&probe);
}

/* ---- this machine ---- */

struct secret_file {
    const char *key;
    const struct config_file *file;
};

static size_t
list_files(struct secret_file files[FILES_MAX], const struct config *c)
{
    size_t count = 0;

    for (size_t i = 0; i < c->gateway_count && count + 8 < FILES_MAX; i++) {
        const struct config_gateway *g = &c->gateways[i];

        files[count++] = (struct secret_file){"gateway.tls.key", &g->tls.key};
        files[count++] = (struct secret_file){"gateway.upstream_tls.key", &g->upstream_tls.key};
        files[count++] =
            (struct secret_file){"gateway.inspector.password_file", &g->inspector.password_file};
    }
    for (size_t i = 0; i < c->ledger.key_count && count + 8 < FILES_MAX; i++)
        files[count++] = (struct secret_file){"ledger.key_file", &c->ledger.keys[i]};
    files[count++] =
        (struct secret_file){"alerts.webhook_secret_file", &c->alerts.webhook_secret_file};
    files[count++] =
        (struct secret_file){"alerts.email.password_file", &c->alerts.email.password_file};
    files[count++] = (struct secret_file){"sources.claim_key_file", &c->sources.claim_key_file};
    files[count++] =
        (struct secret_file){"principals.scim.token_file", &c->principals.scim.token_file};
    files[count++] = (struct secret_file){"principals.scim.key", &c->principals.scim.key};
    files[count++] = (struct secret_file){"affected.key", &c->affected.key};
    files[count++] =
        (struct secret_file){"affected.webhook_secret_file", &c->affected.webhook_secret_file};
    return count;
}

/* Whether the account of that name on this machine can read it, by its owner, group and mode. */
static bool
can_read(const struct passwd *account, const struct stat *st)
{
    gid_t groups[GROUPS_MAX];
    int count = GROUPS_MAX;

    if (account == NULL)
        return false;
    if (account->pw_uid == 0 || (account->pw_uid == st->st_uid && (st->st_mode & S_IRUSR) != 0) ||
        (st->st_mode & S_IROTH) != 0)
        return true;
    if (getgrouplist(account->pw_name, account->pw_gid, groups, &count) < 0)
        return (st->st_mode & S_IRGRP) != 0; /* of more groups than that: it may be */
    for (int i = 0; i < count; i++)
        if (groups[i] == st->st_gid && (st->st_mode & S_IRGRP) != 0)
            return true;
    return false;
}

static void
look_at_files(const struct leaver *l)
{
    struct secret_file files[FILES_MAX];
    size_t count = list_files(files, l->config);
    const struct passwd *account = getpwnam(l->principal);

    for (size_t i = 0; i < count; i++) {
        const char *path = files[i].file->path;
        struct stat st;
        bool is_readable;

        if (path == NULL || stat(path, &st) != 0)
            continue;
        is_readable = can_read(account, &st);
        if (is_readable)
            findings_add(l->findings, "", files[i].key, FINDING_WARNING,
                         "exchange what is in it; take the account's rights",
                         "the account %s of this machine can read %s", l->principal, path);
        else if (l->is_admin)
            findings_add(l->findings, "", files[i].key, FINDING_INFO,
                         "exchange what is in it, if they had root here or a copy of it",
                         "an administrator may have read %s", path);
    }
}

/* ---- the command ---- */

static void
look_at_role(struct leaver *l, const char *principal, enum principal_kind kind)
{
    l->principal = principal;
    l->is_admin = kind == PRINCIPAL_ADMIN;
    for (size_t i = 0; i < l->config->gateway_count; i++)
        look_at_server(l, &l->config->gateways[i]);
    look_at_files(l);
}

static int
print(const struct leaver *l, bool is_json)
{
    size_t found = findings_count(l->findings, FINDING_WARNING) + findings_missing(l->findings);
    json_t *document;

    if (l->findings->out_of_memory)
        return complain_error(PASU_E_NOMEM, "roster leaver");
    if (!is_json) {
        findings_print(l->findings, stdout);
        printf("%zu secret%s of %s to exchange\n", found, found == 1 ? "" : "s", l->name);
        return found > 0 ? 1 : 0;
    }
    document = json_pack("{ss sb so}", "leaver", l->name, "ok", found == 0, "secrets",
                         findings_json(l->findings));
    if (document == NULL)
        return complain_error(PASU_E_NOMEM, "roster leaver");
    (void)json_dumpf(document, stdout, JSON_COMPACT); /* output_end finds a failed write */
    putchar('\n');
    json_decref(document);
    return found > 0 ? 1 : 0;
}

static int
look(struct leaver *l, bool is_json)
{
    const struct roster_entry *own = roster_find(l->roster, l->name);
    int status = 2;

    l->owner = own != NULL && *own->owner != '\0' ? own->owner : NULL;
    for (size_t i = 0; i < roster_count(l->roster); i++) {
        const struct roster_entry *entry = roster_at(l->roster, i);

        if (!is_theirs(l, entry))
            continue;
        tell_password(l, entry);
        look_at_role(l, entry->principal, entry->kind);
        status = 0;
    }
    if (status != 0) /* it is on no roster, and may be a role all the same */
        look_at_role(l, l->name, PRINCIPAL_UNKNOWN);
    if (status != 0 && !l->is_inside) {
        complain("pasu roster -c FILE lists principals and owners",
                 "\"%.64s\" is neither on the roster nor a role of a server", l->name);
        return 2;
    }
    return print(l, is_json);
}

int
roster_leaver(const struct ask *request, const struct arguments *arguments)
{
    struct findings findings = {0};
    struct roster *roster = NULL;
    struct leaver leaver = {.config = request->config, .findings = &findings};
    int status;

    if (arguments->operand_count != 2) {
        complain("pasu roster -c FILE leaver NAME", "say who leaves: a role, or an owner's name");
        return 2;
    }
    status = roster_load(&roster, request->config);
    if (status == 0)
        status = roster_load_files(request->config);
    if (status == 0) {
        asked_record(request, arguments, NULL);
        probe_init();
        leaver.roster = roster;
        leaver.name = arguments->operands[1];
        status = look(&leaver, arguments_given(arguments, OPTION_json));
    }
    findings_release(&findings);
    roster_free(roster);
    return status;
}
