/* SPDX-License-Identifier: Apache-2.0 */
/* What a browser sends, taken apart. Pure; all of it is hostile. */
#ifndef PASU_CONSOLE_REQUEST_H
#define PASU_CONSOLE_REQUEST_H

#include "base/bytes.h"
#include "ledger/inquiry.h"

#include <stdbool.h>

enum route {
#define X(id, method, path) ROUTE_##id,
#include "console/route.def"
#undef X
    ROUTE_NONE,
    ROUTE_OTHER_METHOD
};

struct request {
    enum route route;
    enum inquiry_language language;
    bool has_chosen; /* the language, just now */
    bool has_token;  /* by a cookie */
    uint8_t token[INQUIRY_TOKEN_SIZE];
};

/* Which one; HEAD is GET. */
enum route request_route(const char *method, const char *path);
/* By what was chosen (NULL: nothing), or else Accept-Language (RFC 9110, 12.5.4; NULL: none). */
enum inquiry_language request_language(const char *chosen, const char *accepted);
/* A value of a form as browsers send it (application/x-www-form-urlencoded), cut to fit. False:
 * there is none of that name. */
bool request_form(char *out, size_t size, struct view body, const char *name);
/* 32 hexadecimal digits. False: it is something else. */
bool request_token(uint8_t token[INQUIRY_TOKEN_SIZE], const char *text);
void request_token_text(char text[2 * INQUIRY_TOKEN_SIZE + 1],
                        const uint8_t token[INQUIRY_TOKEN_SIZE]);
/* The last address of X-Forwarded-For, as a text; false: there is none. */
bool request_forwarded(char *out, size_t size, const char *header);

#endif
