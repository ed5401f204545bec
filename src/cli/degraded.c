/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/degraded.h"

#include "base/error.h"
#include "cli/json_text.h"

#include <stdio.h>
#include <string.h>

#define UNSIGNED "cannot be signed"

enum { SENTENCE_SIZE = 768, MODES_SIZE = 384 };

#define REPLACED "; one that stands still is ended 30 s after its last answer, and replaced"

/* What it means that one of them does not do its work; NULL: whoever may connect decides, see
 * unrecorded(). */
static const struct part {
    const char *name, *traffic, *hint;
    const char *called; /* NULL: "the", and its name */
} parts[] = {
    {"gate",
     "sessions stand still, and nobody gets in: nothing is shown meanwhile" REPLACED
     ", and its sessions end",
     "see the guard's log: process_stuck, process_died"},
    {"worker",
     "its sessions stand still: nothing is shown to them meanwhile; those of other workers go on, "
     "and who comes is given to another; pasu sessions and pasu kill have no answer. It is not "
     "replaced by itself",
     "see the guard's log (worker_stuck); where it does not go on, end the process of the gate: "
     "it is replaced, and all sessions end",
     "a worker of the gate"},
    {"keeper", NULL, "see the guard's log: process_stuck, process_died, reading"},
    {"ledger", NULL,
     "see the guard's log (ledger_failed), and the space and rights of ledger.directory"},
    {"supervisor",
     "sessions go on, but what dies is not replaced, and no change of roster, country table or "
     "configuration arrives",
     "end or continue the process; the service manager starts pasu anew when it ends"},
    {"herald",
     "sessions go on; alerts, checkpoints and metrics do not leave this machine until it is back, "
     "then all of them do" REPLACED,
     "see the guard's log: process_stuck, process_died"},
    {"watcher",
     "sessions go on, rules and budgets hold; detectors judge what is recorded meanwhile when "
     "it is back" REPLACED,
     "see the guard's log: process_stuck, process_died"},
    {"indexer", "sessions go on; questions are answered from the ledger itself, slower" REPLACED,
     "see the guard's log: process_stuck, process_died, index_failed"},
    {"registrar",
     "sessions go on; who joins or leaves by SCIM is not heard of until it is back" REPLACED,
     "see the guard's log: process_stuck, process_died"},
    {"console", "sessions go on; the page for persons does not answer" REPLACED,
     "see the guard's log: process_stuck, process_died"},
    {"clerk", "sessions go on; the page for persons does not answer" REPLACED,
     "see the guard's log: process_stuck, process_died"},
};

static const struct part *
part_of(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (strcmp(parts[i].name, name) == 0)
            return &parts[i];
    return NULL;
}

/* "are refused", "pass unrecorded", or who does which; of all gateways. */
static void
modes_text(char text[MODES_SIZE], const struct config *config)
{
    static const char *const kinds[] = {"human", "service", "admin", "unknown"};
    char open[MODES_SIZE / 2] = "", closed[MODES_SIZE / 2] = "";

    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        bool is_open = false, is_closed = false;

        for (size_t g = 0; g < config->gateway_count; g++) {
            const struct config_gateway *gateway = &config->gateways[g];
            const enum failure_mode own[] = {
                gateway->on_failure_for.human, gateway->on_failure_for.service,
                gateway->on_failure_for.admin, gateway->on_failure_for.unknown};
            enum failure_mode mode = own[k] != FAILURE_UNSET ? own[k] : gateway->on_failure;

            is_open |= mode == FAILURE_OPEN;
            is_closed |= mode != FAILURE_OPEN;
        }
        if (is_open)
            snprintf(open + strlen(open), sizeof(open) - strlen(open), "%s%s", open[0] ? ", " : "",
                     kinds[k]);
        if (is_closed)
            snprintf(closed + strlen(closed), sizeof(closed) - strlen(closed), "%s%s",
                     closed[0] ? ", " : "", kinds[k]);
    }
    if (open[0] == '\0')
        snprintf(text, MODES_SIZE, "are refused (SQLSTATE 58030)");
    else if (closed[0] == '\0')
        snprintf(text, MODES_SIZE, "pass unrecorded");
    else
        snprintf(text, MODES_SIZE, "are refused (SQLSTATE 58030: %s) or pass unrecorded (%s)",
                 closed, open);
}

/* While nobody records. */
static void
unrecorded(char text[SENTENCE_SIZE], const struct config *config)
{
    char modes[MODES_SIZE];

    modes_text(modes, config);
    snprintf(text, SENTENCE_SIZE,
             "on_failure decides: new sessions %s; standing ones go on while their ring has room "
             "(4 MiB a worker), which loses nothing, and where a record must be on the disk first "
             "they wait, at most 5 s",
             modes);
}

