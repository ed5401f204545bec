/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands status, sessions and kill ask the running guard through its control socket
 * (ledger/control_client.h), and its answers as JSON with the keys that --json promises.
 *
 * Answers come from another process: a frame of a wrong length is an error, texts are taken up to
 * the end of their array.
 */
#ifndef PASU_CLI_ASK_H
#define PASU_CLI_ASK_H

#include "cli/arguments.h"
#include "config/model.h"
#include "ledger/ring.h"
#include "ledger/segment_cipher.h"

#include <jansson.h>

struct ask {
    struct config *config;
    const char *path; /* of the control socket */
    bool is_lent;     /* the configuration: somebody else's, with the bytes of its keys */
};

/* Reads the configuration that -c names. 0, or the exit status, after a complaint. Release it then
 * too. */
PASU_MUST_USE int ask_init(struct ask *ask, const struct arguments *arguments);
void ask_release(struct ask *ask);
/* The keys of the ledger that the configuration names, for the caller to release. 0, or the exit
 * status, after a complaint. */
PASU_MUST_USE int ask_keys(const struct ask *ask, struct segment_keys *keys);

/*
 * The guard's status, a new object in *status. 0 or an error; with PASU_E_UNAVAILABLE *status can
 * be there all the same: the keeper, or the supervisor in its place, has answered, the gate has
 * not, and its numbers are missing. What does not answer is under `degraded` (cli/degraded.h).
 */
PASU_MUST_USE int ask_status(const struct ask *ask, json_t **status);
/* The sessions, a new array in *sessions; of one principal unless that is NULL. */
PASU_MUST_USE int ask_sessions(const struct ask *ask, const char *principal, json_t **sessions);
/* Ends one session, or with 0 those of a principal. The number ended in *count. */
PASU_MUST_USE int ask_kill(const struct ask *ask, uint64_t session, const char *principal,
                           uint64_t *count);

/* The marks that there are, a new array of *count in *marks, for memory_free. */
PASU_MUST_USE int ask_marks(const struct ask *ask, struct ring_mark **marks, size_t *count);
/* Takes those of the relation that `mark` names away; it is what they were then.
 * PASU_E_NOTFOUND: there are none; PASU_E_AGAIN: one of them is only being made. */
PASU_MUST_USE int ask_clear(const struct ask *ask, struct ring_mark *mark, const char *why);

/* Complains about an error of the above; the exit status. */
int ask_complain(const struct ask *ask, int code);

#endif
