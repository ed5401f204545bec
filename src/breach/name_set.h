/* SPDX-License-Identifier: Apache-2.0 */
/* Different names (of at most 63 bytes, the rest is cut off), sorted by their bytes. Zeroed is
 * empty. */
#ifndef PASU_BREACH_NAME_SET_H
#define PASU_BREACH_NAME_SET_H

#include "ledger/message.h"

struct name_set {
    char (*items)[NAME_SIZE];
    size_t count, space;
};

void name_set_release(struct name_set *set);
/* PASU_E_NOMEM. */
PASU_MUST_USE int name_set_add(struct name_set *set, const char *name);

#endif
