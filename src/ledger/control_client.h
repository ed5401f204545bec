/* SPDX-License-Identifier: Apache-2.0 */
/* The command's end of the control socket (control_protocol.h): asks, and waits at most 5 seconds.
 */
#ifndef PASU_LEDGER_CONTROL_CLIENT_H
#define PASU_LEDGER_CONTROL_CLIENT_H

#include "ledger/control_protocol.h"
#include "ledger/payload.h"

/* Called for each frame but the last; a negative result ends the asking and is given on. */
typedef int control_frame_fn(void *arg, uint32_t type, const void *body, size_t length);

/*
 * Sends the request to the socket at `path` and hands on the answer. 0 and *count; or
 * PASU_E_UNAVAILABLE (nobody listens there, or the gate does not answer), PASU_E_DENIED,
 * PASU_E_TIMEOUT, PASU_E_PROTOCOL.
 */
PASU_MUST_USE int control_ask(const char *path, const struct control_request *request,
                              control_frame_fn *frame, void *arg, uint64_t *count);
/* A request of the other verbs, whose answer has no frames; `who` and `what` are cut to fit, and
 * may be NULL. As control_ask. */
PASU_MUST_USE int control_tell(const char *path, enum control_verb verb, uint64_t number,
                               const char *who, const char *what, uint64_t *count);
/* That somebody has acknowledged an alert; `looked` as of payload_acknowledged. As control_tell. */
PASU_MUST_USE int control_acknowledge(const char *path, uint64_t alert, uint64_t looked,
                                      const char *who, const char *why);
/* What was done about an incident, and a deadline of one. *number: of the incident. As
 * control_tell.
 */
PASU_MUST_USE int control_incident(const char *path, const struct payload_incident *body,
                                   uint64_t *number);
PASU_MUST_USE int control_clock(const char *path, const struct payload_clock *body,
                                uint64_t *number);
/* For whoever reads the ledger next: asks the keeper to write down what it has not yet. The errors
 * of control_ask, which a reader may ignore (the rings can be read without a keeper), and those of
 * the ledger. */
int ledger_flush(const char *control_path);

#endif