static int
add(json_t *list, const struct config *config, const char *name, const char *state,
    const json_t *since, const char *error)
{
    const struct part *part = part_of(name);
    char text[256], traffic[SENTENCE_SIZE];
    json_t *one;

    if (strcmp(state, UNSIGNED) == 0)
        snprintf(
            traffic, sizeof(traffic),
            "sessions go on, and are recorded as long as the ledger's segment has room; what is "
            "recorded meanwhile is signed afterwards, and nothing proves until then that "
            "nobody has changed it");
    else if (part == NULL || part->traffic == NULL)
        unrecorded(traffic, config);
    else
        snprintf(traffic, sizeof(traffic), "%s", part->traffic);
    if (part != NULL && part->called != NULL)
        snprintf(text, sizeof(text), "%s %s", part->called, state);
    else
        snprintf(text, sizeof(text), "the %s %s", name, state);
    one = json_pack("{so ss sO? ss* so so ss}", "what", json_text(name), "state", state, "since",
                    since, "error", error, "text", json_text(text), "traffic", json_text(traffic),
                    "hint", part != NULL ? part->hint : "see the guard's log");
    return one != NULL && json_array_append_new(list, one) == 0 ? 0 : PASU_E_NOMEM;
}

static int
add_process(json_t *list, const struct config *config, const json_t *process, bool has_keeper,
            bool has_gate)
{
    const char *name = json_string_value(json_object_get(process, "name"));
    const char *state = json_string_value(json_object_get(process, "state"));
    const json_t *silent = json_object_get(process, "silent");
    bool is_gate = name != NULL && strcmp(name, "gate") == 0;

    if (name == NULL || state == NULL)
        return 0;
    if (is_gate && has_gate)
        return 0;
    if (is_gate && strcmp(state, "serving") == 0) /* it was not asked where there is no keeper */
        return has_keeper ? add(list, config, name, "does not answer", NULL, NULL) : 0;
    if (strcmp(state, "silent") == 0)
        return add(list, config, name, "does not answer", silent, NULL);
    if (strcmp(state, "starting") == 0)
        return add(list, config, name, "starts, and reads the ledger first",
                   json_object_get(process, "since"), NULL);
    /* Others end when they have nothing to do. */
    if (strcmp(state, "away") == 0 && (is_gate || strcmp(name, "keeper") == 0))
        return add(list, config, name, "is not running", json_object_get(process, "since"), NULL);
    return 0;
}

/* Which of its workers the gate misses. */
static int
add_still(json_t *list, const struct config *config, const json_t *status)
{
    const json_t *still = json_object_get(status, "still"), *numbers, *number;
    char which[SENTENCE_SIZE] = "number";
    size_t i;

    if (still == NULL)
        return 0;
    numbers = json_object_get(still, "workers");
    json_array_foreach(numbers, i, number)
    {
        size_t length = strlen(which);

        snprintf(which + length, sizeof(which) - length, "%s %" JSON_INTEGER_FORMAT,
                 i == 0 ? "" : ",", json_integer_value(number));
    }
    i = strlen(which);
    snprintf(which + i, sizeof(which) - i, " of %" JSON_INTEGER_FORMAT " from 0",
             json_integer_value(json_object_get(status, "workers")));
    return add(list, config, "worker", "stands still", json_object_get(still, "since"), which);
}

static bool
serves(const json_t *status, const char *name)
{
    const json_t *process;
    size_t i;

    json_array_foreach(json_object_get(status, "processes"), i, process)
    {
        const char *one = json_string_value(json_object_get(process, "name"));
        const char *state = json_string_value(json_object_get(process, "state"));

        if (one != NULL && state != NULL && strcmp(one, name) == 0)
            return strcmp(state, "serving") == 0;
    }
    return false;
}

int
degraded_add(json_t *status, const struct config *config, bool has_gate)
{
    const json_t *ledger = json_object_get(status, "ledger"), *process;
    json_t *list = json_array();
    int result = list != NULL ? 0 : PASU_E_NOMEM;
    size_t i;

    json_array_foreach(json_object_get(status, "processes"), i, process)
    {
        if (result == 0)
            result = add_process(list, config, process, serves(status, "keeper"), has_gate);
    }
    if (result == 0)
        result = add_still(list, config, status);
    if (result == 0 && ledger != NULL)
        result = add(
            list, config, "ledger",
            json_is_true(json_object_get(ledger, "recorded")) ? UNSIGNED : "cannot be written",
            json_object_get(ledger, "since"), json_string_value(json_object_get(ledger, "error")));
    if (result == 0)
        return json_object_set_new(status, "degraded", list) == 0 ? 0 : PASU_E_NOMEM;
    json_decref(list);
    return result;
}

bool
degraded_is_felt(const json_t *status)
{
    const json_t *one;
    size_t i;

    json_array_foreach(json_object_get(status, "degraded"), i, one)
    {
        const char *what = json_string_value(json_object_get(one, "what"));

        if (what != NULL && (strcmp(what, "gate") == 0 || strcmp(what, "keeper") == 0 ||
                             strcmp(what, "worker") == 0 || strcmp(what, "ledger") == 0))
            return true;
    }
    return false;
}
