/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one place where a server's bytes leave for a client. Every batch of a standing session passes
 * through release_batch, whole messages and the pieces of long ones in order: here an exposure is
 * attributed, judged and recorded before the bytes go (invariant 1). In this form nothing is
 * judged.
 */
#ifndef PASU_GATE_RELEASE_H
#define PASU_GATE_RELEASE_H

#include "base/error.h"

struct session;

/* Bytes in protocol order, borrowed until the call returns. */
struct batch {
    const uint8_t *bytes;
    size_t length; /* > 0 */
    uint64_t rows; /* DataRow and CopyData messages that begin in it */
};

/* 0; PASU_E_EOF if the client is gone; PASU_E_NOMEM. */
PASU_MUST_USE int release_batch(struct session *session, const struct batch *batch);

#endif
