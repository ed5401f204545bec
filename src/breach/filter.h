/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which exposures a question is about. Everything that is given must be so; what is not given is
 * not asked. Plain values; the texts are the caller's.
 *
 * What a session's own entry says (principal, address, application) cannot be tested where that
 * entry is not in the ledger: such an exposure is neither taken nor silently left out.
 */
#ifndef PASU_BREACH_FILTER_H
#define PASU_BREACH_FILTER_H

#include "base/address.h"
#include "breach/sessions.h"
#include "exposure/exposure.h"

/* Whether a session was at a place that is asked for. */
typedef bool filter_place_fn(const void *arg, const struct session_info *session);

struct filter {
    const char *principal, *actor, *application; /* NULL: any */
    const char *field;                           /* NULL: any; what shows it, see names.h */
    uint64_t session;                            /* 0: any */
    bool has_source, is_local;                   /* from this network, or through a Unix socket */
    struct network source;
    filter_place_fn *has_place; /* NULL: anywhere */
    const void *place;          /* its arg */
    int64_t from, to;           /* realtime ns; from <= time < to; to 0: no end */
};

enum filter_answer { FILTER_NO, FILTER_YES, FILTER_UNTESTABLE };

/* "192.0.2.1", "2001:db8::/32", "local". PASU_E_MALFORMED. */
PASU_MUST_USE int filter_source(struct filter *filter, const char *text);
/* A session's identity: 16 hexadecimal digits, not all 0. PASU_E_MALFORMED. */
PASU_MUST_USE int filter_session(struct filter *filter, const char *text);
/* The field apart; `session` is NULL where it is unknown. */
enum filter_answer filter_test(const struct filter *filter, const struct exposure *exposure,
                               const struct session_info *session);
static inline bool
filter_has_time(const struct filter *filter, int64_t time)
{
    return time >= filter->from && (filter->to == 0 || time < filter->to);
}

#endif
