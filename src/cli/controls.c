/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/controls.h"

#include "base/memory.h"
#include "cli/ask.h"
#include "cli/json_text.h"
#include "ledger/decoys.h"
#include "policy/budget.h"
#include "policy/rule.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

enum { TIME_SIZE = 32, TOKEN_TEXT_SIZE = 40 };

/* A session past pasu that may be one of pasu's own is told of after ten seconds. */
#define TEST_WAIT   NANOSECONDS_PER_SECOND
#define BYPASS_WAIT (12 * NANOSECONDS_PER_SECOND)
#define BYPASS_DUE  (5 * NANOSECONDS_PER_SECOND)

#define SAY(look, ...) snprintf((look)->text, sizeof((look)->text), __VA_ARGS__)

static const char *const control_names[TRIAL_CONTROLS] = {"source", "leaver", "budget", "exit",
                                                          "bypass", "decoy",  "rule"};

struct control_look *
controls_add(struct controls *c, enum trial_control control, const struct config_gateway *gateway,
             const char *what)
{
    struct control_look *look;

    if (c->count == c->space) {
        size_t space = c->space ? 2 * c->space : 16;
        struct control_look *more = memory_resize(c->items, space, sizeof(*more));

        if (!more)
            return NULL;
        c->items = more;
        c->space = space;
    }
    look = &c->items[c->count++];
    *look = (struct control_look){
        .proven = {.control = (uint8_t)control}, .state = STATE_UNTRIED, .hint = ""};
    if (gateway)
        snprintf(look->proven.gateway, sizeof(look->proven.gateway), "%s", gateway->name);
    snprintf(look->proven.what, sizeof(look->proven.what), "%s", what);
    return look;
}

/* ---- through the listener ---- */

static void
name_application(char text[TOKEN_TEXT_SIZE], uint64_t token)
{
    snprintf(text, TOKEN_TEXT_SIZE, "pasu doctor %016" PRIx64, token);
}

void
controls_knock(struct controls *c, struct control_look *look, const struct config_gateway *gateway,
               const struct control_try *what, struct control_trial *result)
{
    char application[TOKEN_TEXT_SIZE];
    struct probe probe;
    uint64_t token;

    *result = (struct control_trial){0};
    if (control_begin(c->ask, look, what, &token) != 0)
        return;
    name_application(application, token);
    if (probe_enter(&probe, gateway, what->principal, application) != 0) {
        /* as it should be: the guard says why */
    }
    probe_close(&probe); /* the gateway says what came of it when the connection has ended */
    control_end_look(c->ask, look, token, TEST_WAIT, false, result);
    if (look->state == STATE_UNTRIED && !result->is_over)
        SAY(look, "cannot be tried: %.400s", probe.error);
}

/* ---- who has left ---- */

static int
look_leavers(struct controls *c)
{
    const char *leaver = chosen_leaver(c->config, c->roster);
    struct control_trial trial;
    struct control_look *look;

    for (size_t g = 0; g < c->config->gateway_count; g++) {
        struct control_try asked = {0};

        look = controls_add(c, TRIAL_OF_LEAVER, &c->config->gateways[g], "roster");
        if (!look)
            return PASU_E_NOMEM;
        if (c->config->principals.roster.path == NULL) {
            look->state = STATE_UNCONFIGURED;
            SAY(look, "there is no roster (principals.roster)");
            continue;
        }
        if (!leaver) {
            SAY(look, "cannot be tried: nobody on the roster has left");
            continue;
        }
        snprintf(asked.principal, sizeof(asked.principal), "%s", leaver);
        controls_knock(c, look, &c->config->gateways[g], &asked, &trial);
        if (look->state == STATE_HELD)
            SAY(look,
                "a connection as %s, whose owner has left, was refused before the server was "
                "contacted (%s)",
                leaver, error_sqlstate(trial.error));
        else if (look->state == STATE_FAILED)
            SAY(look, "a connection as %s, whose owner has left, was not refused", leaver);
        look->hint = "see whether the guard runs with this roster: pasu roster";
    }
    return 0;
}

/* ---- budgets ---- */

