/* SPDX-License-Identifier: Apache-2.0 */
/* The options that say which exposures a question is about: --principal, --from and so on. */
#ifndef PASU_CLI_FILTER_OPTIONS_H
#define PASU_CLI_FILTER_OPTIONS_H

#include "breach/filter.h"
#include "cli/arguments.h"

/* The texts borrow from the arguments. 0, or the exit status, after a complaint. */
PASU_MUST_USE int filter_of_options(struct filter *filter, const struct arguments *arguments);
/* A TIME, above 0; a day is its first moment. As filter_of_options. */
PASU_MUST_USE int filter_moment(int64_t *moment, const struct arguments *arguments,
                                enum option_id option);

#endif
