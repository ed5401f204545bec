/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `pasu scope --as-of`: what was known at an earlier time, and what is known since. The ledger is
 * read once, always all of it.
 */
#ifndef PASU_CLI_SCOPE_THEN_H
#define PASU_CLI_SCOPE_THEN_H

#include "breach/hindsight.h"
#include "cli/evidence.h"
#include "cli/json_out.h"

/* When the same question was asked before the earlier time. */
struct asked_then {
    uint64_t times;
    int64_t first, last; /* realtime ns; 0: never */
    uint32_t uid;        /* who asked last */
};

struct scope_then {
    struct evidence evidence; /* as of now */
    struct scope now;
    struct hindsight hindsight;
    struct asked_then asked;
};

/* The command; its exit status. */
int scope_then(const struct arguments *arguments);

/* The document: that of scope as of then, "as_of", "asked" and "changed". PASU_E_NOMEM. */
PASU_MUST_USE int scope_then_json(FILE *file, struct scope_then *then, bool is_list);
/* The page. PASU_E_NOMEM. */
PASU_MUST_USE int scope_then_page(FILE *file, const struct scope_then *then, size_t width);

#endif
