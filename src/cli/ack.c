/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "base/memory.h"
#include "cli/asked.h"
#include "cli/complain.h"
#include "cli/json_out.h"
#include "cli/run.h"
#include "cli/text.h"
#include "exposure/exposure.h"
#include "ledger/alerts.h"
#include "ledger/control_protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum { LINE_SIZE = 4 * CONTROL_TEXT_SIZE, MOMENT_SIZE = 40, THOUSAND = 1000 };

/* ---- the ledger ---- */

/* 0, or the exit status, after a complaint. Release them then. */
static int
find_alerts(const struct ask *ask, struct alerts *alerts)
{
    const char *path = ask->config->ledger.directory;
    struct segment_keys keys;
    int folder, segments, result, status = ask_keys(ask, &keys);

    if (status != 0)
        return status;
    folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    segments = folder >= 0 ? openat(folder, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    result = segments >= 0     ? alerts_find(alerts, &os_real, segments, &keys)
             : errno == ENOENT ? PASU_E_NOTFOUND
                               : error_from_errno(errno);
    segment_keys_release(&keys);
    if (segments >= 0)
        close(segments);
    if (folder >= 0)
        close(folder);
    if (result != 0)
        return complain_ledger(result, path);
    if (alerts->is_damaged)
        complain("pasu ledger verify says where",
                 "some records are damaged: alerts may be missing");
    return 0;
}

/* ---- list ---- */

static void
print_raised_json(struct json_out *out, const struct message_alert *raised)
{
    json_put_text(out, "control", alert_control_text(raised->control));
    json_put_text(out, "verdict", exposure_verdict_text((enum verdict)raised->verdict));
    json_put_text(out, "principal", raised->principal[0] != '\0' ? raised->principal : NULL);
    json_put_hex(out, "session", raised->session);
    json_put_count(out, "count", raised->count);
    json_put_time(out, "since", raised->since);
    json_put_count(out, "rows", raised->rows);
    json_put_count(out, "subjects", raised->subjects);
}

/* Names in a list with a comma between, as texts of an array. */
static void
print_list_json(struct json_out *out, const char *name, const char *list)
{
    char one[FINDING_LIST_SIZE];

    json_put_open(out, name, '[');
    for (const char *end; *list != '\0'; list = *end != '\0' ? end + 2 : end) {
        end = strstr(list, ", ");
        end = end != NULL ? end : list + strlen(list);
        snprintf(one, sizeof(one), "%.*s", (int)(end - list), list);
        json_out_text(out, one);
    }
    json_out_close(out, ']');
}

static void
print_finding_json(struct json_out *out, const struct message_finding *f)
{
    json_put_open(out, "finding", '{');
    json_put_text(out, "detector", f->detector);
    print_list_json(out, "principals", f->who);
    json_put_count(out, "together", f->together);
    json_put_open(out, "subjects", '{');
    json_put_count(out, "at_least", f->at_least);
    json_put_count(out, "at_most", f->at_most);
    json_put_count(out, "about", f->about);
    json_out_close(out, '}');
    print_list_json(out, "fields", f->fields);
    json_put_count(out, "reads", f->reads);
    json_put_count(out, "misses", f->misses);
    json_put_time(out, "first", f->first);
    json_put_time(out, "last", f->last);
    json_out_key(out, "statistic");
    json_out_number(out, (double)f->statistic / THOUSAND);
    json_out_key(out, "log10_e");
    json_out_number(out, (double)f->strength / THOUSAND);
    json_put_text(out, "why", f->why);
    json_put_open(out, "evidence", '[');
    for (size_t i = 0; i < f->evidence_count; i++)
        json_out_count(out, f->evidence[i]);
    json_out_close(out, ']');
    json_out_close(out, '}');
}

static void
print_alert_json(const struct alert *alert)
{
    struct json_out out = {.file = stdout};

    json_out_open(&out, '{');
    json_put_count(&out, "alert", alert->index);
    json_put_time(&out, "time", alert->time);
    json_put_count(&out, "severity", alert->severity);
    json_put_text(&out, "rule", alert->rule);
    json_put_text(&out, "text", alert->text);
    json_put_count(&out, "about", alert->about);
    if (alert->raised)
        print_raised_json(&out, alert->raised);
    if (alert->finding)
        print_finding_json(&out, alert->finding);
    json_put_count(&out, "step", alert->step);
    if (!alert->by) {
        json_put_text(&out, "acknowledged", NULL);
    } else {
        json_put_open(&out, "acknowledged", '{');
        json_put_count(&out, "uid", alert->by->uid);
        json_put_text(&out, "who", alert->by->who);
        json_put_text(&out, "why", alert->by->why);
        json_put_time(&out, "time", alert->by->time);
        json_out_close(&out, '}');
    }
    json_out_close(&out, '}');
    json_out_end(&out);
}

/* What its number is one of. */
static const char *
about_what(const struct alert *alert)
{
    if (alert->raised)
        return "record";
    return strcmp(alert->rule, "hold") == 0       ? "hold"
           : strcmp(alert->rule, "deadline") == 0 ? "incident"
                                                  : "record";
}

static void
print_finding(const struct message_finding *f)
{
    char who[LINE_SIZE], fields[LINE_SIZE], why[LINE_SIZE], first[MOMENT_SIZE], last[MOMENT_SIZE];

    text_escape(who, sizeof(who), view_of_text(f->who));
    text_escape(fields, sizeof(fields), view_of_text(f->fields));
    text_escape(why, sizeof(why), view_of_text(f->why));
    log_time_text(first, sizeof(first), f->first);
    log_time_text(last, sizeof(last), f->last);
    printf("    %s: %s\n", who, why);
    printf("    since %s, last %s: %" PRIu64 " to %" PRIu64 " persons (about %" PRIu64
           "), fields: %s; asked for in vain: %" PRIu64 "\n",
           first, last, f->at_least, f->at_most, f->about, fields, f->misses);
    printf("    evidence: records");
    for (size_t i = 0; i < f->evidence_count; i++)
        printf("%s %" PRIu64, i > 0 ? "," : "", f->evidence[i]);
    putchar('\n');
}

/* Those of the configuration begin with what they are. */
static bool
says_what(const char *rule)
{
    return strncmp(rule, "rule ", strlen("rule ")) == 0 ||
           strncmp(rule, "budget ", strlen("budget ")) == 0;
}

static void
print_alert(const struct alert *alert)
{
    char rule[LINE_SIZE], text[LINE_SIZE], who[LINE_SIZE], why[LINE_SIZE], time[MOMENT_SIZE];

    text_escape(rule, sizeof(rule), view_of_text(alert->rule));
    text_escape(text, sizeof(text), view_of_text(alert->text));
    log_time_text(time, sizeof(time), alert->time);
    printf("alert %" PRIu64 " of %s, severity %d, %s%s, about %s %" PRIu64 ": %s\n", alert->index,
           time, alert->severity, says_what(rule) ? "" : "rule ", rule, about_what(alert),
           alert->about, text);
    if (alert->raised && alert->raised->count > 1)
        printf("    %" PRIu64 " times\n", alert->raised->count);
    if (alert->finding)
        print_finding(alert->finding);
    if (!alert->by)
        return;
    text_escape(who, sizeof(who), view_of_text(alert->by->who));
    text_escape(why, sizeof(why), view_of_text(alert->by->why));
    log_time_text(time, sizeof(time), alert->by->time);
    printf("    acknowledged %s by %s (uid %" PRIu32 "): %s\n", time, who, alert->by->uid, why);
}

static int
list(const struct alerts *alerts, bool is_all, bool is_json)
{
    size_t count = 0;

    for (size_t i = 0; i < alerts->count; i++) {
        if (alerts->items[i].by && !is_all)
            continue;
        count++;
        if (is_json)
            print_alert_json(&alerts->items[i]);
        else
            print_alert(&alerts->items[i]);
    }
    if (count == 0 && !is_json)
        puts(is_all ? "no alert" : "no alert that nobody has acknowledged");
    return alerts->is_damaged ? 2 : 0;
}

/* ---- acknowledge ---- */

static bool
is_well(const struct arguments *arguments)
{
    const char *who = arguments->values[OPTION_who], *why = arguments->values[OPTION_why];

    if (arguments->operand_count == 0 && who == NULL && why == NULL)
        return true; /* the list */
    if (arguments->operand_count == 0)
        complain("pasu ack -c FILE lists them", "say which alert is acknowledged");
    else if (who == NULL || why == NULL || *who == '\0' || *why == '\0')
        complain("both are recorded for good", "say who has looked at it (--who) and why it is "
                                               "settled (--why)");
    else if (strlen(who) >= CONTROL_TEXT_SIZE || strlen(why) >= CONTROL_TEXT_SIZE)
        complain("at most 255 bytes are recorded", "--who or --why is too long");
    else if (arguments_given(arguments, OPTION_all))
        complain("say them one by one", "--all is for the list");
    else
        return true;
    return false;
}

static bool
parse_numbers(const struct arguments *arguments, uint64_t *numbers)
{
    for (size_t i = 0; i < arguments->operand_count; i++) {
        const char *text = arguments->operands[i];
        char *end;

        errno = 0;
        numbers[i] = strtoull(text, &end, 10);
        if (*text < '0' || *text > '9' || *end != '\0' || errno != 0) {
            complain("it is a number: pasu ack -c FILE lists them", "\"%.64s\" is no alert", text);
            return false;
        }
        for (size_t k = 0; k < i; k++)
            if (numbers[k] == numbers[i]) {
                complain("once is enough", "alert %" PRIu64 " is named twice", numbers[i]);
                return false;
            }
    }
    return true;
}

/* The exit status. */
static int
complain_alert(int result, uint64_t number)
{
    if (result == PASU_E_NOTFOUND)
        complain("pasu ack -c FILE lists those that there are", "there is no alert %" PRIu64,
                 number);
    else if (result == PASU_E_ACKNOWLEDGED)
        complain(error_hint(result), "alert %" PRIu64 " is acknowledged already", number);
    else
        return asked_complain(result, "the ledger");
    return 1;
}

/* All of them, before any is acknowledged. 0, or the exit status. */
static int
check_all(const struct alerts *alerts, const uint64_t *numbers, size_t count)
{
    int status = 0;

    for (size_t i = 0; i < count; i++) {
        const struct alert *alert = alerts_get(alerts, numbers[i]);

        if (!alert || alert->by)
            status = complain_alert(alert ? PASU_E_ACKNOWLEDGED : PASU_E_NOTFOUND, numbers[i]);
    }
    return status;
}

static void
print_done(uint64_t number, bool is_json)
{
    struct json_out out = {.file = stdout};

    if (!is_json) {
        printf("alert %" PRIu64 " is acknowledged: that is in the signed ledger\n", number);
        return;
    }
    json_out_open(&out, '{');
    json_put_count(&out, "alert", number);
    json_out_close(&out, '}');
    json_out_end(&out);
}

static int
acknowledge(const struct ask *ask, const struct arguments *arguments, const struct alerts *alerts,
            const uint64_t *numbers)
{
    int status = check_all(alerts, numbers, arguments->operand_count);

    for (size_t i = 0; i < arguments->operand_count && status == 0; i++) {
        int result =
            asked_acknowledge(ask, numbers[i], alerts->looked, arguments->values[OPTION_who],
                              arguments->values[OPTION_why]);

        if (result != 0)
            status = complain_alert(result, numbers[i]);
        else
            print_done(numbers[i], arguments_given(arguments, OPTION_json));
    }
    return status;
}

/* ---- */

static int
run(const struct ask *ask, const struct arguments *arguments, const uint64_t *numbers)
{
    struct alerts alerts = {0};
    int status;

    if (arguments->operand_count == 0)
        asked_record(ask, arguments, NULL);
    status = find_alerts(ask, &alerts);
    if (status == 0 && arguments->operand_count == 0)
        status = list(&alerts, arguments_given(arguments, OPTION_all),
                      arguments_given(arguments, OPTION_json));
    else if (status == 0)
        status = acknowledge(ask, arguments, &alerts, numbers);
    alerts_release(&alerts);
    return status;
}

int
run_ack(const struct arguments *arguments)
{
    uint64_t *numbers = memory_new(arguments->operand_count + 1, sizeof(*numbers));
    struct ask ask;
    int status;

    if (!numbers)
        return output_end(complain_error(PASU_E_NOMEM, "ack"));
    if (!is_well(arguments) || !parse_numbers(arguments, numbers)) {
        status = 2;
    } else {
        status = ask_init(&ask, arguments);
        if (status == 0)
            status = run(&ask, arguments, numbers);
        ask_release(&ask);
    }
    memory_free(numbers);
    return output_end(status);
}
