/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/scram_part.h"

#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/x509.h>

int
scram_binding_of(X509 *certificate, struct scram_binding *binding)
{
    unsigned int length = 0;
    const EVP_MD *hash;
    int nid = NID_undef;

    _Static_assert(SCRAM_BINDING_MAX >= EVP_MAX_MD_SIZE, "any hash must fit");
    memset(binding, 0, sizeof(*binding));
    /* Understands RSA-PSS, whose hash stands in parameters, not in the algorithm's name. */
    if (X509_get_signature_info(certificate, &nid, NULL, NULL, NULL) != 1)
        return PASU_E_NOTFOUND;
    if (nid == NID_md5 || nid == NID_sha1)
        nid = NID_sha256;
    hash = nid == NID_undef ? NULL : EVP_get_digestbynid(nid);
    /* SHAKE has no length of its own: no binding is defined. */
    if (!hash || (EVP_MD_get_flags(hash) & EVP_MD_FLAG_XOF) != 0)
        return PASU_E_NOTFOUND;
    if (X509_digest(certificate, hash, binding->hash, &length) != 1) {
        memset(binding, 0, sizeof(*binding));
        return PASU_E_CRYPTO;
    }
    binding->length = (uint8_t)length;
    return 0;
}
