/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A certificate for one person (docs/spec/certificate.md): what the ledger says of them, with the
 * proofs that lead from each item to the ledger's checkpoint, and what is not in it.
 *
 * What cannot be proven is never left out and never among what is: it is listed apart, with the
 * reason.
 */
#ifndef PASU_CLI_CERTIFICATE_H
#define PASU_CLI_CERTIFICATE_H

#include "breach/mentions.h"
#include "cli/evidence.h"
#include "cli/json_out.h"
#include "ledger/prover.h"

struct certificate {
    struct evidence *evidence;
    const struct subject *subject;
    const struct mentions *mentions;
    struct prover *prover;
    const char *key;
    int64_t made;   /* realtime ns */
    bool is_signed; /* the keeper will sign it */
    /* What certificate_write found. */
    size_t proven, unproven;
    bool has_damaged; /* among those that are not */
};

/* Writes the certificate's bytes, those that are signed: one line without its end. PASU_E_NOMEM,
 * PASU_E_CRYPTO. */
PASU_MUST_USE int certificate_write(struct certificate *certificate, FILE *file);

/* Its parts: the members `showings`, `unproven` and `entries`. */
PASU_MUST_USE int certificate_put_showings(struct certificate *certificate, struct json_out *out);
/* The member `explanation`. */
void certificate_put_words(const struct certificate *certificate, struct json_out *out);

/* What `pasu certify` makes, of the person that the arguments name, to a file. Only a document that
 * is signed. 0, or the exit status, after a complaint. */
PASU_MUST_USE int certify_to(const struct arguments *arguments, FILE *file);

#endif
