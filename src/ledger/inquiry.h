/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What console and clerk say to each other about persons who ask what of theirs was shown
 * (console/console.h, console/clerk.h). A ticket stands for a question for a code, a token for who
 * has given the right one; both are random, and whoever has one can use it.
 */
#ifndef PASU_LEDGER_INQUIRY_H
#define PASU_LEDGER_INQUIRY_H

#include "base/channel.h"

enum {
    INQUIRY_TOKEN_SIZE = 16,
    INQUIRY_FROM_SIZE = 16,
    INQUIRY_CONTACT_SIZE = 256,
    INQUIRY_CODE_SIZE = 16
};

enum inquiry_language { INQUIRY_KOREAN, INQUIRY_ENGLISH, INQUIRY_LANGUAGES };
enum inquiry_look { INQUIRY_PAGE, INQUIRY_CERTIFICATE, INQUIRY_LOOKS };

/* Where somebody asks from, as keyed hashes: one address, of IPv6 a /64; and the network around it,
 * a /24 or a /48. */
struct inquiry_from {
    uint8_t address[INQUIRY_FROM_SIZE], network[INQUIRY_FROM_SIZE];
};

struct message_code_wanted {
    uint8_t ticket[INQUIRY_TOKEN_SIZE];
    struct inquiry_from from;
    uint32_t language; /* enum inquiry_language */
    uint32_t unused;
    char contact[INQUIRY_CONTACT_SIZE]; /* as it was typed */
};

struct message_code_given {
    uint64_t id;
    uint8_t ticket[INQUIRY_TOKEN_SIZE];
    char code[INQUIRY_CODE_SIZE]; /* digits */
};

struct message_code_judged {
    uint64_t id;
    int32_t error; /* 0, or PASU_E_TOKEN */
    uint32_t unused;
    uint8_t token[INQUIRY_TOKEN_SIZE];
};

struct message_look {
    uint64_t id;
    uint8_t token[INQUIRY_TOKEN_SIZE];
    struct inquiry_from from;
    uint32_t what;     /* enum inquiry_look */
    uint32_t which;    /* person, of those whose contact it is; of a certificate */
    uint32_t language; /* enum inquiry_language */
    uint32_t unused;
};

struct message_leave {
    uint8_t token[INQUIRY_TOKEN_SIZE];
};

/* Of ledger/message.c. */
extern const struct channel_rule message_rules_console_from_supervisor[];
extern const size_t message_rules_console_from_supervisor_count;
extern const struct channel_rule message_rules_clerk_from_supervisor[];
extern const size_t message_rules_clerk_from_supervisor_count;
extern const struct channel_rule message_rules_supervisor_from_console[];
extern const size_t message_rules_supervisor_from_console_count;
extern const struct channel_rule message_rules_clerk_from_console[];
extern const size_t message_rules_clerk_from_console_count;
extern const struct channel_rule message_rules_console_from_clerk[];
extern const size_t message_rules_console_from_clerk_count;

#endif
