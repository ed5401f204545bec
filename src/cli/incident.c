/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/complain.h"
#include "cli/filter_options.h"
#include "cli/incident_board.h"
#include "cli/incident_clocks.h"
#include "cli/incident_view.h"
#include "cli/run.h"

#include <inttypes.h>

/* The moment that --when says; now, if it says none. */
static int
take_when(int64_t *when, const struct arguments *arguments)
{
    const int64_t now = os_realtime(&os_real);
    int status = 0;

    *when = now;
    if (arguments_given(arguments, OPTION_when))
        status = filter_moment(when, arguments, OPTION_when);
    if (status == 0 && *when > now) {
        complain("say when it was", "--when %s has not come yet", arguments->values[OPTION_when]);
        status = 2;
    }
    return status;
}

static int
print_number(const struct arguments *arguments, uint64_t number, const char *done)
{
    struct json_out out = {.file = stdout};

    if (!arguments_given(arguments, OPTION_json)) {
        printf("incident %" PRIu64 ": %s, in the signed ledger\n", number, done);
        return 0;
    }
    json_out_open(&out, '{');
    json_put_count(&out, "incident", number);
    json_out_close(&out, '}');
    json_out_end(&out);
    return 0;
}

/* ---- open ---- */

static int
add_detected(const struct ask *ask, const struct arguments *arguments, uint64_t number,
             int64_t when)
{
    const char *by = arguments->values[OPTION_detected], *how = arguments->values[OPTION_how];
    struct payload_incident body = {.number = number, .what = INCIDENT_DETECTED, .moment = when};

    if (!by && !how)
        return 0;
    snprintf(body.who, sizeof(body.who), "%s", by ? by : "");
    snprintf(body.why, sizeof(body.why), "%s", how ? how : "");
    return incident_add(ask, &body);
}

/* With a legal hold, which is recorded beside it. */
static int
add_hold(const struct ask *ask, const struct arguments *arguments, uint64_t number)
{
    struct payload_incident body = {.number = number, .what = INCIDENT_HELD};
    int result;

    incident_say(&body, arguments);
    result = asked_hold(ask, false, body.who, body.why, &body.about);
    if (result != 0)
        return asked_complain(result, "nothing is held: the ledger");
    if (body.about == 0)
        body.about = hold_newest(ask);
    return incident_add(ask, &body);
}

/* Without a guard, which would have said it. */
static int
newest(const struct ask *ask, uint64_t *number)
{
    struct incidents incidents;
    int status = incident_find(ask, &incidents, UINT64_MAX);

    for (size_t i = 0; status == 0 && i < incidents.count; i++)
        if (incidents.events[i].body.what == INCIDENT_OPENED)
            *number = incidents.events[i].body.number;
    incidents_release(&incidents);
    return status;
}

static bool
is_too_long(const struct arguments *arguments, enum option_id option)
{
    const char *text = arguments->values[option];

    if (!text || strlen(text) < PAYLOAD_TEXT_SIZE)
        return false;
    complain("at most 255 bytes are recorded", "--%s is too long", options[option].name);
    return true;
}

static int
open_incident(const struct ask *ask, const struct arguments *arguments, uint64_t *number)
{
    struct payload_incident body = {.number = UINT64_MAX, .what = INCIDENT_OPENED};
    struct clock_table table = {0};
    size_t started = 0;
    int status = take_when(&body.moment, arguments);

    if (is_too_long(arguments, OPTION_detected) || is_too_long(arguments, OPTION_how))
        status = 2;
    if (status == 0)
        status = incident_clocks_load(&table, ask->config, arguments->values[OPTION_law]);
    if (status == 0) {
        incident_say(&body, arguments);
        status = incident_add(ask, &body);
    }
    if (status == 0 && body.number == UINT64_MAX)
        status = newest(ask, &body.number);
    *number = body.number;
    if (status == 0)
        status = add_detected(ask, arguments, body.number, body.moment);
    if (status == 0)
        status = incident_clocks_start(ask, &table, arguments->values[OPTION_law], NULL,
                                       body.number, false, body.moment, &started);
    if (status == 0)
        status = add_hold(ask, arguments, body.number);
    if (status != 0 && body.number != UINT64_MAX)
        complain("what it lacks is added by: pasu incident clocks, pasu incident hold",
                 "incident %" PRIu64 " is opened, but not all that belongs to it is recorded",
                 body.number);
    clock_table_release(&table);
    return status;
}

