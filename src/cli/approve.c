/* SPDX-License-Identifier: Apache-2.0 */
/* pasu approve and pasu deny: what waits for a second person (ledger/approvals.h). */
#include "base/log.h"
#include "cli/ask.h"
#include "cli/complain.h"
#include "cli/json_out.h"
#include "cli/run.h"
#include "cli/text.h"
#include "ledger/control_client.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { LINE_SIZE = 4 * REQUEST_SQL_SIZE, MOMENT_SIZE = 40 };

static const char *
word_of(uint32_t decision)
{
    switch (decision) {
    case 0:
        return "waits";
    case DECISION_APPROVED:
        return "approved";
    case DECISION_DENIED:
        return "denied";
    default:
        return "over"; /* its time, its client or its session */
    }
}

/* ---- what the keeper says ---- */

struct taking {
    bool is_list, is_json;
    struct control_waiting last;
    size_t count;
};

static void
end_texts(struct control_waiting *w)
{
    struct message_request *r = &w->request;

    r->principal[sizeof(r->principal) - 1] = r->actor[sizeof(r->actor) - 1] = '\0';
    r->purpose[sizeof(r->purpose) - 1] = r->address[sizeof(r->address) - 1] = '\0';
    r->claimed[sizeof(r->claimed) - 1] = '\0';
    r->person[sizeof(r->person) - 1] = r->rule[sizeof(r->rule) - 1] = '\0';
    r->fields[sizeof(r->fields) - 1] = r->sql[sizeof(r->sql) - 1] = '\0';
    w->who[sizeof(w->who) - 1] = '\0';
}

static void
put_fields(struct json_out *out, const char *fields)
{
    char one[ALERT_TEXT_SIZE];

    json_put_open(out, "fields", '[');
    for (size_t n; *fields; fields += n + (fields[n] == ',')) {
        n = strcspn(fields, ",");
        snprintf(one, sizeof(one), "%.*s", (int)n, fields);
        json_out_text(out, one);
    }
    json_out_close(out, ']');
}

/* As pasu ledger export has it. */
static void
put_places(struct json_out *out, const struct message_request *r)
{
    json_put_open(out, "source", '{');
    json_put_text(out, "address", r->address);
    json_out_close(out, '}');
    if (r->claimed[0] == '\0') {
        json_put_text(out, "claimed_source", NULL);
        return;
    }
    json_put_open(out, "claimed_source", '{');
    json_put_text(out, "address", strcmp(r->claimed, "?") != 0 ? r->claimed : NULL);
    json_out_key(out, "signed");
    json_out_bool(out, r->is_signed != 0);
    json_out_close(out, '}');
}

static void
print_json(const struct control_waiting *w)
{
    const struct message_request *r = &w->request;
    struct json_out out = {.file = stdout};

    json_out_open(&out, '{');
    json_put_count(&out, "request", r->number);
    json_put_text(&out, "state", word_of(r->decision));
    json_put_text(&out, "by", w->who[0] ? w->who : NULL);
    json_put_text(&out, "principal", r->principal);
    json_put_text(&out, "actor", r->actor[0] ? r->actor : NULL);
    json_put_text(&out, "owner", r->person[0] ? r->person : NULL);
    json_put_text(&out, "purpose", r->purpose[0] ? r->purpose : NULL);
    put_places(&out, r);
    json_put_hex(&out, "session", r->session);
    json_put_text(&out, "rule", r->rule);
    put_fields(&out, r->fields);
    json_put_text(&out, "sql", r->sql);
    json_put_time(&out, "since", r->since);
    json_put_time(&out, "until", r->until);
    json_out_close(&out, '}');
    json_out_end(&out);
}

static void
print_places(const struct message_request *r)
{
    char address[LINE_SIZE], claimed[LINE_SIZE];

    text_escape(address, sizeof(address), view_of_text(r->address));
    text_escape(claimed, sizeof(claimed), view_of_text(r->claimed));
    printf("    from: %s", address);
    if (strcmp(claimed, "?") == 0)
        fputs("; of its user it says no address", stdout);
    else if (claimed[0])
        printf("; its user at %s, %s", claimed, r->is_signed ? "signed" : "not signed");
    putchar('\n');
}

static void
print_text(const struct control_waiting *w)
{
    const struct message_request *r = &w->request;
    char until[MOMENT_SIZE], principal[LINE_SIZE], actor[LINE_SIZE], rule[LINE_SIZE],
        purpose[LINE_SIZE], sql[LINE_SIZE];

    log_time_text(until, sizeof(until), r->until);
    text_escape(principal, sizeof(principal), view_of_text(r->principal));
    text_escape(actor, sizeof(actor), view_of_text(r->actor));
    text_escape(rule, sizeof(rule), view_of_text(r->rule));
    text_escape(purpose, sizeof(purpose), view_of_text(r->purpose));
    text_escape(sql, sizeof(sql), view_of_text(r->sql));
    printf("request %" PRIu64 " of %s%s%s, until %s, by %s\n", r->number, principal,
           actor[0] ? " for " : "", actor, until, rule);
    print_places(r);
    printf("    purpose: %s\n    fields: %s\n    %s\n", purpose[0] ? purpose : "none",
           r->fields[0] ? r->fields : "none", sql);
}

