/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far the detectors are (ledger/finding.h), as `pasu status` tells it:
 *
 *      {"judged", "stream", "behind", "record", "exposures", "unnamed",
 *       "passed_over": {"imported_late", "dated_ahead", "unknown_session"},
 *       "principals", "tested", "findings", "forgotten", "memory",
 *       "list": [{"detector", "untestable"}, …]}
 */
#ifndef PASU_CLI_WATCHED_H
#define PASU_CLI_WATCHED_H

#include "ledger/finding.h"

#include <jansson.h>

/* A new object, or NULL without memory. */
json_t *watched_json(const struct message_watched *watched);

#endif
