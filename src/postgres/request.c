/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/request.h"

#include "postgres/envelope.h"
#include "postgres/startup.h"

enum { KEY_MIN = 4 };

void
request_ssl(struct writer *w)
{
    size_t at = envelope_begin(w, 0);

    writer_u32(w, CODE_SSL);
    envelope_end(w, at);
}

void
request_cancel(struct writer *w, uint32_t pid, struct view key)
{
    size_t at = envelope_begin(w, 0);

    if (key.length < KEY_MIN || key.length > STARTUP_CANCEL_KEY_MAX)
        w->failed = true;
    writer_u32(w, CODE_CANCEL);
    writer_u32(w, pid);
    writer_bytes(w, key.bytes, key.length);
    envelope_end(w, at);
}

void
request_startup(struct writer *w, uint32_t version, const struct request_parameter *parameters,
                size_t count)
{
    size_t at = envelope_begin(w, 0);

    writer_u32(w, version);
    for (size_t i = 0; i < count; i++) {
        if (parameters[i].name.length == 0)
            w->failed = true;
        envelope_text(w, parameters[i].name);
        envelope_text(w, parameters[i].value);
    }
    writer_u8(w, 0);
    envelope_end(w, at);
}

void
request_password(struct writer *w, struct view password)
{
    size_t at = envelope_begin(w, 'p');

    envelope_text(w, password);
    envelope_end(w, at);
}

void
request_sasl_initial(struct writer *w, const char *mechanism, struct view data)
{
    size_t at = envelope_begin(w, 'p');

    writer_text(w, mechanism);
    writer_u32(w, (uint32_t)data.length);
    writer_bytes(w, data.bytes, data.length);
    envelope_end(w, at);
}

void
request_sasl(struct writer *w, struct view data)
{
    size_t at = envelope_begin(w, 'p');

    writer_bytes(w, data.bytes, data.length);
    envelope_end(w, at);
}

void
request_query(struct writer *w, struct view sql)
{
    size_t at = envelope_begin(w, 'Q');

    envelope_text(w, sql);
    envelope_end(w, at);
}

void
request_terminate(struct writer *w)
{
    envelope_end(w, envelope_begin(w, 'X'));
}
