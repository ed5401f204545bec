/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "cli/complain.h"
#include "cli/explain_catalog.h"
#include "cli/explain_view.h"
#include "cli/probe.h"
#include "cli/run.h"

#include <fcntl.h>
#include <unistd.h>

/* ---- planning, on a stack that is large enough ---- */

struct planning {
    struct view text;
    struct plan_environment environment;
    struct plan *plan;
    int result;
};

static void *
plan_main(void *arg)
{
    struct planning *p = arg;

    p->result = plan_new(&p->plan, p->text, &p->environment);
    return NULL;
}

static int
plan_on_a_large_stack(struct planning *planning)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int result = PASU_E_NOMEM;

    if (pthread_attr_init(&attributes) != 0)
        return result;
    if (pthread_attr_setstacksize(&attributes, PLAN_STACK_SIZE) == 0 &&
        pthread_create(&thread, &attributes, plan_main, planning) == 0) {
        pthread_join(thread, NULL);
        result = planning->result;
    }
    pthread_attr_destroy(&attributes);
    return result;
}

/* ---- what is asked ---- */

/* The gateway that was named, or the only one. 0, or the exit status. */
static int
choose_gateway(const struct arguments *arguments, const struct config *config, size_t *gateway)
{
    const char *name = arguments->values[OPTION_gateway];

    for (size_t i = 0; i < config->gateway_count; i++)
        if (name != NULL ? strcmp(config->gateways[i].name, name) == 0
                         : config->gateway_count == 1) {
            *gateway = i;
            if (config->gateways[i].inspector.user != NULL)
                return 0;
            complain("configure gateway.inspector", "gateway %s has no inspector to ask its server",
                     config->gateways[i].name);
            return 2;
        }
    if (name != NULL)
        complain("see the gateways in the configuration", "there is no gateway \"%s\"", name);
    else
        complain("say which one with --gateway NAME", "the configuration has several gateways");
    return 2;
}

/* The server answers, and knows the role: what is wrong is said as check --connect does. */
static int
probe_server(const struct config_gateway *gateway, const char *database, const char *role)
{
    const char *const values[] = {role};
    struct probe probe;
    PGresult *rows = NULL;
    int status = 0;

    probe_init();
    if (probe_open(&probe, gateway, database) != 0) {
        complain("run: pasu check --connect", "cannot ask the server of gateway %s: %s",
                 gateway->name, probe.error);
        status = 2;
    } else if (role[0] != '\0') {
        rows = probe_query(&probe, "SELECT FROM pg_roles WHERE rolname = $1", 1, values);
        if (rows == NULL || PQntuples(rows) != 1) {
            complain("roles are written as the catalog has them", "the server has no role \"%s\"",
                     role);
            status = 2;
        }
    }
    PQclear(rows);
    probe_close(&probe);
    return status;
}

/* What the configuration names; 0, or the exit status. */
static int
load_files(const struct ask *ask)
{
    struct config_faults faults = {0};
    int result = config_load_files(ask->config, &faults);

    if (faults.count > 0)
        complain(faults.items[0].hint, "%s:%u: %s", ask->config->path,
                 (unsigned)faults.items[0].line, faults.items[0].text);
    else if (result != 0)
        complain_error(result, "cannot read the files that the configuration names");
    config_faults_release(&faults);
    return result == 0 ? 0 : 2;
}

/* Whether it serves this database, the gate sees when it asks the server. */
static bool
has_index(const struct config *config)
{
    int folder = open(config->ledger.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_there = folder >= 0 && faccessat(folder, "identity/index", F_OK, 0) == 0;

    if (folder >= 0)
        close(folder);
    return is_there;
}

static int
explain(const struct arguments *arguments, const struct explain_catalog *loaded, size_t gateway,
        const char *role)
{
    const struct config_gateway *of = &loaded->settings->config->gateways[gateway];
    const char *database = arguments->values[OPTION_database];
    struct planning planning = {
        .text = view_of_text(arguments->operands[0]),
        .environment = {.catalog = loaded->catalog,
                        .role = role,
                        .is_plain_dialect = true,
                        .may_inject = loaded->settings->config->attribution.inject,
                        .may_shadow = loaded->settings->config->attribution.shadow,
                        .shadow_persons = loaded->settings->config->attribution.shadow_persons,
                        .names_columns = true},
    };
    struct explained explained = {
        .catalog = loaded->catalog,
        .vocabulary = &loaded->settings->vocabulary,
        .gateway = of->name,
        .database = database != NULL ? database : of->inspector.database,
        .role = role,
        .has_marks = loaded->has_marks,
        .config = loaded->settings->config,
        .has_index = has_index(loaded->settings->config),
    };
    int result = plan_on_a_large_stack(&planning), status;

    if (result != 0)
        return complain_error(result, "the statement cannot be planned");
    explained.plan = planning.plan;
    status = planning.plan->refusal != NULL ? 1 : 0;
    if (catalog_is_partial(loaded->catalog))
        complain("run: pasu check --connect",
                 "the bodies of functions and views could not be read: they count as everything");
    if (arguments_given(arguments, OPTION_json))
        explain_print_json(stdout, &explained);
    else
        explain_print(stdout, &explained);
    plan_release(planning.plan);
    return status;
}

int
run_explain(const struct arguments *arguments)
{
    const char *database = arguments->values[OPTION_database];
    const char *role = arguments->values[OPTION_role] != NULL ? arguments->values[OPTION_role] : "";
    struct explain_catalog loaded;
    struct ask ask;
    size_t gateway = 0;
    int status = ask_init(&ask, arguments);

    if (status == 0)
        status = choose_gateway(arguments, ask.config, &gateway);
    if (status == 0)
        status = load_files(&ask);
    if (status == 0)
        status = probe_server(&ask.config->gateways[gateway], database, role);
    if (status == 0) {
        status = explain_catalog_open(&loaded, &ask, gateway, database);
        if (status == 0)
            status = explain(arguments, &loaded, gateway, role);
        explain_catalog_close(&loaded);
    }
    ask_release(&ask);
    return output_end(status);
}
