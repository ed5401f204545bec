/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An alert as it is sent: the body of a webhook (docs/how-to/alerts.md has the schema), in pasu's
 * own form or as a Detection Finding of OCSF 1.8.0, and a line of syslog. Names of roles come from
 * clients that have logged in: whatever they are made of, what is written is JSON, and one line.
 */
#ifndef PASU_RESPOND_ALERT_TEXT_H
#define PASU_RESPOND_ALERT_TEXT_H

#include "config/model.h"
#include "ledger/message.h"

enum {
    ALERT_ID_SIZE = 160,
    ALERT_HINT_SIZE = 256,
    ALERT_DATA_SIZE = 1536,
    ALERT_SAFE_SIZE = ALERT_TEXT_SIZE * 3
};

/* The same for each time that it is sent, and for nothing else: the ledger's origin and the
 * record's index, with a slash between. */
void alert_id(char id[ALERT_ID_SIZE], const struct message_delivery *delivery);
/* Whatever it was, in UTF-8 without control characters. */
const char *alert_safe(char text[ALERT_SAFE_SIZE], const char *from, size_t size);
/* "budget", "rule", …; "pasu": of the ledger itself. */
const char *alert_control(const struct message_delivery *delivery);
/* "info", "warning", "critical". */
const char *alert_severity_text(uint8_t severity);
/* What whoever is told can do. */
void alert_hint(char hint[ALERT_HINT_SIZE], const struct message_delivery *delivery);
/* To be freed with memory_free; NULL: no memory. */
char *alert_body(const struct message_delivery *delivery, enum config_alert_format format);
/* Of RFC 5424: the priority, the structured data, and the message. */
int alert_priority(const struct message_delivery *delivery);
void alert_data(char data[ALERT_DATA_SIZE], const struct message_delivery *delivery);
void alert_line(char line[ALERT_TEXT_SIZE * 3], const struct message_delivery *delivery);

#endif
