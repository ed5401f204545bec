/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/administration.h"

#include <stdio.h>

#define PREFIX "administrators: "

static const struct act {
    enum exposure_flag flag;
    uint8_t severity;
    const char *text;
} acts[] = {
#define X(flag, severity, text) {FLAG_##flag, severity, text},
#include "exposure/administration.def"
#undef X
};

/* NULL: there is none. */
static const struct act *
severest(uint64_t flags)
{
    for (size_t i = 0; i < COUNT_OF(acts); i++)
        if (flags >> acts[i].flag & 1)
            return &acts[i];
    return NULL;
}

uint64_t
administration_flags(void)
{
    static const uint64_t flags = 0
#define X(flag, severity, text) | UINT64_C(1) << FLAG_##flag
#include "exposure/administration.def"
#undef X
        ;

    return flags;
}

void
administration_rule(char rule[EXPOSURE_TEXT_MAX], uint64_t flags)
{
    const struct act *act = severest(flags);

    rule[0] = '\0';
    if (act)
        snprintf(rule, EXPOSURE_TEXT_MAX, PREFIX "%s", exposure_flag_text(act->flag));
}

bool
administration_is_rule(const char *rule)
{
    return strncmp(rule, PREFIX, sizeof(PREFIX) - 1) == 0;
}

uint8_t
administration_severity(uint64_t flags)
{
    const struct act *act = severest(flags);

    return act ? act->severity : 0;
}

const char *
administration_text(uint64_t flags)
{
    const struct act *act = severest(flags);

    return act ? act->text : NULL;
}
