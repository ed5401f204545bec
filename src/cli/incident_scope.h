/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions of an incident's scope: what the ledger answered to a question, from how many records,
 * and why it is another answer than before. A version is a record of the ledger; its `more` is
 *
 *      {"question": {OPTION: TEXT}, "root": base64, "subjects": {KIND: [AT_LEAST, AT_MOST]},
 *       "fields": {FIELD: [AT_LEAST, AT_MOST, CLARITY]}, "not_shown": [FIELD], "principals",
 *       "first", "last", "statements", "bounded", "gaps", "damaged": of the gaps, places of the
 *       ledger, "unattributed", "unrecorded"}
 *
 * Whoever asks the same question of as many records gets the same answer, and the same persons: no
 * person is named here. Times in the question are fixed ones. Names beyond what fits are left out
 * of "principals".
 */
#ifndef PASU_CLI_INCIDENT_SCOPE_H
#define PASU_CLI_INCIDENT_SCOPE_H

#include "cli/evidence.h"
#include "cli/incident_ledger.h"

#include <jansson.h>

/* One version, as it was recorded. */
struct scope_version {
    const struct incident_event *event;
    unsigned number; /* from 1 */
    json_t *more;    /* {} where it cannot be read */
};

/* The incident's version of that number; 0: the last one. False: there is none. Free it with
 * json_decref(more). */
bool scope_version_get(struct scope_version *version, const struct incidents *incidents,
                       uint64_t incident, unsigned number);
/* The version that is this record. As above. */
bool scope_version_at(struct scope_version *version, const struct incidents *incidents,
                      uint64_t incident, uint64_t record);
/* The command line's options that ask the same again: " --size N --principal app …", of which each
 * is quoted for a shell. PASU_E_RANGE: no room. */
PASU_MUST_USE int scope_version_words(const struct scope_version *version, char *text, size_t size);
/* The arguments of that question, over those of a command; texts borrow from the version. */
void scope_version_arguments(const struct scope_version *version, struct arguments *arguments);

/* `pasu incident scope` and `pasu incident diff`; exit statuses. */
PASU_MUST_USE int incident_scope(const struct arguments *arguments);
PASU_MUST_USE int incident_diff(const struct arguments *arguments);

#endif
