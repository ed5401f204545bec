/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/complain.h"
#include "cli/hashed_out.h"
#include "cli/notice_load.h"
#include "cli/pdf.h"
#include "cli/report_page.h"
#include "cli/run.h"
#include "config/time_zone.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* A page, and what it is known by. */
struct made {
    char *page; /* open_memstream's */
    size_t length;
    char digest[HASHED_TEXT_SIZE], pdf[HASHED_TEXT_SIZE]; /* pdf "": there is none */
};

static int
record(const struct ask *ask, const struct arguments *arguments, const struct report *report,
       const struct made *made)
{
    struct payload_incident body = {.number = report->incident,
                                    .what = INCIDENT_REPORTED,
                                    .about =
                                        report->version.event ? report->version.event->index : 0};
    const char *key = made->pdf[0] != '\0' ? ",\"pdf_sha256\":\"" : "";
    char more[384];
    int status;

    snprintf(more, sizeof(more), "{\"form\":\"%s\",\"sha256\":\"%s\"%s%s%s,\"unknown\":%u}",
             report_form_text(report->form), made->digest, key, made->pdf, key[0] ? "\"" : "",
             report->unknown);
    incident_say(&body, arguments);
    body.more = view_of_text(more);
    status = incident_add(ask, &body);
    if (status != 0)
        complain("do not send it", "that this report was made is not in the ledger");
    return status;
}

static int
make(struct report *report, struct made *made)
{
    FILE *file = open_memstream(&made->page, &made->length);
    bool is_well = file != NULL;

    if (file) {
        report_page(file, report);
        is_well = !ferror(file);
        is_well = fclose(file) == 0 && is_well;
    }
    return is_well ? hashed_text(made->page, made->length, made->digest) : PASU_E_NOMEM;
}

static int
print(const struct ask *ask, const struct arguments *arguments, struct report *report)
{
    const char *pdf = arguments->values[OPTION_pdf];
    struct made made = {0};
    bool is_kept = false;
    int result = make(report, &made), status = 0;

    if (result != 0)
        status = complain_error(result, "report");
    if (status == 0 && pdf) {
        status = pdf_save(pdf, view_of(made.page, made.length), made.pdf);
        is_kept = status == 0;
    }
    if (status == 0 &&
        (fwrite(made.page, 1, made.length, stdout) != made.length || fflush(stdout) != 0))
        status = complain_error(PASU_E_IO, "report");
    if (status == 0 && report->unknown > 0)
        complain(
            "fill in controller in incident.notices, ask for a scope (pasu incident scope), or "
            "write by hand what the ledger cannot know",
            "%u time%s it says that something is unknown", report->unknown,
            report->unknown == 1 ? "" : "s");
    if (status == 0)
        status = record(ask, arguments, report, &made);
    if (status != 0 && is_kept)
        unlink(pdf); /* no record says that it was made */
    free(made.page);
    return status;
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
    if (status == 0 && time_zone_use(ask.config) != 0)
        status = complain_error(PASU_E_NOMEM, "the time zone");
    if (status == 0) {
        tzset();
        asked_record(&ask, arguments, NULL);
        status = report(&ask, arguments, &r);
    }
    ask_release(&ask);
    return output_end(status);
}