static int
take(void *arg, uint32_t type, const void *body, size_t length)
{
    struct taking *taking = arg;

    if (type != CONTROL_REQUEST || length != sizeof(taking->last))
        return PASU_E_PROTOCOL;
    memcpy(&taking->last, body, sizeof(taking->last));
    end_texts(&taking->last);
    taking->count++;
    if (taking->is_list && taking->is_json)
        print_json(&taking->last);
    else if (taking->is_list)
        print_text(&taking->last);
    return 0;
}

/* ---- list ---- */

static int
list(const struct ask *ask, bool is_json)
{
    struct control_request request = {
        .magic = CONTROL_MAGIC, .version = CONTROL_VERSION, .verb = CONTROL_WAITING};
    struct taking taking = {.is_list = true, .is_json = is_json};
    uint64_t count;
    int result = control_ask(ask->path, &request, take, &taking, &count);

    if (result != 0)
        return ask_complain(ask, result);
    if (taking.count == 0 && !is_json)
        puts("nothing waits to be approved");
    return 0;
}

/* ---- decide ---- */

/* Somebody else, or something else, was first. */
static void
complain_decided(const struct taking *taking, uint64_t number)
{
    const struct control_waiting *w = &taking->last;
    char who[LINE_SIZE];

    text_escape(who, sizeof(who), view_of_text(w->who));
    if (taking->count > 0 && w->who[0])
        complain(error_hint(PASU_E_DECIDED), "request %" PRIu64 " is %s already, by %s", number,
                 word_of(w->request.decision), who);
    else
        complain(error_hint(PASU_E_DECIDED),
                 "request %" PRIu64 " is over: its time, or its client has left", number);
}

static int
complain_result(const struct ask *ask, const struct taking *taking, uint64_t number, int result)
{
    switch (result) {
    case PASU_E_DECIDED:
        complain_decided(taking, number);
        return 1;
    case PASU_E_NOTFOUND:
        complain(error_hint(PASU_E_DECIDED), "no request %" PRIu64 " waits", number);
        return 1;
    case PASU_E_APPROVAL_OWN:
        complain(error_hint(result), "%s", error_text(result));
        return 1;
    case PASU_E_LEFT:
        complain("correct the roster if that is wrong; that it was tried is recorded",
                 "by the roster the person of this account has left");
        return 1;
    default:
        return ask_complain(ask, result);
    }
}

static int
decide(const struct ask *ask, enum control_verb verb, uint64_t number, const char *reason,
       bool is_json)
{
    struct control_request request = {.magic = CONTROL_MAGIC,
                                      .version = CONTROL_VERSION,
                                      .verb = (uint32_t)verb,
                                      .number = number};
    struct taking taking = {.is_list = false};
    uint64_t count;
    int result;

    snprintf(request.what, sizeof(request.what), "%s", reason);
    result = control_ask(ask->path, &request, take, &taking, &count);
    if (result == 0 && taking.count == 0)
        result = PASU_E_PROTOCOL;
    if (result != 0)
        return complain_result(ask, &taking, number, result);
    if (is_json)
        print_json(&taking.last);
    else
        printf("request %" PRIu64 " is %s: that is in the ledger\n", number,
               word_of(taking.last.request.decision));
    return 0;
}

/* ---- */

static bool
parse_number(const struct arguments *arguments, uint64_t *number)
{
    const char *text = arguments->operands[0];
    char *end;

    errno = 0;
    *number = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *number > 0)
        return true;
    complain("it is a number: pasu approve -c FILE lists them", "\"%.64s\" is no request", text);
    return false;
}

static bool
is_well(const struct arguments *arguments, uint64_t *number)
{
    const char *reason = arguments->values[OPTION_reason];

    if (arguments->operand_count == 0) {
        if (reason != NULL)
            complain("pasu approve -c FILE lists them", "say which request the reason is of");
        return reason == NULL;
    }
    if (reason == NULL || *reason == '\0')
        complain("it is recorded for good", "say why (--reason TEXT)");
    else if (strlen(reason) >= CONTROL_TEXT_SIZE)
        complain("at most 255 bytes are recorded", "--reason is too long");
    else
        return parse_number(arguments, number);
    return false;
}

static int
run(const struct arguments *arguments, enum control_verb verb)
{
    bool is_json = arguments_given(arguments, OPTION_json);
    uint64_t number = 0;
    struct ask ask;
    int status;

    if (!is_well(arguments, &number))
        return output_end(2);
    status = ask_init(&ask, arguments);
    if (status == 0)
        status = number == 0
                     ? list(&ask, is_json)
                     : decide(&ask, verb, number, arguments->values[OPTION_reason], is_json);
    ask_release(&ask);
    return output_end(status);
}

int
run_approve(const struct arguments *arguments)
{
    return run(arguments, CONTROL_APPROVE);
}

int
run_deny(const struct arguments *arguments)
{
    return run(arguments, CONTROL_DENY);
}
