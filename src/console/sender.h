/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages with codes, to what sends e-mail and text messages: a JSON document in a folder, or by
 * POST to a webhook, signed as alerts are (respond/signature.h). Waits until it is there or has
 * failed: for a process that does nothing else.
 */
#ifndef PASU_CONSOLE_SENDER_H
#define PASU_CONSOLE_SENDER_H

#include "base/log.h"
#include "console/clerk.h"
#include "respond/web.h"

#include <jansson.h>

struct sender {
    const struct os *os;
    int outbox;      /* -1: none */
    const char *url; /* NULL: none */
    struct web web;
    struct view secret; /* the file's bytes; empty: unsigned */
    json_t *words[INQUIRY_LANGUAGES];
};

/* `code` NULL: nobody can be told apart by that contact, which is what is said. 0, or an error:
 * nobody has it then, or only one of folder and webhook. */
PASU_MUST_USE int sender_send(struct sender *sender, const struct clerk_found *found,
                              enum inquiry_language language, const char *code, int64_t valid);

#endif
