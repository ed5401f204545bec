/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/response.h"

#include "postgres/envelope.h"

enum {
    AUTH_OK = 0,
    AUTH_CLEARTEXT = 3,
    AUTH_SASL = 10,
    AUTH_SASL_CONTINUE = 11,
    AUTH_SASL_FINAL = 12
};
enum { KEY_MIN = 4, KEY_MAX = 256 };

static const char *const severities[] = {"NOTICE", "WARNING", "ERROR", "FATAL"};

static void
put_field(struct writer *w, char field, const char *text)
{
    struct view v = view_of_text(text);

    if (v.length > RESPONSE_TEXT_MAX)
        v.length = RESPONSE_TEXT_MAX;
    writer_u8(w, (uint8_t)field);
    envelope_text(w, v);
}

static void
put_report(struct writer *w, char type, enum response_severity severity, const char *sqlstate,
           const char *message, const char *detail, const char *hint)
{
    size_t at = envelope_begin(w, type);

    put_field(w, 'S', severities[severity]);
    put_field(w, 'V', severities[severity]);
    put_field(w, 'C', sqlstate);
    put_field(w, 'M', message);
    if (detail && *detail)
        put_field(w, 'D', detail);
    if (hint && *hint)
        put_field(w, 'H', hint);
    writer_u8(w, 0);
    envelope_end(w, at);
}

static void
put_cut(struct writer *w, char field, struct view text)
{
    enum { WORD_MAX = 32 };

    if (text.length == 0)
        return;
    writer_u8(w, (uint8_t)field);
    envelope_text(w, view_of(text.bytes, text.length < WORD_MAX ? text.length : WORD_MAX));
}

void
response_scrubbed(struct writer *w, char type, struct view severity, struct view severity_plain,
                  struct view sqlstate, const char *message, const char *hint)
{
    size_t at = envelope_begin(w, type);

    put_cut(w, 'S', severity);
    put_cut(w, 'V', severity_plain);
    put_cut(w, 'C', sqlstate);
    put_field(w, 'M', message);
    put_field(w, 'H', hint);
    writer_u8(w, 0);
    envelope_end(w, at);
}

void
response_error(struct writer *w, enum response_severity severity, int code, const char *detail)
{
    put_report(w, 'E', severity, error_sqlstate(code), error_text(code), detail, error_hint(code));
}

void
response_error_text(struct writer *w, enum response_severity severity, int code, const char *text,
                    const char *hint)
{
    put_report(w, 'E', severity, error_sqlstate(code), text, NULL, hint ? hint : error_hint(code));
}

void
response_error_password(struct writer *w, struct view user)
{
    char message[128], name[64];

    text_from_view(name, sizeof(name), user);
    snprintf(message, sizeof(message), "password authentication failed for user \"%s\"", name);
    put_report(w, 'E', SEVERITY_FATAL, "28P01", message, NULL, NULL);
}

void
response_notice(struct writer *w, enum response_severity severity, const char *sqlstate,
                const char *message)
{
    put_report(w, 'N', severity, sqlstate, message, NULL, NULL);
}

static void
put_auth(struct writer *w, uint32_t code, struct view data)
{
    size_t at = envelope_begin(w, 'R');

    writer_u32(w, code);
    writer_bytes(w, data.bytes, data.length);
    envelope_end(w, at);
}

void
response_auth_ok(struct writer *w)
{
    put_auth(w, AUTH_OK, VIEW(""));
}

void
response_auth_cleartext(struct writer *w)
{
    put_auth(w, AUTH_CLEARTEXT, VIEW(""));
}

void
response_auth_sasl(struct writer *w, const char *const *mechanisms, size_t count)
{
    size_t at = envelope_begin(w, 'R');

    writer_u32(w, AUTH_SASL);
    for (size_t i = 0; i < count; i++)
        writer_text(w, mechanisms[i]);
    writer_u8(w, 0);
    envelope_end(w, at);
}

void
response_auth_sasl_continue(struct writer *w, struct view data)
{
    put_auth(w, AUTH_SASL_CONTINUE, data);
}

void
response_auth_sasl_final(struct writer *w, struct view data)
{
    put_auth(w, AUTH_SASL_FINAL, data);
}

void
response_key_data(struct writer *w, uint32_t pid, struct view key)
{
    size_t at = envelope_begin(w, 'K');

    if (key.length < KEY_MIN || key.length > KEY_MAX)
        w->failed = true;
    writer_u32(w, pid);
    writer_bytes(w, key.bytes, key.length);
    envelope_end(w, at);
}

void
response_parameter(struct writer *w, const char *name, const char *value)
{
    size_t at = envelope_begin(w, 'S');

    writer_text(w, name);
    writer_text(w, value);
    envelope_end(w, at);
}

void
response_ready(struct writer *w, char status)
{
    size_t at = envelope_begin(w, 'Z');

    writer_u8(w, (uint8_t)status);
    envelope_end(w, at);
}

void
response_negotiate_version(struct writer *w, uint32_t version, const struct view *options,
                           size_t count)
{
    size_t at = envelope_begin(w, 'v');

    writer_u32(w, version);
    writer_u32(w, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        envelope_text(w, options[i]);
    envelope_end(w, at);
}
