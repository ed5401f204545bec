/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's answer to the question that goes before a COPY, or before some queries
 * (postgres/plan_preface.h): a result of its own, which the client does not see.
 *
 *      RowDescription, DataRow, CommandComplete    ours
 *      CopyOutResponse or RowDescription, …        the client's
 *
 * An error in its place is the error that the statement would have had: it has no other reason to
 * fail than that the transaction has failed before.
 */
#ifndef PASU_GATE_PREFACE_H
#define PASU_GATE_PREFACE_H

#include "gate/observer.h"

/* A RowDescription, DataRow, CommandComplete, or what begins the COPY: whether it is part of that
 * answer, which has taken it then. PASU_E_UPSTREAM_PROTOCOL: it must be, and is not. */
PASU_MUST_USE int preface_take(struct observer *observer, const uint8_t *message, size_t length,
                               bool *is_taken);
/* Whether the answer was that the statement's names mean what its plan took them for. */
bool preface_names_statement(const struct observer *observer,
                             const struct plan_statement *statement);
/* The statement is over, whatever has become of it. */
void preface_end(struct observer *observer);
/* What goes before the client's text to the server, in ASCII: empty for most requests. */
struct view preface_of(const struct exchange_request *request);

#endif
