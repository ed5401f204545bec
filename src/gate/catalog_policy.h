/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the configuration says of tables, in the vocabulary's numbers, as the catalog snapshot wants
 * it. Its texts are the configuration's: it must live as long as that is used.
 */
#ifndef PASU_GATE_CATALOG_POLICY_H
#define PASU_GATE_CATALOG_POLICY_H

#include "config/model.h"
#include "postgres/catalog.h"

/* PASU_E_NOMEM; PASU_E_RANGE where the vocabulary cannot hold the configuration's names. */
PASU_MUST_USE int catalog_policy_new(struct catalog_policy **policy, const struct config *config);
/* The vocabulary's id. */
uint32_t catalog_policy_vocabulary(const struct catalog_policy *policy);
void catalog_policy_free(struct catalog_policy *policy); /* NULL is allowed */

#endif
