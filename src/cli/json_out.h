/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON written as it comes, for documents that are too long to be held: a line for each statement
 * of a ledger, a list of a million keys. Commas are put where they belong; that objects and arrays
 * are closed in order is the caller's. A failed write is found by output_end (complain.h).
 */
#ifndef PASU_CLI_JSON_OUT_H
#define PASU_CLI_JSON_OUT_H

#include "base/attributes.h"

struct json_out {
    FILE *file;
    bool needs_comma;
};

/* '{' or '['; and their ends. */
void json_out_open(struct json_out *out, char bracket);
void json_out_close(struct json_out *out, char bracket);
/* A member's name, plain ASCII of ours or any text; its value follows. */
void json_out_key(struct json_out *out, const char *key);
/* Values. NULL is null; a text that is no UTF-8 is escaped as for a terminal. */
void json_out_text(struct json_out *out, const char *text);
/* At most 2⁶³ - 1, which most readers can hold; what is more is that. */
void json_out_count(struct json_out *out, uint64_t n);
void json_out_integer(struct json_out *out, int64_t n);
/* With as many digits as read back to the same; null where JSON has no such number. */
void json_out_number(struct json_out *out, double n);
void json_out_bool(struct json_out *out, bool is);
/* 16 hexadecimal digits, as a text. */
void json_out_hex(struct json_out *out, uint64_t n);
/* RFC 3339 in UTC; null for 0 and below. */
void json_out_time(struct json_out *out, int64_t realtime);
/* Members: a name and its value, as above; json_put_open begins an object or an array. */
void json_put_open(struct json_out *out, const char *key, char bracket);
void json_put_text(struct json_out *out, const char *key, const char *text);
void json_put_count(struct json_out *out, const char *key, uint64_t n);
void json_put_hex(struct json_out *out, const char *key, uint64_t n);
void json_put_time(struct json_out *out, const char *key, int64_t realtime);
/* Ends a document: a new line. */
void json_out_end(struct json_out *out);

#endif
