/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/release.h"

#include "gate/session.h"

int
release_batch(struct session *session, const struct batch *batch)
{
    return peer_write(&session->client, session->worker->os, batch->bytes, batch->length);
}
