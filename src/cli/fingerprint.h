/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `pasu fingerprint` have in common. Results are exit statuses, after a
 * complaint. */
#ifndef PASU_CLI_FINGERPRINT_H
#define PASU_CLI_FINGERPRINT_H

#include "cli/arguments.h"
#include "exposure/fingerprint.h"

enum {
    FINGERPRINT_BATCH = 256,       /* are hashed between two looks at the clock */
    FINGERPRINT_QUESTIONS = 100,   /* in 24 hours */
    FINGERPRINT_MEMORY = 16 << 10, /* KiB */
    FINGERPRINT_PASSES = 1,
};

/* What questions are recorded as; for whom nothing was ever asked. */
#define FINGERPRINT_COMMAND "fingerprint"

/* --threads, or as many as there are processors. */
PASU_MUST_USE int fingerprint_threads(const struct arguments *arguments, unsigned *threads);
/* The key of a bundle: that of --key, or the file BUNDLE.key. Release it in any case. */
PASU_MUST_USE int fingerprint_read_key(const struct arguments *arguments, const char *bundle,
                                       struct fingerprint_key *key);
/* The bundle; with its key, or NULL. Release it in any case. */
PASU_MUST_USE int fingerprint_read(const char *path, const struct fingerprint_key *key,
                                   struct fingerprint_bundle *bundle);

/* The four things that can be done. */
PASU_MUST_USE int fingerprint_make(const struct arguments *arguments);
PASU_MUST_USE int fingerprint_check(const struct arguments *arguments);
PASU_MUST_USE int fingerprint_hashes(const struct arguments *arguments);
PASU_MUST_USE int fingerprint_range(const struct arguments *arguments);

#endif
