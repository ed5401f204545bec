/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor_alerts.h"

#include <string.h>

#define FOUND(findings_, name_, state_, hint_, ...)                                                \
    findings_add((findings_), "", (name_), (state_), (hint_), __VA_ARGS__)

static const char *
text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "-";
}

/* A target as the herald has told of it (cli/ask.h). */
static void
look_target(const json_t *target, struct findings *findings)
{
    json_int_t waiting = json_integer_value(json_object_get(target, "waiting"));
    bool is_syslog = strcmp(text_of(target, "kind"), "syslog") == 0;
    char name[64];

    snprintf(name, sizeof(name), "alerts %.40s", text_of(target, "kind"));
    if (json_is_string(json_object_get(target, "failed")))
        FOUND(findings, name, FINDING_WARNING, "mend it: nothing is lost meanwhile",
              "%s has taken nothing since %s, and %" JSON_INTEGER_FORMAT " alerts wait: %s",
              text_of(target, "name"), text_of(target, "failed"), waiting,
              text_of(target, "error"));
    else if (json_is_string(json_object_get(target, "last")))
        FOUND(findings, name, FINDING_OK, "", "%s was sent one at %s%s", text_of(target, "name"),
              text_of(target, "last"), is_syslog ? "; a syslog never says that it has it" : "");
    else
        FOUND(findings, name, FINDING_INFO, "",
              "%s has been sent none since this herald began: that one arrives is not proven",
              text_of(target, "name"));
}

void
doctor_alerts(const struct config *config, const json_t *status, struct findings *findings)
{
    const json_t *target;
    size_t i;

    if (config->alerts.webhook == NULL && config->alerts.syslog == NULL &&
        config->alerts.email.server == NULL)
        FOUND(findings, "alerts", FINDING_INFO,
              "configure alerts: a webhook, syslog or e-mail, and escalation",
              "nobody is told of alerts: they stand in the ledger alone, for pasu ack");
    else if (config->alerts.escalation_count == 0)
        FOUND(findings, "escalation", FINDING_INFO, "configure alerts.escalation",
              "an alert that nobody acknowledges goes to nobody else");
    json_array_foreach(json_object_get(status, "alerts"), i, target) look_target(target, findings);
}
