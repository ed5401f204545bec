/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/tls.h"

#include <arpa/inet.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static const unsigned char alpn[] = "\x0apostgresql";
enum { ALPN_LENGTH = sizeof(alpn) - 1 };

static int
choose_alpn(SSL *tls PASU_UNUSED, const unsigned char **out, unsigned char *out_length,
            const unsigned char *in, unsigned in_length, void *arg PASU_UNUSED)
{
    unsigned char *chosen = NULL;

    if (SSL_select_next_proto(&chosen, out_length, alpn, ALPN_LENGTH, in, in_length) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static BIO *
bio_of(const struct config_file *file)
{
    return file->bytes.length > INT_MAX
               ? NULL
               : BIO_new_mem_buf(file->bytes.bytes, (int)file->bytes.length);
}

/* A key in PEM never asks for a passphrase on a terminal. */
static int
no_passphrase(char *text PASU_UNUSED, int size PASU_UNUSED, int writing PASU_UNUSED,
              void *arg PASU_UNUSED)
{
    return -1;
}

static int
use_certificate(SSL_CTX *context, const struct config_file *certificate,
                const struct config_file *key)
{
    BIO *chain = bio_of(certificate), *secret = bio_of(key);
    X509 *x509 = chain ? PEM_read_bio_X509(chain, NULL, no_passphrase, NULL) : NULL;
    EVP_PKEY *pkey = secret ? PEM_read_bio_PrivateKey(secret, NULL, no_passphrase, NULL) : NULL;
    int result = PASU_E_CRYPTO;

    if (!x509 || !pkey || SSL_CTX_use_certificate(context, x509) != 1 ||
        SSL_CTX_use_PrivateKey(context, pkey) != 1 || SSL_CTX_check_private_key(context) != 1)
        goto out;
    for (;;) {
        X509 *next = PEM_read_bio_X509(chain, NULL, no_passphrase, NULL);

        if (!next)
            break;
        if (SSL_CTX_add0_chain_cert(context, next) != 1) {
            X509_free(next);
            goto out;
        }
    }
    result = 0;
out:
    X509_free(x509);
    EVP_PKEY_free(pkey);
    BIO_free(chain);
    BIO_free(secret);
    ERR_clear_error();
    return result;
}

static int
use_ca(SSL_CTX *context, const struct config_file *ca, bool announce)
{
    BIO *bio = bio_of(ca);
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    int count = 0, result = PASU_E_CRYPTO;

    for (;;) {
        X509 *x509 = bio ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;

        if (!x509)
            break;
        if (X509_STORE_add_cert(store, x509) == 1 &&
            (!announce || SSL_CTX_add_client_CA(context, x509) == 1))
            count++;
        X509_free(x509);
    }
    if (count > 0)
        result = 0;
    BIO_free(bio);
    ERR_clear_error();
    return result;
}

static SSL_CTX *
context_new(const SSL_METHOD *method)
{
    SSL_CTX *context = SSL_CTX_new(method);

    if (!context)
        return NULL;
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context;
}

int
tls_client_context(SSL_CTX **context, struct scram_binding *binding,
                   const struct config_gateway *gateway)
{
    SSL_CTX *c = context_new(TLS_server_method());
    int result;

    binding->length = 0;
    if (!c)
        return PASU_E_NOMEM;
    SSL_CTX_set_options(c, SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_alpn_select_cb(c, choose_alpn, NULL);
    result = use_certificate(c, &gateway->tls.certificate, &gateway->tls.key);
    if (result == 0 && gateway->tls.client_ca.path) {
        result = use_ca(c, &gateway->tls.client_ca, true);
        SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
    }
    if (result == 0 && scram_binding_of(SSL_CTX_get0_certificate(c), binding) != 0)
        binding->length = 0; /* a certificate without a binding: PLUS is not offered */
    if (result != 0) {
        SSL_CTX_free(c);
        return result;
    }
    *context = c;
    return 0;
}

int
tls_server_context(SSL_CTX **context, const struct config_gateway *gateway)
{
    SSL_CTX *c = context_new(TLS_client_method());
    int result = 0;

    if (!c)
        return PASU_E_NOMEM;
    if (SSL_CTX_set_alpn_protos(c, alpn, ALPN_LENGTH) != 0)
        result = PASU_E_NOMEM;
    if (result == 0 && gateway->upstream_tls.ca.path) {
        result = use_ca(c, &gateway->upstream_tls.ca, false);
        /* As libpq: with a CA at hand, "require" verifies the chain, though not the name. */
        SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
    }
    if (result == 0 && gateway->upstream_tls.certificate.path)
        result = use_certificate(c, &gateway->upstream_tls.certificate, &gateway->upstream_tls.key);
    if (result != 0) {
        SSL_CTX_free(c);
        return result;
    }
    *context = c;
    return 0;
}

SSL *
tls_accept(SSL_CTX *context, int fd)
{
    SSL *tls = SSL_new(context);

    if (tls && SSL_set_fd(tls, fd) != 1) {
        SSL_free(tls);
        return NULL;
    }
    if (tls)
        SSL_set_accept_state(tls);
    return tls;
}

SSL *
tls_connect(SSL_CTX *context, int fd, const struct config_gateway *gateway)
{
    SSL *tls = SSL_new(context);
    char host[ENDPOINT_HOST_SIZE]; /* OpenSSL's macro takes no const */
    uint8_t number[16];
    bool is_number;
    bool is_verified = gateway->upstream_tls.mode == UPSTREAM_TLS_VERIFY_FULL;

    if (!tls)
        return NULL;
    memcpy(host, gateway->upstream.host, sizeof(host));
    is_number = inet_pton(AF_INET, host, number) == 1 || inet_pton(AF_INET6, host, number) == 1;
    if (SSL_set_fd(tls, fd) != 1 ||
        (!is_number && !gateway->upstream.is_unix && SSL_set_tlsext_host_name(tls, host) != 1) ||
        (is_verified && is_number &&
         X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host) != 1) ||
        (is_verified && !is_number && SSL_set1_host(tls, host) != 1)) {
        SSL_free(tls);
        ERR_clear_error();
        return NULL;
    }
    SSL_set_connect_state(tls);
    return tls;
}

bool
tls_has_alpn(const SSL *tls)
{
    const unsigned char *chosen = NULL;
    unsigned length = 0;

    SSL_get0_alpn_selected(tls, &chosen, &length);
    return length == ALPN_LENGTH - 1 && memcmp(chosen, alpn + 1, length) == 0;
}

int
tls_peer_name(const SSL *tls, char *name, size_t size)
{
    X509 *x509 = SSL_get0_peer_certificate(tls);
    int length;

    if (!x509 || SSL_get_verify_result(tls) != X509_V_OK)
        return PASU_E_NOTFOUND;
    length =
        X509_NAME_get_text_by_NID(X509_get_subject_name(x509), NID_commonName, name, (int)size);
    if (length <= 0 || (size_t)length >= size - 1 || strlen(name) != (size_t)length)
        return PASU_E_NOTFOUND;
    return 0;
}
