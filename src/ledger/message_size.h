/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of the texts in messages (ledger/message.h), with their zero, and of what else is counted.
 */
#ifndef PASU_LEDGER_MESSAGE_SIZE_H
#define PASU_LEDGER_MESSAGE_SIZE_H

enum {
    NAME_SIZE = 64, /* a PostgreSQL name: 63 bytes and a zero */
    APPLICATION_SIZE = 64,
    TOLD_SIZE = 256,
    ADDRESS_SIZE = 48,
    GATEWAY_NAME_SIZE = 64,
    STATE_SIZE = 24,
    TRIAL_WHAT_SIZE = 256,
    ALERT_RULE_SIZE = 64,
    ALERT_TEXT_SIZE = 256,
    REQUEST_SQL_SIZE = 1024,
    MESSAGE_NOTE_MAX = 2048, /* a checkpoint with our signature alone */
    TARGETS_MAX = 24,
    TARGET_NAME_SIZE = 128,
    TARGET_ERROR_SIZE = 128,
    MESSAGE_WINDOWS = 5, /* minute, hour, day, 30 days, 180 days */
};

#endif
