/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a configuration concerns the keeper, and what the ledger says of it: which configuration,
 * and which roster, is in force from a record on. The digests are those of the files, so that
 * whoever has a file can tell by sha256sum whether it was the one.
 */
#ifndef PASU_LEDGER_IN_FORCE_H
#define PASU_LEDGER_IN_FORCE_H

#include "ledger/alert_policy.h"
#include "ledger/record.h"

struct in_force {
    enum durability durability;
    int64_t retention;        /* ns; 0: for ever */
    int64_t approvals_within; /* ns */
    struct payload_policy policy;
    struct alert_policy alerts;
    bool has_metrics;
    struct vocabulary vocabulary; /* of the exposures that come */
    bool has_roster;
    struct payload_roster roster;
};

/* PASU_E_CRYPTO, PASU_E_RANGE. */
PASU_MUST_USE int in_force_of(struct in_force *in_force, const struct config *config,
                              uint64_t generation);
/* Another roster beside the same configuration, in a descriptor. PASU_E_CRYPTO, the errors of
 * config_read_fd. */
PASU_MUST_USE int in_force_take_roster(struct in_force *in_force, int fd);
/* Appends SEGMENT_ROSTER. The errors of record_other. */
PASU_MUST_USE int in_force_record_roster(const struct in_force *in_force,
                                         struct record_keeping *records);
/* Appends SEGMENT_POLICY, and SEGMENT_ROSTER where there is one. The errors of record_other. */
PASU_MUST_USE int in_force_record(const struct in_force *in_force, struct record_keeping *records);

#endif
