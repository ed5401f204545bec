/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of the inspector to a server: connects, logs in (trust, password, md5, SCRAM),
 * asks. It blocks, with a limit of time on each wait; only the inspector's thread uses it.
 */
#ifndef PASU_GATE_INSPECTOR_LINK_H
#define PASU_GATE_INSPECTOR_LINK_H

#include "gate/peer.h"
#include "gate/settings.h"

enum { INSPECTOR_BUFFER_SIZE = 16 << 10, INSPECTOR_DETAIL_SIZE = 256 };

struct inspector_link {
    const struct os *os;
    struct peer peer;
    uint64_t generation; /* of the settings it was connected with */
    size_t have, at;
    char detail[INSPECTOR_DETAIL_SIZE]; /* of the last fault: the server's words */
    uint8_t in[INSPECTOR_BUFFER_SIZE];
};

void inspector_link_init(struct inspector_link *link, const struct os *os);
void inspector_link_close(struct inspector_link *link);
/* Connects and logs in, unless it stands already with these settings. Errors as below. */
PASU_MUST_USE int inspector_link_open(struct inspector_link *link, struct settings *settings,
                                      const struct gateway *gateway);
/*
 * Writes the role's verifier, as pg_authid has it, to `text`. PASU_E_NOTFOUND: no such role, or
 * none that may log in with a password. PASU_E_EOF: a connection that stood has ended: ask again.
 * Others: the server cannot be reached, does not let us in, or answers with an error (see
 * `detail`).
 */
PASU_MUST_USE int inspector_link_verifier(struct inspector_link *link, struct settings *settings,
                                          const struct gateway *gateway, const char *role,
                                          char text[SCRAM_VERIFIER_TEXT_SIZE]);

#endif
