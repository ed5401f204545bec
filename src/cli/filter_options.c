/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/filter_options.h"
#include "base/os.h"
#include "cli/complain.h"
#include "config/moment.h"

static const char moment_hint[] =
    "write a time as 2026-11-24T10:00:00+09:00, a day (UTC) as 2026-11-24, or 24h ago, 30d ago";

static int
take_moment(int64_t *moment, const struct arguments *arguments, enum option_id option, int64_t now)
{
    const char *text = arguments->values[option];

    if (text == NULL)
        return 0;
    if (moment_parse(moment, text, now, option == OPTION_to) == 0) {
        if (option == OPTION_to && *moment == 0)
            *moment = 1; /* 0 would be no end */
        return 0;
    }
    complain(moment_hint, "--%s %.64s is no time", options[option].name, text);
    return 2;
}

int
filter_moment(int64_t *moment, const struct arguments *arguments, enum option_id option)
{
    int status = take_moment(moment, arguments, option, os_realtime(&os_real));

    if (status == 0 && *moment == 0)
        *moment = 1;
    return status;
}

/* A text that is longer than what is recorded can match nothing, or the wrong thing. */
static int
take_text(const char **text, const struct arguments *arguments, enum option_id option)
{
    *text = arguments->values[option];
    if (*text == NULL || strlen(*text) < NAME_SIZE)
        return 0;
    complain("at most 63 bytes are recorded: give those",
             "--%s is longer than any that is recorded", options[option].name);
    return 2;
}

static int
take_session(struct filter *filter, const char *source, const char *session)
{
    if (source != NULL && filter_source(filter, source) != 0) {
        complain("write an address or a network: 192.0.2.1, 192.0.2.0/24, 2001:db8::/32, local",
                 "--source %.64s is no address", source);
        return 2;
    }
    if (session != NULL && filter_session(filter, session) != 0) {
        complain("it has 16 hexadecimal digits; pasu sessions lists those that run",
                 "\"%.64s\" is not a session", session);
        return 2;
    }
    return 0;
}

int
filter_of_options(struct filter *filter, const struct arguments *arguments)
{
    int64_t now = os_realtime(&os_real);

    *filter = (struct filter){0};
    if (take_text(&filter->principal, arguments, OPTION_principal) != 0 ||
        take_text(&filter->actor, arguments, OPTION_actor) != 0 ||
        take_text(&filter->application, arguments, OPTION_application) != 0 ||
        take_text(&filter->field, arguments, OPTION_field) != 0)
        return 2;
    if (take_moment(&filter->from, arguments, OPTION_from, now) != 0 ||
        take_moment(&filter->to, arguments, OPTION_to, now) != 0)
        return 2;
    if (filter->to != 0 && filter->to <= filter->from) {
        complain("give the earlier one as --from", "--to is not after --from");
        return 2;
    }
    return take_session(filter, arguments->values[OPTION_source],
                        arguments->values[OPTION_session]);
}
