/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/alert_policy.h"

void
alert_policy_of(struct alert_policy *p, const struct config *config)
{
    *p = (struct alert_policy){.is_wanted = {[ALERT_WEBHOOK] = config->alerts.webhook != NULL,
                                             [ALERT_SYSLOG] = config->alerts.syslog != NULL,
                                             [ALERT_EMAIL] = config->alerts.email.server != NULL}};
    for (size_t i = 0; i < config->alerts.escalation_count && i < ALERT_STEPS_MAX; i++) {
        const struct config_escalation *step = &config->alerts.escalation[i];

        snprintf(p->steps[i].to, sizeof(p->steps[i].to), "%s", step->to);
        p->steps[i].within = step->within;
        p->step_count++;
    }
}
