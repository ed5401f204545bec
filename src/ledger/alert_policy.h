/* SPDX-License-Identifier: Apache-2.0 */
/* Who is told of alerts, as a configuration says: what the keeper needs of it. */
#ifndef PASU_LEDGER_ALERT_POLICY_H
#define PASU_LEDGER_ALERT_POLICY_H

#include "config/model.h"
#include "ledger/payload.h"

enum { ALERT_STEPS_MAX = 16 };

struct alert_step {
    char to[PAYLOAD_TEXT_SIZE];
    int64_t within; /* ns */
};

struct alert_policy {
    bool is_wanted[ALERT_TARGETS];
    struct alert_step steps[ALERT_STEPS_MAX]; /* the first one is told at once */
    size_t step_count;                        /* 0: nothing climbs */
};

void alert_policy_of(struct alert_policy *policy, const struct config *config);

#endif