static int
look_budget(struct controls *c, size_t index)
{
    const struct config_budget *budget = &c->config->budgets[index];
    struct control_try asked = {.window = (uint32_t)budget->window};
    char what[EXPOSURE_TEXT_MAX];
    struct control_look *look;
    struct control_trial trial;
    uint64_t token;

    budget_rule_text(what, budget);
    look = controls_add(c, TRIAL_OF_BUDGET, NULL, what);
    if (!look)
        return PASU_E_NOMEM;
    look->hint =
        "see whether the guard runs with this configuration: SIGHUP makes it read it again";
    if (!chosen_of_budget(c->config, c->roster, index, asked.principal)) {
        SAY(look, "cannot be tried: of whom it is for, a smaller one holds, or nobody is known");
        return 0;
    }
    if (control_begin(c->ask, look, &asked, &token) != 0)
        return 0;
    control_end_look(c->ask, look, token, TEST_WAIT, false, &trial);
    if (look->state == STATE_HELD)
        SAY(look, "of made-up persons %" PRIu64 " were let through for %s, and not one more",
            budget->subjects, asked.principal);
    else if (look->state == STATE_FAILED)
        SAY(look, "more than %" PRIu64 " made-up persons were let through for %s", budget->subjects,
            asked.principal);
    return 0;
}

static int
look_budgets(struct controls *c)
{
    struct control_look *look;
    size_t count = 0;
    int result = 0;

    for (size_t i = 0; i < c->config->budget_count && result == 0; i++)
        if (c->config->budgets[i].verdict == VERDICT_BLOCK && ++count)
            result = look_budget(c, i);
    if (result != 0 || count > 0)
        return result;
    look = controls_add(c, TRIAL_OF_BUDGET, NULL, "budgets");
    if (!look)
        return PASU_E_NOMEM;
    look->state = STATE_UNCONFIGURED;
    SAY(look, "no budget blocks");
    return 0;
}

/* ---- exits ---- */

static void
try_exit(struct controls *c, struct control_look *look, const struct config_gateway *gateway)
{
    char application[TOKEN_TEXT_SIZE];
    struct control_try asked = {0};
    struct control_trial trial;
    struct probe probe;
    PGresult *set;
    uint64_t token;

    snprintf(asked.principal, sizeof(asked.principal), "%s", gateway->inspector.user);
    if (control_begin(c->ask, look, &asked, &token) != 0)
        return;
    name_application(application, token);
    if (probe_enter(&probe, gateway, gateway->inspector.user, application) != 0) {
        control_end_look(c->ask, look, token, 0, false, &trial);
        SAY(look, "cannot be tried as %s: %.400s", gateway->inspector.user, probe.error);
        look->state = STATE_UNTRIED;
        probe_close(&probe);
        return;
    }
    /* `true` does nothing; and the inspector may run no program at the server. */
    set = probe_query(&probe, "COPY (SELECT 1) TO PROGRAM 'true'", 0, NULL);
    PQclear(set);
    probe_close(&probe);
    control_end_look(c->ask, look, token, set == NULL ? TEST_WAIT : 0, true, &trial);
    if (look->state == STATE_HELD)
        SAY(look, "COPY … TO PROGRAM was refused by the gateway (%s)", error_sqlstate(trial.error));
    else if (look->state == STATE_FAILED)
        SAY(look, "COPY … TO PROGRAM was not refused by the gateway");
}

static int
look_exits(struct controls *c)
{
    for (size_t g = 0; g < c->config->gateway_count; g++) {
        const struct config_gateway *gateway = &c->config->gateways[g];
        struct control_look *look = controls_add(c, TRIAL_OF_EXIT, gateway, "server exits");

        if (!look)
            return PASU_E_NOMEM;
        if (c->config->personal_count == 0) {
            look->state = STATE_UNCONFIGURED;
            SAY(look, "no personal_data is named: statements are not looked at");
        } else if (gateway->inspector.user == NULL) {
            SAY(look, "cannot be tried: the gateway has no inspector to connect as");
        } else {
            try_exit(c, look, gateway);
        }
    }
    return 0;
}

/* ---- past pasu ---- */

static bool
may_see(struct probe *probe)
{
    PGresult *set = probe_query(
        probe, "SELECT pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'MEMBER')", 0,
        NULL);
    bool may = set != NULL && PQntuples(set) == 1 && strcmp(PQgetvalue(set, 0, 0), "t") == 0;

    PQclear(set);
    return may;
}

/* When the server began our process, as the census reads it; 0: it does not say. */
static int64_t
began_at(struct probe *probe)
{
    PGresult *set =
        probe_query(probe,
                    "SELECT (pg_catalog.date_part('epoch', a.backend_start) "
                    "OPERATOR(pg_catalog.*) 1000000::pg_catalog.float8)::pg_catalog.int8 "
                    "FROM pg_catalog.pg_stat_activity a "
                    "WHERE a.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()",
                    0, NULL);
    int64_t began =
        set != NULL && PQntuples(set) == 1 ? strtoll(PQgetvalue(set, 0, 0), NULL, 10) : 0;

    PQclear(set);
    return began * (NANOSECONDS_PER_SECOND / 1000000);
}

