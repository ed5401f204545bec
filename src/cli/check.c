/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "cli/check_connect.h"
#include "cli/check_replay.h"
#include "cli/complain.h"
#include "cli/json_text.h"
#include "cli/notice_load.h"
#include "cli/run.h"
#include "cli/text.h"
#include "config/fault.h"
#include "config/load.h"
#include "config/time_zone.h"
#include "guard/approving.h"
#include "ledger/rights.h"
#include "policy/holidays.h"
#include "policy/roster.h"
#include "policy/rule.h"
#include "policy/sources.h"
#include "respond/publish.h"

#include <errno.h>
#include <unistd.h>

enum { ESCAPED_SIZE = 4096 };

static void
print_fault(const struct config_fault *fault, const char *what, const char *file)
{
    char path[ESCAPED_SIZE], text[ESCAPED_SIZE];

    text_escape(path, sizeof(path), view_of_text(fault->path != NULL ? fault->path : file));
    text_escape(text, sizeof(text), view_of_text(fault->text));
    fputs(path, stdout);
    if (fault->line > 0)
        printf(":%u", (unsigned)fault->line);
    if (fault->line > 0 && fault->column > 0)
        printf(":%u", (unsigned)fault->column);
    printf(": %s: %s\n", what, text);
    text_escape(text, sizeof(text), view_of_text(fault->hint));
    printf("  hint: %s\n", text);
}