static int
run_open(const struct ask *ask, const struct arguments *arguments)
{
    uint64_t number = 0;
    int status = incident_check(arguments);

    if (status == 0)
        status = open_incident(ask, arguments, &number);
    return status == 0
               ? print_number(arguments, number, "opened, its clocks run, the ledger is held")
               : status;
}

/* ---- what is added to one ---- */

static int
hold(const struct ask *ask, const struct arguments *arguments,
     const struct incidents *in PASU_UNUSED, uint64_t number)
{
    int status = add_hold(ask, arguments, number);

    return status == 0 ? print_number(arguments, number, "the ledger is held") : status;
}

/* An event with nothing but who, what, and when. */
static int
say(const struct ask *ask, const struct arguments *arguments, uint64_t number,
    enum incident_what what, uint64_t about, int64_t *when)
{
    struct payload_incident body = {.number = number, .what = (uint8_t)what, .about = about};
    int status = take_when(&body.moment, arguments);

    *when = body.moment;
    if (what == INCIDENT_SIGNED || what == INCIDENT_CLOSED)
        body.moment = 0; /* it is done now, and the record says when */
    incident_say(&body, arguments);
    return status == 0 ? incident_add(ask, &body) : status;
}

static int
tell(const struct ask *ask, const struct arguments *arguments,
     const struct incidents *in PASU_UNUSED, uint64_t number)
{
    int64_t when;
    int status = say(ask, arguments, number, INCIDENT_TOLD, 0, &when);

    return status == 0 ? print_number(arguments, number, "that they were told is recorded")
                       : status;
}

static int
material(const struct ask *ask, const struct arguments *arguments, const struct incidents *in,
         uint64_t number)
{
    const char *law = arguments->values[OPTION_law];
    struct clock_table table = {0};
    size_t started = 0;
    int64_t when;
    int status;

    if (incidents_first(in, number, INCIDENT_CLOSED) ||
        incidents_first(in, number, INCIDENT_MATERIAL)) {
        complain("its deadline runs from the first decision: pasu incident show",
                 "incident %" PRIu64 " is closed, or that was decided already", number);
        return 1;
    }
    status = incident_clocks_load(&table, ask->config, law);

    if (status == 0)
        status = say(ask, arguments, number, INCIDENT_MATERIAL, 0, &when);
    if (status == 0)
        status = incident_clocks_start(ask, &table, law, in, number, true, when, &started);
    clock_table_release(&table);
    return status == 0 ? print_number(arguments, number, "what runs from that decision runs")
                       : status;
}

/* Whether some of these laws run from materiality. */
static bool
has_material(const struct clock_table *table, const char *laws)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->rules[i].is_material && incident_clocks_is_law(laws, table->rules[i].law))
            return true;
    return false;
}

/* Those of the table that it lacks: of a law that open did not name, or that an end of the guard
 * kept from being recorded. */
static int
start_clocks(const struct ask *ask, const struct arguments *arguments, const struct incidents *in,
             uint64_t number)
{
    const struct incident_event *known = incidents_first(in, number, INCIDENT_OPENED);
    const struct incident_event *decided = incidents_first(in, number, INCIDENT_MATERIAL);
    const char *law = arguments->values[OPTION_law];
    struct clock_table table = {0};
    char done[64];
    size_t started = 0;
    int status;

    if (!known || incidents_first(in, number, INCIDENT_CLOSED)) {
        complain("pasu incident show", "incident %" PRIu64 " is closed", number);
        return 1;
    }
    status = incident_clocks_load(&table, ask->config, law);
    if (status == 0)
        status = incident_clocks_start(ask, &table, law, in, number, false, known->body.moment,
                                       &started);
    if (status == 0 && decided)
        status = incident_clocks_start(ask, &table, law, in, number, true, decided->body.moment,
                                       &started);
    if (status == 0 && !decided && has_material(&table, law))
        complain("pasu incident material",
                 "what runs from the decision that it is material does not run yet");
    clock_table_release(&table);
    snprintf(done, sizeof(done), started == 1 ? "%zu more deadline runs" : "%zu more deadlines run",
             started);
    return status == 0 ? print_number(arguments, number, done) : status;
}

