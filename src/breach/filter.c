/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/filter.h"

enum { SESSION_DIGITS = 16 };

static const char local[] = "local"; /* as address_text writes a Unix socket */

int
filter_source(struct filter *filter, const char *text)
{
    filter->is_local = strcmp(text, local) == 0;
    filter->has_source = filter->is_local || network_parse(&filter->source, text) == 0;
    return filter->has_source ? 0 : PASU_E_MALFORMED;
}

int
filter_session(struct filter *filter, const char *text)
{
    if (strlen(text) != SESSION_DIGITS || strspn(text, "0123456789abcdefABCDEF") != SESSION_DIGITS)
        return PASU_E_MALFORMED;
    filter->session = strtoull(text, NULL, 16);
    return filter->session != 0 ? 0 : PASU_E_MALFORMED;
}

/* Whether a single address lies in the network: its bytes begin with the network's bits. */
static bool
has_address(const struct network *network, const char *text)
{
    struct network one;
    unsigned whole = network->bits / 8, rest = network->bits % 8;

    if (strchr(text, '/') != NULL || network_parse(&one, text) != 0)
        return false;
    return memcmp(network->base, one.base, whole) == 0 &&
           (rest == 0 || (network->base[whole] ^ one.base[whole]) >> (8 - rest) == 0);
}

static bool
session_fits(const struct filter *filter, const struct session_info *session)
{
    if (filter->principal != NULL && strcmp(filter->principal, session->principal) != 0)
        return false;
    if (filter->application != NULL && strcmp(filter->application, session->application) != 0)
        return false;
    if (filter->has_place != NULL && !filter->has_place(filter->place, session))
        return false;
    if (!filter->has_source)
        return true;
    if (filter->is_local || strcmp(session->address, local) == 0)
        return filter->is_local && strcmp(session->address, local) == 0;
    return has_address(&filter->source, session->address);
}

enum filter_answer
filter_test(const struct filter *filter, const struct exposure *exposure,
            const struct session_info *session)
{
    bool asks_session = filter->principal != NULL || filter->application != NULL ||
                        filter->has_source || filter->has_place != NULL;

    if (!filter_has_time(filter, exposure->time) ||
        (filter->session != 0 && filter->session != exposure->session))
        return FILTER_NO;
    if (filter->actor != NULL && strncmp(filter->actor, exposure->actor, EXPOSURE_TEXT_MAX) != 0)
        return FILTER_NO;
    if (!asks_session)
        return FILTER_YES;
    if (session == NULL)
        return FILTER_UNTESTABLE;
    return session_fits(filter, session) ? FILTER_YES : FILTER_NO;
}