static json_t *
faults_json(const struct config_faults *faults, const char *file)
{
    json_t *array = json_array();

    for (size_t i = 0; i < faults->count; i++) {
        const struct config_fault *f = &faults->items[i];
        json_t *one =
            json_pack("{so si si so so}", "file", json_text(f->path != NULL ? f->path : file),
                      "line", (int)f->line, "column", (int)f->column, "text", json_text(f->text),
                      "hint", json_text(f->hint));

        if (one == NULL || json_array_append_new(array, one) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

/* What is wrong, and what is only not as it may be meant. */
struct told {
    struct config_faults faults, warnings;
};

/* Prints the one document; PASU_E_NOMEM if it cannot be made. */
static int
print_json(const char *file, const struct told *told, const struct findings *findings, bool is_ok)
{
    json_t *document =
        json_pack("{so sb so so}", "file", json_text(file), "ok", is_ok, "faults",
                  faults_json(&told->faults, file), "warnings", faults_json(&told->warnings, file));
    int r = PASU_E_NOMEM;

    if (document == NULL)
        return r;
    if (findings == NULL || json_object_set_new(document, "findings", findings_json(findings)) == 0)
        r = json_dumpf(document, stdout, JSON_COMPACT) == 0 ? 0 : PASU_E_IO;
    putchar('\n');
    json_decref(document);
    return r;
}

static int
look_at_servers(const struct config *config, struct findings *findings)
{
    struct table_look look = {.config = config};
    bool is_any_open = false;
    int r = wanted_collect(&look.wanted, config);

    probe_init();
    for (size_t i = 0; r == 0 && i < config->gateway_count; i++) {
        struct probe probe = {0};

        if (check_server(&probe, &config->gateways[i], findings)) {
            is_any_open = true;
            check_databases(&probe, &config->gateways[i], findings, check_tables, &look);
        }
        probe_close(&probe);
    }
    if (is_any_open)
        wanted_report(&look.wanted, findings);
    check_contacts(config, findings);
    memory_free(look.wanted.items);
    return r == 0 && findings->out_of_memory ? PASU_E_NOMEM : r;
}

static int
print_result(const struct arguments *arguments, const char *file, const struct told *told,
             const struct findings *findings)
{
    const struct config_faults *faults = &told->faults, *warnings = &told->warnings;
    size_t missing = findings_missing(findings);
    bool is_connect = arguments_given(arguments, OPTION_connect);
    bool is_ok = faults->count == 0 && missing == 0;

    if (arguments_given(arguments, OPTION_json)) {
        int r = print_json(file, told, is_connect ? findings : NULL, is_ok);

        return r != 0 ? r : is_ok ? 0 : 1;
    }
    for (size_t i = 0; i < faults->count; i++)
        print_fault(&faults->items[i], "fault", file);
    for (size_t i = 0; i < warnings->count; i++)
        print_fault(&warnings->items[i], "warning", file);
    findings_print(findings, stdout);
    if (faults->count > 0)
        printf("%zu fault%s\n", faults->count, faults->count == 1 ? "" : "s");
    else if (missing > 0)
        printf("no fault in the configuration, but on the servers %zu thing%s missing\n", missing,
               missing == 1 ? " is" : "s are");
    else
        puts(is_connect ? "no fault, and nothing is missing" : "no fault");
    return is_ok ? 0 : 1;
}

static void
metrics_warn(const struct config *config, struct config_faults *warnings)
{
    const char *host = config->metrics.listen.host;

    if (strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0)
        config_fault_add(warnings, config->path, 0, 0,
                         "write 127.0.0.1, or the one address that Prometheus comes to",
                         "metrics.listen is at all addresses of the machine: whoever can connect "
                         "there reads how much is done");
}

static void
retention_warn(const struct config *config, struct config_faults *warnings)
{
    if (config->ledger.retention != 0 && config->ledger.retention < RIGHTS_KEPT / 366 * 365)
        config_fault_add(warnings, config->path, 0, 0,
                         "write 3y, or more, where all that was shown must be there as long",
                         "ledger.retention is shorter than three years: changes of rights stay for "
                         "three years all the same, and are written once more before what is older "
                         "is deleted");
}

/* As whoever asks: that is not always the account that pasu runs as. */
static void
outbox_warn(const struct config *config, struct config_faults *warnings)
{
    const char *folder = config->affected.enabled ? config->affected.file : NULL;

    if (folder != NULL && access(folder, F_OK) == 0 && access(folder, W_OK | X_OK) != 0)
        config_fault_add(warnings, config->path, 0, 0,
                         "let the account that pasu runs as write to it",
                         "you cannot write to the folder that affected.file names (%s): no person "
                         "would get a code",
                         strerror(errno));
}

/* Every fault at once: what the file says, and what the files that it names do. What looks at lists
 * has none to look at where something in them is wrong. */
static int
look(struct config **config, const char *file, struct told *told)
{
    static int (*const checks[])(const struct config *, struct config_faults *) = {
        roster_check, sources_check, publish_check, incident_files_check};
    int result = config_look(config, file, &told->faults);
    bool is_whole = result == 0;

    if (*config == NULL)
        return result;
    if (config_load_files(*config, &told->faults) == PASU_E_NOMEM)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        int found = is_whole || checks[i] != publish_check ? checks[i](*config, &told->faults) : 0;

        if (found != 0 && found != PASU_E_CONFIG)
            return found;
    }
    if (is_whole && time_zone_use(*config) != 0)
        return PASU_E_NOMEM;
    if (is_whole) {
        rules_warn(*config, &told->warnings);
        holidays_warn(*config, os_realtime(&os_real), &told->warnings);
        approving_check(*config, &told->faults);
        approving_warn(*config, &told->warnings);
        metrics_warn(*config, &told->warnings);
        retention_warn(*config, &told->warnings);
        notice_texts_warn(*config, &told->warnings);
        outbox_warn(*config, &told->warnings);
    }
    return config_faults_end(&told->faults, 0, file);
}

int
run_check(const struct arguments *arguments)
{
    const char *file = arguments->values[OPTION_config];
    struct told told = {0};
    struct findings findings = {0};
    struct config *config = NULL;
    bool is_replay;
    int r = check_replay_asked(arguments, &is_replay);

    if (r != 0)
        return r;
    if (is_replay)
        return output_end(check_replay(arguments));
    if (access(file, R_OK) != 0) {
        complain("give the path of the configuration with -c", "cannot read %s: %s", file,
                 strerror(errno));
        return 2;
    }
    r = look(&config, file, &told);
    if (r == 0 && arguments_given(arguments, OPTION_connect))
        r = look_at_servers(config, &findings);
    if (r == 0 || r == PASU_E_CONFIG)
        r = print_result(arguments, file, &told, &findings);
    if (r < 0)
        r = complain_error(r, "cannot check %s", file);
    config_free(config);
    config_faults_release(&told.faults);
    config_faults_release(&told.warnings);
    findings_release(&findings);
    return output_end(r);
}