static int
set_clock(const struct ask *ask, const struct incident_clock *clock, enum clock_state state)
{
    struct payload_clock body = clock->body;

    body.state = (uint8_t)state;
    return incident_add_clock(ask, &body);
}

static int
meet(const struct ask *ask, const struct arguments *arguments, const struct incidents *in,
     uint64_t number)
{
    const char *name = arguments->operand_count > 2 ? arguments->operands[2] : "";
    const struct incident_clock *clock = incidents_clock(in, number, name);
    int64_t when;
    int status;

    if (!clock || clock->body.state >= CLOCK_MET) {
        complain("pasu incident show names its deadlines", "it has no deadline \"%.64s\" that runs",
                 name);
        return 1;
    }
    status = say(ask, arguments, number, INCIDENT_MET, clock->index, &when);
    if (status == 0)
        status = set_clock(ask, clock, CLOCK_MET);
    return status == 0 ? print_number(arguments, number, "the deadline is met") : status;
}

static int
sign(const struct ask *ask, const struct arguments *arguments, const struct incidents *in,
     uint64_t number)
{
    const char *text = arguments->operand_count > 2 ? arguments->operands[2] : NULL;
    uint64_t record;
    int64_t when;
    int status = incident_number(&record, text, "a record");
    size_t i = 0;

    if (status != 0)
        return status;
    while (i < in->count && in->events[i].index != record)
        i++;
    if (i == in->count) {
        complain("pasu incident show has their numbers",
                 "record %" PRIu64 " is none of incident %" PRIu64, record, number);
        return 1;
    }
    status = say(ask, arguments, number, INCIDENT_SIGNED, record, &when);
    return status == 0 ? print_number(arguments, number, "it is signed for") : status;
}

static int
close_incident(const struct ask *ask, const struct arguments *arguments, const struct incidents *in,
               uint64_t number)
{
    int64_t when;
    int status;

    if (incidents_first(in, number, INCIDENT_CLOSED)) {
        complain("it stays as it is", "incident %" PRIu64 " is closed already", number);
        return 1;
    }
    status = say(ask, arguments, number, INCIDENT_CLOSED, 0, &when);
    for (size_t c = 0; c < in->clock_count && status == 0; c++)
        if (in->clocks[c].body.number == number && in->clocks[c].body.state < CLOCK_MET)
            status = set_clock(ask, &in->clocks[c], CLOCK_ENDED);
    return status == 0
               ? print_number(arguments, number, "closed; its hold stays until pasu hold release")
               : status;
}

/* ---- what is shown ---- */

static int
list(const struct ask *ask, const struct arguments *arguments)
{
    struct incidents incidents;
    int status;

    asked_record(ask, arguments, NULL);
    status = incident_find(ask, &incidents, UINT64_MAX);
    if (status == 0)
        incident_view_list(stdout, &incidents, os_realtime(&os_real),
                           arguments_given(arguments, OPTION_json));
    incidents_release(&incidents);
    return status;
}

static int
show(const struct ask *ask, const struct arguments *arguments, const struct incidents *in,
     uint64_t number)
{
    int64_t now = os_realtime(&os_real);

    asked_record(ask, arguments, NULL);
    if (arguments_given(arguments, OPTION_json))
        incident_view_json(stdout, in, number, now);
    else
        incident_view(stdout, in, number, now);
    return 0;
}

