/* SPDX-License-Identifier: Apache-2.0 */
#include "config/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static BIO *
bio_of(struct view pem)
{
    return pem.length > 0 && pem.length <= INT_MAX ? BIO_new_mem_buf(pem.bytes, (int)pem.length)
                                                   : NULL;
}

/* Whoever asks for a passphrase gets none, and never waits at a terminal. */
static int
no_passphrase(char *text PASU_UNUSED, int size PASU_UNUSED, int is_writing PASU_UNUSED,
              void *arg PASU_UNUSED)
{
    return -1;
}

static X509 *
read_certificate(BIO *bio)
{
    return PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
}

static EVP_PKEY *
read_key(struct view pem)
{
    BIO *bio = bio_of(pem);
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;

    BIO_free(bio);
    return key;
}

const char *
pem_check_certificates(struct view pem)
{
    BIO *bio = bio_of(pem);
    bool is_damaged;
    size_t count = 0;
    X509 *one;

    ERR_clear_error();
    if (bio == NULL)
        return "is empty";
    while ((one = read_certificate(bio)) != NULL) {
        X509_free(one);
        count++;
    }
    is_damaged = ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE;
    ERR_clear_error();
    BIO_free(bio);
    if (is_damaged)
        return "has a damaged certificate in it";
    return count > 0 ? NULL : "has no certificate in it";
}

const char *
pem_check_key(struct view pem)
{
    EVP_PKEY *key = read_key(pem);

    ERR_clear_error();
    if (key != NULL) {
        EVP_PKEY_free(key);
        return NULL;
    }
    if (pem.length > 0 && memmem(pem.bytes, pem.length, "ENCRYPTED", 9) != NULL)
        return "is protected by a passphrase, which nobody could enter";
    return "has no private key in it";
}

const char *
pem_check_fit(struct view certificates, struct view key)
{
    BIO *bio = bio_of(certificates);
    X509 *first = bio != NULL ? read_certificate(bio) : NULL;
    EVP_PKEY *own = read_key(key);
    bool is_fit = first != NULL && own != NULL && X509_check_private_key(first, own) == 1;

    ERR_clear_error();
    EVP_PKEY_free(own);
    X509_free(first);
    BIO_free(bio);
    return is_fit ? NULL : "does not fit the certificate";
}
