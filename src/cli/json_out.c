/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/json_out.h"
#include "base/log.h"
#include "cli/json_text.h"

#include <inttypes.h>
#include <math.h>

enum { TIME_SIZE = 32 };

static void
begin_value(struct json_out *out)
{
    if (out->needs_comma)
        fputc(',', out->file);
    out->needs_comma = true;
}

void
json_out_open(struct json_out *out, char bracket)
{
    begin_value(out);
    fputc(bracket, out->file);
    out->needs_comma = false;
}

void
json_out_close(struct json_out *out, char bracket)
{
    fputc(bracket, out->file);
    out->needs_comma = true;
}

/* Whether it stands in JSON as it is: most texts do, and asking is cheaper than making a json_t. */
static bool
is_plain(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
            return false;
    return true;
}

void
json_out_text(struct json_out *out, const char *text)
{
    json_t *string;

    begin_value(out);
    if (text != NULL && is_plain(text)) {
        fputc('"', out->file);
        fputs(text, out->file);
        fputc('"', out->file);
        return;
    }
    string = text != NULL ? json_text(text) : NULL;
    if (string == NULL || json_dumpf(string, out->file, JSON_ENCODE_ANY | JSON_COMPACT) != 0)
        fputs("null", out->file);
    json_decref(string);
}

void
json_out_key(struct json_out *out, const char *key)
{
    json_out_text(out, key);
    fputc(':', out->file);
    out->needs_comma = false;
}

void
json_out_count(struct json_out *out, uint64_t n)
{
    begin_value(out);
    fprintf(out->file, "%" PRIu64, n <= INT64_MAX ? n : INT64_MAX);
}

void
json_out_integer(struct json_out *out, int64_t n)
{
    begin_value(out);
    fprintf(out->file, "%" PRId64, n);
}

void
json_out_number(struct json_out *out, double n)
{
    begin_value(out);
    if (isfinite(n))
        fprintf(out->file, "%.17g", n);
    else
        fputs("null", out->file);
}

void
json_out_bool(struct json_out *out, bool is)
{
    begin_value(out);
    fputs(is ? "true" : "false", out->file);
}

void
json_out_hex(struct json_out *out, uint64_t n)
{
    begin_value(out);
    fprintf(out->file, "\"%016" PRIx64 "\"", n);
}

void
json_out_time(struct json_out *out, int64_t realtime)
{
    char text[TIME_SIZE];

    if (realtime <= 0) {
        json_out_text(out, NULL);
        return;
    }
    log_time_text(text, sizeof(text), realtime);
    begin_value(out);
    fprintf(out->file, "\"%s\"", text);
}

void
json_put_open(struct json_out *out, const char *key, char bracket)
{
    json_out_key(out, key);
    json_out_open(out, bracket);
}

void
json_put_text(struct json_out *out, const char *key, const char *text)
{
    json_out_key(out, key);
    json_out_text(out, text);
}

void
json_put_count(struct json_out *out, const char *key, uint64_t n)
{
    json_out_key(out, key);
    json_out_count(out, n);
}

void
json_put_hex(struct json_out *out, const char *key, uint64_t n)
{
    json_out_key(out, key);
    json_out_hex(out, n);
}

void
json_put_time(struct json_out *out, const char *key, int64_t realtime)
{
    json_out_key(out, key);
    json_out_time(out, realtime);
}

void
json_out_end(struct json_out *out)
{
    fputc('\n', out->file);
    out->needs_comma = false;
}