static int
board(const struct ask *ask, const struct arguments *arguments, const struct incidents *in,
      uint64_t number)
{
    const char *html = arguments->values[OPTION_html], *pdf = arguments->values[OPTION_pdf];
    int64_t now = os_realtime(&os_real);
    int status = 0;

    asked_record(ask, arguments, NULL);
    incident_board(stdout, in, number, now);
    if (html)
        status = incident_board_save(html, in, number, now);
    if (status == 0 && pdf)
        status = incident_board_pdf(pdf, in, number, now);
    return status;
}

/* ---- which of them ---- */

static const struct {
    const char *name;
    size_t operands; /* with the action */
    bool has_reason; /* --who and --why */
    int (*act)(const struct ask *ask, const struct arguments *arguments,
               const struct incidents *incidents, uint64_t number);
} actions[] = {{"show", 2, false, show},  {"clocks", 2, false, start_clocks},
               {"hold", 2, true, hold},   {"material", 2, true, material},
               {"met", 3, true, meet},    {"told", 2, true, tell},
               {"sign", 3, true, sign},   {"close", 2, true, close_incident},
               {"board", 2, false, board}};

static int
act_on(const struct ask *ask, const struct arguments *arguments, size_t action)
{
    struct incidents incidents = {0};
    uint64_t number;
    int status = incident_number(&number, arguments->operands[1], "an incident");

    if (status == 0 && actions[action].has_reason)
        status = incident_check(arguments);
    if (status == 0)
        status = incident_find(ask, &incidents, number);
    if (status == 0)
        status = actions[action].act(ask, arguments, &incidents, number);
    incidents_release(&incidents);
    return status;
}

static int
complain_count(const char *action, size_t count)
{
    complain("pasu help incident", "incident %s takes %zu operand%s more", action, count - 1,
             count == 2 ? "" : "s");
    return 2;
}

static int
run_with(const struct arguments *arguments, const char *name)
{
    struct ask ask;
    size_t action = 0;
    int status = ask_init(&ask, arguments);

    while (action < COUNT_OF(actions) && strcmp(actions[action].name, name) != 0)
        action++;
    if (status == 0 && strcmp(name, "list") == 0)
        status = list(&ask, arguments);
    else if (status == 0 && strcmp(name, "open") == 0)
        status = run_open(&ask, arguments);
    else if (status == 0 && arguments->operand_count != actions[action].operands)
        status = complain_count(name, actions[action].operands);
    else if (status == 0)
        status = act_on(&ask, arguments, action);
    ask_release(&ask);
    return status;
}

static bool
is_action(const char *name)
{
    const char *const *known = command_incident_actions;

    while (*known && strcmp(*known, name) != 0)
        known++;
    return *known != NULL;
}

/* Whether something is given that only a scope asks for. */
static bool
is_question(const struct arguments *arguments)
{
    for (int option = OPTION_principal; option <= OPTION_to; option++)
        if (arguments->values[option])
            return true;
    return false;
}

int
run_incident(const struct arguments *arguments)
{
    const char *name = arguments->operand_count > 0 ? arguments->operands[0] : "list";
    size_t count = arguments->operand_count;
    int status;

    if (is_question(arguments) && strcmp(name, "scope") != 0) {
        complain("pasu incident scope asks them", "incident %.16s takes no filter", name);
        status = 2;
    } else if (!is_action(name)) {
        complain("pasu help incident names what there is", "incident cannot \"%.64s\"", name);
        status = 2;
    } else if ((strcmp(name, "list") == 0 || strcmp(name, "open") == 0) && count > 1) {
        status = complain_count(name, 1);
    } else if (strcmp(name, "scope") == 0) {
        status = count == 2 ? incident_scope(arguments) : complain_count(name, 2);
    } else if (strcmp(name, "diff") == 0) {
        status = count >= 2 ? incident_diff(arguments) : complain_count(name, 2);
    } else {
        status = run_with(arguments, name);
    }
    return output_end(status);
}
