/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SASLprep of a password as PostgreSQL's server and libpq apply it, for both must derive the same
 * keys from what a person typed: pure ASCII stays as it is, control characters included; what is no
 * valid UTF-8, holds prohibited or unassigned (Unicode 3.2) characters or mixes directions wrongly
 * stays as it is too; all else is mapped and normalized (NFKC). libidn does the work.
 *
 * Source: RFC 4013; PostgreSQL's src/common/saslprep.c for the cases the RFC leaves.
 */
#ifndef PASU_POSTGRES_SASLPREP_H
#define PASU_POSTGRES_SASLPREP_H

#include "base/bytes.h"

/* The length of what `out` then holds, or PASU_E_RANGE: it does not fit. */
PASU_MUST_USE int saslprep(uint8_t *out, size_t size, struct view password);

#endif
