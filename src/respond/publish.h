/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where checkpoints are published and alerts are sent, as the configuration says: its targets by
 * number (a file, a syslog, a webhook, those of alerts, then the witnesses), which of them are
 * reached by name, and what of it only this module can judge.
 */
#ifndef PASU_RESPOND_PUBLISH_H
#define PASU_RESPOND_PUBLISH_H

#include "config/load.h"
#include "ledger/message.h"

enum {
    PUBLISH_FILE,
    PUBLISH_SYSLOG,
    PUBLISH_WEBHOOK,
    PUBLISH_ALERT_WEBHOOK, /* enum alert_target, from here on */
    PUBLISH_ALERT_SYSLOG,
    PUBLISH_ALERT_EMAIL,
    PUBLISH_WITNESSES,
};
enum { PUBLISH_WITNESSES_MAX = 16 };
_Static_assert(PUBLISH_WITNESSES + PUBLISH_WITNESSES_MAX <= TARGETS_MAX,
               "a number for each target");

/* Whether there is any target, or somebody reads numbers. */
bool publish_is_wanted(const struct config *config);
/* How many numbers are in use. */
size_t publish_count(const struct config *config);
/* Whether it is one of those that alerts are sent to. */
static inline bool
publish_is_alert(size_t target)
{
    return target >= PUBLISH_ALERT_WEBHOOK && target < PUBLISH_WITNESSES;
}
/* The URL of a target that has one, or NULL. */
const char *publish_url(const struct config *config, size_t target);
/* Where the target with this number is reached. PASU_E_NOTFOUND: it is no server, or not
 * configured; PASU_E_MALFORMED. */
PASU_MUST_USE int publish_endpoint(const struct config *config, size_t target,
                                   struct endpoint *endpoint);
/* Where a URL leads, as libcurl reads it, which connects there later. PASU_E_MALFORMED: it has no
 * host; PASU_E_NOMEM. */
PASU_MUST_USE int publish_endpoint_of_url(struct endpoint *endpoint, const char *url);
/* Keys of witnesses, URLs, the secret of alerts, and that the file is not in the ledger's folder:
 * 0, PASU_E_CONFIG with faults, or PASU_E_NOMEM. */
PASU_MUST_USE int publish_check(const struct config *config, struct config_faults *faults);

#endif
