/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger's secret: random bytes in a file of its folder, made at the first start. What the
 * ledger says of persons' keys it says by hashes under this secret; without it they cannot be
 * looked up again, so it belongs into every backup of the ledger.
 */
#ifndef PASU_GUARD_SECRET_H
#define PASU_GUARD_SECRET_H

#include "base/error.h"
#include "base/os.h"
#include "base/sandbox.h"

enum { SECRET_SIZE = 32 };

/*
 * Reads `name` in the folder, or makes it: whole and on disk, or not there; mode 0600, owned by the
 * account. PASU_E_DENIED where somebody else can read it, PASU_E_CORRUPT where it is of another
 * length or no plain file; nothing is made in its place then. PASU_E_IO, PASU_E_DISKFULL.
 */
PASU_MUST_USE int secret_open(const struct os *os, int directory, const char *name,
                              const struct sandbox_account *account, uint8_t secret[SECRET_SIZE]);

#endif
