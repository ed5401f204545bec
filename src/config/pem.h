/* SPDX-License-Identifier: Apache-2.0 */
/* Whether bytes are the certificates and keys that TLS needs. Each answer is NULL for yes, or a
 * constant text that says what is wrong and follows "FILE ". Asks nobody for a passphrase. */
#ifndef PASU_CONFIG_PEM_H
#define PASU_CONFIG_PEM_H

#include "base/bytes.h"

/* One or more certificates, and nothing that looks like one but is damaged. */
const char *pem_check_certificates(struct view pem);
/* One private key. */
const char *pem_check_key(struct view pem);
/* The key fits the first certificate; both have been checked by themselves. */
const char *pem_check_fit(struct view certificates, struct view key);

#endif
