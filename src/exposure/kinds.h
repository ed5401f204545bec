/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kinds of subjects, numbered for the life of the process: the tallies and the directory outlive a
 * reload, which may number a vocabulary's kinds anew. One thread.
 */
#ifndef PASU_EXPOSURE_KINDS_H
#define PASU_EXPOSURE_KINDS_H

#include "exposure/vocabulary.h"

struct kinds {
    char names[EXPOSURE_KINDS_MAX][VOCABULARY_NAME_SIZE];
    size_t count;
};

/* The slot of a kind, made where there is none. PASU_E_RANGE as below. */
PASU_MUST_USE int kinds_slot(struct kinds *kinds, const char name[VOCABULARY_NAME_SIZE],
                             uint8_t *slot);
/* The slots of a vocabulary's kinds, made where there are none. PASU_E_RANGE: too many different
 * ones since the process began. */
PASU_MUST_USE int kinds_of(struct kinds *kinds, const struct vocabulary *vocabulary,
                           uint8_t slots[EXPOSURE_KINDS_MAX]);

#endif