static void
try_bypass(struct controls *c, struct control_look *look, const struct config_gateway *gateway)
{
    struct control_try asked = {0};
    struct control_trial trial;
    struct probe probe;
    uint64_t token;

    if (probe_open_unseen(&probe, gateway) != 0) {
        SAY(look, "cannot be tried: %.400s", probe.error);
    } else if (!may_see(&probe)) {
        look->state = STATE_UNCONFIGURED;
        SAY(look,
            "the inspector may not see who else is connected: sessions past pasu are counted, "
            "not named");
        look->hint = "GRANT pg_read_all_stats to the inspector's role";
        probe_arrived(gateway, probe.visit, (uint32_t)PQbackendPID(probe.connection),
                      PQsocket(probe.connection));
    } else {
        asked.pid = (uint32_t)PQbackendPID(probe.connection);
        asked.number = probe.visit;
        asked.began = began_at(&probe);
        snprintf(asked.principal, sizeof(asked.principal), "%s", gateway->inspector.user);
        if (control_begin(c->ask, look, &asked, &token) == 0)
            control_end_look(c->ask, look, token, c->bypass_wait, true, &trial);
        if (look->state == STATE_HELD)
            SAY(look,
                "the inspector connected to the server past pasu, which was seen after %.1f s",
                (double)trial.took / (double)NANOSECONDS_PER_SECOND);
        else if (look->state == STATE_FAILED)
            SAY(look,
                "the inspector connected to the server past pasu, which was not seen within "
                "%d s",
                (int)(c->bypass_wait / NANOSECONDS_PER_SECOND));
        look->is_late = look->state == STATE_HELD && trial.took > BYPASS_DUE;
        look->hint = "see the event bypass_sight in the guard's log: it asks as the inspector";
    }
    probe_close(&probe);
}

static int
look_bypasses(struct controls *c)
{
    for (size_t g = 0; g < c->config->gateway_count; g++) {
        const struct config_gateway *gateway = &c->config->gateways[g];
        struct control_look *look = controls_add(c, TRIAL_OF_BYPASS, gateway, "past pasu");

        if (!look)
            return PASU_E_NOMEM;
        if (gateway->inspector.user == NULL) {
            look->state = STATE_UNCONFIGURED;
            SAY(look, "the gateway has no inspector: nobody looks at the server");
        } else {
            try_bypass(c, look, gateway);
        }
    }
    return 0;
}

/* ---- decoys ---- */

static int
try_set(struct controls *c, const struct decoy_set *set)
{
    struct control_try asked = {.number = set->head.number};
    char what[TRIAL_WHAT_SIZE];
    struct control_look *look;
    struct control_trial trial;
    uint64_t token;

    snprintf(what, sizeof(what), "set %" PRIu64, set->head.number);
    look = controls_add(c, TRIAL_OF_DECOY, NULL, what);
    if (!look)
        return PASU_E_NOMEM;
    look->hint = "see pasu decoy list, and restart the guard";
    if (control_begin(c->ask, look, &asked, &token) != 0)
        return 0;
    control_end_look(c->ask, look, token, TEST_WAIT, false, &trial);
    if (trial.error == PASU_E_UNAVAILABLE)
        SAY(look, "cannot be tried: none of its decoys has a number yet; they get one when they "
                  "are shown first");
    else if (look->state == STATE_HELD)
        SAY(look, "a record that names one of its %zu decoys would be an alert", set->count);
    else if (look->state == STATE_FAILED)
        SAY(look, "a record that names one of its %zu decoys would be no alert", set->count);
    return 0;
}

/* By the ledger, not by what the guard remembers of it. */
static int
look_decoys(struct controls *c)
{
    static const struct segment_watch nobody;
    struct decoys *decoys = memory_new(1, sizeof(*decoys));
    struct control_look *look;
    size_t count = 0;
    int result = decoys ? 0 : PASU_E_NOMEM, found = -1;

    if (result == 0 && c->segments >= 0)
        found = decoys_find(decoys, &os_real, c->segments, &c->keys, &nobody);
    for (size_t i = 0; found == 0 && result == 0 && i < decoys->count; i++)
        if (decoys->sets[i].head.retired == 0 && ++count)
            result = try_set(c, &decoys->sets[i]);
    if (result == 0 && count == 0) {
        look = controls_add(c, TRIAL_OF_DECOY, NULL, "decoys");
        result = look ? 0 : PASU_E_NOMEM;
        if (look && found == 0)
            look->state = STATE_UNCONFIGURED;
        if (look)
            SAY(look, "%s",
                found == 0 ? "none are watched (pasu decoy plant)"
                           : "cannot be tried: the ledger cannot be read");
    }
    memory_free(decoys);
    return result;
}

