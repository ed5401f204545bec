/* SPDX-License-Identifier: Apache-2.0 */
/*
 * E-mail over SMTP (RFC 5321), by libcurl: with TLS from the beginning (smtps://, RFC 8314), or by
 * STARTTLS (RFC 3207), without which nothing is sent, and certificates verified as web.h says; in
 * the clear only where that was asked for. A message has been sent once the server has taken it for
 * all of its recipients; else for none that we know of. One thread.
 */
#ifndef PASU_RESPOND_WEB_MAIL_H
#define PASU_RESPOND_WEB_MAIL_H

#include "respond/alert_mail.h"
#include "respond/web.h"

struct web_mail_way {
    bool is_clear;    /* without TLS; of smtp:// */
    const char *from; /* the envelope's */
    const char *user; /* NULL: nobody logs in */
    struct view password;
};

/* As web_post_init; all is copied. */
PASU_MUST_USE int web_mail_init(struct web_post *post, struct web *web, size_t number,
                                const struct web_mail_way *way);
/* Begins to send a message, as alert_mail writes it, which is copied. PASU_E_NOMEM. */
PASU_MUST_USE int web_mail_begin(struct web_post *post, const struct web_place *place,
                                 const struct mail_list *to, struct view message);
/* The URL to connect to, with the name that we give ourselves in EHLO: memory_free; NULL: no
 * memory. */
char *web_mail_url(const char *server, const char *host);

#endif
