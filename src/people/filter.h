/* SPDX-License-Identifier: Apache-2.0 */
/* A filter of RFC 7644, 3.4.2.2, of the kind that identity providers send: ATTRIBUTE eq VALUE. */
#ifndef PASU_PEOPLE_FILTER_H
#define PASU_PEOPLE_FILTER_H

#include "people/user.h"

struct scim_filter {
    enum user_text text; /* USER_TEXTS: active */
    bool is_folded;      /* letters' case makes no difference */
    bool is_active;
    char value[USER_TEXT_MAX + 1];
};

/* PASU_E_MALFORMED with the fault. */
PASU_MUST_USE int scim_filter_parse(struct scim_filter *filter, const char *text,
                                    struct scim_fault *fault);
bool scim_filter_matches(const struct scim_filter *filter, const struct user *user);

#endif
