/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom each of the exposures that wait to be written shows, or may: a number for each key as it is
 * written, so that who comes again and again counts once at most. Where keys are texts, "007" is
 * another person than "7". Of keys that are whole numbers the number is exact, of others a hash of
 * 63 bits.
 */
#ifndef PASU_CLI_IMPORT_NAMED_H
#define PASU_CLI_IMPORT_NAMED_H

#include "cli/import_session.h"

/* Zeroes at first. */
struct import_named {
    uint64_t *list;
    size_t count, space;
    size_t done; /* those up to here were counted, or left out */
};

/* Those of one event, and where they end. PASU_E_NOMEM. */
PASU_MUST_USE int import_named_keep(struct import_named *named, const struct observation *items,
                                    const struct observed_more *more, size_t count, size_t *end);
/* Counts those that are not done, up to `end`. PASU_E_NOMEM. */
PASU_MUST_USE int import_named_count(struct import_named *named, size_t end,
                                     struct import_set *persons);
/* Those that are done are not kept; the others stand so many places further in front. */
size_t import_named_forget(struct import_named *named);

#endif
