/* SPDX-License-Identifier: Apache-2.0 */
/* The known word that a mistyped one was probably meant to be. */
#ifndef PASU_CONFIG_NEAREST_H
#define PASU_CONFIG_NEAREST_H

#include "base/attributes.h"

/* Looks for the nearest of the words offered; the words must outlive it. */
struct nearest {
    const char *mistyped;
    const char *word; /* NULL: none is near enough */
    unsigned distance;
};

static inline struct nearest
nearest_to(const char *mistyped)
{
    return (struct nearest){mistyped, NULL, 0};
}

/* Takes `word` if it is nearer than what was offered so far; at most a third of its letters may be
 * inserted, left out, replaced or swapped with their neighbours. Capitals count as small letters.
 */
void nearest_offer(struct nearest *nearest, const char *word);

#endif
