/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An alert as a message of e-mail (RFC 5322, MIME): a subject of our own words alone, and a text in
 * UTF-8, which goes as base64. Names of roles, and whatever else comes from clients, stand in the
 * text only, a line each: nothing of them can become a header, a recipient or the message's end.
 */
#ifndef PASU_RESPOND_ALERT_MAIL_H
#define PASU_RESPOND_ALERT_MAIL_H

#include "config/model.h"
#include "ledger/message.h"

enum {
    MAIL_RECIPIENTS_MAX = 16,
    MAIL_ADDRESS_SIZE = 256, /* with its zero */
    MAIL_MESSAGE_MAX = 24 << 10,
};

/* Who is told: addresses as the configuration has them, checked (MAILBOX). */
struct mail_list {
    char addresses[MAIL_RECIPIENTS_MAX][MAIL_ADDRESS_SIZE];
    size_t count;
};

void mail_list_set(struct mail_list *list, const struct config_texts *addresses);
/* Writes the message with its headers, lines ended by CR and LF. A delivery has the same Message-ID
 * whenever it is sent, and each step of an alert refers to the alert's. Its length, or
 * PASU_E_RANGE. */
PASU_MUST_USE ssize_t alert_mail(uint8_t *bytes, size_t size,
                                 const struct message_delivery *delivery, const char *from,
                                 const struct mail_list *to);

#endif
