/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What principals are called, of those who were seen lately: for logs that cannot be read again. A
 * table of a fixed size; who is not seen for long makes room for others.
 */
#ifndef PASU_SCAN_CALLED_H
#define PASU_SCAN_CALLED_H

#include "detect/observation.h"

enum { CALLED_NAME = 112 /* longer names are cut */ };

struct called;

/* PASU_E_NOMEM. */
PASU_MUST_USE int called_new(struct called **slot);
void called_free(struct called *called);
/* NULL: not known. Valid until the next call of called_set. */
const char *called_find(const struct called *called, enum axis axis, uint64_t who);
void called_set(struct called *called, enum axis axis, uint64_t who, const char *name);

#endif
