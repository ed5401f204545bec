/* SPDX-License-Identifier: Apache-2.0 */
/* Byte strings, each once, numbered from 1 on in the order in which they came. Zeroed is empty; a
 * seed keeps whoever chooses the strings from choosing where they fall. */
#ifndef PASU_BREACH_INTERNER_H
#define PASU_BREACH_INTERNER_H

#include "base/bytes.h"
#include "breach/map.h"

struct interner {
    struct map places; /* hash → number; of several with one hash, the others at hash + 1, … */
    uint8_t *bytes;    /* each at a multiple of 8 */
    size_t used, bytes_space;
    struct interned {
        size_t at, length;
    } * items;
    size_t count, space;
};

void interner_release(struct interner *interner);
/* The string's number, a new one where it was not there; 0 where there is no memory. */
uint32_t interner_number(struct interner *interner, struct view string);
/* The string's number, or 0. */
uint32_t interner_find(const struct interner *interner, struct view string);
/* A copy in which only interner_string can look; to be released. PASU_E_NOMEM. */
PASU_MUST_USE int interner_copy(struct interner *copy, const struct interner *interner);
/* The string; empty for a number that there is not. Valid until the next interner_number. */
struct view interner_string(const struct interner *interner, uint32_t number);

#endif
