/* SPDX-License-Identifier: Apache-2.0 */
/* `pasu roster`: who is who, and who answers for whom. */
#include "cli/roster_command.h"

#include "base/memory.h"
#include "cli/asked.h"
#include "cli/complain.h"
#include "cli/json_out.h"
#include "cli/run.h"
#include "cli/table.h"
#include "cli/terminal.h"

#include <inttypes.h>

enum { TIME_SIZE = 40 };

int
roster_load(struct roster **roster, const struct config *config)
{
    struct config_faults faults = {0};
    struct roster_fault fault = {.text = ""};
    uint8_t *bytes = NULL;
    size_t length = 0;
    int result;

    *roster = NULL;
    if (config->principals.roster.path == NULL) {
        complain("write principals.roster into it", "%s names no roster", config->path);
        return 2;
    }
    result = config_read_roster(&bytes, &length, config, &faults);
    if (result == 0)
        result = roster_parse(roster, view_of(bytes, length), &fault);
    memory_free(bytes);
    if (faults.count > 0)
        complain(faults.items[0].hint, "%s: %s", faults.items[0].path, faults.items[0].text);
    else if (result == PASU_E_MALFORMED)
        complain(roster_hint, "%s:%u: %s",
                 fault.is_scim ? config->principals.scim.file : config->principals.roster.path,
                 (unsigned)fault.line, fault.text);
    else if (result != 0)
        complain_error(result, "%s", config->principals.roster.path);
    config_faults_release(&faults);
    return result == 0 ? 0 : 2;
}

/* ---- show ---- */

/* Sessions of a principal; -1: the guard does not say. */
static int64_t
count_sessions(const json_t *sessions, const char *principal)
{
    const json_t *one;
    int64_t count = 0;
    size_t i;

    if (!sessions)
        return -1;
    json_array_foreach(sessions, i, one)
    {
        const char *name = json_string_value(json_object_get(one, "principal"));

        count += name != NULL && strcmp(name, principal) == 0;
    }
    return count;
}

static const char *
status_text(const struct roster_entry *entry, int64_t now)
{
    return roster_has_left(entry, now) ? "left" : "active";
}

static void
show_json(const struct roster_entry *entry, int64_t now, int64_t sessions)
{
    struct json_out out = {.file = stdout};

    json_out_open(&out, '{');
    json_put_text(&out, "principal", entry->principal);
    json_put_text(&out, "kind", principal_kind_text(entry->kind));
    json_put_text(&out, "owner", *entry->owner ? entry->owner : NULL);
    json_put_text(&out, "status", status_text(entry, now));
    json_put_time(&out, "left_at", entry->left_at == ROSTER_NEVER ? 0 : entry->left_at);
    json_put_text(&out, "contact", *entry->contact ? entry->contact : NULL);
    if (sessions >= 0)
        json_put_count(&out, "sessions", (uint64_t)sessions);
    else
        json_put_text(&out, "sessions", NULL);
    json_out_close(&out, '}');
    json_out_end(&out);
}

static void
show_row(struct table *table, const struct roster_entry *entry, int64_t now, int64_t sessions)
{
    char time[TIME_SIZE];

    table_add(table, entry->principal);
    table_add(table, principal_kind_text(entry->kind));
    table_add(table, *entry->owner ? entry->owner : NULL);
    table_add(table, status_text(entry, now));
    if (entry->left_at == ROSTER_NEVER || entry->left_at <= 0) {
        table_add(table, NULL);
    } else {
        log_time_text(time, sizeof(time), entry->left_at);
        table_add(table, time);
    }
    if (sessions >= 0)
        table_add_count(table, (uint64_t)sessions);
    else
        table_add(table, NULL);
    table_add(table, *entry->contact ? entry->contact : NULL);
}

static const struct table_column columns[] = {
    {"principal", false, 12, 0}, {"kind", false, 0, 0},     {"owner", false, 10, 0},
    {"status", false, 0, 0},     {"left at", false, 10, 2}, {"sessions", true, 0, 0},
    {"contact", false, 10, 1},
};

int
roster_show(const struct ask *ask, const struct arguments *arguments)
{
    bool is_json = arguments_given(arguments, OPTION_json);
    int64_t now = os_realtime(&os_real);
    struct roster *roster;
    json_t *sessions = NULL;
    struct table table;
    int status = roster_load(&roster, ask->config), result = 0;

    if (status != 0)
        return status;
    if (ask_sessions(ask, NULL, &sessions) != 0)
        sessions = NULL; /* then nobody says */
    table_init(&table, columns, COUNT_OF(columns));
    for (size_t i = 0; i < roster_count(roster); i++) {
        const struct roster_entry *entry = roster_at(roster, i);
        int64_t count = count_sessions(sessions, entry->principal);

        if (is_json)
            show_json(entry, now, count);
        else
            show_row(&table, entry, now, count);
    }
    if (!is_json)
        result = table_print(&table, stdout, 0, terminal_width(stdout));
    table_release(&table);
    json_decref(sessions);
    roster_free(roster);
    return result == 0 ? 0 : complain_error(result, "roster");
}

int
run_roster(const struct arguments *arguments)
{
    const char *action = arguments->operand_count > 0 ? arguments->operands[0] : "show";
    bool is_import = strcmp(action, "import") == 0, is_leaver = strcmp(action, "leaver") == 0;
    size_t most = is_import || is_leaver ? 2 : 1;
    struct ask ask;
    int status;

    if (arguments->operand_count > most) {
        complain("see: pasu help roster", "\"%.64s\" is one operand too many",
                 arguments->operands[most]);
        return 2;
    }
    if (strcmp(action, "audit") == 0)
        return output_end(roster_audit(arguments));
    status = ask_init(&ask, arguments);
    if (status == 0 && !is_import && !is_leaver && strcmp(action, "show") != 0) {
        complain("there are: show, import, audit, leaver", "roster cannot \"%.64s\"", action);
        status = 2;
    }
    if (status == 0 && arguments_given(arguments, OPTION_connect)) {
        complain("it is for pasu roster audit", "roster %s does not take --connect", action);
        status = 2;
    }
    if (status == 0 && !is_import && !is_leaver)
        asked_record(&ask, arguments, NULL);
    if (status == 0)
        status = is_import   ? roster_import(&ask, arguments)
                 : is_leaver ? roster_leaver(&ask, arguments)
                             : roster_show(&ask, arguments);
    ask_release(&ask);
    return output_end(status);
}