/* ---- all of them ---- */

/* When each was proven before: what is not known is not told. */
static void
look_back(struct controls *c)
{
    struct proven *asked = memory_new(c->count + 1, sizeof(*asked));

    for (size_t i = 0; asked && i < c->count; i++)
        asked[i] = c->items[i].proven;
    if (asked && c->segments >= 0 &&
        proven_find(asked, c->count, &os_real, c->segments, &c->keys) == 0)
        for (size_t i = 0; i < c->count; i++)
            c->items[i].proven.at = asked[i].at;
    memory_free(asked);
}

static void
open_segments(struct controls *c)
{
    int folder;

    c->segments = -1;
    if (ask_keys(c->ask, &c->keys) != 0)
        return;
    folder = open(c->config->ledger.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    c->segments = folder >= 0 ? openat(folder, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (folder >= 0)
        close(folder);
}

static void
proven_text(const struct control_look *look, char text[TIME_SIZE])
{
    if (look->proven.at > 0)
        log_time_text(text, TIME_SIZE, look->proven.at);
    else
        snprintf(text, TIME_SIZE, "never");
}

static void
add_finding(const struct control_look *look, struct findings *findings)
{
    static const enum finding_state states[] = {[STATE_HELD] = FINDING_OK,
                                                [STATE_FAILED] = FINDING_MISSING,
                                                [STATE_UNTRIED] = FINDING_INFO,
                                                [STATE_UNCONFIGURED] = FINDING_INFO};
    char name[TRIAL_WHAT_SIZE + 32], time[TIME_SIZE];

    snprintf(name, sizeof(name), "control %s: %s", control_names[look->proven.control],
             look->proven.what);
    proven_text(look, time);
    if (look->state == STATE_UNCONFIGURED)
        findings_add(findings, look->proven.gateway, name, FINDING_INFO, look->hint,
                     "not configured: %s", look->text);
    else
        findings_add(findings, look->proven.gateway, name,
                     look->is_late ? FINDING_WARNING : states[look->state],
                     look->state == STATE_HELD && !look->is_late ? "" : look->hint,
                     "%s; last proven: %s", look->text, time);
}

static void
add_findings(const struct controls *c, const char *gateway, struct findings *findings)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->items[i].proven.gateway, gateway) == 0)
            add_finding(&c->items[i], findings);
}

static int
add_json(const struct control_look *look, json_t *list)
{
    static const char *const states[] = {[STATE_HELD] = "held",
                                         [STATE_FAILED] = "failed",
                                         [STATE_UNTRIED] = "untried",
                                         [STATE_UNCONFIGURED] = "not configured"};
    char time[TIME_SIZE];
    json_t *one;

    proven_text(look, time);
    one =
        json_pack("{ss so so ss so so}", "control", control_names[look->proven.control], "gateway",
                  json_text(look->proven.gateway), "name", json_text(look->proven.what), "state",
                  states[look->state], "text", json_text(look->text), "proven",
                  look->proven.at > 0 ? json_string(time) : json_null());
    return one != NULL && json_array_append_new(list, one) == 0 ? 0 : PASU_E_NOMEM;
}

int
controls_look(const struct ask *ask, const struct roster *roster, bool answers,
              struct findings *findings, json_t **list)
{
    static int (*const looks[])(struct controls *) = {
        controls_sources, controls_rules, look_leavers, look_budgets,
        look_exits,       look_bypasses,  look_decoys};
    struct controls c = {
        .ask = ask, .config = ask->config, .roster = roster, .bypass_wait = BYPASS_WAIT};
    int result = 0;

    *list = json_array();
    if (*list == NULL)
        return PASU_E_NOMEM;
    if (!answers)
        return 0; /* that is a finding of its own */
    probe_init();
    open_segments(&c);
    for (size_t i = 0; i < COUNT_OF(looks) && result == 0; i++)
        result = looks[i](&c);
    if (result == 0)
        look_back(&c);
    add_findings(&c, "", findings);
    for (size_t g = 0; g < c.config->gateway_count; g++)
        add_findings(&c, c.config->gateways[g].name, findings);
    for (size_t i = 0; i < c.count && result == 0; i++)
        result = add_json(&c.items[i], *list);
    segment_keys_release(&c.keys);
    if (c.segments >= 0)
        close(c.segments);
    memory_free(c.items);
    return result;
}
