/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/release.h"

#include "gate/session.h"

int
release_batch(struct session *session, const struct batch *batch)
{
    int result;

    if (PASU_UNLIKELY(session->is_left))
        return 0;
    result = peer_write(&session->client, session->worker->os, batch->bytes, batch->length);
    return PASU_UNLIKELY(result == PASU_E_EOF) && session_leave(session) ? 0 : result;
}
