/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Budgets: how many different persons a principal may be shown in a window of time, as
 * configuration's `budgets` say, turned into limits for the tallies. Several budgets can concern
 * one principal (by name, by kind, or all); of one window the smallest number counts, for block and
 * for mask apart, while each that alerts does so by itself (budget_told). hold stops as block does,
 * until somebody has approved: then what is left of the budgets is asked (is_approved).
 *
 * A principal's kind comes from the roster (policy/roster.h); unlisted principals are `unknown`.
 * Immutable; made from a configuration, borrowed from it.
 */
#ifndef PASU_POLICY_BUDGET_H
#define PASU_POLICY_BUDGET_H

#include "config/model.h"
#include "exposure/tally.h"
#include "policy/roster.h"

/* The limits of a principal, and for each which budget (index in config->budgets) it comes from; -1
 * where there is none. */
struct budget {
    enum principal_kind kind;
    struct tally_limits limits;
    int16_t block_by[TALLY_WINDOWS], alert_by[TALLY_WINDOWS]; /* the smallest */
    /* How many may be shown clear: beyond that, masked. Never more than may be shown at all. */
    bool masks;
    bool holds; /* one of those that stop does so until it is approved */
    uint64_t clear[TALLY_WINDOWS];
    int16_t clear_by[TALLY_WINDOWS]; /* as the others: of block, where that is what stops */
};

/* `is_approved`: as if there were none that hold. */
void budget_of(struct budget *budget, const struct config *config, const struct roster *roster,
               const char *principal, bool is_approved);
/* Of the principal's budgets that alert, those that an outcome tells of, one by one, the shorter
 * windows first: the index of the next one, or -1. *at is 0 at first. */
int budget_told(const struct budget *budget, const struct config *config, const char *principal,
                const struct tally_outcome *outcome, size_t *at);
/* What a record calls it: "budget analyst hour 100". */
void budget_rule_text(char text[EXPOSURE_TEXT_MAX], const struct config_budget *budget);
/* What a blocked client is told: which budget, what it allows, when the window ends, what to do. */
void budget_message(char *text, size_t size, const struct config_budget *budget);

#endif
