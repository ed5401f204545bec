/* SPDX-License-Identifier: Apache-2.0 */
#include "respond/sink_tls.h"

#include "base/address.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

enum { ERROR_SIZE = 128 };

struct sink_tls {
    SSL_CTX *context;
    SSL *ssl; /* NULL: not begun */
    char host[ENDPOINT_HOST_SIZE];
    char error[ERROR_SIZE];
    bool reads;
};

/* All certificates of the PEM. */
static int
trust(SSL_CTX *context, struct view authorities)
{
    BIO *bio = BIO_new_mem_buf(authorities.bytes, (int)authorities.length);
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    X509 *one;
    int count = 0;

    while (bio && (one = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        count += X509_STORE_add_cert(store, one);
        X509_free(one);
    }
    BIO_free(bio);
    ERR_clear_error();
    return count > 0 ? 0 : PASU_E_CRYPTO;
}

int
sink_tls_new(struct sink_tls **tls, struct view authorities, const char *host)
{
    struct sink_tls *t = memory_new(1, sizeof(*t));
    int result;

    *tls = NULL;
    if (!t)
        return PASU_E_NOMEM;
    snprintf(t->host, sizeof(t->host), "%s", host);
    t->context = SSL_CTX_new(TLS_client_method());
    result = t->context && SSL_CTX_set_min_proto_version(t->context, TLS1_2_VERSION) == 1
                 ? trust(t->context, authorities)
                 : PASU_E_NOMEM;
    if (result != 0) {
        sink_tls_free(t);
        return result;
    }
    SSL_CTX_set_verify(t->context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(t->context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    *tls = t;
    return 0;
}

void
sink_tls_free(struct sink_tls *t)
{
    if (!t)
        return;
    SSL_free(t->ssl);
    SSL_CTX_free(t->context);
    memory_free(t);
}

int
sink_tls_begin(struct sink_tls *t, int fd)
{
    struct in6_addr address;
    bool is_address =
        inet_pton(AF_INET, t->host, &address) == 1 || inet_pton(AF_INET6, t->host, &address) == 1;

    SSL_free(t->ssl);
    t->error[0] = '\0';
    t->ssl = SSL_new(t->context);
    if (!t->ssl || SSL_set_fd(t->ssl, fd) != 1)
        return PASU_E_NOMEM;
    if (is_address
            ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl), t->host) != 1
            : SSL_set1_host(t->ssl, t->host) != 1 || SSL_set_tlsext_host_name(t->ssl, t->host) != 1)
        return PASU_E_NOMEM;
    SSL_set_connect_state(t->ssl);
    return 0;
}

/* What a call of OpenSSL has come to. */
static int
end(struct sink_tls *t, int result)
{
    int what = SSL_get_error(t->ssl, result);
    long verified = SSL_get_verify_result(t->ssl);

    t->reads = what == SSL_ERROR_WANT_READ;
    if (what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE)
        return PASU_E_AGAIN;
    if (verified != X509_V_OK)
        snprintf(t->error, sizeof(t->error), "its certificate is not good: %s",
                 X509_verify_cert_error_string(verified));
    else if (what == SSL_ERROR_SSL)
        ERR_error_string_n(ERR_peek_error(), t->error, sizeof(t->error));
    ERR_clear_error();
    return what == SSL_ERROR_SSL ? PASU_E_CRYPTO : PASU_E_EOF;
}

int
sink_tls_shake(struct sink_tls *t)
{
    int result;

    if (SSL_is_init_finished(t->ssl))
        return 0;
    ERR_clear_error();
    result = SSL_do_handshake(t->ssl);
    return result == 1 ? 0 : end(t, result);
}

ssize_t
sink_tls_send(struct sink_tls *t, const uint8_t *bytes, size_t length)
{
    size_t written;
    int result;

    ERR_clear_error();
    result = SSL_write_ex(t->ssl, bytes, length, &written);
    return result == 1 ? (ssize_t)written : end(t, result);
}

int
sink_tls_listen(struct sink_tls *t)
{
    uint8_t bytes[512];
    size_t length;
    int result;

    ERR_clear_error();
    result = SSL_read_ex(t->ssl, bytes, sizeof(bytes), &length);
    result = result == 1 ? 0 : end(t, result);
    t->reads = false;
    return result == PASU_E_AGAIN ? 0 : result;
}

bool
sink_tls_reads(const struct sink_tls *t)
{
    return t->reads;
}

const char *
sink_tls_error(const struct sink_tls *t)
{
    return t->error;
}
