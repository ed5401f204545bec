/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor.h"

#include "base/memory.h"
#include "cli/ask.h"
#include "cli/complain.h"
#include "cli/controls.h"
#include "cli/notice_load.h"
#include "config/time_zone.h"

/* 0, or the exit status. */
static int
load(struct config *config, struct roster **roster)
{
    struct config_faults faults = {0};
    struct roster_fault fault;
    int result = config_load_files(config, &faults);

    if (result == 0)
        result = roster_check(config, &faults);
    if (result == 0)
        result = time_zone_use(config);
    if (result == 0 && config->principals.roster.path != NULL)
        result = roster_parse(roster, config->principals.roster.bytes, &fault);
    if (faults.count > 0)
        complain("all faults: pasu check -c FILE", "%s:%u: %s",
                 faults.items[0].path != NULL ? faults.items[0].path : config->path,
                 (unsigned)faults.items[0].line, faults.items[0].text);
    else if (result != 0)
        complain_error(result, "cannot read the files that the configuration names");
    config_faults_release(&faults);
    return result == 0 ? 0 : 2;
}

/* The texts and deadlines for incidents: those who need them have no time to mend them. */
static void
look_at_files(const struct config *config, struct findings *findings)
{
    struct config_faults faults = {0};
    bool is_named = config->incident.notices || config->incident.clocks;
    int result = incident_files_check(config, &faults);

    for (size_t i = 0; i < faults.count; i++)
        findings_add(findings, "", "incident files", FINDING_MISSING, faults.items[i].hint,
                     "%s:%u: %s", faults.items[i].path ? faults.items[i].path : config->path,
                     (unsigned)faults.items[i].line, faults.items[i].text);
    findings->out_of_memory |= result == PASU_E_NOMEM;
    if (result == 0 && is_named)
        findings_add(findings, "", "incident files", FINDING_OK, "",
                     "the texts and deadlines that the configuration names can be used");
    config_faults_release(&faults);
}

/* A database_look of both. */
struct database_looks {
    struct table_look tables;
    struct config *config;
};

static int
look_at_database(struct probe *probe, const struct config_gateway *gateway, const char *database,
                 struct findings *findings, void *arg)
{
    struct database_looks *looks = arg;
    int result = doctor_rights(probe, gateway, database, findings, looks->config);

    return result == 0 ? check_tables(probe, gateway, database, findings, &looks->tables) : result;
}

static int
look_at_servers(struct config *config, const struct roster *roster, struct findings *findings)
{
    struct database_looks looks = {.tables = {.config = config}, .config = config};
    bool is_any_open = false;
    int result = wanted_collect(&looks.tables.wanted, config);

    probe_init();
    for (size_t i = 0; result == 0 && i < config->gateway_count; i++) {
        const struct config_gateway *gateway = &config->gateways[i];
        struct probe probe = {0};

        if (check_server(&probe, gateway, findings)) {
            is_any_open = true;
            doctor_door(&probe, gateway, findings);
            doctor_server(&probe, config, gateway, roster, findings);
            check_databases(&probe, gateway, findings, look_at_database, &looks);
        }
        probe_close(&probe);
    }
    if (is_any_open)
        wanted_report(&looks.tables.wanted, findings);
    check_contacts(config, findings);
    memory_free(looks.tables.wanted.items);
    return result == 0 && findings->out_of_memory ? PASU_E_NOMEM : result;
}

int
run_doctor(const struct arguments *arguments)
{
    struct findings findings = {0};
    struct roster *roster = NULL;
    json_t *controls = NULL;
    bool answers;
    struct ask ask;
    int status = ask_init(&ask, arguments), result;

    if (status == 0)
        status = load(ask.config, &roster);
    if (status == 0) {
        answers = doctor_itself(arguments, ask.config, &findings);
        look_at_files(ask.config, &findings);
        result = controls_look(&ask, roster, answers, &findings, &controls);
        if (result == 0)
            result = look_at_servers(ask.config, roster, &findings);
        status = result == 0 ? findings_tell(&findings, arguments_given(arguments, OPTION_json),
                                             "doctor", controls)
                             : complain_error(result, "doctor");
    }
    json_decref(controls);
    findings_release(&findings);
    roster_free(roster);
    ask_release(&ask);
    return output_end(status);
}
