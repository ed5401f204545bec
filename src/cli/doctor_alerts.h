/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PASU_CLI_DOCTOR_ALERTS_H
#define PASU_CLI_DOCTOR_ALERTS_H

#include "cli/finding.h"
#include "config/model.h"

#include <jansson.h>

/* Whether anybody is told of alerts, whether that arrives, and who has them when nobody signs for
 * them. `status`: of the guard; NULL: it does not answer, and only what is configured is told. */
void doctor_alerts(const struct config *config, const json_t *status, struct findings *findings);

#endif
