/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/notice_load.h"

#include "cli/carried_file.h"
#include "cli/clock_table.h"

static int
parse(void *made, struct view text, const char *path, struct config_faults *faults)
{
    return notice_texts_parse(made, text, path, faults);
}

int
notice_texts_load(struct notice_texts *texts, const struct config *config)
{
    return carried_load(CARRIED_NOTICES, config->incident.notices, parse, texts);
}

static int
parse_clocks(void *made, struct view text, const char *path, struct config_faults *faults)
{
    return clock_table_parse(made, text, path, faults);
}

int
incident_files_check(const struct config *config, struct config_faults *faults)
{
    struct clock_table table = {0};
    struct notice_texts texts = {0};
    int clocks = 0, notices = 0;

    if (config->incident.clocks)
        clocks =
            carried_read(CARRIED_CLOCKS, config->incident.clocks, parse_clocks, &table, faults);
    if (config->incident.notices)
        notices = carried_read(CARRIED_NOTICES, config->incident.notices, parse, &texts, faults);
    clock_table_release(&table);
    notice_texts_release(&texts);
    return clocks != 0 && notices != PASU_E_NOMEM ? clocks : notices;
}

void
notice_texts_warn(const struct config *config, struct config_faults *warnings)
{
    struct config_faults faults = {0};
    struct notice_texts texts = {0};
    const char *missing = NULL;

    if (config->incident.contact_count == 0 && !config->incident.notices &&
        !config->affected.enabled)
        return;
    if (carried_read(CARRIED_NOTICES, config->incident.notices, parse, &texts, &faults) == 0)
        missing = notice_texts_missing(&texts);
    if (missing)
        config_fault_add(warnings,
                         config->incident.notices ? config->incident.notices : config->path, 0, 0,
                         "copy contrib/incident/notices.yaml, fill in controller, and name the "
                         "copy in the configuration as incident.notices",
                         "controller.ko.%s or controller.en.%s is empty: pasu notify makes no "
                         "notices, and reports say that it is unknown",
                         missing, missing);
    config_faults_release(&faults);
    notice_texts_release(&texts);
}
