/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of one session that are kept until they can be read: a message that has not come whole, or
 * the rest of a batch. The bytes are the kept's own; zero is one that holds nothing. Of one thread.
 */
#ifndef PASU_GATE_KEPT_H
#define PASU_GATE_KEPT_H

#include "base/attributes.h"

#include <stddef.h>
#include <stdint.h>

/* A message, or the rest of a batch, kept until it can be read. */
struct kept {
    uint8_t *bytes;
    uint32_t length, size;
};

/* Appends to what is kept. PASU_E_NOMEM: what was there still is. */
PASU_MUST_USE int kept_add(struct kept *kept, const void *bytes, size_t length);
/* Keeps these instead, which may lie in it already. PASU_E_NOMEM: it holds nothing. */
PASU_MUST_USE int kept_keep(struct kept *kept, const void *bytes, size_t length);
void kept_release(struct kept *kept);
/* Gives back a large block that holds nothing: an idle session has none. */
void kept_trim(struct kept *kept);

#endif
