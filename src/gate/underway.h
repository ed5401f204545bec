/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server has been asked for and nobody has seen an answer to. It can be done by now all
 * the same, and others can see it: tables that it has filled, views that it has replaced.
 *
 *      the client takes no bytes     the answers wait in the server's socket: meanwhile everybody
 * on that place is in doubt the client goes away          the server is read to the end, as of a
 * client that has closed its sending side, but nothing of it leaves: what was done counts, and what
 * was not does not the gate ends the session     what is on its way counts as done
 *
 * A mark at once, when it is asked, would be simpler, and whoever may not write to a table could
 * have it marked for all. Of the session's worker.
 */
#ifndef PASU_GATE_UNDERWAY_H
#define PASU_GATE_UNDERWAY_H

#include "gate/observer.h"

/* Whether something is on its way that others could see afterwards, or that counts when it is done.
 */
bool underway_is_any(const struct session *session);
/* The client does not take what it is sent: looks at what is new among the requests. */
void underway_wait(struct session *session);
/* The server is ready for what comes next: where nothing of the kind is on its way any more, the
 * doubt is over. */
void underway_answered(struct session *session);
/* Nobody will read the answers. The requests are forgotten. */
void underway_end(struct session *session);

#endif
