/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/bypass.h"

#include "exposure/exposure.h"

enum { BYTES_MAX = 4096 };

/* ---- what is to be done ---- */

static bool
is_from(const struct config_bypass *except, const struct message_bypass *who)
{
    struct endpoint endpoint = {0};
    struct address address;

    if (except->is_local && who->address[0] == '\0')
        return true;
    if (except->address_count == 0)
        return !except->is_local;
    snprintf(endpoint.host, sizeof(endpoint.host), "%s", who->address);
    if (who->address[0] == '\0' || endpoint_address(&address, &endpoint) != 0)
        return false;
    return networks_contain(except->address, except->address_count, &address);
}

static bool
is_meant(const struct config_bypass *except, const struct message_bypass *who)
{
    return (!except->principal || strcmp(except->principal, who->principal) == 0) &&
           (!except->application || strcmp(except->application, who->application) == 0) &&
           is_from(except, who);
}

bool
bypass_is_excepted(const struct config *config, const struct message_bypass *who)
{
    for (size_t i = 0; i < config->bypass.except_count; i++)
        if (is_meant(&config->bypass.except[i], who))
            return true;
    return false;
}

/* What is done where it is not to be ended, or cannot be. */
static enum verdict
verdict_of_sort(enum bypass_sort sort)
{
    return sort == BYPASS_LEFT || sort == BYPASS_TEST ? VERDICT_OF_ALLOW : VERDICT_OF_ALERT;
}

static enum verdict
verdict_of(const struct config *config, const struct config_gateway *gateway, enum bypass_sort sort,
           const struct message_bypass *who)
{
    bool is_inspector =
        gateway->inspector.user && strcmp(gateway->inspector.user, who->principal) == 0;

    if (config->bypass.verdict == VERDICT_ALLOW || bypass_is_excepted(config, who) ||
        sort == BYPASS_TEST)
        return VERDICT_OF_ALLOW;
    return config->bypass.verdict == VERDICT_BLOCK && (who->is_certain || sort != BYPASS_PAST) &&
                   !is_inspector
               ? VERDICT_OF_BLOCK
               : verdict_of_sort(sort);
}

/* ---- its end ---- */

/* Whom the connection must be to signal others: a superuser as itself, a member of
 * pg_signal_backend as that role where it does not inherit. */
static const char right_sql[] =
    "SELECT CASE WHEN (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) THEN 1 "
    "WHEN pg_has_role(session_user, 'pg_signal_backend', 'USAGE') THEN 1 "
    "WHEN pg_has_role(session_user, 'pg_signal_backend', "
    "CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END) "
    "THEN 2 ELSE 0 END";

enum right { RIGHT_NONE, RIGHT_AS_ITSELF, RIGHT_TO_BECOME };

static int
take_number(void *arg, const struct view *values, size_t count)
{
    return count == 1 && inspector_take_number(values[0], arg) ? 0 : PASU_E_MALFORMED;
}

static int
ask(struct inspector_link *link, const char *sql, uint64_t *number)
{
    size_t most = BYTES_MAX;

    return inspector_link_query(link, sql, take_number, number, &most);
}

static int
terminate(struct inspector_link *link, uint32_t pid)
{
    char sql[96];
    uint64_t is_told = 0;
    int result;

    snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%u)::int", pid);
    result = ask(link, sql, &is_told);
    return result == 0 && !is_told ? PASU_E_NOTFOUND : result;
}

static int
end(struct inspector_link *link, const struct census_answer *answer, uint32_t pid)
{
    uint64_t right = RIGHT_NONE, none;
    char detail[INSPECTOR_DETAIL_SIZE];
    int back, result = ask(link, right_sql, &right);

    if (result == 0 && right == RIGHT_NONE) {
        snprintf(link->detail, sizeof(link->detail), "GRANT pg_signal_backend TO its role");
        return PASU_E_DENIED;
    }
    if (result == 0)
        result = ask(link, right == RIGHT_TO_BECOME ? "SET ROLE pg_signal_backend" : "RESET ROLE",
                     &none);
    if (result == 0)
        result = terminate(link, pid);
    memcpy(detail, link->detail, sizeof(detail));
    if (result != 0 && result != PASU_E_DENIED && result != PASU_E_NOTFOUND)
        return result; /* the connection is gone */
    back = ask(link, answer->is_other ? "SET ROLE pg_read_all_stats" : "RESET ROLE", &none);
    memcpy(link->detail, detail, sizeof(detail));
    return result != 0 ? result : back;
}

/* ---- both ---- */

void
bypass_log(const struct census_room *room, enum log_event event, const struct message_bypass *who,
           const char *why)
{
    const struct log_field fields[] = {
        F_TEXT("gateway", who->gateway),
        F_TEXT("principal", who->principal),
        F_TEXT("database", who->database),
        F_TEXT("application", who->application),
        F_TEXT("address", who->address),
        F_UINT("port", who->port),
        F_UINT("pid", who->pid),
        F_TEXT("certain", who->is_certain ? "yes" : "no"),
        F_TEXT("why", why),
    };

    log_event(&room->shared->log, event, fields, COUNT_OF(fields) - (why[0] == '\0'));
}

void
bypass_act(struct census_room *room, struct census_server *server, enum bypass_sort sort,
           bool is_first, struct message_bypass *who)
{
    const struct settings *settings = room->settings;
    int result;

    who->verdict = (uint8_t)verdict_of_sort(sort);
    for (size_t i = 0; i < settings->gateway_count; i++)
        if (strcmp(settings->gateways[i].config->name, server->gateway) == 0)
            who->verdict =
                (uint8_t)verdict_of(settings->config, settings->gateways[i].config, sort, who);
    if (who->verdict != VERDICT_OF_BLOCK)
        return;
    result = server->inspector.peer.fd >= 0 ? end(&server->inspector, &server->answer, who->pid)
                                            : PASU_E_UNAVAILABLE;
    if (result != 0)
        who->verdict = (uint8_t)verdict_of_sort(sort);
    if (result == 0)
        bypass_log(room, EVENT_BYPASS_ENDED, who, "");
    else if (is_first)
        bypass_log(room, EVENT_BYPASS_KEPT, who,
                   result == PASU_E_DENIED ? server->inspector.detail : error_text(result));
}
