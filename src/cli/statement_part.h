/* SPDX-License-Identifier: Apache-2.0 */
/* What statement_json.c, statement_ocsf.c and statement_text.c have in common. */
#ifndef PASU_CLI_STATEMENT_PART_H
#define PASU_CLI_STATEMENT_PART_H

#include "cli/statement_view.h"

/* All of one kind in a statement. */
struct kind_sum {
    uint8_t number;
    const char *name;
    struct persons *shown, *missed;
    bool has_numbers; /* some of their keys are */
    uint64_t unknown;
};

struct statement_sum {
    struct kind_sum kinds[EXPOSURE_KINDS_MAX];
    size_t count;
    uint64_t clear, masked, null; /* none in two of them */
};

/* So many persons of the kind at most. */
uint64_t kind_sum_most(const struct kind_sum *kind);

/* Release it in any case. PASU_E_NOMEM. */
PASU_MUST_USE int statement_sum(struct statement_sum *sum, struct evidence *evidence,
                                const struct statement *statement);
void statement_sum_release(struct statement_sum *sum);

/* The name of a bit of the statement's fields; NULL without memory. */
const char *statement_field_name(struct evidence *evidence, const struct statement *statement,
                                 unsigned bit);

/* Of the export's line the members from "rows" on: what was shown, and how it was judged. */
void statement_put_shown(struct json_out *out, struct evidence *evidence,
                         const struct statement *statement, const struct statement_sum *sum,
                         bool has_keys);

#endif
