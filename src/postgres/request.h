/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages that the gateway itself says to a server, as a client would (PostgreSQL manual, "Message
 * Formats"). The counterpart of response.h, with the same contract: each function appends one whole
 * message to a writer; where it does not fit, or a text holds a zero byte, the writer has failed.
 *
 * PasswordMessage and the SASL responses carry secrets: wipe the writer's space once it is sent.
 */
#ifndef PASU_POSTGRES_REQUEST_H
#define PASU_POSTGRES_REQUEST_H

#include "base/bytes.h"

/* A parameter of the start-up packet. */
struct request_parameter {
    struct view name;
    struct view value;
};

/* ---- packets without a type byte, before anything else ---- */

void request_ssl(struct writer *w);
/* CancelRequest. 4 to 256 bytes of key; others fail. */
void request_cancel(struct writer *w, uint32_t pid, struct view key);
/* StartupMessage. `version` as in startup.h: CODE_VERSION_3_0, …; a name must not be empty. */
void request_startup(struct writer *w, uint32_t version, const struct request_parameter *parameters,
                     size_t count);

/* ---- messages ---- */

/* PasswordMessage: in clear text, or the text of auth_md5.h. */
void request_password(struct writer *w, struct view password);
/* SASLInitialResponse with the mechanism's first message. */
void request_sasl_initial(struct writer *w, const char *mechanism, struct view data);
void request_sasl(struct writer *w, struct view data);
void request_query(struct writer *w, struct view sql);
void request_terminate(struct writer *w);

#endif
