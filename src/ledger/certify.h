/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper's part of `pasu certify`: it makes openings (ledger/opening.h), signs what the ledger
 * has (a checkpoint covers the openings then), and signs a certificate, of which only the digest
 * comes here. No certificate is signed that is not in the ledger: as a question that was asked.
 */
#ifndef PASU_LEDGER_CERTIFY_H
#define PASU_LEDGER_CERTIFY_H

#include "ledger/certificate.h"
#include "ledger/control.h"
#include "ledger/record.h"

/* Answers the client, where the request is one of these; else false. */
PASU_MUST_USE bool certify_ask(struct record_keeping *records, struct control_client *client);

/* Appends the opening of a list, under a random seed; the index of its record. PASU_E_NOTFOUND: at
 * the place there is no such exposure, or it has no such list. The errors of records_seek and
 * records_next, of record_other and of opening_make. */
PASU_MUST_USE int certify_open(struct record_keeping *records, const struct control_opening *asked,
                               uint64_t *index);
/* Signs a certificate with this digest, once it is recorded who asked for it. The errors of
 * record_other and of certificate_sign. */
PASU_MUST_USE int certify_sign(struct record_keeping *records,
                               const uint8_t digest[CERTIFICATE_DIGEST], uint32_t uid, uint32_t pid,
                               struct writer *w);

#endif
