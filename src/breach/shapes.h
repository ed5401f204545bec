/* SPDX-License-Identifier: Apache-2.0 */
/* Normalized SQL by fingerprint, from the ledger's SHAPE entries: the first text counts. */
#ifndef PASU_BREACH_SHAPES_H
#define PASU_BREACH_SHAPES_H

#include "base/bytes.h"
#include "breach/map.h"

struct shapes {
    struct map places;
    char **texts;
    size_t count, space;
};

void shapes_release(struct shapes *shapes);
/* Zero bytes in the text become '?'. PASU_E_NOMEM. */
PASU_MUST_USE int shapes_add(struct shapes *shapes, uint64_t fingerprint, struct view sql);
/* NULL where the ledger did not say; valid until shapes_release. */
const char *shapes_get(const struct shapes *shapes, uint64_t fingerprint);

#endif
