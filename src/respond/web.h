/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POSTs over HTTP and HTTPS, and e-mail over SMTP (respond/web_mail.h), several at a time, none of
 * which is waited for (libcurl). Certificates are verified; no redirect is followed, no proxy used,
 * no name looked up here, and of an answer at most WEB_ANSWER_MAX bytes are taken: what comes is
 * hostile. Everything ends within ten seconds, e-mail within 30. One thread.
 */
#ifndef PASU_RESPOND_WEB_H
#define PASU_RESPOND_WEB_H

#include "base/address.h"
#include "base/bytes.h"

#include <curl/curl.h>

enum { WEB_ANSWER_MAX = 16 << 10, WEB_ERROR_SIZE = 128, WEB_ADDRESSES_MAX = 16 };

struct web {
    CURLM *multi;
    char *authorities; /* PEM; NULL: none, and no certificate is good */
    size_t authorities_length;
};

/* One exchange, then another; its connection is kept. */
struct web_post {
    struct web *web;
    size_t number; /* the caller's */
    CURL *easy;
    struct curl_slist *headers, *names;
    struct curl_slist *recipients; /* e-mail: to whom, and */
    char *message;                 /* what; or NULL */
    size_t message_length, message_at;
    char *authorities; /* its own, PEM; NULL: the web's */
    char failure[CURL_ERROR_SIZE];
    uint8_t answer[WEB_ANSWER_MAX];
    size_t length;
    bool is_running, is_long;
    long status;                /* of HTTP, once it is done; 0: there was no whole answer */
    bool is_unreached;          /* there was no connection */
    char error[WEB_ERROR_SIZE]; /* why there was none */
};

/* Where a server is. */
struct web_place {
    char *url;
    struct endpoint endpoint;
    struct address addresses[WEB_ADDRESSES_MAX];
    size_t count;
};

/* `authorities` is PEM, copied; empty: those that the system trusts, read now. Files are not needed
 * later. PASU_E_NOMEM. */
PASU_MUST_USE int web_init(struct web *web, struct view authorities);
void web_release(struct web *web);
PASU_MUST_USE int web_post_init(struct web_post *post, struct web *web, size_t number);
/* Its own authorities, copied, in the place of the web's. PASU_E_NOMEM. */
PASU_MUST_USE int web_post_trust(struct web_post *post, struct view authorities);
/* The headers that it has from now on, copied. PASU_E_NOMEM. */
PASU_MUST_USE int web_post_set_headers(struct web_post *post, const char *const *lines,
                                       size_t count);
void web_post_release(struct web_post *post);
/* What all of them have in common: how safe it is to be, and where the answer goes. */
PASU_MUST_USE bool web_post_prepare(struct web_post *post, struct web *web, size_t number,
                                    const char *protocols, long milliseconds);
/* Begins what has been set, at that place. PASU_E_NOMEM. */
PASU_MUST_USE int web_post_start(struct web_post *post, const struct web_place *place);
/* Begins; `body` is copied. PASU_E_NOMEM. */
PASU_MUST_USE int web_post_begin(struct web_post *post, const struct web_place *place,
                                 struct view body);
/* Does what can be done; `done` is told of each that has ended, and may begin it again. */
void web_step(struct web *web, void (*done)(void *arg, struct web_post *post), void *arg);

#endif
