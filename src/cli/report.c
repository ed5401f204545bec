/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/complain.h"
#include "cli/hashed_out.h"
#include "cli/notice_load.h"
#include "cli/report_page.h"
#include "cli/run.h"

static int
record(const struct ask *ask, const struct arguments *arguments, const struct report *report,
       const char *digest)
{
    struct payload_incident body = {.number = report->incident,
                                    .what = INCIDENT_REPORTED,
                                    .about =
                                        report->version.event ? report->version.event->index : 0};
    char more[256];
    int status;

    snprintf(more, sizeof(more), "{\"form\":\"%s\",\"sha256\":\"%s\",\"unknown\":%u}",
             report_form_text(report->form), digest, report->unknown);
    incident_say(&body, arguments);
    body.more = view_of_text(more);
    status = incident_add(ask, &body);
    if (status != 0)
        complain("do not send it", "that this report was made is not in the ledger");
    return status;
}

static int
print(const struct ask *ask, const struct arguments *arguments, struct report *report)
{
    char digest[HASHED_TEXT_SIZE];
    struct hashed_out out;
    int result = hashed_out_open(&out, stdout);

    if (result == 0) {
        report_page(out.file, report);
        result = hashed_out_close(&out, digest);
    }
    if (result != 0)
        return complain_error(result, "report");
    if (report->unknown > 0)
        complain(
            "fill in controller in incident.notices, ask for a scope (pasu incident scope), or "
            "write by hand what the ledger cannot know",
            "%u times it says that something is unknown", report->unknown);
    return record(ask, arguments, report, digest);
}

static int
report(const struct ask *ask, const struct arguments *arguments, struct report *r)
{
    struct notice_texts texts = {0};
    struct incidents incidents = {0};
    int status = notice_texts_load(&texts, ask->config);

    if (status == 0)
        status = incident_find(ask, &incidents, r->incident);
    r->in = &incidents;
    r->texts = &texts;
    r->now = os_realtime(&os_real);
    if (status == 0 && !scope_version_get(&r->version, &incidents, r->incident, 0))
        r->version.event = NULL; /* it says that much is unknown */
    if (status == 0)
        status = print(ask, arguments, r);
    json_decref(r->version.more);
    incidents_release(&incidents);
    notice_texts_release(&texts);
    return status;
}

int
run_report(const struct arguments *arguments)
{
    struct report r = {0};
    struct ask ask;
    int status = incident_check(arguments);

    if (status == 0)
        status = incident_number(&r.incident, arguments->operands[0], "an incident");
    if (status == 0 && !report_form_of(&r.form, arguments->values[OPTION_form])) {
        complain("there are: pipc, gdpr, 8k", "--form %.32s is no form",
                 arguments->values[OPTION_form]);
        status = 2;
    }
    if (status != 0)
        return output_end(status);
    status = ask_init(&ask, arguments);
    if (status == 0) {
        asked_record(&ask, arguments, NULL);
        status = report(&ask, arguments, &r);
    }
    ask_release(&ask);
    return output_end(status);
}
