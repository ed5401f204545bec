/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/session.h"

void
session_log_fields(const struct session *s, enum log_event event, const struct log_field *more,
                   size_t count)
{
    enum { OWN = 6 };
    char address[ADDRESS_SIZE];
    struct log_field fields[OWN + SESSION_LOG_FIELDS_MAX] = {
        F_HEX("session", s->id),
        F_TEXT("gateway", s->gateway->config->name),
        F_TEXT("principal", s->user),
        F_TEXT("database", s->database),
        F_TEXT("application", s->application),
        F_TEXT("address", address),
    };

    session_address_text(s, address);
    memcpy(fields + OWN, more, count * sizeof(*more));
    log_event(&s->worker->shared->log, event, fields, OWN + count);
}

void
session_log(const struct session *s, enum log_event event, int error, const char *detail)
{
    const struct log_field fields[] = {
        F_UINT("port", address_port(&s->address)),
        F_TEXT("state", session_state_name(s->state)),
        F_TEXT("error", error ? error_text(error) : NULL),
        F_TEXT("detail", detail),
        F_TEXT("hint", error ? error_hint(error) : NULL),
    };

    session_log_fields(s, event, fields, error ? COUNT_OF(fields) : 2);
}
